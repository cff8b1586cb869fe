//! JSON with line ends and indentation; nothing else of it changes: numbers keep their digits, keys
//! their order, strings their escapes.

/// Blanks for each level.
const STEP: &str = "  ";

/// Deepest level that is indented; beyond, blanks would outweigh the data without bound.
const DEEPEST: usize = 64;

/// Indents `text`, which must be JSON.
pub(super) fn indent(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    let mut tokens = Tokens(text).peekable();
    while let Some(token) = tokens.next() {
        match token {
            "{" | "[" => {
                out.push_str(token);
                if let Some(close) = tokens.next_if(|next| matches!(*next, "}" | "]")) {
                    out.push_str(close);
                } else {
                    depth += 1;
                    begin_line(&mut out, depth);
                }
            }
            "}" | "]" => {
                depth = depth.saturating_sub(1);
                begin_line(&mut out, depth);
                out.push_str(token);
            }
            "," => {
                out.push(',');
                begin_line(&mut out, depth);
            }
            ":" => out.push_str(": "),
            token => out.push_str(token),
        }
    }
    out
}

fn begin_line(out: &mut String, depth: usize) {
    out.push('\n');
    (0..depth.min(DEEPEST)).for_each(|_| out.push_str(STEP));
}

/// Marks, strings, numbers and names, without the blanks between them.
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
