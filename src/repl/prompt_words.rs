//! The words of the prompt: `[zk: NAME(STATE) CWD @SESSION multi:2 N] `. What does not apply is left
//! out: the working path at `/`, the session where it is the only one, `multi:` where no transaction has
//! begun. In a lesson it is `A> `.

use std::sync::{Arc, Mutex, PoisonError};

use crate::dispatch::{Context, Learning, Switches, WorkingPath};
use crate::output::escape::{self, Newlines};
use crate::output::style::{PromptColor, PromptStyle};
use crate::session::{PerSession, Sessions, State};
use crate::zk::Servers;

/// An ensemble of the config file.
#[derive(Debug, Clone)]
pub struct NamedEnsemble {
    /// Its name.
    pub name: String,
    /// Its servers.
    pub servers: Servers,
    /// The colour of its prompt.
    pub color: Option<PromptColor>,
    /// Whether it was chosen by its name.
    pub is_chosen: bool,
}

/// What the prompt tells that the session does not.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    /// Operations of the transaction, if one has begun.
    pub(super) queued: Option<usize>,
    /// The number of the line.
    pub(super) number: usize,
}

/// Makes the prompt; shared with the thread that draws it again.
#[derive(Clone)]
pub(super) struct PromptWords {
    session: Sessions,
    cwd: PerSession<WorkingPath>,
    switches: Arc<Switches>,
    learning: Learning,
    ensembles: Arc<[NamedEnsemble]>,
    place: Arc<Mutex<Place>>,
}

impl PromptWords {
    pub(super) fn new(cx: &Context, ensembles: &[NamedEnsemble]) -> Self {
        Self {
            session: cx.session.clone(),
            cwd: cx.cwd.clone(),
            switches: Arc::clone(&cx.switches),
            learning: cx.learning.clone(),
            ensembles: ensembles.into(),
            place: Arc::default(),
        }
    }

    /// Says where the shell is now.
    pub(super) fn set_place(&self, place: Place) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }

    /// Returns the prompt as it should be now.
    pub(super) fn words(&self) -> String {
        let servers = self.session.servers();
        let name = servers.map(|servers| self.name(&servers)).unwrap_or_default();
        let path = self.cwd.get().filter(|path| !path.is_root());
        let path = path.map(|path| format!("{path} ")).unwrap_or_default();
        let Place { queued, number } = *self.place.lock().unwrap_or_else(PoisonError::into_inner);
        let queued = queued.map(|queued| format!("multi:{queued} ")).unwrap_or_default();
        let state = self.session.state();
        if self.learning.is_on() {
            // As lessons show it: a learner looks at the session, and not at the server.
            let state = match state {
                State::Connected => String::new(),
                state => format!("{} ", state.name()),
            };
            let prompt = format!("{} {state}{path}{queued}", self.session.name());
            let prompt = format!("{}> ", prompt.trim_end());
            return escape::to_terminal(prompt.as_bytes(), Newlines::Escape).into_owned();
        }
        let state = state.name();
        let session = self.session.shown_name();
        let session = session.map(|session| format!("@{session} ")).unwrap_or_default();
        let prompt = format!("[zk: {name}({state}) {path}{session}{queued}{number}] ");
        escape::to_terminal(prompt.as_bytes(), Newlines::Escape).into_owned()
    }

    fn name(&self, servers: &Servers) -> String {
        let chosen =
            self.ensembles.iter().find(|known| known.is_chosen && known.servers == *servers);
        match (self.switches.prompt(), chosen) {
            (PromptStyle::Full, _) => servers.to_string(),
            (PromptStyle::Name, Some(ensemble)) => ensemble.name.clone(),
            (PromptStyle::Name | PromptStyle::Short, _) => short(servers),
        }
    }

    /// Returns the colour of the prompt, if it has one. It is that of the ensemble, also where its
    /// servers were given and not its name.
    pub(super) fn color(&self) -> Option<PromptColor> {
        let servers = self.session.servers()?;
        let same = |known: &&NamedEnsemble| same_hosts(&known.servers, &servers);
        self.ensembles.iter().filter(|known| known.color.is_some()).find(same)?.color
    }
}

/// Returns the first server, and how many more there are.
fn short(servers: &Servers) -> String {
    let hosts = servers.hosts();
    let first = hosts.first().map(ToString::to_string).unwrap_or_default();
    let more = match hosts.len() {
        0 | 1 => String::new(),
        count => format!("+{}", count - 1),
    };
    let chroot = servers.chroot();
    let chroot = if chroot.is_root() { "" } else { chroot.as_str() };
    format!("{first}{more}{chroot}")
}

fn same_hosts(one: &Servers, other: &Servers) -> bool {
    let sorted = |servers: &Servers| {
        let mut hosts: Vec<String> = servers.hosts().iter().map(ToString::to_string).collect();
        hosts.sort_unstable();
        hosts
    };
    sorted(one) == sorted(other)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn three_servers_do_not_fill_the_row() {
        for (servers, words) in [
            ("localhost", "localhost:2181"),
            ("zk1:2181/app", "zk1:2181/app"),
            ("zk1:2181,zk2:2181,zk3:2181", "zk1:2181+2"),
            ("zk1:2181,zk2:2181/app", "zk1:2181+1/app"),
        ] {
            assert_eq!(short(&servers.parse().unwrap()), words);
        }
    }

    #[test]
    fn the_order_of_servers_does_not_matter_for_the_colour() {
        let same =
            |one: &str, other: &str| same_hosts(&one.parse().unwrap(), &other.parse().unwrap());
        assert!(same("zk1,zk2", "zk2:2181,zk1/app"));
        assert!(!same("zk1,zk2", "zk1"));
    }
}
