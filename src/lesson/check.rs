//! `lesson check`: reports all faults in the files of a lesson, and those found by playing it.

use std::collections::BTreeMap;
use std::fmt;

use super::effect::Stage;
use super::line::Line;
use super::model::{Lesson, Step};
use super::parse::parse;
use super::texts::Texts;
use crate::language::{Fault, Language};

/// A problem with a lesson.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file: the texts of this language, or the structure if `None`.
    pub language: Option<Language>,
    /// The place in the file, and the problem.
    pub fault: Fault,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.language {
            None => self.fault.fmt(f),
            Some(language) => write!(f, "{}.txt:{}", language.code(), self.fault),
        }
    }
}

/// Parses a lesson with its texts. Returns all problems of the files.
pub fn check(
    structure: &str,
    texts: &[(Language, &str)],
) -> Result<(Lesson, BTreeMap<Language, Texts>), Vec<Problem>> {
    let in_structure = |faults: Vec<Fault>| -> Vec<Problem> {
        faults.into_iter().map(|fault| Problem { language: None, fault }).collect()
    };
    let lesson = parse(structure).map_err(in_structure)?;
    if texts.is_empty() {
        let fault = Fault::new(1, format!("There are no texts: {}.en.txt", lesson.name));
        return Err(in_structure(vec![fault]));
    }
    let mut read = BTreeMap::new();
    let mut problems = Vec::new();
    for (language, text) in texts {
        match Texts::parse(text, &lesson) {
            Ok(texts) => {
                read.insert(*language, texts);
            }
            Err(faults) => problems.extend(
                faults.into_iter().map(|fault| Problem { language: Some(*language), fault }),
            ),
        }
    }
    if problems.is_empty() { Ok((lesson, read)) } else { Err(problems) }
}

/// Plays a lesson to its end: in each step every mistake and then every way, each followed by the
/// step's undo. Returns the faults.
pub fn play(lesson: &Lesson, stage: &mut dyn Stage) -> Vec<Fault> {
    let mut faults = Vec::new();
    stage.begin();
    type_all(&lesson.given, stage);
    for step in &lesson.steps {
        for mistake in &step.mistakes {
            enter(step, stage);
            type_all(&mistake.lines, stage);
            let made = stage.wait(step.within, &mut |effect| mistake.was_made(effect));
            let effect = stage.effect();
            let met = step.mistakes.iter().find(|mistake| mistake.was_made(&effect));
            let message = if step.is_done(&effect) {
                Some("The mistake is accepted as right".to_owned())
            } else if !made {
                Some(format!("The mistake is not recognised: {}", unmet(&mistake.when, &effect)))
            } else {
                met.filter(|met| met.say != mistake.say)
                    .map(|met| format!("The mistake is taken for {}", met.say))
            };
            faults.extend(message.map(|message| Fault::new(mistake.line, message)));
            take_back(step, stage);
        }
        // The first way comes last and is not undone, because the next step depends on it.
        for (number, way) in step.ways.iter().enumerate().rev() {
            enter(step, stage);
            for line in &way.lines {
                stage.run(line);
                let effect = stage.effect();
                if step.is_done(&effect) {
                    continue;
                }
                if let Some(mistake) = step.mistakes.iter().find(|m| m.was_made(&effect)) {
                    let message = format!("After {line} this way is taken for {}", mistake.say);
                    faults.push(Fault::new(way.line, message));
                }
            }
            if !stage.wait(step.within, &mut |effect| step.is_done(effect)) {
                let effect = stage.effect();
                let message = format!("This way does not pass: {}", unmet(&step.until, &effect));
                faults.push(Fault::new(way.line, message));
            }
            if number > 0 {
                take_back(step, stage);
            }
        }
    }
    faults
}

fn unmet(conditions: &[super::Condition], effect: &super::Effect) -> String {
    let unmet = conditions.iter().filter(|condition| !condition.holds(effect));
    let unmet: Vec<String> = unmet.map(ToString::to_string).collect();
    unmet.join("; ")
}

fn enter(step: &Step, stage: &mut dyn Stage) {
    stage.begin();
    if !step.given.is_empty() {
        type_all(&step.given, stage);
        stage.begin();
    }
}

