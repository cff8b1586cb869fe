//! Handles the items of the client's feed: changes of state, events and gaps.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use zookeeper::{Cause, Change, Item, Seq};

use super::connection::Connection;
use super::failure::{self, Status, failing, sentence, silent};
use super::watches::Observation;
use super::{Exchange, GRACE, Session, SessionEvent, State, StateChange, Warning, lock};
use crate::zk::{Event, EventKind};

/// How long the search for a server may go on without any result before the user is told.
const SILENCE: Duration = Duration::from_secs(2);

impl Session {
    /// Handles the client's feed until the session is over.
    pub(super) async fn pump(&self, connection: &Arc<Connection>) {
        let mut silence = Box::pin(tokio::time::sleep(SILENCE));
        let mut is_over = false;
        loop {
            let open = poll_fn(|context| {
                let polled = {
                    let mut feed = connection.feed();
                    match feed.poll_next(context) {
                        Poll::Ready(Some(item)) => {
                            self.handle(connection, item);
                            Poll::Ready(true)
                        }
                        Poll::Ready(None) => Poll::Ready(false),
                        Poll::Pending => Poll::Pending,
                    }
                };
                if polled.is_pending() && !is_over && silence.as_mut().poll(context).is_ready() {
                    is_over = true;
                    if self.has_heard_nothing() {
                        self.tell_failing(connection, silent(&connection.servers), false, Seq(0));
                    }
                }
                polled
            });
            if !open.await {
                return;
            }
        }
    }

    /// Returns whether the search for a server has had no result yet, neither an answer nor a
    /// failure.
    pub fn has_heard_nothing(&self) -> bool {
        let nothing = |connection: &Arc<Connection>| connection.client.facts().attempts.is_empty();
        self.state() == State::Connecting && self.current().as_ref().is_some_and(nothing)
    }

    /// Handles all items that the client has queued. An event is queued before the reply that
    /// follows it, so after a reply this shows the events before it.
    pub fn deliver(&self) {
        let Some(connection) = self.current() else { return };
        let mut feed = connection.feed();
        while let Some(item) = feed.try_next() {
            self.handle(&connection, item);
        }
    }

    pub(super) fn handle(&self, connection: &Arc<Connection>, item: Item) {
        let is_current = self.current().is_some_and(|current| Arc::ptr_eq(&current, connection));
        if !is_current {
            return;
        }
        match item {
            Item::Event(event) => {
                let stamp = connection.stamp(event.at);
                if let Some(event) = of_client(&event) {
                    self.dispatch(&event, stamp);
                }
            }
            Item::State(change) => self.change(connection, &change),
            Item::Weakened(weakened) => self.reregister(&weakened.path, weakened.kind),
            Item::Exchange(exchange) => {
                let exchange = Exchange::of_client(&exchange, connection.stamp(exchange.at));
                lock(&self.0.exchanges).note(exchange);
            }
            Item::Missed(count) => {
                let stamp = connection.now();
                self.0.watches.tell_observers(&Observation::Missed(count), stamp);
                self.notify(SessionEvent::Warning(Warning::Missed(count), stamp));
            }
            _ => {}
        }
    }

    /// Handles a change of the client's state.
    pub(super) fn change(&self, connection: &Arc<Connection>, change: &Change) {
        use zookeeper::State as S;
        if self.is_spent() {
            return;
        }
        let was_connected = self.state().is_connected();
        match change.state {
            S::Connecting if was_connected => self.lost(connection, change.at),
            S::Connecting => {
                let attempts = connection.client.facts().attempts;
                let failing = failing(&attempts);
                if failing.len() >= connection.servers.hosts().len() {
                    let refused = failing.values().all(|cause| **cause == Cause::Refused);
                    self.tell_failing(
                        connection,
                        sentence(&failing, self.0.settings.read_only),
                        refused,
                        change.at,
                    );
                }
            }
            S::Connected => self.found(connection, State::Connected, change.at),
            S::ConnectedReadOnly => self.found(connection, State::ConnectedReadOnly, change.at),
            S::AuthFailed => {
                self.credentials().refused();
                self.over(change, State::AuthFailed, "AuthFailed");
            }
            S::Failed => {
                // The client does not report the last attempt apart from the end.
                let hosts = connection.client.facts().attempts;
                let failing = sentence(&failing(&hosts), self.0.settings.read_only);
                if !failing.is_empty() {
                    self.tell_failing(connection, failing, false, change.at);
                }
                self.over(change, State::Closed, "Closed");
            }
            S::Expired => self.over(change, State::Closed, "Expired"),
            _ => self.over(change, State::Closed, "Closed"),
        }
    }

