//! Reads certificates: their subject, issuer, host names and validity.

use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::der::{OID, Reader, SEQUENCE, SET, context, dotted};

/// The OID of a common name.
const COMMON_NAME: &str = "2.5.4.3";

/// The OID of the extension with alternative names.
const ALTERNATIVE_NAMES: &str = "2.5.29.17";

/// The issuer and the subject of a certificate, in DER.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) issuer: &'a [u8],
    pub(super) subject: &'a [u8],
}

impl<'a> Names<'a> {
    pub(super) fn read(certificate: &'a [u8]) -> Option<Self> {
        let Certificate { issuer, subject, .. } = Certificate::read(certificate)?;
        Some(Self { issuer, subject })
    }
}

/// The fields of a certificate.
#[derive(Debug, Clone)]
pub(super) struct Certificate<'a> {
    pub(super) issuer: &'a [u8],
    pub(super) subject: &'a [u8],
    pub(super) not_before: SystemTime,
    pub(super) not_after: SystemTime,
    /// The DNS names and addresses among the alternative names; empty if there are none.
    pub(super) hosts: Vec<String>,
}

/// The contents of a certificate, which are not verified here.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateFacts {
    /// The subject as Java prints it: `CN=ann, OU=dev, O=zksh`.
    pub subject: String,
    /// The issuer.
    pub issuer: String,
    /// The start of its validity.
    pub not_before: SystemTime,
    /// The end of its validity.
    pub not_after: SystemTime,
    /// The DNS names and addresses among its alternative names.
    pub hosts: Vec<String>,
}

impl CertificateFacts {
    /// Reads a certificate in DER. Returns `None` if it is malformed.
    pub fn read(der: &[u8]) -> Option<Self> {
        let Certificate { issuer, subject, not_before, not_after, hosts } = Certificate::read(der)?;
        Some(Self { subject: name(subject), issuer: name(issuer), not_before, not_after, hosts })
    }
}

impl<'a> Certificate<'a> {
    /// Parses a certificate. Returns `None` if it is malformed.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut fields = Reader::new(bytes).enter(SEQUENCE)?.enter(SEQUENCE)?;
        fields.take(context(0)); // the version
        fields.next()?; // the serial number
        fields.take(SEQUENCE)?; // the signature's algorithm
        let issuer = fields.take(SEQUENCE)?.whole;
        let mut validity = fields.enter(SEQUENCE)?;
        let not_before = time(validity.next()?)?;
        let not_after = time(validity.next()?)?;
        let subject = fields.take(SEQUENCE)?.whole;
        let hosts = extensions(&mut fields).unwrap_or_default();
        Some(Self { issuer, subject, not_before, not_after, hosts })
    }

    /// Returns the common name of the subject. If there are several, Java uses the last one.
    pub(super) fn common_name(&self) -> Option<String> {
        let parts = parts(self.subject);
        parts.into_iter().rev().find(|(kind, _)| kind == COMMON_NAME).map(|(_, value)| value)
    }
}

/// Returns the host names among the alternative names.
fn extensions(fields: &mut Reader<'_>) -> Option<Vec<String>> {
    while !fields.is_empty() {
        let field = fields.next()?;
        if field.tag != context(3) {
            continue;
        }
        let mut list = Reader::new(field.content).enter(SEQUENCE)?;
        while let Some(mut extension) = list.enter(SEQUENCE) {
            if dotted(extension.take(OID)?.content) != ALTERNATIVE_NAMES {
                continue;
            }
            extension.take(0x01); // whether it is critical
            let mut names = Reader::new(extension.next()?.content).enter(SEQUENCE)?;
            let mut hosts = Vec::new();
            while let Some(name) = names.next() {
                match (name.tag, name.content.len()) {
                    (0x82, _) => hosts.push(String::from_utf8_lossy(name.content).into_owned()),
                    (0x87, 4) => {
                        let bytes: [u8; 4] = name.content.try_into().ok()?;
                        hosts.push(IpAddr::from(bytes).to_string());
                    }
                    (0x87, 16) => {
                        let bytes: [u8; 16] = name.content.try_into().ok()?;
                        hosts.push(IpAddr::from(bytes).to_string());
                    }
                    _ => {}
                }
            }
            return Some(hosts);
        }
    }
    None
}

/// Returns the attribute types and values of a name, in the order of the certificate.
fn parts(name: &[u8]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let Some(mut sets) = Reader::new(name).enter(SEQUENCE) else { return found };
    while let Some(mut set) = sets.enter(SET) {
        while let Some(mut pair) = set.enter(SEQUENCE) {
            if let (Some(kind), Some(value)) = (pair.take(OID), pair.next()) {
                let text = match value.tag {
                    // BMPString
                    0x1e => String::from_utf16_lossy(
                        &value
                            .content
                            .chunks_exact(2)
                            .map(|two| u16::from(two[0]) << 8 | u16::from(two[1]))
                            .collect::<Vec<_>>(),
                    ),
                    _ => String::from_utf8_lossy(value.content).into_owned(),
                };
                found.push((dotted(kind.content), text));
            }
        }
    }
    found
}

/// Formats a name as Java prints it: `CN=ann, OU=dev, O=zksh`.
pub(super) fn name(der: &[u8]) -> String {
    let part = |(kind, value): (String, String)| {
        let kind = match kind.as_str() {
            COMMON_NAME => "CN",
            "2.5.4.6" => "C",
            "2.5.4.7" => "L",
            "2.5.4.8" => "ST",
            "2.5.4.10" => "O",
            "2.5.4.11" => "OU",
            "0.9.2342.19200300.100.1.25" => "DC",
            other => other,
        };
        format!("{kind}={value}")
    };
    parts(der).into_iter().rev().map(part).collect::<Vec<_>>().join(", ")
}

fn time(value: super::der::Value<'_>) -> Option<SystemTime> {
    let text = std::str::from_utf8(value.content).ok()?.strip_suffix('Z')?;
    let (year, rest) = match value.tag {
        0x17 => {
            let year: u64 = text.get(..2)?.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, text.get(2..)?)
        }
        0x18 => (text.get(..4)?.parse().ok()?, text.get(4..)?),
        _ => return None,
    };
    let number = |at: usize| rest.get(at..at + 2).and_then(|two| two.parse::<u64>().ok());
    let (month, day) = (number(0)?, number(2)?);
    let seconds = number(4)? * 3600 + number(6)? * 60 + number(8)?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || year < 1970 {
        return Some(UNIX_EPOCH);
    }
    UNIX_EPOCH.checked_add(Duration::from_secs(days(year, month, day) * 86_400 + seconds))
}

/// Returns the number of days from 1970 to a date (Howard Hinnant's `days_from_civil`).
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    era * 146_097 + of_era - 719_468
}

/// Formats a time as `2021-01-31`.
pub(super) fn date(time: SystemTime) -> String {
    let days = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() / 86_400);
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_round_trip() {
        for (year, month, day, text) in
            [(1970, 1, 1, "1970-01-01"), (2000, 2, 29, "2000-02-29"), (2026, 11, 28, "2026-11-28")]
        {
            let time = UNIX_EPOCH + Duration::from_secs(days(year, month, day) * 86_400 + 86_399);
            assert_eq!(date(time), text);
        }
    }
}
