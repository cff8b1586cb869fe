//! Requests and replies as they were sent over the connection, recorded for `explain`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use zookeeper::{AnyRequest, Applied, CreateMode, Operation, Read, ReadReply, Reply, Transaction};

use super::operation::{acl_of_client, stat};
use super::{Session, Stamp, lock};
use crate::error::Code;
use crate::zk::Stat;

/// Maximum number of exchanges to keep.
const MOST_KEPT: usize = 256;

/// Maximum number of parts of a transaction or multi-read to report.
const MOST_PARTS: usize = 64;

/// A request and its reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// When the reply arrived.
    pub at: Stamp,
    /// The number of the request on its connection.
    pub xid: i32,
    /// The request.
    pub request: Request,
    /// The server's reply.
    pub reply: Answer,
    /// The last zxid that the server had applied; for a write, the zxid of that write.
    pub zxid: Option<i64>,
    /// Size of the request's frame in bytes.
    pub sent_bytes: usize,
    /// Size of the reply's frame in bytes.
    pub received_bytes: usize,
    /// Time from queueing the request to receiving the reply.
    pub took: Duration,
}

/// A request, without data and without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The operation, as `ZooDefs.OpCode` names it.
    pub operation: &'static str,
    /// The path of the znode, inside the session's chroot.
    pub path: Option<String>,
    /// The other fields by name, in the order of the protocol.
    pub fields: Vec<(&'static str, String)>,
    /// The operations of a transaction or of a multi-read.
    pub parts: Vec<Request>,
    /// Whether the request is a write.
    pub writes: bool,
}

/// The outcome that the reply reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The server refused the request. In a transaction, `part` is the index of the failed
    /// operation.
    Refused {
        /// The error code.
        code: Code,
        /// The index of the failed operation.
        part: Option<usize>,
    },
    /// The request succeeded.
    Done(Done),
}

/// The result of a successful request, as far as its reply tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Done {
    /// The path of the created znode.
    pub created: Option<String>,
    /// The stat after the request.
    pub stat: Option<Stat>,
    /// The number of results: children, entries or znodes.
    pub count: Option<usize>,
    /// Whether the znode does not exist, which is a successful answer to `exists`.
    pub absent: bool,
    /// The results of the parts.
    pub parts: Vec<Answer>,
}

/// The last exchanges of a session.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    kept: VecDeque<Exchange>,
}

impl Exchanges {
    pub(super) fn note(&mut self, exchange: Exchange) {
        if self.kept.len() == MOST_KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(exchange);
    }

    /// Returns the exchange whose reply has this stamp.
    fn at(&self, at: Stamp) -> Option<&Exchange> {
        let index = self.kept.partition_point(|exchange| exchange.at < at);
        self.kept.get(index).filter(|exchange| exchange.at == at)
    }
}

impl Session {
    /// Starts or stops recording exchanges, on this connection and later ones.
    pub fn record_exchanges(&self, record: bool) {
        if let Some(connection) = self.current() {
            connection.client.observe(record);
        }
        self.lifecycle().observes = record;
    }

    /// Returns whether exchanges are recorded.
    pub fn records_exchanges(&self) -> bool {
        self.lifecycle().observes
    }

    /// Returns the exchanges whose replies have these stamps, as far as they are still kept.
    pub fn exchanges(&self, at: &[Stamp]) -> Vec<Exchange> {
        let exchanges = lock(&self.0.exchanges);
        let mut found: Vec<Exchange> =
            at.iter().filter_map(|at| exchanges.at(*at).cloned()).collect();
        found.dedup_by_key(|exchange| exchange.at);
        found
    }
}

impl Exchange {
    /// Returns whether the exchange was a successful write.
    pub fn changed_something(&self) -> bool {
        self.request.writes && matches!(self.reply, Answer::Done(_))
    }

    /// Returns the paths of the znodes that the exchange concerned.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let created = match &self.reply {
            Answer::Done(done) => done.created.as_deref(),
            Answer::Refused { .. } => None,
        };
        let parts = self.request.parts.iter().filter_map(|part| part.path.as_deref());
        created.or(self.request.path.as_deref()).into_iter().chain(parts)
    }

    pub(super) fn of_client(exchange: &zookeeper::Exchange, at: Stamp) -> Self {
        let reply = match &exchange.reply {
            Err(code) => Answer::refused(*code),
            Ok(reply) => Answer::of_client(reply),
        };
        Self {
            at,
            xid: exchange.xid,
            request: Request::of_client(&exchange.request),
            reply,
            zxid: exchange.zxid.map(|zxid| zxid.0),
            sent_bytes: exchange.sent_bytes,
            received_bytes: exchange.received_bytes,
            took: exchange.took,
        }
    }
}

