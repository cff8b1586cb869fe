//! `man/` and `completions/` are what the commands make them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::shell::bare;

/// Compares the committed files with what the commands make today. `ZKSH_BLESS=1` writes them.
#[test]
fn man_pages_and_completions_are_fresh() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bless = std::env::var_os("ZKSH_BLESS").is_some();
    let mut wrong = Vec::new();
    let mut known = BTreeSet::new();
    for artifact in zksh::artifacts::all().unwrap() {
        let path = project.join(&artifact.path);
        known.insert(path.clone());
        if fs::read(&path).ok().as_deref() == Some(&artifact.text) {
            continue;
        }
        if bless {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &artifact.text).unwrap();
        } else {
            wrong.push(format!("{} is stale", artifact.path));
        }
    }
    for folder in ["man", "completions"] {
        for entry in fs::read_dir(project.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if known.contains(&path) {
                continue;
            }
            if bless {
                fs::remove_file(path).unwrap();
            } else {
                wrong.push(format!("{} belongs to no command", path.display()));
            }
        }
    }
    wrong.push("ZKSH_BLESS=1 cargo test --test all artifacts makes them anew".to_owned());
    assert_eq!(wrong.len(), 1, "{}", wrong.join("\n"));
}

#[test]
fn a_shell_can_be_asked_for_its_completion_script() {
    let committed = include_str!("../completions/zksh.fish");
    assert_eq!(bare().args(["--completion", "fish"]).succeed(), committed);
}

/// Renders a page as `man` does on a terminal of 80 columns; none where groff is absent.
fn rendered(page: &Path) -> Option<String> {
    let output = Command::new("groff")
        .args(["-man", "-Tutf8", "-rLL=80n", "-P-cbou"])
        .arg(page)
        .output()
        .ok()?;
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn every_man_page_is_whole_and_fits_on_eighty_columns() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    let mut wrong = Vec::new();
    for entry in fs::read_dir(project).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let source = fs::read_to_string(&path).unwrap();
        let mut sections = vec!["NAME", "DESCRIPTION", "SEE ALSO"];
        if name != "zksh-glossary.7" {
            sections.extend(["SYNOPSIS", "EXAMPLES", "EXIT STATUS"]);
        }
        if name == "zksh.1" {
            sections.extend(["OPTIONS", "COMMANDS", "QUOTING", "ENVIRONMENT", "FILES"]);
        }
        for section in sections {
            let found = source.lines().any(|line| {
                line.strip_prefix(".SH ").is_some_and(|title| title.trim_matches('"') == section)
            });
            if !found {
                wrong.push(format!("{name} has no {section}"));
            }
        }
        let Some(screen) = rendered(&path) else {
            eprintln!("groff is absent: the width of man pages is left out");
            continue;
        };
        let wide = screen.lines().filter(|row| row.chars().count() > 80);
        wrong.extend(wide.map(|row| format!("{name}: {row}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
