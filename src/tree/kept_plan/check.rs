//! Checks whether the tree has changed since the plan was made, and how much of the plan is applied
//! already.

use std::collections::HashMap;

use futures_util::future::join;
use futures_util::stream::{self, StreamExt};

use super::Identity;
use super::brief::{Brief, acl_hash, data_hash};
use super::read::KeptPlan;
use crate::error::{Error, Kind, Result};
use crate::session::Session;
use crate::tree::step::Step;
use crate::tree::{Acl, Data, is_gone};
use crate::zk::{Stat, ZnodePath};

/// The maximum number of znodes that are read at the same time.
const READS_AT_ONCE: usize = 64;

/// The maximum number of changed znodes that the error names. Further ones are only counted.
const MAX_NAMED: usize = 1000;

/// The current state of a znode.
#[derive(Debug, Clone, Copy)]
struct Live {
    stat: Stat,
    /// The hash of its data, if the data was read.
    data: Option<u64>,
    acl: Option<u64>,
}

/// The state that a znode must have after some of its steps.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    is_there: bool,
    /// Whether the plan has created it.
    is_new: bool,
    version: Option<i32>,
    aversion: Option<i32>,
    data: Option<u64>,
    acl: Option<u64>,
}

impl State {
    /// Returns the expected state of a znode before its first step.
    fn before(briefs: &[Brief]) -> Self {
        let (mut version, mut aversion) = (None, None);
        for brief in briefs.iter().rev() {
            match brief {
                Brief::Delete { version: known } | Brief::SetData { version: known, .. } => {
                    version = Some(*known);
                }
                Brief::SetAcl { version: known, .. } => aversion = Some(*known),
                Brief::Create { .. } => (version, aversion) = (None, None),
            }
        }
        let is_there = !matches!(briefs.first(), Some(Brief::Create { .. }));
        Self { is_there, version, aversion, ..Self::default() }
    }

    fn after(self, brief: Brief) -> Self {
        match brief {
            Brief::Delete { .. } => Self::default(),
            Brief::Create { data } => Self {
                is_there: true,
                is_new: true,
                version: Some(0),
                aversion: Some(0),
                data: Some(data),
                acl: None,
            },
            Brief::SetData { version, data } => {
                Self { version: Some(version.wrapping_add(1)), data: Some(data), ..self }
            }
            Brief::SetAcl { version, acl } => {
                Self { aversion: Some(version.wrapping_add(1)), acl: Some(acl), ..self }
            }
        }
    }

    fn is(self, live: Option<Live>, zxid: i64) -> bool {
        let Some(live) = live else { return !self.is_there };
        let same = |wanted: Option<i32>, found| wanted.is_none_or(|wanted| wanted == found);
        self.is_there
            && self.is_new == (live.stat.czxid > zxid)
            && same(self.version, live.stat.version)
            && same(self.aversion, live.stat.aversion)
            && (self.data.is_none() || self.data == live.data)
            && (self.acl.is_none() || self.acl == live.acl)
    }
}

/// Returns how many of a znode's steps are applied, or none if its state does not fit the plan.
fn applied(briefs: &[Brief], live: Option<Live>, zxid: i64) -> Option<usize> {
    let mut state = State::before(briefs);
    for (count, brief) in briefs.iter().enumerate() {
        if state.is(live, zxid) {
            return Some(count);
        }
        state = state.after(*brief);
    }
    state.is(live, zxid).then_some(briefs.len())
}

/// How much of a plan is applied already. An interrupted `apply` continues from there.
#[derive(Debug, Default)]
pub struct Progress {
    /// The number of applied steps of each znode that has any.
    applied: HashMap<String, usize>,
    /// The number of applied steps of all znodes.
    pub total: u64,
}

impl Progress {
    /// Returns whether a step is applied already. Call it once for each step, in order.
    pub fn has(&mut self, step: &Step) -> bool {
        let path = step.path().as_str();
        let Some(left) = self.applied.get_mut(path) else { return false };
        *left -= 1;
        if *left == 0 {
            self.applied.remove(path);
        }
        true
    }
}

/// Compares the znodes of a plan with the states that it expects. Calls `note` with the number of
/// compared znodes.
///
/// # Errors
/// If the tree has changed. The causes name the znodes. Nothing was written.
pub async fn check(
    session: &Session,
    plan: &KeptPlan,
    mut note: impl FnMut(u64),
) -> Result<Progress> {
    same_top(session, plan).await?;
    let mut reads = stream::iter(&plan.briefs)
        .map(|(path, briefs)| async move {
            let counted = count(session, path, briefs, plan.end.zxid).await;
            (path, counted)
        })
        .buffer_unordered(READS_AT_ONCE);
    let mut progress = Progress::default();
    let (mut moved, mut number, mut checked) = (Vec::new(), 0_u64, 0);
    while let Some((path, counted)) = reads.next().await {
        checked += 1;
        note(checked);
        match counted? {
            Some(0) => {}
            Some(count) => {
                progress.total += count as u64;
                progress.applied.insert(path.clone(), count);
            }
            None => {
                number += 1;
                if moved.len() < MAX_NAMED {
                    moved.push(path.clone());
                }
            }
        }
    }
    if number == 0 {
        return Ok(progress);
    }
    moved.sort();
    let told = |path: &String| {
        Error::new(Kind::Refused, format!("{path} has changed since the plan was made"))
    };
    let mut told: Vec<Error> = moved.iter().map(told).collect();
    let hint = "plan compares again";
    if let [_] = told[..]
        && let Some(error) = told.pop()
    {
        return Err(error.with_detail("nothing was applied").with_hint(hint));
    }
    let message = format!("{number} znodes have changed since the plan was made");
    let error = Error::new(Kind::Refused, message).with_causes(told);
    Err(error.with_detail("nothing was applied").with_hint(hint))
}

