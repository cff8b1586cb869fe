//! Decodes replies. A reply is accepted only if it matches the request in every field, to the last
//! byte.

use bytes::Bytes;

use crate::chroot::Chroot;
use crate::code::Code;
use crate::data::{Acl, Data, Identity, Names, Permissions, Stat};
use crate::jute::{Fault, Reader};
use crate::op::Op;
use crate::reply::{Applied, Created, ReadReply, Reply, Transaction};
use crate::request::{AnyRequest, Create, Operation, Read};

/// Maximum number of entries of an ACL, or identities of a session. A server accepts requests of 1
/// MiB, in which an ACL has at most some 80,000 entries.
const MOST_ENTRIES: usize = 100_000;

impl AnyRequest {
    /// Decodes the reply to this request, as sent to a client without a chroot, from the code in
    /// its header and the bytes after the header. The inner error is the server's refusal. The
    /// outer error says why this is no valid reply to the request.
    pub fn read_reply(&self, code: i32, body: &[u8]) -> Result<Result<Reply, Code>, &'static str> {
        read(self, code, body, &Chroot::none())
    }
}

/// Decodes the reply to a request. The inner error is the server's refusal.
pub(crate) fn read(
    request: &AnyRequest,
    code: i32,
    body: &[u8],
    chroot: &Chroot,
) -> Result<Result<Reply, Code>, Fault> {
    let mut from = Reader::new(body);
    if code != 0 {
        from.end().map_err(|_| "an error has a body")?;
        let code = Code::from_number(code);
        return Ok(match (request, code) {
            (AnyRequest::Exists(_), Code::NoNode) => Ok(Reply::Exists(None)),
            _ => Err(code),
        });
    }
    let reply = body_of(request, &mut from, chroot)?;
    from.end()?;
    Ok(Ok(reply))
}

fn body_of(request: &AnyRequest, from: &mut Reader<'_>, chroot: &Chroot) -> Result<Reply, Fault> {
    Ok(match request {
        AnyRequest::Create(create) => {
            let has_stat = create.op() != Op::Create;
            Reply::Created(created(create, has_stat, from, chroot)?)
        }
        AnyRequest::Delete(_)
        | AnyRequest::CheckWatches(_)
        | AnyRequest::RemoveWatches(_)
        | AnyRequest::AddAuth(_)
        | AnyRequest::Close => Reply::Done,
        AnyRequest::Exists(_) => Reply::Exists(Some(Stat::read(from)?)),
        AnyRequest::GetData(_) | AnyRequest::GetConfig(_) | AnyRequest::Reconfig(_) => {
            Reply::Data(data(from)?)
        }
        AnyRequest::SetData(_) | AnyRequest::SetAcl(_) => Reply::Stat(Stat::read(from)?),
        AnyRequest::GetAcl(_) => {
            let acl = acl(from)?;
            Reply::Acl(acl, Stat::read(from)?)
        }
        AnyRequest::GetChildren(_) => Reply::Names(names(from)?),
        AnyRequest::GetChildren2(_) => {
            let names = names(from)?;
            Reply::Children(names, Stat::read(from)?)
        }
        AnyRequest::Sync(sync) => {
            if from.string()? != chroot.full(&sync.path) {
                return Err("it names another path");
            }
            Reply::Done
        }
        AnyRequest::AddWatch(_) => {
            // An `ErrorResponse`, whose code is 0 if the header has no error.
            if from.int()? != 0 {
                return Err("it is success and error at once");
            }
            Reply::Done
        }
        AnyRequest::GetEphemerals(of) => {
            let prefix = chroot.full(&of.prefix);
            Reply::Names(paths(from, &prefix, chroot)?)
        }
        AnyRequest::GetAllChildrenNumber(_) => match from.int()? {
            number @ 0.. => Reply::Number(number),
            _ => return Err("a number of znodes is negative"),
        },
        AnyRequest::WhoAmI(_) => Reply::Identities(identities(from)?),
        AnyRequest::Multi(multi) => {
            Reply::Transaction(transaction(&multi.operations, from, chroot)?)
        }
        AnyRequest::MultiRead(multi) => Reply::Reads(reads(&multi.reads, from)?),
    })
}

fn created(
    create: &Create,
    has_stat: bool,
    from: &mut Reader<'_>,
    chroot: &Chroot,
) -> Result<Created, Fault> {
    let full = from.string()?;
    let path = chroot.inside(full).ok_or("it names a path outside the chroot")?;
    let rest = match (path, &*create.path) {
        // The digits follow the slash.
        (path, "/") if create.mode.is_sequential() => path.strip_prefix('/'),
        (path, asked) => path.strip_prefix(asked),
    };
    let expected = match rest {
        Some(rest) if create.mode.is_sequential() => is_sequence(rest),
        rest => rest == Some(""),
    };
    if !expected {
        return Err("it names another path");
    }
    let path = path.to_owned();
    let stat = if has_stat { Some(Stat::read(from)?) } else { None };
    Ok(Created { path, stat })
}

