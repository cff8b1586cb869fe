//! Requests and replies survive encoding and decoding, whatever they contain. Bytes that are no
//! reply to the request are refused.

use std::time::Duration;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use zookeeper::{
    Acl, AddAuth, AddWatch, AnyRequest, Applied, Check, CheckWatches, Code, Create, CreateMode,
    Created, Data, Delete, Exists, GetAcl, GetAllChildrenNumber, GetChildren, GetChildren2,
    GetConfig, GetData, GetEphemerals, Identity, Multi, MultiRead, Names, Operation, Permissions,
    Read, ReadReply, Reconfig, RemoveKind, RemoveWatches, Reply, SetAcl, SetData, Stat, Sync,
    Transaction, WatchMode, WhoAmI,
};

use super::wire;
use crate::chroot::Chroot;
use crate::encode;

fn path() -> impl Strategy<Value = String> {
    vec("[a-zä-ü0-9 .-]{1,6}", 0..4).prop_map(|names| format!("/{}", names.join("/")))
}

fn bytes() -> impl Strategy<Value = Option<Bytes>> {
    of(vec(any::<u8>(), 0..40).prop_map(Bytes::from))
}

fn acl() -> impl Strategy<Value = Vec<Acl>> {
    let entry = (any::<i32>(), "[a-z]{0,6}", ".{0,6}");
    vec(entry.prop_map(|(bits, scheme, id)| Acl::new(Permissions(bits), scheme, id)), 0..4)
}

fn mode() -> impl Strategy<Value = CreateMode> {
    let ttl = || any::<u32>().prop_map(|millis| Duration::from_millis(millis.into()));
    prop_oneof![
        Just(CreateMode::Persistent),
        Just(CreateMode::Ephemeral),
        Just(CreateMode::PersistentSequential),
        Just(CreateMode::EphemeralSequential),
        Just(CreateMode::Container),
        ttl().prop_map(CreateMode::PersistentTtl),
        ttl().prop_map(CreateMode::PersistentSequentialTtl),
    ]
}

fn create() -> impl Strategy<Value = Create> {
    (path(), bytes(), acl(), mode(), any::<bool>()).prop_map(|(path, data, acl, mode, stat)| {
        let mut create = Create::new(path, Bytes::new()).mode(mode).acl(acl);
        create.data = data;
        // The reply for containers and TTL znodes always has a stat.
        create.stat = stat && mode.ttl().is_none() && mode != CreateMode::Container;
        create
    })
}

fn set() -> impl Strategy<Value = SetData> {
    (path(), bytes(), any::<i32>()).prop_map(|(path, data, version)| {
        let mut set = SetData::new(path, Bytes::new()).version(version);
        set.data = data;
        set
    })
}

fn delete() -> impl Strategy<Value = Delete> {
    (path(), any::<i32>()).prop_map(|(path, version)| Delete::new(path).version(version))
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        create().prop_map(Operation::Create),
        delete().prop_map(Operation::Delete),
        set().prop_map(Operation::SetData),
        (path(), any::<i32>())
            .prop_map(|(path, version)| Operation::Check(Check::new(path, version))),
    ]
}

fn remove_kind() -> impl Strategy<Value = RemoveKind> {
    prop_oneof![
        Just(RemoveKind::Children),
        Just(RemoveKind::Data),
        Just(RemoveKind::Any),
        Just(RemoveKind::Persistent),
        Just(RemoveKind::PersistentRecursive),
    ]
}

