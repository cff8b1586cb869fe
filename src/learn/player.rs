//! The thread that plays a lesson: it hears what the learner asks for and types, and speaks.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::place::Place;
use super::progress_file::{progress, update};
use super::stage::ShellStage;
use super::Course;
use crate::dispatch::{Aside, Context, Message, Table};
use crate::error::{Error, Kind, Result};
use crate::lesson::{Engine, Output, Request, Stage};
use crate::session::Sessions;
use crate::terminal::Screen;

/// How often what has happened is looked at for as long as a step may still take.
const PACE: Duration = Duration::from_millis(100);

/// How often otherwise: only what has an event or follows a line can have changed.
const IDLE: Duration = Duration::from_mins(10);

/// Begins a lesson for a person at a prompt; returns what it says first. From then on it speaks above
/// the prompt, or answers through [`crate::dispatch::Learning`].
///
/// # Errors
/// Another lesson runs, or this one cannot be played here.
pub async fn begin<T: Table>(cx: &Context, course: Course, anywhere: bool) -> Result<String> {
    let Some(screen) = cx.terminal.clone() else {
        return Err(Error::usage("A lesson needs a terminal"));
    };
    let (sender, messages) = channel();
    cx.learning.begin(sender)?;
    let prepared = Place::prepare(cx, &course.lesson, anywhere).await;
    let place = prepared.inspect_err(|_| cx.learning.end())?;
    let (answer, first) = oneshot::channel();
    let (aside, learner, runtime) = (cx.aside(), cx.session.clone(), Handle::current());
    let seat = Seat { screen, learner, home: cx.session.name().to_string() };
    let play = move || Player::<T>::play(aside, runtime, place, course, seat, answer, &messages);
    let started = std::thread::Builder::new().name("lesson".to_owned()).spawn(play);
    if let Err(why) = started {
        cx.learning.end();
        return Err(Error::new(Kind::Refused, format!("Cannot start the lesson: {why}")));
    }
    first.await.unwrap_or_else(|_| Err(Error::new(Kind::Refused, "The lesson has ended")))
}

/// Where the learner sits.
struct Seat {
    screen: Arc<Screen>,
    learner: Sessions,
    /// The session that was the current one before.
    home: String,
}

struct Player<T> {
    stage: ShellStage<T>,
    engine: Engine,
    seat: Seat,
    is_kept: bool,
    is_over: bool,
    /// Until when something may still come of the last line.
    awake_until: Instant,
}

impl<T: Table> Player<T> {
    fn play(
        aside: Aside,
        runtime: Handle,
        place: Place,
        course: Course,
        seat: Seat,
        answer: oneshot::Sender<Result<String>>,
        messages: &Receiver<Message>,
    ) {
        let cx = aside.context();
        let learning = cx.learning.clone();
        let sessions = &course.lesson.sessions;
        let stage = match ShellStage::open(cx, runtime, place, sessions, 1) {
            Ok(stage) => stage,
            Err(error) => {
                learning.end();
                let _ = answer.send(Err(error));
                return;
            }
        };
        if let Some(first) = sessions.first() {
            // It was just added.
            let _ = seat.learner.switch_to(&first.name);
        }
        let engine = Engine::new(course.lesson, course.texts, learning.language());
        let (is_kept, awake_until) = (course.is_kept, Instant::now());
        let mut this = Self { stage, engine, seat, is_kept, is_over: false, awake_until };
        this.engine.set_columns(learning.columns());
        let outputs = this.engine.start(&if is_kept { progress() } else { Default::default() });
        let text = this.perform(outputs);
        if answer.send(Ok(text)).is_err() {
            // Nobody waits for it any more: the learner has pressed Ctrl-C.
            this.is_over = true;
        }
        this.listen(messages);
        if let Some(left) = this.stage.leave(&this.seat.learner, &this.seat.home) {
            this.seat.screen.notice(&format!("The lesson has left {left} behind"));
        }
    }

    /// Plays until the lesson is over. The last answer is given when all is put away.
    fn listen(&mut self, messages: &Receiver<Message>) {
        while !self.is_over {
            let pause = if Instant::now() < self.awake_until { PACE } else { IDLE };
            match messages.recv_timeout(pause) {
                Ok(Message::Asked(request, answer)) => {
                    let text = self.asked(request);
                    self.answer(answer, text);
                }
                Ok(Message::Typed(answer)) => {
                    let text = self.look();
                    self.answer(answer, text);
                }
                Ok(Message::Happened) => {
                    self.wake();
                    self.look_up();
                }
                Err(RecvTimeoutError::Timeout) => self.look_up(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Looks at what has happened by itself, unless a line runs: that is followed by a look.
    fn look_up(&mut self) {
        let learning = self.stage.cx().learning.clone();
        if let Some(_turn) = learning.try_turn() {
            let text = self.look();
            self.say(&text);
        }
    }

    fn wake(&mut self) {
        let within = self.engine.step().map(|step| step.within).unwrap_or_default();
        self.awake_until = self.awake_until.max(Instant::now() + within);
    }

    /// Looks at what has happened; returns what there is to say to it.
    fn look(&mut self) -> String {
        let effect = self.stage.effect();
        self.engine.set_columns(self.stage.cx().learning.columns());
        let outputs = self.engine.observe(effect);
        self.perform(outputs)
    }

    fn asked(&mut self, request: Request) -> String {
        if matches!(request, Request::Back | Request::Skip) {
            self.stage.discard_transactions();
        }
        self.engine.set_columns(self.stage.cx().learning.columns());
        let outputs = self.engine.request(request);
        self.perform(outputs)
    }

    /// Does what the lesson asks for; returns what it shows.
    fn perform(&mut self, outputs: Vec<Output>) -> String {
        let mut shown: Vec<String> = Vec::new();
        for output in outputs {
            match output {
                Output::Show(text) => shown.push(text),
                Output::Type(lines) => lines.iter().for_each(|line| {
                    self.stage.run(line);
                }),
                Output::Await(step, most) => {
                    let engine = &self.engine;
                    self.stage.wait(most, &mut |effect| engine.is_done(step, effect));
                }
                Output::Begin => self.stage.begin(),
                Output::Keep if self.is_kept => update(|progress| self.engine.note(progress)),
                Output::Keep => {}
                Output::End => self.is_over = true,
            }
        }
        shown.join("\n\n")
    }

    fn answer(&mut self, answer: oneshot::Sender<String>, text: String) {
        self.wake();
        // Who has pressed Ctrl-C does not wait for it.
        if let Err(text) = answer.send(text) {
            self.say(&text);
        }
    }

    fn say(&self, text: &str) {
        if !text.is_empty() {
            self.seat.screen.notice(&format!("\n{text}\n"));
        }
    }
}
