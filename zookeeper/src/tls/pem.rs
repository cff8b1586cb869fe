//! PEM: certificates and keys as text, including encrypted keys (PKCS#8).

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::store::{Key, KeyEncoding, Store, StoreError};

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const BEGIN: &str = "-----BEGIN ";

/// Returns whether the bytes contain a PEM section.
pub(super) fn is_pem(bytes: &[u8]) -> bool {
    bytes.windows(BEGIN.len()).any(|window| window == BEGIN.as_bytes())
}

pub(super) fn read(bytes: &[u8], password: Option<&str>) -> Result<Store, StoreError> {
    let text = String::from_utf8_lossy(bytes);
    let mut store = Store::default();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let Some(label) = line.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix("-----"))
        else {
            continue;
        };
        let end = format!("-----END {label}-----");
        let mut body = Zeroizing::new(String::new());
        let mut is_closed = false;
        for line in lines.by_ref() {
            if line == end {
                is_closed = true;
                break;
            }
            // The header of traditional encryption: `Proc-Type: 4,ENCRYPTED`.
            if line.contains("ENCRYPTED") {
                return Err(StoreError::Unsupported(
                    "A key that is encrypted the traditional way (openssl pkcs8 -topk8 converts it)"
                        .to_owned(),
                ));
            }
            body.push_str(line);
        }
        if !is_closed {
            return Err(StoreError::Malformed("a section has no end"));
        }
        section(&mut store, label, &body, password)?;
    }
    Ok(store)
}

fn section(
    store: &mut Store,
    label: &str,
    body: &str,
    password: Option<&str>,
) -> Result<(), StoreError> {
    let encoding = match label {
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => None,
        "PRIVATE KEY" | "ENCRYPTED PRIVATE KEY" => Some(KeyEncoding::Pkcs8),
        "RSA PRIVATE KEY" => Some(KeyEncoding::Pkcs1),
        "EC PRIVATE KEY" => Some(KeyEncoding::Sec1),
        // Ignore parameters, public keys and the comments of tools.
        _ => return Ok(()),
    };
    let bytes = BASE64.decode(body).map_err(|_| StoreError::Malformed("a section is no base64"))?;
    let Some(encoding) = encoding else {
        store.certificates.push(bytes);
        return Ok(());
    };
    let bytes = Zeroizing::new(bytes);
    let der = if label.starts_with("ENCRYPTED") {
        super::pbe::decrypt_key(&bytes, password)?
    } else {
        bytes
    };
    store.keys.push(Key { encoding, der, chain: Vec::new() });
    Ok(())
}
