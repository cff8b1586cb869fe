//! The glossary: ZooKeeper's terms, one screen each, with an example that a test runs.
//!
//! `texts/terms.txt` contains everything that does not depend on the language. Each language has a
//! file of texts by key. This module knows neither commands nor terminals.

mod terms;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use self::terms::{Item, Term};
use crate::language::{Block, Blocks, Language, wrap};

/// The maximum width of an entry's lines in columns.
pub const WIDTH: usize = 76;

/// The maximum number of lines in an entry. It fits on a screen of 24 rows together with the typed
/// line and the next prompt.
pub const LINES: usize = 20;

/// The headings of an entry's parts.
struct Words {
    example: &'static str,
    since: &'static str,
    see: &'static str,
    colon: &'static str,
    comma: &'static str,
}

fn words(language: Language) -> Words {
    match language {
        Language::English => Words {
            example: "Example",
            since: ", since ZooKeeper ",
            see: "See also",
            colon: ":",
            comma: ", ",
        },
        Language::Chinese => Words {
            example: "示例",
            since: "，始于 ZooKeeper ",
            see: "另见",
            colon: "：",
            comma: "、",
        },
    }
}

static ITEMS: LazyLock<Vec<Item>> = LazyLock::new(|| {
    terms::parse(include_str!("texts/terms.txt")).expect("a test reads the terms")
});

static TEXTS: LazyLock<BTreeMap<Language, Blocks>> = LazyLock::new(|| {
    let files = [
        (Language::English, include_str!("texts/glossary.en.txt")),
        (Language::Chinese, include_str!("texts/glossary.zh.txt")),
    ];
    let read = |text| Blocks::parse(text).expect("a test reads the texts");
    files.into_iter().map(|(language, text)| (language, read(text))).collect()
});

fn all() -> impl Iterator<Item = &'static Term> {
    ITEMS.iter().filter_map(Item::term)
}

fn block(language: Language, key: &str) -> &'static Block {
    TEXTS[&language].get(key).expect("a test compares the keys of the languages")
}

/// An entry of the glossary.
#[derive(Debug, Clone, Copy)]
pub struct Entry(&'static Term);

/// Returns the entry for a word: its key, a synonym, or its title in any language. Case, blanks and
/// dashes do not matter.
pub fn find(word: &str) -> Option<Entry> {
    let word = normal(word);
    let exact = all().find(|term| normal(&term.key) == word);
    exact.or_else(|| all().find(|term| names(term).any(|name| normal(&name) == word))).map(Entry)
}

/// Returns all entries, in the order of the glossary.
pub fn entries() -> impl Iterator<Item = Entry> {
    all().map(Entry)
}

/// Returns the term that is most similar to an unknown word, with the distance in letters, if it is
/// similar enough.
pub fn nearest(word: &str) -> Option<(usize, String)> {
    let word = normal(word);
    all()
        .flat_map(|term| names(term).map(move |name| (name, term)))
        .map(|(name, term)| (strsim::damerau_levenshtein(&word, &normal(&name)), name, term))
        .filter(|(distance, name, _)| {
            let length = name.chars().count();
            *distance <= 2 && *distance * 3 <= length
        })
        .min_by_key(|(distance, _, _)| *distance)
        .map(|(distance, name, _)| (distance, name))
}

/// Returns the list of all terms, in groups.
pub fn list(language: Language) -> String {
    let words = words(language);
    let mut groups: Vec<String> = Vec::new();
    for item in ITEMS.iter() {
        match item {
            Item::Section(key) => {
                let head = &block(language, &format!("section.{key}")).title;
                groups.push(format!("{head}{}", words.colon));
            }
            Item::Term(term) => {
                let Some(group) = groups.last_mut() else { continue };
                let first = group.ends_with(words.colon);
                let between = match (first, language) {
                    (true, Language::English) => " ",
                    (true, Language::Chinese) => "",
                    (false, _) => words.comma,
                };
                group.push_str(between);
                group.push_str(Entry(term).name(language));
            }
        }
    }
    let lines: Vec<String> = groups.iter().flat_map(|group| wrap(group, WIDTH)).collect();
    lines.join("\n")
}

impl Entry {
    /// Returns the key, which files and other entries use as its name.
    pub fn key(self) -> &'static str {
        &self.0.key
    }

    /// Returns the name in a language, without the parentheses after it.
    pub fn name(self, language: Language) -> &'static str {
        let title = self.title(language);
        title.split(['(', '（']).next().unwrap_or(title).trim()
    }

    /// Returns the title in a language.
    pub fn title(self, language: Language) -> &'static str {
        &block(language, &self.0.key).title
    }

    /// Returns the keys of the entries that this one refers to.
    pub fn see(self) -> impl Iterator<Item = &'static str> {
        self.0.see.iter().map(String::as_str)
    }

    /// Returns the explanation in a language, in lines of at most `width` columns.
    pub fn text(self, language: Language, width: usize) -> Vec<String> {
        wrap(&block(language, &self.0.key).text, width)
    }

    /// Returns the example: typed lines after `>` or `$`, followed by their output.
    pub fn example(self) -> &'static [String] {
        &self.0.example
    }

    /// Returns the first release on which the example works, such as `3.6`.
    pub fn needs(self) -> Option<&'static str> {
        self.0.needs.as_deref()
    }

    /// Returns whether the example runs at the servers' own root.
    pub fn at_root(self) -> bool {
        self.0.root
    }

    /// Returns whether the example is a single script.
    pub fn is_whole(self) -> bool {
        self.0.whole
    }

    /// Returns the whole entry as it is shown.
    pub fn screen(self, language: Language) -> String {
        let words = words(language);
        let mut lines = vec![self.title(language).to_owned(), String::new()];
        lines.extend(self.text(language, WIDTH));
        let since = self.needs().map(|version| format!("{}{version}", words.since));
        let since = since.unwrap_or_default();
        lines.extend([String::new(), format!("{}{since}{}", words.example, words.colon)]);
        lines.extend(self.example().iter().cloned());
        let see: Vec<&str> =
            self.see().filter_map(find).map(|other| other.name(language)).collect();
        let colon = if language == Language::English { ": " } else { words.colon };
        lines.extend([String::new(), format!("{}{colon}{}", words.see, see.join(words.comma))]);
        lines.join("\n")
    }
}

