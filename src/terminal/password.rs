//! Asks for a password on the terminal without showing it.

use std::fs::{File, OpenOptions};
use std::io::{PipeReader, Read, Write};
use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

use crate::error::{Error, Kind, Result};

/// Maximum length of a password in bytes: terminals accept no longer line.
const LONGEST: usize = 4096;

/// Asks a question on the terminal, even if standard input is redirected, and returns the answer,
/// which is not echoed. Dropping the future cancels the question.
pub async fn ask(question: &str) -> Result<String> {
    let nowhere =
        |_| Error::new(Kind::Refused, "Cannot ask for the password: there is no terminal");
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").map_err(nowhere)?;
    let typed = {
        let reading = terminal.try_clone().map_err(nowhere)?;
        let _hidden = Hidden::begin(terminal, question).map_err(|_| {
            Error::new(Kind::Refused, "Cannot ask for the password: the terminal cannot hide it")
        })?;
        // Dropping this future closes the other end, which wakes the thread before it can take the
        // next line from the shell.
        let (stop, _going) = std::io::pipe().map_err(nowhere)?;
        tokio::task::spawn_blocking(move || read_line(reading, &stop)).await
    };
    match typed {
        Ok(Ok(Some(typed))) => Ok(typed),
        Ok(Ok(None)) => Err(Error::new(Kind::Interrupted, "No password was given")),
        Ok(Err(error)) => {
            Err(Error::new(Kind::Refused, format!("Cannot read from the terminal: {error}")))
        }
        Err(_) => Err(Error::new(Kind::Bug, "Reading the password failed")),
    }
}

/// Reads a line without its newline. Returns `None` at the end of input or if the question was
/// cancelled.
fn read_line(mut terminal: File, stop: &PipeReader) -> std::io::Result<Option<String>> {
    let mut bytes = Vec::new();
    loop {
        let mut sources = [
            PollFd::new(terminal.as_fd(), PollFlags::POLLIN),
            PollFd::new(stop.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut sources, PollTimeout::NONE) {
            Err(nix::errno::Errno::EINTR) => continue,
            result => result.map_err(std::io::Error::from)?,
        };
        if sources[1].any().unwrap_or(true) {
            return Ok(None);
        }
        let mut chunk = [0; LONGEST];
        let count = terminal.read(&mut chunk)?;
        bytes.extend_from_slice(&chunk[..count]);
        if count == 0 || bytes.last() == Some(&b'\n') || bytes.len() > LONGEST {
            break;
        }
    }
    if bytes.pop_if(|last| *last == b'\n').is_none() {
        return Ok(None);
    }
    let not_text = |_| std::io::Error::other("the password is not UTF-8");
    String::from_utf8(bytes).map(Some).map_err(not_text)
}

/// A terminal with echo off; dropping it restores the settings.
struct Hidden {
    terminal: File,
    before: Termios,
}

impl Hidden {
    fn begin(mut terminal: File, question: &str) -> std::io::Result<Self> {
        let before = tcgetattr(&terminal)?;
        let mut hidden = before.clone();
        hidden.local_flags.remove(LocalFlags::ECHO);
        hidden.local_flags.insert(LocalFlags::ECHONL | LocalFlags::ICANON | LocalFlags::ISIG);
        // Discard what was typed before the question.
        tcsetattr(&terminal, SetArg::TCSAFLUSH, &hidden)?;
        let hidden = Self { terminal: terminal.try_clone()?, before };
        terminal.write_all(question.as_bytes())?;
        Ok(hidden)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // Ignore the error: the terminal may be gone.
        let _ = tcsetattr(&self.terminal, SetArg::TCSANOW, &self.before);
    }
}
