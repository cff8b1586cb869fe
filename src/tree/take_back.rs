//! Undoes changes: reads the znodes, compares them with the states that the changes have left, and
//! restores the earlier states.

use futures_util::future::join;
use futures_util::stream::{self, StreamExt};

use super::apply::{Applier, Counts};
use super::step::Step;
use super::undo::{Change, Irreversible, Marks, Moved, Renamed, Verified, merge, steps, verify};
use super::{Acl, AclEntry, Data, Record, is_gone};
use crate::error::{Error, Kind, Result};
use crate::session::Session;
use crate::zk::ZnodePath;

/// The maximum number of znodes that are read at the same time.
const READS_AT_ONCE: usize = 64;

/// The maximum number of changed znodes that an error names. Further ones are only counted.
const MAX_NAMED: usize = 1000;

/// Changes that can be undone now.
pub struct TakeBack {
    /// The steps to apply, in order.
    pub steps: Vec<Step>,
    /// The old and the new marks of each znode that exists after the undo.
    restored: Vec<Renamed>,
}

impl TakeBack {
    /// Reads all znodes of the changes and compares them.
    ///
    /// # Errors
    /// If the state of a znode is not the one that the changes have left. The causes name all such
    /// znodes. Nothing was written.
    pub async fn prepare(
        session: &Session,
        changes: impl IntoIterator<Item = Change>,
        interim: AclEntry,
    ) -> Result<Self> {
        let changes = merge(changes).map_err(|why| impossible(&why))?;
        let own = session.id().unwrap_or_default();
        for change in &changes {
            change.check(own).map_err(|why| impossible(&why))?;
        }
        let mut reads = stream::iter(changes)
            .map(|change| async move {
                let live = live(session, &change).await;
                (change, live)
            })
            .buffered(READS_AT_ONCE);
        let (mut pairs, mut restored) = (Vec::new(), Vec::new());
        let (mut moved, mut count): (Vec<Moved>, usize) = (Vec::new(), 0);
        while let Some((change, live)) = reads.next().await {
            let live = live?;
            match verify(&change, live.as_ref()) {
                Ok(Verified::Applied) => {}
                Ok(Verified::NotApplied) => continue,
                Err(other) => {
                    count += 1;
                    if moved.len() < MAX_NAMED {
                        moved.push(other);
                    }
                    continue;
                }
            }
            if let Some(before) = &change.before {
                let stat = live.as_ref().and_then(|live| live.stat).unwrap_or_default();
                let (path, old) = (change.path.clone(), before.marks);
                restored.push(Renamed { path, old, new: Marks::of(&stat, old) });
            }
            pairs.push((change, live));
        }
        if count > 0 {
            return Err(refused(&moved, count));
        }
        let steps = steps(pairs, interim).map_err(|why| impossible(&why))?;
        Ok(Self { steps, restored })
    }

    /// Restores the earlier states. Steps that fit into one transaction are applied completely or
    /// not at all.
    ///
    /// # Errors
    /// If a step is refused. The detail tells which steps were applied before it.
    pub async fn apply(self, session: &Session) -> Result<(Counts, Vec<Renamed>)> {
        let mut applier = Applier::new(session).strict();
        for step in self.steps {
            applier.apply(step).await?;
        }
        let (failed, mut failures) = applier.finish().await?;
        let done = applier.applied;
        if failed == 0 {
            return Ok((done, self.restored));
        }
        let detail = match done.total() {
            0 => "nothing was taken back".to_owned(),
            _ => format!("taken back only in part: {}", done.words()),
        };
        let unnamed = || Error::new(Kind::Refused, format!("{failed} steps failed"));
        let error = if failures.is_empty() { unnamed() } else { failures.swap_remove(0) };
        Err(error.with_detail(detail))
    }
}

/// Reads those parts of a znode that a change concerns. Returns none if it does not exist.
async fn live(session: &Session, change: &Change) -> Result<Option<Record>> {
    let path = ZnodePath::new(change.path.clone())?;
    let before = change.before.as_ref().filter(|_| change.after.is_some());
    let wants_data = before.is_some_and(|before| before.data.is_some());
    let wants_acl = before.is_some_and(|before| before.acl.is_some());
    let data = async {
        if wants_data { session.get_data(&path, false).await.map(Some) } else { Ok(None) }
    };
    let acl = async { if wants_acl { session.get_acl(&path).await.map(Some) } else { Ok(None) } };
    let (stat, (data, acl)) = join(session.exists(&path, false), join(data, acl)).await;
    let Some(mut stat) = stat? else { return Ok(None) };
    let (data, acl) = match (data, acl) {
        (Err(error), _) | (_, Err(error)) if is_gone(&error) => return Ok(None),
        (data, acl) => (data?, acl?),
    };
    // The version must belong to the same state as the part that was read.
    if let Some((_, of)) = &data {
        stat.version = of.version;
    }
    if let Some((_, of)) = &acl {
        stat.aversion = of.aversion;
    }
    Ok(Some(Record {
        data: data.map(|(data, _)| Data::from(data)),
        acl: acl.map(|(acl, _)| Acl::from(&acl)),
        kind: Some(super::Kind::of_owner(stat.ephemeral_owner)),
        stat: Some(stat),
        ..Record::bare(path)
    }))
}

fn impossible(why: &Irreversible) -> Error {
    Error::new(Kind::Refused, format!("It cannot be taken back: {why}"))
}

fn refused(moved: &[Moved], count: usize) -> Error {
    let mut told: Vec<Error> =
        moved.iter().map(|moved| Error::new(Kind::Refused, moved.to_string())).collect();
    if let [_] = told[..]
        && let Some(error) = told.pop()
    {
        return error.with_detail("nothing was taken back");
    }
    let message = format!("{count} znodes have changed since; nothing was taken back");
    Error::new(Kind::Refused, message).with_causes(told)
}
