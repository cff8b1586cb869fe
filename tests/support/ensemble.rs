//! Three servers whose leader can be killed: those of the sandbox, which are always available, and
//! Apache's.

use std::net::TcpListener;
use std::time::Duration;

use zksh::sandbox::{self, Clock, Control, Handle, Process, ServerMode, Settings};

use super::apache::{Release, Server};
use super::wait_until;

/// An ensemble of servers.
pub(crate) enum Ensemble {
    Sandbox(Handle),
    Apache(Vec<Server>),
}

impl Ensemble {
    pub(crate) fn sandbox() -> Self {
        let listeners = (0..3).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let settings = Settings {
            tick: Duration::from_millis(100),
            max_session_timeout: Some(Duration::from_mins(2)),
            max_connections: 0,
            read_only: true,
            ..Settings::default()
        };
        Self::Sandbox(sandbox::start_ensemble(listeners, settings, Clock::System).unwrap())
    }

    /// Starts servers of an Apache release, with further lines in their configuration.
    pub(crate) fn apache(release: &Release, settings: &str) -> Self {
        Self::Apache(Server::ensemble(release, &format!("forceSync=no\n{settings}")))
    }

    /// Returns the address of each server.
    pub(crate) fn addresses(&self) -> Vec<String> {
        match self {
            Self::Sandbox(handle) => {
                handle.control().addresses().iter().map(ToString::to_string).collect()
            }
            Self::Apache(servers) => servers.iter().map(Server::address).collect(),
        }
    }

    /// Kills all servers but the last, which then serves only read-only clients.
    pub(crate) fn lose_quorum(&mut self) {
        match self {
            Self::Sandbox(handle) => {
                let control = handle.control();
                (1..=2).for_each(|number| control.kill(number).unwrap());
            }
            Self::Apache(servers) => servers[..2].iter_mut().for_each(Server::kill),
        }
    }

    /// Kills the leader, waits for a new one, and restarts the killed server.
    pub(crate) fn kill_leader(&mut self) {
        match self {
            Self::Sandbox(handle) => {
                let control = handle.control();
                let leader = leader(&control);
                control.kill(leader).unwrap();
                self::leader(&control);
                control.start(leader).unwrap();
            }
            Self::Apache(servers) => {
                let leads = |servers: &[Server]| servers.iter().position(Server::leads);
                let leader = wait_until("a leader", || leads(servers));
                servers[leader].kill();
                wait_until("the next leader", || leads(servers));
                servers[leader].resume();
            }
        }
    }
}

/// Returns the number of the leader.
fn leader(control: &Control) -> usize {
    wait_until("a leader", || {
        let servers = control.servers().into_iter();
        let mut leaders = servers.filter(|server| {
            server.process == Process::Running && server.mode == ServerMode::Leader
        });
        leaders.next().map(|server| server.number)
    })
}
