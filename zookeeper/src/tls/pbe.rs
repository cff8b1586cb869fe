//! Password-based encryption: PKCS#5 (PBES2) and PKCS#12 (3DES and RC2 with SHA-1).

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

use super::der::{OCTETS, OID, Reader, SEQUENCE, dotted};
use super::store::StoreError;

/// Maximum number of rounds. A larger number would only be used for a denial-of-service attack.
const MAX_ROUNDS: u32 = 2_000_000;

/// Maximum memory for scrypt in bytes.
const MAX_MEMORY: u64 = 256 << 20;

/// Decrypts an `EncryptedPrivateKeyInfo` into PKCS#8.
pub(super) fn decrypt_key(
    bytes: &[u8],
    password: Option<&str>,
) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    const DAMAGED: StoreError = StoreError::Malformed("an encrypted key cannot be read");
    let mut info = Reader::new(bytes).enter(SEQUENCE).ok_or(DAMAGED)?;
    let algorithm = info.take(SEQUENCE).ok_or(DAMAGED)?;
    let encrypted = info.take(OCTETS).ok_or(DAMAGED)?;
    let password = password.ok_or(StoreError::NeedsPassword)?;
    decrypt(algorithm.whole, encrypted.content, password)
}

/// Decrypts data with the algorithm of an `AlgorithmIdentifier`.
pub(super) fn decrypt(
    algorithm: &[u8],
    encrypted: &[u8],
    password: &str,
) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    const DAMAGED: StoreError = StoreError::Malformed("an encryption cannot be read");
    let mut fields = Reader::new(algorithm).enter(SEQUENCE).ok_or(DAMAGED)?;
    let oid = dotted(fields.take(OID).ok_or(DAMAGED)?.content);
    let Some(kind) = oid.strip_prefix("1.2.840.113549.1.12.1.") else {
        return pkcs5(algorithm, encrypted, password, &oid);
    };
    let mut parameters = fields.enter(SEQUENCE).ok_or(DAMAGED)?;
    let salt = parameters.take(OCTETS).ok_or(DAMAGED)?.content;
    let rounds = parameters.number().ok_or(DAMAGED)?;
    let derive = |purpose, length| derive::<Sha1>(password, salt, rounds, purpose, length);
    let iv = derive(Purpose::Iv, 8)?;
    let decrypted = match kind {
        "3" => {
            let key = derive(Purpose::Key, 24)?;
            let cipher = cbc::Decryptor::<des::TdesEde3>::new_from_slices(&key, &iv);
            cipher.ok().and_then(|cipher| cipher.decrypt_padded_vec::<Pkcs7>(encrypted).ok())
        }
        "5" | "6" => {
            let key = derive(Purpose::Key, if kind == "5" { 16 } else { 5 })?;
            let bits = 8 * key.len();
            let cipher = rc2::Rc2::new_with_eff_key_len(&key, bits);
            let iv = iv.as_slice().try_into().ok();
            iv.and_then(|iv: &cbc::cipher::Iv<cbc::Decryptor<rc2::Rc2>>| {
                use cbc::cipher::InnerIvInit;
                let cipher = cbc::Decryptor::inner_iv_init(cipher, iv);
                cipher.decrypt_padded_vec::<Pkcs7>(encrypted).ok()
            })
        }
        _ => return Err(StoreError::Unsupported(format!("The cipher {oid}"))),
    };
    decrypted.map(Zeroizing::new).ok_or(StoreError::WrongPassword)
}

fn pkcs5(
    algorithm: &[u8],
    encrypted: &[u8],
    password: &str,
    oid: &str,
) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let unsupported = || StoreError::Unsupported(format!("The cipher {oid}"));
    let scheme = pkcs5::EncryptionScheme::try_from(algorithm).map_err(|_| unsupported())?;
    let kdf = scheme.pbes2().map(|parameters| &parameters.kdf);
    let rounds = kdf.and_then(|kdf| kdf.pbkdf2()).map_or(0, |kdf| kdf.iteration_count);
    let memory = kdf.and_then(|kdf| kdf.scrypt()).map_or(0, |kdf| {
        // The library takes the logarithm of the cost, which must be at least 2.
        let cost = if kdf.cost_parameter < 2 { u64::MAX } else { kdf.cost_parameter };
        u64::from(kdf.block_size).saturating_mul(128).saturating_mul(cost)
    });
    if rounds > MAX_ROUNDS || memory > MAX_MEMORY {
        return Err(StoreError::Unsupported("An encryption that takes so long".to_owned()));
    }
    match scheme.decrypt(password, encrypted) {
        Ok(decrypted) => Ok(Zeroizing::new(decrypted)),
        Err(
            pkcs5::Error::UnsupportedAlgorithm { .. }
            | pkcs5::Error::AlgorithmParametersInvalid { .. },
        ) => Err(unsupported()),
        Err(_) => Err(StoreError::WrongPassword),
    }
}

/// The purpose of derived bytes (RFC 7292, appendix B.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Key = 1,
    Iv = 2,
    Mac = 3,
}

/// Derives bytes from a password (RFC 7292, appendix B.2).
pub(super) fn derive<D: Digest + sha1::digest::common::BlockSizeUser>(
    password: &str,
    salt: &[u8],
    rounds: u32,
    purpose: Purpose,
    length: usize,
) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    if rounds > MAX_ROUNDS {
        return Err(StoreError::Unsupported(format!("An encryption of {rounds} rounds")));
    }
    let block = D::block_size();
    // UTF-16 with a trailing zero.
    let password: Zeroizing<Vec<u8>> =
        Zeroizing::new(password.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect());
    let stretched = |bytes: &[u8]| -> Vec<u8> {
        let length = block * bytes.len().div_ceil(block);
        bytes.iter().copied().cycle().take(length).collect()
    };
    let mut input = Zeroizing::new([stretched(salt), stretched(&password)].concat());
    let diversifier = vec![purpose as u8; block];
    let mut derived = Zeroizing::new(Vec::with_capacity(length));
    while derived.len() < length {
        let mut hash = D::new().chain_update(&diversifier).chain_update(&*input).finalize();
        for _ in 1..rounds {
            hash = D::digest(&hash);
        }
        derived.extend_from_slice(&hash);
        let added = stretched(&hash);
        for part in input.chunks_mut(block) {
            // Add part + added + 1 as big-endian numbers.
            let mut carry = 1_u16;
            for (byte, add) in part.iter_mut().zip(&added[..block]).rev() {
                carry += u16::from(*byte) + u16::from(*add);
                *byte = carry.to_be_bytes()[1];
                carry >>= 8;
            }
        }
    }
    derived.truncate(length);
    Ok(derived)
}
