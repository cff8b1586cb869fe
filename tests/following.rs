//! `watch`: a znode followed through broken connections, and never more in memory than is read.

use crate::support::apache::four_letters;
use crate::support::engine::{Engine, on_every_engine};
use crate::support::proxy::Cable;
use crate::support::shell::zksh;
use crate::support::wait_until;

/// What is done to the lake, each by a shell of its own.
type Deeds<'a> = &'a [&'a [&'a str]];

/// Waits until the server holds a watch on a path, or holds none.
fn wait_for_watch(address: &str, path: &str, held: bool) {
    let port = address.rsplit(':').next().unwrap().parse().unwrap();
    wait_until(&format!("watches on {path}: {held}"), || {
        let watched = four_letters(port, "wchp")?;
        (watched.lines().any(|line| line == path) == held).then_some(())
    });
}

/// Follows `/lake` through a connection that is lost; returns what was told in all.
fn follow(engine: &Engine, before: Deeds, away: Deeds, after: Deeds, events: usize) -> String {
    let server = engine.fresh();
    let (address, root) = server.split_once('/').unwrap();
    let lake = format!("/{root}/lake");
    let act = |deeds: Deeds| {
        for deed in deeds {
            assert_eq!(zksh(&server).args(*deed).run().status, 0, "{deed:?}");
        }
    };
    act(before);
    let mut cable = Cable::to(address);
    let count = events.to_string();
    let through = format!("{}/{root}", cable.address());
    let watch = zksh(&through).args(["watch", "-n", &count, "/lake"]).start();
    wait_for_watch(address, &lake, true);
    cable.cut();
    wait_for_watch(address, &lake, false);
    act(away);
    cable.mend();
    wait_for_watch(address, &lake, true);
    act(after);
    let ran = watch.wait_with_output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

fn told(kinds: &[&str]) -> String {
    kinds
        .iter()
        .map(|kind| match kind.split_once("Gap: ") {
            Some((_, now)) => format!(
                "Gap: events of /lake may be missing here: the connection was lost; now it {now}\n"
            ),
            None => format!("WATCHER::\nWatchedEvent state:SyncConnected type:{kind} path:/lake\n"),
        })
        .collect()
}

#[test]
fn a_lost_connection_is_no_gap_where_nothing_has_happened() {
    on_every_engine(|engine| {
        let set: &[&str] = &["set", "/lake", "deep"];
        let made: Deeds = &[&["create", "/lake"], &["create", "/lake/reed"], set];
        assert_eq!(follow(engine, made, &[], &[set], 1), told(&["NodeDataChanged"]));
        // Neither what nobody is told of nor what happens elsewhere is a gap.
        let elsewhere: Deeds =
            &[&["setAcl", "/lake", "world:anyone:cdrwa"], &["set", "/lake/reed", "x"]];
        assert_eq!(follow(engine, made, elsewhere, &[set], 1), told(&["NodeDataChanged"]));
        let create: &[&str] = &["create", "/lake"];
        assert_eq!(follow(engine, &[], &[], &[create], 1), told(&["NodeCreated"]));
    });
}

#[test]
fn a_lost_connection_that_may_have_hidden_something_is_a_gap() {
    on_every_engine(|engine| {
        // Before 3.6 there are only watches that the server makes good for after the loss.
        let persistent = engine.version >= vec![3, 6];
        let [create, delete]: [&[&str]; 2] = [&["create", "/lake"], &["delete", "/lake"]];
        let set: &[&str] = &["set", "/lake", "deep"];
        let printed = follow(engine, &[create], &[set], &[set], if persistent { 1 } else { 2 });
        assert_eq!(
            printed,
            if persistent {
                told(&["Gap: has version 1 and 0 children", "NodeDataChanged"])
            } else {
                told(&["NodeDataChanged", "NodeDataChanged"])
            }
        );
        let printed = follow(engine, &[], &[create, delete], &[create], 1);
        assert_eq!(printed, told(&["Gap: does not exist", "NodeCreated"]));
        if persistent {
            let printed = follow(engine, &[create], &[delete, create], &[set], 1);
            assert_eq!(printed, told(&["Gap: has version 0 and 0 children", "NodeDataChanged"]));
            let printed = follow(engine, &[create], &[delete], &[create], 1);
            assert_eq!(printed, told(&["Gap: does not exist", "NodeCreated"]));
            let printed = follow(engine, &[], &[create], &[set], 1);
            assert_eq!(printed, told(&["Gap: has version 0 and 0 children", "NodeDataChanged"]));
        }
    });
}
