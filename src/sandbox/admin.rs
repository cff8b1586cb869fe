//! The four-letter words (`ruok`, `srvr`, ...): what a connection may ask in place of a session.
//!
//! Lines are as Apache's 3.8 writes them, since tools read them; what has no meaning here is left
//! out.

mod values;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

use super::address;
use super::operation::{ConnectionId, Moment, SessionId};
use super::servers::Mode;
use super::state::{Connection, State, Traffic};

/// The words that Apache's server knows.
const WORDS: [&str; 18] = [
    "ruok", "isro", "srvr", "stat", "mntr", "conf", "cons", "dump", "envi", "wchs", "wchp", "wchc",
    "crst", "dirs", "gtmk", "hash", "srst", "stmk",
];

/// Bytes of an answer beyond which the rest is left out: it is kept in memory for as long as the one
/// who asked does not read it, and nobody else is served while it is written.
const LONGEST_ANSWER: usize = 1 << 20;

/// The server that is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct ThisServer {
    pub(super) mode: Mode,
    /// Counted from 0.
    pub(super) server: usize,
    pub(super) address: SocketAddr,
}

impl ThisServer {
    fn mode_name(self) -> &'static str {
        match self.mode {
            Mode::Standalone => "standalone",
            Mode::Leader { .. } => "leader",
            Mode::Follower => "follower",
            Mode::ReadOnly => "read-only",
            Mode::Looking => "looking",
        }
    }
}

/// An answer, line by line.
type Lines<'s> = Box<dyn Iterator<Item = String> + 's>;

/// Returns the word that a connection begins with, if it does not want a session.
pub(super) fn word(head: [u8; 4]) -> Option<&'static str> {
    WORDS.into_iter().find(|word| word.as_bytes() == head)
}

/// Returns how many bytes behind a word belong to it.
pub(super) fn argument_length(word: &str) -> usize {
    // The new mask, a long.
    if word == "stmk" { 8 } else { 0 }
}

/// Answers a word; `argument` is what came behind it.
pub(super) fn answer(
    state: &mut State,
    word: &str,
    argument: &[u8],
    this: ThisServer,
    now: Moment,
) -> String {
    match word {
        "stmk" => {
            if let Some(mask) = argument.first_chunk() {
                state.trace_mask = i64::from_be_bytes(*mask);
            }
            return state.trace_mask.to_string();
        }
        "gtmk" => return state.trace_mask.to_string(),
        "crst" => {
            state.reset_connection_traffic();
            return "Connection stats reset.\n".to_owned();
        }
        "srst" => {
            state.traffic = Traffic::default();
            return "Server stats reset.\n".to_owned();
        }
        _ => {}
    }
    let state = &*state;
    let is_serving = this.mode != Mode::Looking;
    if !is_serving && !matches!(word, "ruok" | "isro" | "conf" | "envi") {
        return "This ZooKeeper instance is not currently serving requests\n".to_owned();
    }
    cut_short(match word {
        "ruok" => return "imok".to_owned(),
        "isro" => {
            let answer = match this.mode {
                Mode::Looking => "null",
                Mode::ReadOnly => "ro",
                _ => "rw",
            };
            return answer.to_owned();
        }
        "srvr" => server(state, this, Box::new(std::iter::empty())),
        "stat" => server(state, this, clients(state)),
        "mntr" => values::monitor(state, this, now),
        "conf" => values::configuration(state, this),
        "cons" => connections(state),
        "dump" if this.mode == Mode::Follower => learner_dump(state, now),
        "dump" => dump(state, now),
        "envi" => values::environment(),
        "wchs" => watch_summary(state),
        "wchp" => watches_by_path(state),
        "wchc" => watches_by_connection(state),
        // Nothing is on disk.
        "dirs" => Box::new(["datadir_size: 0", "logdir_size: 0"].map(str::to_owned).into_iter()),
        // What is left is `hash`: Apache lists the tree's digests here once it has counted some.
        _ => Box::new(std::iter::empty()),
    })
}

