//! A server that does not keep to the protocol: one clear line, and no crash.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::Value;

use crate::support::shell::zksh;

/// What is sent in answer to a request whose number is the first argument.
type Answer = fn(i32) -> Vec<u8>;

fn framed(body: &[u8]) -> Vec<u8> {
    let length = i32::try_from(body.len()).unwrap();
    [&length.to_be_bytes(), body].concat()
}

/// A reply that tells of success, with whatever body.
fn reply(request: i32, body: &[u8]) -> Vec<u8> {
    framed(&[&request.to_be_bytes()[..], &1_i64.to_be_bytes(), &[0; 4], body].concat())
}

const LIES: [(&str, Answer); 12] = [
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

/// Answers on one connection: honestly to what opens and keeps a session.
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

/// Starts a server that answers so; it ends with the test program. Returns its address.
fn liar(answer: Answer) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || serve(stream, answer));
        }
    });
    address
}

#[test]
fn whatever_a_server_sends_is_one_clear_line() {
    for (lie, answer) in LIES {
        let server = liar(answer);
        std::thread::scope(|scope| {
            for words in [
                &["ls", "/"][..],
                &["get", "/a"],
                &["stat", "/a"],
                &["create", "/a"],
                &["getAcl", "/a"],
                &["deleteall", "--yes", "/a"],
                &["config"],
                &["whoami"],
                &["wait", "/a", "exists", "-t", "0.5"],
            ] {
                let server = &server;
                scope.spawn(move || {
                    let ran = zksh(server).args(["-timeout", "500"]).args(words).run();
                    // Some lies are as good as the truth.
                    let known = [0, 1, 3, 70].contains(&ran.status);
                    let clear = ran.stderr.lines().count() <= 1 && !ran.stderr.contains("panic");
                    assert!(known && clear, "{lie}, {words:?}: {ran:?}");
                    assert!(ran.status == 0 || ran.stderr.lines().count() == 1, "{lie}, {words:?}");
                });
            }
        });
    }
}

#[test]
fn whatever_a_server_sends_to_a_script_every_line_of_it_is_told() {
    const LINES: usize = 300;
    std::thread::scope(|scope| {
        for (lie, answer) in LIES {
            scope.spawn(move || {
                let options = ["-timeout", "500", "-o", "json"];
                let ran = zksh(&liar(answer)).args(options).script("get /a\n".repeat(LINES));
                let records = ran.stdout.lines().map(serde_json::from_str::<Value>);
                let told = records.map(|record| record.unwrap()["line"].as_u64());
                let told: Vec<u64> = told.flatten().collect();
                let all = 1..=u64::try_from(LINES).unwrap();
                assert!(told.iter().copied().eq(all), "{lie}: {told:?} {}", ran.stderr);
                assert_eq!(ran.stderr, "", "{lie}");
            });
        }
    });
}
