//! The stat block: eleven lines of the form `key = value`.

use std::cell::RefCell;
use std::rc::Rc;

use jiff::{Timestamp, tz::TimeZone};

use super::json::{Hex, Time};
use super::{Report, Text};
use crate::zk::Stat;

impl Report for Stat {
    fn text(&self, out: &mut Text<'_>) {
        out.hex_pair("cZxid", self.czxid);
        out.pair("ctime", date(self.ctime));
        out.hex_pair("mZxid", self.mzxid);
        out.pair("mtime", date(self.mtime));
        out.hex_pair("pZxid", self.pzxid);
        out.number_pair("cversion", self.cversion);
        out.number_pair("dataVersion", self.version);
        out.number_pair("aclVersion", self.aversion);
        out.hex_pair("ephemeralOwner", self.ephemeral_owner);
        out.number_pair("dataLength", self.data_length);
        out.number_pair("numChildren", self.num_children);
    }
}

/// Formats a time as `java.util.Date` prints it, in the time zone of `TZ`.
pub(crate) fn date(milliseconds: i64) -> Rc<str> {
    thread_local!(static RECENT: RefCell<Recent> = RefCell::default());
    RECENT.with_borrow_mut(|recent| recent.date(milliseconds))
}

/// The last two texts of dates, each with its second. Consecutive znodes were often created in one
/// second and written in another.
#[derive(Default)]
struct Recent([Option<(i64, Rc<str>)>; 2]);

impl Recent {
    fn date(&mut self, milliseconds: i64) -> Rc<str> {
        let second = milliseconds.div_euclid(1000);
        let known = self.0.iter().flatten().find(|(known, _)| *known == second);
        if let Some((_, text)) = known {
            return Rc::clone(text);
        }
        let text: Rc<str> = date_in(milliseconds, TimeZone::system()).into();
        self.0.swap(0, 1);
        self.0[0] = Some((second, Rc::clone(&text)));
        text
    }
}

/// Formats a time to the minute, in the time zone of `TZ`: `2026-11-28 12:00`.
pub(crate) fn minute(milliseconds: i64) -> String {
    minute_in(milliseconds, TimeZone::system())
}

/// Formats the time of day with milliseconds, in the time zone of `TZ`.
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
        // No real clock goes beyond the year 9999, but a server may send such a time.
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
    use crate::output::View;

    #[test]
    fn numbers_are_those_of_the_standard_formatter() {
        let view = View::plain(false);
        for number in [0, 1, 0xf, 0x10, 0x1_0000_0abc, i64::MAX, i64::MIN, -1] {
            let mut out = Text::new(&view);
            out.hex_pair("cZxid", number);
            let text = String::from_utf8(out.into_bytes()).unwrap();
            assert_eq!(text, format!("cZxid = {number:#x}\n"));
        }
        for number in [0, 7, -1, i32::MAX, i32::MIN] {
            let mut out = Text::new(&view);
            out.number_pair("version", number);
            let text = String::from_utf8(out.into_bytes()).unwrap();
            assert_eq!(text, format!("version = {number}\n"));
        }
    }

    #[test]
    fn dates_of_two_seconds_are_remembered() {
        let mut recent = Recent::default();
        let [first, second] = [0, 1000].map(|time| recent.date(time));
        assert!(first != second && Rc::ptr_eq(&first, &recent.date(999)));
        assert!(Rc::ptr_eq(&second, &recent.date(1999)));
        recent.date(5000);
        assert_eq!(recent.date(0), first);
    }

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
