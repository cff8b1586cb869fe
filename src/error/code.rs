//! ZooKeeper's error codes: number, name, meaning and message, in one table.

use super::Kind;
use crate::dialect::Dialect;

/// An error code of ZooKeeper (`KeeperException.Code`).
#[expect(missing_docs, reason = "the table below says what each means")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    SystemError,
    RuntimeInconsistency,
    DataInconsistency,
    ConnectionLoss,
    MarshallingError,
    Unimplemented,
    OperationTimeout,
    BadArguments,
    NewConfigNoQuorum,
    ReconfigInProgress,
    UnknownSession,
    ApiError,
    NoNode,
    NoAuth,
    BadVersion,
    NoChildrenForEphemerals,
    NodeExists,
    NotEmpty,
    SessionExpired,
    InvalidCallback,
    InvalidAcl,
    AuthFailed,
    SessionMoved,
    NotReadOnly,
    EphemeralOnLocalSession,
    NoWatcher,
    RequestTimeout,
    ReconfigDisabled,
    SessionClosedRequireSaslAuth,
    QuotaExceeded,
    Throttled,
    /// A number that no release of ZooKeeper up to 3.9 defines.
    Unknown(i32),
}

/// The number on the wire, the name as `KeeperErrorCode = NAME` prints it, and the meaning in plain
/// words. Source: `KeeperException.Code` and `KeeperException.getCodeMessage`, release 3.9.
const CODES: &[(i32, Code, &str, &str)] = {
    use Code as C;
    &[
        (-1, C::SystemError, "SystemError", "the server had an internal error"),
        (
            -2,
            C::RuntimeInconsistency,
            "RuntimeInconsistency",
            "another operation of the transaction failed, or the server found an inconsistency",
        ),
        (-3, C::DataInconsistency, "DataInconsistency", "the server found its data inconsistent"),
        (
            -4,
            C::ConnectionLoss,
            "ConnectionLoss",
            "the connection to the server broke before the reply arrived",
        ),
        (-5, C::MarshallingError, "MarshallingError", "the server could not read the request"),
        (-6, C::Unimplemented, "Unimplemented", "the server does not know this operation"),
        (-7, C::OperationTimeout, "OperationTimeout", "no reply arrived in time"),
        (-8, C::BadArguments, "BadArguments", "the server does not accept the arguments"),
        (
            -13,
            C::NewConfigNoQuorum,
            "NewConfigNoQuorum",
            "no quorum of the new configuration is up",
        ),
        (-14, C::ReconfigInProgress, "ReconfigInProgress", "another reconfiguration is under way"),
        (-12, C::UnknownSession, "Unknown session", "the server does not know the session"),
        (-100, C::ApiError, "APIError", "the server refuses the request and gives no reason"),
        (-101, C::NoNode, "NoNode", "the znode does not exist"),
        (-102, C::NoAuth, "NoAuth", "the ACL does not permit it"),
        (-103, C::BadVersion, "BadVersion", "the version is not the znode's version"),
        (
            -108,
            C::NoChildrenForEphemerals,
            "NoChildrenForEphemerals",
            "an ephemeral znode cannot have children",
        ),
        (-110, C::NodeExists, "NodeExists", "the znode exists"),
        (-111, C::NotEmpty, "Directory not empty", "the znode has children"),
        (
            -112,
            C::SessionExpired,
            "Session expired",
            "the server has ended the session; its ephemerals and watches are gone",
        ),
        (-113, C::InvalidCallback, "Invalid callback", "the callback is not valid"),
        (-114, C::InvalidAcl, "InvalidACL", "the server does not accept the ACL"),
        (
            -115,
            C::AuthFailed,
            "AuthFailed",
            "the server does not accept the credentials and has ended the session",
        ),
        (-118, C::SessionMoved, "Session moved", "the session has moved to another server"),
        (-119, C::NotReadOnly, "Not a read-only call", "the server is read-only now"),
        (
            -120,
            C::EphemeralOnLocalSession,
            "Ephemeral node on local session",
            "a local session cannot create ephemerals",
        ),
        (-121, C::NoWatcher, "No such watcher", "there is no such watch"),
        (-122, C::RequestTimeout, "Request timeout", "no reply arrived in time"),
        (
            -123,
            C::ReconfigDisabled,
            "Reconfig is disabled",
            "the server's configuration has reconfigEnabled=false",
        ),
        (
            -124,
            C::SessionClosedRequireSaslAuth,
            "Session closed because client failed to authenticate",
            "the server requires SASL authentication",
        ),
        (
            -125,
            C::QuotaExceeded,
            "Quota has exceeded",
            "a hard quota of the znode or of one above it is used up",
        ),
        (
            -127,
            C::Throttled,
            "Op throttled due to high load",
            "the server is overloaded; try again later",
        ),
    ]
};

