//! Options, then a session, then one of the modes: one command, a script, or a prompt.

mod complete;
mod ending;
mod sandbox;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;

use self::ending::Ending;
use self::sandbox::Sandbox;
use crate::artifacts;
use crate::command::{self, Call, Reader, Shell, Switch, Switches};
use crate::dialect::{Dialect, Format};
use crate::dispatch::Concurrency;
use crate::error::{Error, Kind, Result};
use crate::options::{self, Color, Input, Options, Startup};
use crate::output::escape::{self, Newlines};
use crate::output::json::{Origin, Time};
use crate::output::{Report, View};
use crate::repl;
use crate::script::{self, Gate, Stop};
use crate::session::{Session, SessionEvent, Settings, Warning};
use crate::terminal::{Mode, Screen};

/// Exit status of a process whose reader has gone away.
const BROKEN_PIPE: u8 = 141;

/// How long one command waits while every server refuses connections, unless it is told how long:
/// longer than a server that is being restarted refuses on its own machine for a moment.
const REFUSED_PATIENCE: Duration = Duration::from_secs(3);

/// File descriptors that must be free when the shell starts: the runtime, the signals, the session,
/// a file and a password's terminal. Without them libraries panic.
const DESCRIPTORS: usize = 20;

/// Runs the shell as the arguments say (the program's name first), and returns its exit status.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let screen = Arc::new(Screen::new(Mode::Plain));
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if arguments.get(1).is_some_and(|word| word == "--complete-words") {
        return ExitCode::from(say(&screen, &complete::complete(&arguments[2..])));
    }
    let status = match Startup::read(arguments) {
        Ok(Startup::Print(text)) => say(&screen, &text),
        Ok(Startup::Complete(shell)) => say(&screen, &artifacts::completion(shell)),
        Ok(Startup::Run(options)) => start(&options, &screen).unwrap_or_else(|error| {
            refuse(&screen, view(options.dialect, options.format, options.color), &error)
        }),
        Err(error) => {
            let view = view(Dialect::default(), Format::Text, Color::Auto);
            refuse(&screen, view, &error.into())
        }
    };
    ExitCode::from(written(&screen, status))
}

/// Returns the exit status of a process that has printed to `screen`: where not all of it could be
/// written, that counts, and standard error says so.
fn written(screen: &Screen, status: u8) -> u8 {
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

/// Says why the shell does not run, and returns its exit status.
fn refuse(screen: &Screen, view: View, error: &anyhow::Error) -> u8 {
    if let Some(error) = error.downcast_ref::<Error>() {
        return complain(screen, view, error);
    }
    screen.error(&format!("{error:#}"));
    Kind::Bug.exit_status()
}

fn say(screen: &Screen, text: &str) -> u8 {
    screen.print(text.as_bytes());
    screen.flush();
    0
}

/// Says why nothing was run, as the format has it; returns the exit status.
fn complain(screen: &Screen, view: View, error: &Error) -> u8 {
    match view.record_of(&Origin::default(), None, error) {
        Some(record) => {
            screen.print(&record);
            screen.flush();
        }
        None => screen.error(&view.complaint(error)),
    }
    error.kind().exit_status()
}

fn view(dialect: Dialect, format: Format, color: Color) -> View {
    let terminal = io::stdout().is_terminal();
    let errors_on_terminal = io::stderr().is_terminal();
    // https://no-color.org: any value but the empty one. A terminal that knows no control
    // sequences shows no colours either.
    let asked = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    let wanted = |terminal: bool| match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && !asked("NO_COLOR") && !dumb,
    };
    let (color, color_errors) = (wanted(terminal), wanted(errors_on_terminal));
    View { format, dialect, terminal, errors_on_terminal, color, color_errors }
}

