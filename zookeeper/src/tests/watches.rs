//! The registry matches the watches of the server, whatever servers do to watches.

use zookeeper::{
    AddWatch, AnyRequest, Client, Code, Data, Exists, Feed, GetChildren, GetConfig, GetData, Item,
    Names, Pending, Permit, RemoveKind, RemoveWatches, Reply, Request, Stat, State, WatchKind,
    WatchMode,
};

use super::fake::{Listener, Net, Server, until};

pub(super) fn data() -> Reply {
    Reply::Data(Data { data: None, stat: Stat::default() })
}

pub(super) fn send<R: Request>(client: &Client, request: R) -> Pending<R::Reply> {
    client.send(Permit::unmetered(), request)
}

/// Sends a request and makes the server reply to it.
pub(super) async fn ask<R: Request>(
    client: &Client,
    server: &mut Server,
    request: R,
    reply: Result<Reply, Code>,
) -> Result<R::Reply, zookeeper::Error> {
    let pending = send(client, request);
    let request = server.request().await;
    server.reply(&request, 5, &reply).await;
    pending.await.value
}

pub(super) fn held(client: &Client) -> Vec<(String, WatchKind)> {
    client.watches().into_iter().map(|watch| (watch.path, watch.kind)).collect()
}

pub(super) async fn connected(servers: &str) -> (Net, Listener, Client, Feed, Server) {
    let net = Net::default();
    let mut listener = net.listen("a");
    let (client, mut feed) = net.start(servers);
    let server = listener.serve().await;
    until(&mut feed, State::Connected).await;
    (net, listener, client, feed, server)
}

#[tokio::test(start_paused = true)]
async fn replies_leave_watches_of_their_kinds() {
    let (_net, _listener, client, _feed, mut server) = connected("a/app").await;
    let server = &mut server;
    ask(&client, server, GetData::new("/a").watch(true), Ok(data())).await.unwrap();
    ask(&client, server, GetData::new("/unwatched"), Ok(data())).await.unwrap();
    ask(&client, server, GetData::new("/none").watch(true), Err(Code::NoNode)).await.unwrap_err();
    let there = Ok(Reply::Exists(Some(Stat::default())));
    ask(&client, server, Exists::new("/b").watch(true), there).await.unwrap();
    ask(&client, server, Exists::new("/c").watch(true), Ok(Reply::Exists(None))).await.unwrap();
    let names = Ok(Reply::Names(Names::default()));
    ask(&client, server, GetChildren::new("/").watch(true), names).await.unwrap();
    ask(&client, server, AddWatch::new("/d", WatchMode::Persistent), Ok(Reply::Done))
        .await
        .unwrap();
    ask(&client, server, AddWatch::new("/d", WatchMode::PersistentRecursive), Err(Code::NoAuth))
        .await
        .unwrap_err();
    let expected = [
        ("/", WatchKind::Child),
        ("/a", WatchKind::Data),
        ("/b", WatchKind::Data),
        ("/c", WatchKind::Exists),
        ("/d", WatchKind::Persistent),
    ];
    assert_eq!(held(&client), expected.map(|(path, kind)| (path.to_owned(), kind)));
}

#[tokio::test(start_paused = true)]
async fn the_configuration_is_watched_outside_the_chroot() {
    let (_net, mut listener, client, mut feed, mut server) = connected("a/app").await;
    ask(&client, &mut server, GetConfig { watch: true }, Ok(data())).await.unwrap();
    assert_eq!(held(&client), [("/zookeeper/config".to_owned(), WatchKind::Data)]);
    client.break_connection();
    let mut server = listener.serve().await;
    let lists = vec![vec!["/zookeeper/config".to_owned()], vec![], vec![]];
    assert_eq!(server.set_watches().await, (101, 5, lists));
    until(&mut feed, State::Connected).await;
    server.event(3, "/zookeeper/config", -1).await;
    let Some(Item::Event(event)) = feed.next().await else { panic!("no event") };
    assert_eq!(&*event.path, "/zookeeper/config");
    assert_eq!(held(&client), []);
}

#[tokio::test(start_paused = true)]
async fn one_change_is_one_event_however_many_watches_it_satisfies() {
    let (_net, _listener, client, mut feed, mut server) = connected("a").await;
    ask(&client, &mut server, GetData::new("/a").watch(true), Ok(data())).await.unwrap();
    let names = Ok(Reply::Names(Names::default()));
    ask(&client, &mut server, GetChildren::new("/a").watch(true), names).await.unwrap();
    let add = AddWatch::new("/", WatchMode::PersistentRecursive);
    ask(&client, &mut server, add, Ok(Reply::Done)).await.unwrap();
    server.event(2, "/a", 9).await;
    server.event(1, "/a", 10).await;
    for kind in [zookeeper::EventKind::NodeDeleted, zookeeper::EventKind::NodeCreated] {
        let Some(Item::Event(event)) = feed.next().await else { panic!("no event") };
        assert_eq!((event.kind, &*event.path), (kind, "/a"));
    }
    // The event has removed the one-shot watches only.
    assert_eq!(held(&client), [("/".to_owned(), WatchKind::PersistentRecursive)]);
    assert_eq!(client.watches()[0].events, 2);
    assert!(feed.try_next().is_none());
}

