//! Three servers: a script whose leaders are killed while it runs, and what the last server can
//! still do.

use crate::support::account::play;
use crate::support::apache::{four_letters, newest};
use crate::support::engine::say_once;
use crate::support::ensemble::Ensemble;
use crate::support::shell::zksh;
use crate::support::terminal::Setup;
use crate::support::wait_until;

/// The number of lines of the script, and of leaders that are killed while it runs.
const LINES: usize = 3_000;
const KILLS: usize = 2;

/// Returns the sandbox's ensemble and, if a release is present, one of Apache's servers.
fn ensembles(settings: &str) -> Vec<Ensemble> {
    let mut ensembles = vec![Ensemble::sandbox()];
    match newest() {
        Some(release) => ensembles.push(Ensemble::apache(release, settings)),
        None => say_once("skipped: an ensemble of Apache's, because Java or a release is missing"),
    }
    ensembles
}

#[test]
fn a_script_survives_lost_leaders_and_runs_no_line_twice() {
    for mut ensemble in ensembles("") {
        let servers = ensemble.addresses().join(",");
        play(&servers, &servers, LINES, KILLS, || ensemble.kill_leader()).check();
    }
}

#[test]
fn a_server_without_quorum_can_be_read_if_the_user_accepts_that() {
    // Since 3.5, only local sessions can be opened without a quorum.
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
