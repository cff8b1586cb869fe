//! Names of children, in the form in which they arrive.

/// The names of the children of a znode, in no order. They are kept in one string, because a znode
/// may have millions of children.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChildNames(zookeeper::Names);

impl ChildNames {
    /// Returns the number of names.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are no names.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the name at an index, or an empty one beyond the end.
    pub fn get(&self, index: usize) -> &str {
        self.0.get(index).unwrap_or_default()
    }

    /// Returns an iterator over the names.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter()
    }
}

impl From<zookeeper::Names> for ChildNames {
    fn from(names: zookeeper::Names) -> Self {
        Self(names)
    }
}

impl From<ChildNames> for Vec<String> {
    fn from(names: ChildNames) -> Self {
        names.0.into()
    }
}

impl<'a> FromIterator<&'a str> for ChildNames {
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        Self(names.into_iter().collect())
    }
}
