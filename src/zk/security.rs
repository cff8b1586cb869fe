//! Security settings of connections, as the user gives them: files, names and passwords. No I/O.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroizing;

/// A password. It is never shown, and wiped from memory when the last copy is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// Wraps a password.
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

/// A command that prints a password. It is not shown, since it may contain a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordCommand(Vec<String>);

impl PasswordCommand {
    /// Creates a command of a program and its arguments. Returns `None` without a program.
    pub fn of_words(words: Vec<String>) -> Option<Self> {
        words.first().is_some_and(|program| !program.is_empty()).then_some(Self(words))
    }

    /// Creates a command line for `sh`. Returns `None` if it is empty.
    pub fn of_line(line: String) -> Option<Self> {
        let is_empty = line.trim().is_empty();
        (!is_empty).then(|| Self(vec!["sh".to_owned(), "-c".to_owned(), line]))
    }

    /// Returns the program and its arguments.
    pub fn words(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Debug for PasswordCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordCommand(…)")
    }
}

/// A file in PEM, PKCS12 or JKS format, with its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    /// The path of the file.
    pub path: PathBuf,
    /// The password of the file.
    pub password: Option<Secret>,
}

/// The TLS settings: trusted certificates, and the client's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Certificates of trusted authorities, or the server's own certificate.
    pub trust: KeyFile,
    /// The client's certificate.
    pub certificate: Option<KeyFile>,
    /// The client's key, if it is in another file.
    pub key: Option<KeyFile>,
    /// Whether a server's certificate must match its host name.
    pub verify_hostname: bool,
    /// Whether TLS 1.2 is allowed.
    pub tls12: bool,
    /// Whether TLS 1.3 is allowed.
    pub tls13: bool,
}

impl Tls {
    /// Sets the password of all files that have none yet.
    pub fn unlock(&mut self, password: &Secret) {
        let files = [Some(&mut self.trust), self.certificate.as_mut(), self.key.as_mut()];
        for file in files.into_iter().flatten() {
            file.password.get_or_insert_with(|| password.clone());
        }
    }

    /// Returns whether the client's key or certificate has a password.
    pub fn has_password(&self) -> bool {
        let files = [self.certificate.as_ref(), self.key.as_ref()];
        files.into_iter().flatten().any(|file| file.password.is_some())
    }
}

/// A user for SASL DIGEST-MD5.
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
    /// TLS settings; without them connections are not encrypted.
    pub tls: Option<Tls>,
    /// The SASL user; without one connections do not authenticate by SASL.
    pub sasl: Option<SaslUser>,
    /// Kerberos, in place of a SASL user.
    pub kerberos: Option<Kerberos>,
}

/// Whom Kerberos vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kerberos {
    /// The principal; that of the ticket cache if `None`.
    pub principal: Option<String>,
    /// Where tickets come from.
    pub tickets: Tickets,
}

/// Where Kerberos tickets come from. The default is what the system is configured to use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tickets {
    /// The file of the ticket cache, in place of the usual one.
    pub cache: Option<PathBuf>,
    /// The keytab with the key of the principal, in place of the usual one.
    pub keytab: Option<PathBuf>,
    /// Whether the tickets of the usual cache are not used.
    pub only_keytab: bool,
}

impl Tickets {
    /// Returns the variables by which the Kerberos library learns this. It reads them from the
    /// environment of the process only.
    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        let file = |path: &PathBuf| {
            let mut name = OsString::from("FILE:");
            name.push(path);
            name
        };
        let cache = match (&self.cache, self.only_keytab) {
            (Some(path), _) => Some(file(path)),
            (None, true) => Some(OsString::from("MEMORY:zksh")),
            (None, false) => None,
        };
        let keytab = self.keytab.as_ref().map(file);
        let variables = [("KRB5CCNAME", cache), ("KRB5_CLIENT_KTNAME", keytab)];
        variables.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}