#[tokio::test(start_paused = true)]
async fn events_that_nobody_watches_are_counted_and_dropped() {
    let (_net, _listener, client, mut feed, mut server) = connected("a").await;
    let add = AddWatch::new("/a", WatchMode::Persistent);
    ask(&client, &mut server, add, Ok(Reply::Done)).await.unwrap();
    for path in ["/", "/a/b", "/ab", "/zookeeper"] {
        server.event(3, path, -1).await;
    }
    server.event(4, "/a", -1).await;
    let Some(Item::Event(event)) = feed.next().await else { panic!("no event") };
    assert_eq!(&*event.path, "/a");
    assert_eq!(client.facts().unwatched_events, 4);
}

#[tokio::test(start_paused = true)]
async fn an_event_may_overtake_the_reply_that_leaves_its_watch() {
    let (_net, _listener, client, mut feed, mut server) = connected("a").await;
    let pending = send(&client, GetData::new("/a").watch(true));
    let request = server.request().await;
    server.event(3, "/a", -1).await;
    server.reply(&request, 5, &Ok(data())).await;
    pending.await.value.unwrap();
    assert!(matches!(feed.try_next(), Some(Item::Event(_))));
    // The watch has already fired.
    assert_eq!(held(&client), []);
    // A held watch that is requested again stays: its event arrived before the reply that set it
    // again.
    ask(&client, &mut server, GetData::new("/a").watch(true), Ok(data())).await.unwrap();
    let pending = send(&client, GetData::new("/a").watch(true));
    let request = server.request().await;
    server.event(3, "/a", -1).await;
    server.reply(&request, 5, &Ok(data())).await;
    pending.await.value.unwrap();
    assert_eq!(held(&client), [("/a".to_owned(), WatchKind::Data)]);
}

/// Sets a persistent and a one-shot watch on a znode.
pub(super) async fn both(client: &Client, server: &mut Server) {
    let add = AddWatch::new("/a", WatchMode::Persistent);
    ask(client, server, add, Ok(Reply::Done)).await.unwrap();
    ask(client, server, GetData::new("/a").watch(true), Ok(data())).await.unwrap();
}

