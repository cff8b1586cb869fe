//! Argument types that describe the meaning of a word. Parsing, completion and redaction look at
//! the type, so that they need not know commands by name.

use std::any::TypeId;
use std::ffi::{OsStr, OsString};

use clap::Arg;
use clap::builder::{MapValueParser, OsStringValueParser, TypedValueParser, ValueParserFactory};

/// Declares a type that holds a word as typed.
macro_rules! word {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Default)]
        pub struct $name(pub OsString);

        impl ValueParserFactory for $name {
            type Parser = MapValueParser<OsStringValueParser, fn(OsString) -> Self>;

            fn value_parser() -> Self::Parser {
                OsStringValueParser::new().map(Self)
            }
        }
    };
}

word! {
    /// Data of a znode. A line may give it in a block below (`<<END`).
    Data
}

word! {
    /// A word that may start with a dash without being taken for an option.
    FreeWord
}

word! {
    /// A password, or a word that contains one. It is never shown.
    Secret
}

word! {
    /// A word of a wrapped command: the first is the name of that command, the others are its
    /// arguments.
    WrappedWord
}

impl std::fmt::Debug for Data {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::fmt::Debug for FreeWord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::fmt::Debug for WrappedWord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("****")
    }
}

impl AsRef<OsStr> for Data {
    fn as_ref(&self) -> &OsStr {
        &self.0
    }
}

/// Returns whether the values of an argument have this type.
pub fn is_of<T: 'static>(arg: &Arg) -> bool {
    arg.get_value_parser().type_id() == TypeId::of::<T>()
}

/// Returns whether a value may be any word, even one that looks like an option.
pub(super) fn is_free(arg: &Arg) -> bool {
    is_of::<Data>(arg) || is_of::<FreeWord>(arg) || is_of::<Secret>(arg)
}
