//! Faults that a teacher or a test causes, and their end.

use super::{Ensemble, Outcomes, Process, Role};
use crate::sandbox::operation::Moment;

impl Ensemble {
    /// Kills a server. Its log is kept.
    pub(crate) fn kill(&mut self, server: usize, now: Moment) -> Outcomes {
        let mut outcomes = Outcomes::new();
        self.drop_clients(server, &mut outcomes);
        self.servers[server].process = Process::Killed;
        self.look_for_leader(server, now, &mut outcomes);
        self.change(now, outcomes)
    }

    /// Pauses a server until it is started.
    pub(crate) fn pause(&mut self, server: usize, now: Moment) -> Outcomes {
        if self.servers[server].is_running() {
            self.servers[server].process = Process::Paused;
        }
        self.change(now, Outcomes::new())
    }

    /// Starts a killed server, or resumes a paused one.
    pub(crate) fn start(&mut self, server: usize, now: Moment) -> Outcomes {
        let server = &mut self.servers[server];
        server.process = Process::Running;
        if let Role::Looking(since) = &mut server.role {
            *since = now.steady;
        }
        self.change(now, Outcomes::new())
    }

    /// Sets the delay of a server's replication, in milliseconds.
    pub(crate) fn set_lag(&mut self, server: usize, lag: u64, now: Moment) -> Outcomes {
        self.servers[server].lag = lag;
        self.change(now, Outcomes::new())
    }

    /// Partitions the network: `sides` names the side of each server.
    pub(crate) fn partition(&mut self, sides: &[usize], now: Moment) -> Outcomes {
        for (server, side) in self.servers.iter_mut().zip(sides) {
            server.side = *side;
        }
        self.change(now, Outcomes::new())
    }

    fn change(&mut self, now: Moment, mut outcomes: Outcomes) -> Outcomes {
        self.changed = now.steady;
        self.run(now, &mut outcomes);
        outcomes
    }
}
