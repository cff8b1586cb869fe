//! Earlier lines for Up and Down, hints, and Alt-. (which inserts their last words).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustyline::{Cmd, ConditionalEventHandler, Event, EventContext, RepeatCount};

use super::history::Entry;
use crate::dialect::Dialect;
use crate::syntax::Line;

/// The earlier lines, and the state of the keys that recall them.
#[derive(Debug, Default)]
pub(super) struct HistoryLines {
    dialect: Dialect,
    entries: Vec<Entry>,
    /// The text before the first Up.
    typed: String,
    /// The line that Up shows.
    shown: Option<usize>,
    /// The word that Alt-. inserted.
    word: Option<LastWord>,
    replacement: Option<Replacement>,
}

/// A word that Alt-. inserted.
#[derive(Debug)]
struct LastWord {
    /// The index of the line that it comes from.
    from: usize,
    /// The position where it starts.
    start: usize,
    /// The text of the line up to the end of the word.
    before_cursor: String,
}

/// A text that replaces the first `end` bytes of the line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Replacement {
    pub(super) end: usize,
    pub(super) text: String,
}

/// The earlier lines, shared by the keys and the editor's helper.
#[derive(Debug, Clone)]
pub(super) struct SharedHistory(Arc<Mutex<HistoryLines>>);

impl SharedHistory {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self(Arc::new(Mutex::new(HistoryLines { dialect, ..HistoryLines::default() })))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, HistoryLines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HistoryLines {
    pub(super) fn load(&mut self, entries: Vec<Entry>) {
        self.entries = entries;
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
        self.shown = None;
        self.word = None;
    }

    /// Returns the lines, oldest first.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.line.as_str())
    }

    /// Removes and returns the replacement that a key has requested.
    pub(super) fn take_replacement(&mut self) -> Option<Replacement> {
        self.replacement.take()
    }

    /// Returns the rest of the newest line that starts with `typed`, was typed for this ensemble,
    /// and may be hinted.
    pub(super) fn hint(&self, typed: &str, ensemble: &str) -> Option<&str> {
        let newest_first = self.entries.iter().rev();
        newest_first
            .filter(|entry| entry.ensemble.as_deref() == Some(ensemble))
            .filter_map(|entry| Some((entry, entry.line.strip_prefix(typed)?)))
            // A hint with several rows would move the prompt.
            .filter(|(entry, rest)| !rest.is_empty() && !entry.line.contains('\n'))
            .find(|(entry, _)| may_be_hinted(&entry.line, self.dialect))
            .map(|(_, rest)| rest)
    }

    /// Returns the line that replaces `line`, or `None` if there is no other.
    fn step(&mut self, line: &str, back: bool) -> Option<String> {
        let is_shown = |at| self.entries.get(at).is_some_and(|shown: &Entry| shown.line == line);
        if !self.shown.is_some_and(is_shown) {
            self.shown = None;
            line.clone_into(&mut self.typed);
        }
        let fits = |at: &usize| {
            let earlier = &self.entries[*at].line;
            earlier != line && earlier.starts_with(&self.typed)
        };
        let end = self.entries.len();
        let found = if back {
            (0..self.shown.unwrap_or(end)).rev().find(fits)
        } else {
            (self.shown? + 1..end).find(fits)
        };
        match found {
            Some(at) => {
                self.shown = Some(at);
                Some(self.entries[at].line.clone())
            }
            None if back => None,
            // The position after the newest line holds the typed text.
            None => {
                self.shown = None;
                Some(self.typed.clone())
            }
        }
    }

    /// Returns the new text before the cursor: the present text and the last word of the newest
    /// line. When repeated, uses the line before that.
    fn last_word(&mut self, before_cursor: &str) -> Option<String> {
        let again = self.word.take().filter(|word| word.before_cursor == before_cursor);
        let (start, newer) =
            again.map_or((before_cursor.len(), self.entries.len()), |word| (word.start, word.from));
        let (from, word) = (0..newer).rev().find_map(|at| {
            let line = &self.entries[at].line;
            let words = Line::parse(line, self.dialect).words;
            Some((at, line[words.last()?.span.clone()].to_owned()))
        })?;
        let text = format!("{}{word}", &before_cursor[..start]);
        self.word = Some(LastWord { from, start, before_cursor: text.clone() });
        Some(text)
    }
}

/// Returns whether a line may be hinted, so that one key inserts it. A line may not if it confirms
/// a question in advance or runs a program.
fn may_be_hinted(line: &str, dialect: Dialect) -> bool {
    let agrees = |word: &str| {
        let name = word.trim_start_matches('-');
        let dashes = word.len() - name.len();
        (dashes > 0 && matches!(name, "yes" | "force")) || (dashes == 1 && name.contains('y'))
    };
    !line.starts_with('!')
        && !Line::parse(line, dialect).words.iter().any(|word| agrees(&word.text()))
}

