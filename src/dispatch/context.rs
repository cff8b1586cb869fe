//! The context of a command: the session, and the parts of the shell that runs it.

use std::cell::Cell;
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::likely_line::likely_line;
use super::line_log::History;
use super::output::Output;
use super::transaction::OpenTransaction;
use super::working_path::WorkingPath;
use super::{
    Concurrency, DataHint, Explaining, Invocation, Learning, OwnSandbox, Reader, ShellJournal,
    Switch, Switches, Table, data_hint, is_private,
};
use crate::dialect::{Dialect, Format};
use crate::error::{Code, Error, Kind, Result};
use crate::output::json::{Origin, Time};
use crate::output::{Report, View};
use crate::session::{PerSession, Sessions, Trace};
use crate::terminal::progress::{Paused, Progress};
use crate::terminal::{Screen, TtyGuard};
use crate::zk::{TypedPath, ZnodePath};

/// Input that a command reads to the end.
type Input = Box<dyn Read + Send>;

/// The context of commands: the session, and the parts of the shell that runs them.
pub struct Context {
    /// The session, open or not.
    pub session: Sessions,
    /// How reports are shown.
    pub view: View,
    /// How lines are parsed.
    pub reader: Reader,
    /// Where results go.
    pub output: Output,
    /// The working path, which relative paths start from.
    pub cwd: PerSession<WorkingPath>,
    /// The shell's settings.
    pub switches: Arc<Switches>,
    /// The typed lines.
    pub history: History,
    /// The open transaction, whose operations wait for `commit`.
    pub transaction: PerSession<OpenTransaction>,
    /// Explanations of commands, if `explain` is on.
    pub explaining: Explaining,
    /// The lesson, if one runs.
    pub learning: Learning,
    /// What lines at the prompt have changed.
    pub journal: ShellJournal,
    /// The sandbox that ends with this shell.
    pub sandbox: Option<OwnSandbox>,
    /// The terminal, if a person types the lines.
    pub terminal: Option<Arc<Screen>>,
    /// The progress of the running command.
    pub progress: Progress,
    /// What the config file says about commands.
    pub config: Config,
    /// Who asks the user for consent.
    pub asking: Asking,
    /// Standard input, if a command may read it.
    pub input: StandardInput,
    /// The number of nested files that are being run.
    pub running_files: RunningFiles,
}

/// What the config file says about commands.
#[derive(Debug, Default)]
pub struct Config {
    /// The file that `setting --save` writes to.
    pub file: Option<PathBuf>,
    /// Protected znodes, with paths outside the chroot: commands must not change them together with
    /// their descendants.
    pub protected: Vec<ZnodePath>,
}

/// Who asks the user before a command that needs consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Asking {
    /// The prompt asks; lines of a script run without a question.
    #[default]
    Prompt,
    /// The process runs a single command from the command line, and asks before it.
    OneShot,
    /// Nobody can ask, although a person types the lines: the terminal is dumb.
    Nobody,
}

/// Standard input, which a single command may take.
#[derive(Default)]
pub struct StandardInput(Mutex<Option<Input>>);

impl StandardInput {
    /// Makes `input` available to one command. Nobody else may read it.
    pub fn give(&self, input: impl Read + Send + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(input));
    }

    /// Takes the input, if it is available and not yet taken.
    pub fn take(&self) -> Option<Input> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The outcome of a line that succeeded.
pub struct Outcome {
    /// The text to show.
    pub text: Vec<u8>,
    /// Whether the shell must exit.
    pub quit: bool,
    /// The error to report for this line in a script, although it has a result.
    pub failure: Option<Error>,
    /// A hint about data that was stored as typed and may surprise.
    pub data_hint: Option<DataHint>,
}

/// The number of nested files that are being run.
#[derive(Debug, Default)]
pub struct RunningFiles(Cell<usize>);

impl RunningFiles {
    /// Counts a file as running until the returned guard is dropped.
    pub fn enter(&self) -> RunningFile<'_> {
        self.0.set(self.0.get() + 1);
        RunningFile(&self.0)
    }
}

/// A guard for a file that is being run.
pub struct RunningFile<'a>(&'a Cell<usize>);

