//! Requests are sent in the order of the calls, replies and events arrive in the server's order,
//! and the outcome of each request is reported exactly.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use zookeeper::{
    AddAuth, AddWatch, Cause, Code, Cost, Create, Data, Delete, Error, GetChildren, GetData, Item,
    Names, Op, Pending, Permit, Reply, SetData, Stat, State, Sync, WatchMode,
};

use super::fake::{Net, Server, until};
use super::wire;

fn stat() -> Stat {
    Stat::default()
}

fn data(text: &'static str) -> Reply {
    Reply::Data(Data { data: Some(text.into()), stat: stat() })
}

fn send<R: zookeeper::Request>(client: &zookeeper::Client, request: R) -> Pending<R::Reply> {
    client.send(Permit::unmetered(), request)
}

#[tokio::test(start_paused = true)]
async fn requests_leave_in_call_order_and_many_in_one_write() {
    let net = Net::default();
    let mut listener = net.listen("a");
    let (client, _feed) = net.start("a");
    let pending: Vec<_> =
        (0..100).map(|number| send(&client, GetData::new(format!("/{number}")))).collect();
    let mut server = listener.serve().await;
    // The requests were queued before the connection was established, so a single write contains
    // them all.
    let mut first = vec![0; 4 + 100 * 30];
    let length = server.0.read(&mut first).await.unwrap();
    let (mut frames, mut rest) = (Vec::new(), &first[..length]);
    while let Some((length, more)) = rest.split_first_chunk() {
        let (frame, more) = more.split_at(u32::from_be_bytes(*length) as usize);
        frames.push(wire::request(frame));
        rest = more;
    }
    assert_eq!(frames.len(), 100);
    for (number, (xid, _, request)) in frames.into_iter().enumerate() {
        assert_eq!(request, GetData::new(format!("/{number}")).into());
        server.reply(&(xid, request), 5, &Ok(data("x"))).await;
    }
    let mut last = zookeeper::Seq(0);
    for pending in pending {
        let arrived = pending.await;
        assert!(arrived.at > last && arrived.zxid == Some(zookeeper::Zxid(5)));
        assert_eq!(arrived.value.unwrap().data.as_deref(), Some(&b"x"[..]));
        last = arrived.at;
    }
}

#[tokio::test(start_paused = true)]
async fn corked_requests_gather_and_leave_together() {
    let net = Net::default();
    let mut listener = net.listen("a");
    let (client, mut feed) = net.start("a");
    assert_eq!(client.target().await.map(|host| host.name), Some("a".to_owned()));
    let mut server = listener.serve().await;
    until(&mut feed, State::Connected).await;
    let rest = || tokio::time::sleep(Duration::from_millis(10));
    let mut arrived = [0; 4096];
    let cork = client.cork();
    let mut pending: Vec<_> = (0..31).map(|_| send(&client, GetData::new("/a"))).collect();
    rest().await;
    let read = tokio::time::timeout(Duration::from_millis(1), server.0.read(&mut arrived)).await;
    assert!(read.is_err(), "none has left");
    // A batch of 32 requests is sent at once.
    pending.push(send(&client, GetData::new("/a")));
    rest().await;
    assert_eq!(server.0.read(&mut arrived).await.unwrap(), 32 * 19);
    pending.push(send(&client, GetData::new("/a")));
    pending.push(send(&client, GetData::new("/a")));
    drop(cork);
    rest().await;
    assert_eq!(server.0.read(&mut arrived).await.unwrap(), 2 * 19);
    // The close of the session is sent in spite of the cork.
    let _cork = client.cork();
    pending.push(client.send_last(Permit::unmetered(), GetData::new("/a")));
    rest().await;
    assert_eq!(server.0.read(&mut arrived).await.unwrap(), 19 + 12);
    drop(server);
    drop(listener);
    client.ended().await;
    assert_eq!(client.target().await, None);
}

