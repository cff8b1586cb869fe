//! `session` and `as`: describe the session, and use several in one shell.

mod facts;

use std::time::{Duration, Instant};

use self::facts::{Facts, facts, listed};
use super::{Command, Invocation};
use crate::dispatch::{Context, Effects, Globbed, Spec, Table, Task, Wrapped, WrappedCommand};
use crate::error::{Error, Kind, Result};
use crate::output::json::Hex;
use crate::output::{Report, Text};
use crate::session::Losses;
use crate::zk::ZnodePath;

/// Words that are actions or commands, and so cannot be names of sessions.
const ACTIONS: &[&str] = &["new", "list", "close", "kill", "expire", "as", "session", "status"];

/// Print what this session is, or work with several
#[derive(Debug, clap::Args)]
#[command(override_usage = USAGE, after_long_help = EXAMPLE)]
pub struct Session {
    /// new, list, close, kill or expire; or the name of a session to switch to
    #[arg(value_name = "action")]
    action: Option<String>,
    /// Name of a session
    #[arg(value_name = "name")]
    name: Option<String>,
    /// Ask the server for this session timeout, in milliseconds
    #[arg(short, long, value_name = "ms")]
    timeout: Option<u32>,
    /// Wait until the killed session has expired
    #[arg(short, long)]
    wait: bool,
}

const USAGE: &str = "session [name] | session new name [-t ms] | session list | \
                     session close|expire name | session kill name [--wait]";

const EXAMPLE: &str = "\
A shell can have several sessions, each with its own ephemerals, watches, credentials, working path and
transaction. `session bob` switches to bob; `@bob COMMAND` runs one command as bob.
A new session has the servers of the current one, and no credentials.

`session kill bob` cuts bob's connection without closing the session, as a crash does: the server waits
for the session timeout, and only then deletes bob's ephemerals. `session expire bob` does not wait: the
shell resumes the session on a second connection and closes it there. Other clients see the same, but
this does not test the server's own timeout.

Another session may see a change later than the session that made it, because its server may lag. A sync
before the read waits for the change.

Example:
> session new bob
> @bob create -e /master bob
Created /master
> create -e /master ann
! Node already exists: /master
> session list
* main  <session>  CONNECTED
  bob   <session>  CONNECTED
> session close bob
lost ephemerals: /master
> exists /master
! Node does not exist: /master";

impl Spec for Session {
    const NAME: &'static str = "session";
    const ALIASES: &'static [&'static str] = &["status"];
    const TASK: Task = Task::Session;
    const SEARCH_TERMS: &'static [(&'static str, &'static str)] =
        &[("sessions", "session list"), ("info", "session"), ("switch", "session NAME")];
    type Report = Answer;

    fn effects(&self) -> Effects {
        Effects { session: self.action.is_some(), ..Effects::SHELL }
    }

    async fn run(&self, cx: &Context) -> Result<Answer> {
        let Some(action) = &self.action else {
            self.refuse_options("session alone")?;
            return Ok(Answer::Facts(Box::new(facts(cx).await)));
        };
        if action != "new" && self.timeout.is_some() {
            return Err(Error::usage("Only session new takes --timeout").with_usage(USAGE));
        }
        if action != "kill" && self.wait {
            return Err(Error::usage("Only session kill takes --wait").with_usage(USAGE));
        }
        match (action.as_str(), &self.name) {
            ("list", None) => {
                // Give a reachable server time to answer.
                cx.session.settle().await;
                Ok(Answer::List(list(cx)))
            }
            ("new", Some(name)) => new(cx, name, self.timeout).await,
            ("close", Some(name)) => close(cx, name).await,
            ("kill", Some(name)) => kill(cx, name, self.wait).await,
            ("expire", Some(name)) => expire(cx, name).await,
            ("new" | "close" | "kill" | "expire", None) => {
                Err(Error::usage("Missing: name").with_usage(USAGE))
            }
            (_, Some(more)) => {
                Err(Error::usage(format!("Unexpected argument: {more}")).with_usage(USAGE))
            }
            (name, None) => {
                cx.session.switch_to(name)?;
                Ok(Answer::Nothing {})
            }
        }
    }
}

impl Session {
    fn refuse_options(&self, what: &str) -> Result<()> {
        if self.timeout.is_some() || self.wait {
            return Err(Error::usage(format!("{what} takes no options")).with_usage(USAGE));
        }
        Ok(())
    }
}

