//! Runs lines from standard input or a file. Requests are sent in line order with a bounded number
//! in flight. Results are shown in line order, with events between them in the order of arrival.

mod barrier;
mod check;
mod event_buffer;
mod hold_back;
mod in_flight;
mod in_flight_limit;
mod lines;
mod outage;
mod results;
mod stop;
mod unwritten;
mod window;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::Read;
use std::task::{self, Poll, Waker};
use std::time::{Duration, Instant};

use futures_util::future::LocalBoxFuture;
use tokio::task::coop::unconstrained;

use self::barrier::HardLimits;
pub use self::check::check;
pub use self::event_buffer::EventBuffer;
use self::hold_back::ReadLimits;
use self::in_flight::{Awaited, Completed, InFlight, Line, ParsedLine, Reply};
use self::in_flight_limit::InFlightLimit;
use self::lines::{Lines, SourceLine};
use self::outage::Outage;
pub use self::stop::Stop;
use self::unwritten::Unwritten;
use self::window::{Next, batch};
use crate::command::Invocation;
use crate::dialect::Format;
use crate::dispatch::{Concurrency, Context, Effects, Write};
use crate::error::{Error, Result};
use crate::output::json::Origin;
use crate::session::{Cork, Stamp, Trace};
use crate::terminal::Screen;

/// The error for a script that ends inside a transaction.
const UNCOMMITTED: &str = "multi without commit";

/// How a script is run.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The script's name in messages: the file, or `stdin`.
    pub name: String,
    /// The maximum number of commands in flight, at least 1. `None` means as many as keep the link
    /// busy.
    pub window: Option<usize>,
    /// Whether to stop after the first line that fails.
    pub stop_on_error: bool,
    /// How long to wait for a session after one is lost. `None` means not at all.
    pub reconnect: Option<Duration>,
    /// Whether a write waits for the writes in flight that change what it is checked against. Only
    /// the test of the barrier itself turns this off.
    pub barrier: bool,
}

impl Rules {
    /// Adds the script's name and the line number to an origin.
    fn origin(&self, line: u64, more: Origin) -> Origin {
        Origin { file: Some(self.name.clone()), line: Some(line), ..more }
    }
}

/// The result of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScriptResult {
    /// Whether any line failed.
    pub failed: bool,
}

impl ScriptResult {
    /// Returns the exit status of the process.
    pub fn exit_status(self) -> u8 {
        u8::from(self.failed)
    }
}

/// Runs every line of `input` and returns whether any failed. Shows the events that `event_buffer`
/// receives meanwhile in their order of arrival. Call it on a thread that may block. Another thread
/// reads `input`.
pub async fn run(
    cx: &Context,
    screen: &Screen,
    event_buffer: &EventBuffer,
    rules: &Rules,
    stop: &Stop,
    input: Box<dyn Read + Send>,
) -> ScriptResult {
    let mut run = Run {
        cx,
        screen,
        event_buffer,
        rules,
        stop,
        is_stopped: false,
        parsed: VecDeque::new(),
        window: VecDeque::new(),
        limit: InFlightLimit::new(rules.window),
        cork: None,
        holding: 0,
        failed: false,
        limits: None,
        limits_asked: None,
        hinted: false,
        last: 0,
        outage: Outage::default(),
        unwritten: None,
        over: false,
        has_ended_session: false,
    };
    // This thread has no other work that tokio's cooperative budget would have to protect.
    unconstrained(run.all(lines::read(input, cx.view.dialect))).await;
    screen.flush();
    ScriptResult { failed: run.failed }
}

/// A running script.
#[expect(clippy::struct_excessive_bools, reason = "independent facts about one script")]
struct Run<'a> {
    cx: &'a Context,
    screen: &'a Screen,
    event_buffer: &'a EventBuffer,
    rules: &'a Rules,
    stop: &'a Stop,
    /// Whether a signal has stopped the script.
    is_stopped: bool,
    /// Lines that were read but not started, oldest first.
    parsed: VecDeque<ParsedLine>,
    /// Started commands whose results were not shown, oldest first.
    window: VecDeque<InFlight<'a>>,
    limit: InFlightLimit,
    /// Collects the requests of commands that start one right after the other.
    cork: Option<Cork>,
    /// The number of writes in flight that a later write may have to wait for.
    holding: usize,
    failed: bool,
    /// The known hard limits, or `None` if they must be read again.
    limits: Option<HardLimits>,
    /// The hard limits that are being read while the session opens.
    limits_asked: Option<ReadLimits<'a>>,
    /// Whether the hint that data is stored as typed was shown.
    hinted: bool,
    /// The number of the last line that was started.
    last: u64,
    outage: Outage,
    unwritten: Option<Unwritten>,
    /// Whether no further lines may run.
    over: bool,
    /// Whether the end of the session was sent.
    has_ended_session: bool,
}