/// Returns whether these are digits as a server appends them: `%010d` of an int, which is negative
/// after an overflow.
fn is_sequence(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    (10..=11).contains(&text.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn data(from: &mut Reader<'_>) -> Result<Data, Fault> {
    let data = from.buffer()?.map(Bytes::copy_from_slice);
    Ok(Data { data, stat: Stat::read(from)? })
}

fn names(from: &mut Reader<'_>) -> Result<Names, Fault> {
    let count = from.count(5)?;
    // Other results may follow the names, so the names alone tell how much room they need.
    let mut ahead = from.clone();
    let mut bytes = 0;
    for _ in 0..count {
        bytes += ahead.buffer()?.map_or(0, <[u8]>::len);
    }
    let mut names = Names::with_capacity(count, bytes);
    for _ in 0..count {
        let name = from.string()?;
        if name.is_empty() || name.contains(['/', '\0']) {
            return Err("the name of a child is none");
        }
        names.push(name);
    }
    Ok(names)
}

/// Decodes paths that start with `prefix`, and skips those outside the chroot. The server compares
/// text only, so it may return some.
fn paths(from: &mut Reader<'_>, prefix: &str, chroot: &Chroot) -> Result<Names, Fault> {
    let count = from.count(5)?;
    let mut paths = Names::with_capacity(count, from.left() - 4 * count);
    for _ in 0..count {
        let path = from.string()?;
        if crate::chroot::check_path(path).is_err() || !path.starts_with(prefix) {
            return Err("it lists what was not asked for");
        }
        if let Some(path) = chroot.inside(path) {
            paths.push(path);
        }
    }
    Ok(paths)
}

fn acl(from: &mut Reader<'_>) -> Result<Vec<Acl>, Fault> {
    // Each entry has at least the permissions and the lengths of two strings.
    let count = from.count(12)?;
    if count > MOST_ENTRIES {
        return Err("an ACL has too many entries");
    }
    (0..count)
        .map(|_| {
            let (permissions, scheme, id) = (from.int()?, from.string()?, from.string()?);
            Ok(Acl::of_parts(Permissions(permissions), scheme, id))
        })
        .collect()
}

fn identities(from: &mut Reader<'_>) -> Result<Vec<Identity>, Fault> {
    let count = from.count(8)?;
    if count > MOST_ENTRIES {
        return Err("it has too many identities");
    }
    (0..count)
        .map(|_| {
            Ok(Identity { scheme: from.string()?.to_owned(), user: from.string()?.to_owned() })
        })
        .collect()
}

/// The header of each result of a transaction.
enum Part {
    Of(Op),
    Failed(Code),
    /// A failed read, as ClickHouse Keeper sends it.
    OfFailed(Op, Code),
    End,
}

fn part(from: &mut Reader<'_>) -> Result<Part, Fault> {
    let (number, done, code) = (from.int()?, from.boolean()?, from.int()?);
    match (number, done, code) {
        (-1, true, -1) => Ok(Part::End),
        (-1, false, code) => {
            if from.int()? != code {
                return Err("a result has two codes");
            }
            Ok(Part::Failed(Code::from_number(code)))
        }
        (number, false, code) => {
            let op = Op::from_number(number).ok_or("no such operation")?;
            let code = Code::from_number(code);
            Ok(if code == Code::Ok { Part::Of(op) } else { Part::OfFailed(op, code) })
        }
        _ => Err("the header of a result is none"),
    }
}

fn transaction(
    operations: &[Operation],
    from: &mut Reader<'_>,
    chroot: &Chroot,
) -> Result<Transaction, Fault> {
    let (mut applied, mut failed) = (Vec::new(), Vec::new());
    for operation in operations {
        match part(from)? {
            Part::End => return Err("it has too few results"),
            Part::Failed(code) => failed.push(code),
            Part::OfFailed(..) => return Err("the header of a result is none"),
            Part::Of(op) => applied.push(applied_of(operation, op, from, chroot)?),
        }
    }
    if !matches!(part(from)?, Part::End) {
        return Err("it has too many results");
    }
    match (applied.is_empty(), failed.is_empty()) {
        (_, true) => Ok(Transaction::Applied(applied)),
        (true, false) if failed.iter().any(|code| *code != Code::Ok) => {
            Ok(Transaction::Failed(failed))
        }
        _ => Err("it is applied and failed at once"),
    }
}

fn applied_of(
    operation: &Operation,
    op: Op,
    from: &mut Reader<'_>,
    chroot: &Chroot,
) -> Result<Applied, Fault> {
    Ok(match (operation, op) {
        // Before 3.8 a transaction has no stat of a znode that is created with one.
        (Operation::Create(create), Op::Create) => {
            Applied::Created(created(create, false, from, chroot)?)
        }
        // Servers answer creates of containers and TTL znodes like `create2`.
        (Operation::Create(create), Op::Create2) if create.op() != Op::Create => {
            Applied::Created(created(create, true, from, chroot)?)
        }
        (Operation::Delete(_), Op::Delete) => Applied::Deleted,
        (Operation::SetData(_), Op::SetData) => Applied::Set(Stat::read(from)?),
        (Operation::Check(_), Op::Check) => Applied::Checked,
        _ => return Err("a result is one of another operation"),
    })
}

fn reads(reads: &[Read], from: &mut Reader<'_>) -> Result<Vec<Result<ReadReply, Code>>, Fault> {
    let mut replies = Vec::with_capacity(reads.len());
    for read in reads {
        replies.push(match part(from)? {
            Part::End => return Err("it has too few results"),
            Part::Failed(Code::Ok) => return Err("a result is success and error at once"),
            Part::Of(op) | Part::OfFailed(op, _) if op != read.op() => {
                return Err("a result is one of another operation");
            }
            Part::Failed(code) | Part::OfFailed(_, code) => Err(code),
            Part::Of(Op::GetChildren) => Ok(ReadReply::Children(names(from)?)),
            Part::Of(_) => Ok(ReadReply::Data(data(from)?)),
        });
    }
    if matches!(part(from)?, Part::End) { Ok(replies) } else { Err("it has too many results") }
}
