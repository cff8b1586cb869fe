#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

const LESSON: &str = "\
# A comment
lesson election 1
needs: release=3.4
sessions: A 2s, B

step lead
  given: A> create /app
    and: B> create /app/x
  | [zk: localhost:2181(CONNECTED) 0] create -e /master
  |   indented
  try: A> create -e /master A
    and: A> get /master
  try: create -e /master B
  until: node /master ephemeral owner=A
  within: 5s
  wrong: A> create /master A
    when: node /master persistent
    say: stays
  wrong: A> ls /
    when: not node /master
    say: look
  undo: delete /master
";

#[test]
fn a_lesson_is_parsed() {
    let lesson = parse(LESSON).unwrap();
    assert_eq!(lesson.name, "election");
    assert_eq!(lesson.needs.release, [3, 4]);
    let timeouts: Vec<Duration> = lesson.sessions.iter().map(|s| s.timeout).collect();
    assert_eq!(timeouts, [Duration::from_secs(2), TIMEOUT]);
    let step = &lesson.steps[0];
    assert_eq!((step.key.as_str(), step.line), ("lead", 6));
    assert_eq!(step.given.len(), 2);
    assert_eq!(step.zkcli[1], "  indented");
    assert_eq!(step.ways.len(), 2);
    assert_eq!(step.ways[0].lines[1].command, "get /master");
    assert_eq!(step.ways[1].lines[0].session, "A");
    assert_eq!(step.within, Duration::from_secs(5));
    assert_eq!(step.mistakes[1].say, "look");
    assert_eq!(step.undo[0].command, "delete /master");
}

/// Returns the lines of the faults after replacing one line of the text.
fn faults(line: &str, other: &str) -> Vec<usize> {
    assert!(LESSON.contains(line), "{line}");
    let faults = parse(&LESSON.replace(line, other)).unwrap_err();
    faults.into_iter().map(|fault| fault.line).collect()
}

#[test]
fn faults_name_their_line() {
    assert_eq!(faults("lesson election 1", "lesson election 2"), [1, 2]);
    assert_eq!(faults("A 2s, B", "A 2s, A"), [4, 8]);
    assert_eq!(faults("A 2s, B", "A 2h, B").first(), Some(&4));
    assert_eq!(faults("step lead", "step end"), [6]);
    assert_eq!(faults("  within: 5s", "  within: 5h"), [15]);
    assert_eq!(faults("  within: 5s", "  within: 5000s"), [15]);
    assert_eq!(faults("  within: 5s", "  hither: 5s"), [15]);
    assert_eq!(faults("  within: 5s", "  within"), [15]);
    assert_eq!(faults("    when: not node /master", "    when: no node"), [19, 20]);
    assert_eq!(faults("    say: look", "    say: x y"), [19]);
    assert_eq!(faults("  until: node /master ephemeral owner=A", ""), [6]);
    assert_eq!(faults("try: create -e", "try: sh -c"), [13]);
    assert_eq!(faults("  undo: delete /master", "step lead"), [22, 22, 22, 22]);
}

#[test]
fn sizes_are_bounded() {
    let many = format!("{LESSON}{}", "  undo: ls /\n    and: ls /\n".repeat(15));
    assert!(parse(&many).is_err());
    assert!(parse(&format!("{LESSON}#{}", "x".repeat(MOST_BYTES))).is_err());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(
        lines in prop::collection::vec("(lesson |step |try:|and:|until:|wrong:|when:|say:|\\|)?.{0,40}", 0..20)
    ) {
        let _ = parse(&lines.join("\n"));
    }
}
