//! Encodes requests for the wire.

use std::sync::Arc;

use crate::chroot::{Chroot, check_path, check_prefix};
use crate::data::Acl;
use crate::jute::{Fault, Writer};
use crate::op::Op;
use crate::request::{AnyRequest, CONFIG_PATH, Check, Create, Delete, Operation, Read, SetData};

/// The xid of credentials.
pub(crate) const AUTH_XID: i32 = -4;
pub(crate) const EVENT_XID: i32 = -1;
pub(crate) const PING_XID: i32 = -2;
pub(crate) const SET_WATCHES_XID: i32 = -8;

/// Checks that the paths of a request are valid.
pub(crate) fn check(request: &AnyRequest) -> Result<(), Fault> {
    match request {
        AnyRequest::Create(create) => check_create(create),
        AnyRequest::Multi(multi) => multi.operations.iter().try_for_each(|each| match each {
            Operation::Create(create) => check_create(create),
            other => check_path(other.path()),
        }),
        AnyRequest::MultiRead(multi) => {
            multi.reads.iter().try_for_each(|read| check_path(read.path()))
        }
        AnyRequest::GetEphemerals(of) => check_prefix(&of.prefix),
        AnyRequest::WhoAmI(_)
        | AnyRequest::Reconfig(_)
        | AnyRequest::AddAuth(_)
        | AnyRequest::GetConfig(_)
        | AnyRequest::Close => Ok(()),
        other => check_path(&other.path()),
    }
}

fn check_create(create: &Create) -> Result<(), Fault> {
    if create.mode.is_sequential() { check_prefix(&create.path) } else { check_path(&create.path) }
}

/// Writes the frame of a request.
pub(crate) fn request(request: &AnyRequest, xid: i32, chroot: &Chroot, out: &mut Vec<u8>) {
    Writer(out).frame(|to| {
        to.int(xid);
        to.int(request.op().number());
        body(request, chroot, to);
    });
}

/// Changes a request that was just written so that it sets no new watch. For a read this clears the
/// watch flag. An `addWatch` gets the mode of the recursive watch that already covers it. Either is
/// its last byte.
pub(crate) fn cover(request: &AnyRequest, out: &mut [u8]) {
    if let Some(last) = out.last_mut() {
        *last = u8::from(matches!(request, AnyRequest::AddWatch(_)));
    }
}

fn body(request: &AnyRequest, chroot: &Chroot, to: &mut Writer<'_>) {
    match request {
        AnyRequest::Create(create) => write_create(create, chroot, to),
        AnyRequest::Delete(delete) => write_delete(delete, chroot, to),
        AnyRequest::SetData(set) => write_set(set, chroot, to),
        AnyRequest::Exists(read) => watched(&read.path, read.watch, chroot, to),
        AnyRequest::GetData(read) => watched(&read.path, read.watch, chroot, to),
        AnyRequest::GetChildren(read) => watched(&read.path, read.watch, chroot, to),
        AnyRequest::GetChildren2(read) => watched(&read.path, read.watch, chroot, to),
        AnyRequest::GetConfig(read) => {
            to.string(CONFIG_PATH);
            to.boolean(read.watch);
        }
        AnyRequest::GetAcl(get) => chroot.write(&get.path, to),
        AnyRequest::SetAcl(set) => {
            chroot.write(&set.path, to);
            write_acl(&set.acl, to);
            to.int(set.version);
        }
        AnyRequest::Sync(sync) => chroot.write(&sync.path, to),
        AnyRequest::Multi(multi) => {
            for operation in &multi.operations {
                part(operation.op(), to);
                match operation {
                    Operation::Create(create) => write_create(create, chroot, to),
                    Operation::Delete(delete) => write_delete(delete, chroot, to),
                    Operation::SetData(set) => write_set(set, chroot, to),
                    Operation::Check(Check { path, version }) => {
                        chroot.write(path, to);
                        to.int(*version);
                    }
                }
            }
            end(to);
        }
        AnyRequest::MultiRead(multi) => {
            for read in &multi.reads {
                part(read.op(), to);
                match read {
                    Read::Children(path) | Read::Data(path) => watched(path, false, chroot, to),
                }
            }
            end(to);
        }
        AnyRequest::AddWatch(add) => {
            chroot.write(&add.path, to);
            to.int(add.mode.number());
        }
        AnyRequest::CheckWatches(check) => {
            chroot.write(&check.path, to);
            to.int(check.kind.number());
        }
        AnyRequest::RemoveWatches(remove) => {
            chroot.write(&remove.path, to);
            to.int(remove.kind.number());
        }
        AnyRequest::GetEphemerals(of) => chroot.write(&of.prefix, to),
        AnyRequest::GetAllChildrenNumber(of) => chroot.write(&of.path, to),
        AnyRequest::Reconfig(reconfig) => {
            for text in [&reconfig.joining, &reconfig.leaving, &reconfig.members] {
                to.nullable(text.as_ref().map(String::as_bytes));
            }
            to.long(reconfig.version);
        }
        AnyRequest::AddAuth(add) => write_auth(&add.scheme, &add.auth, to),
        AnyRequest::WhoAmI(_) | AnyRequest::Close => {}
    }
}

