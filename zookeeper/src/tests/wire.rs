//! The server's side of the wire format, which encodes replies and decodes requests.
//!
//! It is written independently of the client's side, and shares only the types with it.

use std::time::Duration;

use bytes::Bytes;
use zookeeper::{
    Acl, AddAuth, AddWatch, AnyRequest, Applied, Check, CheckWatches, Code, Create, CreateMode,
    Created, Data, Delete, Exists, GetAcl, GetAllChildrenNumber, GetChildren, GetChildren2,
    GetData, GetEphemerals, Multi, MultiRead, Names, Operation, Permissions, Read, ReadReply,
    Reconfig, RemoveKind, RemoveWatches, Reply, SetAcl, SetData, Stat, Sync, Transaction,
    WatchMode, WhoAmI,
};

/// Encodes consecutive fields.
#[derive(Debug, Default)]
pub(crate) struct Out(pub(crate) Vec<u8>);

impl Out {
    pub(crate) fn int(mut self, value: i32) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub(crate) fn long(mut self, value: i64) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub(crate) fn bool(mut self, value: bool) -> Self {
        self.0.push(u8::from(value));
        self
    }

    pub(crate) fn text(self, text: &str) -> Self {
        self.bytes(Some(text.as_bytes()))
    }

    pub(crate) fn bytes(mut self, bytes: Option<&[u8]>) -> Self {
        let Some(bytes) = bytes else { return self.int(-1) };
        self = self.int(i32::try_from(bytes.len()).unwrap());
        self.0.extend(bytes);
        self
    }

    pub(crate) fn stat(self, stat: &Stat) -> Self {
        self.long(stat.czxid)
            .long(stat.mzxid)
            .long(stat.ctime)
            .long(stat.mtime)
            .int(stat.version)
            .int(stat.cversion)
            .int(stat.aversion)
            .long(stat.ephemeral_owner)
            .int(stat.data_length)
            .int(stat.num_children)
            .long(stat.pzxid)
    }

    fn names(self, names: &Names) -> Self {
        let out = self.int(i32::try_from(names.len()).unwrap());
        names.iter().fold(out, Out::text)
    }

    fn data(self, data: &Data) -> Self {
        self.bytes(data.data.as_deref()).stat(&data.stat)
    }

    fn created(self, created: &Created) -> Self {
        let out = self.text(&created.path);
        match &created.stat {
            Some(stat) => out.stat(stat),
            None => out,
        }
    }

    fn part(self, op: i32) -> Self {
        self.int(op).bool(false).int(0)
    }

    fn failed(self, code: Code) -> Self {
        self.int(-1).bool(false).int(code.number()).int(code.number())
    }

    fn end(self) -> Self {
        self.int(-1).bool(true).int(-1)
    }
}

/// Encodes the reply to a multi-read like ClickHouse Keeper: a failed read keeps its kind.
pub(crate) fn keeper_reads(reads: &[Read], replies: &[Result<ReadReply, Code>]) -> Vec<u8> {
    let each = |out: Out, (read, reply): (&Read, &Result<ReadReply, Code>)| {
        let op = if matches!(read, Read::Children(_)) { 8 } else { 4 };
        match reply {
            Ok(ReadReply::Children(names)) => out.part(op).names(names),
            Ok(ReadReply::Data(data)) => out.part(op).data(data),
            Err(code) => out.int(op).bool(false).int(code.number()),
        }
    };
    reads.iter().zip(replies).fold(Out::default(), each).end().0
}

