//! The commands, a file each, and the way from a typed line to a report.
//!
//! A command knows its arguments, its help, its example and its report. It knows neither where its
//! line came from nor where its report goes.

mod consent;
mod context;
mod data;
mod data_hint;
mod fast_parse;
mod heredoc;
mod keys_page;
mod likely_line;
mod line_log;
mod multi_line;
mod parse;
mod read_failures;
mod redact;
mod secret;
mod spec;
mod switches;
mod transferring;
mod usage_error;
mod wrapped_command;

use clap::CommandFactory;

pub use self::consent::Question;
pub use self::context::{Context, Outcome};
pub use self::data_hint::{DataHint, show as show_data_hint};
pub use self::help::related;
pub use self::heredoc::terminator;
pub use self::history::recalled;
pub use self::multi_line::{MultiLine, Unfinished};
pub use self::parse::{Invocation, Reader, parse, words};
use self::parse::{is_option, with_places};
pub use self::redact::{is_private, redact};
pub use self::secret::ask;
use self::spec::Spec;
use self::spec::Task;
pub use self::switches::{Switch, Switches};
use self::usage_error::{nearest, unknown};
use crate::dispatch::Effects;
use crate::error::Result;
use crate::output::Report;
use crate::session::Operation;
pub use crate::syntax::Variables;
use crate::syntax::repeatable_flags;

/// Declares the commands: the modules, the enumeration, and what it hands on to each.
macro_rules! commands {
    ($($module:ident: $($command:ident),+;)+) => {
        $(mod $module;)+

        /// Every command there is. What each does stands with its arguments.
        #[expect(missing_docs, reason = "a comment here would replace the command's own help")]
        #[derive(Debug, clap::Subcommand)]
        pub enum Command {
            $($(
                #[command(
                    name = <$module::$command as Spec>::NAME,
                    visible_aliases = <$module::$command as Spec>::ALIASES.iter().copied()
                )]
                $command($module::$command),
            )+)+
        }

        /// Name, task, and what other shells call it, in the order of `help`.
        const COMMANDS: &[Listed] = &[
            $($(Listed::of::<$module::$command>(),)+)+
        ];

        impl Command {
            /// Returns what the command does, as far as others must know.
            pub fn effects(&self, cx: &Context) -> Effects {
                if let Some(wrapped) = self.wrapped(Some(cx)) {
                    return wrapped.map_or(Effects::SHELL, |invocation| invocation.effects(cx).long(true));
                }
                match self {
                    $($(Self::$command(command) => command.effects(),)+)+
                }
            }

            /// Returns what to say of data that is stored as typed and may surprise.
            pub fn data_hint(&self) -> Option<DataHint> {
                if let Some(wrapped) = self.wrapped(None) {
                    return wrapped.ok()?.data_hint();
                }
                match self {
                    $($(Self::$command(command) => command.data_hint(),)+)+
                }
            }

            /// Returns what a person is to be asked before the command runs; none for most.
            pub async fn question(&self, cx: &Context) -> Result<Option<Question>> {
                if let Some(wrapped) = self.wrapped(Some(cx)) {
                    return Box::pin(wrapped?.question(cx)).await;
                }
                match self {
                    $($(Self::$command(command) => Box::pin(command.question(cx)).await,)+)+
                }
            }

            /// Returns what the command means inside a transaction; none where it runs at once
            /// there too.
            async fn operation(&self, cx: &Context) -> Option<Result<Operation>> {
                match self {
                    $($(Self::$command(command) => command.operation(cx).await,)+)+
                }
            }

            fn wrapped(&self, cx: Option<&Context>) -> Option<Result<Invocation>> {
                match self {
                    $($(Self::$command(command) => command.wrapped(cx),)+)+
                }
            }

            async fn run(&self, cx: &Context) -> Result<Box<dyn Report>> {
                if cx.in_transaction()
                    && let Some(operation) = self.operation(cx).await
                {
                    return boxed(cx.queue(operation));
                }
                match self {
                    // In a box each, so that a script's line is not as large as the largest of them.
                    $($(Self::$command(command) => boxed(Box::pin(command.run(cx)).await),)+)+
                }
            }
        }
    };
}

commands! {
    ls: Ls, Ls2;
    get: Get;
    stat: Stat;
    exists: Exists;
    getallchildrennumber: GetAllChildrenNumber;
    cd: Cd;
    pwd: Pwd;
    tree: Tree;
    find: Find;
    grep: Grep;
    du: Du;
    count: Count;
    create: Create;
    set: Set;
    edit: Edit;
    delete: Delete;
    deleteall: DeleteAll;
    json: Json;
    cp: Cp;
    mv: Mv;
    mirror: Mirror;
    diff: Diff;
    save: Save;
    load: Load;
    plan: Plan, Apply;
    watch: Watch;
    wait: Wait;
    addwatch: AddWatch;
    removewatches: RemoveWatches;
    watches: Watches;
    printwatches: PrintWatches;
    getacl: GetAcl;
    setacl: SetAcl;
    digest: Digest;
    addauth: AddAuth;
    whoami: WhoAmI;
    setquota: SetQuota;
    listquota: ListQuota;
    delquota: DelQuota;
    connect: Connect, Close;
    reconnect: Reconnect;
    getephemerals: GetEphemerals;
    sync: Sync;
    quit: Quit;
    config: Config;
    reconfig: Reconfig;
    multi: Multi, Check, Commit, Discard;
    source: Source;
    echo: Echo;
    sleep: Sleep;
    time: Time;
    repeat: Repeat;
    help: Help;
    history: History, Redo;
    setting: Setting;
    clear: Clear;
    version: Version;
}

/// What the list of commands says of one.
struct Listed {
    name: &'static str,
    task: Task,
    search_terms: &'static [(&'static str, &'static str)],
}

impl Listed {
    const fn of<C: Spec>() -> Self {
        Self { name: C::NAME, task: C::TASK, search_terms: C::SEARCH_TERMS }
    }
}

impl Command {
    /// Returns clap's tree of all commands: the source of help, man pages and completion.
    pub fn tree() -> clap::Command {
        repeatable_flags(parse::CommandLine::command())
    }
}

fn boxed<R: Report + 'static>(result: Result<R>) -> Result<Box<dyn Report>> {
    result.map(|report| Box::new(report) as Box<dyn Report>)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_command_lacks_anything() {
        let tree = Command::tree();
        let mut lacks = Vec::new();
        for Listed { name, search_terms, .. } in COMMANDS {
            let Some(command) = tree.find_subcommand(name) else {
                lacks.push(format!("{name}: no command of clap's"));
                continue;
            };
            let text = |text: Option<&clap::builder::StyledStr>| {
                text.map(ToString::to_string).unwrap_or_default()
            };
            if text(command.get_about()).is_empty() {
                lacks.push(format!("{name}: no line that says what it does"));
            }
            if !text(command.get_after_long_help()).contains("Example") {
                lacks.push(format!("{name}: no example"));
            }
            for arg in command.get_arguments().filter(|arg| text(arg.get_help()).is_empty()) {
                lacks.push(format!("{name} {}: no help", arg.get_id()));
            }
            for (term, line) in *search_terms {
                let leads = line.split(' ').next().is_some_and(|word| word == *name);
                if !leads || tree.find_subcommand(term).is_some() {
                    lacks.push(format!("{name}: {term} leads to {line}"));
                }
            }
        }
        assert_eq!(COMMANDS.len(), tree.get_subcommands().count());
        assert!(lacks.is_empty(), "{}", lacks.join("\n"));
    }
}
