//! Adds to a refusal what the server's error code does not tell: the reason and what to do next.

use super::{Asking, Context, Table, is_private, likely_line::likely_line};
use crate::error::{Code, Error, Kind};
use crate::zk::ZnodePath;

impl Context {
    /// Adds details to a refusal: the identities of the session and the ACL of the znode, or its
    /// current version.
    pub(super) async fn with_detail(&self, error: Error) -> Error {
        let Some(path) = error.path().and_then(|path| ZnodePath::new(path).ok()) else {
            return error;
        };
        match error.code_of() {
            Some(Code::NoNode)
                if self.session.servers().is_some_and(|it| !it.chroot().is_root())
                    && let Ok(None) = self.session.exists(&ZnodePath::root(), false).await =>
            {
                self.of_missing_chroot(error)
            }
            Some(Code::BadVersion) => match self.session.exists(&path, false).await {
                Ok(Some(stat)) => error.with_hint(format!(
                    "it has version {}, its ACL version {}",
                    stat.version, stat.aversion
                )),
                _ => error,
            },
            Some(Code::NoAuth) => {
                let who = match self.session.identities().await {
                    Ok(who) => who.iter().map(|id| format!("{}:{}", id.scheme, id.user)).collect(),
                    Err(_) => vec!["(the server did not say)".to_owned()],
                };
                let wants = match self.session.get_acl(&path).await {
                    Ok((acl, _)) => {
                        let entry = |(scheme, id, perms): (&str, &str, String)| {
                            let id = id.split(':').next().unwrap_or_default();
                            format!("{scheme}:{id}:{perms}")
                        };
                        acl.parts().map(entry).collect::<Vec<_>>().join(",")
                    }
                    Err(_) => "may not be read".to_owned(),
                };
                error.with_hint(format!("this session is {}; the ACL is {wants}", who.join(", ")))
            }
            _ => error,
        }
    }

    /// Reports that the chroot does not exist, and how to create it. `error` is the server's error.
    pub fn of_missing_chroot(&self, error: Error) -> Error {
        let Some(servers) = self.session.servers().filter(|servers| !servers.chroot().is_root())
        else {
            return error;
        };
        let (hosts, chroot) = (servers.hosts_alone(), servers.chroot());
        let way = if self.terminal.is_none() || self.asking == Asking::OneShot {
            format!("zksh -server {hosts} create --parents {chroot} creates it")
        } else if chroot.as_str().rfind('/') == Some(0) {
            "create / creates it".to_owned()
        } else {
            format!("connect {hosts} and create --parents {chroot} create it")
        };
        error.with_detail(format!("the chroot {chroot} does not exist")).with_hint(way)
    }

    /// Adds the line that the user probably meant, if quotes or blanks made this one wrong.
    pub fn with_likely_line<T: Table>(&self, line: &str, error: Error) -> Error {
        // JSON that is split at its blanks has words with colons that look like passwords.
        let mut words = line.split_whitespace();
        let is_json = words.nth(2).is_some_and(|word| word.starts_with(['{', '[']));
        let is_shown = || is_json || !is_private::<T>(line, self.view.dialect);
        let is_of_words = error.kind() == Kind::Usage || error.code_of() == Some(Code::NoNode);
        match likely_line::<T>(line, self.view.dialect) {
            Some(meant) if is_of_words && is_shown() => error.with_hint(format!(
                "put words with blanks in single quotes: {meant} (help quoting)"
            )),
            _ => error,
        }
    }
}
