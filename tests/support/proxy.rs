//! A cable between a shell and a server, which a test can cut and mend.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use super::shell::{Ran, ran, zksh};
use super::{free_port, wait_until};

/// How often the accepting thread checks whether the cable was cut.
const GLANCE: Duration = Duration::from_millis(5);

/// Forwards connections from a port to a server, while the cable is not cut.
pub(crate) struct Cable {
    port: u16,
    server: String,
    /// The delay of each reply of the server.
    delay: Duration,
    traffic: Arc<Traffic>,
    open: Option<Open>,
}

/// Traffic counters since the cable was last mended.
#[derive(Default)]
struct Traffic {
    /// The number of times that bytes arrived from the server.
    heard: AtomicUsize,
    /// The number of bytes sent to the server.
    asked: AtomicUsize,
    /// Whether replies are held back.
    silent: AtomicBool,
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

    /// Creates a cable that delays every reply of the server.
    pub(crate) fn slow(server: &str, delay: Duration) -> Self {
        let traffic = Arc::default();
        let mut cable =
            Self { port: free_port(), server: server.to_owned(), delay, traffic, open: None };
        cable.mend();
        cable
    }

    /// Returns the address that the shell must connect to.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Breaks all connections and accepts no new ones.
    pub(crate) fn cut(&mut self) {
        let Some(open) = self.open.take() else { return };
        open.cut.store(true, Ordering::Relaxed);
        open.accepting.join().unwrap();
        for stream in open.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Returns how many times bytes arrived from the server since the cable was mended.
    fn heard(&self) -> usize {
        self.traffic.heard.load(Ordering::Relaxed)
    }

    /// Holds every reply back until the cable is cut. Returns how many bytes the server was sent
    /// before.
    pub(crate) fn silence(&self) -> usize {
        self.traffic.silent.store(true, Ordering::Relaxed);
        self.traffic.asked.load(Ordering::Relaxed)
    }

    /// Waits until the server was sent this many bytes since the cable was mended.
    #[track_caller]
    pub(crate) fn wait_until_asked(&self, bytes: usize) {
        let asked = || (self.traffic.asked.load(Ordering::Relaxed) >= bytes).then_some(());
        wait_until("a request", asked);
    }

    /// Accepts connections again.
    pub(crate) fn mend(&mut self) {
        // A process that another test is just starting may have inherited the old listener for a
        // moment.
        let bind = || TcpListener::bind(("127.0.0.1", self.port)).ok();
        let listener = wait_until("the port of the cable", bind);
        listener.set_nonblocking(true).unwrap();
        self.traffic = Arc::default();
        let traffic = Arc::clone(&self.traffic);
        let cut = Arc::new(AtomicBool::new(false));
        let streams = Arc::<Mutex<Vec<TcpStream>>>::default();
        let accepting = std::thread::spawn({
            let (cut, streams) = (Arc::clone(&cut), Arc::clone(&streams));
            let (server, delay) = (self.server.clone(), self.delay);
            move || {
                while !cut.load(Ordering::Relaxed) {
                    match listener.accept() {
                        Ok((near, _)) => join(near, &server, &streams, delay, &traffic),
                        Err(_) => std::thread::sleep(GLANCE),
                    }
                }
            }
        });
        self.open = Some(Open { cut, streams, accepting });
    }
}

/// Runs a script through a cable, which is cut after this many replies, unless the script ends
/// earlier.
pub(crate) fn cut_after(answers: usize, server: &str, options: &[&str], script: &str) -> Ran {
    // Slow enough that the cable can be cut between two replies.
    let mut cable = Cable::slow(server, Duration::from_millis(5));
    let mut child = zksh(&cable.address()).args(["-timeout", "300"]).args(options).start();
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    wait_until("the answers, or the end", || {
        let ended = child.try_wait().unwrap().is_some();
        (ended || cable.heard() >= answers).then_some(())
    });
    cable.cut();
    ran(&child.wait_with_output().unwrap())
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.cut();
    }
}

/// Forwards bytes in both directions.
fn join(
    near: TcpStream,
    server: &str,
    streams: &Mutex<Vec<TcpStream>>,
    delay: Duration,
    traffic: &Arc<Traffic>,
) {
    near.set_nonblocking(false).unwrap();
    let far = TcpStream::connect(server).unwrap();
    for stream in [&near, &far] {
        stream.set_nodelay(true).unwrap();
        streams.lock().unwrap().push(stream.try_clone().unwrap());
    }
    let (from, to) = (near.try_clone().unwrap(), far.try_clone().unwrap());
    let (asking, answering) = (Arc::clone(traffic), Arc::clone(traffic));
    std::thread::spawn(move || {
        hand_on(from, to, |count| {
            asking.asked.fetch_add(count, Ordering::Relaxed);
            true
        });
    });
    std::thread::spawn(move || {
        hand_on(far, near, |_| {
            std::thread::sleep(delay);
            answering.heard.fetch_add(1, Ordering::Relaxed);
            !answering.silent.load(Ordering::Relaxed)
        });
    });
}

/// Forwards bytes while both ends are open. `passes` gets the number of bytes, and returns whether
/// to forward them.
fn hand_on(mut from: TcpStream, mut to: TcpStream, passes: impl Fn(usize) -> bool) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if passes(count) && to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
