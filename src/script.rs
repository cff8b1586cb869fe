//! Lines from standard input or a file: requests leave in line order, a bounded number at a time,
//! and results are shown in line order.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::future::LocalBoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::command::{self, Command, Outcome, Shell};
use crate::error::{Error, Kind, Result};
use crate::report::screen::Screen;

/// Commands in flight at a time. A server's own limit is 1000 requests for all its clients; beyond
/// about 100 nothing is gained.
const WINDOW: usize = 128;

/// The longest line, in bytes: the data of one request with every byte written as `\xHH`.
const LONGEST_LINE: usize = 4 * 1024 * 1024 + 64 * 1024;

/// Bytes of lines read ahead of the commands: two of the longest.
const READ_AHEAD: usize = 2 * LONGEST_LINE;

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

/// Lines as they were read, or why one could not be; each with its share of [`READ_AHEAD`].
type Lines = mpsc::UnboundedReceiver<(Result<String>, OwnedSemaphorePermit)>;

/// Commands whose results have not been shown, the oldest first.
type Window<'a> = VecDeque<LocalBoxFuture<'a, Result<Outcome>>>;

/// Runs every line of `input`, and returns whether any failed. The calling thread must be able to
/// block; `input` is read on a thread of its own.
pub async fn run(shell: &Shell, screen: &Screen, input: Box<dyn Read + Send>) -> Tally {
    let mut lines = read_lines(input);
    let mut window = Window::new();
    let mut tally = Tally { failed: false };
    let mut quit = false;
    let mut ended = false;
    while !(quit || (ended && window.is_empty())) && screen.failure().is_none() {
        let room = window.len() < WINDOW && !ended;
        let next = next(&mut window, &mut lines, room, screen).await;
        match next {
            Next::Done(result) => quit |= show(shell, screen, result, &mut tally),
            Next::End => ended = true,
            Next::Line(line) => {
                let command = line.and_then(|line| {
                    let command = command::parse(&line, shell.view.dialect);
                    if !matches!(command, Ok(None)) {
                        shell.note(&line);
                    }
                    command
                });
                match command {
                    Ok(None) => {}
                    Ok(Some(command)) if command.runs_alone() => {
                        quit |= drain(shell, screen, &mut window, &mut tally).await;
                        if !quit {
                            let result = shell.run(&command).await;
                            quit |= show(shell, screen, result, &mut tally);
                        }
                    }
                    Ok(Some(command)) => {
                        if !start(shell, &mut window, command) {
                            quit |= drain(shell, screen, &mut window, &mut tally).await;
                        }
                    }
                    Err(error) => window.push_back(Box::pin(async { Err(error) })),
                }
            }
        }
    }
    screen.flush();
    tally
}

enum Next {
    Done(Result<Outcome>),
    Line(Result<String>),
    End,
}

/// Waits for the oldest command to be done or, while there is room, for another line; what was
/// gathered is written out before it waits.
async fn next(window: &mut Window<'_>, lines: &mut Lines, room: bool, screen: &Screen) -> Next {
    std::future::poll_fn(|context| {
        if let Some(front) = window.front_mut()
            && let Poll::Ready(result) = front.as_mut().poll(context)
        {
            window.pop_front();
            return Poll::Ready(Next::Done(result));
        }
        if room && let Poll::Ready(line) = lines.poll_recv(context) {
            return Poll::Ready(line.map_or(Next::End, |(line, _)| Next::Line(line)));
        }
        screen.flush();
        Poll::Pending
    })
    .await
}

/// Starts a command: its request leaves now. Returns false if it could not leave yet, for want of
/// a connection: then nothing that follows may overtake it.
fn start<'a>(shell: &'a Shell, window: &mut Window<'a>, command: Command) -> bool {
    let sent = shell.session.requests_sent();
    let mut future: LocalBoxFuture<'a, _> = Box::pin(async move { shell.run(&command).await });
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => window.push_back(Box::pin(std::future::ready(result))),
        Poll::Pending => {
            window.push_back(future);
            return shell.session.requests_sent() > sent;
        }
    }
    true
}

/// Finishes all that is in flight; returns whether the shell is to end.
async fn drain(shell: &Shell, screen: &Screen, window: &mut Window<'_>, tally: &mut Tally) -> bool {
    let mut quit = false;
    while let Some(front) = window.pop_front() {
        let result = front.await;
        quit |= show(shell, screen, result, tally);
    }
    quit
}

/// Shows what came of a line; returns whether the shell is to end.
pub fn show(shell: &Shell, screen: &Screen, result: Result<Outcome>, tally: &mut Tally) -> bool {
    match result {
        Ok(outcome) => {
            screen.print(&outcome.text);
            screen.end();
            outcome.quit
        }
        Err(error) => {
            tally.failed = true;
            screen.end();
            screen.error(&shell.view.complaint(&error));
            false
        }
    }
}

/// Reads lines on a thread of its own, never more than [`READ_AHEAD`] bytes ahead.
fn read_lines(input: Box<dyn Read + Send>) -> Lines {
    let (sender, receiver) = mpsc::unbounded_channel();
    let budget = Arc::new(Semaphore::new(READ_AHEAD));
    let runtime = tokio::runtime::Handle::current();
    std::thread::spawn(move || {
        let mut input = io::BufReader::with_capacity(64 * 1024, input);
        for number in 1.. {
            let Some(text) = read_line(&mut input).transpose() else { return };
            let fatal = matches!(text, Err(Fault::Input(_)));
            let text = text.map_err(|fault| fault.explain(number));
            let cost = u32::try_from(text.as_ref().map_or(0, String::len) + 64).unwrap_or(u32::MAX);
            let permit = match Arc::clone(&budget).try_acquire_many_owned(cost) {
                Ok(permit) => permit,
                Err(_) => match runtime.block_on(Arc::clone(&budget).acquire_many_owned(cost)) {
                    Ok(permit) => permit,
                    Err(_) => return,
                },
            };
            if sender.send((text, permit)).is_err() || fatal {
                return;
            }
        }
    });
    receiver
}

/// Why a line could not be read.
enum Fault {
    Input(io::Error),
    Long,
    NotText,
}

impl Fault {
    fn explain(self, number: u64) -> Error {
        match self {
            Self::Input(error) => {
                Error::new(Kind::Refused, format!("Cannot read line {number}: {error}"))
            }
            Self::Long => {
                Error::usage(format!("Line {number} is longer than {LONGEST_LINE} bytes"))
            }
            Self::NotText => Error::usage(format!("Line {number} is not UTF-8"))
                .with_hint("other bytes are written \\xHH in --compat 3.9"),
        }
    }
}

/// Reads one line, without its end; none at the end of the input.
fn read_line(input: &mut impl BufRead) -> Result<Option<String>, Fault> {
    let mut bytes = Vec::new();
    let most = LONGEST_LINE as u64 + 1;
    let read = input.by_ref().take(most).read_until(b'\n', &mut bytes).map_err(Fault::Input)?;
    if read == 0 {
        return Ok(None);
    }
    if bytes.pop_if(|last| *last == b'\n').is_none() && read > LONGEST_LINE {
        // The rest of it is no command either.
        input.skip_until(b'\n').map_err(Fault::Input)?;
        return Err(Fault::Long);
    }
    bytes.pop_if(|last| *last == b'\r');
    String::from_utf8(bytes).map(Some).map_err(|_| Fault::NotText)
}
