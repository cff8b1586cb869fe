//! What the one who has started a sandbox may do to it: end sessions, and to an ensemble what happens
//! to real ones.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime;

use super::core::{Core, Shared};
pub use super::ensemble::Process;
use super::ensemble::{Ensemble, Outcomes};
use super::listener::{self, Stop};
use super::operation::{Moment, SessionId};
use super::servers::{Mode, Servers};
use super::settings::milliseconds;

/// The longest lag. Until it is over, what a server is to learn is kept for it.
const MAX_LAG: Duration = Duration::from_mins(1);

/// A handle on a sandbox that can be cloned and sent to other threads.
#[derive(Debug, Clone)]
pub struct Control {
    shared: Shared,
    runtime: runtime::Handle,
    /// What ends the listener of each server; `None` if it has none.
    listeners: Arc<Mutex<Vec<Option<Stop>>>>,
}

/// Why something cannot be done to a sandbox.
#[derive(Debug)]
pub enum ControlError {
    /// It is one server alone.
    Standalone,
    /// There is no server with this number.
    NoServer {
        /// The number that was given.
        number: usize,
        /// How many there are.
        count: usize,
    },
    /// The sides of a partition must name each server once; this one they do not.
    Sides(usize),
    /// A lag of more than a minute.
    Lag,
    /// The port of a server is taken by somebody else.
    Port(SocketAddr, io::Error),
}

impl fmt::Display for ControlError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Standalone => formatter
                .write_str("The sandbox is a single server; --sandbox-servers 3 starts three"),
            Self::NoServer { number, count } => {
                write!(formatter, "There is no server {number}: they are 1 to {count}")
            }
            Self::Sides(number) => {
                write!(formatter, "Name each server on one side of the partition: {number} is not")
            }
            Self::Lag => formatter.write_str("A server lags for a minute at most"),
            Self::Port(address, why) => write!(formatter, "Cannot listen on {address}: {why}"),
        }
    }
}

impl std::error::Error for ControlError {}

/// What a server of an ensemble is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerMode {
    /// It is alone, and no ensemble.
    Standalone,
    /// It leads.
    Leader,
    /// It follows the leader.
    Follower,
    /// It has no leader, and serves clients that only read.
    ReadOnly,
    /// It has no leader, and serves nobody.
    Looking,
}

/// A server as it is at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerStatus {
    /// Its number, from 1.
    pub number: usize,
    /// Where it listens.
    pub address: SocketAddr,
    /// Whether it runs.
    pub process: Process,
    /// What it does, while it runs.
    pub mode: ServerMode,
    /// The zxid of the last write that it has applied.
    pub zxid: i64,
    /// How late it learns of what others write.
    pub lag: Duration,
    /// Which side of a partition it is on, from 0; all are on side 0 if there is none.
    pub side: usize,
    /// How many connections it has.
    pub connections: usize,
}

/// A connection as it is at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionStatus {
    /// The number of its server, from 1.
    pub server: usize,
    /// Where it comes from.
    pub peer: SocketAddr,
    /// Its session, once it has one.
    pub session: Option<i64>,
}

impl Control {
    pub(super) fn new(
        shared: Shared,
        runtime: runtime::Handle,
        listeners: Vec<Option<Stop>>,
    ) -> Self {
        Self { shared, runtime, listeners: Arc::new(Mutex::new(listeners)) }
    }

