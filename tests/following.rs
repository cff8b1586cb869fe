//! `watch`: follows a znode across broken connections.

use std::io::{BufRead, BufReader, Read};

use crate::support::apache::four_letters;
use crate::support::engine::{Engine, on_every_engine};
use crate::support::proxy::Cable;
use crate::support::shell::zksh;
use crate::support::wait_until;

/// Changes of the lake, each by a shell of its own.
type Changes<'a> = &'a [&'a [&'a str]];

/// Waits until the server holds a watch on a path, or none.
fn wait_for_watch(address: &str, path: &str, held: bool) {
    let port = address.rsplit(':').next().unwrap().parse().unwrap();
    wait_until(&format!("watches on {path}: {held}"), || {
        let watched = four_letters(port, "wchp")?;
        (watched.lines().any(|line| line == path) == held).then_some(())
    });
}

/// Follows `/lake` across a lost connection until one event has arrived, and returns the output.
/// The `after` changes are made when the connection is back and, if a gap is `awaited`, after that
/// was shown.
fn follow(
    engine: &Engine,
    before: Changes,
    away: Changes,
    awaited: bool,
    after: Changes,
) -> String {
    let server = engine.fresh();
    let (address, root) = server.split_once('/').unwrap();
    let lake = format!("/{root}/lake");
    let act = |changes: Changes| {
        for change in changes {
            assert_eq!(zksh(&server).args(*change).run().status, 0, "{change:?}");
        }
    };
    act(before);
    let mut cable = Cable::to(address);
    let through = format!("{}/{root}", cable.address());
    let mut watch = zksh(&through).args(["watch", "-n", "1", "/lake"]).start();
    let mut stdout = BufReader::new(watch.stdout.take().unwrap());
    wait_for_watch(address, &lake, true);
    cable.cut();
    wait_for_watch(address, &lake, false);
    act(away);
    cable.mend();
    let mut output = String::new();
    if awaited {
        stdout.read_line(&mut output).unwrap();
    }
    if !after.is_empty() {
        wait_for_watch(address, &lake, true);
        act(after);
    }
    stdout.read_to_string(&mut output).unwrap();
    assert!(watch.wait().unwrap().success(), "{output}");
    output
}

fn expected(kinds: &[&str]) -> String {
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
fn a_lost_connection_without_changes_is_no_gap() {
    on_every_engine(|engine| {
        let set: &[&str] = &["set", "/lake", "deep"];
        let made: Changes = &[&["create", "/lake"], &["create", "/lake/reed"], set];
        assert_eq!(follow(engine, made, &[], false, &[set]), expected(&["NodeDataChanged"]));
        // Changes that fire no event, and changes of other znodes, cause no gap.
        let elsewhere: Changes =
            &[&["setAcl", "/lake", "world:anyone:cdrwa"], &["set", "/lake/reed", "x"]];
        assert_eq!(follow(engine, made, elsewhere, false, &[set]), expected(&["NodeDataChanged"]));
        let create: &[&str] = &["create", "/lake"];
        assert_eq!(follow(engine, &[], &[], false, &[create]), expected(&["NodeCreated"]));
    });
}

#[test]
fn a_lost_connection_that_may_have_hidden_events_is_a_gap() {
    on_every_engine(|engine| {
        let [create, delete]: [&[&str]; 2] = [&["create", "/lake"], &["delete", "/lake"]];
        let set: &[&str] = &["set", "/lake", "deep"];
        let printed = follow(engine, &[], &[create, delete], true, &[create]);
        assert_eq!(printed, expected(&["Gap: does not exist", "NodeCreated"]));
        // Before 3.6 there are only one-shot watches. The server sends their missed events after the
        // reconnect.
        if engine.version < vec![3, 6] {
            let printed = follow(engine, &[create], &[set], false, &[]);
            assert_eq!(printed, expected(&["NodeDataChanged"]));
            return;
        }
        let changed = expected(&["Gap: has version 1 and 0 children", "NodeDataChanged"]);
        assert_eq!(follow(engine, &[create], &[set], true, &[set]), changed);
        let new = expected(&["Gap: has version 0 and 0 children", "NodeDataChanged"]);
        assert_eq!(follow(engine, &[create], &[delete, create], true, &[set]), new);
        assert_eq!(follow(engine, &[], &[create], true, &[set]), new);
        let gone = expected(&["Gap: does not exist", "NodeCreated"]);
        assert_eq!(follow(engine, &[create], &[delete], true, &[create]), gone);
    });
}