impl RunningFile<'_> {
    /// Returns the nesting depth, this file included.
    pub fn depth(&self) -> usize {
        self.0.get()
    }
}

impl Drop for RunningFile<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Context {
    /// Parses a line and adds it to the history. Returns `None` for a line without words. A line
    /// that cannot be parsed spoils an open transaction.
    pub fn read<T: Table>(&self, text: &str) -> Result<Option<Invocation<T>>> {
        let invocation = self.reader.read(text);
        self.begin(text, &invocation);
        invocation
    }

    /// Records a line that is already parsed, as [`Context::read`] does.
    pub fn begin<T: Table>(&self, text: &str, invocation: &Result<Option<Invocation<T>>>) {
        if !matches!(invocation, Ok(None)) {
            self.history.note(text);
        }
        if invocation.is_err() {
            self.transaction.spoil();
        }
        // Later errors belong to this line.
        let origin =
            invocation.as_ref().ok().and_then(|invocation| Some(self.origin(invocation.as_ref()?)));
        *self.output.origin() = origin.unwrap_or_default();
    }

    /// Runs a command that the user typed.
    pub async fn run<T: Table>(&self, invocation: &Invocation<T>) -> Result<Outcome> {
        self.run_from(invocation, self.origin(invocation)).await
    }

    /// Runs a command whose results name this origin.
    pub async fn run_from<T: Table>(
        &self,
        invocation: &Invocation<T>,
        origin: Origin,
    ) -> Result<Outcome> {
        self.progress.begin();
        self.output.origin().clone_from(&origin);
        if self.asking == Asking::Nobody
            && let Some(question) = invocation.command.question(self).await?
        {
            return Err(question.unasked());
        }
        let trace = Trace::default();
        let before = self.explaining.begin(self, &invocation.command);
        let learns_in = self.learning.runs_in(self, &invocation.command);
        let report = trace.scope(invocation.command.run(self)).await;
        // Only if the command ran alone are all these writes its own.
        let is_alone = invocation.command.effects(self).concurrency() == Concurrency::Alone;
        let report =
            if is_alone && trace.writes() > 0 { report.map_err(Error::of_several) } else { report };
        // Show events that arrived before the reply ahead of it.
        self.session.deliver();
        if let Some(number) = learns_in {
            self.learning.note_command(self, number, &trace, invocation, report.as_ref().err());
        }
        let explanation = match before {
            Some(before) => Some(self.explaining.end(self, before, &trace).await),
            None => None,
        };
        let explanation = explanation.filter(|_| invocation.command.is_explained());
        if report.is_err()
            && let Some(explanation) = explanation.clone()
        {
            self.explaining.keep(explanation);
        }
        let report = match report {
            Err(error) if self.terminal.is_some() => {
                // Boxed, so that this rare case does not enlarge the future of every line.
                return Err(Box::pin(self.with_detail(error)).await);
            }
            report => report?,
        };
        let quit = invocation.command.ends_shell();
        let mut text = self.output.view().result(&origin, &*report);
        if let Some(explanation) = explanation {
            text.extend(self.output.view().explanation(&origin, &explanation));
        }
        Ok(Outcome { text, quit, failure: report.failure(), data_hint: invocation.data_hint() })
    }

    /// Adds details to a refusal: the identities of the session and the ACL of the znode, or its
    /// current version.
    async fn with_detail(&self, error: Error) -> Error {
        let Some(path) = error.path().and_then(|path| ZnodePath::new(path).ok()) else {
            return error;
        };
        match error.code_of() {
            Some(Code::NoNode)
                if self.session.servers().is_some_and(|it| !it.chroot().is_root())
                    && let Ok(None) = self.session.exists(&ZnodePath::root(), false).await =>
            {
                self.of_missing_chroot(error)
            }
            Some(Code::BadVersion) => match self.session.exists(&path, false).await {
                Ok(Some(stat)) => error.with_hint(format!(
                    "it has version {}, its ACL version {}",
                    stat.version, stat.aversion
                )),
                _ => error,
            },
            Some(Code::NoAuth) => {
                let who = match self.session.identities().await {
                    Ok(who) => who.iter().map(|id| format!("{}:{}", id.scheme, id.user)).collect(),
                    Err(_) => vec!["(the server did not say)".to_owned()],
                };
                let wants = match self.session.get_acl(&path).await {
                    Ok((acl, _)) => {
                        let entry = |(scheme, id, perms): (&str, &str, String)| {
                            let id = id.split(':').next().unwrap_or_default();
                            format!("{scheme}:{id}:{perms}")
                        };
                        acl.parts().map(entry).collect::<Vec<_>>().join(",")
                    }
                    Err(_) => "may not be read".to_owned(),
                };
                error.with_hint(format!("this session is {}; the ACL is {wants}", who.join(", ")))
            }
            _ => error,
        }
    }

