//! zksh: the shell for Apache ZooKeeper.
//!
//! The library is the whole of the shell; the program hands it its arguments. It is a library so
//! that tests and benches can use its parts; it promises no stable interface.
//!
//! # The way of a line
//!
//! `get -s /a` ⏎ → [`syntax`] cuts it into words → [`dispatch`] parses them and runs the [`command`]
//! on the [`session`] → a report → [`output`] renders it → [`terminal`] writes it. Only where lines
//! come from differs: a prompt ([`repl`]), a file or a pipe ([`script`]), the command line ([`app`]).
//!
//! # Who may import whom
//!
//! A test holds every `crate::` in the sources to this table.
//!
//! | module | imports |
//! |---|---|
//! | `bounded_queue` | |
//! | `dialect` | |
//! | `language` | |
//! | `link_limit` | |
//! | `state_folder` | |
//! | `glossary` | `language` |
//! | `error` | `dialect` |
//! | `zk` | `error` |
//! | `syntax` | `dialect`, `error` |
//! | `session` | `bounded_queue`, `error`, `zk` |
//! | `tree` | `error`, `link_limit`, `session`, `zk` |
//! | `output` | `dialect`, `error`, `session`, `zk` |
//! | `lesson` | `language`, `output` |
//! | `explain` | `error`, `output`, `session`, `zk` |
//! | `terminal` | `bounded_queue`, `error`, `output` |
//! | `dispatch` | `dialect`, `error`, `explain`, `language`, `lesson`, `output`, `sandbox`, `session`, `syntax`, `terminal`, `tree`, `zk` |
//! | `learn` | `dispatch`, `error`, `language`, `lesson`, `output`, `sandbox`, `session`, `state_folder`, `terminal`, `tree`, `zk` |
//! | `command` | `dialect`, `dispatch`, `error`, `explain`, `glossary`, `language`, `learn`, `lesson`, `output`, `sandbox`, `session`, `syntax`, `terminal`, `tree`, `zk` |
//! | `options` | `dialect`, `error`, `language`, `output`, `syntax`, `zk` |
//! | `artifacts` | `command`, `glossary`, `language`, `options` |
//! | `script` | `bounded_queue`, `command`, `dialect`, `dispatch`, `error`, `link_limit`, `output`, `session`, `syntax`, `terminal`, `tree`, `zk` |
//! | `repl` | `command`, `dialect`, `dispatch`, `error`, `lesson`, `output`, `session`, `state_folder`, `syntax`, `terminal`, `tree`, `zk` |
//! | `sandbox` | |
//! | `app` | `artifacts`, `command`, `dialect`, `dispatch`, `error`, `explain`, `learn`, `lesson`, `options`, `output`, `repl`, `sandbox`, `script`, `session`, `terminal`, `zk` |

pub mod app;
pub mod artifacts;
pub mod bounded_queue;
pub mod command;
pub mod dialect;
pub mod dispatch;
pub mod error;
pub mod explain;
pub mod glossary;
pub mod language;
pub mod learn;
pub mod lesson;
pub mod link_limit;
pub mod options;
pub mod output;
pub mod repl;
pub mod sandbox;
pub mod script;
pub mod session;
pub mod state_folder;
pub mod syntax;
pub mod terminal;
pub mod tree;
pub mod zk;
