//! `create`: creates a znode.

use std::sync::Arc;
use std::time::Duration;

use super::Command;
use crate::dispatch::{
    Context, DATA_SOURCES, Data, DataHint, DataSource, Effects, Sends, Spec, Task, Write,
};
use crate::error::{Code, Error, Result};
use crate::output::{Report, Text};
use crate::session::{CreateMode, Operation};
use crate::zk::{Acl, TypedPath, ZnodeData};

/// The maximum time to live that the server can store, in milliseconds (`EphemeralType`, five
/// bytes).
const MAX_TTL: i64 = 0xff_ffff_ffff;

/// Create a znode
#[derive(Debug, Default, clap::Args)]
#[command(
    override_usage = "create [-s] [-e] [-c] [-t ttl] [-i file] [-b] [-x] [--json] [--null] [--parents] [--if-absent] path [data] [acl]",
    after_long_help = EXAMPLE
)]
#[expect(clippy::struct_excessive_bools, reason = "one flag each, as zkCli has them")]
pub struct Create {
    /// Append ten digits that count up, so that every name is new
    #[arg(short, long)]
    sequential: bool,
    /// Delete the znode when this session ends
    #[arg(short, long)]
    ephemeral: bool,
    /// Delete the znode some time after its last child has gone
    #[arg(short, long, conflicts_with_all = ["sequential", "ephemeral"])]
    container: bool,
    /// Delete the znode when it has not changed for this many milliseconds
    #[arg(
        short, long, value_name = "ttl", allow_negative_numbers = true,
        value_parser = clap::value_parser!(i64).range(1..=MAX_TTL),
        conflicts_with_all = ["container", "ephemeral"]
    )]
    ttl: Option<i64>,
    #[command(flatten)]
    source: DataSource,
    /// Create missing znodes above it too
    #[arg(long)]
    parents: bool,
    /// Do nothing if the znode exists
    #[arg(long, conflicts_with = "sequential")]
    if_absent: bool,
    /// Znode to create; its parent must exist
    #[arg(value_name = "path")]
    path: TypedPath,
    /// Data to keep in it; null if none is given
    #[arg(value_name = "data", allow_hyphen_values = true, long_help = DATA_SOURCES)]
    data: Option<Data>,
    /// Its ACL: scheme:id:perms[,...]; open to everyone by default
    #[arg(value_name = "acl")]
    acl: Option<Acl>,
}

const EXAMPLE: &str = "\
A script's writes may exceed a hard limit that others set meanwhile: help setquota says when.

Example:
> create /lake deep
Created /lake
> create -s /lake/reed-
Created /lake/reed-0000000000
> create -e /lake/duck
Created /lake/duck
> create --parents --if-absent /pond/north/shore
Created /pond/north/shore
> create --parents --if-absent /pond/north/shore";

impl Create {
    async fn as_operation(&self, cx: &Context) -> Result<Operation> {
        if self.parents || self.if_absent {
            return Err(Error::usage("--parents and --if-absent cannot be used in a transaction"));
        }
        let (prefix, data, mode, acl) = self.prepare(cx).await?;
        Ok(Operation::Create { prefix, data, mode, acl })
    }

    /// Returns whether the command asks for a password.
    pub(super) fn asks(&self) -> bool {
        self.acl.as_ref().is_some_and(|acl| acl.unanswered().next().is_some())
    }

    /// Returns the path (for a sequential znode its prefix), the data, the mode and the ACL.
    async fn prepare(&self, cx: &Context) -> Result<(Arc<str>, ZnodeData, CreateMode, Acl)> {
        let path = if self.sequential {
            cx.sequential(&self.path)?.into()
        } else {
            cx.path(&self.path)?.to_shared()
        };
        let mode = CreateMode {
            ephemeral: self.ephemeral,
            sequential: self.sequential,
            container: self.container,
            ttl: self.ttl.map(|ttl| Duration::from_millis(ttl.unsigned_abs())),
        };
        let data = self.source.read(cx, self.data.as_ref()).await?;
        let acl = match &self.acl {
            Some(acl) => cx.acl(acl).await?,
            None => Acl::open(),
        };
        Ok((path, data, mode, acl))
    }

