//! rustyline's helper: draws the prompt with events above it, colours and hints, and finds
//! candidates.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

use rustyline::completion::{Completer, Pair};
use rustyline::config::CompletionType;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::line_buffer::LineBuffer;
use rustyline::validate::Validator;
use rustyline::{Changeset, Context};
use terminal_size::{Height, Width, terminal_size};

use super::burst::{self, Burst, Paint, input_waits};
use super::complete::complete;
use super::grammar::Reading;
use super::highlight;
use super::hint::{self, Hint};
use super::keys::ShownHint;
use super::prompt_text::PromptText;
use super::recall::SharedHistory;
use super::wrap;
use super::znode_cache::{Answer, ZnodeCache};
use crate::dialect::Dialect;
use crate::dispatch::{Globbed, Switch, Switches, Unfinished};
use crate::output::View;
use crate::terminal::Screen;
use crate::terminal::prompt::Cursor;

/// The drawn line.
#[derive(Debug, Clone, Default)]
pub(super) struct Drawn {
    pub(super) line: String,
    /// The byte position of the cursor in `line`.
    pub(super) cursor: usize,
    pub(super) hint: String,
    /// The width of the window in columns.
    pub(super) columns: u16,
}

/// The kind of input that is being read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum EditorInput {
    /// A line.
    #[default]
    Line,
    /// Another row of a line. `before` has the previous rows.
    Row { before: String, open: Unfinished },
    /// The answer to a question, for which completion and hints are off.
    Answer,
}

pub(super) struct Helper {
    screen: Arc<Screen>,
    view: View,
    grammar: clap::Command,
    znodes: ZnodeCache,
    switches: Arc<Switches>,
    /// Whether patterns in paths are expanded.
    globs: bool,
    history: SharedHistory,
    hint: ShownHint,
    prompt_text: PromptText,
    burst: Burst,
    input: RefCell<EditorInput>,
    /// Where the text to be replaced ends, if a key replaces more than the current word.
    replaced: Cell<Option<usize>>,
    /// Whether the line is drawn for the last time.
    is_final_draw: Cell<bool>,
    /// Whether the line is drawn without colours because more characters are coming.
    is_plain: Cell<bool>,
    /// Whether the editor shows our prompt rather than one of its own.
    shows_our_prompt: Cell<bool>,
    prompt: RefCell<String>,
    columns: Cell<u16>,
    /// The number of candidates that the editor must still print.
    unlisted: Cell<usize>,
    drawn: RefCell<Drawn>,
    /// The last znode that was requested, and the answer.
    facts: RefCell<Option<(String, Answer)>>,
}

impl Helper {
    pub(super) fn new(
        screen: Arc<Screen>,
        view: View,
        znodes: ZnodeCache,
        switches: Arc<Switches>,
        history: SharedHistory,
        hint: ShownHint,
        prompt_text: PromptText,
    ) -> Self {
        let mut grammar = crate::command::Command::tree();
        grammar.build();
        Self {
            screen,
            view,
            grammar,
            znodes,
            switches,
            globs: false,
            history,
            hint,
            prompt_text,
            burst: Burst::default(),
            input: RefCell::default(),
            replaced: Cell::default(),
            is_final_draw: Cell::default(),
            is_plain: Cell::default(),
            shows_our_prompt: Cell::new(true),
            prompt: RefCell::default(),
            columns: Cell::new(columns()),
            unlisted: Cell::default(),
            drawn: RefCell::default(),
            facts: RefCell::default(),
        }
    }

    /// Sets whether completion expands patterns in paths.
    #[must_use]
    pub(super) fn expanding(self, globs: bool) -> Self {
        Self { globs, ..self }
    }

    /// Returns the line as it was last drawn.
    pub(super) fn drawn(&self) -> Drawn {
        self.drawn.borrow().clone()
    }

    /// Returns the detector of bursts.
    pub(super) fn burst(&self) -> &Burst {
        &self.burst
    }

    /// Starts a prompt in a window of `columns` columns, as the editor assumes.
    pub(super) fn begin(&self, prompt: &str, columns: u16) {
        self.columns.set(columns);
        prompt.clone_into(&mut self.prompt.borrow_mut());
        self.facts.take();
        self.znodes.forget();
    }

    /// Sets the kind of input that is read from now on.
    pub(super) fn ask_for(&self, input: EditorInput) {
        *self.input.borrow_mut() = input;
    }

    fn dialect(&self) -> Dialect {
        self.view.dialect
    }

