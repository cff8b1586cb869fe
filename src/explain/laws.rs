//! Describes the purpose and the effects of each operation, by the rules of ZooKeeper's state
//! machine.
//!
//! Source: `DataTree` and `PrepRequestProcessor` of Apache ZooKeeper 3.9.

use crate::error::Code;
use crate::session::{Answer, Done, Exchange, Request};
use crate::zk::WatchKind;

/// Returns the purpose of an operation, as half a sentence.
pub fn purpose(operation: &str) -> &'static str {
    match operation {
        "create" | "create2" | "createContainer" | "createTTL" => "creates a znode",
        "delete" => "deletes a znode that has no children",
        "exists" => "reads the stat of a znode, if there is one",
        "getData" => "reads data and stat",
        "setData" => "replaces the data",
        "getACL" => "reads the ACL",
        "setACL" => "replaces the ACL",
        "getChildren" => "reads the names of the children",
        "getChildren2" => "reads the names of the children, and the stat",
        "sync" => "waits until the server has applied all that the leader had",
        "check" => "compares the version, within a transaction",
        "multi" => "applies all operations or none",
        "multiRead" => "reads many znodes at once",
        "reconfig" => "changes the members of the ensemble",
        "checkWatches" => "asks whether the session holds such a watch",
        "removeWatches" => "removes watches of the session",
        "addWatch" => "leaves a watch that stays until it is removed",
        "whoAmI" => "asks for the identities of the session",
        "getEphemerals" => "lists the ephemerals of the session",
        "getAllChildrenNumber" => "counts the znodes below",
        "auth" => "gives the session one more identity",
        "sasl" => "authenticates the connection",
        "closeSession" => "ends the session and deletes its ephemerals",
        _ => "is an operation that zksh does not know",
    }
}

/// Describes what a watch waits for.
pub(super) fn left(path: &str, kind: WatchKind) -> String {
    let waits = match kind {
        WatchKind::Data => "one event, when its data is written, or it is created or deleted",
        WatchKind::Child => "one event, when a child comes or goes, or it is deleted",
        WatchKind::Persistent => "every event of it, until it is removed",
        WatchKind::PersistentRecursive => "every event of it and of all below, until it is removed",
    };
    format!("Left a watch on {path} for {waits}.")
}

/// Describes the effects of a request.
pub(super) fn came_of(exchange: &Exchange) -> Vec<String> {
    let request = &exchange.request;
    match &exchange.reply {
        Answer::Refused { code, part } => refused(request, *code, *part, exchange.zxid),
        Answer::Done(done) if request.writes => written(request, done, exchange.zxid),
        Answer::Done(done) => read(request, done, exchange.zxid),
    }
}

fn refused(request: &Request, code: Code, part: Option<usize>, zxid: Option<i64>) -> Vec<String> {
    let because = part.and_then(|index| {
        let part = request.parts.get(index)?;
        let path = part.path.as_deref().unwrap_or_default();
        Some(format!(" operation {}, {} {path}:", index + 1, part.operation))
    });
    let none = if part.is_some() { " None of the operations was applied." } else { "" };
    let first = format!(
        "Refused{} {} ({}).{none}",
        because.unwrap_or_else(|| ":".to_owned()),
        code.name(),
        code.meaning(),
    );
    let second = match zxid {
        Some(zxid) if request.writes => {
            format!("Nothing changed, though a refused write takes a zxid too: {zxid:#x}.")
        }
        _ => "Nothing changed.".to_owned(),
    };
    vec![first, second]
}

fn written(request: &Request, done: &Done, zxid: Option<i64>) -> Vec<String> {
    let at = zxid.map_or_else(String::new, |zxid| format!(" as zxid {zxid:#x}"));
    let path = request.path.as_deref().unwrap_or_default();
    match request.operation {
        "setData" => {
            let moved = match &done.stat {
                Some(stat) => format!(
                    "dataVersion went from {} to {}, mZxid and mtime are those of this change",
                    stat.version.wrapping_sub(1),
                    stat.version
                ),
                None => "dataVersion went up by one".to_owned(),
            };
            vec![
                format!("Written{at}: {moved}."),
                "cversion, pZxid and aclVersion stay: no child and no ACL changed.".to_owned(),
            ]
        }
        "setACL" => {
            let version = done.stat.as_ref().map_or_else(
                || " up by one".to_owned(),
                |stat| format!(" from {} to {}", stat.aversion.wrapping_sub(1), stat.aversion),
            );
            vec![format!(
                "Written{at}: aclVersion went{version}; no other field changes, and no watch fires."
            )]
        }
        "delete" => vec![
            format!("Deleted{at}."),
            format!(
                "{} has one child less: its cversion went up by one, its pZxid is that of this change.",
                parent(path)
            ),
        ],
        "multi" => {
            let count = request.parts.len();
            let named: Vec<String> = request.parts.iter().take(3).map(part).collect();
            let more = if count > 3 { format!(" and {} more", count - 3) } else { String::new() };
            vec![
                format!(
                    "All were applied at once{at}: nobody sees some of them without the others."
                ),
                format!("They are {}{more}.", named.join(", ")),
            ]
        }
        "closeSession" => {
            vec![format!("The session is over{at}; its ephemerals were deleted with it.")]
        }
        "reconfig" => vec![format!("The ensemble has a new configuration{at}.")],
        _ => created(request, done, &at),
    }
}

fn created(request: &Request, done: &Done, at: &str) -> Vec<String> {
    let path = done.created.as_deref().or(request.path.as_deref()).unwrap_or_default();
    let mode = request.fields.iter().find(|(name, _)| *name == "mode");
    let mode = mode.map(|(_, mode)| mode.as_str()).unwrap_or_default();
    let mut first = format!("Created {path}{at}, which is its cZxid.");
    if mode.contains("sequential") {
        first += " The server appended the digits: they count what was created below the parent.";
    }
    let mut lines = vec![first];
    if mode.starts_with("ephemeral") {
        lines.push(
            "ephemeralOwner is this session: the znode is deleted when the session ends.".into(),
        );
    } else if mode == "container" {
        lines.push("The server deletes it some time after its last child is gone.".into());
    } else if mode.contains("TTL") {
        lines
            .push("The server deletes it once it is unchanged and childless for that long.".into());
    }
    lines.push(format!(
        "{} has one child more: its cversion went up by one, its pZxid is that of this change.",
        parent(path)
    ));
    lines
}

fn read(request: &Request, done: &Done, zxid: Option<i64>) -> Vec<String> {
    let upto = zxid.map_or_else(String::new, |zxid| {
        format!("; the server had applied all changes up to zxid {zxid:#x}")
    });
    let what = match (request.operation, done) {
        ("exists", Done { absent: true, .. }) => "There is no such znode, which is a normal answer",
        ("sync", _) => "The server has caught up with the leader",
        ("auth", _) => "The session has one more identity, for as long as it lives",
        ("addWatch" | "removeWatches" | "checkWatches", _) => "The tree did not change",
        _ => "Read, and changed nothing",
    };
    vec![format!("{what}{upto}.")]
}

fn part(request: &Request) -> String {
    format!("{} {}", request.operation, request.path.as_deref().unwrap_or_default())
}

fn parent(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(at) => &path[..at],
    }
}
