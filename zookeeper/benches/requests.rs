//! Measures the cost of a request in the client, compared with a raw socket that writes the same
//! bytes and only counts replies. The server is in this process and answers immediately.
//!
//! `cargo bench -p zookeeper-native --bench requests` prints microseconds per request, best of
//! five.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints, and may panic")]

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use zookeeper::{GetData, Options, Permit, SetData, start};

const REQUESTS: usize = 200_000;
const WINDOW: usize = 128;
const STAT: [u8; 68] = [0; 68];

/// Answers every request like a `setData`, or a `getData` of four bytes.
fn serve(mut stream: TcpStream) {
    let mut hello = [0; 49];
    stream.read_exact(&mut hello).unwrap();
    let mut welcome = vec![0, 0, 0, 37, 0, 0, 0, 0, 0, 0, 0x75, 0x30, 0, 0, 0, 0, 0, 0, 0, 7];
    welcome.extend([0, 0, 0, 16]);
    welcome.extend([7; 17]);
    *welcome.last_mut().unwrap() = 0;
    stream.write_all(&welcome).unwrap();
    let (mut buffer, mut filled, mut out) = (vec![0; 1 << 18], 0, Vec::new());
    loop {
        let Ok(read @ 1..) = stream.read(&mut buffer[filled..]) else { return };
        filled += read;
        let mut rest = &buffer[..filled];
        while let Some((length, more)) = rest.split_first_chunk::<4>() {
            let length = u32::from_be_bytes(*length) as usize;
            let Some((frame, more)) = more.split_at_checked(length) else { break };
            let body: &[u8] = match frame[7] {
                4 => b"\0\0\0\x04deep",
                _ => b"",
            };
            let has_stat = matches!(frame[7], 4 | 5);
            let size = 16 + body.len() + if has_stat { STAT.len() } else { 0 };
            out.extend(u32::try_from(size).unwrap().to_be_bytes());
            out.extend(&frame[..4]);
            out.extend([0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0]);
            out.extend(body);
            if has_stat {
                out.extend(STAT);
            }
            rest = more;
        }
        let left = rest.len();
        let start = filled - left;
        buffer.copy_within(start..filled, 0);
        filled = left;
        if stream.write_all(&out).is_err() {
            return;
        }
        out.clear();
    }
}

fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            stream.set_nodelay(true).unwrap();
            std::thread::spawn(move || serve(stream));
        }
    });
    address
}

/// Keeps a window of `setData` in flight on a raw socket. Half a window is sent at a time.
fn raw(address: &str) -> Duration {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut hello = vec![0, 0, 0, 45];
    hello.extend([0; 45]);
    stream.write_all(&hello).unwrap();
    let mut welcome = [0; 41];
    stream.read_exact(&mut welcome).unwrap();
    let mut one = vec![0, 0, 0, 29, 0, 0, 0, 1, 0, 0, 0, 5];
    one.extend(b"\0\0\0\x05/lake\0\0\0\x04deep\xff\xff\xff\xff");
    let half = one.repeat(WINDOW / 2);
    let replies = 88 * WINDOW / 2;
    let mut arrived = vec![0; replies];
    let begun = Instant::now();
    stream.write_all(&half).unwrap();
    for _ in 1..REQUESTS / (WINDOW / 2) {
        stream.write_all(&half).unwrap();
        stream.read_exact(&mut arrived).unwrap();
    }
    stream.read_exact(&mut arrived).unwrap();
    begun.elapsed()
}

async fn client(address: &str, reads: bool) -> Duration {
    let (client, _feed) = start(Options::parse(address).unwrap());
    client.call(SetData::new("/lake", "deep")).await.unwrap();
    let begun = Instant::now();
    if reads {
        let mut flying = VecDeque::new();
        for _ in 0..REQUESTS {
            if flying.len() == WINDOW {
                let pending: zookeeper::Pending<_> = flying.pop_front().unwrap();
                pending.await.value.unwrap();
            }
            flying.push_back(client.send(Permit::unmetered(), GetData::new("/lake")));
        }
        for pending in flying {
            pending.await.value.unwrap();
        }
    } else {
        let mut flying = VecDeque::new();
        for _ in 0..REQUESTS {
            if flying.len() == WINDOW {
                let pending: zookeeper::Pending<_> = flying.pop_front().unwrap();
                pending.await.value.unwrap();
            }
            flying.push_back(client.send(Permit::unmetered(), SetData::new("/lake", "deep")));
        }
        for pending in flying {
            pending.await.value.unwrap();
        }
    }
    let took = begun.elapsed();
    client.close().await.unwrap();
    took
}

fn main() {
    let address = server();
    let one = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let two =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let best = |run: &dyn Fn() -> Duration| {
        let best = (0..5).map(|_| run()).min().unwrap();
        best.as_secs_f64() * 1e6 / f64::from(u32::try_from(REQUESTS).unwrap())
    };
    println!("raw socket:               {:.2} us a request", best(&|| raw(&address)));
    println!("client, writes, 1 thread: {:.2} us", best(&|| one.block_on(client(&address, false))));
    println!("client, reads, 1 thread:  {:.2} us", best(&|| one.block_on(client(&address, true))));
    let spawned = |reads| {
        let address = address.clone();
        two.block_on(async {
            two.spawn(async move { client(&address, reads).await }).await.unwrap()
        })
    };
    println!("client, writes, 2 threads: {:.2} us", best(&|| spawned(false)));
    println!("client, reads, 2 threads:  {:.2} us", best(&|| spawned(true)));
}