fn start(options: &Options, plain: &Arc<Screen>) -> anyhow::Result<u8> {
    let interactive = options.input == Input::Standard
        && !options.script.check
        && !options.sandbox.serve
        && detected_mode() == Mode::Terminal;
    let screen =
        &if interactive { Arc::new(Screen::new(Mode::Terminal)) } else { Arc::clone(plain) };
    check_descriptors()?;
    if interactive {
        repl::take_over_window_size();
    }
    // One worker is enough: it drives the session while this thread runs commands or waits for
    // the keyboard.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    // Read before the session is opened: a script that is not there is no reason to connect.
    let input: Option<Box<dyn Read + Send>> = match &options.input {
        Input::Command(_) => None,
        Input::Standard if interactive => None,
        Input::File(path) => Some(Box::new(open(path)?)),
        Input::Standard => Some(Box::new(io::stdin())),
    };
    for option in &options.ignored {
        screen.error(&format!("Ignored: {option} is no option of zksh"));
    }
    let status = if options.script.check {
        let _guard = runtime.enter();
        Ok(check(options, screen, input))
    } else {
        runtime.block_on(run(options, screen, input))
    };
    // A thread that waits for input never ends by itself.
    runtime.shutdown_background();
    if interactive { status.map(|status| written(screen, status)) } else { status }
}

