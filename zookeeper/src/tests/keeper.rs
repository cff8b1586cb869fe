//! A fake of ClickHouse Keeper: it speaks the protocol and is not Apache's. What it does was read
//! from its public source: it breaks the connection at operations that it does not know, takes up
//! no session, answers no close, and keeps the kind of a read that has failed.

use std::time::Duration;

use zookeeper::{
    AnyRequest, Cause, Code, Create, Data, Delete, Exists, GetChildren2, GetData, Multi, MultiRead,
    Operation, Permit, Read, ReadReply, Release, Reply, Stat, State, Transaction, WhoAmI,
};

use super::fake::{Listener, Net, Server, until};
use super::wire;

/// The operations that releases of 2023 know, of those that clients send.
const KNOWN: [i32; 16] = [-11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 14, 16, 22, 100];

/// Serves connections one after the other, with a new session each.
async fn keeper(mut listener: Listener, operations: std::sync::Arc<std::sync::Mutex<Vec<i32>>>) {
    for session in 1.. {
        let mut server = listener.accept().await;
        let mut first = [0; 4];
        let _ = tokio::io::AsyncReadExt::read_exact(&mut server.0, &mut first).await;
        if &first == b"srvr" {
            let answer = b"ClickHouse Keeper version: v23.8.2.7-stable-f73c8f3\nZxid: 0x5\n";
            server.say(answer).await;
            continue;
        }
        let mut hello = vec![0; u32::from_be_bytes(first) as usize];
        let _ = tokio::io::AsyncReadExt::read_exact(&mut server.0, &mut hello).await;
        // With or without the last byte, as its source has it.
        assert!(hello.len() == 44 || hello.len() == 45);
        server.connect_response(session, 10_000, false).await;
        serve(&mut server, &operations).await;
    }
}

async fn serve(server: &mut Server, operations: &std::sync::Mutex<Vec<i32>>) {
    while let Some(frame) = server.request_frame().await {
        let op = i32::from_be_bytes(*frame[4..].first_chunk().unwrap());
        operations.lock().unwrap().push(op);
        if !KNOWN.contains(&op) || op == -11 {
            return;
        }
        let (xid, _, request) = wire::request(&frame);
        let body = match &request {
            AnyRequest::MultiRead(multi) => {
                let replies = vec![Err(Code::NoNode); multi.reads.len()];
                wire::keeper_reads(&multi.reads, &replies)
            }
            AnyRequest::Create(create) => wire::Out::default().text(&create.path).0,
            AnyRequest::Multi(_) => {
                let failed = Transaction::Failed(vec![Code::Ok, Code::NoNode]);
                wire::reply(&request, &Ok(Reply::Transaction(failed))).1
            }
            AnyRequest::GetChildren2(_) => {
                let names = ["keeper"].into_iter().collect();
                wire::reply(&request, &Ok(Reply::Children(names, Stat::default()))).1
            }
            AnyRequest::GetData(_) => {
                let data = Data { data: Some("x".into()), stat: Stat::default() };
                wire::reply(&request, &Ok(Reply::Data(data))).1
            }
            AnyRequest::Exists(_) => {
                wire::reply(&request, &Ok(Reply::Exists(Some(Stat::default())))).1
            }
            other => panic!("{other:?}"),
        };
        server.say(&wire::reply_frame(xid, 5, 0, &body)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_it_knows_works_and_nothing_is_sent_that_breaks_the_connection() {
    let net = Net::default();
    let seen = std::sync::Arc::default();
    let serving = tokio::spawn(keeper(net.listen("keeper"), std::sync::Arc::clone(&seen)));
    let (client, _feed) = net.start("keeper");
    let host = client.options().hosts[0].clone();
    let answer = client.ask(&host, "srvr", Duration::from_secs(1)).await.unwrap();
    assert_eq!(Release::parse(&answer), Some(Release::ClickHouseKeeper(23, 8)));
    assert_eq!(client.call(Create::new("/a", "x")).await.unwrap().path, "/a");
    assert_eq!(client.call(GetData::new("/a")).await.unwrap().data.as_deref(), Some(&b"x"[..]));
    assert!(client.call(Exists::new("/a").watch(true)).await.unwrap().is_some());
    assert_eq!(client.call(GetChildren2::new("/")).await.unwrap().0.get(0), Some("keeper"));
    let operations =
        [Operation::Delete(Delete::new("/a")), Operation::Delete(Delete::new("/none"))];
    let failed = client.call(Multi::new(operations)).await.unwrap();
    assert_eq!(failed.failure(), Some((1, Code::NoNode)));
    let reads = [Read::Children("/none".into()), Read::Data("/none".into())];
    let reads: Vec<Result<ReadReply, Code>> = client.call(MultiRead::new(reads)).await.unwrap();
    assert_eq!(reads, [Err(Code::NoNode), Err(Code::NoNode)]);
    // It ends the connection in place of an answer to the close; asked again, it knows no session.
    client.close().await.unwrap();
    assert_eq!(*seen.lock().unwrap(), [1, 4, 3, 12, 14, 22, -11, -11]);
    serving.abort();
}

#[tokio::test(start_paused = true)]
async fn a_session_that_it_does_not_take_up_has_expired() {
    let net = Net::default();
    let serving = tokio::spawn(keeper(net.listen("keeper"), std::sync::Arc::default()));
    let (client, mut feed) = net.start("keeper");
    client.call(GetData::new("/a").watch(true)).await.unwrap();
    until(&mut feed, State::Connected).await;
    // An operation that it does not know: whoever asks first what it is knows better.
    let broken = client.send(Permit::unmetered(), WhoAmI).await.value.unwrap_err();
    assert_eq!(broken.cause(), Some(&Cause::Disconnected(None)));
    let changes = until(&mut feed, State::Expired).await;
    assert_eq!(changes.last().unwrap().cause, Some(Cause::Expired));
    serving.abort();
}
