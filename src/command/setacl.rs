//! `setAcl`: replaces the ACL of a znode.

use crate::dispatch::transfer::ShownStep;
use crate::dispatch::{
    Consent, Context, Effects, Question, ReadFailures, Sends, Spec, Task, Write, about_subtree,
};
use crate::error::Result;
use crate::output::{Report, Text};
use crate::tree::filter::Needs;
use crate::tree::step::Step;
use crate::tree::stream::Znodes;
use crate::tree::{self, Record};
use crate::zk::{Acl, Stat, TypedPath, ZnodePath};

/// Replace the list of who may do what with a znode
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "setAcl [-s] [-v version] [-R] [-n] [--yes] [--force] path acl",
    after_long_help = EXAMPLE
)]
pub struct SetAcl {
    /// Print the stat afterwards
    #[arg(short, long)]
    stat: bool,
    /// Replace it only if this is the version of the list (aclVersion)
    #[arg(short = 'v', long = "version", value_name = "version", allow_negative_numbers = true)]
    only: Option<i32>,
    /// Replace those of all znodes below as well
    #[arg(short = 'R', long)]
    recursive: bool,
    /// Show whose list would be replaced, and replace none
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    consent: Consent,
    /// Znode to protect
    #[arg(value_name = "path")]
    path: TypedPath,
    /// Entries as scheme:id:perms[,...], perms being some of c, d, r, w, a
    #[arg(value_name = "acl")]
    acl: Acl,
}

const EXAMPLE: &str = "\
world:anyone is everybody, auth: (with nothing after it) the identities of this session, ip:10.0.0.0/8 an
address or a network, digest:ann:? a user whose password zksh asks for, x509:CN=ann,O=lake a certificate.
Permissions: c create children, d delete children, r read, w write, a change this list.

Example:
> create /lake deep
Created /lake
> setAcl -v 0 /lake world:anyone:r,ip:127.0.0.1:cdrwa
cZxid = <zxid>
ctime = <time>
mZxid = <zxid>
mtime = <time>
pZxid = <zxid>
cversion = 0
dataVersion = 0
aclVersion = 1
ephemeralOwner = 0x0
dataLength = 4
numChildren = 0
> setAcl /lake world:anyone:rz
! world:anyone:rz does not have the form scheme:id:perm: z is not a permission (c, d, r, w and a are)
! setAcl [-s] [-v version] [-R] [-n] [--yes] [--force] path acl";

impl SetAcl {
    /// Returns whether the command asks for a password or needs more than one round trip.
    pub(super) fn is_long(&self) -> bool {
        self.recursive || self.acl.unanswered().next().is_some()
    }

    fn path(&self, cx: &Context) -> Result<ZnodePath> {
        if self.recursive {
            self.consent.path(cx, &self.path, "replace the ACL of")
        } else {
            cx.path(&self.path)
        }
    }
}

impl Spec for SetAcl {
    const NAME: &'static str = "setAcl";
    const TASK: Task = Task::Protect;
    const SEARCH_TERMS: &'static [(&'static str, &'static str)] = &[("chmod", "setAcl")];
    type Report = SetAclReport;

    fn effects(&self) -> Effects {
        if self.dry_run {
            return Effects::READS.long(true);
        }
        Effects::writes(Write::Acl).long(self.is_long())
    }

    fn sends(&self) -> Sends {
        if self.recursive {
            return Sends::many(&["getChildren", "setACL"]);
        }
        Sends::each(&["setACL"])
    }

    async fn run(&self, cx: &Context) -> Result<SetAclReport> {
        let path = self.path(cx)?;
        let acl = cx.acl(&self.acl).await?;
        if self.dry_run {
            show(cx, &path, &acl, (!self.recursive).then_some(0)).await?;
            return Ok(SetAclReport { stat: None });
        }
        if self.recursive {
            cx.estimate.walks(&cx.session, &path);
            let note = |count| cx.progress.note(count, "changed");
            tree::set_acl(&cx.session, &path, &acl, self.only, note).await?;
            let stat = if self.stat { cx.session.exists(&path, false).await? } else { None };
            return Ok(SetAclReport { stat });
        }
        let stat = cx.session.set_acl(&path, &acl, self.only).await?;
        Ok(SetAclReport { stat: (self.stat || cx.view.tells_stat()).then_some(stat) })
    }

    async fn question(&self, cx: &Context) -> Result<Option<Question>> {
        let path = self.path(cx)?;
        if !self.recursive || self.consent.yes || self.dry_run {
            return Ok(None);
        }
        let (below, more) = tree::count(&cx.session, &path).await?;
        let words = || about_subtree("Replace the ACL of", &path, below, more);
        Ok((below > 0).then(|| Question { words: words(), declined: "Nothing was changed" }))
    }
}

/// Shows the znodes that have another list.
async fn show(cx: &Context, top: &ZnodePath, acl: &Acl, deepest: Option<usize>) -> Result<()> {
    let wanted = tree::Acl::from(acl);
    let needs = Needs { acl: true, ..Needs::default() };
    let mut znodes = Znodes::new(&cx.session, top, needs, deepest).without_zookeeper();
    let mut failures = ReadFailures::default();
    while let Some(visited) = znodes.next().await? {
        failures.note(visited.refused);
        let Record { path, acl: present, .. } = visited.record;
        if present.is_some_and(|present| present != wanted) {
            let step = Step::SetAcl { path, acl: wanted.clone(), version: -1 };
            cx.show(&ShownStep { step: &step })?;
        }
    }
    failures.result()
}

/// The new stat, if it was requested.
#[derive(Debug, serde::Serialize)]
pub struct SetAclReport {
    stat: Option<Stat>,
}

impl Report for SetAclReport {
    fn text(&self, out: &mut Text<'_>) {
        if let Some(stat) = &self.stat {
            stat.text(out);
        }
    }
}
