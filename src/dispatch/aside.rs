//! A second context, for another thread that types lines of its own in the sessions of the shell.

use std::sync::Arc;

use super::{
    Asking, Config, Context, Estimate, Explaining, History, Learning, OpenTransaction, Output,
    OwnSandbox, Reader, RunningFiles, ShellJournal, StandardInput, Switches, WorkingPath,
};
use crate::output::View;
use crate::session::{PerSession, Sessions};
use crate::terminal::progress::Progress;
use crate::zk::ZnodePath;

/// The parts of a second context. Unlike a context it can be sent to another thread.
pub struct Aside {
    session: Sessions,
    view: View,
    reader: Reader,
    cwd: PerSession<WorkingPath>,
    transaction: PerSession<OpenTransaction>,
    learning: Learning,
    sandbox: Option<OwnSandbox>,
    protected: Vec<ZnodePath>,
}

impl Context {
    /// Returns what a second context is made of: it has the same sessions, of which another one can be
    /// the current one, and neither a terminal nor this one's settings.
    pub fn aside(&self) -> Aside {
        let session = self.session.apart();
        Aside {
            cwd: self.cwd.apart(&session),
            transaction: self.transaction.apart(&session),
            session,
            view: self.view,
            reader: Reader { variables: None, ..self.reader.clone() },
            learning: self.learning.clone(),
            sandbox: self.sandbox.clone(),
            protected: self.config.protected.clone(),
        }
    }
}

impl Aside {
    /// Makes the context. What long commands show on the way is lost.
    pub fn context(self) -> Context {
        Context {
            session: self.session,
            view: self.view,
            reader: self.reader,
            output: Output::new(self.view, |_, _| Ok(())),
            cwd: self.cwd,
            switches: Arc::<Switches>::default(),
            history: History::default(),
            transaction: self.transaction,
            explaining: Explaining::default(),
            learning: self.learning,
            journal: ShellJournal::default(),
            sandbox: self.sandbox,
            terminal: None,
            progress: Progress::default(),
            estimate: Estimate::default(),
            config: Config { protected: self.protected, ..Config::default() },
            asking: Asking::Prompt,
            input: StandardInput::default(),
            running_files: RunningFiles::default(),
        }
    }
}
