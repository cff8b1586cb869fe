//! Indents JSON without changing anything else: numbers keep their digits, keys their order, and
//! strings their escapes.

/// The indentation of one level.
const STEP: &str = "  ";

/// Maximum indented depth; beyond it the blanks would outgrow the data without limit.
const DEEPEST: usize = 64;

/// The kind of a JSON token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A bracket, comma or colon, with the whitespace after it.
    Mark,
    /// A string before a colon.
    Key,
    /// Any other string.
    Text,
    /// A number, or `true`, `false` and `null`.
    Value,
}

/// Indents `text`, which must be valid JSON, and passes it to `write` token by token.
pub(super) fn indent(text: &str, mut write: impl FnMut(Part, &str)) {
    let mut depth = 0_usize;
    let mut tokens = Tokens(text).peekable();
    let mut blanks = String::from("\n");
    while let Some(token) = tokens.next() {
        match token {
            "{" | "[" => {
                write(Part::Mark, token);
                if let Some(close) = tokens.next_if(|next| matches!(*next, "}" | "]")) {
                    write(Part::Mark, close);
                } else {
                    depth += 1;
                    write(Part::Mark, begin_line(&mut blanks, depth));
                }
            }
            "}" | "]" => {
                depth = depth.saturating_sub(1);
                write(Part::Mark, begin_line(&mut blanks, depth));
                write(Part::Mark, token);
            }
            "," => {
                write(Part::Mark, ",");
                write(Part::Mark, begin_line(&mut blanks, depth));
            }
            ":" => write(Part::Mark, ": "),
            token if token.starts_with('"') => {
                let is_key = tokens.peek() == Some(&":");
                write(if is_key { Part::Key } else { Part::Text }, token);
            }
            token => write(Part::Value, token),
        }
    }
}

/// Returns a newline followed by the indentation of a depth.
fn begin_line(blanks: &mut String, depth: usize) -> &str {
    let length = 1 + depth.min(DEEPEST) * STEP.len();
    while blanks.len() < length {
        blanks.push_str(STEP);
    }
    &blanks[..length]
}

/// The tokens of a JSON text, without the whitespace between them.
struct Tokens<'t>(&'t str);

impl<'t> Iterator for Tokens<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let text = self.0.trim_start();
        let length = match text.chars().next()? {
            '"' => string(text),
            '{' | '}' | '[' | ']' | ',' | ':' => 1,
            _ => text
                .find(|c: char| c.is_whitespace() || "{}[],:\"".contains(c))
                .unwrap_or(text.len()),
        };
        let (token, rest) = text.split_at(length);
        self.0 = rest;
        Some(token)
    }
}

/// Returns the length of the string at the start, quotes included.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn indent(text: &str) -> String {
        let mut out = String::new();
        super::indent(text, |_, part| out.push_str(part));
        out
    }

    #[test]
    fn keys_texts_and_values_are_told_apart() {
        let mut parts = Vec::new();
        super::indent(r#"{"a": ["b", 1, null]}"#, |part, text| {
            if part != Part::Mark {
                parts.push((part, text.to_owned()));
            }
        });
        let expected = [
            (Part::Key, "\"a\""),
            (Part::Text, "\"b\""),
            (Part::Value, "1"),
            (Part::Value, "null"),
        ];
        assert_eq!(parts, expected.map(|(part, text)| (part, text.to_owned())));
    }

    #[test]
    fn only_blanks_change() {
        let text = r#"{"b":1.50e+03,"a":[1,{"x":"\"}, \\"}],"b":null,"e":{},"f":[ ]}"#;
        let indented = "\
{
  \"b\": 1.50e+03,
  \"a\": [
    1,
    {
      \"x\": \"\\\"}, \\\\\"
    }
  ],
  \"b\": null,
  \"e\": {},
  \"f\": []
}";
        assert_eq!(indent(text), indented);
        assert_eq!(indent(indented), indented);
        assert_eq!(indent("[]"), "[]");
    }

    #[test]
    fn depth_costs_no_more_than_its_bound() {
        let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(indent(&deep).len() < deep.len() * (2 + DEEPEST * STEP.len()));
    }

    proptest! {
        #[test]
        fn any_text_comes_to_an_end_and_keeps_its_words(text in "[\\[\\]{},:\"\\\\a1 \n]*") {
            let squeezed = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(squeezed(&indent(&text)), squeezed(&text));
        }
    }
}
