//! `lesson check`: everything that is wrong with a lesson, as it is written and as it plays.

use std::collections::BTreeMap;
use std::fmt;

use super::effect::Stage;
use super::line::Line;
use super::model::{Lesson, Step};
use super::parse::parse;
use super::texts::Texts;
use crate::language::{Fault, Language};

/// Something wrong with a lesson.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: none is the file of the structure, else the file of this language.
    pub language: Option<Language>,
    /// Where in it, and what.
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

/// Reads a lesson with its texts; everything that is wrong with it, as written.
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

/// Plays a lesson to its end: at each step every mistake, then every way, each taken back by the
/// step's undo before the next. Returns what does not hold.
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
                Some("The mistake passes as right".to_owned())
            } else if !made {
                Some(format!("The mistake is not recognised: {}", unmet(&mistake.when, &effect)))
            } else {
                met.filter(|met| met.say != mistake.say)
                    .map(|met| format!("The mistake is taken for {}", met.say))
            };
            faults.extend(message.map(|message| Fault::new(mistake.line, message)));
            take_back(step, stage);
        }
        // The first way comes last and stays: the next step stands on it.
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
