//! The commands, a file each, and the way from a typed line to a report.
//!
//! A command knows its arguments, its help, its example and its report. It knows neither where its
//! line came from nor where its report goes.

mod addauth;
mod addwatch;
mod block;
mod cd;
mod config;
mod connect;
mod consent;
mod create;
mod data;
mod data_hint;
mod delete;
mod deleteall;
mod delquota;
mod digest;
mod echo;
mod edit;
mod exists;
mod get;
mod getacl;
mod getallchildrennumber;
mod getephemerals;
mod help;
mod history;
mod inner;
mod listquota;
mod log;
mod ls;
mod multi;
mod parse;
mod plain;
mod printwatches;
mod pwd;
mod quit;
mod reconfig;
mod reconnect;
mod redact;
mod removewatches;
mod repeat;
mod secret;
mod set;
mod setacl;
mod setquota;
mod setting;
mod shell;
mod sleep;
mod stat;
mod switches;
mod sync;
mod time;
mod usage_error;
mod version;
mod wait;
mod watch;
mod watches;
mod whoami;

use clap::CommandFactory;

pub use self::block::mark;
pub use self::consent::Question;
pub use self::data_hint::{DataHint, show as show_data_hint};
pub use self::history::recalled;
pub use self::parse::{Call, Reader, parse, words};
use self::parse::{is_option, with_places};
pub use self::redact::{is_private, redact};
pub use self::shell::{Outcome, Shell};
pub use self::switches::{Switch, Switches};
use self::usage_error::{nearest, unknown};
use crate::dispatch::{Effects, Write};
use crate::error::Result;
use crate::output::Report;
use crate::session::Operation;
pub use crate::syntax::Variables;
use crate::syntax::repeatable_flags;

/// Every command there is: the only list. What each does stands with its arguments.
#[expect(missing_docs, reason = "a comment here would replace the command's own help")]
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    #[command(name = "addauth")]
    AddAuth(addauth::AddAuth),
    #[command(name = "addWatch")]
    AddWatch(addwatch::AddWatch),
    Cd(cd::Cd),
    Check(multi::Check),
    Close(connect::Close),
    Commit(multi::Commit),
    Config(config::Config),
    Connect(connect::Connect),
    Create(create::Create),
    #[command(name = "delquota")]
    DelQuota(delquota::DelQuota),
    Delete(delete::Delete),
    Digest(digest::Digest),
    #[command(name = "deleteall", visible_alias = "rmr")]
    DeleteAll(deleteall::DeleteAll),
    Discard(multi::Discard),
    Echo(echo::Echo),
    Edit(edit::Edit),
    Exists(exists::Exists),
    Get(get::Get),
    #[command(name = "getAcl")]
    GetAcl(getacl::GetAcl),
    #[command(name = "getAllChildrenNumber")]
    GetAllChildrenNumber(getallchildrennumber::GetAllChildrenNumber),
    #[command(name = "getEphemerals")]
    GetEphemerals(getephemerals::GetEphemerals),
    Help(help::Help),
    History(history::History),
    #[command(name = "listquota")]
    ListQuota(listquota::ListQuota),
    Ls(ls::Ls),
    Ls2(ls::Ls2),
    Multi(multi::Multi),
    #[command(name = "printwatches")]
    PrintWatches(printwatches::PrintWatches),
    Pwd(pwd::Pwd),
    #[command(visible_alias = "exit")]
    Quit(quit::Quit),
    Reconfig(reconfig::Reconfig),
    Reconnect(reconnect::Reconnect),
    Redo(history::Redo),
    #[command(name = "removewatches")]
    RemoveWatches(removewatches::RemoveWatches),
    Repeat(repeat::Repeat),
    Set(set::Set),
    #[command(name = "setAcl")]
    SetAcl(setacl::SetAcl),
    #[command(name = "setquota")]
    SetQuota(setquota::SetQuota),
    Setting(setting::Setting),
    Sleep(sleep::Sleep),
    Stat(stat::Stat),
    Sync(sync::Sync),
    Time(time::Time),
    Version(version::Version),
    Wait(wait::Wait),
    Watch(watch::Watch),
    Watches(watches::Watches),
    #[command(name = "whoami")]
    WhoAmI(whoami::WhoAmI),
}

