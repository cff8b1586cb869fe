//! Runs a command that prints a password.

use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use zeroize::Zeroizing;

use crate::error::{Error, Kind, Result};

/// The maximum output of a command, in bytes.
const MAX_OUTPUT_BYTES: usize = 64 * 1024;

/// The time limit of a command. It is long because the command may ask the user for a PIN.
const TIME_LIMIT: Duration = Duration::from_mins(1);

/// Runs a program with its arguments and returns the first line that it prints. The program can use
/// the terminal to ask the user, but not standard input, which belongs to the shell's script.
/// Dropping the future kills the program. `key` is the key of the config file that names the
/// program, for errors.
///
/// # Errors
/// If the program cannot be started, fails, takes too long, or prints too much or nothing. No error
/// contains its output or its arguments.
pub async fn run(key: &str, words: &[String]) -> Result<String> {
    run_within(key, words, TIME_LIMIT).await
}

async fn run_within(key: &str, words: &[String], time: Duration) -> Result<String> {
    let failed = |why: &dyn std::fmt::Display| Error::new(Kind::Refused, format!("{key}: {why}"));
    let (program, arguments) = words.split_first().ok_or_else(|| failed(&"there is none"))?;
    // If the program is killed while it has turned off echo, the terminal would stay in that state.
    let _restored = Terminal::remember();
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(&format_args!("cannot run {program}: {error}")))?;
    // Allocate the full size at once. A buffer that grows would leave copies of the password in
    // memory.
    let mut printed = Zeroizing::new(Vec::with_capacity(MAX_OUTPUT_BYTES + 1));
    let stdout = child.stdout.take().ok_or_else(|| failed(&"it has no output"))?;
    let work = async {
        stdout.take(MAX_OUTPUT_BYTES as u64 + 1).read_to_end(&mut printed).await?;
        if printed.len() > MAX_OUTPUT_BYTES { Ok(None) } else { child.wait().await.map(Some) }
    };
    let status = tokio::time::timeout(time, work)
        .await
        .map_err(|_| failed(&format_args!("it has not ended within {time:?}")))?
        .map_err(|error| failed(&error))?
        .ok_or_else(|| failed(&format_args!("it prints more than {MAX_OUTPUT_BYTES} bytes")))?;
    if !status.success() {
        return Err(failed(&format_args!("it has failed ({status})")));
    }
    let line = printed.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match std::str::from_utf8(line) {
        Ok("") => Err(failed(&"its first line is empty")),
        Ok(line) => Ok(line.to_owned()),
        Err(_) => Err(failed(&"its first line is not UTF-8")),
    }
}

/// The settings of the terminal, if there is one; dropping them restores the terminal.
struct Terminal(Option<(File, Termios)>);

impl Terminal {
    fn remember() -> Self {
        let terminal = File::options().read(true).write(true).open("/dev/tty").ok();
        Self(terminal.and_then(|terminal| {
            let settings = tcgetattr(&terminal).ok()?;
            Some((terminal, settings))
        }))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some((terminal, settings)) = &self.0
            // Only change the settings if necessary: changing them would stop a job in the
            // background.
            && tcgetattr(terminal).is_ok_and(|now| now != *settings)
        {
            // Ignore the error: the terminal may be gone.
            let _ = tcsetattr(terminal, SetArg::TCSANOW, settings);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn said(line: &str) -> std::result::Result<String, String> {
        let words = ["sh", "-c", line].map(str::to_owned);
        run_within("password_command", &words, Duration::from_secs(20))
            .await
            .map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn the_first_line_is_the_password() {
        assert_eq!(said("echo secret; echo more").await.as_deref(), Ok("secret"));
        assert_eq!(said("printf 'a b \\r\\n'").await.as_deref(), Ok("a b "));
    }

    #[tokio::test]
    async fn errors_do_not_contain_the_secret() {
        for (line, why) in [
            ("echo secret; exit 3", "it has failed (exit status: 3)"),
            ("true", "its first line is empty"),
            ("printf '\\377'", "its first line is not UTF-8"),
            ("cat /dev/zero", "it prints more than 65536 bytes"),
        ] {
            assert_eq!(said(line).await, Err(format!("password_command: {why}")));
        }
        let nowhere = ["/no/such/program", "secret"].map(str::to_owned);
        let error = run("password_command", &nowhere).await.map_err(|error| error.to_string());
        let wanted = "password_command: cannot run /no/such/program: No such file";
        assert!(error.as_ref().is_err_and(|error| error.starts_with(wanted)), "{error:?}");
        let words = ["sh", "-c", "echo secret; exec sleep 99"].map(str::to_owned);
        let error = run_within("password_command", &words, Duration::from_millis(50)).await;
        let error = error.map_err(|error| error.to_string());
        assert_eq!(error, Err("password_command: it has not ended within 50ms".to_owned()));
    }
}