    /// Returns the columns left for a hint in the row in which the line ends, without the last
    /// column, because a full row would start another. Returns `None` if the line has filled its
    /// row.
    fn room(&self, line: &str) -> Option<usize> {
        let columns = columns();
        let end = wrap::end(columns, &[&self.prompt.borrow(), line]);
        let starts_row = end.column == 0 && !line.ends_with('\n');
        (!starts_row).then(|| usize::from(columns - end.column).saturating_sub(1))
    }

    /// Returns the column in which a line ends.
    pub(super) fn end(&self, line: &str) -> u16 {
        wrap::end(columns(), &[&self.prompt.borrow(), line]).column
    }

    /// Cancels the request about a znode if it was not answered.
    fn cancel_request(&self) {
        self.znodes.cancel_request();
        self.facts.borrow_mut().take_if(|(_, answer)| answer.get().is_none());
    }

    /// Returns the line with colours.
    fn painted(&self, line: &str, reading: &Reading<'_>) -> String {
        // `!` recalls an earlier line or starts one for the system's shell.
        if !self.view.color || *self.input.borrow() != EditorInput::Line || line.starts_with('!') {
            return highlight::visible(line).collect();
        }
        let is_prefix = |word: &str| {
            self.grammar.get_subcommands().any(|known| known.get_name().starts_with(word))
        };
        let exists = |typed: &str| self.znodes.exists(&self.znodes.resolve(typed)?);
        highlight::paint(line, reading, is_prefix, exists)
    }

    /// Returns a text in grey, or dim if colours are off, so that it does not look like typed text.
    fn grey(&self, text: &str) -> String {
        let code = if self.view.color { "90" } else { "2" };
        let shown: String = highlight::visible(text).collect();
        format!("\x1b[{code}m{shown}\x1b[0m")
    }

    /// Returns the hint for the line, if any.
    fn hint_for(&self, line: &str, cursor: usize, reading: &Reading<'_>) -> Option<Hint> {
        if self.is_final_draw.get() || !self.shows_our_prompt.get() {
            return None;
        }
        let room = self.room(line)?;
        match &*self.input.borrow() {
            // How to leave the line is shown even if hints are off.
            EditorInput::Row { open, .. } if line.is_empty() => {
                let mut words = open.way_out();
                super::complete::cut(&mut words, room);
                return Some(Hint::Words(words));
            }
            EditorInput::Line if self.switches.is_on(Switch::Hints) && !line.trim().is_empty() => {}
            _ => {
                self.cancel_request();
                return None;
            }
        }
        let at_end = cursor == line.len();
        let earlier = |line: &str| {
            let ensemble = self.znodes.ensemble()?;
            self.history.lock().hint(line, &ensemble).map(str::to_owned)
        };
        let words = at_end.then(|| hint::words(reading, earlier, line, room)).flatten();
        words.or_else(|| self.facts(reading, cursor, room).map(Hint::Words))
    }

    /// Returns the facts about the znode under the cursor, once the server has answered.
    fn facts(&self, reading: &Reading<'_>, cursor: usize, room: usize) -> Option<String> {
        let (word, role) = reading.at(cursor);
        let may_be_pattern = Globbed::may_be(&word);
        let word = word.text().into_owned();
        if !role.is_path(&word) || word.is_empty() || may_be_pattern {
            self.cancel_request();
            return None;
        }
        let path = self.znodes.resolve(&word)?;
        let mut facts = self.facts.borrow_mut();
        if facts.as_ref().is_none_or(|(typed, _)| *typed != word) {
            // Two blanks precede the facts.
            let screen = Arc::clone(&self.screen);
            let answer = self
                .znodes
                .request_facts(path, room.saturating_sub(2), move || screen.request_redraw());
            *facts = Some((word, answer));
        }
        facts.as_ref().and_then(|(_, answer)| answer.get().cloned())
    }
}

impl rustyline::Helper for Helper {}

