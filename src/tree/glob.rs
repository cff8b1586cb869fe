//! Globs as in shells: `*` matches any characters, `?` one, `[a-z]` and `[!a-z]` one of a set, and
//! `\` makes the next character literal. A glob matches a whole name. In a path each element is a
//! glob, and `**` matches any number of elements.

use crate::error::{Error, Result};

/// The maximum length of a pattern, in characters. It is enough for everything that people type.
const MAX_CHARS: usize = 4096;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Char(char),
    Any,
    AnyMany,
    Set { negated: bool, ranges: Vec<(char, char)> },
}

/// A pattern for names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    parts: Vec<Part>,
    text: String,
}

/// Returns whether a word is a pattern, which means that it contains an unescaped wildcard.
pub fn is_pattern(word: &str) -> bool {
    let mut escaped = false;
    word.chars().any(|c| {
        let special = !escaped && matches!(c, '*' | '?' | '[');
        escaped = !escaped && c == '\\';
        special
    })
}

impl Glob {
    /// Parses a pattern. A set without its `]` is an error.
    pub fn new(text: &str) -> Result<Self> {
        if text.chars().count() > MAX_CHARS {
            return Err(Error::usage(format!("A pattern of more than {MAX_CHARS} characters")));
        }
        let mut parts = Vec::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            parts.push(match c {
                '*' if parts.last() == Some(&Part::AnyMany) => continue,
                '*' => Part::AnyMany,
                '?' => Part::Any,
                '\\' => Part::Char(chars.next().unwrap_or('\\')),
                '[' => set(&mut chars)
                    .ok_or_else(|| Error::usage(format!("A [ without a ]: {text}")))?,
                c => Part::Char(c),
            });
        }
        Ok(Self { parts, text: text.to_owned() })
    }

    /// Returns the text that the pattern matches if it has no wildcards, with escapes resolved.
    pub fn literal(&self) -> Option<String> {
        self.parts
            .iter()
            .map(|part| if let Part::Char(c) = part { Some(*c) } else { None })
            .collect()
    }

    /// Returns the pattern as it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns whether the pattern matches the whole name, in time proportional to the product of
    /// both lengths.
    pub fn matches(&self, name: &str) -> bool {
        // Nearly all names are ASCII, in which each byte is a character.
        let bytes = name.as_bytes();
        if name.is_ascii() {
            return self.matches_chars(bytes.len(), |at| char::from(bytes[at]));
        }
        let chars: Vec<char> = name.chars().collect();
        self.matches_chars(chars.len(), |at| chars[at])
    }

    /// Returns whether the pattern matches a name of `length` characters.
    fn matches_chars(&self, length: usize, name: impl Fn(usize) -> char) -> bool {
        let (mut part, mut at) = (0, 0);
        // The position of the last `*` and the end of what it matches. Only the last `*` needs
        // backtracking.
        let mut star: Option<(usize, usize)> = None;
        loop {
            match self.parts.get(part) {
                None if at == length => return true,
                Some(Part::AnyMany) => {
                    star = Some((part, at));
                    part += 1;
                    continue;
                }
                Some(one) if at < length && one.is(name(at)) => {
                    part += 1;
                    at += 1;
                    continue;
                }
                _ => {}
            }
            match star {
                Some((star_part, reach)) if reach < length => {
                    star = Some((star_part, reach + 1));
                    (part, at) = (star_part + 1, reach + 1);
                }
                _ => return false,
            }
        }
    }
}

impl Part {
    fn is(&self, c: char) -> bool {
        match self {
            Self::Char(own) => *own == c,
            Self::Any | Self::AnyMany => true,
            Self::Set { negated, ranges } => {
                ranges.iter().any(|(first, last)| (*first..=*last).contains(&c)) != *negated
            }
        }
    }
}

/// Parses a set after its `[`.
fn set(chars: &mut std::str::Chars<'_>) -> Option<Part> {
    let mut ranges: Vec<(char, char)> = Vec::new();
    let mut rest = chars.clone();
    let negated = matches!(rest.clone().next(), Some('!' | '^'));
    if negated {
        rest.next();
    }
    let mut first = true;
    loop {
        let mut c = rest.next()?;
        if c == ']' && !first {
            *chars = rest;
            return Some(Part::Set { negated, ranges });
        }
        first = false;
        if c == '\\' {
            c = rest.next()?;
        }
        let mut ahead = rest.clone();
        match (ahead.next(), ahead.next()) {
            (Some('-'), Some(last)) if last != ']' => {
                let last = if last == '\\' { ahead.next()? } else { last };
                ranges.push((c, last));
                rest = ahead;
            }
            _ => ranges.push((c, c)),
        }
    }
}

