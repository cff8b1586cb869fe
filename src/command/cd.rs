//! `cd`: change the working path.

use crate::dialect::Dialect;
use crate::dispatch::{Context, Effects, Sends, Spec, Task};
use crate::error::{Code, Error, Result};
use crate::output::NoOutput;
use crate::zk::{TypedPath, ZnodePath};

/// Change the znode that relative paths start from
#[derive(Debug, clap::Args)]
#[command(override_usage = "cd [path]", after_long_help = EXAMPLE)]
pub struct Cd {
    /// Znode to go to; / by default
    #[arg(value_name = "path", default_value = "/")]
    path: TypedPath,
}

const EXAMPLE: &str = "\
Example:
> create /lake
Created /lake
> create /lake/reed
Created /lake/reed
> cd /lake
> ls .
[reed]
> pwd
/lake";

impl Cd {
    async fn go(&self, cx: &Context) -> Result<NoOutput> {
        let path = match cx.cwd.get() {
            // A script starts at the root, but only `cd` resolves relative paths from there.
            None if cx.view.dialect == Dialect::V34 && !cx.cwd.is_lost() => {
                self.path.from(Some(&ZnodePath::root()))?
            }
            _ => cx.path(&self.path)?,
        };
        if cx.session.exists(&path, false).await?.is_none() {
            return Err(Error::code(Code::NoNode, path.as_str()));
        }
        cx.cwd.set(path);
        Ok(NoOutput {})
    }
}

impl Spec for Cd {
    const NAME: &'static str = "cd";
    const TASK: Task = Task::Look;
    type Report = NoOutput;

    fn effects(&self) -> Effects {
        Effects { reads: true, ..Effects::SHELL }
    }

    fn sends(&self) -> Sends {
        Sends::each(&["exists"])
    }

    async fn run(&self, cx: &Context) -> Result<NoOutput> {
        let result = self.go(cx).await;
        if cx.terminal.is_none() {
            // Later lines of the script expect a working path that it is not in.
            cx.cwd.set_lost(result.is_err());
        }
        result
    }
}
