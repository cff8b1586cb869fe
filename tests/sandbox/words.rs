//! The four-letter words, compared with Apache's replies.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use zksh::sandbox::{self, Clock, Settings};

use super::wire::{Body, Client, op};
use crate::support::apache::{Server, releases};
use crate::support::engine::say_once;
use crate::support::shell::zksh;
use crate::support::wait_until;

pub(super) fn answer(address: &str, word: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(word.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Connects a client with an ephemeral and watches.
fn furnish(address: &str) -> Client {
    let mut client = Client::connect(address).unwrap();
    for (path, flags) in [("/lake", 0), ("/fish", 1)] {
        let body = Body::default().string(path).bytes(b"deep").acl(&[(31, "world", "anyone")]);
        assert_eq!(client.ask(op::CREATE, &body.int(flags)).unwrap().code, 0);
        let watch = Body::default().string(path).boolean(true);
        assert_eq!(client.ask(op::GET_DATA, &watch).unwrap().code, 0);
    }
    let children = Body::default().string("/lake").boolean(true);
    assert_eq!(client.ask(op::GET_CHILDREN, &children).unwrap().code, 0);
    client
}

/// Replaces the session id in a reply.
fn masked(answer: &str, client: &Client) -> Vec<String> {
    let session = format!("0x{:x}", client.session);
    let mut lines: Vec<String> =
        answer.lines().map(|line| line.replace(&session, "SESSION")).collect();
    // Apache's lists are in the order of a hash table.
    lines.sort();
    lines
}

/// Replaces each number and each date with a placeholder. The lists of expiring connections count
/// as one line, because their number depends on the ticks in which connections were opened.
fn shape(answer: &str) -> Vec<String> {
    const EXPIRY: &str = "# expire";
    let line = |line: &str| {
        let line = line.split_once(" at ").map_or(line, |(before, _)| before);
        let mut shape = String::new();
        for part in line.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric()) {
            let (word, end) = match part.char_indices().last() {
                Some((at, end)) if !end.is_ascii_alphanumeric() => (&part[..at], &part[at..]),
                _ => (part, ""),
            };
            let number = word.starts_with(|letter: char| letter.is_ascii_digit());
            shape += if number { "#" } else { word };
            shape += end;
        }
        shape
    };
    let mut lines: Vec<String> = answer.lines().map(line).collect();
    lines.sort();
    lines.dedup_by(|a, b| a == b && a == EXPIRY);
    lines
}

/// Parses lines of the form `key SEPARATOR value`.
fn pairs<'a>(answer: &'a str, separator: &str) -> BTreeMap<&'a str, &'a str> {
    answer.lines().filter_map(|line| line.split_once(separator)).collect()
}

