//! Saved trees: JSON lines, perhaps compressed, or a folder of files; and what other tools save.
//!
//! The first line is a [`Header`], then comes a line for each znode in the order of a walk, then an
//! [`End`] that says how many there were, so that a file that was cut is known for one. A file that a
//! person keeps may leave out both. `schema/tree.schema.json` has each line.

mod compress;
mod file;
mod folder;
mod foreign;
mod line;
mod order;
mod read;
mod write;

pub use self::compress::{Compression, Encoder, decoder};
pub use self::file::{MAX_WHOLE_BYTES, TreeFile};
pub use self::folder::{FolderReader, FolderWriter};
pub use self::foreign::Format;
pub(super) use self::line::data_json;
pub use self::line::{End, Header, VERSION};
pub use self::order::{Located, Ordered, rebase, sort};
pub use self::read::{MAX_LINE_BYTES, Reader};
pub use self::write::Writer;
