//! Wraps text to a width, by words or by Chinese characters. Line breaks in the source mean nothing.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Returns how many columns of a screen a text takes.
pub fn columns(text: &str) -> usize {
    text.width()
}

/// Breaks a text into lines of at most `width` columns. An empty line separates paragraphs; a line
/// that begins with a blank stays as it is, but is cut if it is too long.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(2); // one wide character
    let mut lines = Vec::new();
    let mut paragraph = String::new();
    for line in text.lines() {
        let stays = line.starts_with(' ');
        if stays || line.is_empty() {
            flow(&std::mem::take(&mut paragraph), width, &mut lines);
            if stays { cut(line, width, &mut lines) } else { lines.push(String::new()) }
        } else {
            join(&mut paragraph, line);
        }
    }
    flow(&paragraph, width, &mut lines);
    lines
}

/// Adds a line to a paragraph, after a blank, except between two characters of a script that has no
/// blanks between words.
fn join(paragraph: &mut String, line: &str) {
    let last = paragraph.chars().last();
    let wide = |c: Option<char>| c.is_some_and(is_wide);
    let none = wide(last) && (wide(line.chars().next()) || last.is_some_and(closes));
    if last.is_some() && !none {
        paragraph.push(' ');
    }
    paragraph.push_str(line);
}

fn is_wide(c: char) -> bool {
    c.width() == Some(2)
}

/// Punctuation that may not begin a line.
fn closes(c: char) -> bool {
    "，。；：！？、）」』》】”’…,.;:!?)]}".contains(c)
}

/// Punctuation that may not end a line.
fn opens(c: char) -> bool {
    "（「『《【“‘([{".contains(c)
}

/// A part that is never broken: a word, or a wide character with its punctuation.
struct Piece {
    text: String,
    /// Whether a blank precedes it.
    apart: bool,
}

fn pieces(paragraph: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut apart = false;
    let mut last: Option<char> = None;
    for c in paragraph.chars() {
        if c == ' ' {
            apart = true;
            continue;
        }
        let sticks = !apart
            && last.is_some_and(|last| {
                closes(c)
                    || opens(last)
                    || !(is_wide(c) || is_wide(last) || opens(c) && closes(last))
            });
        match pieces.last_mut() {
            Some(piece) if sticks => piece.text.push(c),
            _ => pieces.push(Piece { text: c.to_string(), apart }),
        }
        apart = false;
        last = Some(c);
    }
    pieces
}

fn flow(paragraph: &str, width: usize, lines: &mut Vec<String>) {
    let mut line = String::new();
    for piece in pieces(paragraph) {
        let blank = usize::from(piece.apart && !line.is_empty());
        if !line.is_empty() && columns(&line) + blank + columns(&piece.text) > width {
            lines.push(std::mem::take(&mut line));
        } else if blank == 1 {
            line.push(' ');
        }
        line.push_str(&piece.text);
        if columns(&line) > width {
            cut(&std::mem::take(&mut line), width, lines);
            line = lines.pop().unwrap_or_default();
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
}

/// Cuts a line that is too long at the last column.
fn cut(line: &str, width: usize, lines: &mut Vec<String>) {
    let mut part = String::new();
    for c in line.chars() {
        if columns(&part) + c.width().unwrap_or(0) > width {
            lines.push(std::mem::take(&mut part));
        }
        part.push(c);
    }
    lines.push(part);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_kept_whole_and_lines_joined() {
        assert_eq!(
            wrap("A znode is a\nvalue. It is small.\n\n    ls /a  b\nEnd", 14),
            ["A znode is a", "value. It is", "small.", "", "    ls /a  b", "End"]
        );
    }

    #[test]
    fn chinese_breaks_between_characters_but_not_before_punctuation() {
        assert_eq!(
            wrap("临时节点随会话结束，立即删除", 12),
            ["临时节点随会", "话结束，立即", "删除"]
        );
        assert_eq!(wrap("临时节点随会，话", 12), ["临时节点随", "会，话"]);
        assert_eq!(wrap("一个 znode（节点）", 10), ["一个 znode", "（节点）"]);
        assert_eq!(wrap("第一行\n第二行", 20), ["第一行第二行"]);
        assert_eq!(wrap("第一行 a\nb 第二行", 20), ["第一行 a b 第二行"]);
    }

    #[test]
    fn what_is_too_long_is_cut() {
        assert_eq!(wrap("ab /a/very/long/path", 8), ["ab", "/a/very/", "long/pat", "h"]);
        assert_eq!(wrap(" 长长长长", 5), [" 长长", "长长"]);
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_nothing_is_lost(
            text in "([a-z（），。树节点 ./]|\n){0,60}", width in 2usize..30
        ) {
            let lines = wrap(&text, width);
            for line in &lines {
                prop_assert!(columns(line) <= width, "{line:?}");
            }
            let letters = |text: &str| text.replace(char::is_whitespace, "");
            prop_assert_eq!(letters(&lines.concat()), letters(&text));
        }
    }
}
