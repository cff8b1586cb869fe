//! JKS, the key store format of Java up to release 8. Its own cipher is a stream of SHA-1 digests
//! without integrity protection, so a digest at the end of the file verifies the whole store.

use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

use super::der::{OCTETS, OID, Reader, SEQUENCE, dotted};
use super::store::{Key, KeyEncoding, Store, StoreError};

/// Bytes of a SHA-1 digest.
const DIGEST: usize = 20;

/// The cipher of JKS (`KeyProtector`).
const CIPHER: &str = "1.3.6.1.4.1.42.2.17.1.1";

const CUT: StoreError = StoreError::Malformed("it is cut short");

pub(super) fn read(bytes: &[u8], password: Option<&str>) -> Result<Store, StoreError> {
    let (body, digest) = bytes.split_last_chunk::<DIGEST>().ok_or(CUT)?;
    let password = password.map(utf16);
    if let Some(password) = &password {
        let found = Sha1::new()
            .chain_update(&**password)
            .chain_update(b"Mighty Aphrodite")
            .chain_update(body)
            .finalize();
        if found[..] != digest[..] {
            return Err(StoreError::WrongPassword);
        }
    }
    let mut input = Input(body);
    input.take(4)?;
    let version = input.number()?;
    let count = input.number()?;
    let mut store = Store::default();
    for _ in 0..count {
        let kind = input.number()?;
        input.text()?;
        input.take(8)?; // when it was made
        match kind {
            1 => {
                let encrypted = input.block()?;
                let mut chain = Vec::new();
                for _ in 0..input.number()? {
                    chain.push(input.certificate(version)?);
                }
                let password = password.as_ref().ok_or(StoreError::NeedsPassword)?;
                let der = decrypt(encrypted, password)?;
                store.keys.push(Key { encoding: KeyEncoding::Pkcs8, der, chain });
            }
            2 => store.certificates.push(input.certificate(version)?),
            _ => return Err(StoreError::Malformed("an entry is of no known kind")),
        }
    }
    Ok(store)
}

fn utf16(password: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(password.encode_utf16().flat_map(u16::to_be_bytes).collect())
}

fn decrypt(encrypted: &[u8], password: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    const DAMAGED: StoreError = StoreError::Malformed("an encrypted key cannot be read");
    let mut info = Reader::new(encrypted).enter(SEQUENCE).ok_or(DAMAGED)?;
    let oid = info.enter(SEQUENCE).and_then(|mut fields| fields.take(OID)).ok_or(DAMAGED)?;
    if dotted(oid.content) != CIPHER {
        return Err(StoreError::Unsupported(format!("The cipher {}", dotted(oid.content))));
    }
    let content = info.take(OCTETS).ok_or(DAMAGED)?.content;
    let (salt, content) = content.split_first_chunk::<DIGEST>().ok_or(DAMAGED)?;
    let (content, check) = content.split_last_chunk::<DIGEST>().ok_or(DAMAGED)?;
    let mut key = Zeroizing::new(content.to_vec());
    let mut last = salt.to_vec();
    for part in key.chunks_mut(DIGEST) {
        last = Sha1::new().chain_update(password).chain_update(&last).finalize().to_vec();
        for (byte, mask) in part.iter_mut().zip(&last) {
            *byte ^= mask;
        }
    }
    let found = Sha1::new().chain_update(password).chain_update(&*key).finalize();
    if found[..] == check[..] { Ok(key) } else { Err(StoreError::WrongPassword) }
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], StoreError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(CUT)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, StoreError> {
        let bytes = self.take(4)?;
        Ok(bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    fn text(&mut self) -> Result<&'a [u8], StoreError> {
        let bytes = self.take(2)?;
        self.take(usize::from(bytes[0]) << 8 | usize::from(bytes[1]))
    }

    fn block(&mut self) -> Result<&'a [u8], StoreError> {
        let length = self.number()?;
        self.take(usize::try_from(length).map_err(|_| CUT)?)
    }

    fn certificate(&mut self, version: u32) -> Result<Vec<u8>, StoreError> {
        if version == 2 && self.text()? != b"X.509" {
            return Err(StoreError::Unsupported("A certificate that is no X.509".to_owned()));
        }
        self.block().map(<[u8]>::to_vec)
    }
}
