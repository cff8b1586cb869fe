//! What commands share, whichever they are.

mod arguments;
mod effects;
mod places;

pub use self::arguments::{Data, FreeWord, Secret, WrappedWord, is_of};
pub use self::effects::{Concurrency, Effects, Write};
pub use self::places::{Place, Words, for_clap, is_option_of, places};
