//! Parses the structure of a lesson. Every error names its line.

use std::time::Duration;

use super::line::Line;
use super::model::{Lesson, Mistake, Session, Step, Way};
use super::{Condition, Needs};
use crate::language::Fault;

/// The version of the file format.
const VERSION: &str = "1";

/// The maximum size of a file in bytes.
pub(super) const MOST_BYTES: usize = 64 * 1024;

/// The maximum number of steps in a lesson; of sessions in a lesson; and of lines, ways, conditions
/// or mistakes in a step.
const MOST_STEPS: usize = 100;
const MOST_SESSIONS: usize = 8;
const MOST_OF_A_STEP: usize = 20;

/// The default time limit of a step, and the maximum.
const WITHIN: Duration = Duration::from_secs(3);
const LONGEST_WITHIN: Duration = Duration::from_mins(1);

/// The default session timeout, and its limits.
const TIMEOUT: Duration = Duration::from_secs(4);
const TIMEOUTS: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_mins(10);

/// The item to which `and:` adds a line.
#[derive(Clone, Copy)]
enum Last {
    Nothing,
    Given,
    Way,
    Mistake,
    Undo,
}

struct Parser {
    lesson: Lesson,
    last: Last,
    faults: Vec<Fault>,
}

/// Parses a lesson. Returns all its faults in the order of the lines.
pub(super) fn parse(text: &str) -> Result<Lesson, Vec<Fault>> {
    if text.len() > MOST_BYTES {
        return Err(vec![Fault::new(1, format!("A lesson may have {MOST_BYTES} bytes"))]);
    }
    let mut parser = Parser {
        lesson: Lesson {
            name: String::new(),
            needs: Needs::default(),
            sessions: Vec::new(),
            given: Vec::new(),
            steps: Vec::new(),
        },
        last: Last::Nothing,
        faults: Vec::new(),
    };
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        if let Err(message) = parser.read(index + 1, trimmed) {
            parser.faults.push(Fault::new(index + 1, message));
        }
    }
    parser.finish()
}

impl Parser {
    fn read(&mut self, number: usize, line: &str) -> Result<(), String> {
        if let Some(shown) = line.strip_prefix('|') {
            let step = self.step()?;
            step.zkcli.push(shown.strip_prefix(' ').unwrap_or(shown).to_owned());
            return within_limit(step.zkcli.len(), "lines of zkCli");
        }
        if let Some(key) = line.strip_prefix("step ") {
            return self.begin_step(number, key.trim());
        }
        if let Some(rest) = line.strip_prefix("lesson ") {
            return self.name(rest);
        }
        let Some((word, rest)) = line.split_once(':') else {
            return Err(format!("Not understood: {line}"));
        };
        let rest = rest.trim();
        match word {
            "needs" => self.lesson.needs = Needs::parse(rest)?,
            "sessions" => self.sessions(rest)?,
            "given" => {
                let line = self.line(rest)?;
                self.last = Last::Given;
                self.given().push(line);
            }
            "try" => {
                let way = Way { line: number, lines: vec![self.line(rest)?] };
                self.last = Last::Way;
                let ways = &mut self.step()?.ways;
                ways.push(way);
                within_limit(ways.len(), "ways")?;
            }
            "until" => {
                let condition = self.condition(rest)?;
                let until = &mut self.step()?.until;
                until.push(condition);
                within_limit(until.len(), "conditions")?;
            }
            "within" => self.step()?.within = duration(rest, Duration::ZERO..=LONGEST_WITHIN)?,
            "wrong" => {
                let lines = vec![self.line(rest)?];
                self.last = Last::Mistake;
                let mistakes = &mut self.step()?.mistakes;
                mistakes.push(Mistake {
                    line: number,
                    lines,
                    when: Vec::new(),
                    say: String::new(),
                });
                within_limit(mistakes.len(), "mistakes")?;
            }
            "when" => {
                let condition = self.condition(rest)?;
                self.mistake()?.when.push(condition);
            }
            "say" => rest.clone_into(&mut self.mistake()?.say),
            "undo" => {
                let line = self.line(rest)?;
                self.last = Last::Undo;
                self.step()?.undo.push(line);
            }
            "and" => self.and(rest)?,
            _ => return Err(format!("Unknown: {word}:")),
        }
        Ok(())
    }

    fn name(&mut self, rest: &str) -> Result<(), String> {
        let Some((name, version)) = rest.split_once(' ') else {
            return Err("Expected: lesson NAME 1".to_owned());
        };
        if version != VERSION {
            return Err(format!("This shell reads lessons of version {VERSION}, not {version}"));
        }
        if !is_name(name) {
            return Err(format!("A name has letters, digits and dashes: {name}"));
        }
        if !self.lesson.name.is_empty() {
            return Err("A file has one lesson".to_owned());
        }
        name.clone_into(&mut self.lesson.name);
        Ok(())
    }

    fn sessions(&mut self, rest: &str) -> Result<(), String> {
        let mut fault = Ok(());
        for part in rest.split(',') {
            let (name, timeout) = part.trim().split_once(' ').unwrap_or((part.trim(), ""));
            // Keep a session with an invalid timeout, so that its lines do not cause further
            // faults.
            let timeout = match timeout.trim() {
                "" => TIMEOUT,
                timeout => duration(timeout, TIMEOUTS).unwrap_or_else(|message| {
                    fault = Err(message);
                    TIMEOUT
                }),
            };
            if !is_name(name) {
                fault = Err(format!("A session's name has letters, digits and dashes: {name}"));
            } else if self.lesson.sessions.iter().any(|session| session.name == name) {
                fault = Err(format!("{name} is named twice"));
            } else {
                self.lesson.sessions.push(Session { name: name.to_owned(), timeout });
            }
        }
        fault?;
        if self.lesson.sessions.len() > MOST_SESSIONS {
            return Err(format!("A lesson may have {MOST_SESSIONS} sessions"));
        }
        Ok(())
    }

