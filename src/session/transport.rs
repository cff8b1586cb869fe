//! TLS and SASL for sessions, set up from the user's files and names.

use std::fmt;
use std::sync::Arc;

use zookeeper::tls::{CertificateFacts, StoreFile, TlsDial, TlsOptions};
use zookeeper::{Dial, DigestMd5, Options, Sasl, Tcp};

use crate::error::{Error, Kind, Result};
use crate::zk::{Kerberos, KeyFile, Security, Servers, Tls};

/// The transport of sessions, ready for use. Its files have been read once.
#[derive(Clone, Default)]
pub struct Transport {
    dial: Option<Arc<TlsDial>>,
    sasl: Option<Arc<dyn Sasl>>,
    /// The name of the SASL user.
    user: Option<Arc<str>>,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("tls", &self.dial.is_some())
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl Transport {
    /// Reads the files, so that errors in them are reported before the first connection.
    pub fn open(security: &Security) -> Result<Self> {
        let dial = match &security.tls {
            Some(tls) => Some(Arc::new(
                TlsDial::new(tls_options(tls))
                    .map_err(|error| Error::new(Kind::Refused, error.to_string()))?,
            )),
            None => None,
        };
        let sasl = security.sasl.as_ref().map(|who| {
            let password = who.password.reveal().to_owned().into();
            Arc::new(DigestMd5::new(&who.user, password)) as Arc<dyn Sasl>
        });
        let sasl = sasl.or_else(|| kerberos(security.kerberos.as_ref()?));
        let principal = |who: &Kerberos| {
            who.principal.clone().unwrap_or_else(|| "the principal of the ticket".to_owned())
        };
        let user = security.sasl.as_ref().map(|who| who.user.clone());
        let user = user.or_else(|| security.kerberos.as_ref().map(principal)).map(Into::into);
        Ok(Self { dial, sasl, user })
    }

    /// Returns an error if the servers are written with `tls://` but there are no trusted
    /// certificates.
    pub fn require(&self, servers: &Servers) -> Result<()> {
        if servers.tls() && self.dial.is_none() {
            return Err(Error::usage("TLS needs certificates to trust: pass --cacert"));
        }
        Ok(())
    }

    /// Returns whether connections use TLS.
    pub(super) fn is_secured(&self) -> bool {
        self.dial.is_some()
    }

    /// Returns the name of the SASL user.
    pub(super) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Returns what the client's own certificate says of itself, if there is one.
    pub(super) fn own_certificate(&self) -> Result<Option<CertificateFacts>> {
        let Some(dial) = &self.dial else { return Ok(None) };
        dial.own_certificate().map_err(|error| Error::new(Kind::Refused, error.to_string()))
    }

    /// Returns how connections are made.
    pub(super) fn dial(&self) -> Arc<dyn Dial> {
        match &self.dial {
            Some(dial) => dial.clone(),
            None => Arc::new(Tcp),
        }
    }

    pub(super) fn apply(&self, options: &mut Options) {
        if let Some(dial) = &self.dial {
            options.dial = dial.clone();
        }
        if let Some(sasl) = &self.sasl {
            options.sasl = Some(sasl.clone());
        }
    }
}

/// The service that ZooKeeper servers are, in their principals.
#[cfg(feature = "kerberos")]
const SERVICE: &str = "zookeeper";

#[cfg(feature = "kerberos")]
#[expect(clippy::unnecessary_wraps, reason = "the other build has none")]
fn kerberos(who: &Kerberos) -> Option<Arc<dyn Sasl>> {
    let kerberos = zookeeper::Kerberos::new(SERVICE);
    Some(Arc::new(match &who.principal {
        Some(principal) => kerberos.principal(principal),
        None => kerberos,
    }))
}

/// The options refuse Kerberos in this build.
#[cfg(not(feature = "kerberos"))]
fn kerberos(_: &Kerberos) -> Option<Arc<dyn Sasl>> {
    None
}

fn tls_options(tls: &Tls) -> TlsOptions {
    let file = |file: &KeyFile| {
        let store = StoreFile::new(&file.path);
        match &file.password {
            Some(password) => store.password(password.reveal().to_owned().into()),
            None => store,
        }
    };
    let mut options = TlsOptions::new(file(&tls.trust));
    options.certificate = tls.certificate.as_ref().map(file);
    options.key = tls.key.as_ref().map(file);
    options.verify_hostname = tls.verify_hostname;
    options.tls12 = tls.tls12;
    options.tls13 = tls.tls13;
    options
}