    /// Reports that the chroot does not exist, and how to create it. `error` is the server's error.
    pub fn of_missing_chroot(&self, error: Error) -> Error {
        let Some(servers) = self.session.servers().filter(|servers| !servers.chroot().is_root())
        else {
            return error;
        };
        let (hosts, chroot) = (servers.hosts_alone(), servers.chroot());
        let way = if self.terminal.is_none() || self.asking == Asking::OneShot {
            format!("zksh -server {hosts} create --parents {chroot} creates it")
        } else if chroot.as_str().rfind('/') == Some(0) {
            "create / creates it".to_owned()
        } else {
            format!("connect {hosts} and create --parents {chroot} create it")
        };
        error.with_detail(format!("the chroot {chroot} does not exist")).with_hint(way)
    }

    /// Adds the line that the user probably meant, if quotes or blanks made this one wrong.
    pub fn with_likely_line<T: Table>(&self, line: &str, error: Error) -> Error {
        // Split at its blanks, JSON has words with colons that look like passwords.
        let mut words = line.split_whitespace();
        let is_json = words.nth(2).is_some_and(|word| word.starts_with(['{', '[']));
        let is_shown = || is_json || !is_private::<T>(line, self.view.dialect);
        let is_of_words = error.kind() == Kind::Usage || error.code_of() == Some(Code::NoNode);
        match likely_line::<T>(line, self.view.dialect) {
            Some(meant) if is_of_words && is_shown() => error.with_hint(format!(
                "put words with blanks in single quotes: {meant} (help quoting)"
            )),
            _ => error,
        }
    }

    /// Warns once per session that an open transaction would be dropped, and once that others use
    /// the sandbox.
    pub fn may_leave(&self) -> Result<()> {
        let sessions = self.session.list();
        sessions.iter().try_for_each(|named| {
            let may_be_left = self.transaction.of(named.number).may_be_left();
            may_be_left.map_err(|error| {
                if named.is_current {
                    return error;
                }
                error.with_detail(format!("in session {}", named.name))
            })
        })?;
        match &self.sandbox {
            Some(sandbox) => sandbox.may_be_left(self),
            None => Ok(()),
        }
    }

    /// Returns the origin for the results of a command, which is empty unless the output is JSON. A
    /// command that runs in another session has the origin that it would have there.
    pub fn origin<T: Table>(&self, invocation: &Invocation<T>) -> Origin {
        if self.view.format != Format::Json {
            return Origin::default();
        }
        if let Some(name) = invocation.command.session()
            && let Ok(_switched) = self.session.switched_to(name)
            && let Some(Ok(inner)) = invocation.command.invocation(Some(self))
        {
            return self.origin(&inner);
        }
        let path = invocation.path.as_ref().map(|typed| {
            self.path(typed).map_or_else(|_| typed.as_str().to_owned(), |path| path.to_string())
        });
        let session = self
            .session
            .shown_name()
            .map(|current| invocation.command.runs_in(self).unwrap_or_else(|| current.to_string()));
        Origin { command: Some(invocation.name.clone()), session, path, ..Origin::default() }
    }

    /// Renders an event that has just arrived.
    pub fn news(&self, news: &dyn Report) -> Vec<u8> {
        let session = self.session.shown_name();
        let times = self.switches.is_on(Switch::Times);
        self.view.event(session.as_deref(), news, Time::now(), times)
    }

