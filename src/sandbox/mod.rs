//! An in-memory ZooKeeper server in one process, for learning and for tests.
//!
//! It imports nothing of the shell, so that tests can rely on it as an independent implementation.
//! Data that must last or scale belongs on a real ensemble.

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
mod sasl;
mod server;
mod servers;
mod sessions;
mod settings;
mod state;
mod tls;
mod tree;
mod watches;
mod wire;

pub use self::control::{
    ConnectionStatus, Control, ControlError, Process, ServerMode, ServerStatus,
};
pub use self::core::Clock;
pub use self::sasl::Users;
pub use self::server::{Handle, start, start_ensemble};
pub use self::settings::{ClientAuth, Settings};
