//! Single writes of a recording, and what they will replace.

use std::collections::HashMap;

use super::{After, Before, Written};
use crate::error::{Error, Result};
use crate::session::Operation;
use crate::zk::{Acl, Stat, ZnodeData, ZnodePath};

/// A write that is recorded.
#[derive(Debug, Clone)]
pub(in crate::session) enum Item {
    /// An operation that a transaction can also contain.
    Of(Operation),
    /// Replaces the ACL, which always needs a request of its own.
    SetAcl {
        /// The znode.
        path: ZnodePath,
        /// The new ACL.
        acl: Acl,
        /// The expected version of the old one.
        version: Option<i32>,
    },
}

/// The parts of a znode that are read before a write.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Needs {
    pub(super) data: bool,
    pub(super) acl: bool,
}

/// The states of znodes before a write, by path.
pub(super) type Images = HashMap<String, Result<Before>>;

impl Item {
    /// Returns the expected version.
    pub(super) fn version(&self) -> Option<i32> {
        match self {
            Self::Of(Operation::Set { version, .. } | Operation::Delete { version, .. })
            | Self::SetAcl { version, .. } => *version,
            Self::Of(_) => None,
        }
    }

    fn with_version(&self, expected: i32) -> Self {
        let mut item = self.clone();
        match &mut item {
            Self::Of(Operation::Set { version, .. } | Operation::Delete { version, .. })
            | Self::SetAcl { version, .. } => {
                version.get_or_insert(expected);
            }
            Self::Of(_) => {}
        }
        item
    }

    /// Returns the znode to read before the write and the parts to read, or none if nothing is
    /// replaced.
    pub(super) fn needs(&self) -> Option<(&ZnodePath, Needs)> {
        match self {
            Self::Of(Operation::Set { path, .. }) => Some((path, Needs { data: true, acl: false })),
            Self::Of(Operation::Delete { path, .. }) => {
                Some((path, Needs { data: true, acl: true }))
            }
            Self::SetAcl { path, .. } => Some((path, Needs { data: false, acl: true })),
            Self::Of(Operation::Create { .. } | Operation::Check { .. }) => None,
        }
    }
}

/// The writes to send, and the records of them.
pub(super) struct Draft {
    /// The writes, with the versions that were read.
    pub(super) items: Vec<Item>,
    /// The records of the writes that change something.
    pub(super) written: Vec<Written>,
    /// Why the replaced state is unknown, if it is.
    pub(super) unknown: Option<Error>,
}

/// Adds the versions to writes. Each write takes into account the state that those before it leave.
pub(super) fn draft(items: &[Item], images: &Images) -> Draft {
    let mut state: HashMap<&str, Before> = HashMap::new();
    let mut draft = Draft { items: Vec::new(), written: Vec::new(), unknown: None };
    for item in items {
        if let Item::Of(Operation::Create { prefix, data, mode, acl }) = item {
            let made =
                Before { data: Some(data.clone()), acl: Some(acl.clone()), stat: Stat::default() };
            state.insert(prefix, made);
            let after = Some(After { czxid: 0, version: Some(0), aversion: Some(0) });
            draft.note(item.clone(), prefix, None, after, mode.sequential);
            continue;
        }
        let Some((path, _)) = item.needs() else {
            draft.items.push(item.clone());
            continue;
        };
        let path = path.as_str();
        let before = match (state.get(path), images.get(path)) {
            (Some(before), _) | (None, Some(Ok(before))) => before.clone(),
            (None, unread) => {
                let error = unread.and_then(|unread| unread.as_ref().err()).cloned();
                draft.unknown = draft.unknown.or(error);
                draft.items.push(item.clone());
                continue;
            }
        };
        match item {
            Item::Of(Operation::Set { data, .. }) => {
                draft.set(item, path, before, data, &mut state);
            }
            Item::Of(Operation::Delete { .. }) => {
                state.remove(path);
                let sent = item.with_version(before.stat.version);
                draft.note(sent, path, Some(before), None, false);
            }
            Item::SetAcl { .. } => {
                let stat = before.stat;
                let sent = item.with_version(stat.aversion);
                let aversion = Some(sent.version().unwrap_or(stat.aversion).wrapping_add(1));
                let after = After { czxid: stat.czxid, version: None, aversion };
                let before = Before { data: None, ..before };
                draft.note(sent, path, Some(before), Some(after), false);
            }
            Item::Of(_) => {}
        }
    }
    draft
}

