//! A lesson in progress: computes its texts and lines from the learner's requests and from effects.
//! It runs nothing itself and waits for nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use super::effect::Effect;
use super::library::LESSONS;
use super::line::Line;
use super::model::{Lesson, Mistake, Step};
use super::progress::Progress;
use super::screen::{Writer, words};
use super::texts::Texts;
use crate::language::Language;

/// A request of the learner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// Continue.
    Next,
    /// Show a hint. The second time, show a line to type.
    Hint,
    /// Undo this step and the one before it.
    Back,
    /// Do the step for the learner.
    Skip,
    /// End the lesson.
    Stop,
    /// Use another language.
    Language(Language),
}

/// An instruction to the player.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Show this text, which is wrapped and escaped.
    Show(String),
    /// Type these lines without showing them, and ignore failures.
    Type(Vec<Line>),
    /// Wait until the step with this number is done, for at most this time.
    Await(usize, Duration),
    /// Discard all recorded effects, and open sessions that have ended again.
    Begin,
    /// Save the progress.
    Keep,
    /// The lesson is over.
    End,
}

/// A lesson in progress.
#[derive(Debug)]
pub struct Engine {
    lesson: Lesson,
    texts: BTreeMap<Language, Texts>,
    language: Language,
    columns: usize,
    /// The index of the current step.
    at: usize,
    hints: usize,
    /// The last observed effect, for detecting what is new.
    seen: Effect,
}

impl Engine {
    /// Prepares a lesson in the preferred language, or in one that it has.
    pub fn new(lesson: Lesson, texts: BTreeMap<Language, Texts>, language: Language) -> Self {
        let mut engine =
            Self { lesson, texts, language, columns: 76, at: 0, hints: 0, seen: Effect::default() };
        engine.speak(language);
        engine
    }

    /// Sets the width of the screen in columns.
    pub fn set_columns(&mut self, columns: usize) {
        self.columns = columns.max(10);
    }

    /// Returns the lesson.
    pub fn lesson(&self) -> &Lesson {
        &self.lesson
    }

    /// Returns the current step, or `None` at the end.
    pub fn step(&self) -> Option<&Step> {
        self.lesson.steps.get(self.at)
    }

    /// Records how far the learner has come.
    pub fn note(&self, progress: &mut Progress) {
        match self.step() {
            Some(step) => progress.reach(&self.lesson.name, &step.key),
            None => progress.finish(&self.lesson.name),
        }
    }

    /// Starts the lesson at the step where the learner stopped, if any. The previous steps are done
    /// for the learner.
    pub fn start(&mut self, progress: &Progress) -> Vec<Output> {
        let step = progress.step(&self.lesson.name);
        let position = |key| self.lesson.steps.iter().position(|step| step.key == key);
        self.at = step.and_then(position).unwrap_or(0);
        let mut outputs = vec![Output::Begin, Output::Type(self.lesson.given.clone())];
        outputs.push(Output::Show(self.writer().head(&self.lesson)));
        for number in 0..self.at {
            outputs.extend(self.demonstrate(number));
        }
        outputs.extend(self.enter());
        outputs
    }

    /// Handles a request of the learner.
    pub fn request(&mut self, request: Request) -> Vec<Output> {
        let words = words(self.language);
        let Some(step) = self.lesson.steps.get(self.at) else {
            return vec![Output::End];
        };
        match request {
            Request::Next => {
                let writer = self.writer();
                let mut lines = writer.wrapped(words.not_yet);
                lines.push(writer.part(step, "ask"));
                vec![Output::Show(lines.join("\n"))]
            }
            Request::Hint => {
                let writer = self.writer();
                let mut text = writer.part(step, "hint");
                if self.hints > 0
                    && let Some(way) = step.ways.first()
                {
                    let lines = way.lines.iter().map(|line| format!("  {line}"));
                    let lines: Vec<String> = lines.collect();
                    let shown = writer.wrapped(&format!("{}\n{}", words.typed, lines.join("\n")));
                    text = format!("{text}\n{}", shown.join("\n"));
                }
                self.hints += 1;
                vec![Output::Show(text)]
            }
            Request::Back => self.back(),
            Request::Skip => {
                let lines = step.ways.first().map(|way| way.lines.clone()).unwrap_or_default();
                let shown: Vec<String> = lines.iter().map(|line| format!("  {line}")).collect();
                let text =
                    self.writer().wrapped(&format!("{}\n{}", words.skipped, shown.join("\n")));
                let mut outputs = vec![Output::Show(text.join("\n"))];
                outputs.extend([Output::Type(lines), Output::Await(self.at, step.within)]);
                outputs.extend(self.advance());
                outputs
            }
            Request::Stop => {
                let is_known = LESSONS.iter().any(|known| known.name == self.lesson.name);
                let how = if is_known { words.stopped } else { words.stopped_file };
                let text = format!("{how} {}", self.lesson.name);
                let text = self.writer().wrapped(&text).join("\n");
                vec![Output::Show(text), Output::Keep, Output::End]
            }
            Request::Language(language) => {
                self.speak(language);
                vec![Output::Show(self.writer().step(&self.lesson, &self.lesson.steps[self.at]))]
            }
        }
    }

