//! Streams the znodes of a tree in walk order, each with the parts asked for, reading ahead.
//!
//! It holds the names of the siblings on the way and a bounded number of znodes ahead, never the
//! whole tree.

use std::collections::{HashMap, VecDeque};

use futures_util::future::{BoxFuture, join, join_all};
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::filter::Needs;
use super::is_gone;
use super::walk::{FLIGHTS, WINDOW};
use super::{Acl, Data, Kind, Record};
use crate::error::{Code, Error, Kind as ErrorKind, Result};
use crate::session::{BatchSize, NodeReply, Session};
use crate::zk::ZnodePath;

/// The most znodes that are read in one request where their data comes along: a server makes its
/// whole reply in memory before it sends any of it.
const MOST_WITH_DATA: usize = 32;

/// The fewest znodes that a search for the next ones looks for: it passes all that are ahead.
const FEWEST_FOUND: usize = 32;

/// Bytes of a reply that count as one name of a child, so that replies with data stay small too.
const NAME_BYTES: u64 = 32;

/// Fixed bytes of the questions about one znode among many.
const QUESTION_BYTES: usize = 32;

/// The most znodes that are read ahead of their turn.
const AHEAD: usize = 2048;

/// Bytes of data that are read ahead, beyond which nothing more is asked for.
const AHEAD_BYTES: u64 = 16 << 20;

/// A znode of a walk.
#[derive(Debug)]
pub struct Visited {
    /// The znode, as far as it was asked for and can be read.
    pub record: Record,
    /// How many levels it is below the top.
    pub depth: usize,
    /// Whether none of its siblings comes behind it.
    pub is_last: bool,
    /// Whether znodes below it follow.
    pub has_children: bool,
    /// Why something of it, or all below it, could not be read.
    pub refused: Option<Error>,
}

/// A walk that reads as it goes.
pub struct Znodes {
    session: Session,
    top: ZnodePath,
    needs: Needs,
    bounds: Bounds,
    /// The levels that the walk is in, the deepest last.
    levels: Vec<Level>,
    batch: BatchSize,
    in_flight: FuturesUnordered<BoxFuture<'static, Replies>>,
    /// What has come, by the number of its slot, until the slot takes it.
    arrived: Arrived,
    next_slot: u64,
    /// Znodes that were asked for or are here, and the bytes of those that are here.
    ahead: usize,
    ahead_bytes: u64,
    /// Whether nothing was found to be asked for since the last reply.
    all_asked: bool,
    begun: bool,
}

/// What came of a request, by the numbers of slots; none of a znode that is gone.
type Replies = Vec<(u64, Option<Read>)>;

type Arrived = HashMap<u64, Option<Read>>;

/// Where a walk ends.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// So many levels below the top are visited.
    deepest: usize,
    /// Whether `/zookeeper` is left out.
    skips_zookeeper: bool,
}

/// The children of one znode.
#[derive(Debug)]
struct Level {
    parent: ZnodePath,
    /// How many levels they are below the top.
    depth: usize,
    /// Names that were not asked about yet, in order.
    names: std::vec::IntoIter<String>,
    /// Those that were, in order.
    slots: VecDeque<Slot>,
}

#[derive(Debug)]
struct Slot {
    path: ZnodePath,
    state: State,
}

#[derive(Debug)]
enum State {
    Asked(u64),
    Here(Box<(Read, Level)>),
    Gone,
}

/// What was read of one znode.
#[derive(Debug)]
struct Read {
    record: Record,
    names: Vec<String>,
    refused: Option<Error>,
}

impl Znodes {
    /// Begins a walk through `top` and all below it, or so many levels of it.
    pub fn new(session: &Session, top: &ZnodePath, needs: Needs, deepest: Option<usize>) -> Self {
        Self {
            session: session.clone(),
            top: top.clone(),
            needs,
            bounds: Bounds { deepest: deepest.unwrap_or(usize::MAX), skips_zookeeper: false },
            levels: Vec::new(),
            batch: BatchSize::default(),
            in_flight: FuturesUnordered::new(),
            arrived: HashMap::new(),
            next_slot: 0,
            ahead: 0,
            ahead_bytes: 0,
            all_asked: false,
            begun: false,
        }
    }

    /// Leaves out ZooKeeper's own `/zookeeper`, where the walk would come to it.
    #[must_use]
    pub fn without_zookeeper(mut self) -> Self {
        self.bounds.skips_zookeeper = self.session.sees_real_root();
        self
    }

