//! The task that owns the connection: it connects to a server, serves requests, and reconnects.

mod attempt;
mod early;
mod examine;
mod history;
mod inbox;
mod interrupt;
mod replies;
mod serve;
mod suspects;
mod watch_parts;
mod watch_replies;
mod writable;

use std::collections::HashMap;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep_until};

use self::attempt::Opened;
pub use self::attempt::speaks_tls;
pub use self::examine::{Examined, Finding, Step, examine};
use self::history::{finish, tell};
use self::serve::Connection;
use self::suspects::Suspects;
use crate::encode::Hello;
use crate::error::Cause;
use crate::host::Host;
use crate::hosts::Hosts;
use crate::options::Password;
use crate::request::AddAuth;
use crate::shared::{Shared, Target};
use crate::state::{Attempt, State};

/// Limits of the time that one address may take to connect and open the session, unless the options
/// set it.
const LEAST_CONNECT_TIME: Duration = Duration::from_secs(1);
const MOST_CONNECT_TIME: Duration = Duration::from_secs(10);

/// How long the reason why a server refuses a session stays cached.
const DIAGNOSIS_LASTS: Duration = Duration::from_secs(2);

/// How the session ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct End(pub(crate) State, pub(crate) Cause);

/// What follows a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum After {
    /// Look for another server.
    Search(Cause),
    End(End),
}

/// The task's knowledge of the session.
pub(crate) struct Session {
    pub(crate) id: i64,
    pub(crate) password: Password,
    /// Whether an ordinary server has opened the session. The session id of a read-only server is
    /// unknown to other servers.
    pub(crate) is_real: bool,
    /// Credentials that were accepted or came with the options.
    pub(crate) credentials: Vec<AddAuth>,
    /// Hosts that broke the connection when they got a `setWatches2` (3.6).
    pub(crate) suspects: Suspects,
}

/// Ends the session for all waiting callers if the task is dropped early.
struct Guard(Arc<Shared>);

impl Drop for Guard {
    fn drop(&mut self) {
        if self.0.queue().ended.is_none() {
            finish(&self.0, &End(State::Abandoned, Cause::RuntimeEnded));
        }
    }
}

struct Task {
    shared: Arc<Shared>,
    hosts: Hosts,
    session: Session,
    /// When to give up a search that only serves to close the session.
    close_by: Option<Instant>,
    /// When the session will have expired, if no server resumes it; `None` before the first
    /// connection is lost.
    expires: Option<Instant>,
    /// When each host was asked why it refuses the session, and the answer.
    diagnosed: HashMap<Host, (Instant, Cause)>,
}

/// Keeps the session until it is over.
pub(crate) async fn run(shared: Arc<Shared>) {
    let options = &shared.options;
    let resume = options.resume.as_ref();
    let session = Session {
        id: resume.map_or(0, |resume| resume.session),
        password: resume.map_or_else(Password::default, |resume| resume.password.clone()),
        is_real: resume.is_some(),
        credentials: options.auth.clone(),
        suspects: Suspects::default(),
    };
    let hosts = Hosts::new(options.hosts.clone(), options.seed);
    let mut task = Task {
        shared: Arc::clone(&shared),
        hosts,
        session,
        close_by: None,
        expires: None,
        diagnosed: HashMap::new(),
    };
    // A runtime that shuts down drops the task at an await point.
    let _guard = Guard(shared);
    task.keep().await;
}

impl Task {
    async fn keep(&mut self) {
        loop {
            let (host, address, opened) = match self.find().await {
                Ok(found) => found,
                Err(end) => return finish(&self.shared, &end),
            };
            if self.shared.registry().has_persistent() {
                let shared = Arc::clone(&self.shared);
                self.session.suspects.ask(&*shared.options.dial, &host).await;
            }
            self.connected(&host, address, &opened);
            let mut connection = Connection::new(&self.shared, &self.session, &host, opened);
            let after = poll_fn(|context| connection.poll(context, &mut self.session)).await;
            let proven = connection.is_proven();
            let found = connection.writable_host();
            match after {
                After::End(end) => {
                    if end.1 == Cause::Closed {
                        connection.await_hang_up().await;
                    }
                    connection.hang_up().await;
                    finish(&self.shared, &end);
                    connection.lose(&end.1, true);
                    return;
                }
                After::Search(cause) => {
                    // A server that sends garbage will do so again, so the pauses keep growing.
                    if proven && !matches!(cause, Cause::Malformed { .. }) {
                        self.hosts.serves();
                    }
                    if let Some(host) = found {
                        self.hosts.prefer(&host);
                    }
                    self.lost(&host, address, cause.clone());
                    connection.lose(&cause, false);
                }
            }
        }
    }

