//! `ls` and `ls2`: list the children of a znode.

mod long;

use futures_util::future::join_all;

use self::long::{LongList, Order};

use crate::dialect::{Dialect, Format};
use crate::dispatch::{Context, Data, Effects, Globs, Sends, Spec, Task};
use crate::error::Result;
use crate::output::{Report, Text};
use crate::tree::{Walk, WalkOrder};
use crate::zk::{Stat, TypedPath, ZnodePath};

/// List the children of a znode
#[derive(Debug, Default, clap::Args)]
#[command(override_usage = USAGE, after_long_help = EXAMPLE)]
#[expect(clippy::struct_excessive_bools, reason = "independent options")]
pub struct Ls {
    /// Print the stat as well; with -R that of each znode
    #[arg(short, long)]
    stat: bool,
    /// Leave a watch: one event when a child or the znode comes or goes
    #[arg(short, long)]
    watch: bool,
    /// List all znodes below, one path a line; -w watches the data of path too
    #[arg(short = 'R', long)]
    recursive: bool,
    /// Print a line for each child with its kind, sizes, version, write time and owner
    #[arg(short, long, conflicts_with_all = ["stat", "watch", "recursive", "word"])]
    long: bool,
    /// Sort the lines of -l by name, size, children or modified
    #[arg(
        long,
        value_name = "key",
        requires = "long",
        default_value = "name",
        hide_default_value = true
    )]
    sort: Order,
    /// Znode to list; the working path by default
    #[arg(value_name = "path")]
    path: Option<TypedPath>,
    /// Any word here leaves a watch too; usually `true`
    #[arg(value_name = "watch")]
    word: Option<String>,
}

/// The maximum number of stats that are requested at a time while a walk shows a stat for each
/// znode.
const MAX_STATS_AT_A_TIME: usize = 128;

const USAGE: &str = "ls [-s] [-w] [-R] path [watch] | ls -l [--sort key] path";

const EXAMPLE: &str = "\
Example:
> create /lake
Created /lake
> create /lake/reed
Created /lake/reed
> create /lake/duck grey
Created /lake/duck
> ls /lake
[duck, reed]
> ls -R /lake
/lake
/lake/duck
/lake/reed
> ls -l --sort size /lake
kind        bytes  children  version  modified          name  owner
persistent      4         0        0  <minute>  duck
persistent      0         0        0  <minute>  reed";

impl Ls {
    /// Returns whether the command leaves a watch.
    pub(super) fn watches(&self) -> bool {
        self.watch || self.word.is_some()
    }

    /// Returns whether the command needs more than one round trip.
    pub(super) fn is_long(&self) -> bool {
        self.recursive || self.long
    }

    /// Shows a znode and its descendants while the walk runs.
    async fn walk(&self, cx: &Context, path: &ZnodePath) -> Result<Children> {
        let watch = self.watches();
        if watch {
            // Like zkCli, first leave a watch on the data of the named znode.
            cx.session.get_data(path, true).await?;
        }
        let mut count = 0;
        cx.estimate.walks(&cx.session, path);
        let mut walk = Walk::new(&cx.session, path, WalkOrder::Siblings, watch);
        // zkCli 3.9 prints only the stat of the named znode.
        let each = self.stat && cx.view.dialect == Dialect::V34;
        let mut waiting = Vec::new();
        loop {
            let next = walk.next().await?;
            let is_last = next.is_none();
            waiting.extend(next);
            if each && !is_last && waiting.len() < MAX_STATS_AT_A_TIME {
                continue;
            }
            let stats = if each { stats(cx, &waiting).await } else { Vec::new() };
            let mut stats = stats.into_iter();
            for path in waiting.drain(..) {
                // Skip a znode that was deleted in the meantime.
                let stat = match stats.next() {
                    Some(Ok(None)) => continue,
                    Some(stat) => stat?,
                    None => None,
                };
                count += 1;
                cx.progress.note(count, "listed");
                cx.show(&Visited { path: &path, stat })?;
            }
            if is_last {
                break;
            }
        }
        let one = self.stat && !each;
        let stat = if one { cx.session.exists(path, false).await? } else { None };
        Ok(Children { names: None, stat, width: None })
    }
}

impl Spec for Ls {
    const NAME: &'static str = "ls";
    const TASK: Task = Task::Look;
    const GLOBS: Globs = Globs::WithHeadings;
    const SEARCH_TERMS: &'static [(&'static str, &'static str)] = &[("dir", "ls")];
    type Report = Listing;

    fn effects(&self) -> Effects {
        Effects::READS.watching(self.watches()).long(self.is_long())
    }

    fn sends(&self) -> Sends {
        if self.recursive {
            return Sends::many(&["getChildren", "multiRead"]);
        }
        if self.long {
            return Sends::many(&["getChildren2", "multiRead", "exists"]);
        }
        Sends::each(&["getChildren2"])
    }

