//! One connection with an open session: writing, reading, and timeouts.

mod introduce;

use std::future::{Future, poll_fn};
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::ReadBuf;
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use super::attempt::Opened;
use super::history::not_sent;
use super::inbox::Inbox;
use super::replies::{NewWatches, Replies};
use super::writable::look_for_writable;
use super::{After, End, Session};
use crate::dial::{BoxFuture, Stream};
use crate::encode;
use crate::error::{Cause, Error};
use crate::host::Host;
use crate::queue::{Command, Entry};
use crate::request::AnyRequest;
use crate::shared::{Shared, asks};
use crate::state::State;

/// Maximum interval between pings (`ClientCnxn.MAX_SEND_PING_INTERVAL`).
const MOST_IDLE: Duration = Duration::from_secs(10);

/// Minimum interval, so that a session timeout of a millisecond does not cause a flood of pings.
const LEAST_IDLE: Duration = Duration::from_millis(50);

/// How long to wait for a server to close the connection after the reply that ends a session.
const FAREWELL: Duration = Duration::from_millis(200);

/// Maximum number of consecutive reads or writes before other tasks get their turn.
const TURNS: usize = 32;

/// A connection with an open session.
pub(super) struct Connection {
    shared: Arc<Shared>,
    host: Host,
    stream: Box<dyn Stream>,
    inbox: Inbox,
    /// The bytes to write, from `position` on.
    outbox: Vec<u8>,
    position: usize,
    /// Bytes added to the outbox and bytes written, since the connection was established.
    queued: u64,
    written: u64,
    unflushed: bool,
    replies: Replies,
    last_heard: Instant,
    last_sent: Instant,
    /// Maximum time without sending, and maximum time without receiving.
    idle: Duration,
    silence: Duration,
    timer: Pin<Box<Sleep>>,
    /// Searches for a server that accepts writes, while this one is read-only.
    look: Option<BoxFuture<'static, Host>>,
    writable: Option<Host>,
}

impl Connection {
    pub(super) fn new(
        shared: &Arc<Shared>,
        session: &Session,
        host: &Host,
        opened: Opened,
    ) -> Self {
        let Opened { wire, inbox, response, unwritten, .. } = opened;
        let timeout = Duration::from_millis(response.timeout.into());
        let now = Instant::now();
        let idle = (timeout / 3).clamp(LEAST_IDLE, MOST_IDLE);
        let look = response.read_only.then(|| look_for_writable(Arc::clone(shared)));
        let mut connection = Self {
            shared: Arc::clone(shared),
            host: host.clone(),
            stream: wire.stream,
            inbox,
            outbox: Vec::new(),
            position: 0,
            queued: 0,
            written: 0,
            unflushed: false,
            replies: Replies::new(Arc::clone(shared), now),
            last_heard: now,
            last_sent: now,
            idle,
            silence: (timeout / 3 * 2).max(2 * LEAST_IDLE),
            timer: Box::pin(sleep_until(now + idle)),
            look,
            writable: None,
        };
        connection.take_early(unwritten);
        connection.introduce(session);
        connection
    }

    /// Returns whether the server has answered anything since the session was opened.
    pub(super) fn is_proven(&self) -> bool {
        self.replies.proven
    }

    /// Returns the server that accepts writes, if one was found.
    pub(super) fn writable_host(&self) -> Option<Host> {
        self.writable.clone()
    }

    /// Serves the session until the connection or the session ends.
    pub(super) fn poll(&mut self, context: &mut Context<'_>, session: &mut Session) -> Poll<After> {
        match self.turn(context, session) {
            Ok(()) => Poll::Pending,
            Err(After::Search(cause)) => {
                match self.replies.new_watches() {
                    NewWatches::Refused => session.suspects.is_known_old(&self.host),
                    NewWatches::Unanswered => session.suspects.broke(&self.host),
                    NewWatches::Answered => session.suspects.clear(&self.host),
                    NewWatches::NotSent => {}
                }
                Poll::Ready(After::Search(cause))
            }
            Err(after) => Poll::Ready(after),
        }
    }

