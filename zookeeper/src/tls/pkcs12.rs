//! PKCS#12, the key store format of Java since release 9, of openssl and of browsers (RFC 7292).

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use super::certificate::Names;
use super::der::{OCTETS, OID, Reader, SEQUENCE, SET, context, dotted};
use super::pbe::{self, Purpose};
use super::store::{Key, KeyEncoding, Store, StoreError};

const DATA: &str = "1.2.840.113549.1.7.1";
const ENCRYPTED_DATA: &str = "1.2.840.113549.1.7.6";
const KEY_BAG: &str = "1.2.840.113549.1.12.10.1.1";
const ENCRYPTED_KEY_BAG: &str = "1.2.840.113549.1.12.10.1.2";
const CERTIFICATE_BAG: &str = "1.2.840.113549.1.12.10.1.3";
const X509: &str = "1.2.840.113549.1.9.22.1";
const LOCAL_KEY_ID: &str = "1.2.840.113549.1.9.21";

const DAMAGED: StoreError = StoreError::Malformed("its structure cannot be read");

pub(super) fn read(bytes: &[u8], password: Option<&str>) -> Result<Store, StoreError> {
    let mut file = Reader::new(bytes).enter(SEQUENCE).ok_or_else(|| not_der(bytes))?;
    if file.number() != Some(3) {
        return Err(StoreError::UnknownKind);
    }
    let safes = content(&mut file, DATA)?;
    // Stores may be written without a password and without a digest, as Java can do.
    let password = password.unwrap_or_default();
    if let Some(mut mac) = file.enter(SEQUENCE) {
        verify(&mut mac, safes, password)?;
    }
    let mut bags = Bags::default();
    let mut safes = Reader::new(safes).enter(SEQUENCE).ok_or(DAMAGED)?;
    while !safes.is_empty() {
        let mut info = safes.enter(SEQUENCE).ok_or(DAMAGED)?;
        let kind = dotted(info.take(OID).ok_or(DAMAGED)?.content);
        let mut inside = info.enter(context(0)).ok_or(DAMAGED)?;
        match kind.as_str() {
            DATA => bags.read(inside.take(OCTETS).ok_or(DAMAGED)?.content, password)?,
            ENCRYPTED_DATA => {
                let mut data = inside.enter(SEQUENCE).ok_or(DAMAGED)?;
                data.number().ok_or(DAMAGED)?;
                let mut encrypted = data.enter(SEQUENCE).ok_or(DAMAGED)?;
                encrypted.take(OID).ok_or(DAMAGED)?;
                let algorithm = encrypted.take(SEQUENCE).ok_or(DAMAGED)?;
                // [0] IMPLICIT OCTET STRING
                let bytes = encrypted.take(0x80).ok_or(DAMAGED)?.content;
                bags.read(&pbe::decrypt(algorithm.whole, bytes, password)?, password)?;
            }
            _ => return Err(StoreError::Unsupported(format!("Content of the kind {kind}"))),
        }
    }
    Ok(bags.sort())
}

fn not_der(bytes: &[u8]) -> StoreError {
    if bytes.get(1) == Some(&0x80) {
        StoreError::Unsupported("PKCS12 in BER (openssl pkcs12 writes it anew)".to_owned())
    } else {
        DAMAGED
    }
}

/// Returns the octets of a `ContentInfo` of this kind.
fn content<'a>(reader: &mut Reader<'a>, wanted: &str) -> Result<&'a [u8], StoreError> {
    let mut info = reader.enter(SEQUENCE).ok_or(DAMAGED)?;
    let kind = dotted(info.take(OID).ok_or(DAMAGED)?.content);
    if kind != wanted {
        return Err(StoreError::Unsupported(format!("Content of the kind {kind}")));
    }
    let octets = info.enter(context(0)).and_then(|mut inside| inside.take(OCTETS));
    octets.map(|octets| octets.content).ok_or(DAMAGED)
}

