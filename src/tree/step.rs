//! The operations that plans consist of, and their JSON form.

use serde::{Deserialize, Serialize};

use super::snapshot::data_json;
use super::{Acl, Data, Kind};
use crate::zk::ZnodePath;

/// One operation. A step that changes or deletes a znode is refused if the znode has another
/// version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "camelCase", deny_unknown_fields)]
pub enum Step {
    /// Creates a znode, which must not exist.
    Create {
        /// The path of the znode.
        #[serde(with = "path_json")]
        path: ZnodePath,
        /// Its data.
        #[serde(with = "data_json")]
        data: Data,
        /// Its ACL.
        acl: Acl,
        /// What determines its lifetime.
        #[serde(with = "kind_json")]
        kind: Kind,
    },
    /// Replaces the data.
    SetData {
        /// The path of the znode.
        #[serde(with = "path_json")]
        path: ZnodePath,
        /// The new data.
        #[serde(with = "data_json")]
        data: Data,
        /// The version of the old data.
        version: i32,
    },
    /// Replaces the ACL.
    SetAcl {
        /// The path of the znode.
        #[serde(with = "path_json")]
        path: ZnodePath,
        /// The new ACL.
        acl: Acl,
        /// The version of the old ACL (`aclVersion`).
        version: i32,
    },
    /// Deletes a znode.
    Delete {
        /// The path of the znode.
        #[serde(with = "path_json")]
        path: ZnodePath,
        /// The version of its data.
        version: i32,
    },
}

mod path_json {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::zk::ZnodePath;

    pub(super) fn serialize<S: Serializer>(path: &ZnodePath, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(path.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<ZnodePath, D::Error> {
        ZnodePath::new(String::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// The JSON form of a kind: `"persistent"`, `"ephemeral"`, `"container"`, or `{"ttl":
/// milliseconds}`.
pub(super) mod kind_json {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::tree::Kind;

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    enum Json {
        Persistent,
        Ephemeral,
        Container,
        Ttl(u64),
    }

    pub(in crate::tree) fn serialize<S: Serializer>(kind: &Kind, to: S) -> Result<S::Ok, S::Error> {
        match *kind {
            Kind::Persistent => Json::Persistent,
            Kind::Ephemeral => Json::Ephemeral,
            Kind::Container => Json::Container,
            Kind::Ttl(milliseconds) => Json::Ttl(milliseconds),
        }
        .serialize(to)
    }

    pub(in crate::tree) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Kind, D::Error> {
        Ok(match Json::deserialize(from)? {
            Json::Persistent => Kind::Persistent,
            Json::Ephemeral => Kind::Ephemeral,
            Json::Container => Kind::Container,
            Json::Ttl(milliseconds) => Kind::Ttl(milliseconds),
        })
    }
}

impl Step {
    /// Returns the path of the znode.
    pub fn path(&self) -> &ZnodePath {
        match self {
            Self::Create { path, .. }
            | Self::SetData { path, .. }
            | Self::SetAcl { path, .. }
            | Self::Delete { path, .. } => path,
        }
    }

    /// Returns the approximate size of the step in a request, in bytes.
    pub fn wire_length(&self) -> usize {
        /// Operation, flags, version and the lengths of strings.
        const FIXED: usize = 40;
        let of_acl = |acl: &Acl| -> usize {
            acl.0.iter().map(|entry| 12 + entry.scheme.len() + entry.id.len()).sum()
        };
        let rest = match self {
            Self::Create { data, acl, .. } => data.bytes().len() + of_acl(acl),
            Self::SetData { data, .. } => data.bytes().len(),
            Self::SetAcl { acl, .. } => of_acl(acl),
            Self::Delete { .. } => 0,
        };
        FIXED + self.path().as_str().len() + rest
    }
}