/// Encodes a reply: the code in its header, and its body.
#[allow(unreachable_patterns, reason = "outside the crate there may be more")]
pub(crate) fn reply(request: &AnyRequest, reply: &Result<Reply, Code>) -> (i32, Vec<u8>) {
    let reply = match reply {
        Err(code) => return (code.number(), Vec::new()),
        Ok(Reply::Exists(None)) => return (Code::NoNode.number(), Vec::new()),
        Ok(reply) => reply,
    };
    let out = Out::default();
    let out = match reply {
        Reply::Done => match request {
            AnyRequest::Sync(sync) => out.text(&sync.path),
            AnyRequest::AddWatch(_) => out.int(0),
            _ => out,
        },
        Reply::Created(created) => out.created(created),
        Reply::Exists(stat) => out.stat(&stat.unwrap()),
        Reply::Stat(stat) => out.stat(stat),
        Reply::Data(data) => out.data(data),
        Reply::Acl(acl, stat) => {
            let out = out.int(i32::try_from(acl.len()).unwrap());
            let entry = |out: Out, entry: &Acl| {
                out.int(entry.permissions.0).text(&entry.scheme).text(&entry.id)
            };
            acl.iter().fold(out, entry).stat(stat)
        }
        Reply::Names(names) => out.names(names),
        Reply::Children(names, stat) => out.names(names).stat(stat),
        Reply::Number(number) => out.int(*number),
        Reply::Identities(identities) => {
            let out = out.int(i32::try_from(identities.len()).unwrap());
            identities.iter().fold(out, |out, each| out.text(&each.scheme).text(&each.user))
        }
        Reply::Transaction(Transaction::Failed(codes)) => {
            codes.iter().fold(out, |out, code| out.failed(*code)).end()
        }
        Reply::Transaction(Transaction::Applied(applied)) => {
            let each = |out: Out, applied: &Applied| match applied {
                Applied::Created(created) if created.stat.is_some() => {
                    out.part(15).created(created)
                }
                Applied::Created(created) => out.part(1).created(created),
                Applied::Deleted => out.part(2),
                Applied::Set(stat) => out.part(5).stat(stat),
                Applied::Checked => out.part(13),
            };
            applied.iter().fold(out, each).end()
        }
        Reply::Reads(reads) => {
            let each = |out: Out, read: &Result<ReadReply, Code>| match read {
                Ok(ReadReply::Children(names)) => out.part(8).names(names),
                Ok(ReadReply::Data(data)) => out.part(4).data(data),
                Err(code) => out.failed(*code),
            };
            reads.iter().fold(out, each).end()
        }
        _ => unreachable!("no other reply"),
    };
    (0, out.0)
}

/// Writes a frame.
pub(crate) fn framed(body: &[u8]) -> Vec<u8> {
    Out::default().bytes(Some(body)).0
}

/// Writes a reply's frame.
pub(crate) fn reply_frame(xid: i32, zxid: i64, code: i32, body: &[u8]) -> Vec<u8> {
    let mut frame = Out::default().int(xid).long(zxid).int(code).0;
    frame.extend(body);
    framed(&frame)
}

/// Decodes consecutive fields; a test fails if they are cut short.
#[derive(Debug)]
pub(crate) struct In<'a>(pub(crate) &'a [u8]);

impl In<'_> {
    pub(crate) fn int(&mut self) -> i32 {
        let (value, rest) = self.0.split_first_chunk().unwrap();
        self.0 = rest;
        i32::from_be_bytes(*value)
    }

    pub(crate) fn long(&mut self) -> i64 {
        let (value, rest) = self.0.split_first_chunk().unwrap();
        self.0 = rest;
        i64::from_be_bytes(*value)
    }

    pub(crate) fn bool(&mut self) -> bool {
        let (value, rest) = self.0.split_first().unwrap();
        self.0 = rest;
        *value == 1
    }

    pub(crate) fn bytes(&mut self) -> Option<Bytes> {
        let length = usize::try_from(self.int()).ok()?;
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(Bytes::copy_from_slice(bytes))
    }

    pub(crate) fn text(&mut self) -> String {
        String::from_utf8(self.bytes().unwrap().to_vec()).unwrap()
    }

    fn nullable(&mut self) -> Option<String> {
        self.bytes().map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
    }

    pub(crate) fn list(&mut self) -> Vec<String> {
        (0..self.int()).map(|_| self.text()).collect()
    }

    fn acl(&mut self) -> Vec<Acl> {
        (0..self.int())
            .map(|_| Acl::new(Permissions(self.int()), self.text(), self.text()))
            .collect()
    }

    fn create(&mut self, op: i32) -> Create {
        let (path, data, acl) = (self.text(), self.bytes(), self.acl());
        let flags = self.int();
        let mut ttl = || Duration::from_millis(u64::try_from(self.long()).unwrap());
        let mode = match (op, flags) {
            (19, 4) => CreateMode::Container,
            (21, 5) => CreateMode::PersistentTtl(ttl()),
            (21, 6) => CreateMode::PersistentSequentialTtl(ttl()),
            (_, 0) => CreateMode::Persistent,
            (_, 1) => CreateMode::Ephemeral,
            (_, 2) => CreateMode::PersistentSequential,
            (_, 3) => CreateMode::EphemeralSequential,
            other => panic!("{other:?}"),
        };
        let mut create = Create::new(path, Bytes::new()).mode(mode).acl(acl);
        create.data = data;
        create.stat = op == 15;
        create
    }

    fn set(&mut self) -> SetData {
        let (path, data) = (self.text(), self.bytes());
        let mut set = SetData::new(path, Bytes::new()).version(self.int());
        set.data = data;
        set
    }

    fn remove_kind(&mut self) -> RemoveKind {
        match self.int() {
            1 => RemoveKind::Children,
            2 => RemoveKind::Data,
            3 => RemoveKind::Any,
            4 => RemoveKind::Persistent,
            5 => RemoveKind::PersistentRecursive,
            other => panic!("{other}"),
        }
    }

    /// Decodes the operations of a transaction up to its end.
    fn parts<T>(&mut self, read: impl Fn(&mut Self, i32) -> T) -> Vec<T> {
        let mut all = Vec::new();
        loop {
            let (op, done, code) = (self.int(), self.bool(), self.int());
            assert_eq!(code, -1);
            if done {
                assert_eq!(op, -1);
                return all;
            }
            all.push(read(self, op));
        }
    }
}

