//! The commands, one per file, and the list of them.
//!
//! A command defines its arguments, help, example and report. It does not depend on where its line
//! comes from or where its report goes. Code that several commands share is in `dispatch`.

use std::ffi::OsString;

pub(crate) use self::admin::known as known_words;
pub use self::help::related;
pub use self::history::recalled;
use crate::dispatch::{
    Connects, Context, Data, DataHint, Effects, Globbed, Globs, Question, Sends, Spec, Table, Task,
    Wrapped,
};
use crate::error::Result;
use crate::output::Report;
use crate::zk::TypedPath;

/// A command as it was typed.
pub type Invocation = crate::dispatch::Invocation<Command>;

/// Declares the commands: the modules, the enum, and the calls that are forwarded to each command.
macro_rules! commands {
    ($($module:ident: $($command:ident),+;)+) => {
        $(mod $module;)+

        /// All commands. The help of each is in its own file.
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

        /// Name, task and search terms of each command, in the order of `help`.
        const COMMANDS: &[Listed] = &[
            $($(Listed::of::<$module::$command>(),)+)+
        ];

        impl Table for Command {
            fn with_tree<R>(see: impl FnOnce(&mut clap::Command) -> R) -> R {
                TREE.with_borrow_mut(see)
            }

            fn search_terms() -> impl Iterator<Item = (&'static str, &'static str)> {
                COMMANDS.iter().flat_map(|listed| listed.search_terms).copied()
            }

            fn from_path(name: &str, path: &TypedPath, data: Option<&OsString>) -> Option<Self> {
                let data = || data.cloned().map(Data);
                $($(
                    if name == <$module::$command as Spec>::NAME {
                        let command = <$module::$command as Spec>::from_path(path.clone(), data());
                        return command.map(Self::$command);
                    }
                )+)+
                None
            }

            fn help(name: &str) -> Self {
                Self::Help(help::Help::about(name))
            }

            fn ends_shell(&self) -> bool {
                matches!(self, Self::Quit(_))
            }

            fn is_transactional(&self) -> bool {
                matches!(self, Self::Create(_) | Self::Set(_) | Self::Delete(_) | Self::Check(_))
            }

            fn globs(&self) -> Globs {
                match self {
                    $($(Self::$command(_) => <$module::$command as Spec>::GLOBS,)+)+
                }
            }

            fn sends(&self) -> Sends {
                match self {
                    $($(Self::$command(command) => command.sends(),)+)+
                }
            }

            fn is_explained(&self) -> bool {
                match self.invocation(None) {
                    Some(inner) => inner.is_ok_and(|inner| inner.command.is_explained()),
                    None => !self.sends().operations.is_empty(),
                }
            }

            fn session(&self) -> Option<&str> {
                match self {
                    Self::As(command) => Some(command.session()),
                    _ => None,
                }
            }

            fn wrapped(&self, cx: Option<&Context>) -> Option<Result<Wrapped>> {
                match self {
                    $($(Self::$command(command) => command.wrapped(cx),)+)+
                }
            }

            fn wrapped_patterns(&mut self) -> Option<&mut Option<Globbed>> {
                match self {
                    $($(Self::$command(command) => command.wrapped_patterns(),)+)+
                }
            }

            fn own_effects(&self) -> Effects {
                match self {
                    $($(Self::$command(command) => command.effects(),)+)+
                }
            }

            fn own_data_hint(&self) -> Option<DataHint> {
                match self {
                    $($(Self::$command(command) => command.data_hint(),)+)+
                }
            }

            async fn own_question(&self, cx: &Context) -> Result<Option<Question>> {
                match self {
                    $($(Self::$command(command) => Box::pin(command.question(cx)).await,)+)+
                }
            }

            async fn run(&self, cx: &Context) -> Result<Box<dyn Report>> {
                if cx.transaction.is_open() {
                    let operation = match self {
                        $($(Self::$command(command) => Box::pin(command.operation(cx)).await,)+)+
                    };
                    if let Some(operation) = operation {
                        return boxed(cx.transaction.queue(operation, cx.terminal.is_some()));
                    }
                }
                match self {
                    // Box each future, so that a line of a script is not as large as the largest of
                    // them.
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
    undo: Undo;
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
    session: Session, As;
    connect: Connect, Close;
    doctor: Doctor;
    reconnect: Reconnect;
    getephemerals: GetEphemerals;
    sync: Sync;
    quit: Quit;
    config: Config;
    reconfig: Reconfig;
    admin: Admin;
    server: Server;
    multi: Multi, Check, Commit, Discard;
    source: Source;
    echo: Echo;
    sleep: Sleep;
    time: Time;
    repeat: Repeat;
    help: Help;
    explain: Explain;
    lesson: Lesson, Next, Hint, Back, Skip, Stop, Lang;
    history: History, Redo;
    journal: Journal;
    setting: Setting;
    clear: Clear;
    version: Version;
}

/// The entry of a command in the list.
struct Listed {
    name: &'static str,
    task: Task,
    search_terms: &'static [(&'static str, &'static str)],
    connects: Connects,
    globs: Globs,
}

impl Listed {
    const fn of<C: Spec>() -> Self {
        Self {
            name: C::NAME,
            task: C::TASK,
            search_terms: C::SEARCH_TERMS,
            connects: C::CONNECTS,
            globs: C::GLOBS,
        }
    }
}

thread_local! {
    static TREE: std::cell::RefCell<clap::Command> = std::cell::RefCell::new(Command::tree());
}

impl Command {
    /// Returns the clap command with all commands, from which help, man pages and completion are
    /// made.
    pub fn tree() -> clap::Command {
        <Self as Table>::tree()
    }

    /// Returns how a command of this name reaches servers.
    pub fn connects(name: &str) -> Connects {
        let found = COMMANDS.iter().find(|listed| listed.name == name);
        found.map_or(Connects::BySession, |found| found.connects)
    }

    /// Returns whether the command of this name expands patterns in its path.
    pub fn expands_patterns(name: &str) -> bool {
        COMMANDS.iter().any(|listed| listed.name == name && listed.globs != Globs::No)
    }
}

fn boxed<R: Report + 'static>(result: Result<R>) -> Result<Box<dyn Report>> {
    result.map(|report| Box::new(report) as Box<dyn Report>)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_complete() {
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
