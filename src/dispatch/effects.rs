//! What a command does, as far as other commands running at the same time must know.

/// How a command may run beside others of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {
    /// It begins one request when it is first polled, which changes nothing and may leave with those
    /// of others.
    Reads,
    /// It sends one request when it is first polled, which changes a znode.
    Writes,
    /// It changes the session or the shell, or takes more than one round trip: nothing else is in
    /// flight while it runs.
    Alone,
}

/// What a command changes on the server. A server checks each kind against other state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// It creates a znode: the parent's ACL is checked, and quotas above it.
    Create,
    /// It deletes a znode: the parent's ACL is checked.
    Delete,
    /// It writes data: the znode's own ACL is checked, and quotas above it.
    Data,
    /// It replaces an ACL: the znode's own one is checked.
    Acl,
    /// It changes quotas, against which later writes are checked.
    Quota,
    /// It changes several znodes, or the ensemble.
    Several,
}

/// What a command does, by its arguments.
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
    /// It leaves or removes watches.
    pub watches: bool,
    /// It changes the shell: the working path, a setting, the transaction.
    pub shell: bool,
    /// It takes more than one round trip, or asks the user.
    pub is_long: bool,
    /// It sends one request, and nothing else is in flight meanwhile: what the server runs may have to
    /// be asked before.
    pub is_lone: bool,
}

impl Effects {
    /// Nothing but one read.
    pub const READS: Self = Self { reads: true, ..Self::NONE };

    /// Nothing that the server knows of.
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

    /// It changes something in the shell only.
    pub const SHELL: Self = Self { shell: true, ..Self::NONE };

    /// Nothing but one write.
    pub const fn writes(write: Write) -> Self {
        Self { write: Some(write), ..Self::NONE }
    }

    /// Adds that it takes several round trips, or asks the user.
    #[must_use]
    pub const fn long(self, is_long: bool) -> Self {
        Self { is_long, ..self }
    }

    /// Adds that its one request is in flight alone.
    #[must_use]
    pub const fn lone(self, is_lone: bool) -> Self {
        Self { is_lone, ..self }
    }

    /// Adds that it leaves a watch. Such a command runs alone, so that no event stands before the
    /// result that it follows.
    #[must_use]
    pub const fn watching(self, watches: bool) -> Self {
        Self { watches, ..self }
    }

    /// Returns how the command may run beside others.
    pub const fn concurrency(self) -> Concurrency {
        match self.write {
            _ if self.is_lone || self.is_more() => Concurrency::Alone,
            Some(Write::Several | Write::Quota) => Concurrency::Alone,
            Some(_) => Concurrency::Writes,
            None if self.reads => Concurrency::Reads,
            None => Concurrency::Alone,
        }
    }

    /// Returns whether the hard limits that are known may be other ones after it: it changes quotas, or who
    /// sees which.
    pub const fn may_change_limits(self) -> bool {
        matches!(self.write, Some(Write::Quota)) || self.auth || self.session
    }

    /// Returns whether the command sends one request and no more: the session can end right behind it.
    pub const fn is_one_request(self) -> bool {
        let one = Self { is_lone: false, ..self };
        !matches!(one.concurrency(), Concurrency::Alone)
    }

    const fn is_more(self) -> bool {
        self.auth || self.session || self.watches || self.shell || self.is_long
    }

    /// Returns whether the command leaves everything on the server as it is.
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
