//! One attempt to connect: TCP or another transport, then the handshake, then SASL.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::early::{Early, TakeEarly};
use super::inbox::Inbox;
use crate::chroot::Chroot;
use crate::code::Code;
use crate::dial::{Dial, Wire};
use crate::encode::{self, Hello};
use crate::error::{self, Cause, FaultKind};
use crate::host::Host;
use crate::jute::{Fault, Reader};
use crate::request::AnyRequest;
use crate::sasl::{Sasl, SaslStep};
use crate::word;

/// Maximum size of the connect response in bytes. It has about forty, and a password of unknown
/// length.
pub(super) const LONGEST_WELCOME: usize = 4096;

/// Maximum size of a SASL token in bytes; Kerberos tickets can be large.
const LONGEST_TOKEN: usize = 1 << 20;

/// The protocol version, in place of 0, with which ClickHouse Keeper refuses sessions while it has
/// no leader.
const KEEPER_REFUSES: i32 = 42;

/// How long to watch whether a server closes a connection before any request.
const LISTEN: Duration = Duration::from_millis(150);

/// How long to wait for the reply to a four-letter word, when asking why there is no session.
const ANSWER: Duration = Duration::from_secs(1);

/// Size of a reply header in bytes, which is less than a connect response has.
const REPLY_HEADER: usize = 16;

/// Why a peer that answers does not count as a ZooKeeper server.
const UNREADABLE: &str = "its first answer cannot be read";

/// The connect response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConnectResponse {
    /// The negotiated timeout in milliseconds; 0 if the session has expired.
    pub(crate) timeout: u32,
    pub(crate) session: i64,
    pub(crate) password: Vec<u8>,
    pub(crate) read_only: bool,
}

impl ConnectResponse {
    fn read(frame: &[u8]) -> Result<Self, Cause> {
        if frame.len() == REPLY_HEADER {
            return Err(refusal(frame));
        }
        let refused = |_: Fault| Cause::NotZooKeeper(UNREADABLE);
        let mut from = Reader::new(frame);
        match from.int().map_err(refused)? {
            0 => {}
            KEEPER_REFUSES => return Err(Cause::NotServing),
            _ => return Err(Cause::NotZooKeeper("its first answer has another version")),
        }
        let timeout = from.int().map_err(refused)?;
        let session = from.long().map_err(refused)?;
        let password = from.buffer().map_err(refused)?.unwrap_or_default().to_vec();
        // Servers before 3.4 do not send this field.
        let read_only = from.left() > 0 && from.boolean().map_err(refused)?;
        from.end().map_err(refused)?;
        let timeout = u32::try_from(timeout).unwrap_or_default();
        Ok(Self { timeout, session, password, read_only })
    }
}

/// Returns why a server refuses the session, if it replies with an ordinary reply header. A
/// read-only server does this since 3.9, unless it has local sessions.
fn refusal(frame: &[u8]) -> Cause {
    let mut from = Reader::new(frame);
    let code = (|| Ok::<i32, Fault>((from.int()?, from.long()?, from.int()?).2))();
    match code.map(Code::from_number) {
        Ok(Code::NotReadOnly) => Cause::ReadOnly,
        Ok(Code::SessionClosedRequireSaslAuth) => Cause::NeedsAuthentication,
        _ => Cause::NotZooKeeper(UNREADABLE),
    }
}

/// A connection with an open session.
pub(crate) struct Opened {
    pub(crate) wire: Wire,
    pub(crate) inbox: Inbox,
    pub(crate) response: ConnectResponse,
    pub(crate) handshake: Duration,
    /// The part of the early requests that was not written yet.
    pub(crate) unwritten: Vec<u8>,
}

/// Opens or resumes a session on a new connection.
pub(crate) async fn open(
    mut wire: Wire,
    host: &Host,
    hello: &Hello<'_>,
    take_early: TakeEarly<'_>,
    sasl: Option<&dyn Sasl>,
    max_frame: usize,
    time: Duration,
) -> Result<Opened, Cause> {
    let opened = async {
        let mut inbox = Inbox::new(LONGEST_WELCOME);
        let mut early = Early::new(take_early);
        let (response, handshake) = greet(&mut wire, &mut inbox, hello, &mut early).await?;
        if let Some(sasl) = sasl {
            authenticate(&mut wire, &mut inbox, host, sasl).await?;
        }
        inbox.limit(max_frame);
        Ok(Opened { wire, inbox, response, handshake, unwritten: early.unwritten() })
    };
    timeout(time, opened).await.unwrap_or(Err(Cause::Silent(time)))
}

