//! Man pages and completion scripts, made from the same trees that parse: the options of the
//! process and the commands of the shell.

use std::io;

use clap_complete::Shell;
use clap_mangen::roff::{Roff, bold, roman};

use crate::command::Command;
use crate::glossary;
use crate::language::Language;
use crate::options;

/// Columns of the glossary's page: those of a terminal, without man's own margin.
const GLOSSARY_COLUMNS: usize = 72;

/// One generated file: its path in the project, and its text.
pub struct Artifact {
    /// Relative to the project's top folder.
    pub path: String,
    /// The whole content.
    pub text: Vec<u8>,
}

/// Returns the completion script of a shell. Those of bash, zsh and fish ask zksh itself, which knows
/// the znodes; others know its options and commands.
pub fn completion(shell: Shell) -> String {
    match shell {
        Shell::Bash => return include_str!("artifacts/zksh.bash").to_owned(),
        Shell::Zsh => return include_str!("artifacts/_zksh").to_owned(),
        Shell::Fish => return include_str!("artifacts/zksh.fish").to_owned(),
        _ => {}
    }
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut whole(), "zksh", &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns every generated file that the project keeps.
pub fn all() -> io::Result<Vec<Artifact>> {
    let shells = [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell];
    let mut artifacts = Vec::new();
    for shell in shells {
        let name = match shell {
            Shell::Bash => "zksh.bash",
            Shell::Zsh => "_zksh",
            Shell::Fish => "zksh.fish",
            _ => "_zksh.ps1",
        };
        artifacts.push(Artifact {
            path: format!("completions/{name}"),
            text: completion(shell).into_bytes(),
        });
    }
    artifacts.push(Artifact {
        path: "man/zksh.1".to_owned(),
        text: page(options::tree(), &commands())?,
    });
    for command in Command::tree().get_subcommands() {
        let name = format!("zksh-{}", command.get_name());
        let about = command.clone().name(name.clone()).bin_name(command.get_name().to_owned());
        artifacts
            .push(Artifact { path: format!("man/{name}.1"), text: page(about, &Roff::new())? });
    }
    artifacts.push(Artifact { path: "man/zksh-glossary.7".to_owned(), text: glossary_page()? });
    Ok(artifacts)
}

/// Renders the man page of all words of the glossary, in English as all man pages.
fn glossary_page() -> io::Result<Vec<u8>> {
    let mut page = Roff::new();
    let source = concat!("zksh ", env!("CARGO_PKG_VERSION"));
    page.control("TH", ["zksh-glossary", "7", "", source]);
    page.control("SH", ["NAME"]);
    page.text([roman("zksh-glossary - ZooKeeper's words, with examples")]);
    page.control("SH", ["DESCRIPTION"]);
    page.text([roman(
        "In the shell, help WORD shows one of these entries, in English or Chinese.",
    )]);
    page.control("SH", ["WORDS"]);
    for entry in glossary::entries() {
        page.control("SS", [entry.title(Language::English)]);
        page.text([roman(entry.text(Language::English, GLOSSARY_COLUMNS).join(" "))]);
        if let Some(version) = entry.needs() {
            page.control("PP", []);
            page.text([roman(format!("Since ZooKeeper {version}:"))]);
        }
        page.control("PP", []);
        page.control("nf", []);
        for line in entry.example() {
            page.text([roman(line)]);
        }
        page.control("fi", []);
        page.control("PP", []);
        let see: Vec<&str> = entry
            .see()
            .filter_map(glossary::find)
            .map(|other| other.name(Language::English))
            .collect();
        page.text([roman(format!("See also {}.", see.join(", ")))]);
    }
    page.control("SH", ["SEE ALSO"]);
    page.text([bold("zksh"), roman("(1), "), bold("zksh-help"), roman("(1)")]);
    let mut bytes = Vec::new();
    page.to_writer(&mut bytes)?;
    Ok(bytes)
}

/// Renders a man page: clap's sections, then what follows the options in the long help, its lines
/// as they stand, and whatever `more` has.
fn page(command: clap::Command, more: &Roff) -> io::Result<Vec<u8>> {
    let after = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    // No date: a page changes when its command does, and only then.
    let page =
        clap_mangen::Man::new(command).date("").source(concat!("zksh ", env!("CARGO_PKG_VERSION")));
    let mut bytes = Vec::new();
    page.render_title(&mut bytes)?;
    page.render_name_section(&mut bytes)?;
    page.render_synopsis_section(&mut bytes)?;
    page.render_description_section(&mut bytes)?;
    page.render_options_section(&mut bytes)?;
    let mut notes = Roff::new();
    notes.control("SH", ["NOTES"]);
    notes.control("nf", []);
    for line in after.lines() {
        notes.text([roman(line)]);
    }
    notes.control("fi", []);
    notes.to_writer(&mut bytes)?;
    more.to_writer(&mut bytes)?;
    Ok(bytes)
}

/// The section that names every command and its page.
fn commands() -> Roff {
    let mut section = Roff::new();
    section.control("SH", ["COMMANDS"]);
    for command in Command::tree().get_subcommands() {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        section.control("TP", []);
        section.text([bold(format!("zksh-{}(1)", command.get_name()))]);
        section.text([roman(about)]);
    }
    section
}

/// The options with the commands below them, as one types them after `zksh`.
fn whole() -> clap::Command {
    let commands = Command::tree();
    let mut tree = options::tree()
        .disable_help_subcommand(true) // there is one among the commands
        .mut_arg("command", |command| command.hide(true));
    for command in commands.get_subcommands() {
        tree = tree.subcommand(command.clone());
    }
    tree
}
