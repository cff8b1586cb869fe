//! Requests that are checked before the ones in flight are applied, as on Apache's server.

use super::*;

/// Creates a server that applies writes only when they are flushed.
fn unflushed() -> Simulation {
    Simulation::with(Settings { flush_delay: Duration::from_millis(50), ..Settings::default() })
}

/// Sends operations without waiting in between. Returns their results after the flush.
fn pipelined(
    simulation: &mut Simulation,
    from: ConnectionId,
    operations: Vec<Operation>,
) -> Vec<Result<Body, Code>> {
    for operation in operations {
        assert_eq!(simulation.ask(from, operation).reply, None, "it waits for the flush");
    }
    simulation.now.steady += 50;
    assert!(simulation.state.is_flush_due(simulation.now));
    let answers = simulation.state.flush(simulation.now).into_iter();
    answers.map(|(_, outcome)| outcome.reply.expect("a reply").result).collect()
}

#[test]
fn a_check_does_not_see_a_set_acl_in_flight() {
    let mut simulation = unflushed();
    let client = simulation.client(1);
    let set_acl = |permissions| Operation::SetAcl {
        path: "/p".into(),
        acl: vec![Acl { permissions, id: Id::new("world", "anyone") }],
        version: -1,
    };
    let created = pipelined(&mut simulation, client, vec![create("/p", 0), create("/p/q", 0)]);
    assert!(created.iter().all(Result::is_ok), "a new znode is seen");
    // Until it is applied, a new ACL is ignored: what it forbids still works, and what it allows
    // fails.
    let tightened = pipelined(
        &mut simulation,
        client,
        vec![set_acl(17), delete("/p/q", -1), create("/p/r", 0)],
    );
    assert!(tightened.iter().all(Result::is_ok), "{tightened:?}");
    let loosened = pipelined(&mut simulation, client, vec![set_acl(31), create("/p/s", 0)]);
    assert_eq!(loosened[1], Err(Code::NoAuth));
    assert!(pipelined(&mut simulation, client, vec![create("/p/s", 0)])[0].is_ok());
}

#[test]
fn a_check_does_not_see_what_is_in_flight_of_a_quota() {
    let mut simulation = unflushed();
    let client = simulation.client(1);
    let limits = "/zookeeper/quota/a/zookeeper_limits";
    let stats = "/zookeeper/quota/a/zookeeper_stats";
    let quota = vec![
        create("/a", 0),
        create("/zookeeper/quota/a", 0),
        create(limits, 0),
        create(stats, 0),
        set(limits, b"count=-1,bytes=-1=;countHardLimit=2", -1),
    ];
    assert!(pipelined(&mut simulation, client, quota).iter().all(Result::is_ok));
    let several = ["/a/1", "/a/2", "/a/3"].map(|path| create(path, 0)).to_vec();
    assert!(pipelined(&mut simulation, client, several).iter().all(Result::is_ok), "an overrun");
    let one = pipelined(&mut simulation, client, vec![create("/a/4", 0)]);
    assert_eq!(one, [Err(Code::QuotaExceeded)]);
}

#[test]
fn all_else_in_flight_is_seen_and_replies_come_in_order() {
    let mut simulation = unflushed();
    let client = simulation.client(1);
    let script = vec![
        create("/a", 0),
        create("/a/n-", 2),
        create("/a/n-", 2),
        Operation::Multi(vec![create("/a/n-", 2), delete("/none", -1)]),
        create("/a/n-", 2),
        set("/a", b"y", 0),
        set("/a", b"z", 0),
        get("/a", false),
        delete("/a", -1),
    ];
    let answers = pipelined(&mut simulation, client, script);
    let numbered = |number: u32| Ok(Body::Path(format!("/a/n-{number:010}")));
    assert_eq!(answers[1..3], [numbered(0), numbered(1)]);
    assert_eq!(answers[4], numbered(2), "the failed multi has used no number");
    assert_eq!(answers[6], Err(Code::BadVersion));
    assert!(matches!(&answers[7], Ok(Body::Data(Some(data), _)) if **data == *b"y"));
    assert_eq!(answers[8], Err(Code::NotEmpty));
    let reply = simulation.ask(client, Operation::Ping).reply.expect("nothing is in flight");
    assert_eq!(reply.zxid, simulation.state.zxid);
}

#[test]
fn credentials_overtake_what_is_in_flight_but_do_not_serve_it() {
    let mut simulation = unflushed();
    let client = simulation.client(1);
    let acl = vec![Acl { permissions: 31, id: Id::new("auth", "") }];
    let closed = |path: &str| {
        let (path, acl) = (path.to_owned(), acl.clone());
        Operation::Create(Create { kind: CreateKind::Create, path, data: None, acl, flags: 0 })
    };
    assert_eq!(simulation.ask(client, closed("/before")).reply, None);
    let auth = Operation::Auth { scheme: "digest".into(), credentials: b"a:b".to_vec() };
    assert!(simulation.ask(client, auth).reply.is_some(), "at once");
    let answers = pipelined(&mut simulation, client, vec![closed("/after")]);
    assert_eq!(answers, [Err(Code::InvalidAcl), Ok(Body::Path("/after".into()))]);
}

#[test]
fn a_closing_session_in_flight_takes_its_ephemerals_but_not_their_count() {
    let mut simulation = unflushed();
    let (one, two) = (simulation.client(1), simulation.client(2));
    pipelined(&mut simulation, two, vec![create("/p", 0)]);
    pipelined(&mut simulation, one, vec![create("/p/e", 1)]);
    assert_eq!(simulation.ask(one, Operation::Close).reply, None);
    assert_eq!(simulation.ask(one, create("/p/late", 1)).reply, None, "the session has ended");
    let answers = pipelined(&mut simulation, two, vec![create("/p/e", 0), delete("/p", -1)]);
    // The close itself is answered first.
    assert_eq!(answers, [Ok(Body::Empty), Ok(Body::Path("/p/e".into())), Err(Code::NotEmpty)]);
    assert_eq!(simulation.stat(two, "/p").children, 1);
}
