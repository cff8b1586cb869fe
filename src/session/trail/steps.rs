//! Steps on their way from whoever follows a znode to whoever is told of it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Step;
use crate::error::{Error, Result};

/// Bytes of steps that wait to be taken: some thousands. Whoever takes them more slowly than others
/// change znodes, for want of a reader or for a slow command, must not fill the memory.
const MOST: usize = 1024 * 1024;

/// What a step takes besides its text, in bytes.
const STEP_COST: usize = 128;

/// Steps in their order.
#[derive(Default)]
pub(super) struct Steps {
    waiting: Mutex<Waiting>,
    news: Notify,
}

#[derive(Default)]
struct Waiting {
    steps: VecDeque<Step>,
    /// What they take, in bytes.
    taken: usize,
    /// Events that found no room. No step is added before this is told, so that it is told in its
    /// place.
    left_out: u64,
    /// Why there are no more.
    end: Option<Error>,
}

impl Steps {
    /// Adds a step; where there is no room, it is only counted.
    pub(super) fn add(&self, step: Step) {
        let mut waiting = self.waiting();
        if waiting.left_out > 0 || waiting.taken >= MOST {
            waiting.left_out += 1;
        } else {
            waiting.taken += cost(&step);
            waiting.steps.push_back(step);
        }
        drop(waiting);
        self.news.notify_one();
    }

    /// Tells that there are no more, and why.
    pub(super) fn end(&self, why: Error) {
        self.waiting().end = Some(why);
        self.news.notify_one();
    }

    /// Waits for the oldest step. The error is the one given to [`Steps::end`].
    pub(super) async fn next(&self) -> Result<Step> {
        loop {
            if let Some(next) = self.take() {
                return next;
            }
            self.news.notified().await;
        }
    }

    fn take(&self) -> Option<Result<Step>> {
        let mut waiting = self.waiting();
        if let Some(step) = waiting.steps.pop_front() {
            waiting.taken -= cost(&step);
            return Some(Ok(step));
        }
        match std::mem::take(&mut waiting.left_out) {
            0 => waiting.end.clone().map(Err),
            1 => Some(Ok(Step::Gap("1 left out: it came faster than it was taken".to_owned()))),
            count => {
                let why = format!("{count} left out: they came faster than they were taken");
                Some(Ok(Step::Gap(why)))
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cost(step: &Step) -> usize {
    STEP_COST
        + match step {
            Step::Event(event) => event.path.as_ref().map_or(0, String::len),
            Step::Gap(reason) => reason.len(),
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    const LENGTH: usize = 10_000;
    const ROOM: usize = MOST / (LENGTH + STEP_COST) + 1;

    fn step(number: usize) -> Step {
        Step::Gap(format!("{number:0>LENGTH$}"))
    }

    #[test]
    fn what_finds_no_room_is_counted_and_told_in_its_place() {
        let steps = Steps::default();
        for number in 0..ROOM + 3 {
            steps.add(step(number));
        }
        for number in 0..ROOM {
            assert_eq!(steps.take(), Some(Ok(step(number))));
            // There is room again, but not between what was left out.
            steps.add(step(0));
        }
        let count = ROOM + 3;
        let told = format!("{count} left out: they came faster than they were taken");
        assert_eq!(steps.take(), Some(Ok(Step::Gap(told))));
        assert_eq!(steps.take(), None);
        steps.add(step(7));
        let end = Error::new(Kind::Lost, "over");
        steps.end(end.clone());
        assert_eq!(steps.take(), Some(Ok(step(7))));
        assert_eq!(steps.take(), Some(Err(end.clone())));
        assert_eq!(steps.take(), Some(Err(end)));
    }
}
