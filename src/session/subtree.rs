//! Questions about many znodes that a server answers in one reply.

use super::Session;
use super::release::{Release, lacking};
use crate::error::Result;
use crate::zk::ZnodePath;

impl Session {
    /// Returns how many znodes lie below `path`.
    pub async fn count_below(&self, path: &ZnodePath) -> Result<u64> {
        let what = "getAllChildrenNumber";
        self.needs(what, Release(3, 6)).await?;
        let at = path.as_str();
        let count = self.call(at, async |client| client.count_descendants_number(at).await).await;
        let count = count.map_err(|error| lacking(error, what))?;
        Ok(count as u64)
    }

    /// Returns the ephemerals of this session whose paths begin with the text of `prefix`, in
    /// order: `/a` finds `/ab` too, as the server understands it.
    pub async fn list_ephemerals(&self, prefix: &ZnodePath) -> Result<Vec<String>> {
        let what = "getEphemerals";
        self.needs(what, Release(3, 6)).await?;
        let chroot = self.servers().map_or_else(ZnodePath::root, |s| s.chroot().clone());
        let whole = chroot.below(prefix);
        let at = whole.as_str();
        let listed = self.call(prefix.as_str(), async |client| {
            // Asked for from the real root: a chroot of `/a` would be given those of `/ab` as well.
            let client = client.clone().chroot("/").map_err(|_| zookeeper::Error::ClientClosed)?;
            client.list_ephemerals(at).await
        });
        let mut paths: Vec<String> = listed
            .await
            .map_err(|error| lacking(error, what))?
            .iter()
            .filter_map(|path| seen_from(&chroot, path))
            .collect();
        paths.sort_unstable();
        Ok(paths)
    }
}

/// Returns the path as someone sees it to whom `chroot` is `/`; none outside it.
fn seen_from(chroot: &ZnodePath, path: &str) -> Option<String> {
    if chroot.is_root() {
        return Some(path.to_owned());
    }
    match path.strip_prefix(chroot.as_str())? {
        "" => Some("/".to_owned()),
        rest if rest.starts_with('/') => Some(rest.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ephemerals_outside_the_chroot_are_left_out() {
        let chroot = ZnodePath::root().child("a");
        let seen = ["/a", "/a/b", "/ab"].map(|path| seen_from(&chroot, path));
        assert_eq!(seen, [Some("/".to_owned()), Some("/b".to_owned()), None]);
        assert_eq!(seen_from(&ZnodePath::root(), "/ab").as_deref(), Some("/ab"));
    }
}
