//! The requirements of a lesson on the servers, and whether they are met.

use std::fmt;

/// The requirements of a lesson on the servers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs {
    /// The oldest release, as numbers. Any release if empty.
    pub release: Vec<u32>,
    /// The number of servers that the learner can stop and start, which means a sandbox with that
    /// many. Zero if any server will do.
    pub servers: u32,
}

/// The available servers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Available {
    /// The release of the server, if known.
    pub release: Option<Vec<u32>>,
    /// The number of servers that the learner can stop and start. Zero on a real ensemble.
    pub servers: u32,
}

impl Needs {
    /// Parses the words after `needs:`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut needs = Self::default();
        for word in text.split_whitespace() {
            let (what, value) = word.split_once('=').unwrap_or((word, ""));
            match what {
                "server" if value.is_empty() => {}
                "servers" => match value.parse() {
                    Ok(servers @ 1..=9) => needs.servers = servers,
                    _ => return Err("servers= takes a number from 1 to 9".to_owned()),
                },
                "release" => {
                    let numbers = value.split('.').map(str::parse::<u32>);
                    match numbers.collect::<Result<Vec<_>, _>>() {
                        Ok(release) => needs.release = release,
                        Err(_) => return Err("release= takes numbers, as in 3.6".to_owned()),
                    }
                }
                _ => return Err(format!("Unknown need: {word}; server, servers=N, release=N.N")),
            }
        }
        Ok(needs)
    }

    /// Returns the requirements that are not met, if any. An unknown release is accepted.
    pub fn missing(&self, available: &Available) -> Option<Self> {
        let old = available.release.as_ref().is_some_and(|release| *release < self.release);
        let few = available.servers < self.servers;
        let release = if old { self.release.clone() } else { Vec::new() };
        let servers = if few { self.servers } else { 0 };
        (old || few).then_some(Self { release, servers })
    }
}

impl fmt::Display for Needs {
    /// Writes the words in the form of `needs:`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        if self.servers > 0 {
            words.push(format!("servers={}", self.servers));
        }
        if !self.release.is_empty() {
            let numbers: Vec<String> = self.release.iter().map(u32::to_string).collect();
            words.push(format!("release={}", numbers.join(".")));
        }
        f.write_str(if words.is_empty() { "server" } else { "" })?;
        f.write_str(&words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn missing_requirements_are_reported() {
        let needs = Needs::parse("servers=3 release=3.6").unwrap();
        let three = Available { release: Some(vec![3, 9, 2]), servers: 3 };
        assert_eq!(needs.missing(&three), None);
        let one = Available { servers: 0, ..three.clone() };
        assert_eq!(needs.missing(&one).unwrap().to_string(), "servers=3");
        let old = Available { release: Some(vec![3, 5, 10]), servers: 3 };
        assert_eq!(needs.missing(&old).unwrap().to_string(), "release=3.6");
        let unknown = Available { release: None, servers: 5 };
        assert_eq!(needs.missing(&unknown), None);
        assert_eq!(Needs::parse("server").unwrap(), Needs::default());
        for wrong in ["servers=0", "servers=x", "release=", "java"] {
            assert!(Needs::parse(wrong).is_err(), "{wrong}");
        }
    }
}
