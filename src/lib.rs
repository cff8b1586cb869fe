//! zksh: the shell for Apache ZooKeeper.

pub mod app;
pub mod artifacts;
pub mod command;
pub mod dialect;
pub mod error;
pub mod line;
pub mod options;
pub mod path;
pub mod repl;
pub mod report;
pub mod sandbox;
pub mod script;
pub mod servers;
pub mod session;
