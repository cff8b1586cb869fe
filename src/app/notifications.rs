//! Where the session's notifications go: above the prompt, into the script's output, or nowhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::dialect::Format;
use crate::dispatch::{Switch, Switches};
use crate::error::{Error, Kind};
use crate::output::escape::{self, Newlines};
use crate::output::json::Time;
use crate::output::{Report, View};
use crate::script::EventBuffer;
use crate::session::{SessionEvent, Warning};
use crate::terminal::{Mode, Screen};

/// What to do when no server was named and none listens on ZooKeeper's usual port.
const NO_SERVER_NAMED: &str =
    "zksh --sandbox starts a ZooKeeper to try; zksh --help lists the options";

/// Adds to a failed connection what to do when no server was named.
pub(super) fn suggest_sandbox(error: Error) -> Error {
    if error.kind() == Kind::Lost { error.with_hint(NO_SERVER_NAMED) } else { error }
}

/// Adds to the first failed connection what to do when no server was named.
pub(super) fn suggest_sandbox_once(
    screen: Arc<Screen>,
    names_server: bool,
    tell: impl Fn(SessionEvent) + Send + Sync,
) -> impl Fn(SessionEvent) + Send + Sync {
    let named = AtomicBool::new(names_server);
    move |event| {
        let trouble = matches!(event, SessionEvent::Warning(Warning::ConnectFailing(_), _));
        tell(event);
        if trouble && screen.mode() == Mode::Terminal && !named.swap(true, Ordering::Relaxed) {
            screen.notice(NO_SERVER_NAMED);
        }
    }
}

/// Returns the function that shows what the session reports. In a script, events pass through `event_buffer`
/// so that they appear between the right results. With `tells_changes` a script is told how the session
/// fares; otherwise it learns of that from the lines that fail. The runtime's threads call it.
pub(super) fn to_screen(
    screen: Arc<Screen>,
    event_buffer: Option<EventBuffer>,
    view: View,
    switches: Arc<Switches>,
    tells_changes: bool,
) -> impl Fn(SessionEvent) + Send + Sync {
    let render = {
        let switches = Arc::clone(&switches);
        move |news: &dyn Report| view.event(news, Time::now(), switches.is_on(Switch::Times))
    };
    move |event| match (event, screen.mode()) {
        (SessionEvent::Znode(event, stamp), _) if switches.is_on(Switch::Events) => {
            let text = render(&event);
            match &event_buffer {
                // Raw output is data alone.
                _ if view.format == Format::Raw => screen.aside(&text),
                Some(event_buffer) => event_buffer.hold(stamp, text),
                None => screen.event(&text),
            }
        }
        (SessionEvent::StateChange(change), Mode::Terminal) => screen.event(&render(&change)),
        (SessionEvent::StateChange(change), Mode::Plain) if tells_changes => {
            let text = render(&change);
            match view.format {
                Format::Json => screen.event(&text),
                Format::Text | Format::Raw => screen.aside(&text),
            }
        }
        (SessionEvent::State(_), Mode::Terminal) => screen.refresh(),
        // The line that finds no server reports it.
        (SessionEvent::Warning(Warning::ConnectFailing(_), _), Mode::Plain) => {}
        (SessionEvent::Warning(warning, stamp), _) if view.format == Format::Json => {
            let record = render(&warning);
            match &event_buffer {
                Some(event_buffer) => event_buffer.hold(stamp, record),
                None => screen.event(&record),
            }
        }
        (SessionEvent::Warning(warning, _), _) => {
            let sentence = warning.sentence();
            screen.notice(&escape::to_terminal(sentence.as_bytes(), Newlines::Escape));
        }
        _ => {}
    }
}
