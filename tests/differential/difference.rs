//! What may differ between zkCli and zksh, and why: read from a file, and held to it.

use std::cell::Cell;
use std::fs;
use std::path::Path;

use super::Printed;

/// Stands, with the name of the script behind it, for a typed line where the znodes that are left are
/// compared.
const LEFT: &str = "(left) ";

/// One difference: these lines of zkCli's stand against those of zksh's.
struct Difference {
    reason: String,
    /// What is typed; empty for any line, and [`LEFT`] for the znodes that are left.
    typed: String,
    zkcli: Vec<String>,
    zksh: Vec<String>,
    met: Cell<bool>,
}

/// The file of differences.
///
/// Each begins with its reason, in lines with `#`. Then follow the line that is typed, if it is
/// about one, behind `>` (`(left)` and a script's name for the znodes that it leaves); the lines that zkCli prints behind `-`, and those that zksh prints behind
/// `+`. A `*` stands for any text; `$1`, in a line of zksh, for that of the first `*` of zkCli's.
pub(super) struct Differences(Vec<Difference>);

impl Differences {
    pub(super) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let read = |paragraph: &str| {
            let of = |mark: char| -> Vec<String> {
                let lines = paragraph.lines().filter_map(|line| line.strip_prefix(mark));
                lines.map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned()).collect()
            };
            let (reason, typed) = (of('#'), of('>').concat());
            let (zkcli, zksh) = (of('-'), of('+'));
            let lines = reason.len() + usize::from(!typed.is_empty()) + zkcli.len() + zksh.len();
            assert_eq!(lines, paragraph.lines().count(), "{paragraph}");
            assert!(!reason.is_empty(), "no reason: {paragraph}");
            Difference { reason: reason.join(" "), typed, zkcli, zksh, met: Cell::default() }
        };
        // The first paragraph says what the file is.
        Self(text.split("\n\n").skip(1).map(|paragraph| read(paragraph.trim())).collect())
    }

    /// Returns what differs without being a known difference.
    pub(super) fn compare(
        &self,
        script: &str,
        typed: &[String],
        zkcli: &Printed,
        zksh: &Printed,
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        for (index, typed) in typed.iter().enumerate() {
            let of = |printed: &Printed| printed.steps.get(index).cloned().unwrap_or_default();
            let (theirs, ours) = (of(zkcli), of(zksh));
            if !self.explain(typed, &theirs, &ours) {
                wrong.push(told(typed, &theirs, &ours));
            }
        }
        let (theirs, ours) = (&zkcli.events, &zksh.events);
        if !self.explain("", theirs, ours) {
            wrong.push(told("(events)", theirs, ours));
        }
        let (theirs, ours) = (&zkcli.left, &zksh.left);
        let what = format!("{LEFT}{script}");
        if !self.explain(&what, theirs, ours) {
            wrong.push(told(&what, theirs, ours));
        }
        wrong
    }

    /// Returns whether the lines are the same but for known differences.
    fn explain(&self, typed: &str, theirs: &[String], ours: &[String]) -> bool {
        if let ([their, theirs @ ..], [our, ours @ ..]) = (theirs, ours)
            && their == our
            && self.explain(typed, theirs, ours)
        {
            return true;
        }
        if theirs.is_empty() && ours.is_empty() {
            return true;
        }
        self.0.iter().any(|difference| {
            let explained = difference.begins(typed, theirs, ours);
            let explained =
                explained.is_some_and(|(theirs, ours)| self.explain(typed, theirs, ours));
            difference.met.set(difference.met.get() || explained);
            explained
        })
    }

    /// Returns the differences that no script has met.
    pub(super) fn unmet(&self) -> Vec<String> {
        let unmet = self.0.iter().filter(|difference| !difference.met.get());
        unmet
            .map(|difference| {
                let Difference { reason, typed, zkcli, zksh, .. } = difference;
                format!("met by no script: {reason}\n{}", told(typed, zkcli, zksh))
            })
            .collect()
    }
}

impl Difference {
    /// Returns what follows, if the lines begin with this difference.
    fn begins<'l>(
        &self,
        typed: &str,
        theirs: &'l [String],
        ours: &'l [String],
    ) -> Option<(&'l [String], &'l [String])> {
        if !self.typed.is_empty() {
            captures(&self.typed, typed)?;
        }
        // No line of what is printed explains a znode.
        if typed.starts_with(LEFT) && !self.typed.starts_with(LEFT) {
            return None;
        }
        let mut captured = Vec::new();
        for (pattern, line) in self.zkcli.iter().zip(theirs.iter().map(Some).chain([None])) {
            captured.extend(captures(pattern, line?)?);
        }
        let theirs = theirs.get(self.zkcli.len()..)?;
        for (index, pattern) in self.zksh.iter().enumerate() {
            let mut pattern = pattern.clone();
            for (number, text) in (1..).zip(&captured) {
                pattern = pattern.replace(&format!("${number}"), text);
            }
            captures(&pattern, ours.get(index)?)?;
        }
        Some((theirs, &ours[self.zksh.len()..]))
    }
}

/// Returns what each `*` of the pattern stands for; none where the line is another.
fn captures(pattern: &str, line: &str) -> Option<Vec<String>> {
    let Some((before, rest)) = pattern.split_once('*') else {
        return (pattern == line).then(Vec::new);
    };
    let tail = line.strip_prefix(before)?;
    let ends = (0..=tail.len()).filter(|end| tail.is_char_boundary(*end));
    // The shortest first.
    ends.into_iter().find_map(|end| {
        let mut captured = vec![tail[..end].to_owned()];
        captured.extend(captures(rest, &tail[end..])?);
        Some(captured)
    })
}

fn told(typed: &str, theirs: &[String], ours: &[String]) -> String {
    format!("> {typed}\n--- zkCli\n{}\n--- zksh\n{}", theirs.join("\n"), ours.join("\n"))
}

#[test]
fn a_star_stands_for_any_text() {
    assert_eq!(captures("a * c *", "a b b c d"), Some(vec!["b b".to_owned(), "d".to_owned()]));
    assert_eq!(captures("a", "a"), Some(Vec::new()));
    assert_eq!(captures("a*", "b"), None);
}
