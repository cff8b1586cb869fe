//! A person at a terminal: read a line, run it, show what came of it.

mod block;
mod complete;
mod editor;
mod grammar;
mod helper;
mod highlight;
mod hint;
mod history;
mod keys;
mod recall;
mod signals;
mod wrap;
mod znode_cache;

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;

use self::block::Block;
use self::editor::{Editor, Read};
use self::helper::Helper;
use self::recall::SharedPast;
use self::signals::Signals;
use self::znode_cache::ZnodeCache;
use crate::command::{self, Outcome, Shell, Switch};
use crate::dialect::Format;
use crate::error::{Error, Kind, Result};
use crate::output::escape::{self, Newlines};
use crate::session::Session;
use crate::terminal::Screen;
use crate::zk::ZnodePath;

/// Reads and runs lines until the person has had enough or a signal comes; returns the exit status.
/// With `patience`, a server is waited for so long before the first prompt.
///
/// To be called inside a runtime, on a thread that may block. [`Screen::refresh`] is to be called
/// whenever the state of the session has changed.
pub async fn run(
    shell: &Shell,
    screen: &Arc<Screen>,
    patience: Option<Duration>,
) -> anyhow::Result<u8> {
    let mut signals = Signals::listen(Arc::clone(screen))?;
    shell.session.work_in(ZnodePath::root());
    let number = Arc::new(AtomicUsize::new(0));
    let mut editor = {
        let (session, number) = (shell.session.clone(), Arc::clone(&number));
        let words = move || prompt(&session, number.load(Ordering::Relaxed));
        let tree = ZnodeCache::new(shell.session.clone(), Handle::current());
        let past = SharedPast::default();
        let switches = Arc::clone(&shell.switches);
        let helper = Helper::new(Arc::clone(screen), shell.view, tree, switches, Arc::clone(&past));
        Editor::new(Arc::clone(screen), helper, past, shell.view.dialect, words)?
    };
    shell.tell_earlier(editor.earlier());
    if let Some(patience) = patience {
        wait_for_server(shell, patience, screen, &mut signals).await;
    }
    loop {
        number.store(shell.next_number(), Ordering::Relaxed);
        signals.forget();
        let text = match editor.read() {
            Read::Text(text) => text,
            Read::Nothing => continue,
            Read::End => return Ok(0),
            Read::Ended => return Ok(128 + signals.number()),
        };
        let lines = Block::parse(&text, shell.view.dialect).lines;
        for (index, line) in lines.iter().enumerate() {
            if index > 0 {
                // One of several pasted: shown where its result is, as if it had been typed here.
                let prompt = prompt(&shell.session, shell.next_number());
                let line = escape::to_terminal(line.as_bytes(), Newlines::Keep);
                screen.print(format!("{prompt}{line}\n").as_bytes());
            }
            let again = match command::recalled(shell, line) {
                None => None,
                Some(Ok(line)) => {
                    let shown = escape::to_terminal(line.as_bytes(), Newlines::Keep);
                    screen.print(format!("{shown}\n").as_bytes());
                    Some(line)
                }
                Some(Err(error)) => {
                    screen.error(&shell.view.complaint(&error));
                    continue;
                }
            };
            let line = again.as_deref().unwrap_or(line);
            editor.remember(line);
            if shell.switches.is_on(Switch::Pager) {
                let (columns, rows) = editor.size();
                screen.begin_pages(columns.into(), rows.into());
            }
            let result = line_runs(shell, line, &mut editor, screen, &mut signals).await;
            screen.status("");
            let enough = screen.has_seen_enough();
            if let Ok(Some(outcome)) = &result {
                screen.print(&outcome.text);
            }
            screen.end_pages();
            if signals.number() != 0 {
                return Ok(128 + signals.number());
            }
            match result {
                Ok(Some(Outcome { quit: true, .. })) => return Ok(0),
                // For programs the result itself says so.
                Ok(Some(Outcome { failure: Some(error), .. }))
                    if shell.view.format != Format::Json =>
                {
                    shell.complain(screen, &error);
                }
                Ok(_) => {}
                Err(error) if enough && error.kind() == Kind::Interrupted => break,
                Err(error) if error.kind() == Kind::Interrupted => {
                    // In the place of the ^C that the terminal shows.
                    screen.print(b"\r\x1b[K");
                    shell.complain(screen, &error);
                    break;
                }
                Err(error) => shell.complain(screen, &error),
            }
        }
    }
}

/// Waits for a server before anything is asked of one; Ctrl-C gives the prompt all the same.
async fn wait_for_server(
    shell: &Shell,
    patience: Duration,
    screen: &Screen,
    signals: &mut Signals,
) {
    let progress = async {
        shell.show_progress(screen).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        connected = shell.session.connected(patience) => {
            if let Err(error) = connected {
                shell.complain(screen, &error);
            }
        }
        () = progress => {}
        () = signals.stopped() => {}
    }
    screen.status("");
}

/// Returns the prompt as zkCli words it, and the working path where it is not `/`.
fn prompt(session: &Session, number: usize) -> String {
    let servers = session.servers().map(|servers| servers.to_string()).unwrap_or_default();
    let path = session.working_path().filter(|path| !path.is_root());
    let path = path.map(|path| format!("{path} ")).unwrap_or_default();
    let prompt = format!("[zk: {servers}({}) {path}{number}] ", session.state().name());
    escape::to_terminal(prompt.as_bytes(), Newlines::Escape).into_owned()
}

/// Runs a line; Ctrl-C gives it up, and so does a signal that ends the shell. None for a line that
/// needs no running, or that the person would rather not run.
async fn line_runs(
    shell: &Shell,
    line: &str,
    editor: &mut Editor,
    screen: &Screen,
    signals: &mut Signals,
) -> Result<Option<Outcome>> {
    let Some(command) = shell.read(line)? else { return Ok(None) };
    let before = shell.session.requests_sent();
    shell.progress.begin();
    // What is asked before the person has agreed changes nothing.
    let changes = Cell::new(false);
    let work = async {
        if let Some(question) = command.question(shell).await?
            && !editor.ask(&escape::to_terminal(question.asked().as_bytes(), Newlines::Escape))
        {
            screen.error(question.declined);
            return Ok(None);
        }
        changes.set(!command.only_reads(shell));
        shell.run(&command).await.map(Some)
    };
    let progress = async {
        if shell.view.errors_on_terminal {
            shell.show_progress(screen).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        biased;
        outcome = work => outcome,
        () = progress => Ok(None),
        () = signals.stopped() => {
            let sent = shell.session.requests_sent() > before;
            let what = match shell.progress.words() {
                Some(words) if changes.get() => {
                    format!("; {words}; what was sent last may have been applied too")
                }
                Some(words) => format!("; {words}"),
                None if sent && changes.get() => "; what was sent may have been applied".to_owned(),
                None if sent => String::new(),
                None => "; nothing was sent".to_owned(),
            };
            Err(Error::new(Kind::Interrupted, format!("Interrupted{what}")))
        }
    }
}
