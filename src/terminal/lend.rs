//! Another program has the terminal for a while: an editor, or a pager for a result that is longer
//! than the screen. Meanwhile nothing else is written and events wait.

use std::io::{self, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::SIGINT;
use unicode_width::UnicodeWidthChar;

use super::prompt::Stage;
use super::{Screen, Shared};

/// The pager where `PAGER` names none.
const PAGER: &str = "less";

/// How `less` is to behave where the user has not said it: end at once when all fits, show colours,
/// leave the text on the screen.
const LESS: &str = "FRX";

/// The terminal is lent, or events are held back, until this is dropped.
pub struct Lent {
    shared: Arc<Shared>,
    /// How the terminal was when it was lent: a guest that fails may leave it in disorder.
    order: Option<Termios>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(order) = &self.order {
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, order);
        }
        let mut desk = self.shared.desk();
        desk.held = false;
        if std::mem::take(&mut desk.guest) {
            self.shared.interrupted.store(false, Ordering::SeqCst);
        }
        desk.place_events();
        drop(desk);
        self.shared.wake();
    }
}

/// A result that may turn out longer than the screen.
pub(super) struct Pages {
    columns: usize,
    /// Rows that are free before the screen is full.
    left: usize,
    /// Shown by nobody yet.
    held: Vec<u8>,
    pager: Option<Pager>,
    /// Whether the person has seen enough.
    refused: bool,
}

struct Pager {
    child: Child,
    _lent: Lent,
}

impl Screen {
    /// Lends the terminal to another program. Everything printed before is on it when this returns.
    pub fn lend(&self) -> Lent {
        let mut lent = self.hold();
        lent.order = tcgetattr(io::stdin()).ok();
        self.0.desk().guest = true;
        lent
    }

    /// Keeps events back while something is asked on the terminal. Everything printed before is on
    /// it when this returns.
    pub fn hold(&self) -> Lent {
        let mut out = self.0.out.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.write(&mut out);
        out.clear_status();
        self.0.desk().held = true;
        Lent { shared: Arc::clone(&self.0), order: None }
    }

    /// Notes each Ctrl-C from now on, at the moment it is typed. To be called before anything else
    /// listens to SIGINT: whoever is told of it is to find it noted.
    ///
    /// # Errors
    /// Those of `sigaction`.
    pub fn note_ctrl_c(&self) -> io::Result<()> {
        signal_hook::flag::register(SIGINT, Arc::clone(&self.0.interrupted)).map(drop)
    }

    /// Returns whether Ctrl-C was typed since this was last asked, and not for another program that
    /// had the terminal.
    pub fn take_ctrl_c(&self) -> bool {
        !self.0.desk().guest && self.0.interrupted.swap(false, Ordering::SeqCst)
    }

    /// Shows what is printed from now on with `$PAGER`, if it turns out longer than the screen,
    /// which has so many columns and rows.
    pub fn begin_pages(&self, columns: usize, rows: usize) {
        // One row is the prompt's.
        let left = rows.saturating_sub(1);
        let pages = Pages { columns, left, held: Vec::new(), pager: None, refused: false };
        *self.pages() = Some(pages);
    }

    /// Ends that: waits until the person has left the pager, or prints what fits.
    pub fn end_pages(&self) {
        let Some(page) = self.pages().take() else { return };
        match page.pager {
            Some(Pager { mut child, _lent }) => {
                drop(child.stdin.take());
                // Whatever it has to complain of, it has said itself.
                let _ = child.wait();
            }
            None => self.print(&page.held),
        }
    }

    /// Returns whether the person has left the pager before the end of the result.
    pub fn has_seen_enough(&self) -> bool {
        self.pages().as_ref().is_some_and(|pages| pages.refused)
    }

    /// Takes a part of a result, unless it is to be printed at once.
    pub(super) fn put_on_page(&self, bytes: &[u8]) -> bool {
        let mut place = self.pages();
        let Some(page) = place.as_mut().filter(|_| self.0.desk().prompt.stage == Stage::Away)
        else {
            return false;
        };
        if page.pager.is_none() {
            page.held.extend_from_slice(bytes);
            let rows = rows(bytes, page.columns);
            if rows < page.left {
                page.left -= rows;
                return true;
            }
            match Pager::start(self) {
                Ok(pager) => page.pager = Some(pager),
                Err(why) => {
                    let held = std::mem::take(&mut page.held);
                    *place = None;
                    drop(place);
                    self.print(&held);
                    self.error(&format!("No pager: {why}"));
                    return true;
                }
            }
            let held = std::mem::take(&mut page.held);
            page.write(&held);
        } else {
            page.write(bytes);
        }
        true
    }
}

