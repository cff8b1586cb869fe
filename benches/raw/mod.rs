//! A raw socket that sends prepared requests with all or some of them in flight, and only reads the
//! replies.

use std::io::{BufReader, Read, Write};
use std::process::Command;
use std::sync::mpsc;

use crate::wire::{Body, Client, op};

/// The first argument that makes a bench program act as the raw socket.
const RAW: &str = "--raw";

const ANYONE: &[(i32, &str, &str)] = &[(31, "world", "anyone")];

const DATA: &str = "some-bytes-of-data";

/// Acts as a raw socket if the process was started as one, and returns whether it was. A bench with
/// a raw socket must call it first.
pub fn was_asked() -> bool {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [first, address, command, lines, window] = &arguments[..] else { return false };
    if first == RAW {
        let lines = lines.parse().unwrap();
        exchange(address, requests(command, lines), window.parse().unwrap());
    }
    first == RAW
}

/// Returns the command that runs this program as a raw socket with `window` requests in flight.
pub fn socket(address: &str, command: &str, lines: usize, window: usize) -> Command {
    let mut socket = Command::new(std::env::current_exe().unwrap());
    socket.args([RAW, address, command]).args([lines, window].map(|number| number.to_string()));
    socket
}

/// Returns the equivalent script for a shell.
pub fn script(command: &str, lines: usize) -> Vec<u8> {
    let data = if matches!(command, "create" | "set") { DATA } else { "" };
    let line = |number| format!("{command} {} {data}\n", path(number));
    (0..lines).map(line).collect::<String>().into_bytes()
}

fn path(number: usize) -> String {
    format!("/bench-{number:06}")
}

fn requests(command: &str, lines: usize) -> Vec<Body> {
    let request = |number| {
        let path = path(number);
        match command {
            "create" => create(&path, DATA),
            "set" => head(op::SET_DATA, &path).string(DATA).int(-1),
            "get" => head(op::GET_DATA, &path).boolean(false),
            "ls" => head(op::GET_CHILDREN2, &path).boolean(false),
            "delete" => head(op::DELETE, &path).int(-1),
            other => panic!("no such request: {other}"),
        }
    };
    (0..lines).map(request).collect()
}

fn head(kind: i32, path: &str) -> Body {
    Body::default().int(1).int(kind).string(path)
}

fn create(path: &str, data: &str) -> Body {
    head(op::CREATE, path).string(data).acl(ANYONE).int(0)
}

/// Creates znodes unless they exist.
pub fn create_all(address: &str, paths: impl Iterator<Item = String>) {
    exchange(address, paths.map(|path| create(&path, DATA)).collect(), usize::MAX);
}

/// Sends requests with at most `window` of them in flight, and reads as many replies, whatever
/// their result.
fn exchange(address: &str, requests: Vec<Body>, window: usize) {
    let mut client = Client::connect(address).unwrap();
    let count = requests.len();
    let mut sending = client.stream.try_clone().unwrap();
    let (answered, room) = mpsc::channel();
    let writer = std::thread::spawn(move || {
        let part = (window / 2).clamp(1, count.max(1));
        for (number, requests) in requests.chunks(part).enumerate() {
            if number >= 2 {
                // Send half of a window when half of one is answered.
                room.iter().take(part).for_each(drop);
            }
            let frames = requests.iter().flat_map(|request| Body::default().bytes(&request.0).0);
            sending.write_all(&frames.collect::<Vec<u8>>()).unwrap();
        }
    });
    let mut replies = BufReader::with_capacity(1 << 18, &client.stream);
    let mut body = Vec::new();
    for _ in 0..count {
        let mut length = [0; 4];
        replies.read_exact(&mut length).unwrap();
        body.resize(usize::try_from(i32::from_be_bytes(length)).unwrap(), 0);
        replies.read_exact(&mut body).unwrap();
        let _ = answered.send(());
    }
    writer.join().unwrap();
    client.ask(op::CLOSE, &Body::default()).unwrap();
}
