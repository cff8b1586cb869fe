//! HTTP requests to a server's AdminServer. They carry no credentials.
//!
//! If the session has TLS settings, TLS is tried first, and a server whose certificate is not
//! trusted is asked nothing. Only a port that speaks no TLS at all is asked without it.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, HOST, LOCATION};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};
use zookeeper::{Cause, Cut, Dial, FaultKind, Tcp, connect, speaks_tls};

use super::four_letter_word::{MAX_BYTES, check_failure, cut_words};
use super::state::Warning;
use super::{CheckFailure, ServerReply, Session, SessionEvent, Stamp};
use crate::zk::Host;

/// The maximum size of the head of a reply in bytes.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// The time limit for the check whether a port speaks TLS.
const PROBE_TIME: Duration = Duration::from_secs(2);

const ADDRESS: &str = "check that the server has an AdminServer (admin.enableServer), and its port \
                       (admin.serverPort)";
const STORES: &str = "an AdminServer shows the certificate of ssl.quorum.keyStore: --cacert must \
                      hold its issuer too";
const WANTS_TLS: &str = "pass --cacert FILE, with the issuer of its ssl.quorum.keyStore";

/// The reply of an AdminServer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminReply {
    /// The status of HTTP, 200 if all is well.
    pub status: u16,
    /// The body.
    pub reply: ServerReply,
}

/// Why a request has no response.
enum Failed {
    Connect(Cause),
    Http(hyper::Error),
    Late,
}

impl Session {
    /// Sends a GET request to an AdminServer.
    ///
    /// # Errors
    /// If there is no reply, or only one that sends the client somewhere else.
    pub async fn ask_admin_server(
        &self,
        host: &Host,
        path: &str,
    ) -> Result<AdminReply, CheckFailure> {
        let host = zookeeper::Host { name: host.name.clone(), port: host.port };
        let dial = self.0.settings.transport.dial();
        let time = self.reply_time();
        let answered = match exchange(&*dial, &host, path, time).await {
            Err(Failed::Connect(Cause::Transport(fault)))
                if fault.kind == FaultKind::NoHandshake && fault.is_final =>
            {
                let plain = exchange(&Tcp, &host, path, time).await;
                if plain.is_ok() {
                    let warning = Warning::NotEncrypted(host.to_string());
                    self.notify(SessionEvent::Warning(warning, Stamp::default()));
                }
                plain
            }
            answered => answered,
        };
        match answered {
            Ok(reply) => Ok(reply),
            Err(Failed::Connect(cause)) => {
                let failure = check_failure(&cause);
                let advice = match &cause {
                    Cause::Refused => ADDRESS,
                    Cause::Transport(fault) if fault.kind == FaultKind::UnknownIssuer => STORES,
                    _ => failure.advice,
                };
                Err(CheckFailure { advice, ..failure })
            }
            Err(Failed::Late) => Err(failure(&format!("does not answer within {time:?}"))),
            Err(Failed::Http(_)) if !self.is_secured() && is_tls(&host).await => Err(wants_tls()),
            Err(Failed::Http(error)) if error.is_parse() => Err(failure("does not answer in HTTP")),
            Err(Failed::Http(error)) if error.is_incomplete_message() => {
                Err(failure("closes the connection without an answer"))
            }
            Err(Failed::Http(error)) => Err(failure(&format!("cannot be asked: {error}"))),
        }
        .and_then(|(reply, location)| match location {
            Some(location) if location.starts_with("https:") && !reply.reply.is_encrypted => {
                Err(wants_tls())
            }
            Some(_) => Err(failure(&format!(
                "answers with status {}, which leads elsewhere; zksh does not follow",
                reply.status
            ))),
            None => Ok(reply),
        })
    }
}

fn failure(why: &str) -> CheckFailure {
    CheckFailure { why: why.to_owned(), advice: ADDRESS }
}

fn wants_tls() -> CheckFailure {
    let why = "wants TLS (admin.forceHttps), and the session has none".to_owned();
    CheckFailure { why, advice: WANTS_TLS }
}

async fn is_tls(host: &zookeeper::Host) -> bool {
    let asked = async {
        for address in Tcp.resolve(host).await.unwrap_or_default() {
            if speaks_tls(&Tcp, host, address).await {
                return true;
            }
        }
        false
    };
    timeout(PROBE_TIME, asked).await.unwrap_or(false)
}

/// Sends the request and reads the reply, and where it leads if it is a redirection.
async fn exchange(
    dial: &dyn Dial,
    host: &zookeeper::Host,
    path: &str,
    time: Duration,
) -> Result<(AdminReply, Option<String>), Failed> {
    let deadline = Instant::now() + time;
    let wire = timeout_at(deadline, connect(dial, host)).await;
    let wire = wire.map_err(|_| Failed::Late)?.map_err(Failed::Connect)?;
    let is_encrypted = wire.peer.tls.is_some();
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD_BYTES)
        .handshake(TokioIo::new(wire.stream))
        .await
        .map_err(Failed::Http)?;
    // Dropping the set ends the task.
    let mut tasks = JoinSet::new();
    tasks.spawn(connection);
    let request = Request::get(path)
        .header(HOST, host.to_string())
        .header(ACCEPT, "application/json")
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        // A host with characters that HTTP forbids.
        .map_err(|_| Failed::Connect(Cause::NoSuchHost))?;
    let response = timeout_at(deadline, sender.send_request(request)).await;
    let response = response.map_err(|_| Failed::Late)?.map_err(Failed::Http)?;
    let status = response.status();
    let location = response.headers().get(LOCATION).filter(|_| status.is_redirection());
    let location = location.map(|to| String::from_utf8_lossy(to.as_bytes()).into_owned());
    let (bytes, cut) = body(response, deadline).await;
    let cut = cut.map(|cut| cut_words(&cut, time));
    let reply = ServerReply { bytes, is_encrypted, cut };
    Ok((AdminReply { status: status.as_u16(), reply }, location))
}

async fn body(mut response: Response<Incoming>, deadline: Instant) -> (Vec<u8>, Option<Cut>) {
    let mut bytes = Vec::new();
    loop {
        match timeout_at(deadline, response.frame()).await {
            Ok(None) => return (bytes, None),
            Ok(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    let room = MAX_BYTES - bytes.len();
                    bytes.extend_from_slice(&data[..data.len().min(room)]);
                    if data.len() > room {
                        return (bytes, Some(Cut::TooLong));
                    }
                }
            }
            Ok(Some(Err(_))) => return (bytes, Some(Cut::Broken(Cause::Disconnected(None)))),
            Err(_) => return (bytes, Some(Cut::TooLate)),
        }
    }
}