impl Request {
    fn new(operation: &'static str, path: &Arc<str>) -> Self {
        let path = Some(path.to_string());
        Self { operation, path, fields: Vec::new(), parts: Vec::new(), writes: false }
    }

    fn without_path(operation: &'static str) -> Self {
        Self { operation, path: None, fields: Vec::new(), parts: Vec::new(), writes: false }
    }

    fn field(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    fn watch(self, watch: bool) -> Self {
        if watch { self.field("watch", "true") } else { self }
    }

    fn data(self, data: Option<&bytes::Bytes>) -> Self {
        let data = data.map_or_else(|| "null".to_owned(), |data| bytes(data.len()));
        self.field("data", data)
    }

    fn version(self, version: i32) -> Self {
        if version == super::operation::ANY_VERSION {
            self.field("version", "-1 (any)")
        } else {
            self.field("version", version.to_string())
        }
    }

    fn acl(self, acl: &[zookeeper::Acl]) -> Self {
        let acl = acl_of_client(&acl[..acl.len().min(MOST_PARTS)]);
        let entry = |(scheme, id, letters): (&str, &str, String)| {
            // The hash of a password is nearly as secret as the password.
            let id = match (scheme, id.split_once(':')) {
                ("digest", Some((user, _))) => format!("{user}:***"),
                _ => id.to_owned(),
            };
            format!("{scheme}:{id}:{letters}")
        };
        let entries: Vec<String> = acl.parts().map(entry).collect();
        self.field("acl", entries.join(","))
    }

    fn write(mut self) -> Self {
        self.writes = true;
        self
    }

    fn of_client(request: &AnyRequest) -> Self {
        use AnyRequest as R;
        let operation = request.op().name();
        let path = request.path();
        let new = || Self::new(operation, &path);
        match request {
            R::Create(create) => Self::create(operation, create),
            R::Delete(delete) => new().version(delete.version).write(),
            R::SetData(set) => new().data(set.data.as_ref()).version(set.version).write(),
            R::SetAcl(set) => new().acl(&set.acl).version(set.version).write(),
            R::Exists(exists) => new().watch(exists.watch),
            R::GetData(get) => new().watch(get.watch),
            R::GetChildren(get) => new().watch(get.watch),
            R::GetChildren2(get) => new().watch(get.watch),
            R::GetConfig(get) => new().watch(get.watch),
            R::AddWatch(add) => {
                let mode = match add.mode {
                    zookeeper::WatchMode::Persistent => "persistent",
                    zookeeper::WatchMode::PersistentRecursive => "persistent recursive",
                };
                new().field("mode", mode)
            }
            R::CheckWatches(check) => new().field("kind", kind(check.kind)),
            R::RemoveWatches(remove) => new().field("kind", kind(remove.kind)),
            R::Reconfig(reconfig) => {
                let mut this = Self::without_path(operation).write();
                for (name, members) in [
                    ("joining", &reconfig.joining),
                    ("leaving", &reconfig.leaving),
                    ("members", &reconfig.members),
                ] {
                    if let Some(members) = members {
                        this = this.field(name, members.as_str());
                    }
                }
                this
            }
            R::AddAuth(add) => Self::without_path(operation).field("scheme", &*add.scheme),
            R::Multi(multi) => {
                let parts = multi.operations.iter().take(MOST_PARTS).map(Self::part).collect();
                let operations = multi.operations.len();
                let this = Self::without_path(operation)
                    .field("operations", operations.to_string())
                    .write();
                Self { parts, ..this }
            }
            R::MultiRead(multi) => {
                let read = |read: &Read| match read {
                    Read::Children(path) => Self::new("getChildren", path),
                    Read::Data(path) => Self::new("getData", path),
                };
                let parts = multi.reads.iter().take(MOST_PARTS).map(read).collect();
                let this =
                    Self::without_path(operation).field("reads", multi.reads.len().to_string());
                Self { parts, ..this }
            }
            R::Close => Self::without_path(operation).write(),
            R::WhoAmI(_) => Self::without_path(operation),
            _ => new(),
        }
    }

    fn create(operation: &'static str, create: &zookeeper::Create) -> Self {
        let mode = match create.mode {
            CreateMode::Persistent => "persistent".to_owned(),
            CreateMode::Ephemeral => "ephemeral".to_owned(),
            CreateMode::PersistentSequential => "persistent sequential".to_owned(),
            CreateMode::EphemeralSequential => "ephemeral sequential".to_owned(),
            CreateMode::Container => "container".to_owned(),
            CreateMode::PersistentTtl(ttl) => format!("persistent, TTL {} ms", ttl.as_millis()),
            CreateMode::PersistentSequentialTtl(ttl) => {
                format!("persistent sequential, TTL {} ms", ttl.as_millis())
            }
        };
        let this = Self::new(operation, &create.path).data(create.data.as_ref());
        this.acl(&create.acl).field("mode", mode).write()
    }

    fn part(part: &Operation) -> Self {
        match part {
            Operation::Create(create) => Self::create("create", create),
            Operation::Delete(delete) => {
                Self::new("delete", &delete.path).version(delete.version).write()
            }
            Operation::SetData(set) => {
                Self::new("setData", &set.path).data(set.data.as_ref()).version(set.version).write()
            }
            Operation::Check(check) => Self::new("check", &check.path).version(check.version),
        }
    }
}

impl Answer {
    fn refused(code: zookeeper::Code) -> Self {
        Self::Refused { code: Code::from_number(code.number()), part: None }
    }

