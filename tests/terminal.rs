//! The shell as a user sees it: the tests send keys and read the screen.
//!
//! The screen does not depend on the server, so one engine is enough.

mod attacks;
mod completion;
mod editing;
mod events;
mod guests;
mod history;
mod hostile;
mod interrupts;
mod listing;
mod newcomers;
mod settings;
mod trouble;
mod undo;
mod windows;

use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::engine::{Engine, engines};
use crate::support::shell::zksh;
use crate::support::terminal::{Setup, Terminal};

const TAB: &str = "\t";
const UP: &str = "\x1b[A";
const DOWN: &str = "\x1b[B";
const LEFT: &str = "\x1b[D";
const RIGHT: &str = "\x1b[C";
const CTRL_C: &str = "\x03";
const CTRL_R: &str = "\x12";
const CTRL_U: &str = "\x15";
const CTRL_Z: &str = "\x1a";

/// Returns the sandbox, which is always present.
fn sandbox() -> Engine {
    engines().swap_remove(0)
}

/// Returns a connection string whose chroot is a new znode.
fn server() -> String {
    sandbox().fresh()
}

/// Opens a terminal with a connected shell.
fn shell(server: &str) -> Terminal {
    connected(Setup::new(server))
}

fn connected(setup: Setup) -> Terminal {
    let terminal = setup.start();
    terminal.wait_for("(CONNECTED) 0]");
    terminal
}

/// Runs lines in a shell of their own. All of them must succeed.
#[track_caller]
fn run(server: &str, lines: &str) -> String {
    let ran = zksh(server).script(lines);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    ran.stdout
}

/// Creates a program from a few lines of `sh`.
fn program(folder: &Path, name: &str, lines: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Returns a script that creates `size` znodes below `/crowd`.
fn crowd(size: usize) -> String {
    (0..size).fold(String::from("create /crowd\n"), |mut lines, number| {
        let _ = writeln!(lines, "create /crowd/n{number:04}");
        lines
    })
}

/// Returns the last line of a screen without the prompt.
fn typed(screen: &str) -> &str {
    let last = screen.lines().last().unwrap_or_default();
    last.split_once("] ").map_or("", |(_, typed)| typed)
}
