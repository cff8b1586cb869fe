//! TLS as a transport, which the feature `tls` enables.
//!
//! Pass [`TlsDial`] to [`Options::dial`](crate::Options::dial). It reloads its files when they have
//! changed, so that the next connection uses a renewed certificate. It trusts the same servers as
//! Java's client; see [`TlsOptions`].

mod certificate;
mod der;
mod fault;
mod format;
mod jks;
mod pbe;
mod pem;
mod pkcs12;
mod store;
mod verifier;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::SystemTime;

use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, IpAddr, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, SupportedProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use zeroize::Zeroizing;

pub use self::certificate::CertificateFacts;
pub use self::store::{Key, KeyEncoding, Store, StoreError};
use self::verifier::Verifier;
use crate::dial::{BoxFuture, Dial, Peer, Tls, Wire};
use crate::error::{Cause, Fault, FaultKind};
use crate::host::Host;

/// The maximum size of a file with certificates or keys, in bytes.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// A file with certificates or keys in PEM, PKCS12 or JKS format, detected by its first bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreFile {
    path: PathBuf,
    password: Option<Arc<Zeroizing<String>>>,
}

impl StoreFile {
    /// Creates a file without a password.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), password: None }
    }

    /// Sets the password of the store and its keys. It is wiped from memory when it is dropped.
    #[must_use]
    pub fn password(mut self, password: Zeroizing<String>) -> Self {
        self.password = Some(Arc::new(password));
        self
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file.
    pub fn read(&self) -> Result<Store, TlsError> {
        let cannot = |why: &dyn fmt::Display| TlsError(format!("{}: {why}", self.path.display()));
        let mut bytes = Zeroizing::new(Vec::new());
        File::open(&self.path)
            .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
            .map_err(|error| cannot(&error))?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(cannot(&format_args!("it is larger than {MAX_FILE_BYTES} bytes")));
        }
        let password = self.password.as_ref().map(|password| password.as_str());
        Store::read(&bytes, password).map_err(|error| cannot(&error))
    }
}

impl fmt::Debug for StoreFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StoreFile").field(&self.path).finish()
    }
}

/// The trusted certificates, and the client's own.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TlsOptions {
    /// The trusted certificates: those of authorities, or a server's own. There is no default,
    /// because public authorities do not certify ZooKeeper servers.
    pub trust: StoreFile,
    /// The client certificate, which servers may require, with its chain.
    pub certificate: Option<StoreFile>,
    /// The key of the certificate, if it is in another file.
    pub key: Option<StoreFile>,
    /// Whether a server's certificate must match its host name.
    pub verify_hostname: bool,
    /// Whether TLS 1.2 is allowed.
    pub tls12: bool,
    /// Whether TLS 1.3 is allowed.
    pub tls13: bool,
}

impl TlsOptions {
    /// Trusts the certificates of a file.
    pub fn new(trust: StoreFile) -> Self {
        Self {
            trust,
            certificate: None,
            key: None,
            verify_hostname: true,
            tls12: true,
            tls13: true,
        }
    }

    fn files(&self) -> impl Iterator<Item = &StoreFile> {
        [Some(&self.trust), self.certificate.as_ref(), self.key.as_ref()].into_iter().flatten()
    }

    /// Reads the files and creates the configuration for rustls.
    fn load(&self) -> Result<ClientConfig, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let trust = self.trust.read()?;
        if trust.certificates.is_empty() {
            let path = self.trust.path.display();
            return Err(TlsError(format!("{path}: it holds no certificate to trust")));
        }
        let verifier = Verifier::new(
            trust.certificates.into_iter().map(CertificateDer::from).collect(),
            self.trust.path.display().to_string(),
            self.verify_hostname,
            provider.signature_verification_algorithms,
        );
        let versions: Vec<&'static SupportedProtocolVersion> = [
            self.tls12.then_some(&rustls::version::TLS12),
            self.tls13.then_some(&rustls::version::TLS13),
        ]
        .into_iter()
        .flatten()
        .collect();
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions)
            .map_err(|error| TlsError(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let Some(file) = &self.certificate else {
            return Ok(builder.with_no_client_auth());
        };
        let (chain, key) = self.identity(file)?;
        let key_file = self.key.as_ref().unwrap_or(file).path.display();
        builder.with_client_auth_cert(chain, key).map_err(|error| {
            TlsError(match error {
                rustls::Error::InconsistentKeys(_) => format!(
                    "the key in {key_file} is not that of the certificate in {}",
                    file.path.display()
                ),
                error => format!("{key_file}: {error}"),
            })
        })
    }

    fn identity(
        &self,
        file: &StoreFile,
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
        let Store { certificates, mut keys } = file.read()?;
        let mut chain = keys.first().map(|key| key.chain.clone()).unwrap_or_default();
        if chain.is_empty() {
            chain = certificates;
        }
        let key_file = match &self.key {
            Some(other) => {
                keys = other.read()?.keys;
                other
            }
            None => file,
        };
        let wrong = |file: &StoreFile, why| TlsError(format!("{}: {why}", file.path.display()));
        let [key] = keys.as_slice() else {
            let why = if keys.is_empty() {
                "it holds no private key"
            } else {
                "it holds several private keys"
            };
            return Err(wrong(key_file, why));
        };
        if chain.is_empty() {
            return Err(wrong(file, "it holds no certificate"));
        }
        let der = key.der.to_vec();
        let key = match key.encoding {
            KeyEncoding::Pkcs8 => PrivateKeyDer::Pkcs8(der.into()),
            KeyEncoding::Pkcs1 => PrivateKeyDer::Pkcs1(der.into()),
            KeyEncoding::Sec1 => PrivateKeyDer::Sec1(der.into()),
        };
        Ok((chain.into_iter().map(CertificateDer::from).collect(), key))
    }
}

