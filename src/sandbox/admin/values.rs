//! Names with values: what `mntr`, `conf` and `envi` list.

use std::fs;
use std::sync::LazyLock;

use super::{Lines, ThisServer};
use crate::sandbox::operation::Moment;
use crate::sandbox::servers::Mode;
use crate::sandbox::state::{State, Traffic};

/// The release whose protocol the sandbox speaks, and what it is.
const RELEASE: &str = concat!("3.8.4-zksh-", env!("CARGO_PKG_VERSION"));

/// What Java's servers print for what they do not know.
const UNKNOWN: &str = "<NA>";

/// When the program was built, as far as its file tells.
static BUILT: LazyLock<jiff::Timestamp> = LazyLock::new(|| {
    let file = std::env::current_exe().and_then(fs::metadata);
    let time = file.and_then(|file| file.modified()).ok();
    time.and_then(|time| time.try_into().ok()).unwrap_or_default()
});

/// Returns the version in the form that clients parse: `VERSION-HASH, built on DATE UTC`.
pub(super) fn version() -> String {
    format!("{RELEASE}, built on {} UTC", BUILT.strftime("%Y-%m-%d %H:%M"))
}

/// Returns the average latency in milliseconds, as Java writes a number with four decimals.
pub(super) fn average(traffic: &Traffic) -> String {
    let ten_thousandths =
        (traffic.latency_total * 10_000).checked_div(traffic.answered).unwrap_or(0);
    let text = format!("{}.{:04}", ten_thousandths / 10_000, ten_thousandths % 10_000);
    let short = text.trim_end_matches('0');
    if short.ends_with('.') { format!("{short}0") } else { short.to_owned() }
}

pub(super) fn monitor(state: &State, this: ThisServer, now: Moment) -> Lines<'_> {
    let Traffic { latency_min, latency_max, received, sent, .. } = state.traffic;
    let ephemerals: usize =
        state.tree.owners().into_iter().map(|owner| state.tree.ephemerals(owner).count()).sum();
    let (_, _, data_watches) = state.watches.data.summary();
    let (_, _, child_watches) = state.watches.children.summary();
    let (open, limit) = descriptors().map_or((-1, -1), |(open, limit)| {
        (i64::try_from(open).unwrap_or(-1), i64::try_from(limit).unwrap_or(-1))
    });
    let values = [
        ("version", version()),
        ("server_state", this.mode_name().to_owned()),
        ("avg_latency", average(&state.traffic)),
        ("min_latency", latency_min.to_string()),
        ("max_latency", latency_max.to_string()),
        ("packets_received", received.to_string()),
        ("packets_sent", sent.to_string()),
        ("num_alive_connections", state.connections.len().to_string()),
        ("outstanding_requests", "0".to_owned()),
        ("znode_count", state.tree.count().to_string()),
        ("watch_count", (data_watches + child_watches).to_string()),
        ("ephemerals_count", ephemerals.to_string()),
        ("approximate_data_size", state.tree.size().to_string()),
        ("global_sessions", state.sessions.count().to_string()),
        ("open_file_descriptor_count", open.to_string()),
        ("max_file_descriptor_count", limit.to_string()),
        ("uptime", now.steady.saturating_sub(state.started.steady).to_string()),
    ];
    let quorum = match this.mode {
        Mode::Leader { followers, synced } => vec![
            ("followers", followers.to_string()),
            ("synced_followers", synced.to_string()),
            ("pending_syncs", "0".to_owned()),
        ],
        _ => Vec::new(),
    };
    let all = values.into_iter().chain(quorum);
    Box::new(all.map(|(key, value)| format!("zk_{key}\t{value}")))
}

pub(super) fn configuration(state: &State, this: ThisServer) -> Lines<'_> {
    let settings = &state.settings;
    let (shortest, longest) = settings.session_timeouts();
    let lines = [
        format!("clientPort={}", this.address.port()),
        "secureClientPort=-1".to_owned(),
        "dataDir=(in memory)".to_owned(),
        "dataDirSize=0".to_owned(),
        "dataLogDir=(in memory)".to_owned(),
        "dataLogSize=0".to_owned(),
        format!("tickTime={}", settings.tick_milliseconds()),
        format!("maxClientCnxns={}", settings.max_connections),
        format!("minSessionTimeout={shortest}"),
        format!("maxSessionTimeout={longest}"),
        "clientPortListenBacklog=-1".to_owned(),
    ];
    let ensemble = match this.mode {
        Mode::Standalone => vec!["serverId=0".to_owned()],
        _ => vec![
            format!("serverId={}", this.server + 1),
            format!("syncLimit={}", settings.sync_limit),
        ],
    };
    Box::new(lines.into_iter().chain(ensemble))
}

/// Lists what the process runs on. There is no Java here.
pub(super) fn environment() -> Lines<'static> {
    let kernel = |name: &str| {
        let text = fs::read_to_string(format!("/proc/sys/kernel/{name}"));
        text.map_or(UNKNOWN.to_owned(), |text| text.trim().to_owned())
    };
    let variable = |name: &str| std::env::var(name).unwrap_or(UNKNOWN.to_owned());
    let folder = std::env::current_dir().map_or(UNKNOWN.to_owned(), |it| it.display().to_string());
    let megabytes = |name: &str| format!("{}MB", memory(name).unwrap_or(0) >> 20);
    let system = match std::env::consts::OS {
        "linux" => "Linux",
        "macos" => "Mac OS X",
        other => other,
    };
    let machine = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        other => other,
    };
    let java = ["version", "vendor", "home", "class.path", "library.path"];
    let java = java.into_iter().map(|name| (format!("java.{name}"), UNKNOWN.to_owned()));
    let temporary = std::env::temp_dir().display().to_string();
    let others = [
        ("java.io.tmpdir", temporary),
        ("java.compiler", UNKNOWN.to_owned()),
        ("os.name", system.to_owned()),
        ("os.arch", machine.to_owned()),
        ("os.version", kernel("osrelease")),
        ("user.name", variable("USER")),
        ("user.home", variable("HOME")),
        ("user.dir", folder),
        ("os.memory.free", megabytes("MemAvailable")),
        ("os.memory.max", megabytes("MemTotal")),
        ("os.memory.total", megabytes("MemTotal")),
    ];
    let head = [("zookeeper.version", version()), ("host.name", kernel("hostname"))];
    let owned = |(name, value): (&str, String)| (name.to_owned(), value);
    let all = head.map(owned).into_iter().chain(java).chain(others.map(owned));
    let lines = all.map(|(name, value)| format!("{name}={value}"));
    Box::new(std::iter::once("Environment:".to_owned()).chain(lines))
}

/// Returns a number of `/proc/meminfo` in bytes.
fn memory(name: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kibibytes| kibibytes << 10)
}

/// Returns how many file descriptors the process has open, and may have.
fn descriptors() -> Option<(usize, u64)> {
    let open = fs::read_dir("/proc/self/fd").ok()?.count();
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    Some((open, line.split_whitespace().next()?.parse().ok()?))
}