#[tokio::test(start_paused = true)]
async fn an_event_is_in_the_feed_before_the_reply_behind_it_completes() {
    let net = Net::default();
    let mut listener = net.listen("a");
    let (client, mut feed) = net.start("a");
    let mut server = listener.serve().await;
    let watched = send(&client, GetData::new("/a").watch(true));
    let request = server.request().await;
    server.reply(&request, 5, &Ok(data("x"))).await;
    watched.await.value.unwrap();
    until(&mut feed, State::Connected).await;
    let later = send(&client, GetData::new("/a"));
    let request = server.request().await;
    server.event(3, "/a", -1).await;
    server.reply(&request, 6, &Ok(data("y"))).await;
    let arrived = later.await;
    let Some(Item::Event(event)) = feed.try_next() else { panic!("no event") };
    assert!(event.at < arrived.at);
    assert_eq!((&*event.path, event.kind), ("/a", zookeeper::EventKind::NodeDataChanged));
}

#[tokio::test(start_paused = true)]
async fn a_reply_to_another_request_ends_the_connection() {
    let net = Net::default();
    let mut listener = net.listen("a");
    let (client, mut feed) = net.start("a");
    let mut server = listener.serve().await;
    let (read, write) = (send(&client, GetData::new("/a")), send(&client, Delete::new("/b")));
    let (first, second) = (server.request().await, server.request().await);
    server.reply(&second, 5, &Ok(Reply::Done)).await;
    let malformed = read.await.value.unwrap_err();
    assert!(
        matches!(&malformed, Error::Malformed { op: Op::GetData, path, .. } if &**path == "/a")
    );
    let unknown = write.await.value.unwrap_err();
    assert!(unknown.is_uncertain() && matches!(unknown, Error::Unknown { op: Op::Delete, .. }));
    drop(first);
    server.ended().await;
    let changes = until(&mut feed, State::Connected).await;
    assert_eq!(changes.len(), 1);
    let changes = until(&mut feed, State::Connecting).await;
    let cause = changes.last().unwrap().cause.clone();
    assert!(matches!(cause, Some(Cause::Malformed { op: Some(Op::GetData), .. })), "{cause:?}");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_pending_keeps_its_place_and_its_credit() {
    let net = Net::default();
    let mut listener = net.listen("a");
    let mut options = net.options("a");
    options.budget = 100;
    let (client, _feed) = zookeeper::start(options);
    let mut server = listener.serve().await;
    let permit = client.admit(Cost(60)).await;
    drop(client.send(permit, GetData::new("/dropped")));
    let kept = client.send(client.try_admit(Cost(40)).unwrap(), GetData::new("/kept"));
    assert!(client.try_admit(Cost(1)).is_none());
    let (dropped, second) = (server.request().await, server.request().await);
    server.reply(&dropped, 5, &Ok(data("dropped"))).await;
    // A request that costs more than the budget is admitted once nothing else is in flight.
    server.reply(&second, 5, &Ok(data("kept"))).await;
    assert_eq!(kept.await.value.unwrap().data.as_deref(), Some(&b"kept"[..]));
    drop(client.admit(Cost(1000)).await);
    assert!(client.try_admit(Cost(100)).is_some());
}

#[tokio::test(start_paused = true)]
async fn what_has_not_left_can_be_called_off_and_what_has_is_unknown() {
    let net = Net::default();
    net.refuse("a");
    let (client, _feed) = net.start("a");
    let first = send(&client, Delete::new("/first"));
    let called_off = send(&client, Delete::new("/never"));
    let last = send(&client, GetData::new("/last"));
    let error = called_off.cancel().value.unwrap_err();
    let not_sent = |cause| Error::NotSent { op: Op::Delete, path: "/never".into(), cause };
    assert_eq!(error, not_sent(Cause::Cancelled));
    let late = send(&client, Delete::new("/never")).within(Duration::from_millis(100)).await;
    assert_eq!(late.value.unwrap_err(), not_sent(Cause::Deadline));
    let mut listener = net.listen("a");
    let mut server = listener.serve().await;
    assert_eq!(server.request().await.1, Delete::new("/first").into());
    assert_eq!(server.request().await.1, GetData::new("/last").into());
    let write = first.cancel().value.unwrap_err();
    assert!(matches!(write, Error::Unknown { op: Op::Delete, cause: Cause::Cancelled, .. }));
    let read = last.within(Duration::from_millis(10)).await.value.unwrap_err();
    assert!(matches!(read, Error::Lost { op: Op::GetData, cause: Cause::Deadline, .. }));
    // Cancelled requests keep their place: the next reply belongs to the next request.
    drop(send(&client, Delete::new("/next")));
    assert_eq!(server.request().await.1, Delete::new("/next").into());
}

/// Reads a part of what the client writes, and then breaks the connection.
async fn read_some(mut server: Server, bytes: usize) {
    let mut some = vec![0; bytes];
    server.0.read_exact(&mut some).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_is_unknown_and_what_was_not_is_sent_again_once() {
    let net = Net::default();
    // The first two requests and a part of the third fit.
    net.narrow(150);
    let mut listener = net.listen("a");
    let (client, _feed) = net.start("a");
    let server = listener.serve().await;
    let sent: Vec<_> = (0..5)
        .map(|number| send(&client, SetData::new(format!("/{number}"), vec![0; 30])))
        .collect();
    let read = send(&client, GetData::new("/read"));
    let frame = 4 + 8 + 6 + 4 + 30 + 4;
    // The connection breaks before the client has written more.
    read_some(server, frame).await;
    let mut server = listener.serve().await;
    let mut again = Vec::new();
    for _ in 0..4 {
        let (xid, request) = server.request().await;
        again.push(request.path().to_string());
        let reply = match &request {
            zookeeper::AnyRequest::GetData(_) => data("x"),
            _ => Reply::Stat(stat()),
        };
        server.reply(&(xid, request), 5, &Ok(reply)).await;
    }
    let mut unknown = Vec::new();
    for (number, pending) in sent.into_iter().enumerate() {
        match pending.await.value {
            Err(Error::Unknown { .. }) => unknown.push(number),
            Ok(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(unknown, [0, 1]);
    assert_eq!(again, ["/2", "/3", "/4", "/read"]);
    assert!(read.await.value.is_ok());
}

#[tokio::test(start_paused = true)]
async fn credentials_are_answered_apart_from_requests() {
    let net = Net::default();
    let mut listener = net.listen("a");
    let (client, _feed) = net.start("a");
    let mut server = listener.serve().await;
    let read = send(&client, GetData::new("/a"));
    let auth = send(&client, AddAuth::new("digest", &b"ann:secret"[..]));
    let (first, second) = (server.request().await, server.request().await);
    assert_eq!(second.0, -4);
    // A server answers credentials at once, and other requests when they are finished.
    server.reply(&second, 0, &Ok(Reply::Done)).await;
    auth.await.value.unwrap();
    server.reply(&first, 5, &Ok(data("x"))).await;
    read.await.value.unwrap();
    assert_eq!(client.facts().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn after_a_reconnection_credentials_come_before_watches_before_requests() {
    let net = Net::default();
    let mut listener = net.listen("a");
    let (client, _feed) = net.start("a");
    let mut server = listener.serve().await;
    let auth = send(&client, AddAuth::new("digest", &b"ann:secret"[..]));
    server.done(0).await;
    auth.await.value.unwrap();
    let watched = send(&client, GetChildren::new("/a").watch(true));
    let request = server.request().await;
    server.reply(&request, 5, &Ok(Reply::Names(Names::default()))).await;
    watched.await.value.unwrap();
    client.break_connection();
    let later = send(&client, Sync::new("/a"));
    let mut server = listener.serve().await;
    assert_eq!(server.done(0).await, AddAuth::new("digest", &b"ann:secret"[..]).into());
    assert_eq!(server.set_watches().await, (101, 5, vec![vec![], vec![], vec!["/a".to_owned()]]));
    server.watches_left().await;
    server.done(6).await;
    later.await.value.unwrap();
}

#[tokio::test(start_paused = true)]
async fn refusals_name_operation_and_path() {
    let net = Net::default();
    let mut listener = net.listen("a");
    let (client, _feed) = net.start("a/app");
    let mut server = listener.serve().await;
    let refused = send(&client, Create::new("/a/b", "x"));
    let request = server.request().await;
    assert_eq!(&*request.1.path(), "/app/a/b");
    server.reply(&request, 5, &Err(Code::NoNode)).await;
    let error = refused.await.value.unwrap_err();
    assert_eq!(error.to_string(), "create /a/b: NoNode");
    let invalid = client.call(GetData::new("a")).await.unwrap_err();
    assert!(matches!(invalid, Error::Invalid { .. }), "{invalid}");
    let large = client.call(SetData::new("/a", vec![0; 2 << 20])).await.unwrap_err();
    assert!(matches!(large, Error::TooLarge { bytes, .. } if bytes > 2 << 20), "{large}");
}

#[tokio::test(start_paused = true)]
async fn exchanges_are_told_only_while_they_are_observed() {
    let net = Net::default();
    let mut listener = net.listen("a");
    let (client, mut feed) = net.start("a");
    let mut server = listener.serve().await;
    until(&mut feed, State::Connected).await;
    for observe in [false, true] {
        client.observe(observe);
        let read = send(&client, GetData::new("/a"));
        let request = server.request().await;
        server.reply(&request, 5, &Ok(data("x"))).await;
        let arrived = read.await;
        match feed.try_next() {
            Some(Item::Exchange(exchange)) => {
                assert!(observe && exchange.at == arrived.at);
                assert_eq!(exchange.request, GetData::new("/a").into());
                assert_eq!(exchange.reply, Ok(data("x")));
                assert_eq!((exchange.sent_bytes, exchange.received_bytes), (19, 93));
            }
            other => assert!(!observe && other.is_none(), "{other:?}"),
        }
    }
    let auth = send(&client, AddAuth::new("digest", &b"ann:secret"[..]));
    server.done(0).await;
    auth.await.value.unwrap();
    let shown = format!("{:?}", feed.try_next());
    assert!(shown.contains("digest") && !shown.contains("secret"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn five_thousand_events_stand_between_the_replies_where_the_server_sent_them() {
    let net = Net::default();
    let mut listener = net.listen("a");
    let (client, mut feed) = net.start("a");
    let mut server = listener.serve().await;
    let add = AddWatch::new("/w", WatchMode::PersistentRecursive);
    let added = send(&client, add);
    server.done(5).await;
    added.await.value.unwrap();
    until(&mut feed, State::Connected).await;
    let pending: Vec<_> =
        (0..500).map(|number| send(&client, GetData::new(format!("/{number}")))).collect();
    let serve = async move {
        for number in 0..500 {
            let request = server.request().await;
            for event in 0..10 {
                server.event(3, &format!("/w/{}", number * 10 + event), -1).await;
            }
            server.reply(&request, 5, &Ok(data("x"))).await;
        }
        server
    };
    let serving = tokio::spawn(serve);
    let (mut seen, mut last) = (0, zookeeper::Seq(0));
    for pending in pending {
        let arrived = pending.await;
        assert!(arrived.value.is_ok());
        // More events may have arrived by now; ten of them came before this reply.
        for _ in 0..10 {
            let Some(Item::Event(event)) = feed.try_next() else { panic!("{seen} events") };
            assert_eq!(*event.path, *format!("/w/{seen}"));
            assert!(last < event.at && event.at < arrived.at);
            (seen, last) = (seen + 1, event.at);
        }
        last = arrived.at;
    }
    assert!(feed.try_next().is_none());
    drop(serving.await.unwrap());
}
