//! Trees of two ensembles: a single command copies, moves, compares or mirrors them.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use tempfile::TempDir;
use zksh::sandbox::{Clock, Handle};

use crate::support::engine::{engines, on_every_engine, start_sandbox};
use crate::support::shell::{Ran, Zksh, zksh};
use crate::support::terminal::Setup;
use crate::support::wait_until;

/// Another ensemble, which a config file names `prod`, with `/app` as its root.
struct Other {
    _sandbox: Handle,
    address: String,
    folder: TempDir,
}

impl Other {
    fn start() -> Self {
        let sandbox = start_sandbox(Clock::System);
        let address = sandbox.address().to_string();
        zksh(&address).args(["create", "/app"]).succeed();
        let folder = tempfile::tempdir().unwrap();
        let config = format!(
            "protect = ['/app/kept']\n[ensembles]\nprod = '{address}/app'\n\
             gone = '127.0.0.1:1'\nsecret = {{ servers = '{address}', sasl = 'digest-md5', user = 'ann' }}\n"
        );
        fs::write(folder.path().join("config.toml"), config).unwrap();
        Self { _sandbox: sandbox, address, folder }
    }

    /// Prepares a shell on `server` that knows the other ensemble by its name.
    fn shell(&self, server: &str) -> Zksh {
        zksh(server).env("ZKSH_CONFIG", self.folder.path().join("config.toml"))
    }

    fn run(&self, server: &str, words: &[&str]) -> Ran {
        self.shell(server).args(words).run()
    }

    #[track_caller]
    fn good(&self, server: &str, words: &[&str]) -> String {
        let ran = self.run(server, words);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{words:?}: {}", ran.stdout);
        ran.stdout
    }

    /// Runs a command directly on the other ensemble and returns its output.
    fn there(&self, words: &[&str]) -> String {
        zksh(&self.address).args(words).succeed()
    }
}

const TREE: &str = "create /lake deep\ncreate /lake/reed\ncreate -b /lake/bin /w==\n\
                    create /lake/reed/duck grey\ncreate --null /lake/null\n\
                    setAcl /lake/reed world:anyone:ra\n";

#[test]
fn a_tree_goes_to_another_ensemble_and_comes_back() {
    on_every_engine(|engine| {
        let (server, other) = (engine.fresh(), Other::start());
        assert_eq!(zksh(&server).script(TREE).stderr, "");
        assert_eq!(
            other.good(&server, &["cp", "-r", "/lake", "prod:/lake"]),
            "5 created, 1 with another ACL, 0 unchanged\n"
        );
        assert_eq!(other.there(&["get", "/app/lake/reed/duck"]).lines().next(), Some("grey"));
        assert_eq!(other.good(&server, &["diff", "/lake", "prod:/lake"]), "");
        // An address with servers is relative to the root of the servers.
        let whole = format!("{}/app/lake", other.address);
        assert_eq!(other.good(&server, &["diff", &whole, "/lake"]), "");
        other.there(&["set", "/app/lake", "shallow"]);
        other.there(&["create", "/app/lake/frog"]);
        let ran = other.run(&server, &["diff", "-q", "/lake", "prod:/lake"]);
        assert_eq!((ran.status, ran.stdout.as_str()), (4, "~ /lake (data)\n+ /lake/frog\n"));
        assert_eq!(ran.stderr, "/lake and prod:/lake differ: 1 added, 0 removed, 1 changed\n");
        let mirrored = other.good(&server, &["mirror", "--delete", "/lake", "prod:/lake"]);
        assert_eq!(mirrored, "1 changed, 1 deleted, 4 unchanged\n");
        assert_eq!(
            other.good(&server, &["cp", "-r", "prod:/lake", "/pond"]),
            "5 created, 1 with another ACL, 0 unchanged\n"
        );
        assert_eq!(other.good(&server, &["diff", "/lake", "/pond"]), "");
        // Compare two trees that are both in other ensembles.
        assert_eq!(other.good(&server, &["diff", "prod:/lake", &whole]), "");
    });
}

