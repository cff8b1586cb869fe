//! Compares the output of `explain` with the data that a proxy saw on the wire.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use zksh::command::Command;

use crate::support::engine::engines;
use crate::support::shell::zksh;

/// A request on the wire, with the header of its reply.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    xid: i64,
    operation: i64,
    zxid: i64,
    code: i64,
}

/// Forwards connections to the server, one at a time, and records the frames.
fn recording(server: &str) -> (String, Arc<Mutex<Vec<Seen>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (server, seen) = (server.to_owned(), Arc::new(Mutex::new(Vec::new())));
    let log = Arc::clone(&seen);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (Ok(client), Ok(server)) = (client, TcpStream::connect(&server)) else { continue };
            let asked = Arc::new(Mutex::new(std::collections::HashMap::new()));
            let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            let noted = Arc::clone(&asked);
            std::thread::spawn(move || {
                pass(from, to, |frame| {
                    noted.lock().unwrap().insert(number(frame, 0, 4), number(frame, 4, 4));
                });
            });
            let log = Arc::clone(&log);
            std::thread::spawn(move || {
                pass(server, client, |frame| {
                    let xid = number(frame, 0, 4);
                    let operation = asked.lock().unwrap().remove(&xid);
                    if let Some(operation) = operation.filter(|_| xid > 0 || xid == AUTH) {
                        let (zxid, code) = (number(frame, 4, 8), number(frame, 12, 4));
                        log.lock().unwrap().push(Seen { xid, operation, zxid, code });
                    }
                });
            });
        }
    });
    (address, seen)
}

fn number(frame: &[u8], at: usize, bytes: usize) -> i64 {
    let Some(part) = frame.get(at..at + bytes) else { return i64::MIN };
    let sign = if part[0] & 0x80 == 0 { 0 } else { -1 };
    part.iter().fold(sign, |number, byte| number << 8 | i64::from(*byte))
}

/// Forwards frames, of which the first is the handshake, until one side closes.
fn pass(mut from: TcpStream, mut to: TcpStream, note: impl Fn(&[u8])) {
    let mut is_first = true;
    loop {
        let mut length = [0; 4];
        if from.read_exact(&mut length).is_err() {
            let _ = to.shutdown(std::net::Shutdown::Both);
            return;
        }
        let mut frame = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap().min(1 << 24)];
        // A four-letter word is not a frame.
        let is_word = length.iter().all(u8::is_ascii_lowercase);
        if is_word {
            frame.clear();
        }
        if !is_word && from.read_exact(&mut frame).is_err() {
            return;
        }
        if !std::mem::take(&mut is_first) {
            note(&frame);
        }
        if to.write_all(&length).and_then(|()| to.write_all(&frame)).is_err() {
            return;
        }
        if is_word {
            let _ = std::io::copy(&mut from, &mut to);
            return;
        }
    }
}

/// The xid of every request that adds an identity.
const AUTH: i64 = -4;

/// The names and numbers of operations (`ZooDefs.OpCode`).
const OPERATIONS: &[(&str, i64)] = &[
    ("create", 1),
    ("delete", 2),
    ("exists", 3),
    ("getData", 4),
    ("setData", 5),
    ("getACL", 6),
    ("setACL", 7),
    ("getChildren", 8),
    ("sync", 9),
    ("reconfig", 16),
    ("getChildren2", 12),
    ("multi", 14),
    ("createContainer", 19),
    ("createTTL", 21),
    ("multiRead", 22),
    ("auth", 100),
    ("getEphemerals", 103),
    ("getAllChildrenNumber", 104),
    ("addWatch", 106),
    ("whoAmI", 107),
    ("removeWatches", 18),
    ("checkWatches", 17),
];

