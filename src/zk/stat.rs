//! The stat of a znode: versions, zxids, times and sizes.

/// The stat structure of a znode (`org.apache.zookeeper.data.Stat`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stat {
    /// Zxid of the change that created the znode.
    pub czxid: i64,
    /// Zxid of the last change of the data.
    pub mzxid: i64,
    /// Zxid of the last change of the list of children.
    pub pzxid: i64,
    /// When the znode was created: milliseconds since 1970, by the server's clock.
    pub ctime: i64,
    /// When the data last changed: milliseconds since 1970, by the server's clock.
    pub mtime: i64,
    /// Number of changes of the data.
    pub version: i32,
    /// Number of changes of the list of children.
    pub cversion: i32,
    /// Number of changes of the ACL.
    pub aversion: i32,
    /// Session that owns an ephemeral znode; 0 for any other.
    pub ephemeral_owner: i64,
    /// Length of the data in bytes.
    pub data_length: i32,
    /// Number of children.
    pub num_children: i32,
}
