//! Generates man pages and completion scripts from the same trees that parse: the options of the
//! process and the commands of the shell.

use std::io;

use clap_complete::Shell;
use clap_mangen::roff::{Roff, bold, roman};

use crate::command::{Command, related};
use crate::glossary;
use crate::language::Language;
use crate::options;

/// The width of the glossary page in columns: a terminal without man's own margin.
const GLOSSARY_COLUMNS: usize = 72;

/// The width of preformatted rows in columns: a terminal without man's margins.
const ROOM: usize = 72;

/// A generated file.
pub struct Artifact {
    /// The path relative to the project's top folder.
    pub path: String,
    /// The whole content.
    pub text: Vec<u8>,
}

/// Returns the completion script of a shell. Those of bash, zsh and fish call zksh itself, which
/// knows the znodes. Others know only its options and commands.
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
    artifacts.push(Artifact { path: "man/zksh.1".to_owned(), text: program_page()? });
    for command in Command::tree().get_subcommands() {
        let path = format!("man/zksh-{}.1", command.get_name());
        artifacts.push(Artifact { path, text: command_page(command)? });
    }
    artifacts.push(Artifact { path: "man/zksh-glossary.7".to_owned(), text: glossary_page()? });
    Ok(artifacts)
}

/// Renders the man page of the glossary, which is in English like all man pages.
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

/// Renders the page of the program itself.
fn program_page() -> io::Result<Vec<u8>> {
    let tree = options::tree();
    let mut more = commands();
    for section in options::sections(&tree) {
        more.control("SH", [section.title]);
        text(&mut more, &section.text);
    }
    see_also(&mut more, Command::tree().get_subcommands().map(clap::Command::get_name));
    page(tree, &more)
}

/// Renders the page of a command: its notes, its example, and related pages.
fn command_page(command: &clap::Command) -> io::Result<Vec<u8>> {
    let name = format!("zksh-{}", command.get_name());
    let about = command.clone().name(name).bin_name(command.get_name().to_owned());
    let after = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    let (notes, example) = match after.split_once("Example:\n") {
        Some((notes, example)) => (notes.trim(), example),
        None => (after.trim(), ""),
    };
    let mut more = Roff::new();
    if !notes.is_empty() {
        more.control("SH", ["NOTES"]);
        text(&mut more, notes);
    }
    more.control("SH", ["EXAMPLES"]);
    as_it_stands(&mut more, example.lines());
    more.control("SH", ["EXIT STATUS"]);
    text(
        &mut more,
        "0 if it succeeded, 1 if the server refused, 2 for wrong usage, 3 without a connection. \
         zksh(1) lists all of them, and the ENVIRONMENT and FILES of every command.",
    );
    see_also(&mut more, related(command.get_name()).into_iter());
    page(about, &more)
}

/// Renders a man page: clap's sections, and the sections of `more`.
fn page(command: clap::Command, more: &Roff) -> io::Result<Vec<u8>> {
    // There is no date, so that a page changes only with its command.
    let page =
        clap_mangen::Man::new(command).date("").source(concat!("zksh ", env!("CARGO_PKG_VERSION")));
    let mut bytes = Vec::new();
    page.render_title(&mut bytes)?;
    page.render_name_section(&mut bytes)?;
    page.render_synopsis_section(&mut bytes)?;
    page.render_description_section(&mut bytes)?;
    page.render_options_section(&mut bytes)?;
    more.to_writer(&mut bytes)?;
    Ok(bytes)
}

/// Adds paragraphs. Rows that start with four blanks are preformatted, and others are filled.
fn text(page: &mut Roff, text: &str) {
    for paragraph in text.split("\n\n") {
        page.control("PP", []);
        let mut rows = paragraph.lines().peekable();
        while let Some(row) = rows.next() {
            let Some(first) = row.strip_prefix("    ") else {
                page.text([roman(row)]);
                continue;
            };
            let mut block = vec![first];
            while let Some(next) = rows.next_if(|next| next.starts_with("    ")) {
                block.push(&next[4..]);
            }
            as_it_stands(page, block);
        }
    }
}

fn as_it_stands<'l>(page: &mut Roff, rows: impl IntoIterator<Item = &'l str>) {
    page.control("nf", []);
    for row in rows {
        // Wrap rows that are too long.
        let mut rest = row;
        while let Some((at, _)) = rest.char_indices().nth(ROOM) {
            let at = rest[..at].rfind(' ').map_or(at, |blank| blank + 1);
            page.text([roman(&rest[..at])]);
            rest = &rest[at..];
        }
        page.text([roman(rest)]);
    }
    page.control("fi", []);
}

fn see_also<'n>(page: &mut Roff, names: impl Iterator<Item = &'n str>) {
    page.control("SH", ["SEE ALSO"]);
    let mut pages = vec![bold("zksh"), roman("(1), ")];
    for name in names {
        pages.extend([bold(format!("zksh-{name}")), roman("(1), ")]);
    }
    pages.extend([bold("zksh-glossary"), roman("(7)")]);
    page.text(pages);
}

/// Renders the section that lists every command with its page.
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

/// Returns the options with the commands below them, as they follow `zksh` on a command line.
fn whole() -> clap::Command {
    let commands = Command::tree();
    let mut tree = options::tree()
        .disable_help_subcommand(true) // the commands include their own help
        .mut_arg("command", |command| command.hide(true));
    for command in commands.get_subcommands() {
        tree = tree.subcommand(command.clone());
    }
    tree
}
