//! zksh: the shell for Apache ZooKeeper.
//!
//! The library is the whole of the shell; the program hands it its arguments. It is a library so
//! that tests and benches can use its parts; it promises no stable interface.
//!
//! # The way of a line
//!
//! `get -s /a` ⏎ → [`mod@line`] cuts it into words → [`command`] parses them and runs the command on
//! the [`session`] → a report → [`report`] shows it → bytes. Only where lines come from differs:
//! a prompt ([`repl`]), a file or a pipe ([`script`]), the command line ([`app`]).
//!
//! # Who may import whom
//!
//! A test holds every `crate::` in the sources to this table.
//!
//! | module | imports |
//! |---|---|
//! | `dialect` | |
//! | `error` | `dialect` |
//! | `complaint` | `error` |
//! | `path` | `error` |
//! | `line` | `dialect`, `error` |
//! | `servers` | `error`, `path` |
//! | `session` | `error`, `path`, `servers` |
//! | `report` | `dialect`, `error`, `path`, `session` |
//! | `command` | `complaint`, `dialect`, `error`, `line`, `path`, `report`, `servers`, `session` |
//! | `options` | `complaint`, `dialect`, `error`, `path`, `report`, `servers` |
//! | `artifacts` | `command`, `options` |
//! | `script` | `command`, `dialect`, `error`, `line`, `path`, `report`, `session` |
//! | `repl` | `command`, `dialect`, `error`, `line`, `path`, `report`, `session` |
//! | `sandbox` | |
//! | `app` | `artifacts`, `command`, `dialect`, `error`, `options`, `path`, `repl`, `report`, `sandbox`, `script`, `servers`, `session` |

pub mod app;
pub mod artifacts;
pub mod command;
pub mod complaint;
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
