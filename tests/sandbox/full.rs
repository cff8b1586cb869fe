//! Sandboxes with as much data, and as many connections, as they take.

use std::io::{ErrorKind, Read};
use std::net::{TcpListener, TcpStream};

use nix::sys::signal::Signal;
use zksh::sandbox::{self, Clock, Settings};

use super::abuse::{ANYONE, Scene, four_letters};
use super::limits::files;
use super::options::Served;
use super::wire::{Body, Client, op};
use crate::support::wait_until;

#[test]
fn a_full_sandbox_takes_no_more_and_goes_on_reading_and_deleting() {
    let settings = Settings { memory: 2 << 20, ..Settings::default() };
    let mut scene = Scene::with(settings, Clock::System);
    let mut greedy = scene.client();
    let fill = |client: &mut Client, number: i32| {
        let body = Body::default().string(&format!("/{number}")).bytes(&vec![b'x'; 200_000]);
        client.ask(op::CREATE, &body.acl(ANYONE).int(0)).unwrap().code
    };
    let codes: Vec<i32> = (0..10).map(|number| fill(&mut greedy, number)).collect();
    assert!(codes.starts_with(&[0; 4]) && codes.ends_with(&[-125; 4]), "{codes:?}");
    let watch = Body::default().string("/none").boolean(true);
    assert_eq!(greedy.ask(op::EXISTS, &watch).unwrap().code, -125);
    let (session, password) = (greedy.session, greedy.password);
    let mut greedy = Client::reconnect(&scene.address, session, &password, 30_000).unwrap();
    assert_eq!(greedy.session, session);
    scene.assert_unharmed();
    let delete = Body::default().string("/0").int(-1);
    assert_eq!(greedy.ask(op::DELETE, &delete).unwrap().code, 0);
    assert_eq!(fill(&mut greedy, 0), 0);
}

#[test]
fn a_thousand_clients_are_served_at_once() {
    // Both ends of each connection are in this process, which runs other tests as well.
    let clients = 1000.min(usize::try_from(files()).unwrap().saturating_sub(900) / 2);
    let mut scene = Scene::new();
    let mut crowd: Vec<Client> = (0..clients).map(|_| scene.client()).collect();
    let get = Body::default().string("/home").boolean(true);
    for client in &mut crowd {
        client.send(op::GET_DATA, &get).unwrap();
    }
    for client in &mut crowd {
        assert_eq!(client.receive().unwrap().code, 0);
    }
    let set = Body::default().string("/home").bytes(b"sweet").int(-1);
    assert_eq!(scene.neighbour.ask(op::SET_DATA, &set).unwrap().code, 0);
    for client in &mut crowd {
        let answer = client.ask(op::PING, &Body::default()).unwrap();
        assert_eq!(answer.events, [(3, "/home".to_owned())]);
    }
    assert_eq!(scene.sandbox.sessions().len(), clients + 1);
    drop(crowd);
    wait_until("all have left", || {
        four_letters(&scene.address, "srvr").contains("Connections: 2\n").then_some(())
    });
    scene.assert_unharmed();
}

#[test]
fn one_address_has_sixty_connections_and_may_ask_why_there_are_no_more() {
    // The silent connections must be refused because there are too many, not because of a timeout.
    let patient = "--sandbox-set=nio.sessionlessCnxnTimeout=600000";
    let served = Served::start(&["--sandbox=127.0.0.1:0", patient]);
    let mut crowd: Vec<Client> =
        (0..60).map(|_| Client::connect(&served.address).unwrap()).collect();
    assert!(Client::connect(&served.address).is_err());
    let srvr = four_letters(&served.address, "srvr");
    assert!(srvr.contains("\nConnections: 60\n"), "{srvr}");
    assert!(four_letters(&served.address, "conf").contains("\nmaxClientCnxns=60\n"));
    // Connections that send nothing are limited too.
    let silent: Vec<TcpStream> =
        (0..40).map(|_| TcpStream::connect(&served.address).unwrap()).collect();
    let refused = |stream: &&TcpStream| {
        stream.set_nonblocking(true).unwrap();
        let mut stream: &TcpStream = stream;
        !matches!(stream.read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
    };
    wait_until("all but sixteen are refused", || {
        (silent.iter().filter(refused).count() >= 40 - 16).then_some(())
    });
    assert!(!silent.iter().all(|stream| refused(&stream)), "some may still ask");
    crowd.pop();
    wait_until("one may come in again", || Client::connect(&served.address).ok());
    assert_eq!(served.end(Signal::SIGTERM), Some(0));
}

#[test]
#[cfg(target_os = "linux")]
fn the_process_that_a_full_sandbox_belongs_to_gets_in() {
    let mut scene = Scene::with(Settings::default(), Clock::System);
    // These connections come from the sandbox's own process, like those of its shell.
    let crowd: Vec<Client> = (1..61).map(|_| scene.client()).collect();
    assert!(Client::connect(&scene.address).is_err(), "one is kept, no more");
    drop(crowd);
    scene.assert_unharmed();

    let settings = Settings { memory: 0, ..Settings::default() };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let full = sandbox::start(listener, settings, Clock::System).unwrap();
    assert!(Client::connect(&full.address().to_string()).is_ok());
    let served = Served::start(&["--sandbox=127.0.0.1:0", "--sandbox-set=ZK_SERVER_HEAP=0"]);
    assert!(Client::connect(&served.address).is_err(), "a session is no use to anyone else");
    assert_eq!(served.end(Signal::SIGTERM), Some(0));
}
