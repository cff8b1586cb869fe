//! What commands work on: the session, the log of lines, and the few switches of the shell.

use std::cell::Cell;
use std::io::Read;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::data_hint;
use super::is_private;
use super::likely_line::likely_line;
use super::line_log::LineLog;
use super::multi::{Queued, Transaction};
use super::switches::{Switch, Switches};
use super::{Command, DataHint, Invocation, Reader};
use crate::dialect::{Dialect, Format};
use crate::dispatch::Concurrency;
use crate::error::{Code, Error, Kind, Result};
use crate::output::json::{Origin, Time};
use crate::output::{Report, View};
use crate::session::{Operation, Session, Trace};
use crate::terminal::progress::{Paused, Progress};
use crate::terminal::{Screen, TtyGuard};
use crate::zk::{TypedPath, ZnodePath};

/// Writes a part of a result, or with `true` the last part of one of several results; fails when
/// nobody reads it any more.
type Show = Box<dyn Fn(&[u8], bool) -> Result<()>>;

/// What a command may read to its end.
type Input = Box<dyn Read + Send>;

/// One shell: whatever lines it is given, from wherever, run here.
pub struct Context {
    /// The session, open or not.
    pub session: Session,
    /// How reports are shown.
    pub view: View,
    /// How lines are read.
    pub reader: Reader,
    show: Show,
    /// Of the command that runs, or ran last.
    origin: Mutex<Origin>,
    log: Mutex<LineLog>,
    earlier: OnceLock<Vec<String>>,
    /// What is switched on and off.
    pub switches: Arc<Switches>,
    /// The terminal, where a person types the lines.
    pub terminal: Option<Arc<Screen>>,
    /// What waits for `commit`, between `multi` and there.
    transaction: Mutex<Option<Transaction>>,
    /// Standard input, where a command may read it.
    input: Mutex<Option<Input>>,
    /// How far the running command has come.
    pub progress: Progress,
    /// Znodes, from the server's root on, that are not to be changed together with what is below
    /// them.
    pub protected: Vec<ZnodePath>,
    /// Whether the last `cd` of a script has failed.
    lost_way: AtomicBool,
    /// Where `setting --save` writes.
    pub config_file: Option<PathBuf>,
    /// Whether a program reads the results, and not the terminal.
    piped: Cell<bool>,
    /// How many files run each other.
    files: Cell<usize>,
    /// Whether a person types the lines where nothing can be asked: at a dumb terminal.
    pub unasked: bool,
    /// Whether a person has typed the one command on the command line, and can be asked.
    pub asks: bool,
}

/// What came of a line that worked.
pub struct Outcome {
    /// What to show.
    pub text: Vec<u8>,
    /// Whether the shell is to end.
    pub quit: bool,
    /// Why a script is to call the line failed, though it has a result.
    pub failure: Option<Error>,
    /// What to say of data that is stored as typed and may surprise.
    pub data_hint: Option<DataHint>,
}

/// A file that is being run.
pub(super) struct RunningFile<'a>(&'a Cell<usize>);

impl RunningFile<'_> {
    /// Returns how many files run each other, with this one.
    pub(super) fn depth(&self) -> usize {
        self.0.get()
    }
}

impl Drop for RunningFile<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Context {
    /// Makes a shell whose long commands show what they find, as they find it, with `show`.
    /// `switches` are shared with whoever shows events.
    pub fn new(
        session: Session,
        view: View,
        switches: Arc<Switches>,
        show: impl Fn(&[u8], bool) -> Result<()> + 'static,
    ) -> Self {
        Self {
            session,
            view,
            reader: Reader { dialect: view.dialect, variables: None },
            show: Box::new(show),
            origin: Mutex::default(),
            log: Mutex::default(),
            earlier: OnceLock::new(),
            switches,
            terminal: None,
            transaction: Mutex::default(),
            input: Mutex::default(),
            progress: Progress::default(),
            protected: Vec::new(),
            lost_way: AtomicBool::new(false),
            config_file: None,
            piped: Cell::default(),
            files: Cell::default(),
            unasked: false,
            asks: false,
        }
    }

    /// Reads a line and notes it, as [`Context::note`] does. None for a line without words. A line
    /// that cannot be read keeps a transaction from being applied.
    pub fn read(&self, text: &str) -> Result<Option<Invocation>> {
        let invocation = self.reader.read(text);
        self.begin(text, &invocation);
        invocation
    }

    /// Begins with a line that was read, as [`Context::read`] does.
    pub fn begin(&self, text: &str, invocation: &Result<Option<Invocation>>) {
        if !matches!(invocation, Ok(None)) {
            self.note(text);
        }
        if invocation.is_err() {
            self.spoil();
        }
        // What is complained of from now on is this line's.
        let origin =
            invocation.as_ref().ok().and_then(|invocation| Some(self.origin(invocation.as_ref()?)));
        *self.last_origin() = origin.unwrap_or_default();
    }

