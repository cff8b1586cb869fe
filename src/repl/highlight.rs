//! Colours of the line that is being typed. Nothing is asked for their sake: a znode whose parent
//! has not been listed lately has no colour.

use std::fmt::Write;

use super::grammar::{Reading, Role};
use crate::dispatch::Globbed;
use crate::output::escape;

/// What a word turns out to be, as far as it is known.
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
    /// The parameters of the terminal's `SGR` sequence.
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

/// Colours the words of `text`; `exists` tells what is known about a path.
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
        let look = match role {
            Role::Command(Some(_)) => Style::Known,
            // It may still become one.
            Role::Command(_) if last && is_prefix(&word.text()) => Style::Plain,
            Role::Command(_) | Role::Unknown => Style::Wrong,
            Role::Option => Style::Option,
            // It may stand for others.
            Role::Value(_) if Globbed::may_be(word) => Style::Plain,
            role @ Role::Value(_) if role.is_path(&word.text()) => match exists(&word.text()) {
                Some(true) => Style::Exists,
                Some(false) if !last => Style::Missing,
                _ => Style::Plain,
            },
            Role::Value(_) | Role::Program if word.quote.is_some() => Style::Quoted,
            Role::Value(_) | Role::Program => Style::Plain,
        };
        if look == Style::Plain {
            painted.extend(visible(typed));
        } else {
            let _ = write!(painted, "\x1b[{}m", look.code());
            painted.extend(visible(typed));
            painted.push_str("\x1b[0m");
        }
    }
    painted.extend(visible(&text[at..]));
    painted
}

/// Leaves out what drives a terminal: it may have been pasted. It has no width, so the editor does
/// not miss it.
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
    fn words_show_what_they_are() {
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
    fn pasted_control_characters_are_left_out() {
        assert_eq!(painted("get /\x1b[31\u{202e}x"), "{1;32:get} /[31x");
    }
}
