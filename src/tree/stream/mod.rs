//! Streams the znodes of a tree in walk order with the requested parts, and reads ahead.
//!
//! It holds the names of the siblings on the path to the current znode and a bounded number of
//! znodes ahead, never the whole tree.

mod arrivals;
mod level;
mod names;
mod read;

use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};

use self::arrivals::{Arrivals, Ticket};
use self::level::{Bounds, Here, Level, Slot};
pub(super) use self::names::Children;
use self::read::{Read, Reply, SingleRead, held, read_many};
use super::Record;
use super::filter::Needs;
use super::in_flight::{HEAVY, InFlight};
use crate::error::{Code, Error, Kind as ErrorKind, Result};
use crate::session::{BatchSize, Session};
use crate::zk::ZnodePath;

/// The maximum number of znodes that are read with their data in one request. A server builds the
/// whole reply in memory before it sends any of it.
const MOST_WITH_DATA: usize = 32;

/// The number of znodes in the first requests for data, if nothing is known of the tree.
const FIRST_WITH_DATA: usize = 8;

/// How long a walk waits until a near server tells its release.
const RELEASE_PATIENCE: Duration = Duration::from_millis(20);

/// The minimum number of znodes whose requests wait for the release of the server. It takes a near
/// server about as long as this many requests.
const WORTH_RELEASE: usize = 32;

/// The minimum number of znodes that a search looks for, because each search passes over all znodes
/// that were read ahead.
const FEWEST_FOUND: usize = 32;

/// The bytes of a reply that count like the name of one child, so that replies with data stay small
/// too.
const NAME_BYTES: u64 = 32;

/// The bytes of the requests about one znode among many, without the path.
const QUESTION_BYTES: usize = 32;

/// The minimum limit of znodes that are read ahead. A distant server gets as many as its link
/// holds.
const AHEAD: usize = 2048;

/// The number of requests in flight that may exceed the limit for data, so that one is answered
/// while the next is on its way.
const MIN_REQUESTS: usize = 4;

/// The bytes of data that are read ahead before requests stop.
const AHEAD_BYTES: u64 = 16 << 20;

/// A znode in a walk.
#[derive(Debug)]
pub struct Visited {
    /// The znode, with the parts that were requested and may be read.
    pub record: Record,
    /// Its depth below the top.
    pub depth: usize,
    /// Whether it is the last of its siblings.
    pub is_last: bool,
    /// Whether the walk continues with znodes below it.
    pub has_children: bool,
    /// Why a part of it, or everything below it, could not be read.
    pub refused: Option<Error>,
    /// Its children, if the walk collects them.
    pub(super) children: Option<Children>,
}

/// A walk with read-ahead.
pub struct Znodes {
    session: Session,
    top: ZnodePath,
    needs: Needs,
    bounds: Bounds,
    single_read: SingleRead,
    /// Whether each znode is returned with its children.
    with_children: bool,
    /// The levels on the path to the current znode, the deepest last.
    levels: Vec<Level>,
    batch: BatchSize,
    in_flight: FuturesUnordered<BoxFuture<'static, Replies>>,
    limit: InFlight,
    /// The maximum bytes of data of recent znodes.
    longest: u64,
    arrivals: Arrivals,
    /// The number of znodes that were requested or are held, and the bytes of those that are held.
    ahead: usize,
    ahead_bytes: u64,
    /// Whether nothing more can be requested before a reply arrives: the last search found nothing,
    /// or the limit of requests in flight was reached.
    awaits_reply: bool,
    /// Znodes whose requests wait for the release of the server.
    postponed: Vec<(Ticket, ZnodePath)>,
    begun: bool,
}

/// The results of a request.
type Replies = Vec<(Ticket, Reply)>;

impl Znodes {
    /// Returns a walk through `top` and everything below it, or the given number of levels.
    pub fn new(session: &Session, top: &ZnodePath, needs: Needs, deepest: Option<usize>) -> Self {
        Self {
            session: session.clone(),
            top: top.clone(),
            needs,
            bounds: Bounds { deepest: deepest.unwrap_or(usize::MAX), skips_zookeeper: false },
            single_read: SingleRead::Whole,
            with_children: false,
            levels: Vec::new(),
            batch: if needs.data || needs.stat {
                BatchSize::beginning_with(FIRST_WITH_DATA)
            } else {
                BatchSize::default()
            },
            postponed: Vec::new(),
            in_flight: FuturesUnordered::new(),
            limit: InFlight::new(session),
            longest: 0,
            arrivals: Arrivals::default(),
            ahead: 0,
            ahead_bytes: 0,
            awaits_reply: false,
            begun: false,
        }
    }

