//! The sections that the man page and `--help` add to the options. Each fact is written once.

use std::fmt::Write;

use clap::{Arg, Command};

use crate::error::Kind;
use crate::syntax::QUOTING;

/// A section: its title in the form of man pages, and its text. Rows that begin with four spaces
/// are kept as they are. All other rows may be rewrapped.
#[derive(Debug, Clone)]
pub struct Section {
    /// The title, in capitals.
    pub title: &'static str,
    /// Paragraphs, with an empty row between them.
    pub text: String,
}

const INPUT: &str = "\
Without a command, zksh reads lines from standard input: with editing and a prompt on a terminal,
as a script otherwise. `help` in the shell lists the commands.

`zksh learn [lesson] [--lang en|zh]` starts a sandbox and a lesson in it: the first that you have not
finished, or the one that you name. Without a terminal the lesson is printed. `lesson` lists them.";

const SCRIPTS: &str = "\
A script's requests leave in line order without waiting for each other's replies, and results are
printed in line order. An error names its line, and the script goes on. With --stop-on-error the
lines after a failed one must not run, so no write is sent before the reply to the last line has
come: on a fast network such a script takes several times as long.";

const EXAMPLES: &str = "\
    zksh --sandbox                            # a shell on a ZooKeeper in memory
    zksh -server zk1:2181,zk2:2181/app        # a shell; /app is seen as /
    zksh -server zk1 get /config | jq .       # one command
    zksh -server zk1 -f commands              # a script
    zksh --check -f commands                  # what is wrong with it
    zksh -o json ls -R / | jq -r .result.path # results for programs";

const STATUSES: &[(Kind, &str)] = &[
    (Kind::Refused, "the server refused something, or a line of a script failed"),
    (Kind::Usage, "wrong usage"),
    (Kind::Lost, "no connection"),
    (Kind::Different, "what was compared is not the same, or a plan has something to do"),
    (Kind::Bug, "a fault in zksh or in what a server sent"),
    (Kind::Interrupted, "interrupted by Ctrl-C"),
];

const VARIABLES: &[(&str, &str)] = &[
    ("NO_COLOR", "if set: no colours unless --color asks for them"),
    ("TERM", "dumb: lines are read without editing"),
    ("TZ", "the time zone in which times are printed"),
    ("VISUAL, EDITOR", "the editor of edit"),
    ("PAGER", "the pager of setting pager on"),
    ("XDG_CONFIG_HOME", "where the config file is, ~/.config otherwise"),
    ("XDG_STATE_HOME", "where history and journal are, ~/.local/state otherwise"),
];

const CONFIG: &str = "\
$XDG_CONFIG_HOME/zksh/config.toml or ~/.config/zksh/config.toml holds default values of options. The
command line overrides the environment, and the environment overrides the file. For example:

    ensemble = \"prod\"
    compat = \"3.9\"
    protect = [\"/config\"]
    pager = true
    [ensembles]
    prod = \"zk1:2181,zk2:2181,zk3:2181/app\"";

const HISTORY: &str = "\
$XDG_STATE_HOME/zksh or ~/.local/state/zksh holds the lines of earlier shells, readable by their
owner alone and without passwords. Beside them is journal.jsonl, 32 MiB at most: the data and ACLs that
lines at a prompt have replaced, for undo, which may be secrets. `journal --clear` deletes it, and
`setting journal off`, or journal = false in the config file, keeps none.";

/// Returns the sections that follow the options.
pub fn sections(options: &Command) -> Vec<Section> {
    let section = |title, text: String| Section { title, text };
    vec![
        section("INPUT", INPUT.to_owned()),
        section("QUOTING", QUOTING.to_owned()),
        section("SCRIPTS", SCRIPTS.to_owned()),
        section("EXAMPLES", EXAMPLES.to_owned()),
        section("EXIT STATUS", statuses()),
        section("ENVIRONMENT", variables(options)),
        section("FILES", format!("{CONFIG}\n\n{HISTORY}")),
    ]
}

/// Returns the sections in the form of `--help`.
pub(super) fn after_help(options: &Command) -> String {
    let mut text = String::new();
    for Section { title, text: body } in sections(options) {
        let (first, rest) = title.split_at(1);
        let _ = write!(text, "{first}{}:\n{body}\n\n", rest.to_lowercase());
    }
    text.truncate(text.trim_end().len());
    text
}

fn statuses() -> String {
    let mut rows = vec!["    0    all went well".to_owned()];
    rows.extend(STATUSES.iter().map(|(kind, what)| format!("    {:<5}{what}", kind.exit_status())));
    rows.push("    129, 141, 143".to_owned());
    rows.push("         ended by SIGHUP, by a closed pipe, by SIGTERM".to_owned());
    rows.join("\n")
}

fn variables(options: &Command) -> String {
    let of_option = |arg: &Arg| {
        let name = arg.get_env()?.to_string_lossy().into_owned();
        Some((name, format!("as --{}; ignored if empty", arg.get_long()?)))
    };
    let ours = options.get_arguments().filter_map(of_option);
    let others = VARIABLES.iter().map(|(name, what)| ((*name).to_owned(), (*what).to_owned()));
    let mut rows: Vec<String> =
        ours.chain(others).map(|(name, what)| format!("    {name:<18}{what}")).collect();
    // The first row explains this; the others need not repeat it.
    for row in rows.iter_mut().skip(1) {
        if let Some(short) = row.strip_suffix("; ignored if empty") {
            *row = short.to_owned();
        }
    }
    rows.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preformatted_rows_fit_the_margins_of_man() {
        for section in sections(&super::super::tree()) {
            for row in section.text.lines().filter(|row| row.starts_with("    ")) {
                // man indents each row by seven columns.
                assert!(row.chars().count() <= 80 - 7 + 4, "{}: {row}", section.title);
            }
        }
    }
}