/// Fails where too few files can be opened to begin at all.
fn check_descriptors() -> Result<()> {
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

/// Returns how lines are to be read.
fn reader(options: &Options) -> Reader {
    let variables = options.script.vars.then(|| std::env::vars_os().collect());
    Reader { dialect: options.dialect, variables }
}

/// Returns how a script is to be run.
fn rules(options: &Options) -> script::Rules {
    script::Rules {
        name: match &options.input {
            Input::File(path) => path.display().to_string(),
            _ => "stdin".to_owned(),
        },
        window: usize::from(options.script.window),
        stop_on_error: options.script.stop_on_error,
        // Only the test of the barrier, which is no release build, may go without.
        barrier: !(cfg!(debug_assertions) && std::env::var_os("ZKSH_TEST_NO_BARRIER").is_some()),
    }
}

/// Reads the script or the command and runs nothing.
fn check(options: &Options, screen: &Screen, input: Option<Box<dyn Read + Send>>) -> u8 {
    let view = view(options.dialect, options.format, options.color);
    match (&options.input, input) {
        (Input::Command(words), _) => {
            match parse(words.clone(), options.dialect)
                .and_then(|call| call.map_or(Ok(()), |call| call.check()))
            {
                Ok(()) => 0,
                Err(error) => complain(screen, view, &error),
            }
        }
        (_, Some(input)) => {
            script::check(view, &reader(options), screen, &rules(options), input).exit_status()
        }
        (_, None) => 0,
    }
}

/// Makes the shell, whose long commands show what they find on the screen.
fn shell(
    options: &Options,
    screen: &Arc<Screen>,
    session: Session,
    view: View,
    switches: Arc<Switches>,
) -> Shell {
    let mut shell = {
        let screen = Arc::clone(screen);
        Shell::new(session, view, switches, move |bytes, whole| {
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
    shell.terminal = has_terminal.then(|| Arc::clone(screen));
    shell.config_file.clone_from(&options.config_file);
    shell.reader = reader(options);
    shell.protected.clone_from(&options.protected);
    let typed = options.input == Input::Standard && io::stdin().is_terminal();
    let is_dumb = Mode::detect(std::env::var("TERM").ok().as_deref()) != Mode::Terminal;
    let one = matches!(options.input, Input::Command(_)) && options.dialect != Dialect::V39;
    let one = one && io::stdin().is_terminal() && io::stderr().is_terminal();
    shell.asks = one && !is_dumb;
    shell.unasked = typed && shell.terminal.is_none() || one && is_dumb;
    shell
}

/// Returns the switches as the options want them.
fn switches(options: &Options) -> Arc<Switches> {
    let switches = Arc::<Switches>::default();
    switches.set(Switch::Hints, options.habits.hints);
    switches.set(Switch::Pager, options.habits.pager);
    switches.set(Switch::Times, options.habits.times);
    switches.set(Switch::Vi, options.habits.vi);
    switches.set_prompt(options.habits.prompt);
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

async fn run(
    options: &Options,
    screen: &Arc<Screen>,
    input: Option<Box<dyn Read + Send>>,
) -> anyhow::Result<u8> {
    let view = view(options.dialect, options.format, options.color);
    screen.note_ctrl_c()?;
    let mut ending = Ending::listen()?;
    // Held to the end of this function, so that it outlives the session.
    let sandbox = Sandbox::start(&options.sandbox)?;
    let servers = match &sandbox {
        Some(sandbox) if options.sandbox.serve => {
            say(screen, &sandbox.readiness());
            if screen.failure().is_none() {
                ending.next(screen).await;
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
    let settings = Settings {
        timeout: options.timeout(),
        read_only: options.read_only,
        max_request: options.max_request,
        refused: match options.input {
            Input::Command(_) if options.timeout.is_none() && !options.wait_for_connection => {
                REFUSED_PATIENCE
            }
            _ => Duration::MAX,
        },
    };
    let switches = switches(options);
    let is_dumb = is_dumb(options, screen);
    let ensembles = named(&options.ensembles);
    let (gate, stop) = (Gate::default(), Stop::default());
    let session = {
        let gate = (input.is_some() && !is_dumb).then(|| gate.clone());
        let tell = teller(Arc::clone(screen), gate, view, Arc::clone(&switches));
        let tell = naming_sandbox_once(Arc::clone(screen), names_server, tell);
        Session::new(settings, tell)
    };
    session.open(servers);
    let shell = shell(options, screen, session, view, switches);
    let is_script = input.is_some();
    let work = async {
        if options.wait_for_connection {
            shell.session.connected(options.timeout()).await?;
        }
        match (&options.input, input) {
            (Input::Command(words), _) => one(&shell, screen, words.clone()).await,
            (_, Some(input)) if is_dumb => repl::run_dumb(&shell, screen, input, &ensembles).await,
            (from, Some(input)) => {
                if matches!(from, Input::File(_)) {
                    shell.give_input(io::stdin());
                }
                let tally = script::run(&shell, screen, &gate, &rules(options), &stop, input).await;
                Ok(tally.exit_status())
            }
            (_, None) => Ok(0),
        }
    };
    let status = if screen.mode() == Mode::Terminal {
        // It has its own way with signals: Ctrl-C gives up a command, not the shell.
        let patience = options.wait_for_connection.then_some(options.timeout());
        repl::run(&shell, screen, patience, &ensembles).await
    } else {
        let progress = async {
            if matches!(options.input, Input::Command(_)) && view.errors_on_terminal {
                shell.show_progress(screen).await;
            }
            std::future::pending::<()>().await;
        };
        ending::insist(shell.session.clone(), Arc::clone(screen))?;
        let mut work = std::pin::pin!(work);
        let status = tokio::select! {
            status = &mut work => status.map_err(anyhow::Error::from),
            signal = ending.next(screen) => {
                if is_script {
                    // It tells what is known of the lines that have left.
                    stop.ask();
                    let _ = work.await;
                } else if let Some(words) = shell.progress.words() {
                    screen.error(&format!("Interrupted; {words}"));
                }
                Ok(128 + signal)
            }
            () = progress => Ok(0),
        };
        screen.status("");
        status
    };
    shell.session.close().await;
    screen.end();
    screen.flush();
    let status = match status {
        Err(error) if screen.failure().is_none() => match error.downcast::<Error>() {
            Ok(error) => {
                let error = if names_server { error } else { naming_sandbox(error) };
                shell.complain(screen, &error);
                error.kind().exit_status()
            }
            Err(error) => return Err(error),
        },
        status => status.unwrap_or(0),
    };
    Ok(status)
}

/// What to do where no server was named and none listens where ZooKeeper usually does.
const NO_SERVER_NAMED: &str =
    "zksh --sandbox starts a ZooKeeper to try; zksh --help lists the options";

fn naming_sandbox(error: Error) -> Error {
    if error.kind() == Kind::Lost { error.with_hint(NO_SERVER_NAMED) } else { error }
}

/// Adds to the first news of trouble what to do where no server was named.
fn naming_sandbox_once(
    screen: Arc<Screen>,
    names_server: bool,
    tell: impl Fn(SessionEvent) + Send + Sync,
) -> impl Fn(SessionEvent) + Send + Sync {
    let named = AtomicBool::new(names_server);
    move |event| {
        let trouble = matches!(event, SessionEvent::Warning(Warning::ConnectFailing(_), _));
        tell(event);
        if trouble && screen.mode() == Mode::Terminal && !named.swap(true, Ordering::Relaxed) {
            screen.notice(NO_SERVER_NAMED);
        }
    }
}

/// Returns what shows the session's events; those of a script go through its gate. It is called on
/// the runtime's threads.
fn teller(
    screen: Arc<Screen>,
    gate: Option<Gate>,
    view: View,
    switches: Arc<Switches>,
) -> impl Fn(SessionEvent) + Send + Sync {
    let render = {
        let switches = Arc::clone(&switches);
        move |news: &dyn Report| view.event(news, Time::now(), switches.is_on(Switch::Times))
    };
    move |event| match (event, screen.mode()) {
        (SessionEvent::Znode(event, stamp), _) if switches.is_on(Switch::Events) => {
            let text = render(&event);
            match &gate {
                // Not among the data.
                _ if view.format == Format::Raw => screen.aside(&text),
                Some(gate) => gate.hold(stamp, text),
                None => screen.event(&text),
            }
        }
        // Changes of the session's state matter to a script only through the lines that fail.
        (SessionEvent::StateChange(change), Mode::Terminal) => screen.event(&render(&change)),
        (SessionEvent::State(_), Mode::Terminal) => screen.refresh(),
        // A script hears of it from the line that finds no server.
        (SessionEvent::Warning(Warning::ConnectFailing(_), _), Mode::Plain) => {}
        (SessionEvent::Warning(warning, stamp), _) if view.format == Format::Json => {
            let record = render(&warning);
            match &gate {
                Some(gate) => gate.hold(stamp, record),
                None => screen.event(&record),
            }
        }
        (SessionEvent::Warning(warning, _), _) => {
            let sentence = warning.sentence();
            screen.notice(&escape::to_terminal(sentence.as_bytes(), Newlines::Escape));
        }
        _ => {}
    }
}

/// Lets what was printed reach its reader whenever the command waits.
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

/// Reads the command of the command line.
fn parse(words: Vec<OsString>, dialect: Dialect) -> Result<Option<Call>> {
    let name = words.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let misplaced = words.iter().skip(1).find_map(|word| options::option_named(word.to_str()?));
    command::words(words, dialect).map_err(|error| match misplaced {
        Some(option) if error.usage_line().is_some() => Error::usage(format!(
            "{option} is an option of zksh, not of {name}: it stands before the command"
        ))
        .with_hint(format!("zksh {option} ... {name} ...")),
        _ => error,
    })
}

/// Asks a question on the terminal; the end of the input is a no.
async fn is_agreed(screen: &Screen, question: &command::Question) -> bool {
    screen.flush();
    let asked = escape::to_terminal(question.asked().as_bytes(), Newlines::Escape).into_owned();
    let answer = tokio::task::spawn_blocking(move || {
        let mut answer = String::new();
        io::Write::write_all(&mut io::stderr(), format!("(-y agrees) {asked}").as_bytes())?;
        io::stdin().read_line(&mut answer)?;
        Ok::<_, io::Error>(answer)
    });
    let answer = answer.await.ok().and_then(io::Result::ok).unwrap_or_default();
    matches!(answer.trim(), "y" | "Y" | "yes")
}

/// Runs the command of the command line.
async fn one(shell: &Shell, screen: &Screen, words: Vec<OsString>) -> Result<u8> {
    shell.give_input(io::stdin());
    if let Some(call) = parse(words, shell.view.dialect)? {
        if shell.asks
            && let Some(question) = call.command.question(shell).await?
            && !is_agreed(screen, &question).await
        {
            return Err(Error::new(Kind::Refused, question.declined));
        }
        if call.effects(shell).concurrency() != Concurrency::Alone {
            // It sends one request, and the end of the session right behind it.
            shell.session.end_with_next_request();
        }
        let outcome = flushing(screen, shell.run(&call)).await?;
        screen.print(&outcome.text);
        if let Some(hint) = &outcome.data_hint {
            shell.show_data_hint(screen, None, hint);
        }
        if shell.in_transaction() {
            let why = "multi wants lines after it: it is for scripts and the prompt";
            return Err(Error::usage(why));
        }
        return Ok(u8::from(outcome.failure.is_some()));
    }
    Ok(0)
}
