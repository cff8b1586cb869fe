//! Reads of a script that are combined into one request: each gets its own answer, in its place.

use std::fmt::Write as _;

use crate::support::apache::four_letters;
use crate::support::engine::on_every_engine;
use crate::support::shell::zksh;

/// The number of reads in a script, which is far more than one request contains.
const READS: usize = 2000;

/// Returns the number of packets that a server reports as received.
fn received(address: &str) -> usize {
    let port = address.rsplit(':').next().unwrap().parse().unwrap();
    let answer = four_letters(port, "srvr").unwrap();
    let count = answer.lines().find_map(|line| line.strip_prefix("Received: "));
    count.unwrap().parse().unwrap()
}

#[test]
fn each_read_gets_its_own_answer_in_its_place() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let big = "b".repeat(100_000);
        let ran = zksh(&server).script(format!(
            "create /a 0\ncreate /empty\ncreate /big {big}\ncreate /mute x world:anyone:cdwa\n"
        ));
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
        let (mut script, mut data, mut errors) = (String::new(), String::new(), String::new());
        let mut line = 0;
        let mut ask = |script: &mut String, words: &str| {
            writeln!(script, "{words}").unwrap();
            line += 1;
            line
        };
        for round in 0..READS / 20 {
            ask(&mut script, &format!("set /a {round}"));
            for number in 0..20 {
                match (round + number) % 11 {
                    0 => {
                        let line = ask(&mut script, "get /none");
                        let why = "Node does not exist: /none\n    get /none";
                        writeln!(errors, "stdin:{line}: {why}").unwrap();
                    }
                    1 => {
                        let line = ask(&mut script, "get /mute");
                        let why = "Authentication is not valid : /mute\n    get /mute";
                        writeln!(errors, "stdin:{line}: {why}").unwrap();
                    }
                    2 => {
                        ask(&mut script, "get /empty");
                        data.push_str("null\n");
                    }
                    3 if round % 10 == 0 => {
                        ask(&mut script, "get /big");
                        writeln!(data, "{big}").unwrap();
                    }
                    _ => {
                        ask(&mut script, "get /a");
                        writeln!(data, "{round}").unwrap();
                    }
                }
            }
        }
        for window in ["1", "7", "128", "1000"] {
            let options = ["--compat", "3.9", "--window", window];
            let ran = zksh(&server).args(options).script(&script);
            assert!(ran.stdout == data, "with a window of {window}");
            // In this dialect the error for a missing znode includes its code.
            assert_eq!(ran.stderr.lines().count(), errors.lines().count());
            assert_eq!(ran.status, 1);
        }
        let ran = zksh(&server).args(["-o", "raw"]).script(&script);
        assert_eq!(ran.stderr, errors);
    });
}

#[test]
fn many_reads_take_few_requests_if_the_server_supports_that() {
    on_every_engine(|engine| {
        let private = engine.private();
        let address = private.address();
        let script = "get /zookeeper\n".repeat(READS);
        let before = received(&address);
        assert_eq!(zksh(&address).script(&script).status, 0);
        let took = received(&address) - before;
        if engine.version >= vec![3, 6] {
            assert!(took < READS / 2, "{took} requests");
        } else {
            assert!(took > READS, "{took} requests");
        }
    });
}

/// Returns a script that creates a tree with folders of one znode each.
fn folders(count: usize) -> String {
    let folder = |number| format!("create /tree/{number:03}\ncreate /tree/{number:03}/leaf some\n");
    (0..count).map(folder).fold("create /tree\n".to_owned(), |script, lines| script + &lines)
}

#[test]
fn the_folders_of_a_tree_are_read_together() {
    const FOLDERS: usize = 100;
    on_every_engine(|engine| {
        let private = engine.private();
        let address = private.address();
        assert_eq!(zksh(&address).script(folders(FOLDERS)).status, 0);
        let took = || {
            let before = received(&address);
            let sizes = zksh(&address).args(["du", "/tree"]).succeed();
            assert!(sizes.starts_with("400 bytes  201 znodes  /tree\n"), "{sizes}");
            received(&address) - before
        };
        if engine.version >= vec![3, 6] {
            // A busy server may seem far at times, and then gets a request for each folder.
            assert!((0..50).any(|_| took() < FOLDERS));
        } else {
            assert!(took() > FOLDERS);
        }
    });
}

#[test]
fn events_are_shown_between_reads_where_they_arrived() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let mut script = String::from("create /a new\n");
        let mut wanted = String::from("Created /a\n");
        let mut before = String::from("new");
        for round in 0..200 {
            write!(script, "get -w /a\nset /a {round}\n{}", "get /a\n".repeat(9)).unwrap();
            let event = "WatchedEvent state:SyncConnected type:NodeDataChanged path:/a";
            writeln!(wanted, "{before}\nWATCHER::\n{event}").unwrap();
            before = round.to_string();
            wanted.push_str(&format!("{before}\n").repeat(9));
        }
        for window in ["3", "128"] {
            let options = ["--compat", "3.9", "--window", window];
            let ran = zksh(&server).args(options).script(&script);
            assert_eq!(ran.stdout, wanted, "with a window of {window}");
            zksh(&server).args(["delete", "/a"]).succeed();
        }
    });
}
