//! The running lesson: what commands, the prompt and notifications share with the thread that plays it
//! (`learn`). They pass on the learner's requests and record replies, events and watches.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::{Context, Invocation, Table};
use crate::error::{Error, Result};
use crate::language::Language;
use crate::lesson::{Event, Record, Reply, Request, Watch, WatchKind};
use crate::session::{Answer, Exchange, Session, Trace};
use crate::zk;

/// The width of the screen in columns until it is known.
const COLUMNS: u16 = 80;

/// A message to the thread that plays a lesson. Its answer is the text to show.
pub enum Message {
    /// The learner makes a request.
    Asked(Request, oneshot::Sender<String>),
    /// A typed line has run.
    Typed(oneshot::Sender<String>),
    /// An event has arrived while no line runs.
    Happened,
}

/// The running lesson of a shell, if there is one. Clones refer to the same lesson.
#[derive(Clone, Default)]
pub struct Learning(Arc<Shared>);

#[derive(Default)]
struct Shared {
    running: Mutex<Option<Running>>,
    is_on: AtomicBool,
    /// Whether there is a prompt, above which the lesson can print.
    has_prompt: AtomicBool,
    /// Whether events are hidden, because a lesson is only being checked.
    is_hushed: AtomicBool,
    /// Whether the shell is about to end.
    is_ending: AtomicBool,
    /// Held while a line runs, so that the lesson does not act meanwhile.
    turn: tokio::sync::Mutex<()>,
    language: Mutex<Option<Language>>,
    columns: AtomicU16,
}

struct Running {
    player: Sender<Message>,
    record: Record,
    /// The names of the lesson's sessions by session number.
    sessions: BTreeMap<usize, String>,
    /// The id of the session in which the lesson reads the tree.
    reader: Option<i64>,
    /// The names of the top-level znodes that the lesson's sessions have created.
    created: BTreeSet<String>,
    /// Whether the player has been notified of events that it has not looked at yet.
    is_told: AtomicBool,
}

/// Maximum number of created top-level znodes to remember.
const MAX_CREATED: usize = 1000;

/// A guard for a running lesson, which ends when the guard is dropped.
pub struct Begun(Learning);

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.0.is_on.store(false, Ordering::Relaxed);
        self.0.0.is_hushed.store(false, Ordering::Relaxed);
        *self.0.running() = None;
    }
}

/// A guard that keeps the lesson from acting until it is dropped.
pub struct Turn<'a>(#[expect(dead_code, reason = "held")] tokio::sync::MutexGuard<'a, ()>);

impl Learning {
    /// Returns whether a lesson runs.
    pub fn is_on(&self) -> bool {
        self.0.is_on.load(Ordering::Relaxed)
    }

    /// Starts a lesson, which `player` plays.
    ///
    /// # Errors
    /// If a lesson is already running.
    pub fn begin(&self, player: Sender<Message>) -> Result<Begun> {
        let mut running = self.running();
        if running.is_some() {
            return Err(Error::usage("A lesson is running already").with_hint("stop ends it"));
        }
        *running = Some(Running {
            player,
            record: Record::default(),
            sessions: BTreeMap::new(),
            reader: None,
            created: BTreeSet::new(),
            is_told: AtomicBool::new(false),
        });
        self.0.is_on.store(true, Ordering::Relaxed);
        Ok(Begun(self.clone()))
    }

    /// Hides events until the lesson is over.
    pub fn hush(&self) {
        self.0.is_hushed.store(true, Ordering::Relaxed);
    }

    /// Returns whether events are hidden.
    pub fn is_hushed(&self) -> bool {
        self.0.is_hushed.load(Ordering::Relaxed)
    }

    /// Ends the lesson because the shell ends, and waits until it has deleted what it has created.
    /// Returns the text to show.
    pub async fn leave(&self) -> String {
        self.0.is_ending.store(true, Ordering::Relaxed);
        self.ask(Request::Stop).await.unwrap_or_default()
    }

    /// Returns whether the shell is about to end, so that the lesson must not wait for anything.
    pub fn is_ending(&self) -> bool {
        self.0.is_ending.load(Ordering::Relaxed)
    }

    /// Returns the id of the session in which the lesson reads the tree. It is not listed.
    pub fn reader(&self) -> Option<i64> {
        self.running().as_ref().and_then(|running| running.reader)
    }

