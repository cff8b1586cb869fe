//! Options, then a session, then one of the modes: one command, a script, or a prompt.

mod complete;
mod learn;
mod notifications;
mod one_shot;
mod sandbox;
mod security;
mod signals;
mod view;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use self::notifications::Notifications;
use self::sandbox::Sandbox;
use self::security::connects;
use self::signals::Signals;
use crate::artifacts;
use crate::dialect::Dialect;
use crate::dispatch::{
    Asking, Config, Connects, Context, Explaining, History, Learning, Output, OwnSandbox, Reader,
    RunningFiles, StandardInput, Switch, Switches,
};
use crate::error::{Error, Kind, Result};
use crate::explain::FiredLog;
use crate::options::{self, Input, Options, Startup};
use crate::output::View;
use crate::output::json::Origin;
use crate::repl;
use crate::script::{self, EventBuffer, Stop};
use crate::session::{Badge, PerSession, Session, Sessions, Settings, Transport};
use crate::terminal::progress::Progress;
use crate::terminal::{Mode, Screen};

/// Exit status of a process whose reader has gone away.
const BROKEN_PIPE: u8 = 141;

/// How long a one-shot command waits while every server refuses connections, when neither -timeout
/// nor -waitforconnection says how long.
const REFUSED_PATIENCE: Duration = Duration::from_secs(3);

/// Name of the session that a shell begins with.
const FIRST_SESSION: &str = "main";

/// File descriptors that must be free at the start: the runtime, signals, the session, a file and a
/// password prompt. Without them libraries panic.
const DESCRIPTORS: usize = 20;

/// The lines of a script.
type Script = Box<dyn Read + Send>;

/// Runs the shell as the arguments say (the program's name first), and returns its exit status.
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

/// Flushes the screen and returns the exit status: an output error replaces `status` and is reported
/// on standard error.
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
        None => screen.error(&view.complaint(error)),
    }
    error.kind().exit_status()
}

fn start(options: &mut Options, plain: &Arc<Screen>) -> anyhow::Result<u8> {
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
    // One worker is enough: it drives the session while this thread runs commands or waits for keys.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    // A missing script is reported before anything connects.
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
    // A thread that waits for input would hold up an orderly shutdown for ever.
    runtime.shutdown_background();
    if interactive { status.map(|status| checked_output(screen, status)) } else { status }
}

/// Fails when too few files can be opened to start at all.
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

/// Returns the mode for a person, whether one types lines or only reads.
fn detected_mode() -> Mode {
    Mode::detect(std::env::var("TERM").ok().as_deref())
}

/// Returns how lines are read.
fn reader(options: &Options) -> Reader {
    let variables = options.script.vars.then(|| std::env::vars_os().collect());
    Reader { dialect: options.dialect, variables }
}

/// Returns how a script is run.
fn rules(options: &Options) -> script::Rules {
    script::Rules {
        name: match &options.input {
            Input::File(path) => path.display().to_string(),
            _ => "stdin".to_owned(),
        },
        window: options.script.window.map(usize::from),
        stop_on_error: options.script.stop_on_error,
        reconnect: options.script.reconnect.map(|seconds| Duration::from_secs(seconds.into())),
        // Only the test of the barrier, which is no release build, may go without.
        barrier: !(cfg!(debug_assertions) && std::env::var_os("ZKSH_TEST_NO_BARRIER").is_some()),
    }
}

/// Checks the script or the command, and runs nothing.
fn check(options: &Options, screen: &Screen, script: Option<Script>) -> anyhow::Result<u8> {
    if let Some(script) = script {
        let (view, reader) = (view::of(options), reader(options));
        return Ok(script::check(view, &reader, screen, &rules(options), script).exit_status());
    }
    if let Input::Command(words) = &options.input
        && let Some(call) = one_shot::parse(words.clone(), options.dialect)?
    {
        call.check()?;
    }
    Ok(0)
}

