//! Three servers: a script whose leaders are killed on the way, and what the last one still does.

use crate::support::account::play;
use crate::support::apache::{four_letters, newest};
use crate::support::engine::say_once;
use crate::support::ensemble::Ensemble;
use crate::support::shell::zksh;
use crate::support::terminal::Setup;
use crate::support::wait_until;

/// Lines of the script, and how often the leader is killed meanwhile.
const LINES: usize = 3_000;
const KILLS: usize = 2;

/// Returns the sandbox's ensemble and, where there is one, Apache's.
fn ensembles(settings: &str) -> Vec<Ensemble> {
    let mut ensembles = vec![Ensemble::sandbox()];
    match newest() {
        Some(release) => ensembles.push(Ensemble::apache(release, settings)),
        None => say_once("left out: an ensemble of Apache's, for want of Java or of a release"),
    }
    ensembles
}

#[test]
fn a_script_outlives_its_leaders_with_every_line_accounted_for_and_none_run_twice() {
    for mut ensemble in ensembles("") {
        let servers = ensemble.addresses().join(",");
        play(&servers, &servers, LINES, KILLS, || ensemble.kill_leader()).check();
    }
}

#[test]
fn a_server_without_its_quorum_is_read_where_that_is_accepted() {
    // Since 3.5 only local sessions can be opened without a quorum.
    for mut ensemble in ensembles("localSessionsEnabled=true") {
        let last = &ensemble.addresses()[2];
        zksh(last).args(["create", "/lake", "deep"]).succeed();
        ensemble.lose_quorum();
        let port = last.rsplit(':').next().unwrap().parse().unwrap();
        wait_until("the last server to serve reads only", || {
            four_letters(port, "srvr").filter(|text| text.contains("Mode: read-only"))
        });

        let mut terminal = Setup::new(last).args(["-r"]).start();
        terminal.wait_for("(CONNECTEDREADONLY) 0]");
        terminal.enter(0, "ls /");
        terminal.enter(1, "set /lake shallow");
        terminal.wait_for("Not a read-only call: /lake");
        assert!(terminal.screen().contains("[lake, zookeeper]"));

        let ran = zksh(last).args(["-timeout", "1000", "ls", "/"]).run();
        assert_eq!((ran.status, ran.stdout.as_str()), (3, ""));
        let wanted = format!("{last} has no quorum and serves reads only (-r accepts that)");
        assert!(ran.stderr.contains(&wanted), "{}", ran.stderr);
    }
}
