//! Signals in an interactive shell.

use std::io;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal, raise};
use terminal_size::{Width, terminal_size};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::terminal::Screen;

/// How long the window must keep its size: longer than the steps while the user drags its edge.
const SETTLED: Duration = Duration::from_millis(60);

/// The signals that end the shell or a command.
pub(super) struct Signals {
    ended: watch::Receiver<u8>,
    interrupt: tokio::signal::unix::Signal,
    screen: Arc<Screen>,
}

/// Blocks the signal for a new window size in all threads, because the line editor would draw as if
/// the rows had not moved; see `Signals::listen`. Must be called before the process starts threads.
/// Programs that the shell starts still get the signal.
pub fn take_over_window_size() {
    let _ = window_size().thread_block();
}

fn window_size() -> SigSet {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGWINCH);
    signals
}

impl Signals {
    /// Starts to listen, inside a runtime. Must be called before the editor is used, because the
    /// editor restores the handler of SIGINT that it finds.
    pub(super) fn listen(screen: Arc<Screen>) -> io::Result<Self> {
        let handle = Arc::clone(&screen);
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
                        handle.suspend();
                        let _ = raise(Signal::SIGSTOP);
                        continue;
                    }
                    _ = resumed.recv() => {
                        handle.resume();
                        continue;
                    }
                };
                ended.send_replace(number);
                handle.end_prompt();
            }
        });
        follow_window_size(&screen);
        Ok(Self { ended: receiver, interrupt, screen })
    }

    /// Waits for a signal that ends the command or the shell.
    pub(super) async fn stopped(&mut self) {
        let ended = async {
            if self.ended.wait_for(|number| *number != 0).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let interrupted = async {
            // Another program may have had the terminal, or an earlier command may have run.
            while self.interrupt.recv().await.is_some() && !self.screen.take_ctrl_c() {}
        };
        tokio::select! {
            () = interrupted => {}
            () = ended => {}
        }
    }

    /// Discards a Ctrl-C that arrived while nothing was running. While the editor is in use, Ctrl-C
    /// is a key and no signal.
    pub(super) fn forget(&self) {
        self.screen.take_ctrl_c();
    }

    /// Returns the number of the signal that ended the shell, or 0.
    pub(super) fn number(&self) -> u8 {
        *self.ended.borrow()
    }
}

/// Notifies the screen of each new window size: immediately that the size is changing, and the new
/// size once it is stable. Meanwhile the terminal wraps the rows itself, so that a drawing for the
/// old width would mix with them.
fn follow_window_size(screen: &Arc<Screen>) {
    let columns = || terminal_size().map_or(80, |(Width(columns), _)| columns.max(1));
    let (sender, receiver) = mpsc::channel();
    let handle = Arc::downgrade(screen);
    std::thread::spawn(move || {
        while window_size().wait().is_ok() {
            let Some(screen) = handle.upgrade() else { return };
            screen.window_changes(columns());
            if sender.send(()).is_err() {
                return;
            }
        }
    });
    let handle = Arc::downgrade(screen);
    std::thread::spawn(move || {
        while receiver.recv().is_ok() {
            while receiver.recv_timeout(SETTLED).is_ok() {}
            let Some(screen) = handle.upgrade() else { return };
            screen.window_settles(columns());
        }
    });
}