    fn of_client(reply: &Reply) -> Self {
        let done = Done::default();
        Self::Done(match reply {
            Reply::Created(created) => {
                Done { created: Some(created.path.clone()), stat: created.stat.map(stat), ..done }
            }
            Reply::Exists(found) => Done { stat: found.map(stat), absent: found.is_none(), ..done },
            Reply::Data(data) => Done { stat: Some(stat(data.stat)), ..done },
            Reply::Stat(of) => Done { stat: Some(stat(*of)), ..done },
            Reply::Acl(acl, of) => Done { stat: Some(stat(*of)), count: Some(acl.len()), ..done },
            Reply::Names(names) => Done { count: Some(names.len()), ..done },
            Reply::Children(names, of) => {
                Done { stat: Some(stat(*of)), count: Some(names.len()), ..done }
            }
            Reply::Number(number) => Done { count: usize::try_from(*number).ok(), ..done },
            Reply::Identities(identities) => Done { count: Some(identities.len()), ..done },
            Reply::Transaction(transaction) => match transaction.failure() {
                Some((part, code)) => {
                    let code = Code::from_number(code.number());
                    return Self::Refused { code, part: Some(part) };
                }
                None => Done { parts: applied(transaction), ..done },
            },
            Reply::Reads(reads) => {
                let parts = reads.iter().take(MOST_PARTS).map(|read| match read {
                    Err(code) => Self::refused(*code),
                    Ok(ReadReply::Children(names)) => {
                        Self::Done(Done { count: Some(names.len()), ..Done::default() })
                    }
                    Ok(ReadReply::Data(data)) => {
                        Self::Done(Done { stat: Some(stat(data.stat)), ..Done::default() })
                    }
                });
                Done { parts: parts.collect(), ..done }
            }
            _ => done,
        })
    }
}

fn applied(transaction: &Transaction) -> Vec<Answer> {
    let Transaction::Applied(parts) = transaction else { return Vec::new() };
    let answer = |part: &Applied| {
        let done = Done::default();
        Answer::Done(match part {
            // Some servers send a meaningless stat for a create inside a transaction.
            Applied::Created(created) => Done { created: Some(created.path.clone()), ..done },
            Applied::Set(of) => Done { stat: Some(stat(*of)), ..done },
            Applied::Deleted | Applied::Checked => done,
        })
    };
    parts.iter().take(MOST_PARTS).map(answer).collect()
}

fn bytes(count: usize) -> String {
    if count == 1 { "1 byte".to_owned() } else { format!("{count} bytes") }
}

fn kind(kind: zookeeper::RemoveKind) -> &'static str {
    use zookeeper::RemoveKind as Kind;
    match kind {
        Kind::Children => "children",
        Kind::Data => "data",
        Kind::Any => "any",
        Kind::Persistent => "persistent",
        Kind::PersistentRecursive => "persistent recursive",
    }
}