impl<'a> Run<'a> {
    async fn all(&mut self, mut lines: Lines) {
        let mut ended = false;
        let mut filling = true;
        while !(self.is_over() || ended && self.window.is_empty() && self.parsed.is_empty()) {
            // Fill the window, then empty part of it, so that many requests and replies move at a
            // time.
            let size = self.limit.size();
            filling = match self.window.len() {
                full if full >= size => false,
                few if few + batch(size) <= size => true,
                _ => filling,
            };
            let has_room = filling && !ended && self.window.len() + self.parsed.len() < size;
            if filling && !has_room && !self.parsed.is_empty() {
                self.begin().await;
                continue;
            }
            if ended {
                self.end_session_early();
            }
            match self.next(has_room.then_some(&mut lines)).await {
                Next::Completed => self.show_completed(),
                Next::Line(typed) => {
                    self.parsed.push_back(ParsedLine::new(typed, &self.cx.reader));
                }
                Next::Begin => self.begin().await,
                Next::End => ended = true,
                Next::Stop => self.is_stopped = true,
            }
        }
        if self.is_stopped || self.screen.failure().is_some() {
            self.settle().await;
        }
        self.screen.flush();
        self.report_unwritten();
        self.report_failing();
        // Whatever stopped the script was already reported, so do not report an open transaction
        // too.
        let has_stopped =
            self.failed && self.rules.stop_on_error || self.screen.failure().is_some();
        let has_stopped = has_stopped || self.is_stopped;
        if self.cx.transaction.is_open() && !has_stopped {
            self.failed = true;
            let error = Error::usage(format!("{UNCOMMITTED}: nothing was sent"));
            let line = Line { number: self.last, typed: String::new(), origin: Origin::default() };
            self.report_error(&line, &error);
        }
        self.cx.session.deliver();
        self.show_events(self.now());
    }

    fn now(&self) -> Stamp {
        self.cx.session.latest()
    }

    fn is_over(&self) -> bool {
        self.over || self.is_stopped || self.screen.failure().is_some()
    }

    /// Starts the lines that were read, as far as the window has room, one right after the other,
    /// so that their requests leave together.
    async fn begin(&mut self) {
        self.learn_round_trip();
        while !self.is_over()
            && self.window.len() < self.limit.size()
            && let Some(parsed) = self.parsed.pop_front()
        {
            let session = &self.cx.session;
            self.cork.get_or_insert_with(|| session.cork());
            self.start_line(parsed).await;
            // The line may have waited for the session.
            self.learn_round_trip();
        }
        self.cork = None;
    }

    /// Records the round trip of the handshake, before there is a reply to a line.
    fn learn_round_trip(&mut self) {
        let session = &self.cx.session;
        if !self.limit.knows_round_trip() && session.state().is_connected() {
            let handshake = session.facts().and_then(|facts| facts.round_trip);
            self.limit.record_round_trip(Instant::now(), handshake);
        }
    }