    fn begin_step(&mut self, number: usize, key: &str) -> Result<(), String> {
        self.last = Last::Nothing;
        let known = self.lesson.steps.iter().any(|step| step.key == key);
        self.lesson.steps.push(Step {
            key: key.to_owned(),
            line: number,
            given: Vec::new(),
            zkcli: Vec::new(),
            ways: Vec::new(),
            until: Vec::new(),
            within: WITHIN,
            mistakes: Vec::new(),
            undo: Vec::new(),
        });
        if self.lesson.steps.len() > MOST_STEPS {
            return Err(format!("A lesson may have {MOST_STEPS} steps"));
        }
        if !is_name(key) || ["lesson", "end"].contains(&key) {
            return Err(format!("A step's key has letters, digits and dashes: {key}"));
        }
        if known { Err(format!("{key} is the key of an earlier step")) } else { Ok(()) }
    }

    fn and(&mut self, rest: &str) -> Result<(), String> {
        let line = self.line(rest)?;
        let step = self.lesson.steps.last_mut();
        let lines = match (self.last, step) {
            (Last::Given, Some(step)) => Some(&mut step.given),
            (Last::Given, None) => Some(&mut self.lesson.given),
            (Last::Way, Some(step)) => step.ways.last_mut().map(|way| &mut way.lines),
            (Last::Mistake, Some(step)) => step.mistakes.last_mut().map(|wrong| &mut wrong.lines),
            (Last::Undo, Some(step)) => Some(&mut step.undo),
            _ => None,
        };
        let Some(lines) = lines else {
            return Err("and: follows given, try, wrong or undo".to_owned());
        };
        lines.push(line);
        within_limit(lines.len(), "lines")
    }

    fn given(&mut self) -> &mut Vec<Line> {
        match self.lesson.steps.last_mut() {
            Some(step) => &mut step.given,
            None => &mut self.lesson.given,
        }
    }

    fn step(&mut self) -> Result<&mut Step, String> {
        self.lesson.steps.last_mut().ok_or_else(|| "It is outside of any step".to_owned())
    }

    fn mistake(&mut self) -> Result<&mut Mistake, String> {
        let mistake = self.step()?.mistakes.last_mut();
        mistake.ok_or_else(|| "It must follow wrong:".to_owned())
    }

    fn names(&self) -> Vec<&str> {
        self.lesson.sessions.iter().map(|session| session.name.as_str()).collect()
    }

    fn line(&self, text: &str) -> Result<Line, String> {
        Line::parse(text, &self.names())
    }

    fn condition(&self, text: &str) -> Result<Condition, String> {
        Condition::parse(text, &self.names())
    }

    /// Checks the lesson as a whole.
    fn finish(mut self) -> Result<Lesson, Vec<Fault>> {
        let mut fault = |line: usize, message: &str| self.faults.push(Fault::new(line, message));
        if self.lesson.name.is_empty() {
            fault(1, "Expected: lesson NAME 1");
        }
        if self.lesson.sessions.is_empty() {
            fault(1, "Expected: sessions: A");
        }
        if self.lesson.steps.is_empty() {
            fault(1, "A lesson has at least one step");
        }
        for step in &self.lesson.steps {
            if step.ways.is_empty() {
                fault(step.line, "The step has no try:");
            }
            if step.until.is_empty() {
                fault(step.line, "The step has no until:, so it would never end");
            }
            if step.mistakes.len() < 2 {
                fault(step.line, "A step needs two wrong: at least");
            }
            for mistake in &step.mistakes {
                if mistake.when.is_empty() {
                    fault(mistake.line, "wrong: needs a when:");
                }
                if !is_name(&mistake.say) {
                    fault(mistake.line, "wrong: needs a say: with the key of its text");
                }
            }
        }
        self.faults.sort_by_key(|fault| fault.line);
        if self.faults.is_empty() { Ok(self.lesson) } else { Err(self.faults) }
    }
}

fn within_limit(count: usize, what: &str) -> Result<(), String> {
    if count <= MOST_OF_A_STEP {
        Ok(())
    } else {
        Err(format!("A step may have {MOST_OF_A_STEP} {what}"))
    }
}

/// Returns whether a word is a valid name of a lesson, session or step.
fn is_name(word: &str) -> bool {
    (1..=32).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !word.starts_with('-')
}

/// Parses `5s` or `500ms`.
fn duration(text: &str, allowed: std::ops::RangeInclusive<Duration>) -> Result<Duration, String> {
    let wrong = || format!("Not a time such as 5s or 500ms: {text}");
    let read = |digits: &str| digits.parse::<u32>().map_err(|_| wrong());
    let duration = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(digits), _) => Duration::from_millis(read(digits)?.into()),
        (None, Some(digits)) => Duration::from_secs(read(digits)?.into()),
        (None, None) => return Err(wrong()),
    };
    if allowed.contains(&duration) {
        Ok(duration)
    } else {
        Err(format!("{text} is not from {:?} to {:?}", allowed.start(), allowed.end()))
    }
}

#[cfg(test)]
mod tests;