    fn turn(&mut self, context: &mut Context<'_>, session: &mut Session) -> Result<(), After> {
        let mut turns = 0;
        loop {
            let mut moved = self.read(context, session)?;
            self.take(context)?;
            moved |= self.write(context)?;
            turns += 1;
            if !moved {
                break;
            }
            if turns >= TURNS {
                context.waker().wake_by_ref();
                return Ok(());
            }
        }
        if let Some(look) = &mut self.look
            && let Poll::Ready(host) = look.as_mut().poll(context)
        {
            self.look = None;
            self.writable = Some(host);
            return Err(After::Search(Cause::WritableServer));
        }
        self.keep_time(context)
    }

    fn read(&mut self, context: &mut Context<'_>, session: &mut Session) -> Result<bool, After> {
        let mut moved = false;
        // Replies may have arrived together with the one that opened the session.
        self.take_frames(session)?;
        for _ in 0..TURNS {
            let read = match self.inbox.poll_fill(&mut *self.stream, context) {
                Poll::Pending => return Ok(moved),
                Poll::Ready(Ok(0)) => return Err(disconnected(None)),
                Poll::Ready(Ok(read)) => read,
                Poll::Ready(Err(error)) => {
                    return Err(After::Search(Cause::of_io(&error)));
                }
            };
            debug_assert!(read > 0);
            moved = true;
            self.last_heard = Instant::now();
            self.replies.heard = self.last_heard;
            self.take_frames(session)?;
        }
        Ok(moved)
    }

    /// Handles the frames that were read.
    fn take_frames(&mut self, session: &mut Session) -> Result<(), After> {
        let before = self.replies.completed;
        let result = loop {
            match self.inbox.frame() {
                Ok(Some(frame)) => {
                    if let Err(after) = self.replies.take(self.inbox.bytes(frame), session) {
                        break Err(after);
                    }
                }
                Ok(None) => break Ok(()),
                Err(why) => break Err(self.replies.malformed(why)),
            }
        };
        if self.replies.completed != before {
            self.replies.count();
        }
        result
    }

