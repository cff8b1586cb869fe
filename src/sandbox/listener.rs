//! Accepts the connections of one server until it is stopped.

use std::io;
use std::net::TcpListener;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::connection;
use super::core::Shared;
use super::tls::Tls;

/// Pause after a failed accept, most likely caused by a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Stops a listener.
#[derive(Debug)]
pub(super) struct Stop {
    stop: Arc<Notify>,
    /// Disconnected once the port is free.
    ended: mpsc::Receiver<()>,
}

impl Stop {
    /// Stops the listener and waits until its port is free. Calling this on the thread that serves
    /// connections would deadlock.
    pub(super) fn stop(self) {
        self.stop.notify_one();
        // Nothing is ever sent: the call returns an error once the sender is dropped.
        let _ = self.ended.recv();
    }
}

/// Accepts connections until the returned [`Stop`] is used.
pub(super) fn spawn(
    runtime: &Handle,
    listener: TcpListener,
    shared: Shared,
    server: usize,
    tls: Option<Arc<Tls>>,
) -> io::Result<Stop> {
    listener.set_nonblocking(true)?;
    let _inside = runtime.enter();
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let stop = Arc::new(Notify::new());
    let stopped = Arc::clone(&stop);
    let (ending, ended) = mpsc::channel();
    runtime.spawn(async move {
        // Dropped last, after the listener, so that the port is free by then.
        let _ending: mpsc::Sender<()> = ending;
        tokio::select! {
            () = stopped.notified() => {}
            () = accept(&listener, &shared, server, tls.as_ref()) => {}
        }
        drop(listener);
    });
    Ok(Stop { stop, ended })
}

async fn accept(
    listener: &tokio::net::TcpListener,
    shared: &Shared,
    server: usize,
    tls: Option<&Arc<Tls>>,
) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                tokio::spawn(connection::serve(shared.clone(), server, stream, peer, tls.cloned()));
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}
