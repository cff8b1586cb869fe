//! `config` and `reconfig` on an ensemble that allows reconfiguration, and on servers that do not.

use std::fs;

use crate::json::records;
use crate::support::apache::{Release, Server, newest};
use crate::support::engine::say_once;
use crate::support::proxy::cut_after;
use crate::support::shell::{Ran, Zksh, zksh};

/// The first line of scripts, because the ACL of the configuration lets nobody else write it.
const SUPER: &str = "addauth digest super:secret\n";

/// Three servers that allow reconfiguration.
struct Ensemble {
    servers: Vec<Server>,
    leader: usize,
}

impl Ensemble {
    fn start(release: &Release) -> Self {
        let settings = "reconfigEnabled=true\nstandaloneEnabled=false";
        let servers = Server::ensemble(release, settings);
        let leader = servers.iter().position(Server::leads).expect("a leader");
        Self { servers, leader }
    }

    /// Returns a shell at the leader. A server that is removed would break its connections.
    fn shell(&self) -> Zksh {
        zksh(&self.servers[self.leader].address())
    }

    /// Returns the numbers of the followers. If the leader were removed, the ensemble would first
    /// elect another.
    fn followers(&self) -> [usize; 2] {
        [(self.leader + 1) % 3 + 1, (self.leader + 2) % 3 + 1]
    }

    /// Runs lines with permission to change the configuration.
    fn run(&self, lines: &str) -> Ran {
        self.shell().script(format!("{SUPER}{lines}"))
    }

    /// Changes the configuration. Returns the new one as printed.
    #[track_caller]
    fn change(&self, line: &str) -> String {
        let ran = self.run(&format!("{line}\n"));
        assert_eq!((ran.stderr.as_str(), ran.status), ("", 0), "{line}");
        let config = ran.stdout.strip_prefix("Committed new configuration:\n");
        config.unwrap_or_else(|| panic!("{line}: {}", ran.stdout)).to_owned()
    }

    fn config(&self) -> String {
        self.shell().args(["config"]).succeed()
    }
}

/// Returns the line of a member, `server.N=…`.
fn member(config: &str, number: usize) -> Option<String> {
    let key = format!("server.{number}=");
    config.lines().find(|line| line.starts_with(&key)).map(str::to_owned)
}

fn version(config: &str) -> &str {
    config.lines().find_map(|line| line.strip_prefix("version=")).unwrap()
}

#[test]
fn members_are_added_and_removed() {
    let Some(release) = newest() else {
        return say_once("skipped: reconfig on an ensemble, because Java or a release is missing");
    };
    let ensemble = Ensemble::start(release);
    let first = ensemble.config();
    let [one, other] = ensemble.followers();
    let spec = |number| member(&first, number).unwrap();
    let (it, its_neighbour, leader) = (spec(one), spec(other), spec(ensemble.leader + 1));

    // A client without permission changes nothing.
    let refused = ensemble.shell().args(["reconfig", "-remove", &one.to_string()]).run();
    assert_eq!((refused.status, refused.stdout.as_str()), (1, ""));
    assert_eq!(refused.stderr, "Authentication is not valid : \n");
    assert_eq!(ensemble.config(), first);

    let without = ensemble.change(&format!("reconfig -remove {one}"));
    assert_eq!(without, ensemble.config());
    let seen = [1, 2, 3].map(|number| member(&without, number).is_some());
    assert_eq!(seen, [1, 2, 3].map(|number| number != one));
    assert_ne!(version(&without), version(&first));

    let printed = ensemble.change(&format!("reconfig -s -add {it}"));
    let (with, stat) = printed.split_once("cZxid = ").unwrap();
    assert_eq!(with, ensemble.config());
    assert_eq!(member(with, one).as_ref(), Some(&it));
    assert!(stat.contains("\nnumChildren = 0\n"), "{stat}");

    // All members stay, but one loses its vote.
    let observer = it.replace(":participant;", ":observer;");
    let whole = format!("{leader},{its_neighbour},{observer}");
    let now = ensemble.change(&format!("reconfig -v {} -members {whole}", version(with)));
    assert_eq!(member(&now, one), Some(observer.clone()));

    // That version is outdated, for a change, for a list of all members, and for a file of them.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("members");
    fs::write(&file, format!("# the lake\n{leader}\n{its_neighbour}\n{it}\n")).unwrap();
    let file = file.display();
    let old = version(with);
    let lines = format!(
        "reconfig -v {old} -remove {one}\nreconfig -v {old} -members {whole}\n\
         reconfig -v {old} -file {file}\n"
    );
    let ran = ensemble.run(&lines);
    assert_eq!((ran.stdout.as_str(), ran.status), ("", 1));
    let complaints = ran.stderr.lines().filter(|line| line.starts_with("stdin:"));
    let complaints: Vec<&str> = complaints.map(|line| line.split_once(": ").unwrap().1).collect();
    assert_eq!(complaints, ["version No is not valid : "; 3]);
    assert_eq!(ensemble.config(), now);

    let last = ensemble.change(&format!("reconfig -v {} -file {file}", version(&now)));
    assert_eq!(member(&last, one).as_ref(), Some(&it));

    // One member changes and another is removed at the same time.
    let line = format!("reconfig -add {observer} -remove {other}\n");
    let ran = ensemble.shell().args(["-o", "json"]).script(format!("{SUPER}{line}"));
    let record = &records(&ran.stdout)[1];
    let config = record["result"]["config"].as_str().unwrap_or_else(|| panic!("{record}"));
    assert_eq!(member(config, one), Some(observer));
    assert_eq!(member(config, other), None);
}

