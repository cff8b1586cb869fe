//! `listquota`: print the limits of a subtree and its usage.

use crate::dialect::Format;
use crate::dispatch::{Context, Effects, Globs, Sends, Spec, Task};
use crate::error::{Error, Kind, Result};
use crate::output::{Report, Text};
use crate::tree;
use crate::zk::{Quota, Track, TypedPath, ZnodePath};

/// Print the limits of a znode and its usage
#[derive(Debug, clap::Args)]
#[command(override_usage = "listquota path", after_long_help = EXAMPLE)]
pub struct ListQuota {
    /// Znode that has a quota
    #[arg(value_name = "path")]
    path: TypedPath,
}

const EXAMPLE: &str = "\
Example, at the servers' own root:
> create /pond deep
Created /pond
> setquota -n 10 /pond
> listquota /pond
absolute path is /zookeeper/quota/pond/zookeeper_limits
Output quota for /pond count=10,bytes=-1=;byteHardLimit=-1;countHardLimit=-1
Output stat for /pond count=1,bytes=4
> deleteall /pond
> delquota /pond";

impl Spec for ListQuota {
    const NAME: &'static str = "listquota";
    const TASK: Task = Task::Protect;
    const GLOBS: Globs = Globs::WithHeadings;
    type Report = Listed;

    fn effects(&self) -> Effects {
        Effects::READS.long(true)
    }

    fn sends(&self) -> Sends {
        Sends::each(&["getData"])
    }

    async fn run(&self, cx: &Context) -> Result<Listed> {
        let path = cx.path(&self.path)?;
        let place = tree::limits_path(&cx.session, &path)?;
        if let Some(Quota { limits, usage }) = tree::quota(&cx.session, &path).await? {
            return Ok(Listed { path, place, limits, usage });
        }
        // zkCli prints the place before it looks there.
        if cx.view.format == Format::Text {
            cx.show(&Place(&place))?;
        }
        Err(Error::new(Kind::Refused, format!("quota for {path} does not exist."))
            .with_hint("a quota covers the whole subtree of its znode: look at the znodes above"))
    }
}

/// A quota, and the place where it is stored.
#[derive(Debug, serde::Serialize)]
pub struct Listed {
    path: ZnodePath,
    #[serde(rename = "absolutePath")]
    place: ZnodePath,
    #[serde(rename = "quota")]
    limits: Track,
    #[serde(rename = "stat")]
    usage: Track,
}

impl Report for Listed {
    fn text(&self, out: &mut Text<'_>) {
        Place(&self.place).text(out);
        for (what, track) in [("quota", &self.limits), ("stat", &self.usage)] {
            out.own(format_args!("Output {what} for "));
            out.foreign(self.path.as_str());
            out.own(' ');
            out.foreign(&track.to_string());
            out.line("");
        }
    }
}

/// The place where a quota is stored, or would be.
#[derive(serde::Serialize)]
struct Place<'a>(&'a ZnodePath);

impl Report for Place<'_> {
    fn text(&self, out: &mut Text<'_>) {
        out.own("absolute path is ");
        out.foreign(self.0.as_str());
        out.line("");
    }
}