    fn connected(&mut self, host: &Host, address: SocketAddr, opened: &Opened) {
        let response = &opened.response;
        self.session.id = response.session;
        self.session.password = Password::new(response.password.clone());
        self.session.is_real |= !response.read_only;
        self.close_by = None;
        let state = if response.read_only { State::ConnectedReadOnly } else { State::Connected };
        {
            let mut known = self.shared.known();
            let facts = &mut known.facts;
            facts.state = state;
            facts.host = Some(host.clone());
            facts.peer = Some(opened.wire.peer.clone());
            facts.session = Some(response.session);
            facts.password = self.session.password.clone();
            facts.timeout = Some(Duration::from_millis(response.timeout.into()));
            facts.connections += 1;
            facts.connected_since = Some(SystemTime::now());
            facts.handshake = Some(opened.handshake);
            self.shared.note_round_trip(opened.handshake);
            facts.attempts.clear();
        }
        tell(&self.shared, state, None, Some(host), Some(address));
    }

    fn lost(&mut self, host: &Host, address: SocketAddr, cause: Cause) {
        {
            let mut known = self.shared.known();
            let facts = &mut known.facts;
            self.expires = facts.timeout.map(|timeout| Instant::now() + timeout);
            facts.state = State::Connecting;
            facts.host = None;
            facts.peer = None;
            facts.connected_since = None;
        }
        tell(&self.shared, State::Connecting, Some(cause), Some(host), Some(address));
    }

    /// Records that a host cannot be connected to, and reports it unless it is already known.
    fn failed(&self, host: &Host, address: Option<SocketAddr>, cause: Cause) {
        let attempt = Attempt { host: host.clone(), address, cause };
        {
            let mut known = self.shared.known();
            let attempts = &mut known.facts.attempts;
            match attempts.iter_mut().find(|known| known.host == *host) {
                Some(known) if known.cause == attempt.cause => return,
                Some(known) => *known = attempt.clone(),
                None => attempts.push(attempt.clone()),
            }
        }
        if self.hosts.len() == 1 && self.is_final(&attempt.cause) {
            // The end of the session reports it.
            return;
        }
        tell(&self.shared, State::Connecting, Some(attempt.cause), Some(host), address);
    }

    /// Returns whether the session ends, once every host fails like this. A certificate that is
    /// refused while the session still lives on the servers may be replaced before it expires.
    fn is_final(&self, cause: &Cause) -> bool {
        let is_alive =
            self.session.is_real && self.expires.is_some_and(|expires| Instant::now() < expires);
        cause.is_final() && !(is_alive && matches!(cause, Cause::Transport(_)))
    }

    /// Looks for a server until one accepts the session.
    async fn find(&mut self) -> Result<(Host, SocketAddr, Opened), End> {
        // Whether every failure of this pass was final, and the last of them.
        let mut lasting: Option<Cause> = None;
        let mut all_last = true;
        loop {
            let Some((host, pause)) = self.hosts.next() else {
                return Err(End(State::Failed, Cause::NoSuchHost));
            };
            if !pause.is_zero() {
                self.unless_interrupted(tokio::time::sleep(pause)).await?;
            }
            match self.try_host(&host).await? {
                Ok((address, opened)) => return Ok((host, address, opened)),
                Err(Cause::Expired) => return Err(End(State::Expired, Cause::Expired)),
                Err(cause) if self.is_final(&cause) => lasting = Some(cause),
                Err(_) => all_last = false,
            }
            if self.hosts.pass_is_over() {
                if all_last && let Some(cause) = lasting {
                    let state = match cause {
                        Cause::AuthFailed(_) | Cause::NeedsAuthentication => State::AuthFailed,
                        _ => State::Failed,
                    };
                    return Err(End(state, cause));
                }
                (lasting, all_last) = (None, true);
            }
        }
    }

