//! Versions of servers, and the features of each.
//!
//! A server that gets an unsupported request breaks the connection, and everything in flight fails.
//! So we send such a request only to a server that is known to support it.

use std::fmt;

/// A release line, such as 3.8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release(pub u32, pub u32);

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// The product and version that a server reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerVersion {
    /// Apache ZooKeeper.
    Apache(Release),
    /// ClickHouse Keeper, which speaks ZooKeeper's protocol.
    ClickHouseKeeper(Release),
}

/// The status that a server reports in reply to `srvr`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerStatus {
    /// The version, such as `3.8.0`, without the build.
    pub release: Option<String>,
    /// `standalone`, `leader`, `follower` or `observer`.
    pub role: Option<String>,
}

impl ServerStatus {
    /// Parses the reply; missing values become `None`.
    pub fn parse(answer: &str) -> Self {
        let value = |key: &str| {
            let line = answer.lines().find_map(|line| line.split_once(key))?;
            line.0.chars().all(|c| c.is_alphabetic() || c == ' ').then(|| line.1.trim())
        };
        let word = |value: &str| {
            let end = value.find(['-', ',', ' ']).unwrap_or(value.len());
            value[..end].to_owned()
        };
        Self {
            release: value("ersion: ").map(word).filter(|word| !word.is_empty()),
            role: value("Mode: ").map(word).filter(|word| !word.is_empty()),
        }
    }
}

/// A feature that was added after ZooKeeper 3.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// `create -c`.
    Containers,
    /// `create -t`.
    Ttl,
    /// `/zookeeper/config`.
    Config,
    /// `reconfig`.
    Reconfig,
    /// `removewatches`.
    RemoveWatches,
    /// `addWatch`, and persistent watches.
    AddWatch,
    /// Many reads in one request.
    MultiRead,
    /// `getEphemerals`.
    GetEphemerals,
    /// `getAllChildrenNumber`.
    CountDescendants,
    /// `whoami`.
    WhoAmI,
    /// `watch -R`.
    WatchRecursive,
}

impl Feature {
    /// Returns the name for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Containers => "containers",
            Self::Ttl => "TTL znodes",
            Self::Config => "config",
            Self::Reconfig => "reconfig",
            Self::RemoveWatches => "removewatches",
            Self::AddWatch => "addWatch",
            Self::MultiRead => "multiRead",
            Self::GetEphemerals => "getEphemerals",
            Self::CountDescendants => "getAllChildrenNumber",
            Self::WhoAmI => "whoami",
            Self::WatchRecursive => "watch -R",
        }
    }

    /// Returns the first release of Apache ZooKeeper with this feature.
    pub fn since(self) -> Release {
        match self {
            Self::Containers | Self::Ttl | Self::Config | Self::Reconfig | Self::RemoveWatches => {
                Release(3, 5)
            }
            Self::AddWatch
            | Self::MultiRead
            | Self::GetEphemerals
            | Self::CountDescendants
            | Self::WatchRecursive => Release(3, 6),
            Self::WhoAmI => Release(3, 7),
        }
    }

    /// Returns the first release of ClickHouse Keeper with this feature, or `None` if it has none.
    fn since_in_clickhouse_keeper(self) -> Option<Release> {
        match self {
            Self::MultiRead => Some(Release(22, 11)),
            Self::Config | Self::Reconfig => Some(Release(23, 7)),
            _ => None,
        }
    }
}

impl ServerVersion {
    /// Parses the reply to `srvr`, which starts with the product and its version.
    pub fn parse(answer: &str) -> Option<Self> {
        let version = |prefix| {
            let version = answer.lines().find_map(|line| line.strip_prefix(prefix))?;
            let mut numbers = version.split(['.', '-', ',']);
            let mut number = || numbers.next()?.parse().ok();
            Some(Release(number()?, number()?))
        };
        version("Zookeeper version: ")
            .map(Self::Apache)
            .or_else(|| version("ClickHouse Keeper version: v").map(Self::ClickHouseKeeper))
    }

    /// Returns whether the server supports a feature.
    pub fn has(self, feature: Feature) -> bool {
        match self {
            Self::Apache(release) => release >= feature.since(),
            Self::ClickHouseKeeper(release) => {
                feature.since_in_clickhouse_keeper().is_some_and(|since| release >= since)
            }
        }
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Apache(release) => release.fmt(f),
            Self::ClickHouseKeeper(release) => write!(f, "ClickHouse Keeper {release}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_names_the_release() {
        let answer = "Zookeeper version: 3.4.14-4c25d480e66aadd371de8bd2fd8da255ac140bcf, built on \
                      03/06/2019 16:18 GMT\nLatency min/avg/max: 0/0/0\n";
        assert_eq!(ServerVersion::parse(answer), Some(ServerVersion::Apache(Release(3, 4))));
        assert!(Release(3, 10) > Release(3, 9));
        let keeper =
            "ClickHouse Keeper version: v24.3.2.23-lts-8b7d910960cc2c6a0db07991fe2576a67fe98146\n";
        assert_eq!(
            ServerVersion::parse(keeper),
            Some(ServerVersion::ClickHouseKeeper(Release(24, 3)))
        );
        let refusal = "srvr is not executed because it is not in the whitelist.";
        assert_eq!(ServerVersion::parse(refusal), None);
    }

    #[test]
    fn a_server_has_what_its_release_brought() {
        let apache = |minor| ServerVersion::Apache(Release(3, minor));
        assert!(!apache(5).has(Feature::MultiRead) && apache(6).has(Feature::MultiRead));
        assert!(apache(9).has(Feature::WhoAmI) && !apache(6).has(Feature::WhoAmI));
        let keeper = ServerVersion::ClickHouseKeeper(Release(24, 3));
        assert!(keeper.has(Feature::MultiRead) && keeper.has(Feature::Reconfig));
        for lacking in [Feature::Containers, Feature::Ttl, Feature::AddWatch, Feature::WhoAmI] {
            assert!(!keeper.has(lacking), "{}", lacking.name());
        }
        assert!(!ServerVersion::ClickHouseKeeper(Release(22, 8)).has(Feature::MultiRead));
    }

    #[test]
    fn a_server_says_its_release_and_its_role() {
        let apache = "Zookeeper version: 3.8.0-5a02a05eddb59aee6ac762f7ea82e92a68eb9c0f, built on \
                      2022-02-25 08:49 UTC\nLatency min/avg/max: 0/0.0/0\nMode: follower\n";
        let status = ServerStatus::parse(apache);
        assert_eq!(status.release.as_deref(), Some("3.8.0"));
        assert_eq!(status.role.as_deref(), Some("follower"));
        let keeper = "ClickHouse Keeper version: v23.8.1-abc\nMode: leader\n";
        let status = ServerStatus::parse(keeper);
        assert_eq!(status.release.as_deref(), Some("v23.8.1"));
        assert_eq!(
            ServerStatus::parse("This ZooKeeper instance is not currently serving requests"),
            ServerStatus::default()
        );
    }
}
