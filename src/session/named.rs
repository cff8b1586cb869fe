//! The named sessions of a shell. Commands work on the current one.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use futures_util::future::join_all;

use super::elsewhere::Elsewhere;
use super::{Losses, Session, Stamp, lock};
use crate::error::{Error, Result};

/// Maximum number of open sessions. By default a server allows 60 connections per address.
const MOST_OPEN: usize = 64;

/// Maximum number of sessions over the lifetime of a shell.
const MOST: usize = 1024;

/// Maximum length of a session name, in characters.
const LONGEST_NAME: usize = 32;

/// Creates a session that is not open, with this timeout or the shell's default. Its events carry
/// the tag.
type Make = Box<dyn Fn(SessionTag, Option<Duration>) -> Session + Send + Sync>;

/// The sessions of a shell. Clones refer to the same sessions. It dereferences to the current
/// [`Session`].
#[derive(Clone)]
pub struct Sessions {
    inner: Arc<Inner>,
    /// The number of the current one.
    current: Arc<AtomicUsize>,
}

struct Inner {
    make: Make,
    name_table: Arc<NameTable>,
    /// Indexed by session number. Sessions are never moved or dropped, so references stay valid
    /// while others are added.
    sessions: Box<[OnceLock<Session>]>,
    elsewhere: Elsewhere,
}

/// The names of all sessions, and which one is current.
#[derive(Debug)]
struct NameTable {
    /// The names by session number; `None` for a session that was closed by name.
    names: Mutex<Vec<Option<Arc<str>>>>,
    /// The number of the current session. A thread that plays a lesson has a current session of its
    /// own.
    current: Arc<AtomicUsize>,
}

impl NameTable {
    fn count(&self) -> usize {
        lock(&self.names).iter().flatten().count()
    }
}

/// Tells which session an event comes from.
#[derive(Debug, Clone)]
pub struct SessionTag {
    name_table: Arc<NameTable>,
    number: usize,
}

impl SessionTag {
    /// Returns the name of the session, if the shell has more than one.
    pub fn shown(&self) -> Option<Arc<str>> {
        let names = lock(&self.name_table.names);
        if names.iter().flatten().count() < 2 { None } else { names.get(self.number)?.clone() }
    }

    /// Returns the number of the session, which is never reused.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Returns whether this is the current session.
    pub fn is_current(&self) -> bool {
        self.name_table.current.load(Ordering::Relaxed) == self.number
    }
}

/// An entry in the list of sessions.
pub struct Named<'a> {
    /// The number of the session, which is never reused.
    pub number: usize,
    /// The name of the session.
    pub name: Arc<str>,
    /// The session.
    pub session: &'a Session,
    /// Whether it is the current session.
    pub is_current: bool,
}

/// A guard that makes another session the current one until it is dropped.
pub struct Switched<'a> {
    sessions: &'a Sessions,
    back: usize,
}

impl Drop for Switched<'_> {
    fn drop(&mut self) {
        self.sessions.current.store(self.back, Ordering::Relaxed);
    }
}

impl Sessions {
    /// Creates the first session, which is not open yet.
    pub fn new(
        name: &str,
        make: impl Fn(SessionTag, Option<Duration>) -> Session + Send + Sync + 'static,
    ) -> Self {
        let names = Mutex::new(vec![Some(Arc::from(name))]);
        let current = Arc::<AtomicUsize>::default();
        let name_table = Arc::new(NameTable { names, current: Arc::clone(&current) });
        let first = make(SessionTag { name_table: Arc::clone(&name_table), number: 0 }, None);
        let mut sessions: Vec<OnceLock<Session>> = Vec::new();
        sessions.push(OnceLock::from(first));
        sessions.resize_with(MOST, OnceLock::new);
        let inner = Inner {
            make: Box::new(make),
            name_table,
            sessions: sessions.into(),
            elsewhere: Elsewhere::default(),
        };
        Self { inner: Arc::new(inner), current }
    }

    /// Returns a handle of the same sessions with a current one of its own, for what works in them
    /// beside the shell.
    #[must_use]
    pub fn apart(&self) -> Self {
        let current = Arc::new(AtomicUsize::new(self.number()));
        Self { inner: Arc::clone(&self.inner), current }
    }

    /// Returns the name of the current session.
    pub fn name(&self) -> Arc<str> {
        let number = self.number();
        lock(&self.inner.name_table.names)
            .get(number)
            .cloned()
            .flatten()
            .unwrap_or_else(|| Arc::from(""))
    }

    /// Returns the name of the current session, if the shell has more than one.
    pub fn shown_name(&self) -> Option<Arc<str>> {
        (self.inner.name_table.count() > 1).then(|| self.name())
    }

    /// Returns the number of the current session, which is never reused.
    pub fn number(&self) -> usize {
        self.current.load(Ordering::Relaxed)
    }

    /// Returns the number of a session.
    ///
    /// # Errors
    /// If no session has this name.
    pub fn number_of(&self, name: &str) -> Result<usize> {
        self.find(name)
    }

    /// Returns a stamp after everything that has arrived on any session.
    pub fn all_arrived(&self) -> Stamp {
        if self.inner.name_table.count() > 1 { Stamp::LAST } else { self.latest() }
    }

