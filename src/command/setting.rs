//! `setting`: show and change the user's preferences: hints, journal, pager, prompt, times, vi.

mod save;

use std::collections::BTreeMap;

use clap::ValueEnum;

use crate::dispatch::{Context, Effects, Spec, Switch, Task};
use crate::error::{Error, Kind, Result};
use crate::output::style::PromptStyle;
use crate::output::{Report, Text};

const USAGE: &str = "setting [name] [on|off|full|short|name] [--save]";

/// Show or change how the shell behaves
#[derive(Debug, clap::Args)]
#[command(override_usage = USAGE, after_long_help = EXAMPLE)]
pub struct Setting {
    /// Setting to show or change; all are shown by default
    #[arg(value_name = "name")]
    name: Option<Name>,
    /// on or off; for the prompt full, short or name
    #[arg(value_name = "choice", hide_possible_values = true)]
    choice: Option<Choice>,
    /// Save it in the config file for later shells; without a name, all
    #[arg(long)]
    save: bool,
}

/// What can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Name {
    /// Grey words behind the cursor: usage, earlier lines, what a znode is
    Hints,
    /// Keep what lines change, so that undo can take it back
    Journal,
    /// Show a result that is longer than the screen with $PAGER
    Pager,
    /// How the prompt names the servers
    Prompt,
    /// Show the time of day before each event
    Times,
    /// Keys mean what they mean in vi
    Vi,
}

/// A choice as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Choice {
    On,
    Off,
    Full,
    Short,
    Name,
}

const EXAMPLE: &str = "\
At a prompt whose working path is /, `set hints off` means the same. In the prompt,
full shows all servers, short the first one and the number of others, and name the
name of the ensemble if it was chosen by name.

Example:
> setting times on
times on
> setting
hints on
journal on
pager off
prompt name
times on
vi off";

impl Setting {
    /// Interprets `set hints off` as a setting, if it is one.
    pub(super) fn of_words(name: &str, choice: &str) -> Option<Self> {
        let name = Name::from_str(name, false).ok()?;
        let choice = Choice::from_str(choice, false).ok()?;
        Some(Self { name: Some(name), choice: Some(choice), save: false })
    }
}

impl Spec for Setting {
    const NAME: &'static str = "setting";
    const TASK: Task = Task::Shell;
    type Report = Settings;

    fn effects(&self) -> Effects {
        Effects::SHELL
    }

    async fn run(&self, cx: &Context) -> Result<Settings> {
        if let (Some(name), Some(choice)) = (self.name, self.choice) {
            change(cx, name, choice)?;
        }
        let shown = self.name.as_ref().map_or(Name::value_variants(), std::slice::from_ref);
        let values: BTreeMap<_, _> =
            shown.iter().map(|name| (word(*name), value(cx, *name))).collect();
        if self.save {
            save(cx, &values)?;
        }
        Ok(Settings(values))
    }
}

fn change(cx: &Context, name: Name, choice: Choice) -> Result<()> {
    let style = match choice {
        Choice::Full => Some(PromptStyle::Full),
        Choice::Short => Some(PromptStyle::Short),
        Choice::Name => Some(PromptStyle::Name),
        Choice::On | Choice::Off => None,
    };
    match (switch(name), style) {
        (None, Some(style)) => cx.switches.set_prompt(style),
        (Some(switch), None) => {
            if switch == Switch::Pager && choice == Choice::On && cx.terminal.is_none() {
                return Err(Error::new(Kind::Refused, "A pager needs a terminal"));
            }
            cx.switches.set(switch, choice == Choice::On);
        }
        (None, None) => {
            return Err(Error::usage("The prompt is full, short or name").with_usage(USAGE));
        }
        (Some(_), Some(_)) => {
            return Err(Error::usage(format!("{} is on or off", word(name))).with_usage(USAGE));
        }
    }
    Ok(())
}

/// Returns the switch for a name, or `None` for the prompt.
fn switch(name: Name) -> Option<Switch> {
    match name {
        Name::Hints => Some(Switch::Hints),
        Name::Journal => Some(Switch::Journal),
        Name::Pager => Some(Switch::Pager),
        Name::Prompt => None,
        Name::Times => Some(Switch::Times),
        Name::Vi => Some(Switch::Vi),
    }
}

/// Returns the word for a name.
fn word(name: Name) -> &'static str {
    match name {
        Name::Hints => "hints",
        Name::Journal => "journal",
        Name::Pager => "pager",
        Name::Prompt => "prompt",
        Name::Times => "times",
        Name::Vi => "vi",
    }
}

fn value(cx: &Context, name: Name) -> Value {
    match switch(name) {
        Some(switch) => Value::Switch(cx.switches.is_on(switch)),
        None => Value::Prompt(cx.switches.prompt().name()),
    }
}

/// Writes values to the config file.
fn save(cx: &Context, values: &BTreeMap<&'static str, Value>) -> Result<()> {
    let file = cx.config.file.as_ref().ok_or_else(|| {
        Error::new(Kind::Refused, "Cannot save: HOME is not set, so there is no config file")
    })?;
    let choices: Vec<(&str, String)> = values
        .iter()
        .map(|(name, value)| match value {
            Value::Switch(on) => (*name, on.to_string()),
            Value::Prompt(style) => (*name, format!("\"{style}\"")),
        })
        .collect();
    save::save(file, &choices)
        .map_err(|why| Error::new(Kind::Refused, format!("Cannot write {}: {why}", file.display())))
}

/// The value of a setting.
#[derive(Debug, serde::Serialize)]
#[serde(untagged)]
enum Value {
    Switch(bool),
    Prompt(&'static str),
}

/// Settings with their values.
#[derive(Debug, serde::Serialize)]
#[serde(transparent)]
pub struct Settings(BTreeMap<&'static str, Value>);

impl Report for Settings {
    fn text(&self, out: &mut Text<'_>) {
        for (name, value) in &self.0 {
            let value = match value {
                Value::Switch(true) => "on",
                Value::Switch(false) => "off",
                Value::Prompt(style) => style,
            };
            out.line(format_args!("{name} {value}"));
        }
    }
}
