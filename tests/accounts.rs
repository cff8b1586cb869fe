//! Connections that are lost at every moment of a write: the shell reports what was done, or may
//! have been.

use serde_json::Value;

use crate::support::engine::engines;
use crate::support::proxy::cut_after;
use crate::support::shell::zksh;

/// The maximum number of answers before the cable is cut.
const ANSWERS: usize = 7;

/// All ways to write below `TOP`, where `lake`, `lake/a`, `lake/b` and `pond` exist.
const WRITES: [&str; 14] = [
    "create TOP/sea",
    "create -s TOP/sea-",
    "create --parents TOP/land/river/source",
    "create --if-absent TOP/lake",
    "set TOP/lake x",
    "set --create TOP/sea x",
    "delete TOP/pond",
    "deleteall --yes TOP/lake",
    "setAcl TOP/lake world:anyone:cdrwa",
    "setAcl -R TOP/lake world:anyone:cdrwa",
    "setquota -n 7 TOP/lake",
    "delquota TOP/pond",
    "time repeat 2 create -s TOP/sea-",
    "multi\ncreate TOP/sea\nset TOP/lake x\ncommit",
];

/// Returns everything that a write could change below `top` and in its quotas.
fn state(server: &str, top: &str) -> String {
    let script = format!("ls -R {top}\nls -R /zookeeper/quota{top}\n");
    let listed = zksh(server).args(["-o", "raw"]).script(script).stdout;
    let ask = |path: &str| format!("get -s {path}\ngetAcl {path}\n");
    let script: String = listed.lines().map(ask).collect();
    listed + &zksh(server).script(script).stdout
}

/// Runs a write through a cable that is cut after `answers` answers, and compares its report with
/// its effects.
fn check(server: &str, top: &str, write: &str, answers: usize) {
    let script = format!(
        "create {top}\ncreate {top}/lake\ncreate {top}/lake/a\ncreate {top}/lake/b\n\
         create {top}/pond\nsetquota -n 9 {top}/pond\n"
    );
    assert_eq!(zksh(server).script(script).status, 0);
    let before = state(server, top);
    // Test both output formats.
    let format = if answers.is_multiple_of(2) { "json" } else { "text" };
    let ran = cut_after(answers, server, &["-o", format], &write.replace("TOP", top));
    let report = ran.stdout + &ran.stderr;
    let is_uncertain = if format == "json" {
        let mut records = report.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let last = records.next_back().unwrap_or_else(|| panic!("{write}: no output"));
        assert_eq!(last["error"].is_null(), ran.status == 0, "{write}: {report}");
        last["error"]["uncertain"] == true
    } else {
        report.contains("may have been applied")
    };
    let changed = state(server, top) != before;
    let honest = ran.status == 0 || !changed || is_uncertain;
    assert!(honest, "{write}, cut after {answers}: {report}");
}

#[test]
fn a_write_reports_what_it_may_have_done_whenever_the_connection_is_lost() {
    let server = engines().swap_remove(0).private();
    let server = &server.address();
    for (number, write) in WRITES.iter().enumerate() {
        std::thread::scope(|scope| {
            for answers in 1..=ANSWERS {
                let top = format!("/t{number}-{answers}");
                scope.spawn(move || check(server, &top, write, answers));
            }
        });
    }
}
