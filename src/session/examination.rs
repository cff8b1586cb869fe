//! Connects to each server step by step, for `doctor`.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use futures_util::stream::{self, StreamExt as _};
use zookeeper::tls::CertificateFacts;
use zookeeper::{Cause, Finding, Step};

use super::{Session, failure};
use crate::error::Result;
use crate::zk::{ServerStatus, Servers};

/// The time limit of a step. It is short because a user is waiting.
const STEP_TIMEOUT: Duration = Duration::from_secs(5);

/// The maximum number of servers that are examined at the same time.
const MAX_AT_ONCE: usize = 16;

/// The contents of a certificate, which are not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateStatus {
    /// The subject, to whom it was issued.
    pub subject: String,
    /// The issuer.
    pub issuer: String,
    /// The end of its validity.
    pub not_after: SystemTime,
}

/// A step towards a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckStep {
    /// Resolve the host name to addresses.
    Resolve,
    /// Connect by TCP.
    Connect,
    /// Make the TLS handshake.
    Secure,
    /// Open a session.
    Open,
    /// Authenticate by SASL.
    Authenticate,
    /// Ask the server for its release.
    Ask,
}

/// The result of a successful step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckFinding {
    /// The addresses of the host.
    Addresses(Vec<SocketAddr>),
    /// The address that accepts connections.
    Connected(SocketAddr),
    /// The negotiated TLS parameters, and the server's own certificate.
    Secured {
        /// The version, such as `TLSv1.3`.
        version: String,
        /// The cipher suite.
        cipher: String,
        /// The certificate, if it can be read.
        certificate: Option<CertificateStatus>,
    },
    /// The session, which is closed again.
    Opened {
        /// Its id.
        session: i64,
        /// The negotiated timeout.
        timeout: Duration,
        /// Whether the server serves reads only.
        read_only: bool,
    },
    /// The user who has authenticated by SASL.
    Authenticated(String),
    /// The status that the server reports.
    Status(ServerStatus),
}

/// The reason why a step failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckFailure {
    /// The cause, worded to follow the host's name.
    pub why: String,
    /// What the user can do next.
    pub advice: &'static str,
}

/// A step that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The step.
    pub step: CheckStep,
    /// How long it took.
    pub time: Duration,
    /// The result of the step, or why it failed.
    pub result: Result<CheckFinding, CheckFailure>,
}

impl Session {
    /// Connects to each of these servers as a session would. Returns the steps of each server up to
    /// the first that fails.
    pub async fn examine(&self, servers: &Servers) -> Vec<(String, Vec<Checked>)> {
        let settings = &self.0.settings;
        let mut options = zookeeper::Options::new([]);
        options.timeout = settings.timeout;
        options.read_only = settings.read_only;
        settings.transport.apply(&mut options);
        let time = settings.timeout.min(STEP_TIMEOUT);
        let (options, user) = (&options, settings.transport.user());
        let examine = |host: &crate::zk::Host| {
            let name = host.to_string();
            let host = zookeeper::Host { name: host.name.clone(), port: host.port };
            async move {
                let steps = zookeeper::examine(options, &host, time).await;
                let steps = steps.into_iter().map(|step| checked(step, settings.read_only, user));
                (name, steps.collect())
            }
        };
        stream::iter(servers.hosts().iter().map(examine)).buffered(MAX_AT_ONCE).collect().await
    }

    /// Returns the contents of the client certificate, if there is one.
    pub fn own_certificate(&self) -> Result<Option<CertificateStatus>> {
        Ok(self.0.settings.transport.own_certificate()?.map(status))
    }
}

fn checked(examined: zookeeper::Examined, read_only: bool, user: Option<&str>) -> Checked {
    let step = match examined.step {
        Step::Resolve => CheckStep::Resolve,
        Step::Connect => CheckStep::Connect,
        Step::Secure => CheckStep::Secure,
        Step::Open => CheckStep::Open,
        Step::Authenticate => CheckStep::Authenticate,
        _ => CheckStep::Ask,
    };
    let result = match examined.result {
        Ok(finding) => Ok(found(finding, user)),
        // A server may have its four-letter words disabled.
        Err(_) if step == CheckStep::Ask => Ok(CheckFinding::Status(ServerStatus::default())),
        Err(cause) => Err(failed(step, &cause, read_only)),
    };
    Checked { step, time: examined.time, result }
}

fn found(finding: Finding, user: Option<&str>) -> CheckFinding {
    match finding {
        Finding::Addresses(addresses) => CheckFinding::Addresses(addresses),
        Finding::Connected(address) => CheckFinding::Connected(address),
        Finding::Secured(tls) => CheckFinding::Secured {
            version: tls.version,
            cipher: tls.cipher_suite,
            certificate: tls
                .certificates
                .first()
                .and_then(|own| CertificateFacts::read(own))
                .map(status),
        },
        Finding::Opened { session, timeout, read_only } => {
            CheckFinding::Opened { session, timeout, read_only }
        }
        Finding::Authenticated => CheckFinding::Authenticated(user.unwrap_or_default().to_owned()),
        Finding::Answered(answer) => CheckFinding::Status(ServerStatus::parse(&answer)),
        _ => CheckFinding::Status(ServerStatus::default()),
    }
}

fn status(facts: CertificateFacts) -> CertificateStatus {
    let CertificateFacts { subject, issuer, not_after, .. } = facts;
    CertificateStatus { subject, issuer, not_after }
}

fn failed(step: CheckStep, cause: &Cause, read_only: bool) -> CheckFailure {
    let silent = match step {
        CheckStep::Connect => {
            Some("a firewall on the way may drop what is sent; check the address")
        }
        CheckStep::Secure => Some("check that this is a TLS port (secureClientPort)"),
        _ => None,
    };
    let advice = match (cause, silent) {
        (Cause::Silent(_), Some(advice)) => advice,
        _ => failure::advice(cause),
    };
    CheckFailure { why: failure::why(cause, read_only), advice }
}
