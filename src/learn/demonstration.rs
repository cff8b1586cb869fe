//! A lesson as text, for users without a terminal: prints everything that the lesson says, and
//! types the first way of each step.

use std::sync::mpsc::channel;

use tokio::runtime::Handle;
use tokio::sync::mpsc::Sender;

use super::Course;
use super::place::Place;
use super::stage::ShellStage;
use crate::dispatch::{Aside, Context, Table};
use crate::error::{Error, Kind, Result};
use crate::language::Language;
use crate::lesson::{Engine, Output, Progress, Stage, Step};
use crate::output::Message;
use crate::output::escape::{self, Newlines};

/// The factor by which the time limits of steps are extended, because nobody can help the
/// demonstration.
const PATIENCE: u32 = 4;

/// Plays a lesson to its end, and shows its texts and the typed lines with their results.
///
/// # Errors
/// Returns an error if the lesson cannot be played here, or if a step does not complete.
pub async fn demonstrate<T: Table>(cx: &Context, course: Course, anywhere: bool) -> Result<()> {
    // The shell uses this channel only to request the end, and waits until the thread drops the
    // receiver.
    let (sender, messages) = channel();
    let begun = cx.learning.begin(sender)?;
    let place = Place::prepare(cx, &course.lesson, anywhere).await?;
    let (parts, mut shown) = tokio::sync::mpsc::channel(16);
    let (aside, runtime, language) = (cx.aside(), Handle::current(), cx.learning.language());
    let home = cx.session.name().to_string();
    let learner = cx.session.clone();
    let play = move || {
        let demonstration =
            Demonstration::<T>::open(aside, runtime, place, course, language, parts)?;
        let played = demonstration.play(|stage| stage.leave(&learner, &home));
        drop((begun, messages));
        played
    };
    let playing = std::thread::spawn(play);
    while let Some(part) = shown.recv().await {
        cx.show_whole(&Message(part))?;
    }
    playing.join().unwrap_or_else(|_| Err(Error::new(Kind::Bug, "The lesson ended unexpectedly")))
}

struct Demonstration<T> {
    stage: ShellStage<T>,
    engine: Engine,
    parts: Sender<String>,
}

impl<T: Table> Demonstration<T> {
    fn open(
        aside: Aside,
        runtime: Handle,
        place: Place,
        course: Course,
        language: Language,
        parts: Sender<String>,
    ) -> Result<Self> {
        let sessions = &course.lesson.sessions;
        let stage = ShellStage::open(aside.context(), runtime, place, sessions, PATIENCE)?;
        let engine = Engine::new(course.lesson, course.texts, language);
        Ok(Self { stage, engine, parts })
    }

    fn play(mut self, leave: impl FnOnce(ShellStage<T>) -> Option<String>) -> Result<()> {
        let outputs = self.engine.start(&Progress::default());
        self.perform(outputs);
        let mut played = Ok(());
        while let Some(step) = self.engine.step().cloned() {
            played = self.step(&step);
            if played.is_err() {
                break;
            }
        }
        if let Some(left) = leave(self.stage) {
            self.parts.blocking_send(format!("The lesson has left {left} behind")).ok();
        }
        played
    }

    fn step(&mut self, step: &Step) -> Result<()> {
        for line in step.ways.first().into_iter().flat_map(|way| &way.lines) {
            let view = self.stage.cx().view;
            let came = match self.stage.type_line(line) {
                Ok(text) => String::from_utf8_lossy(&text).trim_end().to_owned(),
                Err(error) => view.statement(&error),
            };
            let came = if came.is_empty() { came } else { format!("\n{came}") };
            let line = escape::to_terminal(line.shown.as_bytes(), Newlines::Escape);
            self.show(format!("\n{line}{came}"));
        }
        let engine = &self.engine;
        let number = engine.lesson().steps.iter().position(|other| other.key == step.key);
        let number = number.unwrap_or_default();
        self.stage.wait(step.within, &mut |effect| engine.is_done(number, effect));
        let effect = self.stage.effect();
        let outputs = self.engine.observe(effect);
        if self.engine.step() == Some(step) {
            let what = format!("The step {} does not end", step.key);
            return Err(Error::new(Kind::Refused, what));
        }
        self.perform(outputs);
        Ok(())
    }

    fn perform(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Show(text) => self.show(format!("\n{text}")),
                Output::Type(lines) => lines.iter().for_each(|line| {
                    self.stage.run(line);
                }),
                Output::Begin => self.stage.begin(),
                Output::Await(..) | Output::Keep | Output::End => {}
            }
        }
    }

    fn show(&self, part: String) {
        // The receiver may be gone.
        let _ = self.parts.blocking_send(part);
    }
}
