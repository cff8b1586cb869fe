//! Signals while a person is at the prompt.

use std::io;
use std::sync::Arc;

use nix::sys::signal::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::report::screen::Screen;

/// The signals that end the shell.
#[derive(Clone)]
pub(super) struct Signals(watch::Receiver<u8>);

impl Signals {
    /// Listens from now on, inside a runtime. To be called before the editor is used: the editor
    /// puts back the handler of SIGINT that it finds.
    pub(super) fn listen(screen: Arc<Screen>) -> io::Result<Self> {
        let (ended, receiver) = watch::channel(0);
        // Ignored but for the time of a command.
        let _registered = signal(SignalKind::interrupt())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut resumed = signal(SignalKind::from_raw(Signal::SIGCONT as i32))?;
        tokio::spawn(async move {
            loop {
                let number = tokio::select! {
                    _ = hangup.recv() => Signal::SIGHUP as u8,
                    _ = terminate.recv() => Signal::SIGTERM as u8,
                    _ = resumed.recv() => {
                        screen.disturbed();
                        continue;
                    }
                };
                ended.send_replace(number);
                screen.end_prompt();
            }
        });
        Ok(Self(receiver))
    }

    /// Waits until a signal ends the shell.
    pub(super) async fn ended(&mut self) {
        if self.0.wait_for(|number| *number != 0).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Returns the number of the signal that ended the shell, or 0.
    pub(super) fn number(&self) -> u8 {
        *self.0.borrow()
    }
}
