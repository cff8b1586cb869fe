//! Servers that violate the protocol.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

/// Returns the bytes to send in reply to the request with this xid.
pub(crate) type Answer = fn(i32) -> Vec<u8>;

fn framed(body: &[u8]) -> Vec<u8> {
    let length = i32::try_from(body.len()).unwrap();
    [&length.to_be_bytes(), body].concat()
}

/// A reply with the code for success and any body.
fn reply(request: i32, body: &[u8]) -> Vec<u8> {
    framed(&[&request.to_be_bytes()[..], &1_i64.to_be_bytes(), &[0; 4], body].concat())
}

pub(crate) const LIES: [(&str, Answer); 12] = [
    ("an empty frame", |_| framed(b"")),
    ("half a header", |_| framed(b"\0\0\0")),
    ("half a body", |request| reply(request, b"\0\0")),
    ("a frame of two gigabytes", |_| i32::MAX.to_be_bytes().to_vec()),
    ("a frame of negative length", |_| (-5_i32).to_be_bytes().to_vec()),
    ("negative lengths", |request| reply(request, &[0xff; 80])),
    ("another request's number", |request| reply(request + 100, &[0; 100])),
    ("no request's number", |_| reply(0, &[0; 100])),
    ("an event of no known kind", |_| reply(-1, &[9; 40])),
    ("an event and a half", |_| [reply(-1, &[0; 12]), reply(-1, b"\0")].concat()),
    ("no ZooKeeper's words", |_| b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
    ("an unknown code", |request| {
        let code = (-9999_i32).to_be_bytes();
        framed(&[&request.to_be_bytes()[..], &1_i64.to_be_bytes(), &code].concat())
    }),
];

/// Serves one connection, with honest replies to what opens and keeps a session.
fn serve(mut stream: TcpStream, answer: Answer) -> std::io::Result<()> {
    let read = |stream: &mut TcpStream| {
        let mut length = [0; 4];
        stream.read_exact(&mut length)?;
        if &length == b"srvr" {
            stream.write_all(b"Zookeeper version: 3.9.3-1, built on a lie\n")?;
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let mut request = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut request)?;
        std::io::Result::Ok(request)
    };
    read(&mut stream)?;
    let session = [&[0; 4][..], &30_000_i32.to_be_bytes(), &7_i64.to_be_bytes()].concat();
    let password = framed(&[7; 16]);
    stream.write_all(&framed(&[&session[..], &password, &[0]].concat()))?;
    loop {
        let request = read(&mut stream)?;
        let number = i32::from_be_bytes(request[..4].try_into().unwrap());
        let operation = i32::from_be_bytes(request[4..8].try_into().unwrap());
        match operation {
            11 | -11 => stream.write_all(&reply(number, b""))?,
            _ => stream.write_all(&answer(number))?,
        }
    }
}

/// Starts a server with these replies, which ends with the test program. Returns its address.
pub(crate) fn liar(answer: Answer) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || serve(stream, answer));
        }
    });
    address
}