    /// Returns whether the command may need more than one round trip.
    pub(super) fn is_long(&self) -> bool {
        self.parents
    }
}

impl Spec for Create {
    const NAME: &'static str = "create";
    const TASK: Task = Task::Change;
    const SEARCH_TERMS: &'static [(&'static str, &'static str)] =
        &[("mkdir", "create"), ("touch", "create")];
    type Report = CreateReport;

    fn effects(&self) -> Effects {
        Effects::writes(Write::Create).long(self.asks() || self.is_long())
    }

    fn sends(&self) -> Sends {
        Sends::each(&["create"])
    }

    async fn run(&self, cx: &Context) -> Result<CreateReport> {
        let (path, data, mode, acl) = self.prepare(cx).await?;
        let again = self.parents.then(|| data.clone());
        let mut result = cx.session.create(Arc::clone(&path), data, mode, &acl).await;
        if let Some(data) = again
            && is(&result, Code::NoNode)
        {
            // Boxed, so that this rare case does not enlarge the future of every line.
            let above = Box::pin(create_parents(cx, &path, &acl)).await;
            above.map_err(|error| explain(cx, error))?;
            result = Box::pin(cx.session.create(Arc::clone(&path), data, mode, &acl)).await;
        }
        if self.if_absent && is(&result, Code::NodeExists) {
            return Ok(CreateReport { path: path.to_string(), created: false });
        }
        let path = result.map_err(|error| explain(cx, error))?;
        Ok(CreateReport { path, created: true })
    }

    async fn operation(&self, cx: &Context) -> Option<Result<Operation>> {
        Some(self.as_operation(cx).await)
    }

    fn data_hint(&self) -> Option<DataHint> {
        self.source.hint::<Command>("create", self.data.as_ref())
    }

    fn from_path(path: TypedPath, data: Option<Data>) -> Option<Self> {
        Some(Self { path, data, ..Self::default() })
    }
}

async fn create_parents(cx: &Context, path: &str, acl: &Acl) -> Result<()> {
    for parent in parents(path) {
        let created =
            cx.session.create(parent, ZnodeData::null(), CreateMode::default(), acl).await;
        if !is(&created, Code::NodeExists) {
            created?;
        }
    }
    Ok(())
}

fn is<T>(result: &Result<T>, code: Code) -> bool {
    result.as_ref().is_err_and(|error| error.code_of() == Some(code))
}

/// Returns the ancestors of `path`, the shortest first. The path of a sequential znode may end with
/// `/`.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end]).filter(|parent| !parent.is_empty())
}

fn explain(cx: &Context, error: Error) -> Error {
    match error.code_of() {
        // The parent of a znode directly below / is the chroot.
        Some(Code::NoNode) if error.path().is_some_and(|path| path.rfind('/') == Some(0)) => {
            cx.of_missing_chroot(error)
        }
        Some(Code::NoNode) => {
            error.with_hint("its parent must exist: create it first, or pass --parents")
        }
        Some(Code::Unimplemented) => {
            error.with_hint("this server has no containers or TTL znodes, or they are disabled")
        }
        _ => error,
    }
}

/// The path of the znode, and whether it is new.
#[derive(Debug, serde::Serialize)]
pub struct CreateReport {
    path: String,
    created: bool,
}

impl Report for CreateReport {
    fn text(&self, out: &mut Text<'_>) {
        if self.created {
            out.own("Created ");
            out.foreign(&self.path);
            out.line("");
        }
    }

    fn raw(&self) -> Option<Vec<u8>> {
        Some(format!("{}\n", self.path).into_bytes())
    }
}
