//! Checks that `man/` and `completions/` are up to date with the commands.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::engine::engines;
use crate::support::shell::{bare, zksh};
use crate::support::terminal::Setup;
use crate::support::{PATIENCE, free_port, wait_until};

/// Compares the committed files with those that the commands generate now. `ZKSH_BLESS=1` writes
/// them.
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
fn the_completion_script_of_a_shell_is_printed() {
    let committed = include_str!("../completions/zksh.fish");
    assert_eq!(bare().args(["--completion", "fish"]).succeed(), committed);
}

/// Returns what bash offers after a line.
fn offered(server: &str, line: &str) -> Vec<String> {
    let script = r#"
        compopt() { echo "compopt $*"; }
        . "$1"
        COMP_LINE=$2; COMP_POINT=${#2}
        # As bash cuts it.
        line=$2; COMP_WORDS=()
        while [[ $line =~ ^[[:blank:]]*([^[:blank:]:=]+|[:=]+) ]]; do
            COMP_WORDS+=("${BASH_REMATCH[1]}"); line=${line#"${BASH_REMATCH[0]}"}
        done
        [[ $2 == *[[:blank:]] ]] && COMP_WORDS+=("")
        COMP_WORDS[0]=$3
        COMP_LINE=$3${COMP_LINE#zksh}; COMP_POINT=${#COMP_LINE}
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _zksh
        printf '%s\n' "${COMPREPLY[@]}""#;
    let completions = concat!(env!("CARGO_MANIFEST_DIR"), "/completions/zksh.bash");
    let ran = std::process::Command::new("bash")
        .args(["-c", script, "bash", completions, line, env!("CARGO_BIN_EXE_zksh")])
        .env("ZKSH_SERVER", server)
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.stderr), "", "{line}");
    String::from_utf8_lossy(&ran.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_options_commands_and_live_znodes() {
    let server = engines().swap_remove(0).fresh();
    for path in ["/prod", "/prod/a", "/prod/a b", "/project"] {
        zksh(&server).args(["create", path, "x"]).succeed();
    }
    for (line, wanted) in [
        ("zksh delet", &["delete", "deleteall"][..]),
        ("zksh --ens", &["--ensemble"]),
        ("zksh -ens", &["-ensemble"]),
        ("zksh --compat ", &["3.4", "3.9"]),
        ("zksh --compat 3.4 getAl", &["getAllChildrenNumber"]),
        ("zksh get --wat", &["--watch"]),
        ("zksh get /pr", &["compopt -o nospace", "/prod", "/project"]),
        ("zksh get /prod", &["compopt -o nospace", "/prod/a", "/prod/a\\ b"]),
        ("zksh get /prod/a", &["compopt -o nospace", "/prod/a", "/prod/a\\ b"]),
        ("zksh get /project", &["/project"]),
        (
            "zksh --glob get /pro[d]/a",
            &["compopt -o nospace", "/pro\\[d\\]/a", "/pro\\[d\\]/a\\ b"],
        ),
        ("zksh get /pro[d]/a", &[""]),
        ("zksh create /a b wor", &["compopt -o nospace", "world:anyone:"]),
        ("zksh create /a b world:anyone:", &["compopt -o nospace", "c", "d", "r", "w", "a"]),
        ("zksh -f ", &["compopt -o default", ""]),
        ("zksh set /a -i x", &["compopt -o default", ""]),
        ("zksh get /nosuch", &[""]),
        ("zksh lea", &["learn"]),
        ("zksh learn wa", &["watches"]),
        ("zksh learn --la", &["--lang"]),
        ("zksh learn --lang ", &["en", "zh"]),
        ("zksh learn --lang zh wa", &["watches"]),
        ("zksh learn watches wa", &[""]),
    ] {
        // A busy machine may not answer within the time limit.
        wait_until(line, || (offered(&server, line) == wanted).then_some(()));
    }
}

#[test]
fn without_a_server_completion_is_silent_and_quick() {
    let begun = std::time::Instant::now();
    let nobody = format!("127.0.0.1:{}", free_port());
    assert_eq!(offered(&nobody, "zksh get /pr"), [""]);
    // A port that never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    assert_eq!(offered(&silent.local_addr().unwrap().to_string(), "zksh get /pr"), [""]);
    // This is far more than twice 300 ms, because the machine may be busy.
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
}

#[test]
fn completion_never_asks_and_waits_for_no_file() {
    let server = engines().swap_remove(0).fresh();
    zksh(&server).args(["create", "/prod", "x"]).succeed();
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let fifo = fifo.to_str().unwrap();
    let asks = ["--sasl", "digest-md5", "--user", "ann"];
    let reads = ["--sasl", "digest-md5", "--user", "ann", "--password-file", fifo];
    let opens = ["--cacert", fifo, "--cert", fifo, "--key-password-file", fifo];
    for options in [&asks[..], &reads, &opens] {
        let words = ["--complete-words", "zksh", "-server", &server];
        // Run at a terminal, where the shell could ask.
        let mut program = Command::new(env!("CARGO_BIN_EXE_zksh"));
        program.args(words).args(options).args(["get", "/pr"]);
        let (status, screen) = Setup::program(&program).start().wait();
        assert_eq!((status, screen.as_str()), (0, ""), "{options:?}");
    }
}

/// Renders a page like `man` on a terminal of 80 columns. Returns `None` if groff is absent.
fn rendered(page: &Path) -> Option<String> {
    let output = Command::new("groff")
        .args(["-man", "-Tutf8", "-rLL=80n", "-P-cbou"])
        .arg(page)
        .output()
        .ok()?;
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn every_man_page_is_complete_and_fits_on_eighty_columns() {
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
