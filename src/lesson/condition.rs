//! Conditions on an [`Effect`].

use std::fmt;

use super::effect::{Effect, ServerState, SessionState, WatchKind, Znode};
use super::pattern;

/// A condition, which holds if one of its alternatives does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    text: String,
    any: Vec<Clause>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Clause {
    negated: bool,
    fact: Fact,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Fact {
    Reply { session: String, operation: String, path: String, result: String },
    Event { session: String, kind: String, path: Option<String> },
    Watch { session: String, kind: WatchKind, path: String },
    Node { path: String, traits: Vec<Trait> },
    Nodes { path: String, count: Number },
    Session { session: String, state: &'static str },
    Server { number: u32, state: &'static str },
}

/// A property of a znode.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Trait {
    Persistent,
    Ephemeral,
    Sequential,
    Owner(String),
    Data(String),
    Version(Number),
    AclVersion(Number),
    Children(Number),
}

/// `=3`, `>3` or `<3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Number {
    order: std::cmp::Ordering,
    value: i64,
}

const OPERATIONS: [&str; 14] = [
    "addWatch",
    "addauth",
    "create",
    "delete",
    "get",
    "getAcl",
    "getEphemerals",
    "ls",
    "multi",
    "removewatches",
    "set",
    "setAcl",
    "stat",
    "sync",
];

const RESULTS: [&str; 14] = [
    "Ok",
    "NoNode",
    "NoAuth",
    "BadVersion",
    "NodeExists",
    "NotEmpty",
    "NoChildrenForEphemerals",
    "InvalidACL",
    "ConnectionLoss",
    "SessionExpired",
    "AuthFailed",
    "NotReadOnly",
    "NoWatcher",
    "QuotaExceeded",
];

const EVENTS: [&str; 11] = [
    "NodeCreated",
    "NodeDeleted",
    "NodeDataChanged",
    "NodeChildrenChanged",
    "DataWatchRemoved",
    "ChildWatchRemoved",
    "PersistentWatchRemoved",
    "SyncConnected",
    "Disconnected",
    "Expired",
    "ConnectedReadOnly",
];

const SESSION_STATES: [&str; 4] = ["alive", "killed", "expired", "closed"];
const SERVER_STATES: [&str; 5] = ["up", "down", "paused", "leader", "follower"];

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Condition {
    /// Parses a condition. `sessions` are the names that it may use.
    pub fn parse(text: &str, sessions: &[&str]) -> Result<Self, String> {
        let words = words(text)?;
        let clauses = words.split(|word| *word == Word::bare("or"));
        let any = clauses.map(|words| Clause::parse(words, sessions)).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), any })
    }

    /// Returns whether the condition holds.
    pub fn holds(&self, effect: &Effect) -> bool {
        self.any.iter().any(|clause| clause.fact.holds(effect) != clause.negated)
    }
}

/// A word, and whether it contained quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    text: String,
    quoted: bool,
}

impl Word {
    fn bare(text: &str) -> Self {
        Self { text: text.to_owned(), quoted: false }
    }
}

fn words(text: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut word = Word::bare("");
    let mut inside = false;
    for c in text.chars() {
        match c {
            '\'' => {
                inside = !inside;
                word.quoted = true;
            }
            ' ' if !inside => words.push(std::mem::replace(&mut word, Word::bare(""))),
            c => word.text.push(c),
        }
    }
    if inside {
        return Err("A quote is not closed".to_owned());
    }
    words.push(word);
    words.retain(|word| word.quoted || !word.text.is_empty());
    Ok(words)
}

impl Clause {
    fn parse(words: &[Word], sessions: &[&str]) -> Result<Self, String> {
        let negated = words.first().is_some_and(|word| *word == Word::bare("not"));
        let words: Vec<&str> = words[usize::from(negated)..].iter().map(|w| &*w.text).collect();
        Ok(Self { negated, fact: Fact::parse(&words, sessions)? })
    }
}