impl Command {
    /// Returns clap's tree of all commands: the source of help, man pages and completion.
    pub fn tree() -> clap::Command {
        repeatable_flags(parse::Typed::command())
    }

    /// Returns what the command does, as far as others must know.
    pub fn effects(&self, shell: &Shell) -> Effects {
        let reads = |watches: bool| Effects::READS.watching(watches);
        match self {
            Self::AddAuth(_) => Effects { auth: true, ..Effects::NONE },
            Self::Create(command) => {
                Effects::writes(Write::Create).long(command.asks() || command.is_long())
            }
            Self::Delete(_) => Effects::writes(Write::Delete),
            Self::Set(command) => Effects::writes(Write::Data).long(command.is_long()),
            Self::SetAcl(command) => Effects::writes(Write::Acl).long(command.is_long()),
            Self::Config(command) => reads(command.watches()),
            Self::Get(command) => reads(command.watches()),
            Self::Exists(_) | Self::GetAcl(_) => Effects::READS,
            Self::Ls(command) => reads(command.watches()).long(command.is_long()),
            Self::Ls2(command) => reads(command.watches()),
            Self::Stat(command) => reads(command.watches()),
            Self::Cd(_) => Effects { reads: true, ..Effects::SHELL },
            Self::GetAllChildrenNumber(_)
            | Self::GetEphemerals(_)
            | Self::ListQuota(_)
            | Self::Sync(_)
            | Self::Wait(_)
            | Self::Watch(_)
            | Self::WhoAmI(_) => Effects::READS.long(true),
            Self::AddWatch(_) | Self::RemoveWatches(_) | Self::Watches(_) => {
                Effects { write: Some(Write::Several), ..Effects::NONE }.watching(true)
            }
            Self::Close(_) | Self::Connect(_) | Self::Quit(_) | Self::Reconnect(_) => {
                Effects { session: true, ..Effects::NONE }
            }
            Self::DelQuota(_) | Self::SetQuota(_) => Effects::writes(Write::Quota),
            Self::Commit(_) | Self::DeleteAll(_) | Self::Edit(_) | Self::Reconfig(_) => {
                Effects::writes(Write::Several)
            }
            Self::Redo(command) => {
                let line = command.line(shell).and_then(|line| shell.reader.read(&line));
                line.map_or(Effects::NONE, |again| {
                    again.map_or(Effects::NONE, |again| again.effects(shell).long(true))
                })
            }
            Self::Repeat(command) => {
                command.call().map_or(Effects::NONE, |call| call.effects(shell).long(true))
            }
            Self::Time(command) => {
                command.call().map_or(Effects::NONE, |call| call.effects(shell).long(true))
            }
            Self::Check(_)
            | Self::Digest(_)
            | Self::Discard(_)
            | Self::Echo(_)
            | Self::Help(_)
            | Self::History(_)
            | Self::Multi(_)
            | Self::PrintWatches(_)
            | Self::Pwd(_)
            | Self::Setting(_)
            | Self::Sleep(_)
            | Self::Version(_) => Effects::SHELL,
        }
    }

    /// Returns what to say of data that is stored as typed and may surprise.
    pub fn data_hint(&self) -> Option<DataHint> {
        match self {
            Self::Create(command) => command.data_hint(),
            Self::Repeat(command) => command.call().ok()?.data_hint(),
            Self::Set(command) => command.data_hint(),
            Self::Time(command) => command.call().ok()?.data_hint(),
            _ => None,
        }
    }

    /// Returns what a person is to be asked before the command runs; none for most commands.
    pub async fn question(&self, shell: &Shell) -> Result<Option<Question>> {
        match self {
            Self::DeleteAll(command) => command.question(shell).await,
            Self::Redo(command) => match shell.reader.read(&command.line(shell)?)? {
                Some(again) => Box::pin(again.question(shell)).await,
                None => Ok(None),
            },
            Self::Repeat(command) => Box::pin(command.call()?.question(shell)).await,
            Self::SetAcl(command) => command.question(shell).await,
            Self::Time(command) => Box::pin(command.call()?.question(shell)).await,
            _ => Ok(None),
        }
    }

