//! The formats of files with certificates and keys: PEM, PKCS12 and JKS, detected by their first bytes.

use super::store::{Store, StoreError};
use super::{jks, pem, pkcs12};

impl Store {
    /// Parses the bytes of a file. The password is that of the store and of its keys.
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
