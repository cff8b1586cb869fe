//! Runs a typed line: asks for consent, records what it changes, and stops it at Ctrl-C.

use std::cell::Cell;

use super::editor::Editor;
use super::signals::Signals;
use crate::command::Command;
use crate::dispatch::{Context, Outcome, Table};
use crate::error::{Error, Kind, Result};
use crate::output::escape::{self, Newlines};
use crate::session::Trace;
use crate::terminal::Screen;

/// Runs a line. Ctrl-C or a signal that ends the shell cancels it. Returns `None` for a line that
/// does nothing, or that the user does not confirm.
pub(super) async fn run_line(
    cx: &Context,
    line: &str,
    editor: &mut Editor,
    screen: &Screen,
    signals: &mut Signals,
) -> Result<Option<Outcome>> {
    let Some(invocation) = cx.read::<Command>(line)? else { return Ok(None) };
    let trace = Trace::default();
    let recording = cx.journal.recording(cx, invocation.command.effects(cx));
    cx.progress.begin();
    // Until the user has confirmed, the command has not changed anything.
    let changes = Cell::new(false);
    let work = trace.scope(async {
        let _turn = cx.learning.turn().await;
        if let Some(question) = invocation.command.question(cx).await?
            && !editor.ask(&escape::to_terminal(question.asked().as_bytes(), Newlines::Escape))
        {
            screen.error(question.declined);
            return Ok(None);
        }
        let effects = invocation.effects(cx);
        changes.set(!effects.only_reads());
        if effects.reads && effects.write.is_none() && cx.transaction.is_open() {
            screen.error("multi: this is the tree before the transaction");
        }
        match &recording {
            Some(recording) => recording.scope(cx.run(&invocation)).await.map(Some),
            None => cx.run(&invocation).await.map(Some),
        }
    });
    let progress = async {
        if cx.view.errors_on_terminal {
            cx.show_progress(screen).await;
        }
        std::future::pending::<()>().await;
    };
    let result = tokio::select! {
        biased;
        outcome = work => outcome,
        () = progress => Ok(None),
        () = signals.stopped() => {
            let sent = trace.has_sent();
            let what = match cx.progress.words() {
                Some(words) if changes.get() => {
                    format!("; {words}; the last request may have been applied too")
                }
                Some(words) => format!("; {words}"),
                None if sent && changes.get() => "; the request may have been applied".to_owned(),
                None if sent => String::new(),
                None => "; nothing was sent".to_owned(),
            };
            Err(Error::new(Kind::Interrupted, format!("Interrupted{what}")))
        }
    };
    cx.journal.keep::<Command>(cx, line, recording.as_ref());
    result
}