    /// Skips ZooKeeper's own `/zookeeper` if the walk would reach it.
    #[must_use]
    pub fn without_zookeeper(mut self) -> Self {
        self.bounds.skips_zookeeper = self.session.sees_real_root();
        self
    }

    /// Returns a walk that requests only names. With `watch`, it sets a watch on the children of
    /// each znode.
    pub(super) fn of_names(session: &Session, top: &ZnodePath, watch: bool) -> Self {
        let single_read = if watch { SingleRead::Watched } else { SingleRead::Names };
        Self { single_read, ..Self::new(session, top, Needs::default(), None) }
    }

    /// Returns each znode with its children.
    #[must_use]
    pub(super) fn with_children(mut self) -> Self {
        self.with_children = true;
        self
    }

    /// Returns the next znode, or `None` at the end. Skips znodes that are deleted meanwhile, and
    /// returns znodes that may not be read with the reason. An error ends the walk.
    pub async fn next(&mut self) -> Result<Option<Visited>> {
        if !self.begun {
            self.begun = true;
            // In a box, because its future is far larger than the rest, and every call moves it.
            return Box::pin(self.first()).await.map(Some);
        }
        loop {
            self.ask_ahead();
            if !self.postponed.is_empty() {
                self.session.ask_release(RELEASE_PATIENCE).await;
                let found = std::mem::take(&mut self.postponed);
                let size = self.batch_size(found.len());
                self.ask(found, size);
                continue;
            }
            let Some(level) = self.levels.last_mut() else { return Ok(None) };
            let Some(front) = level.slots.front_mut() else {
                if level.names.left() == 0 {
                    self.levels.pop();
                }
                continue;
            };
            front.take_reply(&mut self.arrivals, self.bounds, level.depth);
            if matches!(front, Slot::Asked(_)) {
                let reply = self.in_flight.next().await;
                self.arrive(reply.unwrap_or_default());
                continue;
            }
            let (depth, slot) = (level.depth, level.slots.pop_front());
            let is_last = level.slots.is_empty() && level.names.left() == 0;
            self.ahead = self.ahead.saturating_sub(1);
            let Some(Slot::Here(Here { read, below })) = slot else { continue };
            self.ahead_bytes = self.ahead_bytes.saturating_sub(held(&read));
            if let Some(error) = &read.refused
                && error.kind() != ErrorKind::Refused
            {
                self.levels.clear();
                return Err(error.clone());
            }
            return Ok(Some(self.visit(*read, below, depth, is_last)));
        }
    }

    /// Reads the top znode, which must exist and be at least partly readable.
    async fn first(&mut self) -> Result<Visited> {
        let top = vec![self.top.clone()];
        let read = read_many(&self.session, top, self.needs, self.single_read, true).await;
        // Before the top is read there may have been no connection.
        self.limit.measure();
        let gone = || Error::code(Code::NoNode, self.top.as_str());
        let mut read = read.into_iter().next().flatten().ok_or_else(gone)?;
        if let Some(error) = &read.refused
            && (error.kind() != ErrorKind::Refused || read.names.is_empty())
        {
            return Err(error.clone());
        }
        let names = std::mem::take(&mut read.names);
        let below = Level::new(&read.record.path, names, 1, self.bounds);
        Ok(self.visit(*read, below, 0, true))
    }

    fn visit(
        &mut self,
        read: Read,
        below: Option<Box<Level>>,
        depth: usize,
        is_last: bool,
    ) -> Visited {
        let has_children = below.is_some();
        let children = below.as_ref().filter(|_| self.with_children).map(|below| below.children());
        self.levels.extend(below.map(|below| *below));
        let Read { record, refused, .. } = read;
        Visited { record, depth, is_last, has_children, refused, children }
    }

