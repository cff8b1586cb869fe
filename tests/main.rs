//! The whole suite is one program, so it links once, and its tests share the servers that they
//! start.
//!
//! Tests run on the sandbox, and on every release of Apache's server that is present.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests may panic and print the reason"
)]

mod accounts;
mod artifacts;
mod between;
mod closing;
mod differential;
mod endurance;
mod ensemble;
mod events;
mod far;
mod flood;
mod following;
mod globs;
mod glossary;
mod house;
mod input;
mod json;
mod keeper;
mod lessons;
mod liars;
mod null_data;
mod outages;
mod pipelining;
mod placeholder;
mod plans;
mod quotas;
mod reads;
mod reconfig;
mod reconnect;
mod rendering;
mod round_trips;
mod sandbox;
mod scripts;
mod secrets;
mod secured;
mod session_alone;
mod sessions;
mod startup;
mod states;
mod story;
mod subtrees;
mod support;
mod terminal;
mod transcripts;
mod trees;
mod typed;
mod undo;
mod watch_histories;
mod watches;
