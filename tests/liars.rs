//! A server that violates the protocol: the shell prints one clear line and does not crash.

use serde_json::Value;

use crate::support::lies::{LIES, liar};
use crate::support::shell::zksh;

#[test]
fn whatever_a_server_sends_is_one_clear_line() {
    for (lie, answer) in LIES {
        let server = liar(answer);
        std::thread::scope(|scope| {
            for words in [
                &["ls", "/"][..],
                &["get", "/a"],
                &["stat", "/a"],
                &["create", "/a"],
                &["getAcl", "/a"],
                &["deleteall", "--yes", "/a"],
                &["config"],
                &["whoami"],
                &["wait", "/a", "exists", "-t", "0.5"],
            ] {
                let server = &server;
                scope.spawn(move || {
                    let ran = zksh(server).args(["-timeout", "500"]).args(words).run();
                    // Some of the false replies are harmless.
                    let known = [0, 1, 3, 70].contains(&ran.status);
                    let clear = ran.stderr.lines().count() <= 1 && !ran.stderr.contains("panic");
                    assert!(known && clear, "{lie}, {words:?}: {ran:?}");
                    assert!(ran.status == 0 || ran.stderr.lines().count() == 1, "{lie}, {words:?}");
                });
            }
        });
    }
}

#[test]
fn whatever_a_server_sends_every_line_of_a_script_is_reported() {
    const LINES: usize = 300;
    std::thread::scope(|scope| {
        for (lie, answer) in LIES {
            scope.spawn(move || {
                let options = ["-timeout", "500", "-o", "json"];
                let ran = zksh(&liar(answer)).args(options).script("get /a\n".repeat(LINES));
                let records = ran.stdout.lines().map(serde_json::from_str::<Value>);
                let reported = records.map(|record| record.unwrap()["line"].as_u64());
                let reported: Vec<u64> = reported.flatten().collect();
                let all = 1..=u64::try_from(LINES).unwrap();
                assert!(reported.iter().copied().eq(all), "{lie}: {reported:?} {}", ran.stderr);
                assert_eq!(ran.stderr, "", "{lie}");
            });
        }
    });
}
