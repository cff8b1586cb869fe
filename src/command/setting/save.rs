//! `setting --save`: changes some keys of the config file and leaves everything else unchanged.

use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Writes `name = value` to the config file, and creates it if it does not exist.
pub(super) fn save(file: &Path, choices: &[(&str, String)]) -> io::Result<()> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    let text = choices.iter().fold(text, |text, (name, value)| with(&text, name, value));
    // If the file is a link, write its target.
    let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mode = std::fs::metadata(&file).ok().map(|known| known.permissions());
    let new = folder.join(format!(".config.toml.{}", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    let written =
        options.write(true).create_new(true).mode(0o600).open(&new).and_then(|mut made| {
            made.write_all(text.as_bytes())?;
            if let Some(mode) = mode {
                made.set_permissions(mode)?;
            }
            made.sync_all()?;
            std::fs::rename(&new, &file)
        });
    if written.is_err() {
        let _ = std::fs::remove_file(&new);
    }
    written
}

/// Returns a TOML text in which a top-level key has this value.
fn with(text: &str, name: &str, value: &str) -> String {
    let line = format!("{name} = {value}");
    let mut lines: Vec<&str> = text.lines().collect();
    // Top-level keys are before the first table.
    let top = lines.iter().position(|line| line.trim_start().starts_with('['));
    let top = top.unwrap_or(lines.len());
    let is_key = |line: &&str| {
        let rest = line.trim_start().strip_prefix(name).map(str::trim_start);
        rest.is_some_and(|rest| rest.starts_with('='))
    };
    let commented;
    if let Some(at) = lines[..top].iter().position(is_key) {
        // These values contain no `#`.
        commented = match lines[at].split_once('#') {
            Some((_, comment)) => format!("{line} #{comment}"),
            None => line,
        };
        lines[at] = &commented;
    } else {
        let end = lines[..top].iter().rposition(|line| !line.trim().is_empty());
        lines.insert(end.map_or(0, |end| end + 1), &line);
        return lines.join("\n") + "\n";
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn everything_else_stays_unchanged() {
        for (before, after) in [
            ("", "vi = true\n"),
            ("# mine\nvi = false # no\n", "# mine\nvi = true # no\n"),
            (
                "ensemble = \"test\"\n\n[ensembles]\nvi = \"h\"\n",
                "ensemble = \"test\"\nvi = true\n\n[ensembles]\nvi = \"h\"\n",
            ),
            ("[ensembles]\na = \"h\"", "vi = true\n[ensembles]\na = \"h\"\n"),
            ("video = 1\n  vi=false\n", "video = 1\nvi = true\n"),
        ] {
            assert_eq!(with(before, "vi", "true"), after);
        }
    }

    #[test]
    fn a_file_is_created_and_changed() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("zksh/config.toml");
        save(&file, &[("vi", "true".to_owned()), ("prompt", "\"short\"".to_owned())]).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "vi = true\nprompt = \"short\"\n");
        save(&file, &[("vi", "false".to_owned())]).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "vi = false\nprompt = \"short\"\n");
        assert_eq!(file.parent().unwrap().read_dir().unwrap().count(), 1);
    }
}