    /// Says whether a program reads the results, which then have no colours and no escapes.
    pub fn set_piped(&self, piped: bool) {
        self.piped.set(piped);
    }

    /// Returns how results are shown.
    fn result_view(&self) -> View {
        if self.piped.get() {
            View { terminal: false, color: false, ..self.view }
        } else {
            self.view
        }
    }

    /// Begins to run a file, until what is returned is dropped.
    pub(super) fn enter_file(&self) -> RunningFile<'_> {
        self.files.set(self.files.get() + 1);
        RunningFile(&self.files)
    }

    /// Returns how many operations wait for `commit`; none where no transaction has begun.
    pub fn queued(&self) -> Option<usize> {
        self.transaction().as_ref().map(Transaction::len)
    }

    /// Returns whether a transaction has begun.
    pub fn in_transaction(&self) -> bool {
        self.transaction().is_some()
    }

    /// Keeps the transaction, if one has begun, from being applied.
    pub fn spoil(&self) {
        if let Some(transaction) = &mut *self.transaction() {
            transaction.spoil();
        }
    }

    pub(super) fn transaction(&self) -> MutexGuard<'_, Option<Transaction>> {
        self.transaction.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says once that a transaction would be dropped, where one is open.
    pub fn may_leave_transaction(&self) -> Result<()> {
        self.transaction().as_mut().map_or(Ok(()), Transaction::may_be_left)
    }

    /// Keeps an operation for `commit`, where a transaction has begun.
    pub(super) fn queue(&self, operation: Result<Operation>) -> Result<Queued> {
        let mut transaction = self.transaction();
        let open = transaction.get_or_insert_default();
        if operation.is_err() {
            open.spoil();
        }
        operation.map(|operation| open.add(operation, self.terminal.is_some()))
    }

    /// Runs a command that was typed.
    pub async fn run(&self, invocation: &Invocation) -> Result<Outcome> {
        self.run_from(invocation, self.origin(invocation)).await
    }

    /// Runs a command whose results are to name this origin.
    pub async fn run_from(&self, invocation: &Invocation, origin: Origin) -> Result<Outcome> {
        self.progress.begin();
        self.last_origin().clone_from(&origin);
        if self.unasked
            && let Some(question) = invocation.command.question(self).await?
        {
            return Err(question.unasked());
        }
        let trace = Trace::default();
        let report = trace.scope(invocation.command.run(self)).await;
        // Of what runs alone, so that the writes are its own.
        let is_alone = invocation.effects(self).concurrency() == Concurrency::Alone;
        let report =
            if is_alone && trace.writes() > 0 { report.map_err(Error::of_several) } else { report };
        // Events that came before the reply are shown before it.
        self.session.deliver();
        let report = match report {
            Err(error) if self.terminal.is_some() => return Err(self.with_detail(error).await),
            report => report?,
        };
        let quit = matches!(invocation.command, Command::Quit(_));
        let text = self.result_view().result(&origin, &*report);
        Ok(Outcome { text, quit, failure: report.failure(), data_hint: invocation.data_hint() })
    }

    /// Adds what a person needs to know of a refusal: who the session is and what the ACL wants, or
    /// the version that the znode has.
    async fn with_detail(&self, error: Error) -> Error {
        let Some(path) = error.path().and_then(|path| ZnodePath::new(path).ok()) else {
            return error;
        };
        match error.code_of() {
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
                    Err(_) => vec!["known to the server only".to_owned()],
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

    /// Adds the line that was meant, where quotes or blanks have made this one wrong.
    pub fn with_likely_line(&self, line: &str, error: Error) -> Error {
        let is_of_words = error.kind() == Kind::Usage || error.code_of() == Some(Code::NoNode);
        match likely_line(line, self.view.dialect) {
            Some(meant) if is_of_words && !is_private(line, self.view.dialect) => error.with_hint(
                format!("words with blanks stand in single quotes: {meant} (help quoting)"),
            ),
            _ => error,
        }
    }

    /// Returns what results of a command name as their origin; nothing where people read them.
    pub fn origin(&self, invocation: &Invocation) -> Origin {
        if self.view.format != Format::Json {
            return Origin::default();
        }
        let path = invocation.path.as_ref().map(|typed| {
            self.path(typed).map_or_else(|_| typed.as_str().to_owned(), |path| path.to_string())
        });
        Origin { command: Some(invocation.name.clone()), path, ..Origin::default() }
    }

    /// Renders what came without being asked for, just now.
    pub fn news(&self, news: &dyn Report) -> Vec<u8> {
        self.view.event(news, Time::now(), self.switches.is_on(Switch::Times))
    }

    /// Shows what is said of data that is stored as typed; `place` names the line of a script.
    pub fn show_data_hint(&self, screen: &Screen, place: Option<&str>, hint: &DataHint) {
        data_hint::show(self.view, screen, place, hint);
    }

    /// Shows why the command that ran last has failed.
    pub fn complain(&self, screen: &Screen, error: &Error) {
        match self.view.record_of(&self.last_origin(), None, error) {
            Some(record) => screen.print(&record),
            None => screen.error(&self.view.complaint(error)),
        }
    }

    fn last_origin(&self) -> MutexGuard<'_, Origin> {
        self.origin.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows a part of a command's result before the whole is known.
    pub fn show(&self, report: &dyn Report) -> Result<()> {
        (self.show)(&self.result_view().part(&self.last_origin(), report), false)
    }

    /// Shows one result of a command that has several; it reaches the reader at once, and events
    /// may stand behind it.
    pub(super) fn tell(&self, report: &dyn Report) -> Result<()> {
        (self.show)(&self.result_view().part(&self.last_origin(), report), true)
    }

    /// Lets what was shown so far reach its reader.
    pub(super) fn let_out(&self) -> Result<()> {
        (self.show)(b"", true)
    }

    /// Keeps events and progress back until what is returned is dropped: something is asked on the
    /// terminal.
    pub(super) fn hold(&self) -> (Option<TtyGuard>, Paused<'_>) {
        (self.terminal.as_ref().map(|terminal| terminal.hold_events()), self.progress.pause())
    }

    /// Shows how far the running command has come, until it is dropped.
    pub async fn show_progress(&self, screen: &Screen) {
        let otherwise = || {
            let connected = self.session.state().is_connected();
            if connected { "Running" } else { "Waiting for a server" }
        };
        self.progress.show(screen, otherwise).await;
    }

    /// Lets one command read `input`, which nobody else does.
    pub fn give_input(&self, input: impl Read + Send + 'static) {
        *self.input.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(input));
    }

    /// Takes what may be read, if it is still there.
    pub(super) fn take_input(&self) -> Option<Input> {
        self.input.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Notes that a script is not where its last `cd` was to lead, or that it is.
    pub(super) fn lose_way(&self, is_lost: bool) {
        self.lost_way.store(is_lost, Ordering::Relaxed);
    }

    /// Returns whether the last `cd` of a script has failed.
    pub(super) fn has_lost_way(&self) -> bool {
        self.lost_way.load(Ordering::Relaxed)
    }

    /// Returns the znode that was typed, or where none was, the working path. In the dialect of 3.9
    /// a path must be typed.
    pub(super) fn path_or_here(
        &self,
        typed: Option<&TypedPath>,
        usage: &'static str,
    ) -> Result<ZnodePath> {
        if let Some(typed) = typed {
            return self.path(typed);
        }
        let here = self.session.working_path().filter(|_| !self.has_lost_way());
        here.filter(|_| self.view.dialect == Dialect::V34)
            .ok_or_else(|| Error::usage("Missing: path").with_usage(usage))
    }

    /// Returns the znode that was typed.
    pub fn path(&self, typed: &TypedPath) -> Result<ZnodePath> {
        if self.has_lost_way() && !typed.as_str().starts_with('/') {
            let message =
                format!("{} counts from where the last cd has failed to go", typed.as_str());
            return Err(Error::usage(message).with_hint("a cd that succeeds comes first"));
        }
        typed.from(self.session.working_path().as_ref())
    }

    /// As [`Context::path`]; `.` is the root where there is no working path.
    pub fn path_or_root(&self, typed: &TypedPath) -> Result<ZnodePath> {
        if typed.as_str() == "." && !self.has_lost_way() {
            return Ok(self.session.working_path().unwrap_or_else(ZnodePath::root));
        }
        self.path(typed)
    }

    /// Returns why a znode is not to be changed together with all below it, if so.
    pub(super) fn protected_by(&self, path: &ZnodePath) -> Option<&'static str> {
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
        self.protected.iter().any(protects).then_some("the config file protects it")
    }

    /// Returns the prefix of a sequential znode that was typed.
    pub fn sequential(&self, typed: &TypedPath) -> Result<String> {
        typed.sequential_from(self.session.working_path().as_ref())
    }

    /// Notes a line; its number is the one that the prompt showed.
    pub fn note(&self, line: &str) {
        self.log().push(line);
    }

    /// Returns the lines so far.
    pub(super) fn log(&self) -> MutexGuard<'_, LineLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the lines of earlier shells, the oldest first; to be called once.
    pub fn tell_earlier(&self, lines: Vec<String>) {
        let _ = self.earlier.set(lines);
    }

    /// Returns the lines of earlier shells.
    pub(super) fn earlier(&self) -> &[String] {
        self.earlier.get().map_or(&[], Vec::as_slice)
    }

    /// Returns the number of the next line.
    pub fn next_number(&self) -> usize {
        self.log().len()
    }
}