/// Any request.
pub(super) fn request() -> impl Strategy<Value = AnyRequest> {
    let read = || {
        prop_oneof![
            path().prop_map(|path| Read::Children(path.into())),
            path().prop_map(|path| Read::Data(path.into())),
        ]
    };
    let watched = || (path(), any::<bool>());
    let members = || of("[a-z0-9.=:;,]{0,20}");
    prop_oneof![
        create().prop_map(AnyRequest::from),
        delete().prop_map(AnyRequest::from),
        set().prop_map(AnyRequest::from),
        watched().prop_map(|(path, watch)| Exists::new(path).watch(watch).into()),
        watched().prop_map(|(path, watch)| GetData::new(path).watch(watch).into()),
        watched().prop_map(|(path, watch)| GetChildren::new(path).watch(watch).into()),
        watched().prop_map(|(path, watch)| GetChildren2::new(path).watch(watch).into()),
        path().prop_map(|path| GetAcl::new(path).into()),
        (path(), acl(), any::<i32>())
            .prop_map(|(path, acl, version)| SetAcl::new(path, acl).version(version).into()),
        path().prop_map(|path| Sync::new(path).into()),
        vec(operation(), 0..5).prop_map(|operations| Multi::new(operations).into()),
        vec(read(), 0..5).prop_map(|reads| MultiRead::new(reads).into()),
        (path(), any::<bool>()).prop_map(|(path, deep)| {
            let mode = if deep { WatchMode::PersistentRecursive } else { WatchMode::Persistent };
            AddWatch::new(path, mode).into()
        }),
        (path(), remove_kind()).prop_map(|(path, kind)| CheckWatches::new(path, kind).into()),
        (path(), remove_kind()).prop_map(|(path, kind)| RemoveWatches::new(path, kind).into()),
        path().prop_map(|path| GetEphemerals::new(path).into()),
        path().prop_map(|path| GetAllChildrenNumber::new(path).into()),
        Just(WhoAmI.into()),
        any::<bool>().prop_map(|watch| GetConfig { watch }.into()),
        (members(), members(), members(), any::<i64>()).prop_map(
            |(joining, leaving, members, version)| {
                Reconfig { joining, leaving, members, version }.into()
            }
        ),
        ("[a-z]{1,8}", vec(any::<u8>(), 0..20))
            .prop_map(|(scheme, auth)| AddAuth::new(scheme, auth).into()),
        Just(AnyRequest::Close),
    ]
}

fn stat() -> impl Strategy<Value = Stat> {
    let numbers = (any::<[i64; 6]>(), any::<[i32; 5]>());
    numbers.prop_map(|(longs, ints)| Stat {
        czxid: longs[0],
        mzxid: longs[1],
        ctime: longs[2],
        mtime: longs[3],
        version: ints[0],
        cversion: ints[1],
        aversion: ints[2],
        ephemeral_owner: longs[4],
        data_length: ints[3],
        num_children: ints[4],
        pzxid: longs[5],
    })
}

fn data() -> impl Strategy<Value = Data> {
    (bytes(), stat()).prop_map(|(data, stat)| Data { data, stat })
}

fn names() -> impl Strategy<Value = Names> {
    vec("[^/\0]{1,8}", 0..6).prop_map(|names| names.iter().map(String::as_str).collect())
}

fn created(create: &Create) -> BoxedStrategy<Created> {
    let path = create.path.to_string();
    let has_stat = create.op() != crate::Op::Create;
    let is_sequential = create.mode.is_sequential();
    (any::<i32>(), stat())
        .prop_map(move |(number, stat)| Created {
            path: if is_sequential { format!("{path}{number:010}") } else { path.clone() },
            stat: has_stat.then_some(stat),
        })
        .boxed()
}

fn code() -> impl Strategy<Value = Code> {
    prop_oneof![Just(Code::NoNode), Just(Code::BadVersion), (-300..-200).prop_map(Code::Unknown)]
}

fn transaction(operations: &[Operation]) -> BoxedStrategy<Transaction> {
    let applied: Vec<BoxedStrategy<Applied>> = operations
        .iter()
        .map(|operation| match operation {
            Operation::Create(create) => created(create).prop_map(Applied::Created).boxed(),
            Operation::Delete(_) => Just(Applied::Deleted).boxed(),
            Operation::SetData(_) => stat().prop_map(Applied::Set).boxed(),
            Operation::Check(_) => Just(Applied::Checked).boxed(),
        })
        .collect();
    let applied = applied.prop_map(Transaction::Applied).boxed();
    if operations.is_empty() {
        return applied;
    }
    let failed = (0..operations.len(), code(), Just(operations.len()));
    let failed = failed.prop_map(|(at, code, count)| {
        let codes = (0..count).map(|index| match index {
            before if before < at => Code::Ok,
            after if after > at => Code::RuntimeInconsistency,
            _ => code,
        });
        Transaction::Failed(codes.collect())
    });
    prop_oneof![applied, failed].boxed()
}

