//! The interactive shell: reads a line, runs it, and shows the result.

mod burst;
mod complete;
mod complete_words;
mod dumb;
mod editor;
mod external_editor;
mod grammar;
mod helper;
mod highlight;
mod hint;
mod history;
mod keys;
mod matches;
mod prompt_text;
mod recall;
mod run_line;
mod signals;
mod system_shell;
mod wrap;
mod znode_cache;

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

pub use self::complete_words::{Candidate, complete_words, unquoted};
use self::editor::{Editor, Read as Typed};
use self::helper::Helper;
use self::history::{Entry, HistoryFile};
use self::keys::ShownHint;
pub use self::prompt_text::NamedEnsemble;
use self::prompt_text::{Counters, PromptText};
use self::recall::SharedHistory;
use self::run_line::run_line;
use self::signals::Signals;
pub use self::signals::take_over_window_size;
use self::system_shell::{SystemLine, system_line};
use self::znode_cache::ZnodeCache;
use crate::command::{self, Command};
use crate::dialect::Format;
use crate::dispatch::{self, Context, MultiLine, Outcome, Switch};
use crate::error::{Kind, Result};
use crate::output::escape::{self, Newlines};
use crate::state_folder;
use crate::terminal::Screen;
use crate::zk::ZnodePath;

/// The first message of an interactive shell.
const BANNER: &str = concat!(
    "zksh ",
    env!("CARGO_PKG_VERSION"),
    ": help lists the commands, Tab completes, Ctrl-D leaves"
);

/// Reads and runs lines until the user or a signal ends the shell. Returns the exit status. With
/// `patience`, waits that long for a server before the first prompt.
///
/// `first` is a line that runs before any typed line.
///
/// Must be called inside a runtime, on a thread that may block. Call [`Screen::refresh`] whenever
/// the state of the session has changed.
pub async fn run(
    cx: &Context,
    screen: &Arc<Screen>,
    patience: Option<Duration>,
    ensembles: &[NamedEnsemble],
    first: Option<String>,
) -> anyhow::Result<u8> {
    let mut signals = Signals::listen(Arc::clone(screen))?;
    begin(cx);
    let prompt_text = PromptText::new(cx, ensembles);
    let dialect = cx.view.dialect;
    let ensembles = cx.config.ensembles.clone();
    let tree = ZnodeCache::new(cx.session.clone(), cx.cwd.clone(), ensembles, Handle::current());
    let past = SharedHistory::new(dialect);
    let history = open_history(screen, &past);
    cx.history.set_earlier(past.lock().lines().map(str::to_owned).collect());
    let mut editor = make_editor(cx, screen, &prompt_text, &tree, &past)?;
    if cx.view.format == Format::Text {
        screen.error(BANNER);
    }
    if let Some(patience) = patience {
        wait_for_server(cx, patience, screen, &mut signals).await;
    }
    let mut first = first;
    loop {
        let counters =
            || Counters { queued: cx.transaction.queued(), number: cx.history.next_number() };
        prompt_text.set_counters(counters());
        signals.forget();
        cx.learning.set_columns(editor.size().0);
        let read = match first.take() {
            Some(line) => Typed::Text(line),
            None => editor.read(cx.switches.is_on(Switch::Vi)),
        };
        let text = match read {
            Typed::Text(text) => text,
            Typed::Nothing => continue,
            Typed::End => match cx.may_leave() {
                Ok(()) => return Ok(0),
                Err(error) => {
                    cx.report_error(screen, &error);
                    continue;
                }
            },
            Typed::Ended => return Ok(128 + signals.number()),
        };
        let lines = MultiLine::parse::<Command>(&text, dialect).lines;
        for (index, line) in lines.iter().enumerate() {
            if index > 0 {
                // A pasted line is shown before its result, as it would be if it had been typed
                // here.
                prompt_text.set_counters(counters());
                let prompt = prompt_text.text();
                let line = escape::to_terminal(line.as_bytes(), Newlines::Keep);
                screen.print(format!("{prompt}{line}\n").as_bytes());
            }
            let again = match command::recalled(cx, line) {
                None => None,
                Some(Ok(line)) => {
                    let shown = escape::to_terminal(line.as_bytes(), Newlines::Keep);
                    screen.print(format!("{shown}\n").as_bytes());
                    Some(line)
                }
                Some(Err(error)) => {
                    screen.error(&cx.view.error_text(&error));
                    continue;
                }
            };
            let line = again.as_deref().unwrap_or(line);
            if !dispatch::is_private::<Command>(line, dialect) {
                let entry = Entry { line: line.to_owned(), ensemble: tree.ensemble() };
                // If the disk is full, commands still run.
                let _ = history.as_ref().map(|history| history.append(&entry));
                editor.remember(entry);
            }
            let Some(line) = begin_output(cx, screen, &mut editor, line) else { continue };
            let result = run_line(cx, line, &mut editor, screen, &mut signals).await;
            screen.status("");
            let enough = screen.has_seen_enough();
            if let Ok(Some(outcome)) = &result {
                screen.print(&outcome.text);
            }
            screen.end_pages();
            cx.output.set_piped(false);
            if let Ok(Some(Outcome { data_hint: Some(hint), .. })) = &result {
                cx.show_data_hint(screen, None, hint);
            }
            if signals.number() != 0 {
                return Ok(128 + signals.number());
            }
            let next = report(cx, screen, line, result, enough);
            if let Some(note) = cx.journal.take_note() {
                screen.error(&note);
            }
            notify_lesson(cx, screen, &mut signals).await;
            match next {
                Next::Line => {}
                Next::Prompt => break,
                Next::End => return Ok(0),
            }
        }
    }
}

