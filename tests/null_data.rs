//! Null data and empty data differ, from the wire to the output.

use serde_json::{Value, json};

use crate::json::records;
use crate::support::apache::numbers;
use crate::support::engine::on_every_engine;
use crate::support::shell::zksh;

/// Runs lines, none of which may fail. Returns the data that each `get` found.
fn data(server: &str, lines: &str) -> Vec<Value> {
    let ran = zksh(server).args(["-o", "json"]).script(lines);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    let records = records(&ran.stdout);
    let gets = records.iter().filter(|record| record["command"] == "get");
    gets.map(|record| record["result"]["data"].clone()).collect()
}

fn empty() -> Value {
    json!({"text": ""})
}

#[test]
fn create_set_and_get_distinguish_null_and_empty_data() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let ran = zksh(&server).args(["--compat", "3.9"]).script(
            "create /none\ncreate /empty ''\ncreate --null /listed world:anyone:r\n\
             get /none\nget /empty\nget --pretty /none\nget -b /none\ngetAcl /listed\n\
             find / -null\n",
        );
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
        let expected_output = "Created /none\nCreated /empty\nCreated /listed\n\
                    null\n\nnull\n\n'world,'anyone\n: r\n\
                    /\n/listed\n/none\n";
        assert_eq!(ran.stdout, expected_output);
        assert_eq!(zksh(&server).args(["-o", "raw", "get", "/none"]).succeed(), "");
        assert_eq!(
            data(&server, "get /none\nget /empty\nget /listed\n"),
            [Value::Null, empty(), Value::Null]
        );

        // A stat shows 0 for both, because the servers do not distinguish them there.
        let stats = zksh(&server).script("stat /none\nstat /empty\n").stdout;
        assert_eq!(stats.matches("dataLength = 0\n").count(), 2, "{stats}");

        let found = data(
            &server,
            "set --null /empty\nset /none ''\nget /none\nget /empty\n\
             set /none x\nset /none --null -v 2\nget /none\n\
             set --create --null /new\ncreate --parents /above/below\n\
             get /new\nget /above\nget /above/below\n",
        );
        let null = Value::Null;
        assert_eq!(found, [empty(), null.clone(), null.clone(), null.clone(), null.clone(), null]);
        let ran = zksh(&server).args(["set", "--null", "-b", "/new"]).run();
        assert_eq!(ran.status, 2, "{}", ran.stderr);
    });
}

#[test]
fn a_transaction_distinguishes_null_and_empty_data() {
    on_every_engine(|engine| {
        if engine.version < numbers("3.5") {
            return;
        }
        let found = data(
            &engine.fresh(),
            "create /a x\nmulti\ncreate /none\ncreate /empty ''\nset --null /a\ncommit\n\
             get /none\nget /empty\nget /a\n",
        );
        assert_eq!(found, [Value::Null, empty(), Value::Null]);
    });
}

#[test]
fn whole_trees_distinguish_null_and_empty_data() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().display();
        let gets = "get /copy\nget /copy/none\nget /copy/empty\n";
        let mut lines =
            format!("create /a\ncreate /a/none\ncreate /a/empty ''\ncp -r /a /copy\n{gets}");
        for (option, name) in [("", "tree.jsonl"), ("", "tree.jsonl.gz"), ("--dir", "folder")] {
            let file = format!("{place}/{name}");
            for part in [
                "save ",
                option,
                " /a ",
                &file,
                "\ndeleteall /copy\nload ",
                &file,
                " /copy\n",
                gets,
            ] {
                lines.push_str(part);
            }
        }
        lines.push_str("set /copy/none ''\nset --null /copy/empty\nmirror /a /copy\n");
        lines.push_str(gets);
        let all = data(&server, &lines);
        for found in all.chunks(3) {
            assert_eq!(found, [Value::Null, Value::Null, empty()], "{all:?}");
        }
        assert_eq!(all.len(), 15);

        let ran = zksh(&server).script("set /copy/none ''\nset --null /copy/empty\n");
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        let ran = zksh(&server).args(["diff", "/a", "/copy"]).run();
        assert_eq!(ran.status, 4, "{}", ran.stderr);
        let expected_output =
            "~ /copy/empty (data)\n  -\n  +null\n~ /copy/none (data)\n  -null\n  +\n";
        assert_eq!(ran.stdout, expected_output);
    });
}
