//! SASL takes place between the handshake and everything else.

use std::sync::Arc;
use std::time::Duration;

use zookeeper::{
    AddAuth, Cause, Code, GetData, Host, Op, Options, Permit, Sasl, SaslSession, SaslStep, State,
    start,
};

use super::fake::{Net, Server, causes, until};
use super::wire::{self, In, Out};

/// A mechanism that sends an empty token first, then twice the challenge, and then is done.
struct Twice;

struct Steps(u32);

impl Sasl for Twice {
    fn begin(&self, host: &Host) -> Result<Box<dyn SaslSession>, Cause> {
        assert_eq!(host.name, "a");
        Ok(Box::new(Steps(0)))
    }
}

impl SaslSession for Steps {
    fn step(&mut self, challenge: Option<&[u8]>) -> Result<SaslStep, Cause> {
        self.0 += 1;
        Ok(match (self.0, challenge) {
            (1, None) => SaslStep::Send(Vec::new()),
            (2, Some(challenge)) => SaslStep::Send(challenge.repeat(2)),
            (3, Some(b"through")) => SaslStep::Done,
            other => panic!("{other:?}"),
        })
    }
}

fn options(net: &Net) -> Options {
    let mut options = net.options("a");
    options.sasl = Some(Arc::new(Twice));
    options.auth = vec![AddAuth::new("digest", "ann:secret")];
    options
}

/// Reads a SASL token and replies to it.
async fn step(server: &mut Server, code: i32, challenge: &[u8]) -> Vec<u8> {
    let frame = server.frame().await.expect("a step");
    let mut from = In(&frame);
    let (xid, op) = (from.int(), from.int());
    assert_eq!(op, Op::Sasl.number());
    let token = from.bytes().unwrap();
    assert!(from.0.is_empty());
    let body = if code == 0 { Out::default().bytes(Some(challenge)).0 } else { Vec::new() };
    server.say(&wire::reply_frame(xid, 0, code, &body)).await;
    token.to_vec()
}

#[tokio::test(start_paused = true)]
async fn its_packets_come_before_credentials_and_requests() {
    let net = Net::default();
    let mut listener = net.listen("a");
    let (client, mut feed) = start(options(&net));
    let read = client.send(Permit::unmetered(), GetData::new("/a"));
    let mut server = listener.serve().await;
    assert_eq!(step(&mut server, 0, b"abc").await, b"");
    assert!(!client.state().is_connected());
    assert_eq!(step(&mut server, 0, b"through").await, b"abcabc");
    assert_eq!(server.done(0).await, AddAuth::new("digest", "ann:secret").into());
    assert_eq!(server.request().await.1, GetData::new("/a").into());
    until(&mut feed, State::Connected).await;
    client.break_connection();
    server.ended().await;
    assert!(read.await.value.is_err());
    // The next connection authenticates again.
    let mut server = listener.serve().await;
    assert_eq!(step(&mut server, 0, b"abc").await, b"");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_by_every_host_ends_the_session() {
    let net = Net::default();
    let mut listener = net.listen("a");
    let (client, mut feed) = start(options(&net));
    let mut server = listener.serve().await;
    step(&mut server, Code::AuthFailed.number(), b"").await;
    let changes = until(&mut feed, State::AuthFailed).await;
    let refused = Cause::AuthFailed("sasl".into());
    assert_eq!(causes(&changes), std::slice::from_ref(&refused));
    assert_eq!(client.ended().await, refused);
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert!(!listener.is_asked());
}

#[tokio::test(start_paused = true)]
async fn a_lie_in_it_is_none_to_be_believed() {
    for lie in [
        wire::reply_frame(9, 0, 0, &Out::default().bytes(Some(b"abc")).0),
        wire::reply_frame(1, 0, 0, b"\x7f\xff\xff\xff"),
        wire::reply_frame(1, 0, 0, &Out::default().bytes(Some(b"abc")).int(1).0),
        wire::framed(b"abc"),
        i32::MAX.to_be_bytes().to_vec(),
    ] {
        let net = Net::default();
        let mut listener = net.listen("a");
        let (_client, mut feed) = start(options(&net));
        let mut server = listener.serve().await;
        server.frame().await.expect("a step");
        server.say(&lie).await;
        let changes = until(&mut feed, State::Connecting).await;
        let cause = causes(&changes).pop();
        assert!(matches!(cause, Some(Cause::Malformed { op: Some(Op::Sasl), .. })), "{cause:?}");
    }
}
