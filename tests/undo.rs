//! Undo on every server restores paths, data, ACLs and kinds.

use std::time::Duration;

use zksh::error::Result;
use zksh::session::recording::{Recorded, Recording};
use zksh::session::{CreateMode, Operation, Session, Settings, Transport};
use zksh::tree::take_back::TakeBack;
use zksh::tree::undo::{Change, Renamed, merge, rename_all};
use zksh::tree::{self, AclEntry, Permissions, Record};
use zksh::zk::{Acl, ZnodePath};

use crate::support::engine::{engines, on_every_engine};
use crate::support::random::Random;

const NAMES: [&str; 4] = ["a", "b", "a!", "_"];

fn open(server: &str) -> Session {
    let settings = Settings {
        timeout: Duration::from_secs(30),
        read_only: false,
        max_request: 0xf_ffff,
        refused: Duration::from_secs(30),
        transport: Transport::default(),
    };
    let session = Session::new(settings, |_| {});
    session.open(server.parse().unwrap());
    session
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Runtime::new().unwrap().block_on(future)
}

fn path(text: &str) -> ZnodePath {
    ZnodePath::new(text).unwrap()
}

fn interim() -> AclEntry {
    AclEntry::world(Permissions::ALL)
}

/// Returns the tree below the root without the fields that the server assigns.
async fn contents(session: &Session) -> Vec<Record> {
    let needs = tree::filter::Needs { stat: true, data: true, acl: true };
    let root = ZnodePath::root();
    let mut znodes = tree::stream::Znodes::new(session, &root, needs, None).without_zookeeper();
    let mut found = Vec::new();
    while let Some(visited) = znodes.next().await.unwrap() {
        found.push(Record { stat: None, ..visited.record });
    }
    found
}

fn any_path(random: &mut Random) -> ZnodePath {
    let mut at = ZnodePath::root();
    for _ in 0..=random.below(3) {
        at = at.child(random.of(&NAMES));
    }
    at
}

fn any_acl(random: &mut Random) -> Acl {
    let entries = ["world:anyone:cdrwa", "ip:127.0.0.1:cdrwa", "world:anyone:cdrwa,ip:10.0.0.1:r"];
    random.of(&entries).parse().unwrap()
}

fn operation(random: &mut Random) -> Operation {
    let path = any_path(random);
    let data = vec![b'x'; usize::try_from(random.below(4)).unwrap()].into();
    match random.below(3) {
        0 => Operation::Create {
            prefix: path.to_shared(),
            data,
            mode: CreateMode { ephemeral: random.below(6) == 0, ..CreateMode::default() },
            acl: any_acl(random),
        },
        1 => Operation::Set { path, data, version: None },
        _ => Operation::Delete { path, version: None },
    }
}

/// Makes a random change, as a command would. The server may refuse it.
async fn act(session: &Session, random: &mut Random) {
    let done: Result<()> = match random.below(8) {
        0 => {
            let acl = any_acl(random);
            session.set_acl(&any_path(random), &acl, None).await.map(drop)
        }
        1 => tree::delete(session, &any_path(random), None, false, |_| {}).await.map(drop),
        2 => {
            let acl = any_acl(random);
            tree::set_acl(session, &any_path(random), &acl, None, |_| {}).await.map(drop)
        }
        3 => {
            let operations: Vec<Operation> =
                (0..=random.below(3)).map(|_| operation(random)).collect();
            session.transact(&operations).await.map(drop)
        }
        _ => match operation(random) {
            Operation::Create { prefix, data, mode, acl } => {
                session.create(prefix, data, mode, &acl).await.map(drop)
            }
            Operation::Set { path, data, version } => {
                session.set_data(&path, data, version).await.map(drop)
            }
            Operation::Delete { path, version } => session.delete(&path, version).await,
            Operation::Check { .. } => Ok(()),
        },
    };
    drop(done);
}

/// Returns the recorded changes in the form of a journal entry.
fn entry(recording: &Recording) -> Vec<Change> {
    let Recorded { written, lost, .. } = recording.take();
    assert_eq!(lost, None);
    merge(written.into_iter().map(Change::from)).unwrap()
}

/// Undoes changes. Returns the changes that the undo makes, and the restored states.
async fn take_back(session: &Session, changes: Vec<Change>) -> (Vec<Change>, Vec<Renamed>) {
    let recording = Recording::default();
    let prepared = TakeBack::prepare(session, changes, interim()).await.unwrap();
    let (_, restored) = recording.scope(prepared.apply(session)).await.unwrap();
    let made = entry(&recording);
    let renamed = restored.into_iter().map(|restored| restored.made(&made)).collect();
    (made, renamed)
}

