//! Lines from standard input or a file: requests leave in line order, a bounded number at a time,
//! results are shown in line order, and events stand among them where they arrived.

mod gate;
mod lines;

use std::collections::VecDeque;
use std::fmt::Write;
use std::future::{Future, poll_fn};
use std::io::Read;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_util::future::LocalBoxFuture;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::coop::unconstrained;

pub use self::gate::Gate;
use self::lines::{Lines, Typed};
use crate::command::{self, Command, Flow, Outcome, Shell};
use crate::error::{Error, Result};
use crate::report::View;
use crate::report::screen::Screen;
use crate::session::{Dated, Stamp};

/// How a script is run.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The script's name in messages: the file, or `stdin`.
    pub name: String,
    /// Commands in flight at a time, at least 1.
    pub window: usize,
    /// Run nothing after the first line that fails.
    pub stop_on_error: bool,
}

/// What a script came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Whether any line failed.
    pub failed: bool,
}

impl Tally {
    /// Returns the exit status of the process.
    pub fn exit_status(self) -> u8 {
        u8::from(self.failed)
    }
}

/// Runs every line of `input`, and returns whether any failed. The events that `gate` is given
/// meanwhile are shown in their places. The calling thread must be able to block; `input` is read
/// on a thread of its own.
pub async fn run(
    shell: &Shell,
    screen: &Screen,
    gate: &Gate,
    rules: &Rules,
    input: Box<dyn Read + Send>,
) -> Tally {
    let window = VecDeque::new();
    let mut run = Run { shell, screen, gate, rules, window, failed: false, over: false };
    // Whoever writes the script has no other work that must get its turn on this thread.
    unconstrained(run.all(lines::read(input))).await;
    screen.flush();
    Tally { failed: run.failed }
}

/// Reads every line of `input` as a command and runs none; says what is wrong with each.
pub fn check(view: View, screen: &Screen, rules: &Rules, input: Box<dyn Read + Send>) -> Tally {
    let mut lines = lines::read(input);
    let mut failed = false;
    while let Some(Typed { number, text, .. }) = lines.blocking_recv() {
        let parsed = match &text {
            Ok(text) => command::parse(text, view.dialect).map(|_| ()),
            Err(error) => Err(error.clone()),
        };
        if let Err(error) = parsed {
            failed = true;
            let typed = text.as_deref().unwrap_or_default();
            screen.error(&complaint(view, rules, number, typed, &error));
        }
    }
    Tally { failed }
}

/// Words an error: the place, the sentence, and the command on a line of its own.
fn complaint(view: View, rules: &Rules, number: u64, typed: &str, error: &Error) -> String {
    let mut text = format!("{}:{number}: {}", rules.name, view.statement(error));
    let typed = command::presentable(typed, view.dialect);
    if !typed.is_empty() {
        // Writing into memory cannot fail.
        let _ = write!(text, "\n    {}", view.one_line(&typed));
    }
    text
}

/// A line whose result has not been shown.
struct Entry<'a> {
    number: u64,
    typed: String,
    reply: Reply<'a>,
    /// Given back with the entry.
    _share: OwnedSemaphorePermit,
}

enum Reply<'a> {
    /// It is still to come.
    Awaited(Dated<LocalBoxFuture<'a, Result<Outcome>>>),
    /// The line ended without asking a server.
    Known(Result<Outcome>),
}

/// What came of a line.
struct Done {
    number: u64,
    typed: String,
    result: Result<Outcome>,
    /// When the reply arrived, if there was one.
    stamp: Option<Stamp>,
}

enum Next {
    Done(Done),
    Line(Typed),
    End,
}

/// A script that is running.
struct Run<'a> {
    shell: &'a Shell,
    screen: &'a Screen,
    gate: &'a Gate,
    rules: &'a Rules,
    /// The oldest first.
    window: VecDeque<Entry<'a>>,
    failed: bool,
    /// Whether nothing more is to be run.
    over: bool,
}

impl<'a> Run<'a> {
    async fn all(&mut self, mut lines: Lines) {
        let mut ended = false;
        while !(self.is_over() || ended && self.window.is_empty()) {
            let room = self.window.len() < self.rules.window && !ended;
            match self.next(room.then_some(&mut lines)).await {
                Next::Done(done) => self.show(done),
                Next::Line(line) => self.take(line).await,
                Next::End => ended = true,
            }
        }
        self.shell.session.watches().deliver();
        self.show_events(&self.gate.oldest(usize::MAX));
    }

