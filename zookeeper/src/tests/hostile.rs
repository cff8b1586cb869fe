//! Whatever a server sends: no panic, no wrong answer, bounded memory, few connections.

use std::time::Duration;

use bytes::Bytes;
use zookeeper::{
    Acl, AddWatch, AnyRequest, Applied, Cause, Code, Created, Data, Error, GetChildren, GetData,
    Identity, Item, Permit, ReadReply, Reply, Stat, State, Transaction, WatchMode,
};

use super::fake::{Net, Server, until};
use super::samples::requests;
use super::wire::{self, Out};

/// How long a caller waits.
const PATIENCE: Duration = Duration::from_secs(3);

fn stat() -> Stat {
    Stat { czxid: 1, mzxid: 2, version: 3, data_length: 4, ..Stat::default() }
}

fn data() -> Data {
    Data { data: Some(Bytes::from_static(b"deep")), stat: stat() }
}

/// Every kind of request with an honest reply.
fn honest() -> Vec<(AnyRequest, Reply)> {
    let created = |path: &str, stat| Created { path: path.to_owned(), stat };
    let names = || ["a", "lake", "ü"].into_iter().collect();
    let replies = vec![
        Reply::Created(created("/a", None)),
        Reply::Created(created("/a", Some(stat()))),
        Reply::Created(created("/a-0000000007", None)),
        Reply::Created(created("/a", Some(stat()))),
        Reply::Done,
        Reply::Exists(Some(stat())),
        Reply::Data(data()),
        Reply::Stat(stat()),
        Reply::Acl(Acl::open().to_vec(), stat()),
        Reply::Stat(stat()),
        Reply::Names(names()),
        Reply::Children(names(), stat()),
        Reply::Done,
        Reply::Transaction(Transaction::Applied(vec![
            Applied::Created(created("/a", None)),
            Applied::Set(stat()),
            Applied::Checked,
            Applied::Deleted,
        ])),
        Reply::Transaction(Transaction::Failed(vec![Code::NoNode, Code::RuntimeInconsistency])),
        Reply::Reads(vec![Ok(ReadReply::Children(names())), Err(Code::NoNode)]),
        Reply::Done,
        Reply::Done,
        Reply::Done,
        Reply::Names(["/a", "/b/c"].into_iter().collect()),
        Reply::Number(3),
        Reply::Identities(vec![Identity { scheme: "ip".into(), user: "127.0.0.1".into() }]),
        Reply::Data(data()),
        Reply::Data(data()),
        Reply::Done,
    ];
    let requests = requests();
    assert_eq!(requests.len(), replies.len());
    requests.into_iter().zip(replies).collect()
}

