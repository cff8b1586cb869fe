//! An interactive shell on a server that lies: hints, Tab and watches do not damage the terminal,
//! and Ctrl-C and SIGTERM work.

use nix::sys::signal::{Signal, kill};

use super::{CTRL_C, CTRL_U, TAB};
use crate::support::lies::{LIES, liar};
use crate::support::terminal::Setup;

#[test]
fn no_lie_takes_the_terminal() {
    std::thread::scope(|scope| {
        for (lie, answer) in LIES {
            scope.spawn(move || {
                let server = liar(answer);
                let mut terminal = Setup::new(&server).args(["-timeout", "1000"]).start();
                terminal.wait_for_prompt(0);
                // Completion and hints ask for children and stats.
                for keys in [&format!("ls /{TAB}")[..], "get /lake", &format!("get /lake{TAB}")] {
                    terminal.keys(keys);
                    terminal.wait_for(keys.trim_end());
                    terminal.keys(CTRL_U);
                }
                for (number, line) in
                    ["get -w /lake", "ls -w /", "stat -w /lake", "addWatch /"].iter().enumerate()
                {
                    terminal.enter(number, line);
                }
                terminal.wait_for_prompt(4);
                terminal.enter(4, "wait /lake exists");
                // Some lies count as a valid answer, and then the command has already ended.
                terminal.wait_until(lie, |screen| {
                    screen.contains(" 5]") || screen.contains("wait /lake exists")
                });
                terminal.keys(CTRL_C);
                terminal.wait_until(lie, |screen| screen.contains(" 5]"));
                terminal.keys("ls /");
                kill(terminal.pid(), Signal::SIGTERM).unwrap();
                let (status, screen) = terminal.wait();
                assert_eq!(status, 143, "{lie}:\n{screen}");
                assert!(terminal.is_restored(), "{lie}");
                assert!(!screen.contains("panicked"), "{lie}:\n{screen}");
            });
        }
    });
}
