//! Parses `terms.txt`: sections and terms with their references and examples.

use crate::language::Fault;

/// An item of the file.
#[derive(Debug)]
pub(super) enum Item {
    /// The heading of the terms after it.
    Section(String),
    Term(Term),
}

#[derive(Debug, Default)]
pub(super) struct Term {
    pub(super) key: String,
    pub(super) also: Vec<String>,
    pub(super) see: Vec<String>,
    pub(super) needs: Option<String>,
    pub(super) root: bool,
    pub(super) whole: bool,
    pub(super) example: Vec<String>,
}

impl Item {
    pub(super) fn term(&self) -> Option<&Term> {
        match self {
            Self::Section(_) => None,
            Self::Term(term) => Some(term),
        }
    }
}

pub(super) fn parse(text: &str) -> Result<Vec<Item>, Fault> {
    let mut items: Vec<Item> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let fault = |message: &str| Err(Fault::new(index + 1, message));
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some(line) = line.strip_prefix("  ") else {
            items.push(match line.split_once(' ') {
                Some(("section", key)) => Item::Section(key.to_owned()),
                Some(("term", key)) => Item::Term(Term { key: key.to_owned(), ..Term::default() }),
                _ => return fault("Expected section or term"),
            });
            continue;
        };
        let Some(Item::Term(term)) = items.last_mut() else {
            return fault("Expected term");
        };
        if !term.example.is_empty() || line.starts_with("> ") || line.starts_with("$ ") {
            term.example.push(line.to_owned());
            continue;
        }
        match line.split_once(": ").unwrap_or((line, "")) {
            ("also", words) => term.also = words.split(", ").map(str::to_owned).collect(),
            ("see", keys) => term.see = keys.split(' ').map(str::to_owned).collect(),
            ("needs", version) => term.needs = Some(version.to_owned()),
            ("root", "") => term.root = true,
            ("whole", "") => term.whole = true,
            _ => return fault("Expected also, see, needs, root, whole, or an example"),
        }
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_their_line() {
        for (text, line) in [("term a\n  huh", 2), ("\n  see: b", 2), ("a", 1)] {
            assert_eq!(parse(text).err().map(|fault| fault.line), Some(line), "{text}");
        }
    }
}
