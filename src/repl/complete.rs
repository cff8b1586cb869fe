//! Completion of commands, options with their meanings, values, znodes of the live tree, and files
//! and programs of this machine if a command takes them.

mod files;
mod names;
pub(super) mod paths;
mod values;

use clap::{Arg, Command};
use rustyline::completion::Pair;
use unicode_width::UnicodeWidthStr;

use self::names::TypedWord;
use super::grammar::{Reading, Role};
use super::znode_cache::ZnodeCache;
use crate::dialect::Dialect;

/// The maximum number of candidates that are considered. A longer list is useless, and rustyline
/// panics at 65,536.
pub(super) const MAX_CANDIDATES: usize = 500;

/// The columns between two candidates of a list in rustyline.
const GAP: usize = 2;

/// The maximum number of candidates that are listed with their meanings.
const MAX_EXPLAINED: usize = 16;

/// The candidates for a word.
#[derive(Default)]
struct Candidates {
    found: Vec<Pair>,
    /// The number of further candidates.
    more: usize,
}

impl From<Vec<Pair>> for Candidates {
    fn from(found: Vec<Pair>) -> Self {
        Self { found, more: 0 }
    }
}

/// Completes the last word of `text`, in whose paths patterns are expanded if `globs` is set. Returns where it starts and its candidates, as many as fit on
/// a screen of `size` columns and rows.
pub(super) fn complete(
    grammar: &Command,
    tree: &ZnodeCache,
    text: &str,
    (dialect, globs): (Dialect, bool),
    size: (usize, usize),
) -> (usize, Vec<Pair>) {
    let reading = Reading::of(grammar, text, dialect);
    let (last, role) = reading.last();
    let word = last.text();
    let typed_word = TypedWord { quote: last.quote, dashes: !reading.is_plain, dialect };
    let is_option = word.starts_with('-') && last.quote.is_none() && !reading.is_plain;
    let candidates = match role {
        role if role.is_path(&word) && !is_option => {
            let globs = globs && last.quote.is_none() && reading.expands_patterns();
            let mut candidates = paths::complete(tree, &word, typed_word, globs);
            if role.is_address() && !word.is_empty() {
                let places = tree.places().into_iter().filter(|place| place.starts_with(&*word));
                candidates.found.extend(places.map(|place| pair(place.clone(), place)));
            }
            candidates
        }
        Role::Program if !is_option => files::programs(&word, typed_word),
        Role::Value(arg) if !is_option && takes_file(arg) => files::complete(&word, typed_word),
        _ => words(grammar, &reading, &word).into(),
    };
    (last.span.start, fit(candidates, size))
}

/// Returns whether an argument takes a file name.
pub(super) fn takes_file(arg: &Arg) -> bool {
    files::is_file(arg)
}

/// Completes words that are neither znodes nor files: commands, options and values.
pub(super) fn words(grammar: &Command, reading: &Reading<'_>, word: &str) -> Vec<Pair> {
    let (last, role) = reading.last();
    if word.starts_with('-') && last.quote.is_none() && !reading.is_plain {
        return values::assigned(grammar, reading, word).unwrap_or_else(|| options(reading, word));
    }
    match role {
        Role::Command(_) => commands(grammar, word),
        Role::Value(arg) if reading.is_admin_word(arg) => values::admin(reading, word),
        Role::Value(arg) => values::complete(grammar, arg, word),
        Role::Option | Role::Program | Role::Unknown => Vec::new(),
    }
}

/// Keeps the candidates that fit on the screen together with the line, and counts the others. With
/// more candidates, the editor would ask whether to list them, and show no prompt until the user
/// has answered.
fn fit(candidates: Candidates, (columns, rows): (usize, usize)) -> Vec<Pair> {
    let Candidates { mut found, mut more } = candidates;
    for candidate in &mut found {
        cut(&mut candidate.display, columns.saturating_sub(GAP));
    }
    let marker = |more: usize| format!("… {more} more");
    let widest = found.iter().map(|pair| pair.display.width()).max().unwrap_or_default();
    let room = |widest: usize| (columns / (widest + GAP)).max(1) * rows.saturating_sub(2).max(1);
    if more > 0 || found.len() > room(widest) {
        // All columns are as wide as the widest candidate.
        let widest = widest.max(marker(more + found.len()).width());
        let shown = found.len().min(room(widest).saturating_sub(1).max(1));
        more += found.len() - shown;
        let stem = shared(&found);
        found.truncate(shown);
        found.push(pair(stem, marker(more)));
    }
    found
}

