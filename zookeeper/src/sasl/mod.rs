//! The place of SASL: packets between the handshake and everything else.

#[cfg(feature = "sasl")]
mod digest_md5;

#[cfg(feature = "sasl")]
pub use self::digest_md5::DigestMd5;
use crate::error::Cause;
use crate::options::Host;

/// A way to authenticate by SASL. Each connection authenticates anew.
pub trait Sasl: Send + Sync + 'static {
    /// Begins an authentication with a server.
    fn begin(&self, host: &Host) -> Result<Box<dyn SaslSession>, Cause>;
}

/// One authentication.
pub trait SaslSession: Send {
    /// Answers what the server has sent. The first call has no challenge and gives what is sent
    /// first, which may be empty.
    fn step(&mut self, challenge: Option<&[u8]>) -> Result<SaslStep, Cause>;
}

/// What comes next in an authentication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SaslStep {
    /// This is sent; the server will answer.
    Send(Vec<u8>),
    /// The server has accepted, and nothing more is sent.
    Done,
}
