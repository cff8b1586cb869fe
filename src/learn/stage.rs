//! The stage of a lesson: the sessions of the shell.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::place::Place;
use super::tree_reader::TreeReader;
use crate::dispatch::{Context, Table, watches_of};
use crate::error::{Error, Kind, Result};
use crate::lesson::{self, Effect, Line, Server, ServerState, SessionState, Stage, Znode};
use crate::sandbox::{Process, ServerMode};
use crate::session::{Session, Sessions};
use crate::zk::ZnodePath;

/// The time limit for a line of a lesson. No line needs half of it.
const LONGEST_LINE: Duration = Duration::from_mins(1);

/// The time limit for deleting the lesson's znodes.
const CLEANUP_LIMIT: Duration = Duration::from_secs(10);

/// How long a session looks for a server if it never learned its timeout from one.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(4);

/// The polling interval while waiting.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The sessions of a lesson. It types lines in them, and observes the effects of these and of the
/// learner's lines.
///
/// Its methods block, so it needs a thread of its own.
pub(super) struct ShellStage<T> {
    cx: Context,
    runtime: Handle,
    place: Place,
    reader: TreeReader,
    sessions: Vec<lesson::Session>,
    /// The facts about each session when it was last alive.
    known: BTreeMap<String, Known>,
    /// The factor by which the time limits of the lesson are extended.
    patience: u32,
    table: PhantomData<fn() -> T>,
}

/// Facts about a session.
#[derive(Debug, Clone, Copy)]
struct Known {
    id: i64,
    timeout: Duration,
    /// When the session was first seen lost without a close, and whether it had ephemerals then.
    killed: Option<(Instant, bool)>,
}

impl<T: Table> ShellStage<T> {
    /// Opens the sessions of a lesson.
    ///
    /// # Errors
    /// Returns an error if a session cannot be created or opened.
    pub(super) fn open(
        cx: Context,
        runtime: Handle,
        place: Place,
        sessions: &[lesson::Session],
        patience: u32,
    ) -> Result<Self> {
        let reader = runtime.block_on(TreeReader::open(&cx.session, place.servers.clone()));
        cx.learning.set_reader(reader.id());
        let sessions = sessions.to_vec();
        let known = BTreeMap::new();
        let mut stage =
            Self { cx, runtime, place, reader, sessions, known, patience, table: PhantomData };
        let added = stage.sessions.clone().iter().try_for_each(|session| stage.add(session));
        if let Err(error) = added {
            let (current, home) = (stage.cx.session.clone(), stage.cx.session.name());
            stage.leave(&current, &home);
            return Err(error);
        }
        Ok(stage)
    }

    /// Returns the context in which the lesson runs commands.
    pub(super) fn cx(&self) -> &Context {
        &self.cx
    }

    fn add(&mut self, session: &lesson::Session) -> Result<()> {
        self.cx.session.add(&session.name, Some(session.timeout))?;
        let number = self.cx.session.number_of(&session.name)?;
        self.cx.learning.add_session(number, &session.name);
        if self.cx.learning.has_prompt() {
            self.cx.cwd.of(number).set(ZnodePath::root());
        }
        self.ensure_open(&session.name)
    }

    /// Opens a session again if it has ended, or if the learner has connected it elsewhere.
    fn ensure_open(&mut self, name: &str) -> Result<()> {
        let session = self.cx.session.get(name)?;
        session.record_exchanges(true);
        let is_here = session.servers().is_none_or(|servers| servers == self.place.servers);
        if is_here && !session.state().is_over() {
            if self.has_quorum() {
                // The session is about to find a server. Wait here, so that the next line does not.
                let _ = self.runtime.block_on(session.connected(session_patience(session)));
            }
            return Ok(());
        }
        let servers = self.place.servers.clone();
        self.runtime.block_on(async {
            session.close().await;
            session.open(servers);
            session.established().await
        })
    }

    /// Types a line and returns its output.
    pub(super) fn type_line(&mut self, line: &Line) -> Result<Vec<u8>> {
        self.ensure_open(&line.session)?;
        let _switched = self.cx.session.switched_to(&line.session)?;
        let cx = &self.cx;
        let run = async {
            let Some(invocation) = cx.read::<T>(&line.command)? else { return Ok(Vec::new()) };
            let outcome = cx.run(&invocation).await?;
            outcome.failure.map_or(Ok(outcome.text), Err)
        };
        self.runtime.block_on(async {
            tokio::select! {
                came = run => came,
                () = self.ends() => Err(Error::new(Kind::Interrupted, "Interrupted")),
                () = tokio::time::sleep(LONGEST_LINE) => {
                    Err(Error::new(Kind::Lost, format!("No answer within a minute: {line}")))
                }
            }
        })
    }

