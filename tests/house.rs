//! Checks the rules for the sources: which modules may import which, and where the outside world is
//! used.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Returns the folder with the sources of the shell.
fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Returns the folder with the sources of the client crate.
fn client_src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("zookeeper/src")
}

/// Returns every source file of the shell with its text, without the tests in it.
fn sources() -> Vec<(PathBuf, String)> {
    sources_in(src())
}

fn sources_in(src: PathBuf) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![src];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
                files.push((path, code));
            }
        }
    }
    assert!(files.len() > 50);
    files
}

/// Returns the module in the table of `lib.rs` to which a file belongs.
fn module(file: &Path) -> String {
    let inside = file.strip_prefix(src()).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// Parses the table in `lib.rs`.
fn table() -> BTreeMap<String, BTreeSet<String>> {
    let text = include_str!("../src/lib.rs");
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! | `"));
    let mut table = BTreeMap::new();
    for row in rows {
        let (module, imports) = row.split_once("` |").unwrap();
        let imports = imports.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        table.insert(module.to_owned(), imports);
    }
    table
}

#[test]
fn modules_import_only_what_the_table_allows() {
    let table = table();
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let module = module(&file);
        if module == "lib" || module == "main" {
            continue;
        }
        let allowed = table.get(&module).unwrap_or_else(|| panic!("{module} is not in lib.rs"));
        for line in code(&text) {
            for import in line.split("crate::").skip(1) {
                let name: String =
                    import.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if !name.is_empty() && name != module && !allowed.contains(&name) {
                    wrong.push(format!("{}: {}", file.display(), line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_has_no_cycle_and_only_existing_modules() {
    let table = table();
    let known: BTreeSet<String> = sources()
        .iter()
        .map(|(file, _)| module(file))
        .filter(|m| m != "lib" && m != "main")
        .collect();
    assert_eq!(table.keys().cloned().collect::<BTreeSet<_>>(), known);
    // Repeatedly remove the modules that import none of the remaining ones.
    let mut left = table;
    while !left.is_empty() {
        let names: BTreeSet<String> = left.keys().cloned().collect();
        let before = left.len();
        left.retain(|_, imports| !imports.is_disjoint(&names));
        assert!(left.len() < before, "a cycle: {names:?}");
    }
}

#[test]
fn the_client_crate_is_named_in_the_session_only() {
    for (file, text) in sources() {
        let names = code(&text).any(|line| line.contains("zookeeper::"));
        assert!(!names || module(&file) == "session", "{}", file.display());
    }
}

#[test]
fn only_the_screen_writes_to_the_terminal() {
    let doors = ["terminal", "sandbox", "repl", "main"];
    for (file, text) in sources() {
        let writes =
            code(&text).any(|line| line.contains("io::stdout()") && !line.contains("is_terminal"));
        assert!(!writes || doors.contains(&module(&file).as_str()), "{}", file.display());
    }
}

/// Returns the imports among the files of one folder. A file and the folder of the same name count
/// as one. The folder's own file (`mod.rs`, `sandbox.rs`) is left out, because it names all of
/// them.
fn siblings(
    sources: &[(PathBuf, String)],
    src: &Path,
    folder: &Path,
) -> BTreeMap<String, BTreeSet<String>> {
    let prefix = folder.strip_prefix(src).unwrap();
    let prefix: Vec<&str> = prefix.iter().map(|part| part.to_str().unwrap()).collect();
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut found = Vec::new();
    for (file, text) in sources {
        let Ok(inside) = file.strip_prefix(folder) else { continue };
        let parts: Vec<&str> = inside.iter().map(|part| part.to_str().unwrap()).collect();
        let name = parts[0].trim_end_matches(".rs").to_owned();
        if name == "mod" || prefix.is_empty() && matches!(&*name, "lib" | "main") {
            continue;
        }
        graph.entry(name.clone()).or_default();
        // `super` means this folder's own module if it is repeated as often as the file is deep.
        let depth = parts.len() - usize::from(parts.last() == Some(&"mod.rs"));
        found.push((name, depth, text));
    }
    let absolute = ["crate"].iter().chain(&prefix).fold(String::new(), |all, p| all + p + "::");
    for (name, depth, text) in found {
        let text: String = code(text).flat_map(|line| [line, "\n"]).collect();
        for (start, _) in text.match_indices(&absolute) {
            note(&mut graph, &name, &text[start + absolute.len()..]);
        }
        let relative = "super::".repeat(depth);
        for (start, _) in text.match_indices(&relative) {
            let before = &text[..start];
            if before.ends_with("super::") || text[start + relative.len()..].starts_with("super::")
            {
                continue;
            }
            note(&mut graph, &name, &text[start + relative.len()..]);
        }
    }
    graph
}

/// Adds the modules at the start of `rest`: `state::State;` or `{acl, state::State};`.
fn note(graph: &mut BTreeMap<String, BTreeSet<String>>, from: &str, rest: &str) {
    let word = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let mut names = vec![word(rest)];
    if let Some(group) = rest.strip_prefix('{') {
        let mut depth = 1;
        let mut start = 0;
        for (at, letter) in group.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 || depth == 1 && letter == ',' {
                names.push(word(&group[start..at]));
                start = at + 1;
            }
            if depth == 0 {
                break;
            }
        }
    }
    for name in names {
        if name != from && graph.contains_key(&name) {
            graph.get_mut(from).unwrap().insert(name);
        }
    }
}

/// Repeatedly removes the modules that import none of the remaining ones. The result is in a cycle,
/// or leads to one.
fn circles(mut graph: BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    loop {
        let names: BTreeSet<String> = graph.keys().cloned().collect();
        let before = graph.len();
        graph.retain(|_, imports| !imports.is_disjoint(&names));
        if graph.len() == before {
            return graph.into_keys().collect();
        }
    }
}

#[test]
fn files_of_one_folder_import_each_other_without_cycles() {
    let mut wrong = Vec::new();
    for src in [src(), client_src()] {
        let sources = sources_in(src.clone());
        let folders: BTreeSet<PathBuf> =
            sources.iter().map(|(file, _)| file.parent().unwrap().to_owned()).collect();
        for folder in folders {
            let circle = circles(siblings(&sources, &src, &folder));
            if !circle.is_empty() {
                wrong.push(format!("{}: {}", folder.display(), circle.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_guide_names_only_existing_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files: Vec<PathBuf> = sources().into_iter().map(|(file, _)| file).collect();
    let exists = |name: &str| {
        let found = [root.join(name), root.join("src").join(name)];
        found.iter().any(|file| file.exists()) || files.iter().any(|file| file.ends_with(name))
    };
    let missing: Vec<&str> = include_str!("../CONTRIBUTING.md")
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| {
            Path::new(name).extension().is_some_and(|end| end == "rs")
                && !name.contains(['*', ' ', '\n'])
        })
        .filter(|name| !name.contains("NAME") && !exists(name))
        .collect();
    assert!(missing.is_empty(), "CONTRIBUTING.md names {missing:?}");
}
