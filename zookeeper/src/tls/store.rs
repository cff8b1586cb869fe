//! The certificates and keys of a file.

use std::fmt;

use zeroize::Zeroizing;

/// The contents of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Store {
    /// Certificates without a key, in DER: the trusted ones. In a PEM file they also include the
    /// certificates of the key, in the order of the file.
    pub certificates: Vec<Vec<u8>>,
    /// Private keys.
    pub keys: Vec<Key>,
}

/// A private key.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Key {
    /// The encoding of the key.
    pub encoding: KeyEncoding,
    /// The key in DER; it is wiped from memory when it is dropped.
    pub der: Zeroizing<Vec<u8>>,
    /// The certificates of the key in DER, its own first; empty if the file does not tell.
    pub chain: Vec<Vec<u8>>,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("encoding", &self.encoding)
            .field("chain", &self.chain.len())
            .finish_non_exhaustive()
    }
}

/// The encoding of a private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyEncoding {
    /// PKCS#8, `PRIVATE KEY`.
    Pkcs8,
    /// PKCS#1, `RSA PRIVATE KEY`.
    Pkcs1,
    /// SEC1, `EC PRIVATE KEY`.
    Sec1,
}

/// Why a file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// The format is unknown.
    UnknownKind,
    /// The format or cipher is not supported.
    Unsupported(String),
    /// The file is damaged; the text describes how.
    Malformed(&'static str),
    /// The file is encrypted and no password was given.
    NeedsPassword,
    /// The password is wrong, or the file was modified.
    WrongPassword,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKind => f.write_str("it is no PEM, PKCS12 or JKS file"),
            Self::Unsupported(what) => write!(f, "{what} is not supported"),
            Self::Malformed(what) => write!(f, "it is damaged: {what}"),
            Self::NeedsPassword => f.write_str("it is encrypted and needs a password"),
            Self::WrongPassword => f.write_str("the password is wrong, or the file is damaged"),
        }
    }
}

impl std::error::Error for StoreError {}
