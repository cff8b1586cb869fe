//! Handles incoming frames: matches replies to requests, and reports events.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::{After, End, Session};
use crate::arrived::Arrived;
use crate::code::Code;
use crate::data::{Seq, Zxid};
use crate::decode;
use crate::encode::{AUTH_XID, EVENT_XID, PING_XID, SET_WATCHES_XID};
use crate::error::{Cause, Error};
use crate::feed::{Exchange, Item};
use crate::jute::{Fault, Reader};
use crate::op::Op;
use crate::queue::Entry;
use crate::reply::Reply;
use crate::request::{AddAuth, AnyRequest};
use crate::shared::Shared;
use crate::state::State;
use crate::watch_kind::WatchKind;

/// Credentials in flight: from a caller, or sent again on a new connection.
enum Auth {
    Asked(Entry),
    Again(Arc<str>),
}

/// The expected replies, in the order of their requests. Credentials have their own queue, because
/// servers answer them ahead of requests that they are still working on.
pub(super) struct Replies {
    pub(super) shared: Arc<Shared>,
    requests: VecDeque<Entry>,
    auths: VecDeque<Auth>,
    /// Requests in flight that set watches again; the value tells whether each is a `setWatches2`.
    pub(super) watches: VecDeque<bool>,
    pub(super) new_watches: NewWatches,
    pub(super) pings: u32,
    /// Whether the server has answered anything.
    pub(super) proven: bool,
    /// The number of requests that were answered.
    pub(super) completed: u64,
    bytes: usize,
    /// When the frames being handled were read.
    pub(super) heard: Instant,
    /// The shortest round trip that was not published yet.
    round_trip: Option<Duration>,
    /// Whether the server is known to keep the one-shot and persistent watches of a path apart,
    /// which servers since 3.9 do. They are recognised by the zxid in events.
    pub(super) modern: bool,
}

/// What the server did with a `setWatches2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NewWatches {
    NotSent,
    Answered,
    Unanswered,
    Refused,
}

pub(super) struct Header {
    xid: i32,
    pub(super) zxid: i64,
    pub(super) code: i32,
}

impl Replies {
    pub(super) fn new(shared: Arc<Shared>, now: Instant) -> Self {
        Self {
            shared,
            requests: VecDeque::new(),
            auths: VecDeque::new(),
            watches: VecDeque::new(),
            new_watches: NewWatches::NotSent,
            pings: 0,
            proven: false,
            completed: 0,
            bytes: 0,
            heard: now,
            round_trip: None,
            modern: false,
        }
    }

    pub(super) fn expects(&mut self, entry: Entry) {
        self.bytes += entry.length;
        if entry.is_auth() {
            self.auths.push_back(Auth::Asked(entry));
        } else {
            self.requests.push_back(entry);
        }
    }

    pub(super) fn expects_auth(&mut self, scheme: Arc<str>) {
        self.auths.push_back(Auth::Again(scheme));
    }

    pub(super) fn expects_watches(&mut self, new: bool) {
        self.watches.push_back(new);
        if new {
            self.new_watches = NewWatches::Unanswered;
        }
    }

    /// Returns what the server did with a `setWatches2`.
    pub(super) fn new_watches(&self) -> NewWatches {
        self.new_watches
    }

    /// Reports that the server is too old for persistent watches.
    pub(super) fn cannot_leave(&self, lists: &[Vec<Arc<str>>]) {
        let at = self.shared.next_seq();
        for (list, kind) in
            lists.iter().zip([WatchKind::Persistent, WatchKind::PersistentRecursive])
        {
            for full in list {
                self.shared.registry().weaken(full, kind);
                let path: Arc<str> = self.shared.chroot.inside(full).unwrap_or(full).into();
                self.weakened(at, &path, vec![kind]);
            }
        }
    }

    /// Publishes the number of requests in flight, and the shortest round trip.
    pub(super) fn count(&mut self) {
        if let Some(time) = self.round_trip.take() {
            self.shared.note_round_trip(time);
        }
        let asked = self.auths.iter().filter(|auth| matches!(auth, Auth::Asked(_))).count();
        self.shared.in_flight.store(self.requests.len() + asked, Ordering::Relaxed);
        self.shared.in_flight_bytes.store(self.bytes, Ordering::Relaxed);
    }

    /// Takes all requests in flight, in the order in which they were sent.
    pub(super) fn take_all(&mut self) -> Vec<Entry> {
        self.bytes = 0;
        let mut entries: Vec<Entry> = self.requests.drain(..).collect();
        entries.extend(self.auths.drain(..).filter_map(|auth| match auth {
            Auth::Asked(entry) => Some(entry),
            Auth::Again(_) => None,
        }));
        entries.sort_by_key(|entry| entry.ends_at);
        entries
    }

    /// Fails the request whose reply was expected, because the reply cannot be parsed.
    pub(super) fn malformed(&mut self, why: Fault) -> After {
        let op = self.requests.pop_front().map(|entry| {
            let op = entry.request.op();
            self.fail(entry, why);
            op
        });
        After::Search(Cause::Malformed { op, why })
    }

    fn fail(&mut self, entry: Entry, why: Fault) {
        self.bytes -= entry.length;
        self.shared.settle(&entry.request, None);
        let Entry { request, reply, permit, .. } = entry;
        drop(permit);
        let error = Error::Malformed { op: request.op(), path: request.path(), why };
        let _ = reply.send(self.shared.local(error));
    }