fn take_back(step: &Step, stage: &mut dyn Stage) {
    stage.begin();
    type_all(&step.undo, stage);
}

fn type_all(lines: &[Line], stage: &mut dyn Stage) {
    for line in lines {
        stage.run(line);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::lesson::{Effect, Reply, SessionState, Znode};
    use std::time::Duration;

    /// A tree that supports only `create`, `get` and `delete`.
    #[derive(Default)]
    struct Tree(Effect);

    impl Stage for Tree {
        fn begin(&mut self) {
            let sessions = [("A".to_owned(), SessionState::Alive(1))].into();
            let tree = std::mem::take(&mut self.0.tree);
            self.0 = Effect { sessions, tree, ..Effect::default() };
        }

        fn run(&mut self, line: &Line) -> bool {
            let words = line.words();
            let (operation, path) = (words[0].clone(), words[1].clone());
            let exists = self.0.tree.contains_key(&path);
            let result = match operation.as_str() {
                "create" if exists => "NodeExists",
                "create" => {
                    let data = words.get(2).cloned().unwrap_or_default().into_bytes();
                    self.0.tree.insert(path.clone(), Znode { data, ..Znode::default() });
                    "Ok"
                }
                _ if !exists => "NoNode",
                "delete" => {
                    self.0.tree.remove(&path);
                    "Ok"
                }
                _ => "Ok",
            };
            let session = line.session.clone();
            let reply = Reply { session, operation, paths: vec![path], result: result.to_owned() };
            self.0.replies.push(reply);
            result == "Ok"
        }

        fn effect(&mut self) -> Effect {
            self.0.clone()
        }

        fn wait(&mut self, _: Duration, done: &mut dyn FnMut(&Effect) -> bool) -> bool {
            done(&self.0)
        }
    }

    const SOUND: &str = "\
lesson one 1
sessions: A
step make
  try: create /a x
    and: get /a
  try: create /a y
    and: get /a
  until: node /a
  until: reply A get /a Ok
  wrong: create /b
    when: node /b
    say: name
  wrong: get /a
    when: reply A get /a NoNode
    say: early
  undo: delete /a
    and: delete /b
";

    fn faults(old: &str, new: &str) -> Vec<String> {
        assert!(SOUND.contains(old), "{old}");
        let lesson = parse(&SOUND.replacen(old, new, 1)).unwrap();
        play(&lesson, &mut Tree::default()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_valid_lesson_has_no_faults() {
        assert_eq!(faults("one", "one"), [""; 0]);
    }

    #[test]
    fn faults_of_playing_name_their_line() {
        assert_eq!(
            faults("try: create /a x", "try: create /c x"),
            [
                "4: After A> get /a this way is taken for early",
                "4: This way does not pass: node /a; reply A get /a Ok",
            ]
        );
        assert_eq!(
            faults("when: node /b", "when: node /c"),
            ["10: The mistake is not recognised: node /c"]
        );
        assert_eq!(
            faults("wrong: create /b", "wrong: create /a\n    and: get /a"),
            ["10: The mistake is accepted as right"]
        );
        assert_eq!(
            faults("wrong: get /a", "wrong: get /a\n    and: create /b"),
            ["13: The mistake is taken for name"]
        );
        // Znodes that undo leaves behind disturb the next way.
        let left = faults("  undo: delete /a\n    and: delete /b", "  undo: delete /a");
        assert!(left.contains(&"13: The mistake is taken for name".to_owned()), "{left:?}");
    }

    #[test]
    fn problems_name_their_file() {
        let problems = check("lesson one 2", &[]).unwrap_err();
        assert!(problems[0].to_string().starts_with("1: "), "{}", problems[0]);
        let problems = check(SOUND, &[(Language::Chinese, "[make]\n")]).unwrap_err();
        let messages: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(messages.contains(&"zh.txt:1: [make.ask] is missing".to_owned()), "{messages:?}");
        let problems = check(SOUND, &[]).unwrap_err();
        assert_eq!(problems[0].to_string(), "1: There are no texts: one.en.txt");
    }
}
