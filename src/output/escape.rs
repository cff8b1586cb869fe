//! The only way for untrusted bytes to a terminal: characters that could move the cursor, hide text
//! or reverse it are shown as escapes in printable ASCII.
//!
//! The output is meant for people and cannot be parsed back: a backslash in the data stays a
//! backslash. Bytes that go to a pipe or a file are not escaped.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

/// How to treat line feeds and tabs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Newlines {
    /// Keep them, because data may have several lines.
    Keep,
    /// Show them as `\n` and `\t`, so that names and messages stay on one line.
    Escape,
}

/// Maximum combining marks on one character. No language needs more, and a terminal that draws
/// hundreds of them overwrites other rows or hangs.
const MOST_MARKS: usize = 8;

/// Counts consecutive combining marks.
#[derive(Default)]
struct Marks(usize);

impl Marks {
    /// Counts the next character. Returns whether it is a mark beyond the limit.
    fn is_too_many(&mut self, c: char) -> bool {
        let is_mark = !c.is_ascii() && !c.is_control() && c.width() == Some(0);
        self.0 = if is_mark { self.0 + 1 } else { 0 };
        self.0 > MOST_MARKS
    }
}

/// Returns the bytes as text that is safe to print on a terminal.
pub fn to_terminal(bytes: &[u8], newlines: Newlines) -> Cow<'_, str> {
    let mut marks = Marks::default();
    if let Ok(text) = std::str::from_utf8(bytes)
        && !text.chars().any(|c| is_dangerous(c, newlines) || marks.is_too_many(c))
    {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(bytes.len() + 16);
    marks = Marks::default();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if marks.is_too_many(c) || is_dangerous(c, newlines) {
                push_escaped(&mut safe, c);
            } else {
                safe.push(c);
            }
        }
        for byte in chunk.invalid() {
            push_byte(&mut safe, *byte);
        }
    }
    Cow::Owned(safe)
}

/// Returns JSON that is safe to print on a terminal: the same value, with dangerous characters
/// written as JSON escapes.
pub fn json_to_terminal(json: Vec<u8>) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(&json) else { return json };
    let mut marks = Marks::default();
    if text.chars().all(|c| is_safe(c) && !marks.is_too_many(c)) {
        return json;
    }
    let mut safe = String::with_capacity(text.len() + 16);
    marks = Marks::default();
    for c in text.chars() {
        if !marks.is_too_many(c) && is_safe(c) {
            safe.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing into memory cannot fail.
                let _ = write!(safe, "\\u{unit:04x}");
            }
        }
    }
    safe.into_bytes()
}

/// Returns whether a character of data may be printed on a terminal unchanged.
pub fn is_safe(c: char) -> bool {
    !is_dangerous(c, Newlines::Keep)
}

fn push_escaped(safe: &mut String, c: char) {
    match c {
        '\n' => safe.push_str("\\n"),
        '\t' => safe.push_str("\\t"),
        '\r' => safe.push_str("\\r"),
        c if c.is_ascii() => push_byte(safe, c as u8),
        c => safe.extend(c.escape_unicode()),
    }
}

fn push_byte(safe: &mut String, byte: u8) {
    // Writing into memory cannot fail.
    let _ = write!(safe, "\\x{byte:02x}");
}

fn is_dangerous(c: char, newlines: Newlines) -> bool {
    match c {
        '\n' | '\t' => newlines == Newlines::Escape,
        ' '..='~' => false,
        _ => c.is_control() || is_invisible(c),
    }
}

