//! Connections that are lost repeatedly, silent servers, and floods of events. `cargo bench --bench
//! endurance` does the same for longer.

use std::io::{BufRead, BufReader, Write};

use serde_json::Value;
use zksh::sandbox::Clock;
use zksh::zk::ZnodePath;

use crate::support::account::play;
use crate::support::engine::start_sandbox;
use crate::support::interrupting::{COMMANDS, TROUBLES, interrupt_all};
use crate::support::proxy::Cable;
use crate::support::shell::zksh;
use crate::support::watch_rounds::{self, open};

#[test]
fn every_line_is_accounted_for_through_many_cut_connections() {
    let server = start_sandbox(Clock::System);
    let direct = server.address().to_string();
    let mut cable = Cable::to(&direct);
    let through = cable.address();
    let account = play(&through, &direct, 2_000, 10, || {
        cable.cut();
        cable.mend();
    });
    account.check();
}

#[test]
fn watches_of_all_kinds_survive_reconnections_and_possible_gaps_are_marked() {
    let rounds = 6;
    let server = start_sandbox(Clock::System);
    let sum = watch_rounds::play(&server.address().to_string(), rounds);
    assert_eq!((sum.told + sum.marked, sum.twice), (6 * rounds, 0), "{sum:?}");
    assert!(sum.told >= 3 * rounds, "{sum:?}");
}

#[test]
fn five_thousand_events_are_shown_in_order_between_results() {
    const EVENTS: usize = 5_000;
    const COMMANDS: usize = 500;
    let server = start_sandbox(Clock::System);
    let address = server.address().to_string();
    zksh(&address).args(["create", "/lake"]).succeed();
    let mut script = zksh(&address).args(["-o", "json"]).start();
    let mut stdin = script.stdin.take().unwrap();
    let mut records = BufReader::new(script.stdout.take().unwrap())
        .lines()
        .map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    stdin.write_all(b"addWatch /lake\nexists /lake\n").unwrap();
    records.find(|record| record["line"] == 2).unwrap();
    let writer = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let (other, _) = open(&address);
            let lake = ZnodePath::new("/lake").unwrap();
            for _ in 0..COMMANDS {
                // The command is in flight while the changes are made.
                stdin.write_all(b"stat /lake\n").unwrap();
                let changes =
                    (0..EVENTS / COMMANDS).map(|_| other.set_data(&lake, Vec::new(), None));
                for change in futures_util::future::join_all(changes).await {
                    change.unwrap();
                }
            }
            other.close().await;
        });
    });
    let (mut events, mut results) = (0, 0);
    while events < EVENTS || results < COMMANDS {
        let record = records.next().expect("every event and every result");
        if record["event"].is_object() {
            assert_eq!(record["event"]["type"], "NodeDataChanged", "{record}");
            events += 1;
        } else {
            // A result with a version follows the event of that version, and precedes the next
            // event.
            assert_eq!(record["result"]["stat"]["dataVersion"], events, "{record}");
            results += 1;
        }
    }
    writer.join().unwrap();
    assert!(script.wait().unwrap().success());
    assert!(records.next().is_none());
}

#[test]
fn ctrl_c_returns_to_the_prompt_in_every_command_whatever_the_server_does() {
    std::thread::scope(|scope| {
        for trouble in TROUBLES {
            scope.spawn(move || assert_eq!(interrupt_all(trouble).len(), COMMANDS.len()));
        }
    });
}
