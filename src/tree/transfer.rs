//! Turns one tree into another: compares, plans and writes as a stream, with neither tree in memory.

use super::apply::{Applier, Counts};
use super::plan::{Planned, Planner, Refused, Rules};
use super::source::Pairs;
use crate::error::{Error, Result};

/// Znodes left as they are that are told one by one; of more only the number is told.
const TOLD: usize = 1000;

/// What a transfer came to.
#[derive(Debug, Default)]
pub struct Transferred {
    /// What was done, or without an applier would be.
    pub counts: Counts,
    /// Znodes that were alike.
    pub same: u64,
    /// Znodes that are left as they are although the trees differ, and how many there are.
    pub left: Vec<Refused>,
    /// All of them.
    pub left_count: u64,
    /// Steps that were refused, and why.
    pub failed: u64,
    /// Why; also what could not be read.
    pub failures: Vec<Error>,
}

/// Plans how to turn the first tree into the second, and does it where there is an applier. `on` hears
/// each step; it may end it all.
pub async fn transfer(
    pairs: &mut Pairs,
    rules: Rules,
    mut applier: Option<&mut Applier>,
    mut on: impl FnMut(&Planned, Counts) -> Result<()>,
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
            on(&planned, done.counts)?;
            match planned {
                Planned::Do(step) => {
                    if let Some(applier) = applier.as_deref_mut() {
                        applier.apply(step).await?;
                    }
                }
                Planned::Refused(refused) => {
                    done.left_count += 1;
                    if done.left.len() < TOLD {
                        done.left.push(refused);
                    }
                }
            }
        }
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
