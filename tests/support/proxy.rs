//! A cable between a shell and a server that a test can cut and mend.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use super::free_port;

/// How often the accepting thread looks whether the cable has been cut.
const GLANCE: Duration = Duration::from_millis(5);

/// Connections to one port are handed on to one server, while the cable is whole.
pub(crate) struct Cable {
    port: u16,
    server: String,
    /// How long each answer of the server is held back.
    delay: Duration,
    open: Option<Open>,
}

struct Open {
    cut: Arc<AtomicBool>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
    accepting: JoinHandle<()>,
}

impl Cable {
    pub(crate) fn to(server: &str) -> Self {
        Self::slow(server, Duration::ZERO)
    }

    /// A cable on which every answer of the server comes later.
    pub(crate) fn slow(server: &str, delay: Duration) -> Self {
        let mut cable = Self { port: free_port(), server: server.to_owned(), delay, open: None };
        cable.mend();
        cable
    }

    /// Returns where the shell is to connect.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Breaks every connection and takes no more.
    pub(crate) fn cut(&mut self) {
        let Some(open) = self.open.take() else { return };
        open.cut.store(true, Ordering::Relaxed);
        open.accepting.join().unwrap();
        for stream in open.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Takes connections again.
    pub(crate) fn mend(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let cut = Arc::new(AtomicBool::new(false));
        let streams = Arc::<Mutex<Vec<TcpStream>>>::default();
        let accepting = std::thread::spawn({
            let (cut, streams) = (Arc::clone(&cut), Arc::clone(&streams));
            let (server, delay) = (self.server.clone(), self.delay);
            move || {
                while !cut.load(Ordering::Relaxed) {
                    match listener.accept() {
                        Ok((near, _)) => join(near, &server, &streams, delay),
                        Err(_) => std::thread::sleep(GLANCE),
                    }
                }
            }
        });
        self.open = Some(Open { cut, streams, accepting });
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.cut();
    }
}

/// Hands bytes on in both ways.
fn join(near: TcpStream, server: &str, streams: &Mutex<Vec<TcpStream>>, delay: Duration) {
    near.set_nonblocking(false).unwrap();
    let far = TcpStream::connect(server).unwrap();
    for stream in [&near, &far] {
        stream.set_nodelay(true).unwrap();
        streams.lock().unwrap().push(stream.try_clone().unwrap());
    }
    let (from, to) = (near.try_clone().unwrap(), far.try_clone().unwrap());
    std::thread::spawn(move || hand_on(from, to, Duration::ZERO));
    std::thread::spawn(move || hand_on(far, near, delay));
}

fn hand_on(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        std::thread::sleep(delay);
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
