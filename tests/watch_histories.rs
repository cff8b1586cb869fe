//! Random watches of every kind on the same few znodes, and random changes. On every release that
//! has these watches, the shell must show each event that a server since 3.9 sends, once and in its
//! place.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::engine::on_every_engine;
use crate::support::random::Random;
use crate::support::shell::zksh;

/// The number of scripts on each server. `ZKSH_WATCH_HISTORIES` sets another.
const SCRIPTS: u64 = 8;

const LINES: usize = 60;

const PATHS: [&str; 4] = ["/", "/a", "/a/b", "/a/c"];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Data,
    Child,
    Persistent,
    Recursive,
}

/// The state of the server, and the events that it must send.
#[derive(Default)]
struct Model {
    znodes: BTreeSet<&'static str>,
    watches: BTreeMap<&'static str, BTreeSet<Kind>>,
    events: Vec<String>,
}

fn parent(path: &str) -> Option<&'static str> {
    match path {
        "/" => None,
        "/a" => Some("/"),
        _ => Some("/a"),
    }
}

impl Model {
    fn exists(&self, path: &str) -> bool {
        path == "/" || self.znodes.contains(path)
    }

    fn watch(&mut self, path: &'static str, kind: Kind) {
        self.watches.entry(path).or_default().insert(kind);
    }

    fn expect_event(&mut self, event: &str, path: &str) {
        self.events.push(format!("{event} {path}"));
    }

    /// Sends an event to the watches of a znode and to the recursive ones above it.
    fn fire(&mut self, event: &str, path: &'static str, kinds: &[Kind], reaches: bool) {
        let held = self.watches.entry(path).or_default();
        let mut heard = kinds.iter().any(|kind| held.contains(kind));
        held.retain(|kind| !(kinds.contains(kind) && matches!(kind, Kind::Data | Kind::Child)));
        let mut above = parent(path);
        while let Some(path) = above.filter(|_| reaches) {
            heard |= self.watches.get(path).is_some_and(|held| held.contains(&Kind::Recursive));
            above = parent(path);
        }
        if heard {
            self.expect_event(event, path);
        }
    }

    fn fire_children(&mut self, path: &'static str) {
        if let Some(parent) = parent(path) {
            let hears = [Kind::Child, Kind::Persistent];
            self.fire("NodeChildrenChanged", parent, &hears, false);
        }
    }

    /// Returns a random line, and updates the model with its effects.
    fn line(&mut self, random: &mut Random) -> String {
        const OF_DATA: [Kind; 3] = [Kind::Data, Kind::Persistent, Kind::Recursive];
        let path = random.of(&PATHS);
        let exists = self.exists(path);
        match random.below(12) {
            0 if exists => {
                self.watch(path, Kind::Data);
                format!("get -w {path}")
            }
            1 => {
                self.watch(path, Kind::Data);
                format!("stat -w {path}")
            }
            2 if exists => {
                self.watch(path, Kind::Child);
                format!("ls -w {path}")
            }
            3 => {
                self.watch(path, Kind::Persistent);
                format!("addWatch -m PERSISTENT {path}")
            }
            4 => {
                self.watch(path, Kind::Recursive);
                format!("addWatch -m PERSISTENT_RECURSIVE {path}")
            }
            5 => {
                let (option, kind, event) = random.of(&[
                    ("-d", Kind::Data, "DataWatchRemoved"),
                    ("-c", Kind::Child, "ChildWatchRemoved"),
                    ("-p", Kind::Persistent, "PersistentWatchRemoved"),
                    ("-r", Kind::Recursive, "PersistentWatchRemoved"),
                ]);
                if self.watches.entry(path).or_default().remove(&kind) {
                    self.expect_event(event, path);
                }
                format!("removewatches {option} {path}")
            }
            6..=8 if exists && path != "/" => {
                self.fire("NodeDataChanged", path, &OF_DATA, true);
                format!("set {path} x")
            }
            9 if exists && path != "/" && !self.znodes.iter().any(|z| parent(z) == Some(path)) => {
                self.znodes.remove(path);
                let hears = [Kind::Data, Kind::Child, Kind::Persistent, Kind::Recursive];
                self.fire("NodeDeleted", path, &hears, true);
                self.fire_children(path);
                format!("delete {path}")
            }
            _ if !exists && parent(path).is_some_and(|above| self.exists(above)) => {
                self.znodes.insert(path);
                self.fire("NodeCreated", path, &OF_DATA, true);
                self.fire_children(path);
                format!("create {path}")
            }
            _ => "echo nothing".to_owned(),
        }
    }
}

/// Returns the events that a script has printed, in order.
fn events(printed: &str) -> Vec<String> {
    let event = |line: &str| {
        let (_, rest) = line.split_once("WatchedEvent state:SyncConnected type:")?;
        let (kind, path) = rest.split_once(" path:")?;
        Some(format!("{kind} {path}"))
    };
    printed.lines().filter_map(event).collect()
}

#[test]
fn every_event_is_shown_once_whatever_watches_exist() {
    let scripts = std::env::var("ZKSH_WATCH_HISTORIES").ok().and_then(|count| count.parse().ok());
    on_every_engine(|engine| {
        if engine.version < vec![3, 6] {
            return;
        }
        for seed in 0..scripts.unwrap_or(SCRIPTS) {
            let (mut model, mut random) = (Model::default(), Random(seed));
            let lines: Vec<String> = (0..LINES).map(|_| model.line(&mut random)).collect();
            let ran = zksh(&engine.fresh()).script(lines.join("\n") + "\n");
            let shown = events(&ran.stdout);
            assert_eq!(shown, model.events, "{} {seed}:\n{}", engine.name, lines.join("\n"));
            assert!(!ran.stderr.contains("may be missing"), "{}", ran.stderr);
        }
    });
}
