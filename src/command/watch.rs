//! `watch`: follow a znode, and run a command for each event.

use std::ffi::OsString;
use std::os::fd::AsFd;
use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::dialect::Format;
use crate::dispatch::{Context, Effects, Sends, Spec, Task};
use crate::error::{Code, Error, Kind, Result};
use crate::output::{Gap, NoOutput};
use crate::session::Step;
use crate::zk::{Event, TypedPath, ZnodePath};

/// Print each event of a znode, or run a command for it
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "watch [-R] [-n count] path [-- command [argument...]]",
    after_long_help = EXAMPLE
)]
pub struct Watch {
    /// Follow all znodes below it too
    #[arg(short = 'R', long)]
    recursive: bool,
    /// End after this many events
    #[arg(short = 'n', long, value_name = "count", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Znode to follow; it need not exist
    #[arg(value_name = "path")]
    path: TypedPath,
    /// Command of this machine to run for each event, one after the other
    #[arg(
        value_name = "command",
        last = true,
        value_hint = clap::ValueHint::CommandWithArguments
    )]
    command: Vec<OsString>,
}

const EXAMPLE: &str = "\
At a prompt, while somebody else writes /lake (Ctrl-C ends it):
    [zk: localhost:2181(CONNECTED) 0] watch /lake
    WATCHER::
    WatchedEvent state:SyncConnected type:NodeDataChanged path:/lake

The command gets the event in ZKSH_EVENT_TYPE, ZKSH_EVENT_PATH, ZKSH_EVENT_STATE and, if the server
sends it, ZKSH_EVENT_ZXID, and the current data of the znode on standard input:
    zksh watch /lake -- sh -c 'cat > lake.txt'

Servers since 3.6 report every event while the connection lasts. If events may be missing, watch prints a
gap with the current state, and runs the command with the type Gap. This happens after a lost connection,
unless the versions of the znode show that nothing was missed; between two requests to an older server;
and if events arrive faster than they are read, or than the command ends.

Example:
> watch -n 0 /lake
! -n cannot be 0: it is less than 1
! watch [-R] [-n count] path [-- command [argument...]]";

impl Watch {
    /// Runs the command for a step. Returns whether it succeeded.
    async fn run_command(&self, cx: &Context, watched: &ZnodePath, step: &Step) -> Result<bool> {
        let at = match step {
            Step::Event(Event { path: Some(path), .. }) => ZnodePath::new(path.as_str())?,
            _ => watched.clone(),
        };
        let data = match cx.session.get_data(&at, false).await {
            Ok((data, _)) => data.into_vec(),
            Err(error) if error.code_of() == Some(Code::NoNode) => Vec::new(),
            Err(error) => return Err(error),
        };
        let Some((program, arguments)) = self.command.split_first() else { return Ok(true) };
        let mut command = Command::new(program);
        command.args(arguments).env("ZKSH_EVENT_PATH", at.as_str()).stdin(Stdio::piped());
        match step {
            Step::Event(event) => {
                command.env("ZKSH_EVENT_TYPE", event.kind.name());
                command.env("ZKSH_EVENT_STATE", event.state);
                if let Some(zxid) = event.zxid {
                    command.env("ZKSH_EVENT_ZXID", format!("{zxid:#x}"));
                }
            }
            Step::Gap(_) => {
                command.env("ZKSH_EVENT_TYPE", "Gap").env("ZKSH_EVENT_STATE", "SyncConnected");
            }
        }
        if cx.view.format == Format::Json {
            // The output of the command is not a JSON record.
            let stderr = std::io::stderr().as_fd().try_clone_to_owned().map_err(cannot(program))?;
            command.stdout(stderr);
        }
        // Earlier output must come first.
        cx.flush()?;
        let mut child = command.kill_on_drop(true).spawn().map_err(cannot(program))?;
        if let Some(mut stdin) = child.stdin.take() {
            // The command may exit without reading all its input.
            let _ = stdin.write_all(&data).await;
        }
        Ok(child.wait().await.map_err(cannot(program))?.success())
    }
}

impl Spec for Watch {
    const NAME: &'static str = "watch";
    const TASK: Task = Task::Watch;
    type Report = NoOutput;

    fn effects(&self) -> Effects {
        Effects::READS.long(true)
    }

    fn sends(&self) -> Sends {
        Sends::many(&["getData", "exists", "getChildren", "addWatch"])
    }

    async fn run(&self, cx: &Context) -> Result<NoOutput> {
        let path = cx.path(&self.path)?;
        let mut follow = cx.session.follow(&path, self.recursive).await?;
        let mut failed = 0;
        let mut seen = 0;
        while self.count.is_none_or(|count| seen < count) {
            let step = follow.next().await?;
            seen += u64::from(matches!(step, Step::Event(_)));
            if self.command.is_empty() {
                match step {
                    Step::Event(event) => cx.show_whole(&event)?,
                    Step::Gap(reason) => {
                        let gap = Gap::of(path.as_str(), &reason);
                        // A failure to read the present state is no reason to stop.
                        cx.show_whole(&match cx.session.exists(&path, false).await {
                            Ok(now) => gap.found(now),
                            Err(_) => gap,
                        })?;
                    }
                }
            } else if !self.run_command(cx, &path, &step).await? {
                failed += 1;
            }
        }
        match failed {
            0 => Ok(NoOutput {}),
            _ => Err(Error::new(Kind::Refused, format!("The command failed {failed} times"))),
        }
    }
}

fn cannot(program: &OsString) -> impl Fn(std::io::Error) -> Error {
    let program = program.to_string_lossy().into_owned();
    move |error| Error::new(Kind::Refused, format!("Cannot run {program}: {error}"))
}
