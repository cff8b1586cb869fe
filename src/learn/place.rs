//! The place where a lesson is played: the root of the shell's own sandbox, or a znode for the
//! lesson.

use std::time::Duration;

use crate::dispatch::{Context, Learning};
use crate::error::{Code, Error, Kind, Result};
use crate::lesson::{Available, Lesson};
use crate::session::{CreateMode, Session};
use crate::tree::delete;
use crate::zk::{Acl, ServerVersion, Servers, ZnodeData, ZnodePath};

/// The prefix of the name of a lesson's znode. The server appends ten digits.
const PREFIX: &str = "zksh-lesson-";

/// The place where a lesson is played.
pub(super) struct Place {
    /// The servers, with the lesson's root as chroot.
    pub(super) servers: Servers,
    /// Whether the servers are the shell's own sandbox, which knows its sessions.
    pub(super) is_sandbox: bool,
    /// The session that was current before the lesson. `own` is the znode that was created as the
    /// lesson's root, if any.
    home: Session,
    own: Option<ZnodePath>,
}

/// How long the list of lessons waits for a server that is about to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// Returns what the connected servers offer to lessons.
pub async fn available(cx: &Context) -> Available {
    // The lessons can be listed even without a server.
    let _ = cx.session.connected(PATIENCE).await;
    let release = match cx.session.version().await {
        Some(ServerVersion::Apache(release)) => Some(vec![release.0, release.1]),
        _ => None,
    };
    let sandbox = cx.sandbox.as_ref().filter(|sandbox| sandbox.serves(cx));
    let servers = sandbox.map_or(0, |sandbox| u32::try_from(sandbox.servers()).unwrap_or(0));
    Available { release, servers }
}

impl Place {
    /// Prepares a place for a lesson. Without `anywhere`, that is only possible in the shell's own
    /// sandbox.
    ///
    /// # Errors
    /// Returns an error if no server answers, or if the servers do not suit the lesson.
    pub(super) async fn prepare(cx: &Context, lesson: &Lesson, anywhere: bool) -> Result<Self> {
        cx.session.established().await?;
        let servers =
            cx.session.servers().ok_or_else(|| Error::usage("There are no servers yet"))?;
        let is_sandbox = cx.sandbox.as_ref().is_some_and(|sandbox| sandbox.serves(cx));
        if !is_sandbox && !anywhere {
            let own = format!("/{PREFIX}…");
            return Err(Error::usage(
                "Lessons are played in a sandbox, and this server is not one",
            )
            .with_hint(format!("zksh learn starts one; --anywhere plays here, below {own}")));
        }
        if let Some(missing) = lesson.needs.missing(&available(cx).await) {
            let error =
                Error::new(Kind::Refused, format!("The lesson {} needs {missing}", lesson.name));
            return Err(match missing.servers {
                0 => error,
                _ => error.with_hint(format!("zksh learn {} starts them", lesson.name)),
            });
        }
        for session in &lesson.sessions {
            if cx.session.number_of(&session.name).is_ok() {
                let name = &session.name;
                return Err(Error::usage(format!(
                    "There is a session {name} already, and the lesson has one of that name"
                ))
                .with_hint(format!("session close {name} ends yours")));
            }
        }
        let home = Session::clone(&cx.session);
        if is_sandbox && servers.chroot().is_root() && is_empty(&home).await? {
            return Ok(Self { servers, is_sandbox, home, own: None });
        }
        let mode = CreateMode { sequential: true, ..CreateMode::default() };
        let (prefix, acl) = (format!("/{PREFIX}"), Acl::open());
        let own = ZnodePath::new(home.create(prefix, ZnodeData::null(), mode, &acl).await?)?;
        let servers = servers.below(servers.chroot().below(&own));
        Ok(Self { servers, is_sandbox, home, own: Some(own) })
    }

    /// Returns the root of the lesson, as it is seen outside the lesson.
    pub(super) fn root(&self) -> String {
        self.own.as_ref().map_or_else(|| "/".to_owned(), ToString::to_string)
    }

    /// Deletes the znodes of the lesson in the first of its sessions that may do so. Returns a
    /// znode that could not be deleted.
    pub(super) async fn clean(&self, sessions: &[Session], learning: &Learning) -> Option<String> {
        let root = ZnodePath::root();
        let tops: Vec<ZnodePath> = match self.own {
            Some(_) => vec![root],
            None => learning.created().iter().map(|name| root.child(name)).collect(),
        };
        let mut left = None;
        for top in tops {
            let mut is_gone = false;
            for session in sessions {
                is_gone = is_gone || deleted(session, &top).await;
            }
            if !is_gone {
                left = Some(self.own.as_ref().unwrap_or(&top).to_string());
            }
        }
        match &self.own {
            Some(own) if !deleted(&self.home, own).await => Some(own.to_string()),
            _ => left,
        }
    }
}

/// Deletes a znode and everything below it. Returns whether it is gone.
async fn deleted(session: &Session, top: &ZnodePath) -> bool {
    if !session.state().is_connected() {
        return false;
    }
    match delete(session, top, None, true, |_| {}).await {
        Ok(_) => true,
        Err(error) => error.code_of() == Some(Code::NoNode),
    }
}

/// Returns whether there is nothing except ZooKeeper's own znode.
async fn is_empty(session: &Session) -> Result<bool> {
    let names = session.child_names(&ZnodePath::root()).await?;
    Ok(names.iter().all(|name| name == "zookeeper"))
}
