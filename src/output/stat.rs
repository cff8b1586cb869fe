//! The stat block: eleven lines, `key = value`.

use std::cell::RefCell;

use jiff::{Timestamp, tz::TimeZone};

use super::json::{Hex, Time};
use super::{Report, Text};
use crate::zk::Stat;

impl Report for Stat {
    fn text(&self, out: &mut Text<'_>) {
        out.pair("cZxid", format_args!("{:#x}", self.czxid));
        out.pair("ctime", date(self.ctime));
        out.pair("mZxid", format_args!("{:#x}", self.mzxid));
        out.pair("mtime", date(self.mtime));
        out.pair("pZxid", format_args!("{:#x}", self.pzxid));
        out.pair("cversion", self.cversion);
        out.pair("dataVersion", self.version);
        out.pair("aclVersion", self.aversion);
        out.pair("ephemeralOwner", format_args!("{:#x}", self.ephemeral_owner));
        out.pair("dataLength", self.data_length);
        out.pair("numChildren", self.num_children);
    }
}

/// Returns a time as `java.util.Date` prints it, in the zone of `TZ`.
pub(crate) fn date(milliseconds: i64) -> String {
    // Most znodes of a script were last written in the same second as the one before.
    thread_local!(static LAST: RefCell<Option<(i64, String)>> = const { RefCell::new(None) });
    let second = milliseconds.div_euclid(1000);
    LAST.with_borrow_mut(|last| match last {
        Some((known, text)) if *known == second => text.clone(),
        _ => {
            let text = date_in(milliseconds, TimeZone::system());
            last.insert((second, text)).1.clone()
        }
    })
}

/// Returns a time to the minute, in the zone of `TZ`: `2026-11-28 12:00`.
pub(crate) fn minute(milliseconds: i64) -> String {
    minute_in(milliseconds, TimeZone::system())
}

/// Returns the time of day to the millisecond, in the zone of `TZ`.
pub(super) fn time(milliseconds: i64) -> String {
    time_in(milliseconds, TimeZone::system())
}

fn time_in(milliseconds: i64, zone: TimeZone) -> String {
    match Timestamp::from_millisecond(milliseconds) {
        Ok(time) => time.to_zoned(zone).strftime("%H:%M:%S%.3f").to_string(),
        Err(_) => format!("{milliseconds} ms"),
    }
}

fn minute_in(milliseconds: i64, zone: TimeZone) -> String {
    match Timestamp::from_millisecond(milliseconds) {
        Ok(time) => time.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => format!("{} s", milliseconds.div_euclid(1000)),
    }
}

fn date_in(milliseconds: i64, zone: TimeZone) -> String {
    match Timestamp::from_millisecond(milliseconds) {
        Ok(time) => time.to_zoned(zone).strftime("%a %b %d %H:%M:%S %Z %Y").to_string(),
        // Beyond the year 9999: no real clock, but a server may send it.
        Err(_) => format!("{} s", milliseconds.div_euclid(1000)),
    }
}

impl serde::Serialize for Stat {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = serializer.serialize_struct("Stat", 11)?;
        out.serialize_field("czxid", &Hex(self.czxid))?;
        out.serialize_field("ctime", &Time(self.ctime))?;
        out.serialize_field("mzxid", &Hex(self.mzxid))?;
        out.serialize_field("mtime", &Time(self.mtime))?;
        out.serialize_field("pzxid", &Hex(self.pzxid))?;
        out.serialize_field("cversion", &self.cversion)?;
        out.serialize_field("dataVersion", &self.version)?;
        out.serialize_field("aclVersion", &self.aversion)?;
        out.serialize_field("ephemeralOwner", &Hex(self.ephemeral_owner))?;
        out.serialize_field("dataLength", &self.data_length)?;
        out.serialize_field("numChildren", &self.num_children)?;
        out.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_java_prints_them() {
        let berlin = || TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(date_in(1_355_216_779_000, berlin()), "Tue Dec 11 10:06:19 CET 2012");
        assert_eq!(date_in(1_341_000_000_000, berlin()), "Fri Jun 29 22:00:00 CEST 2012");
        assert_eq!(date_in(0, TimeZone::UTC), "Thu Jan 01 00:00:00 UTC 1970");
        assert_eq!(time_in(1_355_216_779_042, berlin()), "10:06:19.042");
        assert_eq!(date_in(i64::MAX, TimeZone::UTC), "9223372036854775 s");
    }
}
