//! How two values differ: text line by line, JSON field by field, anything else by its length.

use std::collections::BTreeMap;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::Text;
use super::style::Style;

/// Lines of what is the same that are shown around what is not.
const CONTEXT: usize = 3;

/// The longest text, in bytes, that is compared line by line.
const MAX_BYTES: usize = 1 << 20;

/// Writes how the data of two znodes differs, each line behind some blanks. None is a znode without
/// data.
pub fn show(old: Option<&[u8]>, new: Option<&[u8]>, out: &mut Text<'_>) {
    let text = |data: Option<&[u8]>| -> Option<String> {
        let text = std::str::from_utf8(data?).ok()?;
        let is_text = |c: char| !c.is_control() || matches!(c, '\n' | '\t' | '\r');
        (text.len() <= MAX_BYTES && text.chars().all(is_text)).then(|| text.to_owned())
    };
    if let (Some(old), Some(new)) = (text(old), text(new)) {
        match (object(&old), object(&new)) {
            (Some(old), Some(new)) => fields(&old, &new, out),
            _ => lines(&old, &new, out),
        }
    } else {
        line(Style::Gone, '-', &summary(old), out);
        line(Style::Come, '+', &summary(new), out);
    }
}

fn summary(data: Option<&[u8]>) -> String {
    match data {
        None => "null".to_owned(),
        Some(data) => match std::str::from_utf8(data) {
            Ok(text) if text.len() <= 80 && !text.chars().any(char::is_control) => text.to_owned(),
            _ => format!("{} bytes", data.len()),
        },
    }
}

fn line(look: Style, mark: char, text: &str, out: &mut Text<'_>) {
    out.look(look, |out| {
        out.own(format_args!("  {mark}"));
        out.data(text.as_bytes());
    });
    out.line("");
}

fn lines(old: &str, new: &str, out: &mut Text<'_>) {
    let diff = TextDiff::from_lines(old, new);
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        out.look(Style::Quiet, |out| out.own(format_args!("  {}", hunk.header())));
        out.line("");
        for change in hunk.iter_changes() {
            let text = change.value();
            let text = text.strip_suffix('\n').unwrap_or(text);
            match change.tag() {
                ChangeTag::Delete => line(Style::Gone, '-', text, out),
                ChangeTag::Insert => line(Style::Come, '+', text, out),
                ChangeTag::Equal => {
                    out.own("   ");
                    out.data(text.as_bytes());
                    out.line("");
                }
            }
            if change.missing_newline() {
                out.line("  \\ no newline at the end");
            }
        }
    }
}

/// Returns the fields of a JSON object or array by where they are, or none for other text.
fn object(text: &str) -> Option<BTreeMap<String, String>> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let value: Value = serde_json::from_str(text).ok()?;
    let mut fields = BTreeMap::new();
    flatten(String::new(), &value, &mut fields);
    Some(fields)
}

fn flatten(at: String, value: &Value, fields: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(object) if !object.is_empty() => {
            for (key, value) in object {
                let is_word = !key.is_empty()
                    && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                    && !key.starts_with(|c: char| c.is_ascii_digit());
                let key = if is_word {
                    format!(".{key}")
                } else {
                    format!(".{}", Value::from(key.as_str()))
                };
                flatten(format!("{at}{key}"), value, fields);
            }
        }
        Value::Array(array) if !array.is_empty() => {
            for (index, value) in array.iter().enumerate() {
                flatten(format!("{at}[{index}]"), value, fields);
            }
        }
        value => {
            let at = if at.is_empty() { ".".to_owned() } else { at };
            fields.insert(at, value.to_string());
        }
    }
}

fn fields(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>, out: &mut Text<'_>) {
    if old == new {
        return out.line("  the same JSON, written in another way");
    }
    let mut all: Vec<&String> = old.keys().chain(new.keys()).collect();
    all.sort();
    all.dedup();
    for at in all {
        match (old.get(at), new.get(at)) {
            (Some(old), Some(new)) if old == new => {}
            (Some(old), Some(new)) => {
                line(Style::Changed, '~', &format!("{at}: {old} -> {new}"), out);
            }
            (Some(old), None) => line(Style::Gone, '-', &format!("{at}: {old}"), out),
            (None, Some(new)) => line(Style::Come, '+', &format!("{at}: {new}"), out),
            (None, None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::View;

    fn seen(old: &str, new: &str) -> String {
        let view = View::plain(true);
        let mut out = Text::new(&view);
        show(Some(old.as_bytes()), Some(new.as_bytes()), &mut out);
        String::from_utf8(out.into_bytes()).expect("text")
    }

    #[test]
    fn text_differs_by_lines() {
        assert_eq!(seen("a\nb\nc\n", "a\nx\nc\n"), "  @@ -1,3 +1,3 @@\n   a\n  -b\n  +x\n   c\n");
        assert_eq!(
            seen("deep", "wide"),
            "  @@ -1 +1 @@\n  -deep\n  \\ no newline at the end\n  +wide\n  \\ no newline at the end\n"
        );
    }

    #[test]
    fn json_differs_by_fields() {
        assert_eq!(
            seen(r#"{"a":1,"b":{"c d":[1,2]},"e":{}}"#, r#"{"b":{"c d":[1,3]},"a":1,"f":null}"#),
            "  ~.b.\"c d\"[1]: 2 -> 3\n  -.e: {}\n  +.f: null\n"
        );
        assert_eq!(seen("{\"a\":1}", "{ \"a\": 1 }"), "  the same JSON, written in another way\n");
    }

    #[test]
    fn other_data_differs_by_its_length() {
        assert_eq!(seen("a\0", "b"), "  -2 bytes\n  +b\n");
        assert_eq!(seen("\u{1b}[2J", "b"), "  -4 bytes\n  +b\n");
    }
}