    fn is_over(&self) -> bool {
        self.over || self.screen.failure().is_some()
    }

    /// Waits for the oldest command to be done or, where lines are given, for another one; what
    /// was gathered is written out before it waits.
    async fn next(&mut self, mut lines: Option<&mut Lines>) -> Next {
        poll_fn(|context| {
            self.gate.tell(context.waker());
            let held = self.gate.held();
            if let Some(done) = self.oldest(context) {
                return Poll::Ready(Next::Done(done));
            }
            // When these had arrived, the reply to the oldest was still to come.
            self.show_events(&self.gate.oldest(held));
            if let Some(lines) = lines.as_deref_mut()
                && let Poll::Ready(line) = lines.poll_recv(context)
            {
                return Poll::Ready(line.map_or(Next::End, Next::Line));
            }
            self.screen.flush();
            Poll::Pending
        })
        .await
    }

    /// Takes the oldest command out of the window if it is done.
    fn oldest(&mut self, context: &mut Context<'_>) -> Option<Done> {
        let stamped = match &mut self.window.front_mut()?.reply {
            Reply::Known(_) => None,
            Reply::Awaited(reply) => match Pin::new(reply).poll(context) {
                Poll::Ready(stamped) => Some(stamped),
                Poll::Pending => return None,
            },
        };
        let Entry { number, typed, reply, .. } = self.window.pop_front()?;
        let (result, stamp) = match (stamped, reply) {
            (Some((result, stamp)), _) => (result, Some(stamp)),
            (None, Reply::Known(result)) => (result, None),
            (None, Reply::Awaited(_)) => return None,
        };
        Some(Done { number, typed, result, stamp })
    }

    /// Finishes all that is in flight.
    async fn drain(&mut self) {
        while !self.is_over() && !self.window.is_empty() {
            if let Next::Done(done) = self.next(None).await {
                self.show(done);
            }
        }
    }

    /// Starts what a line says, when its turn has come.
    async fn take(&mut self, Typed { number, text, share }: Typed) {
        let command = text.as_ref().map_err(Clone::clone).and_then(|text| {
            let command = command::parse(text, self.shell.view.dialect);
            if !matches!(command, Ok(None)) {
                self.shell.note(text);
            }
            command
        });
        let Some(command) = command.transpose() else { return };
        let flow = command.as_ref().map_or(Flow::Writes, Command::flow);
        let alone = flow == Flow::Alone || (flow == Flow::Writes && self.rules.stop_on_error);
        if alone {
            self.drain().await;
            if self.is_over() {
                return;
            }
        }
        let (reply, left) = self.start(command);
        let typed = text.unwrap_or_default();
        self.window.push_back(Entry { number, typed, reply, _share: share });
        if alone || !left {
            self.drain().await;
        }
    }

    /// Starts a command: its request leaves now. Returns false if it could not leave yet, for want
    /// of a connection: then nothing that follows may overtake it.
    fn start(&self, command: Result<Command>) -> (Reply<'a>, bool) {
        let shell = self.shell;
        let command = match command {
            Ok(command) => command,
            Err(error) => return (Reply::Known(Err(error)), true),
        };
        let sent = shell.session.requests_sent();
        let result: LocalBoxFuture<'a, _> = Box::pin(async move { shell.run(&command).await });
        let mut result = shell.session.order().dated(result);
        match Pin::new(&mut result).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready((result, _)) => (Reply::Known(result), true),
            Poll::Pending => (Reply::Awaited(result), shell.session.requests_sent() > sent),
        }
    }

    /// Shows what came of a line, and before it the events that arrived before its reply.
    fn show(&mut self, Done { number, typed, result, stamp }: Done) {
        if let Some(stamp) = stamp {
            self.show_events(&self.gate.before(stamp));
        }
        match result {
            Ok(outcome) => {
                self.screen.print(&outcome.text);
                self.screen.end();
                self.over |= outcome.quit;
            }
            Err(error) => {
                self.failed = true;
                self.over |= self.rules.stop_on_error;
                self.screen.end();
                let complaint = complaint(self.shell.view, self.rules, number, &typed, &error);
                self.screen.error(&complaint);
            }
        }
    }

    fn show_events(&self, events: &[u8]) {
        if !events.is_empty() {
            self.screen.event(events);
        }
    }
}