#[test]
fn words_are_answered_as_apaches_server_answers_them() {
    let Some(release) = releases().iter().rfind(|release| release.version.starts_with("3.8."))
    else {
        say_once("skipped: the sandbox's four-letter words against Apache's 3.8");
        return;
    };
    let apache = Server::with_settings(release, "maxClientCnxns=60");
    let settings = Settings {
        tick: Duration::from_millis(500),
        max_session_timeout: Some(Duration::from_mins(2)),
        ..Settings::default()
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let sandbox = sandbox::start(listener, settings, Clock::System).unwrap();
    let (theirs, ours) = (apache.address(), sandbox.address().to_string());
    let (their_client, our_client) = (furnish(&theirs), furnish(&ours));
    // Connections of earlier words may still be closing. Only the client's connection and that of
    // this word must count.
    let both = |word: &str| {
        wait_until("no connection of an earlier word is left", || {
            let answers = (answer(&theirs, word), answer(&ours, word));
            let settled = |answer: &str| {
                let connections = ["Connections: ", "zk_num_alive_connections\t"];
                connections.iter().all(|key| {
                    let line = answer.lines().find_map(|line| line.strip_prefix(key));
                    line.is_none_or(|count| count == "2")
                }) && {
                    let listed =
                        |line: &&str| line.starts_with(" /") || line.starts_with("\tip: /");
                    matches!(answer.lines().filter(listed).count(), 0 | 2)
                }
            };
            (settled(&answers.0) && settled(&answers.1)).then_some(answers)
        })
    };

    for word in ["ruok", "isro", "wchs", "wchp", "wchc"] {
        let (theirs, ours) = both(word);
        assert_eq!(masked(&theirs, &their_client), masked(&ours, &our_client), "{word}");
    }

    for word in ["cons", "dump"] {
        let (theirs, ours) = both(word);
        assert_eq!(shape(&theirs), shape(&ours), "{word}");
    }

    for word in ["srvr", "stat"] {
        let (theirs, ours) = both(word);
        assert!(ours.starts_with("Zookeeper version: 3.8."), "{ours}");
        let (theirs, ours) = (pairs(&theirs, ": "), pairs(&ours, ": "));
        assert!(theirs.keys().eq(ours.keys()), "{word}: {theirs:?} {ours:?}");
        for key in ["Connections", "Outstanding", "Zxid", "Mode", "Node count"] {
            assert_eq!(theirs[key], ours[key], "{word}: {key}");
        }
    }

    let (theirs, ours) = both("mntr");
    let (theirs, ours) = (pairs(&theirs, "\t"), pairs(&ours, "\t"));
    let strange: Vec<_> = ours.keys().filter(|key| !theirs.contains_key(*key)).collect();
    assert!(strange.is_empty(), "{strange:?}");
    for key in [
        "server_state",
        "num_alive_connections",
        "outstanding_requests",
        "znode_count",
        "watch_count",
        "ephemerals_count",
        "approximate_data_size",
        "global_sessions",
        "max_file_descriptor_count",
    ] {
        let key = &*format!("zk_{key}");
        assert_eq!(theirs[key], ours[key], "{key}");
    }

    let (theirs, ours) = both("conf");
    let (theirs, ours) = (pairs(&theirs, "="), pairs(&ours, "="));
    assert!(theirs.keys().eq(ours.keys()), "{theirs:?} {ours:?}");
    for (key, value) in &ours {
        // The sandbox writes nothing to disk.
        if *key != "clientPort" && !key.starts_with("data") {
            assert_eq!(theirs.get(key), Some(value), "{key}");
        }
    }

    assert_eq!(ours["clientPort"], sandbox.address().port().to_string());

    let (theirs, ours) = both("envi");
    let (theirs, ours) = (pairs(&theirs, "="), pairs(&ours, "="));
    assert!(theirs.keys().eq(ours.keys()), "{theirs:?} {ours:?}");
    for key in ["os.name", "os.arch", "os.version", "user.dir"] {
        assert_eq!(theirs.get(key), ours.get(key), "{key}");
    }
    for word in ["gtmk", "crst", "srst"] {
        let (theirs, ours) = both(word);
        assert_eq!(theirs, ours, "{word}");
    }
}

#[test]
fn connections_and_sessions_are_listed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let sandbox = sandbox::start(listener, Settings::default(), Clock::Manual).unwrap();
    let address = sandbox.address().to_string();
    let client = furnish(&address);
    let (session, local) = (client.session, client.stream.local_addr().unwrap());

    let cons = answer(&address, "cons");
    // The connect request, two znodes and three watches.
    let line = format!(" /{local}[1](queued=0,recved=6,sent=6,sid=0x{session:x},lop=GETC,est=");
    assert!(cons.starts_with(&line), "{cons}");
    assert!(cons.contains(",to=30000,lcxid=0x5,lzxid=0x3,lresp=0,llat="), "{cons}");

    let dump = answer(&address, "dump");
    let mut lines = dump.lines();
    assert_eq!(lines.next(), Some("SessionTracker dump:"));
    assert_eq!(lines.next(), Some("Session Sets (1)/(1):"));
    assert!(lines.next().unwrap().starts_with("1 expire at "), "{dump}");
    let owner = format!("0x{session:x}");
    let rest: Vec<&str> = lines.take(5).collect();
    let expected = [
        &*format!("\t{owner}"),
        "ephemeral nodes dump:",
        "Sessions with Ephemerals (1):",
        &*format!("{owner}:"),
        "\t/fish",
    ];
    assert_eq!(rest, expected);
    assert!(dump.contains(&format!("\tip: /{local} sessionId: {owner}\n")), "{dump}");
    assert!(
        dump.contains("\nConnections dump:\nConnections Sets (2)/(2):\n1 expire at "),
        "{dump}"
    );

    assert!(answer(&address, "envi").starts_with("Environment:\nzookeeper.version=3.8."));
}

