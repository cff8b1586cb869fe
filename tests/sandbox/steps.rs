//! Steps of random clients, and their encoding as requests.

use proptest::prelude::*;

use super::model::CLIENTS;
use super::wire::{Body, op};

#[derive(Debug, Clone)]
pub(super) enum Step {
    Ask(Request),
    /// The connection breaks; the session continues on another one.
    Reconnect,
    /// The session ends; the client opens a new one.
    Close,
}

/// A request; its paths are prefixed with the case's own root.
#[derive(Debug, Clone)]
pub(super) enum Request {
    Create {
        number: i32,
        path: Path,
        data: usize,
        acl: &'static [Entry],
        flags: i32,
        ttl: i64,
    },
    Delete {
        path: Path,
        version: i32,
    },
    Set {
        path: Path,
        data: usize,
        version: i32,
    },
    SetAcl {
        path: Path,
        acl: &'static [Entry],
        version: i32,
    },
    Check {
        path: Path,
        version: i32,
    },
    /// `EXISTS`, `GET_DATA`, `GET_CHILDREN`, `GET_CHILDREN2`: path and watch.
    Read {
        number: i32,
        path: Path,
        watch: bool,
    },
    /// `GET_ACL`, `SYNC`, `GET_EPHEMERALS`, `GET_ALL_CHILDREN_NUMBER`: path.
    Look {
        number: i32,
        path: Path,
    },
    Multi {
        number: i32,
        parts: Vec<Request>,
    },
    AddWatch {
        path: Path,
        mode: i32,
    },
    RemoveWatches {
        path: Path,
        kind: i32,
    },
    SetWatches {
        behind: i64,
        paths: [Vec<Path>; 5],
    },
    Auth {
        user: &'static str,
    },
    WhoAmI,
}

pub(super) type Entry = (i32, &'static str, &'static str);

#[derive(Debug, Clone)]
pub(super) enum Path {
    /// A path below the root of the test case.
    Own(String),
    /// The quota of such a path, or a znode of that quota.
    Quota(String),
    Absolute(&'static str),
}

impl Path {
    fn text(&self, base: &str) -> String {
        match self {
            Self::Own(path) => format!("{base}{path}"),
            Self::Quota(path) => format!("/zookeeper/quota{base}{path}"),
            Self::Absolute(path) => (*path).to_owned(),
        }
    }
}

pub(super) const ACLS: [&[Entry]; 8] = [
    &[(31, "world", "anyone")],
    &[(1, "world", "anyone")],
    &[(31, "digest", "one:j7nBGVdQ0dWCkhdNyDnXTUtCCgY="), (1, "world", "anyone")],
    &[],
    &[(31, "digest", "nobody")],
    &[(31, "auth", "")],
    &[(3, "ip", "127.0.0.0/8"), (31, "auth", ""), (31, "auth", "")],
    &[(31, "ip", "10.0.0.1")],
];

/// The number of leading ACLs that forbid nobody to read: they are invalid or open to all.
const READABLE: usize = 5;

fn path() -> impl Strategy<Value = Path> {
    let name = || prop::sample::select(vec!["/a", "/b", "/c"]);
    let own = prop::collection::vec(name(), 0..=3).prop_map(|names| Path::Own(names.concat()));
    let odd = prop::sample::select(vec![
        "/a/",
        "//a",
        "/./a",
        "/a/..",
        "/a\0",
        "/a\u{7f}",
        "/é/水\u{e000}",
    ])
    .prop_map(|path| Path::Own(path.to_owned()));
    let absolute = prop::sample::select(vec![
        "/",
        "",
        "a",
        "/zookeeper",
        "/zookeeper/config",
        "/zookeeper/quota",
        "/nowhere/at/all",
    ])
    .prop_map(Path::Absolute);
    let quota = prop::sample::select(vec![
        "",
        "/a",
        "/a/zookeeper_limits",
        "/a/zookeeper_stats",
        "/zookeeper_stats",
        "/zookeeper_limits",
    ])
    .prop_map(|path| Path::Quota(path.to_owned()));
    prop_oneof![30 => own, 1 => odd, 1 => absolute, 3 => quota]
}

fn version() -> impl Strategy<Value = i32> {
    prop_oneof![4 => Just(-1), 2 => Just(0), 1 => Just(1), 1 => Just(7)]
}

/// ACLs; with `readable` only those that forbid nobody to read.
fn acl(readable: bool) -> impl Strategy<Value = &'static [Entry]> {
    let special = if readable { ACLS[..READABLE].to_vec() } else { ACLS.to_vec() };
    prop_oneof![8 => Just(ACLS[0]), 2 => prop::sample::select(special)]
}

