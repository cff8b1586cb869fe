//! Distant servers: links are kept busy, nearby servers are not flooded, and the output does not
//! depend on the distance.

use std::fmt::Write as _;
use std::time::Duration;

use crate::support::engine::engines;
use crate::support::far::Link;
use crate::support::shell::zksh;

/// The round trip of a distant server.
const FAR: Duration = Duration::from_millis(50);

/// Returns a link to a fresh server. It is the sandbox, which answers immediately, so that only the
/// link counts.
fn link(round_trip: Duration) -> Link {
    Link::to(&engines().swap_remove(0).fresh(), round_trip)
}

fn creates(count: usize) -> String {
    (0..count).fold(String::new(), |script, number| script + &format!("create /n{number} x\n"))
}

/// Runs a script and returns its output.
#[track_caller]
fn play(link: &Link, options: &[&str], script: &str) -> String {
    let ran = zksh(&link.address).args(options).script(script);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    ran.stdout
}

#[test]
fn enough_is_in_flight_to_keep_a_far_link_busy() {
    let far = link(FAR);
    play(&far, &[], &creates(4000));
    let most = far.most_under_way();
    assert!((512..=4096).contains(&most), "{most} in flight");
    let fixed = link(FAR);
    play(&fixed, &["--window", "7"], &creates(70));
    assert_eq!(fixed.most_under_way(), 7);
}

#[test]
fn a_near_server_gets_the_minimum_in_flight() {
    // On a machine that is busy with other tests, the server may seem distant for a moment.
    let runs = (0..5).map(|_| {
        let near = link(Duration::ZERO);
        play(&near, &[], &creates(2000));
        near.most_under_way()
    });
    let most = runs.min().unwrap();
    assert!(most < 200, "{most} in flight");
}

#[test]
fn the_output_does_not_depend_on_the_number_in_flight() {
    let mut script = creates(60);
    for number in 0..60 {
        write!(script, "get /n{number}\nset /n{} y\nls /\nget /n{number}\n", number / 2).unwrap();
        writeln!(script, "delete /n{}", number * 3 / 2).unwrap();
    }
    let printed = |options: &[&str]| {
        let far = link(Duration::from_millis(5));
        // In this dialect the output has no times and zxids.
        let ran = zksh(&far.address).args(["--compat", "3.9"]).args(options).script(&script);
        (ran.stdout, ran.stderr, ran.status)
    };
    let one = printed(&["--window", "1"]);
    assert!(one.1.contains("Node does not exist"));
    assert!(printed(&["--window", "128"]) == one);
    assert!(printed(&[]) == one);
}

#[test]
fn each_level_of_a_tree_takes_about_one_round_trip() {
    let far = link(FAR);
    let mut script = String::new();
    for folder in 0..30 {
        writeln!(script, "create /t/{folder} ''").unwrap();
        for inner in 0..10 {
            writeln!(script, "create /t/{folder}/{inner} ''").unwrap();
            for leaf in 0..10 {
                writeln!(script, "create /t/{folder}/{inner}/{leaf} ''").unwrap();
            }
        }
    }
    play(&far, &[], &format!("create /t ''\n{script}"));
    // The handshake, the top, three levels, of which the last has several parts, and the close.
    far.forget();
    let listed = play(&far, &["ls", "-R", "/t"], "");
    assert_eq!(listed.lines().count(), 1 + 30 * (1 + 10 * 11));
    assert!(far.turns() <= 12, "ls -R: {}", far.turns());
    far.forget();
    play(&far, &["deleteall", "/t", "--yes"], "");
    assert!(far.turns() <= 16, "deleteall: {}", far.turns());
    assert_eq!(play(&far, &["ls", "/"], ""), "[]\n");
}

#[test]
fn status_waits_for_a_session_that_takes_long_to_open() {
    // Longer than a prompt waits.
    let far = link(Duration::from_millis(400));
    let script = play(&far, &[], "status\n");
    let single = zksh(&far.address).args(["status"]).succeed();
    for status in [script, single] {
        assert!(status.contains("state      CONNECTED since "), "{status}");
    }
}
