//! Signals that end the shell.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::script::Stop;
use crate::session::Sessions;
use crate::terminal::Screen;

/// How long the shell may take to end by itself, with the second that a script has for replies: a
/// write to a reader who has stopped never ends.
const GRACE: Duration = Duration::from_millis(2500);

/// The number of SIGINT.
const INTERRUPT: u8 = 2;

/// SIGHUP, SIGINT and SIGTERM: they end the shell after it has closed the session.
pub(super) struct Signals([(u8, Signal); 3]);

impl Signals {
    pub(super) fn listen() -> anyhow::Result<Self> {
        let listen = |number: u8, kind| signal(kind).map(|stream| (number, stream));
        Ok(Self([
            listen(1, SignalKind::hangup())?,
            listen(INTERRUPT, SignalKind::interrupt())?,
            listen(15, SignalKind::terminate())?,
        ]))
    }

    /// Waits for one and returns its number. A Ctrl-C for another program that has the terminal
    /// is none of them.
    pub(super) async fn next(&mut self, screen: &Screen) -> u8 {
        loop {
            let number = self.any().await;
            if number != INTERRUPT || screen.is_own_ctrl_c() {
                return number;
            }
        }
    }

    async fn any(&mut self) -> u8 {
        std::future::poll_fn(|context| {
            for (number, stream) in &mut self.0 {
                if stream.poll_recv(context).is_ready() {
                    return std::task::Poll::Ready(*number);
                }
            }
            std::task::Poll::Pending
        })
        .await
    }
}

/// A signal that has come, by its number; 0 before.
#[derive(Clone, Default)]
pub(super) struct Heard(Arc<AtomicU8>);

impl Heard {
    /// Returns the signal's number, if one has come.
    pub(super) fn number(&self) -> Option<u8> {
        Some(self.0.load(Ordering::SeqCst)).filter(|number| *number != 0)
    }
}

/// Asks a script to end when a signal comes, however busy it is, and ends the process if it still runs
/// after the grace time, once the session is closed. Needs a runtime.
pub(super) fn end_on_signal(
    sessions: Sessions,
    screen: Arc<Screen>,
    stop: Stop,
) -> anyhow::Result<Heard> {
    let mut signals = Signals::listen()?;
    let heard = Heard::default();
    let tell = heard.clone();
    tokio::spawn(async move {
        let signal = signals.next(&screen).await;
        tell.0.store(signal, Ordering::SeqCst);
        stop.ask();
        tokio::time::sleep(GRACE).await;
        sessions.close_all().await;
        #[expect(clippy::exit, reason = "the main thread is blocked for good")]
        std::process::exit(128 + i32::from(signal));
    });
    Ok(heard)
}
