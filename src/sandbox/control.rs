//! Control over a running sandbox, for the program that started it: expire sessions, close connections, and
//! inject the failures of a real ensemble.

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
use super::tls::Tls;

/// Maximum lag. Delayed messages stay in memory until the lag has passed.
const MAX_LAG: Duration = Duration::from_mins(1);

/// A handle to a sandbox that can be cloned and sent to other threads.
#[derive(Debug, Clone)]
pub struct Control {
    shared: Shared,
    runtime: runtime::Handle,
    /// Stops the listener of each server; `None` if the server has no listener.
    listeners: Arc<Mutex<Vec<Option<Stop>>>>,
    tls: Option<Arc<Tls>>,
}

/// Why an operation on a sandbox failed.
#[derive(Debug)]
pub enum ControlError {
    /// The sandbox is a single server, and the operation needs an ensemble.
    Standalone,
    /// No server has this number.
    NoServer {
        /// The number that the caller passed.
        number: usize,
        /// How many servers there are.
        count: usize,
    },
    /// The sides of a partition must name each server exactly once; they do not for this server.
    Sides(usize),
    /// The lag is longer than a minute.
    Lag,
    /// The port of a server is in use, or cannot be opened.
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

/// The mode of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerMode {
    /// It is a single server, outside an ensemble.
    Standalone,
    /// It is the leader.
    Leader,
    /// It follows the leader.
    Follower,
    /// It has no leader, and serves read-only clients.
    ReadOnly,
    /// It has no leader, and serves no clients.
    Looking,
}

/// A snapshot of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerStatus {
    /// The number of the server, from 1.
    pub number: usize,
    /// The address of its listener.
    pub address: SocketAddr,
    /// Whether the process runs.
    pub process: Process,
    /// Its mode, while it runs.
    pub mode: ServerMode,
    /// The zxid of the last write that it applied.
    pub zxid: i64,
    /// The delay of its replication.
    pub lag: Duration,
    /// The side of the partition that it is on, from 0. Without a partition all are on side 0.
    pub side: usize,
    /// The number of its connections.
    pub connections: usize,
}

/// A snapshot of one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionStatus {
    /// The number of its server, from 1.
    pub server: usize,
    /// The address of the client.
    pub peer: SocketAddr,
    /// The session id, once the connection has a session.
    pub session: Option<i64>,
}

impl Control {
    pub(super) fn new(
        shared: Shared,
        runtime: runtime::Handle,
        listeners: Vec<Option<Stop>>,
        tls: Option<Arc<Tls>>,
    ) -> Self {
        Self { shared, runtime, listeners: Arc::new(Mutex::new(listeners)), tls }
    }

    /// Returns the address of each server.
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

    /// Expires a session: its ephemerals are deleted and its connection is closed. Returns whether
    /// the session is gone or its end is decided; an ensemble without a leader cannot expire
    /// sessions.
    pub fn expire(&self, session: i64) -> bool {
        let mut core = self.shared.lock();
        core.expire(SessionId(session));
        core.servers.is_ending(SessionId(session))
    }

    /// Returns all connections, those without a session included.
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

    /// Closes all connections, as a network failure would. The sessions stay open until they
    /// expire.
    pub fn drop_connections(&self) {
        self.shared.lock().drop_connections();
    }

    /// Returns the status of all servers.
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

    /// Kills a server: its connections break and its port refuses new ones.
    ///
    /// # Errors
    /// If there is no such server.
    pub fn kill(&self, number: usize) -> Result<(), ControlError> {
        let server = self.change(number, Ensemble::kill)?;
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stop) = listeners[server].take() {
            stop.stop();
        }
        Ok(())
    }

    /// Starts a killed server, or resumes a paused one.
    ///
    /// # Errors
    /// If there is no such server, or its port is in use.
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
                    listener::spawn(&self.runtime, listener, shared, server, self.tls.clone())
                        .map_err(cannot)?;
                listeners[server] = Some(stop);
            }
        }
        self.change(number, Ensemble::start)?;
        self.shared.lock().wake_server(server);
        Ok(())
    }

    /// Pauses a server until it is started: it keeps its connections but answers nothing.
    ///
    /// # Errors
    /// If there is no such server.
    pub fn pause(&self, number: usize) -> Result<(), ControlError> {
        self.change(number, Ensemble::pause).map(|_| ())
    }

    /// Delays the replication of a server by `lag`.
    ///
    /// # Errors
    /// If there is no such server, or the lag is longer than a minute.
    pub fn lag(&self, number: usize, lag: Duration) -> Result<(), ControlError> {
        if lag > MAX_LAG {
            return Err(ControlError::Lag);
        }
        let lag = milliseconds(lag);
        self.change(number, |ensemble, server, now| ensemble.set_lag(server, lag, now)).map(|_| ())
    }

    /// Partitions the network: servers reach only those on the same side.
    ///
    /// # Errors
    /// Unless the sides name each server exactly once.
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

    /// Ends a partition.
    ///
    /// # Errors
    /// If the sandbox is a single server.
    pub fn heal(&self) -> Result<(), ControlError> {
        let all: Vec<usize> = (1..=self.addresses().len()).collect();
        self.partition(&[all])
    }

    /// Returns the index, from 0, of the server with this number.
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
