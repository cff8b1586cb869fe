//! The laws of the ensemble, over random schedules of clients, faults and time.
//!
//! `ZKSH_ENSEMBLE_SCHEDULES` says how many schedules (10,000 if it does not), `ZKSH_ENSEMBLE_SEED`
//! with which the first begins; a failure names the seed of its schedule.

mod clients;
mod invariants;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::*;
use crate::sandbox::acl::OPEN;
use crate::sandbox::operation::{
    Body, Code, ConnectRequest, ConnectResponse, Create, CreateKind, Event, OldWatches, Operation,
    Reply, Request,
};
use crate::sandbox::state::{Change, Effect, NEW};

/// Steps of a schedule.
const STEPS: usize = 30;

/// The session timeout of every client, and the tick, in milliseconds.
const TIMEOUT: u64 = 1_000;
const TICK: u64 = 500;

/// The znode that is read, set and watched.
const SHARED: &str = "/shared";

/// Numbers that look random and follow from a seed (`SplitMix64`).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `bound`.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("it is below a usize")
    }
}

/// What a client waits for.
#[derive(Debug)]
enum Asked {
    /// It creates this znode, which nobody deletes.
    Create(String),
    Set,
    Read {
        watch: bool,
    },
    /// With the zxid that was committed when it was asked.
    Sync(i64),
    Other,
}

#[derive(Debug, Default)]
struct Client {
    /// Server, connection, and whether it has its session yet.
    line: Option<(usize, ConnectionId, bool)>,
    session: Option<(SessionId, [u8; 16])>,
    /// The connection that it had before, where that was not closed.
    older: Option<(usize, ConnectionId)>,
    last_zxid: i64,
    asked: BTreeMap<i32, Asked>,
    xid: i32,
    /// The zxid of the last change that it knew of when it left its watch.
    watch: Option<i64>,
    /// When the leader last heard of it.
    heard: u64,
}

