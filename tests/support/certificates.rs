//! Certificates for tests of TLS, made without a tool of the system.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair};

const DAY: Duration = Duration::from_hours(24);

/// An authority.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

/// A certificate and its key, in PEM.
pub(crate) struct Pair {
    pub(crate) pem: String,
    pub(crate) key: String,
}

impl Pair {
    /// Writes `NAME.pem` and `NAME.key`.
    pub(crate) fn write(&self, folder: &Path, name: &str) {
        fs::write(folder.join(format!("{name}.pem")), &self.pem).unwrap();
        fs::write(folder.join(format!("{name}.key")), &self.key).unwrap();
    }
}

/// Returns what a certificate for these hosts says; it is valid today.
pub(crate) fn params(common_name: &str, hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
    let mut params = CertificateParams::new(hosts).unwrap();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.is_ca = IsCa::ExplicitNoCa;
    params.not_before = (SystemTime::now() - DAY).into();
    params.not_after = (SystemTime::now() + 99 * DAY).into();
    params
}

/// Makes the validity one that has ended yesterday.
pub(crate) fn expired(mut params: CertificateParams) -> CertificateParams {
    params.not_before = (SystemTime::now() - 9 * DAY).into();
    params.not_after = (SystemTime::now() - DAY).into();
    params
}

/// Makes a certificate that its own key has signed; `is_ca` as `openssl req -x509` makes it.
pub(crate) fn self_signed(mut params: CertificateParams, is_ca: bool) -> Pair {
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let key = KeyPair::generate().unwrap();
    pair(&params.self_signed(&key).unwrap(), &key)
}

fn pair(certificate: &Certificate, key: &KeyPair) -> Pair {
    Pair { pem: certificate.pem(), key: key.serialize_pem() }
}

impl Authority {
    pub(crate) fn new(common_name: &str) -> Self {
        let mut params = params(common_name, &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Issues a certificate.
    pub(crate) fn issue(&self, params: &CertificateParams) -> Pair {
        let key = KeyPair::generate().unwrap();
        pair(&params.signed_by(&key, &self.issuer).unwrap(), &key)
    }
}
