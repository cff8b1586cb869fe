//! The session lives through lost connections, is told exactly why there is none, and ends as asked.

use std::time::Duration;

use tokio::time::Instant;
use zookeeper::{
    AddAuth, AnyRequest, Cause, Client, Code, Create, Data, Delete, Error, Feed, GetData, Op,
    Pending, Permit, Reply, Request, Stat, State, start,
};

use super::fake::{Listener, Net, Server, causes, until};
use super::wire;

fn data() -> Reply {
    Reply::Data(Data { data: None, stat: Stat::default() })
}

fn send<R: Request>(client: &Client, request: R) -> Pending<R::Reply> {
    client.send(Permit::unmetered(), request)
}

async fn connected(servers: &str) -> (Net, Listener, Client, Feed, Server) {
    let net = Net::default();
    let mut listener = net.listen("a");
    let (client, mut feed) = net.start(servers);
    let server = listener.serve().await;
    until(&mut feed, State::Connected).await;
    (net, listener, client, feed, server)
}

/// Reads once, with a reply of this zxid.
async fn read(client: &Client, server: &mut Server, zxid: i64) {
    let pending = send(client, GetData::new("/a"));
    let request = server.request().await;
    server.reply(&request, zxid, &Ok(data())).await;
    pending.await.value.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_session_is_taken_up_with_the_last_zxid_that_a_reply_told() {
    let (_net, mut listener, client, mut feed, mut server) = connected("a").await;
    for zxid in [5, 0, -1, 3] {
        read(&client, &mut server, zxid).await;
    }
    drop(server);
    let changes = until(&mut feed, State::Connecting).await;
    assert_eq!(causes(&changes), [Cause::Disconnected(None)]);
    let mut server = listener.accept().await;
    let hello = server.hello().await;
    assert_eq!((hello.session, hello.last_zxid, hello.timeout), (7, 5, 6000));
    assert_eq!(hello.password, [7; 16]);
    server.connect_response(7, 6000, false).await;
    let changes = until(&mut feed, State::Connected).await;
    assert_eq!(changes.last().unwrap().session, Some(7));
    let facts = client.facts();
    assert_eq!((facts.connections, facts.session, facts.last_zxid.0), (2, Some(7), 5));
    assert_eq!(facts.timeout, Some(Duration::from_secs(6)));
    assert!(facts.host.is_some() && facts.peer.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_session_that_has_expired_is_over() {
    let (_net, mut listener, client, mut feed, server) = connected("a").await;
    drop(server);
    let waiting = send(&client, Delete::new("/a"));
    let mut server = listener.accept().await;
    server.hello().await;
    server.connect_response(0, 0, false).await;
    let changes = until(&mut feed, State::Expired).await;
    assert_eq!(causes(&changes), [Cause::Disconnected(None), Cause::Expired]);
    let error = waiting.await.value.unwrap_err();
    assert!(matches!(error, Error::NotSent { cause: Cause::Expired, .. }), "{error}");
    let later = client.call(GetData::new("/a")).await.unwrap_err();
    assert!(matches!(later, Error::NotSent { cause: Cause::Expired, .. }), "{later}");
    assert_eq!(client.ended().await, Cause::Expired);
    assert!(feed.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_session_that_was_moved_is_looked_for_again() {
    let (_net, mut listener, client, mut feed, mut server) = connected("a").await;
    let write = send(&client, Delete::new("/a"));
    let request = server.request().await;
    server.reply(&request, 5, &Err(Code::SessionMoved)).await;
    assert_eq!(write.await.value.unwrap_err().code(), Some(Code::SessionMoved));
    server.ended().await;
    let changes = until(&mut feed, State::Connecting).await;
    assert_eq!(causes(&changes), [Cause::SessionMoved]);
    let mut server = listener.serve().await;
    read(&client, &mut server, 6).await;
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_end_the_session_at_once() {
    let (_net, mut listener, client, mut feed, mut server) = connected("a").await;
    let auth = send(&client, AddAuth::new("digest", &b"ann:wrong"[..]));
    let request = server.request().await;
    server.reply(&request, 0, &Err(Code::AuthFailed)).await;
    assert_eq!(auth.await.value.unwrap_err().code(), Some(Code::AuthFailed));
    let changes = until(&mut feed, State::AuthFailed).await;
    assert_eq!(causes(&changes), [Cause::AuthFailed("digest".into())]);
    server.ended().await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert!(!listener.is_asked());
}

#[tokio::test(start_paused = true)]
async fn credentials_that_are_refused_later_end_it_too() {
    let net = Net::default();
    let mut listener = net.listen("a");
    let mut options = net.options("a");
    options.auth = vec![AddAuth::new("digest", &b"ann:changed"[..])];
    let (client, mut feed) = start(options);
    let waiting = send(&client, Create::new("/a", "x"));
    let mut server = listener.serve().await;
    let request = server.request().await;
    assert_eq!(request.1, AddAuth::new("digest", &b"ann:changed"[..]).into());
    server.reply(&request, 0, &Err(Code::AuthFailed)).await;
    until(&mut feed, State::AuthFailed).await;
    let error = waiting.await.value.unwrap_err();
    assert!(matches!(error, Error::Unknown { cause: Cause::AuthFailed(_), .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_demands_authentication_is_final() {
    let (_net, mut listener, client, mut feed, mut server) = connected("a").await;
    let write = send(&client, Delete::new("/a"));
    let request = server.request().await;
    server.reply(&request, 0, &Err(Code::SessionClosedRequireSaslAuth)).await;
    let refused = write.await.value.unwrap_err();
    assert_eq!(refused.code(), Some(Code::SessionClosedRequireSaslAuth));
    let changes = until(&mut feed, State::AuthFailed).await;
    assert_eq!(causes(&changes), [Cause::NeedsAuthentication]);
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert!(!listener.is_asked());
}

#[tokio::test(start_paused = true)]
async fn pings_keep_an_idle_session_and_a_silent_server_is_left() {
    let (_net, mut listener, client, mut feed, mut server) = connected("a").await;
    let begun = Instant::now();
    for _ in 0..3 {
        assert_eq!(
            server.frame().await.unwrap(),
            [[0xff, 0xff, 0xff, 0xfe], [0, 0, 0, 11]].concat()
        );
        server.say(&wire::reply_frame(-2, 5, 0, b"")).await;
    }
    // A third of the session timeout without anything sent.
    assert_eq!(begun.elapsed().as_secs(), 6);
    // The zxid of an answer to a ping is none that was seen.
    assert_eq!(client.facts().last_zxid.0, 0);
    let pending = send(&client, GetData::new("/a"));
    let changes = until(&mut feed, State::Connecting).await;
    assert_eq!(causes(&changes), [Cause::Silent(Duration::from_secs(4))]);
    assert!((9..=11).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    let lost = pending.await.value.unwrap_err();
    assert!(matches!(lost, Error::Lost { op: Op::GetData, .. }), "{lost}");
    listener.serve().await;
}

#[tokio::test(start_paused = true)]
async fn the_last_request_and_the_close_leave_together() {
    let net = Net::default();
    let mut listener = net.listen("a");
    let (client, mut feed) = net.start("a");
    let last = client.send_last(Permit::unmetered(), GetData::new("/a"));
    let refused = client.call(GetData::new("/b")).await.unwrap_err();
    assert!(matches!(refused, Error::NotSent { cause: Cause::Closed, .. }));
    let mut server = listener.serve().await;
    let (request, close) = (server.request().await, server.request().await);
    assert_eq!(close.1, AnyRequest::Close);
    server.reply(&request, 5, &Ok(data())).await;
    last.await.value.unwrap();
    assert_eq!(client.state(), State::Connected);
    server.reply(&close, 6, &Ok(Reply::Done)).await;
    assert_eq!(client.ended().await, Cause::Closed);
    // The client ends the connection first.
    server.ended().await;
    let changes = until(&mut feed, State::Closed).await;
    assert!(causes(&changes).is_empty());
    assert!(feed.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_handle_closes_the_session() {
    let (_net, _listener, client, feed, mut server) = connected("a").await;
    let other = client.clone();
    drop(client);
    read(&other, &mut server, 5).await;
    drop((other, feed));
    let close = server.request().await;
    assert_eq!(close.1, AnyRequest::Close);
    server.reply(&close, 6, &Ok(Reply::Done)).await;
    server.ended().await;
}

#[tokio::test(start_paused = true)]
async fn closing_without_a_connection_tries_for_a_while() {
    // No session was ever opened: there is nothing to close.
    let net = Net::default();
    net.refuse("a");
    let (client, _feed) = net.start("a");
    client.close().await.unwrap();
    // What nobody waits for has a chance, and no more.
    let net = Net::default();
    net.refuse("a");
    let (client, mut feed) = net.start("a");
    drop(send(&client, Delete::new("/a")));
    drop(client);
    let begun = Instant::now();
    let changes = until(&mut feed, State::Closed).await;
    assert_eq!(causes(&changes), [Cause::Refused, Cause::Deadline]);
    assert_eq!(begun.elapsed().as_secs(), 2);
    // There is a session, and no server for now.
    let (net, _, client, _feed, server) = connected("a").await;
    net.refuse("a");
    drop(server);
    let begun = Instant::now();
    let closed = client.close().await.unwrap_err();
    assert!(matches!(closed, Error::Unknown { op: Op::CloseSession, .. }), "{closed}");
    assert_eq!(begun.elapsed().as_secs(), 2);
    // A server is found in time.
    let (_net, mut listener, client, _feed, server) = connected("a").await;
    drop(server);
    let closing = tokio::spawn(client.close());
    let mut server = listener.serve().await;
    let close = server.request().await;
    assert_eq!(close.1, AnyRequest::Close);
    server.reply(&close, 6, &Ok(Reply::Done)).await;
    closing.await.unwrap().unwrap();
    // The connection breaks while the close is on its way: it is sent again.
    let (_net, mut listener, client, _feed, mut server) = connected("a").await;
    let closing = tokio::spawn(client.close());
    assert_eq!(server.request().await.1, AnyRequest::Close);
    drop(server);
    let mut server = listener.accept().await;
    server.hello().await;
    server.connect_response(0, 0, false).await;
    closing.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_session_can_be_taken_up() {
    let (net, mut listener, client, mut feed, mut server) = connected("a").await;
    let watched = send(&client, GetData::new("/w").watch(true));
    let request = server.request().await;
    server.reply(&request, 9, &Ok(data())).await;
    watched.await.value.unwrap();
    let other = client.clone();
    let in_flight = send(&client, Delete::new("/a"));
    server.request().await;
    let resume = client.abandon();
    assert_eq!((resume.session, resume.last_zxid), (7, 9));
    assert!(!format!("{resume:?}").contains("7, 7"), "{resume:?}");
    // The connection ends without a close.
    assert!(server.request_frame().await.is_none());
    until(&mut feed, State::Abandoned).await;
    assert!(matches!(in_flight.await.value, Err(Error::Unknown { cause: Cause::Abandoned, .. })));
    assert!(matches!(
        other.call(GetData::new("/a")).await,
        Err(Error::NotSent { cause: Cause::Abandoned, .. })
    ));
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert!(!listener.is_asked());
    let mut options = net.options("a");
    options.resume = Some(resume);
    let (client, _feed) = start(options);
    let mut server = listener.accept().await;
    let hello = server.hello().await;
    assert_eq!((hello.session, hello.last_zxid, hello.password), (7, 9, vec![7; 16]));
    server.connect_response(7, 6000, false).await;
    assert_eq!(server.set_watches().await.2[0], ["/w"]);
    server.watches_left().await;
    read(&client, &mut server, 10).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_takes_writes_is_looked_for_while_one_does_not() {
    let net = Net::default();
    let mut reads = net.listen("reads");
    let mut options = net.options("reads");
    options.read_only = true;
    let (client, mut feed) = start(options);
    let mut server = reads.accept().await;
    assert!(server.hello().await.read_only);
    server.connect_response(99, 6000, true).await;
    until(&mut feed, State::ConnectedReadOnly).await;
    let mut asked = reads.accept().await;
    assert_eq!(asked.word().await, "isro");
    asked.say(b"ro").await;
    drop(asked);
    let mut asked = reads.accept().await;
    assert_eq!(asked.word().await, "isro");
    asked.say(b"rw").await;
    drop(asked);
    let changes = until(&mut feed, State::Connecting).await;
    assert_eq!(causes(&changes), [Cause::WritableServer]);
    // The session of a server without quorum means nothing elsewhere.
    let mut server = reads.accept().await;
    assert_eq!(server.hello().await.session, 0);
    server.connect_response(7, 6000, false).await;
    until(&mut feed, State::Connected).await;
    client.break_connection();
    let mut server = reads.accept().await;
    assert_eq!(server.hello().await.session, 7);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_breaks_every_connection_sees_few() {
    let net = Net::default();
    let mut listener = net.listen("a");
    let (_client, _feed) = net.start("a");
    let begun = Instant::now();
    let serve = async {
        loop {
            drop(listener.serve().await);
        }
    };
    let _ = tokio::time::timeout(Duration::from_mins(1), serve).await;
    let dialled = net.dialled().len();
    assert!(begun.elapsed().as_secs() == 60 && dialled < 120, "{dialled}");
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_is_replaced_at_once() {
    let (net, mut listener, client, mut feed, mut server) = connected("a").await;
    read(&client, &mut server, 5).await;
    let begun = Instant::now();
    client.break_connection();
    let mut server = listener.serve().await;
    read(&client, &mut server, 5).await;
    assert!(begun.elapsed() < Duration::from_millis(5));
    until(&mut feed, State::Connecting).await;
    assert_eq!(net.dialled().len(), 2);
}

#[tokio::test]
async fn a_client_outlives_its_runtime_without_harm() {
    let (client, pending) = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let net = Net::default();
            let mut listener = net.listen("a");
            let (client, _feed) = net.start("a");
            let _server = listener.serve().await;
            let pending = send(&client, Delete::new("/a"));
            (client, pending)
        })
    })
    .join()
    .unwrap();
    let error = pending.await.value.unwrap_err();
    assert!(matches!(error, Error::NotSent { cause: Cause::RuntimeEnded, .. }), "{error}");
    assert_eq!(client.facts().ended, Some(Cause::RuntimeEnded));
}
