//! Null data and data of no bytes are two different things, from the wire to what is printed.

use serde_json::{Value, json};

use crate::json::records;
use crate::support::apache::numbers;
use crate::support::engine::on_every_engine;
use crate::support::shell::zksh;

/// Returns what `get` says of a znode in JSON: null, or an object.
fn data(server: &str, path: &str) -> Value {
    let told = zksh(server).args(["-o", "json", "get", path]).succeed();
    records(&told)[0]["result"]["data"].clone()
}

fn empty() -> Value {
    json!({"text": ""})
}

#[test]
fn create_set_and_get_keep_null_apart() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let ran = zksh(&server).args(["--compat", "3.9"]).script(
            "create /none\ncreate /empty ''\ncreate --null /listed world:anyone:r\n\
             get /none\nget /empty\nget --pretty /none\nget -b /none\ngetAcl /listed\n",
        );
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
        let said =
            "Created /none\nCreated /empty\nCreated /listed\nnull\n\nnull\n\n'world,'anyone\n: r\n";
        assert_eq!(ran.stdout, said);
        let all = ["/none", "/empty", "/listed"].map(|path| data(&server, path));
        assert_eq!(all, [Value::Null, empty(), Value::Null]);

        // A stat says 0 of both: the servers do not tell them apart there.
        for path in ["/none", "/empty"] {
            let stat = zksh(&server).args(["stat", path]).succeed();
            assert!(stat.contains("dataLength = 0\n"), "{stat}");
        }
        assert_eq!(zksh(&server).args(["-o", "raw", "get", "/none"]).succeed(), "");
        assert_eq!(zksh(&server).args(["find", "/", "-null"]).succeed(), "/\n/listed\n/none\n");

        zksh(&server).args(["set", "--null", "/empty"]).succeed();
        zksh(&server).args(["set", "/none", ""]).succeed();
        assert_eq!([data(&server, "/none"), data(&server, "/empty")], [empty(), Value::Null]);
        zksh(&server).args(["set", "/none", "x"]).succeed();
        zksh(&server).args(["set", "/none", "--null", "-v", "2"]).succeed();
        assert_eq!(data(&server, "/none"), Value::Null);
        zksh(&server).args(["set", "--create", "--null", "/new"]).succeed();
        zksh(&server).args(["create", "--parents", "/above/below"]).succeed();
        for path in ["/new", "/above", "/above/below"] {
            assert_eq!(data(&server, path), Value::Null, "{path}");
        }

        let ran = zksh(&server).args(["set", "--null", "-b", "/new"]).run();
        assert_eq!(ran.status, 2, "{}", ran.stderr);
    });
}

#[test]
fn a_transaction_keeps_null_apart() {
    on_every_engine(|engine| {
        if engine.version < numbers("3.5") {
            return;
        }
        let server = engine.fresh();
        let ran = zksh(&server)
            .script("create /a x\nmulti\ncreate /none\ncreate /empty ''\nset --null /a\ncommit\n");
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
        let all = ["/none", "/empty", "/a"].map(|path| data(&server, path));
        assert_eq!(all, [Value::Null, empty(), Value::Null]);
    });
}

#[test]
fn whole_trees_keep_null_apart() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let folder = tempfile::tempdir().unwrap();
        let script = "create /a\ncreate /a/none\ncreate /a/empty ''\ncp -r /a /copy\n";
        assert_eq!(zksh(&server).script(script).status, 0);
        let apart = |top: &str| {
            let all = ["", "/none", "/empty"].map(|path| data(&server, &format!("{top}{path}")));
            assert_eq!(all, [Value::Null, Value::Null, empty()], "{top}");
        };
        apart("/copy");
        for name in ["tree.jsonl", "tree.jsonl.gz", "folder"] {
            let file = folder.path().join(name).display().to_string();
            let dir: &[&str] = if name == "folder" { &["--dir"] } else { &[] };
            zksh(&server).args(["save"]).args(dir).args(["/a", &file]).succeed();
            zksh(&server).args(["deleteall", "/copy"]).succeed();
            zksh(&server).args(["load", &file, "/copy"]).succeed();
            apart("/copy");
        }
        zksh(&server).args(["set", "/copy/none", ""]).succeed();
        zksh(&server).args(["set", "--null", "/copy/empty"]).succeed();
        let ran = zksh(&server).args(["diff", "/a", "/copy"]).run();
        assert_eq!(ran.status, 4, "{}", ran.stderr);
        assert_eq!(
            ran.stdout,
            "~ /copy/empty (data)\n  -\n  +null\n~ /copy/none (data)\n  -null\n  +\n"
        );
        zksh(&server).args(["mirror", "/a", "/copy"]).succeed();
        apart("/copy");
    });
}