/// Joins lines, and leaves out what would be too much.
fn cut_short(lines: Lines<'_>) -> String {
    let mut text = String::new();
    for line in lines {
        if text.len() + line.len() >= LONGEST_ANSWER {
            text.push_str("...\n");
            break;
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn server<'s>(state: &'s State, this: ThisServer, clients: Lines<'s>) -> Lines<'s> {
    let Traffic { latency_min, latency_max, received, sent, .. } = state.traffic;
    let numbers = [
        format!(
            "Latency min/avg/max: {latency_min}/{}/{latency_max}",
            values::average(&state.traffic)
        ),
        format!("Received: {received}"),
        format!("Sent: {sent}"),
        format!("Connections: {}", state.connections.len()),
        // A request is answered before the next is looked at.
        "Outstanding: 0".to_owned(),
        format!("Zxid: {:#x}", state.zxid),
        format!("Mode: {}", this.mode_name()),
        format!("Node count: {}", state.tree.count()),
    ];
    let head = std::iter::once(format!("Zookeeper version: {}", values::version()));
    Box::new(head.chain(clients).chain(numbers))
}

fn clients(state: &State) -> Lines<'_> {
    let client = |connection: &Connection| {
        let Traffic { received, sent, .. } = connection.traffic;
        format!("{}(queued=0,recved={received},sent={sent})", peer(connection))
    };
    let head = std::iter::once("Clients:".to_owned());
    Box::new(head.chain(state.connections.values().map(client)).chain([String::new()]))
}

/// Returns a connection's address and, as Apache has it, whether it is being read.
fn peer(connection: &Connection) -> String {
    format!(
        " {}[{}]",
        address::host_and_port(connection.peer),
        i32::from(connection.session.is_some())
    )
}

fn connections(state: &State) -> Lines<'_> {
    Box::new(state.connections.values().map(connection).chain([String::new()]))
}

fn connection(connection: &Connection) -> String {
    let traffic = &connection.traffic;
    let Traffic { received, sent, latency_min, latency_max, latency_last, .. } = traffic;
    let text = format!("{}(queued=0,recved={received},sent={sent}", peer(connection));
    let Some(session) = connection.session else { return text + ")" };
    let last = connection.last.as_ref();
    let (letters, zxid, time) =
        last.map_or(("SESS", 0, 0), |last| (last.letters, last.zxid, last.time));
    let xid = last.map_or(String::new(), |last| format!(",lcxid={:#x}", last.xid));
    let average = traffic.latency_total.checked_div(traffic.answered).unwrap_or(0);
    format!(
        "{text},sid={:#x},lop={letters},est={},to={}{xid},lzxid={zxid:#x},lresp={time},\
         llat={latency_last},minlat={latency_min},avglat={average},maxlat={latency_max})",
        session.0, connection.established, connection.timeout
    )
}

/// A follower knows sessions and no deadlines.
fn learner_dump(state: &State, now: Moment) -> Lines<'_> {
    let count = state.sessions.count();
    let head =
        ["SessionTracker dump:".to_owned(), format!("Global Sessions({count}):")].into_iter();
    let session = |id: SessionId| {
        format!("{}\t{}ms", hexadecimal(id), state.sessions.timeout(id).unwrap_or(0))
    };
    Box::new(head.chain(state.sessions.ids().map(session)).chain(dump(state, now).skip(2)))
}