/// Decodes a request: its xid, its operation, and the request.
pub(crate) fn request(frame: &[u8]) -> (i32, i32, AnyRequest) {
    let mut from = In(frame);
    let (xid, op) = (from.int(), from.int());
    let request: AnyRequest = match op {
        1 | 15 | 19 | 21 => from.create(op).into(),
        2 => Delete::new(from.text()).version(from.int()).into(),
        3 => Exists::new(from.text()).watch(from.bool()).into(),
        4 => GetData::new(from.text()).watch(from.bool()).into(),
        5 => from.set().into(),
        6 => GetAcl::new(from.text()).into(),
        7 => {
            let (path, acl) = (from.text(), from.acl());
            SetAcl::new(path, acl).version(from.int()).into()
        }
        8 => GetChildren::new(from.text()).watch(from.bool()).into(),
        9 => Sync::new(from.text()).into(),
        12 => GetChildren2::new(from.text()).watch(from.bool()).into(),
        14 => Multi::new(from.parts(|from, op| match op {
            1 | 15 | 19 | 21 => Operation::Create(from.create(op)),
            2 => Operation::Delete(Delete::new(from.text()).version(from.int())),
            5 => Operation::SetData(from.set()),
            13 => Operation::Check(Check::new(from.text(), from.int())),
            other => panic!("{other}"),
        }))
        .into(),
        16 => {
            let (joining, leaving) = (from.nullable(), from.nullable());
            let (members, version) = (from.nullable(), from.long());
            Reconfig { joining, leaving, members, version }.into()
        }
        17 => CheckWatches::new(from.text(), from.remove_kind()).into(),
        18 => RemoveWatches::new(from.text(), from.remove_kind()).into(),
        22 => MultiRead::new(from.parts(|from, op| {
            let path = from.text().into();
            assert!(!from.bool());
            match op {
                4 => Read::Data(path),
                8 => Read::Children(path),
                other => panic!("{other}"),
            }
        }))
        .into(),
        100 => {
            assert_eq!(from.int(), 0);
            AddAuth::new(from.text(), from.bytes().unwrap()).into()
        }
        103 => GetEphemerals::new(from.text()).into(),
        104 => GetAllChildrenNumber::new(from.text()).into(),
        106 => {
            let path = from.text();
            let mode = match from.int() {
                0 => WatchMode::Persistent,
                1 => WatchMode::PersistentRecursive,
                other => panic!("{other}"),
            };
            AddWatch::new(path, mode).into()
        }
        107 => WhoAmI.into(),
        -11 => AnyRequest::Close,
        other => panic!("no operation: {other}"),
    };
    assert!(from.0.is_empty(), "{request:?} has more: {:?}", from.0);
    (xid, op, request)
}
