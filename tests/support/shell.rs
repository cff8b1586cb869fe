//! Runs of zksh without a terminal: one command, or a script.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// Prepares a run of zksh on `server`, with a home without a config file.
pub(crate) fn zksh(server: &str) -> Zksh {
    let mut zksh = bare();
    zksh.command.args(["-server", server]);
    zksh
}

/// Prepares a run of zksh without options. It has no terminal, whoever runs the tests; otherwise
/// its questions would go to the developer's own terminal.
pub(crate) fn bare() -> Zksh {
    // `setsid` replaces itself with zksh, with the same process id, in a new session.
    let mut command = Command::new("setsid");
    command.arg(env!("CARGO_BIN_EXE_zksh"));
    for (name, value) in environment(Path::new(env!("CARGO_TARGET_TMPDIR"))) {
        command.env(name, value);
    }
    for name in foreign_variables() {
        command.env_remove(name);
    }
    Zksh { command }
}

/// Runs one command on `server`.
pub(crate) fn run(server: &str, words: &[&str]) -> Ran {
    zksh(server).args(words).run()
}

/// Runs one command on `server`, which must succeed and report nothing. Returns its output.
#[track_caller]
pub(crate) fn good(server: &str, words: &[&str]) -> String {
    let ran = run(server, words);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{words:?}: {}", ran.stdout);
    ran.stdout
}

/// Returns the variables of the developer's environment that zksh reads, which the tests must not
/// depend on.
pub(crate) fn foreign_variables() -> impl Iterator<Item = String> {
    let known = [
        "CLIENT_JVMFLAGS",
        "EDITOR",
        "LESS",
        "NO_COLOR",
        "PAGER",
        "TMUX",
        "VISUAL",
        "XTERM_VERSION",
        "KRB5CCNAME",
        "KRB5_CLIENT_KTNAME",
    ];
    let names = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    names.filter(move |name| name.starts_with("ZKSH_") || known.contains(&name.as_str()))
}

/// The environment of every shell in the tests.
pub(crate) fn environment(home: &Path) -> Vec<(&'static str, String)> {
    let folder = |name: &str| home.join(name).display().to_string();
    vec![
        ("HOME", home.display().to_string()),
        ("XDG_CONFIG_HOME", folder("config")),
        ("XDG_STATE_HOME", folder("state")),
        ("TZ", "Europe/Berlin".to_owned()),
        ("LC_ALL", "C.UTF-8".to_owned()),
    ]
}

/// A run of zksh that was not started yet.
pub(crate) struct Zksh {
    pub(crate) command: Command,
}

/// The result of a run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The exit status, or 128 plus the signal that ended the process.
    pub(crate) status: i32,
}

impl Zksh {
    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn arg(self, arg: &str) -> Self {
        self.args([arg])
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it with empty standard input.
    pub(crate) fn run(self) -> Ran {
        self.script("")
    }

    /// Runs it with a script on standard input.
    pub(crate) fn script(self, lines: impl AsRef<[u8]>) -> Ran {
        let mut child = self.start();
        let mut stdin = child.stdin.take().unwrap();
        let lines = lines.as_ref().to_vec();
        // The process may end before it has read everything.
        let writer = std::thread::spawn(move || stdin.write_all(&lines));
        let ran = ran(&child.wait_with_output().unwrap());
        let _ = writer.join().unwrap();
        ran
    }

    /// Runs it and returns its output. Panics if it fails.
    #[track_caller]
    pub(crate) fn succeed(self) -> String {
        let ran = self.run();
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
        ran.stdout
    }

    /// Starts it with pipes for all three streams.
    pub(crate) fn start(mut self) -> Child {
        let command = &mut self.command;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }
}

/// Returns the result of a process that has ended.
pub(crate) fn ran(output: &Output) -> Ran {
    use std::os::unix::process::ExitStatusExt;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let status = output.status.code().or(output.status.signal().map(|signal| 128 + signal));
    Ran { stdout: text(&output.stdout), stderr: text(&output.stderr), status: status.unwrap() }
}