    /// Handles the loss of the connection.
    pub(super) fn lost(&self, connection: &Connection, at: Seq) {
        self.lifecycle().searching = Some(Instant::now());
        self.forget_reads();
        self.0.watches.tell_observers(&Observation::Disconnected, connection.stamp(at));
        let session = connection.client.facts().session.unwrap_or_default();
        let server = self.lifecycle().server.clone();
        self.tell_change(StateChange {
            server: server.filter(|_| connection.has_several_servers()),
            ..StateChange::new("Disconnected", session)
        });
        self.set_status(Status { state: State::Connecting, ..Status::default() });
    }

    /// Handles a new connection to a server.
    pub(super) fn found(&self, connection: &Connection, state: State, at: Seq) {
        let facts = connection.client.facts();
        connection.forget_version(facts.connections);
        let server = facts.host.as_ref().map(ToString::to_string);
        let (since, is_back) = self.note_answer(server.clone());
        let silence =
            since.map(|since| since.elapsed()).filter(|silence| is_back || *silence > GRACE);
        let was_read_only = self.state() == State::ConnectedReadOnly;
        if silence.is_some() || was_read_only {
            let name =
                if state == State::Connected { "SyncConnected" } else { "ConnectedReadOnly" };
            let server = server.filter(|_| connection.has_several_servers());
            let session = facts.session.unwrap_or_default();
            self.tell_change(StateChange { silence, server, ..StateChange::new(name, session) });
        }
        self.set_status(Status { state, ..Status::default() });
        if is_back {
            let stamp = connection.stamp(at);
            self.0.watches.tell_observers(&Observation::Reconnected, stamp);
            // The client sets these watches again, but the server does not replay their missed
            // events.
            let mut paths: Vec<String> = self
                .0
                .watches
                .list()
                .into_iter()
                .filter(|watch| !watch.kind.is_one_shot())
                .map(|watch| watch.path.to_string())
                .collect();
            paths.dedup();
            if !paths.is_empty() {
                self.notify(SessionEvent::Warning(Warning::Gap(paths), stamp));
            }
        }
    }

    /// Handles the end of the session.
    pub(super) fn over(&self, change: &Change, state: State, name: &'static str) {
        self.forget_reads();
        let cause = change.cause.clone();
        let error = cause.as_ref().map_or_else(super::not_connected, failure::ended);
        let losses = self.losses(&error);
        let session = change.session.unwrap_or_default();
        self.tell_change(StateChange { losses, ..StateChange::new(name, session) });
        let failing = self.0.status.borrow().failing.clone();
        self.set_status(Status { state, failing, ended: cause, ..Status::default() });
    }

    pub(super) fn tell_change(&self, change: StateChange) {
        self.notify(SessionEvent::StateChange(change));
    }

    /// Reports why no server accepts the session, unless the same reason has been reported before.
    pub(super) fn tell_failing(
        &self,
        connection: &Connection,
        failing: String,
        refused: bool,
        at: Seq,
    ) {
        let mut is_news = false;
        self.0.status.send_if_modified(|status| {
            is_news = status.failing.as_ref() != Some(&failing);
            status.failing = Some(failing.clone());
            let since = refused.then(|| status.refused.unwrap_or_else(Instant::now));
            let has_turned = since != status.refused;
            status.refused = since;
            is_news || has_turned
        });
        if is_news {
            let warning = Warning::ConnectFailing(failing);
            self.notify(SessionEvent::Warning(warning, connection.stamp(at)));
        }
    }
}

/// Converts the client crate's event. Returns `None` for events that the shell reports itself.
fn of_client(event: &zookeeper::Event) -> Option<Event> {
    let kind = match event.kind {
        zookeeper::EventKind::NodeCreated => EventKind::NodeCreated,
        zookeeper::EventKind::NodeDeleted => EventKind::NodeDeleted,
        zookeeper::EventKind::NodeDataChanged => EventKind::NodeDataChanged,
        zookeeper::EventKind::NodeChildrenChanged => EventKind::NodeChildrenChanged,
        _ => return None,
    };
    let zxid = event.zxid.map(|zxid| zxid.0);
    Some(Event { state: "SyncConnected", kind, path: Some(event.path.to_string()), zxid })
}
