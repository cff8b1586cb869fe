//! Descriptions of TLS failures, and whether a retry can help.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError, Error};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::verifier::Refusal;
use crate::dial::Tcp;
use crate::error::{Cause, Fault, FaultKind};

/// Timeout for the check whether a port speaks ZooKeeper without TLS.
const PROBE: Duration = Duration::from_secs(2);

/// Describes why a handshake failed. If the server only closed the connection, this checks whether
/// the port speaks ZooKeeper without TLS.
pub(super) async fn of_handshake(
    error: &io::Error,
    address: SocketAddr,
    has_certificate: bool,
) -> Cause {
    if let Some(fault) = of_tls(error, has_certificate) {
        return Cause::Transport(fault);
    }
    if is_plain(address).await {
        let text = "the port speaks ZooKeeper without TLS, and TLS was asked for";
        return Cause::Transport(Fault::new(text).of_kind(FaultKind::PortIsPlain).lasting());
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            let text = "the server closed the connection in the TLS handshake";
            Cause::Transport(Fault::new(text).of_kind(FaultKind::NoHandshake))
        }
        kind => Cause::Disconnected(Some(kind)),
    }
}

async fn is_plain(address: SocketAddr) -> bool {
    let asked = async {
        let mut stream = Tcp::connect(address).await.ok()?;
        stream.write_all(b"srvr").await.ok()?;
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).await.ok()?;
        // Servers answer even if the word is not whitelisted or the server is starting.
        Some(matches!(&answer, b"Zook" | b"srvr" | b"This"))
    };
    tokio::time::timeout(PROBE, asked).await.ok().flatten().unwrap_or(false)
}

/// Describes a TLS error. Returns `None` if the error does not come from TLS.
pub(super) fn of_tls(error: &io::Error, has_certificate: bool) -> Option<Fault> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    let fault = |kind: FaultKind, text: String| {
        Fault::new(text).of_kind(kind).lasting().with_source(Arc::new(error.clone()))
    };
    Some(match error {
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            match other.0.downcast_ref::<Refusal>() {
                Some(refusal) => fault(refusal.kind, refusal.to_string()),
                None => fault(FaultKind::BadCertificate, error.to_string()),
            }
        }
        Error::InvalidCertificate(_) => fault(FaultKind::BadCertificate, error.to_string()),
        Error::AlertReceived(alert) => match alert_in_words(*alert, has_certificate) {
            Some((kind, text)) => fault(kind, text),
            None => Fault::new(format!("the server ended TLS: {alert:?}")),
        },
        Error::InvalidMessage(_) => {
            fault(FaultKind::NoHandshake, "the port does not speak TLS".to_owned())
        }
        Error::PeerIncompatible(why) => {
            let text = format!("the server's TLS is none that this client knows: {why:?}");
            fault(FaultKind::NothingInCommon, text)
        }
        other => fault(FaultKind::Other, format!("TLS: {other}")),
    })
}

/// Describes an alert after which a retry cannot help.
fn alert_in_words(alert: AlertDescription, has_certificate: bool) -> Option<(FaultKind, String)> {
    use AlertDescription as A;
    let (kind, text) = match alert {
        A::CertificateRequired | A::BadCertificate if !has_certificate => (
            FaultKind::CertificateWanted,
            "the server wants a client certificate, and none was given".to_owned(),
        ),
        A::BadCertificate
        | A::CertificateRequired
        | A::CertificateUnknown
        | A::UnknownCA
        | A::UnsupportedCertificate
        | A::AccessDenied => (
            FaultKind::CertificateRefused,
            format!("the server does not accept our certificate ({alert:?})"),
        ),
        A::CertificateExpired => (
            FaultKind::CertificateRefused,
            "the server says that our certificate has expired".to_owned(),
        ),
        A::CertificateRevoked => (
            FaultKind::CertificateRefused,
            "the server says that our certificate is revoked".to_owned(),
        ),
        A::HandshakeFailure | A::InsufficientSecurity => (
            FaultKind::NothingInCommon,
            format!(
                "the server knows none of the ciphers of this client ({alert:?}); it has no CBC ones"
            ),
        ),
        A::ProtocolVersion => (
            FaultKind::NothingInCommon,
            "the server knows neither TLS 1.2 nor TLS 1.3, or not the one that was asked for"
                .to_owned(),
        ),
        A::UnrecognisedName => {
            (FaultKind::WrongHost, "the server does not know the name of the host".to_owned())
        }
        _ => return None,
    };
    Some((kind, text))
}
