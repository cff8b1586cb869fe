//! Splits a typed line into words with their positions. The same tokenizer serves running,
//! completion, hints and highlighting. It accepts incomplete lines and reports what is still open.
//!
//! This module knows quotes and blanks, but not commands.

use std::ops::Range;

use crate::dialect::Dialect;

/// The number of words that a line has room for at first.
const USUAL_WORDS: usize = 4;

/// One word of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The bytes that the command receives, with quotes and escapes resolved. They may be invalid
    /// UTF-8, since `$'\xHH'` can produce any byte.
    pub bytes: Vec<u8>,
    /// The byte range of the word in the line, quotes included.
    pub span: Range<usize>,
    /// The quote that the word starts with; `'` also stands for `$'`.
    pub quote: Option<char>,
}

impl Word {
    /// Returns the word as text, with invalid UTF-8 replaced.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }
}

/// A line, split into words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// The words, from left to right.
    pub words: Vec<Word>,
    /// The quote that is still open at the end of the line; `'` also stands for `$'`.
    pub open: Option<char>,
    /// The byte position of the first unknown escape in a `$'…'`.
    pub bad_escape: Option<usize>,
    /// Whether the line is a comment: its first character other than a blank is `#`.
    pub comment: bool,
}

impl Line {
    /// Splits a line into words by the quoting rules of the dialect.
    pub fn parse(text: &str, dialect: Dialect) -> Self {
        let mut line = Self::default();
        let trimmed = text.trim_start_matches(|c| u8::try_from(c).is_ok_and(is_blank));
        if trimmed.starts_with('#') {
            line.comment = true;
            return line;
        }
        let mut at = 0;
        while let Some(skipped) = text.as_bytes()[at..].iter().position(|byte| !is_blank(*byte)) {
            at += skipped;
            let mut scanner = Scanner { text, at, dialect, bytes: Vec::new(), line: &mut line };
            let quote = scanner.word();
            let (end, bytes) = (scanner.at, scanner.bytes);
            if line.words.is_empty() {
                line.words.reserve(USUAL_WORDS);
            }
            line.words.push(Word { bytes, span: at..end, quote });
            at = end;
        }
        line
    }

    /// Returns whether the line has no words. A comment has none either.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    dialect: Dialect,
    bytes: Vec<u8>,
    line: &'a mut Line,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn take(&mut self, c: char) {
        self.at += c.len_utf8();
    }

    fn push(&mut self, c: char) {
        self.bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }

    /// Reads one word. Returns the quote that it starts with.
    fn word(&mut self) -> Option<char> {
        let quote = if self.text[self.at..].starts_with("$'") {
            self.at += 2;
            self.dollar_quoted();
            Some('\'')
        } else {
            let quote = self.peek().filter(|c| matches!(c, '"' | '\''));
            if let Some(quote) = quote {
                self.take(quote);
                self.quoted(quote);
            }
            quote
        };
        self.bare();
        quote
    }

    /// Reads up to the closing quote; the opening one has been read.
    fn quoted(&mut self, quote: char) {
        let kept = quote == '"' && self.dialect.keeps_double_quotes();
        if kept {
            self.push(quote);
        }
        while let Some(c) = self.peek() {
            self.take(c);
            if c == quote {
                if kept {
                    self.push(quote);
                }
                return;
            }
            match (c, self.peek()) {
                // zkCli has no escapes. In the dialect where the quotes are part of the data, we
                // need these two so that the data can contain a `"`.
                ('\\', Some(escaped @ ('"' | '\\'))) if kept => {
                    self.push(escaped);
                    self.take(escaped);
                }
                _ => self.push(c),
            }
        }
        self.line.open = Some(quote);
    }

    /// Reads the content of a `$'…'`, up to the closing quote.
    fn dollar_quoted(&mut self) {
        while let Some(c) = self.peek() {
            let start = self.at;
            self.take(c);
            match c {
                '\'' => return,
                '\\' if !self.escape() => {
                    self.line.bad_escape.get_or_insert(start);
                }
                '\\' => {}
                c => self.push(c),
            }
        }
        self.line.open = Some('\'');
    }

    /// Reads the rest of an escape inside `$'…'`. Returns whether the escape is known.
    fn escape(&mut self) -> bool {
        let Some(c) = self.peek() else { return true };
        self.take(c);
        match c {
            '\\' | '\'' | '"' => self.push(c),
            'n' => self.push('\n'),
            't' => self.push('\t'),
            'r' => self.push('\r'),
            'x' => {
                let Some(byte) = self.text.get(self.at..self.at + 2).and_then(hex) else {
                    return false;
                };
                self.at += 2;
                self.bytes.push(byte);
            }
            'u' => {
                let rest = &self.text[self.at..];
                let found = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).and_then(
                    |(digits, _)| {
                        Some((digits.len(), char::from_u32(u32::from_str_radix(digits, 16).ok()?)?))
                    },
                );
                let Some((digits, c)) = found else {
                    return false;
                };
                self.at += digits + 2;
                self.push(c);
            }
            _ => return false,
        }
        true
    }

    /// Reads up to the next blank. A pair of double quotes inside the word protects the blanks
    /// between them and is kept, so `{"k":"v w"}` is one word. A single `"` is an ordinary
    /// character.
    fn bare(&mut self) {
        let start = self.at;
        let ends = |byte: &u8| *byte == b'"' || is_blank(*byte);
        while let Some(found) = self.text.as_bytes()[self.at..].iter().position(ends) {
            self.at += found;
            if !self.text[self.at..].starts_with('"') {
                self.bytes.extend_from_slice(&self.text.as_bytes()[start..self.at]);
                return;
            }
            self.at += 1;
            self.at += inner_quote(&self.text[self.at..]).unwrap_or(0);
        }
        self.at = self.text.len();
        self.bytes.extend_from_slice(&self.text.as_bytes()[start..]);
    }
}