/// The action after a line.
enum Next {
    /// Run the next pasted line.
    Line,
    /// Show the prompt.
    Prompt,
    /// End the shell.
    End,
}

/// Reports the outcome of a line apart from its result. `enough` means that the user has left the
/// pager.
fn report(
    cx: &Context,
    screen: &Screen,
    line: &str,
    result: Result<Option<Outcome>>,
    enough: bool,
) -> Next {
    match result {
        Ok(Some(Outcome { quit: true, .. })) => return Next::End,
        // The JSON result contains the failure already.
        Ok(Some(Outcome { failure: Some(error), .. })) if cx.view.format != Format::Json => {
            cx.report_error(screen, &error);
        }
        Ok(_) => {}
        Err(error) if enough && error.kind() == Kind::Interrupted => return Next::Prompt,
        Err(error) if error.kind() == Kind::Interrupted => {
            screen.print(b"\r\x1b[K");
            cx.report_error(screen, &error);
            return Next::Prompt;
        }
        Err(error) => cx.report_error(screen, &cx.with_likely_line::<Command>(line, error)),
    }
    Next::Line
}

/// Prepares the parts that only a shell with a prompt has: a working path, lessons that print at any
/// time, and a journal.
fn begin(cx: &Context) {
    cx.cwd.set(ZnodePath::root());
    cx.learning.set_has_prompt();
    if let Some(folder) = state_folder::path() {
        cx.journal.begin(&folder);
    }
}

/// Notifies the lesson, if one is running, that a line has run, and shows its answer. Ctrl-C ends
/// the wait; the answer then appears above the prompt.
async fn notify_lesson(cx: &Context, screen: &Screen, signals: &mut Signals) {
    let said = tokio::select! {
        said = cx.learning.typed() => said,
        () = signals.stopped() => return,
    };
    match cx.view.format {
        _ if said.is_empty() => {}
        Format::Text | Format::Raw => screen.print(format!("\n{said}\n\n").as_bytes()),
        Format::Json => screen.error(&said),
    }
}

/// Prepares the screen for the result of a line: a pager, or a program that reads it. Returns the
/// command to run, or `None` if the line was for the system's shell, which has run it.
fn begin_output<'l>(
    cx: &Context,
    screen: &Screen,
    editor: &mut Editor,
    line: &'l str,
) -> Option<&'l str> {
    match system_line(line, cx.view.dialect) {
        Some(SystemLine::Whole(command)) => {
            cx.history.note(line);
            if let Some(failure) = system_shell::run(screen, command) {
                screen.error(&failure);
            }
            None
        }
        Some(SystemLine::Reader { command, program }) => {
            screen.begin_pipe(program.to_owned());
            cx.output.set_piped(true);
            Some(command)
        }
        None => {
            if cx.switches.is_on(Switch::Pager) {
                let (columns, rows) = editor.size();
                screen.begin_pages(columns.into(), rows.into());
            }
            Some(line)
        }
    }
}

fn make_editor(
    cx: &Context,
    screen: &Arc<Screen>,
    prompt_text: &PromptText,
    tree: &ZnodeCache,
    past: &SharedHistory,
) -> rustyline::Result<Editor> {
    let (switches, hint) = (Arc::clone(&cx.switches), ShownHint::default());
    let helper = Helper::new(
        Arc::clone(screen),
        cx.view,
        tree.clone(),
        switches,
        past.clone(),
        hint.clone(),
        prompt_text.clone(),
    )
    .expanding(cx.reader.globs);
    let prompt_text = prompt_text.clone();
    let prompt_text = move || prompt_text.text();
    Editor::new(Arc::clone(screen), helper, past.clone(), &hint, cx.view.dialect, prompt_text)
}

/// Reads the lines of earlier shells. Returns the file for the lines of this shell, unless it
/// cannot be opened.
fn open_history(screen: &Screen, past: &SharedHistory) -> Option<HistoryFile> {
    let folder = state_folder::path()?;
    match HistoryFile::open(&folder) {
        Ok((file, loaded)) => {
            if loaded.unreadable > 0 {
                let (rows, are) =
                    if loaded.unreadable == 1 { ("row", "is") } else { ("rows", "are") };
                screen.error(&format!(
                    "{} {rows} of the history {are} not readable and skipped: {}",
                    loaded.unreadable,
                    file.path().display()
                ));
            }
            past.lock().load(loaded.entries);
            Some(file)
        }
        Err(error) => {
            screen.error(&format!("History will not be saved: {}: {error}", folder.display()));
            None
        }
    }
}

/// Waits for a server before the first prompt. Ctrl-C skips the wait.
async fn wait_for_server(cx: &Context, patience: Duration, screen: &Screen, signals: &mut Signals) {
    let progress = async {
        cx.show_progress(screen).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        connected = cx.session.connected(patience) => {
            if let Err(error) = connected {
                cx.report_error(screen, &error);
            }
        }
        () = progress => {}
        () = signals.stopped() => {}
    }
    screen.status("");
}

/// Reads and runs lines at a terminal that cannot move its cursor. Returns the exit status.
///
/// # Errors
/// Returns errors of the session if they end the shell.
pub async fn run_dumb(
    cx: &Context,
    screen: &Screen,
    input: Box<dyn Read + Send>,
    ensembles: &[NamedEnsemble],
) -> Result<u8> {
    cx.cwd.set(ZnodePath::root());
    let prompt_text = PromptText::new(cx, ensembles);
    if cx.view.format == Format::Text {
        screen.error(BANNER);
    }
    dumb::run(cx, screen, prompt_text, input).await
}