#[test]
fn moved_trees_are_deleted_here() {
    on_every_engine(|engine| {
        let (server, other) = (engine.fresh(), Other::start());
        let ran =
            zksh(&server).script("create /lake deep\ncreate /lake/duck grey\ncreate /pond wide\n");
        assert_eq!(ran.stderr, "");
        assert_eq!(other.good(&server, &["mv", "/pond", "prod:/pond"]), "");
        assert_eq!(other.there(&["get", "/app/pond"]).lines().next(), Some("wide"));
        let ran = other.run(&server, &["mv", "/lake", "prod:/lake"]);
        assert_eq!((ran.status, ran.stderr.as_str()), (1, "Node not empty: /lake\n"));
        let ran = other.run(&server, &["mv", "-r", "/lake", "prod:/pond"]);
        assert_eq!((ran.status, ran.stderr.as_str()), (1, "Node already exists: /pond\n"));
        assert_eq!(
            other.good(&server, &["mv", "-r", "/lake", "prod:/lake"]),
            "2 created, 0 unchanged\n"
        );
        assert_eq!(other.good(&server, &["ls", "/"]), "[]\n");
        assert_eq!(other.there(&["ls", "/app"]), "[lake, pond]\n");
        // Move it back. An ephemeral is refused.
        let lines = format!(
            "create -e /boat\nmv /boat prod:/boat\nmv -r {}/app/lake /lake\nls /",
            other.address
        );
        let ran = other.shell(&server).script(lines);
        let wanted = "Created /boat\nnothing, 0 unchanged\n2 created, 0 unchanged\n[boat, lake]\n";
        assert_eq!(ran.stdout, wanted);
        assert!(ran.stderr.contains("/boat is ephemeral"), "{}", ran.stderr);
    });
}

#[test]
fn a_tree_is_not_copied_into_itself_through_another_session() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let (address, root) = server.split_once('/').unwrap();
        assert_eq!(zksh(&server).script("create /lake deep\ncreate /lake/duck").stderr, "");
        for (from, to, wrong) in [
            ("/lake".to_owned(), format!("{address}/{root}/lake/copy"), "is inside"),
            (format!("{address}/{root}/lake"), "/lake/copy".to_owned(), "is inside"),
            ("/lake".to_owned(), format!("{address}/{root}/lake"), "are the same znode"),
            (format!("{address}/{root}"), "/lake/copy".to_owned(), "is inside"),
            ("/".to_owned(), format!("{address}/{root}/copy"), "is inside"),
        ] {
            let ran = zksh(&server).args(["cp", "-r", &from, &to]).run();
            assert_eq!(ran.status, 1, "{from} {to}: {}", ran.stdout);
            assert!(ran.stderr.contains(wrong), "{from} {to}: {}", ran.stderr);
        }
        // The same path in another ensemble is a different tree.
        let other = Other::start();
        let other_path = format!("{}/app/lake", other.address);
        zksh(&server).args(["cp", "-r", "/lake", &other_path]).succeed();
        let named = format!("{}/app/lake/copy", other.address);
        zksh(&other.address).args(["create", "--parents", "/lake"]).succeed();
        zksh(&other.address).args(["cp", "-r", "/lake", &named]).succeed();
    });
}

