//! The conditions of `find`. All of them must hold.

use std::str::FromStr;

use regex::{Regex, bytes};

use super::glob::Glob;
use super::record::is_sequential;
use super::{Acl, Data, Kind, Record};
use crate::error::{Error, Result};

/// A condition on the type of a znode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// This kind. For a TTL, any number of milliseconds.
    Kind(Kind),
    /// A name that ends in ten or more digits, as the server generates them.
    Sequential,
}

impl FromStr for Type {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        Ok(match text {
            "persistent" | "p" => Self::Kind(Kind::Persistent),
            "ephemeral" | "e" => Self::Kind(Kind::Ephemeral),
            "container" | "c" => Self::Kind(Kind::Container),
            "ttl" | "t" => Self::Kind(Kind::Ttl(0)),
            "sequential" | "s" => Self::Sequential,
            _ => {
                return Err(
                    "one of persistent, ephemeral, container, ttl and sequential".to_owned()
                );
            }
        })
    }
}

/// A condition on a number: `+N` more, `-N` less, `N` exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// More than this number.
    More(u64),
    /// Less than this number.
    Less(u64),
    /// Exactly this number.
    Exactly(u64),
}

impl Bound {
    /// Returns whether a number fulfils the condition.
    pub fn holds(self, number: u64) -> bool {
        match self {
            Self::More(bound) => number > bound,
            Self::Less(bound) => number < bound,
            Self::Exactly(bound) => number == bound,
        }
    }
}

impl FromStr for Bound {
    type Err = String;

    /// Parses texts such as `+1k`. `k` is 1024 bytes and `M` is 1024 * 1024 bytes.
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (bound, digits): (fn(u64) -> Self, &str) = match text.as_bytes().first() {
            Some(b'+') => (Self::More, &text[1..]),
            Some(b'-') => (Self::Less, &text[1..]),
            _ => (Self::Exactly, text),
        };
        let (digits, factor) = match digits.char_indices().next_back() {
            Some((end, 'k' | 'K')) => (&digits[..end], 1 << 10),
            Some((end, 'M' | 'm')) => (&digits[..end], 1 << 20),
            _ => (digits, 1),
        };
        let number = if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            digits.parse::<u64>().ok().and_then(|number| number.checked_mul(factor))
        } else {
            None
        };
        number.map(bound).ok_or_else(|| "a number of bytes such as +1000, -4k or 0".to_owned())
    }
}

/// A duration: `30d`, `12h`, `5m`, `10s`, `2w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age {
    /// The duration in milliseconds.
    pub milliseconds: i64,
}

impl FromStr for Age {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let wrong = || "a span of time such as 30s, 5m, 12h, 30d or 2w".to_owned();
        let unit = text.chars().next_back().ok_or_else(wrong)?;
        let factor = match unit {
            's' => 1000,
            'm' => 60_000,
            'h' => 3_600_000,
            'd' => 86_400_000,
            'w' => 604_800_000,
            _ => return Err(wrong()),
        };
        let number = &text[..text.len() - 1];
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        let number: i64 = number.parse().map_err(|_| wrong())?;
        let milliseconds = number.checked_mul(factor).ok_or_else(wrong)?;
        Ok(Self { milliseconds })
    }
}

/// A session id, in hexadecimal with `0x` as the shell shows it, or in decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner(pub i64);

impl FromStr for Owner {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let number = match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok().map(u64::cast_signed),
            None => text.parse().ok(),
        };
        number
            .map(Self)
            .ok_or_else(|| "the number of a session, such as 0x100003ac4d90001".to_owned())
    }
}

/// The parts of a znode that a filter needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// The stat.
    pub stat: bool,
    /// The data.
    pub data: bool,
    /// The access control list.
    pub acl: bool,
}

/// Conditions that must all hold. Without any, every znode matches.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The name matches one of these patterns.
    pub names: Vec<Glob>,
    /// The path contains a match of this.
    pub regex: Option<Regex>,
    /// The data contains a match of this.
    pub data: Option<bytes::Regex>,
    /// The znode has one of these types.
    pub types: Vec<Type>,
    /// The data has this length in bytes.
    pub size: Option<Bound>,
    /// The data was changed less than this long ago.
    pub newer: Option<Age>,
    /// The data was not changed for at least this long.
    pub older: Option<Age>,
    /// The znode is an ephemeral of this session.
    pub owner: Option<Owner>,
    /// The znode has neither data nor children.
    pub empty: bool,
    /// The data is null.
    pub null: bool,
    /// The written form of the ACL contains this text.
    pub acl: Option<String>,
}

