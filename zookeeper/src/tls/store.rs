//! Files with certificates and keys: PEM, PKCS12 and JKS, told apart by their first bytes.

use std::fmt;

use zeroize::Zeroizing;

use super::{jks, pem, pkcs12};

/// What a file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Store {
    /// Certificates that stand alone, in DER: those that are trusted. In a PEM file the
    /// certificates of the key are among them too, in the order of the file.
    pub certificates: Vec<Vec<u8>>,
    /// Private keys.
    pub keys: Vec<Key>,
}

/// A private key.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Key {
    /// How the key is encoded.
    pub encoding: KeyEncoding,
    /// Its bytes; they are wiped when they are dropped.
    pub der: Zeroizing<Vec<u8>>,
    /// Its certificates in DER, its own first; none where the file does not say.
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

/// How a private key is encoded.
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
    /// It is none of the known kinds.
    UnknownKind,
    /// It is of a kind, or uses a cipher, that is not read.
    Unsupported(String),
    /// It is damaged: what is wrong.
    Malformed(&'static str),
    /// It is encrypted and no password was given.
    NeedsPassword,
    /// The password is wrong, or the file was changed.
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

impl Store {
    /// Reads the bytes of a file. The password is that of the store, and of the keys in it.
    pub fn read(bytes: &[u8], password: Option<&str>) -> Result<Self, StoreError> {
        match bytes {
            [0xfe, 0xed, 0xfe, 0xed, ..] => jks::read(bytes, password),
            [0xce, 0xce, 0xce, 0xce, ..] => Err(StoreError::Unsupported(
                "JCEKS (keytool -importkeystore -deststoretype PKCS12 converts it)".to_owned(),
            )),
            [0x30, ..] => pkcs12::read(bytes, password),
            _ if pem::is_pem(bytes) => pem::read(bytes, password),
            _ => Err(StoreError::UnknownKind),
        }
    }
}
