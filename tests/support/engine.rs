//! The servers that tests run on: the sandbox, and every release of Apache's server that is
//! present.

use std::collections::HashMap;
use std::io::Write;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use std::time::Duration;

use zksh::sandbox::{self, Clock, Handle, Settings};

use super::apache::{Release, Server, numbers, releases};
use super::shell::zksh;

/// A kind of server, which tests share. Each test works in its own chroot.
#[derive(Clone)]
pub(crate) struct Engine {
    /// The name: `sandbox` or `Apache 3.8.0`.
    pub(crate) name: String,
    /// The Apache release whose features the server supports.
    pub(crate) version: Vec<u32>,
    /// The release, if the engine is an Apache server.
    pub(crate) release: Option<Release>,
}

/// The private server of a test, which stops when it is dropped.
pub(crate) enum Private {
    Sandbox(Handle),
    Apache(Server),
}

impl Private {
    /// Returns the address of the server as `host:port`.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Sandbox(handle) => handle.address().to_string(),
            Self::Apache(server) => format!("127.0.0.1:{}", server.port()),
        }
    }
}

/// Returns all engines that are present; the sandbox always is.
pub(crate) fn engines() -> Vec<Engine> {
    let sandbox = Engine { name: "sandbox".to_owned(), version: vec![3, 9], release: None };
    let apache = apaches().iter().map(|release| Engine {
        name: format!("Apache {}", release.version),
        version: numbers(&release.version),
        release: Some(release.clone()),
    });
    std::iter::once(sandbox).chain(apache).collect()
}

/// Returns all Apache releases that are present, and reports if there are none.
fn apaches() -> &'static [Release] {
    let releases = releases();
    if releases.is_empty() {
        say_once(
            "skipped: Apache's own servers, because Java or a release is missing (see README.md)",
        );
    }
    releases
}

/// Runs a test on every engine that is present, and prints its name in case of failure.
pub(crate) fn on_every_engine(test: impl Fn(&Engine)) {
    for engine in engines() {
        eprintln!("on {}", engine.name);
        test(&engine);
    }
}

/// Runs a test on every Apache release that is present, each with a private server that may be
/// killed.
pub(crate) fn on_every_apache(test: impl Fn(Server)) {
    for release in apaches() {
        eprintln!("on Apache {}", release.version);
        test(Server::start(release));
    }
}

impl Engine {
    /// Returns the address of the engine's shared server, which is started on first use.
    pub(crate) fn address(&self) -> String {
        type Shared = Arc<OnceLock<Private>>;
        // Statics are never dropped: the sandbox ends with this program, and the other servers are
        // ended by their watchdogs.
        static SERVERS: LazyLock<Mutex<HashMap<String, Shared>>> = LazyLock::new(Mutex::default);
        let server = Arc::clone(SERVERS.lock().unwrap().entry(self.name.clone()).or_default());
        server.get_or_init(|| self.private()).address()
    }

    /// Returns a connection string whose chroot is a new znode.
    pub(crate) fn fresh(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let root = format!("/test-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let address = self.address();
        zksh(&address).args(["create", &root]).succeed();
        format!("{address}{root}")
    }

    /// Starts a private server of this kind.
    pub(crate) fn private(&self) -> Private {
        match &self.release {
            Some(release) => Private::Apache(Server::start(release)),
            None => Private::Sandbox(start_sandbox(Clock::System)),
        }
    }
}

/// Starts a sandbox with the same limits as the other servers of the tests.
pub(crate) fn start_sandbox(clock: Clock) -> Handle {
    let settings = Settings {
        tick: Duration::from_millis(500),
        max_session_timeout: Some(Duration::from_mins(2)),
        max_connections: 0,
        enforce_quota: false,
        // The digest of super:secret.
        super_digest: Some("super:lK75jTNcA+U9vtVEw5vB51mj/w4=".to_owned()),
        ..Settings::default()
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    sandbox::start(listener, settings, clock).unwrap()
}

/// Prints once, on the tests' standard error, which tests were skipped.
pub(crate) fn say_once(what: &'static str) {
    static SAID: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());
    let mut said = SAID.lock().unwrap();
    if !said.contains(&what) {
        said.push(what);
        // Bypasses the capture of the test's output, because the message is for whoever reads the
        // whole run.
        let _ = writeln!(std::io::stderr(), "zksh tests: {what}");
    }
}