/// The keys Up and Down.
pub(super) struct Recall {
    pub(super) past: SharedHistory,
    pub(super) back: bool,
}

impl ConditionalEventHandler for Recall {
    fn handle(
        &self,
        _: &Event,
        _: RepeatCount,
        _: bool,
        context: &EventContext<'_>,
    ) -> Option<Cmd> {
        let (before, after) = context.line().split_at(context.pos());
        let inside = if self.back { before } else { after };
        if inside.contains('\n') {
            // The cursor moves within the rows of the line.
            return None;
        }
        let mut past = self.past.lock();
        let end = context.line().len();
        past.replacement =
            past.step(context.line(), self.back).map(|text| Replacement { end, text });
        // The editor's own replacement leaves the cursor at the start. A completion of the whole
        // line leaves it at the end.
        Some(if past.replacement.is_some() { Cmd::Complete } else { Cmd::Noop })
    }
}

/// Alt-. : inserts the last word of an earlier line.
pub(super) struct TakeLastWord(pub(super) SharedHistory);

impl ConditionalEventHandler for TakeLastWord {
    fn handle(
        &self,
        _: &Event,
        _: RepeatCount,
        _: bool,
        context: &EventContext<'_>,
    ) -> Option<Cmd> {
        let end = context.pos();
        let mut past = self.0.lock();
        past.replacement =
            past.last_word(&context.line()[..end]).map(|text| Replacement { end, text });
        Some(if past.replacement.is_some() { Cmd::Complete } else { Cmd::Noop })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(line: &str) -> Entry {
        Entry { line: line.to_owned(), ensemble: Some("zk1".to_owned()) }
    }

    fn past() -> HistoryLines {
        let mut past = HistoryLines::default();
        past.load(["ls /", "get /a", "ls /b", "ls /b", "get /c"].map(entry).into());
        past
    }

    #[test]
    fn an_empty_line_recalls_all_from_the_newest() {
        let mut past = past();
        let mut line = String::new();
        let mut seen = Vec::new();
        while let Some(earlier) = past.step(&line, true) {
            line = earlier;
            seen.push(line.clone());
        }
        assert_eq!(seen, ["get /c", "ls /b", "get /a", "ls /"]);
        let mut back = Vec::new();
        while let Some(later) = past.step(&line, false) {
            line = later;
            back.push(line.clone());
        }
        assert_eq!(back, ["get /a", "ls /b", "get /c", ""]);
    }

    #[test]
    fn the_typed_prefix_selects_lines() {
        let mut past = past();
        assert_eq!(past.step("ls", true).as_deref(), Some("ls /b"));
        assert_eq!(past.step("ls /b", true).as_deref(), Some("ls /"));
        assert_eq!(past.step("ls /", true), None);
        assert_eq!(past.step("ls /", false).as_deref(), Some("ls /b"));
        assert_eq!(past.step("ls /b", false).as_deref(), Some("ls"));
        assert_eq!(past.step("nothing", true), None);
    }

    #[test]
    fn an_edited_line_restarts_the_search() {
        let mut past = past();
        assert_eq!(past.step("", true).as_deref(), Some("get /c"));
        assert_eq!(past.step("get ", true).as_deref(), Some("get /c"));
        past.push(entry("get /d"));
        assert_eq!(past.step("", true).as_deref(), Some("get /d"));
    }

    #[test]
    fn hints_are_from_the_same_ensemble_and_confirm_nothing() {
        let mut past = HistoryLines::default();
        past.push(entry("deleteall /a"));
        for agreed in [
            "deleteall /a -y",
            "deleteall /a --yes",
            "deleteall /a --force",
            "deleteall /a -force",
            "setAcl /a -Ry world:anyone:r",
            "deleteall /a '-y'",
            "time deleteall /a -y",
            "!rm -r /",
        ] {
            past.push(entry(agreed));
            assert_eq!(past.hint(&agreed[..3], "zk1").filter(|_| !agreed.starts_with("del")), None);
        }
        assert_eq!(past.hint("del", "zk1"), Some("eteall /a"));
        assert_eq!(past.hint("del", "zk2"), None);
        past.load(vec![Entry { line: "ls /".to_owned(), ensemble: None }]);
        assert_eq!(past.hint("l", "zk1"), None);
    }

    #[test]
    fn the_last_word_of_each_earlier_line_is_taken() {
        let mut past = HistoryLines::default();
        past.load(["get '/a b'", "# no words", "set /b c"].map(entry).into());
        assert_eq!(past.last_word("stat ").as_deref(), Some("stat c"));
        assert_eq!(past.last_word("stat c").as_deref(), Some("stat '/a b'"));
        assert_eq!(past.last_word("stat '/a b'"), None);
        assert_eq!(past.last_word("x").as_deref(), Some("xc"));
    }
}
