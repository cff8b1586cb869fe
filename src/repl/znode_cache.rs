//! Facts about znodes while a line is typed. They are requested in the background, kept briefly,
//! and never delay the user. Without a connection nothing is requested.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::runtime::Handle;

use super::burst::input_waits;
use super::matches::{self, Names};
use crate::dispatch::{Ensembles, WorkingPath};
use crate::error::{Code, Result};
use crate::session::{PerSession, Sessions};
use crate::tree::glob::PathPattern;
use crate::zk::{Acl, Stat, TypedPath, ZnodePath};

/// How long a completion waits for the server.
const DEADLINE: Duration = Duration::from_millis(1500);

/// The interval for checking whether the user types on.
const INPUT_CHECK: Duration = Duration::from_millis(20);

/// How long an answer is used for completion.
const FRESH: Duration = Duration::from_secs(2);

/// How long the cursor must rest on a path before a request is sent.
const REST_TIME: Duration = Duration::from_millis(120);

/// The maximum number of answers. When it is exceeded, all are discarded.
const MAX_LISTINGS: usize = 64;

/// Names with the time of the answer.
type Listings = HashMap<ZnodePath, (Instant, Names)>;

/// The known facts about znodes.
#[derive(Clone)]
pub(super) struct ZnodeCache(Arc<Inner>);

struct Inner {
    session: Sessions,
    cwd: PerSession<WorkingPath>,
    ensembles: Ensembles,
    runtime: Handle,
    /// The children by parent.
    listings: Mutex<Listings>,
    /// The children of all znodes that a path with patterns matches, by that path.
    matched: Mutex<Listings>,
    last_request: AtomicU64,
}

/// The answer to a request in the background, which is set when it arrives.
pub(super) type Answer = Arc<OnceLock<String>>;

impl ZnodeCache {
    pub(super) fn new(
        session: Sessions,
        cwd: PerSession<WorkingPath>,
        ensembles: Ensembles,
        runtime: Handle,
    ) -> Self {
        Self(Arc::new(Inner {
            session,
            cwd,
            ensembles,
            runtime,
            listings: Mutex::default(),
            matched: Mutex::default(),
            last_request: AtomicU64::new(0),
        }))
    }

    /// Returns the roots of other places: of the ensembles of the config file, and of other sessions.
    pub(super) fn places(&self) -> Vec<String> {
        let ensembles = self.0.ensembles.names().map(|name| format!("{name}:/"));
        let sessions = self.0.session.list();
        let others = sessions.iter().filter(|named| !named.is_current);
        ensembles.chain(others.map(|named| format!("@{}:/", named.name))).collect()
    }

    /// Returns the typed path as an absolute path, if it is valid.
    pub(super) fn resolve(&self, typed: &str) -> Option<ZnodePath> {
        let typed: TypedPath = typed.parse().ok()?;
        typed.from(self.0.cwd.get().as_ref()).ok()
    }

    /// Returns an identification of the session's ensemble: its sorted servers and the chroot.
    pub(super) fn ensemble(&self) -> Option<String> {
        let servers = self.0.session.servers()?;
        let mut hosts: Vec<String> = servers.hosts().iter().map(ToString::to_string).collect();
        hosts.sort_unstable();
        let chroot = servers.chroot();
        let chroot = if chroot.is_root() { "" } else { chroot.as_str() };
        Some(format!("{}{chroot}", hosts.join(",")))
    }

    /// Discards everything, because a command has run.
    pub(super) fn forget(&self) {
        self.listings().clear();
        locked(&self.0.matched).clear();
    }

    /// Returns the sorted children of a znode. Returns `None` if the server does not answer in
    /// time, the user types on, or the znode does not exist.
    pub(super) fn children(&self, path: &ZnodePath) -> Option<Names> {
        fresh(&self.0.listings, path).or_else(|| self.wait(self.clone().ask_children(path.clone())))
    }

    /// Returns the sorted names of the children of all znodes that a pattern matches. Returns
    /// `None` like [`ZnodeCache::children`].
    pub(super) fn children_of_matches(&self, path: &ZnodePath) -> Option<Names> {
        if let Some(names) = fresh(&self.0.matched, path) {
            return Some(names);
        }
        let (this, path) = (self.clone(), path.clone());
        let names = async move {
            let pattern = PathPattern::new(path.as_str()).ok()??;
            let list = |path: ZnodePath| this.clone().ask_children(path);
            let names = matches::child_names(&pattern, list).await;
            Some(this.learn_matches(path, names))
        };
        if self.0.session.state().is_connected() {
            return self.wait(names);
        }
        // Nothing is requested, so that what is known is the answer.
        names.now_or_never().flatten()
    }

