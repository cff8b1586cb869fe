//! The invariants that are checked after every step.

use super::*;

impl Simulation {
    pub(super) fn check(&mut self) {
        self.check_log();
        self.check_leader();
        self.check_clients();
        self.check_sessions();
    }

    /// Laws 1, 2 and 9.
    pub(super) fn check_log(&mut self) {
        for server in 0..self.ensemble.servers.len() {
            let Server { state, log, .. } = &self.ensemble.servers[server];
            for entry in log {
                match &entry.txn.effect {
                    Effect::One(Change::Create { path, .. }) => {
                        self.decided.insert(path.clone());
                    }
                    // The log of a server that fell behind may still hold discarded entries.
                    Effect::CloseSession { session, .. }
                        if entry.txn.zxid >> 32 == self.ensemble.epoch =>
                    {
                        self.ending.entry(*session).or_insert((self.now.steady, self.elected));
                    }
                    _ => {}
                }
            }
            if self.checked[server] == state.zxid {
                continue;
            }
            self.checked[server] = state.zxid;
            let znodes: Vec<(String, i64)> = state
                .tree
                .get("/")
                .expect("the root")
                .children
                .iter()
                .filter(|name| name.starts_with(['c', 's']))
                .map(|name| {
                    let path = format!("/{name}");
                    let mzxid = state.tree.get(&path).expect("a child").mzxid;
                    (path, mzxid)
                })
                .collect();
            assert!(znodes.iter().all(|(path, _)| !self.gone.contains(path)), "Law 3: came back");
            let first = self.history.entry(state.zxid).or_insert_with(|| znodes.clone());
            assert_eq!(*first, znodes, "server {server} at {:#x}", state.zxid);
        }
        let Some(leader) = &self.ensemble.leader else { return };
        if self.ensemble.able_leader().is_none() {
            assert!(leader.decided >= leader.committed);
            return;
        }
        for follower in &leader.followers {
            let server = &self.ensemble.servers[*follower];
            if self.ensemble.linked(leader.server, *follower) && server.inbox.is_empty() {
                let theirs = self.ensemble.state(leader.server).zxid;
                assert_eq!(server.state.zxid, theirs, "Law 9: server {follower} lags");
            }
        }
    }

    /// Law 3.
    pub(super) fn check_leader(&mut self) {
        let Some(leader) = &self.ensemble.leader else { return };
        self.committed = self.committed.max(leader.committed);
        if self.ensemble.epoch == self.epoch {
            return;
        }
        let state = self.ensemble.state(leader.server);
        assert_eq!(self.ensemble.epoch, self.epoch + 1, "one election at a time");
        assert_eq!(state.zxid >> 32, self.ensemble.epoch);
        for path in self.told.values() {
            assert!(state.tree.get(path).is_some(), "the new leader lacks {path}");
        }
        let lost = self.decided.iter().filter(|path| state.tree.get(path).is_none());
        let lost: Vec<String> = lost.cloned().collect();
        let any = !lost.is_empty();
        self.gone.extend(lost);
        // A closing entry that the new leader lacks has no effect.
        self.ending.retain(|session, _| !state.sessions.is_open(*session));
        self.epoch = self.ensemble.epoch;
        self.elected = self.now.steady;
        self.note("an election");
        if any {
            self.note("an entry that is gone");
        }
    }

    /// Laws 4 and 8.
    pub(super) fn check_clients(&mut self) {
        for server in &self.ensemble.servers {
            if server.is_running() && matches!(server.role, Role::Looking(_)) {
                assert!(server.state.connections.is_empty(), "Law 4: clients without a leader");
            }
            if let (true, Some(lost)) = (server.is_running(), server.lost) {
                assert!(self.now.steady < lost + self.ensemble.patience(), "Law 4: too late");
            }
        }
        for client in &self.clients {
            let (Some((server, _, true)), Some(known)) = (client.line, client.watch) else {
                continue;
            };
            if !client.asked.is_empty() {
                // `SetWatches` may still be in flight.
                continue;
            }
            let now = self.ensemble.state(server).tree.get(SHARED).map(|node| node.mzxid);
            assert_eq!(now, Some(known), "Law 8: a change that was not told");
        }
    }

    /// Law 5.
    pub(super) fn check_sessions(&mut self) {
        let Some(leader) = self.ensemble.able_leader() else { return };
        let open: BTreeSet<SessionId> = self.ensemble.state(leader).sessions.ids().collect();
        let ended: Vec<SessionId> = self.open.difference(&open).copied().collect();
        for session in ended {
            self.open.remove(&session);
            if self.closed_by_client.contains(&session) {
                continue;
            }
            self.note("an expiry");
            let of = |client: &&Client| client.session.is_some_and(|(id, _)| id == session);
            let heard = self.clients.iter().find(of).map_or(0, |client| client.heard);
            let (decided, elected) =
                self.ending.get(&session).copied().unwrap_or((self.now.steady, self.elected));
            let alive = heard.max(elected);
            assert!(
                decided >= alive + TIMEOUT,
                "{session:?} expired at {decided}, heard of at {heard}, led since {elected}"
            );
        }
    }
}
