//! `printwatches`: turn the display of events on or off.

use crate::dispatch::{Choice, Context, Effects, Spec, Switch, Task};
use crate::error::Result;
use crate::output::{Message, NoOutput, Report};

/// Turn the display of events on or off; watches stay
#[derive(Debug, clap::Args)]
#[command(override_usage = "printwatches [on|off]", after_long_help = EXAMPLE)]
pub struct PrintWatches {
    /// Show events or not; without a word, print the setting
    #[arg(value_name = "on|off")]
    choice: Option<Choice>,
}

const EXAMPLE: &str = "\
Example:
> printwatches off
> printwatches
printwatches is off";

impl Spec for PrintWatches {
    const NAME: &'static str = "printwatches";
    const TASK: Task = Task::Watch;
    type Report = Box<dyn Report>;

    fn effects(&self) -> Effects {
        Effects::SHELL
    }

    async fn run(&self, cx: &Context) -> Result<Box<dyn Report>> {
        if let Some(choice) = self.choice {
            cx.switches.set(Switch::Events, choice == Choice::On);
            return Ok(Box::new(NoOutput {}));
        }
        let how = if cx.switches.is_on(Switch::Events) { "on" } else { "off" };
        Ok(Box::new(Message(format!("printwatches is {how}"))))
    }
}
