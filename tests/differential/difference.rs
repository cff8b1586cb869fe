//! The allowed differences between zkCli and zksh with their reasons, which are read from a file
//! and checked.

use std::cell::Cell;
use std::fs;
use std::path::Path;

use super::Printed;

/// A typed line that starts with this stands for the znodes that a script leaves. The script's name
/// follows.
const LEFT: &str = "(left) ";

/// A difference: these lines of zkCli correspond to those of zksh.
struct Difference {
    reason: String,
    /// The typed line: empty for any line, and [`LEFT`] for the znodes that are left.
    typed: String,
    zkcli: Vec<String>,
    zksh: Vec<String>,
    met: Cell<bool>,
}

/// The file of differences.
///
/// Each begins with its reason, in lines with `#`. Then follow the typed line after `>`, if the
/// difference is about one (`(left)` and a script's name for the znodes that it leaves), the lines
/// of zkCli after `-`, and the lines of zksh after `+`. `*` matches any text. `$1` in a line of
/// zksh is the text of the first `*` in the line of zkCli.
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
        // The first paragraph describes the file.
        Self(text.split("\n\n").skip(1).map(|paragraph| read(paragraph.trim())).collect())
    }

    /// Returns the differences that are not allowed.
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
                wrong.push(description(typed, &theirs, &ours));
            }
        }
        let (theirs, ours) = (&zkcli.events, &zksh.events);
        if !self.explain("", theirs, ours) {
            wrong.push(description("(events)", theirs, ours));
        }
        let (theirs, ours) = (&zkcli.left, &zksh.left);
        let what = format!("{LEFT}{script}");
        if !self.explain(&what, theirs, ours) {
            wrong.push(description(&what, theirs, ours));
        }
        wrong
    }

    /// Returns whether the lines are equal except for allowed differences.
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
                format!("met by no script: {reason}\n{}", description(typed, zkcli, zksh))
            })
            .collect()
    }
}

impl Difference {
    /// Returns the remaining lines if the lines start with this difference.
    fn begins<'l>(
        &self,
        typed: &str,
        theirs: &'l [String],
        ours: &'l [String],
    ) -> Option<(&'l [String], &'l [String])> {
        if !self.typed.is_empty() {
            captures(&self.typed, typed)?;
        }
        // Differences of the output do not apply to the znodes that are left.
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

/// Returns the text of each `*` in the pattern, or `None` if the line does not match.
fn captures(pattern: &str, line: &str) -> Option<Vec<String>> {
    let Some((before, rest)) = pattern.split_once('*') else {
        return (pattern == line).then(Vec::new);
    };
    let tail = line.strip_prefix(before)?;
    let ends = (0..=tail.len()).filter(|end| tail.is_char_boundary(*end));
    // Try the shortest text first.
    ends.into_iter().find_map(|end| {
        let mut captured = vec![tail[..end].to_owned()];
        captured.extend(captures(rest, &tail[end..])?);
        Some(captured)
    })
}

fn description(typed: &str, theirs: &[String], ours: &[String]) -> String {
    format!("> {typed}\n--- zkCli\n{}\n--- zksh\n{}", theirs.join("\n"), ours.join("\n"))
}

#[test]
fn a_star_matches_any_text() {
    assert_eq!(captures("a * c *", "a b b c d"), Some(vec!["b b".to_owned(), "d".to_owned()]));
    assert_eq!(captures("a", "a"), Some(Vec::new()));
    assert_eq!(captures("a*", "b"), None);
}
