//! `-o json`: every line is a record of the schema. `-o raw`: the output is only the data.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};

use jsonschema::Validator;
use serde_json::Value;
use zksh::command::Command;

use crate::support::engine::on_every_engine;
use crate::support::proxy::Cable;
use crate::support::shell::{bare, zksh};

const SCHEMA: &str = include_str!("../schema/output.schema.json");

fn schema() -> (Value, Validator) {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let validator =
        jsonschema::options().should_validate_formats(true).build(&schema).expect("a valid schema");
    (schema, validator)
}

/// Parses lines as records, and checks each against the schema.
#[track_caller]
pub(crate) fn records(output: &str) -> Vec<Value> {
    let (_, validator) = schema();
    let read = |line: &str| {
        let record: Value =
            serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"));
        let wrong: Vec<String> = validator.iter_errors(&record).map(|e| e.to_string()).collect();
        assert!(wrong.is_empty(), "{line}\n{}", wrong.join("\n"));
        record
    };
    output.lines().map(read).collect()
}

/// A line for every command that needs only a server. `edit`, `digest` and `reconfig` end with an
/// error here.
const TOUR: &str = "\
clear
source /no-such-file
create /lake deep
create --if-absent /lake
create -s -e /lake/bird-
get /lake
get -s /lake true
set /lake wide
set --create /pond x
getAcl -s /lake
setAcl /lake world:anyone:cdrwa,ip:10.0.0.0/8:r
setquota -n 1000 /pond
listquota /pond
delquota /pond
ls /
ls -R /lake
ls -l --sort modified /
ls2 /lake
ls /[lp]*
get /la?e
ls -l /po*
tree /la*
find /*
stat /no*
stat /lake
exists /lake
exists /nowhere
getAllChildrenNumber /lake
getEphemerals
addauth digest ann:secret
whoami
sync /
config
reconfig -add x
edit /lake
digest ann
addWatch /pond
set /pond y
watches
removewatches /pond
cd /lake
pwd
printwatches
printwatches on
setting times
undo
journal
help get
version
echo the lake
sleep 0
time stat /lake
repeat 2 exists /lake
wait /lake exists
wait /lake absent --timeout 0.01
watch -n 1 /a//b
tree -s /lake
find /lake
find /lake -name none
grep wide /lake
grep -c wide /lake
count /lake
du /lake
cp -r /lake /sea
cp -n /lake /sea/lake
mv /sea /ocean
mirror -n --delete /lake /ocean
diff /lake /ocean
diff /lake /pond
save /lake /dev/null
load Cargo.toml
plan Cargo.toml
apply Cargo.toml
create /json [1]
json /json .[0]
json /json '.[0] = 2'
find /json -delete
deleteall /ocean
multi
check /lake
create /lake/reed
set /lake deeper
delete /lake/reed
commit
multi
discard
multi
check /lake 77
delete /pond
commit
commit
delete /pond
delete /pond
deleteall -n /lake
deleteall /lake
history
redo 0
nonsense
ls -z
get /a//b
session
session new bob
session list
@bob create -e /bob
@bob get -w /bob
explain get /lake
explain zxid
explain on
set /bob x
delete /none
explain off
lesson
lesson none
next
hint
back
skip
stop
lang en
server list
doctor
admin
admin --all ruok
admin --http=1
session kill bob
session close bob
close
ls /
reconnect
connect
quit
";

#[test]
fn every_record_of_every_command_matches_the_schema() {
    let (schema, _) = schema();
    let known: BTreeSet<&str> =
        schema["$defs"]["results"].as_object().unwrap().keys().map(String::as_str).collect();
    let tree = Command::tree();
    let mut all: BTreeSet<&str> = tree.get_subcommands().map(clap::Command::get_name).collect();
    // The command that it runs is reported under its own name.
    assert!(all.remove("as"));
    assert_eq!(known, all, "the commands of the schema are the existing ones");
    on_every_engine(|engine| {
        let ran = zksh(&engine.fresh()).args(["--glob", "-o", "json"]).script(TOUR);
        assert_eq!((ran.status, ran.stderr.as_str()), (1, ""));
        let records = records(&ran.stdout);
        let seen: BTreeSet<&str> =
            records.iter().filter_map(|record| record["command"].as_str()).collect();
        assert_eq!(seen, all, "on {}", engine.name);
        // Every line has its record, in order.
        let ends = |record: &&Value| record["record"] == "result" || record["record"] == "error";
        let lines: Vec<u64> =
            records.iter().filter(ends).map(|record| record["line"].as_u64().unwrap()).collect();
        let wanted: Vec<u64> = (1..=TOUR.lines().count() as u64).collect();
        assert_eq!(lines, wanted);
        assert!(!ran.stdout.contains("secret"));
    });
}

#[test]
fn results_errors_and_events_have_one_order() {
    on_every_engine(|engine| {
        let script = "create /lake x\nget /lake true\nset /lake y\nget /nowhere\n";
        let ran = zksh(&engine.fresh()).args(["-o", "json"]).script(script);
        let records = records(&ran.stdout);
        let kinds: Vec<&str> =
            records.iter().map(|record| record["record"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["result", "result", "event", "result", "error"]);
        assert_eq!(records[2]["event"]["type"], "NodeDataChanged");
        assert_eq!(records[1]["path"], "/lake");
        assert_eq!(records[4]["error"]["code"], "NoNode");
        assert_eq!(records[4]["file"], "stdin");
        assert_eq!(records[4]["line"], 4);
        assert_eq!(records[4]["typed"], "get /nowhere");
    });
}

#[test]
fn one_command_gives_one_record() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let one = |words: &[&str]| {
            let ran = zksh(&server).args(["-o", "json"]).args(words).run();
            assert_eq!(ran.stderr, "");
            let mut records = records(&ran.stdout);
            assert_eq!(records.len(), 1);
            (ran.status, records.remove(0))
        };
        let (status, created) = one(&["create", "-x", "/lake", "ff00"]);
        assert_eq!((status, &created["result"]["created"]), (0, &Value::Bool(true)));
        let (_, got) = one(&["get", "/lake"]);
        assert_eq!(got["result"]["data"]["base64"], "/wA=");
        let stat = &got["result"]["stat"];
        let number = stat["czxid"]["number"].as_i64().unwrap();
        assert_eq!(stat["czxid"]["hex"], format!("{number:#x}"));
        let (status, error) = one(&["get", "/nowhere"]);
        assert_eq!((status, &error["error"]["number"]), (1, &Value::from(-101)));
        let (status, answer) = one(&["exists", "/nowhere"]);
        assert_eq!((status, &answer["result"]["exists"]), (1, &Value::Bool(false)));
        let (status, error) = one(&["nonsense"]);
        assert_eq!((status, &error["error"]["kind"]), (2, &Value::from("usage")));
    });
    // If nothing can run, the error is a record too.
    for (words, status, kind) in [
        (["-f", "/nix/nix"].as_slice(), 1, "refused"),
        (&["--sandbox=192.0.2.1:1", "ls", "/"], 2, "usage"),
        (&["--check", "lsx"], 2, "usage"),
    ] {
        let ran = bare().args(["-o", "json"]).args(words).run();
        assert_eq!((ran.status, ran.stderr.as_str()), (status, ""), "{words:?}");
        assert_eq!(records(&ran.stdout)[0]["error"]["kind"], kind, "{words:?}");
    }
    let ran = bare().args(["-server", "127.0.0.1:1", "-timeout", "200", "-o", "json", "ls", "/"]);
    let ran = ran.run();
    assert_eq!(records(&ran.stdout)[0]["error"]["kind"], "lost");
    assert_eq!(ran.status, 3);
}

#[test]
fn a_gap_between_events_is_a_record() {
    on_every_engine(|engine| {
        if engine.version < vec![3, 6] {
            return;
        }
        let server = engine.fresh();
        let (address, chroot) = server.split_once('/').unwrap();
        let mut cable = Cable::to(address);
        let mut script =
            zksh(&format!("{}/{chroot}", cable.address())).args(["-o", "json"]).start();
        let mut stdin = script.stdin.take().unwrap();
        let mut stdout = BufReader::new(script.stdout.take().unwrap()).lines();
        let mut next = || records(&stdout.next().unwrap().unwrap()).remove(0);
        writeln!(stdin, "addWatch /lake\naddWatch -m PERSISTENT /pond").unwrap();
        assert_eq!([next(), next()].map(|seen| seen["record"].clone()), ["result", "result"]);
        cable.cut();
        cable.mend();
        let gap = next();
        assert_eq!(gap["record"], "event", "{gap}");
        assert_eq!(gap["event"]["type"], "Gap");
        assert_eq!(gap["event"]["paths"], serde_json::json!(["/lake", "/pond"]));
        // The watches were set again, so later events are reported.
        writeln!(stdin, "create /lake").unwrap();
        let follows = [next(), next()].map(|seen| seen["record"].clone());
        assert_eq!(follows, ["event", "result"]);
        drop(stdin);
        let ran = script.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&ran.stderr), "");
    });
}

#[test]
fn raw_output_is_exact_data_without_events() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let data: Vec<u8> = (0..=255).chain([b'\n', b'\n']).collect();
        let mut set = zksh(&server).args(["set", "--create", "/lake", "-i", "-"]).start();
        set.stdin.take().unwrap().write_all(&data).unwrap();
        assert!(set.wait().unwrap().success());
        let mut get = zksh(&server).args(["-o", "raw", "get", "/lake"]).start();
        drop(get.stdin.take());
        assert_eq!(get.wait_with_output().unwrap().stdout, data);
        let script = "get -w /lake\nset -x /lake 6869\nget /lake\nls /\nls /lake\n";
        let ran = zksh(&server).args(["-o", "raw", "--compat", "3.9"]).script(script);
        assert!(ran.stdout.ends_with("\n\nhilake\n"), "{:?}", ran.stdout);
        assert!(ran.stderr.starts_with("WATCHER::\n"), "{:?}", ran.stderr);
    });
}

#[test]
fn followed_changes_are_reported_immediately() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let mut watch = zksh(&server).args(["-o", "json", "watch", "-n", "3", "/lake"]).start();
        drop(watch.stdin.take());
        let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
        // Only an existing watch reports the first event, so create the znode repeatedly until
        // then.
        let mut shown_lines = std::iter::from_fn(|| lines.next().map(Result::unwrap));
        let first = std::thread::scope(|scope| {
            let first = scope.spawn(|| shown_lines.next().unwrap());
            while !first.is_finished() {
                zksh(&server).args(["create", "/lake"]).run();
                zksh(&server).args(["delete", "/lake"]).run();
            }
            first.join().unwrap()
        });
        let rest: Vec<String> = std::iter::once(first)
            .chain(std::iter::from_fn(|| {
                zksh(&server).args(["set", "--create", "/lake", "x"]).run();
                zksh(&server).args(["delete", "/lake"]).run();
                shown_lines.next()
            }))
            .collect();
        assert!(watch.wait().unwrap().success());
        let records = records(&(rest.join("\n") + "\n"));
        assert_eq!(records.last().unwrap()["record"], "result");
        assert!(records.iter().all(|record| record["command"] == "watch"));
    });
}
