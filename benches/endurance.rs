//! Checks properties under prolonged disturbance: writes while leaders are killed and connections
//! are cut, watches across reconnections, and Ctrl-C with silent servers. It runs on the newest
//! Apache release that is present, and on the sandbox.
//!
//!     cargo bench --bench endurance

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Instant;

use support::account::{Account, play};
use support::apache::{Server, newest};
use support::engine::start_sandbox;
use support::ensemble::Ensemble;
use support::interrupting::{TROUBLES, interrupt_all};
use support::proxy::Cable;
use support::watch_rounds;
use zksh::sandbox::Clock;

fn main() {
    let apache = newest();
    if apache.is_none() {
        println!("skipped: Apache's servers, because Java or a release is missing");
    }
    let mut ensembles = vec![("the sandbox".to_owned(), Ensemble::sandbox())];
    ensembles.extend(apache.map(|release| (name(release), Ensemble::apache(release, ""))));
    for (name, mut ensemble) in ensembles {
        let servers = ensemble.addresses().join(",");
        let begun = Instant::now();
        let account = play(&servers, &servers, 100_000, 14, || ensemble.kill_leader());
        tell(&format!("100,000 writes, the leader of {name} killed 14 times"), begun, &account);
    }

    let sandbox = start_sandbox(Clock::System);
    let server =
        apache.map(|release| (name(release), Server::with_settings(release, "forceSync=no")));
    let mut servers = vec![("the sandbox".to_owned(), sandbox.address().to_string())];
    servers.extend(server.iter().map(|(name, server)| (name.clone(), server.address())));
    for (name, direct) in &servers {
        let mut cable = Cable::to(direct);
        let through = cable.address();
        let begun = Instant::now();
        let account = play(&through, direct, 30_000, 230, || {
            cable.cut();
            cable.mend();
        });
        tell(&format!("30,000 writes to {name} through 230 cut connections"), begun, &account);
    }
    for (name, direct) in &servers {
        let begun = Instant::now();
        let sum = watch_rounds::play(direct, 50);
        let neither = 6 * 50 - sum.told - sum.marked;
        println!(
            "\n50 reconnections of six kinds of watches on {name}, {:.0} s:\n  changes told {}, \
             marked {}, neither {neither}; events too many {}",
            begun.elapsed().as_secs_f64(),
            sum.told,
            sum.marked,
            sum.twice
        );
        assert_eq!((neither, sum.twice), (0, 0));
    }

    println!("\nCtrl-C in 24 commands: milliseconds until the prompt is back, median and longest");
    for trouble in TROUBLES {
        let mut took = interrupt_all(trouble);
        took.sort_unstable();
        let milliseconds = |place: usize| took[place].as_secs_f64() * 1e3;
        let (middle, last) = (milliseconds(took.len() / 2), milliseconds(took.len() - 1));
        println!("  server {trouble:?}: {middle:.1}, {last:.1}");
    }
}

fn name(release: &support::apache::Release) -> String {
    format!("ZooKeeper {}", release.version)
}

fn tell(what: &str, begun: Instant, account: &Account) {
    let Account { done, uncertain, unsent, unaccounted, absent, twice, applied, .. } = account;
    println!(
        "\n{what}, {:.0} s:\n  done {done}, may have been applied {uncertain}, not sent {unsent}\n  \
         unaccounted {unaccounted}, done but absent {absent}, run twice {twice}, not sent but applied \
         {applied}",
        begun.elapsed().as_secs_f64()
    );
    account.check();
}
