//! Data shown as what it is: JSON indented, text as text, anything else as a hexdump under a line
//! that says what it seems to be.

mod json;
mod kind;
mod protobuf;

pub use self::kind::Kind;
use super::style::Style;
use super::{Text, hexdump};

/// Writes data as what it is, newline included.
pub fn show(data: &[u8], out: &mut Text<'_>) {
    match Kind::of(data) {
        Kind::Json(text) => out.data(json::indent(text).as_bytes()),
        Kind::Text(text) => out.data(text.strip_suffix('\n').unwrap_or(text).as_bytes()),
        Kind::Binary(what) => {
            let bytes = if data.len() == 1 { "byte" } else { "bytes" };
            let head = format!("{what}, {} {bytes}", data.len());
            out.look(Style::Quiet, |out| out.own(head));
            out.line("");
            out.own(hexdump(data));
        }
    }
    out.line("");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::dialect::Dialect;
    use crate::dialect::Format;
    use crate::output::View;

    fn seen(data: &[u8]) -> String {
        let view = View {
            format: Format::Text,
            dialect: Dialect::V34,
            terminal: true,
            errors_on_terminal: true,
            color: false,
            color_errors: false,
        };
        let mut out = Text::new(&view);
        show(data, &mut out);
        String::from_utf8(out.into_bytes()).unwrap()
    }

    #[test]
    fn text_and_json_are_read_as_such() {
        assert_eq!(seen(b"deep"), "deep\n");
        assert_eq!(seen(b"a\tb\nc\n"), "a\tb\nc\n");
        assert_eq!(seen(b""), "\n");
        assert_eq!(seen(b"{\"a\":1}"), "{\n  \"a\": 1\n}\n");
    }

    #[test]
    fn binary_is_dumped_under_its_kind() {
        let shown = seen(b"\xac\xed\x00\x05t\x00\x0bHello \x1b[2J");
        assert!(shown.starts_with("Java serialisation, 17 bytes\n         +---"), "{shown}");
        assert!(shown.contains("|....t..Hello .[2|\n"), "{shown}");
        assert_eq!(seen(b"\xff").lines().next(), Some("binary, 1 byte"));
    }

    #[test]
    fn what_only_looks_like_text_cannot_drive_the_terminal() {
        // A bidirectional control is text by its encoding; escape shows it.
        assert_eq!(seen("a\u{202e}b".as_bytes()), "a\\u{202e}b\n");
        assert_eq!(seen("{\"\u{202e}\":1}".as_bytes()), "{\n  \"\\u{202e}\": 1\n}\n");
        assert!(seen(b"\x1b[2J!").starts_with("binary, 5 bytes\n"));
    }
}
