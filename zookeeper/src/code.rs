//! The error codes of ZooKeeper.

use std::fmt;

/// An error code that a server sends (`KeeperException.Code`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// 0: no error. In a failed transaction: the operations before the one that failed.
    Ok,
    /// -1
    SystemError,
    /// -2; in a failed transaction: the operations after the one that failed.
    RuntimeInconsistency,
    /// -3
    DataInconsistency,
    /// -4
    ConnectionLoss,
    /// -5: the server cannot read the request.
    MarshallingError,
    /// -6: the server does not know the operation.
    Unimplemented,
    /// -7
    OperationTimeout,
    /// -8
    BadArguments,
    /// -12
    UnknownSession,
    /// -13: no quorum of the new configuration is up.
    NewConfigNoQuorum,
    /// -14
    ReconfigInProgress,
    /// -100
    ApiError,
    /// -101: the znode does not exist.
    NoNode,
    /// -102: the ACL does not permit it.
    NoAuth,
    /// -103: the version is not the znode's.
    BadVersion,
    /// -108
    NoChildrenForEphemerals,
    /// -110: the znode exists.
    NodeExists,
    /// -111: the znode has children.
    NotEmpty,
    /// -112
    SessionExpired,
    /// -113
    InvalidCallback,
    /// -114
    InvalidAcl,
    /// -115: the server does not accept the credentials.
    AuthFailed,
    /// -118: another server has the session now.
    SessionMoved,
    /// -119: the server is read-only.
    NotReadOnly,
    /// -120
    EphemeralOnLocalSession,
    /// -121
    NoWatcher,
    /// -122
    RequestTimeout,
    /// -123
    ReconfigDisabled,
    /// -124: the server requires SASL authentication.
    SessionClosedRequireSaslAuth,
    /// -125
    QuotaExceeded,
    /// -127: the server is overloaded.
    Throttled,
    /// A number that no release up to 3.9 defines.
    Unknown(i32),
}

const CODES: &[(i32, Code, &str)] = &[
    (0, Code::Ok, "Ok"),
    (-1, Code::SystemError, "SystemError"),
    (-2, Code::RuntimeInconsistency, "RuntimeInconsistency"),
    (-3, Code::DataInconsistency, "DataInconsistency"),
    (-4, Code::ConnectionLoss, "ConnectionLoss"),
    (-5, Code::MarshallingError, "MarshallingError"),
    (-6, Code::Unimplemented, "Unimplemented"),
    (-7, Code::OperationTimeout, "OperationTimeout"),
    (-8, Code::BadArguments, "BadArguments"),
    (-12, Code::UnknownSession, "UnknownSession"),
    (-13, Code::NewConfigNoQuorum, "NewConfigNoQuorum"),
    (-14, Code::ReconfigInProgress, "ReconfigInProgress"),
    (-100, Code::ApiError, "APIError"),
    (-101, Code::NoNode, "NoNode"),
    (-102, Code::NoAuth, "NoAuth"),
    (-103, Code::BadVersion, "BadVersion"),
    (-108, Code::NoChildrenForEphemerals, "NoChildrenForEphemerals"),
    (-110, Code::NodeExists, "NodeExists"),
    (-111, Code::NotEmpty, "NotEmpty"),
    (-112, Code::SessionExpired, "SessionExpired"),
    (-113, Code::InvalidCallback, "InvalidCallback"),
    (-114, Code::InvalidAcl, "InvalidACL"),
    (-115, Code::AuthFailed, "AuthFailed"),
    (-118, Code::SessionMoved, "SessionMoved"),
    (-119, Code::NotReadOnly, "NotReadOnly"),
    (-120, Code::EphemeralOnLocalSession, "EphemeralOnLocalSession"),
    (-121, Code::NoWatcher, "NoWatcher"),
    (-122, Code::RequestTimeout, "RequestTimeout"),
    (-123, Code::ReconfigDisabled, "ReconfigDisabled"),
    (-124, Code::SessionClosedRequireSaslAuth, "SessionClosedRequireSaslAuth"),
    (-125, Code::QuotaExceeded, "QuotaExceeded"),
    (-127, Code::Throttled, "Throttled"),
];

impl Code {
    /// Returns the code for a number on the wire.
    pub fn from_number(number: i32) -> Self {
        let known = CODES.iter().find(|(of, ..)| *of == number);
        known.map_or(Self::Unknown(number), |(_, code, _)| *code)
    }

    /// Returns the number on the wire.
    pub fn number(self) -> i32 {
        match self {
            Self::Unknown(number) => number,
            known => CODES.iter().find(|(_, code, _)| *code == known).map_or(0, |(of, ..)| *of),
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match CODES.iter().find(|(_, code, _)| code == self) {
            Some((.., name)) => f.write_str(name),
            None => write!(f, "code {}", self.number()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_back() {
        for number in -200..=200 {
            assert_eq!(Code::from_number(number).number(), number);
        }
        assert_eq!(Code::from_number(-101), Code::NoNode);
        assert_eq!(Code::NoNode.to_string(), "NoNode");
        assert_eq!(Code::from_number(7).to_string(), "code 7");
    }
}
