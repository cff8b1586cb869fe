//! Creates the parts of the shell from its options.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

use super::notifications::{self, Notifications};
use crate::dialect::Dialect;
use crate::dispatch::{
    Asking, Config, Context, Ensemble, Ensembles, Estimate, Explaining, History, Output,
    OwnSandbox, Reader, RunningFiles, ShellJournal, StandardInput, Switch, Switches,
};
use crate::error::{Error, Kind, Result};
use crate::options::{self, Input, Options, Ready};
use crate::repl;
use crate::script;
use crate::session::{PerSession, Session, SessionTag, Sessions, Settings, Transport};
use crate::terminal::progress::Progress;
use crate::terminal::{Mode, Screen};
use crate::zk::Security;

/// How long a one-shot command retries while every server refuses connections, if neither -timeout
/// nor -waitforconnection is given.
const REFUSED_PATIENCE: Duration = Duration::from_secs(3);

/// The name of a shell's first session.
const FIRST_SESSION: &str = "main";

/// Returns the mode for a person, who types lines or only reads.
pub(super) fn detected_mode() -> Mode {
    Mode::detect(std::env::var("TERM").ok().as_deref())
}

/// Returns the settings for parsing lines.
pub(super) fn reader(options: &Options) -> Reader {
    let variables = options.script.vars.then(|| std::env::vars_os().collect());
    let is_typed = options.input == Input::Standard && detected_mode() == Mode::Terminal;
    let globs = options.script.glob || (is_typed && options.dialect == Dialect::V34);
    Reader { dialect: options.dialect, globs, variables }
}

/// Returns the settings for running a script.
pub(super) fn rules(options: &Options) -> script::Rules {
    script::Rules {
        name: match &options.input {
            Input::File(path) => path.display().to_string(),
            _ => "stdin".to_owned(),
        },
        window: options.script.window.map(usize::from),
        stop_on_error: options.script.stop_on_error,
        reconnect: options.script.reconnect.map(|seconds| Duration::from_secs(seconds.into())),
        // Only the test of the barrier turns it off, which is not possible in a release build.
        barrier: !(cfg!(debug_assertions) && std::env::var_os("ZKSH_TEST_NO_BARRIER").is_some()),
    }
}

/// Creates the context of the commands. Long commands print to the screen while they run.
pub(super) fn cx(
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
    // A one-shot command such as `edit` may need the terminal too.
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
        journal: ShellJournal::default(),
        sandbox,
        terminal,
        progress: Progress::default(),
        estimate: Estimate::default(),
        config: Config {
            file: options.config_file.clone(),
            protected: options.protected.clone(),
            ensembles: ensembles(&options.ensembles),
        },
        asking,
        input: StandardInput::default(),
        running_files: RunningFiles::default(),
    }
}

/// Creates the sessions of the shell. The first one exists, but is not open.
pub(super) fn sessions(
    settings: Settings,
    names_server: bool,
    notifications: Notifications,
) -> Sessions {
    let screen = Arc::clone(&notifications.screen);
    let show = move |tag: &SessionTag, event| notifications.show(tag, event);
    let show = Arc::new(notifications::suggest_sandbox_once(screen, names_server, show));
    Sessions::new(FIRST_SESSION, move |tag, timeout| {
        let timeout = timeout.unwrap_or(settings.timeout);
        let show = Arc::clone(&show);
        Session::new(Settings { timeout, ..settings.clone() }, move |event| show(&tag, event))
    })
}

pub(super) fn settings(options: &Options, transport: Transport) -> Settings {
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

/// Returns the switches that the options set.
pub(super) fn switches(options: &Options) -> Arc<Switches> {
    let switches = Arc::<Switches>::default();
    switches.set(Switch::Hints, options.preferences.hints);
    switches.set(Switch::Pager, options.preferences.pager);
    switches.set(Switch::Times, options.preferences.times);
    switches.set(Switch::Vi, options.preferences.vi);
    switches.set(Switch::Journal, options.preferences.journal);
    switches.set_prompt(options.preferences.prompt);
    switches
}

/// Returns whether a person types lines at a terminal that cannot move its cursor.
pub(super) fn is_dumb(options: &Options, screen: &Screen) -> bool {
    options.input == Input::Standard
        && screen.mode() == Mode::Plain
        && io::stdin().is_terminal()
        && io::stdout().is_terminal()
}

/// Returns the ensembles as commands know them.
fn ensembles(ensembles: &[options::NamedEnsemble]) -> Ensembles {
    let ensemble = |known: &options::NamedEnsemble| {
        let named = known.clone();
        Ensemble {
            name: known.name.clone(),
            servers: known.servers.clone(),
            security: Box::new(move || Box::pin(security_of(named.clone()))),
        }
    };
    Ensembles::new(ensembles.iter().map(ensemble).collect())
}

/// Returns how to secure connections to an ensemble to which a command opens its own session.
async fn security_of(ensemble: options::NamedEnsemble) -> Result<Security> {
    let ready = ensemble.security()?;
    let rest = if let Ready::Unlock(rest, _) = &ready { rest } else { &ready };
    match rest {
        Ready::Ask(_, user) => {
            let message = format!("The password of {user} at {} is not known", ensemble.name);
            Err(Error::usage(message)
                .with_hint("password_file or password_command in its table gives the password"))
        }
        _ => super::security::security(&ready).await,
    }
}

/// Returns the ensembles in the prompt's form.
pub(super) fn named(ensembles: &[options::NamedEnsemble]) -> Vec<repl::NamedEnsemble> {
    let ensemble = |known: &options::NamedEnsemble| repl::NamedEnsemble {
        name: known.name.clone(),
        servers: known.servers.clone(),
        color: known.color,
        is_chosen: known.is_chosen,
    };
    ensembles.iter().map(ensemble).collect()
}
