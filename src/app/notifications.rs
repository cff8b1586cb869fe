//! Shows the notifications of sessions: above the prompt, in the script's output, or not at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::dialect::Format;
use crate::dispatch::{Learning, Switch, Switches};
use crate::error::{Error, Kind};
use crate::explain::FiredLog;
use crate::output::escape::{self, Newlines};
use crate::output::json::Time;
use crate::output::{Report, View};
use crate::script::EventBuffer;
use crate::session::{SessionEvent, SessionTag, Stamp, Warning};
use crate::terminal::{Mode, Screen};

/// The hint if no server was named and none listens on ZooKeeper's usual port.
const NO_SERVER_NAMED: &str =
    "zksh learn and zksh --sandbox start a server of their own; zksh --help lists the options";

/// Adds a hint to a failed connection if no server was named.
pub(super) fn suggest_sandbox(error: Error) -> Error {
    if error.kind() == Kind::Lost { error.with_hint(NO_SERVER_NAMED) } else { error }
}

/// Adds the hint only to the first failed connection.
pub(super) fn suggest_sandbox_once(
    screen: Arc<Screen>,
    names_server: bool,
    tell: impl Fn(&SessionTag, SessionEvent) + Send + Sync,
) -> impl Fn(&SessionTag, SessionEvent) + Send + Sync {
    let named = AtomicBool::new(names_server);
    move |tag, event| {
        let trouble = matches!(event, SessionEvent::Warning(Warning::ConnectFailing(_), _));
        tell(tag, event);
        if trouble && screen.mode() == Mode::Terminal && !named.swap(true, Ordering::Relaxed) {
            screen.notice(NO_SERVER_NAMED);
        }
    }
}

/// Shows what sessions report. In a script, events pass through `event_buffer`, so that they appear
/// between the right results.
#[derive(Clone)]
pub(super) struct Notifications {
    pub(super) screen: Arc<Screen>,
    pub(super) event_buffer: Option<EventBuffer>,
    pub(super) view: View,
    pub(super) switches: Arc<Switches>,
    /// The log of events for `explain`.
    pub(super) fired: FiredLog,
    /// The log of events for a lesson.
    pub(super) learning: Learning,
    /// Whether a script reports changes of the session's state. If not, only failing lines show
    /// them.
    pub(super) tells_changes: bool,
}

impl Notifications {
    /// Shows what the session with this tag reports. Threads of the runtime call it.
    pub(super) fn show(&self, tag: &SessionTag, event: SessionEvent) {
        let Self { screen, event_buffer, view, switches, fired, learning, tells_changes } = self;
        let session = tag.shown();
        match &event {
            SessionEvent::Znode(event, _) => {
                learning.note_event(tag.number(), event.kind.name(), event.path.as_deref());
            }
            SessionEvent::StateChange(change) => {
                learning.note_event(tag.number(), change.state, None);
            }
            SessionEvent::Warning(..) | SessionEvent::State(_) => {}
        }
        if learning.is_hushed() {
            return;
        }
        let render = |news: &dyn Report| {
            view.event(session.as_deref(), news, Time::now(), switches.is_on(Switch::Times))
        };
        // Stamps order events among the replies of the current session only. Events of other
        // sessions may come anywhere.
        let place = |stamp| if tag.is_current() { stamp } else { Stamp::default() };
        match (event, screen.mode()) {
            (SessionEvent::Znode(event, stamp), _) if switches.is_on(Switch::Events) => {
                if switches.is_on(Switch::Explain) {
                    fired.note(tag.number(), session.as_deref(), &event);
                }
                let text = render(&event);
                match event_buffer {
                    // Raw output contains only data.
                    _ if view.format == Format::Raw => screen.aside(&text),
                    Some(event_buffer) => event_buffer.hold(place(stamp), text),
                    None => screen.event(&text),
                }
            }
            (SessionEvent::StateChange(change), Mode::Terminal) => screen.event(&render(&change)),
            (SessionEvent::StateChange(change), Mode::Plain) if *tells_changes => {
                let text = render(&change);
                match view.format {
                    Format::Json => screen.event(&text),
                    Format::Text | Format::Raw => screen.aside(&text),
                }
            }
            (SessionEvent::State(_), Mode::Terminal) => screen.refresh(),
            // The line that finds no server reports this itself.
            (SessionEvent::Warning(Warning::ConnectFailing(_), _), Mode::Plain) => {}
            (SessionEvent::Warning(warning, stamp), _) if view.format == Format::Json => {
                let record = render(&warning);
                match event_buffer {
                    Some(event_buffer) => event_buffer.hold(place(stamp), record),
                    None => screen.event(&record),
                }
            }
            (SessionEvent::Warning(warning, _), _) => {
                let whose = session.map(|session| format!("({session}) ")).unwrap_or_default();
                let sentence = format!("{whose}{}", warning.sentence());
                screen.notice(&escape::to_terminal(sentence.as_bytes(), Newlines::Escape));
            }
            _ => {}
        }
    }
}
