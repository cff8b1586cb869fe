//! Whether data is JSON, before it is written.

use serde::de::IgnoredAny;
use serde_json::Value;

use crate::error::{Error, Result};

/// Checks that data is one JSON value.
///
/// # Errors
/// It is not: the error names line and column, in characters and from 1 on.
pub fn check_json(data: &[u8]) -> Result<()> {
    let wrong = |line: usize, column: usize, why: &str| {
        let place = format!("line {line}, column {column}");
        Err(Error::usage(format!("Not JSON: {place}: {why}")).with_detail("nothing was written"))
    };
    let text = match std::str::from_utf8(data) {
        Ok(text) => text,
        Err(error) => {
            let (line, column) = place(&data[..error.valid_up_to()]);
            return wrong(line, column + 1, "it is not UTF-8");
        }
    };
    let Err(error) = serde_json::from_str::<IgnoredAny>(text) else { return Ok(()) };
    // Parsing into a value also refuses numbers that are too large, but its errors are clearer.
    let error = match serde_json::from_str::<Value>(text) {
        Err(better) if (better.line(), better.column()) == (error.line(), error.column()) => better,
        _ => error,
    };
    let why = error.to_string();
    let why = why.split(" at line ").next().unwrap_or_default();
    // serde_json counts bytes, and its position is after the wrong byte.
    let row = text.split('\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    let before = &row.as_bytes()[..error.column().min(row.len())];
    wrong(error.line().max(1), place(before).1.max(1), why)
}

/// Returns the line of the end of a text, and how many characters of it there are.
fn place(text: &[u8]) -> (usize, usize) {
    let rows = text.split(|byte| *byte == b'\n');
    let row = rows.clone().next_back().unwrap_or_default();
    (rows.count(), String::from_utf8_lossy(row).chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_is_named_with_its_place() {
        for good in ["1", " {\"a\": [1, 2.50, \"\\u6e56\"]}\n", "null", "1e999"] {
            assert!(check_json(good.as_bytes()).is_ok(), "{good}");
        }
        for (data, wanted) in [
            (&b"{\"a\": 1,\n \"b\": 2,}"[..], "line 2, column 9: trailing comma"),
            ("{\"湖\": x}".as_bytes(), "line 1, column 7: expected value"),
            (b"", "line 1, column 1: EOF while parsing a value"),
            (b"[1] 2", "line 1, column 5: trailing characters"),
            (b"[1,\n2,\xff]", "line 2, column 3: it is not UTF-8"),
            (b"{a: 1}", "line 1, column 2: key must be a string"),
        ] {
            let error = check_json(data).expect_err("no JSON").to_string();
            let wanted = format!("Not JSON: {wanted}; nothing was written");
            assert_eq!(error, wanted);
        }
    }
}
