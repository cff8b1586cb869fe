//! Tests the client with Apache's servers, if Java and a release are present: with the oldest and
//! the newest release in `target/zookeeper` and `/usr/share/java`, or with every one if
//! `ZOOKEEPER_EVERY_RELEASE=1`.

#![cfg(test)]
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use zookeeper::{
    Acl, AddAuth, AddWatch, Applied, Cause, Check, CheckWatches, Client, Code, Create, CreateMode,
    Delete, Error, Event, Exists, Feed, GetAcl, GetAllChildrenNumber, GetChildren, GetChildren2,
    GetConfig, GetData, GetEphemerals, Item, Multi, MultiRead, Operation, Options, Permissions,
    Permit, Read, ReadReply, Release, RemoveKind, RemoveWatches, SetAcl, SetData, State, Sync,
    Transaction, WatchKind, WatchMode, WhoAmI, start,
};

/// How long a server may take to start, and other steps to complete, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A release: its version, and its jars as a class path.
type Jars = (Vec<u32>, String);

fn numbers(version: &str) -> Vec<u32> {
    version.split(['.', '-']).map_while(|number| number.parse().ok()).collect()
}

/// Returns the releases to test, oldest first.
fn releases() -> Vec<Jars> {
    if !Command::new("java").arg("-version").output().is_ok_and(|ran| ran.status.success()) {
        return Vec::new();
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut found: Vec<Jars> = Vec::new();
    for folder in fs::read_dir(target.join("zookeeper")).into_iter().flatten().flatten() {
        let jars = folder.path().join("jars/*").display().to_string();
        found.push((numbers(&folder.file_name().to_string_lossy()), jars));
    }
    for jar in fs::read_dir("/usr/share/java").into_iter().flatten().flatten() {
        let name = jar.file_name().to_string_lossy().into_owned();
        if let Some(version) = name.strip_prefix("zookeeper-") {
            found.push((numbers(version), jar.path().display().to_string()));
        }
    }
    found.retain(|(version, _)| version.len() > 1);
    found.sort();
    found.dedup_by(|a, b| a.0 == b.0);
    if std::env::var_os("ZOOKEEPER_EVERY_RELEASE").is_none() && found.len() > 2 {
        found.drain(1..found.len() - 1);
    }
    found
}

/// A server that ends with the test in any case, because a watchdog notices when the end of a pipe
/// closes.
struct Server {
    version: Vec<u32>,
    port: u16,
    folder: PathBuf,
    watchdog: Child,
}

impl Server {
    fn start((version, jars): &Jars) -> Self {
        const WATCHDOG: &str =
            r#"java "$@" </dev/null & pid=$!; cat >/dev/null; kill -9 $pid; wait $pid"#;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = std::env::temp_dir().join(format!("zookeeper-native-{port}"));
        fs::create_dir_all(&folder).unwrap();
        let config = folder.join("zoo.cfg");
        let text = format!(
            "tickTime=500\ndataDir={}\nclientPort={port}\nclientPortAddress=127.0.0.1\n\
             admin.enableServer=false\n4lw.commands.whitelist=*\n",
            folder.join("data").display()
        );
        fs::write(&config, text).unwrap();
        let watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "watchdog", "-Xmx256m", "-XX:+UseSerialGC"])
            .args(["-XX:TieredStopAtLevel=1", "-Dzookeeper.extendedTypesEnabled=true"])
            .args(["-cp", jars, "org.apache.zookeeper.server.quorum.QuorumPeerMain"])
            .arg(config)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { version: version.clone(), port, folder, watchdog };
        let begun = Instant::now();
        while !server.serves() {
            assert!(begun.elapsed() < PATIENCE, "{version:?} does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    fn serves(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        let mut answer = String::new();
        stream.write_all(b"srvr").is_ok()
            && stream.read_to_string(&mut answer).is_ok()
            && answer.contains("Mode:")
    }

    fn is(&self, major: u32, minor: u32) -> bool {
        self.version[..2] >= [major, minor][..]
    }

    fn options(&self, chroot: &str) -> Options {
        let mut options = Options::parse(&format!("127.0.0.1:{}{chroot}", self.port)).unwrap();
        options.timeout = Duration::from_secs(10);
        options
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

async fn event(feed: &mut Feed) -> Event {
    let next = async {
        loop {
            match feed.next().await.expect("the session goes on") {
                Item::Event(event) => return event,
                Item::State(_) | Item::Weakened(_) => {}
                other => panic!("{other:?}"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, next).await.expect("an event")
}

async fn reconnected(client: &Client) {
    let before = client.facts().connections;
    client.break_connection();
    let begun = Instant::now();
    while client.facts().connections == before {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> Code {
    result.unwrap_err().code().unwrap()
}

async fn znodes(client: &Client) {
    let created = client.call(Create::new("/lake", "deep")).await.unwrap();
    assert_eq!((&*created.path, created.stat), ("/lake", None));
    let sequential = Create::new("/lake/", "x").mode(CreateMode::PersistentSequential);
    assert_eq!(client.call(sequential).await.unwrap().path, "/lake/0000000000");
    let mut null = Create::new("/null", "");
    null.data = None;
    client.call(null).await.unwrap();
    client.call(Create::new("/empty", "")).await.unwrap();
    assert_eq!(client.call(GetData::new("/empty")).await.unwrap().data.unwrap().len(), 0);
    assert_eq!(refusal(client.call(Create::new("/lake", "x")).await), Code::NodeExists);
    assert_eq!(refusal(client.call(Delete::new("/lake")).await), Code::NotEmpty);
    assert_eq!(refusal(client.call(GetData::new("/none")).await), Code::NoNode);
    assert_eq!(client.call(Exists::new("/none")).await.unwrap(), None);
    let wrong = SetData::new("/lake", "x").version(9);
    assert_eq!(refusal(client.call(wrong).await), Code::BadVersion);
    assert_eq!(client.call(SetData::new("/lake", "wide").version(0)).await.unwrap().version, 1);
    let (names, stat) = client.call(GetChildren2::new("/lake")).await.unwrap();
    assert_eq!((names.get(0), stat.num_children), (Some("0000000000"), 1));
    let (acl, _) = client.call(GetAcl::new("/lake")).await.unwrap();
    assert_eq!(acl, Acl::open().to_vec());
    client.call(AddAuth::new("digest", "ann:secret")).await.unwrap();
    let own = [Acl::new(Permissions::ALL, "auth", "")];
    assert_eq!(client.call(SetAcl::new("/empty", own)).await.unwrap().aversion, 1);
    client.call(Sync::new("/")).await.unwrap();
}

async fn transactions(client: &Client, server: &Server) {
    let operations = [
        Operation::Check(Check::new("/lake", -1)),
        Operation::Create(Create::new("/m-", "x").mode(CreateMode::EphemeralSequential)),
        Operation::SetData(SetData::new("/lake", "deep")),
        Operation::Create(Create::new("/gone", "x")),
        Operation::Delete(Delete::new("/gone")),
    ];
    let Transaction::Applied(applied) = client.call(Multi::new(operations)).await.unwrap() else {
        panic!("not applied");
    };
    assert!(matches!(&applied[1], Applied::Created(created) if created.path.len() == 13));
    assert!(matches!(&applied[2], Applied::Set(stat) if stat.version == 2));
    let operations = [
        Operation::SetData(SetData::new("/lake", "x")),
        Operation::Delete(Delete::new("/none")),
        Operation::Delete(Delete::new("/lake")),
    ];
    let failed = client.call(Multi::new(operations)).await.unwrap();
    assert_eq!(failed.failure(), Some((1, Code::NoNode)));
    if server.is(3, 5) {
        let with_stat = Create::new("/with-stat", "x").with_stat();
        assert!(client.call(with_stat).await.unwrap().stat.is_some());
        // In a transaction the stat means nothing, and only some servers fill it.
        let operations = [
            Operation::Create(Create::new("/with-stat/a", "x").with_stat()),
            Operation::Create(Create::new("/with-stat/c", "x").mode(CreateMode::Container)),
        ];
        let created = client.call(Multi::new(operations)).await.unwrap();
        assert!(matches!(created, Transaction::Applied(applied) if applied.len() == 2));
        let ttl = CreateMode::PersistentTtl(Duration::from_hours(1));
        let created = client.call(Create::new("/ttl", "x").mode(ttl)).await.unwrap();
        assert_eq!(created.stat.unwrap().ephemeral_owner, 0);
        // Less than a millisecond becomes zero, which no server accepts as a TTL.
        let none = CreateMode::PersistentTtl(Duration::from_micros(1));
        let created = client.call(Create::new("/no-ttl", "x").mode(none)).await;
        assert!(created.is_ok() || refusal(created) == Code::BadArguments);
        assert!(client.call(GetConfig { watch: false }).await.is_ok());
    }
    if server.is(3, 6) {
        let reads = [Read::Children("/lake".into()), Read::Data("/none".into())];
        let reads = client.call(MultiRead::new(reads)).await.unwrap();
        assert!(matches!(&reads[0], Ok(ReadReply::Children(names)) if names.len() == 1));
        assert_eq!(reads[1], Err(Code::NoNode));
        let count = client.call(GetAllChildrenNumber::new("/lake")).await.unwrap();
        assert_eq!(count, 1);
    }
    if server.is(3, 7) {
        let identities = client.call(WhoAmI).await.unwrap();
        assert!(identities.iter().any(|identity| identity.user == "ann"), "{identities:?}");
    }
}

async fn chroots(server: &Server, outside: &Client) {
    let (client, _feed) = start(server.options("/app"));
    let root = client.call(Create::new("/", "root")).await.unwrap();
    assert_eq!(root.path, "/");
    let sequential = Create::new("/", "x").mode(CreateMode::EphemeralSequential);
    assert_eq!(client.call(sequential).await.unwrap().path, "/0000000000");
    assert_eq!(client.call(GetChildren::new("/")).await.unwrap().get(0), Some("0000000000"));
    let apple = Create::new("/apple", "x").mode(CreateMode::Ephemeral);
    outside.call(apple).await.unwrap();
    if server.is(3, 6) {
        let inside = client.call(GetEphemerals::new("/")).await.unwrap();
        assert_eq!(inside.iter().collect::<Vec<_>>(), ["/0000000000"]);
        // This is a plain prefix, which also matches other names that start with it.
        let all = outside.call(GetEphemerals::new("/app")).await.unwrap();
        assert_eq!(all.iter().collect::<Vec<_>>(), ["/apple"]);
    }
    client.close().await.unwrap();
    let gone = outside.call(GetChildren::new("/app")).await.unwrap();
    assert!(gone.is_empty(), "a closed session has no ephemerals");
}

async fn watches(server: &Server, other: &Client) {
    let (client, mut feed) = start(server.options("/"));
    client.call(GetData::new("/lake").watch(true)).await.unwrap();
    client.call(GetChildren::new("/lake").watch(true)).await.unwrap();
    client.call(Exists::new("/later").watch(true)).await.unwrap();
    // The client sets the watches again.
    reconnected(&client).await;
    other.call(SetData::new("/lake", "x")).await.unwrap();
    let seen = event(&mut feed).await;
    assert_eq!((&*seen.path, seen.kind.name()), ("/lake", "NodeDataChanged"));
    assert_eq!(seen.zxid.is_some(), server.is(3, 9));
    other.call(Create::new("/later", "x")).await.unwrap();
    assert_eq!(event(&mut feed).await.kind.name(), "NodeCreated");
    other.call(Create::new("/lake/more", "x")).await.unwrap();
    assert_eq!(event(&mut feed).await.kind.name(), "NodeChildrenChanged");
    assert_eq!(client.watches(), []);
    // The next server reports changes that happened without a connection.
    client.call(GetData::new("/lake").watch(true)).await.unwrap();
    let before = client.facts().connections;
    client.break_connection();
    other.call(SetData::new("/lake", "y")).await.unwrap();
    assert_eq!(event(&mut feed).await.kind.name(), "NodeDataChanged");
    assert!(client.facts().connections >= before);
    if server.is(3, 5) {
        client.call(GetData::new("/lake").watch(true)).await.unwrap();
        client.call(CheckWatches::new("/lake", RemoveKind::Data)).await.unwrap();
        client.call(RemoveWatches::new("/lake", RemoveKind::Data)).await.unwrap();
        assert_eq!(client.watches(), []);
        let again = client.call(RemoveWatches::new("/lake", RemoveKind::Data)).await;
        assert_eq!(refusal(again), Code::NoWatcher);
    }
    let add = AddWatch::new("/lake", WatchMode::Persistent);
    let add = client.call_within(Duration::from_secs(3), add).await;
    if server.is(3, 6) {
        add.unwrap();
        client.call(AddWatch::new("/deep", WatchMode::PersistentRecursive)).await.unwrap();
        persistent(server, &client, &mut feed, other).await;
    } else {
        // The server does not know the request. 3.4.5 ignores it. Later releases break the
        // connection, some of them after an error reply.
        let error = add.unwrap_err();
        let unknown = error.code() == Some(Code::Unimplemented)
            || matches!(error.cause(), Some(Cause::Disconnected(_) | Cause::Deadline));
        assert!(unknown, "{error}");
    }
    client.close().await.unwrap();
}

async fn persistent(server: &Server, client: &Client, feed: &mut Feed, other: &Client) {
    reconnected(client).await;
    other.call(Create::new("/deep", "x")).await.unwrap();
    other.call(Create::new("/deep/er", "x")).await.unwrap();
    for path in ["/deep", "/deep/er"] {
        let seen = event(feed).await;
        assert_eq!((&*seen.path, seen.kind.name()), (path, "NodeCreated"));
    }
    other.call(SetData::new("/lake", "z")).await.unwrap();
    assert_eq!(&*event(feed).await.path, "/lake");
    // Until 3.9, a one-time watch that fires also removes the persistent one, if the server has
    // both.
    client.call(GetData::new("/lake").watch(true)).await.unwrap();
    other.call(SetData::new("/lake", "1")).await.unwrap();
    assert_eq!(&*event(feed).await.path, "/lake");
    if client.watches().iter().any(|watch| watch.weak) {
        assert!(!server.is(3, 9));
        client.call(AddWatch::new("/lake", WatchMode::Persistent)).await.unwrap();
    }
    other.call(SetData::new("/lake", "2")).await.unwrap();
    assert_eq!(&*event(feed).await.path, "/lake");
    let kinds: Vec<WatchKind> = client.watches().iter().map(|watch| watch.kind).collect();
    assert_eq!(kinds, [WatchKind::PersistentRecursive, WatchKind::Persistent]);
    assert_eq!(client.facts().unwatched_events, 0);
}

async fn sessions(server: &Server, other: &Client) {
    let (first, mut told) = start(server.options("/"));
    first.call(Create::new("/mine", "x").mode(CreateMode::Ephemeral)).await.unwrap();
    let host = first.options().hosts[0].clone();
    let answer = first.ask(&host, "srvr", PATIENCE).await.unwrap();
    let Some(Release::Apache(major, minor, _)) = Release::parse(&answer) else {
        panic!("{answer}")
    };
    assert_eq!([major, minor], server.version[..2]);
    // Another client takes over the session, which keeps its ephemerals.
    let resume = first.abandon();
    while let Some(item) = told.next().await {
        if matches!(&item, Item::State(change) if change.state == State::Abandoned) {
            break;
        }
    }
    let mut options = server.options("/");
    options.resume = Some(resume.clone());
    let (second, _feed) = start(options);
    let stat = second.call(Exists::new("/mine")).await.unwrap().unwrap();
    assert_eq!(stat.ephemeral_owner, resume.session);
    let last = second.send_last(Permit::unmetered(), GetData::new("/mine"));
    assert!(last.await.value.is_ok());
    assert_eq!(second.ended().await, Cause::Closed);
    assert_eq!(other.call(Exists::new("/mine")).await.unwrap(), None);
    // The session is over, and a client that tries to resume it is told so.
    let mut options = server.options("/");
    options.resume = Some(resume);
    let (third, _feed) = start(options);
    assert_eq!(third.ended().await, Cause::Expired);
}

async fn tour(server: &Server) {
    let (client, _feed) = start(server.options("/"));
    znodes(&client).await;
    transactions(&client, server).await;
    chroots(server, &client).await;
    watches(server, &client).await;
    sessions(server, &client).await;
    client.close().await.unwrap();
}

#[test]
fn every_request_works_on_every_release() {
    let releases = releases();
    std::thread::scope(|scope| {
        for release in &releases {
            scope.spawn(|| {
                let server = Server::start(release);
                let runtime =
                    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                let tour = async { tokio::time::timeout(PATIENCE, tour(&server)).await };
                runtime.block_on(tour).unwrap_or_else(|_| panic!("{:?} hangs", release.0));
            });
        }
    });
}
