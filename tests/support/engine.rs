//! The servers that a test runs on: every release of Apache's that is present.

use std::collections::HashMap;
use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

use super::apache::{Release, Server, numbers, releases};
use super::shell::zksh;

/// A kind of server that tests share; each test works in a chroot of its own.
#[derive(Clone)]
pub(crate) struct Engine {
    /// `Apache 3.8.0`.
    pub(crate) name: String,
    /// What the server can do, as a release of Apache's.
    pub(crate) version: Vec<u32>,
    release: Release,
}

/// Returns every engine that is present.
pub(crate) fn engines() -> Vec<Engine> {
    let engines: Vec<Engine> = releases()
        .iter()
        .map(|release| Engine {
            name: format!("Apache {}", release.version),
            version: numbers(&release.version),
            release: release.clone(),
        })
        .collect();
    if engines.is_empty() {
        say_once("left out: what needs Apache's server, for want of Java or of a release");
    }
    engines
}

/// Runs a test on every engine that is present, and names the one on which it fails.
pub(crate) fn on_every_engine(test: impl Fn(&Engine) + Sync) {
    for engine in engines() {
        eprintln!("on {}", engine.name);
        test(&engine);
    }
}

impl Engine {
    /// Returns the address of the engine's shared server, which is started if need be.
    pub(crate) fn address(&self) -> String {
        type Shared = Arc<OnceLock<Server>>;
        // A static is never dropped: the watchdog of each server ends it with this program.
        static SERVERS: LazyLock<Mutex<HashMap<String, Shared>>> = LazyLock::new(Mutex::default);
        let server = Arc::clone(SERVERS.lock().unwrap().entry(self.name.clone()).or_default());
        let port = server.get_or_init(|| Server::start(&self.release)).port();
        format!("127.0.0.1:{port}")
    }

    /// Returns a connection string with a new znode as its root.
    pub(crate) fn fresh(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let root = format!("/test-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let address = self.address();
        zksh(&address).args(["create", &root]).succeed();
        format!("{address}{root}")
    }

    /// Starts a server of this kind that one test may kill.
    pub(crate) fn private(&self) -> Server {
        Server::start(&self.release)
    }
}

/// Says on the tests' standard error what was left out.
pub(crate) fn say_once(what: &'static str) {
    static SAID: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());
    let mut said = SAID.lock().unwrap();
    if !said.contains(&what) {
        said.push(what);
        // Past the capture of the test's own output: this is for whoever reads the run.
        let _ = writeln!(std::io::stderr(), "zksh tests: {what}");
    }
}