impl Code {
    /// Returns the code for a number on the wire.
    pub fn from_number(number: i32) -> Self {
        CODES.iter().find(|row| row.0 == number).map_or(Self::Unknown(number), |row| row.1)
    }

    /// Returns every code that ZooKeeper defines.
    pub fn all() -> impl Iterator<Item = Self> {
        CODES.iter().map(|row| row.1)
    }

    /// Returns the number on the wire.
    pub fn number(self) -> i32 {
        match self {
            Self::Unknown(number) => number,
            code => CODES.iter().find(|row| row.1 == code).map_or(0, |row| row.0),
        }
    }

    /// Returns the name that follows `KeeperErrorCode = `.
    pub fn name(self) -> String {
        match CODES.iter().find(|row| row.1 == self) {
            Some(row) => row.2.to_owned(),
            None => format!("Unknown error {}", self.number()),
        }
    }

    /// Returns the name of the exception in Apache's client, without `Exception`: a single word
    /// even if [`Code::name`] is a phrase.
    pub fn identifier(self) -> String {
        let name = self.name();
        match self {
            Self::Throttled => "ThrottledOp".to_owned(),
            Self::Unknown(_) => name,
            _ if name.contains(' ') => format!("{self:?}"),
            _ => name,
        }
    }

    /// Returns what the code means, in plain words.
    pub fn meaning(self) -> &'static str {
        CODES
            .iter()
            .find(|row| row.1 == self)
            .map_or("the server gave a code that zksh does not know", |row| row.3)
    }

    /// Returns the message for the znode `path`: zkCli's own if it has one, else the name and the
    /// meaning of the code.
    pub(super) fn sentence(self, path: &str, dialect: Dialect) -> String {
        match self {
            Self::NoNode => format!("Node does not exist: {path}"),
            Self::NodeExists => format!("Node already exists: {path}"),
            Self::NotEmpty => format!("Node not empty: {path}"),
            Self::NoChildrenForEphemerals => format!("Ephemerals cannot have children: {path}"),
            Self::NotReadOnly => format!("Not a read-only call: {path}"),
            Self::InvalidAcl => format!("Acl is not valid : {path}"),
            Self::NoAuth => format!("{} : {path}", dialect.no_auth()),
            Self::BadArguments => format!("Arguments are not valid : {path}"),
            Self::BadVersion => format!("version No is not valid : {path}"),
            Self::QuotaExceeded => format!("Quota has exceeded : {path}"),
            Self::ReconfigInProgress => "Another reconfiguration is in progress -- concurrent \
                                         reconfigs not supported (yet)"
                .to_owned(),
            Self::NewConfigNoQuorum => "No quorum of new config is connected and up-to-date with \
                                        the leader of last commmitted config - try invoking \
                                        reconfiguration after new servers are connected and synced"
                .to_owned(),
            _ => {
                let on = if path.is_empty() { String::new() } else { format!(" for {path}") };
                format!("KeeperErrorCode = {}{on}: {}", self.name(), self.meaning())
            }
        }
    }

    pub(super) fn kind(self) -> Kind {
        match self {
            Self::ConnectionLoss
            | Self::SessionExpired
            | Self::SessionMoved
            | Self::AuthFailed
            | Self::OperationTimeout
            | Self::RequestTimeout
            | Self::SessionClosedRequireSaslAuth => Kind::Lost,
            _ => Kind::Refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_one_word_of_its_own() {
        let mut seen: Vec<String> = CODES.iter().map(|row| row.1.identifier()).collect();
        assert!(seen.iter().all(|name| name.chars().all(char::is_alphanumeric)), "{seen:?}");
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), CODES.len());
        assert_eq!(Code::NotEmpty.identifier(), "NotEmpty");
        assert_eq!(Code::NotEmpty.name(), "Directory not empty");
    }
}
