//! A text file: blocks, each with a key. `[key] title` begins a block, the lines up to the next are
//! its text, and `#` at the start of a line begins a comment.

use std::collections::BTreeMap;
use std::fmt;

/// What is wrong in a text file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Counted from 1.
    pub line: usize,
    /// One sentence without a period.
    pub message: String,
}

impl Fault {
    /// Returns a fault in this line.
    pub fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.message)
    }
}

/// The text below one key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Block {
    /// The line of the key, counted from 1.
    pub line: usize,
    /// What follows the key on its line; may be empty.
    pub title: String,
    /// The lines below it, without empty ones at either end.
    pub text: String,
}

/// A text file, by key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Blocks(BTreeMap<String, Block>);

impl Blocks {
    /// Reads a text file; a fault for each line that is wrong.
    pub fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        let mut blocks = BTreeMap::new();
        let mut faults = Vec::new();
        let mut current: Option<(String, Block)> = None;
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            let line = line.trim_end();
            if line.starts_with('#') {
                continue;
            }
            if let Some(rest) = line.strip_prefix('[') {
                keep(&mut blocks, current.take(), &mut faults);
                match rest.split_once(']') {
                    Some((key, title)) if is_key(key) => {
                        let title = title.trim().to_owned();
                        let block = Block { line: number, title, text: String::new() };
                        current = Some((key.to_owned(), block));
                    }
                    _ => faults.push(Fault::new(
                        number,
                        "A block begins with [key]: letters, digits, dots and dashes",
                    )),
                }
            } else if let Some((_, block)) = &mut current {
                if !block.text.is_empty() || !line.is_empty() {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
            } else if !line.is_empty() {
                faults.push(Fault::new(number, "Text before the first [key]"));
            }
        }
        keep(&mut blocks, current, &mut faults);
        if faults.is_empty() { Ok(Self(blocks)) } else { Err(faults) }
    }

    /// Returns the block of a key.
    pub fn get(&self, key: &str) -> Option<&Block> {
        self.0.get(key)
    }

    /// Returns every key with its block, in the order of the alphabet.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Block)> {
        self.0.iter().map(|(key, block)| (key.as_str(), block))
    }
}

/// Returns whether a word may be a key.
pub(super) fn is_key(word: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    !word.is_empty() && word.chars().all(allowed)
}

fn keep(
    blocks: &mut BTreeMap<String, Block>,
    block: Option<(String, Block)>,
    faults: &mut Vec<Fault>,
) {
    let Some((key, mut block)) = block else { return };
    block.text.truncate(block.text.trim_end().len());
    if let Some(first) = blocks.get(&key) {
        let message = format!("[{key}] is already in line {}", first.line);
        faults.push(Fault::new(block.line, message));
    } else {
        blocks.insert(key, block);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_is_read_by_key() {
        let blocks = Blocks::parse("# head\n\n[a] The title\n\none\n\ntwo  \n\n[a.b]\n").unwrap();
        let a = blocks.get("a").unwrap();
        assert_eq!((a.title.as_str(), a.text.as_str(), a.line), ("The title", "one\n\ntwo", 3));
        assert_eq!(blocks.get("a.b").unwrap().text, "");
        assert_eq!(blocks.iter().count(), 2);
    }

    #[test]
    fn every_wrong_line_is_told_in_its_order() {
        let faults = Blocks::parse("loose\n[a]\n[a]\n[b c]\n[\n").unwrap_err();
        let lines: Vec<usize> = faults.iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [1, 3, 4, 5]);
        assert_eq!(faults[1].to_string(), "3: [a] is already in line 2");
    }
}