/// Returns the common prefix of all replacements, which the editor inserts.
fn shared(found: &[Pair]) -> String {
    let mut texts = found.iter().map(|pair| pair.replacement.as_str());
    let first = texts.next().unwrap_or_default();
    let length = texts.fold(first.len(), |length, text| {
        let same = first.chars().zip(text.chars()).take_while(|(a, b)| a == b);
        length.min(same.map(|(c, _)| c.len_utf8()).sum())
    });
    first[..length].to_owned()
}

/// Shortens a text that is wider than `width` columns.
pub(super) fn cut(text: &mut String, width: usize) {
    if text.width() > width {
        while text.width() >= width && text.pop().is_some() {}
        if width > 0 {
            text.push('…');
        }
    }
}

fn pair(replacement: impl Into<String>, display: impl Into<String>) -> Pair {
    Pair { display: display.into(), replacement: replacement.into() }
}

/// Lists words with their meanings. A blank follows each, because it is a complete word.
fn explained(words: Vec<(String, String)>) -> Vec<Pair> {
    let many = words.len() > MAX_EXPLAINED;
    let width = words.iter().map(|(word, _)| word.len()).max().unwrap_or_default();
    words
        .into_iter()
        .map(|(word, meaning)| {
            let display = if many || meaning.is_empty() {
                word.clone()
            } else {
                format!("{word:width$}  {meaning}")
            };
            pair(format!("{word} "), display)
        })
        .collect()
}

fn names(grammar: &Command) -> impl Iterator<Item = (String, String)> {
    grammar.get_subcommands().filter(|command| !command.is_hide_set()).flat_map(|command| {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        std::iter::once(command.get_name())
            .chain(command.get_visible_aliases())
            .map(|name| (name.to_owned(), about.clone()))
            .collect::<Vec<_>>()
    })
}

fn commands(grammar: &Command, word: &str) -> Vec<Pair> {
    let mut found: Vec<_> = names(grammar).filter(|(name, _)| name.starts_with(word)).collect();
    found.sort_unstable();
    explained(found)
}