/// Returns an error if the top znode is not the one for which the plan was made.
async fn same_top(session: &Session, plan: &KeptPlan) -> Result<()> {
    let top = &plan.top;
    let now = session.exists(top, false).await?.as_ref().map(Identity::from);
    // If the plan itself creates the top znode, its identity changes.
    let creates = plan.briefs.get(top.as_str()).is_some_and(|briefs| {
        briefs.iter().any(|brief| matches!(brief, Brief::Create { .. } | Brief::Delete { .. }))
    });
    if creates || now == plan.header.znode {
        return Ok(());
    }
    let words = match (plan.header.znode, now) {
        (Some(_), None) => format!("{top} was deleted since the plan was made"),
        (None, Some(_)) => format!("{top} was created since the plan was made"),
        _ => format!(
            "The plan was made for another {top}, or it was deleted and created again since"
        ),
    };
    let error = Error::new(Kind::Refused, words).with_detail("nothing was applied");
    Err(match &plan.header.servers {
        Some(servers) => error.with_hint(format!("it was made on {servers}")),
        None => error,
    })
}

/// Returns how many steps of a znode are applied. Reads its data and ACL only if the result depends
/// on them.
async fn count(
    session: &Session,
    path: &str,
    briefs: &[Brief],
    zxid: i64,
) -> Result<Option<usize>> {
    let path = ZnodePath::new(path.to_owned())?;
    let stat = session.exists(&path, false).await?;
    let live = stat.map(|stat| Live { stat, data: None, acl: None });
    let counted = applied(briefs, live, zxid);
    if counted.is_some() || live.is_none() {
        return Ok(counted);
    }
    let (data, acl) = join(session.get_data(&path, false), session.get_acl(&path)).await;
    let ((data, of_data), (acl, of_acl)) = match (data, acl) {
        (Err(error), _) | (_, Err(error)) if is_gone(&error) => {
            return Ok(applied(briefs, None, zxid));
        }
        (data, acl) => (data?, acl?),
    };
    let stat = Stat { aversion: of_acl.aversion, ..of_data };
    let (data, acl) = (Some(data_hash(&Data::from(data))), Some(acl_hash(&Acl::from(&acl))));
    Ok(applied(briefs, Some(Live { stat, data, acl }), zxid))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZXID: i64 = 100;

    fn live(czxid: i64, version: i32, aversion: i32, data: u64, acl: u64) -> Live {
        let stat = Stat { czxid, version, aversion, ..Stat::default() };
        Live { stat, data: Some(data), acl: Some(acl) }
    }

    #[test]
    fn the_state_of_a_znode_shows_how_many_steps_are_applied() {
        let applied = |briefs: &[Brief], live| applied(briefs, live, ZXID);
        let create = [Brief::Create { data: 7 }, Brief::SetAcl { version: 0, acl: 9 }];
        assert_eq!(applied(&create, None), Some(0));
        assert_eq!(applied(&create, Some(live(101, 0, 0, 7, 8))), Some(1));
        assert_eq!(applied(&create, Some(live(101, 0, 1, 7, 9))), Some(2));
        // Another client has created it, before or after the plan was made, or has written it
        // since.
        assert_eq!(applied(&create, Some(live(99, 0, 0, 7, 8))), None);
        assert_eq!(applied(&create, Some(live(101, 0, 0, 6, 8))), None);
        assert_eq!(applied(&create, Some(live(101, 1, 0, 7, 8))), None);
        let change = [Brief::SetAcl { version: 4, acl: 9 }, Brief::SetData { version: 2, data: 7 }];
        assert_eq!(applied(&change, Some(live(5, 2, 4, 0, 0))), Some(0));
        assert_eq!(applied(&change, Some(live(5, 2, 5, 0, 9))), Some(1));
        assert_eq!(applied(&change, Some(live(5, 3, 5, 7, 9))), Some(2));
        assert_eq!(applied(&change, Some(live(5, 3, 4, 7, 0))), None);
        assert_eq!(applied(&change, Some(live(101, 2, 4, 0, 0))), None);
        assert_eq!(applied(&change, None), None);
        let rebuild = [Brief::Delete { version: 3 }, Brief::Create { data: 7 }];
        assert_eq!(applied(&rebuild, Some(live(5, 3, 4, 0, 0))), Some(0));
        assert_eq!(applied(&rebuild, None), Some(1));
        assert_eq!(applied(&rebuild, Some(live(101, 0, 0, 7, 0))), Some(2));
        assert_eq!(applied(&rebuild, Some(live(5, 4, 4, 0, 0))), None);
    }
}