/// Why the files of [`TlsOptions`] cannot be used. The message names the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsError(String);

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TlsError {}

/// The modification time and the size of each file.
type Stamp = Vec<Option<(SystemTime, u64)>>;

/// Connects with TLS.
#[derive(Debug)]
pub struct TlsDial {
    options: TlsOptions,
    loaded: Mutex<Option<(Stamp, Arc<ClientConfig>)>>,
}

impl TlsDial {
    /// Reads the files, so that errors in them are reported before the first connection.
    pub fn new(options: TlsOptions) -> Result<Self, TlsError> {
        let dial = Self { options, loaded: Mutex::default() };
        dial.config()?;
        Ok(dial)
    }

    /// Returns the configuration for the current files. It stays the same object while the files
    /// are unchanged, so that TLS sessions can be resumed.
    fn config(&self) -> Result<Arc<ClientConfig>, TlsError> {
        let stamp: Stamp = self
            .options
            .files()
            .map(|file| {
                let metadata = std::fs::metadata(&file.path).ok()?;
                Some((metadata.modified().ok()?, metadata.len()))
            })
            .collect();
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, config)) = &*loaded
            && *known == stamp
        {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.options.load()?);
        *loaded = Some((stamp, Arc::clone(&config)));
        Ok(config)
    }

    /// Returns the contents of the client certificate, if there is one.
    pub fn own_certificate(&self) -> Result<Option<CertificateFacts>, TlsError> {
        let Some(file) = &self.options.certificate else { return Ok(None) };
        let (chain, _) = self.options.identity(file)?;
        Ok(chain.first().and_then(|own| CertificateFacts::read(own)))
    }

    async fn handshake(
        &self,
        host: &Host,
        address: SocketAddr,
        stream: TcpStream,
    ) -> Result<Wire, Cause> {
        // A file that is currently being replaced may be complete at the next attempt.
        let config = self.config().map_err(|error| {
            Cause::Transport(Fault::new(error.to_string()).of_kind(FaultKind::Files))
        })?;
        // A host that resolves but is not a DNS name, such as 127.1, is matched by its address.
        let name = ServerName::try_from(host.name.clone())
            .unwrap_or(ServerName::IpAddress(IpAddr::from(address.ip())));
        let has_certificate = self.options.certificate.is_some();
        match TlsConnector::from(config).connect(name, stream).await {
            Ok(stream) => {
                let peer = Peer { address, tls: Some(facts(&stream)) };
                let stream = Box::new(Encrypted { stream, has_certificate });
                Ok(Wire { stream, peer })
            }
            Err(error) => Err(fault::of_handshake(&error, address, has_certificate).await),
        }
    }
}

impl Dial for TlsDial {
    fn secure<'a>(
        &'a self,
        host: &'a Host,
        address: SocketAddr,
        stream: TcpStream,
    ) -> BoxFuture<'a, Result<Wire, Cause>> {
        Box::pin(self.handshake(host, address, stream))
    }
}

fn facts(stream: &TlsStream<TcpStream>) -> Tls {
    let (_, session) = stream.get_ref();
    let version = match session.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2".to_owned(),
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3".to_owned(),
        other => other.map(|other| format!("{other:?}")).unwrap_or_default(),
    };
    let suite = session.negotiated_cipher_suite();
    let cipher_suite = suite.map(|suite| format!("{:?}", suite.suite())).unwrap_or_default();
    let certificates = session.peer_certificates().unwrap_or_default();
    Tls {
        version,
        cipher_suite,
        certificates: certificates.iter().map(|certificate| certificate.to_vec()).collect(),
    }
}

/// An encrypted connection that turns TLS errors into readable messages. With TLS 1.3 a server
/// refuses the client certificate only after the handshake.
struct Encrypted {
    stream: TlsStream<TcpStream>,
    has_certificate: bool,
}

impl Encrypted {
    fn in_words(&self, error: io::Error) -> io::Error {
        match fault::of_tls(&error, self.has_certificate) {
            Some(fault) => io::Error::new(error.kind(), fault),
            None => error,
        }
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        read.map_err(|error| self.in_words(error))
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        written.map_err(|error| self.in_words(error))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        flushed.map_err(|error| self.in_words(error))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
