//! The operations of the protocol and their numbers.

use std::fmt;

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal;)*) => {
        /// An operation of the protocol (`ZooDefs.OpCode`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Op { $($(#[$doc])* $name,)* }

        impl Op {
            /// Returns the number on the wire.
            pub fn number(self) -> i32 {
                match self { $(Self::$name => $number,)* }
            }

            /// Returns the name in `ZooDefs.OpCode`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Returns the operation for a number on the wire.
            pub fn from_number(number: i32) -> Option<Self> {
                match number { $($number => Some(Self::$name),)* _ => None }
            }
        }
    };
}

operations! {
    /// Creates a znode; the reply has its path.
    Create = 1, "create";
    /// Deletes a znode.
    Delete = 2, "delete";
    /// Reads a stat.
    Exists = 3, "exists";
    /// Reads data and stat.
    GetData = 4, "getData";
    /// Writes data.
    SetData = 5, "setData";
    /// Reads an ACL.
    GetAcl = 6, "getACL";
    /// Writes an ACL.
    SetAcl = 7, "setACL";
    /// Reads the names of children.
    GetChildren = 8, "getChildren";
    /// Waits until the server has caught up.
    Sync = 9, "sync";
    /// Keeps the session alive.
    Ping = 11, "ping";
    /// Reads the names of children and the stat.
    GetChildren2 = 12, "getChildren2";
    /// Checks a version, within a transaction.
    Check = 13, "check";
    /// A transaction.
    Multi = 14, "multi";
    /// Creates a znode; the reply has path and stat (since 3.5).
    Create2 = 15, "create2";
    /// Changes the members of the ensemble (since 3.5).
    Reconfig = 16, "reconfig";
    /// Asks whether the session has a watch (since 3.5).
    CheckWatches = 17, "checkWatches";
    /// Removes watches (since 3.5).
    RemoveWatches = 18, "removeWatches";
    /// Creates a container (since 3.5).
    CreateContainer = 19, "createContainer";
    /// Creates a znode with a TTL (since 3.5).
    CreateTtl = 21, "createTTL";
    /// Reads of several znodes in one request (since 3.6).
    MultiRead = 22, "multiRead";
    /// Adds credentials.
    Auth = 100, "auth";
    /// Sets watches again after a reconnect.
    SetWatches = 101, "setWatches";
    /// Sends a SASL token.
    Sasl = 102, "sasl";
    /// Lists the session's ephemerals (since 3.6).
    GetEphemerals = 103, "getEphemerals";
    /// Counts all descendants (since 3.6).
    GetAllChildrenNumber = 104, "getAllChildrenNumber";
    /// Sets watches again, persistent ones too (since 3.6).
    SetWatches2 = 105, "setWatches2";
    /// Sets a persistent watch (since 3.6).
    AddWatch = 106, "addWatch";
    /// Lists the identities of the session (since 3.7).
    WhoAmI = 107, "whoAmI";
    /// Opens a session.
    CreateSession = -10, "createSession";
    /// Closes the session.
    CloseSession = -11, "closeSession";
    /// Marks a failed operation in the results of a transaction.
    Error = -1, "error";
}

impl Op {
    /// Returns whether the operation makes a change that outlives the connection, so that without a
    /// reply it is unknown whether the change was made.
    pub fn is_write(self) -> bool {
        matches!(
            self,
            Self::Create
                | Self::Create2
                | Self::CreateContainer
                | Self::CreateTtl
                | Self::Delete
                | Self::SetData
                | Self::SetAcl
                | Self::Multi
                | Self::Reconfig
                | Self::CloseSession
        )
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