#[test]
fn any_sequence_of_changes_is_undone_and_redone() {
    for engine in engines() {
        eprintln!("on {}", engine.name);
        let rounds = if engine.name == "sandbox" { 24 } else { 4 };
        let server = engine.fresh();
        block_on(async {
            let session = open(&server);
            for seed in 0..rounds {
                let mut random = Random(seed);
                // Znodes that existed before are not part of any change.
                for _ in 0..8 {
                    act(&session, &mut random).await;
                }
                let before = contents(&session).await;
                let mut entries = Vec::new();
                for _ in 0..12 {
                    let recording = Recording::default();
                    recording.scope(act(&session, &mut random)).await;
                    entries.push(entry(&recording));
                }
                let after = contents(&session).await;
                let mut undone: Vec<Vec<Change>> = Vec::new();
                while !entries.is_empty() {
                    let count = usize::try_from(random.below(3) + 1).unwrap().min(entries.len());
                    let together = entries.split_off(entries.len() - count).concat();
                    let (made, renamed) = take_back(&session, together).await;
                    undone.push(made);
                    for changes in entries.iter_mut().chain(&mut undone) {
                        rename_all(&renamed, changes);
                    }
                }
                assert_eq!(contents(&session).await, before, "{}, seed {seed}", engine.name);
                while let Some(changes) = undone.pop() {
                    let (_, renamed) = take_back(&session, changes).await;
                    for changes in &mut undone {
                        rename_all(&renamed, changes);
                    }
                }
                assert_eq!(contents(&session).await, after, "{}, seed {seed}", engine.name);
            }
            session.close().await;
        });
    }
}

#[test]
fn a_contended_write_is_recorded_as_it_was_applied() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        block_on(async {
            let (mine, theirs) = (open(&server), open(&server));
            let at = path("/counter");
            let (mode, acl) = (CreateMode::default(), Acl::open());
            mine.create("/counter", "0".as_bytes(), mode, &acl).await.unwrap();
            // The user gave no version, so no write is refused, even if others write too.
            let others = async {
                for number in 0..200 {
                    let data = format!("theirs {number}");
                    theirs.set_data(&at, data.as_bytes(), None).await.unwrap();
                }
            };
            let own = async {
                let mut entries = Vec::new();
                for number in 0..100 {
                    let recording = Recording::default();
                    let data = format!("mine {number}");
                    recording.scope(mine.set_data(&at, data.as_bytes(), None)).await.unwrap();
                    entries.push(recording.take());
                }
                entries
            };
            let (entries, ()) = futures_util::future::join(own, others).await;
            for Recorded { written, lost, writes, .. } in entries {
                assert_eq!(writes, 1);
                let Some(write) = written.first() else {
                    assert!(lost.is_some());
                    continue;
                };
                // The replaced state is exactly the one with the previous version.
                let (before, after) = (write.before.as_ref().unwrap(), write.after.unwrap());
                assert_eq!(after.version, Some(before.stat.version + 1));
                assert!(write.is_certain);
            }
        });
    });
}

#[test]
fn writes_too_large_to_record_are_still_applied() {
    let server = engines().swap_remove(0).fresh();
    block_on(async {
        let session = open(&server);
        let (mode, acl) = (CreateMode::default(), Acl::open());
        session.create("/big", vec![b'x'; 500_000], mode, &acl).await.unwrap();
        let recording = Recording::default();
        let write = async {
            for _ in 0..20 {
                session.set_data(&path("/big"), vec![b'y'; 500_000], None).await.unwrap();
            }
        };
        recording.scope(write).await;
        let Recorded { written, lost, writes, .. } = recording.take();
        assert!(written.is_empty() && lost.is_some_and(|why| why.contains("more than")));
        assert_eq!(writes, 20);
        // A recording that keeps nothing also reads nothing.
        let recording = Recording::unkept("why");
        let trace = zksh::session::Trace::default();
        trace.scope(recording.scope(session.delete(&path("/big"), None))).await.unwrap();
        assert_eq!((trace.requests(), recording.take().writes), (1, 1));
    });
}

#[test]
fn a_recorded_write_costs_one_more_round_trip_and_a_creation_none() {
    /// Returns the number of requests that a recorded write sends.
    async fn requests<T>(write: impl Future<Output = Result<T>>) -> u64 {
        let trace = zksh::session::Trace::default();
        trace.scope(Recording::default().scope(write)).await.unwrap();
        trace.requests()
    }
    let server = engines().swap_remove(0).fresh();
    block_on(async {
        let session = open(&server);
        let (mode, acl, at) = (CreateMode::default(), Acl::open(), path("/a"));
        assert_eq!(requests(session.create("/a", "1".as_bytes(), mode, &acl)).await, 1);
        assert_eq!(requests(session.set_data(&at, "2".as_bytes(), None)).await, 2);
        assert_eq!(requests(session.set_acl(&at, &acl, None)).await, 2);
        // Data and ACL are requested in parallel.
        assert_eq!(requests(session.delete(&at, None)).await, 3);
    });
}
