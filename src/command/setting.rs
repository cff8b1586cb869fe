//! `setting`: hints, pager and times, on or off.

use crate::dispatch::Effects;
use super::{Shell, Spec, Task};
use super::switches::{Choice, Switch};
use crate::error::{Error, Kind, Result};
use crate::output::{Report, Text};

/// Show or change how the shell behaves
#[derive(Debug, clap::Args)]
#[command(override_usage = "setting [name] [on|off]", after_long_help = EXAMPLE)]
pub struct Setting {
    /// What to show or to change; all are shown where none is given
    #[arg(value_name = "name")]
    pub(super) name: Option<Switch>,
    /// Switch it on or off
    #[arg(value_name = "on|off", hide_possible_values = true)]
    pub(super) choice: Option<Choice>,
}

const EXAMPLE: &str = "\
At a prompt whose working path is /, `set hints off` means the same. The config file may begin with
another choice: `pager = true`.

Example:
> setting times on
times on
> setting
hints on
pager off
times on";

impl Spec for Setting {
    const NAME: &'static str = "setting";
    const TASK: Task = Task::Shell;
    type Report = Settings;

    fn effects(&self) -> Effects {
        Effects::SHELL
    }

    async fn run(&self, shell: &Shell) -> Result<Settings> {
        if let (Some(name), Some(choice)) = (self.name, self.choice) {
            if name == Switch::Pager && choice == Choice::On && shell.terminal.is_none() {
                return Err(Error::new(Kind::Refused, "There is no terminal for a pager"));
            }
            shell.switches.set(name, choice == Choice::On);
        }
        let shown = self.name.as_ref().map_or(Switch::SETTINGS, std::slice::from_ref);
        Ok(Settings(shown.iter().map(|one| (one.name(), shell.switches.is_on(*one))).collect()))
    }
}

/// Names, and whether each is on.
#[derive(Debug, serde::Serialize)]
#[serde(transparent)]
pub(super) struct Settings(std::collections::BTreeMap<&'static str, bool>);

impl Report for Settings {
    fn text(&self, out: &mut Text<'_>) {
        for (name, on) in &self.0 {
            out.line(format_args!("{name} {}", if *on { "on" } else { "off" }));
        }
    }
}
