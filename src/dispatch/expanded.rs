//! Runs a command whose path has patterns once for each matching znode.

use futures_util::{StreamExt, stream};

use super::globbed::{Globbed, Globs};
use super::invocation::Invocation;
use super::parse::words;
use super::{Context, ReadFailures, Table};
use crate::dialect::Dialect;
use crate::error::{Error, Kind, Result};
use crate::output::style::Style;
use crate::output::{Report, Text};
use crate::tree::expand::{Expanded, expand};
use crate::tree::glob::PathPattern;
use crate::zk::{TypedPath, ZnodePath};

/// Maximum number of commands in flight for one line.
const MAX_IN_FLIGHT: usize = 64;

impl<T: Table> Invocation<T> {
    /// Runs the command, or, if its path has patterns to expand, runs it once for each matching
    /// znode.
    pub async fn run(&self, cx: &Context) -> Result<Box<dyn Report>> {
        match (&self.globbed, &self.path) {
            // Boxed, so that this rare case does not enlarge the future of every line.
            (Some(globbed), Some(path)) => Box::pin(run(cx, globbed, self, path)).await,
            _ => self.command.run(cx).await,
        }
    }
}

/// Runs a command for each znode that its path matches, and shows the results in the order of the
/// paths. If a znode has exactly the typed name, the command runs only for it.
async fn run<T: Table>(
    cx: &Context,
    globbed: &Globbed,
    invocation: &Invocation<T>,
    typed: &TypedPath,
) -> Result<Box<dyn Report>> {
    let whole = cx.path(typed)?;
    let pattern = PathPattern::new(whole.as_str())?;
    let found = match (cx.session.exists(&whole, false).await?, pattern) {
        (None, Some(pattern)) => expand(&cx.session, &pattern).await?,
        _ => return invocation.command.run(cx).await,
    };
    let Expanded { paths, refused } = found;
    let mut failures = ReadFailures::default();
    for error in refused {
        failures.note(Some(error));
    }
    if paths.is_empty() {
        failures.result()?;
        return Err(Error::new(Kind::Refused, format!("No znode matches {whole}"))
            .with_hint("a quoted path is taken literally"));
    }
    let headed = paths.len() > 1 && invocation.command.globs() == Globs::WithHeadings;
    let count = paths.len();
    let line = |path: &ZnodePath| {
        // The words were already split with the whole line, so they mean the same in either
        // dialect.
        let line = words::<T>(globbed.with_path(path.as_str()), Dialect::default())?;
        line.ok_or_else(|| Error::usage("Missing: command"))
    };
    let lines = paths.iter().map(|path| Ok((path, line(path)?)));
    let lines = lines.collect::<Result<Vec<_>>>()?;
    // Run commands that show partial results one after the other, so that their output is not
    // mixed.
    let at_a_time =
        if invocation.command.own_effects().is_one_request() { MAX_IN_FLIGHT } else { 1 };
    let origin = cx.output.origin().clone();
    let results = lines.iter().map(|(path, line)| async move {
        cx.output.origin().clone_from(&cx.origin(line));
        (*path, line, Box::pin(line.command.run(cx)).await)
    });
    let mut results = stream::iter(results).buffered(at_a_time);
    while let Some((path, line, result)) = results.next().await {
        cx.output.origin().clone_from(&cx.origin(line));
        match result {
            Ok(report) => {
                failures.note(report.failure());
                let heading = headed.then(|| path.to_string());
                cx.output.one_of_several(&Headed { heading, report })?;
            }
            // Of what the server lacks or the connection has lost, one error says it for all.
            Err(error) if error.path().is_none() => {
                cx.output.origin().clone_from(&origin);
                return Err(error);
            }
            Err(error) => failures.note(Some(error)),
        }
    }
    cx.output.origin().clone_from(&origin);
    failures.result()?;
    Ok(Box::new(Matches { matches: count }))
}

/// A result with the path of its znode as a heading.
struct Headed {
    heading: Option<String>,
    report: Box<dyn Report>,
}

impl serde::Serialize for Headed {
    fn serialize<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        erased_serde::serialize(&*self.report, serializer)
    }
}

impl Report for Headed {
    fn text(&self, out: &mut Text<'_>) {
        if let Some(path) = &self.heading {
            out.look(Style::Key, |out| {
                out.foreign(path);
                out.own(":");
            });
            out.line("");
        }
        self.report.text(out);
    }

    fn raw(&self) -> Option<Vec<u8>> {
        self.report.raw()
    }
}

/// The number of znodes for which a line was run. The results themselves were shown during the run.
#[derive(serde::Serialize)]
struct Matches {
    matches: usize,
}

impl Report for Matches {
    fn text(&self, _: &mut Text<'_>) {}
}
