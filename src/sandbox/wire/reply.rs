//! Replies and events, written as frames.

use super::Writer;
use crate::sandbox::acl::{Acl, Id};
use crate::sandbox::operation::{
    Body, Code, ConnectResponse, Data, Event, Names, Part, Reply, Stat,
};

/// The number that stands for the request in the header of an event.
const NOTIFICATION: i32 = -1;

/// The state of an event's session: connected (Watcher.Event.KeeperState).
const SYNC_CONNECTED: i32 = 3;

/// Appends the frame of a reply.
pub(crate) fn reply(buffer: &mut Vec<u8>, reply: &Reply) {
    Writer(buffer).frame(|writer| {
        writer.int(reply.xid);
        writer.long(reply.zxid);
        match &reply.result {
            Ok(body) => {
                writer.int(Code::Ok as i32);
                writer.body(body);
            }
            Err(code) => writer.int(*code as i32),
        }
    });
}

/// Appends the frame of a watch's event.
pub(crate) fn event(buffer: &mut Vec<u8>, event: &Event) {
    Writer(buffer).frame(|writer| {
        writer.int(NOTIFICATION);
        // The zxid of an event is unknown before 3.9.
        writer.long(-1);
        writer.int(Code::Ok as i32);
        writer.int(event.kind as i32);
        writer.int(SYNC_CONNECTED);
        writer.string(&event.path);
    });
}

/// Appends the frame that answers a connect request.
pub(crate) fn connect_response(buffer: &mut Vec<u8>, response: &ConnectResponse) {
    Writer(buffer).frame(|writer| {
        writer.int(0);
        writer.int(response.timeout);
        writer.long(response.session.0);
        writer.buffer(&response.password);
        if let Some(read_only) = response.read_only {
            writer.boolean(read_only);
        }
    });
}

impl Writer<'_> {
    fn body(&mut self, body: &Body) {
        match body {
            Body::Empty => {}
            Body::Number(number) => self.int(*number),
            Body::Path(path) => self.string(path),
            Body::Created(path, stat) => {
                self.string(path);
                self.stat(stat);
            }
            Body::Stat(stat) => self.stat(stat),
            Body::Data(data, stat) => {
                self.data(data);
                self.stat(stat);
            }
            Body::Acl(acl, stat) => {
                self.acl(acl);
                self.stat(stat);
            }
            Body::Names(names) => self.names(names),
            Body::NamesAndStat(names, stat) => {
                self.names(names);
                self.stat(stat);
            }
            Body::Paths(paths) => {
                self.length(paths.len());
                for path in paths {
                    self.string(path);
                }
            }
            Body::Identities(ids) => {
                self.length(ids.len());
                for id in ids {
                    self.id(id);
                }
            }
            Body::Token(Some(token)) => self.buffer(token),
            Body::Token(None) => self.int(-1),
            Body::Several(parts) => {
                for part in parts {
                    self.part(part);
                }
                self.part_header(-1, true, -1);
            }
        }
    }

    /// Writes one result of a multi; the numbers are those of the requests.
    fn part(&mut self, part: &Part) {
        match part {
            Part::Created(path) => {
                self.part_header(1, false, 0);
                self.string(path);
            }
            Part::Created2(path, stat) => {
                self.part_header(15, false, 0);
                self.string(path);
                self.stat(stat);
            }
            Part::Deleted => self.part_header(2, false, 0),
            Part::Set(stat) => {
                self.part_header(5, false, 0);
                self.stat(stat);
            }
            Part::Checked => self.part_header(13, false, 0),
            Part::Data(data, stat) => {
                self.part_header(4, false, 0);
                self.data(data);
                self.stat(stat);
            }
            Part::Names(names) => {
                self.part_header(8, false, 0);
                self.names(names);
            }
            Part::Failed(code) => {
                self.part_header(-1, false, *code as i32);
                self.int(*code as i32);
            }
        }
    }

    fn part_header(&mut self, number: i32, done: bool, code: i32) {
        self.int(number);
        self.boolean(done);
        self.int(code);
    }

    fn stat(&mut self, stat: &Stat) {
        self.long(stat.czxid);
        self.long(stat.mzxid);
        self.long(stat.ctime);
        self.long(stat.mtime);
        self.int(stat.version);
        self.int(stat.cversion);
        self.int(stat.aversion);
        self.long(stat.ephemeral_owner);
        self.int(stat.data_length);
        self.int(stat.children);
        self.long(stat.pzxid);
    }

    fn data(&mut self, data: &Data) {
        match data {
            Some(bytes) => self.buffer(bytes),
            None => self.int(-1),
        }
    }

    fn names(&mut self, names: &Names) {
        self.length(names.len());
        for name in names.iter() {
            self.string(name);
        }
    }

    fn acl(&mut self, acl: &[Acl]) {
        self.length(acl.len());
        for entry in acl {
            self.int(entry.permissions);
            self.id(&entry.id);
        }
    }

    fn id(&mut self, id: &Id) {
        self.string(&id.scheme);
        self.string(&id.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::operation::{EventType, SessionId};

    #[test]
    fn an_event_has_the_notification_number_and_no_zxid() {
        let mut buffer = Vec::new();
        event(&mut buffer, &Event { kind: EventType::Deleted, path: "/a".into() });
        let expected = [
            &[0, 0, 0, 30][..],
            &[0xff; 12],
            &[0; 4],
            &[0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 2, b'/', b'a'],
        ];
        assert_eq!(buffer, expected.concat());
    }

    #[test]
    fn an_error_has_no_body_and_a_failed_multi_tells_of_each_part() {
        let mut buffer = Vec::new();
        reply(&mut buffer, &Reply { xid: 1, zxid: 2, result: Err(Code::NoNode) });
        assert_eq!(buffer.len(), 4 + 16);
        assert_eq!(buffer[16..], (-101_i32).to_be_bytes());

        buffer.clear();
        let parts = vec![Part::Failed(Code::Ok), Part::Failed(Code::NoNode)];
        reply(&mut buffer, &Reply { xid: 1, zxid: 2, result: Ok(Body::Several(parts)) });
        assert_eq!(buffer.len(), 4 + 16 + 2 * (9 + 4) + 9);
    }

    #[test]
    fn a_connect_response_says_read_only_to_who_asked() {
        let mut response = ConnectResponse {
            timeout: 4000,
            session: SessionId(7),
            password: [1; 16],
            read_only: None,
        };
        let mut buffer = Vec::new();
        connect_response(&mut buffer, &response);
        assert_eq!(buffer.len(), 4 + 36);
        response.read_only = Some(false);
        buffer.clear();
        connect_response(&mut buffer, &response);
        assert_eq!((buffer.len(), buffer.last()), (4 + 37, Some(&0)));
    }
}