/// Makes the shell; long commands print to the screen while they run.
fn cx(
    options: &Options,
    screen: &Arc<Screen>,
    session: Sessions,
    notifications: &Notifications,
    sandbox: Option<OwnSandbox>,
) -> Context {
    let view = notifications.view;
    let output = {
        let screen = Arc::clone(screen);
        Output::new(view, move |bytes, whole| {
            screen.print(bytes);
            if whole {
                screen.end();
                screen.flush();
            }
            match screen.failure() {
                None if screen.has_seen_enough() => {
                    Err(Error::new(Kind::Interrupted, "The pager has ended"))
                }
                None => Ok(()),
                Some(kind) => Err(Error::new(Kind::Interrupted, format!("Cannot write: {kind}"))),
            }
        })
    };
    // One command at a terminal may need it too, as edit does.
    let has_terminal = match options.input {
        Input::Command(_) => detected_mode() == Mode::Terminal,
        Input::File(_) | Input::Standard => screen.mode() == Mode::Terminal,
    };
    let terminal = has_terminal.then(|| Arc::clone(screen));
    let typed = options.input == Input::Standard && io::stdin().is_terminal();
    let is_dumb = detected_mode() != Mode::Terminal;
    let one = matches!(options.input, Input::Command(_)) && options.dialect != Dialect::V39;
    let one = one && io::stdin().is_terminal() && io::stderr().is_terminal();
    let asking = match one {
        true if is_dumb => Asking::Nobody,
        true => Asking::OneShot,
        false if typed && terminal.is_none() => Asking::Nobody,
        false => Asking::Prompt,
    };
    Context {
        cwd: PerSession::new(&session),
        transaction: PerSession::new(&session),
        session,
        view,
        reader: reader(options),
        output,
        switches: Arc::clone(&notifications.switches),
        history: History::default(),
        explaining: Explaining::new(notifications.fired.clone()),
        learning: notifications.learning.clone(),
        sandbox,
        terminal,
        progress: Progress::default(),
        config: Config { file: options.config_file.clone(), protected: options.protected.clone() },
        asking,
        input: StandardInput::default(),
        running_files: RunningFiles::default(),
    }
}

/// Makes the shell's sessions, of which the first is there and not open.
fn sessions(settings: Settings, names_server: bool, notifications: Notifications) -> Sessions {
    let screen = Arc::clone(&notifications.screen);
    let show = move |badge: &Badge, event| notifications.show(badge, event);
    let show = Arc::new(notifications::suggest_sandbox_once(screen, names_server, show));
    Sessions::new(FIRST_SESSION, move |badge, timeout| {
        let timeout = timeout.unwrap_or(settings.timeout);
        let show = Arc::clone(&show);
        Session::new(Settings { timeout, ..settings.clone() }, move |event| show(&badge, event))
    })
}

/// Opens a session and runs the mode that the options ask for; returns the exit status.
async fn run(
    options: &Options,
    screen: &Arc<Screen>,
    script: Option<Script>,
    first_line: Option<String>,
) -> anyhow::Result<u8> {
    screen.note_ctrl_c()?;
    let mut signals = Signals::listen()?;
    // Lives to the end of this function, so it outlives the session.
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
            // To stop waiting restores the terminal.
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
        // The prompt handles signals itself: Ctrl-C stops a command, not the shell.
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
            cx.complain(screen, &error);
            Ok(error.kind().exit_status())
        }
        Err(Err(error)) => Err(error),
    }
}

/// Runs one command or a script until it ends or a signal comes.
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
        // A script that is busy has heard of the signal first.
        status = &mut work => match heard.number() {
            Some(signal) if is_script => Ok(128 + signal),
            _ => status.map_err(anyhow::Error::from),
        },
        signal = signals.next(screen) => {
            if is_script {
                // It tells what is known of the lines that have left.
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

fn settings(options: &Options, transport: Transport) -> Settings {
    let names_wait = options.timeout.is_some() || options.wait_for_connection;
    Settings {
        timeout: options.timeout(),
        read_only: options.read_only,
        max_request: options.max_request,
        refused: match options.input {
            Input::Command(_) if !names_wait => REFUSED_PATIENCE,
            _ => Duration::MAX,
        },
        transport,
    }
}

/// Returns the switches as the options want them.
fn switches(options: &Options) -> Arc<Switches> {
    let switches = Arc::<Switches>::default();
    switches.set(Switch::Hints, options.preferences.hints);
    switches.set(Switch::Pager, options.preferences.pager);
    switches.set(Switch::Times, options.preferences.times);
    switches.set(Switch::Vi, options.preferences.vi);
    switches.set_prompt(options.preferences.prompt);
    switches
}

/// Returns whether a person types lines at a terminal that cannot move its cursor.
fn is_dumb(options: &Options, screen: &Screen) -> bool {
    options.input == Input::Standard
        && screen.mode() == Mode::Plain
        && io::stdin().is_terminal()
        && io::stdout().is_terminal()
}

/// Returns the ensembles as the prompt knows them.
fn named(ensembles: &[options::NamedEnsemble]) -> Vec<repl::NamedEnsemble> {
    let ensemble = |known: &options::NamedEnsemble| repl::NamedEnsemble {
        name: known.name.clone(),
        servers: known.servers.clone(),
        color: known.color,
        is_chosen: known.is_chosen,
    };
    ensembles.iter().map(ensemble).collect()
}
