//! Decodes requests from their frames.

use super::{Malformed, Reader};
use crate::sandbox::acl::{Acl, Id};
use crate::sandbox::operation::{
    ConnectRequest, Create, CreateKind, Data, OldWatches, Operation, Request, SessionId, WatchKind,
    WatchMode,
};

/// The type numbers of requests (ZooDefs.OpCode).
mod code {
    pub(super) const CREATE: i32 = 1;
    pub(super) const DELETE: i32 = 2;
    pub(super) const EXISTS: i32 = 3;
    pub(super) const GET_DATA: i32 = 4;
    pub(super) const SET_DATA: i32 = 5;
    pub(super) const GET_ACL: i32 = 6;
    pub(super) const SET_ACL: i32 = 7;
    pub(super) const GET_CHILDREN: i32 = 8;
    pub(super) const SYNC: i32 = 9;
    pub(super) const PING: i32 = 11;
    pub(super) const GET_CHILDREN2: i32 = 12;
    pub(super) const CHECK: i32 = 13;
    pub(super) const MULTI: i32 = 14;
    pub(super) const CREATE2: i32 = 15;
    pub(super) const RECONFIG: i32 = 16;
    pub(super) const CHECK_WATCHES: i32 = 17;
    pub(super) const REMOVE_WATCHES: i32 = 18;
    pub(super) const CREATE_CONTAINER: i32 = 19;
    pub(super) const DELETE_CONTAINER: i32 = 20;
    pub(super) const CREATE_TTL: i32 = 21;
    pub(super) const MULTI_READ: i32 = 22;
    pub(super) const AUTH: i32 = 100;
    pub(super) const SET_WATCHES: i32 = 101;
    pub(super) const SASL: i32 = 102;
    pub(super) const GET_EPHEMERALS: i32 = 103;
    pub(super) const GET_ALL_CHILDREN_NUMBER: i32 = 104;
    pub(super) const SET_WATCHES2: i32 = 105;
    pub(super) const ADD_WATCH: i32 = 106;
    pub(super) const WHO_AM_I: i32 = 107;
    pub(super) const CLOSE: i32 = -11;
}

/// Decodes the connect request.
pub(crate) fn connect_request(frame: &[u8]) -> Result<ConnectRequest, Malformed> {
    let mut reader = Reader(frame);
    let _protocol = reader.int()?;
    Ok(ConnectRequest {
        last_zxid: reader.long()?,
        timeout: reader.int()?,
        session: SessionId(reader.long()?),
        password: reader.buffer()?.unwrap_or_default().to_vec(),
        // Clients before 3.4 do not send this field.
        read_only: reader.boolean().ok(),
    })
}

/// Decodes any later request. A frame without a header is malformed. A body that cannot be parsed
/// becomes an operation of its own, because the server answers it.
pub(crate) fn request(frame: &[u8]) -> Result<Request, Malformed> {
    let mut reader = Reader(frame);
    let xid = reader.int()?;
    let number = reader.int()?;
    let operation = body(number, &mut reader)
        .unwrap_or_else(|Malformed| Operation::Malformed { write: is_write(number) });
    Ok(Request { xid, operation })
}

fn is_write(number: i32) -> bool {
    matches!(
        number,
        code::CREATE
            | code::CREATE2
            | code::CREATE_CONTAINER
            | code::CREATE_TTL
            | code::DELETE
            | code::SET_DATA
            | code::SET_ACL
            | code::CHECK
            | code::MULTI
    )
}

