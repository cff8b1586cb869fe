//! `count`: count the znodes of a subtree by kind.

use crate::dispatch::{Context, Effects, Globs, ReadFailures, Sends, Spec, Task};
use crate::error::Result;
use crate::output::{Report, Text};
use crate::tree::Kind;
use crate::tree::filter::Needs;
use crate::tree::stream::Znodes;
use crate::zk::TypedPath;

/// Count the znodes at and below a znode, by kind
#[derive(Debug, clap::Args)]
#[command(override_usage = "count [path]", after_long_help = EXAMPLE)]
pub struct Count {
    /// Znode at the top; the working path by default
    #[arg(value_name = "path", default_value = ".")]
    path: TypedPath,
}

const EXAMPLE: &str = "\
getAllChildrenNumber asks the server, and gets a number without kinds.

Example:
> create /lake deep
Created /lake
> create -e /lake/bird
Created /lake/bird
> count /lake
znodes = 2
bytes = 4
persistent = 1
ephemeral = 1
container = 0
ttl = 0
deepest = 1";

impl Spec for Count {
    const NAME: &'static str = "count";
    const TASK: Task = Task::Search;
    const GLOBS: Globs = Globs::WithHeadings;
    type Report = Counted;

    fn effects(&self) -> Effects {
        Effects::READS.long(true)
    }

    fn sends(&self) -> Sends {
        Sends::many(&["getChildren2", "multiRead"])
    }

    async fn run(&self, cx: &Context) -> Result<Counted> {
        let top = cx.path_or_root(&self.path)?;
        let needs = Needs { stat: true, ..Needs::default() };
        cx.estimate.walks(&cx.session, &top);
        let mut znodes = Znodes::new(&cx.session, &top, needs, None);
        let (mut counted, mut read_failures) = (Counted::default(), ReadFailures::default());
        while let Some(visited) = znodes.next().await? {
            counted.znodes += 1;
            cx.progress.note(counted.znodes, "counted");
            counted.deepest = counted.deepest.max(visited.depth);
            counted.bytes += visited.record.data_length();
            match visited.record.kind {
                Some(Kind::Ephemeral) => counted.ephemeral += 1,
                Some(Kind::Container) => counted.container += 1,
                Some(Kind::Ttl(_)) => counted.ttl += 1,
                Some(Kind::Persistent) => counted.persistent += 1,
                None => {}
            }
            read_failures.note(visited.refused);
        }
        if let Err(error) = read_failures.result() {
            cx.show(&counted)?;
            return Err(error);
        }
        Ok(counted)
    }
}

/// The counts.
#[derive(Debug, Default, serde::Serialize)]
pub struct Counted {
    znodes: u64,
    bytes: u64,
    persistent: u64,
    ephemeral: u64,
    container: u64,
    ttl: u64,
    deepest: usize,
}

impl Report for Counted {
    fn text(&self, out: &mut Text<'_>) {
        out.pair("znodes", self.znodes);
        out.pair("bytes", self.bytes);
        out.pair("persistent", self.persistent);
        out.pair("ephemeral", self.ephemeral);
        out.pair("container", self.container);
        out.pair("ttl", self.ttl);
        out.pair("deepest", self.deepest);
    }
}