/// Bytes that are sent in place of a reply, and what they are.
fn lies(xid: i32, body: &[u8], seed: u64) -> Vec<(&'static str, Vec<u8>)> {
    let reply = |body: &[u8]| wire::reply_frame(xid, 5, 0, body);
    let claim = |number: i32| {
        let mut claimed = number.to_be_bytes().to_vec();
        claimed.extend(body.iter().skip(4));
        reply(&claimed)
    };
    let mut inside = body.to_vec();
    if let Some(byte) = inside.last_mut() {
        *byte ^= 0x80;
    }
    let name = |bytes: &[u8]| reply(&Out::default().int(1).bytes(Some(bytes)).stat(&stat()).0);
    let mut lies = vec![
        ("an empty frame", wire::framed(b"")),
        ("a part of a header", wire::framed(&[0, 0, 0])),
        ("a cut header", wire::framed(&reply(body)[4..19])),
        ("no body", reply(b"")),
        ("half a body", reply(&body[..body.len() / 2])),
        ("a byte less", reply(&body[..body.len().saturating_sub(1)])),
        ("a byte more", reply(&[body, &[0]].concat())),
        ("twice the body", reply(&[body, body].concat())),
        ("a changed byte", reply(&inside)),
        ("the next request's number", wire::reply_frame(xid.wrapping_add(1), 5, 0, body)),
        ("the last request's number", wire::reply_frame(xid.wrapping_sub(1), 5, 0, body)),
        ("no request's number", wire::reply_frame(0, 5, 0, body)),
        ("a number of its own", wire::reply_frame(-3, 5, 0, body)),
        ("the body as an event", wire::reply_frame(-1, 5, 0, body)),
        ("the body as an answer to a ping", wire::reply_frame(-2, 5, 0, body)),
        (
            "the body as an answer to credentials",
            wire::reply_frame(-4, 5, 0, &[body, b"x"].concat()),
        ),
        ("the body as left watches", wire::reply_frame(-8, 5, 0, body)),
        ("an error with a body", wire::reply_frame(xid, 5, -101, &[body, b"x"].concat())),
        ("a negative length", (-5_i32).to_be_bytes().to_vec()),
        ("the smallest length", i32::MIN.to_be_bytes().to_vec()),
        ("a frame of two gigabytes", i32::MAX.to_be_bytes().to_vec()),
        ("a frame just too long", ((16 << 20) + 1_i32).to_be_bytes().to_vec()),
        ("a count of minus one", claim(-1)),
        ("a count of minus two", claim(-2)),
        ("a huge count", claim(i32::MAX)),
        ("a count just too large", claim(1000)),
        ("a count of nothing", claim(0)),
        ("all ones", reply(&[0xff; 100])),
        ("all zeros", reply(&[0; 200])),
        ("a child with a slash", name(b"a/b")),
        ("a child without a name", name(b"")),
        ("a child with a null", name(b"a\0b")),
        ("a child that is not UTF-8", name(&[0xff, 0xfe])),
        ("another path", reply(&Out::default().text("/elsewhere").0)),
        ("a path that is none", reply(&Out::default().text("elsewhere").stat(&stat()).0)),
        ("an event of no kind", wire::reply_frame(-1, -1, 0, &[9; 40])),
        ("an event of no path", {
            wire::reply_frame(-1, -1, 0, &Out::default().int(1).int(3).text("a//").0)
        }),
        ("an event with an error", {
            wire::reply_frame(-1, -1, -101, &Out::default().int(1).int(3).text("/a").0)
        }),
        ("HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
        ("TLS", b"\x15\x03\x03\0\x02\x02\x50".to_vec()),
    ];
    // Garbage, the same in each run.
    let mut state = seed | 1;
    for length in [1, 3, 4, 20, 200] {
        let mut byte = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            u8::try_from(state >> 56).unwrap()
        };
        let garbage: Vec<u8> = (0..length).map(|_| byte()).collect();
        lies.push(("garbage", garbage.clone()));
        lies.push(("garbage in a body", reply(&garbage)));
    }
    lies
}

