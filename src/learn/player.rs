//! The thread that plays a lesson: it handles the learner's requests and lines, and prints
//! messages.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::Course;
use super::place::Place;
use super::progress_file::{progress, update};
use super::stage::ShellStage;
use crate::dispatch::{Aside, Begun, Context, Message, Table};
use crate::error::{Error, Kind, Result};
use crate::lesson::{Engine, Output, Progress, Request, Stage};
use crate::session::Sessions;
use crate::terminal::Screen;

/// The polling interval while the step may still complete because of the last line.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The polling interval otherwise. Changes then come only with events and lines, which wake the
/// thread anyway.
const IDLE: Duration = Duration::from_mins(10);

/// Starts a lesson at a prompt, and returns its first text. Later texts appear above the prompt, or
/// are answers through [`crate::dispatch::Learning`].
///
/// # Errors
/// Returns an error if another lesson is running, or this one cannot be played here.
pub async fn begin<T: Table>(cx: &Context, course: Course, anywhere: bool) -> Result<String> {
    let Some(screen) = cx.terminal.clone() else {
        return Err(Error::usage("A lesson needs a terminal"));
    };
    let (sender, messages) = channel();
    let begun = cx.learning.begin(sender)?;
    let place = Place::prepare(cx, &course.lesson, anywhere).await?;
    let (answer, first) = oneshot::channel();
    let (aside, learner, runtime) = (cx.aside(), cx.session.clone(), Handle::current());
    let learner_shell =
        LearnerShell { screen, learner, home: cx.session.name().to_string(), begun };
    std::thread::spawn(move || {
        match Player::<T>::open(aside, runtime, place, course, learner_shell) {
            Ok(player) => player.play(answer, &messages),
            // The receiver is gone if the learner has pressed Ctrl-C.
            Err(error) => drop(answer.send(Err(error))),
        }
    });
    first.await.unwrap_or_else(|_| Err(Error::new(Kind::Refused, "The lesson has ended")))
}

/// The learner's screen and sessions.
struct LearnerShell {
    screen: Arc<Screen>,
    learner: Sessions,
    /// The session that was current before the lesson.
    home: String,
    begun: Begun,
}

struct Player<T> {
    stage: ShellStage<T>,
    engine: Engine,
    learner_shell: LearnerShell,
    is_kept: bool,
    is_over: bool,
    /// The time until which the last line may still have effects.
    awake_until: Instant,
}

impl<T: Table> Player<T> {
    fn open(
        aside: Aside,
        runtime: Handle,
        place: Place,
        course: Course,
        learner_shell: LearnerShell,
    ) -> Result<Self> {
        let cx = aside.context();
        let language = cx.learning.language();
        let sessions = &course.lesson.sessions;
        let stage = ShellStage::open(cx, runtime, place, sessions, 1)?;
        if let Some(first) = sessions.first() {
            learner_shell.learner.switch_to(&first.name)?;
        }
        let engine = Engine::new(course.lesson, course.texts, language);
        let (is_kept, awake_until) = (course.is_kept, Instant::now());
        Ok(Self { stage, engine, learner_shell, is_kept, is_over: false, awake_until })
    }

    /// Plays the lesson to its end, and sends the last answer after cleaning up.
    fn play(mut self, answer: oneshot::Sender<Result<String>>, messages: &Receiver<Message>) {
        self.engine.set_columns(self.stage.cx().learning.columns());
        let kept = if self.is_kept { progress() } else { Progress::default() };
        let outputs = self.engine.start(&kept);
        let text = self.perform(outputs);
        // The receiver is gone if the learner has pressed Ctrl-C.
        self.is_over = answer.send(Ok(text)).is_err();
        let last = self.listen(messages);
        let Self { stage, learner_shell, .. } = self;
        let LearnerShell { screen, learner, home, begun } = learner_shell;
        if let Some(left) = stage.leave(&learner, &home) {
            screen.notice(&format!("The lesson has left {left} behind"));
        }
        drop(begun);
        screen.refresh();
        match last {
            Some((Some(answer), text)) => send_answer(&screen, answer, text),
            Some((None, text)) => show(&screen, &text),
            None => {}
        }
    }

    /// Plays until the lesson is over. Returns the last text and the sender that waits for it.
    fn listen(&mut self, messages: &Receiver<Message>) -> Option<LastAnswer> {
        while !self.is_over {
            let pause = if Instant::now() < self.awake_until { POLL_INTERVAL } else { IDLE };
            let (answer, text) = match messages.recv_timeout(pause) {
                Ok(Message::Asked(request, answer)) => (Some(answer), self.asked(request)),
                Ok(Message::Typed(answer)) => (Some(answer), self.check()),
                Ok(Message::Happened) => (None, self.check_idle()),
                Err(RecvTimeoutError::Timeout) => {
                    // A timeout does not extend the time of frequent polling.
                    let text = self.check_idle();
                    if self.is_over {
                        return Some((None, text));
                    }
                    show(&self.learner_shell.screen, &text);
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return None,
            };
            if self.is_over {
                return Some((answer, text));
            }
            self.wake();
            match answer {
                Some(answer) => send_answer(&self.learner_shell.screen, answer, text),
                None => show(&self.learner_shell.screen, &text),
            }
        }
        None
    }

    /// Checks for effects that no line has caused. Does nothing while a line is running, because a
    /// check follows the line.
    fn check_idle(&mut self) -> String {
        let learning = self.stage.cx().learning.clone();
        learning.try_turn().map(|_turn| self.check()).unwrap_or_default()
    }

    fn wake(&mut self) {
        let within = self.engine.step().map(|step| step.within).unwrap_or_default();
        self.awake_until = self.awake_until.max(Instant::now() + within);
    }

    /// Checks what has happened, and returns the text to show.
    fn check(&mut self) -> String {
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

    /// Executes the outputs of the lesson, and returns the text to show.
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
}

/// The last text, and the sender that waits for it.
type LastAnswer = (Option<oneshot::Sender<String>>, String);

/// Sends an answer. If the learner has pressed Ctrl-C and no longer waits, shows it above the
/// prompt.
fn send_answer(screen: &Screen, answer: oneshot::Sender<String>, text: String) {
    if let Err(text) = answer.send(text) {
        show(screen, &text);
    }
}

fn show(screen: &Screen, text: &str) {
    if !text.is_empty() {
        screen.notice(&format!("\n{text}\n"));
    }
}
