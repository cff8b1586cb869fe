//! Elections: who leads, who follows, and how servers detect that the other side is lost.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{ELECTION, Ensemble, Leadership, Outcomes, Process, Role};
use crate::sandbox::operation::{Moment, Outcome};
use crate::sandbox::state::Pending;

impl Ensemble {
    /// Detects lost leaders and followers, lets servers join the leader, and holds elections.
    pub(super) fn settle_roles(&mut self, now: Moment, outcomes: &mut Outcomes) {
        loop {
            self.note_losses(now);
            let changed = self.give_up(now, outcomes)
                || self.join(outcomes)
                || self.elect_when_due(now, outcomes);
            if !changed {
                break;
            }
        }
    }

    /// Records when each follower lost contact with its leader.
    fn note_losses(&mut self, now: Moment) {
        let leader = self.leader.as_ref().map(|leader| leader.server);
        for server in 0..self.servers.len() {
            let follows = self.servers[server].role == Role::Following;
            let lost = follows && leader.is_none_or(|leader| !self.linked(leader, server));
            let since = &mut self.servers[server].lost;
            *since = lost.then(|| since.unwrap_or(now.steady));
        }
    }

    /// Makes servers look for a leader once they have lost theirs. Returns whether anything
    /// changed.
    fn give_up(&mut self, now: Moment, outcomes: &mut Outcomes) -> bool {
        let patience = self.patience();
        let is_over = |lost: Option<u64>| {
            lost.is_some_and(|since| now.steady >= since.saturating_add(patience))
        };
        if let Some(leader) = &mut self.leader {
            // A killed server's connections break at once; a paused or cut-off server only falls
            // silent.
            let servers = &self.servers;
            leader.followers.retain(|follower| {
                let follower = &servers[*follower];
                follower.process != Process::Killed
                    && follower.role == Role::Following
                    && !(is_over(follower.lost) && servers[leader.server].is_running())
            });
            let (server, followers) = (leader.server, leader.followers.len());
            let process = self.servers[server].process;
            let deserted = process == Process::Running && followers + 1 < self.majority();
            if process == Process::Killed || deserted {
                self.leader = None;
            }
        }
        let mut changed = false;
        for server in 0..self.servers.len() {
            let leader = self.leader.as_ref();
            let gone = match self.servers[server].role {
                Role::Looking(_) => false,
                Role::Leading => leader.is_none_or(|leader| leader.server != server),
                Role::Following => {
                    leader.is_none_or(|leader| !leader.followers.contains(&server))
                        || is_over(self.servers[server].lost)
                }
            };
            // A paused server does not notice anything.
            if gone && self.servers[server].is_running() {
                self.look_for_leader(server, now, outcomes);
                changed = true;
            }
        }
        changed
    }

    /// Makes a server look for a leader, and closes its connections.
    pub(super) fn look_for_leader(&mut self, server: usize, now: Moment, outcomes: &mut Outcomes) {
        self.drop_clients(server, outcomes);
        if let Some(leader) = &mut self.leader {
            leader.followers.remove(&server);
            if leader.server == server {
                self.leader = None;
            }
        }
        let server = &mut self.servers[server];
        server.role = Role::Looking(now.steady);
        server.inbox.clear();
        server.lost = None;
    }

    /// Makes servers follow the leader that they reach. Returns whether any did.
    fn join(&mut self, outcomes: &mut Outcomes) -> bool {
        let Some(leader) = self.able_leader() else { return false };
        let is_candidate = |server: &usize| {
            matches!(self.servers[*server].role, Role::Looking(_)) && self.linked(leader, *server)
        };
        let joining: Vec<usize> = (0..self.servers.len()).filter(is_candidate).collect();
        for server in &joining {
            self.follow(*server, leader, outcomes);
        }
        !joining.is_empty()
    }

    /// Makes a server a follower and copies the leader's state to it.
    fn follow(&mut self, server: usize, leader: usize, outcomes: &mut Outcomes) {
        // Read-only clients must reconnect, because the server is no longer read-only.
        self.drop_clients(server, outcomes);
        let [follower, leader] = self
            .servers
            .get_disjoint_mut([server, leader])
            .expect("a server does not follow itself");
        if follower.state.zxid != leader.state.zxid {
            follower.state.copy(&leader.state);
        }
        follower.log.clone_from(&leader.log);
        follower.inbox.clear();
        follower.lost = None;
        follower.role = Role::Following;
        if let Some(leadership) = &mut self.leader {
            leadership.followers.insert(server);
        }
    }

    /// Returns the largest group of connected servers without a leader, if the group is a majority.
    fn candidates(&self) -> Option<Vec<usize>> {
        let mut sides: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, server) in self.servers.iter().enumerate() {
            if server.is_running() && matches!(server.role, Role::Looking(_)) {
                sides.entry(server.side).or_default().push(index);
            }
        }
        sides.into_values().find(|side| side.len() >= self.majority())
    }

    /// Returns when the current election ends, in milliseconds of the steady clock, if there is
    /// one.
    pub(super) fn election_due(&self) -> Option<u64> {
        let since = |server: usize| match self.servers[server].role {
            Role::Looking(since) => since,
            _ => 0,
        };
        let looking = self.candidates()?.into_iter().map(since).max()?;
        Some(looking.max(self.changed) + ELECTION)
    }

    fn elect_when_due(&mut self, now: Moment, outcomes: &mut Outcomes) -> bool {
        self.election_due().is_some_and(|due| due <= now.steady) && self.elect(now, outcomes)
    }

    /// Elects the server with the longest log. Returns whether there was an election.
    pub(super) fn elect(&mut self, now: Moment, outcomes: &mut Outcomes) -> bool {
        let Some(candidates) = self.candidates() else { return false };
        let best = candidates.iter().copied().max_by_key(|i| (self.servers[*i].logged(), *i));
        let Some(elected) = best else { return false };
        self.epoch += 1;
        self.drop_clients(elected, outcomes);
        let server = &mut self.servers[elected];
        // The election commits every entry in the new leader's log.
        while let Some(entry) = server.log.pop_front() {
            let mut outcome = Outcome::default();
            let _ = server.state.apply(entry.txn.clone(), &mut outcome);
        }
        server.role = Role::Leading;
        server.lost = None;
        server.inbox.clear();
        server.state.zxid = self.epoch << 32;
        server.state.containers_checked = now.steady;
        server.state.sessions.touch_all(now);
        self.leader = Some(Leadership {
            server: elected,
            followers: BTreeSet::new(),
            decided: self.epoch << 32,
            committed: self.epoch << 32,
            pending: Pending::default(),
            owners: HashMap::new(),
            closing: BTreeSet::new(),
        });
        for follower in candidates.into_iter().filter(|candidate| *candidate != elected) {
            self.follow(follower, elected, outcomes);
        }
        true
    }
}
