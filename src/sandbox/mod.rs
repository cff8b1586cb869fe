//! An in-memory ZooKeeper server: one process, for learning and for tests.
//!
//! It imports nothing of the shell, so that it stays an independent witness. What must last or
//! scale belongs on a real ensemble.

mod acl;
mod address;
mod admin;
mod connection;
mod control;
mod core;
mod ensemble;
mod listener;
mod node;
mod operation;
mod own;
mod path;
mod quota;
mod server;
mod servers;
mod sessions;
mod settings;
mod state;
mod tree;
mod watches;
mod wire;

pub use self::control::{
    ConnectionStatus, Control, ControlError, Process, ServerMode, ServerStatus,
};
pub use self::core::Clock;
pub use self::server::{Handle, start, start_ensemble};
pub use self::settings::Settings;
