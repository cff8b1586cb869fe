//! The process: reads the options, opens a session, and runs one of the modes: a command, a script,
//! or a prompt.

mod complete;
mod learn;
mod notifications;
mod one_shot;
mod sandbox;
mod security;
mod setup;
mod signals;
mod view;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;

use self::notifications::Notifications;
use self::sandbox::Sandbox;
use self::security::connects;
use self::setup::{cx, detected_mode, is_dumb, named, reader, rules, sessions, settings, switches};
use self::signals::Signals;
use crate::artifacts;
use crate::dispatch::{Connects, Context, Learning};
use crate::error::{Error, Kind, Result};
use crate::explain::FiredLog;
use crate::options::{Input, Options, Startup};
use crate::output::View;
use crate::output::json::Origin;
use crate::repl;
use crate::script::{self, EventBuffer, Stop};
use crate::session::Transport;
use crate::terminal::{Mode, Screen};

/// The exit status after the reader of the output has gone away.
const BROKEN_PIPE: u8 = 141;

/// The number of file descriptors that must be free at the start, for the runtime, signals, the
/// session, a file and a password prompt. Some libraries panic without them.
const DESCRIPTORS: usize = 20;

/// The lines of a script.
type Script = Box<dyn Read + Send>;

/// Runs the shell with the given arguments, including the program's name, and returns the exit
/// status.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let screen = Arc::new(Screen::new(Mode::Plain));
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if arguments.get(1).is_some_and(|word| word == "--complete-words") {
        return ExitCode::from(print(&screen, &complete::complete(&arguments[2..])));
    }
    let status = match Startup::read(arguments) {
        Ok(Startup::Print(text)) => print(&screen, &text),
        Ok(Startup::Complete(cx)) => print(&screen, &artifacts::completion(cx)),
        Ok(Startup::Run(mut options)) => start(&mut options, &screen)
            .unwrap_or_else(|error| print_error(&screen, view::of(&options), &error)),
        Err(error) => print_error(&screen, view::without_options(), &error.into()),
    };
    ExitCode::from(checked_output(&screen, status))
}

/// Flushes the screen and returns the exit status. An output error replaces `status` and is
/// reported on standard error.
fn checked_output(screen: &Screen, status: u8) -> u8 {
    screen.flush();
    match screen.failure() {
        None => status,
        Some(io::ErrorKind::BrokenPipe) => BROKEN_PIPE,
        Some(kind) => {
            let error = Error::new(Kind::Refused, format!("Cannot write: {kind}"));
            screen.error(&error.to_string());
            error.kind().exit_status()
        }
    }
}

fn print(screen: &Screen, text: &str) -> u8 {
    screen.print(text.as_bytes());
    screen.flush();
    0
}

/// Prints why nothing ran, in the chosen format, and returns the exit status.
fn print_error(screen: &Screen, view: View, error: &anyhow::Error) -> u8 {
    let Some(error) = error.downcast_ref::<Error>() else {
        screen.error(&format!("{error:#}"));
        return Kind::Bug.exit_status();
    };
    match view.record_of(&Origin::default(), None, error) {
        Some(record) => screen.print(&record),
        None => screen.error(&view.error_text(error)),
    }
    error.kind().exit_status()
}

fn start(options: &mut Options, plain: &Arc<Screen>) -> anyhow::Result<u8> {
    if !options.script.check {
        security::with_environment(options.security.known())?;
    }
    let interactive = options.input == Input::Standard
        && !options.script.check
        && !options.sandbox.serve
        && detected_mode() == Mode::Terminal;
    let first_line = learn::begin(options, interactive)?;
    let options = &*options;
    let screen =
        &if interactive { Arc::new(Screen::new(Mode::Terminal)) } else { Arc::clone(plain) };
    require_descriptors()?;
    if interactive {
        repl::take_over_window_size();
    }
    // One worker thread is enough. It drives the session while this thread runs commands or waits
    // for keys.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    // Report a missing script before connecting.
    let script: Option<Script> = match &options.input {
        Input::Command(_) => None,
        Input::Standard if interactive => None,
        Input::File(path) => Some(Box::new(open(path)?)),
        Input::Standard => Some(Box::new(io::stdin())),
    };
    for remark in &options.remarks {
        screen.error(remark);
    }
    let status = if options.script.check {
        let _guard = runtime.enter();
        check(options, screen, script)
    } else {
        runtime.block_on(run(options, screen, script, first_line))
    };
    // An orderly shutdown would wait forever for a thread that reads input.
    runtime.shutdown_background();
    if interactive { status.map(|status| checked_output(screen, status)) } else { status }
}

/// Fails if the process can open too few files to start.
fn require_descriptors() -> Result<()> {
    let tried: io::Result<Vec<File>> = (0..DESCRIPTORS).map(|_| File::open("/dev/null")).collect();
    tried.map(drop).map_err(|error| {
        Error::new(Kind::Refused, format!("Cannot start: {error}"))
            .with_hint(format!("zksh needs {DESCRIPTORS} more open files; ulimit -n sets how many"))
    })
}

fn open(path: &Path) -> Result<File> {
    let cannot = |why: &dyn std::fmt::Display| {
        Error::new(Kind::Refused, format!("Cannot read {}: {why}", path.display()))
    };
    let file = File::open(path).map_err(|error| cannot(&error))?;
    match file.metadata() {
        Ok(metadata) if metadata.is_dir() => Err(cannot(&"it is a directory")),
        _ => Ok(file),
    }
}

