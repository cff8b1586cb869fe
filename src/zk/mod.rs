//! ZooKeeper's nouns, without any I/O: paths and connection strings, and the rules that make them
//! valid.

mod connect_string;
mod path;

pub use self::connect_string::{DEFAULT_PORT, Host, Servers, host_and_port};
pub use self::path::{TypedPath, ZnodePath};