fn watched(path: &str, watch: bool, chroot: &Chroot, to: &mut Writer<'_>) {
    chroot.write(path, to);
    to.boolean(watch);
}

fn write_create(create: &Create, chroot: &Chroot, to: &mut Writer<'_>) {
    if create.mode.is_sequential() {
        chroot.write_prefix(&create.path, to);
    } else {
        chroot.write(&create.path, to);
    }
    to.nullable(create.data.as_deref());
    write_acl(&create.acl, to);
    to.int(create.mode.flags());
    if let Some(ttl) = create.mode.ttl() {
        to.long(ttl);
    }
}

fn write_delete(delete: &Delete, chroot: &Chroot, to: &mut Writer<'_>) {
    chroot.write(&delete.path, to);
    to.int(delete.version);
}

fn write_set(set: &SetData, chroot: &Chroot, to: &mut Writer<'_>) {
    chroot.write(&set.path, to);
    to.nullable(set.data.as_deref());
    to.int(set.version);
}

fn write_acl(acl: &[Acl], to: &mut Writer<'_>) {
    to.length(acl.len());
    for entry in acl {
        to.int(entry.permissions.0);
        to.string(&entry.scheme);
        to.string(&entry.id);
    }
}

fn write_auth(scheme: &str, auth: &[u8], to: &mut Writer<'_>) {
    // The type, which servers ignore.
    to.int(0);
    to.string(scheme);
    to.buffer(auth);
}

fn part(op: Op, to: &mut Writer<'_>) {
    to.int(op.number());
    to.boolean(false);
    to.int(-1);
}

fn end(to: &mut Writer<'_>) {
    to.int(-1);
    to.boolean(true);
    to.int(-1);
}

/// Writes a ping.
pub(crate) fn ping(out: &mut Vec<u8>) {
    Writer(out).frame(|to| {
        to.int(PING_XID);
        to.int(Op::Ping.number());
    });
}

/// Writes a SASL token.
pub(crate) fn sasl(xid: i32, token: &[u8], out: &mut Vec<u8>) {
    Writer(out).frame(|to| {
        to.int(xid);
        to.int(Op::Sasl.number());
        to.buffer(token);
    });
}

/// Writes credentials.
pub(crate) fn auth(scheme: &str, auth: &[u8], out: &mut Vec<u8>) {
    Writer(out).frame(|to| {
        to.int(AUTH_XID);
        to.int(Op::Auth.number());
        write_auth(scheme, auth, to);
    });
}

/// Writes the request that sets watches again. Three lists make a `setWatches`, which every release
/// supports; five make a `setWatches2`.
pub(crate) fn set_watches(seen: i64, lists: &[Vec<Arc<str>>], out: &mut Vec<u8>) {
    let op = if lists.len() > 3 { Op::SetWatches2 } else { Op::SetWatches };
    Writer(out).frame(|to| {
        to.int(SET_WATCHES_XID);
        to.int(op.number());
        to.long(seen);
        for list in lists {
            to.length(list.len());
            for path in list {
                to.string(path);
            }
        }
    });
}

/// The connect request.
pub(crate) struct Hello<'a> {
    pub(crate) last_zxid: i64,
    pub(crate) timeout: i32,
    pub(crate) session: i64,
    pub(crate) password: &'a [u8],
    pub(crate) read_only: bool,
}

/// Writes the connect request.
pub(crate) fn hello(hello: &Hello<'_>, out: &mut Vec<u8>) {
    Writer(out).frame(|to| {
        to.int(0);
        to.long(hello.last_zxid);
        to.int(hello.timeout);
        to.long(hello.session);
        to.buffer(hello.password);
        to.boolean(hello.read_only);
    });
}
