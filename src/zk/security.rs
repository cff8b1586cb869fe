//! How connections are secured, as the user states it: files, names and passwords. No I/O.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroizing;

/// A password. It is wiped when the last copy is dropped, and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// Takes a password.
    pub fn new(password: String) -> Self {
        Self(Arc::new(Zeroizing::new(password)))
    }

    /// Returns the password.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A file in PEM, PKCS12 or JKS, and what opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its password.
    pub password: Option<Secret>,
}

/// Whom to trust by TLS, and who one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Certificates of authorities, or a server's own.
    pub trust: KeyFile,
    /// The client's certificate.
    pub certificate: Option<KeyFile>,
    /// Its key, where it is in another file.
    pub key: Option<KeyFile>,
    /// Whether a server's certificate must be for the host that was asked for.
    pub verify_hostname: bool,
    /// Whether TLS 1.2 will do.
    pub tls12: bool,
    /// Whether TLS 1.3 will do.
    pub tls13: bool,
}

impl Tls {
    /// Returns whether the client's key or certificate is opened by a password.
    pub fn has_password(&self) -> bool {
        let files = [self.certificate.as_ref(), self.key.as_ref()];
        files.into_iter().flatten().any(|file| file.password.is_some())
    }
}

/// Who one is by SASL DIGEST-MD5.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaslUser {
    /// The name.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// How connections are secured.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Security {
    /// Connections are encrypted where this is given.
    pub tls: Option<Tls>,
    /// Each connection authenticates where this is given.
    pub sasl: Option<SaslUser>,
}