/// Returns the length up to and including the closing `"` of an inner quotation, if there is one.
fn inner_quote(rest: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in rest.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn hex(digits: &str) -> Option<u8> {
    // `from_str_radix` alone would accept a sign.
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u8::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str, dialect: Dialect) -> Vec<String> {
        Line::parse(text, dialect).words.iter().map(|word| word.text().into_owned()).collect()
    }

    #[test]
    fn quotes_follow_the_dialect() {
        for (text, old, new) in [
            (
                r#"create -e /m "a b""#,
                vec!["create", "-e", "/m", r#""a b""#],
                vec!["create", "-e", "/m", "a b"],
            ),
            ("set /a 'a b'", vec!["set", "/a", "a b"], vec!["set", "/a", "a b"]),
            (r#"set /a """#, vec!["set", "/a", r#""""#], vec!["set", "/a", ""]),
            (r#"set /a "\"\\""#, vec!["set", "/a", r#"""\""#], vec!["set", "/a", r#"\\\""#]),
            (
                r#"set /a "C:\temp\new""#,
                vec!["set", "/a", r#""C:\temp\new""#],
                vec!["set", "/a", r"C:\temp\new"],
            ),
            (r"set /a 'C:\new\'", vec!["set", "/a", r"C:\new\"], vec!["set", "/a", r"C:\new\"]),
            (r#""a"b c"#, vec![r#""a"b"#, "c"], vec!["ab", "c"]),
        ] {
            assert_eq!(words(text, Dialect::V34), old, "{text}");
            assert_eq!(words(text, Dialect::V39), new, "{text}");
        }
    }

    #[test]
    fn a_dollar_quote_writes_any_bytes_in_both_dialects() {
        for dialect in [Dialect::V34, Dialect::V39] {
            let bytes = |text: &str| Line::parse(text, dialect).words.pop().unwrap().bytes;
            assert_eq!(bytes(r"set /a $'a\tb\n\r\\ \' \x41\u{e9}'"), "a\tb\n\r\\ ' Aé".as_bytes());
            assert_eq!(bytes(r"set /a $'\x00\xff'"), [0, 255]);
            assert_eq!(bytes("set /a $''"), b"");
            assert_eq!(bytes(r#"set /a $'"'"#), b"\"");
            // `$'` is special only at the start of a word.
            assert_eq!(bytes(r"set /a x$'\n'"), br"x$'\n'");
            assert_eq!(bytes("set /a $x"), b"$x");
            let open = Line::parse("set /a $'x", dialect);
            assert_eq!((open.open, open.words[2].quote), (Some('\''), Some('\'')));
            assert_eq!(Line::parse(r"set /a $'\", dialect).open, Some('\''));
        }
    }

    #[test]
    fn quotes_inside_a_word_stay_and_hide_blanks() {
        for dialect in [Dialect::V34, Dialect::V39] {
            assert_eq!(words(r#"set /a {"k":"v w"}"#, dialect), ["set", "/a", r#"{"k":"v w"}"#]);
            assert_eq!(
                words(r#"set /a {"k":"v \" w"} x"#, dialect),
                ["set", "/a", r#"{"k":"v \" w"}"#, "x"]
            );
            assert_eq!(words(r#"set /a 5" it's"#, dialect), ["set", "/a", "5\"", "it's"]);
        }
    }

    #[test]
    fn unfinished_lines_say_what_is_open() {
        let line = Line::parse(r#"set /a "abc"#, Dialect::V34);
        assert_eq!(line.open, Some('"'));
        assert_eq!(line.words.len(), 3);
        assert_eq!(line.words[2].span, 7..11);
        assert_eq!(Line::parse("set /a 'x", Dialect::V39).open, Some('\''));
        assert_eq!(Line::parse(r#"set "\"#, Dialect::V39).open, Some('"'));
        assert_eq!(Line::parse(r#"set "\"#, Dialect::V34).open, Some('"'));
    }

    #[test]
    fn comments_and_blanks_have_no_words() {
        assert!(Line::parse("  # create /a", Dialect::V34).comment);
        assert!(Line::parse(" \t ", Dialect::V34).is_empty());
        assert_eq!(words("create /a #", Dialect::V34), ["create", "/a", "#"]);
    }

    #[test]
    fn an_unknown_escape_is_named_by_its_place() {
        for dialect in [Dialect::V34, Dialect::V39] {
            let place = |text: &str| Line::parse(text, dialect).bad_escape;
            assert_eq!(place(r"set /a $'x\q\w'"), Some(10));
            assert_eq!(place(r"set /a $'\x+1'"), Some(9));
            assert_eq!(place(r"set /a $'\u{d800}'"), Some(9));
            assert_eq!(place(r#"set /a "\q" '\q' \q"#), None);
        }
    }

    proptest! {
        #[test]
        fn any_line_gives_ordered_spans(text in "\\PC*|[ \"'$\\\\xu{}a]*") {
            for dialect in [Dialect::V34, Dialect::V39] {
                let line = Line::parse(&text, dialect);
                let mut end = 0;
                for word in &line.words {
                    prop_assert!(word.span.start >= end && word.span.end <= text.len());
                    prop_assert!(text.get(word.span.clone()).is_some());
                    end = word.span.end;
                }
            }
        }
    }
}