#[test]
fn the_words_that_set_and_reset_do_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let sandbox = sandbox::start(listener, Settings::default(), Clock::System).unwrap();
    let address = sandbox.address().to_string();
    let mut client = furnish(&address);
    assert_eq!(answer(&address, "gtmk"), "306");
    let mut stream = TcpStream::connect(&address).unwrap();
    stream.write_all(b"stmk\0\0\0\0\0\0\0\x09").unwrap();
    let mut set = String::new();
    stream.read_to_string(&mut set).unwrap();
    assert_eq!(set, "9");
    assert_eq!(answer(&address, "gtmk"), "9");
    assert_eq!(answer(&address, "dirs"), "datadir_size: 0\nlogdir_size: 0\n");
    assert_eq!(answer(&address, "hash"), "");

    let received = |text: &str| {
        let line = text.lines().find(|line| line.contains("sid=0x")).unwrap();
        let (_, rest) = line.split_once("recved=").unwrap();
        rest.split(',').next().unwrap().parse::<u32>().unwrap()
    };
    assert_eq!(received(&answer(&address, "cons")), 6);
    assert_eq!(answer(&address, "crst"), "Connection stats reset.\n");
    assert_eq!(client.ask(op::PING, &Body::default()).unwrap().code, 0);
    assert_eq!(received(&answer(&address, "cons")), 1);

    assert_eq!(answer(&address, "srst"), "Server stats reset.\n");
    let srvr = answer(&address, "srvr");
    // The four-letter word itself.
    assert!(srvr.contains("\nReceived: 1\nSent: 0\n"), "{srvr}");
}

#[test]
fn the_version_is_written_as_clients_read_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let sandbox = sandbox::start(listener, Settings::default(), Clock::System).unwrap();
    let address = sandbox.address().to_string();
    let srvr = answer(&address, "srvr");
    let line = srvr.lines().next().unwrap().strip_prefix("Zookeeper version: ").unwrap();
    let (version, date) = line.split_once(", built on ").unwrap();
    let (release, hash) = version.split_once('-').unwrap();
    assert_eq!(release, "3.8.4");
    assert!(hash.chars().all(|letter| letter.is_ascii_alphanumeric() || ".-".contains(letter)));
    // 2024-02-12 22:16 UTC
    let shape: String =
        date.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect();
    assert_eq!(shape, "0000-00-00 00:00 UTC");
    assert!(date.starts_with("20"), "{date}");
    for (word, start) in [("envi", "zookeeper.version="), ("mntr", "zk_version\t")] {
        let answer = answer(&address, word);
        assert_eq!(answer.lines().find_map(|line| line.strip_prefix(start)), Some(line), "{word}");
    }
}

#[test]
fn addresses_of_ipv6_are_told_as_apaches_server_tells_them() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else {
        return say_once("skipped: addresses of IPv6, which this machine does not have");
    };
    let Some(release) = releases().iter().rfind(|release| release.version.starts_with("3.8."))
    else {
        return say_once("skipped: the sandbox's addresses of IPv6 against Apache's 3.8");
    };
    let apache = Server::with_settings(release, "clientPortAddress=::");
    let sandbox = sandbox::start(listener, Settings::default(), Clock::System).unwrap();
    let both = [format!("[::1]:{}", apache.port()), sandbox.address().to_string()];
    let script = "create /lake\nwhoami\nsetAcl /lake ip:::1:r\nsetAcl /lake ip:0:0:0:0:0:0:0:1:r\n";
    let [theirs, ours] = both.each_ref().map(|address| zksh(address).script(script));
    assert_eq!(theirs, ours);
    assert!(ours.stdout.contains("\nip: 0:0:0:0:0:0:0:1\n"), "{}", ours.stdout);
    let [theirs, ours] = both.map(|address| {
        let answer = answer(&address, "cons");
        answer.rsplit_once("]:").unwrap().0.rsplit(' ').next().unwrap().to_owned()
    });
    assert_eq!([theirs.as_str(), &ours], ["/[0:0:0:0:0:0:0:1"; 2]);
}

#[test]
fn session_timeouts_are_negotiated_between_the_bounds() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let sandbox = sandbox::start(listener, Settings::default(), Clock::System).unwrap();
    let address = sandbox.address().to_string();
    for (asked, agreed) in [(-1, 4_000), (0, 4_000), (30_000, 30_000), (i32::MAX, 40_000)] {
        let client = Client::reconnect(&address, 0, &[0; 16], asked).unwrap();
        assert_eq!(client.timeout, agreed, "asked for {asked}");
    }
}

#[test]
fn a_broken_network_costs_no_session() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let sandbox = sandbox::start(listener, Settings::default(), Clock::System).unwrap();
    let address = sandbox.address().to_string();
    let mut client = furnish(&address);
    sandbox.drop_connections();
    assert_eq!(client.last_words(), b"");
    let mut client = Client::reconnect(&address, client.session, &client.password, 30_000).unwrap();
    assert_eq!(sandbox.sessions(), [client.session]);
    let fish = Body::default().string("/fish").boolean(false);
    assert_eq!(client.ask(op::EXISTS, &fish).unwrap().code, 0);
    sandbox.expire(client.session);
    assert_eq!(client.last_words(), b"");
    assert!(sandbox.sessions().is_empty());
}