    /// Returns the next znode; none at the end. One that vanishes meanwhile is passed over, one that
    /// may not be read is given with the reason. An error is about the whole: the walk is over.
    pub async fn next(&mut self) -> Result<Option<Visited>> {
        if !self.begun {
            self.begun = true;
            return self.first().await.map(Some);
        }
        loop {
            self.ask_ahead();
            let Some(level) = self.levels.last_mut() else { return Ok(None) };
            let Some(front) = level.slots.front_mut() else {
                if level.names.len() == 0 {
                    self.levels.pop();
                }
                continue;
            };
            front.settle(&mut self.arrived, self.bounds, level.depth);
            if matches!(front.state, State::Asked(_)) {
                let reply = self.in_flight.next().await;
                self.arrive(reply.unwrap_or_default());
                continue;
            }
            let (depth, slot) = (level.depth, level.slots.pop_front());
            let is_last = level.slots.is_empty() && level.names.len() == 0;
            self.ahead = self.ahead.saturating_sub(1);
            let Some(Slot { state: State::Here(here), .. }) = slot else { continue };
            let (read, below) = *here;
            self.ahead_bytes = self.ahead_bytes.saturating_sub(held(&read));
            if let Some(error) = &read.refused
                && error.kind() != ErrorKind::Refused
            {
                self.levels.clear();
                return Err(error.clone());
            }
            return Ok(Some(self.visit(read, below, depth, is_last)));
        }
    }

    /// Reads the top, which must be there and give at least something.
    async fn first(&mut self) -> Result<Visited> {
        let read = read_many(&self.session, std::slice::from_ref(&self.top), self.needs).await;
        let gone = || Error::code(Code::NoNode, self.top.as_str());
        let mut read = read.into_iter().next().flatten().ok_or_else(gone)?;
        if let Some(error) = &read.refused
            && (error.kind() != ErrorKind::Refused || read.names.is_empty())
        {
            return Err(error.clone());
        }
        let names = std::mem::take(&mut read.names);
        let below = Level::new(read.record.path.clone(), names, 1, self.bounds);
        Ok(self.visit(read, below, 0, true))
    }

    fn visit(&mut self, read: Read, below: Level, depth: usize, is_last: bool) -> Visited {
        let has_children = below.names.len() > 0 || !below.slots.is_empty();
        if has_children {
            self.levels.push(below);
        }
        let Read { record, refused, .. } = read;
        Visited { record, depth, is_last, has_children, refused }
    }

    fn arrive(&mut self, reads: Replies) {
        let here = || reads.iter().filter_map(|(_, read)| read.as_ref());
        let names: usize = here().map(|read| read.names.len()).sum();
        let bytes: u64 = here().map(held).sum();
        self.batch.received(names + usize::try_from(bytes / NAME_BYTES).unwrap_or(usize::MAX));
        self.ahead_bytes += bytes;
        self.arrived.extend(reads);
        self.all_asked = false;
    }

    /// Asks for the next znodes of the walk, as far as there is room.
    fn ask_ahead(&mut self) {
        loop {
            let size = self.batch.of(&self.session, AHEAD);
            let with_data = self.needs.data || self.needs.stat;
            let size = if with_data { size.min(MOST_WITH_DATA) } else { size };
            let most = if size == 1 { WINDOW } else { FLIGHTS };
            let front = self.levels.last();
            let needs_front =
                front.is_some_and(|level| level.slots.is_empty() && level.names.len() > 0);
            let is_full = self.ahead >= AHEAD
                || self.ahead_bytes >= AHEAD_BYTES
                || self.in_flight.len() >= most;
            if (self.all_asked || is_full) && !needs_front {
                return;
            }
            let mut found = Vec::new();
            let wanted = if needs_front && is_full { size } else { size.max(FEWEST_FOUND) };
            for level in self.levels.iter_mut().rev() {
                level.find(wanted, &mut found, &mut self.next_slot, &mut self.arrived, self.bounds);
            }
            if found.is_empty() {
                self.all_asked = true;
                return;
            }
            self.ask(&found, size);
        }
    }

    /// Sends the questions about some znodes, so many in a request, as far as they fit.
    fn ask(&mut self, mut found: &[(u64, ZnodePath)], size: usize) {
        self.ahead += found.len();
        while !found.is_empty() {
            let paths = found.iter().take(size).map(|(_, path)| path);
            let (now, later) = found.split_at(self.session.fitting(paths, QUESTION_BYTES));
            found = later;
            let (slots, paths): (Vec<u64>, Vec<ZnodePath>) = now.iter().cloned().unzip();
            let (session, needs) = (self.session.clone(), self.needs);
            self.in_flight.push(Box::pin(async move {
                let reads = read_many(&session, &paths, needs).await;
                slots.into_iter().zip(reads).collect()
            }));
        }
    }
}

