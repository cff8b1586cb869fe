//! Data shown as what it is: JSON indented, text as text, what is compressed as what it was, messages
//! of well-known systems with the names of their fields, anything else as a hexdump. A line above says
//! what the data seems to be, where that cannot be seen.

mod json;
mod kind;
mod known;
mod protobuf;
mod unpack;

use self::json::Part;
pub use self::kind::Kind;
use super::style::Style;
use super::{Text, hexdump};
use crate::zk::ZnodePath;

/// How often data inside data is undone: somebody may have compressed a file that was compressed.
const MOST_LAYERS: usize = 4;

/// Writes the data of the znode at `path` as what it is, newline included.
pub fn show(path: &ZnodePath, data: &[u8], out: &mut Text<'_>) {
    show_layer(path, data, 0, out);
}

fn show_layer(path: &ZnodePath, data: &[u8], layer: usize, out: &mut Text<'_>) {
    match Kind::of(data) {
        Kind::Json(text) => {
            if let Some(about) = known::json(path, text) {
                head(&about, out);
            }
            json::indent(text, |part, text| match part {
                Part::Mark => out.own(text),
                Part::Key => out.look(Style::Key, |out| out.data(text.as_bytes())),
                Part::Text => out.look(Style::Come, |out| out.data(text.as_bytes())),
                Part::Value => out.look(Style::Changed, |out| out.data(text.as_bytes())),
            });
        }
        Kind::Text(text) => out.data(text.strip_suffix('\n').unwrap_or(text).as_bytes()),
        Kind::Binary(what) => {
            if let Some(text) = known::binary(path, data) {
                out.data(text.as_bytes());
            } else if layer < MOST_LAYERS
                && let Some(inner) = unpack::unpack(data)
            {
                let more = if inner.is_cut { "more than " } else { "" };
                let size = counted(inner.data.len());
                head(&format!("{}, {} of {more}{size}", inner.name, counted(data.len())), out);
                return show_layer(path, &inner.data, layer + 1, out);
            } else {
                head(&format!("{what}, {}", counted(data.len())), out);
                out.own(hexdump(data));
            }
        }
    }
    out.line("");
}

fn head(words: &str, out: &mut Text<'_>) {
    out.look(Style::Quiet, |out| out.foreign(words));
    out.line("");
}

fn counted(bytes: usize) -> String {
    format!("{bytes} {}", if bytes == 1 { "byte" } else { "bytes" })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::output::View;

    fn seen(data: &[u8]) -> String {
        let view = View::plain(true);
        let mut out = Text::new(&view);
        show(&ZnodePath::root(), data, &mut out);
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
    fn what_is_compressed_is_shown_as_what_it_was() {
        use std::io::Write;
        let pack = |data: &[u8]| {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
            gzip.write_all(data).unwrap();
            gzip.finish().unwrap()
        };
        let once = pack(b"{\"a\":\"\xc3\xa9\"}");
        let head = format!("gzip, {} bytes of 10 bytes\n", once.len());
        assert_eq!(seen(&once), format!("{head}{{\n  \"a\": \"é\"\n}}\n"));
        let shown = seen(&pack(&once));
        assert_eq!(shown.lines().filter(|line| line.starts_with("gzip, ")).count(), 2, "{shown}");
        let broken = seen(&once[..once.len() - 1]);
        assert!(broken.starts_with(&format!("gzip, {} bytes\n", once.len() - 1)), "{broken}");
    }

    #[test]
    fn what_only_looks_like_text_cannot_drive_the_terminal() {
        // A bidirectional control is text by its encoding; escape shows it.
        assert_eq!(seen("a\u{202e}b".as_bytes()), "a\\u{202e}b\n");
        assert_eq!(seen("{\"\u{202e}\":1}".as_bytes()), "{\n  \"\\u{202e}\": 1\n}\n");
        assert!(seen(b"\x1b[2J!").starts_with("binary, 5 bytes\n"));
    }
}