impl Fact {
    fn parse(words: &[&str], sessions: &[&str]) -> Result<Self, String> {
        let session = |name: &str| match name {
            "*" => Ok("*".to_owned()),
            name if sessions.contains(&name) => Ok(name.to_owned()),
            _ => Err(format!("No such session: {name}; sessions: names them")),
        };
        match *words {
            ["reply", name, operation, path, result] => Ok(Self::Reply {
                session: session(name)?,
                operation: known(operation, &OPERATIONS, true)?.to_owned(),
                path: if path == "*" { path.to_owned() } else { absolute(path)? },
                result: known(result, &RESULTS, true)?.to_owned(),
            }),
            ["event", name, kind] => Ok(Self::Event {
                session: session(name)?,
                kind: known(kind, &EVENTS, true)?.to_owned(),
                path: None,
            }),
            ["event", name, kind, path] => Ok(Self::Event {
                session: session(name)?,
                kind: known(kind, &EVENTS, true)?.to_owned(),
                path: Some(absolute(path)?),
            }),
            ["watch", name, kind, path] => Ok(Self::Watch {
                session: session(name)?,
                kind: watch_kind(kind)?,
                path: absolute(path)?,
            }),
            ["node", path, ref rest @ ..] => Ok(Self::Node {
                path: absolute(path)?,
                traits: rest
                    .iter()
                    .map(|word| Trait::parse(word, &session))
                    .collect::<Result<_, _>>()?,
            }),
            ["nodes", path, count] => {
                Ok(Self::Nodes { path: absolute(path)?, count: Number::parse(count)? })
            }
            ["session", name, state] => Ok(Self::Session {
                session: session(name)?,
                state: known(state, &SESSION_STATES, false)?,
            }),
            ["server", number, state] => Ok(Self::Server {
                number: number.parse().map_err(|_| format!("Not a server's number: {number}"))?,
                state: known(state, &SERVER_STATES, false)?,
            }),
            [] => Err("A condition is missing".to_owned()),
            [kind, ..] => Err(format!(
                "Not a condition: {kind}; see docs/lessons.md for reply, event, watch, node, nodes, \
                 session, server"
            )),
        }
    }

    fn holds(&self, effect: &Effect) -> bool {
        match self {
            Self::Reply { session, operation, path, result } => {
                effect.replies.iter().any(|reply| {
                    let about = |at: &String| pattern::matches(path, at);
                    same(session, &reply.session)
                        && same(operation, &reply.operation)
                        && (path == "*" || reply.paths.iter().any(about))
                        && same(result, &reply.result)
                })
            }
            Self::Event { session, kind, path } => effect.events.iter().any(|event| {
                let at = event.path.as_deref();
                same(session, &event.session)
                    && same(kind, &event.kind)
                    && path
                        .as_ref()
                        .is_none_or(|path| at.is_some_and(|at| pattern::matches(path, at)))
            }),
            Self::Watch { session, kind, path } => effect.watches.iter().any(|watch| {
                same(session, &watch.session)
                    && watch.kind == *kind
                    && pattern::matches(path, &watch.path)
            }),
            Self::Node { path, traits } => effect.tree.iter().any(|(at, znode)| {
                pattern::matches(path, at)
                    && traits.iter().all(|wanted| wanted.is_of(at, znode, effect))
            }),
            Self::Nodes { path, count } => {
                let found = effect.tree.keys().filter(|at| pattern::matches(path, at)).count();
                count.holds(i64::try_from(found).unwrap_or(i64::MAX))
            }
            Self::Session { session, state } => effect.sessions.iter().any(|(name, stands)| {
                let now = match stands {
                    SessionState::Alive(_) => "alive",
                    SessionState::Killed(_) => "killed",
                    SessionState::Expired => "expired",
                    SessionState::Closed => "closed",
                };
                same(session, name) && now == *state
            }),
            Self::Server { number, state } => effect.servers.get(number).is_some_and(|server| {
                let up = server.state == ServerState::Up;
                match *state {
                    "up" => up,
                    "down" => server.state == ServerState::Down,
                    "paused" => server.state == ServerState::Paused,
                    "leader" => up && server.leads,
                    _ => up && !server.leads,
                }
            }),
        }
    }
}