/// Asks for a session. Returns the response and how long it took.
pub(super) async fn greet(
    wire: &mut Wire,
    inbox: &mut Inbox,
    hello: &Hello<'_>,
    early: &mut Early<'_>,
) -> Result<(ConnectResponse, Duration), Cause> {
    let begun = tokio::time::Instant::now();
    let mut bytes = Vec::new();
    encode::hello(hello, &mut bytes);
    write(wire, &bytes).await.map_err(|error| match Cause::of_io(&error) {
        Cause::Disconnected(_) => Cause::NoSession,
        cause => cause,
    })?;
    let response = poll_fn(|context| {
        if let Err(error) = early.write(&mut *wire.stream, context) {
            return Poll::Ready(Err(Broken::Io(Cause::of_io(&error))));
        }
        poll_read(wire, inbox, context)
    });
    let frame = match response.await {
        Ok(frame) => frame,
        Err(Broken::Io(cause @ Cause::Transport(_))) => return Err(cause),
        Err(Broken::Io(_)) if inbox.rest().is_empty() => return Err(Cause::NoSession),
        Err(Broken::Io(_)) => return Err(Cause::NotZooKeeper("its first answer is cut")),
        Err(Broken::Fault(_)) => return Err(speaks(inbox.rest())),
    };
    let response = ConnectResponse::read(&frame)?;
    let handshake = begun.elapsed();
    if response.timeout == 0 {
        return Err(match hello.session {
            0 => Cause::NotZooKeeper("it gives a session that is over"),
            _ => Cause::Expired,
        });
    }
    if hello.session != 0 && response.session != hello.session && !response.read_only {
        // ClickHouse Keeper cannot resume sessions: it has opened a new one, which we close again.
        close(wire).await;
        return Err(Cause::Expired);
    }
    Ok((response, handshake))
}

/// Sends the end of the session; no reply is read.
pub(super) async fn close(wire: &mut Wire) {
    let mut bytes = Vec::new();
    encode::request(&AnyRequest::Close, 1, &Chroot::none(), &mut bytes);
    let _ = write(wire, &bytes).await;
}

/// Names the protocol of a peer that does not speak ZooKeeper's.
fn speaks(bytes: &[u8]) -> Cause {
    Cause::NotZooKeeper(match bytes {
        [0x15 | 0x16, 3, ..] => return port_is_tls(),
        [b'H', b'T', b'T', b'P', ..] => "it speaks HTTP",
        [b'S', b'S', b'H', b'-', ..] => "it speaks SSH",
        _ => UNREADABLE,
    })
}

/// Returns the cause for a port that speaks TLS while this client does not.
fn port_is_tls() -> Cause {
    let text = "the port speaks TLS, and TLS was not asked for";
    Cause::Transport(error::Fault::new(text).of_kind(FaultKind::PortIsTls).lasting())
}

/// The shortest `ClientHello`: TLS 1.2 or later, no random bytes, one cipher. A TLS server answers it
/// with a record, most of them with an alert; a ZooKeeper server without TLS closes the connection.
const CLIENT_HELLO: [u8; 50] = {
    let mut hello = [0; 50];
    let head = [0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 3];
    let tail = [0, 0, 2, 0x13, 1, 1, 0];
    let mut at = 0;
    while at < head.len() {
        hello[at] = head[at];
        at += 1;
    }
    at = 0;
    while at < tail.len() {
        hello[head.len() + 32 + at] = tail[at];
        at += 1;
    }
    hello
};

/// Returns whether a port speaks TLS, which is asked on a plain connection.
pub async fn speaks_tls(dial: &dyn Dial, host: &Host, address: std::net::SocketAddr) -> bool {
    let Ok(mut wire) = dial.dial(host, address).await else { return false };
    let mut answer = [0; 2];
    wire.peer.tls.is_none()
        && write(&mut wire, &CLIENT_HELLO).await.is_ok()
        && wire.stream.read_exact(&mut answer).await.is_ok()
        && matches!(answer, [0x15 | 0x16, 3])
}