/// Checks the script or the command without running anything.
fn check(options: &Options, screen: &Screen, script: Option<Script>) -> anyhow::Result<u8> {
    if let Some(script) = script {
        let (view, reader) = (view::of(options), reader(options));
        return Ok(script::check(view, &reader, screen, &rules(options), script).exit_status());
    }
    if let Input::Command(words) = &options.input
        && let Some(call) = one_shot::parse(words, &reader(options))?
    {
        call.check()?;
    }
    Ok(0)
}

/// Opens a session and runs the mode that the options choose. Returns the exit status.
async fn run(
    options: &Options,
    screen: &Arc<Screen>,
    script: Option<Script>,
    first_line: Option<String>,
) -> anyhow::Result<u8> {
    screen.note_ctrl_c()?;
    let mut signals = Signals::listen()?;
    // This lives until the end of the function, so it outlives the session.
    let sandbox = Sandbox::start(&options.sandbox)?;
    let servers = match &sandbox {
        Some(sandbox) if options.sandbox.serve => {
            print(screen, &sandbox.readiness());
            if screen.failure().is_none() {
                signals.next(screen).await;
            }
            return Ok(0);
        }
        Some(sandbox) => {
            screen.error(&sandbox.greeting());
            sandbox.servers()?
        }
        None => options.servers.clone().unwrap_or_default(),
    };
    let names_server = options.servers.is_some() || sandbox.is_some();
    let transport = if let Some(sandbox) = &sandbox {
        Transport::open(&sandbox.security())?
    } else {
        tokio::select! {
            transport = security::transport(options, &servers) => transport?,
            // Dropping the question for a password restores the terminal.
            signal = signals.next(screen) => return Ok(128 + signal),
        }
    };
    let view = view::of(options);
    let switches = switches(options);
    let is_dumb = is_dumb(options, screen);
    let ensembles = named(&options.ensembles);
    let event_buffer = EventBuffer::default();
    let notifications = Notifications {
        screen: Arc::clone(screen),
        event_buffer: (script.is_some() && !is_dumb).then(|| event_buffer.clone()),
        view,
        switches: Arc::clone(&switches),
        fired: FiredLog::default(),
        learning: Learning::default(),
        tells_changes: options.script.reconnect.is_some(),
    };
    let own_sandbox = sandbox.as_ref().map(Sandbox::own);
    let session = sessions(settings(options, transport), names_server, notifications.clone());
    if connects(options) == Connects::BySession {
        session.open(servers);
    } else {
        session.choose(servers);
    }
    let cx = cx(options, screen, session, &notifications, own_sandbox);
    let status = if screen.mode() == Mode::Terminal {
        // The prompt handles signals itself, because Ctrl-C stops a command and not the shell.
        let patience = options.wait_for_connection.then_some(options.timeout());
        repl::run(&cx, screen, patience, &ensembles, first_line).await
    } else {
        without_prompt(options, &cx, screen, &event_buffer, script, &ensembles, &mut signals).await
    };
    if cx.learning.is_on() {
        let said = cx.learning.leave().await;
        if !said.is_empty() {
            screen.error(&said);
        }
    }
    cx.session.close_all().await;
    screen.end();
    screen.flush();
    match status.map_err(anyhow::Error::downcast::<Error>) {
        Ok(status) => Ok(status),
        // The output error is reported instead.
        Err(Ok(error)) if screen.failure().is_some() => Ok(error.kind().exit_status()),
        Err(Ok(error)) => {
            let error = if names_server { error } else { notifications::suggest_sandbox(error) };
            cx.report_error(screen, &error);
            Ok(error.kind().exit_status())
        }
        Err(Err(error)) => Err(error),
    }
}

/// Runs a command or a script until it ends or a signal arrives.
async fn without_prompt(
    options: &Options,
    cx: &Context,
    screen: &Arc<Screen>,
    event_buffer: &EventBuffer,
    script: Option<Script>,
    ensembles: &[repl::NamedEnsemble],
    signals: &mut Signals,
) -> anyhow::Result<u8> {
    let (stop, is_script, is_dumb) = (Stop::default(), script.is_some(), is_dumb(options, screen));
    let work = async {
        if options.wait_for_connection && connects(options) == Connects::BySession {
            cx.session.connected(options.timeout()).await?;
        }
        match (&options.input, script) {
            (Input::Command(words), _) => one_shot::run(cx, screen, words.clone()).await,
            (_, Some(script)) if is_dumb => repl::run_dumb(cx, screen, script, ensembles).await,
            (input, Some(script)) => {
                if matches!(input, Input::File(_)) {
                    cx.input.give(io::stdin());
                }
                let tally =
                    script::run(cx, screen, event_buffer, &rules(options), &stop, script).await;
                Ok(tally.exit_status())
            }
            (_, None) => Ok(0),
        }
    };
    let progress = async {
        if matches!(options.input, Input::Command(_)) && cx.view.errors_on_terminal {
            cx.show_progress(screen).await;
        }
        std::future::pending::<()>().await;
    };
    let (session, screen_of_signals) = (cx.session.clone(), Arc::clone(screen));
    let heard = signals::end_on_signal(session, screen_of_signals, stop.clone())?;
    let mut work = std::pin::pin!(work);
    let status = tokio::select! {
        // A busy script was already stopped by the signal.
        status = &mut work => match heard.number() {
            Some(signal) if is_script => Ok(128 + signal),
            _ => status.map_err(anyhow::Error::from),
        },
        signal = signals.next(screen) => {
            if is_script {
                // The script reports the lines whose requests were sent.
                stop.ask();
                let _ = work.await;
            } else if let Some(words) = cx.progress.words() {
                screen.error(&format!("Interrupted; {words}"));
            }
            Ok(128 + signal)
        }
        () = progress => Ok(0),
    };
    screen.status("");
    status
}