impl Filter {
    /// Parses a regular expression for paths.
    pub fn regex(text: &str) -> Result<Regex> {
        Regex::new(text).map_err(|error| wrong_regex(&error))
    }

    /// Parses a regular expression for data.
    pub fn data_regex(text: &str, ignore_case: bool) -> Result<bytes::Regex> {
        bytes::RegexBuilder::new(text)
            .case_insensitive(ignore_case)
            .build()
            .map_err(|error| wrong_regex(&error))
    }

    /// Returns the parts that the filter needs.
    pub fn needs(&self) -> Needs {
        let of_stat = self.types.iter().any(|kind| matches!(kind, Type::Kind(_)))
            || self.size.is_some()
            || self.newer.is_some()
            || self.older.is_some()
            || self.owner.is_some()
            || self.empty;
        Needs { stat: of_stat, data: self.data.is_some() || self.null, acl: self.acl.is_some() }
    }

    /// Returns whether the name and the path match. Requests are needed only for znodes that pass
    /// this.
    pub fn matches_path(&self, record: &Record) -> bool {
        let name = record.path.name();
        (self.names.is_empty() || self.names.iter().any(|glob| glob.matches(name)))
            && self.regex.as_ref().is_none_or(|regex| regex.is_match(record.path.as_str()))
    }

    /// Returns whether all conditions hold at `now`, in milliseconds since 1970. A condition on an
    /// unknown part does not hold.
    pub fn matches(&self, record: &Record, now: i64) -> bool {
        let stat = record.stat.as_ref();
        let of_type = |wanted: &Type| match wanted {
            Type::Sequential => is_sequential(record.path.name()),
            Type::Kind(kind) => {
                stat.is_some_and(|stat| Kind::of_owner(stat.ephemeral_owner).name() == kind.name())
            }
        };
        let age = stat.map(|stat| now.saturating_sub(stat.mtime));
        self.matches_path(record)
            && (self.types.is_empty() || self.types.iter().any(of_type))
            && self.size.is_none_or(|bound| {
                stat.is_some_and(|stat| bound.holds(u64::try_from(stat.data_length).unwrap_or(0)))
            })
            && self.newer.is_none_or(|newer| age.is_some_and(|age| age < newer.milliseconds))
            && self.older.is_none_or(|older| age.is_some_and(|age| age >= older.milliseconds))
            && self.owner.is_none_or(|owner| {
                stat.is_some_and(|stat| {
                    stat.ephemeral_owner == owner.0
                        && Kind::of_owner(stat.ephemeral_owner) == Kind::Ephemeral
                })
            })
            && (!self.empty
                || stat.is_some_and(|stat| stat.data_length == 0 && stat.num_children == 0))
            && self.acl.as_ref().is_none_or(|text| {
                record.acl.as_ref().map(Acl::to_string).is_some_and(|acl| acl.contains(text))
            })
            && self.data.as_ref().is_none_or(|regex| {
                // Null data matches nothing, not even an empty match.
                matches!(&record.data, Some(Data::Bytes(bytes)) if regex.is_match(bytes))
            })
            && (!self.null || record.data == Some(Data::Null))
    }
}

