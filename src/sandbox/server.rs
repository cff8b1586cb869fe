//! The edge: listeners, a thread and a timer.
//!
//! All connections run on one thread, so that a request is decided and answered whole before the
//! next; the state behind the lock is the only thing that they share.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::Notify;

use super::control::Control;
use super::core::{Clock, Core, Shared};
use super::listener;
use super::settings::Settings;

/// A running sandbox. Dropping it stops the server and closes its connections.
#[derive(Debug)]
pub struct Handle {
    shared: Shared,
    control: Control,
    stop: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
}

/// Starts a sandbox that serves `listener`, on a thread of its own.
///
/// # Errors
/// Those of the system, when it has no thread or no descriptors left.
pub fn start(listener: TcpListener, settings: Settings, clock: Clock) -> io::Result<Handle> {
    start_ensemble(vec![listener], settings, clock)
}

/// Starts a sandbox with a server for each listener: several are an ensemble.
///
/// # Errors
/// Those of the system, when it has no thread or no descriptors left.
pub fn start_ensemble(
    listeners: Vec<TcpListener>,
    settings: Settings,
    clock: Clock,
) -> io::Result<Handle> {
    let addresses = listeners.iter().map(TcpListener::local_addr).collect::<io::Result<_>>()?;
    let shared = Shared::new(Core::new(settings, secret(), clock, addresses));
    let stop = Arc::new(Notify::new());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut stops = Vec::new();
    for (server, listener) in listeners.into_iter().enumerate() {
        stops.push(Some(listener::spawn(runtime.handle(), listener, shared.clone(), server)?));
    }
    let control = Control::new(shared.clone(), runtime.handle().clone(), stops);
    let thread = {
        let (shared, stop) = (shared.clone(), Arc::clone(&stop));
        std::thread::Builder::new().name("sandbox".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = stop.notified() => {}
                    () = keep_time(&shared) => {}
                }
            });
        })?
    };
    Ok(Handle { shared, control, stop, thread: Some(thread) })
}

impl Handle {
    /// Returns where the sandbox listens, the first of its servers where it has several.
    pub fn address(&self) -> SocketAddr {
        self.shared.lock().addresses()[0]
    }

    /// Returns what can be done to the sandbox from other threads.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Returns the ids of the open sessions, sorted.
    pub fn sessions(&self) -> Vec<i64> {
        self.control.sessions()
    }

    /// Ends a session as if its time were over: its ephemerals go, its connection is closed.
    pub fn expire(&self, session: i64) {
        self.control.expire(session);
    }

    /// Closes all connections, as a network that fails; the sessions wait for their clients.
    pub fn drop_connections(&self) {
        self.control.drop_connections();
    }

    /// Lets time pass at once, with all that it brings.
    pub fn advance(&self, time: Duration) {
        self.shared.lock().advance(time);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop.notify_one();
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported where it happened.
            let _ = thread.join();
        }
    }
}

/// Returns bytes that nobody can foretell: they make session passwords.
fn secret() -> [u8; 16] {
    let random = || RandomState::new().hash_one(0);
    let mut secret = [0; 16];
    secret[..8].copy_from_slice(&random().to_ne_bytes());
    secret[8..].copy_from_slice(&random().to_ne_bytes());
    secret
}

/// Does what is due, and sleeps until the next deadline or until one comes nearer.
async fn keep_time(shared: &Shared) {
    let timer = shared.lock().timer();
    loop {
        let wait = shared.lock().tick();
        let sleep = async {
            match wait {
                // The clock counts whole milliseconds.
                Some(wait) => tokio::time::sleep(wait + Duration::from_millis(1)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = timer.notified() => {}
            () = sleep => {}
        }
    }
}
