//! The texts of a lesson in one language, checked against its structure.

use std::collections::BTreeSet;

use super::model::Lesson;
use crate::language::{Block, Blocks, Fault};

/// The maximum size of a file of a lesson in bytes.
pub const MOST_BYTES: usize = 256 * 1024;

/// The maximum length of a text in characters.
const LONGEST: usize = 2000;

/// The parts of a step's texts, except those of its mistakes.
const PARTS: [&str; 3] = ["ask", "hint", "done"];

/// The texts of a lesson in one language. They include every text that the lesson needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts(Blocks);

impl Texts {
    /// Parses a file of texts. Returns all its faults in the order of the lines. Missing texts are
    /// reported for the first line.
    pub fn parse(text: &str, lesson: &Lesson) -> Result<Self, Vec<Fault>> {
        if text.len() > MOST_BYTES {
            return Err(vec![Fault::new(1, format!("A file may have {MOST_BYTES} bytes"))]);
        }
        let blocks = Blocks::parse(text)?;
        let wanted = keys(lesson);
        let mut faults: Vec<Fault> = Vec::new();
        for key in &wanted {
            if blocks.get(key).is_none() {
                faults.push(Fault::new(1, format!("[{key}] is missing")));
            }
        }
        for (key, block) in blocks.iter() {
            let fault = |message: String| Fault::new(block.line, message);
            if !wanted.contains(key) {
                faults.push(fault(format!("[{key}] is not used in the lesson")));
            }
            let has_title = key == "lesson" || lesson.steps.iter().any(|step| step.key == key);
            if has_title && block.title.is_empty() {
                faults.push(fault(format!("[{key}] needs a title on its line")));
            }
            // The title of a step may be sufficient.
            let is_step = lesson.steps.iter().any(|step| step.key == key);
            if block.text.is_empty() && !is_step {
                faults.push(fault(format!("[{key}] has no text")));
            }
            if block.text.chars().count() > LONGEST {
                faults.push(fault(format!("[{key}]: a text may have {LONGEST} characters")));
            }
            faults.extend(unknown_names(&block.text, lesson).map(&fault));
        }
        faults.sort_by_key(|fault| fault.line);
        if faults.is_empty() { Ok(Self(blocks)) } else { Err(faults) }
    }

    /// Returns the text for a key of the lesson.
    pub fn get(&self, key: &str) -> &Block {
        static NONE: Block = Block { line: 0, title: String::new(), text: String::new() };
        self.0.get(key).unwrap_or(&NONE)
    }
}

/// Returns every key that the lesson needs.
fn keys(lesson: &Lesson) -> BTreeSet<String> {
    let mut keys: BTreeSet<String> = ["lesson".to_owned(), "end".to_owned()].into();
    for step in &lesson.steps {
        keys.insert(step.key.clone());
        let says = step.mistakes.iter().map(|mistake| mistake.say.as_str());
        for part in PARTS.into_iter().chain(says) {
            keys.insert(format!("{}.{part}", step.key));
        }
    }
    keys
}

/// Returns an error for each invalid `{id NAME}` in a text.
fn unknown_names<'t>(text: &'t str, lesson: &'t Lesson) -> impl Iterator<Item = String> + 't {
    text.split("{id ").skip(1).filter_map(|rest| {
        let name = rest.split('}').next().unwrap_or_default();
        let known = lesson.sessions.iter().any(|session| session.name == name);
        (!known).then(|| format!("No such session: {{id {name}}}"))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::lesson::parse::parse;

    const STRUCTURE: &str = "\
lesson one 1
sessions: A
step look
  try: ls /
  until: reply A ls / Ok
  wrong: get /
    when: reply A get / Ok
    say: read
  wrong: stat /
    when: reply A stat / Ok
    say: other
";

    const TEXTS: &str = "\
[lesson] One
Intro
[look] Look
Text of {id A}
[look.ask]
Do
[look.hint]
Hint
[look.done]
Done
[look.read]
Read
[look.other]
Other
[end]
End
";

    #[test]
    fn texts_are_checked_against_the_structure() {
        let lesson = parse(STRUCTURE).unwrap();
        let texts = Texts::parse(TEXTS, &lesson).unwrap();
        assert_eq!(texts.get("look").title, "Look");
        for (old, new, line, message) in [
            ("[look.hint]", "[look.hind]", 1, "[look.hint] is missing"),
            ("[look.hint]", "[look.hind]", 7, "[look.hind] is not used in the lesson"),
            ("[look] Look", "[look]", 3, "[look] needs a title on its line"),
            ("Hint\n", "", 7, "[look.hint] has no text"),
            ("{id A}", "{id C}", 3, "No such session: {id C}"),
            (
                "[look.ask]",
                "[look ask]",
                5,
                "A block begins with [key]: letters, digits, dots and dashes",
            ),
        ] {
            let faults = Texts::parse(&TEXTS.replace(old, new), &lesson).unwrap_err();
            let expected = Fault::new(line, message);
            assert!(faults.contains(&expected), "{expected} is not in {faults:?}");
        }
        let long = TEXTS.replace("Intro", &"x".repeat(LONGEST + 1));
        assert_eq!(Texts::parse(&long, &lesson).unwrap_err().len(), 1);
    }
}
