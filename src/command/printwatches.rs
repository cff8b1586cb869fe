//! `printwatches`: whether events are shown.

use super::Shell;
use super::switches::{Choice, Switch};
use crate::output::{Report, Said, Silence};

/// Show events as they come, or not; watching goes on
#[derive(Debug, clap::Args)]
#[command(override_usage = "printwatches [on|off]", after_long_help = EXAMPLE)]
pub struct PrintWatches {
    /// Whether to show them; without a word, print how it is
    #[arg(value_name = "on|off")]
    choice: Option<Choice>,
}

const EXAMPLE: &str = "\
Example:
> printwatches off
> printwatches
printwatches is off";

impl PrintWatches {
    pub(super) fn run(&self, shell: &Shell) -> Box<dyn Report> {
        if let Some(choice) = self.choice {
            shell.switches.set(Switch::Events, choice == Choice::On);
            return Box::new(Silence {});
        }
        let how = if shell.switches.is_on(Switch::Events) { "on" } else { "off" };
        Box::new(Said(format!("printwatches is {how}")))
    }
}
