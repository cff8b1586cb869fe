//! The effects of a command, as far as concurrently running commands must know.

/// How a command may run concurrently with others of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {
    /// The command sends one read request, when it is first polled. The read may share a request
    /// with those of other commands.
    Reads,
    /// The command sends one write request, when it is first polled.
    Writes,
    /// The command changes the session or the shell, or takes several round trips. Nothing else may
    /// be in flight while it runs.
    Alone,
}

/// What a command changes on the server. The server checks each kind against different state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// It creates a znode: the server checks the parent's ACL and the quotas above it.
    Create,
    /// It deletes a znode: the server checks the parent's ACL.
    Delete,
    /// It writes data: the server checks the znode's own ACL and the quotas above it.
    Data,
    /// It replaces an ACL: the server checks the znode's own ACL.
    Acl,
    /// It changes quotas, which later writes are checked against.
    Quota,
    /// It changes several znodes, or the ensemble.
    Several,
}

/// The effects of a command with its arguments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent of each other")]
pub struct Effects {
    /// It reads znodes.
    pub reads: bool,
    /// It changes znodes.
    pub write: Option<Write>,
    /// It adds an identity to the session.
    pub auth: bool,
    /// It opens or closes the session.
    pub session: bool,
    /// It sets or removes watches.
    pub watches: bool,
    /// It changes the shell: the working path, a setting, the transaction.
    pub shell: bool,
    /// It takes several round trips, or asks the user.
    pub is_long: bool,
    /// It sends one request, which must be in flight alone: the shell may have to ask for the
    /// server's version first.
    pub is_lone: bool,
}

impl Effects {
    /// One read and nothing else.
    pub const READS: Self = Self { reads: true, ..Self::NONE };

    /// No effects on the server.
    pub const NONE: Self = Self {
        reads: false,
        write: None,
        auth: false,
        session: false,
        watches: false,
        shell: false,
        is_long: false,
        is_lone: false,
    };

    /// A change of the shell only.
    pub const SHELL: Self = Self { shell: true, ..Self::NONE };

    /// One write and nothing else.
    pub const fn writes(write: Write) -> Self {
        Self { write: Some(write), ..Self::NONE }
    }

    /// Adds that the command takes several round trips, or asks the user.
    #[must_use]
    pub const fn long(self, is_long: bool) -> Self {
        Self { is_long: self.is_long || is_long, ..self }
    }

    /// Adds that the command's only request must be in flight alone.
    #[must_use]
    pub const fn lone(self, is_lone: bool) -> Self {
        Self { is_lone, ..self }
    }

    /// Adds that the command sets a watch. Such a command runs alone, so that its result is printed
    /// before the first event.
    #[must_use]
    pub const fn watching(self, watches: bool) -> Self {
        Self { watches, ..self }
    }

    /// Returns how the command may run concurrently with others.
    pub const fn concurrency(self) -> Concurrency {
        match self.write {
            _ if self.is_lone || self.is_more() => Concurrency::Alone,
            Some(Write::Several | Write::Quota) => Concurrency::Alone,
            Some(_) => Concurrency::Writes,
            None if self.reads => Concurrency::Reads,
            None => Concurrency::Alone,
        }
    }

    /// Returns whether the known hard limits may change: the command changes quotas, or the
    /// identity that reads them.
    pub const fn may_change_limits(self) -> bool {
        matches!(self.write, Some(Write::Quota)) || self.auth || self.session
    }

    /// Returns whether the command sends exactly one request, so that the session may end right
    /// after it.
    pub const fn is_one_request(self) -> bool {
        let one = Self { is_lone: false, ..self };
        !matches!(one.concurrency(), Concurrency::Alone)
    }

    const fn is_more(self) -> bool {
        self.auth || self.session || self.watches || self.shell || self.is_long
    }

    /// Returns whether the command leaves everything on the server unchanged.
    pub const fn only_reads(self) -> bool {
        self.write.is_none() && !self.auth && !self.session
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_beside_what_follows_from_the_effects() {
        let read = Effects::READS;
        assert_eq!(read.concurrency(), Concurrency::Reads);
        assert_eq!(read.watching(true).concurrency(), Concurrency::Alone);
        assert_eq!(Effects::writes(Write::Data).concurrency(), Concurrency::Writes);
        assert_eq!(Effects::writes(Write::Data).long(true).concurrency(), Concurrency::Alone);
        assert_eq!(Effects::writes(Write::Several).concurrency(), Concurrency::Alone);
        assert_eq!(Effects::NONE.concurrency(), Concurrency::Alone);
        assert!(Effects::writes(Write::Quota).may_change_limits());
        assert!(Effects { session: true, ..Effects::NONE }.may_change_limits());
        assert!(!Effects::writes(Write::Data).may_change_limits());
        assert_eq!(read.lone(true).concurrency(), Concurrency::Alone);
        assert!(read.is_one_request() && read.lone(true).is_one_request());
        assert!(
            !read.long(true).is_one_request() && !read.lone(true).watching(true).is_one_request()
        );
        assert!(!Effects::NONE.is_one_request());
        assert!(read.only_reads() && !Effects::writes(Write::Acl).only_reads());
    }
}