fn options(reading: &Reading<'_>, word: &str) -> Vec<Pair> {
    let Some(command) = reading.command else { return Vec::new() };
    let before = reading.arguments().filter(|typed| typed.text() != word);
    let used: Vec<&Arg> = before.flat_map(|typed| reading.options(&typed.text())).collect();
    let free = command.get_arguments().filter(|arg| {
        !arg.is_positional()
            && !arg.is_hide_set()
            && arg.get_id() != "help"
            && !used.iter().any(|used| used.get_id() == arg.get_id())
    });
    let mut found = Vec::new();
    for arg in free {
        let short = arg.get_short().map(|short| format!("-{short}"));
        let long = arg.get_long().map(|long| format!("--{long}"));
        let both: Vec<&str> = short.iter().chain(&long).map(String::as_str).collect();
        let name = both.iter().find(|name| name.starts_with(word)).copied();
        if let Some(name) = name {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            found.push((name.to_owned(), both.join(", "), help));
        }
    }
    let width = found.iter().map(|(_, both, _)| both.len()).max().unwrap_or_default();
    found
        .into_iter()
        .map(|(name, both, help)| pair(format!("{name} "), format!("{both:width$}  {help}")))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::zk::ZnodePath;

    fn shown(pairs: &[Pair]) -> Vec<&str> {
        pairs.iter().map(|pair| pair.replacement.as_str()).collect()
    }

    fn grammar() -> Command {
        let mut grammar = crate::command::Command::tree();
        grammar.build();
        grammar
    }

    #[test]
    fn commands_and_options_complete_with_their_meaning() {
        let grammar = grammar();
        let found = commands(&grammar, "del");
        assert_eq!(shown(&found), ["delete ", "deleteall ", "delquota "]);
        assert!(found[0].display.starts_with("delete     Delete"), "{}", found[0].display);
        let reading = Reading::of(&grammar, "get -s -", Dialect::V34);
        let found = options(&reading, "-");
        assert!(shown(&found).contains(&"-w ") && !shown(&found).contains(&"-s "));
        assert!(found.iter().any(|pair| pair.display.starts_with("-w, --watch   Leave a watch")));
        let found = options(&reading, "--w");
        assert_eq!(shown(&found), ["--watch "]);
    }

    /// The typed text and, separated by bars, what Tab may insert for its last word. `=` precedes a
    /// znode and its children, and `compat` a dialect.
    const CASES: &str = include_str!("../../tests/completions.txt");

    #[test]
    fn all_cases_complete_as_listed() {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let _inside = runtime.enter();
        let settings = crate::session::Settings {
            timeout: std::time::Duration::from_secs(1),
            read_only: false,
            max_request: 1000,
            refused: std::time::Duration::MAX,
            transport: crate::session::Transport::default(),
        };
        let session = crate::session::Sessions::new("main", move |_, _| {
            crate::session::Session::new(settings.clone(), |_| {})
        });
        let cwd = crate::session::PerSession::<crate::dispatch::WorkingPath>::new(&session);
        let ensembles = crate::dispatch::Ensembles::new(vec![crate::dispatch::Ensemble {
            name: "prod".to_owned(),
            servers: crate::zk::Servers::default(),
            security: Box::new(|| Box::pin(std::future::ready(Ok(crate::zk::Security::default())))),
        }]);
        cwd.set(ZnodePath::root().child("lake"));
        let tree = ZnodeCache::new(session, cwd, ensembles, runtime.handle().clone());
        let grammar = grammar();
        let (mut dialect, mut globs) = (Dialect::V34, true);
        for case in CASES.lines().filter(|case| !case.starts_with('#') && !case.is_empty()) {
            if let Some(known) = case.strip_prefix("= ") {
                let (path, names) = known.split_once(':').unwrap();
                let names = names.split(',').filter(|name| !name.is_empty()).map(str::to_owned);
                tree.learn(ZnodePath::new(path).unwrap(), names.collect());
                continue;
            }
            if let Some(name) = case.strip_prefix("compat ") {
                dialect = clap::ValueEnum::from_str(name, false).unwrap();
                globs = dialect == Dialect::V34;
                continue;
            }
            let mut words = case.split('|');
            let typed = words.next().unwrap();
            let (start, found) = complete(&grammar, &tree, typed, (dialect, globs), (200, 100));
            let seen: Vec<String> = found
                .iter()
                .map(|pair| match pair.replacement.strip_suffix(' ') {
                    Some(word) => format!("{word}·"),
                    None => pair.replacement.clone(),
                })
                .collect();
            assert_eq!(seen, words.collect::<Vec<_>>(), "{typed:?} from {start}");
        }
    }

    #[test]
    fn many_candidates_are_cut_to_the_screen_and_counted() {
        let crowd = |size: usize| {
            let found = (0..size).map(|n| pair("/crowd/n", format!("n{n:03}"))).collect();
            Candidates { found, more: 0 }
        };
        let seen = |candidates, size| {
            let found = fit(candidates, size);
            let last = found.last().map(|pair| (pair.replacement.clone(), pair.display.clone()));
            (found.len(), last.unwrap())
        };
        let marker = |text: &str| ("/crowd/n".to_owned(), text.to_owned());
        // Seven candidates fit in a row of 47 columns; with the count at the end four, or three.
        assert_eq!(seen(crowd(21), (47, 5)), (21, marker("n020")));
        assert_eq!(seen(crowd(22), (47, 5)), (12, marker("… 11 more")));
        let many = Candidates { more: 99_500, ..crowd(500) };
        assert_eq!(seen(many, (47, 5)), (9, marker("… 99992 more")));
        let words = explained(vec![
            ("get".to_owned(), String::new()),
            ("getAcl".to_owned(), String::new()),
        ]);
        let found = fit(words.into(), (5, 1));
        assert_eq!(shown(&found), ["get ", "get"]);
    }

    #[test]
    fn wide_meanings_are_shortened() {
        let mut text = "湖湖湖".to_owned();
        cut(&mut text, 5);
        assert_eq!(text, "湖湖…");
    }
}