    /// Sets the id of the session in which the lesson reads the tree.
    pub fn set_reader(&self, id: Option<i64>) {
        if let Some(running) = &mut *self.running() {
            running.reader = id;
        }
    }

    /// Adds a session of the lesson.
    pub fn add_session(&self, number: usize, name: &str) {
        if let Some(running) = &mut *self.running() {
            running.sessions.insert(number, name.to_owned());
        }
    }

    /// Returns whether a session is one of the lesson.
    pub fn has_session(&self, name: &str) -> bool {
        self.running().as_ref().is_some_and(|it| it.sessions.values().any(|known| known == name))
    }

    /// Passes the record of the current step to `see`. Returns `None` if no lesson is running.
    pub fn with_record<R>(&self, see: impl FnOnce(&mut Record) -> R) -> Option<R> {
        self.running().as_mut().map(|running| see(&mut running.record))
    }

    /// Returns the names of the top-level znodes that the lesson's sessions have created.
    pub fn created(&self) -> BTreeSet<String> {
        self.running().as_ref().map(|running| running.created.clone()).unwrap_or_default()
    }

    /// Records that the player looks at the events so far.
    pub fn looks(&self) {
        if let Some(running) = &*self.running() {
            running.is_told.store(false, Ordering::Relaxed);
        }
    }

    /// Records an event of a session. An event without a path concerns the session itself.
    pub fn note_event(&self, number: usize, kind: &str, path: Option<&str>) {
        if !self.is_on() {
            return;
        }
        if let Some(running) = &mut *self.running()
            && let Some(session) = running.sessions.get(&number).cloned()
        {
            let path = path.map(str::to_owned);
            running.record.event(Event { session, kind: kind.to_owned(), path });
            if !running.is_told.swap(true, Ordering::Relaxed) {
                // This fails if the player has ended.
                let _ = running.player.send(Message::Happened);
            }
        }
    }

    /// Returns the number of the session in which a command will run, if a lesson is running.
    pub(super) fn runs_in<T: Table>(&self, cx: &Context, command: &T) -> Option<usize> {
        if !self.is_on() {
            return None;
        }
        let named = command.runs_in(cx).and_then(|name| cx.session.number_of(&name).ok());
        Some(named.unwrap_or_else(|| cx.session.number()))
    }

    /// Records the replies and watches of a command that has run in a session.
    pub(super) fn note_command<T: Table>(
        &self,
        cx: &Context,
        number: usize,
        trace: &Trace,
        invocation: &Invocation<T>,
        error: Option<&Error>,
    ) {
        let sessions = cx.session.list();
        let own = sessions.iter().find(|named| named.number == number);
        // Call this before taking the lock, because it records events.
        own.inspect(|named| named.session.deliver());
        let mut running = self.running();
        let Some(Running { record, sessions: of_lesson, created, .. }) = &mut *running else {
            return;
        };
        for named in &sessions {
            let Some(name) = of_lesson.get(&named.number) else { continue };
            record.watches(name, watches_of(name, named.session));
        }
        let (Some(own), Some(name)) = (own, of_lesson.get(&number)) else { return };
        let exchanges = own.session.exchanges(&trace.replies());
        let replies: Vec<Reply> =
            exchanges.iter().filter_map(|exchange| reply(name, exchange)).collect();
        // There is no reply to a request that was lost.
        if replies.iter().all(|reply| reply.result == "Ok")
            && let Some(code) = error.and_then(Error::code_of)
        {
            let path = invocation.path.as_ref().and_then(|typed| cx.path(typed).ok());
            record.reply(Reply {
                session: name.clone(),
                operation: operation(&invocation.name).to_owned(),
                paths: path.into_iter().map(|path| path.to_string()).collect(),
                result: code.identifier(),
            });
        }
        for reply in replies {
            if reply.result == "Ok" && matches!(&*reply.operation, "create" | "multi") {
                let tops = reply.paths.iter().filter_map(|path| path.split('/').nth(1));
                let room = MAX_CREATED.saturating_sub(created.len());
                created.extend(tops.filter(|top| !top.is_empty()).take(room).map(str::to_owned));
            }
            record.reply(reply);
        }
    }

    /// Returns whether there is a prompt.
    pub fn has_prompt(&self) -> bool {
        self.0.has_prompt.load(Ordering::Relaxed)
    }

    /// Records that there is a prompt.
    pub fn set_has_prompt(&self) {
        self.0.has_prompt.store(true, Ordering::Relaxed);
    }

