//! Turns one tree into another: compares, plans and writes as a stream, with neither tree in
//! memory.

use super::apply::{Applier, Counts};
use super::plan::{Planned, Planner, Refused, Rules};
use super::source::Pairs;
use crate::error::{Error, Result};

/// The maximum number of unchanged znodes that are listed. Further ones are only counted.
const MAX_LISTED: usize = 1000;

/// The result of a transfer.
#[derive(Debug, Default)]
pub struct Transferred {
    /// The steps that were taken, or would be if there is no applier.
    pub counts: Counts,
    /// The number of znodes that were equal.
    pub same: u64,
    /// Znodes that are left unchanged although the trees differ, up to a limit.
    pub left: Vec<Refused>,
    /// The number of all such znodes.
    pub left_count: u64,
    /// The number of steps that were refused.
    pub failed: u64,
    /// The reasons, and the errors from reading.
    pub failures: Vec<Error>,
}

/// Plans how to turn the first tree into the second, and executes the plan if there is an applier.
/// Calls `on` with each step, whose error ends the transfer, and `reached` with the number of znodes
/// that were equal or have a step.
pub async fn transfer(
    pairs: &mut Pairs,
    rules: Rules,
    mut applier: Option<&mut Applier>,
    mut on: impl FnMut(&Planned) -> Result<()>,
    reached: impl Fn(u64),
) -> Result<Transferred> {
    let mut planner = Planner::new(rules);
    let mut done = Transferred::default();
    loop {
        let next = pairs.next().await?;
        let is_over = next.is_none();
        match next {
            Some((pair, _)) => planner.add(pair),
            None => planner.finish(),
        }
        while let Some(planned) = planner.next_planned() {
            if let Planned::Do(step) = &planned {
                done.counts.add(step);
            }
            on(&planned)?;
            match planned {
                Planned::Do(step) => {
                    if let Some(applier) = applier.as_deref_mut() {
                        applier.apply(step).await?;
                    }
                }
                Planned::Refused(refused) => {
                    done.left_count += 1;
                    if done.left.len() < MAX_LISTED {
                        done.left.push(refused);
                    }
                }
            }
        }
        reached(planner.same() + done.counts.total());
        if is_over {
            break;
        }
    }
    done.same = planner.same();
    if let Some(applier) = applier {
        (done.failed, done.failures) = applier.finish().await?;
        done.counts = applier.applied;
    }
    done.failures.extend(pairs.old.take_failures());
    done.failures.extend(pairs.new.take_failures());
    Ok(done)
}