fn reads(reads: &[Read]) -> BoxedStrategy<Vec<Result<ReadReply, Code>>> {
    let each = |read: &Read| match read {
        Read::Children(_) => prop_oneof![
            names().prop_map(|names| Ok(ReadReply::Children(names))),
            code().prop_map(Err)
        ]
        .boxed(),
        Read::Data(_) => {
            prop_oneof![data().prop_map(|data| Ok(ReadReply::Data(data))), code().prop_map(Err)]
                .boxed()
        }
    };
    reads.iter().map(each).collect::<Vec<_>>().boxed()
}

/// Any reply to a request.
pub(super) fn reply(request: &AnyRequest) -> BoxedStrategy<Result<Reply, Code>> {
    let success = match request {
        AnyRequest::Create(create) => created(create).prop_map(Reply::Created).boxed(),
        AnyRequest::Exists(_) => of(stat()).prop_map(Reply::Exists).boxed(),
        AnyRequest::GetData(_) | AnyRequest::GetConfig(_) | AnyRequest::Reconfig(_) => {
            data().prop_map(Reply::Data).boxed()
        }
        AnyRequest::SetData(_) | AnyRequest::SetAcl(_) => stat().prop_map(Reply::Stat).boxed(),
        AnyRequest::GetAcl(_) => {
            (acl(), stat()).prop_map(|(acl, stat)| Reply::Acl(acl, stat)).boxed()
        }
        AnyRequest::GetChildren(_) => names().prop_map(Reply::Names).boxed(),
        AnyRequest::GetChildren2(_) => {
            (names(), stat()).prop_map(|(names, stat)| Reply::Children(names, stat)).boxed()
        }
        AnyRequest::GetEphemerals(of) => {
            let prefix = of.prefix.to_string();
            vec("[a-z]{1,4}", 0..4)
                .prop_map(move |ends| {
                    let paths: Vec<String> =
                        ends.iter().map(|end| format!("{prefix}{end}")).collect();
                    Reply::Names(paths.iter().map(String::as_str).collect())
                })
                .boxed()
        }
        AnyRequest::GetAllChildrenNumber(_) => (0..=i32::MAX).prop_map(Reply::Number).boxed(),
        AnyRequest::WhoAmI(_) => vec(("[a-z]{0,6}", ".{0,8}"), 0..4)
            .prop_map(|all| {
                let identity = |(scheme, user)| Identity { scheme, user };
                Reply::Identities(all.into_iter().map(identity).collect())
            })
            .boxed(),
        AnyRequest::Multi(multi) => {
            transaction(&multi.operations).prop_map(Reply::Transaction).boxed()
        }
        AnyRequest::MultiRead(multi) => reads(&multi.reads).prop_map(Reply::Reads).boxed(),
        _ => Just(Reply::Done).boxed(),
    };
    let is_exists = matches!(request, AnyRequest::Exists(_));
    let refusal =
        code().prop_filter("exists has no NoNode", move |code| !is_exists || *code != Code::NoNode);
    prop_oneof![4 => success.prop_map(Ok), 1 => refusal.prop_map(Err)].boxed()
}

fn answered() -> impl Strategy<Value = (AnyRequest, Result<Reply, Code>)> {
    request().prop_flat_map(|request| {
        let reply = reply(&request);
        (Just(request), reply)
    })
}