impl Draft {
    fn set<'i>(
        &mut self,
        item: &'i Item,
        path: &'i str,
        before: Before,
        data: &ZnodeData,
        state: &mut HashMap<&'i str, Before>,
    ) {
        let stat = before.stat;
        let sent = item.with_version(stat.version);
        let version = sent.version().unwrap_or(stat.version).wrapping_add(1);
        let after = After { czxid: stat.czxid, version: Some(version), aversion: None };
        let next = Before {
            data: Some(data.clone()),
            acl: before.acl.clone(),
            stat: Stat { version, ..stat },
        };
        state.insert(path, next);
        self.note(sent, path, Some(Before { acl: None, ..before }), Some(after), false);
    }

    fn note(
        &mut self,
        item: Item,
        path: &str,
        before: Option<Before>,
        after: Option<After>,
        is_prefix: bool,
    ) {
        let path = path.to_owned();
        self.items.push(item);
        self.written.push(Written { path, before, after, is_certain: false, is_prefix });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::CreateMode;

    fn image(version: i32) -> Before {
        let stat = Stat { czxid: 9, version, ..Stat::default() };
        Before { data: Some(b"old".as_slice().into()), acl: Some(Acl::open()), stat }
    }

    fn path(text: &str) -> ZnodePath {
        ZnodePath::new(text).unwrap_or_else(|error| panic!("{error}"))
    }

    fn set(at: &str, data: &[u8], version: Option<i32>) -> Item {
        Item::Of(Operation::Set { path: path(at), data: data.into(), version })
    }

    #[test]
    fn each_write_of_a_transaction_sees_those_before_it() {
        let create = Item::Of(Operation::Create {
            prefix: "/b".into(),
            data: b"new".as_slice().into(),
            mode: CreateMode::default(),
            acl: Acl::open(),
        });
        let delete = |at| Item::Of(Operation::Delete { path: path(at), version: None });
        let items = [
            set("/a", b"1", None),
            set("/a", b"2", None),
            create,
            set("/b", b"3", None),
            delete("/a"),
        ];
        let images = Images::from([("/a".to_owned(), Ok(image(4)))]);
        let draft = draft(&items, &images);
        let versions: Vec<_> = draft.items.iter().map(Item::version).collect();
        assert_eq!(versions, [Some(4), Some(5), None, Some(0), Some(6)]);
        assert!(draft.unknown.is_none());
        let replaced = |index: usize| {
            let before = draft.written[index].before.as_ref();
            before.and_then(|before| before.data.as_ref()).map(|data| data.as_bytes().to_vec())
        };
        assert_eq!(replaced(0), Some(b"old".to_vec()));
        assert_eq!((replaced(1), replaced(2)), (Some(b"1".to_vec()), None));
        assert_eq!((replaced(3), replaced(4)), (Some(b"new".to_vec()), Some(b"2".to_vec())));
    }

    #[test]
    fn the_version_that_the_user_gave_stays() {
        let images = Images::from([("/a".to_owned(), Ok(image(4)))]);
        let draft = draft(&[set("/a", b"1", Some(2))], &images);
        assert_eq!(draft.items[0].version(), Some(2));
    }

    #[test]
    fn writes_without_an_image_are_sent_unchanged() {
        let gone = Err(Error::code(crate::error::Code::NoNode, "/a"));
        let images = Images::from([("/a".to_owned(), gone)]);
        let draft = draft(&[set("/a", b"1", None)], &images);
        assert_eq!(draft.items[0].version(), None);
        assert!(draft.written.is_empty() && draft.unknown.is_some());
    }
}