    /// Returns where the servers listen.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.shared.lock().addresses().to_vec()
    }

    /// Returns the ids of the open sessions, sorted.
    pub fn sessions(&self) -> Vec<i64> {
        let mut ids: Vec<i64> =
            self.shared.lock().servers.sessions().iter().map(|id| id.0).collect();
        ids.sort_unstable();
        ids
    }

    /// Ends a session as if its time were over: its ephemerals go, its connection is closed. An
    /// ensemble without a leader can end none. Returns whether there is no such session now, or its
    /// end is decided.
    pub fn expire(&self, session: i64) -> bool {
        let mut core = self.shared.lock();
        core.expire(SessionId(session));
        core.servers.is_ending(SessionId(session))
    }

    /// Returns the connections, those of clients and others.
    pub fn connections(&self) -> Vec<ConnectionStatus> {
        let core = self.shared.lock();
        let of = |server: usize| {
            core.servers.state(server).connections.values().map(move |connection| {
                let session = connection.session.map(|session| session.0);
                ConnectionStatus { server: server + 1, peer: connection.peer, session }
            })
        };
        (0..core.addresses().len()).flat_map(of).collect()
    }

    /// Closes all connections, as a network that fails; the sessions wait for their clients.
    pub fn drop_connections(&self) {
        self.shared.lock().drop_connections();
    }

    /// Returns the servers.
    pub fn servers(&self) -> Vec<ServerStatus> {
        let core = self.shared.lock();
        let status = |(index, address): (usize, &SocketAddr)| {
            let mode = match core.servers.mode(index) {
                Mode::Standalone => ServerMode::Standalone,
                Mode::Leader { .. } => ServerMode::Leader,
                Mode::Follower => ServerMode::Follower,
                Mode::ReadOnly => ServerMode::ReadOnly,
                Mode::Looking => ServerMode::Looking,
            };
            let state = core.servers.state(index);
            let (process, side, lag) = match &core.servers {
                Servers::Standalone(_) => (Process::Running, 0, 0),
                Servers::Ensemble(ensemble) => {
                    let summary = ensemble.summary(index);
                    (summary.process, summary.side, summary.lag)
                }
            };
            ServerStatus {
                number: index + 1,
                address: *address,
                process,
                mode,
                zxid: state.zxid,
                lag: Duration::from_millis(lag),
                side,
                connections: state.connections.len(),
            }
        };
        core.addresses().iter().enumerate().map(status).collect()
    }

    /// Ends the process of a server: its connections break, its port refuses more.
    ///
    /// # Errors
    /// Where there is no such server.
    pub fn kill(&self, number: usize) -> Result<(), ControlError> {
        let server = self.change(number, Ensemble::kill)?;
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stop) = listeners[server].take() {
            stop.stop();
        }
        Ok(())
    }

    /// Starts a server that was killed, or lets a paused one go on.
    ///
    /// # Errors
    /// Where there is no such server, or its port is taken.
    pub fn start(&self, number: usize) -> Result<(), ControlError> {
        let server = self.index(number)?;
        {
            let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
            if listeners[server].is_none() {
                let address = self.shared.lock().addresses()[server];
                let cannot = |error| ControlError::Port(address, error);
                let listener = TcpListener::bind(address).map_err(cannot)?;
                let shared = self.shared.clone();
                let stop =
                    listener::spawn(&self.runtime, listener, shared, server).map_err(cannot)?;
                listeners[server] = Some(stop);
            }
        }
        self.change(number, Ensemble::start)?;
        self.shared.lock().wake_server(server);
        Ok(())
    }

    /// Lets a server stand still until it is started: it keeps its connections and answers none.
    ///
    /// # Errors
    /// Where there is no such server.
    pub fn pause(&self, number: usize) -> Result<(), ControlError> {
        self.change(number, Ensemble::pause).map(|_| ())
    }

    /// Lets a server learn of what others write only so late.
    ///
    /// # Errors
    /// Where there is no such server, or the lag is longer than a minute.
    pub fn lag(&self, number: usize, lag: Duration) -> Result<(), ControlError> {
        if lag > MAX_LAG {
            return Err(ControlError::Lag);
        }
        let lag = milliseconds(lag);
        self.change(number, |ensemble, server, now| ensemble.set_lag(server, lag, now)).map(|_| ())
    }

    /// Cuts the network between the servers: those of one side reach each other only.
    ///
    /// # Errors
    /// Where the sides do not name each server once.
    pub fn partition(&self, sides: &[Vec<usize>]) -> Result<(), ControlError> {
        let count = self.index(1).map(|_| self.addresses().len())?;
        let mut places: Vec<Option<usize>> = vec![None; count];
        for (side, numbers) in sides.iter().enumerate() {
            for number in numbers {
                let server = self.index(*number)?;
                if places[server].replace(side).is_some() {
                    return Err(ControlError::Sides(*number));
                }
            }
        }
        let missing = places.iter().position(Option::is_none);
        if let Some(missing) = missing {
            return Err(ControlError::Sides(missing + 1));
        }
        let places: Vec<usize> = places.into_iter().flatten().collect();
        self.change(1, |ensemble, _, now| ensemble.partition(&places, now)).map(|_| ())
    }

    /// Joins the sides of a partition again.
    ///
    /// # Errors
    /// Where the sandbox is a single server.
    pub fn heal(&self) -> Result<(), ControlError> {
        let all: Vec<usize> = (1..=self.addresses().len()).collect();
        self.partition(&[all])
    }

    /// Returns the place of a server.
    fn index(&self, number: usize) -> Result<usize, ControlError> {
        let core = self.shared.lock();
        let count = core.addresses().len();
        match &core.servers {
            Servers::Standalone(_) => Err(ControlError::Standalone),
            Servers::Ensemble(_) => number
                .checked_sub(1)
                .filter(|server| *server < count)
                .ok_or(ControlError::NoServer { number, count }),
        }
    }

    fn change(
        &self,
        number: usize,
        change: impl FnOnce(&mut Ensemble, usize, Moment) -> Outcomes,
    ) -> Result<usize, ControlError> {
        let server = self.index(number)?;
        let core: &mut Core = &mut self.shared.lock();
        let now = core.now();
        if let Servers::Ensemble(ensemble) = &mut core.servers {
            let outcomes = change(ensemble, server, now);
            core.deliver_all(outcomes);
        }
        Ok(server)
    }
}