async fn new(cx: &Context, name: &str, timeout: Option<u32>) -> Result<Answer> {
    let is_command = Command::with_tree(|tree| tree.find_subcommand(name).is_some());
    if ACTIONS.contains(&name) || is_command {
        return Err(Error::usage(format!("A session cannot be named {name}: that is a command")));
    }
    if timeout == Some(0) {
        return Err(Error::usage("A session timeout is at least 1 ms"));
    }
    let servers = cx.session.servers().ok_or_else(|| {
        Error::usage("There are no servers yet").with_hint("connect host:port opens a session")
    })?;
    let timeout = timeout.map(|ms| Duration::from_millis(ms.into()));
    let session = cx.session.add(name, timeout)?;
    if cx.cwd.get().is_some() {
        cx.cwd.of(cx.session.number_of(name)?).set(ZnodePath::root());
    }
    session.record_exchanges(cx.session.records_exchanges());
    session.open(servers);
    if let Err(error) = session.established().await {
        session.close().await;
        cx.session.forget(name)?;
        return Err(error.with_detail(format!("there is no session {name}")));
    }
    Ok(Answer::Nothing {})
}

async fn close(cx: &Context, name: &str) -> Result<Answer> {
    let session = cx.session.get(name)?;
    if cx.learning.has_session(name) {
        // A lesson opens the session again when it needs it.
        cx.transaction.of(cx.session.number_of(name)?).lock().take();
        return Ok(Answer::Lost(session.close().await));
    }
    if cx.session.list().len() == 1 {
        return Err(Error::usage(format!("{name} is the only session"))
            .with_hint("close ends it, quit ends the shell"));
    }
    if &*cx.session.name() == name {
        return Err(Error::usage(format!("{name} is the current session"))
            .with_hint("switch to another one first: session list names them"));
    }
    let transaction = cx.transaction.of(cx.session.number_of(name)?);
    if cx.terminal.is_some() {
        transaction.may_be_left()?;
    }
    transaction.lock().take();
    let losses = session.close().await;
    cx.session.forget(name)?;
    Ok(Answer::Lost(losses))
}

async fn kill(cx: &Context, name: &str, wait: bool) -> Result<Answer> {
    let session = cx.session.get(name)?;
    let Some(facts) = session.facts().filter(|facts| facts.session.is_some()) else {
        return Err(Error::new(Kind::Refused, format!("{name} is not open"))
            .with_hint(format!("session {name}, then reconnect opens a new session")));
    };
    let id = facts.session.unwrap_or_default();
    // A server checks its sessions once per tick, and a timeout is at least two ticks.
    let timeout = facts.timeout.unwrap_or_default();
    let at_most = timeout + timeout / 2;
    let losses = session.abandon();
    let mut killed = Killed { name: name.to_owned(), id: Hex(id), at_most, losses, expired: None };
    if wait {
        killed.expired = Some(wait_for_expiry(cx, name, &killed).await);
    }
    Ok(Answer::Killed(killed))
}

/// Waits until the server has expired a session, which shows in its ephemerals, or for the maximum
/// time. Returns whether the expiry was observed.
async fn wait_for_expiry(cx: &Context, name: &str, killed: &Killed) -> bool {
    let path = killed.losses.ephemerals.first();
    let path = path.and_then(|path| ZnodePath::new(path.as_str()).ok());
    let asks = path.filter(|_| &*cx.session.name() != name);
    let end = Instant::now() + killed.at_most;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        cx.progress.count_down(left);
        if let Some(path) = &asks
            && matches!(cx.session.owner_of(path).await, Ok(owner) if owner != Some(killed.id.0))
        {
            return true;
        }
        if left.is_zero() {
            return false;
        }
        tokio::time::sleep(left.min(Duration::from_millis(100))).await;
    }
}

async fn expire(cx: &Context, name: &str) -> Result<Answer> {
    let session = cx.session.get(name)?;
    if session.state().is_over() {
        return Err(Error::new(Kind::Refused, format!("{name} is not open")));
    }
    session.expire().await?;
    // The session itself reports its end and its losses.
    Ok(Answer::Nothing {})
}

/// The result of `session`.
#[derive(serde::Serialize)]
#[serde(untagged)]
pub enum Answer {
    Nothing {},
    Facts(Box<Facts>),
    List(List),
    #[serde(serialize_with = "lost")]
    Lost(Losses),
    Killed(Killed),
}

impl Report for Answer {
    fn text(&self, out: &mut Text<'_>) {
        match self {
            Self::Nothing {} => {}
            Self::Facts(facts) => facts.text(out),
            Self::List(list) => list.text(out),
            Self::Lost(losses) => losses.text(out),
            Self::Killed(killed) => killed.text(out),
        }
    }
}