/// A modification of the bytes of a reply.
#[derive(Debug, Clone)]
enum Damage {
    Set(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Insert(prop::sample::Index, u8),
    Number(prop::sample::Index, i32),
    Append(Vec<u8>),
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = any::<prop::sample::Index>;
    let number = prop_oneof![Just(-1), Just(i32::MAX), Just(i32::MIN), 0..9, any::<i32>()];
    prop_oneof![
        (index(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        index().prop_map(Damage::Cut),
        (index(), any::<u8>()).prop_map(|(at, byte)| Damage::Insert(at, byte)),
        (index(), number).prop_map(|(at, number)| Damage::Number(at, number)),
        vec(any::<u8>(), 1..20).prop_map(Damage::Append),
    ]
}

impl Damage {
    fn apply(&self, body: &mut Vec<u8>) {
        match self {
            Self::Append(bytes) => body.extend(bytes),
            Self::Insert(at, byte) => body.insert(at.index(body.len() + 1), *byte),
            _ if body.is_empty() => {}
            Self::Set(at, byte) => {
                let at = at.index(body.len());
                body[at] = *byte;
            }
            Self::Cut(at) => body.truncate(at.index(body.len())),
            Self::Number(at, number) => {
                let at = at.index(body.len());
                let number = number.to_be_bytes();
                body.truncate(at + 4);
                body.resize(at, 0);
                body.extend(number);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn requests_arrive_as_they_were_sent(request in request(), xid in any::<i32>()) {
        let mut frame = Vec::new();
        encode::request(&request, xid, &Chroot::none(), &mut frame);
        let length = i32::try_from(frame.len() - 4).unwrap();
        prop_assert_eq!(&frame[..4], &length.to_be_bytes());
        let (seen_xid, op, seen) = wire::request(&frame[4..]);
        prop_assert_eq!((seen_xid, op), (xid, request.op().number()));
        let expected = match request {
            AnyRequest::GetConfig(config) => {
                zookeeper::GetData::new("/zookeeper/config").watch(config.watch).into()
            }
            request => request,
        };
        prop_assert_eq!(seen, expected);
    }

    #[test]
    fn chroots_stand_in_front_of_every_path(request in request()) {
        let mut frame = Vec::new();
        encode::request(&request, 1, &Chroot::new("/app"), &mut frame);
        let (.., seen) = wire::request(&frame[4..]);
        let given = request.path();
        let expected = if &*given == "/" && !is_prefix(&request) { "" } else { &given };
        match &request {
            AnyRequest::GetConfig(_) => prop_assert_eq!(&*seen.path(), "/zookeeper/config"),
            AnyRequest::Multi(multi) => {
                let AnyRequest::Multi(seen) = seen else { panic!("{seen:?}") };
                for (given, seen) in multi.operations.iter().zip(seen.operations) {
                    prop_assert!(seen.path().starts_with("/app"), "{given:?} {seen:?}");
                }
            }
            AnyRequest::MultiRead(_) => {}
            _ if given.is_empty() => {}
            _ => {
 let path = seen.path();
 prop_assert_eq!(path.strip_prefix("/app"), Some(expected));
}
        }
    }

    #[test]
    fn replies_arrive_as_they_were_sent((request, reply) in answered()) {
        let (code, body) = wire::reply(&request, &reply);
        prop_assert_eq!(request.read_reply(code, &body), Ok(reply));
    }

    #[test]
    fn what_is_accepted_is_what_was_sent(
        (request, reply) in answered(),
        damages in vec(damage(), 1..4),
    ) {
        let (code, mut body) = wire::reply(&request, &reply);
        for damage in &damages {
 damage.apply(&mut body);
}
        if let Ok(accepted) = request.read_reply(code, &body) {
            prop_assert!(is_one(&request, &accepted, code, &body), "{accepted:?}");
        }
    }

    #[test]
    fn garbage_is_no_reply(request in request(), code in -130..1, body in vec(any::<u8>(), 0..200)) {
        if let Ok(accepted) = request.read_reply(code, &body) {
            prop_assert!(is_one(&request, &accepted, code, &body), "{accepted:?}");
        }
    }
}

/// Returns whether an accepted reply is encoded to the same bytes that arrived.
fn is_one(request: &AnyRequest, accepted: &Result<Reply, Code>, code: i32, body: &[u8]) -> bool {
    let (again, bytes) = wire::reply(request, accepted);
    let keeper = match (request, accepted) {
        (AnyRequest::MultiRead(multi), Ok(Reply::Reads(reads))) => {
            wire::keeper_reads(&multi.reads, reads) == body
        }
        _ => false,
    };
    again == code && (bytes == body || keeper)
}

fn is_prefix(request: &AnyRequest) -> bool {
    matches!(request, AnyRequest::Create(create) if create.mode.is_sequential())
}
