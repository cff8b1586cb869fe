//! Tests which events the user sees, and when.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::bounded_queue::Taken;
use crate::zk::EventKind;

fn path(text: &str) -> ZnodePath {
    ZnodePath::new(text).unwrap()
}

fn event(kind: EventKind, path: &str) -> Event {
    Event { state: "SyncConnected", kind, path: Some(path.to_owned()), zxid: None }
}

fn at(number: u64) -> Stamp {
    Stamp::test(number)
}

fn shows(watches: &Watches, kind: EventKind, path: &str, stamp: u64) -> bool {
    watches.dispatch(&event(kind, path), at(stamp)).show
}

fn count(watches: &Watches) -> Vec<u64> {
    watches.list().iter().map(|watch| watch.events).collect()
}

#[test]
fn one_event_is_shown_once_and_counted_for_each_watch() {
    let watches = Watches::default();
    watches.request(&path("/a"), WatchKind::Data).confirm(at(1));
    watches.request(&path("/a"), WatchKind::Persistent).confirm(at(2));
    watches.request(&path("/"), WatchKind::PersistentRecursive).confirm(at(3));
    assert!(shows(&watches, EventKind::NodeDataChanged, "/a", 4));
    assert_eq!(count(&watches), [1, 1], "the one-shot watch has gone");
    assert!(!shows(&watches, EventKind::NodeChildrenChanged, "/b", 5));
    assert!(shows(&watches, EventKind::NodeCreated, "/a/deep/below", 6));
    assert_eq!(count(&watches), [2, 1]);
    // The same once more changes nothing.
    watches.request(&path("/a"), WatchKind::Persistent).confirm(at(7));
    assert_eq!(count(&watches), [2, 1]);
}

#[test]
fn an_event_belongs_to_a_watch_from_its_reply_on() {
    let watches = Watches::default();
    let other = observer();
    let _ = watches.observe(&path("/"), WatchKind::PersistentRecursive, &other).confirm(at(0));
    let registration = watches.request(&path("/a"), WatchKind::Persistent);
    assert!(!shows(&watches, EventKind::NodeCreated, "/a", 1));
    assert!(!shows(&watches, EventKind::NodeDataChanged, "/a", 3), "not known yet");
    let (late, _) = registration.confirm(at(2));
    assert_eq!(late, [(event(EventKind::NodeDataChanged, "/a"), at(3))]);
    assert_eq!(count(&watches), [1]);
    drop(watches.request(&path("/b"), WatchKind::Data));
    assert_eq!(watches.list().len(), 1, "a request that failed leaves no watch");
    assert!(watches.if_idle(&path("/b"), || ()).is_some());
}

#[test]
fn an_event_that_no_other_watch_explains_has_overtaken_its_reply() {
    let watches = Watches::default();
    let registration = watches.request(&path("/a"), WatchKind::Data);
    assert!(!shows(&watches, EventKind::NodeDataChanged, "/a", 1));
    let (late, _) = registration.confirm(at(2));
    assert_eq!(late, [(event(EventKind::NodeDataChanged, "/a"), at(1))]);
    assert!(watches.list().is_empty(), "it has given its event");
}

#[test]
fn observers_get_their_own_events_and_the_user_does_not() {
    let watches = Watches::default();
    let observer = observer();
    let (_, id) = watches.observe(&path("/a"), WatchKind::Persistent, &observer).confirm(at(1));
    assert!(!shows(&watches, EventKind::NodeDataChanged, "/a", 2));
    assert!(watches.list().is_empty());
    let Some(Ok(Taken::Item(Observed { what: Observation::Event(seen), .. }))) = observer.take()
    else {
        panic!("it was observed");
    };
    assert_eq!(seen.kind, EventKind::NodeDataChanged);
    watches.request(&path("/a"), WatchKind::Data).confirm(at(3));
    assert!(!watches.release(id), "the user's watch is still there");
    let fired = watches.dispatch(&event(EventKind::NodeDataChanged, "/a"), at(4));
    assert_eq!(fired, Dispatched { show: true, idle: Some(path("/a")) });
}

#[test]
fn the_end_of_a_session_takes_every_watch() {
    let watches = Watches::default();
    let observer = observer();
    let _ = watches.observe(&path("/a"), WatchKind::Data, &observer).confirm(at(1));
    watches.request(&path("/b"), WatchKind::Child).confirm(at(2));
    watches.request(&path("/a"), WatchKind::Data).confirm(at(2));
    let why = Error::usage("over");
    let lost = watches.end(&why);
    assert_eq!(lost.iter().map(|watch| watch.path.as_str()).collect::<Vec<_>>(), ["/a", "/b"]);
    assert!(matches!(observer.take(), Some(Err(error)) if error == why));
}
