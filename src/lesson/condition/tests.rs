#![allow(clippy::unwrap_used)]

use super::*;
use crate::lesson::{Event, Reply, Server, Watch};

fn effect() -> Effect {
    let reply = |session: &str, operation: &str, path: &str, result: &str| Reply {
        session: session.to_owned(),
        operation: operation.to_owned(),
        paths: vec![path.to_owned()],
        result: result.to_owned(),
    };
    let znode = |data: &str, owner| Znode {
        data: data.as_bytes().to_vec(),
        owner,
        version: 2,
        acl_version: 1,
        children: 3,
    };
    Effect {
        replies: vec![
            reply("A", "create", "/master", "Ok"),
            reply("B", "create", "/master", "NodeExists"),
            Reply {
                paths: vec!["/a".to_owned(), "/b".to_owned()],
                ..reply("A", "multi", "", "Ok")
            },
        ],
        events: vec![
            Event {
                session: "B".to_owned(),
                kind: "NodeDeleted".to_owned(),
                path: Some("/master".to_owned()),
            },
            Event { session: "A".to_owned(), kind: "Disconnected".to_owned(), path: None },
        ],
        watches: vec![Watch {
            session: "B".to_owned(),
            kind: WatchKind::Data,
            path: "/master".to_owned(),
        }],
        sessions: [
            ("A".to_owned(), SessionState::Alive(7)),
            ("B".to_owned(), SessionState::Expired),
        ]
        .into(),
        tree: [
            ("/master".to_owned(), znode("A", 7)),
            ("/plain".to_owned(), znode("\"x y\"", 0)),
            ("/lock/w-0000000001".to_owned(), znode("", i64::MIN)),
            ("/ttl".to_owned(), znode("", 0xff00_0000_0000_0005_u64.cast_signed())),
        ]
        .into(),
        servers: [
            (1, Server { state: ServerState::Up, leads: true }),
            (2, Server { state: ServerState::Down, leads: false }),
        ]
        .into(),
    }
}

#[test]
fn conditions_hold_for_their_effects() {
    let effect = effect();
    for (text, holds) in [
        ("reply A create /master Ok", true),
        ("reply B create /master Ok", false),
        ("reply B create /master NodeExists", true),
        ("reply B create /master Failed", true),
        ("reply * create /* NodeExists", true),
        ("reply A multi /b Ok", true),
        ("reply A multi * Ok", true),
        ("reply A * /nosuch *", false),
        ("event B NodeDeleted /master", true),
        ("event A NodeDeleted /master", false),
        ("event * * /other", false),
        ("event A Disconnected", true),
        ("watch B data /master", true),
        ("watch B child /master", false),
        ("node /master", true),
        ("node /master ephemeral owner=A data=A", true),
        ("node /master owner=B", false),
        ("node /master persistent", false),
        ("node /plain persistent data='x y' version=2 aclVersion>0 children<4", true),
        ("node /plain version>2", false),
        ("node /lock/* sequential persistent", true),
        ("node /ttl ephemeral", false),
        ("node /absent", false),
        ("not node /absent", true),
        ("nodes /* =3", true),
        ("nodes /lock/* >1", false),
        ("session A alive", true),
        ("session B expired", true),
        ("session B closed", false),
        ("server 1 leader", true),
        ("server 2 down", true),
        ("server 2 follower", false),
        ("server 3 up", false),
        ("node /absent or not session A closed", true),
        ("not node /master or node /absent", false),
    ] {
        let condition = Condition::parse(text, &["A", "B"]).unwrap();
        assert_eq!(condition.holds(&effect), holds, "{text}");
    }
}

#[test]
fn invalid_conditions_are_rejected() {
    for wrong in [
        "",
        "or",
        "node /a or",
        "reply A create /a",
        "reply C create /a Ok",
        "reply A frob /a Ok",
        "reply A create /a Fine",
        "reply A create a Ok",
        "event A NodeFrobbed /a",
        "watch A all /a",
        "node /a big",
        "node /a version",
        "node /a version=x",
        "node /a owner=C",
        "nodes /a 3",
        "session A asleep",
        "session * *",
        "server one up",
        "node /a data='x",
        "typed A create",
    ] {
        assert!(Condition::parse(wrong, &["A", "B"]).is_err(), "{wrong}");
    }
}
