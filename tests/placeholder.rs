//! Placeholders such as `<zxid>` and `<time>` for values that differ between runs.

use std::collections::HashMap;

/// Returns whether `line` matches `wanted`, and stores the values of named placeholders.
pub(crate) fn matches(wanted: &str, line: &str, known: &mut HashMap<String, String>) -> bool {
    let Some((before, rest)) = wanted.split_once('<') else { return wanted == line };
    let Some((holder, after)) = rest.split_once('>') else { return wanted == line };
    let (kind, name) = holder.split_once(':').unwrap_or((holder, ""));
    let Some(tail) = line.strip_prefix(before) else {
        return false;
    };
    let Some(length) = placeholder(kind, tail) else { return wanted == line };
    let (value, rest) = tail.split_at(length);
    if length == 0 {
        return false;
    }
    if !name.is_empty() {
        let kept = known.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        if kept != value {
            return false;
        }
    }
    matches(after, rest, known)
}

/// Returns whether lines match `wanted`. A line `…` matches any number of lines, and a line that
/// ends in `…` matches any line with that start.
pub(crate) fn lines_match(
    wanted: &[&str],
    lines: &[String],
    known: &mut HashMap<String, String>,
) -> bool {
    let Some((first, rest)) = wanted.split_first() else { return lines.is_empty() };
    if *first == "…" {
        return (0..=lines.len()).any(|left_out| {
            let mut attempt = known.clone();
            let same = lines_match(rest, &lines[left_out..], &mut attempt);
            if same {
                *known = attempt;
            }
            same
        });
    }
    let Some((line, lines)) = lines.split_first() else { return false };
    let same = match first.strip_suffix('…') {
        Some(beginning) => line.starts_with(beginning),
        None => matches(first, line, known),
    };
    same && lines_match(rest, lines, known)
}

/// Returns how many bytes at the start of `text` are of this kind, or `None` for an unknown kind.
fn placeholder(kind: &str, text: &str) -> Option<usize> {
    let hex = |text: &str| {
        let digits = text
            .strip_prefix("0x")
            .map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_hexdigit).count());
        if digits == 0 { 0 } else { digits + 2 }
    };
    match kind {
        "zxid" | "session" => Some(hex(text)),
        "decimal" => Some(text.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count()),
        "number" => Some(text.bytes().take_while(u8::is_ascii_digit).count()),
        "minute" => {
            // The format is 2026-11-28 12:00.
            let shape = |(index, byte): (usize, u8)| match index {
                4 | 7 => byte == b'-',
                10 => byte == b' ',
                13 => byte == b':',
                _ => byte.is_ascii_digit(),
            };
            let sound = text.len() >= 16 && text.bytes().take(16).enumerate().all(shape);
            Some(if sound { 16 } else { 0 })
        }
        "time" => {
            // The format is Tue Dec 11 10:06:19 CET 2012. The tests run in the time zone of Berlin.
            let words: Vec<&str> = text.splitn(7, ' ').take(6).collect();
            let [day, month, date, clock, zone, year] = words[..] else { return Some(0) };
            let year = year.bytes().take_while(u8::is_ascii_digit).count();
            let sound = day.len() == 3
                && month.len() == 3
                && date.len() == 2
                && clock.len() == 8
                && matches!(zone, "CET" | "CEST")
                && year == 4;
            let length = words[..5].iter().map(|word| word.len() + 1).sum::<usize>() + year;
            Some(if sound { length } else { 0 })
        }
        _ => None,
    }
}

/// Replaces values that differ between runs by placeholders.
pub(crate) fn general(line: &str) -> String {
    match line.split_once(" = ") {
        Some((key @ ("cZxid" | "mZxid" | "pZxid"), _)) => format!("{key} = <zxid>"),
        Some((key @ ("ctime" | "mtime"), _)) => format!("{key} = <time>"),
        Some(("ephemeralOwner", owner)) if owner != "0x0" => {
            "ephemeralOwner = <session>".to_owned()
        }
        _ => line.to_owned(),
    }
}

#[test]
fn a_placeholder_matches_only_its_kind() {
    let known = &mut HashMap::new();
    assert!(matches("ctime = <time>", "ctime = Tue Dec 11 10:06:19 CET 2012", known));
    assert!(!matches("ctime = <time>", "ctime = yesterday", known));
    assert!(matches("a <zxid:a> b", "a 0x1f b", known));
    assert!(!matches("a <zxid:a> b", "a 0x20 b", known));
    assert!(!matches("<zxid>", "0x", known));
    assert!(matches("<data>", "<data>", known));
}

#[test]
fn an_ellipsis_matches_lines() {
    let lines: Vec<String> = ["a", "b", "c = 0x1"].map(str::to_owned).to_vec();
    let same = |wanted: &[&str]| lines_match(wanted, &lines, &mut HashMap::new());
    assert!(same(&["a", "…"]) && same(&["…"]) && same(&["…", "b", "c = <zxid>"]));
    assert!(same(&["a", "b", "c…"]) && same(&["…", "a", "…", "c…"]));
    assert!(!same(&["…", "b"]) && !same(&["…", "d", "…"]) && !same(&["a", "b"]) && !same(&[]));
}
