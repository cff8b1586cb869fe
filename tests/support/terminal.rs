//! zksh in a real pseudo-terminal, whose screen is read as a person would read it.

mod emulator;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use nix::sys::termios::LocalFlags;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use self::emulator::{text, wrapped};
use super::shell::{environment, foreign_variables};
use super::{PATIENCE, wait_until};

/// Enough rows that nothing scrolls away.
const ROWS: u16 = 4000;

/// An interactive shell.
pub(crate) struct Terminal {
    master: Box<dyn MasterPty>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    shared: Arc<Shared>,
    home: Home,
}

struct Shared {
    screen: Mutex<Seen>,
    news: Condvar,
}

struct Seen {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    ended: bool,
}

enum Home {
    Own(tempfile::TempDir),
    Shared(PathBuf),
}

/// The settings of a terminal.
pub(crate) struct Setup {
    command: CommandBuilder,
    size: PtySize,
    home: Home,
    pace: Option<Pace>,
}

/// The speed of a slow terminal: it reads some bytes, and then pauses.
#[derive(Clone, Copy)]
struct Pace(usize, Duration);

impl Setup {
    /// A terminal that runs zksh on `server`, with its own home.
    pub(crate) fn new(server: &str) -> Self {
        let mut setup = Self::bare();
        setup.command.args(["-server", server]);
        setup
    }

    /// A terminal that runs zksh without options.
    pub(crate) fn bare() -> Self {
        Self::with(CommandBuilder::new(env!("CARGO_BIN_EXE_zksh")))
    }

    /// A terminal whose shell runs a program, in the same way as the tests.
    pub(crate) fn program(program: &std::process::Command) -> Self {
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", "\"$@\"; exit $?", "sh"]);
        command.arg(program.get_program());
        command.args(program.get_args());
        Self::with(command)
    }

    /// A terminal with the system's shell, which has job control; its prompt is `$`.
    pub(crate) fn system_shell() -> Self {
        let mut command = CommandBuilder::new("sh");
        command.arg("-i");
        command.env("PS1", "$ ");
        command.env_remove("ENV");
        Self::with(command)
    }

    fn with(mut command: CommandBuilder) -> Self {
        for name in foreign_variables() {
            command.env_remove(name);
        }
        command.env("TERM", "xterm-256color");
        let size = PtySize { rows: ROWS, cols: 100, pixel_width: 0, pixel_height: 0 };
        let home = tempfile::tempdir().unwrap();
        // Texts that an editor has left are removed with the home.
        command.env("TMPDIR", home.path());
        Self { command, size, home: Home::Own(home), pace: None }
    }

    pub(crate) fn args<const N: usize>(mut self, args: [&str; N]) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn size(mut self, rows: u16, cols: u16) -> Self {
        self.size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        self
    }

    /// Makes the terminal slow: it reads this many bytes, and then pauses.
    pub(crate) fn slow(mut self, bytes: usize, pause: Duration) -> Self {
        self.pace = Some(Pace(bytes, pause));
        self
    }

    /// Uses a home that the test has prepared, or that another shell shares.
    pub(crate) fn home(mut self, home: &Path) -> Self {
        self.command.env("TMPDIR", home);
        self.home = Home::Shared(home.to_owned());
        self
    }

    pub(crate) fn start(mut self) -> Terminal {
        let home = self.home.path().to_owned();
        self.command.cwd(&home);
        for (name, value) in environment(&home) {
            self.command.env(name, value);
        }
        let pair = native_pty_system().openpty(self.size).unwrap();
        let child = pair.slave.spawn_command(self.command).unwrap();
        drop(pair.slave);
        let shared = Arc::new(Shared {
            screen: Mutex::new(Seen {
                parser: vt100::Parser::new(self.size.rows, self.size.cols, 0),
                bytes: Vec::new(),
                ended: false,
            }),
            news: Condvar::new(),
        });
        let reader = pair.master.try_clone_reader().unwrap();
        let keys = pair.master.take_writer().unwrap();
        std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.read(reader, self.pace)
        });
        Terminal { master: pair.master, keys, child, shared, home: self.home }
    }
}

/// Starts shells until one is connected as soon as it shows its prompt, as on an idle machine. If
/// that takes longer, the shell reports the connection above the prompt.
pub(crate) fn connected_at_once(setup: impl Fn() -> Setup) -> Terminal {
    loop {
        let terminal = setup().start();
        let screen = terminal.wait_for("(CONNECTED) 0]");
        // The banner and the prompt.
        if screen.lines().count() == 2 {
            return terminal;
        }
    }
}

impl Home {
    fn path(&self) -> &Path {
        match self {
            Self::Own(folder) => folder.path(),
            Self::Shared(path) => path,
        }
    }
}

impl Shared {
    fn read(&self, mut reader: Box<dyn Read + Send>, pace: Option<Pace>) {
        let mut bytes = [0; 4096];
        let most = pace.map_or(bytes.len(), |pace| pace.0);
        loop {
            let count = reader.read(&mut bytes[..most]).unwrap_or(0);
            if let Some(Pace(_, pause)) = pace {
                std::thread::sleep(pause);
            }
            let mut seen = self.screen.lock().unwrap();
            seen.parser.process(&bytes[..count]);
            seen.bytes.extend_from_slice(&bytes[..count]);
            seen.ended = count == 0;
            self.news.notify_all();
            if count == 0 {
                return;
            }
        }
    }
}