/// Returns how many bytes of data are held.
fn held(read: &Read) -> u64 {
    read.record.data.as_ref().map_or(0, |data| data.bytes().len() as u64)
}

impl Level {
    fn new(parent: ZnodePath, mut names: Vec<String>, depth: usize, bounds: Bounds) -> Self {
        if depth > bounds.deepest {
            names.clear();
        }
        if bounds.skips_zookeeper && parent.is_root() {
            names.retain(|name| name != "zookeeper");
        }
        names.sort_unstable();
        Self { parent, depth, names: names.into_iter(), slots: VecDeque::new() }
    }

    /// Finds the next znodes that are not asked for, in the order of the walk, until there are so
    /// many.
    fn find(
        &mut self,
        wanted: usize,
        found: &mut Vec<(u64, ZnodePath)>,
        next_slot: &mut u64,
        arrived: &mut Arrived,
        bounds: Bounds,
    ) {
        for slot in &mut self.slots {
            if found.len() >= wanted {
                return;
            }
            slot.settle(arrived, bounds, self.depth);
            if let State::Here(here) = &mut slot.state {
                here.1.find(wanted, found, next_slot, arrived, bounds);
            }
        }
        while found.len() < wanted
            && let Some(name) = self.names.next()
        {
            let (path, number) = (self.parent.child(&name), *next_slot);
            *next_slot += 1;
            found.push((number, path.clone()));
            self.slots.push_back(Slot { path, state: State::Asked(number) });
        }
    }
}

impl Slot {
    /// Takes what has come for it.
    fn settle(&mut self, arrived: &mut Arrived, bounds: Bounds, depth: usize) {
        let State::Asked(number) = self.state else { return };
        let Some(read) = arrived.remove(&number) else { return };
        self.state = match read {
            None => State::Gone,
            Some(mut read) => {
                let names = std::mem::take(&mut read.names);
                let below = Level::new(self.path.clone(), names, depth + 1, bounds);
                State::Here(Box::new((read, below)))
            }
        };
    }
}

/// Reads some znodes; none in place of one that is gone.
async fn read_many(session: &Session, paths: &[ZnodePath], needs: Needs) -> Vec<Option<Read>> {
    // Among many, only the data brings the stat along; alone, the children do.
    let data = needs.data || needs.stat && paths.len() > 1;
    let lists = async {
        let wanted: &[ZnodePath] = if needs.acl { paths } else { &[] };
        join_all(wanted.iter().map(|path| session.get_acl(path))).await
    };
    let (replies, lists) = join(session.nodes_of(paths, data), lists).await;
    let mut lists = lists.into_iter();
    let reads = paths.iter().zip(replies);
    reads.map(|(path, reply)| assemble(path, reply, lists.next(), needs)).collect()
}

/// Puts together what the replies say of a znode.
fn assemble(
    path: &ZnodePath,
    reply: NodeReply,
    list: Option<Result<(crate::zk::Acl, crate::zk::Stat)>>,
    needs: Needs,
) -> Option<Read> {
    let mut record = Record { stat: reply.stat, ..Record::bare(path.clone()) };
    let mut refused = None;
    let names = match reply.names {
        Ok(names) => names,
        Err(error) if is_gone(&error) => return None,
        Err(error) => {
            refused = Some(error);
            Vec::new()
        }
    };
    match reply.data {
        Some(Ok((data, stat))) => {
            record.stat = Some(stat);
            if needs.data {
                record.data = Some(Data::from(data));
            }
        }
        Some(Err(error)) if is_gone(&error) => return None,
        Some(Err(error)) => refused = refused.or(Some(error)),
        None => {}
    }
    match list {
        Some(Ok((acl, stat))) => {
            let acl = Acl::from(&acl);
            if acl.is_masked() {
                let message = format!("Only its administrators may read the ACL of {path}");
                refused = refused.or(Some(Error::new(ErrorKind::Refused, message)));
            } else {
                record.acl = Some(acl);
            }
            record.changed = record.stat.is_some_and(|seen| {
                (seen.czxid, seen.version, seen.aversion)
                    != (stat.czxid, stat.version, stat.aversion)
            });
            record.stat = record.stat.or(Some(stat));
        }
        Some(Err(error)) if is_gone(&error) => return None,
        Some(Err(error)) => refused = refused.or(Some(error)),
        None => {}
    }
    record.kind = record.stat.map(|stat| Kind::of_owner(stat.ephemeral_owner));
    Some(Read { record, names, refused })
}