    /// Shows a hint about data that was stored as typed; `place` names the line of a script.
    pub fn show_data_hint(&self, screen: &Screen, place: Option<&str>, hint: &DataHint) {
        data_hint::show(self.view, screen, place, hint);
    }

    /// Shows the error of the last command.
    pub fn complain(&self, screen: &Screen, error: &Error) {
        match self.view.record_of(&self.output.origin(), None, error) {
            Some(record) => screen.print(&record),
            None => screen.error(&self.view.complaint(error)),
        }
        self.explain_failure(screen);
    }

    /// Shows the explanation of a failed command, if `explain` is on.
    pub fn explain_failure(&self, screen: &Screen) {
        if let Some(explanation) = self.explaining.take() {
            let origin = self.output.origin().clone();
            screen.print(&self.view.explanation(&origin, &explanation));
        }
    }

    /// Shows a part of a result before the whole is known.
    pub fn show(&self, report: &dyn Report) -> Result<()> {
        self.output.part(report, false)
    }

    /// Shows one result of a command that has several.
    pub fn show_whole(&self, report: &dyn Report) -> Result<()> {
        self.output.part(report, true)
    }

    /// Flushes the output shown so far.
    pub fn flush(&self) -> Result<()> {
        self.output.flush()
    }

    /// Hides events and progress until the returned guards are dropped, because of a question on
    /// the terminal.
    pub fn hold(&self) -> (Option<TtyGuard>, Paused<'_>) {
        (self.terminal.as_ref().map(|terminal| terminal.hold_events()), self.progress.pause())
    }

    /// Shows the progress of the running command until the future is dropped.
    pub async fn show_progress(&self, screen: &Screen) {
        let otherwise = || {
            let connected = self.session.state().is_connected();
            if connected { "Running" } else { "Waiting for a server" }
        };
        self.progress.show(screen, otherwise).await;
    }

    /// Returns the typed path, or the working path if none was typed. In the dialect of 3.9 a path
    /// is required.
    pub fn path_or_here(
        &self,
        typed: Option<&TypedPath>,
        usage: &'static str,
    ) -> Result<ZnodePath> {
        if let Some(typed) = typed {
            return self.path(typed);
        }
        let here = self.cwd.get().filter(|_| !self.cwd.is_lost());
        here.filter(|_| self.view.dialect == Dialect::V34)
            .ok_or_else(|| Error::usage("Missing: path").with_usage(usage))
    }

    /// Returns the absolute path of a typed one.
    pub fn path(&self, typed: &TypedPath) -> Result<ZnodePath> {
        if self.cwd.is_lost() && !typed.as_str().starts_with('/') {
            let message = format!("{} is relative, but the last cd failed", typed.as_str());
            return Err(
                Error::usage(message).with_hint("use an absolute path, or a cd that succeeds")
            );
        }
        typed.from(self.cwd.get().as_ref())
    }

    /// Like [`Context::path`], but `.` means the root if there is no working path.
    pub fn path_or_root(&self, typed: &TypedPath) -> Result<ZnodePath> {
        if typed.as_str() == "." && !self.cwd.is_lost() {
            return Ok(self.cwd.get().unwrap_or_else(ZnodePath::root));
        }
        self.path(typed)
    }

    /// Returns why a znode and its descendants are protected, if they are.
    pub fn protected_by(&self, path: &ZnodePath) -> Option<&'static str> {
        let chroot = self.session.servers().map(|servers| servers.chroot().clone());
        let whole = chroot.unwrap_or_else(ZnodePath::root).below(path);
        if whole.is_root() {
            return Some("it is the root of the server");
        }
        if path.is_root() {
            return Some("it is all that this session sees");
        }
        if ZnodePath::root().child("zookeeper").contains(&whole) {
            return Some("ZooKeeper keeps its own data there");
        }
        let protects = |known: &ZnodePath| known.contains(&whole) || whole.contains(known);
        self.config.protected.iter().any(protects).then_some("the config file protects it")
    }

    /// Returns the prefix of a sequential znode from a typed path.
    pub fn sequential(&self, typed: &TypedPath) -> Result<String> {
        typed.sequential_from(self.cwd.get().as_ref())
    }
}
