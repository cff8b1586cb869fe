//! A link to a distant server, which delays all bytes, however many are in flight.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

/// Forwards connections from its own address to one server.
pub(crate) struct Link {
    pub(crate) address: String,
    traffic: Arc<Traffic>,
}

/// The number of requests that have passed one end of the link and have no reply yet, and its
/// maximum.
#[derive(Default)]
struct Outstanding {
    now: AtomicUsize,
    most: AtomicUsize,
    /// The number of times that a request found nothing in flight.
    turns: AtomicUsize,
}

#[derive(Default)]
struct Traffic {
    /// As seen by the client.
    under_way: Outstanding,
    /// As seen by the server.
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
    /// Creates a link that takes half of the round trip time in each direction.
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

    /// Resets all counters.
    pub(crate) fn forget(&self) {
        for outstanding in [&self.traffic.under_way, &self.traffic.at_server] {
            outstanding.now.store(0, Ordering::Relaxed);
            outstanding.most.store(0, Ordering::Relaxed);
            outstanding.turns.store(0, Ordering::Relaxed);
        }
    }

    /// Returns the maximum number of requests in flight, as seen by the client.
    pub(crate) fn most_under_way(&self) -> usize {
        self.traffic.under_way.most.load(Ordering::Relaxed)
    }

    /// Returns how often the client has sent a request after it had all earlier replies. Each of
    /// these cost a round trip.
    pub(crate) fn turns(&self) -> usize {
        self.traffic.under_way.turns.load(Ordering::Relaxed)
    }

    /// Returns the maximum number of requests that were at the server.
    pub(crate) fn most_at_server(&self) -> usize {
        self.traffic.at_server.most.load(Ordering::Relaxed)
    }
}

/// Forwards bytes after a delay, until one end is closed. Frames are counted when they arrive and
/// when they leave.
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
            // The end of the stream is delayed like the bytes before it.
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

/// The position of a byte stream within its frames. A four-letter word counts as the start of a
/// long frame.
#[derive(Default)]
struct Frames {
    length: Vec<u8>,
    left: usize,
}

impl Frames {
    /// Returns the number of frames that end in the next bytes.
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
