//! A lesson in progress: computes what the lesson says and types from the learner's requests and
//! from what has happened. It runs nothing itself and waits for nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use super::effect::Effect;
use super::line::Line;
use super::model::{Lesson, Mistake, Step};
use super::progress::Progress;
use super::screen::{Writer, words};
use super::texts::Texts;
use crate::language::Language;

/// What a learner asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// To go on.
    Next,
    /// A hint; the second time, a line to type.
    Hint,
    /// To take this step and the one before it back.
    Back,
    /// To have the step done.
    Skip,
    /// To leave the lesson.
    Stop,
    /// Another language.
    Language(Language),
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Show this, which is wrapped and harmless.
    Show(String),
    /// Type these lines, unseen; a line that fails does no harm.
    Type(Vec<Line>),
    /// Wait until the step with this number is done, at most so long.
    Await(usize, Duration),
    /// Forget what has happened so far, and open sessions that have ended again.
    Begin,
    /// Keep the progress.
    Keep,
    /// The lesson is over.
    End,
}

/// A lesson under way.
#[derive(Debug)]
pub struct Engine {
    lesson: Lesson,
    texts: BTreeMap<Language, Texts>,
    language: Language,
    columns: usize,
    /// The step that is asked for, counted from 0.
    at: usize,
    hints: usize,
    /// What was seen last, by which what is new is told apart.
    seen: Effect,
}

impl Engine {
    /// Prepares a lesson in the language that is wanted, or in one that it has.
    pub fn new(lesson: Lesson, texts: BTreeMap<Language, Texts>, language: Language) -> Self {
        let mut engine =
            Self { lesson, texts, language, columns: 76, at: 0, hints: 0, seen: Effect::default() };
        engine.speak(language);
        engine
    }

    /// Tells how many columns the screen has.
    pub fn set_columns(&mut self, columns: usize) {
        self.columns = columns.max(10);
    }

    /// Returns the lesson.
    pub fn lesson(&self) -> &Lesson {
        &self.lesson
    }

    /// Returns the step that is asked for; none at the end.
    pub fn step(&self) -> Option<&Step> {
        self.lesson.steps.get(self.at)
    }

    /// Notes how far the learner has come.
    pub fn note(&self, progress: &mut Progress) {
        match self.step() {
            Some(step) => progress.reach(&self.lesson.name, &step.key),
            None => progress.finish(&self.lesson.name),
        }
    }

    /// Begins the lesson, at the step where the learner stopped if there is one: the steps before it
    /// are done for them.
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

    /// Answers what the learner asks for.
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
                let text = format!("{} {}", words.stopped, self.lesson.name);
                let text = self.writer().wrapped(&text).join("\n");
                vec![Output::Show(text), Output::Keep, Output::End]
            }
            Request::Language(language) => {
                self.speak(language);
                vec![Output::Show(self.writer().step(&self.lesson, &self.lesson.steps[self.at]))]
            }
        }
    }

    /// Judges what has happened since the step began.
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

    /// Returns whether the step with this number is done by what has happened.
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
        // Sessions that have ended are open again before anything is typed in them.
        let mut outputs = vec![Output::Show(text), Output::Begin, Output::Type(undo), Output::Keep];
        outputs.extend(self.enter());
        outputs
    }

    /// Returns what begins the step that is asked for.
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

    /// Returns what does the step with this number for the learner, unseen.
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
    /// Returns whether all has happened that is asked for.
    pub fn is_done(&self, effect: &Effect) -> bool {
        self.until.iter().all(|condition| condition.holds(effect))
    }
}

impl Mistake {
    /// Returns whether the mistake was made.
    pub fn was_made(&self, effect: &Effect) -> bool {
        self.when.iter().all(|condition| condition.holds(effect))
    }

    /// Returns whether it was made just now: it was not there before, or what has happened since is
    /// enough for it once more.
    fn is_new(&self, before: &Effect, now: &Effect, recent: &Effect) -> bool {
        let quiet = Effect { replies: Vec::new(), events: Vec::new(), ..recent.clone() };
        self.was_made(now)
            && (!self.was_made(before) || self.was_made(recent) && !self.was_made(&quiet))
    }
}

impl Effect {
    /// Returns this effect with only those replies, events and watches that are not in an earlier
    /// one of the same step.
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
