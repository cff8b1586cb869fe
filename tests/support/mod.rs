//! Code that the tests share: servers to run on, and shells to type into.

#![allow(dead_code, reason = "a tool for tests to come")]

pub(crate) mod account;
pub(crate) mod apache;
pub(crate) mod certificates;
pub(crate) mod engine;
pub(crate) mod ensemble;
pub(crate) mod far;
pub(crate) mod interrupting;
pub(crate) mod lies;
pub(crate) mod line_by_line;
pub(crate) mod proxy;
pub(crate) mod random;
pub(crate) mod saved;
pub(crate) mod shell;
pub(crate) mod terminal;
pub(crate) mod watch_rounds;

use std::fs::File;
use std::net::TcpListener;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// Timeout for any state: far more than it ever takes, even on a machine that is busy with other
/// tests.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Waits until `ask` returns a value.
#[track_caller]
pub(crate) fn wait_until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Returns a port on which nothing listens. It is below the range for outgoing connections and
/// reserved for this process, so that nobody else takes it before it is used, or while a cable is
/// cut.
pub(crate) fn free_port() -> u16 {
    const FIRST: u16 = 12_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = FIRST + own_block() * PORTS;
    loop {
        let port = start + NEXT.fetch_add(1, Ordering::Relaxed) % PORTS;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Number of ports per process, more than a run of all tests needs.
const PORTS: u16 = 1000;

/// Returns the block of ports of this process, because other processes on this machine run tests
/// too.
fn own_block() -> u16 {
    // The lock is held for the lifetime of this process.
    static HELD: OnceLock<(u16, File)> = OnceLock::new();
    let (block, _) = HELD.get_or_init(|| {
        let lock = |block| {
            let name = format!("zksh-tests-ports-{block}");
            let file = File::create(std::env::temp_dir().join(name)).ok()?;
            file.try_lock().ok().map(|()| (block, file))
        };
        (0..20).find_map(lock).expect("fewer than twenty processes run tests")
    });
    *block
}
