//! Runs a command from the system's command line.

use std::ffi::OsString;
use std::io;

use crate::command::Invocation;
use crate::dispatch::{Asking, Context, Question, Reader, Table};
use crate::error::{Error, Kind, Result};
use crate::options;
use crate::output::escape::{self, Newlines};
use crate::terminal::Screen;

/// Runs the command and returns the exit status of the process.
pub(super) async fn run(cx: &Context, screen: &Screen, words: Vec<OsString>) -> Result<u8> {
    cx.input.give(io::stdin());
    if let Some(invocation) = parse(&words, &cx.reader)? {
        if cx.asking == Asking::OneShot
            && let Some(question) = invocation.command.question(cx).await?
            && !is_agreed(cx, screen, &question).await
        {
            return Err(Error::new(Kind::Refused, question.declined));
        }
        if invocation.effects(cx).is_one_request() {
            // The end of the session is sent right after the request.
            cx.session.end_with_next_request();
        }
        let outcome = flushing(screen, cx.run(&invocation)).await?;
        screen.print(&outcome.text);
        if let Some(hint) = &outcome.data_hint {
            cx.show_data_hint(screen, None, hint);
        }
        if cx.transaction.is_open() {
            let why = "multi needs the lines that follow it: use it in a script or at the prompt";
            return Err(Error::usage(why));
        }
        return Ok(outcome.failure.map_or(0, |error| error.kind().exit_status()));
    }
    Ok(0)
}

/// Parses the command. An error names an option of zksh that follows it, because such options must
/// precede the command.
pub(super) fn parse(words: &[OsString], reader: &Reader) -> Result<Option<Invocation>> {
    let name = words.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let misplaced = words.iter().skip(1).find_map(|word| options::option_named(word.to_str()?));
    reader.read_words(words).map_err(|error| match misplaced {
        Some(option) if error.usage_line().is_some() => Error::usage(format!(
            "{option} is an option of zksh, not of {name}: put it before the command"
        ))
        .with_hint(format!("zksh {option} ... {name} ...")),
        _ => error,
    })
}

/// Flushes the output whenever the command waits.
async fn flushing<T>(screen: &Screen, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    std::future::poll_fn(|context| {
        let polled = work.as_mut().poll(context);
        if polled.is_pending() {
            screen.flush();
        }
        polled
    })
    .await
}

/// Asks a question on the terminal. The end of the input means no.
async fn is_agreed(cx: &Context, screen: &Screen, question: &Question) -> bool {
    // The progress must not be written over the question.
    let _paused = cx.progress.pause();
    screen.status("");
    screen.flush();
    let asked = escape::to_terminal(question.asked().as_bytes(), Newlines::Escape).into_owned();
    let answer = tokio::task::spawn_blocking(move || {
        let mut answer = String::new();
        io::Write::write_all(
            &mut io::stderr(),
            format!("(-y skips this question) {asked}").as_bytes(),
        )?;
        io::stdin().read_line(&mut answer)?;
        Ok::<_, io::Error>(answer)
    });
    let answer = answer.await.ok().and_then(io::Result::ok).unwrap_or_default();
    matches!(answer.trim(), "y" | "Y" | "yes")
}