/// Returns all names of a term.
fn names(term: &'static Term) -> impl Iterator<Item = String> {
    let titles = Language::ALL.into_iter().flat_map(|language| {
        let title = &block(language, &term.key).title;
        title.split(['(', '（', ')', '）', ',', '、', '，'])
    });
    std::iter::once(term.key.as_str())
        .chain(term.also.iter().map(String::as_str))
        .chain(titles)
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
}

fn normal(word: &str) -> String {
    word.trim().to_lowercase().replace([' ', '_', '.'], "-")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::language::columns;
    use std::collections::BTreeSet;

    #[test]
    fn the_files_can_be_read() {
        terms::parse(include_str!("texts/terms.txt")).unwrap();
        Blocks::parse(include_str!("texts/glossary.en.txt")).unwrap();
        Blocks::parse(include_str!("texts/glossary.zh.txt")).unwrap();
    }

    #[test]
    fn every_language_has_every_key_and_no_other() {
        let wanted: BTreeSet<String> = ITEMS
            .iter()
            .map(|item| match item {
                Item::Section(key) => format!("section.{key}"),
                Item::Term(term) => term.key.clone(),
            })
            .collect();
        assert!(all().count() >= 40);
        assert_eq!(wanted.len(), ITEMS.len(), "a key occurs twice");
        for language in Language::ALL {
            let keys: BTreeSet<String> =
                TEXTS[&language].iter().map(|(key, _)| key.to_owned()).collect();
            assert_eq!(keys, wanted, "{language:?}");
            for entry in entries() {
                assert!(!entry.title(language).is_empty(), "{}", entry.key());
                assert!(!entry.text(language, WIDTH).is_empty(), "{}", entry.key());
            }
        }
    }

    #[test]
    fn an_entry_fits_on_a_screen() {
        let mut wrong = Vec::new();
        for language in Language::ALL {
            for entry in entries() {
                let screen = entry.screen(language);
                let wide = screen.lines().map(columns).max().unwrap_or(0);
                let lines = screen.lines().count();
                if wide > WIDTH || lines > LINES {
                    wrong.push(format!("{} {language:?}: {lines} x {wide}", entry.key()));
                }
            }
            let lines = list(language).lines().count();
            if lines > LINES {
                wrong.push(format!("list {language:?}: {lines}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn references_lead_to_entries_and_not_to_themselves() {
        for entry in entries() {
            assert!(entry.see().count() > 0, "{} refers to none", entry.key());
            for key in entry.see() {
                let there = find(key).is_some_and(|other| other.key() == key);
                assert!(there && key != entry.key(), "{}: {key}", entry.key());
            }
        }
    }

    #[test]
    fn every_entry_has_an_example_that_types_something() {
        for entry in entries() {
            let typed = |line: &String| line.starts_with("> ") || line.starts_with("$ ");
            assert!(entry.example().first().is_some_and(typed), "{}", entry.key());
        }
    }

    #[test]
    fn names_are_unique() {
        let mut known: BTreeMap<String, &str> = BTreeMap::new();
        for term in all() {
            for name in names(term) {
                let other = *known.entry(normal(&name)).or_insert(&term.key);
                assert_eq!(other, term.key, "both terms have the name {name}");
            }
        }
    }

    #[test]
    fn terms_of_issues_are_explained() {
        for word in [
            "znode",
            "ephemeral",
            "sequential",
            "container",
            "TTL",
            "session",
            "timeout",
            "watch",
            "data watch",
            "child watch",
            "persistent watch",
            "recursive watch",
            "event",
            "zxid",
            "epoch",
            "cZxid",
            "ctime",
            "mZxid",
            "mtime",
            "pZxid",
            "cversion",
            "dataVersion",
            "aclVersion",
            "ephemeralOwner",
            "dataLength",
            "numChildren",
            "version",
            "ACL",
            "world",
            "auth",
            "digest",
            "ip",
            "x509",
            "sasl",
            "super",
            "c",
            "d",
            "r",
            "w",
            "a",
            "quota",
            "quorum",
            "leader",
            "follower",
            "observer",
            "sync",
            "multi",
            "chroot",
            "four-letter words",
            "jute.maxbuffer",
            "NodeCreated",
            "NodeDeleted",
            "NodeDataChanged",
            "NodeChildrenChanged",
            "DataWatchRemoved",
            "临时节点",
            "顺序节点",
            "监视点",
            "会话",
            "仲裁",
        ] {
            assert!(find(word).is_some(), "{word}");
        }
        assert_eq!(find("Four_Letter Words").unwrap().key(), "four-letter-words");
        assert_eq!(find("临时节点").unwrap().key(), "ephemeral");
        assert!(find("swim").is_none());
    }

    #[test]
    fn the_nearest_word_is_suggested() {
        assert_eq!(nearest("ephemeal"), Some((1, "ephemeral".to_owned())));
        assert_eq!(nearest("quorom"), Some((1, "quorum".to_owned())));
        assert_eq!(nearest("临时结点"), Some((1, "临时节点".to_owned())));
        assert_eq!(nearest("swim"), None);
        assert_eq!(nearest("xy"), None);
    }
}
