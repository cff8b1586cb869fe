//! The session without a shell: its facts, its end, and its observers.

use std::time::Duration;

use zksh::sandbox::Clock;
use zksh::session::{Answer, Aspect, CreateMode, State};
use zksh::zk::{Acl, EventKind, Servers, WatchKind, ZnodePath};

use crate::support::PATIENCE;
use crate::support::engine::start_sandbox;
use crate::support::proxy::Cable;
use crate::support::watch_rounds::{open, until};

fn path(path: &str) -> ZnodePath {
    ZnodePath::new(path).unwrap()
}

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(test)
}

#[test]
fn a_session_knows_its_server_and_what_was_exchanged() {
    let server = start_sandbox(Clock::System);
    run(async {
        let (session, _) = open(&format!("{}/app", server.address()));
        session.connected(Duration::from_mins(1)).await.unwrap();
        let facts = session.facts().unwrap();
        assert_eq!(facts.address, Some(server.address()));
        assert_eq!(facts.server, Some(server.address().to_string()));
        assert_eq!(facts.session, Some(server.sessions()[0]));
        assert_eq!((facts.timeout, facts.connections), (Some(Duration::from_secs(30)), 1));
        assert!(facts.round_trip.is_some() && facts.connected_since.is_some());

        session.record_exchanges(true);
        let trace = zksh::session::Trace::default();
        trace.keep_replies();
        let failed = trace
            .scope(async {
                session.exists(&path("/lake"), false).await.unwrap();
                session.create("/lake", Vec::new(), CreateMode::default(), &Acl::open()).await
            })
            .await;
        session.deliver();
        let exchanges = session.exchanges(&trace.replies());
        let [exists, create] = &exchanges[..] else { panic!("{exchanges:?}") };
        assert_eq!(exists.request.operation, "exists");
        assert_eq!(exists.request.path.as_deref(), Some("/lake"));
        assert_eq!((create.request.operation, create.xid), ("create", exists.xid + 1));
        // There is no chroot. The answer that the znode does not exist is a success.
        assert!(matches!(&exists.reply, Answer::Done(done) if done.absent));
        let code = failed.unwrap_err().code_of().unwrap();
        assert_eq!(create.reply, Answer::Refused { code, part: None });
        assert!(exists.at < create.at && exists.zxid.is_some() && exists.took > Duration::ZERO);
        assert_eq!(session.facts().unwrap().last_zxid, create.zxid.unwrap());
        session.close().await;
        assert_eq!(session.facts().map(|facts| facts.session), None);
    });
}

#[test]
fn an_abandoned_session_stays_on_the_server_and_a_closed_one_does_not() {
    let server = start_sandbox(Clock::System);
    run(async {
        let ephemeral = CreateMode { ephemeral: true, ..CreateMode::default() };
        let (other, _) = open(&server.address().to_string());
        for (name, abandons) in [("/left", true), ("/closed", false)] {
            let (session, _) = open(&server.address().to_string());
            session.create(name, Vec::new(), ephemeral, &Acl::open()).await.unwrap();
            let id = session.id().unwrap();
            let losses = if abandons { session.abandon() } else { session.close().await };
            assert_eq!(
                (session.state(), losses.ephemerals),
                (State::Closed, vec![name.to_owned()])
            );
            let is_there = other.exists(&path(name), false).await.unwrap().is_some();
            assert_eq!((is_there, server.sessions().contains(&id)), (abandons, abandons));
            if abandons {
                // The session sends nothing more, so only the server can end it.
                server.expire(id);
                assert!(other.exists(&path(name), false).await.unwrap().is_none());
            }
        }
        other.close().await;
    });
}

#[test]
fn a_session_that_expires_without_a_connection_reports_its_losses() {
    let server = start_sandbox(Clock::System);
    run(async {
        let mut cable = Cable::to(&server.address().to_string());
        let (session, _) = open(&cable.address());
        let ephemeral = CreateMode { ephemeral: true, ..CreateMode::default() };
        session.create("/fish", Vec::new(), ephemeral, &Acl::open()).await.unwrap();
        session.exists(&path("/fish"), true).await.unwrap();
        session.add_watch(&path("/"), WatchKind::Persistent).await.unwrap();
        assert_eq!(session.watches().len(), 2);
        let id = session.id().unwrap();
        cable.cut();
        until("the loss", || !session.state().is_connected()).await;
        server.expire(id);
        cable.mend();
        until("the end", || session.state() == State::Closed).await;
        assert!(session.watches().is_empty());
        let error = session.exists(&path("/"), false).await.unwrap_err();
        assert!(error.to_string().contains("expired"), "{error}");
        // Another session can be opened in its place.
        session.open(server.address().to_string().parse::<Servers>().unwrap());
        assert!(session.exists(&path("/fish"), false).await.unwrap().is_none());
        session.close().await;
    });
}

/// An observer drops its watch, which is removed in the background, and another observer sets one
/// on the same znode immediately. The second watch must not be removed together with the first.
#[test]
fn a_new_watch_survives_the_removal_of_a_dropped_one() {
    let server = start_sandbox(Clock::System);
    run(async {
        let (watcher, _) = open(&server.address().to_string());
        let (writer, _) = open(&server.address().to_string());
        writer.create("/lake", Vec::new(), CreateMode::default(), &Acl::open()).await.unwrap();
        for round in 0..500 {
            let (_, let_go) = watcher.watch_znode(&path("/lake"), Aspect::Stat).await.unwrap();
            drop(let_go);
            let (_, change) = watcher.watch_znode(&path("/lake"), Aspect::Stat).await.unwrap();
            // Everything that was sent before has arrived.
            watcher.exists(&path("/"), false).await.unwrap();
            writer.set_data(&path("/lake"), Vec::new(), None).await.unwrap();
            let event = tokio::time::timeout(PATIENCE, change).await;
            let event = event.unwrap_or_else(|_| panic!("no event came in round {round}"));
            assert_eq!(event.unwrap().unwrap().kind, EventKind::NodeDataChanged);
        }
        watcher.close().await;
        writer.close().await;
    });
}