    fn arrive(&mut self, reads: Replies) {
        let here = || reads.iter().filter_map(|(_, read)| read.as_deref());
        let names: usize = here().map(|read| read.names.len()).sum();
        let bytes: u64 = here().map(held).sum();
        self.batch.received(names + usize::try_from(bytes / NAME_BYTES).unwrap_or(usize::MAX));
        let longest = here().map(held).max().unwrap_or_default();
        self.longest = longest.max(self.longest - self.longest / 8);
        self.limit.record_answered();
        self.ahead_bytes += bytes;
        for (ticket, reply) in reads {
            self.arrivals.add(ticket, reply);
        }
        self.awaits_reply = false;
    }

    /// Requests the next znodes of the walk, as far as the limits allow.
    fn ask_ahead(&mut self) {
        loop {
            let front = self.levels.last();
            let needs_front =
                front.is_some_and(|level| level.slots.is_empty() && level.names.left() > 0);
            if self.awaits_reply && !needs_front {
                return;
            }
            let most = self.batch_size(0);
            self.awaits_reply = !self.limit.has_room(self.work(most));
            let is_full = self.awaits_reply || self.holds_enough();
            if is_full && !needs_front {
                return;
            }
            let wanted = if needs_front && is_full { most } else { most.max(FEWEST_FOUND) };
            let mut found = Vec::with_capacity(wanted);
            for level in self.levels.iter_mut().rev() {
                level.find(wanted, &mut found, &mut self.arrivals, self.bounds);
            }
            if found.is_empty() {
                self.awaits_reply = true;
                return;
            }
            if self.waits_for_release(found.len()) {
                self.postponed = found;
                return;
            }
            let size = self.batch_size(found.len());
            self.ask(found, size);
        }
    }

    /// Returns whether it is quicker to ask a near server first whether it reads many znodes at once.
    /// Data is worth it: without the release each znode takes a request, and two if it has children.
    fn waits_for_release(&self, found: usize) -> bool {
        self.reads_data()
            && found >= WORTH_RELEASE
            && self.limit.is_near()
            && self.session.has_not_asked_release()
    }

    /// Returns the approximate number of znodes in the next request.
    fn batch_size(&mut self, found: usize) -> usize {
        let is_watched = self.single_read == SingleRead::Watched;
        let size = if is_watched { 1 } else { self.batch.of(&self.session, found) };
        if self.reads_data() { size.min(MOST_WITH_DATA) } else { size }
    }

    fn reads_data(&self) -> bool {
        self.needs.data || self.needs.stat
    }

    /// Returns the cost of a request about `znodes` znodes for the server.
    fn work(&self, znodes: usize) -> usize {
        if self.reads_data() { znodes * HEAVY } else { znodes }
    }

    /// Returns whether enough znodes are held or requested, or they may have too many bytes.
    fn holds_enough(&self) -> bool {
        // The best estimate is that the next znodes are as long as the recent ones.
        let expected = self.longest.saturating_mul(self.ahead as u64);
        self.ahead >= AHEAD.max(self.limit.znodes())
            || self.ahead_bytes >= AHEAD_BYTES
            || (expected >= AHEAD_BYTES && self.limit.requests() >= MIN_REQUESTS)
    }

    /// Requests the parts of some znodes, `size` of them in a request as far as they fit.
    fn ask(&mut self, found: Vec<(Ticket, ZnodePath)>, size: usize) {
        self.ahead += found.len();
        let mut found = found.into_iter();
        while !found.as_slice().is_empty() {
            let paths = found.as_slice().iter().take(size).map(|(_, path)| path);
            let fitting = self.session.fitting(paths, QUESTION_BYTES);
            let (tickets, paths): (Vec<Ticket>, Vec<ZnodePath>) =
                found.by_ref().take(fitting).unzip();
            self.limit.record_sent(self.work(paths.len()));
            let (session, needs, single_read) =
                (self.session.clone(), self.needs, self.single_read);
            let is_near = self.limit.is_near();
            self.in_flight.push(Box::pin(async move {
                let reads = read_many(&session, paths, needs, single_read, is_near).await;
                tickets.into_iter().zip(reads).collect()
            }));
        }
    }
}
