//! Signals while a person is at the prompt.

use std::io;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal, raise};
use terminal_size::{Width, terminal_size};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::terminal::Screen;

/// How long a window must keep its size: longer than from one step to the next while somebody drags
/// its edge.
const SETTLED: Duration = Duration::from_millis(60);

/// The signals that end the shell or a command.
pub(super) struct Signals {
    ended: watch::Receiver<u8>,
    interrupt: tokio::signal::unix::Signal,
    screen: Arc<Screen>,
}

/// Keeps the signal that tells of another window size from the line editor, which would draw as if the
/// rows had stayed where they were; see `Signals::listen`. To be called before the process has
/// threads. Other programs that are started get the signal all the same.
pub fn take_over_window_size() {
    let _ = window_size().thread_block();
}

fn window_size() -> SigSet {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGWINCH);
    signals
}

impl Signals {
    /// Listens from now on, inside a runtime. To be called before the editor is used: the editor
    /// puts back the handler of SIGINT that it finds.
    pub(super) fn listen(screen: Arc<Screen>) -> io::Result<Self> {
        let teller = Arc::clone(&screen);
        let (ended, receiver) = watch::channel(0);
        let interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut stopped = signal(SignalKind::from_raw(Signal::SIGTSTP as i32))?;
        let mut resumed = signal(SignalKind::from_raw(Signal::SIGCONT as i32))?;
        tokio::spawn(async move {
            loop {
                let number = tokio::select! {
                    _ = hangup.recv() => Signal::SIGHUP as u8,
                    _ = terminate.recv() => Signal::SIGTERM as u8,
                    _ = stopped.recv() => {
                        teller.suspend();
                        let _ = raise(Signal::SIGSTOP);
                        continue;
                    }
                    _ = resumed.recv() => {
                        teller.resume();
                        continue;
                    }
                };
                ended.send_replace(number);
                teller.end_prompt();
            }
        });
        follow_window_size(&screen);
        Ok(Self { ended: receiver, interrupt, screen })
    }

    /// Waits until a signal ends the command or the shell.
    pub(super) async fn stopped(&mut self) {
        let ended = async {
            if self.ended.wait_for(|number| *number != 0).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let interrupted = async {
            // It may have been meant for a program that had the terminal, or for what ran before.
            while self.interrupt.recv().await.is_some() && !self.screen.take_ctrl_c() {}
        };
        tokio::select! {
            () = interrupted => {}
            () = ended => {}
        }
    }

    /// Forgets a Ctrl-C that came when nothing was running. While the editor is used it never
    /// comes here.
    pub(super) fn forget(&self) {
        self.screen.take_ctrl_c();
    }

    /// Returns the number of the signal that ended the shell, or 0.
    pub(super) fn number(&self) -> u8 {
        *self.ended.borrow()
    }
}

/// Tells the screen of every new size of the window: at once that it changes, and what it is once it
/// has kept it for a while. In between the terminal wraps the rows by itself, and what would be drawn
/// for the old width would fall among them.
fn follow_window_size(screen: &Arc<Screen>) {
    let columns = || terminal_size().map_or(80, |(Width(columns), _)| columns.max(1));
    let (tell, news) = mpsc::channel();
    let teller = Arc::downgrade(screen);
    std::thread::spawn(move || {
        while window_size().wait().is_ok() {
            let Some(screen) = teller.upgrade() else { return };
            screen.window_changes(columns());
            if tell.send(()).is_err() {
                return;
            }
        }
    });
    let teller = Arc::downgrade(screen);
    std::thread::spawn(move || {
        while news.recv().is_ok() {
            while news.recv_timeout(SETTLED).is_ok() {}
            let Some(screen) = teller.upgrade() else { return };
            screen.window_settles(columns());
        }
    });
}