impl Terminal {
    /// Presses keys.
    pub(crate) fn keys(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits for the prompt with this number, and then types a line and Enter.
    #[track_caller]
    pub(crate) fn enter(&mut self, number: usize, line: &str) {
        self.wait_for_prompt(number);
        self.keys(line);
        self.keys("\r");
    }

    /// Waits until the last line of the screen is the prompt with this number, with nothing typed.
    #[track_caller]
    pub(crate) fn wait_for_prompt(&self, number: usize) {
        let end = format!(" {number}]");
        self.wait_until_seen(&format!("prompt {number}"), |screen| {
            // Check only the cursor's row: reading the whole screen takes longer than filling it.
            let (row, _) = screen.cursor_position();
            let (_, columns) = screen.size();
            let last = screen.contents_between(row, 0, row, columns);
            last.starts_with("[zk: ") && last.trim_end().ends_with(&end)
        });
    }

    /// Waits until the screen contains a text.
    #[track_caller]
    pub(crate) fn wait_for(&self, wanted: &str) -> String {
        self.wait_until(wanted, |screen| screen.contains(wanted))
    }

    /// Waits until `wanted` accepts the text of the screen, and returns it.
    #[track_caller]
    pub(crate) fn wait_until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        self.wait_until_seen(what, |seen| wanted(&text(seen)))
    }

    /// Waits until `wanted` accepts the screen, with its colours and its cursor.
    #[track_caller]
    pub(crate) fn wait_until_seen(
        &self,
        what: &str,
        mut wanted: impl FnMut(&vt100::Screen) -> bool,
    ) -> String {
        let begun = Instant::now();
        let mut seen = self.shared.screen.lock().unwrap();
        loop {
            if wanted(seen.parser.screen()) {
                return text(seen.parser.screen());
            }
            let left = PATIENCE.checked_sub(begun.elapsed());
            let left = left.filter(|_| !seen.ended);
            let Some(left) = left else {
                let screen = text(seen.parser.screen());
                let last = seen.bytes[seen.bytes.len().saturating_sub(1000)..].escape_ascii();
                let last = last.to_string();
                drop(seen);
                panic!("waited in vain: {what}; the screen:\n{screen}\nthe last bytes: {last}");
            };
            seen = self.shared.news.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// Waits until nothing more is drawn for as long as a hand takes to move from the keyboard to
    /// the edge of the window.
    pub(crate) fn wait_for_rest(&self) {
        let mut seen = self.shared.screen.lock().unwrap();
        loop {
            let before = seen.bytes.len();
            let (now, waited) =
                self.shared.news.wait_timeout(seen, Duration::from_millis(250)).unwrap();
            if waited.timed_out() && now.bytes.len() == before {
                return;
            }
            seen = now;
        }
    }

    /// Returns the current text of the screen.
    pub(crate) fn screen(&self) -> String {
        text(self.shared.screen.lock().unwrap().parser.screen())
    }

    /// Returns every byte that the shell has sent.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.shared.screen.lock().unwrap().bytes.clone()
    }

    /// Resizes the window and rewraps its rows, as nearly all terminals do.
    pub(crate) fn resize(&self, rows: u16, cols: u16) {
        let mut seen = self.shared.screen.lock().unwrap();
        seen.parser = wrapped(seen.parser.screen(), rows, cols);
        drop(seen);
        self.tell_size(rows, cols);
    }

    /// Drags the edge of the window through these widths, faster than the shell can react.
    pub(crate) fn drag<const N: usize>(&self, rows: u16, widths: [u16; N]) {
        let mut seen = self.shared.screen.lock().unwrap();
        for cols in widths {
            seen.parser = wrapped(seen.parser.screen(), rows, cols);
        }
        for cols in widths {
            self.tell_size(rows, cols);
        }
    }

    /// Resizes the window, and cuts rows or fills them with blanks, as xterm does.
    pub(crate) fn resize_without_wrapping(&self, rows: u16, cols: u16) {
        self.shared.screen.lock().unwrap().parser.screen_mut().set_size(rows, cols);
        self.tell_size(rows, cols);
    }

    fn tell_size(&self, rows: u16, cols: u16) {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        self.master.resize(size).unwrap();
    }

    /// Returns the home of the shell.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Returns the process id of the shell.
    pub(crate) fn pid(&self) -> nix::unistd::Pid {
        nix::unistd::Pid::from_raw(self.child.process_id().unwrap().try_into().unwrap())
    }

    /// Returns whether the terminal turns keys such as Ctrl-C into signals, which it does not do
    /// while a line is edited.
    pub(crate) fn hears_signals(&self) -> bool {
        self.modes() & LocalFlags::ISIG.bits() != 0
    }

    /// Returns whether the terminal has its usual settings: signals, line input and echo.
    pub(crate) fn is_restored(&self) -> bool {
        let wanted = LocalFlags::ISIG | LocalFlags::ICANON | LocalFlags::ECHO;
        self.modes() & wanted.bits() == wanted.bits()
    }

    fn modes(&self) -> u32 {
        self.master.get_termios().unwrap().local_flags.bits()
    }

    /// Waits for the end of the shell and of its output. Returns its exit status and the screen.
    pub(crate) fn wait(&mut self) -> (u32, String) {
        let ended = wait_until("the end of the shell", || self.child.try_wait().unwrap());
        let status = ended.exit_code();
        let begun = Instant::now();
        let mut seen = self.shared.screen.lock().unwrap();
        while !seen.ended {
            assert!(begun.elapsed() < PATIENCE, "the terminal outlives its shell");
            seen = self.shared.news.wait_timeout(seen, PATIENCE).unwrap().0;
        }
        (status, text(seen.parser.screen()))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
