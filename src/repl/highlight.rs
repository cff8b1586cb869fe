//! Colours the line that is being typed. It sends no requests: a znode whose parent was not listed
//! recently has no colour.

use std::fmt::Write;

use super::grammar::{Reading, Role};
use crate::dispatch::Globbed;
use crate::output::escape;

/// The style of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Known,
    Wrong,
    Option,
    Exists,
    Missing,
    Quoted,
    Plain,
}

impl Style {
    /// Returns the parameters of the terminal's `SGR` sequence.
    fn code(self) -> &'static str {
        match self {
            Self::Known => "1;32",
            Self::Wrong => "31",
            Self::Option => "36",
            Self::Exists => "34",
            Self::Missing => "33",
            Self::Quoted => "35",
            Self::Plain => "",
        }
    }
}

/// Colours the words of `text`. `exists` returns what is known about a path.
pub(super) fn paint(
    text: &str,
    reading: &Reading<'_>,
    is_prefix: impl Fn(&str) -> bool,
    exists: impl Fn(&str) -> Option<bool>,
) -> String {
    let mut painted = String::with_capacity(text.len() * 2);
    let mut at = 0;
    for (word, role) in &reading.words {
        let Some(typed) = text.get(word.span.clone()) else { break };
        painted.extend(visible(&text[at..word.span.start]));
        at = word.span.end;
        let last = word.span.end == text.len();
        let style = match role {
            Role::Command(Some(_)) => Style::Known,
            // The word may still become a command.
            Role::Command(_) if last && is_prefix(&word.text()) => Style::Plain,
            Role::Command(_) | Role::Unknown => Style::Wrong,
            Role::Option => Style::Option,
            // A pattern may match other znodes.
            Role::Value(_) if Globbed::may_be(word) => Style::Plain,
            role @ Role::Value(_) if role.is_path(&word.text()) => match exists(&word.text()) {
                Some(true) => Style::Exists,
                Some(false) if !last => Style::Missing,
                _ => Style::Plain,
            },
            Role::Value(_) | Role::Program if word.quote.is_some() => Style::Quoted,
            Role::Value(_) | Role::Program => Style::Plain,
        };
        if style == Style::Plain {
            painted.extend(visible(typed));
        } else {
            let _ = write!(painted, "\x1b[{}m", style.code());
            painted.extend(visible(typed));
            painted.push_str("\x1b[0m");
        }
    }
    painted.extend(visible(&text[at..]));
    painted
}

/// Removes control characters, which may have been pasted. They have no width, so the editor's
/// count stays right.
pub(super) fn visible(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| escape::is_safe(*c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;

    fn painted(text: &str) -> String {
        let mut tree = crate::command::Command::tree();
        tree.build();
        let reading = Reading::of(&tree, text, Dialect::V34);
        let exists = |path: &str| match path {
            "/here" => Some(true),
            "/gone" => Some(false),
            _ => None,
        };
        let shown = paint(text, &reading, |word| "get".starts_with(word), exists);
        let shown = shown.replace("\x1b[0m", "}");
        shown.replace("\x1b[", "{").replace('m', ":")
    }

    #[test]
    fn words_are_coloured_by_role() {
        assert_eq!(painted("get -s /here"), "{1;32:get} {36:-s} {34:/here}");
        assert_eq!(painted("get /gone true"), "{1;32:get} {33:/gone} true");
        assert_eq!(painted("ge"), "ge");
        assert_eq!(painted("gex /a"), "{31:gex} {31:/a}");
        assert_eq!(painted("create /a 'b c'"), "{1;32:create} /a {35:'b c'}");
        assert_eq!(
            painted("repeat 3 repeat 2 get -s /here"),
            "{1;32:repeat} 3 {1;32:repeat} 2 {1;32:get} {36:-s} {34:/here}"
        );
        assert_eq!(painted("repeat 3 ge"), "{1;32:repeat} 3 ge");
        assert_eq!(painted("repeat 3 gex "), "{1;32:repeat} 3 {31:gex} ");
        assert_eq!(
            painted("watch /here -- sh -c 'x y'"),
            "{1;32:watch} {34:/here} {36:--} sh -c {35:'x y'}"
        );
    }

    #[test]
    fn pasted_control_characters_are_removed() {
        assert_eq!(painted("get /\x1b[31\u{202e}x"), "{1;32:get} /[31x");
    }
}
