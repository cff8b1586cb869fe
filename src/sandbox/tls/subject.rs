//! Whom a certificate names, as Java's `X500Principal.getName` writes it (RFC 2253).

use std::fmt::Write as _;

/// Returns the subject of a certificate, `CN=ann,OU=dev,O=zksh`. `None` if it is malformed.
pub(super) fn of(certificate: &[u8]) -> Option<String> {
    let (body, _) = enter(certificate, 0x30)?;
    let (mut fields, _) = enter(body, 0x30)?;
    if fields.first() == Some(&0xa0) {
        (_, fields) = value(fields)?; // the version
    }
    // The serial number, the signature's algorithm, the issuer, the validity.
    for _ in 0..4 {
        (_, fields) = value(fields)?;
    }
    let (mut sets, _) = enter(fields, 0x30)?;
    let mut parts = Vec::new();
    while !sets.is_empty() {
        let (mut set, rest) = enter(sets, 0x31)?;
        sets = rest;
        let mut pairs = Vec::new();
        while !set.is_empty() {
            let (pair, rest) = enter(set, 0x30)?;
            set = rest;
            let (kind, text) = enter(pair, 0x06)?;
            pairs.push(part(kind, text)?);
        }
        parts.push(pairs.join("+"));
    }
    parts.reverse();
    Some(parts.join(","))
}

/// Returns one attribute.
fn part(kind: &[u8], encoded: &[u8]) -> Option<String> {
    let name = match kind {
        [0x55, 4, 3] => "CN",
        [0x55, 4, 6] => "C",
        [0x55, 4, 7] => "L",
        [0x55, 4, 8] => "ST",
        [0x55, 4, 9] => "STREET",
        [0x55, 4, 10] => "O",
        [0x55, 4, 11] => "OU",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25] => "DC",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1] => "UID",
        _ => {
            let mut text = format!("{}=#", dotted(kind)?);
            for byte in encoded {
                let _ = write!(text, "{byte:02x}");
            }
            return Some(text);
        }
    };
    let (content, _) = value(encoded)?;
    Some(format!("{name}={}", escaped(&String::from_utf8_lossy(content))))
}

/// Escapes what would end a value.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let last = text.chars().count().saturating_sub(1);
    for (at, c) in text.chars().enumerate() {
        let at_an_end = c == ' ' && (at == 0 || at == last) || c == '#' && at == 0;
        if at_an_end || matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

fn dotted(kind: &[u8]) -> Option<String> {
    let (first, rest) = kind.split_first()?;
    let mut text = format!("{}.{}", first / 40, first % 40);
    let mut number: u64 = 0;
    for byte in rest {
        number = number.checked_mul(128)? | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            let _ = write!(text, ".{number}");
            number = 0;
        }
    }
    Some(text)
}

/// Returns the content of a value with this tag, and what follows it.
fn enter(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    (*bytes.first()? == tag).then(|| value(bytes)).flatten()
}

/// Returns the content of a DER value, and what follows it.
fn value(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&length, rest) = bytes.get(1..)?.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, KeyPair};

    #[test]
    fn a_subject_is_written_as_java_writes_it() {
        let mut params = CertificateParams::default();
        params.distinguished_name.remove(DnType::CommonName);
        params.distinguished_name.push(DnType::OrganizationName, "a, b");
        params.distinguished_name.push(DnType::OrganizationalUnitName, " dev");
        params.distinguished_name.push(DnType::CommonName, "ann");
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        assert_eq!(of(certificate.der()).as_deref(), Some("CN=ann,OU=\\ dev,O=a\\, b"));
        for length in 0..certificate.der().len() {
            // Cut anywhere, it is none.
            assert_eq!(of(&certificate.der()[..length]), None);
        }
    }

    #[test]
    fn an_unknown_attribute_is_its_number() {
        assert_eq!(part(&[0x2a, 0x86, 0x48], &[0x0c, 1, b'x']).as_deref(), Some("1.2.840=#0c0178"));
    }
}
