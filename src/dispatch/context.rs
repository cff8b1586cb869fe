//! The context of a command: the session, and the parts of the shell that runs it.

use std::cell::Cell;
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use terminal_size::{Width, terminal_size};

use super::line_log::History;
use super::output::Output;
use super::transaction::OpenTransaction;
use super::working_path::WorkingPath;
use super::{
    Concurrency, DataHint, Ensembles, Estimate, Explaining, Invocation, Learning, OwnSandbox,
    Reader, ShellJournal, Switch, Switches, Table, data_hint,
};
use crate::dialect::{Dialect, Format};
use crate::error::{Error, Result};
use crate::output::json::{Origin, Time};
use crate::output::{Report, View};
use crate::session::{PerSession, Sessions, Trace};
use crate::terminal::progress::{Paused, Progress};
use crate::terminal::{Screen, TtyGuard};
use crate::zk::ZnodePath;

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
    /// The tree that the running command walks, so that its progress can be estimated.
    pub estimate: Estimate,
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
    /// The ensembles that have names.
    pub ensembles: Ensembles,
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
        self.begin(text, invocation.as_ref().map(Option::as_ref));
        invocation
    }

    /// Records a line that is already parsed, as [`Context::read`] does.
    pub fn begin<T: Table>(&self, text: &str, invocation: Result<Option<&Invocation<T>>, &Error>) {
        if !matches!(invocation, Ok(None)) {
            self.history.note(text);
        }
        if invocation.is_err() {
            self.transaction.spoil();
        }
        // Later errors belong to this line.
        let origin = invocation.ok().flatten().map(|invocation| self.origin(invocation));
        *self.output.origin() = origin.unwrap_or_default();
    }

    /// Runs a command that the user typed.
    pub async fn run<T: Table>(&self, invocation: &Invocation<T>) -> Result<Outcome> {
        self.run_from(invocation, self.origin(invocation), &Trace::default()).await
    }

    /// Runs a command whose results name this origin, and counts its requests in the trace.
    pub async fn run_from<T: Table>(
        &self,
        invocation: &Invocation<T>,
        origin: Origin,
        trace: &Trace,
    ) -> Result<Outcome> {
        self.progress.begin();
        self.estimate.begin();
        self.output.origin().clone_from(&origin);
        if self.asking == Asking::Nobody
            && let Some(question) = invocation.command.question(self).await?
        {
            return Err(question.unasked());
        }
        let before = self.explaining.begin(self, &invocation.command);
        let learns_in = self.learning.runs_in(self, &invocation.command);
        if before.is_some() || learns_in.is_some() {
            trace.keep_replies();
        }
        let report = trace.scope(invocation.run(self)).await;
        // Only if the command ran alone are all these writes its own.
        let is_alone = invocation.effects(self).concurrency() == Concurrency::Alone;
        let report =
            if is_alone && trace.writes() > 0 { report.map_err(Error::of_several) } else { report };
        self.session.close_elsewhere().await;
        // Show events that arrived before the reply ahead of it.
        self.session.deliver();
        if let Some(number) = learns_in {
            self.learning.note_command(self, number, trace, invocation, report.as_ref().err());
        }
        let explanation = match before {
            // Boxed, so that this rare case does not enlarge the future of every line.
            Some(before) => Some(Box::pin(self.explaining.end(self, before, trace)).await),
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
    pub fn report_error(&self, screen: &Screen, error: &Error) {
        match self.view.record_of(&self.output.origin(), None, error) {
            Some(record) => screen.print(&record),
            None => screen.error(&self.view.error_text(error)),
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
        tokio::select! {
            () = self.progress.show(screen, otherwise) => {}
            () = self.estimate.ask(&self.progress) => {}
        }
    }

    /// Returns the number of screen columns, if a person reads the result there and it may have
    /// another layout than zkCli's.
    pub fn columns(&self) -> Option<usize> {
        let screen = self.terminal.as_ref()?;
        let is_read_there = self.view.terminal && self.view.format == Format::Text;
        if !is_read_there || self.view.dialect == Dialect::V39 || screen.is_piped() {
            return None;
        }
        terminal_size().map(|(Width(columns), _)| usize::from(columns))
    }
}