impl Highlighter for Helper {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, own: bool) -> Cow<'b, str> {
        self.shows_our_prompt.set(own);
        let is_prompt = self.view.color && *self.input.borrow() == EditorInput::Line;
        let color = is_prompt.then(|| self.prompt_text.color()).flatten();
        let paint =
            |words: &str| color.map_or_else(|| words.to_owned(), |color| color.paint(words));
        Cow::Owned(self.screen.draw(prompt, own, paint))
    }

    // Hints are drawn as part of the line, so that a hint can appear when the server answers. They
    // stay within the row, so the editor need not know about them.
    fn highlight<'l>(&self, line: &'l str, cursor: usize) -> Cow<'l, str> {
        let mut shown;
        let mut hint = None;
        if self.is_plain.take() {
            shown = highlight::visible(line).collect();
        } else {
            let reading = Reading::of(&self.grammar, line, self.dialect());
            shown = self.painted(line, &reading);
            hint = self.hint_for(line, cursor, &reading);
        }
        self.hint.set(hint.as_ref().and_then(|hint| Some((line, hint.rest()?))));
        let mut drawn = self.drawn.borrow_mut();
        drawn.hint.clear();
        if let Some(hint) = &hint {
            drawn.hint.push_str(hint.shown());
            shown.push_str(&self.grey(hint.shown()));
        }
        line.clone_into(&mut drawn.line);
        drawn.cursor = cursor;
        let editor_columns = self.columns.get();
        drawn.columns = editor_columns;
        let rows = |text: &str| wrap::rows(editor_columns, &[&self.prompt.borrow(), text]);
        let place = if cursor == line.len() {
            Cursor::AtEnd
        } else {
            Cursor::Inside { rows_below: rows(line) - rows(&line[..cursor]) }
        };
        self.screen.line_drawn(place, columns() == editor_columns);
        self.burst.drawn();
        Cow::Owned(shown)
    }

    fn highlight_candidate<'c>(&self, candidate: &'c str, _: CompletionType) -> Cow<'c, str> {
        // The editor draws after the list without calling `highlight_char`.
        self.screen.key(false);
        self.unlisted.set(self.unlisted.get().saturating_sub(1));
        if self.unlisted.get() > 0 {
            return Cow::Borrowed(candidate);
        }
        // The editor then erases as many rows as it had drawn, assuming they are below the list.
        // Append empty rows, so that it does not erase the end of the list.
        let line = &self.drawn.borrow().line;
        let rows = wrap::rows(columns(), &[&self.prompt.borrow(), line]);
        Cow::Owned(candidate.to_owned() + &"\n".repeat(rows.into()))
    }

    // Returning true makes the editor draw after every key, so that `drawn` is always up to date.
    fn highlight_char(&self, line: &str, cursor: usize, kind: CmdKind) -> bool {
        self.is_final_draw.set(kind == CmdKind::ForcedRefresh);
        let paint = self.burst.paint(line, cursor, columns(), input_waits, || self.end(line));
        if paint != Paint::Line {
            // The line is drawn again after the burst.
            self.screen.request_redraw_after(2 * burst::pause(line));
        }
        if paint == Paint::Character {
            let mut drawn = self.drawn.borrow_mut();
            let typed = line.get(drawn.line.len()..).unwrap_or_default();
            drawn.line.push_str(typed);
            drawn.cursor = cursor;
            return false;
        }
        self.screen.key(self.is_final_draw.get());
        self.is_plain.set(paint == Paint::PlainLine);
        paint == Paint::Line
    }
}

// Further rows of a line have their own prompt, so nothing needs validation.
impl Validator for Helper {}

impl Completer for Helper {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        cursor: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let replacement = self.history.lock().take_replacement();
        self.replaced.set(replacement.as_ref().map(|replacement| replacement.end));
        if let Some(replacement) = replacement {
            let pair = Pair { display: String::new(), replacement: replacement.text };
            return Ok((0, vec![pair]));
        }
        let before = match &*self.input.borrow() {
            EditorInput::Line => String::new(),
            EditorInput::Row { before, open: Unfinished::Row } => before.clone(),
            EditorInput::Row { .. } | EditorInput::Answer => return Ok((cursor, Vec::new())),
        };
        let text = format!("{before}{}", &line[..cursor]);
        let size = (usize::from(columns()), rows());
        let (start, found) =
            complete(&self.grammar, &self.znodes, &text, (self.dialect(), self.globs), size);
        // A word that starts in the row above cannot be replaced.
        let Some(start) = start.checked_sub(before.len()) else { return Ok((cursor, Vec::new())) };
        self.unlisted.set(found.len());
        Ok((start, found))
    }

    fn update(&self, line: &mut LineBuffer, start: usize, elected: &str, changes: &mut Changeset) {
        let place = match self.replaced.get() {
            Some(end) => 0..end.min(line.len()),
            None => start..line.pos(),
        };
        line.replace(place, elected, changes);
    }
}

impl Hinter for Helper {
    // Hints are part of the line; see `highlight`.
    type Hint = String;
}

/// Returns the current number of columns of the terminal, at least 1.
fn columns() -> u16 {
    terminal_size().map_or(80, |(Width(columns), _)| columns.max(1))
}

/// Returns the current number of rows of the terminal, at least 1.
fn rows() -> usize {
    terminal_size().map_or(24, |(_, Height(rows))| usize::from(rows).max(1))
}