fn lost<S: serde::Serializer>(losses: &Losses, out: S) -> std::result::Result<S::Ok, S::Error> {
    use serde::ser::SerializeStruct;
    let mut map = out.serialize_struct("Lost", 2)?;
    map.serialize_field("lostEphemerals", &losses.ephemerals)?;
    let watches: Vec<&str> = losses.watches.iter().map(|watch| watch.path.as_str()).collect();
    map.serialize_field("lostWatches", &watches)?;
    map.end()
}

/// The sessions of the shell.
#[derive(Debug, serde::Serialize)]
pub struct List {
    sessions: Vec<Row>,
}

#[derive(Debug, serde::Serialize)]
struct Row {
    name: String,
    session: Option<Hex>,
    state: &'static str,
    current: bool,
}

fn list(cx: &Context) -> List {
    let row = |named: crate::session::Named<'_>| Row {
        name: named.name.to_string(),
        session: named.session.id().map(Hex),
        state: named.session.state().name(),
        current: named.is_current,
    };
    List { sessions: cx.session.list().into_iter().map(row).collect() }
}

impl List {
    fn text(&self, out: &mut Text<'_>) {
        let widest = self.sessions.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
        for Row { name, session, state, current } in &self.sessions {
            let mark = if *current { '*' } else { ' ' };
            let id = session.map_or("-".to_owned(), |id| format!("{:#x}", id.0));
            out.line(format_args!("{mark} {name:widest$}  {id}  {state}"));
        }
    }
}

/// A session whose connection was cut.
#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Killed {
    name: String,
    #[serde(rename = "session")]
    id: Hex,
    #[serde(rename = "expiresInSeconds", serialize_with = "seconds")]
    at_most: Duration,
    #[serde(skip)]
    losses: Losses,
    #[serde(skip_serializing_if = "Option::is_none")]
    expired: Option<bool>,
}

fn seconds<S: serde::Serializer>(time: &Duration, out: S) -> std::result::Result<S::Ok, S::Error> {
    out.serialize_f64(time.as_secs_f64())
}

impl Killed {
    fn text(&self, out: &mut Text<'_>) {
        let Self { name, id, at_most, losses, expired } = self;
        let left = at_most.as_secs_f64();
        match expired {
            None => out.line(format_args!(
                "The connection of {name} is cut; session {:#x} expires in at most {left:.1} s",
                id.0
            )),
            Some(true) => {
                out.line(format_args!("Session {:#x} of {name} has expired", id.0));
            }
            Some(false) => out.line(format_args!(
                "Session {:#x} of {name} should have expired by now; nothing here shows that it has",
                id.0
            )),
        }
        if expired != &Some(true) && !losses.ephemerals.is_empty() {
            let count = losses.ephemerals.len() as u64 + losses.more_ephemerals;
            out.own("until then its ephemerals stay: ");
            out.foreign(&listed(&losses.ephemerals, count));
            out.line("");
        }
    }
}

/// Run a command in another session of this shell
#[derive(Debug, clap::Args)]
#[command(override_usage = "as name command [argument...]", after_long_help = AS_EXAMPLE)]
pub struct As {
    /// Name of the session
    #[arg(value_name = "name")]
    name: String,
    #[command(flatten)]
    wrapped: WrappedCommand,
}

const AS_EXAMPLE: &str = "\
`@bob ls /` is short for `as bob ls /`. It runs alone: a script first finishes the lines that it has
started.

Example:
> session new bob
> @bob create -e /master bob
Created /master
> as bob ls /
[master]";

impl As {
    /// Returns the name of the session that runs the command.
    pub(super) fn session(&self) -> &str {
        &self.name
    }
}

impl Spec for As {
    const NAME: &'static str = "as";
    const TASK: Task = Task::Session;
    type Report = Box<dyn Report>;

    fn effects(&self) -> Effects {
        Effects::SHELL
    }

    async fn run(&self, cx: &Context) -> Result<Box<dyn Report>> {
        let invocation: Invocation = self.wrapped.invocation()?;
        if matches!(invocation.command, Command::Quit(_) | Command::Session(_)) {
            let why = format!("{} is about the whole shell", invocation.name);
            return Err(Error::usage(why)
                .with_hint(format!("session close {} ends that session", self.name)));
        }
        let _switched = cx.session.switched_to(&self.name)?;
        Box::pin(invocation.run(cx)).await
    }

    fn wrapped(&self, _: Option<&Context>) -> Option<Result<Wrapped>> {
        Some(Ok(Wrapped::Words(self.wrapped.words())))
    }

    fn wrapped_patterns(&mut self) -> Option<&mut Option<Globbed>> {
        Some(self.wrapped.patterns())
    }
}
