//! The parts that commands share: parsing a line into a command, the context of a command
//! ([`Context`]), its description ([`Spec`]), data, consent, and what may run concurrently.
//!
//! The commands are in `command`, which imports this module. This module sees the list of commands
//! only through the trait [`Table`].

mod arguments;
mod aside;
mod consent;
mod context;
mod data_hint;
mod data_source;
mod effects;
mod estimate;
mod expanded;
mod explaining;
mod fast_parse;
mod globbed;
mod heredoc;
mod invocation;
mod journal;
mod json_check;
mod learning;
mod likely_line;
mod line_log;
mod multi_line;
mod output;
mod own_sandbox;
mod parse;
mod paths;
mod places;
mod read_failures;
mod redact;
mod refusal;
mod spec;
mod switches;
mod table;
mod transaction;
pub mod transfer;
mod tree_address;
mod usage_error;
mod working_path;
mod wrapped_command;

pub use self::arguments::{Data, FreeWord, Secret, WrappedWord, is_of};
pub use self::aside::Aside;
pub use self::consent::{Consent, Question, about_subtree, counted};
pub use self::context::{Asking, Config, Context, Outcome, RunningFiles, StandardInput};
pub use self::data_hint::{DataHint, show as show_data_hint};
pub use self::data_source::{DATA_SOURCES, DataSource};
pub use self::effects::{Concurrency, Effects, Write};
pub use self::estimate::Estimate;
pub use self::explaining::Explaining;
pub use self::globbed::{Globbed, Globs};
pub use self::heredoc::terminator;
pub use self::invocation::Invocation;
pub use self::journal::{ShellJournal, is_same_place};
pub use self::json_check::check_json;
pub use self::learning::{Begun, Learning, Message, Turn, watches_of};
pub use self::line_log::{History, LineLog};
pub use self::multi_line::{MultiLine, Unfinished};
pub use self::output::Output;
pub use self::own_sandbox::OwnSandbox;
pub use self::parse::{Reader, parse, words};
pub use self::places::{Place, Words, for_clap, is_option_of, places, session_of};
use self::places::{is_option, with_places};
pub use self::read_failures::ReadFailures;
pub use self::redact::{is_private, redact};
pub use self::spec::{Connects, Sends, Spec, Task};
pub use self::switches::{Choice, Switch, Switches};
pub use self::table::{Table, Wrapped};
pub use self::transaction::{OpenTransaction, Queued, Transaction};
pub use self::tree_address::{Ensemble, Ensembles, Securing, Tree, TreeAddress};
pub use self::usage_error::{nearest, unknown};
pub use self::working_path::WorkingPath;
pub use self::wrapped_command::WrappedCommand;
