//! `set`: writes a znode's data.

use super::Command;
use super::setting::Setting;
use crate::dispatch::{
    Context, DATA_SOURCES, Data, DataHint, DataSource, Effects, Sends, Spec, Task, Write,
};
use crate::error::{Code, Error, Result};
use crate::output::{Report, Text};
use crate::session::{CreateMode, Operation, Session};
use crate::zk::{Acl, Stat, TypedPath, ZnodeData, ZnodePath};

/// How often the znode is created again while other clients delete it.
const MAX_TRIES: usize = 3;

/// Write the data of a znode
#[derive(Debug, Default, clap::Args)]
#[command(
    override_usage = "set path data [-s] [-v version] [-i file] [-b] [-x] [--json] [--null] [--create] | set path data [version]",
    after_long_help = EXAMPLE
)]
pub struct Set {
    /// Print the stat afterwards
    #[arg(short, long)]
    stat: bool,
    /// Write only if this is the version of the data
    #[arg(short = 'v', long = "version", value_name = "version", allow_negative_numbers = true)]
    only: Option<i32>,
    #[command(flatten)]
    source: DataSource,
    /// Create the znode if it does not exist
    #[arg(long, conflicts_with_all = ["only", "version"])]
    create: bool,
    /// Znode to write
    #[arg(value_name = "path")]
    path: TypedPath,
    /// Data to keep in it
    #[arg(value_name = "data", allow_hyphen_values = true, long_help = DATA_SOURCES)]
    data: Data,
    /// Write only if this is the version of the data
    #[arg(value_name = "version", conflicts_with = "only", allow_negative_numbers = true)]
    version: Option<i32>,
}

const EXAMPLE: &str = "\
A script's writes may exceed a hard limit that others set meanwhile: help setquota says when.

Example:
> create /lake deep
Created /lake
> set /lake deeper -v 3
! version No is not valid : /lake
> set --json /lake '{\"deep\": true,}'
! Not JSON: line 1, column 15: trailing comma; nothing was written";

impl Set {
    /// Returns the setting that `set hints off` means when it is typed at `/`. It cannot mean a
    /// znode there, because the user would type a path that begins with `/`.
    pub(super) fn setting(&self, cx: &Context) -> Option<Setting> {
        let at_root = cx.cwd.get().is_some_and(|path| path.is_root());
        let unconditional = self.only.is_none() && self.version.is_none();
        let bare =
            !self.stat && self.source == DataSource::default() && !self.create && unconditional;
        if cx.terminal.is_none() || !at_root || !bare {
            return None;
        }
        Setting::of_words(self.path.as_str(), self.data.0.to_str()?)
    }

    /// Returns whether the command needs more than one round trip.
    pub(super) fn is_long(&self) -> bool {
        self.create
    }

    async fn as_operation(&self, cx: &Context) -> Result<Operation> {
        if self.create {
            return Err(Error::usage("--create cannot be used in a transaction"));
        }
        let path = cx.path(&self.path)?;
        let data = self.source.read(cx, Some(&self.data)).await?;
        let version = self.only.or(self.version);
        Ok(Operation::Set { path, data, version })
    }
}

impl Spec for Set {
    const NAME: &'static str = "set";
    const TASK: Task = Task::Change;
    type Report = Box<dyn Report>;

    fn effects(&self) -> Effects {
        Effects::writes(Write::Data).long(self.is_long())
    }

    fn sends(&self) -> Sends {
        if self.create { Sends::each(&["setData", "create"]) } else { Sends::each(&["setData"]) }
    }

    async fn run(&self, cx: &Context) -> Result<Box<dyn Report>> {
        if let Some(setting) = self.setting(cx) {
            return Ok(Box::new(setting.run(cx).await?));
        }
        let path = cx.path(&self.path)?;
        let data = self.source.read(cx, Some(&self.data)).await?;
        let session = &cx.session;
        let tells = self.stat || cx.view.tells_stat();
        let report = if self.create {
            // Boxed, so that this rare case does not enlarge the future of every line.
            Box::pin(create_or_set(session, &path, data)).await?
        } else {
            let stat = session.set_data(&path, data, self.only.or(self.version)).await?;
            SetReport { created: None, stat: Some(stat) }
        };
        Ok(Box::new(SetReport { stat: report.stat.filter(|_| tells), ..report }))
    }

    async fn operation(&self, cx: &Context) -> Option<Result<Operation>> {
        match self.setting(cx) {
            Some(_) => None,
            None => Some(self.as_operation(cx).await),
        }
    }

    fn data_hint(&self) -> Option<DataHint> {
        self.source.hint::<Command>("set", Some(&self.data))
    }

    fn from_path(path: TypedPath, data: Option<Data>) -> Option<Self> {
        Some(Self { path, data: data?, ..Self::default() })
    }
}

/// Writes the data of a znode, and creates the znode if it does not exist.
async fn create_or_set(session: &Session, path: &ZnodePath, data: ZnodeData) -> Result<SetReport> {
    let mut result = session.set_data(path, data.clone(), None).await;
    for _ in 0..MAX_TRIES {
        match &result {
            Err(error) if error.code_of() == Some(Code::NoNode) => {}
            _ => break,
        }
        let (mode, acl) = (CreateMode::default(), Acl::open());
        match session.create(path.to_shared(), data.clone(), mode, &acl).await {
            Ok(_) => return Ok(SetReport { created: Some(path.to_string()), stat: None }),
            // Another client has created the znode, so it can be written now.
            Err(error) if error.code_of() == Some(Code::NodeExists) => {}
            Err(error) => return Err(error),
        }
        result = session.set_data(path, data.clone(), None).await;
    }
    result.map(|stat| SetReport { created: None, stat: Some(stat) })
}

/// The stat after a write if it was requested, or the path of a new znode.
#[derive(Debug, serde::Serialize)]
pub(super) struct SetReport {
    created: Option<String>,
    stat: Option<Stat>,
}

impl Report for SetReport {
    fn text(&self, out: &mut Text<'_>) {
        if let Some(path) = &self.created {
            out.own("Created ");
            out.foreign(path);
            out.line("");
        }
        if let Some(stat) = &self.stat {
            stat.text(out);
        }
    }
}
