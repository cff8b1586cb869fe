//! Accepts connections to a server, until it is told to stop.

use std::io;
use std::net::TcpListener;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::connection;
use super::core::Shared;

/// How long to wait after an accept that failed, for lack of file descriptors most likely.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What ends a listener.
#[derive(Debug)]
pub(super) struct Stop {
    stop: Arc<Notify>,
    /// Closed when the port is free.
    ended: mpsc::Receiver<()>,
}

impl Stop {
    /// Ends the listener, and waits until its port is free. It must not be called on the thread that
    /// serves.
    pub(super) fn stop(self) {
        self.stop.notify_one();
        // Nothing is ever sent: it ends with an error when the other end is dropped.
        let _ = self.ended.recv();
    }
}

/// Accepts connections until that is stopped.
pub(super) fn spawn(
    runtime: &Handle,
    listener: TcpListener,
    shared: Shared,
    server: usize,
) -> io::Result<Stop> {
    listener.set_nonblocking(true)?;
    let _inside = runtime.enter();
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let stop = Arc::new(Notify::new());
    let stopped = Arc::clone(&stop);
    let (ending, ended) = mpsc::channel();
    runtime.spawn(async move {
        // Dropped last.
        let _ending: mpsc::Sender<()> = ending;
        tokio::select! {
            () = stopped.notified() => {}
            () = accept(&listener, &shared, server) => {}
        }
        drop(listener);
    });
    Ok(Stop { stop, ended })
}

async fn accept(listener: &tokio::net::TcpListener, shared: &Shared, server: usize) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                tokio::spawn(connection::serve(shared.clone(), server, stream, peer));
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}