    /// Waits until the shell is about to end.
    async fn ends(&self) {
        while !self.cx.learning.is_ending() {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Discards the open transactions of the learner.
    pub(super) fn discard_transactions(&self) {
        for session in &self.sessions {
            if let Ok(number) = self.cx.session.number_of(&session.name) {
                self.cx.transaction.of(number).lock().take();
            }
        }
    }

    /// Returns whether a quorum of servers is up, as far as is known.
    fn has_quorum(&self) -> bool {
        let servers = self.servers();
        let up = servers.values().filter(|server| server.state == ServerState::Up).count();
        servers.is_empty() || 2 * up > servers.len()
    }

    fn each(&self) -> impl Iterator<Item = (&str, &Session)> {
        self.sessions.iter().filter_map(|session| {
            Some((session.name.as_str(), self.cx.session.get(&session.name).ok()?))
        })
    }

    /// Returns the state of a session.
    fn state(&mut self, name: &str, tree: &BTreeMap<String, Znode>) -> SessionState {
        let Ok(session) = self.cx.session.get(name) else { return SessionState::Closed };
        if !session.state().is_over() {
            if let Some(facts) = session.facts()
                && let Some(id) = facts.session
            {
                let timeout = facts.timeout.unwrap_or_default();
                self.known.insert(name.to_owned(), Known { id, timeout, killed: None });
            }
            let known = self.known.get(name);
            return known.map_or(SessionState::Closed, |known| SessionState::Alive(known.id));
        }
        if session.has_expired() {
            return SessionState::Expired;
        }
        let was_abandoned = session.is_abandoned();
        let is_sandbox = self.place.is_sandbox;
        match self.known.get_mut(name) {
            Some(known) if was_abandoned => {
                let sandbox = self.cx.sandbox.as_ref().filter(|_| is_sandbox);
                let is_known = match sandbox {
                    Some(sandbox) => sandbox.control.sessions().contains(&known.id),
                    None => known.is_still_known(tree),
                };
                if is_known { SessionState::Killed(known.id) } else { SessionState::Expired }
            }
            _ => SessionState::Closed,
        }
    }

    fn servers(&self) -> BTreeMap<u32, Server> {
        let sandbox =
            self.cx.sandbox.as_ref().filter(|it| self.place.is_sandbox && it.servers() > 0);
        let Some(sandbox) = sandbox else { return BTreeMap::new() };
        let server = |status: crate::sandbox::ServerStatus| {
            let state = match status.process {
                Process::Running => ServerState::Up,
                Process::Paused => ServerState::Paused,
                Process::Killed => ServerState::Down,
            };
            let number = u32::try_from(status.number).unwrap_or_default();
            (number, Server { state, leads: status.mode == ServerMode::Leader })
        };
        sandbox.control.servers().into_iter().map(server).collect()
    }

    /// Ends the sessions and deletes the lesson's znodes. The learner returns to `home`. Returns a
    /// znode that could not be deleted.
    pub(super) fn leave(self, learner: &Sessions, home: &str) -> Option<String> {
        let first = || self.cx.session.list().first().map(|named| named.name.to_string());
        if learner.switch_to(home).is_err()
            && let Some(first) = first()
        {
            let _ = learner.switch_to(&first);
        }
        let _ = self.cx.session.switch_to(&learner.name());
        self.discard_transactions();
        let mut all: Vec<Session> = self.each().map(|(_, session)| session.clone()).collect();
        all.push(self.reader.session().clone());
        let left = self.runtime.block_on(async {
            let clean = self.place.clean(&all, &self.cx.learning);
            let left = tokio::time::timeout(CLEANUP_LIMIT, clean).await;
            let left = left.unwrap_or_else(|_| Some(self.place.root()));
            for session in &all {
                session.close().await;
            }
            self.reader.close().await;
            left
        });
        for session in &self.sessions {
            // A session that could not be created does not exist.
            let _ = self.cx.session.forget(&session.name);
        }
        left
    }
}

/// Returns how long a session looks for a server before it would be given up.
fn session_patience(session: &Session) -> Duration {
    session.facts().and_then(|facts| facts.timeout).unwrap_or(DEFAULT_TIMEOUT)
}

impl Known {
    /// Returns whether servers that report no sessions still know a killed session: its ephemerals
    /// exist, or it had none and its timeout has not passed.
    fn is_still_known(&mut self, tree: &BTreeMap<String, Znode>) -> bool {
        let has_ephemerals = tree.values().any(|znode| znode.owner == self.id);
        let (since, had_any) = *self.killed.get_or_insert((Instant::now(), has_ephemerals));
        // A server checks its sessions once per tick, and a timeout is at least two ticks.
        let is_in_time = since.elapsed() < self.timeout + self.timeout / 2;
        has_ephemerals || !had_any && is_in_time
    }
}

impl<T: Table> Stage for ShellStage<T> {
    fn begin(&mut self) {
        for session in self.sessions.clone() {
            // If a session cannot be opened, the lines in it report that.
            let _ = self.ensure_open(&session.name);
        }
        self.each().for_each(|(_, session)| session.deliver());
        let standing = self.each().flat_map(|(name, session)| watches_of(name, session)).collect();
        self.cx.learning.with_record(|record| record.begin(standing));
    }

    fn run(&mut self, line: &Line) -> bool {
        self.type_line(line).is_ok()
    }

    fn effect(&mut self) -> Effect {
        self.cx.learning.looks();
        self.each().for_each(|(_, session)| session.deliver());
        let now: Vec<_> =
            self.each().map(|(name, session)| (name, watches_of(name, session))).collect();
        let noted = self.cx.learning.with_record(|record| {
            for (name, watches) in now {
                record.watches(name, watches);
            }
            record.effect()
        });
        let tree = self.runtime.clone().block_on(self.reader.read()).clone();
        let names: Vec<String> = self.sessions.iter().map(|it| it.name.clone()).collect();
        let sessions = names.into_iter().map(|name| {
            let state = self.state(&name, &tree);
            (name, state)
        });
        let sessions = sessions.collect();
        let servers = self.servers();
        Effect { sessions, tree, servers, ..noted.unwrap_or_default() }
    }

    fn wait(&mut self, most: Duration, done: &mut dyn FnMut(&Effect) -> bool) -> bool {
        let end = Instant::now() + most * self.patience;
        loop {
            if done(&self.effect()) {
                return true;
            }
            if Instant::now() >= end || self.cx.learning.is_ending() {
                return false;
            }
            std::thread::sleep(POLL_INTERVAL);
        }
    }
}
