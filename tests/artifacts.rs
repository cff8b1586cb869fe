//! `man/` and `completions/` are what the commands make them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

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