fn body(number: i32, reader: &mut Reader<'_>) -> Result<Operation, Malformed> {
    Ok(match number {
        code::CREATE => create(CreateKind::Create, reader)?,
        code::CREATE2 => create(CreateKind::Create2, reader)?,
        code::CREATE_CONTAINER => create(CreateKind::Container, reader)?,
        code::CREATE_TTL => create(CreateKind::Ttl(0), reader)?,
        code::DELETE => Operation::Delete { path: reader.string()?, version: reader.int()? },
        code::SET_DATA => set_data(reader)?,
        code::CHECK => Operation::Check { path: reader.string()?, version: reader.int()? },
        code::SET_ACL => Operation::SetAcl {
            path: reader.string()?,
            acl: reader.list(acl)?,
            version: reader.int()?,
        },
        code::MULTI => Operation::Multi(several(true, reader)?),
        code::MULTI_READ => Operation::MultiRead(several(false, reader)?),
        code::RECONFIG => {
            for _ in 0..3 {
                reader.nullable()?;
            }
            reader.long()?;
            Operation::Reconfig
        }
        code::DELETE_CONTAINER => Operation::DeleteContainer,
        code::CLOSE => Operation::Close,
        code::EXISTS => Operation::Exists { path: reader.string()?, watch: reader.boolean()? },
        code::GET_DATA => Operation::GetData { path: reader.string()?, watch: reader.boolean()? },
        code::GET_ACL => Operation::GetAcl { path: reader.string()? },
        code::GET_CHILDREN => {
            Operation::GetChildren { path: reader.string()?, watch: reader.boolean()? }
        }
        code::GET_CHILDREN2 => {
            Operation::GetChildren2 { path: reader.string()?, watch: reader.boolean()? }
        }
        code::GET_ALL_CHILDREN_NUMBER => Operation::GetAllChildrenNumber { path: reader.string()? },
        code::GET_EPHEMERALS => {
            Operation::GetEphemerals { prefix: reader.nullable()?.unwrap_or_default() }
        }
        code::SYNC => Operation::Sync { path: reader.string()? },
        code::PING => Operation::Ping,
        code::WHO_AM_I => Operation::WhoAmI,
        code::AUTH => {
            reader.int()?;
            Operation::Auth {
                scheme: reader.string()?,
                credentials: reader.buffer()?.ok_or(Malformed)?.to_vec(),
            }
        }
        code::SASL => Operation::Sasl(reader.buffer()?.ok_or(Malformed)?.to_vec()),
        code::SET_WATCHES => Operation::SetWatches(Box::new(old_watches(reader)?)),
        code::SET_WATCHES2 => {
            let mut watches = old_watches(reader)?;
            watches.persistent = reader.list(Reader::string)?;
            watches.recursive = reader.list(Reader::string)?;
            Operation::SetWatches(Box::new(watches))
        }
        code::ADD_WATCH => {
            let path = reader.string()?;
            let mode = match reader.int()? {
                0 => WatchMode::Persistent,
                1 => WatchMode::Recursive,
                _ => return Err(Malformed),
            };
            Operation::AddWatch { path, mode }
        }
        code::CHECK_WATCHES => {
            Operation::CheckWatches { path: reader.string()?, kind: watch_kind(reader)? }
        }
        code::REMOVE_WATCHES => {
            Operation::RemoveWatches { path: reader.string()?, kind: watch_kind(reader)? }
        }
        _ => Operation::Unknown,
    })
}

fn create(kind: CreateKind, reader: &mut Reader<'_>) -> Result<Operation, Malformed> {
    let path = reader.string()?;
    let data = data(reader)?;
    let acl = reader.list(acl)?;
    let flags = reader.int()?;
    let kind = match kind {
        CreateKind::Ttl(_) => CreateKind::Ttl(reader.long()?),
        kind => kind,
    };
    Ok(Operation::Create(Create { kind, path, data, acl, flags }))
}

fn set_data(reader: &mut Reader<'_>) -> Result<Operation, Malformed> {
    let path = reader.string()?;
    Ok(Operation::SetData { path, data: data(reader)?, version: reader.int()? })
}

fn data(reader: &mut Reader<'_>) -> Result<Data, Malformed> {
    Ok(reader.buffer()?.map(Into::into))
}

fn acl(reader: &mut Reader<'_>) -> Result<Acl, Malformed> {
    let permissions = reader.int()?;
    // A null scheme or id is treated like an empty one: no scheme accepts it.
    let scheme = reader.nullable()?.unwrap_or_default();
    let id = reader.nullable()?.unwrap_or_default();
    Ok(Acl { permissions, id: Id { scheme, id } })
}

fn old_watches(reader: &mut Reader<'_>) -> Result<OldWatches, Malformed> {
    Ok(OldWatches {
        seen: reader.long()?,
        data: reader.list(Reader::string)?,
        exists: reader.list(Reader::string)?,
        children: reader.list(Reader::string)?,
        ..OldWatches::default()
    })
}

fn watch_kind(reader: &mut Reader<'_>) -> Result<WatchKind, Malformed> {
    match reader.int()? {
        1 => Ok(WatchKind::Children),
        2 => Ok(WatchKind::Data),
        3 => Ok(WatchKind::Any),
        _ => Err(Malformed),
    }
}

