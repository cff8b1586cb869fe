//! The server side of TLS: accepts connections and reads the subject of client certificates.

mod certificates;
mod subject;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use self::certificates::{CA, SERVER, SERVER_KEY};
use super::settings::{ClientAuth, Settings};

/// The first byte of a TLS handshake.
const HANDSHAKE: u8 = 0x16;

/// The certificates and keys in a folder, and how connections use them.
#[derive(Debug)]
pub(super) struct Tls {
    folder: PathBuf,
    client_auth: ClientAuth,
    versions: Vec<&'static SupportedProtocolVersion>,
    unified: bool,
    loaded: Mutex<Option<Loaded>>,
}

/// A configuration, with the modification times and sizes of the files when they were read.
#[derive(Debug)]
struct Loaded(Vec<Option<(SystemTime, u64)>>, Arc<ServerConfig>);

/// An accepted connection.
pub(super) enum Accepted {
    /// A TLS connection, with the subject of the client's certificate if it has sent one.
    Secured(Box<TlsStream<TcpStream>>, Option<String>),
    /// A plain connection, on a port that accepts both.
    Plain(TcpStream),
}

impl Tls {
    /// Opens the folder in the settings. If it has no certificates, creates a CA and certificates
    /// there.
    pub(super) fn open(settings: &Settings) -> io::Result<Option<Arc<Self>>> {
        let Some(folder) = &settings.tls else { return Ok(None) };
        certificates::ensure(folder)?;
        let versions = [
            settings.tls12.then_some(&rustls::version::TLS12),
            settings.tls13.then_some(&rustls::version::TLS13),
        ];
        let tls = Self {
            folder: folder.clone(),
            client_auth: settings.client_auth,
            versions: versions.into_iter().flatten().collect(),
            unified: settings.port_unification,
            loaded: Mutex::default(),
        };
        // Read the files now, so that errors in them are reported at startup.
        tls.config()?;
        Ok(Some(Arc::new(tls)))
    }

    /// Makes the handshake within `patience`.
    pub(super) async fn accept(
        &self,
        stream: TcpStream,
        patience: Duration,
    ) -> io::Result<Accepted> {
        let handshake = async {
            if self.unified {
                let mut first = [0];
                if stream.peek(&mut first).await? == 1 && first != [HANDSHAKE] {
                    return Ok(Accepted::Plain(stream));
                }
            }
            let stream = TlsAcceptor::from(self.config()?).accept(stream).await?;
            let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
            let subject = certificates.first().and_then(|own| subject::of(own));
            Ok(Accepted::Secured(Box::new(stream), subject))
        };
        tokio::time::timeout(patience, handshake).await?
    }

    /// Returns the configuration for the current files. Like Apache's server (3.9), it reads
    /// changed files again for the next connection, so a replaced certificate takes effect without
    /// a restart.
    fn config(&self) -> io::Result<Arc<ServerConfig>> {
        let stamp: Vec<_> = [CA, SERVER, SERVER_KEY]
            .iter()
            .map(|name| {
                let metadata = fs::metadata(self.folder.join(name)).ok()?;
                Some((metadata.modified().ok()?, metadata.len()))
            })
            .collect();
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Loaded(known, config)) = &*loaded
            && *known == stamp
        {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.load()?);
        *loaded = Some(Loaded(stamp, Arc::clone(&config)));
        Ok(config)
    }

    fn load(&self) -> io::Result<ServerConfig> {
        let wrong = |error: &dyn std::fmt::Display| io::Error::other(error.to_string());
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&self.versions)
            .map_err(|error| wrong(&error))?;
        let builder = if self.client_auth == ClientAuth::None {
            builder.with_no_client_auth()
        } else {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(read_certificates(&self.folder.join(CA))?);
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = match self.client_auth {
                ClientAuth::Want => verifier.allow_unauthenticated(),
                _ => verifier,
            };
            builder.with_client_cert_verifier(verifier.build().map_err(|error| wrong(&error))?)
        };
        let chain = read_certificates(&self.folder.join(SERVER))?;
        let key_file = self.folder.join(SERVER_KEY);
        let key = PrivateKeyDer::from_pem_file(&key_file)
            .map_err(|error| wrong(&format_args!("{}: {error}", key_file.display())))?;
        builder
            .with_single_cert(chain, key)
            .map_err(|error| wrong(&format_args!("{}: {error}", key_file.display())))
    }
}

fn read_certificates(file: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let wrong = |error| io::Error::other(format!("{}: {error}", file.display()));
    CertificateDer::pem_file_iter(file).map_err(wrong)?.collect::<Result<_, _>>().map_err(wrong)
}