impl Trait {
    fn parse(
        word: &str,
        session: &impl Fn(&str) -> Result<String, String>,
    ) -> Result<Self, String> {
        match word {
            "persistent" => return Ok(Self::Persistent),
            "ephemeral" => return Ok(Self::Ephemeral),
            "sequential" => return Ok(Self::Sequential),
            _ => {}
        }
        let number = |name: &str| word.strip_prefix(name).map(Number::parse);
        if let Some(owner) = word.strip_prefix("owner=") {
            Ok(Self::Owner(session(owner)?))
        } else if let Some(data) = word.strip_prefix("data=") {
            Ok(Self::Data(data.to_owned()))
        } else if let Some(version) = number("version") {
            Ok(Self::Version(version?))
        } else if let Some(version) = number("aclVersion") {
            Ok(Self::AclVersion(version?))
        } else if let Some(children) = number("children") {
            Ok(Self::Children(children?))
        } else {
            Err(format!(
                "Not a property of a znode: {word}; there are persistent, ephemeral, sequential, \
                 owner=, data=, and version, aclVersion and children with =, > or <"
            ))
        }
    }

    fn is_of(&self, path: &str, znode: &Znode, effect: &Effect) -> bool {
        // Containers and TTL znodes are marked in the three highest bytes of the owner. One byte is
        // not enough, because old servers use session ids that start with ff.
        let ttl = znode.owner.cast_unsigned() >> 40 == 0x00ff_0000;
        let ephemeral = znode.owner != 0 && znode.owner != i64::MIN && !ttl;
        match self {
            Self::Persistent => !ephemeral,
            Self::Ephemeral => ephemeral,
            Self::Sequential => {
                let digits = path.bytes().rev().take_while(u8::is_ascii_digit).count();
                digits >= 10
            }
            Self::Owner(session) => effect.sessions.iter().any(|(name, state)| {
                ephemeral && same(session, name) && state.id() == Some(znode.owner)
            }),
            // The default dialect keeps double quotes in the data, so accept both forms.
            Self::Data(data) => {
                let quoted = format!("\"{data}\"");
                znode.data == data.as_bytes() || znode.data == quoted.as_bytes()
            }
            Self::Version(number) => number.holds(znode.version.into()),
            Self::AclVersion(number) => number.holds(znode.acl_version.into()),
            Self::Children(number) => {
                number.holds(i64::try_from(znode.children).unwrap_or(i64::MAX))
            }
        }
    }
}

impl Number {
    fn parse(text: &str) -> Result<Self, String> {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let order = match text.chars().next() {
            Some('=') => Equal,
            Some('>') => Greater,
            Some('<') => Less,
            _ => return Err(format!("Expected =N, >N or <N: {text}")),
        };
        let value = text[1..].parse().map_err(|_| format!("Expected =N, >N or <N: {text}"))?;
        Ok(Self { order, value })
    }

    fn holds(self, number: i64) -> bool {
        number.cmp(&self.value) == self.order
    }
}

/// Returns whether a word matches. `*` matches any word, and `Failed` any result except success.
fn same(wanted: &str, word: &str) -> bool {
    wanted == "*" || wanted == word || wanted == "Failed" && word != "Ok"
}

fn known(word: &str, all: &[&'static str], star: bool) -> Result<&'static str, String> {
    match word {
        "*" if star => Ok("*"),
        "Failed" if all == RESULTS => Ok("Failed"),
        _ => all
            .iter()
            .copied()
            .find(|known| *known == word)
            .ok_or_else(|| format!("Unknown: {word}; it is one of {}", all.join(", "))),
    }
}

fn watch_kind(word: &str) -> Result<WatchKind, String> {
    match word {
        "data" => Ok(WatchKind::Data),
        "child" => Ok(WatchKind::Child),
        "persistent" => Ok(WatchKind::Persistent),
        "recursive" => Ok(WatchKind::Recursive),
        _ => Err(format!("Unknown: {word}; it is one of data, child, persistent, recursive")),
    }
}

fn absolute(path: &str) -> Result<String, String> {
    if path.starts_with('/') {
        Ok(path.to_owned())
    } else {
        Err(format!("A path begins with a slash: {path}"))
    }
}

#[cfg(test)]
mod tests;