/// An element of a path with patterns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element {
    /// A literal name.
    Name(String),
    /// Any name that matches the pattern, unless a znode is named like the pattern itself.
    Pattern(Glob),
    /// `**`: any number of elements.
    AnyDepth,
}

/// A path with patterns, such as `/app/*/config`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern {
    elements: Vec<Element>,
}

impl PathPattern {
    /// Parses an absolute path. Returns `None` if it contains no pattern.
    pub fn new(path: &str) -> Result<Option<Self>> {
        if !is_pattern(path) {
            return Ok(None);
        }
        let elements = path.split('/').filter(|name| !name.is_empty()).map(|name| {
            Ok(match name {
                "**" => Element::AnyDepth,
                name if is_pattern(name) => Element::Pattern(Glob::new(name)?),
                name => Element::Name(Glob::new(name)?.literal().unwrap_or_default()),
            })
        });
        Ok(Some(Self { elements: elements.collect::<Result<_>>()? }))
    }

    /// Returns the elements.
    pub fn elements(&self) -> &[Element] {
        &self.elements
    }

    /// Returns the children that an element matches, in the order of their names. If a child is
    /// named like the pattern itself, returns only that one.
    pub fn pick<'n>(glob: &Glob, names: &'n [String]) -> Vec<&'n str> {
        if let Some(literal) = names.iter().find(|name| *name == glob.text()) {
            return vec![literal];
        }
        let mut picked: Vec<&str> =
            names.iter().map(String::as_str).filter(|name| glob.matches(name)).collect();
        picked.sort_unstable();
        picked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(glob: &str, name: &str) -> bool {
        Glob::new(glob).expect("a pattern").matches(name)
    }

    #[test]
    fn patterns_match_whole_names() {
        for (glob, name, expected) in [
            ("", "", true),
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("*", "anything", true),
            ("a*c", "abbbc", true),
            ("a*c", "abbbcd", false),
            ("*a*b*c*", "xxaxxbxxc", true),
            ("?", "湖", true),
            ("?", "", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[^a-c]x", "dx", true),
            ("[]]", "]", true),
            ("[a-]", "-", true),
            ("[\\]a]", "]", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("a\\", "a\\", true),
            ("lock-??????????", "lock-0000000001", true),
        ] {
            assert_eq!(matches(glob, name), expected, "{glob} {name}");
        }
        assert!(Glob::new("[abc").is_err_and(|error| error.to_string().contains("without a ]")));
    }

    #[test]
    fn many_stars_match_in_bounded_time() {
        let glob = Glob::new(&"*a".repeat(500)).expect("a pattern");
        assert!(!glob.matches(&format!("{}b", "a".repeat(2000))));
    }

    #[test]
    fn a_word_with_a_wildcard_is_a_pattern() {
        for (word, expected) in
            [("/a/b", false), ("/a/*", true), ("\\*", false), ("a?", true), ("[", true)]
        {
            assert_eq!(is_pattern(word), expected, "{word}");
        }
        assert_eq!(PathPattern::new("/a/b").expect("good"), None);
        let pattern = PathPattern::new("/a/*/**/\\*").expect("good").expect("a pattern");
        assert_eq!(
            pattern.elements(),
            [
                Element::Name("a".to_owned()),
                Element::Pattern(Glob::new("*").expect("a pattern")),
                Element::AnyDepth,
                Element::Name("*".to_owned()),
            ]
        );
    }

    #[test]
    fn a_znode_named_like_the_pattern_wins() {
        let names = ["b*", "a*", "ab", "b"].map(str::to_owned);
        let picked = |glob: &str| {
            PathPattern::pick(&Glob::new(glob).expect("a pattern"), &names)
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(picked("a*"), ["a*"]);
        assert_eq!(picked("a?"), ["a*", "ab"]);
        assert_eq!(picked("*"), ["a*", "ab", "b", "b*"]);
    }

    proptest! {
        #[test]
        fn globs_agree_with_regular_expressions(
            glob in prop::collection::vec(prop::sample::select(vec!["a", "b", "*", "?", "[ab]", "[!a]"]), 0..7),
            name in "[abc]{0,8}",
        ) {
            let glob = glob.concat();
            let regex = glob.replace('*', ".*").replace('?', ".").replace("[!", "[^");
            let regex = regex::Regex::new(&format!("^(?s:{regex})$")).expect("a regex");
            prop_assert_eq!(matches(&glob, &name), regex.is_match(&name), "{} {}", glob, name);
        }

        #[test]
        fn no_pattern_panics(glob in ".{0,20}", name in ".{0,20}") {
            if let Ok(glob) = Glob::new(&glob) {
                let _ = glob.matches(&name);
            }
        }
    }
}
