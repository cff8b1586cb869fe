//! A hex dump with sixteen bytes per row, as `get -x` of zkCli prints it (Netty's `prettyHexDump`).

use std::fmt::Write;

const RULE: &str = "+--------+-------------------------------------------------+----------------+";
const HEAD: &str = "         +-------------------------------------------------+\n         \
                    |  0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f |\n";

/// Returns the hex dump without a final newline; empty if there are no bytes.
pub(crate) fn hexdump(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return String::new();
    }
    let mut text = format!("{HEAD}{RULE}");
    for (row, bytes) in bytes.chunks(16).enumerate() {
        // Writing into memory cannot fail.
        let _ = write!(text, "\n|{:08x}|", row * 16);
        for byte in bytes {
            let _ = write!(text, " {byte:02x}");
        }
        text.push_str(&"   ".repeat(16 - bytes.len()));
        text.push_str(" |");
        text.extend(bytes.iter().map(|byte| match byte {
            0x20..=0x7e => char::from(*byte),
            _ => '.',
        }));
        text.push_str(&" ".repeat(16 - bytes.len()));
        text.push('|');
    }
    text.push('\n');
    text.push_str(RULE);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_sixteen_bytes() {
        assert_eq!(hexdump(b""), "");
        let table = hexdump(b"hello, lake\x00\xff\x7fand more");
        let rows: Vec<&str> = table.lines().collect();
        assert_eq!(
            rows,
            [
                "         +-------------------------------------------------+",
                "         |  0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f |",
                "+--------+-------------------------------------------------+----------------+",
                "|00000000| 68 65 6c 6c 6f 2c 20 6c 61 6b 65 00 ff 7f 61 6e |hello, lake...an|",
                "|00000010| 64 20 6d 6f 72 65                               |d more          |",
                "+--------+-------------------------------------------------+----------------+",
            ]
        );
    }
}
