//! A link to a server that is far away: every byte arrives later, however many are on their way.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

/// Connections to an address of its own are handed on to one server.
pub(crate) struct Link {
    pub(crate) address: String,
    traffic: Arc<Traffic>,
}

/// Requests that have passed one end of the link and whose replies have not, and the most there were.
#[derive(Default)]
struct Outstanding {
    now: AtomicUsize,
    most: AtomicUsize,
    /// How often something was asked when nothing was outstanding.
    turns: AtomicUsize,
}

#[derive(Default)]
struct Traffic {
    /// As the client sees it.
    under_way: Outstanding,
    /// As the server sees it.
    at_server: Outstanding,
}

impl Outstanding {
    fn asked(&self, requests: usize) {
        let before = self.now.fetch_add(requests, Ordering::Relaxed);
        self.most.fetch_max(before + requests, Ordering::Relaxed);
        self.turns.fetch_add(usize::from(before == 0 && requests > 0), Ordering::Relaxed);
    }

    fn answered(&self, replies: usize) {
        let less = |now: usize| Some(now.saturating_sub(replies));
        let _ = self.now.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

impl Link {
    /// Makes a link on which half of the round trip is spent in each direction.
    pub(crate) fn to(server: &str, round_trip: Duration) -> Self {
        let root = server.find('/').map_or("", |start| &server[start..]);
        let server = server.trim_end_matches(root).to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("{}{root}", listener.local_addr().unwrap());
        let traffic = Arc::<Traffic>::default();
        let kept = Arc::clone(&traffic);
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let Ok(far) = TcpStream::connect(&server) else { continue };
                for stream in [&near, &far] {
                    stream.set_nodelay(true).unwrap();
                }
                let ends = (near.try_clone().unwrap(), far.try_clone().unwrap());
                let (before, behind) = (Arc::clone(&traffic), Arc::clone(&traffic));
                carry(
                    ends,
                    round_trip / 2,
                    move |requests| before.under_way.asked(requests),
                    move |requests| behind.at_server.asked(requests),
                );
                let (before, behind) = (Arc::clone(&traffic), Arc::clone(&traffic));
                carry(
                    (far, near),
                    round_trip / 2,
                    move |replies| before.at_server.answered(replies),
                    move |replies| behind.under_way.answered(replies),
                );
            }
        });
        Self { address, traffic: kept }
    }

    /// Forgets what the most were.
    pub(crate) fn forget(&self) {
        for outstanding in [&self.traffic.under_way, &self.traffic.at_server] {
            outstanding.now.store(0, Ordering::Relaxed);
            outstanding.most.store(0, Ordering::Relaxed);
            outstanding.turns.store(0, Ordering::Relaxed);
        }
    }

    /// Returns the most requests that were on their way at a time, as the client sees it.
    pub(crate) fn most_under_way(&self) -> usize {
        self.traffic.under_way.most.load(Ordering::Relaxed)
    }

    /// Returns how often the client has asked something when it had the replies to all before: each
    /// time has cost a round trip.
    pub(crate) fn turns(&self) -> usize {
        self.traffic.under_way.turns.load(Ordering::Relaxed)
    }

    /// Returns the most requests that the server had at a time.
    pub(crate) fn most_at_server(&self) -> usize {
        self.traffic.at_server.most.load(Ordering::Relaxed)
    }
}

/// Hands bytes on after a delay, until one end is gone. Frames are counted as they come and as they
/// leave.
fn carry(
    (mut from, mut to): (TcpStream, TcpStream),
    delay: Duration,
    comes: impl Fn(usize) + Send + 'static,
    leaves: impl Fn(usize) + Send + 'static,
) {
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
    std::thread::spawn(move || {
        let mut frames = Frames::default();
        let mut bytes = vec![0; 64 * 1024];
        loop {
            let count = from.read(&mut bytes).unwrap_or(0);
            comes(frames.pass(&bytes[..count]));
            // The end takes as long as all else.
            let sent = sender.send((Instant::now() + delay, bytes[..count].to_vec()));
            if count == 0 || sent.is_err() {
                break;
            }
        }
    });
    std::thread::spawn(move || {
        let mut frames = Frames::default();
        for (due, bytes) in receiver {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            leaves(frames.pass(&bytes));
            if bytes.is_empty() || to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}

/// Where a stream of bytes is in its frames. A four-letter word counts as the beginning of a long one.
#[derive(Default)]
struct Frames {
    length: Vec<u8>,
    left: usize,
}

impl Frames {
    /// Returns how many frames end in the next bytes.
    fn pass(&mut self, mut bytes: &[u8]) -> usize {
        let mut ended = 0;
        while !bytes.is_empty() {
            if self.length.len() < 4 {
                let (head, rest) = bytes.split_at(bytes.len().min(4 - self.length.len()));
                self.length.extend(head);
                bytes = rest;
                let Ok(length) = self.length[..].try_into() else { break };
                self.left = u32::from_be_bytes(length) as usize;
            }
            let passed = bytes.len().min(self.left);
            self.left -= passed;
            bytes = &bytes[passed..];
            if self.left == 0 {
                ended += 1;
                self.length.clear();
            }
        }
        ended
    }
}
