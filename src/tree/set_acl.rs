//! Sets one ACL on a whole subtree.

use std::fmt::Write as _;

use futures_util::stream::{FuturesOrdered, StreamExt};

use super::in_flight::InFlight;
use super::walk::{Walk, WalkOrder};
use crate::error::{Code, Error, Kind, Result};
use crate::session::Session;
use crate::zk::{Acl, Stat, ZnodePath};

/// The maximum number of failures that are listed. Further ones are only counted.
const MAX_FAILURES: usize = 1000;

/// Replaces the ACLs of `top` and everything below it, parents first. Calls `progress` with the
/// number replaced so far. It continues after a failure; the error lists them all.
pub async fn set_acl(
    session: &Session,
    top: &ZnodePath,
    acl: &Acl,
    version: Option<i32>,
    mut progress: impl FnMut(u64),
) -> Result<u64> {
    let mut tally = Tally::default();
    let mut in_flight = FuturesOrdered::new();
    let mut limit = InFlight::new(session);
    let mut walk = Walk::new(session, top, WalkOrder::Depth, false).skipping_unlisted();
    let walked = loop {
        let path = match walk.next().await {
            Ok(Some(path)) => path,
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        };
        limit.record_sent(1);
        in_flight.push_back(async move { session.set_acl(&path, acl, version).await });
        while !limit.has_room(1)
            && let Some(result) = in_flight.next().await
        {
            limit.record_answered();
            tally.note(result)?;
            progress(tally.done);
        }
    };
    while let Some(result) = in_flight.next().await {
        tally.note(result)?;
        progress(tally.done);
    }
    walked?;
    tally.unlisted = walk.unlisted_count;
    tally.failures.extend(walk.take_unlisted());
    tally.failures.truncate(MAX_FAILURES);
    tally.result()
}

/// The results of the requests.
#[derive(Default)]
struct Tally {
    done: u64,
    failed: u64,
    /// The number of znodes whose children may not be listed.
    unlisted: u64,
    failures: Vec<Error>,
}

impl Tally {
    /// Counts a result. Returns an error that would affect all further requests too.
    fn note(&mut self, result: Result<Stat>) -> Result<()> {
        match result {
            Ok(_) => self.done += 1,
            Err(error) if error.code_of() == Some(Code::NoNode) => {
                // The znode was deleted after the walk found it.
            }
            Err(error) if error.kind() == Kind::Refused => {
                self.failed += 1;
                if self.failures.len() < MAX_FAILURES {
                    self.failures.push(error);
                }
            }
            Err(error) => {
                let done = format!("{} znodes have the new ACL", self.done);
                return Err(error.with_detail(done));
            }
        }
        Ok(())
    }

    fn result(self) -> Result<u64> {
        let Self { done, failed, unlisted, failures } = self;
        if failed == 0 && unlisted == 0 {
            return Ok(done);
        }
        let mut message = format!("{failed} of {} znodes keep their old ACL", done + failed);
        if unlisted > 0 {
            // Writing to memory cannot fail.
            let _ = write!(
                message,
                ", and so do the children of {unlisted} that could not be listed: {done} have the new one"
            );
        }
        Err(Error::new(Kind::Refused, message).with_causes(failures))
    }
}