fn data() -> impl Strategy<Value = usize> {
    prop_oneof![1 => Just(0_usize), 8 => 1..40_usize]
}

/// A write, alone or in a multi.
fn write(readable: bool) -> impl Strategy<Value = Request> {
    let numbers = prop_oneof![
        4 => Just((op::CREATE, false)), 2 => Just((op::CREATE2, false)),
        1 => Just((op::CREATE_CONTAINER, true)), 1 => Just((op::CREATE_TTL, true)),
    ];
    let flags = prop_oneof![6 => Just(0), 3 => Just(1), 3 => Just(2), 1 => Just(3), 1 => Just(9)];
    let create = (numbers, path(), data(), acl(readable), flags, 0..4_i64).prop_map(
        |((number, special), path, data, acl, flags, ttl)| {
            let flags = match number {
                op::CREATE_CONTAINER if special => 4,
                // A TTL that does not end during the test. 0 is invalid and refused.
                op::CREATE_TTL => 5 + flags.min(2) / 2,
                _ => flags,
            };
            Request::Create { number, path, data, acl, flags, ttl: ttl * 10_000_000 }
        },
    );
    prop_oneof![
        6 => create,
        4 => (path(), version()).prop_map(|(path, version)| Request::Delete { path, version }),
        4 => (path(), data(), version())
            .prop_map(|(path, data, version)| Request::Set { path, data, version }),
    ]
}

fn read() -> impl Strategy<Value = Request> {
    let numbers = vec![op::EXISTS, op::GET_DATA, op::GET_CHILDREN, op::GET_CHILDREN2];
    (prop::sample::select(numbers), path(), any::<bool>())
        .prop_map(|(number, path, watch)| Request::Read { number, path, watch })
}

fn multi(readable: bool) -> impl Strategy<Value = Request> {
    let check = (path(), version()).prop_map(|(path, version)| Request::Check { path, version });
    // Parts that 3.8.0 answers differently from later 3.8 releases have their own tests.
    let write = write(readable).prop_map(|part| match part {
        Request::Create { number: op::CREATE | op::CREATE2, path, data, acl, flags, ttl } => {
            let flags = flags % 4;
            Request::Create { number: op::CREATE, path, data, acl, flags, ttl }
        }
        part => part,
    });
    let writes = prop::collection::vec(prop_oneof![6 => write, 1 => check], 0..6)
        .prop_map(|parts| Request::Multi { number: op::MULTI, parts });
    let numbers = prop::sample::select(vec![op::GET_DATA, op::GET_CHILDREN]);
    let part =
        (numbers, path()).prop_map(|(number, path)| Request::Read { number, path, watch: false });
    let reads = prop::collection::vec(part, 0..6)
        .prop_map(|parts| Request::Multi { number: op::MULTI_READ, parts });
    prop_oneof![4 => writes, 1 => reads]
}

fn watch() -> impl Strategy<Value = Request> {
    let paths = || prop::collection::vec(path(), 0..3);
    prop_oneof![
        2 => (path(), 0..=1_i32).prop_map(|(path, mode)| Request::AddWatch { path, mode }),
        2 => (path(), 1..=3_i32).prop_map(|(path, kind)| Request::RemoveWatches { path, kind }),
        1 => (0..9_i64, [paths(), paths(), paths(), paths(), paths()])
            .prop_map(|(behind, paths)| Request::SetWatches { behind, paths }),
    ]
}

