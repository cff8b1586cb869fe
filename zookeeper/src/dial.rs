//! The transport: how a connection to a server is made.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};

use crate::error::Cause;
use crate::host::Host;

/// The future that a trait method returns.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A bidirectional byte stream.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection that is ready for ZooKeeper's protocol, and what is known of its peer.
pub struct Wire {
    /// The connection.
    pub stream: Box<dyn Stream>,
    /// What is known of the peer.
    pub peer: Peer,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("peer", &self.peer).finish_non_exhaustive()
    }
}

/// The peer of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// The negotiated TLS parameters, if the connection is encrypted.
    pub tls: Option<Tls>,
}

impl Peer {
    /// Creates the peer of an unencrypted connection.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, tls: None }
    }
}

/// The negotiated TLS parameters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Tls {
    /// The version, such as `TLSv1.3`.
    pub version: String,
    /// The cipher suite.
    pub cipher_suite: String,
    /// The server's certificates in DER, its own first.
    pub certificates: Vec<Vec<u8>>,
}

/// Makes connections. [`Tcp`] is the plain transport; TLS and tests implement others.
///
/// ```
/// use std::net::SocketAddr;
/// use zookeeper::{BoxFuture, Cause, Dial, Host, Peer, Tcp, Wire};
///
/// /// Connects through a relay, whatever the host.
/// struct Relay(SocketAddr);
///
/// impl Dial for Relay {
///     fn dial<'a>(
///         &'a self,
///         _host: &'a Host,
///         address: SocketAddr,
///     ) -> BoxFuture<'a, Result<Wire, Cause>> {
///         Box::pin(async move {
///             let stream = Tcp::connect(self.0).await?;
///             // A real relay would now get the address, and TLS would do its handshake.
///             Ok(Wire { stream: Box::new(stream), peer: Peer::new(address) })
///         })
///     }
/// }
///
/// let mut options = zookeeper::Options::parse("zk1")?;
/// options.dial = std::sync::Arc::new(Relay("127.0.0.1:1080".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Dial: Send + Sync + 'static {
    /// Returns the addresses of a host. Called again for each attempt.
    fn resolve<'a>(&'a self, host: &'a Host) -> BoxFuture<'a, Result<Vec<SocketAddr>, Cause>> {
        Box::pin(async move {
            match lookup_host((host.name.as_str(), host.port)).await {
                Ok(addresses) => Ok(addresses.collect()),
                Err(_) => Err(Cause::NoSuchHost),
            }
        })
    }

    /// Connects to one address: TCP, then [`Dial::secure`]. The caller enforces a timeout by dropping
    /// the future.
    fn dial<'a>(
        &'a self,
        host: &'a Host,
        address: SocketAddr,
    ) -> BoxFuture<'a, Result<Wire, Cause>> {
        Box::pin(async move {
            let stream = Tcp::connect(address).await?;
            self.secure(host, address, stream).await
        })
    }

    /// Makes a TCP connection ready for ZooKeeper's protocol, as TLS does by its handshake. The
    /// default uses it as it is.
    fn secure<'a>(
        &'a self,
        _host: &'a Host,
        address: SocketAddr,
        stream: TcpStream,
    ) -> BoxFuture<'a, Result<Wire, Cause>> {
        let wire = Wire { stream: Box::new(stream), peer: Peer::new(address) };
        Box::pin(std::future::ready(Ok(wire)))
    }
}

/// Connects to the first address of a host that accepts a connection. The caller enforces a timeout
/// by dropping the future.
pub async fn connect(dial: &dyn Dial, host: &Host) -> Result<Wire, Cause> {
    let mut last = Cause::NoSuchHost;
    for address in dial.resolve(host).await? {
        match dial.dial(host, address).await {
            Ok(wire) => return Ok(wire),
            Err(cause) => last = cause,
        }
    }
    Err(last)
}

/// Plain TCP.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tcp;

impl Tcp {
    /// Connects by TCP with `TCP_NODELAY`.
    pub async fn connect(address: SocketAddr) -> Result<TcpStream, Cause> {
        let stream = TcpStream::connect(address).await.map_err(|error| match error.kind() {
            io::ErrorKind::ConnectionRefused => Cause::Refused,
            kind => Cause::Unreachable(kind),
        })?;
        stream.set_nodelay(true).map_err(|error| Cause::Unreachable(error.kind()))?;
        Ok(stream)
    }
}

impl Dial for Tcp {}
