//! `help`: all commands by task, or one command in full.

use super::Command;
use crate::error::Result;
use crate::output::Said;

/// What one wants to do, and the commands that do it. A test holds it to the list of commands.
const TASKS: &[(&str, &[&str])] = &[
    ("look", &["ls", "ls2", "get", "stat", "exists", "getAllChildrenNumber", "cd", "pwd"]),
    ("change", &["create", "set", "edit", "delete", "deleteall"]),
    ("watch", &["watch", "wait", "addWatch", "removewatches", "watches", "printwatches"]),
    (
        "protect",
        &["getAcl", "setAcl", "digest", "addauth", "whoami", "setquota", "listquota", "delquota"],
    ),
    ("session", &["connect", "reconnect", "close", "getEphemerals", "sync", "quit"]),
    ("ensemble", &["config", "reconfig"]),
    ("transaction", &["multi", "check", "commit", "discard"]),
    ("script", &["echo", "sleep", "time", "repeat"]),
    ("shell", &["help", "history", "redo", "setting", "version"]),
];

/// Show what commands there are, or how one is used
#[derive(Debug, clap::Args)]
#[command(override_usage = "help [command]", after_long_help = EXAMPLE)]
pub struct Help {
    /// Command to explain
    #[arg(value_name = "command")]
    command: Option<String>,
}

const EXAMPLE: &str = "\
Example:
> help swim
! Command not found: swim";

impl Help {
    /// The help that explains one command.
    pub(super) fn about(command: &str) -> Self {
        Self { command: Some(command.to_owned()) }
    }

    pub(super) fn run(&self) -> Result<Said> {
        match &self.command {
            None => Ok(Said(table())),
            Some(name) => page(name).map(Said),
        }
    }
}

fn table() -> String {
    let tree = Command::tree();
    let mut lines = Vec::new();
    for (task, names) in TASKS {
        lines.push((*task).to_owned());
        for name in *names {
            let about = tree.find_subcommand(name).and_then(clap::Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            lines.push(format!("  {name:<22}{about}"));
        }
    }
    lines.push("help COMMAND shows its usage, options and an example.".to_owned());
    lines.join("\n")
}

fn page(name: &str) -> Result<String> {
    let mut tree = Command::tree();
    // Only so does a command have the option that is to be hidden.
    tree.build();
    let found = tree.find_subcommand(name).ok_or_else(|| super::unknown(name))?;
    let mut found = found.clone().mut_arg("help", |help| help.hide(true));
    // The short form has an option on each line; what follows it, it leaves out.
    let more = found.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    Ok(format!("{}\n\n{more}", found.render_help().to_string().trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_fits_on_eighty_columns() {
        let wide: Vec<String> =
            table().lines().filter(|line| line.chars().count() > 80).map(str::to_owned).collect();
        assert!(wide.is_empty(), "{}", wide.join("\n"));
    }

    #[test]
    fn every_command_and_every_word_of_it_is_explained_in_a_line() {
        let mut wrong = Vec::new();
        for command in Command::tree().get_subcommands() {
            let name = command.get_name();
            let mut explained = vec![(name.to_owned(), command.get_about())];
            for arg in command.get_arguments() {
                explained.push((format!("{name} {}", arg.get_id()), arg.get_help()));
            }
            for (what, about) in explained {
                let about = about.map(ToString::to_string).unwrap_or_default();
                let sound =
                    !about.is_empty() && about.chars().count() < 80 && !about.ends_with('.');
                if !sound {
                    wrong.push(format!("{what}: {about}"));
                }
            }
            let usage = command.clone().render_usage().to_string();
            if !usage.starts_with(&format!("Usage: {name}")) {
                wrong.push(format!("{name}: {usage}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn every_command_has_one_task() {
        let mut listed: Vec<&str> = TASKS.iter().flat_map(|(_, names)| *names).copied().collect();
        listed.sort_unstable();
        let tree = Command::tree();
        let mut known: Vec<&str> = tree.get_subcommands().map(clap::Command::get_name).collect();
        known.sort_unstable();
        assert_eq!(listed, known);
    }
}