/// Decodes the operations of a multi. Each follows a header, and a last header says "done". All
/// must be writes, or all reads.
fn several(writes: bool, reader: &mut Reader<'_>) -> Result<Vec<Operation>, Malformed> {
    let mut operations = Vec::new();
    loop {
        let number = reader.int()?;
        let done = reader.boolean()?;
        reader.int()?;
        if done {
            break;
        }
        let operation = match number {
            code::CREATE | code::CREATE2 | code::CREATE_CONTAINER | code::CREATE_TTL => {
                by_flags(body(number, reader)?)
            }
            code::DELETE | code::SET_DATA | code::CHECK | code::GET_CHILDREN | code::GET_DATA => {
                body(number, reader)?
            }
            _ => return Err(Malformed),
        };
        if operation.is_write() != writes {
            return Err(Malformed);
        }
        operations.push(operation);
    }
    Ok(operations)
}

/// In a multi the create mode takes precedence over the request type (`Op.Create`).
fn by_flags(operation: Operation) -> Operation {
    let Operation::Create(mut create) = operation else { return operation };
    create.kind = match (create.flags, create.kind) {
        (4, _) => CreateKind::Container,
        (0..=3, CreateKind::Ttl(_)) => CreateKind::Create,
        (_, kind) => kind,
    };
    Operation::Create(create)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(parts: &[&[u8]]) -> Vec<u8> {
        parts.concat()
    }

    #[test]
    fn a_request_without_a_header_is_malformed() {
        assert_eq!(request(&[0, 0, 0, 1, 0, 0, 0]), Err(Malformed));
    }

    #[test]
    fn a_body_that_cannot_be_read_has_an_answer() {
        let header = [0, 0, 0, 7, 0, 0, 0, 1];
        let read = request(&frame(&[&header, &[0, 0, 0, 200, b'/']])).expect("a header");
        assert_eq!(read, Request { xid: 7, operation: Operation::Malformed { write: true } });
    }

    #[test]
    fn every_prefix_of_a_request_is_read_without_panic() {
        let path = [0, 0, 0, 2, b'/', b'a'];
        let acl = [0, 0, 0, 1, 0, 0, 0, 31, 0, 0, 0, 1, b'w', 0, 0, 0, 1, b'a'];
        let create = frame(&[&[0; 7], &[1], &path, &[0, 0, 0, 0], &acl, &[0, 0, 0, 2]]);
        for end in 0..create.len() {
            let read = request(&create[..end]);
            if end >= 8 {
                let malformed = Operation::Malformed { write: true };
                assert_eq!(read.expect("a header").operation, malformed);
            }
        }
        let whole = request(&create).expect("a header").operation;
        assert!(matches!(whole, Operation::Create(Create { flags: 2, .. })), "{whole:?}");
    }

    #[test]
    fn reads_and_writes_do_not_mix_in_a_multi() {
        let path = [0, 0, 0, 2, b'/', b'a'];
        let delete = frame(&[&[0, 0, 0, 2, 0, 0, 0, 0, 0], &path, &[0xff; 4]]);
        let get = frame(&[&[0, 0, 0, 4, 0, 0, 0, 0, 0], &path, &[0]]);
        let done = [0xff, 0xff, 0xff, 0xff, 1, 0xff, 0xff, 0xff, 0xff];
        let multi = frame(&[&[0, 0, 0, 1, 0, 0, 0, 14], &delete, &get, &done]);
        let read = request(&multi).expect("a header").operation;
        assert_eq!(read, Operation::Malformed { write: true });
    }

    #[test]
    fn a_connect_request_of_an_old_client_has_no_last_byte() {
        let old = frame(&[&[0; 12], &[0, 0, 0x75, 0x30], &[0; 8], &[0, 0, 0, 16], &[0; 16]]);
        let read = connect_request(&old).expect("whole");
        assert_eq!((read.timeout, read.read_only), (30_000, None));
        let read_only = |byte| connect_request(&frame(&[&old, &[byte]])).expect("whole").read_only;
        assert_eq!((read_only(0), read_only(1)), (Some(false), Some(true)));
        assert_eq!(connect_request(&old[..20]), Err(Malformed));
    }
}
