//! `cd`: change the working path.

use crate::dialect::Dialect;
use crate::dispatch::Effects;
use super::{Shell, Spec, Task};
use crate::error::{Code, Error, Result};
use crate::output::Silence;
use crate::zk::{TypedPath, ZnodePath};

/// Change the znode that relative paths start from
#[derive(Debug, clap::Args)]
#[command(override_usage = "cd [path]", after_long_help = EXAMPLE)]
pub struct Cd {
    /// Znode to go to; / where none is given
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
    async fn go(&self, shell: &Shell) -> Result<Silence> {
        let path = match shell.session.working_path() {
            // A script begins in the root, though only `cd` counts from there.
            None if shell.view.dialect == Dialect::V34 && !shell.has_lost_way() => {
                self.path.from(Some(&ZnodePath::root()))?
            }
            _ => shell.path(&self.path)?,
        };
        if shell.session.exists(&path, false).await?.is_none() {
            return Err(Error::code(Code::NoNode, path.as_str()));
        }
        shell.session.work_in(path);
        Ok(Silence {})
    }
}

impl Spec for Cd {
    const NAME: &'static str = "cd";
    const TASK: Task = Task::Look;
    type Report = Silence;

    fn effects(&self) -> Effects {
        Effects { reads: true, ..Effects::SHELL }
    }

    async fn run(&self, shell: &Shell) -> Result<Silence> {
        let result = self.go(shell).await;
        if shell.terminal.is_none() {
            // What follows was meant for a place where the script is not.
            shell.lose_way(result.is_err());
        }
        result
    }
}
