//! `lesson check`: plays every way and every mistake of a lesson.

use std::sync::mpsc::channel;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::Course;
use super::place::Place;
use super::stage::ShellStage;
use crate::dispatch::{Context, Table};
use crate::error::{Error, Kind, Result};
use crate::language::Fault;
use crate::lesson;

/// The factor by which the time limits of the lesson are extended, because a machine that checks
/// lessons may be busy.
const PATIENCE: u32 = 4;

/// Plays every way and every mistake of each step, and returns the faults.
///
/// # Errors
/// Returns an error if the lesson cannot be played here.
pub async fn check<T: Table>(cx: &Context, course: Course, anywhere: bool) -> Result<Vec<Fault>> {
    // The shell uses this channel only to request the end, and waits until the thread drops the
    // receiver.
    let (sender, messages) = channel();
    let begun = cx.learning.begin(sender)?;
    let place = Place::prepare(cx, &course.lesson, anywhere).await?;
    cx.learning.hush();
    let (answer, faults) = oneshot::channel();
    let (aside, learner, runtime) = (cx.aside(), cx.session.clone(), Handle::current());
    let home = cx.session.name().to_string();
    let play = move || {
        let sessions = &course.lesson.sessions;
        let stage = ShellStage::<T>::open(aside.context(), runtime, place, sessions, PATIENCE);
        let played = stage.map(|mut stage| {
            let faults = lesson::play(&course.lesson, &mut stage);
            let left = stage.leave(&learner, &home);
            let left = left.map(|left| Fault::new(1, format!("{left} could not be deleted")));
            faults.into_iter().chain(left).collect()
        });
        drop((begun, messages));
        // The receiver is gone if the user pressed Ctrl-C.
        let _ = answer.send(played);
    };
    std::thread::spawn(play);
    faults.await.unwrap_or_else(|_| Err(Error::new(Kind::Bug, "The lesson ended unexpectedly")))
}
