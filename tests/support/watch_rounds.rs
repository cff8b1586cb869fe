//! Watches of six kinds on a session that loses its connection repeatedly: each change is reported,
//! or a gap is reported in its place.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use zksh::session::{
    CreateMode, Follow, MAX_REQUEST_BYTES, Session, SessionEvent, Settings, State, Step, Transport,
    Warning,
};
use zksh::zk::{Acl, EventKind, Servers, WatchKind, ZnodePath};

use super::PATIENCE;
use super::proxy::Cable;

/// What happened to the changes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rounds {
    /// Changes made without a connection that were reported in the end.
    pub(crate) told: usize,
    /// Changes that were not reported but covered by a reported gap.
    pub(crate) marked: usize,
    /// Events beyond the number of changes.
    pub(crate) twice: usize,
}

/// What a session has reported since the last check.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Heard>>);

#[derive(Default)]
struct Heard {
    events: Vec<(EventKind, String)>,
    gaps: Vec<String>,
}

impl Told {
    fn hear(&self, event: SessionEvent) {
        let mut heard = self.0.lock().unwrap();
        match event {
            SessionEvent::Znode(event, _) => {
                heard.events.push((event.kind, event.path.unwrap_or_default()));
            }
            SessionEvent::Warning(Warning::Gap(paths), _) => heard.gaps.extend(paths),
            _ => {}
        }
    }

    fn events(&self, path: &str) -> usize {
        self.0.lock().unwrap().events.iter().filter(|(_, of)| of == path).count()
    }

    fn has_gap(&self, path: &str) -> bool {
        self.0.lock().unwrap().gaps.iter().any(|of| of == path)
    }

    fn forget(&self) {
        *self.0.lock().unwrap() = Heard::default();
    }
}

/// Opens a session. Returns it with the record of its reports.
pub(crate) fn open(servers: &str) -> (Session, Told) {
    let told = Told::default();
    let hears = told.clone();
    let settings = Settings {
        timeout: Duration::from_secs(30),
        read_only: false,
        max_request: MAX_REQUEST_BYTES,
        refused: PATIENCE,
        transport: Transport::default(),
    };
    let session = Session::new(settings, move |event| hears.hear(event));
    session.open(servers.parse::<Servers>().unwrap());
    (session, told)
}

fn path(path: &str) -> ZnodePath {
    ZnodePath::new(path).unwrap()
}

/// Waits until a condition holds.
#[track_caller]
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) -> impl Future<Output = ()> {
    let what = what.to_owned();
    async move {
        let begun = std::time::Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// Plays this many rounds on a server, which must support persistent watches.
pub(crate) fn play(server: &str, rounds: usize) -> Rounds {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut cable = Cable::to(server);
        let (other, _) = open(server);
        for name in ["/data", "/child", "/persistent", "/recursive", "/recursive/leaf", "/followed"]
        {
            create(&other, name).await;
        }
        let (session, told) = open(&cable.address());
        session.add_watch(&path("/persistent"), WatchKind::Persistent).await.unwrap();
        session.add_watch(&path("/recursive"), WatchKind::PersistentRecursive).await.unwrap();
        let mut follow = session.follow(&path("/followed"), false).await.unwrap();
        let mut sum = Rounds::default();
        for number in 0..rounds {
            round(number, &session, &told, &mut follow, &other, &mut cable, &mut sum).await;
        }
        session.close().await;
        other.close().await;
        sum
    })
}

async fn create(session: &Session, name: &str) {
    session.create(name, Vec::new(), CreateMode::default(), &Acl::open()).await.unwrap();
}

/// Changes the znodes with persistent watches.
async fn change(other: &Session) {
    for name in ["/persistent", "/recursive/leaf", "/followed"] {
        other.set_data(&path(name), Vec::new(), None).await.unwrap();
    }
}

async fn round(
    number: usize,
    session: &Session,
    told: &Told,
    follow: &mut Follow,
    other: &Session,
    cable: &mut Cable,
    sum: &mut Rounds,
) {
    session.get_data(&path("/data"), true).await.unwrap();
    session.exists(&path("/exists"), true).await.unwrap();
    session.children(&path("/child"), true).await.unwrap();
    cable.cut();
    until("the loss", || !session.state().is_connected()).await;
    other.set_data(&path("/data"), Vec::new(), None).await.unwrap();
    if number.is_multiple_of(2) {
        create(other, "/exists").await;
    } else {
        other.delete(&path("/exists"), None).await.unwrap();
    }
    create(other, &format!("/child/{number}")).await;
    change(other).await;
    cable.mend();
    until("the connection", || session.state() == State::Connected).await;

    // The server makes up for missed events of one-shot watches; other watches may miss some.
    for name in ["/data", "/exists", "/child"] {
        until(name, || told.events(name) > 0).await;
        sum.told += 1;
    }
    for (name, watched) in [("/persistent", "/persistent"), ("/recursive/leaf", "/recursive")] {
        until(name, || told.events(name) > 0 || told.has_gap(watched)).await;
        *(if told.events(name) > 0 { &mut sum.told } else { &mut sum.marked }) += 1;
    }
    *(if is_event(follow).await { &mut sum.told } else { &mut sum.marked }) += 1;

    // The persistent watches are set again, once each: the reply to a read arrives after that.
    session.get_data(&path("/data"), false).await.unwrap();
    let before = told.events("/persistent") + told.events("/recursive/leaf");
    change(other).await;
    until("events again", || {
        told.events("/persistent") + told.events("/recursive/leaf") >= before + 2
    })
    .await;
    assert!(is_event(follow).await, "a gap while there was a connection");
    session.get_data(&path("/data"), false).await.unwrap();
    session.deliver();
    sum.twice += told.events("/persistent") + told.events("/recursive/leaf") - before - 2;
    sum.twice +=
        ["/data", "/exists", "/child"].map(|name| told.events(name) - 1).iter().sum::<usize>();
    told.forget();
}

/// Waits for the next step of a followed znode. Returns whether it is an event, not a gap.
async fn is_event(follow: &mut Follow) -> bool {
    let step = tokio::time::timeout(PATIENCE, follow.next()).await;
    matches!(step.expect("a step").unwrap(), Step::Event(_))
}
