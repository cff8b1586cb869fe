//! `explain`: describe what commands send and do, or explain a word.

use super::help;
use super::{Command, Invocation};
use crate::dispatch::{
    Context, Effects, Globbed, Globs, Spec, Switch, Table, Task, WrappedWord, words,
};
use crate::error::{Error, Result};
use crate::explain::{Plan, Report};
use crate::glossary;

/// Say what a command sends and does, or what a word means
#[derive(Debug, clap::Args)]
#[command(override_usage = USAGE, after_long_help = EXAMPLE)]
pub struct Explain {
    /// on, off, a word of the glossary, or a command, which is not run
    #[arg(
        value_name = "command",
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    words: Vec<WrappedWord>,
    #[arg(skip)]
    patterns: Option<Globbed>,
}

const USAGE: &str = "explain on|off | explain command [argument...] | explain word";

const EXAMPLE: &str = "\
After `explain on`, each command is followed by what it sent, what the server answered, which fields of
the stat changed, and which watches of this shell's sessions fired. Data and passwords are not shown. In a
script lines then run one after the other. `explain COMMAND` sends nothing.

Example:
> explain create -e /master ann
Would send create /master: creates a znode.
A write: it takes a zxid, whether it is granted or refused.
> create /lake deep
Created /lake
> explain on
> set /lake deeper
cZxid = <zxid>
ctime = <time>
mZxid = <zxid>
mtime = <time>
pZxid = <zxid>
cversion = 0
dataVersion = 1
aclVersion = 0
ephemeralOwner = 0x0
dataLength = 6
numChildren = 0
Sent setData /lake (data 6 bytes, version -1 (any)); the reply came after <decimal> ms.
Written as zxid <zxid>: dataVersion went from 0 to 1, mZxid and mtime are those of this change.
cversion, pZxid and aclVersion stay: no child and no ACL changed.
> explain off";

impl Spec for Explain {
    const NAME: &'static str = "explain";
    const TASK: Task = Task::Shell;
    const SEARCH_TERMS: &'static [(&'static str, &'static str)] =
        &[("why", "explain"), ("trace", "explain on"), ("debug", "explain on")];
    type Report = Report;

    fn effects(&self) -> Effects {
        Effects::SHELL
    }

    fn wrapped_patterns(&mut self) -> Option<&mut Option<Globbed>> {
        Some(&mut self.patterns)
    }

    async fn run(&self, cx: &Context) -> Result<Report> {
        let typed: Vec<String> =
            self.words.iter().map(|word| word.0.to_string_lossy().into_owned()).collect();
        match &typed[..] {
            [word] if word == "on" || word == "off" => {
                let is_on = word == "on";
                cx.switches.set(Switch::Explain, is_on);
                for named in cx.session.list() {
                    // Lessons need the exchanges too.
                    named.session.record_exchanges(is_on || cx.learning.has_session(&named.name));
                }
                Ok(Report::Silence {})
            }
            words if glossary::find(&words.join(" ")).is_some() => {
                let language = cx.learning.language();
                Ok(Report::Page { text: help::entry(&words.join(" "), language)? })
            }
            [word] if !help::is_command(word) => Err(help::unknown(word)),
            _ => Ok(Report::Plan(self.plan(cx)?)),
        }
    }
}

impl Explain {
    /// Returns the requests that a command would send.
    fn plan(&self, cx: &Context) -> Result<Plan> {
        let typed: Vec<_> = self.words.iter().map(|word| word.0.clone()).collect();
        let mut invocation: Invocation =
            words(typed, cx.view.dialect)?.ok_or_else(|| Error::usage("Missing: command"))?;
        let mut session = None;
        let mut wrapped_by = Vec::new();
        while let Some(inner) = invocation.command.invocation(Some(cx)) {
            session = invocation.command.session().map(str::to_owned).or(session);
            wrapped_by.push(invocation.name);
            invocation = inner?;
        }
        let effects = invocation.command.own_effects();
        let path = invocation.path.as_ref().map(|typed| match cx.path(typed) {
            Ok(path) => path.to_string(),
            Err(_) => typed.as_str().to_owned(),
        });
        let sends = invocation.command.sends();
        // First the znodes that match are found.
        let expands = self.patterns.is_some() && invocation.command.globs() != Globs::No;
        let mut operations = if expands { vec!["exists", "getChildren"] } else { Vec::new() };
        operations.extend(sends.operations);
        let is_queued = cx.transaction.is_open() && Command::is_transactional(&invocation.command);
        Ok(Plan {
            command: invocation.name,
            session,
            path,
            operations,
            many: sends.many || expands,
            writes: effects.write.is_some(),
            leaves_watch: effects.watches && !sends.operations.is_empty(),
            is_queued,
        })
    }
}
