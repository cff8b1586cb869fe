//! ZooKeeper's concepts, without any I/O: paths, connection strings, stats, ACLs, events, quotas
//! and versions, and the rules that make them valid.

mod acl;
mod connect_string;
mod data;
mod event;
mod path;
mod quota;
mod security;
mod server_version;
mod stat;
mod watch_kind;

pub use self::acl::{Acl, AclEntry, digest};
pub use self::connect_string::{DEFAULT_PORT, Host, Servers, host_and_port};
pub use self::data::ZnodeData;
pub use self::event::{Event, EventKind};
pub use self::path::{TypedPath, ZnodePath};
pub use self::quota::{Limit, Quota, Track};
pub use self::security::{
    Kerberos, KeyFile, PasswordCommand, SaslUser, Secret, Security, Tickets, Tls,
};
pub use self::server_version::{Feature, Release, ServerStatus, ServerVersion};
pub use self::stat::Stat;
pub use self::watch_kind::WatchKind;