    /// Returns the sorted children of a znode, from the server if they are not known.
    async fn ask_children(self, path: ZnodePath) -> Option<Names> {
        if let Some(names) = fresh(&self.0.listings, &path) {
            return Some(names);
        }
        if !self.0.session.state().is_connected() {
            return None;
        }
        let names = self.0.session.child_names(&path).await.ok()?;
        Some(self.learn(path, names))
    }

    /// Waits for an answer, until the time is over or the user types on.
    fn wait(&self, answer: impl Future<Output = Option<Names>> + Send + 'static) -> Option<Names> {
        let (sender, receiver) = sync_channel(1);
        self.0.runtime.spawn(async move {
            if let Ok(Some(names)) = tokio::time::timeout(DEADLINE, answer).await {
                let _ = sender.send(names);
            }
        });
        loop {
            match receiver.recv_timeout(INPUT_CHECK) {
                Ok(names) => return Some(names),
                Err(RecvTimeoutError::Timeout) if !input_waits() => {}
                Err(_) => return None,
            }
        }
    }

    /// Stores the children of a znode, and returns them sorted.
    pub(super) fn learn(&self, path: ZnodePath, mut names: Vec<String>) -> Names {
        names.sort_unstable();
        store(&self.0.listings, path, names)
    }

    /// Stores the sorted names of the children of all znodes that a pattern matches.
    pub(super) fn learn_matches(&self, path: ZnodePath, names: Vec<String>) -> Names {
        store(&self.0.matched, path, names)
    }

    /// Returns whether a znode exists, if that is known.
    pub(super) fn exists(&self, path: &ZnodePath) -> Option<bool> {
        let Some(parent) = path.parent() else { return Some(true) };
        let listings = self.listings();
        if listings.contains_key(path) {
            return Some(true);
        }
        let (_, names) = listings.get(&parent)?;
        Some(names.binary_search_by(|name| name.as_str().cmp(path.name())).is_ok())
    }

    /// Requests facts about a znode after the cursor has rested. The answer has at most `room`
    /// columns, and `on_answer` is called when it arrives.
    pub(super) fn request_facts(
        &self,
        path: ZnodePath,
        room: usize,
        on_answer: impl FnOnce() + Send + 'static,
    ) -> Answer {
        let answer = Answer::default();
        let number = self.0.last_request.fetch_add(1, Ordering::Relaxed) + 1;
        let (this, answered) = (self.clone(), Arc::clone(&answer));
        self.0.runtime.spawn(async move {
            tokio::time::sleep(REST_TIME).await;
            let Inner { session, last_request, .. } = &*this.0;
            // Another request has replaced this one.
            if last_request.load(Ordering::Relaxed) != number || !session.state().is_connected() {
                return;
            }
            // A path that does not exist gets no answer, because it may be unfinished.
            let found = tokio::time::timeout(DEADLINE, async {
                tokio::join!(session.exists(&path, false), session.get_acl(&path))
            });
            let Ok((Ok(Some(stat)), acl)) = found.await else { return };
            let denied = match acl {
                _ if session.has_credentials("digest") => None,
                acl => denied(acl.map(|(acl, _)| acl)),
            };
            let owner = session.list().into_iter().find_map(|named| {
                let is_owner =
                    stat.ephemeral_owner != 0 && named.session.id() == Some(stat.ephemeral_owner);
                let whose = if named.is_current { "this session" } else { &*named.name };
                is_owner.then(|| format!("owned by {whose}"))
            });
            let words = facts(&stat, owner, denied, room);
            if !words.is_empty() && answered.set(format!("  {words}")).is_ok() {
                on_answer();
            }
        });
        answer
    }

    /// Cancels the last request.
    pub(super) fn cancel_request(&self) {
        self.0.last_request.fetch_add(1, Ordering::Relaxed);
    }

    fn listings(&self) -> MutexGuard<'_, Listings> {
        locked(&self.0.listings)
    }
}

