//! Saved trees: JSON lines, optionally compressed, or a folder of files, and the files of other
//! tools.
//!
//! The first line is a [`Header`]. A line for each znode follows in walk order, and then an [`End`]
//! with their number, so that a truncated file is detected. A file that is written by hand may omit
//! both. `schema/tree.schema.json` describes each line.

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
