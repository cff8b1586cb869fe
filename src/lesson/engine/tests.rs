#![allow(clippy::unwrap_used)]

use super::*;
use crate::language::columns;
use crate::lesson::{LESSONS, Reply, SessionState, Znode, built_in, check};

const STRUCTURE: &str = "\
lesson two 1
sessions: A, B
given: A> create /app
step lead
  given: A> create /before
  try: A> create -e /master A
  until: node /master ephemeral owner=A
  wrong: A> create /master A
    when: node /master persistent
    say: stays
  wrong: A> get /master
    when: reply * get /master NoNode
    say: early
  undo: delete /master
step watch
  | zkCli line
  try: B> stat -w /master
    and: B> get /master
  until: reply B stat /master Ok
  within: 5s
  wrong: A> stat /master
    when: reply A stat /master Ok
    say: self
  wrong: B> get /master
    when: reply B get /master Ok
    say: value
  undo: B> removewatches /master
";

fn texts(mark: &str) -> String {
    let keys = [
        "lesson",
        "lead",
        "lead.ask",
        "lead.hint",
        "lead.done",
        "lead.stays",
        "lead.early",
        "watch",
        "watch.ask",
        "watch.hint",
        "watch.done",
        "watch.self",
        "watch.value",
        "end",
    ];
    let block = |key: &&str| format!("[{key}] T-{key}-{mark}\ntext {key} {mark} {{id A}}");
    keys.iter().map(block).collect::<Vec<_>>().join("\n")
}

fn engine() -> Engine {
    let (english, chinese) = (texts("en"), texts("zh"));
    let files = [(Language::English, &*english), (Language::Chinese, &*chinese)];
    let (lesson, texts) = check(STRUCTURE, &files).unwrap();
    Engine::new(lesson, texts, Language::English)
}

fn shown(outputs: &[Output]) -> String {
    let shown = outputs.iter().filter_map(|output| match output {
        Output::Show(text) => Some(text.as_str()),
        _ => None,
    });
    shown.collect::<Vec<_>>().join("\n")
}

fn typed(outputs: &[Output]) -> Vec<String> {
    let typed = outputs.iter().filter_map(|output| match output {
        Output::Type(lines) => Some(lines),
        _ => None,
    });
    typed.flatten().map(ToString::to_string).collect()
}

fn master(owner: i64) -> Effect {
    let znode = Znode { owner, ..Znode::default() };
    Effect {
        tree: [("/master".to_owned(), znode)].into(),
        sessions: [("A".to_owned(), SessionState::Alive(0x1a))].into(),
        ..Effect::default()
    }
}

fn reply(effect: Effect, session: &str, operation: &str, result: &str) -> Effect {
    let mut effect = effect;
    effect.replies.push(Reply {
        session: session.to_owned(),
        operation: operation.to_owned(),
        paths: vec!["/master".to_owned()],
        result: result.to_owned(),
    });
    effect
}

#[test]
fn only_effects_advance_a_lesson() {
    let mut engine = engine();
    let begun = engine.start(&Progress::default());
    assert_eq!(typed(&begun), ["A> create /app", "A> create /before"]);
    assert!(shown(&begun).contains("T-lesson-en") && shown(&begun).contains("1/2 T-lead-en"));
    assert_eq!(begun.iter().filter(|output| **output == Output::Begin).count(), 3);
    assert_eq!(engine.observe(Effect::default()), []);
    // The effect counts, no matter who caused it and how.
    let done = engine.observe(master(0x1a));
    assert!(shown(&done).contains("text lead.done en 0x1a"));
    assert!(shown(&done).contains("2/2 T-watch-en") && shown(&done).contains("zkCli line"));
    assert!(done.contains(&Output::Keep));
    let end = engine.observe(reply(master(0x1a), "B", "stat", "Ok"));
    assert!(shown(&end).contains("text end en"));
    assert_eq!(end.last(), Some(&Output::End));
    let mut progress = Progress::default();
    engine.note(&mut progress);
    assert!(progress.is_finished("two"));
    assert_eq!(engine.request(Request::Next), [Output::End]);
}

#[test]
fn a_mistake_is_explained_each_time_it_is_made() {
    let mut engine = engine();
    engine.start(&Progress::default());
    // A mistake that a reply shows is explained at each such reply.
    let once = reply(Effect::default(), "A", "get", "NoNode");
    assert!(shown(&engine.observe(once.clone())).contains("lead.early"));
    assert_eq!(engine.observe(once.clone()), []);
    let twice = reply(once, "B", "get", "NoNode");
    assert!(shown(&engine.observe(twice.clone())).contains("lead.early"));
    // A mistake that the state shows is explained when the state becomes wrong.
    let tree = master(0).tree;
    let wrong = Effect { tree, ..twice };
    assert!(shown(&engine.observe(wrong.clone())).contains("lead.stays"));
    assert_eq!(engine.observe(reply(wrong.clone(), "A", "ls", "Ok")), []);
    let mended = Effect { tree: std::collections::BTreeMap::new(), ..wrong.clone() };
    assert_eq!(engine.observe(mended), []);
    assert!(shown(&engine.observe(wrong)).contains("lead.stays"));
    // Only the final state counts.
    assert!(shown(&engine.observe(master(0x1a))).contains("lead.done"));
}