    async fn run(&self, cx: &Context) -> Result<Listing> {
        let path = cx.path_or_here(self.path.as_ref(), USAGE)?;
        if self.long {
            return Ok(Listing::Long(long::list(cx, &path, self.sort).await?));
        }
        let children = if self.recursive {
            self.walk(cx, &path).await?
        } else {
            list(cx, &path, self.watches(), self.stat).await?
        };
        Ok(Listing::Short(children))
    }

    fn from_path(path: TypedPath, data: Option<Data>) -> Option<Self> {
        data.is_none().then(|| Self { path: Some(path), ..Self::default() })
    }
}

/// List the children of a znode, and its stat
#[derive(Debug, clap::Args)]
#[command(override_usage = "ls2 path [watch]", after_long_help = EXAMPLE2)]
pub struct Ls2 {
    /// Znode to list
    #[arg(value_name = "path")]
    path: TypedPath,
    /// Any word here leaves a watch too; usually `true`
    #[arg(value_name = "watch")]
    word: Option<String>,
}

const EXAMPLE2: &str = "\
Example:
> create /lake
Created /lake
> ls2 /lake
[]
cZxid = <zxid>
ctime = <time>
mZxid = <zxid>
mtime = <time>
pZxid = <zxid>
cversion = 0
dataVersion = 0
aclVersion = 0
ephemeralOwner = 0x0
dataLength = 0
numChildren = 0";

impl Ls2 {
    /// Returns whether the command leaves a watch.
    pub(super) fn watches(&self) -> bool {
        self.word.is_some()
    }
}

impl Spec for Ls2 {
    const NAME: &'static str = "ls2";
    const TASK: Task = Task::Look;
    const GLOBS: Globs = Globs::WithHeadings;
    type Report = Children;

    fn effects(&self) -> Effects {
        Effects::READS.watching(self.watches())
    }

    fn sends(&self) -> Sends {
        Sends::each(&["getChildren2"])
    }

    async fn run(&self, cx: &Context) -> Result<Children> {
        let path = cx.path(&self.path)?;
        list(cx, &path, self.watches(), true).await
    }
}

/// Requests the stats of znodes in parallel.
async fn stats(cx: &Context, paths: &[ZnodePath]) -> Vec<Result<Option<Stat>>> {
    join_all(paths.iter().map(|path| cx.session.exists(path, false))).await
}

async fn list(cx: &Context, path: &ZnodePath, watch: bool, stat: bool) -> Result<Children> {
    let json = cx.view.format == Format::Json;
    let (names, found) = cx.session.children(path, watch).await?;
    let mut names = Vec::<String>::from(names);
    names.sort_unstable();
    let width = cx.columns();
    Ok(Children { names: Some(names), stat: (stat || json).then_some(found), width })
}

/// The children of a znode.
#[derive(Debug, serde::Serialize)]
#[serde(untagged)]
pub enum Listing {
    /// Only their names.
    Short(Children),
    /// A line for each child.
    Long(LongList),
}

impl Report for Listing {
    fn text(&self, out: &mut Text<'_>) {
        match self {
            Self::Short(children) => children.text(out),
            Self::Long(list) => list.text(out),
        }
    }

    fn raw(&self) -> Option<Vec<u8>> {
        match self {
            Self::Short(children) => children.raw(),
            Self::Long(list) => list.raw(),
        }
    }
}

/// The names of the children, or none if the walk has already shown them.
#[derive(Debug, serde::Serialize)]
pub struct Children {
    #[serde(rename = "children", skip_serializing_if = "Option::is_none")]
    names: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stat: Option<Stat>,
    /// The width of the screen, if the output is a terminal. A long list is then shown in columns.
    #[serde(skip)]
    width: Option<usize>,
}

impl Report for Children {
    fn text(&self, out: &mut Text<'_>) {
        match (&self.names, self.width) {
            (Some(names), Some(width)) => out.list_or_columns(names, width),
            (Some(names), None) => out.list(names.iter().map(String::as_str)),
            (None, _) => {}
        }
        if let Some(stat) = &self.stat {
            stat.text(out);
        }
    }

    fn raw(&self) -> Option<Vec<u8>> {
        let names = self.names.as_ref()?;
        Some(names.iter().flat_map(|name| [name.as_bytes(), b"\n"].concat()).collect())
    }
}

/// One znode of a walk.
#[derive(serde::Serialize)]
struct Visited<'a> {
    path: &'a ZnodePath,
    #[serde(skip_serializing_if = "Option::is_none")]
    stat: Option<Stat>,
}

impl Report for Visited<'_> {
    fn text(&self, out: &mut Text<'_>) {
        out.foreign(self.path.as_str());
        out.line("");
        if let Some(stat) = &self.stat {
            stat.text(out);
        }
    }
}