    /// Returns the language of lessons and glossary.
    pub fn language(&self) -> Language {
        let chosen = *self.0.language.lock().unwrap_or_else(PoisonError::into_inner);
        chosen.unwrap_or_else(|| Language::of_environment(|name| std::env::var(name).ok()))
    }

    /// Sets the language of lessons and glossary.
    pub fn set_language(&self, language: Language) {
        *self.0.language.lock().unwrap_or_else(PoisonError::into_inner) = Some(language);
    }

    /// Returns the width of the screen in columns.
    pub fn columns(&self) -> usize {
        match self.0.columns.load(Ordering::Relaxed) {
            0 => COLUMNS.into(),
            columns => columns.into(),
        }
    }

    /// Sets the width of the screen in columns.
    pub fn set_columns(&self, columns: u16) {
        self.0.columns.store(columns, Ordering::Relaxed);
    }

    /// Waits until the lesson is not acting, and keeps it from acting until the guard is dropped.
    pub async fn turn(&self) -> Option<Turn<'_>> {
        if self.is_on() { Some(Turn(self.0.turn.lock().await)) } else { None }
    }

    /// Like [`Learning::turn`], for the lesson itself. Returns `None` while a line runs.
    pub fn try_turn(&self) -> Option<Turn<'_>> {
        self.0.turn.try_lock().ok().map(Turn)
    }

    /// Sends a request to the lesson, and returns the text to show.
    ///
    /// # Errors
    /// If no lesson is running.
    pub async fn ask(&self, request: Request) -> Result<String> {
        let (sender, answer) = oneshot::channel();
        self.send(Message::Asked(request, sender))?;
        answer.await.map_err(|_| not_running())
    }

    /// Tells the lesson that a line has run; returns what it says to it.
    pub async fn typed(&self) -> String {
        let (sender, answer) = oneshot::channel();
        if !self.is_on() || self.send(Message::Typed(sender)).is_err() {
            return String::new();
        }
        answer.await.unwrap_or_default()
    }

    fn send(&self, message: Message) -> Result<()> {
        match &*self.running() {
            Some(running) => running.player.send(message).map_err(|_| not_running()),
            None => Err(not_running()),
        }
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_running() -> Error {
    Error::usage("No lesson is running").with_hint("lesson lists them; lesson NAME begins one")
}

/// Returns the watches of a session, as lessons name them.
pub fn watches_of(name: &str, session: &Session) -> Vec<Watch> {
    let watch = |watch: crate::session::Watch| Watch {
        session: name.to_owned(),
        kind: match watch.kind {
            zk::WatchKind::Data => WatchKind::Data,
            zk::WatchKind::Child => WatchKind::Child,
            zk::WatchKind::Persistent => WatchKind::Persistent,
            zk::WatchKind::PersistentRecursive => WatchKind::Recursive,
        },
        path: watch.path.to_string(),
    };
    session.watches().into_iter().map(watch).collect()
}

/// Returns the operation that a command is named for.
fn operation(command: &str) -> &str {
    match command {
        "exists" => "stat",
        "ls2" => "ls",
        "deleteall" | "rmr" => "delete",
        "commit" => "multi",
        command => command,
    }
}

/// Returns a request and its reply as lessons name them, by the command that sends it; none for what
/// lessons do not judge.
fn reply(session: &str, exchange: &Exchange) -> Option<Reply> {
    let operation = match exchange.request.operation {
        "create" | "create2" | "createContainer" | "createTTL" => "create",
        "delete" => "delete",
        "exists" => "stat",
        "getData" => "get",
        "setData" => "set",
        "getACL" => "getAcl",
        "setACL" => "setAcl",
        "getChildren" | "getChildren2" | "multiRead" => "ls",
        "sync" => "sync",
        "multi" => "multi",
        "addWatch" => "addWatch",
        "removeWatches" => "removewatches",
        "getEphemerals" => "getEphemerals",
        "auth" => "addauth",
        _ => return None,
    };
    let result = match &exchange.reply {
        Answer::Refused { code, .. } => code.identifier(),
        Answer::Done(done) if done.absent => "NoNode".to_owned(),
        Answer::Done(_) => "Ok".to_owned(),
    };
    Some(Reply {
        session: session.to_owned(),
        operation: operation.to_owned(),
        paths: exchange.paths().map(str::to_owned).collect(),
        result,
    })
}
