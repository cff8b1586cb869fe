//! From text to words: quotes, blanks and variables, and what is wrong with words that an argument
//! parser refuses.

mod line;
mod usage_error;
mod variables;

pub use self::line::{Line, Word};
pub use self::usage_error::usage_error;
pub use self::variables::{Variables, expand};