    /// Evaluates the effects since the step began.
    pub fn observe(&mut self, effect: Effect) -> Vec<Output> {
        let before = std::mem::replace(&mut self.seen, effect);
        let Some(step) = self.lesson.steps.get(self.at) else { return Vec::new() };
        if step.is_done(&self.seen) {
            let mut outputs = vec![Output::Show(self.writer().part(step, "done"))];
            outputs.extend(self.advance());
            return outputs;
        }
        let recent = self.seen.since(&before);
        let mistake =
            step.mistakes.iter().find(|mistake| mistake.is_new(&before, &self.seen, &recent));
        match mistake {
            Some(mistake) => vec![Output::Show(self.writer().part(step, &mistake.say))],
            None => Vec::new(),
        }
    }

    /// Returns whether the step with this number is done.
    pub fn is_done(&self, number: usize, effect: &Effect) -> bool {
        self.lesson.steps.get(number).is_none_or(|step| step.is_done(effect))
    }

    fn advance(&mut self) -> Vec<Output> {
        self.at += 1;
        if self.at < self.lesson.steps.len() {
            let mut outputs = vec![Output::Keep];
            outputs.extend(self.enter());
            return outputs;
        }
        let end = self.writer().wrapped(&self.writer().texts.get("end").text).join("\n");
        vec![Output::Show(end), Output::Keep, Output::End]
    }

    fn back(&mut self) -> Vec<Output> {
        let words = words(self.language);
        let mut undo = self.lesson.steps[self.at].undo.clone();
        let text = if self.at == 0 {
            words.first
        } else {
            self.at -= 1;
            undo.extend(self.lesson.steps[self.at].undo.iter().cloned());
            words.again
        };
        let text = self.writer().wrapped(text).join("\n");
        // Open sessions that have ended before typing anything in them.
        let mut outputs = vec![Output::Show(text), Output::Begin, Output::Type(undo), Output::Keep];
        outputs.extend(self.enter());
        outputs
    }

    /// Returns the instructions that start the current step.
    fn enter(&mut self) -> Vec<Output> {
        self.hints = 0;
        self.seen =
            Effect { sessions: std::mem::take(&mut self.seen.sessions), ..Effect::default() };
        let step = &self.lesson.steps[self.at];
        let mut outputs = Vec::new();
        if !step.given.is_empty() {
            outputs.extend([Output::Begin, Output::Type(step.given.clone())]);
        }
        outputs.push(Output::Begin);
        outputs.push(Output::Show(self.writer().step(&self.lesson, step)));
        outputs
    }

    /// Returns the instructions that do a step for the learner without showing it.
    fn demonstrate(&self, number: usize) -> Vec<Output> {
        let step = &self.lesson.steps[number];
        let mut lines = step.given.clone();
        lines.extend(step.ways.iter().take(1).flat_map(|way| way.lines.iter().cloned()));
        vec![Output::Begin, Output::Type(lines), Output::Await(number, step.within)]
    }

    fn speak(&mut self, language: Language) {
        let has = |language: &Language| self.texts.contains_key(language);
        let other = self.texts.keys().next().copied();
        self.language = Some(language).filter(has).or(other).unwrap_or_default();
    }

    fn writer(&self) -> Writer<'_> {
        Writer {
            language: self.language,
            columns: self.columns,
            texts: &self.texts[&self.language],
            effect: &self.seen,
        }
    }
}

impl Step {
    /// Returns whether all conditions of the step hold.
    pub fn is_done(&self, effect: &Effect) -> bool {
        self.until.iter().all(|condition| condition.holds(effect))
    }
}

impl Mistake {
    /// Returns whether the mistake was made.
    pub fn was_made(&self, effect: &Effect) -> bool {
        self.when.iter().all(|condition| condition.holds(effect))
    }

    /// Returns whether the mistake was just made: it was not made before, or the recent effects
    /// alone show it again.
    fn is_new(&self, before: &Effect, now: &Effect, recent: &Effect) -> bool {
        let quiet = Effect { replies: Vec::new(), events: Vec::new(), ..recent.clone() };
        self.was_made(now)
            && (!self.was_made(before) || self.was_made(recent) && !self.was_made(&quiet))
    }
}

impl Effect {
    /// Returns this effect with only those replies, events and watches that are not in an earlier
    /// effect of the same step.
    fn since(&self, earlier: &Self) -> Self {
        let behind = |len: usize, all: usize| len.min(all);
        Self {
            replies: self.replies[behind(earlier.replies.len(), self.replies.len())..].to_vec(),
            events: self.events[behind(earlier.events.len(), self.events.len())..].to_vec(),
            watches: self.watches[behind(earlier.watches.len(), self.watches.len())..].to_vec(),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests;