    /// Returns what the command means inside a transaction; none where it runs at once there too.
    async fn operation(&self, shell: &Shell) -> Option<Result<Operation>> {
        Some(match self {
            Self::Check(command) => command.operation(shell),
            Self::Create(command) => command.operation(shell).await,
            Self::Delete(command) => command.operation(shell),
            Self::Set(command) if command.setting(shell).is_none() => {
                command.operation(shell).await
            }
            _ => return None,
        })
    }

    async fn run(&self, shell: &Shell) -> Result<Box<dyn Report>> {
        if shell.in_transaction()
            && let Some(operation) = self.operation(shell).await
        {
            return boxed(shell.queue(operation));
        }
        match self {
            Self::AddAuth(command) => boxed(command.run(shell).await),
            Self::AddWatch(command) => boxed(command.run(shell).await),
            Self::Cd(command) => boxed(command.run(shell).await),
            Self::Check(_) => boxed(multi::Check::run()),
            Self::Close(command) => boxed(command.run(shell).await),
            Self::Commit(_) => boxed(multi::Commit::run(shell).await),
            Self::Config(command) => boxed(command.run(shell).await),
            Self::Connect(command) => boxed(command.run(shell).await),
            Self::Create(command) => boxed(command.run(shell).await),
            Self::DelQuota(command) => boxed(command.run(shell).await),
            Self::Delete(command) => boxed(command.run(shell).await),
            Self::DeleteAll(command) => boxed(command.run(shell).await),
            Self::Discard(_) => boxed(multi::Discard::run(shell)),
            Self::Echo(command) => boxed(Ok(command.run(shell))),
            Self::Edit(command) => boxed(Box::pin(command.run(shell)).await),
            Self::Digest(command) => boxed(command.run(shell).await),
            Self::Exists(command) => boxed(command.run(shell).await),
            Self::Get(command) => boxed(command.run(shell).await),
            Self::GetAcl(command) => boxed(command.run(shell).await),
            Self::GetAllChildrenNumber(command) => boxed(command.run(shell).await),
            Self::GetEphemerals(command) => boxed(command.run(shell).await),
            Self::Help(command) => boxed(command.run()),
            Self::History(command) => boxed(command.run(shell)),
            Self::ListQuota(command) => boxed(command.run(shell).await),
            Self::Ls(command) => boxed(command.run(shell).await),
            Self::Ls2(command) => boxed(command.run(shell).await),
            Self::Multi(_) => boxed(multi::Multi::run(shell)),
            Self::PrintWatches(command) => Ok(command.run(shell)),
            Self::Pwd(_) => boxed(Ok(pwd::Pwd::run(shell))),
            Self::Quit(command) => boxed(command.run(shell).await),
            Self::Reconfig(command) => boxed(command.run(shell).await),
            Self::Reconnect(command) => boxed(command.run(shell).await),
            Self::Redo(command) => shell.redo(command.line(shell)?).await,
            Self::RemoveWatches(command) => boxed(command.run(shell).await),
            Self::Repeat(command) => boxed(command.run(shell).await),
            Self::Set(command) => match command.setting(shell) {
                Some(setting) => boxed(setting.run(shell)),
                None => boxed(command.run(shell).await),
            },
            Self::SetAcl(command) => boxed(command.run(shell).await),
            Self::SetQuota(command) => boxed(Box::pin(command.run(shell)).await),
            Self::Setting(command) => boxed(command.run(shell)),
            Self::Sleep(command) => boxed(Ok(command.run().await)),
            Self::Stat(command) => boxed(command.run(shell).await),
            Self::Sync(command) => boxed(command.run(shell).await),
            Self::Time(command) => boxed(command.run(shell).await),
            Self::Version(_) => boxed(Ok(version::Version::run())),
            Self::Wait(command) => boxed(Box::pin(command.run(shell)).await),
            Self::Watch(command) => boxed(Box::pin(command.run(shell)).await),
            Self::Watches(command) => boxed(command.run(shell).await),
            Self::WhoAmI(_) => boxed(whoami::WhoAmI::run(shell).await),
        }
    }
}

fn boxed<R: Report + 'static>(result: Result<R>) -> Result<Box<dyn Report>> {
    result.map(|report| Box::new(report) as Box<dyn Report>)
}