    /// Takes commands and requests from the queue.
    fn take(&mut self, context: &mut Context<'_>) -> Result<(), After> {
        let mut queue = self.shared.queue();
        match queue.command.take() {
            Some(Command::Abandon) => {
                return Err(After::End(End(State::Abandoned, Cause::Abandoned)));
            }
            Some(Command::Break) => return Err(After::Search(Cause::Broken)),
            None => {}
        }
        if !queue.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            queue.waker = Some(context.waker().clone());
        }
        if self.outbox.len() > self.position || queue.entries.is_empty() {
            return Ok(());
        }
        self.outbox.clear();
        self.position = 0;
        mem::swap(&mut self.outbox, &mut queue.bytes);
        let now = Some(Instant::now());
        for mut entry in queue.entries.drain(..) {
            self.queued += entry.length as u64;
            entry.ends_at = self.queued;
            entry.sent = now;
            self.replies.expects(entry);
        }
        drop(queue);
        self.replies.count();
        Ok(())
    }

    fn write(&mut self, context: &mut Context<'_>) -> Result<bool, After> {
        let mut moved = false;
        while self.position < self.outbox.len() {
            let rest = &self.outbox[self.position..];
            match Pin::new(&mut *self.stream).poll_write(context, rest) {
                Poll::Pending => break,
                Poll::Ready(Ok(0)) => {
                    return Err(disconnected(Some(io::ErrorKind::WriteZero)));
                }
                Poll::Ready(Ok(written)) => {
                    self.position += written;
                    self.written += written as u64;
                    self.unflushed = true;
                    moved = true;
                }
                Poll::Ready(Err(error)) => {
                    return Err(After::Search(Cause::of_io(&error)));
                }
            }
        }
        if moved {
            self.last_sent = Instant::now();
        }
        if self.unflushed {
            match Pin::new(&mut *self.stream).poll_flush(context) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => self.unflushed = false,
                Poll::Ready(Err(error)) => return Err(After::Search(Cause::of_io(&error))),
            }
        }
        if self.outbox.capacity() > 1 << 20 && self.position == self.outbox.len() {
            (self.outbox, self.position) = (Vec::new(), 0);
        }
        Ok(moved)
    }

    /// Sends a ping if nothing was sent for too long, and gives up if nothing was received for even
    /// longer.
    fn keep_time(&mut self, context: &mut Context<'_>) -> Result<(), After> {
        while self.timer.as_mut().poll(context).is_ready() {
            let now = Instant::now();
            if now >= self.last_heard + self.silence {
                return Err(After::Search(Cause::Silent(self.silence)));
            }
            if now >= self.last_sent + self.idle && self.position == self.outbox.len() {
                let before = self.outbox.len();
                encode::ping(&mut self.outbox);
                self.queued += (self.outbox.len() - before) as u64;
                self.replies.pings += 1;
                self.last_sent = now;
                self.write(context)?;
            }
            // No ping is needed while output waits to be written, so check again only after a
            // while.
            let ping = (self.last_sent + self.idle).max(now + self.idle / 8);
            self.timer.as_mut().reset(ping.min(self.last_heard + self.silence));
        }
        Ok(())
    }

    /// Waits briefly for the server to close the connection, as it does after the reply that ends a
    /// session. A server that finds the connection already closed before it has written that reply
    /// logs an error.
    pub(super) async fn await_hang_up(&mut self) {
        let mut scratch = [0; 256];
        let closed = poll_fn(|context| {
            loop {
                let mut buffer = ReadBuf::new(&mut scratch);
                match Pin::new(&mut *self.stream).poll_read(context, &mut buffer) {
                    Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        });
        // Whether it did does not matter.
        let _ = timeout(FAREWELL, closed).await;
    }

    /// Announces the end of output if that is possible without waiting, as in TLS.
    pub(super) async fn hang_up(&mut self) {
        poll_fn(|context| {
            let _ = Pin::new(&mut *self.stream).poll_shutdown(context);
            Poll::Ready(())
        })
        .await;
    }

    /// Fails requests that were sent but not answered, and returns unsent ones to the queue.
    pub(super) fn lose(mut self, cause: &Cause, over: bool) {
        let entries = self.replies.take_all();
        let mut unsent = Vec::new();
        for entry in entries {
            // The server never processes a request of which it received only a part.
            if entry.ends_at > self.written {
                unsent.push(entry);
                continue;
            }
            if matches!(entry.request, AnyRequest::Close) {
                // Closing the session a second time does no harm.
                unsent.push(entry);
                continue;
            }
            self.shared.settle(&entry.request, None);
            let Entry { request, reply, permit, .. } = entry;
            drop(permit);
            let error = Error::unanswered(request.op(), request.path(), cause.clone());
            let _ = reply.send(self.shared.local(error));
        }
        self.replies.count();
        if over {
            for entry in unsent {
                not_sent(&self.shared, entry, cause);
            }
        } else {
            self.put_back(unsent);
        }
    }

    /// Returns requests to the front of the queue.
    fn put_back(&self, unsent: Vec<Entry>) {
        if unsent.is_empty() {
            return;
        }
        let mut queue = self.shared.queue();
        let mut bytes = Vec::new();
        for entry in &unsent {
            encode::request(&entry.request, entry.xid, &self.shared.chroot, &mut bytes);
            if let Some((path, kinds)) = asks(&entry.request) {
                let full = self.shared.chroot_of(&entry.request).full(&path).into_owned();
                if self.shared.registry().covers(&full, kinds) {
                    encode::cover(&entry.request, &mut bytes);
                }
            }
        }
        bytes.append(&mut queue.bytes);
        queue.bytes = bytes;
        for entry in unsent.into_iter().rev() {
            queue.entries.push_front(entry);
        }
    }
}

fn disconnected(kind: Option<io::ErrorKind>) -> After {
    After::Search(Cause::Disconnected(kind))
}