fn locked(listings: &Mutex<Listings>) -> MutexGuard<'_, Listings> {
    listings.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns an answer that may still be used.
fn fresh(listings: &Mutex<Listings>, path: &ZnodePath) -> Option<Names> {
    let listings = locked(listings);
    let (at, names) = listings.get(path)?;
    (at.elapsed() < FRESH).then(|| Arc::clone(names))
}

fn store(listings: &Mutex<Listings>, path: ZnodePath, names: Vec<String>) -> Names {
    let names = Arc::new(names);
    let mut listings = locked(listings);
    if listings.len() >= MAX_LISTINGS {
        listings.clear();
    }
    listings.insert(path, (Instant::now(), Arc::clone(&names)));
    names
}

/// Describes a znode in at most `room` bytes, the most important facts first.
fn facts(stat: &Stat, owner: Option<String>, denied: Option<&str>, room: usize) -> String {
    let ephemeral = stat.ephemeral_owner != 0;
    let words = [
        ephemeral.then(|| "ephemeral".to_owned()),
        Some(counted(stat.data_length, "byte", "bytes")),
        (stat.num_children > 0).then(|| counted(stat.num_children, "child", "children")),
        ephemeral.then(|| owner.unwrap_or_else(|| format!("owner {:#x}", stat.ephemeral_owner))),
        denied.map(str::to_owned),
        Some(format!("version {}", stat.version)),
    ];
    let mut text = String::new();
    for word in words.into_iter().flatten() {
        let comma = if text.is_empty() { "" } else { ", " };
        if text.len() + comma.len() + word.len() <= room {
            text.push_str(comma);
            text.push_str(&word);
        }
    }
    text
}

/// Returns what a session without credentials certainly may not do.
fn denied(acl: Result<Acl>) -> Option<&'static str> {
    let acl = match acl {
        Ok(acl) => acl,
        Err(error) if error.code_of() == Some(Code::NoAuth) => return Some("you may not read"),
        Err(_) => return None,
    };
    let parts: Vec<_> = acl.parts().collect();
    // An `ip` entry may match our address, and other schemes may identify us, but no password was
    // given.
    let denied = |letter: char| {
        !parts.iter().any(|(scheme, _, letters)| *scheme != "digest" && letters.contains(letter))
    };
    match (denied('r'), denied('w')) {
        (true, true) => Some("you may not read or write"),
        (true, false) => Some("you may not read"),
        (false, true) => Some("you may not write"),
        (false, false) => None,
    }
}

fn counted(number: i32, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn facts_are_short() {
        let stat = Stat { data_length: 26, version: 3, ..Stat::default() };
        assert_eq!(facts(&stat, None, None, 80), "26 bytes, version 3");
        assert_eq!(
            facts(&stat, None, Some("you may not write"), 30),
            "26 bytes, you may not write"
        );
        assert_eq!(facts(&stat, None, None, 5), "");
        let stat = Stat { ephemeral_owner: 0x1f, data_length: 1, num_children: 1, ..stat };
        let whole = "ephemeral, 1 byte, 1 child, owner 0x1f, version 3";
        assert_eq!(facts(&stat, None, None, whole.len()), whole);
        assert_eq!(facts(&stat, None, None, 30), "ephemeral, 1 byte, 1 child");
        let mine = facts(&stat, Some("owned by this session".to_owned()), None, 80);
        assert_eq!(mine, "ephemeral, 1 byte, 1 child, owned by this session, version 3");
    }

    #[test]
    fn only_certain_denials_are_shown() {
        for (acl, words) in [
            ("world:anyone:cdrwa", None),
            ("world:anyone:r", Some("you may not write")),
            ("digest:bob:AAAAAAAAAAAAAAAAAAAAAAAAAAA=:cdrwa", Some("you may not read or write")),
            (
                "digest:bob:AAAAAAAAAAAAAAAAAAAAAAAAAAA=:cdrwa,world:anyone:w",
                Some("you may not read"),
            ),
            ("ip:10.0.0.0/8:rw", None),
            ("x509:CN=bob:rw", None),
        ] {
            assert_eq!(denied(acl.parse()), words, "{acl}");
        }
        assert_eq!(denied(Err(Error::code(Code::NoAuth, "/a"))), Some("you may not read"));
        assert_eq!(denied(Err(Error::code(Code::NoNode, "/a"))), None);
    }
}