/// Returns whether a request asks for a watch.
pub(super) fn asks_for_a_watch(request: &(i32, AnyRequest)) -> bool {
    match &request.1 {
        AnyRequest::GetData(read) => read.watch,
        AnyRequest::GetChildren(read) => read.watch,
        AnyRequest::Exists(read) => read.watch,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn beside_a_watch_that_stays_the_server_is_asked_for_no_other() {
    let (_net, mut listener, client, mut feed, mut server) = connected("a").await;
    // Neither is answered before the other is requested.
    let add = send(&client, AddWatch::new("/a", WatchMode::Persistent));
    let get = send(&client, GetData::new("/a").watch(true));
    let request = server.request().await;
    server.reply(&request, 5, &Ok(Reply::Done)).await;
    let request = server.request().await;
    assert!(!asks_for_a_watch(&request), "{request:?}");
    server.reply(&request, 5, &Ok(data())).await;
    add.await.value.unwrap();
    get.await.value.unwrap();
    let both = [("/a".to_owned(), WatchKind::Data), ("/a".to_owned(), WatchKind::Persistent)];
    assert_eq!(held(&client), both);
    // Both get their event from the single watch on the server.
    server.event(3, "/a", -1).await;
    assert!(matches!(feed.next().await, Some(Item::Event(_))));
    assert_eq!(held(&client), both[1..]);
    // On another path the watch is requested, and after a reconnect it is set like all others.
    let request = {
        let _pending = send(&client, GetData::new("/b").watch(true));
        server.request().await
    };
    assert!(asks_for_a_watch(&request));
    server.reply(&request, 5, &Ok(data())).await;
    ask(&client, &mut server, GetData::new("/a").watch(true), Ok(data())).await.unwrap();
    client.break_connection();
    let mut server = listener.serve().await;
    let (op, _, lists) = server.set_watches().await;
    assert_eq!((op, lists[0].len(), lists[3].len()), (105, 2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_recursive_watch_tells_of_the_children_of_its_znode_too() {
    for (zxid, first) in [(-1, true), (-1, false), (77, true), (77, false)] {
        let (_net, _listener, client, mut feed, mut server) = connected("a").await;
        let recursive = AddWatch::new("/a", WatchMode::PersistentRecursive);
        let persistent = AddWatch::new("/a", WatchMode::Persistent);
        let adds = if first { [recursive, persistent] } else { [persistent, recursive] };
        for add in adds {
            ask(&client, &mut server, add, Ok(Reply::Done)).await.unwrap();
        }
        server.event(1, "/a/b", zxid).await;
        // If the persistent watch was requested first, a server since 3.9 reports this itself.
        let is_told = !first && zxid > 0;
        if is_told {
            server.event(4, "/a", zxid).await;
        }
        ask(&client, &mut server, GetData::new("/c"), Ok(data())).await.unwrap();
        let mut told = Vec::new();
        while let Some(Item::Event(event)) = feed.try_next() {
            told.push((event.kind.name(), event.path.to_string()));
        }
        let wanted = [("NodeCreated", "/a/b".to_owned()), ("NodeChildrenChanged", "/a".to_owned())];
        assert_eq!(told, wanted, "{zxid} {first}");
    }
}

#[tokio::test(start_paused = true)]
async fn events_tell_their_zxid_since_3_9() {
    let (_net, _listener, client, mut feed, mut server) = connected("a").await;
    both(&client, &mut server).await;
    server.event(3, "/a", 77).await;
    let Some(Item::Event(event)) = feed.next().await else { panic!("no event") };
    assert_eq!(event.zxid, Some(zookeeper::Zxid(77)));
    ask(&client, &mut server, GetData::new("/b"), Ok(data())).await.unwrap();
    assert!(feed.try_next().is_none());
    // The zxid of an event must not count as seen by the client.
    assert_eq!(client.facts().last_zxid, zookeeper::Zxid(5));
}

#[tokio::test(start_paused = true)]
async fn removed_watches_are_forgotten_once_the_server_has_removed_them() {
    let (_net, _listener, client, mut feed, mut server) = connected("a").await;
    both(&client, &mut server).await;
    let remove = RemoveWatches::new("/a", RemoveKind::Data);
    let refused = ask(&client, &mut server, remove.clone(), Err(Code::NoWatcher)).await;
    assert_eq!(refused.unwrap_err().code(), Some(Code::NoWatcher));
    assert_eq!(held(&client).len(), 2);
    // Some servers send an event to the client that removes a watch.
    let pending = send(&client, remove);
    let request = server.request().await;
    server.event(5, "/a", -1).await;
    server.reply(&request, 5, &Ok(Reply::Done)).await;
    pending.await.value.unwrap();
    let Some(Item::Event(event)) = feed.next().await else { panic!("no event") };
    assert_eq!(event.kind.name(), "DataWatchRemoved");
    // Before 3.9 a persistent watch of the znode loses one of its parts.
    assert!(matches!(feed.next().await, Some(Item::Weakened(_))));
    assert_eq!(held(&client), [("/a".to_owned(), WatchKind::Persistent)]);
    assert!(client.forget_watch("/a", WatchKind::Persistent));
    assert!(!client.forget_watch("/a", WatchKind::Persistent));
    server.event(3, "/a", -1).await;
    ask(&client, &mut server, GetData::new("/b"), Ok(data())).await.unwrap();
    assert!(feed.try_next().is_none());
}

#[tokio::test(start_paused = true)]
async fn what_nobody_reads_is_counted_in_its_place() {
    let net = Net::default();
    let mut listener = net.listen("a");
    let mut options = net.options("a");
    options.feed = 1000;
    let (client, mut feed) = zookeeper::start(options);
    let mut server = listener.serve().await;
    let add = AddWatch::new("/", WatchMode::PersistentRecursive);
    ask(&client, &mut server, add, Ok(Reply::Done)).await.unwrap();
    for _ in 0..100 {
        server.event(3, "/a", -1).await;
    }
    ask(&client, &mut server, GetData::new("/b"), Ok(data())).await.unwrap();
    until(&mut feed, State::Connected).await;
    let mut told = 0;
    let missed = loop {
        match feed.try_next().unwrap() {
            Item::Event(_) => told += 1,
            Item::Missed(missed) => break missed,
            other => panic!("{other:?}"),
        }
    };
    assert!(told > 1 && told + missed == 100, "{told} {missed}");
    server.event(3, "/c", -1).await;
    let Some(Item::Event(event)) = feed.next().await else { panic!("no event") };
    assert_eq!(&*event.path, "/c");
    assert_eq!(client.watches()[0].events, 101);
}
