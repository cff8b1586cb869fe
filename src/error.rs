//! What can go wrong: the kind (who must act, and the exit status), the sentence in zkCli's words,
//! and what to do next.
//!
//! Every failure of a line is an [`Error`]. This module knows neither terminals nor the client
//! crate.

mod code;
mod lookalike;

pub use self::code::Code;
use crate::dialect::Dialect;

/// A result whose error can be shown to the user as it is.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Who must act on an error; it decides the exit status of a one-shot command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The server refused, or a file did: exit status 1.
    Refused,
    /// The line or the options are wrong: exit status 2.
    Usage,
    /// No connection, or it broke: exit status 3.
    Lost,
    /// What was compared is not the same: exit status 4.
    Different,
    /// The user stopped it: exit status 130.
    Interrupted,
    /// A fault in zksh or in what a server sent: exit status 70.
    Bug,
}

impl Kind {
    /// Returns the word for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Usage => "usage",
            Self::Lost => "lost",
            Self::Different => "different",
            Self::Interrupted => "interrupted",
            Self::Bug => "bug",
        }
    }

    /// Returns the exit status of a process that ends with this kind of error.
    pub fn exit_status(self) -> u8 {
        match self {
            Self::Refused => 1,
            Self::Usage => 2,
            Self::Lost => 3,
            Self::Different => 4,
            Self::Bug => 70,
            Self::Interrupted => 130,
        }
    }
}

/// Why a line failed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Cause {
    /// ZooKeeper's own answer, for a path as the user sees it.
    Code { code: Code, path: String },
    /// Anything else, in words that need no dialect.
    Words { kind: Kind, message: String },
}

/// What may have been applied all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LeftOpen {
    Nothing,
    /// The one write.
    Write,
    /// Requests that came before the one that failed.
    Parts,
}

/// One failure, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    cause: Cause,
    detail: Option<Box<str>>,
    usage: Option<Box<str>>,
    hint: Option<Box<str>>,
    left_open: LeftOpen,
    causes: Vec<Self>,
}

impl Error {
    fn from_cause(cause: Cause) -> Self {
        Self {
            cause,
            detail: None,
            usage: None,
            hint: None,
            left_open: LeftOpen::Nothing,
            causes: Vec::new(),
        }
    }

    /// The server's answer to an operation on `path` (empty when there is no path).
    pub fn code(code: Code, path: impl Into<String>) -> Self {
        let path = path.into();
        let pasted = match code {
            Code::NoNode => lookalike::lookalike(path.rsplit('/').next().unwrap_or_default()),
            _ => None,
        };
        let error = Self::from_cause(Cause::Code { code, path });
        match pasted {
            Some(pasted) => error.with_hint(pasted),
            None => error,
        }
    }