fn dump(state: &State, now: Moment) -> Lines<'_> {
    let deadlines = state.sessions.deadlines();
    let head = [
        "SessionTracker dump:".to_owned(),
        format!("Session Sets ({})/({}):", deadlines.len(), state.sessions.count()),
    ];
    let sessions = deadlines.iter().flat_map(move |(deadline, sessions)| {
        let date = date(on_the_wall(*deadline, now));
        let head = format!("{} expire at {date}:", sessions.len());
        let sessions = sessions.iter().map(|session| format!("\t{}", hexadecimal(*session)));
        std::iter::once(head).chain(sessions)
    });
    let owners = state.tree.owners();
    let title = [
        "ephemeral nodes dump:".to_owned(),
        format!("Sessions with Ephemerals ({}):", owners.len()),
    ];
    let ephemerals = owners.into_iter().flat_map(|owner| {
        let paths = state.tree.ephemerals(owner).map(|path| format!("\t{path}"));
        std::iter::once(hexadecimal(owner) + ":").chain(paths)
    });
    let sets = connections_by_expiry(state, now);
    let count = state.connections.len();
    let last =
        ["Connections dump:".to_owned(), format!("Connections Sets ({})/({count}):", sets.len())];
    let sets = sets.into_iter().flat_map(|(expiry, connections)| {
        let head = format!("{} expire at {}:", connections.len(), date(expiry));
        let connections = connections.into_iter().map(|connection| {
            let session = hexadecimal(connection.session.unwrap_or(SessionId(0)));
            format!("\tip: {} sessionId: {session}", address::host_and_port(connection.peer))
        });
        std::iter::once(head).chain(connections)
    });
    Box::new(
        head.into_iter().chain(sessions).chain(title).chain(ephemerals).chain(last).chain(sets),
    )
}

/// Returns the connections, and by the wall's clock when they end if nothing more comes: with their
/// sessions, or when the patience with one that has none is over.
fn connections_by_expiry(state: &State, now: Moment) -> BTreeMap<i64, Vec<&Connection>> {
    let deadlines = state.sessions.deadlines().iter();
    let deadlines: HashMap<SessionId, u64> = deadlines
        .flat_map(|(deadline, sessions)| sessions.iter().map(|session| (*session, *deadline)))
        .collect();
    let patience = i64::try_from(state.settings.patience.as_millis()).unwrap_or(i64::MAX);
    let mut sets: BTreeMap<i64, Vec<&Connection>> = BTreeMap::new();
    for connection in state.connections.values() {
        let deadline = connection.session.and_then(|session| deadlines.get(&session));
        let expiry = match deadline {
            Some(deadline) => on_the_wall(*deadline, now),
            None => connection.established.saturating_add(patience),
        };
        sets.entry(expiry).or_default().push(connection);
    }
    sets
}

/// Returns a steady moment by the wall's clock.
fn on_the_wall(steady: u64, now: Moment) -> i64 {
    let left = i64::try_from(steady.saturating_sub(now.steady)).unwrap_or(i64::MAX);
    now.wall.saturating_add(left)
}

/// Returns a time of the wall clock as Java writes dates.
fn date(wall: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(wall).unwrap_or(jiff::Timestamp::MAX);
    time.strftime("%a %b %d %H:%M:%S UTC %Y").to_string()
}

fn hexadecimal(session: SessionId) -> String {
    format!("{:#x}", session.0)
}

fn watch_summary(state: &State) -> Lines<'_> {
    let (connections, paths, total) = state.watches.data.summary();
    let lines = [
        format!("{connections} connections watching {paths} paths"),
        format!("Total watches:{total}"),
    ];
    Box::new(lines.into_iter())
}

/// Returns the session that a watching connection serves.
fn watcher(state: &State, connection: ConnectionId) -> String {
    let session = state.connections.get(&connection).and_then(|connection| connection.session);
    hexadecimal(session.unwrap_or(SessionId(0)))
}

fn watches_by_path(state: &State) -> Lines<'_> {
    let lines = state.watches.data.paths().flat_map(|(path, watchers)| {
        let watchers = watchers.map(|one| format!("\t{}", watcher(state, one)));
        std::iter::once(path.to_owned()).chain(watchers)
    });
    Box::new(lines.chain([String::new()]))
}

fn watches_by_connection(state: &State) -> Lines<'_> {
    let lines = state.watches.data.connections().iter().flat_map(|(connection, paths)| {
        let paths = paths.iter().map(|path| format!("\t{path}"));
        std::iter::once(watcher(state, *connection)).chain(paths)
    });
    Box::new(lines.chain([String::new()]))
}