    /// Returns the named sessions, in the order of their creation.
    pub fn list(&self) -> Vec<Named<'_>> {
        let names = lock(&self.inner.name_table.names).clone();
        let current = self.number();
        let listed = |(number, name): (usize, Option<Arc<str>>)| {
            let session = self.inner.sessions[number].get()?;
            Some(Named { number, name: name?, session, is_current: number == current })
        };
        names.into_iter().enumerate().filter_map(listed).collect()
    }

    /// Returns a session by its name.
    ///
    /// # Errors
    /// If no session has this name.
    pub fn get(&self, name: &str) -> Result<&Session> {
        self.find(name)
            .and_then(|number| self.inner.sessions[number].get().ok_or_else(|| none(name)))
    }

    fn find(&self, name: &str) -> Result<usize> {
        let names = lock(&self.inner.name_table.names);
        let is_it = |known: &Option<Arc<str>>| known.as_deref() == Some(name);
        names.iter().position(is_it).ok_or_else(|| none(name))
    }

    /// Creates a session with this name, which is neither open nor current. Without `timeout` it
    /// uses the shell's default.
    ///
    /// # Errors
    /// If the name is taken or invalid, or if there are too many sessions.
    pub fn add(&self, name: &str, timeout: Option<Duration>) -> Result<&Session> {
        check_name(name)?;
        let mut names = lock(&self.inner.name_table.names);
        if names.iter().flatten().any(|known| &**known == name) {
            return Err(Error::usage(format!("There is a session {name} already"))
                .with_hint(format!("session {name} switches to it")));
        }
        if names.iter().flatten().count() >= MOST_OPEN {
            return Err(Error::usage(format!("A shell has {MOST_OPEN} sessions at most"))
                .with_hint("session close NAME ends one"));
        }
        let number = names.len();
        let Some(place) = self.inner.sessions.get(number) else {
            return Err(Error::usage(format!("A shell opens {MOST} sessions in its life at most")));
        };
        let tag = SessionTag { name_table: Arc::clone(&self.inner.name_table), number };
        let session = place.get_or_init(|| (self.inner.make)(tag, timeout));
        names.push(Some(Arc::from(name)));
        Ok(session)
    }

    /// Makes a session the current one.
    ///
    /// # Errors
    /// If no session has this name.
    pub fn switch_to(&self, name: &str) -> Result<()> {
        let number = self.find(name)?;
        self.current.store(number, Ordering::Relaxed);
        Ok(())
    }

    /// Makes a session the current one until the guard is dropped.
    ///
    /// # Errors
    /// If no session has this name.
    pub fn switched_to(&self, name: &str) -> Result<Switched<'_>> {
        let back = self.number();
        self.switch_to(name)?;
        Ok(Switched { sessions: self, back })
    }

    /// Removes the name of a session, so that no command can find it any more.
    ///
    /// # Errors
    /// If no session has this name, or if it is the current one.
    pub fn forget(&self, name: &str) -> Result<()> {
        let number = self.find(name)?;
        if number == self.number() {
            return Err(Error::usage(format!("{name} is the current session")));
        }
        lock(&self.inner.name_table.names)[number] = None;
        Ok(())
    }

    /// Returns the sessions that commands have opened on other servers.
    pub(super) fn opened_elsewhere(&self) -> &Elsewhere {
        &self.inner.elsewhere
    }

    /// Closes all sessions concurrently, which takes no longer than closing one. Returns what was
    /// lost.
    pub async fn close_all(&self) -> Vec<Losses> {
        let sessions = self.inner.sessions.iter().map_while(OnceLock::get);
        let (losses, ()) = futures_util::future::join(
            join_all(sessions.map(Session::close)),
            self.close_elsewhere(),
        )
        .await;
        losses
    }
}

impl Deref for Sessions {
    type Target = Session;

    fn deref(&self) -> &Session {
        // A session is created before its number can become the current one.
        self.inner.sessions[self.number()].get().expect("the current session was made")
    }
}

/// A value per session. It dereferences to the value of the current session.
pub struct PerSession<T> {
    current: Arc<AtomicUsize>,
    of: Arc<[OnceLock<T>]>,
}

impl<T> Clone for PerSession<T> {
    fn clone(&self) -> Self {
        Self { current: Arc::clone(&self.current), of: Arc::clone(&self.of) }
    }
}

impl<T: Default> PerSession<T> {
    /// Prepares the values; each is created on first use.
    pub fn new(sessions: &Sessions) -> Self {
        let mut of: Vec<OnceLock<T>> = Vec::new();
        of.resize_with(MOST, OnceLock::new);
        Self { current: Arc::clone(&sessions.current), of: of.into() }
    }

    /// Returns a handle of the same values that stands for that of another handle's current session.
    #[must_use]
    pub fn apart(&self, sessions: &Sessions) -> Self {
        Self { current: Arc::clone(&sessions.current), of: Arc::clone(&self.of) }
    }

    /// Returns the value of a session, by session number.
    pub fn of(&self, number: usize) -> &T {
        self.of[number].get_or_init(T::default)
    }
}

impl<T: Default> Deref for PerSession<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.of(self.current.load(Ordering::Relaxed))
    }
}

fn none(name: &str) -> Error {
    Error::usage(format!("There is no session {name}")).with_hint("session list names them")
}

/// Checks a session name: a letter, then letters, digits, `-` and `_`.
fn check_name(name: &str) -> Result<()> {
    let wrong = |why: String| Err(Error::usage(why));
    if name.is_empty() {
        return wrong("A session's name cannot be empty".to_owned());
    }
    if !name.starts_with(char::is_alphabetic)
        || !name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    {
        let escaped =
            |c: char| if c.is_control() { c.escape_default().to_string() } else { c.into() };
        let shown: String = name.chars().map(escaped).collect();
        return wrong(format!(
            "A session cannot be named {shown}: names begin with a letter and have letters, digits, - and _"
        ));
    }
    if name.chars().count() > LONGEST_NAME {
        return wrong(format!("A session's name has {LONGEST_NAME} characters at most"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