fn wrong_regex(error: &regex::Error) -> Error {
    // The crate marks the position over several lines. The last one states the reason.
    let text = error.to_string();
    let why = text.lines().last().unwrap_or_default();
    let why = why.strip_prefix("error: ").unwrap_or(why);
    Error::usage(format!("The regular expression is not valid: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::record::path;
    use crate::zk::Stat;

    const DAY: i64 = 86_400_000;

    fn znode(text: &str, data: &[u8], owner: i64) -> Record {
        let stat = Stat {
            data_length: i32::try_from(data.len()).expect("short"),
            mtime: 100 * DAY,
            ephemeral_owner: owner,
            ..Stat::default()
        };
        Record {
            data: Some(Data::Bytes(data.to_vec())),
            acl: Some(Acl::open()),
            stat: Some(stat),
            ..Record::bare(path(text))
        }
    }

    #[test]
    fn each_condition_must_hold() {
        let lock = znode("/app/lock-0000000007", b"host=a\nport=1", 0x1234);
        let now = 110 * DAY;
        let glob = |text| vec![Glob::new(text).expect("a pattern")];
        let all = Filter::default;
        for (filter, expected) in [
            (all(), true),
            (Filter { names: glob("lock-*"), ..all() }, true),
            (Filter { names: glob("app"), ..all() }, false),
            (Filter { regex: Filter::regex("^/app/.*7$").ok(), ..all() }, true),
            (Filter { regex: Filter::regex("^app").ok(), ..all() }, false),
            (Filter { data: Filter::data_regex("HOST", true).ok(), ..all() }, true),
            (Filter { data: Filter::data_regex("HOST", false).ok(), ..all() }, false),
            (Filter { types: vec![Type::Kind(Kind::Ephemeral)], ..all() }, true),
            (Filter { types: vec![Type::Kind(Kind::Persistent)], ..all() }, false),
            (Filter { types: vec![Type::Kind(Kind::Ttl(0)), Type::Sequential], ..all() }, true),
            (Filter { size: Some(Bound::More(12)), ..all() }, true),
            (Filter { size: Some(Bound::More(13)), ..all() }, false),
            (Filter { size: Some(Bound::Less(13)), ..all() }, false),
            (Filter { newer: "11d".parse().ok(), ..all() }, true),
            (Filter { newer: "10d".parse().ok(), ..all() }, false),
            (Filter { older: "10d".parse().ok(), ..all() }, true),
            (Filter { older: "2w".parse().ok(), ..all() }, false),
            (Filter { owner: "0x1234".parse().ok(), ..all() }, true),
            (Filter { owner: "4661".parse().ok(), ..all() }, false),
            (Filter { empty: true, ..all() }, false),
            (Filter { null: true, ..all() }, false),
            (Filter { acl: Some("world:".to_owned()), ..all() }, true),
            (Filter { acl: Some("digest".to_owned()), ..all() }, false),
        ] {
            assert_eq!(filter.matches(&lock, now), expected, "{filter:?}");
        }
        assert!(Filter { empty: true, ..all() }.matches(&znode("/a", b"", 0), now));
        let null = Record { data: Some(Data::Null), ..znode("/a", b"", 0) };
        assert!(Filter { null: true, ..all() }.matches(&null, now));
        assert!(!Filter { null: true, ..all() }.matches(&znode("/a", b"", 0), now));
        let nothing = || Filter { data: Filter::data_regex("^$", false).ok(), ..all() };
        assert!(nothing().matches(&znode("/a", b"", 0), now) && !nothing().matches(&null, now));
        assert!(!Filter { empty: true, ..all() }.matches(&Record::bare(path("/a")), now));
        // The owner that marks a container is not a session, even if the user asks for that number.
        let owner = Some(Owner(i64::MIN));
        assert!(!Filter { owner, ..all() }.matches(&znode("/a", b"", i64::MIN), now));
    }

    #[test]
    fn a_filter_knows_which_parts_it_needs() {
        let names = vec![Glob::new("*").expect("a pattern")];
        assert_eq!(Filter { names, ..Filter::default() }.needs(), Needs::default());
        let types = vec![Type::Sequential];
        assert_eq!(Filter { types, ..Filter::default() }.needs(), Needs::default());
        let filter = Filter { empty: true, acl: Some(String::new()), ..Filter::default() };
        assert_eq!(filter.needs(), Needs { stat: true, data: false, acl: true });
    }

    #[test]
    fn bounds_ages_and_owners_are_parsed() {
        for (text, expected) in [
            ("+1k", Ok(Bound::More(1024))),
            ("-2M", Ok(Bound::Less(2 << 20))),
            ("0", Ok(Bound::Exactly(0))),
            ("+", Err(())),
            ("k", Err(())),
            ("+-1", Err(())),
            ("99999999999999999999", Err(())),
        ] {
            assert_eq!(text.parse::<Bound>().map_err(|_| ()), expected, "{text}");
        }
        for (text, expected) in [
            ("30s", Ok(30_000)),
            ("5m", Ok(300_000)),
            ("30d", Ok(30 * DAY)),
            ("30", Err(())),
            ("d", Err(())),
            ("-1d", Err(())),
            ("1湖", Err(())),
            ("", Err(())),
            ("9999999999999999w", Err(())),
        ] {
            let age = text.parse::<Age>().map(|age| age.milliseconds).map_err(|_| ());
            assert_eq!(age, expected, "{text}");
        }
        assert_eq!("0xffffffffffffffff".parse(), Ok(Owner(-1)));
        assert!("session".parse::<Owner>().is_err());
        assert!("odd".parse::<Type>().is_err());
    }

    #[test]
    fn an_invalid_regex_is_explained() {
        let error = Filter::regex("a(b").expect_err("not closed").to_string();
        assert_eq!(error, "The regular expression is not valid: unclosed group");
    }
}