/// The next step of a client. Up to 3.8.3 a client without read permission can learn about a znode
/// from `exists` and events; for these releases use only `readable` ACLs.
pub(super) fn step(readable: bool) -> impl Strategy<Value = (usize, Step)> {
    let looks = vec![op::GET_ACL, op::SYNC, op::GET_EPHEMERALS, op::GET_ALL_CHILDREN_NUMBER];
    let look = (prop::sample::select(looks), path())
        .prop_map(|(number, path)| Request::Look { number, path });
    let set_acl = (path(), acl(readable), version())
        .prop_map(|(path, acl, version)| Request::SetAcl { path, acl, version });
    let user = prop::sample::select(vec!["one:secret", "two:secret"]);
    let ask = prop_oneof![
        24 => write(readable), 14 => read(), 6 => multi(readable), 5 => watch(), 4 => look, 3 => set_acl,
        1 => user.prop_map(|user| Request::Auth { user }), 1 => Just(Request::WhoAmI),
    ];
    let step = prop_oneof![
        60 => ask.prop_map(Step::Ask), 1 => Just(Step::Reconnect), 1 => Just(Step::Close),
    ];
    (0..CLIENTS, step)
}

impl Request {
    pub(super) fn encode(&self, base: &str, seen: i64) -> (i32, Body) {
        let body = Body::default();
        match self {
            Self::Create { number, path, data, acl, flags, ttl } => {
                let body = body.string(&path.text(base)).bytes(&filled(path, *data));
                let body = body.acl(acl).int(*flags);
                (*number, if *number == op::CREATE_TTL { body.long(*ttl) } else { body })
            }
            Self::Delete { path, version } => {
                (op::DELETE, body.string(&path.text(base)).int(*version))
            }
            Self::Set { path, data, version } => {
                let body = body.string(&path.text(base)).bytes(&filled(path, *data));
                (op::SET_DATA, body.int(*version))
            }
            Self::SetAcl { path, acl, version } => {
                (op::SET_ACL, body.string(&path.text(base)).acl(acl).int(*version))
            }
            Self::Check { path, version } => {
                (op::CHECK, body.string(&path.text(base)).int(*version))
            }
            Self::Read { number, path, watch } => {
                (*number, body.string(&path.text(base)).boolean(*watch))
            }
            Self::Look { number, path } => (*number, body.string(&path.text(base))),
            Self::Multi { number, parts } => {
                let body = parts.iter().fold(body, |body, part| {
                    let (number, part) = part.encode(base, seen);
                    body.int(number).boolean(false).int(-1).then(&part)
                });
                (*number, body.int(-1).boolean(true).int(-1))
            }
            Self::AddWatch { path, mode } => {
                (op::ADD_WATCH, body.string(&path.text(base)).int(*mode))
            }
            Self::RemoveWatches { path, kind } => {
                (op::REMOVE_WATCHES, body.string(&path.text(base)).int(*kind))
            }
            Self::SetWatches { behind, paths } => {
                let body = paths.iter().fold(body.long(seen - behind), |body, paths| {
                    let texts: Vec<String> = paths.iter().map(|path| path.text(base)).collect();
                    body.strings(&texts)
                });
                (op::SET_WATCHES2, body)
            }
            Self::Auth { user } => (op::AUTH, body.int(0).string("digest").bytes(user.as_bytes())),
            Self::WhoAmI => (op::WHO_AM_I, body),
        }
    }
}

/// Data for a znode: numbers for quota znodes, otherwise bytes.
fn filled(path: &Path, length: usize) -> Vec<u8> {
    match path {
        Path::Quota(name) if name.ends_with("limits") => {
            let (count, bytes) = (length % 7, length * 3);
            format!("count=-1,bytes=-1=;byteHardLimit={bytes};countHardLimit={count}").into_bytes()
        }
        Path::Quota(_) => b"count=0,bytes=0".to_vec(),
        _ => vec![b'x'; length],
    }
}
