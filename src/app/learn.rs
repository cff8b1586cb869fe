//! `zksh learn`: chooses the lesson and its start.

use crate::error::Result;
use crate::learn::{Course, progress};
use crate::lesson::LESSONS;
use crate::options::{Input, Options};

/// Determines which lesson to run and which servers it needs. With a prompt, returns the line that
/// starts the lesson. Otherwise makes it the command to run.
pub(super) fn begin(options: &mut Options, has_prompt: bool) -> Result<Option<String>> {
    let Some(learn) = options.learn.clone() else { return Ok(None) };
    let name = learn.lesson.clone().unwrap_or_else(|| next().to_owned());
    options.sandbox.serve_lesson(Course::built_in(&name)?.lesson.needs.servers);
    let words = learn.line(&name);
    if has_prompt {
        return Ok(Some(words.join(" ")));
    }
    options.input = Input::Command(words.into_iter().map(Into::into).collect());
    Ok(None)
}

/// Returns the first lesson that the learner has not finished, or the first of all.
fn next() -> &'static str {
    let progress = progress();
    let mut names = LESSONS.iter().map(|source| source.name);
    let unfinished = names.clone().find(|name| !progress.is_finished(name));
    unfinished.or(names.next()).unwrap_or_default()
}