struct Simulation {
    ensemble: Ensemble,
    random: Random,
    now: Moment,
    clients: Vec<Client>,
    next: u64,
    written: u64,
    /// What each server had applied, by zxid.
    history: BTreeMap<i64, Vec<(String, i64)>>,
    checked: Vec<i64>,
    /// Creates that were told to be done, with their zxids.
    told: BTreeMap<i64, String>,
    /// Creates that stand in some log, and those that a new leader did not have.
    decided: BTreeSet<String>,
    gone: BTreeSet<String>,
    epoch: i64,
    elected: u64,
    committed: i64,
    open: BTreeSet<SessionId>,
    closed_by_client: BTreeSet<SessionId>,
    /// When the end of a session was first seen in a log, and when its leader was elected.
    ending: BTreeMap<SessionId, (u64, u64)>,
    /// What has happened at all, so that a test that tests nothing is found out.
    seen: BTreeMap<&'static str, u64>,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let settings = Settings {
            tick: Duration::from_millis(TICK),
            sync_limit: 2,
            max_connections: 0,
            ..Settings::default()
        };
        let now = Moment { wall: 1_000_000, steady: 0 };
        let count = if random.below(3) == 0 { 5 } else { 3 };
        let addresses = vec![([127, 0, 0, 1], 1).into(); count];
        let clients = (0..2 + random.below(2)).map(|_| Client::default()).collect();
        let mut simulation = Self {
            ensemble: Ensemble::new(&settings, [7; 16], &addresses, now),
            random,
            now,
            clients,
            next: 1,
            written: 0,
            history: BTreeMap::new(),
            checked: vec![-1; count],
            told: BTreeMap::new(),
            decided: BTreeSet::new(),
            gone: BTreeSet::new(),
            epoch: 0,
            elected: 0,
            committed: 0,
            open: BTreeSet::new(),
            closed_by_client: BTreeSet::new(),
            ending: BTreeMap::new(),
            seen: BTreeMap::new(),
        };
        // A new ensemble has elected its first leader.
        simulation.check();
        simulation
    }

    fn note(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    fn step(&mut self) {
        let outcomes = match self.random.below(20) {
            0..=10 => {
                let who = self.random.below(self.clients.len());
                self.act(who)
            }
            11..=14 => {
                let time = [1, 50, 200, 300, 1_000, 2_500][self.random.below(6)];
                self.pass(time)
            }
            15..=16 => self.mend(),
            _ => self.harm(),
        };
        self.take(outcomes);
        self.check();
    }

    fn pass(&mut self, milliseconds: u64) -> Outcomes {
        // As a timer does, which wakes at each deadline.
        let end = self.now.steady + milliseconds;
        let mut all = Outcomes::new();
        while let Some(deadline) = self.ensemble.next_deadline()
            && deadline < end
        {
            let deadline = deadline.max(self.now.steady + 1);
            self.advance_to(deadline);
            all.extend(self.ensemble.tick(self.now));
            let outcomes = std::mem::take(&mut all);
            self.take(outcomes);
            self.check();
        }
        self.advance_to(end);
        self.ensemble.tick(self.now)
    }

    fn advance_to(&mut self, steady: u64) {
        let passed = i64::try_from(steady - self.now.steady).expect("a short time");
        self.now = Moment { wall: self.now.wall + passed, steady };
    }

    fn harm(&mut self) -> Outcomes {
        let (now, count) = (self.now, self.ensemble.servers.len());
        let server = self.random.below(count);
        match self.random.below(4) {
            0 => self.ensemble.kill(server, now),
            1 => self.ensemble.pause(server, now),
            2 => {
                let lag = [100, 700, 1_500][self.random.below(3)];
                self.ensemble.set_lag(server, lag, now)
            }
            _ => {
                let sides: Vec<usize> = (0..count).map(|_| self.random.below(2)).collect();
                self.ensemble.partition(&sides, now)
            }
        }
    }

    fn mend(&mut self) -> Outcomes {
        let (now, count) = (self.now, self.ensemble.servers.len());
        match self.random.below(3) {
            0 => self.ensemble.partition(&vec![0; count], now),
            1 => {
                let server = self.random.below(count);
                self.ensemble.start(server, now)
            }
            _ => {
                let server = self.random.below(count);
                self.ensemble.set_lag(server, 0, now)
            }
        }
    }

    /// After all is mended and some time has passed, all servers are one again.
    fn settle(&mut self) {
        let count = self.ensemble.servers.len();
        let now = self.now;
        let mut outcomes = self.ensemble.partition(&vec![0; count], now);
        for server in 0..count {
            outcomes.extend(self.ensemble.set_lag(server, 0, now));
            outcomes.extend(self.ensemble.start(server, now));
        }
        self.take(outcomes);
        self.check();
        let outcomes = self.pass(5_000);
        self.take(outcomes);
        self.check();
        let leader = self.ensemble.able_leader().expect("a leader");
        let sessions = |server: usize| -> BTreeSet<SessionId> {
            self.ensemble.state(server).sessions.ids().collect()
        };
        for server in 0..count {
            assert_eq!(self.ensemble.state(server).zxid, self.ensemble.state(leader).zxid);
            assert_eq!(sessions(server), sessions(leader), "sessions of server {server}");
            self.ensemble.state(server).tree.assert_sound();
        }
    }
}

fn create(path: &str, flags: i32) -> Operation {
    let (path, acl) = (path.to_owned(), OPEN.to_vec());
    Operation::Create(Create { kind: CreateKind::Create, path, data: None, acl, flags })
}

#[test]
fn the_laws_hold_over_random_schedules() {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
    };
    let first = number("ZKSH_ENSEMBLE_SEED", 1);
    let mut seen: BTreeMap<&'static str, u64> = BTreeMap::new();
    for seed in first..first + number("ZKSH_ENSEMBLE_SCHEDULES", 10_000) {
        let mut simulation = Simulation::new(seed);
        let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            // The first election, most of the time.
            if simulation.random.below(8) > 0 {
                let outcomes = simulation.pass(300);
                simulation.take(outcomes);
            }
            for _ in 0..STEPS {
                simulation.step();
            }
            simulation.settle();
        }));
        if let Err(fault) = played {
            eprintln_seed(seed);
            std::panic::resume_unwind(fault);
        }
        for (what, times) in simulation.seen {
            *seen.entry(what).or_default() += times;
        }
    }
    if number("ZKSH_ENSEMBLE_SCHEDULES", 10_000) >= 1_000 {
        for what in [
            "a write",
            "a read",
            "a sync",
            "an event",
            "an election",
            "an expiry",
            "an expired session",
            "a session that moved",
            "a server that is behind",
            "a request on an older connection",
            "an entry that is gone",
        ] {
            let times = seen.get(what).copied().unwrap_or_default();
            assert!(times > 20, "{what} happened {times} times only: {seen:?}");
        }
    }
}

#[allow(clippy::print_stderr, reason = "a test says why it fails")]
fn eprintln_seed(seed: u64) {
    eprintln!("the schedule of ZKSH_ENSEMBLE_SEED={seed} ZKSH_ENSEMBLE_SCHEDULES=1");
}
