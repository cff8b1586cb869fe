//! From text to words: quotes, blanks and variables, and messages for arguments that clap rejects.

mod line;
mod usage_error;
mod variables;

pub use self::line::{Line, Word};
pub use self::usage_error::{repeatable_flags, usage_error};
pub use self::variables::{Variables, expand};

/// What quotes mean in either dialect: shown by `zksh --help` and by `help quoting`.
pub const QUOTING: &str = "\
Quotes keep blanks in a word. Data is what was typed: nothing else is changed in it.
    \"a b\"    the double quotes are data, as zkCli 3.4 stores them; \\\" and \\\\
             inside stand for \" and \\
             with --compat 3.9 the quotes go, and a \\ inside stays a \\
    'a b'    the single quotes go, and a \\ inside stays a \\
    $'a\\nb'  any bytes: \\' \\\" \\\\ \\n \\t \\r, \\xHH, \\u{HHHH} (a character)
Inside a word, quotes are data, and a pair of double quotes keeps blanks:
{\"k\":\"v w\"} and it's are one word each.";
