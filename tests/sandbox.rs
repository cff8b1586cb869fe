//! The sandbox: its options, its manners on the wire, and how it compares with Apache's server.

mod options;
