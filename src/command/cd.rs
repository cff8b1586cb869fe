//! `cd`: change the working path.

use crate::dispatch::Effects;
use super::{Shell, Spec, Task};
use crate::error::{Code, Error, Result};
use crate::output::Silence;
use crate::zk::TypedPath;

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

impl Spec for Cd {
    const NAME: &'static str = "cd";
    const TASK: Task = Task::Look;
    type Report = Silence;

    fn effects(&self) -> Effects {
        Effects { reads: true, ..Effects::SHELL }
    }

    async fn run(&self, shell: &Shell) -> Result<Silence> {
        let path = shell.path(&self.path)?;
        if shell.session.exists(&path, false).await?.is_none() {
            return Err(Error::code(Code::NoNode, path.as_str()));
        }
        shell.session.work_in(path);
        Ok(Silence {})
    }
}
