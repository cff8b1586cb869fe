//! One of two servers to compare: its clients, and a textual description of the outcome of each
//! step.

use std::fmt::Write as _;

use super::model::CLIENTS;
use super::steps::Step;
use super::wire::{Answer, Body, Client, Fields, op};

/// One of the two servers, with its clients.
pub(super) struct Side {
    address: String,
    clients: Vec<Client>,
    /// All sessions of the case, in the order of their creation.
    sessions: Vec<i64>,
    /// The last zxid before the case, and the last one seen.
    start: i64,
    seen: i64,
}

impl Side {
    pub(super) fn new(address: &str) -> Self {
        let clients: Vec<Client> =
            (0..CLIENTS).map(|_| Client::connect(address).unwrap()).collect();
        let sessions = clients.iter().map(|client| client.session).collect();
        let address = address.to_owned();
        let mut side = Self { address, clients, sessions, start: 0, seen: 0 };
        let start = side.clients[0].ask(op::PING, &Body::default()).unwrap().zxid;
        (side.start, side.seen) = (start, start);
        side
    }

    /// Runs a step. Returns a description of all its effects on all clients.
    pub(super) fn take(&mut self, client: usize, step: &Step, base: &str) -> String {
        let mut words = String::new();
        match step {
            Step::Ask(request) => {
                let (number, body) = request.encode(base, self.seen);
                let answer = self.clients[client].ask(number, &body).unwrap();
                words += &self.tell(number, &answer);
            }
            Step::Reconnect => {
                let Client { session, password, .. } = &self.clients[client];
                let client_now =
                    Client::reconnect(&self.address, *session, password, 30_000).unwrap();
                assert_eq!(client_now.session, *session, "the session is refused");
                self.clients[client] = client_now;
            }
            Step::Close => {
                let answer = self.clients[client].ask(op::CLOSE, &Body::default()).unwrap();
                words += &self.tell(op::CLOSE, &answer);
                write!(words, " then {:?}", self.clients[client].last_words()).unwrap();
                self.clients[client] = Client::connect(&self.address).unwrap();
                self.sessions.push(self.clients[client].session);
            }
        }
        for client in &mut self.clients {
            client.send(op::PING, &Body::default()).unwrap();
        }
        for other in 0..CLIENTS {
            let mut answer = self.clients[other].receive().unwrap();
            if matches!(step, Step::Close) {
                // The order in which ephemerals are deleted is that of a hash table.
                answer.events.sort();
            }
            write!(words, "\n  {other}: {}", self.tell(op::PING, &answer)).unwrap();
        }
        words
    }

    fn tell(&mut self, number: i32, answer: &Answer) -> String {
        // The reply to `auth` has no zxid.
        if number != op::AUTH {
            self.seen = answer.zxid;
        }
        let zxid = if number == op::AUTH { 0 } else { answer.zxid - self.start };
        let body = if answer.body.is_empty() {
            String::new()
        } else {
            self.body(number, &mut Fields(&answer.body))
        };
        format!("{:?} zxid +{zxid} code {} {body}", answer.events, answer.code)
    }

    fn body(&self, number: i32, fields: &mut Fields<'_>) -> String {
        let text = match number {
            op::CREATE | op::SYNC => fields.string(),
            op::CREATE2 | op::CREATE_CONTAINER | op::CREATE_TTL => {
                format!("{} {}", fields.string(), self.stat(fields))
            }
            op::EXISTS | op::SET_DATA | op::SET_ACL => self.stat(fields),
            op::GET_DATA => format!("{:?} {}", fields.bytes(), self.stat(fields)),
            op::GET_CHILDREN | op::GET_EPHEMERALS => format!("{:?}", names(fields)),
            op::GET_CHILDREN2 => format!("{:?} {}", names(fields), self.stat(fields)),
            op::GET_ACL => {
                let mut acl = fields.list(|entry| (entry.int(), entry.string(), entry.string()));
                acl.sort();
                format!("{acl:?} {}", self.stat(fields))
            }
            op::GET_ALL_CHILDREN_NUMBER | op::ADD_WATCH => fields.int().to_string(),
            op::WHO_AM_I => {
                let mut ids = fields.list(|id| (id.string(), id.string()));
                ids.sort();
                format!("{ids:?}")
            }
            op::MULTI | op::MULTI_READ => self.parts(fields),
            other => panic!("a body for {other}: {:?}", fields.0),
        };
        assert!(fields.0.is_empty(), "too much for {number}: {text}, then {:?}", fields.0);
        text
    }

    fn parts(&self, fields: &mut Fields<'_>) -> String {
        let mut text = String::new();
        loop {
            let (number, done, code) = (fields.int(), fields.boolean(), fields.int());
            write!(text, "[{number} {done} {code} ").unwrap();
            if done {
                return text + "]";
            }
            text += &match number {
                -1 => fields.int().to_string(),
                op::DELETE | op::CHECK => String::new(),
                number => self.part(number, fields),
            };
            text += "] ";
        }
    }

    fn part(&self, number: i32, fields: &mut Fields<'_>) -> String {
        match number {
            op::CREATE => fields.string(),
            op::CREATE2 => format!("{} {}", fields.string(), self.stat(fields)),
            op::SET_DATA => self.stat(fields),
            op::GET_DATA => format!("{:?} {}", fields.bytes(), self.stat(fields)),
            op::GET_CHILDREN => format!("{:?}", names(fields)),
            other => panic!("a part of {other}"),
        }
    }

    /// Describes a stat: zxids relative to the start of the case, sessions by index, and the times
    /// only by whether the znode was changed after its creation or exists from the start.
    fn stat(&self, fields: &mut Fields<'_>) -> String {
        let zxid = |zxid: i64| if zxid == 0 { 0 } else { zxid - self.start };
        let (czxid, mzxid) = (zxid(fields.long()), zxid(fields.long()));
        let (ctime, mtime) = (fields.long(), fields.long());
        let versions = [fields.int(), fields.int(), fields.int()];
        let owner = fields.long();
        let owner = match self.sessions.iter().position(|session| *session == owner) {
            Some(turn) => format!("session {turn}"),
            None => format!("{owner:x}"),
        };
        let sizes = [fields.int(), fields.int()];
        let pzxid = zxid(fields.long());
        format!(
            "+{czxid} +{mzxid} +{pzxid} {versions:?} {owner} {sizes:?} {} {}",
            ctime == 0,
            ctime <= mtime
        )
    }

    pub(super) fn close(&mut self) {
        for client in &mut self.clients {
            client.ask(op::CLOSE, &Body::default()).unwrap();
        }
    }
}

fn names(fields: &mut Fields<'_>) -> Vec<String> {
    let mut names = fields.list(Fields::string);
    names.sort();
    names
}
