//! `setquota`: limit the size of a subtree.

use crate::dispatch::{Context, Effects, Sends, Spec, Task, Write};
use crate::error::{Error, Result};
use crate::output::{Report, Text};
use crate::tree;
use crate::zk::{Limit, Quota, TypedPath};

/// Limit the znodes or bytes of a znode and all below it
#[derive(Debug, clap::Args)]
#[command(override_usage = "setquota -n|-b|-N|-B val path", after_long_help = EXAMPLE)]
pub struct SetQuota {
    #[command(flatten)]
    value: Value,
    /// Znode to limit; none above or below it may have a quota
    #[arg(value_name = "path")]
    path: TypedPath,
}

/// The one limit to set.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Value {
    /// Most znodes, itself included; more are noted in the server's log
    #[arg(short = 'n', long, value_name = "val", allow_negative_numbers = true)]
    count: Option<i32>,
    /// Most bytes of data; more are noted in the server's log
    #[arg(short = 'b', long, value_name = "val", allow_negative_numbers = true)]
    bytes: Option<i64>,
    /// Most znodes; the server refuses more, if it has enforceQuota=true
    #[arg(short = 'N', long, value_name = "val", allow_negative_numbers = true)]
    hard_count: Option<i32>,
    /// Most bytes of data; the server refuses more, if it has enforceQuota=true
    #[arg(short = 'B', long, value_name = "val", allow_negative_numbers = true)]
    hard_bytes: Option<i64>,
}

const EXAMPLE: &str = "\
A script reads the existing hard limits before its first write, and obeys them. Its writes in flight may
exceed limits that others set later, or that it cannot see from inside a chroot, by some znodes or bytes.
With --window 1 they do not.

Example, at the servers' own root:
> create /marsh
Created /marsh
> create /marsh/reed
Created /marsh/reed
> setquota -n 1 /marsh
[Warning]: the count quota you create is less than the existing count:2
> delquota /marsh
> deleteall /marsh";

impl Spec for SetQuota {
    const NAME: &'static str = "setquota";
    const TASK: Task = Task::Protect;
    type Report = Warnings;

    fn effects(&self) -> Effects {
        Effects::writes(Write::Quota)
    }

    fn sends(&self) -> Sends {
        Sends::each(&["exists", "getChildren", "create", "getData", "setData"])
    }

    async fn run(&self, cx: &Context) -> Result<Warnings> {
        let path = cx.path(&self.path)?;
        let (limit, value) = self.value.checked()?;
        let Quota { limits, usage } = tree::set_quota(&cx.session, &path, limit, value).await?;
        let (count, bytes) = (usage.get(Limit::Count), usage.get(Limit::Bytes));
        Ok(Warnings {
            count: limits.is_exceeded(Limit::Count, Limit::CountHard, count).then_some(count),
            bytes: limits.is_exceeded(Limit::Bytes, Limit::BytesHard, bytes).then_some(bytes),
        })
    }
}

impl Value {
    fn checked(&self) -> Result<(Limit, i64)> {
        let counts = [(Limit::Count, self.count), (Limit::CountHard, self.hard_count)];
        for (limit, value) in counts {
            match value {
                Some(value @ 1..) => return Ok((limit, value.into())),
                Some(_) => {
                    return Err(Error::usage("the num quota must be greater than zero"));
                }
                None => {}
            }
        }
        let bytes = [(Limit::Bytes, self.bytes), (Limit::BytesHard, self.hard_bytes)];
        for (limit, value) in bytes {
            if let Some(value) = value {
                let refused = "the bytes quota must be greater than or equal to zero";
                return if value < 0 { Err(Error::usage(refused)) } else { Ok((limit, value)) };
            }
        }
        // clap's group rules this out.
        Err(Error::usage("Missing: --count|--bytes|--hard-count|--hard-bytes"))
    }
}

/// The usage of the subtree, if it exceeds the quota.
#[derive(Debug, serde::Serialize)]
pub struct Warnings {
    count: Option<i64>,
    bytes: Option<i64>,
}

impl Report for Warnings {
    fn text(&self, out: &mut Text<'_>) {
        for (what, has) in [("count", self.count), ("bytes", self.bytes)] {
            if let Some(has) = has {
                out.line(format_args!(
                    "[Warning]: the {what} quota you create is less than the existing {what}:{has}"
                ));
            }
        }
    }
}