    /// Tries all addresses of a host.
    async fn try_host(&mut self, host: &Host) -> Result<Result<(SocketAddr, Opened), Cause>, End> {
        let shared = Arc::clone(&self.shared);
        shared.target.send_replace(Target::Host(host.clone()));
        let dial = &*shared.options.dial;
        let time = self.connect_time();
        let resolved =
            self.unless_interrupted(tokio::time::timeout(time, dial.resolve(host))).await?;
        let addresses = match resolved.unwrap_or(Err(Cause::Silent(time))) {
            Ok(addresses) => addresses,
            Err(cause) => {
                self.failed(host, None, cause.clone());
                return Ok(Err(cause));
            }
        };
        // The addresses share the host's time, so that a silent one does not use up all of it.
        let count = u32::try_from(addresses.len()).unwrap_or(1).max(1);
        let time = (time / count).max(LEAST_CONNECT_TIME.min(time));
        // The failure of one address matters only if no other address works.
        let mut worst: Option<(SocketAddr, Cause)> = None;
        for address in addresses {
            let at = self.hosts.begin(Instant::now());
            self.unless_interrupted(sleep_until(at)).await?;
            let cause = match self.try_address(host, address, time).await? {
                Ok(opened) => return Ok(Ok((address, opened))),
                Err(Cause::NoSession) => self.why_no_session(host, address).await?,
                Err(cause) => cause,
            };
            if cause == Cause::Expired {
                return Ok(Err(cause));
            }
            if worst.as_ref().is_none_or(|(_, known)| tells_less(known)) {
                worst = Some((address, cause));
            }
        }
        let (address, cause) = match worst {
            Some((address, cause)) => (Some(address), cause),
            None => (None, Cause::NoSuchHost),
        };
        self.failed(host, address, cause.clone());
        Ok(Err(cause))
    }

    async fn try_address(
        &mut self,
        host: &Host,
        address: SocketAddr,
        time: Duration,
    ) -> Result<Result<Opened, Cause>, End> {
        let shared = Arc::clone(&self.shared);
        let options = &shared.options;
        let dialled = tokio::time::timeout(time, options.dial.dial(host, address));
        let wire = match self.unless_interrupted(dialled).await? {
            Ok(Ok(wire)) => wire,
            Ok(Err(cause)) => return Ok(Err(cause)),
            Err(_) => return Ok(Err(Cause::Silent(time))),
        };
        let password = self.session.password.clone();
        let hello = Hello {
            last_zxid: shared.last_zxid.load(Ordering::Relaxed),
            timeout: i32::try_from(options.timeout.as_millis()).unwrap_or(i32::MAX),
            session: if self.session.is_real { self.session.id } else { 0 },
            password: if self.session.is_real { password.reveal() } else { &[0; 16] },
            read_only: options.read_only,
        };
        let sasl = options.sasl.as_deref();
        let is_allowed = self.can_send_early();
        let take_early = || if is_allowed { shared.take_early() } else { Vec::new() };
        let open = attempt::open(wire, host, &hello, &take_early, sasl, options.max_frame, time);
        let opened = self.unless_interrupted(open).await;
        if !matches!(opened, Ok(Ok(_))) {
            shared.restore_early();
        }
        opened
    }

    /// Returns whether reads may be sent together with the request for a session: nothing must
    /// precede them, and if the server gives no session, they can be sent to another.
    fn can_send_early(&self) -> bool {
        let has_watches = || self.shared.registry().paths().iter().any(|paths| !paths.is_empty());
        !self.session.is_real
            && self.shared.options.sasl.is_none()
            && self.session.credentials.is_empty()
            && !has_watches()
    }

    /// Asks why a server closes the connection instead of opening the session. A recent answer is
    /// reused.
    async fn why_no_session(&mut self, host: &Host, address: SocketAddr) -> Result<Cause, End> {
        if let Some((asked, cause)) = self.diagnosed.get(host)
            && asked.elapsed() < DIAGNOSIS_LASTS
        {
            return Ok(cause.clone());
        }
        let shared = Arc::clone(&self.shared);
        let at = self.hosts.begin(Instant::now());
        self.unless_interrupted(sleep_until(at)).await?;
        let seen = shared.last_zxid.load(Ordering::Relaxed);
        let asked = attempt::diagnose(&*shared.options.dial, host, address, seen);
        let cause = self.unless_interrupted(asked).await?;
        self.diagnosed.insert(host.clone(), (Instant::now(), cause.clone()));
        Ok(cause)
    }

    fn connect_time(&self) -> Duration {
        let options = &self.shared.options;
        options.connect_timeout.unwrap_or_else(|| {
            let hosts = u32::try_from(self.hosts.len()).unwrap_or(1).max(1);
            (options.timeout / hosts).clamp(LEAST_CONNECT_TIME, MOST_CONNECT_TIME)
        })
    }
}

/// Returns whether the failure of another address would tell more about the host.
fn tells_less(cause: &Cause) -> bool {
    matches!(cause, Cause::Refused | Cause::Unreachable(_))
}