/// Returns the operations that `explain` lists for each line of a script before it runs.
fn planned(address: &str, script: &str) -> Vec<Vec<String>> {
    let asked = format!("explain {}\n", script.trim_end().replace('\n', "\nexplain "));
    let ran = zksh(address).args(["-o", "json"]).script(asked);
    let operations = |line: &str| {
        let record: Value = serde_json::from_str(line).unwrap();
        let operations = record["result"]["operations"].as_array().cloned().unwrap_or_default();
        operations.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    ran.stdout.lines().map(operations).collect()
}

/// Returns a line for every command that sends requests, with various results.
fn script(folder: &Path) -> String {
    let lines = "\
explain on
create /lake deep
create -e /lake/boat ann
create -s /lake/fish-
create -c /lake/nest
create -t 60000 /lake/foam
create /lake/boat
get /lake
get -w /lake
set /lake deeper
set -v 9 /lake x
set --create /pond small
stat /lake
stat -w /nowhere
exists /lake
ls /lake
ls2 /lake
ls -s /lake
ls -R /lake
tree /lake
find /lake -name fish*
grep deep /lake
du /lake
count /lake
getAcl /lake
addauth digest ann:secret
setAcl /lake world:anyone:cdrwa
setAcl -R /pond world:anyone:cdrwa
setquota -n 100 /pond
listquota /pond
delquota /pond
sync /lake
config
reconfig -add server.9=h:1:2:participant;3
getAllChildrenNumber /lake
getEphemerals
whoami
addWatch /lake
removewatches /lake
wait /lake exists
wait /lake children>=1
create /json [1]
json /json .[0]
json /json '.[0] = 2'
cp -r /json /copy
mv /copy /moved
diff /json /moved
mirror /json /moved
save /json FOLDER/saved
load FOLDER/saved /loaded
plan FOLDER/saved /planned
apply FOLDER/saved /planned
repeat 2 get /json
time get /json
multi
set /lake again
delete /lake/boat
check /lake 2
commit
multi
check /lake 7
delete /lake
commit
delete /nowhere
deleteall /lake
";
    lines.replace("FOLDER", &folder.display().to_string())
}

/// Commands for which the script has no line, because they send the requests of another command, or
/// none.
const WITHOUT_A_LINE: &[&str] = &[
    "as",        // the wrapped command is explained instead
    "close",     // ends the session, so nothing could be explained after it
    "connect",   // opens another session
    "discard",   // sends nothing
    "edit",      // needs a terminal
    "quit",      // ends the shell
    "reconnect", // opens another session
    "session",   // opens and closes sessions
    "source",    // each of its lines is explained instead
    "watch",     // waits for changes by other clients
];

#[test]
fn every_command_that_asks_a_server_is_explained_here() {
    let script = script(Path::new("/"));
    let has_line = |name: &str| script.lines().any(|line| line.split(' ').next() == Some(name));
    let tree = Command::tree();
    let names: Vec<&str> = tree.get_subcommands().map(clap::Command::get_name).collect();
    let address = engines()[0].fresh();
    for name in names {
        // Every command accepts these words as a path, a znode or a file.
        let sends = planned(&address, &format!("{name} /lake /sea"));
        let asks = sends.iter().any(|operations| !operations.is_empty());
        assert!(
            !asks || has_line(name) || WITHOUT_A_LINE.contains(&name),
            "no line of the script has {name}, which sends {sends:?}"
        );
    }
}

#[test]
fn explanations_match_the_data_on_the_wire() {
    let folder = tempfile::tempdir().unwrap();
    let script = script(folder.path());
    for engine in engines().into_iter().filter(|engine| engine.version >= vec![3, 7]) {
        eprintln!("on {}", engine.name);
        let server = engine.private();
        let (address, seen) = recording(&server.address());
        let planned = planned(&server.address(), &script);
        let ran = zksh(&address).args(["-o", "json"]).script(&script);
        let (mut explained, mut unforeseen) = (0, Vec::new());
        let seen = seen.lock().unwrap().clone();
        for line in ran.stdout.lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            if record["record"] != "explanation" {
                continue;
            }
            let exchanges = record["explanation"]["exchanges"].as_array().unwrap();
            assert_eq!(record["explanation"]["requests"], exchanges.len(), "{line}");
            for exchange in exchanges {
                let xid = exchange["xid"].as_i64().unwrap();
                let name = exchange["operation"].as_str().unwrap();
                if name == "auth" {
                    // All of these have the same xid.
                    explained += 1;
                    continue;
                }
                let on_wire = seen.iter().find(|seen| seen.xid == xid);
                let on_wire = on_wire.unwrap_or_else(|| panic!("not on the wire: {line}"));
                let operation = OPERATIONS.iter().find(|(known, _)| *known == name);
                assert_eq!(operation.unwrap().1, on_wire.operation, "{line}");
                let number = usize::try_from(record["line"].as_u64().unwrap()).unwrap() - 1;
                let foreseen = &planned[number];
                let plain = if name.starts_with("create") { "create" } else { name };
                if !foreseen.iter().any(|known| known == plain) {
                    let typed = script.lines().nth(number).unwrap();
                    unforeseen.push(format!("{typed}: {plain} is not among {foreseen:?}"));
                }
                if let Some(zxid) = exchange["zxid"]["number"].as_i64() {
                    assert_eq!(zxid, on_wire.zxid, "{line}");
                }
                let refused = !exchange["reply"]["refused"].is_null();
                // The header of a failed transaction's reply has no error. For `exists`, that the
                // znode does not exist is a successful answer.
                let absent = exchange["reply"]["done"]["absent"] == true;
                let is_refusal = on_wire.code != 0 && !absent || name == "multi" && refused;
                assert_eq!(refused, is_refusal, "{line}");
                explained += 1;
            }
            let lines = record["explanation"]["lines"].as_array().unwrap();
            assert!((1..=5).contains(&lines.len()), "{line}");
        }
        assert!(unforeseen.is_empty(), "{}", unforeseen.join("\n"));
        // All requests were explained except those that the shell sent by itself.
        assert_eq!(explained, seen.iter().filter(|seen| seen.operation > 0).count(), "{seen:?}");
    }
}