    /// Starts the command of a line.
    async fn start_line(&mut self, ParsedLine { typed, invocation }: ParsedLine) {
        let SourceLine { number, text, permit } = typed;
        self.last = number;
        match &text {
            Ok(_) if self.is_repeated(number) => {}
            Ok(text) => self.cx.begin(text, invocation.as_ref().map(Option::as_deref)),
            Err(_) => self.cx.transaction.spoil(),
        }
        let Some(invocation) = invocation.transpose() else { return };
        let effects =
            invocation.as_ref().map(|invocation| invocation.effects(self.cx)).map_err(drop);
        if self.may_wait_for_session(effects.ok()) {
            // Boxed, so that this rare case does not enlarge the future of every line.
            Box::pin(self.regain_session(number)).await;
            if self.is_over() {
                return;
            }
        }
        let in_transaction = self.cx.transaction.is_open();
        let flow = match effects {
            Ok(Effects { write: Some(Write::Several), .. })
                if in_transaction && !self.rules.barrier =>
            {
                Concurrency::Writes
            }
            // Inside a transaction, commands only collect operations, which must stay in order.
            Ok(_) if in_transaction => Concurrency::Alone,
            Ok(Effects { auth: true, is_long: false, .. }) if !self.rules.barrier => {
                Concurrency::Writes
            }
            Ok(effects) => effects.concurrency(),
            Err(()) => Concurrency::Writes,
        };
        let alone =
            flow == Concurrency::Alone || (flow == Concurrency::Writes && self.rules.stop_on_error);
        let change = match (&invocation, effects.map(|effects| effects.write)) {
            (Ok(invocation), Ok(Some(write))) if !alone => self.change(invocation, write).await,
            _ => None,
        };
        if effects.is_ok_and(Effects::may_change_limits) {
            // The command may change the limits, or let this session see more of them.
            self.forget_limits();
        }
        if alone {
            self.drain().await;
            if self.is_over() {
                return;
            }
        }
        let origin =
            invocation.as_ref().map(|invocation| self.cx.origin(invocation)).unwrap_or_default();
        let line = Line { number, typed: text.unwrap_or_default(), origin };
        if flow == Concurrency::Reads {
            self.limit.reads();
            self.cx.session.expects_reads(self.parsed.len());
        }
        let (reply, left) = self.start(invocation, flow, &line);
        let is_counted = left && matches!(reply, Reply::Awaited(_));
        if is_counted {
            self.limit.record_sent(Instant::now());
        }
        let writes = effects.is_ok_and(|effects| !effects.only_reads());
        // `commit` cannot run twice, because the first run empties the transaction.
        let can_repeat =
            effects.is_ok_and(|effects| !effects.session && !effects.shell) && !in_transaction;
        let is_one_request = effects.is_ok_and(Effects::is_one_request) && !in_transaction;
        let in_flight = InFlight {
            line,
            reply,
            change,
            writes,
            is_one_request,
            can_repeat,
            is_counted,
            permit,
        };
        self.holding += usize::from(in_flight.may_hold_up());
        self.window.push_back(in_flight);
        if alone {
            self.drain().await;
        } else if !left {
            self.wait_until_sent().await;
            if !self.window.back().is_some_and(InFlight::has_left) {
                self.drain().await;
            }
        }
    }

    /// Waits until the request of the last line is sent, because no later request may overtake it.
    async fn wait_until_sent(&mut self) {
        self.cork = None;
        self.screen.flush();
        poll_fn(|context| {
            if self.stop.is_asked(context.waker()) {
                self.is_stopped = true;
                return Poll::Ready(());
            }
            let has_left = |last: &mut InFlight<'_>| last.is_done(context) || last.has_left();
            let has_left = self.window.back_mut().is_none_or(has_left);
            if has_left { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Starts a command. Its request is sent now, or together with those of other reads. Returns
    /// false if it could not be sent yet because there is no connection.
    fn start(
        &self,
        invocation: Result<Box<Invocation>>,
        flow: Concurrency,
        line: &Line,
    ) -> (Reply<'a>, bool) {
        let cx = self.cx;
        let invocation = match invocation {
            Ok(invocation) => invocation,
            Err(error) => return (Reply::Known(Err(error), None, true), true),
        };
        let trace = Trace::default();
        let origin = match cx.view.format {
            Format::Json => self.rules.origin(line.number, line.origin.clone()),
            Format::Text | Format::Raw => Origin::default(),
        };
        let traced = trace.clone();
        let mut result: LocalBoxFuture<'a, _> =
            Box::pin(async move { cx.run_from(&invocation, origin, &traced).await });
        let mut begin = || result.as_mut().poll(&mut task::Context::from_waker(Waker::noop()));
        let polled = match flow {
            Concurrency::Reads => cx.session.gather(begin),
            Concurrency::Writes | Concurrency::Alone => begin(),
        };
        match polled {
            Poll::Ready(result) => {
                (Reply::Known(result, trace.last_reply(), trace.has_sent()), true)
            }
            Poll::Pending => {
                let has_left = trace.has_left();
                (Reply::Awaited(Awaited { result, trace }), has_left)
            }
        }
    }
}
