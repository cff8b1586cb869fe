//! A network in memory with servers that say whatever a test wants. With the clock of tokio's tests
//! stopped, time passes only when everyone waits.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::time::Instant;
use zookeeper::{
    AnyRequest, BoxFuture, Cause, Change, Client, Code, Dial, Feed, Host, Item, Options, Peer,
    Reply, State, Wire, start,
};

use super::wire::{self, In, Out};

/// Bytes that each direction of a connection holds before its writer waits.
const PIPE: usize = 64 * 1024;

/// Hosts by name.
#[derive(Clone, Default)]
pub(super) struct Net(Arc<Mutex<Hosts>>);

#[derive(Default)]
struct Hosts {
    known: HashMap<String, Behaviour>,
    dialled: Vec<(Instant, String)>,
    pipe: Option<usize>,
}

#[derive(Clone)]
enum Behaviour {
    Refuses,
    Hangs,
    Serves(mpsc::UnboundedSender<DuplexStream>),
}

impl Net {
    fn lock(&self) -> MutexGuard<'_, Hosts> {
        self.0.lock().unwrap()
    }

    /// Has a host listen.
    pub(super) fn listen(&self, name: &str) -> Listener {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.lock().known.insert(name.to_owned(), Behaviour::Serves(sender));
        Listener(receiver)
    }

    /// Has a host refuse connections.
    pub(super) fn refuse(&self, name: &str) {
        self.lock().known.insert(name.to_owned(), Behaviour::Refuses);
    }

    /// Has a host take no notice.
    pub(super) fn hang(&self, name: &str) {
        self.lock().known.insert(name.to_owned(), Behaviour::Hangs);
    }

    /// Has connections hold only so many bytes.
    pub(super) fn narrow(&self, bytes: usize) {
        self.lock().pipe = Some(bytes);
    }

    /// Returns when which host was connected to.
    pub(super) fn dialled(&self) -> Vec<(Instant, String)> {
        self.lock().dialled.clone()
    }

    /// Returns options for these servers on this network.
    pub(super) fn options(&self, servers: &str) -> Options {
        let mut options = Options::parse(servers).unwrap();
        options.dial = Arc::new(self.clone());
        options.timeout = Duration::from_secs(6);
        options.seed = Some(7);
        options
    }

    /// Starts a client of these servers.
    pub(super) fn start(&self, servers: &str) -> (Client, Feed) {
        start(self.options(servers))
    }
}

impl Dial for Net {
    fn resolve<'a>(&'a self, host: &'a Host) -> BoxFuture<'a, Result<Vec<SocketAddr>, Cause>> {
        let known = self.lock().known.contains_key(&host.name);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, host.port));
        Box::pin(async move { if known { Ok(vec![address]) } else { Err(Cause::NoSuchHost) } })
    }

    fn dial<'a>(
        &'a self,
        host: &'a Host,
        address: SocketAddr,
    ) -> BoxFuture<'a, Result<Wire, Cause>> {
        Box::pin(async move {
            let (behaviour, pipe) = {
                let mut net = self.lock();
                net.dialled.push((Instant::now(), host.name.clone()));
                (net.known.get(&host.name).cloned(), net.pipe.unwrap_or(PIPE))
            };
            match behaviour {
                None => Err(Cause::NoSuchHost),
                Some(Behaviour::Refuses) => Err(Cause::Refused),
                Some(Behaviour::Hangs) => std::future::pending().await,
                Some(Behaviour::Serves(listener)) => {
                    let (ours, theirs) = duplex(pipe);
                    listener.send(theirs).map_err(|_| Cause::Refused)?;
                    Ok(Wire { stream: Box::new(ours), peer: Peer::new(address) })
                }
            }
        })
    }
}

/// A host that listens.
pub(super) struct Listener(mpsc::UnboundedReceiver<DuplexStream>);

impl Listener {
    /// Waits for a connection.
    pub(super) async fn accept(&mut self) -> Server {
        Server(self.0.recv().await.expect("a client"))
    }

    /// Waits for a connection and opens a session on it, number 7 unless the client has one.
    pub(super) async fn serve(&mut self) -> Server {
        let mut server = self.accept().await;
        let hello = server.hello().await;
        let session = if hello.session == 0 { 7 } else { hello.session };
        server.connect_response(session, 6000, false).await;
        server
    }

    /// Returns whether a connection waits.
    pub(super) fn is_asked(&mut self) -> bool {
        !self.0.is_empty()
    }
}