    /// A failure of the given kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self::from_cause(Cause::Words { kind, message: message.into() })
    }

    /// A wrong line or option.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Names the znode that was asked for, where ZooKeeper's answer names none.
    #[must_use]
    pub fn at(mut self, asked: &str) -> Self {
        if let Cause::Code { path, .. } = &mut self.cause
            && path.is_empty()
        {
            asked.clone_into(path);
        }
        self
    }

    /// Adds more words to the sentence, after a semicolon.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into().into_boxed_str());
        self
    }

    /// Names the first character of the typed words that a page prints where a command line has
    /// another: an en dash, a curly quote.
    #[must_use]
    pub fn naming_lookalikes<'w>(self, words: impl IntoIterator<Item = &'w str>) -> Self {
        match words.into_iter().find_map(lookalike::lookalike) {
            Some(pasted) if self.detail.is_none() => self.with_detail(pasted),
            _ => self,
        }
    }

    /// Adds the usage line of the command, shown below the message.
    #[must_use]
    pub fn with_usage(mut self, usage: impl Into<String>) -> Self {
        self.usage = Some(usage.into().into_boxed_str());
        self
    }

    /// Adds what to do next; it is shown on terminals only.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into().into_boxed_str());
        self
    }

    /// Adds the failures of the parts, each of which is shown on a line of its own.
    #[must_use]
    pub fn with_causes(mut self, causes: Vec<Self>) -> Self {
        self.causes = causes;
        self
    }

    /// Returns the failures of the parts.
    pub fn causes(&self) -> &[Self] {
        &self.causes
    }

    /// Says that the write may have been applied, if the error leaves that open.
    #[must_use]
    pub fn of_write(mut self) -> Self {
        let lost = matches!(
            self.code_of(),
            Some(Code::ConnectionLoss | Code::OperationTimeout | Code::RequestTimeout)
        );
        self.left_open = if lost { LeftOpen::Write } else { LeftOpen::Nothing };
        self
    }

    /// Says that the write may have been applied.
    #[must_use]
    pub fn maybe_applied(mut self) -> Self {
        self.left_open = LeftOpen::Write;
        self
    }

    /// Says that this was one of several requests of which earlier ones may have been applied, if
    /// the connection was lost: elsewhere the error says what is left.
    #[must_use]
    pub fn of_several(mut self) -> Self {
        if self.kind() == Kind::Lost && self.left_open == LeftOpen::Nothing {
            self.left_open = LeftOpen::Parts;
        }
        self
    }

    /// Returns whether a write may or may not have been applied.
    pub fn is_uncertain(&self) -> bool {
        self.left_open != LeftOpen::Nothing
    }

    /// Returns ZooKeeper's code, if the error is the server's answer.
    pub fn code_of(&self) -> Option<Code> {
        match self.cause {
            Cause::Code { code, .. } => Some(code),
            Cause::Words { .. } => None,
        }
    }

    /// Returns the path that the server's answer is about, as the user sees it.
    pub fn path(&self) -> Option<&str> {
        match &self.cause {
            Cause::Code { path, .. } if !path.is_empty() => Some(path),
            _ => None,
        }
    }

    /// Returns who must act.
    pub fn kind(&self) -> Kind {
        match &self.cause {
            Cause::Code { code, .. } => code.kind(),
            Cause::Words { kind, .. } => *kind,
        }
    }

    /// Returns the sentence, in the words of the dialect; one line unless data has newlines.
    pub fn message(&self, dialect: Dialect) -> String {
        let mut sentence = match &self.cause {
            Cause::Code { code, path } => code.sentence(path, dialect),
            Cause::Words { message, .. } => message.clone(),
        };
        let left_open = match self.left_open {
            LeftOpen::Nothing => None,
            LeftOpen::Write => Some("the write may have been applied"),
            LeftOpen::Parts => Some("earlier parts of it may have been applied"),
        };
        for more in left_open.into_iter().chain(self.detail.as_deref()) {
            sentence.push_str("; ");
            sentence.push_str(more);
        }
        sentence
    }

    /// Returns the usage line of the command, when the words of the line were wrong.
    pub fn usage_line(&self) -> Option<&str> {
        self.usage.as_deref()
    }

    /// Returns what to do next.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message(Dialect::default()))
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_sentence_and_number() {
        for code in Code::all() {
            assert_eq!(Code::from_number(code.number()), code);
            let sentence = Error::code(code, "/a").message(Dialect::V39);
            // zkCli names no path where a reconfiguration fails.
            let named = sentence.ends_with("/a") || sentence.contains("for /a: ");
            assert!(named || sentence.contains("config"), "{sentence}");
            assert!(!code.meaning().is_empty());
        }
        assert_eq!(
            Error::code(Code::from_number(-999), "/a").message(Dialect::V34),
            "KeeperErrorCode = Unknown error -999 for /a: the server gave a code that zksh does not know"
        );
    }

    #[test]
    fn the_dialect_words_a_refused_permission() {
        let error = Error::code(Code::NoAuth, "/a");
        assert_eq!(error.message(Dialect::V34), "Authentication is not valid : /a");
        assert_eq!(error.message(Dialect::V39), "Insufficient permission : /a");
    }

    #[test]
    fn only_a_lost_connection_leaves_a_write_open() {
        assert!(Error::code(Code::ConnectionLoss, "/a").of_write().is_uncertain());
        assert!(!Error::code(Code::NoNode, "/a").of_write().is_uncertain());
        let lost = Error::code(Code::ConnectionLoss, "/a").of_write();
        assert!(lost.message(Dialect::V34).ends_with("; the write may have been applied"));
        assert_eq!(lost.kind().exit_status(), 3);
        let unsent = Error::new(Kind::Lost, "nothing was sent").of_several();
        let wanted = "nothing was sent; earlier parts of it may have been applied";
        assert_eq!((unsent.message(Dialect::V34).as_str(), unsent.is_uncertain()), (wanted, true));
        assert!(!Error::code(Code::NoNode, "/a").of_several().is_uncertain());
    }
}
