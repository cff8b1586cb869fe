//! The two shells of the book: one becomes master, and the other waits for that role. The test
//! reads the screens of real terminals.

use nix::sys::signal::{Signal, kill};

use crate::support::engine::{Engine, on_every_engine};
use crate::support::shell::zksh;
use crate::support::terminal::{Setup, Terminal, connected_at_once};

/// The text of the transcripts, with a zxid, time and owner of some run.
const FIRST: &str = r#"create -e /master "master1.example.com:2223"
Created /master
PROMPT 1] ls /
[master, zookeeper]
PROMPT 2] get /master
"master1.example.com:2223"
STAT
PROMPT 3]"#;

const SECOND: &str = r#"create -e /master "master2.example.com:2223"
Node already exists: /master
PROMPT 1] stat /master true
STAT
PROMPT 2]
WATCHER::
WatchedEvent state:SyncConnected type:NodeDeleted path:/master
PROMPT 2] ls /
[zookeeper]
PROMPT 3] create -e /master "master2.example.com:2223"
Created /master
PROMPT 4]"#;

const STAT: &str = "\
cZxid = 0xN
ctime = TIME
mZxid = 0xN
mtime = TIME
pZxid = 0xN
cversion = 0
dataVersion = 0
aclVersion = 0
ephemeralOwner = 0xN
dataLength = 26
numChildren = 0";

/// Plays the story on a server that contains nothing else.
fn play(engine: &Engine, end_first: impl Fn(&mut Terminal)) {
    let server = engine.private();
    let address = server.address();
    // The session of the killed shell has to expire, so its timeout is short.
    let shell = || Setup::new(&address);
    let short = || shell().args(["-timeout", "2000"]);
    let prompt = format!("[zk: {address}(CONNECTED)");
    let wanted =
        |story: &str| format!("PROMPT 0] {story}").replace("STAT", STAT).replace("PROMPT", &prompt);

    let mut one = connected_at_once(short);
    one.enter(0, r#"create -e /master "master1.example.com:2223""#);
    one.enter(1, "ls /");
    one.enter(2, "get /master");
    one.wait_for_prompt(3);
    assert_eq!(below_banner(&general(&one.screen())), wanted(FIRST));

    let mut two = connected_at_once(shell);
    two.enter(0, r#"create -e /master "master2.example.com:2223""#);
    two.enter(1, "stat /master true");
    two.wait_for_prompt(2);
    end_first(&mut one);
    two.wait_for("type:NodeDeleted path:/master");
    two.enter(2, "ls /");
    two.enter(3, r#"create -e /master "master2.example.com:2223""#);
    two.wait_for_prompt(4);
    assert_eq!(below_banner(&general(&two.screen())), wanted(SECOND));

    two.enter(4, "quit");
    let (status, screen) = two.wait();
    assert_eq!(status, 0);
    assert!(screen.ends_with("4] quit\nlost ephemerals: /master\nQuitting..."), "{screen}");
    // The session was closed before the process ended, so nothing has to expire.
    assert_eq!(zksh(&address).args(["ls", "/"]).succeed(), "[zookeeper]\n");
}

/// Returns the screen below the banner, which is one line.
fn below_banner(screen: &str) -> &str {
    let (banner, rest) = screen.split_once('\n').unwrap();
    assert!(banner.starts_with("zksh ") && banner.contains("help"), "{banner}");
    rest
}

/// Returns the screen with its zxids, times and session ids generalized.
fn general(screen: &str) -> String {
    let line = |line: &str| match line.split_once(" = ") {
        Some((key @ ("cZxid" | "mZxid" | "pZxid"), value)) => {
            assert!(is_hex(value), "{line}");
            format!("{key} = 0xN")
        }
        Some((key @ "ephemeralOwner", value)) => {
            assert!(is_hex(value) && value.len() > 10, "{line}");
            format!("{key} = 0xN")
        }
        Some((key @ ("ctime" | "mtime"), value)) => {
            assert!(is_time(value), "{line}");
            format!("{key} = TIME")
        }
        _ => line.to_owned(),
    };
    screen.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn is_hex(value: &str) -> bool {
    value.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// `Tue Dec 11 10:06:19 CET 2012`, in the time zone of the tests.
fn is_time(value: &str) -> bool {
    let words: Vec<&str> = value.split(' ').collect();
    matches!(words[..], [day, month, date, clock, zone, year]
        if [day.len(), month.len(), date.len(), clock.len(), year.len()] == [3, 3, 2, 8, 4]
            && matches!(zone, "CET" | "CEST"))
}

#[test]
fn the_first_master_quits() {
    on_every_engine(|engine| {
        play(engine, |one| {
            one.enter(3, "quit");
            let (status, screen) = one.wait();
            assert_eq!(status, 0);
            assert!(screen.ends_with("3] quit\nlost ephemerals: /master\nQuitting..."), "{screen}");
        });
    });
}

#[test]
fn the_first_master_is_killed() {
    on_every_engine(|engine| {
        play(engine, |one| kill(one.pid(), Signal::SIGKILL).unwrap());
    });
}