impl Pages {
    fn write(&mut self, bytes: &[u8]) {
        let stdin = self.pager.as_mut().and_then(|pager| pager.child.stdin.as_mut());
        // It ends when the person has seen enough.
        self.refused |= stdin.is_none_or(|stdin| stdin.write_all(bytes).is_err());
    }
}

impl Pager {
    fn start(screen: &Screen) -> io::Result<Self> {
        let command = std::env::var("PAGER").ok().filter(|pager| !pager.trim().is_empty());
        let command = command.unwrap_or_else(|| PAGER.to_owned());
        let program = command.split_whitespace().next().unwrap_or(PAGER);
        let found = Command::new("sh")
            .args(["-c", "command -v -- \"$1\" >&2", "sh", program])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if !found.success() {
            return Err(io::Error::other(format!("{program} is not found")));
        }
        let less = std::env::var("LESS").unwrap_or_else(|_| LESS.to_owned());
        let lent = screen.lend();
        let child = Command::new("sh")
            .args(["-c", &guest(&command)])
            .env("LESS", less)
            .stdin(Stdio::piped())
            .spawn()?;
        Ok(Self { child, _lent: lent })
    }
}

/// Returns how `sh` is to run a program that the terminal is lent to. Ctrl-C is that program's: a
/// `sh` that does not listen would itself be ended by it, sooner or later than the program.
pub fn guest(command: &str) -> String {
    format!("trap : INT; {command}")
}

/// Returns how many rows a text takes, its colours left out.
fn rows(bytes: &[u8], columns: usize) -> usize {
    let text = String::from_utf8_lossy(bytes);
    text.split_inclusive('\n').map(|line| width(line).max(1).div_ceil(columns.max(1))).sum()
}

/// Returns the columns of a line whose only control sequences are our colours.
fn width(line: &str) -> usize {
    let mut inside = false;
    let mut width = 0;
    for c in line.chars() {
        match c {
            '\x1b' => inside = true,
            'm' if inside => inside = false,
            '\t' if !inside => width += 8 - width % 8,
            c if !inside => width += c.width().unwrap_or(0),
            _ => {}
        }
    }
    width
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Mode;

    #[test]
    fn rows_are_counted_without_colours() {
        assert_eq!(rows(b"a\nb\n", 10), 2);
        assert_eq!(rows(b"\n\n", 10), 2);
        assert_eq!(rows(b"\x1b[36mabc\x1b[0m = 1\n", 7), 1);
        assert_eq!(rows(b"0123456789x\n", 10), 2);
        assert_eq!(rows("湖湖湖\n".as_bytes(), 5), 2);
        assert_eq!(rows(b"a\tb\n", 8), 2);
    }

    #[test]
    fn what_fits_is_printed_and_events_wait_for_the_terminal() {
        let screen = Screen::with(Mode::Terminal, Box::new(io::sink()), Box::new(io::sink()));
        screen.begin_pages(10, 5);
        screen.print(b"one\n");
        assert_eq!(screen.pages().as_ref().map(|pages| pages.left), Some(3));
        screen.end_pages();
        assert!(screen.pages().is_none());
        let lent = screen.lend();
        screen.event(b"event\n");
        assert_eq!(screen.0.desk().events, b"event\n");
        drop(lent);
        assert!(screen.0.desk().events.is_empty());
    }

    #[test]
    fn ctrl_c_is_the_guests_also_for_those_who_hear_of_it_late() {
        let screen = Screen::with(Mode::Terminal, Box::new(io::sink()), Box::new(io::sink()));
        let typed = || screen.0.interrupted.store(true, Ordering::SeqCst);
        assert!(!screen.take_ctrl_c());
        let lent = screen.lend();
        typed();
        assert!(!screen.take_ctrl_c());
        drop(lent);
        assert!(!screen.take_ctrl_c());
        // While something is asked there is no guest.
        let held = screen.hold();
        typed();
        drop(held);
        assert!(screen.take_ctrl_c());
        assert!(!screen.take_ctrl_c());
    }
}
