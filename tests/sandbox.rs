//! The sandbox: its options, its behaviour on the wire, and comparisons with Apache's server.

mod abuse;
mod ends;
mod ensemble;
mod floods;
mod foreign;
mod full;
mod late;
mod limits;
mod model;
mod options;
mod requests;
mod side;
mod steps;
mod wire;
mod words;
