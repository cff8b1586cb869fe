//! Finds the lines of data that match a regular expression.

use regex::bytes::Regex;

/// The maximum number of bytes that are shown of a line.
pub const MAX_SHOWN_BYTES: usize = 4096;

/// The search condition.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// The expression that must match somewhere in a line.
    pub regex: Regex,
    /// Whether to find the lines that do not match instead.
    pub invert: bool,
}

/// A line that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'d> {
    /// Its number, starting at 1.
    pub number: u64,
    /// Its bytes, without the line end.
    pub bytes: &'d [u8],
    /// The matches in the line, as first byte and the byte after the last.
    pub matches: Vec<(usize, usize)>,
}

/// The matches in the data of a znode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<'d> {
    /// No match.
    Nothing,
    /// Lines of text.
    Lines(Vec<Line<'d>>),
    /// A match in binary data, which has no lines to show.
    Binary,
}

/// Returns whether data is binary: it contains a zero byte or is not UTF-8.
pub fn is_binary(data: &[u8]) -> bool {
    data.contains(&0) || std::str::from_utf8(data).is_err()
}

impl Pattern {
    /// Searches the data.
    pub fn find<'d>(&self, data: &'d [u8]) -> Found<'d> {
        if is_binary(data) {
            return if self.regex.is_match(data) == self.invert {
                Found::Nothing
            } else {
                Found::Binary
            };
        }
        let lines: Vec<Line<'d>> = self.lines(data).collect();
        if lines.is_empty() { Found::Nothing } else { Found::Lines(lines) }
    }

    /// Returns the number of lines that are found. Binary data counts as one line.
    pub fn count(&self, data: &[u8]) -> u64 {
        if is_binary(data) {
            return u64::from(self.regex.is_match(data) != self.invert);
        }
        self.numbered(data).filter(|(_, line)| self.regex.is_match(line) != self.invert).count()
            as u64
    }

    /// Returns whether anything is found.
    pub fn is_in(&self, data: &[u8]) -> bool {
        if is_binary(data) {
            return self.regex.is_match(data) != self.invert;
        }
        self.numbered(data).any(|(_, line)| self.regex.is_match(line) != self.invert)
    }

    fn lines<'d>(&self, data: &'d [u8]) -> impl Iterator<Item = Line<'d>> {
        self.numbered(data).filter_map(|(number, bytes)| {
            let found = self.regex.is_match(bytes);
            if found == self.invert {
                return None;
            }
            let matches = if self.invert {
                Vec::new()
            } else {
                let shown = &bytes[..bytes.len().min(MAX_SHOWN_BYTES)];
                self.regex.find_iter(shown).map(|found| (found.start(), found.end())).collect()
            };
            Some(Line { number, bytes, matches })
        })
    }

    /// Returns the lines with their numbers. Empty data has no line.
    #[expect(clippy::unused_self, reason = "called as a method like the other steps of the search")]
    fn numbered<'d>(&self, data: &'d [u8]) -> impl Iterator<Item = (u64, &'d [u8])> {
        let data = data
            .strip_suffix(b"\n")
            .map_or(data, |data| if data.is_empty() { b"\n" } else { data });
        let lines = (!data.is_empty()).then(|| data.split(|byte| *byte == b'\n'));
        let lines = lines.into_iter().flatten();
        (1..).zip(lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::filter::Filter;

    fn pattern(text: &str, invert: bool) -> Pattern {
        Pattern { regex: Filter::data_regex(text, false).expect("a regex"), invert }
    }

    fn numbers(found: &Found<'_>) -> Vec<u64> {
        match found {
            Found::Lines(lines) => lines.iter().map(|line| line.number).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn lines_are_found_with_their_numbers() {
        let data = b"host=a\r\nport=1\nhost=b";
        let found = pattern("^host=.$", false).find(data);
        assert_eq!(numbers(&found), [1, 3]);
        let Found::Lines(lines) = found else { panic!("no lines were found") };
        assert_eq!((lines[0].bytes, &lines[0].matches[..]), (&b"host=a"[..], &[(0, 6)][..]));
        assert_eq!(numbers(&pattern("host", true).find(data)), [2]);
        assert_eq!(pattern("o", false).count(data), 3);
        assert!(!pattern("x", false).is_in(data) && pattern("x", true).is_in(data));
        assert_eq!(pattern("x", false).find(data), Found::Nothing);
    }

    #[test]
    fn the_last_newline_does_not_start_a_line() {
        assert_eq!(pattern("", false).count(b""), 0);
        assert_eq!(pattern("", false).count(b"a\n"), 1);
        assert_eq!(pattern("^$", false).count(b"a\n\n"), 1);
        assert_eq!(pattern("x", true).count(b"a\nb\n"), 2);
    }

    #[test]
    fn binary_data_matches_as_a_whole() {
        for data in [&b"\x00host\n"[..], b"host\xff"] {
            assert_eq!(pattern("host", false).find(data), Found::Binary);
            assert_eq!(pattern("host", true).find(data), Found::Nothing);
            assert_eq!(pattern("host", false).count(data), 1);
            assert!(pattern("none", true).is_in(data));
        }
    }
}
