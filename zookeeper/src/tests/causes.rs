//! The cause of a missing connection is reported exactly, and only once.

use std::time::Duration;

use zookeeper::{Cause, Code, Data, FaultKind, GetData, Item, Permit, Reply, Stat, State};

use super::fake::{Net, Server, causes, until};
use super::wire;

fn data() -> Reply {
    Reply::Data(Data { data: None, stat: Stat::default() })
}

/// Reads once, and gets a reply with this zxid.
async fn read(client: &zookeeper::Client, server: &mut Server, zxid: i64) {
    let pending = client.send(Permit::unmetered(), GetData::new("/a"));
    let request = server.request().await;
    let reply: Result<Reply, Code> = Ok(data());
    server.reply(&request, zxid, &reply).await;
    pending.await.value.unwrap();
}

#[tokio::test(start_paused = true)]
async fn each_host_is_tried_and_each_reason_told_once() {
    let net = Net::default();
    net.refuse("refuses");
    net.hang("hangs");
    let (client, mut feed) = net.start("refuses,hangs,unknown");
    tokio::time::sleep(Duration::from_secs(30)).await;
    let mut told = Vec::new();
    while let Some(Item::State(change)) = feed.try_next() {
        told.push((change.host.unwrap().name, change.cause.unwrap()));
    }
    told.sort_by(|a, b| a.0.cmp(&b.0));
    let silent = Cause::Silent(Duration::from_secs(2));
    let expected = [("hangs", silent), ("refuses", Cause::Refused), ("unknown", Cause::NoSuchHost)];
    assert_eq!(told, expected.map(|(host, cause)| (host.to_owned(), cause)));
    let facts = client.facts();
    assert_eq!((facts.state, facts.attempts.len()), (State::Connecting, 3));
    let dialled = net.dialled();
    let refused = dialled.iter().filter(|(_, host)| host == "refuses").count();
    assert!((5..30).contains(&refused), "{refused}");
    // A server that comes up is found, and the causes are forgotten.
    let mut listener = net.listen("unknown");
    let mut server = listener.serve().await;
    until(&mut feed, State::Connected).await;
    assert!(client.facts().attempts.is_empty());
    read(&client, &mut server, 5).await;
}

/// Makes a server treat every connection in the same way, and returns the first reported cause.
async fn cause_of(connections: impl AsyncFn(usize, &mut Server)) -> Cause {
    let net = Net::default();
    let mut listener = net.listen("a");
    let (_client, mut feed) = net.start("a");
    let served = async {
        for number in 0.. {
            let mut server = listener.accept().await;
            connections(number, &mut server).await;
        }
    };
    tokio::select! {
        item = feed.next() => match item {
            Some(Item::State(change)) => change.cause.unwrap(),
            other => panic!("{other:?}"),
        },
        () = served => unreachable!("it serves for ever"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_gives_no_session_is_asked_why() {
    let starting = cause_of(async |number, server| {
        if number > 0 {
            assert_eq!(server.word().await, "srvr");
            server.say(b"This ZooKeeper instance is not currently serving requests\n").await;
        } else {
            server.hello().await;
        }
    });
    assert_eq!(starting.await, Cause::NotServing);
    let full = cause_of(async |_, _| {});
    assert_eq!(full.await, Cause::TooManyConnections);
    let unwilling = cause_of(async |number, server| {
        if number > 0 {
            server.word().await;
            server.say(b"Zookeeper version: 3.8.0-1, built on 1\nZxid: 0x5\n").await;
        } else {
            server.hello().await;
        }
    });
    assert_eq!(unwilling.await, Cause::NoSession);
    let stranger = cause_of(async |_, server| {
        server.word().await;
    });
    assert_eq!(stranger.await, Cause::NotZooKeeper("it closes the connection"));
    let keeper = cause_of(async |_, server| {
        server.hello().await;
        let refusal = wire::Out::default().int(42).int(6000).long(0).bytes(Some(&[0; 16]));
        server.say(&wire::framed(&refusal.0)).await;
    });
    assert_eq!(keeper.await, Cause::NotServing);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_zookeeper_is_named() {
    for (said, why) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "it speaks HTTP"),
        (b"SSH-2.0-OpenSSH_9\r\n", "it speaks SSH"),
        (b"\0\0\0\x04abcd", "its first answer has another version"),
        (b"\0\0\0\x04\0\0\0\0", "its first answer cannot be read"),
        (b"\0\0\0", "its first answer is cut"),
    ] {
        let cause = cause_of(async |_, server| {
            server.hello().await;
            server.say(said).await;
        });
        assert_eq!(cause.await, Cause::NotZooKeeper(why));
    }
    // A TLS server may answer a plain hello with an alert, or hang up and answer a hello of TLS.
    let alert = b"\x15\x03\x03\0\x02\x02\x50";
    let at_once = cause_of(async |_, server| {
        server.hello().await;
        server.say(alert).await;
    });
    let asked = cause_of(async |number, server| match number {
        0 => drop(server.hello().await),
        1 => drop(server.word().await),
        _ => {
            assert_eq!(server.word().await.as_bytes()[..3], [0x16, 3, 1]);
            server.say(alert).await;
        }
    });
    for cause in [at_once.await, asked.await] {
        let Cause::Transport(fault) = &cause else { panic!("{cause}") };
        assert!(cause.is_final() && fault.kind == FaultKind::PortIsTls);
    }
    let silent = cause_of(async |_, server| {
        server.hello().await;
        tokio::time::sleep(Duration::from_secs(100)).await;
    });
    assert_eq!(silent.await, Cause::Silent(Duration::from_secs(6)));
}

#[tokio::test(start_paused = true)]
async fn a_server_behind_what_was_seen_is_passed_over() {
    let net = Net::default();
    let mut ahead = net.listen("ahead");
    let (client, mut feed) = net.start("ahead");
    let mut server = ahead.serve().await;
    read(&client, &mut server, 100).await;
    until(&mut feed, State::Connected).await;
    client.break_connection();
    // The server has come back with an older state than before.
    let mut server = ahead.accept().await;
    assert_eq!(server.hello().await.last_zxid, 100);
    drop(server);
    let mut asked = ahead.accept().await;
    asked.word().await;
    asked.say(b"Zookeeper version: 3.8.0-1, built on 1\nZxid: 0x63\n").await;
    drop(asked);
    let mut server = ahead.accept().await;
    let hello = server.hello().await;
    server.connect_response(hello.session, 6000, false).await;
    let changes = until(&mut feed, State::Connected).await;
    assert_eq!(causes(&changes), [Cause::Broken, Cause::ServerBehind]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_a_session_as_any_request_says_why() {
    for (code, cause) in [
        (Code::NotReadOnly, Cause::ReadOnly),
        (Code::SessionClosedRequireSaslAuth, Cause::NeedsAuthentication),
        (Code::MarshallingError, Cause::NotZooKeeper("its first answer cannot be read")),
    ] {
        let seen = cause_of(async move |_, server| {
            server.hello().await;
            let head = wire::Out::default().int(0).long(7).int(code.number());
            server.say(&wire::framed(&head.0)).await;
        });
        assert_eq!(seen.await, cause);
    }
}