/// What a client says first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hello {
    pub(super) last_zxid: i64,
    pub(super) timeout: i32,
    pub(super) session: i64,
    pub(super) password: Vec<u8>,
    pub(super) read_only: bool,
}

/// The server's end of a connection.
pub(super) struct Server(pub(super) DuplexStream);

impl Server {
    pub(super) async fn frame(&mut self) -> Option<Vec<u8>> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length).await.ok()?;
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        self.0.read_exact(&mut frame).await.ok()?;
        Some(frame)
    }

    pub(super) async fn hello(&mut self) -> Hello {
        let frame = self.frame().await.expect("a client says something");
        let mut from = In(&frame);
        assert_eq!(from.int(), 0);
        let hello = Hello {
            last_zxid: from.long(),
            timeout: from.int(),
            session: from.long(),
            password: from.bytes().unwrap().to_vec(),
            read_only: from.bool(),
        };
        assert!(from.0.is_empty());
        hello
    }

    pub(super) async fn connect_response(&mut self, session: i64, timeout: i32, read_only: bool) {
        let password = [u8::try_from(session & 0x7f).unwrap(); 16];
        let body = Out::default().int(0).int(timeout).long(session).bytes(Some(&password));
        self.say(&wire::framed(&body.bool(read_only).0)).await;
    }

    /// Says anything. Nobody may listen any more.
    pub(super) async fn say(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes).await;
    }

    /// Reads a four-letter word.
    pub(super) async fn word(&mut self) -> String {
        let mut word = [0; 4];
        self.0.read_exact(&mut word).await.unwrap();
        String::from_utf8(word.to_vec()).unwrap()
    }

    /// Waits for the next frame that is no ping; answers pings.
    pub(super) async fn request_frame(&mut self) -> Option<Vec<u8>> {
        loop {
            let frame = self.frame().await?;
            if frame[..8] != [[0xff, 0xff, 0xff, 0xfe], [0, 0, 0, 11]].concat()[..] {
                return Some(frame);
            }
            self.say(&wire::reply_frame(-2, 0, 0, b"")).await;
        }
    }

    /// Waits for a request.
    pub(super) async fn request(&mut self) -> (i32, AnyRequest) {
        let frame = self.request_frame().await.expect("a request");
        let (xid, _, request) = wire::request(&frame);
        (xid, request)
    }

    /// Waits until the client has ended the connection.
    pub(super) async fn ended(&mut self) {
        while self.request_frame().await.is_some() {}
    }

    /// Answers a request.
    pub(super) async fn reply(
        &mut self,
        to: &(i32, AnyRequest),
        zxid: i64,
        reply: &Result<Reply, Code>,
    ) {
        let (code, body) = wire::reply(&to.1, reply);
        self.say(&wire::reply_frame(to.0, zxid, code, &body)).await;
    }

    /// Waits for a request and answers it as done.
    pub(super) async fn done(&mut self, zxid: i64) -> AnyRequest {
        let request = self.request().await;
        self.reply(&request, zxid, &Ok(Reply::Done)).await;
        request.1
    }

    /// Tells an event; servers since 3.9 tell its zxid.
    pub(super) async fn event(&mut self, kind: i32, path: &str, zxid: i64) {
        let body = Out::default().int(kind).int(3).text(path).0;
        self.say(&wire::reply_frame(-1, zxid, 0, &body)).await;
    }

    /// Reads the request that leaves watches again: operation, last zxid, lists.
    pub(super) async fn set_watches(&mut self) -> (i32, i64, Vec<Vec<String>>) {
        let frame = self.request_frame().await.expect("watches");
        assert!(frame.len() < 128 * 1024, "{}", frame.len());
        let mut from = In(&frame);
        assert_eq!(from.int(), -8);
        let (op, seen) = (from.int(), from.long());
        let lists = (0..if op == 105 { 5 } else { 3 }).map(|_| from.list()).collect();
        assert!(from.0.is_empty());
        (op, seen, lists)
    }

    /// Answers it.
    pub(super) async fn watches_left(&mut self) {
        self.say(&wire::reply_frame(-8, 0, 0, b"")).await;
    }
}

/// Waits for a change to a state, and returns all changes up to it.
pub(super) async fn until(feed: &mut Feed, state: State) -> Vec<Change> {
    let mut changes = Vec::new();
    loop {
        match feed.next().await.expect("the session goes on") {
            Item::State(change) => {
                let there = change.state == state;
                changes.push(change);
                if there {
                    return changes;
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Returns the causes of changes.
pub(super) fn causes(changes: &[Change]) -> Vec<Cause> {
    changes.iter().filter_map(|change| change.cause.clone()).collect()
}
