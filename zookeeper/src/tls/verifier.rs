//! Decides which servers to trust: exactly those that Java's client trusts.
//!
//! Rustls alone refuses two configurations that `keytool` and `openssl req -x509` produce, and that
//! are accepted here: a server's own certificate in the trust file, even if it is not marked as an
//! authority, and a common name without alternative names. A wrong name or an expired certificate
//! is still refused.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};

use super::certificate::{Certificate, Names, date, name};
use crate::error::FaultKind;

/// Maximum number of trusted certificates that a message names.
const NAMED: usize = 3;

/// Verifies servers against the certificates of a trust file.
#[derive(Debug)]
pub(super) struct Verifier {
    roots: RootCertStore,
    trusted: Vec<CertificateDer<'static>>,
    /// The path of the trust file, for messages.
    file: String,
    verify_hostname: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

/// Why a server is not trusted.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) kind: FaultKind,
    text: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Refusal {}

fn refusal(kind: FaultKind, text: String) -> Error {
    let refusal = Refusal { kind, text };
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(refusal))))
}

impl Verifier {
    /// Creates a verifier from the certificates of a trust file.
    pub(super) fn new(
        trusted: Vec<CertificateDer<'static>>,
        file: String,
        verify_hostname: bool,
        algorithms: WebPkiSupportedAlgorithms,
    ) -> Self {
        let mut roots = RootCertStore::empty();
        // A certificate that cannot be a trust anchor may still be the server's own.
        roots.add_parsable_certificates(trusted.iter().cloned());
        Self { roots, trusted, file, verify_hostname, algorithms }
    }

    fn check_chain(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        if self.trusted.iter().any(|trusted| trusted == end_entity) {
            return Ok(());
        }
        // A self-signed certificate cannot have another issuer.
        if Names::read(end_entity).is_some_and(|names| names.issuer == names.subject) {
            return Err(refusal(FaultKind::UnknownIssuer, self.unknown_issuer(end_entity)));
        }
        let parsed = ParsedCertificate::try_from(end_entity)?;
        verify_server_cert_signed_by_trust_anchor(
            &parsed,
            &self.roots,
            intermediates,
            now,
            self.algorithms.all,
        )
        .map_err(|error| match error {
            Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
                refusal(FaultKind::UnknownIssuer, self.unknown_issuer(end_entity))
            }
            Error::InvalidCertificate(error) => refusal(
                FaultKind::BadCertificate,
                format!(
                    "the server's certificate is not accepted: {}",
                    Error::InvalidCertificate(error)
                ),
            ),
            error => error,
        })
    }

    fn unknown_issuer(&self, end_entity: &[u8]) -> String {
        let known = |der: &[u8]| Certificate::read(der).map(|found| name(found.subject));
        let mut held: Vec<String> =
            self.trusted.iter().filter_map(|trusted| known(trusted)).take(NAMED).collect();
        if self.trusted.len() > NAMED {
            held.push(format!("{} more", self.trusted.len() - NAMED));
        }
        let (subject, issuer) = Certificate::read(end_entity).map_or_else(
            || ("?".to_owned(), "?".to_owned()),
            |found| (name(found.subject), name(found.issuer)),
        );
        format!(
            "the certificate of {subject} is issued by {issuer}, which {} does not trust; it trusts {}",
            self.file,
            held.join("; ")
        )
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let certificate = Certificate::read(end_entity)
            .ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))?;
        let time = UNIX_EPOCH + Duration::from_secs(now.as_secs());
        if time > certificate.not_after {
            return Err(refusal(
                FaultKind::OutOfDate,
                format!(
                    "the certificate of {} expired on {}",
                    name(certificate.subject),
                    date(certificate.not_after)
                ),
            ));
        }
        if time < certificate.not_before {
            return Err(refusal(
                FaultKind::OutOfDate,
                format!(
                    "the certificate of {} is valid from {} on",
                    name(certificate.subject),
                    date(certificate.not_before)
                ),
            ));
        }
        self.check_chain(end_entity, intermediates, now)?;
        if self.verify_hostname {
            check_name(end_entity, &certificate, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn check_name(
    end_entity: &CertificateDer<'_>,
    certificate: &Certificate<'_>,
    server_name: &ServerName<'_>,
) -> Result<(), Error> {
    let wanted = server_name.to_str();
    let common = certificate.common_name();
    let (fits, names) = if certificate.hosts.is_empty() {
        (common.as_deref().is_some_and(|common| fits(common, &wanted)), common.unwrap_or_default())
    } else {
        let parsed = ParsedCertificate::try_from(end_entity)?;
        (verify_server_name(&parsed, server_name).is_ok(), certificate.hosts.join(", "))
    };
    if fits {
        return Ok(());
    }
    Err(refusal(
        FaultKind::WrongHost,
        format!("the server's certificate is for {names}, not for {wanted}"),
    ))
}

/// Returns whether a common name matches a host: it is equal, or has `*` in place of the first
/// label.
fn fits(common: &str, host: &str) -> bool {
    if common.eq_ignore_ascii_case(host) {
        return true;
    }
    let is_address = host.parse::<IpAddr>().is_ok();
    match (common.strip_prefix("*."), host.split_once('.')) {
        (Some(domain), Some((label, rest))) => {
            !is_address
                && !label.is_empty()
                && domain.contains('.')
                && domain.eq_ignore_ascii_case(rest)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_names_match_hosts_as_in_java() {
        for (common, host, wanted) in [
            ("localhost", "LOCALHOST", true),
            ("*.example.org", "zk1.example.org", true),
            ("*.example.org", "a.zk1.example.org", false),
            ("*.example.org", "example.org", false),
            ("*.org", "example.org", false),
            ("127.0.0.1", "127.0.0.1", true),
            ("*.0.0.1", "127.0.0.1", false),
            ("zk1", "zk2", false),
        ] {
            assert_eq!(fits(common, host), wanted, "{common} {host}");
        }
    }
}