/// Returns the bodies of the frames with this number and without an error.
fn bodies(xid: i32, bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    let mut rest = bytes;
    while let Some((length, more)) = rest.split_first_chunk() {
        let length = usize::try_from(i32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let Some((frame, more)) = more.split_at_checked(length) else { break };
        if frame.len() >= 16 && frame[..4] == xid.to_be_bytes() && frame[12..16] == [0; 4] {
            bodies.push(frame[16..].to_vec());
        }
        rest = more;
    }
    bodies
}

/// Has a server tell one lie to one request, on every connection.
async fn tell(number: usize, request: &AnyRequest, reply: &Reply) -> Option<&'static str> {
    let net = Net::default();
    let mut listener = net.listen("a");
    let (client, feed) = net.start("a");
    let (_, body) = wire::reply(request, &Ok(reply.clone()));
    let (name, _) = lies(0, &body, 0).into_iter().nth(number)?;
    let sent = std::sync::Mutex::new((0, Vec::new()));
    let serve = async {
        loop {
            let mut server = listener.serve().await;
            while let Some(frame) = server.request_frame().await {
                let xid = i32::from_be_bytes(*frame.first_chunk().unwrap());
                let (_, lie) = lies(xid, &body, number as u64).swap_remove(number);
                server.say(&lie).await;
                *sent.lock().unwrap() = (xid, lie);
                // Nothing more is said; what is not whole stays so.
            }
        }
    };
    let waiting = client.send(Permit::unmetered(), request.clone()).within(PATIENCE);
    let arrived = tokio::select! {
        arrived = waiting => arrived,
        () = serve => unreachable!("it serves for ever"),
    };
    let (xid, lie) = sent.into_inner().unwrap();
    match arrived.value {
        Ok(accepted) => {
            let (_, body) = wire::reply(request, &Ok(accepted.clone()));
            let told = bodies(xid, &lie).contains(&body);
            assert!(told, "{name}: {request:?} was answered {accepted:?}");
        }
        Err(Error::Refused { code, .. }) => {
            assert!(lie.len() == 20 && code != Code::Ok, "{name}: {request:?}: {code}");
        }
        Err(Error::NotSent { .. }) => panic!("{name}: {request:?} was sent"),
        Err(_) => {}
    }
    let connections = net.dialled().len();
    assert!(connections <= 20, "{name}: {connections} connections");
    drop(feed);
    Some(name)
}

#[tokio::test(start_paused = true)]
async fn no_lie_is_taken_for_an_answer() {
    let mut told = 0;
    for (request, reply) in honest() {
        // The honest reply is one: else the lies would prove nothing.
        let (code, body) = wire::reply(&request, &Ok(reply.clone()));
        assert_eq!(request.read_reply(code, &body), Ok(Ok(reply.clone())));
        for number in 0.. {
            if tell(number, &request, &reply).await.is_none() {
                break;
            }
            told += 1;
        }
    }
    assert!(told >= 1000, "{told}");
}

