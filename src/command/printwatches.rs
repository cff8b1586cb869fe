//! `printwatches`: whether events are shown.

use super::Shell;
use crate::report::{Report, Said, Silence};

/// Show events as they come, or not; watching goes on
#[derive(Debug, clap::Args)]
#[command(override_usage = "printwatches [on|off]", after_long_help = EXAMPLE)]
pub struct PrintWatches {
    /// Whether to show them; without a word, print how it is
    #[arg(value_name = "on|off")]
    choice: Option<Choice>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Choice {
    /// Show events
    On,
    /// Keep silent about events
    Off,
}

const EXAMPLE: &str = "\
Example:
> printwatches off
> printwatches
printwatches is off";

impl PrintWatches {
    pub(super) fn run(&self, shell: &Shell) -> Box<dyn Report> {
        if let Some(choice) = self.choice {
            shell.print_watches(choice == Choice::On);
            return Box::new(Silence {});
        }
        let how = if shell.prints_watches() { "on" } else { "off" };
        Box::new(Said(format!("printwatches is {how}")))
    }
}
