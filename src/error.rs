//! Errors: their kind (who must act, and the exit status), the message in zkCli's words, and a
//! hint.
//!
//! Every failure of a line is an [`Error`]. This module knows neither terminals nor the client
//! crate.

mod code;
mod lookalike;

pub use self::code::Code;
use crate::dialect::Dialect;

/// A result whose error can be shown to the user as it is.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Who must act on an error, which decides the exit status of a one-shot command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The server refused the request, or a file could not be used: exit status 1.
    Refused,
    /// The line or the options are wrong: exit status 2.
    Usage,
    /// There is no connection, or it broke: exit status 3.
    Lost,
    /// The compared things differ: exit status 4.
    Different,
    /// The user interrupted the command: exit status 130.
    Interrupted,
    /// A bug in zksh, or an invalid reply from a server: exit status 70.
    Bug,
}

impl Kind {
    /// Returns the name for programs.
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

/// The cause of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Cause {
    /// An error code from ZooKeeper, with the path inside the chroot.
    Code { code: Code, path: String },
    /// Any other error; its message is the same in every dialect.
    Words { kind: Kind, message: String },
}

/// What may have been applied in spite of the error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LeftOpen {
    Nothing,
    /// The write that failed.
    Write,
    /// Requests before the one that failed.
    Parts,
}

/// An error, ready to be shown. It is boxed, so that the results of all operations are small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    cause: Cause,
    detail: Option<Box<str>>,
    usage: Option<Box<str>>,
    hint: Option<Box<str>>,
    left_open: LeftOpen,
    causes: Vec<Error>,
}

impl Error {
    fn from_cause(cause: Cause) -> Self {
        Self(Box::new(Inner {
            cause,
            detail: None,
            usage: None,
            hint: None,
            left_open: LeftOpen::Nothing,
            causes: Vec::new(),
        }))
    }

    /// Creates an error from the server's code for an operation on `path` (empty if there is no
    /// path).
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

    /// Creates an error of the given kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self::from_cause(Cause::Words { kind, message: message.into() })
    }

    /// Creates an error for a wrong line or option.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Sets the path of the request if the error from ZooKeeper names none.
    #[must_use]
    pub fn at(mut self, asked: &str) -> Self {
        if let Cause::Code { path, .. } = &mut self.0.cause
            && path.is_empty()
        {
            asked.clone_into(path);
        }
        self
    }

    /// Appends a detail to the message, after a semicolon.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into().into_boxed_str());
        self
    }

    /// Names the first character in the typed words that a web page has put in place of an ASCII
    /// one, such as an en dash or a curly quote.
    #[must_use]
    pub fn naming_lookalikes<'w>(self, words: impl IntoIterator<Item = &'w str>) -> Self {
        match words.into_iter().find_map(lookalike::lookalike) {
            Some(pasted) if self.0.detail.is_none() => self.with_detail(pasted),
            _ => self,
        }
    }

    /// Adds the usage line of the command, shown below the message.
    #[must_use]
    pub fn with_usage(mut self, usage: impl Into<String>) -> Self {
        self.0.usage = Some(usage.into().into_boxed_str());
        self
    }

    /// Adds a hint on what to do next, which is shown on terminals only.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into().into_boxed_str());
        self
    }

    /// Adds the errors of the parts; each is shown on its own line.
    #[must_use]
    pub fn with_causes(mut self, causes: Vec<Self>) -> Self {
        self.0.causes = causes;
        self
    }

    /// Returns the errors of the parts.
    pub fn causes(&self) -> &[Self] {
        &self.0.causes
    }

    /// Adds that the write may have been applied, if the error leaves that open.
    #[must_use]
    pub fn of_write(mut self) -> Self {
        let lost = matches!(
            self.code_of(),
            Some(Code::ConnectionLoss | Code::OperationTimeout | Code::RequestTimeout)
        );
        self.0.left_open = if lost { LeftOpen::Write } else { LeftOpen::Nothing };
        self
    }

    /// Adds that the write may have been applied.
    #[must_use]
    pub fn maybe_applied(mut self) -> Self {
        self.0.left_open = LeftOpen::Write;
        self
    }

    /// Adds that earlier requests of the command may have been applied, if the connection was lost.
    /// Other errors already say what is left to do.
    #[must_use]
    pub fn of_several(mut self) -> Self {
        if self.kind() == Kind::Lost && self.0.left_open == LeftOpen::Nothing {
            self.0.left_open = LeftOpen::Parts;
        }
        self
    }

    /// Returns whether a write may or may not have been applied.
    pub fn is_uncertain(&self) -> bool {
        self.0.left_open != LeftOpen::Nothing
    }

    /// Returns ZooKeeper's code, if the error came from the server.
    pub fn code_of(&self) -> Option<Code> {
        match self.0.cause {
            Cause::Code { code, .. } => Some(code),
            Cause::Words { .. } => None,
        }
    }

    /// Returns the path that the server's error concerns, inside the chroot.
    pub fn path(&self) -> Option<&str> {
        match &self.0.cause {
            Cause::Code { path, .. } if !path.is_empty() => Some(path),
            _ => None,
        }
    }

    /// Returns who must act.
    pub fn kind(&self) -> Kind {
        match &self.0.cause {
            Cause::Code { code, .. } => code.kind(),
            Cause::Words { kind, .. } => *kind,
        }
    }

    /// Returns the message in the given dialect: one line, unless data in it has newlines.
    pub fn message(&self, dialect: Dialect) -> String {
        let mut sentence = match &self.0.cause {
            Cause::Code { code, path } => code.sentence(path, dialect),
            Cause::Words { message, .. } => message.clone(),
        };
        let left_open = match self.0.left_open {
            LeftOpen::Nothing => None,
            LeftOpen::Write => Some("the write may have been applied"),
            LeftOpen::Parts => Some("earlier parts of it may have been applied"),
        };
        for more in left_open.into_iter().chain(self.0.detail.as_deref()) {
            sentence.push_str("; ");
            sentence.push_str(more);
        }
        sentence
    }

    /// Returns the usage line of the command, if the arguments were wrong.
    pub fn usage_line(&self) -> Option<&str> {
        self.0.usage.as_deref()
    }

    /// Returns the hint on what to do next.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
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
            // zkCli names no path if a reconfiguration fails.
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