#[test]
fn a_lost_connection_reports_that_the_members_may_have_changed() {
    let Some(release) = newest() else {
        return say_once(
            "skipped: reconfig on a broken cable, because Java or a release is missing",
        );
    };
    let ensemble = Ensemble::start(release);
    let [one, _] = ensemble.followers();
    let spec = member(&ensemble.config(), one).unwrap();
    let leader = ensemble.servers[ensemble.leader].address();
    for answers in 1..=4 {
        let before = ensemble.config();
        let script = format!("{SUPER}reconfig -remove {one}\n");
        let ran = cut_after(answers, &leader, &[], &script);
        let changed = ensemble.config() != before;
        let honest = ran.status == 0 || !changed || ran.stderr.contains("may have been applied");
        assert!(honest, "cut after {answers}: {}", ran.stderr);
        // The change may still be in progress.
        ensemble.change(&format!("reconfig -add {spec}"));
        assert_eq!(member(&ensemble.config(), one), Some(spec.clone()));
    }
}

#[test]
fn the_configuration_can_be_watched_and_lists_addresses_for_clients() {
    let Some(release) = newest() else {
        return say_once("skipped: config on an ensemble, because Java or a release is missing");
    };
    let ensemble = Ensemble::start(release);
    let config = ensemble.config();
    assert!((1..=3).all(|number| member(&config, number).is_some()), "{config}");
    let addresses: Vec<String> = ensemble.servers.iter().map(Server::address).collect();
    let clients = ensemble.shell().args(["config", "-c"]).succeed();
    assert_eq!(clients, format!("{} {}\n", version(&config), addresses.join(",")));
    let stat = ensemble.shell().args(["config", "-s"]).succeed();
    let (printed, stat) = stat.split_once("cZxid = 0x0\n").unwrap();
    assert_eq!(printed, config);
    assert!(stat.contains("\ndataVersion = "), "{stat}");
    let both = ensemble.shell().args(["config", "-c", "-s"]).succeed();
    assert!(both.starts_with(&clients) && both.ends_with(stat), "{both}");

    let [one, _] = ensemble.followers();
    let ran = ensemble.run(&format!("config -c -w\nreconfig -remove {one}\nconfig\n"));
    let event = "WATCHER::\nWatchedEvent state:SyncConnected type:NodeDataChanged \
                 path:/zookeeper/config\nCommitted new configuration:\n";
    assert_eq!((ran.stderr.as_str(), ran.status), ("", 0));
    let rest = ran.stdout.strip_prefix(&clients).unwrap_or_else(|| panic!("{}", ran.stdout));
    let printed = rest.strip_prefix(event).unwrap_or_else(|| panic!("{rest}"));
    assert_eq!(printed, ensemble.config().repeat(2));
}

#[test]
fn a_standalone_server_reports_why_it_cannot_be_reconfigured() {
    let Some(release) = newest() else {
        return say_once("skipped: reconfig on one server, because Java or a release is missing");
    };
    for (settings, sentence) in [
        (
            "reconfigEnabled=false",
            "KeeperErrorCode = Reconfig is disabled: the server's configuration has \
             reconfigEnabled=false",
        ),
        (
            "reconfigEnabled=true",
            "KeeperErrorCode = Unimplemented: the server does not know this operation",
        ),
    ] {
        let server = Server::with_settings(release, settings);
        for change in ["-remove 1", "-add server.1=a:1:2;3", "-members server.1=a:1:2;3"] {
            let script = format!("{SUPER}reconfig {change}\n");
            let ran = zksh(&server.address()).script(script);
            let wanted = format!("stdin:2: {sentence}\n    reconfig {change}\n");
            assert_eq!((ran.stdout.as_str(), ran.stderr, ran.status), ("", wanted, 1));
        }
    }
}
