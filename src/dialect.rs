//! The two dialects of `--compat`, as data: the words they print, what quotes mean, and what a bare
//! `get` or `set` shows. Both accept the same syntax. Also the output formats of `-o`.

/// The release of zkCli whose output is reproduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, serde::Deserialize)]
pub enum Dialect {
    /// zkCli 3.4.5, the release that books and courses show
    #[default]
    #[value(name = "3.4")]
    #[serde(rename = "3.4")]
    V34,
    /// zkCli 3.9, for people and scripts that come from it
    #[value(name = "3.9")]
    #[serde(rename = "3.9")]
    V39,
}

impl Dialect {
    /// Returns whether double quotes around a word stay part of the word.
    pub fn keeps_double_quotes(self) -> bool {
        self == Self::V34
    }

    /// Returns whether `get`, `set` and `setAcl` print the stat without `-s`.
    pub fn always_shows_stat(self) -> bool {
        self == Self::V34
    }

    /// Returns what `sync` prints when it is done.
    pub fn sync_done(self) -> &'static str {
        match self {
            Self::V34 => "Sync returned 0",
            Self::V39 => "Sync is OK",
        }
    }

    /// Returns what `quit` prints, if anything.
    pub fn farewell(self) -> Option<&'static str> {
        (self == Self::V34).then_some("Quitting...")
    }

    /// Returns how zkCli words the server's `NoAuth`.
    pub fn no_auth(self) -> &'static str {
        match self {
            Self::V34 => "Authentication is not valid",
            Self::V39 => "Insufficient permission",
        }
    }
}

/// What results, errors and events look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// As zkCli prints them
    #[default]
    Text,
    /// One JSON object a line for every result, error and event, all on standard output
    Json,
    /// Data alone, byte for byte, without a newline; events go to standard error
    Raw,
}