fn verify(mac: &mut Reader<'_>, data: &[u8], password: &str) -> Result<(), StoreError> {
    let mut info = mac.enter(SEQUENCE).ok_or(DAMAGED)?;
    let oid = info.enter(SEQUENCE).and_then(|mut fields| fields.take(OID)).ok_or(DAMAGED)?;
    let digest = info.take(OCTETS).ok_or(DAMAGED)?.content;
    let salt = mac.take(OCTETS).ok_or(DAMAGED)?.content;
    let rounds = if mac.is_empty() { 1 } else { mac.number().ok_or(DAMAGED)? };
    macro_rules! check {
        ($hash:ty, $length:expr) => {{
            let key = pbe::derive::<$hash>(password, salt, rounds, Purpose::Mac, $length)?;
            let mac = <Hmac<$hash> as KeyInit>::new_from_slice(&key).map_err(|_| DAMAGED)?;
            mac.chain_update(data).verify_slice(digest).map_err(|_| StoreError::WrongPassword)
        }};
    }
    match dotted(oid.content).as_str() {
        "1.3.14.3.2.26" => check!(Sha1, 20),
        "2.16.840.1.101.3.4.2.1" => check!(Sha256, 32),
        "2.16.840.1.101.3.4.2.2" => check!(Sha384, 48),
        "2.16.840.1.101.3.4.2.3" => check!(Sha512, 64),
        other => Err(StoreError::Unsupported(format!("The digest {other}"))),
    }
}

/// Links a key to its certificate, if the file contains the link.
type LocalKeyId = Option<Vec<u8>>;

/// Keys and certificates that are not yet matched with each other.
#[derive(Default)]
struct Bags {
    keys: Vec<(LocalKeyId, Zeroizing<Vec<u8>>)>,
    certificates: Vec<(Option<Vec<u8>>, Vec<u8>)>,
}

impl Bags {
    fn read(&mut self, bytes: &[u8], password: &str) -> Result<(), StoreError> {
        let mut list = Reader::new(bytes).enter(SEQUENCE).ok_or(DAMAGED)?;
        while !list.is_empty() {
            let mut bag = list.enter(SEQUENCE).ok_or(DAMAGED)?;
            let kind = dotted(bag.take(OID).ok_or(DAMAGED)?.content);
            let mut inside = bag.enter(context(0)).ok_or(DAMAGED)?;
            let id = bag.enter(SET).and_then(local_key_id);
            match kind.as_str() {
                KEY_BAG => {
                    let key = inside.take(SEQUENCE).ok_or(DAMAGED)?.whole;
                    self.keys.push((id, Zeroizing::new(key.to_vec())));
                }
                ENCRYPTED_KEY_BAG => {
                    let key = inside.take(SEQUENCE).ok_or(DAMAGED)?.whole;
                    self.keys.push((id, pbe::decrypt_key(key, Some(password))?));
                }
                CERTIFICATE_BAG => {
                    let mut fields = inside.enter(SEQUENCE).ok_or(DAMAGED)?;
                    let kind = dotted(fields.take(OID).ok_or(DAMAGED)?.content);
                    if kind != X509 {
                        return Err(StoreError::Unsupported(format!("A certificate {kind}")));
                    }
                    let octets = fields.enter(context(0)).and_then(|mut f| f.take(OCTETS));
                    let octets = octets.ok_or(DAMAGED)?.content;
                    self.certificates.push((id, octets.to_vec()));
                }
                // Ignore revocation lists, secrets and nested bags.
                _ => {}
            }
        }
        Ok(())
    }

    /// Assigns each key its certificate and chain. The remaining certificates belong to no key.
    fn sort(self) -> Store {
        let Self { keys, mut certificates } = self;
        let only = keys.len() == 1;
        let keys = keys.into_iter().map(|(id, der)| {
            let own = certificates.iter().position(|(of, _)| id.is_some() && *of == id);
            let own = own.or((only && !certificates.is_empty()).then_some(0));
            let mut chain = Vec::new();
            if let Some(own) = own {
                chain.push(certificates.remove(own).1);
                while let Some(above) = issuer_of(chain.last(), &certificates) {
                    chain.push(certificates.remove(above).1);
                }
            }
            Key { encoding: KeyEncoding::Pkcs8, der, chain }
        });
        let keys = keys.collect();
        Store { certificates: certificates.into_iter().map(|(_, der)| der).collect(), keys }
    }
}

/// Returns the index of the certificate that issued the last one of a chain, or `None` if that one
/// is self-signed.
fn issuer_of(last: Option<&Vec<u8>>, rest: &[(Option<Vec<u8>>, Vec<u8>)]) -> Option<usize> {
    let last = Names::read(last?)?;
    if last.issuer == last.subject {
        return None;
    }
    rest.iter()
        .position(|(_, other)| Names::read(other).is_some_and(|names| names.subject == last.issuer))
}

fn local_key_id(mut attributes: Reader<'_>) -> Option<Vec<u8>> {
    while let Some(mut attribute) = attributes.enter(SEQUENCE) {
        let kind = dotted(attribute.take(OID)?.content);
        if kind == LOCAL_KEY_ID {
            return Some(attribute.enter(SET)?.take(OCTETS)?.content.to_vec());
        }
    }
    None
}
