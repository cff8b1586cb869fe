//! What the editor asks of us while a line is edited: the prompt with the events above it, colours,
//! hints, candidates, and whether the line is finished.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::sync::{Arc, PoisonError};

use rustyline::completion::{Completer, Pair};
use rustyline::config::CompletionType;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::line_buffer::LineBuffer;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Changeset, Context};
use terminal_size::{Height, Width, terminal_size};
use unicode_width::UnicodeWidthStr;

use super::block::Block;
use super::complete::complete;
use super::grammar::Reading;
use super::highlight;
use super::hint::{self, Hint};
use super::recall::SharedPast;
use super::wrap::rows;
use super::znode_cache::{Answer, ZnodeCache};
use crate::command::{Switch, Switches};
use crate::dialect::Dialect;
use crate::output::View;
use crate::terminal::Screen;

/// The line on the screen.
#[derive(Debug, Clone, Default)]
pub(super) struct Drawn {
    pub(super) line: String,
    /// The cursor's place in `line`, in bytes.
    pub(super) cursor: usize,
    pub(super) hint: String,
}

pub(super) struct Helper {
    screen: Arc<Screen>,
    view: View,
    grammar: clap::Command,
    tree: ZnodeCache,
    switches: Arc<Switches>,
    past: SharedPast,
    /// Whether the completion is an earlier line, in the place of the whole one.
    recalls: Cell<bool>,
    /// Whether the line is drawn for the last time.
    last: Cell<bool>,
    /// Whether a question is answered in the place of a command.
    asking: Cell<bool>,
    prompt: RefCell<String>,
    /// Candidates of the list that the editor has not printed yet.
    unlisted: Cell<usize>,
    drawn: RefCell<Drawn>,
    /// The last znode asked about, and the answer.
    asked: RefCell<Option<(String, Answer)>>,
}

impl Helper {
    pub(super) fn new(
        screen: Arc<Screen>,
        view: View,
        tree: ZnodeCache,
        switches: Arc<Switches>,
        past: SharedPast,
    ) -> Self {
        let mut grammar = crate::command::Command::tree();
        grammar.build();
        Self {
            screen,
            view,
            grammar,
            tree,
            switches,
            past,
            recalls: Cell::default(),
            last: Cell::default(),
            asking: Cell::default(),
            prompt: RefCell::default(),
            unlisted: Cell::default(),
            drawn: RefCell::default(),
            asked: RefCell::default(),
        }
    }

    /// Returns the line as it was drawn last.
    pub(super) fn drawn(&self) -> Drawn {
        self.drawn.borrow().clone()
    }

    /// Begins a prompt.
    pub(super) fn begin(&self, prompt: &str) {
        prompt.clone_into(&mut self.prompt.borrow_mut());
        self.asked.take();
        self.tree.forget();
    }

    /// Chooses whether a question is answered: then nothing about commands is of use.
    pub(super) fn set_asking(&self, asking: bool) {
        self.asking.set(asking);
    }

    fn dialect(&self) -> Dialect {
        self.view.dialect
    }

    /// Returns the columns that are left in the row in which the line ends, but the last one: a row
    /// that is full begins another.
    fn room(&self, line: &str) -> usize {
        let (columns, _) = size();
        columns - self.end(line) - 1
    }

    /// Returns the column in which a line ends.
    pub(super) fn end(&self, line: &str) -> usize {
        let used = match line.rsplit_once('\n') {
            Some((_, row)) => row.width(),
            None => self.prompt.borrow().width() + line.width(),
        };
        let (columns, _) = size();
        used % columns
    }

    /// Withdraws the question about a znode, if it has not been answered.
    fn hush(&self) {
        self.tree.hush();
        self.asked.borrow_mut().take_if(|(_, answer)| answer.get().is_none());
    }

    fn hints_are_wanted(&self) -> bool {
        !self.asking.get() && self.switches.is_on(Switch::Hints)
    }

    /// Returns the line in its colours.
    fn painted(&self, line: &str) -> String {
        // `!` and a number is an earlier line.
        if !self.view.color || self.asking.get() || line.starts_with('!') {
            return highlight::visible(line).collect();
        }
        let reading = Reading::of(&self.grammar, line, self.dialect());
        let is_prefix = |word: &str| {
            self.grammar.get_subcommands().any(|known| known.get_name().starts_with(word))
        };
        let exists = |typed: &str| self.tree.exists(&self.tree.resolve(typed)?);
        highlight::paint(line, &reading, is_prefix, exists)
    }

    /// Returns a text in grey, or only dim where colours are not wanted: it must not look like
    /// typed text.
    fn grey(&self, text: &str) -> String {
        let code = if self.view.color { "90" } else { "2" };
        let shown: String = highlight::visible(text).collect();
        format!("\x1b[{code}m{shown}\x1b[0m")
    }