/// Returns whether a character has no glyph of its own, or changes the position or order of others:
/// line separators, bidirectional controls, joiners, variation selectors, tags, fillers (Unicode's
/// `Default_Ignorable_Code_Point`, and the format and separator categories without a glyph).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(bytes: impl AsRef<[u8]>) -> String {
        to_terminal(bytes.as_ref(), Newlines::Escape).into_owned()
    }

    fn data(bytes: impl AsRef<[u8]>) -> String {
        to_terminal(bytes.as_ref(), Newlines::Keep).into_owned()
    }

    #[test]
    fn json_stays_the_same_value() {
        let value = "\u{9b}31m\u{7f}\u{202e}\u{e0001}é\n\x1b";
        let written = serde_json::to_vec(value).expect("a string");
        let safe = json_to_terminal(written);
        assert_eq!(
            String::from_utf8_lossy(&safe),
            r#""\u009b31m\u007f\u202e\udb40\udc01é\n\u001b""#
        );
        assert_eq!(serde_json::from_slice::<String>(&safe).expect("JSON"), value);
        assert_eq!(json_to_terminal(b"{}\n".to_vec()), b"{}\n");
    }

    #[test]
    fn sequences_that_drive_a_terminal_are_shown() {
        for (attack, shown) in [
            ("\x1b[2J\x1b[H", "\\x1b[2J\\x1b[H"),
            ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
            ("\x1b]52;c;cm0gLXJm\x1b\\", "\\x1b]52;c;cm0gLXJm\\x1b\\"),
            ("\x1bP$q\"p\x1b\\", "\\x1bP$q\"p\\x1b\\"),
            ("\x1b[6n", "\\x1b[6n"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("\u{9d}0;x\u{9c}", "\\u{9d}0;x\\u{9c}"),
            ("a\u{85}b", "a\\u{85}b"),
            ("good\rbad", "good\\rbad"),
            ("abc\x08\x08\x08xyz", "abc\\x08\\x08\\x08xyz"),
            ("\x0e\x0f\x0b\x0c\0\x7f", "\\x0e\\x0f\\x0b\\x0c\\x00\\x7f"),
        ] {
            assert_eq!(line(attack), shown);
            assert_eq!(data(attack), shown);
        }
    }

    #[test]
    fn text_that_hides_or_turns_around_is_shown() {
        for (attack, shown) in [
            ("/user\u{202e}txt.exe", "/user\\u{202e}txt.exe"),
            ("\u{2066}a\u{2069}", "\\u{2066}a\\u{2069}"),
            ("\u{200f}\u{61c}", "\\u{200f}\\u{61c}"),
            ("mas\u{200b}ter", "mas\\u{200b}ter"),
            ("mas\u{ad}ter", "mas\\u{ad}ter"),
            ("\u{feff}bom", "\\u{feff}bom"),
            ("a\u{2028}b\u{2029}c", "a\\u{2028}b\\u{2029}c"),
            ("a\u{e0041}\u{e0100}\u{fe0f}", "a\\u{e0041}\\u{e0100}\\u{fe0f}"),
            ("\u{3164}\u{115f}", "\\u{3164}\\u{115f}"),
        ] {
            assert_eq!(line(attack), shown);
            assert_eq!(data(attack), shown);
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_one_by_one() {
        assert_eq!(line(b"a\xff\xfeb"), "a\\xff\\xfeb");
        assert_eq!(line(b"\xe2\x82"), "\\xe2\\x82");
        assert_eq!(line(b"\x9b31m"), "\\x9b31m");
        // Overlong encodings and surrogates must not smuggle in an ESC or another control
        // character.
        assert_eq!(line(b"\xc0\x9b"), "\\xc0\\x9b");
        assert_eq!(line(b"\xed\xa0\x80"), "\\xed\\xa0\\x80");
    }

    #[test]
    fn a_heap_of_marks_is_cut() {
        let heap = |count: usize| format!("a{}b", "\u{301}".repeat(count));
        assert_eq!(data(heap(MOST_MARKS)), heap(MOST_MARKS));
        let shown = format!("a{}{}b", "\u{301}".repeat(MOST_MARKS), "\\u{301}".repeat(192));
        assert_eq!(data(heap(200)), shown);
        // The letter between them restarts the count.
        assert_eq!(data("e\u{301}".repeat(200)), "e\u{301}".repeat(200));
        let json = json_to_terminal(serde_json::to_vec(&heap(9)).expect("a string"));
        let marks = "\u{301}".repeat(MOST_MARKS);
        assert_eq!(String::from_utf8_lossy(&json), format!("\"a{marks}\\u0301b\""));
    }

    #[test]
    fn data_keeps_its_lines_and_names_do_not() {
        assert_eq!(data("a\n\tb\r\n"), "a\n\tb\\r\n");
        assert_eq!(line("a\n\tb"), "a\\n\\tb");
    }

    #[test]
    fn harmless_text_is_not_copied() {
        for text in ["", "/master", "C:\\dir", "湖と葦", "dé\u{301}jà vu", "🦀 \u{a0}"] {
            assert!(
                matches!(to_terminal(text.as_bytes(), Newlines::Escape), Cow::Borrowed(t) if t == text)
            );
        }
    }

    proptest! {
        #[test]
        fn nothing_dangerous_passes(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            for newlines in [Newlines::Keep, Newlines::Escape] {
                let shown = to_terminal(&bytes, newlines);
                prop_assert!(!shown.chars().any(|c| is_dangerous(c, newlines)));
                prop_assert_eq!(to_terminal(shown.as_bytes(), newlines), shown.clone());
            }
        }
    }
}
