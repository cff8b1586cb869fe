//! Signals that end the shell.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::script::Stop;
use crate::session::Sessions;
use crate::terminal::Screen;

/// How long the shell may take to end, including the second that a script waits for replies. A
/// write to a reader who has stopped would never end.
const GRACE: Duration = Duration::from_millis(2500);

/// The number of SIGINT.
const INTERRUPT: u8 = 2;

/// SIGHUP, SIGINT and SIGTERM. They end the shell after it has closed the session.
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

    /// Waits for a signal and returns its number. Ignores a Ctrl-C for another program that has the
    /// terminal.
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

/// The number of the signal that arrived, or 0.
#[derive(Clone, Default)]
pub(super) struct LastSignal(Arc<AtomicU8>);

impl LastSignal {
    /// Returns the signal's number, if one has arrived.
    pub(super) fn number(&self) -> Option<u8> {
        Some(self.0.load(Ordering::SeqCst)).filter(|number| *number != 0)
    }
}

/// Stops a script when a signal arrives, however busy it is. If the process still runs after the
/// grace time, closes the sessions and exits. Needs a runtime.
pub(super) fn end_on_signal(
    sessions: Sessions,
    screen: Arc<Screen>,
    stop: Stop,
) -> anyhow::Result<LastSignal> {
    let mut signals = Signals::listen()?;
    let last_signal = LastSignal::default();
    let tell = last_signal.clone();
    tokio::spawn(async move {
        let signal = signals.next(&screen).await;
        tell.0.store(signal, Ordering::SeqCst);
        stop.ask();
        tokio::time::sleep(GRACE).await;
        sessions.close_all().await;
        #[expect(clippy::exit, reason = "the main thread is blocked for good")]
        std::process::exit(128 + i32::from(signal));
    });
    Ok(last_signal)
}