#[tokio::test(start_paused = true)]
async fn no_lie_is_taken_for_a_session() {
    let response = Out::default().int(0).int(6000).long(7).bytes(Some(&[7; 16])).bool(false).0;
    for number in 0..lies(0, &response, 1).len() {
        let (name, mut lie) = lies(0, &response, 1).swap_remove(number);
        if lie.len() >= 20 && lie[4..8] == [0; 4] {
            // In the place of a header there is none here.
            lie = wire::framed(&lie[20..]);
        }
        let net = Net::default();
        let mut listener = net.listen("a");
        let (client, _feed) = net.start("a");
        let serve = async {
            loop {
                let mut server = listener.accept().await;
                let mut first = [0; 4];
                let _ = tokio::io::AsyncReadExt::read_exact(&mut server.0, &mut first).await;
                server.say(&lie).await;
            }
        };
        let _ = tokio::time::timeout(PATIENCE, serve).await;
        let read = client.call_within(Duration::from_millis(1), GetData::new("/a")).await;
        let error = read.unwrap_err();
        let known = matches!(error, Error::NotSent { .. } | Error::Lost { .. });
        assert!(known, "{name}: {error}");
        assert!(net.dialled().len() <= 3 * crate::hosts::MOST_PER_SECOND + 10, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_drips_is_read_and_one_that_never_ends_is_given_up() {
    let net = Net::default();
    let mut listener = net.listen("a");
    let (client, _feed) = net.start("a");
    let pending = client.send(Permit::unmetered(), GetData::new("/a"));
    let mut server = listener.serve().await;
    let request = server.request().await;
    let (_, body) = wire::reply(&request.1, &Ok(Reply::Data(data())));
    for byte in wire::reply_frame(request.0, 5, 0, &body) {
        server.say(&[byte]).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(pending.await.value.unwrap(), data());
    let pending = client.send(Permit::unmetered(), GetData::new("/a"));
    server.say(&100_i32.to_be_bytes()).await;
    let dripping = async {
        loop {
            server.say(b"x").await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::select! {
        arrived = pending.within(PATIENCE) => {
            assert!(matches!(arrived.value, Err(Error::Lost { cause: Cause::Deadline, .. })));
        }
        () = dripping => unreachable!("it drips for ever"),
    }
}

#[tokio::test(start_paused = true)]
async fn endless_events_fill_no_memory_and_hold_up_no_reply() {
    const EVENTS: u64 = 50_000;
    let net = Net::default();
    let mut listener = net.listen("a");
    let (client, mut feed) = net.start("a");
    let mut server = listener.serve().await;
    let add = client.send(Permit::unmetered(), AddWatch::new("/w", WatchMode::Persistent));
    server.done(5).await;
    add.await.value.unwrap();
    until(&mut feed, State::Connected).await;
    let pending = client.send(Permit::unmetered(), GetData::new("/a"));
    let request = server.request().await;
    for _ in 0..EVENTS / 2 {
        server.event(3, "/nobody", -1).await;
        server.event(3, "/w", -1).await;
    }
    server.reply(&request, 5, &Ok(Reply::Data(data()))).await;
    assert_eq!(pending.await.value.unwrap(), data());
    assert_eq!(client.facts().unwatched_events, EVENTS / 2);
    let mut told = 0;
    while let Some(item) = feed.try_next() {
        match item {
            Item::Event(_) => told += 1,
            Item::Missed(missed) => {
                assert_eq!(told + missed, EVENTS / 2);
                // A mebibyte at some hundred bytes each.
                assert!(told < 11_000, "{told}");
                return;
            }
            other => panic!("{other:?}"),
        }
    }
    panic!("nothing was missed, of {told}");
}

#[tokio::test(start_paused = true)]
async fn a_large_frame_is_read_within_its_limit() {
    let names: Vec<String> = (0..200_000).map(|number| format!("{number:040}")).collect();
    let reply = Reply::Names(names.iter().map(String::as_str).collect());
    for (limit, fits) in [(16 << 20, true), (8 << 20, false)] {
        let net = Net::default();
        let mut listener = net.listen("a");
        let mut options = net.options("a");
        options.max_frame = limit;
        let (client, _feed) = zookeeper::start(options);
        let pending = client.send(Permit::unmetered(), GetChildren::new("/a"));
        let serve = async {
            let mut server: Server = listener.serve().await;
            let request = server.request().await;
            server.reply(&request, 5, &Ok(reply.clone())).await;
            std::future::pending::<()>().await;
        };
        let arrived = tokio::select! {
            arrived = pending => arrived,
            () = serve => unreachable!("it serves for ever"),
        };
        match arrived.value {
            Ok(names) => assert!(fits && names.len() == 200_000),
            Err(error) => {
                assert!(!fits && matches!(error, Error::Malformed { .. }), "{error}");
            }
        }
    }
}

/// Where the fuzzer begins, and what it has found.
fn corpus() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/corpus")
}

#[test]
fn what_the_fuzzer_begins_with_and_has_found_is_read_without_harm() {
    // Every honest reply is a beginning. `ZOOKEEPER_BLESS=1` writes them.
    for (number, (request, reply)) in (0..).zip(honest()) {
        let (code, body) = wire::reply(&request, &Ok(reply));
        let input = [&[number][..], &code.to_be_bytes(), &body].concat();
        let file = corpus().join(format!("honest-{number:02}"));
        if std::env::var_os("ZOOKEEPER_BLESS").is_some() {
            std::fs::create_dir_all(corpus()).unwrap();
            std::fs::write(&file, &input).unwrap();
        }
        assert_eq!(std::fs::read(&file).ok(), Some(input), "{}", file.display());
    }
    for file in std::fs::read_dir(corpus()).unwrap() {
        super::samples::check(&std::fs::read(file.unwrap().path()).unwrap());
    }
}