    /// Returns what the znode under the cursor is.
    fn facts(&self, reading: &Reading<'_>, line: &str, cursor: usize) -> Option<Hint> {
        let (word, role) = reading.at(cursor);
        let word = word.text().into_owned();
        if !role.is_path() || word.is_empty() {
            self.hush();
            return None;
        }
        let path = self.tree.resolve(&word)?;
        let mut asked = self.asked.borrow_mut();
        if asked.as_ref().is_none_or(|(typed, _)| *typed != word) {
            // The editor counts rows before the answer is there, so it must fit into this one,
            // with two blanks before it.
            let room = self.room(line).saturating_sub(2);
            let screen = Arc::clone(&self.screen);
            let answer = self.tree.ask(path, room, move || screen.request_redraw());
            *asked = Some((word, answer));
        }
        asked.as_ref().map(|(_, answer)| Hint::Facts(Arc::clone(answer)))
    }
}

impl rustyline::Helper for Helper {}

impl Highlighter for Helper {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, own: bool) -> Cow<'b, str> {
        self.drawn.borrow_mut().hint.clear();
        Cow::Owned(self.screen.draw(prompt, own, str::to_owned))
    }

    fn highlight<'l>(&self, line: &'l str, cursor: usize) -> Cow<'l, str> {
        {
            let mut drawn = self.drawn.borrow_mut();
            line.clone_into(&mut drawn.line);
            drawn.cursor = cursor;
        }
        let mut shown = self.painted(line);
        // The editor asks for hints only behind an edit; a cursor that moves has none.
        if cursor < line.len()
            && self.hints_are_wanted()
            && !self.last.get()
            && let Some(Hint::Facts(answer)) =
                self.facts(&Reading::of(&self.grammar, line, self.dialect()), line, cursor)
            && let Some(facts) = answer.get()
        {
            facts.clone_into(&mut self.drawn.borrow_mut().hint);
            shown.push_str(&self.grey(facts));
        }
        Cow::Owned(shown)
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        let mut drawn = self.drawn.borrow_mut();
        if drawn.cursor < drawn.line.len() {
            // It was about the end of the line. It takes no row of its own, so the editor does not
            // miss it.
            return Cow::Borrowed("");
        }
        hint.clone_into(&mut drawn.hint);
        Cow::Owned(self.grey(hint))
    }

    fn highlight_candidate<'c>(&self, candidate: &'c str, _: CompletionType) -> Cow<'c, str> {
        // The editor draws after the list without asking `highlight_char`.
        self.screen.key(false);
        self.unlisted.set(self.unlisted.get().saturating_sub(1));
        if self.unlisted.get() > 0 {
            return Cow::Borrowed(candidate);
        }
        // It then wipes as many rows as it had drawn, and takes the last of the list for them.
        let Drawn { line, hint, .. } = &*self.drawn.borrow();
        let columns = u16::try_from(size().0).unwrap_or(u16::MAX);
        let rows = rows(columns, &[&self.prompt.borrow(), line, hint]);
        Cow::Owned(candidate.to_owned() + &"\n".repeat(rows.into()))
    }

    // True makes the editor draw after every key, so that `drawn` is never out of date.
    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        self.last.set(kind == CmdKind::ForcedRefresh);
        self.screen.key(self.last.get());
        true
    }
}

impl Validator for Helper {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let unfinished =
            !self.asking.get() && Block::parse(context.input(), self.dialect()).unfinished;
        Ok(if unfinished { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

impl Completer for Helper {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        cursor: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let recalled = self.past.lock().unwrap_or_else(PoisonError::into_inner).take_recalled();
        self.recalls.set(recalled.is_some());
        if let Some(replacement) = recalled {
            return Ok((0, vec![Pair { display: String::new(), replacement }]));
        }
        if self.asking.get() {
            return Ok((cursor, Vec::new()));
        }
        let (start, found) =
            complete(&self.grammar, &self.tree, &line[..cursor], self.dialect(), size());
        self.unlisted.set(found.len());
        Ok((start, found))
    }

    fn update(&self, line: &mut LineBuffer, start: usize, elected: &str, changes: &mut Changeset) {
        let place = if self.recalls.get() { 0..line.len() } else { start..line.pos() };
        line.replace(place, elected, changes);
    }
}

impl Hinter for Helper {
    type Hint = Hint;

    fn hint(&self, line: &str, cursor: usize, context: &Context<'_>) -> Option<Hint> {
        // With the cursor inside, what there is to say comes with the line.
        if !self.hints_are_wanted() || line.trim().is_empty() || cursor < line.len() {
            self.hush();
            return None;
        }
        let reading = Reading::of(&self.grammar, line, self.dialect());
        let words = hint::words(&reading, context.history(), line, self.room(line));
        words.or_else(|| self.facts(&reading, line, cursor))
    }
}

/// Returns the columns and rows of the terminal as they are now; both are at least 1.
fn size() -> (usize, usize) {
    terminal_size().map_or((80, 24), |(Width(columns), Height(rows))| {
        (usize::from(columns).max(1), usize::from(rows).max(1))
    })
}
