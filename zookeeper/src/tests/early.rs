//! Reads that leave together with the request for a session.

use std::time::Duration;

use tokio::time::timeout;
use zookeeper::{
    AddAuth, AnyRequest, Cause, Client, Create, Data, Error, Feed, GetChildren, GetData, Pending,
    Permit, Reply, Request, Stat, State, start,
};

use super::fake::{Listener, Net, Server, until};

fn data() -> Reply {
    Reply::Data(Data { data: None, stat: Stat::default() })
}

fn send<R: Request>(client: &Client, request: R) -> Pending<R::Reply> {
    client.send(Permit::unmetered(), request)
}

/// Starts a client of one server.
fn started() -> (Net, Listener, Client, Feed) {
    let net = Net::default();
    let listener = net.listen("a");
    let (client, feed) = net.start("a");
    (net, listener, client, feed)
}

/// Answers a read of `path`.
async fn answer(server: &mut Server, path: &str) {
    let request = server.request().await;
    assert!(matches!(&request.1, AnyRequest::GetData(read) if &*read.path == path), "{request:?}");
    server.reply(&request, 0, &Ok(data())).await;
}

/// Returns whether the client sends nothing more for now.
async fn is_silent(server: &mut Server) -> bool {
    timeout(Duration::from_millis(100), server.frame()).await.is_err()
}

#[tokio::test(start_paused = true)]
async fn reads_and_the_close_behind_them_leave_before_the_session_is_open() {
    let (_net, mut listener, client, _feed) = started();
    let first = send(&client, GetData::new("/a"));
    let mut server = listener.accept().await;
    server.hello().await;
    let early = server.request().await;
    let last = client.send_last(Permit::unmetered(), GetData::new("/b"));
    let (second, close) = (server.request().await, server.request().await);
    assert_eq!(close.1, AnyRequest::Close);
    assert!(is_silent(&mut server).await);
    server.connect_response(7, 6000, false).await;
    for request in [early, second] {
        server.reply(&request, 0, &Ok(data())).await;
    }
    server.reply(&close, 0, &Ok(Reply::Done)).await;
    first.await.value.unwrap();
    last.await.value.unwrap();
    assert_eq!(client.ended().await, Cause::Closed);
}

#[tokio::test(start_paused = true)]
async fn nothing_overtakes_a_request_that_must_wait() {
    let (_net, mut listener, client, _feed) = started();
    let before = send(&client, GetData::new("/a"));
    let write = send(&client, Create::new("/b", ""));
    let after = send(&client, GetData::new("/b"));
    let mut server = listener.accept().await;
    server.hello().await;
    let early = server.request().await;
    assert!(is_silent(&mut server).await);
    server.connect_response(7, 6000, false).await;
    server.reply(&early, 0, &Ok(data())).await;
    before.await.value.unwrap();
    let create = server.request().await;
    assert!(matches!(create.1, AnyRequest::Create(_)), "{create:?}");
    answer(&mut server, "/b").await;
    drop((write, after));
}

#[tokio::test(start_paused = true)]
async fn a_watch_and_what_follows_credentials_wait_for_the_session() {
    let (net, mut listener, client, _feed) = started();
    let watch = send(&client, GetChildren { path: "/a".into(), watch: true });
    let mut server = listener.accept().await;
    server.hello().await;
    assert!(is_silent(&mut server).await);
    drop((watch, client));
    let mut options = net.options("a");
    options.auth = vec![AddAuth { scheme: "digest".into(), auth: "ann:secret".into() }];
    let (client, _feed) = start(options);
    let read = send(&client, GetData::new("/a"));
    let mut server = listener.accept().await;
    server.hello().await;
    assert!(is_silent(&mut server).await);
    drop(read);
}

#[tokio::test(start_paused = true)]
async fn early_reads_go_to_the_next_server_if_one_gives_no_session() {
    let net = Net::default();
    let (mut refusing, mut serving) = (net.listen("a"), net.listen("b"));
    let (client, mut feed) = net.start("a,b");
    let reads: Vec<_> = ["/a", "/b"].map(|path| send(&client, GetData::new(path))).into();
    let refuse = async {
        loop {
            // The second connection asks why.
            let mut server = refusing.accept().await;
            let _ = server.frame().await;
        }
    };
    let serve = async {
        let mut server = serving.serve().await;
        answer(&mut server, "/a").await;
        answer(&mut server, "/b").await;
        for read in reads {
            read.await.value.unwrap();
        }
        until(&mut feed, State::Connected).await;
    };
    tokio::select! { () = refuse => {}, () = serve => {} }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_early_read_does_not_disturb_the_others() {
    let (_net, mut listener, client, _feed) = started();
    let (cancelled, kept) = (send(&client, GetData::new("/a")), send(&client, GetData::new("/b")));
    let mut server = listener.accept().await;
    server.hello().await;
    let requests = [server.request().await, server.request().await];
    let error = cancelled.cancel().value.unwrap_err();
    assert!(!matches!(error, Error::Unknown { .. }), "{error}");
    server.connect_response(7, 6000, false).await;
    for request in &requests {
        server.reply(request, 0, &Ok(data())).await;
    }
    kept.await.value.unwrap();
}

#[tokio::test(start_paused = true)]
async fn more_than_a_socket_holds_waits_for_the_session() {
    for reads_first in [true, false] {
        let net = Net::default();
        net.narrow(1000);
        let mut listener = net.listen("a");
        let (client, _feed) = net.start("a");
        let paths: Vec<String> = (0..2000).map(|number| format!("/{number}")).collect();
        let reads: Vec<_> =
            paths.iter().map(|path| send(&client, GetData::new(path.as_str()))).collect();
        let mut server = listener.accept().await;
        server.hello().await;
        let (mut early, mut bytes) = (Vec::new(), 0);
        while reads_first
            && let Ok(Some(frame)) = timeout(Duration::from_millis(100), server.frame()).await
        {
            bytes += frame.len() + 4;
            let (xid, _, request) = super::wire::request(&frame);
            early.push((xid, request));
        }
        assert!(!reads_first || (1000..=8 * 1024).contains(&bytes), "{bytes}");
        // Otherwise part of the early requests is not written yet when the session opens.
        server.connect_response(7, 6000, false).await;
        let mut early = early.into_iter();
        for path in &paths {
            let request = match early.next() {
                Some(request) => request,
                None => server.request().await,
            };
            assert!(matches!(&request.1, AnyRequest::GetData(read) if *read.path == **path));
            server.reply(&request, 0, &Ok(data())).await;
        }
        for read in reads {
            read.await.value.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_that_nobody_waits_for_does_not_delay_the_end_without_a_session() {
    let net = Net::default();
    let (client, _feed) = net.start("a");
    drop(client.send_last(Permit::unmetered(), GetData::new("/a")));
    // If the client looked for a server only to close the session, the cause would be `Deadline`.
    assert_eq!(client.ended().await, Cause::Closed);
}
