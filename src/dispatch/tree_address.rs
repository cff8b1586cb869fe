//! Addresses of trees in this or other sessions: `/app`, `@bob:/app`, `prod:/app` (an ensemble of
//! the config file) and `host:2181/app`.

use std::fmt;
use std::future::Ready;
use std::pin::Pin;
use std::sync::Arc;

use clap::builder::{MapValueParser, StringValueParser, TypedValueParser, ValueParserFactory};

use super::Context;
use super::transfer::apart;
use crate::error::{Error, Result};
use crate::session::{Session, Transport};
use crate::zk::{Security, Servers, Stat, TypedPath, ZnodePath};

/// The top of a tree, as typed.
#[derive(Clone, PartialEq, Eq)]
pub struct TreeAddress(String);

impl ValueParserFactory for TreeAddress {
    type Parser = MapValueParser<StringValueParser, fn(String) -> Self>;

    fn value_parser() -> Self::Parser {
        StringValueParser::new().map(Self)
    }
}

impl fmt::Debug for TreeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The place of a tree.
#[derive(Debug, PartialEq, Eq)]
enum Place<'a> {
    /// In the current session.
    Here,
    /// In the session of this name.
    Session(&'a str),
    /// In the ensemble that the config file gives this name.
    Ensemble(&'a str),
    /// On these servers, as typed.
    Servers(&'a str),
}

impl TreeAddress {
    /// Returns the address as typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Splits the address into the place and the path there. A relative path has no place: write
    /// `./a:/b` for a path that would otherwise look like a place.
    fn parts(&self) -> (Place<'_>, &str) {
        let text = self.0.as_str();
        let scheme = if text.starts_with("tls://") { "tls://".len() } else { 0 };
        let Some(slash) = text[scheme..].find('/').map(|at| at + scheme) else {
            return (Place::Here, text);
        };
        let (place, path) = text.split_at(slash);
        let is_name = |name: &str| !name.is_empty() && !name.contains(':');
        if let Some(name) = place.strip_suffix(':') {
            return match name.strip_prefix('@') {
                Some(session) if is_name(session) => (Place::Session(session), path),
                None if is_name(name) => (Place::Ensemble(name), path),
                _ => (Place::Here, text),
            };
        }
        let port = place.rsplit(':').next().filter(|port| port.len() < place.len());
        let is_port = |port: &str| !port.is_empty() && port.bytes().all(|c| c.is_ascii_digit());
        match port {
            Some(port) if is_port(port) => (Place::Servers(place), path),
            _ => (Place::Here, text),
        }
    }

    /// Returns whether a word names a place other than the current session.
    pub fn names_place(word: &str) -> bool {
        Self(word.to_owned()).here().is_none()
    }

    /// Returns the path, if the tree is in the current session.
    pub fn here(&self) -> Option<TypedPath> {
        match self.parts() {
            (Place::Here, path) => path.parse().ok(),
            _ => None,
        }
    }
}

/// The session and the path of a tree.
#[derive(Clone)]
pub struct Tree {
    /// The session in which the tree is.
    pub session: Session,
    /// The path of its top znode.
    pub path: ZnodePath,
    /// Whether it is in the current session.
    is_here: bool,
    /// The address as typed, with the absolute path.
    name: String,
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A future that returns the security settings. It may run a program to get a password.
pub type Securing = Pin<Box<dyn Future<Output = Result<Security>>>>;

/// An ensemble of the config file.
pub struct Ensemble {
    /// Its name.
    pub name: String,
    /// Its servers.
    pub servers: Servers,
    /// Returns the security settings of connections to it.
    pub security: Box<dyn Fn() -> Securing + Send + Sync>,
}

/// The ensembles of the config file.
#[derive(Clone, Default)]
pub struct Ensembles(Arc<[Ensemble]>);

impl Ensembles {
    /// Returns these ensembles.
    pub fn new(ensembles: Vec<Ensemble>) -> Self {
        Self(ensembles.into())
    }

    /// Returns their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|ensemble| ensemble.name.as_str())
    }

    fn find(&self, name: &str) -> Result<&Ensemble> {
        self.0.iter().find(|ensemble| ensemble.name == name).ok_or_else(|| {
            Error::usage(format!("No ensemble has the name {name}")).with_hint(
                "the table [ensembles] of the config file has their names; ./ begins a relative path",
            )
        })
    }
}

impl fmt::Debug for Ensembles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

impl Context {
    /// Returns the tree at this path in the current session.
    pub fn here(&self, path: ZnodePath) -> Tree {
        let session = (*self.session).clone();
        Tree { session, name: path.to_string(), path, is_here: true }
    }

    /// Returns the tree at an address. If it is on other servers, opens a session there, which is
    /// closed when the command ends.
    ///
    /// # Errors
    /// If the address is wrong, or if no server there opens a session.
    ///
    /// # Errors
    /// If the address is wrong, or if no server there opens a session.
    pub async fn tree(&self, address: &TreeAddress) -> Result<Tree> {
        let (place, path) = address.parts();
        let absolute = || ZnodePath::new(path);
        let typed = |path: &ZnodePath| {
            let place = &address.0[..address.0.len() - address.parts().1.len()];
            format!("{place}{path}")
        };
        let (session, path) = match place {
            Place::Here => {
                let typed: TypedPath = path.parse().unwrap_or_else(|never| match never {});
                return Ok(self.here(self.path(&typed)?));
            }
            Place::Session(name) => (self.session.get(name)?.clone(), absolute()?),
            Place::Ensemble(name) => {
                let ensemble = self.config.ensembles.find(name)?;
                let path = absolute()?;
                let transport = async { Transport::open(&(ensemble.security)().await?) };
                let servers = ensemble.servers.clone();
                (self.session.elsewhere(name, servers, Some(transport)).await?, path)
            }
            Place::Servers(hosts) => {
                let path = absolute()?;
                let servers: Servers = hosts.parse()?;
                let same = None::<Ready<Result<Transport>>>;
                (self.session.elsewhere(hosts, servers, same).await?, path)
            }
        };
        Ok(Tree { session, name: typed(&path), path, is_here: false })
    }

    /// Refuses to copy a tree into itself, even if it is reached through two sessions.
    ///
    /// # Errors
    /// If one of the trees is inside the other, or if they are the same.
    pub async fn require_apart(&self, from: &Tree, to: &Tree, recursive: bool) -> Result<()> {
        if from.is_here && to.is_here {
            return apart(&from.path, &to.path, recursive);
        }
        let (old, new) = (from.whole_path(), to.whole_path());
        let Err(error) = apart(&old, &new, recursive) else { return Ok(()) };
        if same_ensemble(from, to).await? { Err(error) } else { Ok(()) }
    }
}

impl Tree {
    /// Returns whether the tree is in the current session.
    pub fn is_here(&self) -> bool {
        self.is_here
    }

    fn chroot(&self) -> ZnodePath {
        self.session.servers().map_or_else(ZnodePath::root, |servers| servers.chroot().clone())
    }

    /// Returns the path from the root of the servers.
    pub fn whole_path(&self) -> ZnodePath {
        self.chroot().below(&self.path)
    }

    /// Returns the path inside the chroot for a path from the root of the servers, or none if it is
    /// outside.
    fn inside(&self, whole: &ZnodePath) -> Option<ZnodePath> {
        let chroot = self.chroot();
        if chroot.is_root() {
            return Some(whole.clone());
        }
        let rest = whole.as_str().strip_prefix(chroot.as_str())?;
        ZnodePath::new(if rest.is_empty() { "/" } else { rest }).ok()
    }
}

/// Returns whether two sessions see the same znode in a place that both can read. Servers do not
/// tell to which ensemble they belong, so this compares the zxid and the time of a creation.
async fn same_ensemble(one: &Tree, other: &Tree) -> Result<bool> {
    let deeper = |one: ZnodePath, other: ZnodePath| {
        if one.as_str().len() < other.as_str().len() { other } else { one }
    };
    let shallow = {
        let (one, other) = (one.whole_path(), other.whole_path());
        if one.contains(&other) { one } else { other }
    };
    let seen = deeper(shallow, deeper(one.chroot(), other.chroot()));
    let (Some(in_one), Some(in_other)) = (one.inside(&seen), other.inside(&seen)) else {
        return Ok(false);
    };
    let first = one.session.exists(&in_one, false).await?;
    let second = other.session.exists(&in_other, false).await?;
    if seen.is_root() {
        // The root has the same zxid and time in every ensemble, so compare its last change
        // instead.
        let address = |tree: &Tree| tree.session.facts().and_then(|facts| facts.address);
        let changed = |stat: Option<Stat>| stat.map(|stat| stat.pzxid).filter(|zxid| *zxid != 0);
        let is_same = changed(first).is_some() && changed(first) == changed(second);
        return Ok(is_same || address(one) == address(other));
    }
    let born = |stat: Option<Stat>| stat.map(|stat| (stat.czxid, stat.ctime));
    Ok(first.is_some() && born(first) == born(second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_place_and_a_path() {
        for (text, place, path) in [
            ("/a/b", Place::Here, "/a/b"),
            ("a/b", Place::Here, "a/b"),
            ("a", Place::Here, "a"),
            (".", Place::Here, "."),
            ("./a:/b", Place::Here, "./a:/b"),
            ("a:x/b", Place::Here, "a:x/b"),
            ("a:b:/c", Place::Here, "a:b:/c"),
            (":/c", Place::Here, ":/c"),
            ("@:/c", Place::Here, "@:/c"),
            ("/a:/b", Place::Here, "/a:/b"),
            ("prod:/", Place::Ensemble("prod"), "/"),
            ("prod-2:/a/b", Place::Ensemble("prod-2"), "/a/b"),
            ("@bob:/a", Place::Session("bob"), "/a"),
            ("h:2181/a", Place::Servers("h:2181"), "/a"),
            ("h:1,g:2/a:/b", Place::Servers("h:1,g:2"), "/a:/b"),
            ("[::1]:2181/", Place::Servers("[::1]:2181"), "/"),
            ("tls://h:2281/a", Place::Servers("tls://h:2281"), "/a"),
        ] {
            assert_eq!(TreeAddress(text.to_owned()).parts(), (place, path), "{text}");
        }
    }
}
