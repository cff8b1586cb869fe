//! An unreliable network with an honest server: connections are cut, split and delayed. What the
//! client reports about each write is true, and no write is applied twice.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use tokio::io::AsyncReadExt;
use zookeeper::{AnyRequest, Code, Create, Created, Error, GetData, Item, Permit, Reply, State};

use super::fake::{Listener, Net, Server};
use super::wire;

/// Pseudorandom numbers, the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// What the server has applied: how often each znode was created, and in which order.
#[derive(Default)]
struct Tree {
    created: HashMap<String, u32>,
    order: Vec<String>,
    connections: u32,
}

/// Serves one connection after the other, and cuts each after some requests: before a request is
/// applied, before it is answered, or in the middle of its reply.
async fn serve(mut listener: Listener, tree: Arc<Mutex<Tree>>, seed: u64, most: usize) {
    let mut numbers = Numbers(seed);
    loop {
        let mut server = listener.serve().await;
        tree.lock().unwrap().connections += 1;
        let (mut left, way) = (numbers.below(most), numbers.below(4));
        while let Some(frame) = server.request_frame().await {
            if numbers.below(50) == 0 {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            if left == 0 && way == 0 {
                break;
            }
            let reply = carry_out(&frame, &mut tree.lock().unwrap());
            let cut = match way {
                _ if left > 0 => reply.len(),
                1 => 0,
                2 => reply.len() / 2,
                _ => reply.len(),
            };
            say_in_pieces(&mut server, &reply[..cut], &mut numbers).await;
            if left == 0 {
                break;
            }
            left -= 1;
        }
    }
}

async fn say_in_pieces(server: &mut Server, mut bytes: &[u8], numbers: &mut Numbers) {
    while !bytes.is_empty() {
        let (piece, rest) = bytes.split_at(bytes.len().min(1 + numbers.below(40)));
        server.say(piece).await;
        bytes = rest;
    }
}

fn carry_out(frame: &[u8], tree: &mut Tree) -> Vec<u8> {
    let (xid, _, request) = wire::request(frame);
    let reply = match &request {
        AnyRequest::Create(create) => {
            let path = create.path.to_string();
            let times = tree.created.entry(path.clone()).or_default();
            *times += 1;
            if *times > 1 {
                Err(Code::NodeExists)
            } else {
                tree.order.push(path.clone());
                Ok(Reply::Created(Created { path, stat: None }))
            }
        }
        AnyRequest::GetData(_) => Err(Code::NoNode),
        AnyRequest::Close => Ok(Reply::Done),
        other => panic!("{other:?}"),
    };
    let (code, body) = wire::reply(&request, &reply);
    wire::reply_frame(xid, 5, code, &body)
}

/// What the client reported about its writes.
#[derive(Default)]
struct Told {
    done: HashSet<String>,
    unknown: u32,
    /// The states of the session, in order.
    states: Vec<State>,
}

async fn write_all(seed: u64, writes: usize, most: usize, pipe: usize) -> (Told, Arc<Mutex<Tree>>) {
    let net = Net::default();
    net.narrow(pipe);
    let tree = Arc::default();
    let serving = tokio::spawn(serve(net.listen("a"), Arc::clone(&tree), seed, most));
    let (client, mut feed) = net.start("a");
    let states = tokio::spawn(async move {
        let mut states = Vec::new();
        while let Some(item) = feed.next().await {
            if let Item::State(change) = item {
                states.push(change.state);
            }
        }
        states
    });
    let mut told = Told::default();
    let mut flying = VecDeque::new();
    for number in 0..=writes + 15 {
        if number < writes {
            let path = format!("/{number:05}");
            let pending = client.send(Permit::unmetered(), Create::new(&*path, "x"));
            flying.push_back((path, pending));
            if number % 7 == 0 {
                drop(client.send(Permit::unmetered(), GetData::new("/none")));
            }
        }
        if flying.len() > 15 || number >= writes {
            let Some((path, pending)) = flying.pop_front() else { break };
            match pending.within(Duration::from_mins(10)).await.value {
                Ok(created) => {
                    assert_eq!(created.path, path);
                    assert!(told.done.insert(path));
                }
                Err(Error::Unknown { .. }) => told.unknown += 1,
                Err(other) => panic!("{other}"),
            }
        }
    }
    assert!(flying.is_empty());
    client.abandon();
    told.states = states.await.unwrap();
    serving.abort();
    (told, tree)
}

fn is_true(told: &Told, tree: &Tree, writes: usize) {
    assert_eq!(told.done.len() + told.unknown as usize, writes, "each is accounted for");
    assert!(told.done.iter().all(|path| tree.created.contains_key(path)), "done is done");
    assert!(tree.created.values().all(|times| *times == 1), "none is carried out twice");
    assert!(tree.order.is_sorted(), "they are carried out in the order of the calls");
    let connected = told.states.iter().filter(|state| **state == State::Connected).count();
    assert!(connected > 0 && connected <= tree.connections as usize, "{connected}");
    let twice = told.states.windows(2).find(|pair| pair == &[State::Connected; 2]);
    assert_eq!(twice, None, "each connection is reported once, and its loss before the next");
}

#[tokio::test(start_paused = true)]
async fn what_is_said_of_five_thousand_writes_through_two_hundred_cuts_is_true() {
    let (told, tree) = write_all(1, 5000, 24, 4096).await;
    let tree = tree.lock().unwrap();
    is_true(&told, &tree, 5000);
    assert!(tree.connections > 200, "{}", tree.connections);
    assert!(told.unknown > 100 && told.done.len() > 1000, "{}", told.unknown);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, failure_persistence: None, ..Default::default() })]

    #[test]
    fn what_is_said_of_writes_is_true(seed in any::<u64>(), most in 1..60_usize, pipe in 16..500_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        let (told, tree) = runtime.block_on(write_all(seed, 200, most, pipe));
        is_true(&told, &tree.lock().unwrap(), 200);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_reading_holds_up_nobody_who_has_a_deadline() {
    let net = Net::default();
    net.narrow(100);
    let mut listener = net.listen("a");
    let (client, _feed) = net.start("a");
    let mut server = listener.serve().await;
    let pending: Vec<_> = (0..100)
        .map(|number| client.send(Permit::unmetered(), Create::new(format!("/{number}"), "x")))
        .collect();
    let mut ends = Vec::new();
    for pending in pending {
        let error = pending.within(Duration::from_millis(10)).await.value.unwrap_err();
        ends.push(matches!(error, Error::Unknown { .. }));
    }
    // All of them were passed to the transport, so their outcome is unknown.
    assert!(ends.iter().all(|unknown| *unknown));
    // A request that is queued behind them is never sent.
    let late = client.send(Permit::unmetered(), Create::new("/late", "x"));
    let error = late.within(Duration::from_millis(10)).await.value.unwrap_err();
    assert!(matches!(error, Error::NotSent { .. }), "{error}");
    let mut some = [0; 50];
    server.0.read_exact(&mut some).await.unwrap();
    drop(server);
    // Cancelling has not removed the requests that were already sent.
    let mut server = listener.serve().await;
    let (_, request) = server.request().await;
    assert!(matches!(&request, AnyRequest::Create(create) if &*create.path != "/late"));
}
