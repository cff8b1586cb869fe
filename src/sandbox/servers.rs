//! The servers of a sandbox, a single one or an ensemble, behind one interface.

use std::net::SocketAddr;

use super::ensemble::{Ensemble, Outcomes, Process, Role};
use super::operation::{ConnectRequest, ConnectionId, Moment, Outcome, Request, SessionId};
use super::state::State;

#[derive(Debug)]
pub(super) enum Servers {
    Standalone(Box<State>),
    Ensemble(Box<Ensemble>),
}

/// The mode that a server reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Standalone,
    Leader {
        followers: usize,
        /// The followers that have the whole log of the leader.
        synced: usize,
    },
    Follower,
    ReadOnly,
    /// The server looks for a leader.
    Looking,
}

impl Servers {
    pub(super) fn state(&self, server: usize) -> &State {
        match self {
            Self::Standalone(state) => state,
            Self::Ensemble(ensemble) => ensemble.state(server),
        }
    }

    pub(super) fn state_mut(&mut self, server: usize) -> &mut State {
        match self {
            Self::Standalone(state) => state,
            Self::Ensemble(ensemble) => ensemble.state_mut(server),
        }
    }

    pub(super) fn mode(&self, server: usize) -> Mode {
        let Self::Ensemble(ensemble) = self else { return Mode::Standalone };
        match ensemble.summary(server).role {
            Role::Leading => {
                let (followers, synced) = ensemble.followers();
                Mode::Leader { followers, synced }
            }
            Role::Following => Mode::Follower,
            Role::Looking(_) if ensemble.allows_read_only() => Mode::ReadOnly,
            Role::Looking(_) => Mode::Looking,
        }
    }

    pub(super) fn is_killed(&self, server: usize) -> bool {
        match self {
            Self::Standalone(_) => false,
            Self::Ensemble(ensemble) => ensemble.summary(server).process == Process::Killed,
        }
    }

    pub(super) fn accept(
        &mut self,
        server: usize,
        connection: ConnectionId,
        peer: SocketAddr,
        now: Moment,
    ) {
        self.state_mut(server).accept(connection, peer, now);
    }

    pub(super) fn disconnect(&mut self, server: usize, connection: ConnectionId) {
        match self {
            Self::Standalone(state) => state.disconnect(connection),
            Self::Ensemble(ensemble) => ensemble.disconnect(server, connection),
        }
    }

    /// Returns whether a server accepts another request of a connection.
    pub(super) fn takes_requests(&self, server: usize, connection: ConnectionId) -> bool {
        match self {
            Self::Standalone(_) => true,
            Self::Ensemble(ensemble) => ensemble.takes_requests(server, connection),
        }
    }

    pub(super) fn connect(
        &mut self,
        server: usize,
        from: ConnectionId,
        request: ConnectRequest,
        owner: bool,
        now: Moment,
    ) -> Outcomes {
        match self {
            Self::Standalone(state) => {
                let mut outcomes = flush(state, now);
                outcomes.push((Some(from), state.connect(from, &request, owner, now)));
                outcomes
            }
            Self::Ensemble(ensemble) => ensemble.connect(server, from, request, owner, now),
        }
    }

    pub(super) fn request(
        &mut self,
        server: usize,
        from: ConnectionId,
        request: Request,
        now: Moment,
    ) -> Outcomes {
        match self {
            Self::Standalone(state) => {
                let mut outcomes = vec![(Some(from), state.request(from, request, now))];
                if state.is_flush_due(now) {
                    outcomes.extend(flush(state, now));
                }
                outcomes
            }
            Self::Ensemble(ensemble) => ensemble.request(server, from, request, now),
        }
    }

    /// Handles all deadlines that have passed.
    pub(super) fn tick(&mut self, now: Moment) -> Outcomes {
        match self {
            Self::Standalone(state) => {
                let is_due = state.next_deadline().is_some_and(|due| due <= now.steady);
                let mut outcomes = if is_due { flush(state, now) } else { Outcomes::new() };
                outcomes.push((None, state.tick(now)));
                outcomes
            }
            Self::Ensemble(ensemble) => ensemble.tick(now),
        }
    }

    /// Expires a session.
    pub(super) fn expire(&mut self, session: SessionId, now: Moment) -> Outcomes {
        match self {
            Self::Standalone(state) => {
                let mut outcomes = flush(state, now);
                outcomes.push((None, state.expire(session, now)));
                outcomes
            }
            Self::Ensemble(ensemble) => ensemble.expire(session, now),
        }
    }

    /// Returns whether the session is gone or its end is decided.
    pub(super) fn is_ending(&self, session: SessionId) -> bool {
        match self {
            Self::Standalone(state) => !state.sessions.is_open(session),
            Self::Ensemble(ensemble) => ensemble.is_ending(session),
        }
    }

    /// Returns the next deadline of [`Servers::tick`], in milliseconds of the steady clock.
    pub(super) fn next_deadline(&self) -> Option<u64> {
        match self {
            Self::Standalone(state) => state.next_deadline(),
            Self::Ensemble(ensemble) => ensemble.next_deadline(),
        }
    }

    /// Returns the open sessions as known to the leader, or without one to the most recent server.
    pub(super) fn sessions(&self) -> Vec<SessionId> {
        let state = match self {
            Self::Standalone(state) => state,
            Self::Ensemble(ensemble) => ensemble.latest(),
        };
        state.sessions.ids().collect()
    }
}

fn flush(state: &mut State, now: Moment) -> Outcomes {
    let answer = |(from, outcome): (ConnectionId, Outcome)| (Some(from), outcome);
    state.flush(now).into_iter().map(answer).collect()
}
