//! The text of the prompt: `[zk: NAME(STATE) CWD @SESSION multi:2 N] `. It omits the working path
//! at `/`, the name of the only session, and `multi:` outside transactions. In a lesson the prompt
//! is `A> `.

use std::sync::{Arc, Mutex, PoisonError};

use crate::dispatch::{Context, Learning, Switches, WorkingPath};
use crate::output::escape::{self, Newlines};
use crate::output::style::{PromptColor, PromptStyle};
use crate::session::{PerSession, Sessions, State};
use crate::zk::Servers;

/// An ensemble in the config file.
#[derive(Debug, Clone)]
pub struct NamedEnsemble {
    /// The name.
    pub name: String,
    /// The servers.
    pub servers: Servers,
    /// The colour of the prompt.
    pub color: Option<PromptColor>,
    /// Whether the user chose it by its name.
    pub is_chosen: bool,
}

/// The parts of the prompt that the session does not know.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counters {
    /// The number of operations in the open transaction, if there is one.
    pub(super) queued: Option<usize>,
    /// The number of the line.
    pub(super) number: usize,
}

/// Creates the prompt. It is shared with the thread that redraws it.
#[derive(Clone)]
pub(super) struct PromptText {
    session: Sessions,
    cwd: PerSession<WorkingPath>,
    switches: Arc<Switches>,
    learning: Learning,
    ensembles: Arc<[NamedEnsemble]>,
    counters: Arc<Mutex<Counters>>,
}

impl PromptText {
    pub(super) fn new(cx: &Context, ensembles: &[NamedEnsemble]) -> Self {
        Self {
            session: cx.session.clone(),
            cwd: cx.cwd.clone(),
            switches: Arc::clone(&cx.switches),
            learning: cx.learning.clone(),
            ensembles: ensembles.into(),
            counters: Arc::default(),
        }
    }

    /// Sets the current transaction and line number.
    pub(super) fn set_counters(&self, counters: Counters) {
        *self.counters.lock().unwrap_or_else(PoisonError::into_inner) = counters;
    }

    /// Returns the current prompt.
    pub(super) fn text(&self) -> String {
        let servers = self.session.servers();
        let name = servers.map(|servers| self.name(&servers)).unwrap_or_default();
        let path = self.cwd.get().filter(|path| !path.is_root());
        let path = path.map(|path| format!("{path} ")).unwrap_or_default();
        let Counters { queued, number } =
            *self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let queued = queued.map(|queued| format!("multi:{queued} ")).unwrap_or_default();
        let state = self.session.state();
        if self.learning.is_on() {
            // Lessons show the session here and not the server.
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

    /// Returns the colour of the prompt, if any. It depends on the servers, even if the user gave
    /// their addresses instead of the ensemble's name.
    pub(super) fn color(&self) -> Option<PromptColor> {
        let servers = self.session.servers()?;
        let same = |known: &&NamedEnsemble| same_hosts(&known.servers, &servers);
        self.ensembles.iter().filter(|known| known.color.is_some()).find(same)?.color
    }
}

/// Returns the first server and the number of others.
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
    fn a_prompt_with_three_servers_is_short() {
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
