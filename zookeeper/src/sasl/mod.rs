//! SASL authentication, which follows the handshake and precedes all requests.

#[cfg(feature = "sasl")]
mod digest_md5;
#[cfg(feature = "kerberos")]
mod kerberos;

#[cfg(feature = "sasl")]
pub use self::digest_md5::DigestMd5;
#[cfg(feature = "kerberos")]
pub use self::kerberos::Kerberos;
use crate::error::Cause;
use crate::host::Host;

/// A SASL mechanism. It authenticates every connection separately.
pub trait Sasl: Send + Sync + 'static {
    /// Starts an authentication with a server.
    fn begin(&self, host: &Host) -> Result<Box<dyn SaslSession>, Cause>;
}

/// One authentication in progress.
pub trait SaslSession: Send {
    /// Returns the answer to the server's token. The first call has no token and returns the
    /// initial response, which may be empty.
    fn step(&mut self, challenge: Option<&[u8]>) -> Result<SaslStep, Cause>;

    /// Returns whether a step may block its thread, for example because it contacts another server.
    /// Such steps run on a thread of their own.
    fn blocks(&self) -> bool {
        false
    }
}

/// The next step of an authentication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SaslStep {
    /// Send this token; the server will answer.
    Send(Vec<u8>),
    /// The server has accepted; send nothing more.
    Done,
}
