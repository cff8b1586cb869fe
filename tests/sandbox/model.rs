//! Runs random operations on the sandbox and on Apache's server. Replies, stats, zxids and events
//! must be equal; otherwise the test prints the shortest list of operations that shows the
//! difference.
//!
//! `ZKSH_MODEL_STEPS` sets the number of operations (default 10,000), `ZKSH_MODEL_SEED` the seed,
//! and `ZKSH_MODEL_RELEASE` the release to compare with. The sandbox behaves like 3.8, so
//! differences from other releases are no bugs.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use zksh::sandbox::{self, Clock, Handle, Settings};

use super::side::Side;
use super::steps::{ACLS, Path, Request, Step, step};
use super::wire::op;
use super::words;
use crate::support::apache::{Release, Server, numbers, releases};
use crate::support::engine::say_once;

/// The number of clients.
pub(super) const CLIENTS: usize = 3;

/// The average number of steps in a case. A difference is minimised within its case.
const CASE: usize = 100;

/// Apache's server deletes empty containers every minute from its start on, at a time that clients
/// cannot predict, so it is replaced earlier.
const LIFE: Duration = Duration::from_secs(45);

/// A sandbox and an Apache server, both new.
struct Pair {
    _apache: Server,
    _sandbox: Handle,
    addresses: [String; 2],
    begun: Instant,
}

impl Pair {
    fn start(release: &Release) -> Self {
        let apache = Server::with_settings(release, "enforceQuota=true\nforceSync=no");
        let settings = Settings {
            tick: Duration::from_millis(500),
            max_session_timeout: Some(Duration::from_mins(2)),
            max_connections: 0,
            container_check: Duration::from_hours(1),
            ..Settings::default()
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let sandbox = sandbox::start(listener, settings, Clock::System).unwrap();
        let addresses = [format!("127.0.0.1:{}", apache.port()), sandbox.address().to_string()];
        // `srvr` has counted as a request but taken no zxid, so both start with the same zxid.
        Self { _apache: apache, _sandbox: sandbox, addresses, begun: Instant::now() }
    }
}

/// Runs the steps on both servers, up to the first difference.
fn play(pair: &Pair, base: &str, steps: &[(usize, Step)]) -> Result<(), TestCaseError> {
    let [mut apache, mut sandbox] = pair.addresses.each_ref().map(|address| Side::new(address));
    let root = Step::Ask(Request::Create {
        number: op::CREATE,
        path: Path::Own(String::new()),
        data: 0,
        acl: ACLS[0],
        flags: 0,
        ttl: 0,
    });
    let quota = Step::Ask(Request::Create {
        number: op::CREATE,
        path: Path::Quota(String::new()),
        data: 1,
        acl: ACLS[0],
        flags: 0,
        ttl: 0,
    });
    for (client, step) in [(0, root), (0, quota)].iter().chain(steps) {
        let (wanted, got) = (apache.take(*client, step, base), sandbox.take(*client, step, base));
        prop_assert_eq!(wanted, got, "client {} {:?}: Apache, then the sandbox", client, step);
    }
    let (theirs, ours) = (counts(&pair.addresses[0]), counts(&pair.addresses[1]));
    prop_assert_eq!(theirs, ours, "what `mntr` counts: Apache, then the sandbox");
    apache.close();
    sandbox.close();
    Ok(())
}

/// Returns the server's counts of znodes, ephemerals, watches and sessions.
fn counts(address: &str) -> Vec<String> {
    let answer = words::answer(address, "mntr");
    let wanted = ["zk_znode_count", "zk_ephemerals_count", "zk_watch_count", "zk_global_sessions"];
    let mut lines: Vec<String> = answer
        .lines()
        .filter(|line| wanted.iter().any(|wanted| line.starts_with(wanted)))
        .map(str::to_owned)
        .collect();
    lines.sort();
    assert_eq!(lines.len(), wanted.len(), "{answer}");
    lines
}

fn from_environment(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn random_operations_come_to_the_same_as_on_apaches_server() {
    let wanted = std::env::var("ZKSH_MODEL_RELEASE").unwrap_or_else(|_| "3.8.".to_owned());
    let mut releases = releases().iter();
    let Some(release) = releases.rfind(|release| release.version.starts_with(&wanted)) else {
        say_once("skipped: the sandbox against Apache's 3.8, which is not here");
        return;
    };
    let cases = from_environment("ZKSH_MODEL_STEPS", 10_000).div_ceil(CASE);
    let seed = from_environment("ZKSH_MODEL_SEED", 1);
    let config = Config {
        cases: u32::try_from(cases).unwrap(),
        failure_persistence: None,
        max_shrink_iters: 400,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&u64::try_from(seed).unwrap().to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let pair = std::cell::RefCell::new(Pair::start(release));
    let number = std::cell::Cell::new(0);
    let readable = numbers(&release.version) < numbers("3.8.4");
    let outcome = runner.run(&prop::collection::vec(step(readable), 1..2 * CASE), |steps| {
        if pair.borrow().begun.elapsed() > LIFE {
            pair.replace(Pair::start(release));
        }
        number.set(number.get() + 1);
        play(&pair.borrow(), &format!("/m{}", number.get()), &steps)
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Abort(reason)) => panic!("{reason}"),
        Err(TestError::Fail(reason, steps)) => {
            let steps: Vec<String> = steps.iter().map(|step| format!("  {step:?}")).collect();
            let steps = steps.join("\n");
            panic!("on {}, ZKSH_MODEL_SEED={seed}: {reason}\nafter\n{steps}", release.version);
        }
    }
}