#[test]
fn the_second_hint_shows_a_line() {
    let mut engine = engine();
    engine.start(&Progress::default());
    let first = shown(&engine.request(Request::Hint));
    assert!(first.contains("lead.hint") && !first.contains("create -e"));
    assert!(shown(&engine.request(Request::Hint)).contains("A> create -e /master A"));
    let next = shown(&engine.request(Request::Next));
    assert!(next.contains("lead.ask") && !next.contains("watch.ask"));
}

#[test]
fn back_undoes_this_step_and_the_one_before() {
    let mut engine = engine();
    engine.start(&Progress::default());
    engine.observe(master(0x1a));
    let back = engine.request(Request::Back);
    assert_eq!(
        typed(&back),
        ["B> removewatches /master", "A> delete /master", "A> create /before"]
    );
    assert!(shown(&back).contains("1/2 T-lead-en"));
    assert_eq!(engine.step().unwrap().key, "lead");
    // The first step has none before it, and starts again.
    let again = engine.request(Request::Back);
    assert_eq!(typed(&again), ["A> delete /master", "A> create /before"]);
    assert_eq!(engine.step().unwrap().key, "lead");
}

#[test]
fn skip_does_the_step() {
    let mut engine = engine();
    engine.start(&Progress::default());
    engine.observe(master(0x1a));
    let skipped = engine.request(Request::Skip);
    assert_eq!(typed(&skipped), ["B> stat -w /master", "B> get /master"]);
    assert!(skipped.contains(&Output::Await(1, Duration::from_secs(5))));
    assert!(shown(&skipped).contains("text end en"));
}

#[test]
fn a_lesson_resumes_where_it_stopped() {
    let mut first = engine();
    first.start(&Progress::default());
    first.observe(master(0x1a));
    let stopped = first.request(Request::Stop);
    assert_eq!(stopped[1..], [Output::Keep, Output::End]);
    let mut progress = Progress::default();
    first.note(&mut progress);
    let mut second = engine();
    let begun = second.start(&progress);
    // The first step is done for the learner, and the engine waits for it.
    assert_eq!(typed(&begun), ["A> create /app", "A> create /before", "A> create -e /master A"]);
    assert!(begun.contains(&Output::Await(0, Duration::from_secs(3))));
    assert!(second.is_done(0, &master(0x1a)) && !second.is_done(0, &master(0)));
    assert!(shown(&begun).contains("2/2 T-watch-en") && !shown(&begun).contains("1/2"));
    // If the lesson no longer has the step, start at the beginning.
    progress.reach("two", "gone");
    assert!(shown(&engine().start(&progress)).contains("1/2"));
}

#[test]
fn the_language_changes_at_any_step() {
    let mut engine = engine();
    engine.start(&Progress::default());
    engine.observe(master(0x1a));
    let chinese = shown(&engine.request(Request::Language(Language::Chinese)));
    assert!(chinese.contains("2/2 T-watch-zh") && chinese.contains("zkCli 中的样子"));
    assert!(shown(&engine.request(Request::Hint)).contains("watch.hint zh"));
}

#[test]
fn a_missing_language_is_replaced_by_an_available_one() {
    let english = texts("en");
    let (lesson, texts) = check(STRUCTURE, &[(Language::English, &*english)]).unwrap();
    let mut engine = Engine::new(lesson, texts, Language::Chinese);
    assert!(shown(&engine.start(&Progress::default())).contains("1/2 T-lead-en"));
}

#[test]
fn control_characters_in_texts_are_escaped() {
    let attack = texts("en").replace("text lead en", "\u{1b}[2J\u{202e}text lead en");
    let (lesson, texts) = check(STRUCTURE, &[(Language::English, &*attack)]).unwrap();
    let mut engine = Engine::new(lesson, texts, Language::English);
    let begun = shown(&engine.start(&Progress::default()));
    assert!(begun.contains("\\x1b[2J\\u{202e}text lead en"), "{begun}");
}

#[test]
fn every_text_fits_on_a_screen_of_forty_columns_and_of_eighty() {
    for width in [40, 80] {
        for source in LESSONS {
            for language in Language::ALL {
                let (lesson, texts) = built_in(source.name).unwrap();
                let steps = lesson.steps.len();
                let mut engine = Engine::new(lesson, texts, language);
                engine.set_columns(width);
                let mut all = shown(&engine.start(&Progress::default()));
                for _ in 0..steps {
                    for request in [Request::Hint, Request::Hint, Request::Next, Request::Skip] {
                        all.push('\n');
                        all.push_str(&shown(&engine.request(request)));
                    }
                }
                for line in all.lines() {
                    assert!(columns(line) <= width.min(76), "{}: {line}", source.name);
                }
                assert_eq!(engine.step(), None, "{}", source.name);
            }
        }
    }
}
