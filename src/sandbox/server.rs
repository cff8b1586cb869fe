//! The entry points: listeners, one thread and a timer.
//!
//! All connections run on one thread, so each request is decided and answered before the next. They
//! share only the state behind the lock.

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
use super::tls::Tls;

/// A running sandbox. Dropping it stops the servers and closes all connections.
#[derive(Debug)]
pub struct Handle {
    shared: Shared,
    control: Control,
    stop: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
}

/// Starts a sandbox that serves `listener` on its own thread.
///
/// # Errors
/// If the system cannot start a thread or has no file descriptors left.
pub fn start(listener: TcpListener, settings: Settings, clock: Clock) -> io::Result<Handle> {
    start_ensemble(vec![listener], settings, clock)
}

/// Starts a sandbox with one server per listener; several form an ensemble.
///
/// # Errors
/// If the system cannot start a thread or has no file descriptors left, or if the certificates of
/// TLS cannot be read.
pub fn start_ensemble(
    listeners: Vec<TcpListener>,
    settings: Settings,
    clock: Clock,
) -> io::Result<Handle> {
    let tls = Tls::open(&settings)?;
    let addresses = listeners.iter().map(TcpListener::local_addr).collect::<io::Result<_>>()?;
    let shared = Shared::new(Core::new(settings, secret(), clock, addresses));
    let stop = Arc::new(Notify::new());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut stops = Vec::new();
    for (server, listener) in listeners.into_iter().enumerate() {
        stops.push(Some(listener::spawn(
            runtime.handle(),
            listener,
            shared.clone(),
            server,
            tls.clone(),
        )?));
    }
    let control = Control::new(shared.clone(), runtime.handle().clone(), stops, tls);
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
    /// Returns the address of the sandbox, or of its first server if it has several.
    pub fn address(&self) -> SocketAddr {
        self.shared.lock().addresses()[0]
    }

    /// Returns a handle that controls the sandbox from other threads.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Returns the ids of the open sessions, sorted.
    pub fn sessions(&self) -> Vec<i64> {
        self.control.sessions()
    }

    /// Expires a session: its ephemerals are deleted and its connection is closed.
    pub fn expire(&self, session: i64) {
        self.control.expire(session);
    }

    /// Closes all connections, as a network failure would. The sessions stay open until they
    /// expire.
    pub fn drop_connections(&self) {
        self.control.drop_connections();
    }

    /// Advances the manual clock and handles every deadline on the way.
    pub fn advance(&self, time: Duration) {
        self.shared.lock().advance(time);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop.notify_one();
        if let Some(thread) = self.thread.take() {
            // A panic on that thread has already been reported there.
            let _ = thread.join();
        }
    }
}

/// Returns unpredictable bytes, from which the session passwords are derived.
fn secret() -> [u8; 16] {
    let random = || RandomState::new().hash_one(0);
    let mut secret = [0; 16];
    secret[..8].copy_from_slice(&random().to_ne_bytes());
    secret[8..].copy_from_slice(&random().to_ne_bytes());
    secret
}

/// Handles deadlines, and sleeps until the next one or until an earlier one is set.
async fn keep_time(shared: &Shared) {
    let timer = shared.lock().timer();
    loop {
        let wait = shared.lock().tick();
        let sleep = async {
            match wait {
                // Deadlines are whole milliseconds, so round up.
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
