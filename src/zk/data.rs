//! The data of a znode: bytes or null, which servers distinguish from empty data.

use bytes::Bytes;

/// The data of a znode.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ZnodeData(Option<Bytes>);

impl ZnodeData {
    /// Returns null.
    pub fn null() -> Self {
        Self(None)
    }

    /// Returns whether the data is null.
    pub fn is_null(&self) -> bool {
        self.0.is_none()
    }

    /// Returns the bytes; none for null.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }

    /// Returns the bytes, or `None` for null.
    pub fn into_bytes(self) -> Option<Bytes> {
        self.0
    }

    /// Returns the bytes; none for null.
    pub fn into_vec(self) -> Vec<u8> {
        self.0.map(Vec::from).unwrap_or_default()
    }

    /// Returns the number of bytes.
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Returns whether there are no bytes, which is also true for null.
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }
}

impl From<Option<Bytes>> for ZnodeData {
    fn from(data: Option<Bytes>) -> Self {
        Self(data)
    }
}

impl From<Vec<u8>> for ZnodeData {
    fn from(data: Vec<u8>) -> Self {
        Self(Some(data.into()))
    }
}

impl From<&Vec<u8>> for ZnodeData {
    fn from(data: &Vec<u8>) -> Self {
        data.as_slice().into()
    }
}

impl From<&[u8]> for ZnodeData {
    fn from(data: &[u8]) -> Self {
        Self(Some(Bytes::copy_from_slice(data)))
    }
}

impl<const LENGTH: usize> From<&[u8; LENGTH]> for ZnodeData {
    fn from(data: &[u8; LENGTH]) -> Self {
        data.as_slice().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_not_empty_though_both_have_no_bytes() {
        let (null, empty) = (ZnodeData::null(), ZnodeData::from(b""));
        assert!(null.is_null() && !empty.is_null() && null != empty);
        assert!(null.is_empty() && empty.is_empty());
        assert_eq!(ZnodeData::from(b"deep").into_vec(), b"deep");
    }
}
