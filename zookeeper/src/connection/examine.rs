//! Connects to one server step by step, for diagnosis.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::{Instant, timeout};

use super::attempt::{self, LONGEST_WELCOME};
use super::early::Early;
use super::inbox::Inbox;
use crate::dial::{Tcp, Tls, Wire};
use crate::encode::Hello;
use crate::error::Cause;
use crate::host::Host;
use crate::options::Options;
use crate::word;

/// How long to wait for the server to close the connection after the end of the session.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// A step towards a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Resolve the host name to addresses.
    Resolve,
    /// Connect by TCP to one of the addresses.
    Connect,
    /// Make the handshake of the transport, such as that of TLS. Skipped if the transport has none.
    Secure,
    /// Open a session.
    Open,
    /// Authenticate by SASL. Skipped without [`Options::sasl`].
    Authenticate,
    /// Send the four-letter word `srvr` on a second connection.
    Ask,
}

/// The result of a successful step.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The addresses of the host.
    Addresses(Vec<SocketAddr>),
    /// The address that accepts connections.
    Connected(SocketAddr),
    /// The negotiated TLS parameters.
    Secured(Tls),
    /// The session.
    Opened {
        /// Its id.
        session: i64,
        /// The negotiated timeout.
        timeout: Duration,
        /// Whether the server serves reads only.
        read_only: bool,
    },
    /// Both sides have proved that they know the password.
    Authenticated,
    /// The reply to `srvr`.
    Answered(String),
}

/// A step that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Examined {
    /// The step.
    pub step: Step,
    /// How long it took.
    pub time: Duration,
    /// The result of the step, or why it failed.
    pub result: Result<Finding, Cause>,
}

/// The steps so far, and the time that each may take.
struct Examination {
    steps: Vec<Examined>,
    time: Duration,
}

impl Examination {
    /// Runs a step and records it. Returns its result unless it has failed.
    async fn step<T>(
        &mut self,
        step: Step,
        found: impl FnOnce(&T) -> Option<Finding>,
        work: impl Future<Output = Result<T, Cause>>,
    ) -> Option<T> {
        let begun = Instant::now();
        let result = timeout(self.time, work).await.unwrap_or(Err(Cause::Silent(self.time)));
        let time = begun.elapsed();
        match result {
            Ok(value) => {
                if let Some(found) = found(&value) {
                    self.steps.push(Examined { step, time, result: Ok(found) });
                }
                Some(value)
            }
            Err(cause) => {
                self.steps.push(Examined { step, time, result: Err(cause) });
                None
            }
        }
    }
}

/// Connects to a host as a session would, step by step, and returns the steps up to the first that
/// fails. Each step may take `time`. A session that was opened is closed again.
///
/// Of the transport, only [`secure`](crate::Dial::secure) is used. Its own
/// [`dial`](crate::Dial::dial) is ignored.
pub async fn examine(options: &Options, host: &Host, time: Duration) -> Vec<Examined> {
    let mut examination = Examination { steps: Vec::new(), time };
    examination.all(options, host).await;
    examination.steps
}

impl Examination {
    async fn all(&mut self, options: &Options, host: &Host) -> Option<()> {
        let dial = &*options.dial;
        let found = |addresses: &Vec<SocketAddr>| Some(Finding::Addresses(addresses.clone()));
        let addresses = self.step(Step::Resolve, found, dial.resolve(host)).await?;
        let found = |(_, address): &(_, SocketAddr)| Some(Finding::Connected(*address));
        let share = self.time / u32::try_from(addresses.len()).unwrap_or(1).max(1);
        let connecting = first_that_connects(&addresses, share);
        let (stream, address) = self.step(Step::Connect, found, connecting).await?;
        let found = |wire: &Wire| wire.peer.tls.clone().map(Finding::Secured);
        let securing = dial.secure(host, address, stream);
        let mut wire = self.step(Step::Secure, found, securing).await?;
        let mut inbox = Inbox::new(LONGEST_WELCOME);
        self.open(options, host, address, &mut wire, &mut inbox).await?;
        if let Some(sasl) = options.sasl.as_deref() {
            let found = |(): &()| Some(Finding::Authenticated);
            let authenticating = attempt::authenticate(&mut wire, &mut inbox, host, sasl);
            self.step(Step::Authenticate, found, authenticating).await?;
        }
        let asking = async { word::ask_at(dial.dial(host, address).await?, "srvr").await };
        let found = |answer: &String| Some(Finding::Answered(answer.clone()));
        self.step(Step::Ask, found, asking).await;
        attempt::close(&mut wire).await;
        let mut rest = Vec::new();
        // The server closes the connection once it has closed the session.
        let _ = timeout(CLOSE_TIMEOUT, wire.stream.read_to_end(&mut rest)).await;
        Some(())
    }

    async fn open(
        &mut self,
        options: &Options,
        host: &Host,
        address: SocketAddr,
        wire: &mut Wire,
        inbox: &mut Inbox,
    ) -> Option<()> {
        let hello = Hello {
            last_zxid: 0,
            timeout: i32::try_from(options.timeout.as_millis()).unwrap_or(i32::MAX),
            session: 0,
            password: &[0; 16],
            read_only: options.read_only,
        };
        let found = |(response, _): &(attempt::ConnectResponse, Duration)| {
            Some(Finding::Opened {
                session: response.session,
                timeout: Duration::from_millis(response.timeout.into()),
                read_only: response.read_only,
            })
        };
        let opening = async {
            match attempt::greet(wire, inbox, &hello, &mut Early::none()).await {
                Err(Cause::NoSession) => {
                    Err(attempt::diagnose(&*options.dial, host, address, 0).await)
                }
                opened => opened,
            }
        };
        self.step(Step::Open, found, opening).await.map(drop)
    }
}

async fn first_that_connects(
    addresses: &[SocketAddr],
    time: Duration,
) -> Result<(tokio::net::TcpStream, SocketAddr), Cause> {
    let mut last = Cause::NoSuchHost;
    for address in addresses {
        match timeout(time, Tcp::connect(*address)).await {
            Ok(Ok(stream)) => return Ok((stream, *address)),
            Ok(Err(cause)) => last = cause,
            Err(_) => last = Cause::Silent(time),
        }
    }
    Err(last)
}
