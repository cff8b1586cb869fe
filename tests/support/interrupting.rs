//! Ctrl-C while a server is silent, and the time until the prompt returns.

use std::io::{BufRead, BufReader};
use std::process::Child;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::proxy::Cable;
use super::shell::bare;
use super::terminal::Setup;
use super::wait_until;

/// Commands that wait for a server.
pub(crate) const COMMANDS: [&str; 24] = [
    "ls /",
    "ls -R /",
    "ls -w /",
    "get /lake",
    "get -w /lake",
    "stat /lake",
    "exists /lake",
    "create /lake deep",
    "create -e -s /lake- deep",
    "set /lake shallow",
    "delete /lake",
    "deleteall --yes /lake",
    "getAcl /lake",
    "setAcl /lake world:anyone:r",
    "sync /lake",
    "listquota /lake",
    "setquota -n 7 /lake",
    "whoami",
    "getAllChildrenNumber /",
    "getEphemerals",
    "addWatch /lake",
    "tree /",
    "wait /lake exists",
    "watch /lake",
];

/// A problem of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Its process is stopped.
    Stopped,
    /// Its replies do not arrive.
    Stalled,
    /// Nothing listens on its port.
    Refusing,
}

/// All problems.
pub(crate) const TROUBLES: [Trouble; 3] = [Trouble::Stopped, Trouble::Stalled, Trouble::Refusing];

/// A sandbox in its own process, which is killed when dropped.
struct Process(Child);

impl Process {
    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.0.id().try_into().unwrap()), signal).unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Interrupts every command while the server has a problem. Returns the times until the prompt
/// returned.
///
/// # Panics
/// If Ctrl-C does not bring the prompt back.
pub(crate) fn interrupt_all(trouble: Trouble) -> Vec<Duration> {
    let mut server = Process(bare().args(["--sandbox=127.0.0.1:0", "--serve"]).start());
    let mut ready = String::new();
    BufReader::new(server.0.stdout.as_mut().unwrap()).read_line(&mut ready).unwrap();
    let mut cable = Cable::to(ready.trim().rsplit(' ').next().unwrap());
    let mut terminal = Setup::new(&cable.address()).size(200, 100).start();
    terminal.wait_for("(CONNECTED) 0]");
    match trouble {
        Trouble::Stopped => server.signal(Signal::SIGSTOP),
        Trouble::Stalled => {
            cable.silence();
        }
        Trouble::Refusing => cable.cut(),
    }
    let mut took = Vec::new();
    for (number, command) in COMMANDS.into_iter().enumerate() {
        terminal.enter(number, command);
        wait_until("the command to run", || terminal.hears_signals().then_some(()));
        let begun = Instant::now();
        terminal.keys("\x03");
        terminal.wait_for_prompt(number + 1);
        took.push(begun.elapsed());
    }
    let screen = terminal.screen();
    assert_eq!(screen.matches("\nInterrupted").count(), COMMANDS.len(), "{trouble:?}\n{screen}");
    took
}