#[test]
fn errors_about_another_place_name_it() {
    let server = engines().swap_remove(0).fresh();
    zksh(&server).args(["create", "/lake"]).succeed();
    let other = Other::start();
    for (words, status, said) in [
        (["cp", "/lake", "nosuch:/a"], 2, "No ensemble has the name nosuch"),
        (["cp", "/lake", "@bob:/a"], 2, "There is no session bob"),
        (["cp", "/lake", "gone:/a"], 3, "at gone"),
        (["diff", "/lake", "127.0.0.1:1/a"], 3, "at 127.0.0.1:1"),
        (["cp", "/lake", "127.0.0.1:99999/a"], 2, "99999"),
        (["cp", "/lake", "secret:/a"], 2, "The password of ann at secret is not known"),
        (["cp", "/lake", "tls://127.0.0.1:1/a"], 2, "TLS needs certificates"),
        (["mirror", "/lake", "prod:/kept"], 1, "the config file protects it"),
        (["cp", "prod:/nosuch", "/x"], 1, "Node does not exist: /nosuch"),
    ] {
        let ran = other.run(&server, &words);
        assert!(ran.stderr.contains(said), "{words:?}: {}", ran.stderr);
        assert_eq!(ran.status, status, "{words:?}: {}", ran.stderr);
    }
    assert_eq!(other.there(&["ls", "/app"]), "[]\n");
}

#[test]
fn a_session_of_this_shell_has_its_own_credentials() {
    let server = engines().swap_remove(0).fresh();
    let other = Other::start();
    let lines = format!(
        "create /lake deep\nsession new bob\n@bob connect {}\n@bob addauth digest bob:secret\n\
         @bob create /own '' auth::cdrwa\ncp /lake {0}/own/lake\ncp /lake @bob:/own/lake\n\
         @bob get /own/lake\nsession list",
        other.address
    );
    let ran = zksh(&server).script(lines);
    assert!(
        ran.stderr.starts_with("stdin:6: ") && !ran.stderr.contains("stdin:7"),
        "{}",
        ran.stderr
    );
    assert!(ran.stdout.contains("1 created, 0 unchanged\ndeep\n"), "{}", ran.stdout);
    // The sessions that commands open have no names.
    assert!(
        !ran.stdout
            .lines()
            .skip_while(|line| *line != "deep")
            .any(|line| line.contains(&format!("{}/own", other.address)))
    );
}

#[test]
fn questions_name_the_other_ensemble() {
    let server = engines().swap_remove(0).fresh();
    let other = Other::start();
    assert_eq!(zksh(&server).script(TREE).stderr, "");
    let config = other.folder.path().join("config.toml");
    let mut terminal = Setup::new(&server).env("ZKSH_CONFIG", config.to_str().unwrap()).start();
    terminal.wait_for("(CONNECTED) 0]");
    terminal.enter(0, "cp -r /lake prod:/lake");
    terminal.wait_for(
        "Change 6 znodes at prod:/lake and below it (5 created, 1 with another ACL)? [y/N]",
    );
    terminal.keys("y\r");
    terminal.wait_for("5 created, 1 with another ACL, 0 unchanged");
    terminal.keys("diff /lake pr\t");
    terminal.wait_for("1] diff /lake prod:/");
    terminal.keys("lake\r");
    terminal.wait_for_prompt(2);
    // The session on the other ensemble is closed when its command ends.
    wait_until("no session is left there", || (connections(&other.address) == 0).then_some(()));
}

/// Returns the number of connections to the server, excluding the one that asks.
fn connections(address: &str) -> usize {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"cons").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().filter(|line| line.contains("sid=")).count()
}

#[test]
fn save_without_a_file_prints_the_tree() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        assert_eq!(zksh(&server).script(TREE).stderr, "");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lake.jsonl");
        fs::write(&file, zksh(&server).args(["save", "/lake"]).succeed()).unwrap();
        let file = file.to_str().unwrap();
        assert_eq!(zksh(&server).args(["diff", "-f", file, "/lake"]).run().stdout, "");
        let ran = zksh(&server).script("save /lake -\nls /");
        assert!(ran.stdout.ends_with("\n[lake]\n") && ran.stdout.lines().count() == 8);
        let ran = zksh(&server).args(["-o", "json", "save", "/lake"]).run();
        assert_eq!(ran.status, 2);
        let ran = zksh(&server).args(["save", "--dir", "/lake"]).run();
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
    });
}
