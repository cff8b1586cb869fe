//! Watches that the client sets again after a lost connection.

use zookeeper::{AddWatch, AnyRequest, GetData, Item, Reply, WatchKind, WatchMode};

use super::fake::{Listener, Net, Server};
use super::watches::{ask, asks_for_a_watch, both, connected, data, held, send};

#[tokio::test(start_paused = true)]
async fn many_paths_are_left_again_in_parts_that_a_server_takes() {
    let (_net, mut listener, client, _feed, mut server) = connected("a").await;
    let path = |number: usize| format!("/{number:0200}");
    let pending: Vec<_> =
        (0..2000).map(|number| send(&client, GetData::new(path(number)).watch(true))).collect();
    let more: Vec<_> = (0..100)
        .map(|number| send(&client, AddWatch::new(path(number), WatchMode::Persistent)))
        .collect();
    for _ in 0..2100 {
        let request = server.request().await;
        let reply = match &request.1 {
            AnyRequest::AddWatch(_) => Ok(Reply::Done),
            _ => Ok(data()),
        };
        server.reply(&request, 5, &reply).await;
    }
    for pending in pending {
        pending.await.value.unwrap();
    }
    for pending in more {
        pending.await.value.unwrap();
    }
    client.break_connection();
    let mut server = listener.serve().await;
    let next = send(&client, GetData::new("/next"));
    let (mut seen, mut parts) = ([0, 0], 0);
    while seen != [2000, 100] {
        let (op, zxid, lists) = server.set_watches().await;
        assert_eq!((op, zxid), (105, 5));
        seen[0] += lists[0].len();
        seen[1] += lists[3].len();
        parts += 1;
    }
    assert!(parts >= 4, "{parts}");
    let request = server.request().await;
    for _ in 0..parts {
        server.watches_left().await;
    }
    server.reply(&request, 6, &Ok(data())).await;
    next.await.value.unwrap();
}

/// Breaks the connection on the request that sets watches again. Accepts the next connection, and
/// answers the client with a version: it asks, because the connection may have broken for other
/// reasons.
async fn break_and_answer(listener: &mut Listener, mut server: Server, version: &str) -> Server {
    assert_eq!(server.set_watches().await.0, 105);
    drop(server);
    let next = listener.serve().await;
    let mut asked = listener.accept().await;
    assert_eq!(asked.word().await, "srvr");
    asked.say(format!("Zookeeper version: {version}, built on 1\n").as_bytes()).await;
    next
}

#[tokio::test(start_paused = true)]
async fn a_server_before_3_6_gets_what_it_knows_and_the_rest_is_told() {
    let (_net, mut listener, client, mut feed, mut server) = connected("a").await;
    both(&client, &mut server).await;
    client.break_connection();
    // An older server takes its place, and breaks the connection on the unknown request.
    let server = listener.serve().await;
    let mut next = break_and_answer(&mut listener, server, "3.5.9-x").await;
    assert_eq!(next.set_watches().await, (101, 5, vec![vec!["/a".to_owned()], vec![], vec![]]));
    next.watches_left().await;
    loop {
        match feed.next().await.unwrap() {
            Item::Weakened(weakened) => {
                assert_eq!((&*weakened.path, weakened.kind), ("/a", WatchKind::Persistent));
                break;
            }
            Item::State(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(client.watches().iter().any(|watch| watch.weak));
}

#[tokio::test(start_paused = true)]
async fn a_cut_while_watches_are_left_again_does_not_make_a_server_old() {
    let (_net, mut listener, client, _feed, mut server) = connected("a").await;
    both(&client, &mut server).await;
    client.break_connection();
    let server = listener.serve().await;
    let mut next = break_and_answer(&mut listener, server, "3.6.3-x").await;
    assert_eq!(next.set_watches().await.0, 105);
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_again_beside_a_watch_that_stays_asks_for_no_other() {
    let net = Net::default();
    net.narrow(60);
    let mut listener = net.listen("a");
    let (client, _feed) = net.start("a");
    let mut server = listener.serve().await;
    let add = AddWatch::new("/a", WatchMode::Persistent);
    ask(&client, &mut server, add, Ok(Reply::Done)).await.unwrap();
    // The first request fills the connection, so the second is not sent.
    let first = send(&client, GetData::new(format!("/{}", "x".repeat(100))));
    let second = send(&client, GetData::new("/a").watch(true));
    tokio::task::yield_now().await;
    drop(server);
    let mut server = listener.serve().await;
    assert_eq!(server.set_watches().await.0, 105);
    server.watches_left().await;
    let again = server.request().await;
    assert!(!asks_for_a_watch(&again), "{again:?}");
    server.reply(&again, 5, &Ok(data())).await;
    drop(first);
    let again = server.request().await;
    assert!(&*again.1.path() == "/a" && !asks_for_a_watch(&again), "{again:?}");
    server.reply(&again, 5, &Ok(data())).await;
    second.await.value.unwrap();
    assert_eq!(held(&client).len(), 2);
}