    /// Handles a received frame.
    pub(super) fn take(&mut self, frame: &[u8], session: &mut Session) -> Result<(), After> {
        let at = self.shared.next_seq();
        let mut from = Reader::new(frame);
        let header = (|| Ok(Header { xid: from.int()?, zxid: from.long()?, code: from.int()? }))();
        let header = header.map_err(|_: Fault| self.malformed("a header is cut"))?;
        let body = &frame[frame.len() - from.left()..];
        if header.code == Code::SessionClosedRequireSaslAuth.number() {
            // The server has processed none of the requests in flight.
            while let Some(entry) = self.requests.pop_front() {
                self.shared.settle(&entry.request, None);
                self.complete(at, &header, entry, Err(Code::SessionClosedRequireSaslAuth), 20);
            }
            return Err(After::End(End(State::AuthFailed, Cause::NeedsAuthentication)));
        }
        match header.xid {
            EVENT_XID => self.event(at, &header, body),
            PING_XID => {
                if self.pings == 0 || !body.is_empty() {
                    return Err(self.malformed("an answer to a ping is none"));
                }
                self.pings -= 1;
                self.proven = true;
                Ok(())
            }
            AUTH_XID => self.auth(at, &header, body, session),
            SET_WATCHES_XID => self.watches_set_again(&header, body),
            _ => self.reply(at, &header, frame, body),
        }
    }

    fn auth(
        &mut self,
        at: Seq,
        header: &Header,
        body: &[u8],
        session: &mut Session,
    ) -> Result<(), After> {
        let Some(auth) = self.auths.pop_front() else {
            return Err(self.malformed("an answer to credentials was not asked for"));
        };
        if !body.is_empty() {
            if let Auth::Asked(entry) = auth {
                self.fail(entry, "it is longer than expected");
            }
            let why = "it is longer than expected";
            return Err(After::Search(Cause::Malformed { op: Some(Op::Auth), why }));
        }
        let scheme = match &auth {
            Auth::Again(scheme) => Arc::clone(scheme),
            Auth::Asked(entry) => match &entry.request {
                AnyRequest::AddAuth(add) => Arc::clone(&add.scheme),
                _ => "".into(),
            },
        };
        self.proven = true;
        if let Auth::Asked(entry) = auth {
            let known = match &entry.request {
                AnyRequest::AddAuth(add) if header.code == 0 => Some(add.clone()),
                _ => None,
            };
            if let Some(add) = known.filter(|add| !session.credentials.contains(add)) {
                session.credentials.push(add);
            }
            let result = match header.code {
                0 => Ok(Reply::Done),
                code => Err(Code::from_number(code)),
            };
            self.complete(at, header, entry, result, 20);
        }
        match header.code {
            0 => Ok(()),
            _ => Err(After::End(End(State::AuthFailed, Cause::AuthFailed(scheme)))),
        }
    }

    fn reply(&mut self, at: Seq, header: &Header, frame: &[u8], body: &[u8]) -> Result<(), After> {
        let is_next = self.requests.front().is_some_and(|entry| entry.xid == header.xid);
        let Some(entry) = self.requests.pop_front_if(|_| is_next) else {
            return Err(self.malformed("it is one to another request"));
        };
        if let Some(sent) = entry.sent {
            let took = self.heard.saturating_duration_since(sent);
            self.round_trip = Some(self.round_trip.map_or(took, |known| known.min(took)));
        }
        let chroot = self.shared.chroot_of(&entry.request);
        let result = match decode::read(&entry.request, header.code, body, chroot) {
            Ok(result) => result,
            Err(why) => {
                let op = Some(entry.request.op());
                self.fail(entry, why);
                return Err(After::Search(Cause::Malformed { op, why }));
            }
        };
        self.saw(header);
        self.proven = true;
        let moved = result == Err(Code::SessionMoved);
        let closes = matches!(entry.request, AnyRequest::Close);
        self.watched(at, &entry.request, &result);
        self.complete(at, header, entry, result, frame.len() + 4);
        if closes {
            return Err(After::End(End(State::Closed, Cause::Closed)));
        }
        if moved { Err(After::Search(Cause::SessionMoved)) } else { Ok(()) }
    }

    /// Records the last zxid. Only replies carry it, and some of them do not.
    pub(super) fn saw(&self, header: &Header) {
        if header.zxid > 0 {
            self.shared.last_zxid.fetch_max(header.zxid, Ordering::Relaxed);
        }
    }

    fn complete(
        &mut self,
        at: Seq,
        header: &Header,
        entry: Entry,
        result: Result<Reply, Code>,
        received_bytes: usize,
    ) {
        self.completed += 1;
        self.bytes -= entry.length;
        let zxid = (header.zxid > 0).then_some(Zxid(header.zxid));
        let Entry { xid, length, request, reply, permit, queued, .. } = entry;
        drop(permit);
        let value = match &result {
            Ok(_) => None,
            Err(code) => Some((request.op(), request.path(), *code)),
        };
        if self.shared.observe.load(Ordering::Relaxed) {
            let request = match request {
                AnyRequest::AddAuth(add) => AddAuth::new(add.scheme, "").into(),
                request => request,
            };
            let took = queued.map_or(Duration::ZERO, |queued| queued.elapsed());
            self.shared.feed.push(Item::Exchange(Box::new(Exchange {
                at,
                xid,
                request,
                reply: result.clone(),
                zxid,
                sent_bytes: length,
                received_bytes,
                took,
            })));
        }
        let value = match value {
            None => result.map_err(|code| Error::Refused { op: Op::Error, path: "".into(), code }),
            Some((op, path, code)) => Err(Error::Refused { op, path, code }),
        };
        // The receiver may be gone.
        let _ = reply.send(Arrived { at, zxid, value });
    }
}