/// Authenticates the session by SASL.
pub(super) async fn authenticate(
    wire: &mut Wire,
    inbox: &mut Inbox,
    host: &Host,
    sasl: &dyn Sasl,
) -> Result<(), Cause> {
    inbox.limit(LONGEST_TOKEN);
    let mut session = sasl.begin(host)?;
    let mut challenge: Option<Vec<u8>> = None;
    let mut xid = 0;
    loop {
        let step = if session.blocks() {
            let stepping = tokio::task::spawn_blocking(move || {
                let step = session.step(challenge.as_deref());
                (session, step)
            });
            let (back, step) = stepping.await.map_err(|_| Cause::RuntimeEnded)?;
            session = back;
            step?
        } else {
            session.step(challenge.as_deref())?
        };
        let token = match step {
            SaslStep::Done => return Ok(()),
            SaslStep::Send(token) => token,
        };
        xid += 1;
        let mut bytes = Vec::new();
        encode::sasl(xid, &token, &mut bytes);
        let broken = |error: io::Error| Cause::of_io(&error);
        write(wire, &bytes).await.map_err(broken)?;
        let malformed = |why| Cause::Malformed { op: Some(crate::Op::Sasl), why };
        let frame = read(wire, inbox).await.map_err(|error| match error {
            Broken::Io(cause) => cause,
            Broken::Fault(why) => malformed(why),
        })?;
        let mut from = Reader::new(&frame);
        let header = (|| Ok((from.int()?, from.long()?, from.int()?)))();
        let (of, _, code) = header.map_err(malformed)?;
        if of != xid {
            return Err(malformed("it is one to another request"));
        }
        if code != 0 {
            return Err(Cause::AuthFailed("sasl".into()));
        }
        let token = from.buffer().map_err(malformed)?.unwrap_or_default().to_vec();
        from.end().map_err(malformed)?;
        challenge = Some(token);
    }
}

enum Broken {
    Io(Cause),
    Fault(Fault),
}

async fn write(wire: &mut Wire, bytes: &[u8]) -> io::Result<()> {
    wire.stream.write_all(bytes).await?;
    wire.stream.flush().await
}

async fn read(wire: &mut Wire, inbox: &mut Inbox) -> Result<Vec<u8>, Broken> {
    poll_fn(|context| poll_read(wire, inbox, context)).await
}

fn poll_read(
    wire: &mut Wire,
    inbox: &mut Inbox,
    context: &mut Context<'_>,
) -> Poll<Result<Vec<u8>, Broken>> {
    loop {
        if let Some(frame) = inbox.frame().map_err(Broken::Fault)? {
            return Poll::Ready(Ok(inbox.bytes(frame).to_vec()));
        }
        match ready!(inbox.poll_fill(&mut *wire.stream, context)) {
            Ok(0) => return Poll::Ready(Err(Broken::Io(Cause::Disconnected(None)))),
            Ok(_) => {}
            Err(error) => return Poll::Ready(Err(Broken::Io(Cause::of_io(&error)))),
        }
    }
}

/// Asks a server why it closes the connection instead of opening the session.
pub(crate) async fn diagnose(
    dial: &dyn Dial,
    host: &Host,
    address: std::net::SocketAddr,
    seen: i64,
) -> Cause {
    let asked = async {
        let mut wire = dial.dial(host, address).await?;
        // A server with too many connections from here closes this one, too, before any request.
        let mut byte = [0];
        let closed = timeout(LISTEN, wire.stream.read(&mut byte)).await;
        if let Ok(Ok(0) | Err(_)) = closed {
            return Err(Cause::TooManyConnections);
        }
        word::ask_at(wire, "srvr").await
    };
    let asked = timeout(ANSWER, asked).await;
    // A TLS server closes the connection, or waits for the rest of what it takes for a record.
    let says_nothing = match &asked {
        Ok(Ok(answer)) => answer.is_empty(),
        Ok(Err(cause)) => matches!(cause, Cause::Disconnected(_)),
        Err(_) => true,
    };
    if says_nothing && timeout(ANSWER, speaks_tls(dial, host, address)).await.unwrap_or(false) {
        return port_is_tls();
    }
    match asked {
        Ok(Ok(answer)) if answer.contains("not currently serving") => Cause::NotServing,
        Ok(Ok(answer)) if answer.is_empty() => Cause::NotZooKeeper("it closes the connection"),
        Ok(Ok(answer)) if answer.contains("Mode: read-only") => Cause::ReadOnly,
        Ok(Ok(answer)) if is_server(&answer) => {
            if zxid(&answer).is_some_and(|zxid| zxid < seen) {
                Cause::ServerBehind
            } else {
                Cause::NoSession
            }
        }
        Ok(Ok(_)) => Cause::NotZooKeeper("it answers in words of its own"),
        Ok(Err(cause)) => cause,
        Err(_) => Cause::NoSession,
    }
}

/// Parses the last zxid from a reply to `srvr`.
fn zxid(answer: &str) -> Option<i64> {
    let zxid = answer.lines().find_map(|line| line.strip_prefix("Zxid: 0x"))?;
    i64::from_str_radix(zxid.trim(), 16).ok()
}

fn is_server(answer: &str) -> bool {
    answer.contains("Keeper version:")
        || answer.contains("keeper version:")
        || answer.contains("not in the whitelist")
        || answer.contains("not in the white list")
}
