//! A minimal client that encodes the protocol byte by byte, so that nothing stands between a test
//! and the server.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Timeout for one reply.
const PATIENCE: Duration = Duration::from_secs(30);

/// The type numbers of requests.
pub(super) mod op {
    pub(crate) const CREATE: i32 = 1;
    pub(crate) const DELETE: i32 = 2;
    pub(crate) const EXISTS: i32 = 3;
    pub(crate) const GET_DATA: i32 = 4;
    pub(crate) const SET_DATA: i32 = 5;
    pub(crate) const GET_ACL: i32 = 6;
    pub(crate) const SET_ACL: i32 = 7;
    pub(crate) const GET_CHILDREN: i32 = 8;
    pub(crate) const SYNC: i32 = 9;
    pub(crate) const PING: i32 = 11;
    pub(crate) const GET_CHILDREN2: i32 = 12;
    pub(crate) const CHECK: i32 = 13;
    pub(crate) const MULTI: i32 = 14;
    pub(crate) const CREATE2: i32 = 15;
    pub(crate) const RECONFIG: i32 = 16;
    pub(crate) const CHECK_WATCHES: i32 = 17;
    pub(crate) const REMOVE_WATCHES: i32 = 18;
    pub(crate) const CREATE_CONTAINER: i32 = 19;
    pub(crate) const DELETE_CONTAINER: i32 = 20;
    pub(crate) const CREATE_TTL: i32 = 21;
    pub(crate) const MULTI_READ: i32 = 22;
    pub(crate) const AUTH: i32 = 100;
    pub(crate) const SASL: i32 = 102;
    pub(crate) const GET_EPHEMERALS: i32 = 103;
    pub(crate) const GET_ALL_CHILDREN_NUMBER: i32 = 104;
    pub(crate) const SET_WATCHES2: i32 = 105;
    pub(crate) const ADD_WATCH: i32 = 106;
    pub(crate) const WHO_AM_I: i32 = 107;
    pub(crate) const CLOSE: i32 = -11;
}

/// The body of a request.
#[derive(Debug, Default, Clone)]
pub(super) struct Body(pub(super) Vec<u8>);

impl Body {
    pub(super) fn int(mut self, value: i32) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub(super) fn long(mut self, value: i64) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub(super) fn boolean(mut self, value: bool) -> Self {
        self.0.push(value.into());
        self
    }

    pub(super) fn bytes(self, bytes: &[u8]) -> Self {
        let mut body = self.int(i32::try_from(bytes.len()).unwrap());
        body.0.extend(bytes);
        body
    }

    pub(super) fn string(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    pub(super) fn strings(self, texts: &[String]) -> Self {
        let body = self.int(i32::try_from(texts.len()).unwrap());
        texts.iter().fold(body, |body, text| body.string(text))
    }

    /// Appends an ACL with entries `permissions`, `scheme`, `id`.
    pub(super) fn acl(self, entries: &[(i32, &str, &str)]) -> Self {
        let body = self.int(i32::try_from(entries.len()).unwrap());
        entries.iter().fold(body, |body, (permissions, scheme, id)| {
            body.int(*permissions).string(scheme).string(id)
        })
    }

    pub(super) fn then(mut self, other: &Self) -> Self {
        self.0.extend(&other.0);
        self
    }
}

/// Decodes the fields of a reply.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    pub(super) fn int(&mut self) -> i32 {
        i32::from_be_bytes(self.take(4).try_into().unwrap())
    }

    pub(super) fn long(&mut self) -> i64 {
        i64::from_be_bytes(self.take(8).try_into().unwrap())
    }

    pub(super) fn boolean(&mut self) -> bool {
        self.take(1) != [0]
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.int();
        (length >= 0).then(|| self.take(usize::try_from(length).unwrap()))
    }

    pub(super) fn string(&mut self) -> String {
        String::from_utf8_lossy(self.bytes().unwrap_or(b"<null>")).into_owned()
    }

    pub(super) fn list<T>(&mut self, element: impl Fn(&mut Self) -> T) -> Vec<T> {
        (0..self.int()).map(|_| element(self)).collect()
    }
}

/// A reply, and the events before it.
#[derive(Debug)]
pub(super) struct Answer {
    /// The type number and the path of each event.
    pub(super) events: Vec<(i32, String)>,
    pub(super) zxid: i64,
    pub(super) code: i32,
    pub(super) body: Vec<u8>,
}

/// A connection with a session.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) stream: TcpStream,
    pub(super) session: i64,
    pub(super) password: Vec<u8>,
    /// The negotiated session timeout, in milliseconds.
    pub(super) timeout: i32,
    xid: i32,
}

impl Client {
    pub(super) fn connect(address: &str) -> io::Result<Self> {
        Self::reconnect(address, 0, &[0; 16], 30_000)
    }

    /// Connects with an existing session. The session id is zero if the session has expired.
    pub(super) fn reconnect(
        address: &str,
        session: i64,
        password: &[u8],
        timeout: i32,
    ) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut client = Self { stream, session, password: Vec::new(), timeout, xid: 0 };
        let hello = Body::default().int(0).long(0).int(timeout).long(session).bytes(password);
        client.send_frame(&hello.boolean(false).0)?;
        let welcome = client.frame()?;
        let mut fields = Fields(&welcome);
        fields.int();
        client.timeout = fields.int();
        client.session = fields.long();
        client.password = fields.bytes().unwrap_or_default().to_vec();
        Ok(client)
    }

    pub(super) fn send_frame(&mut self, frame: &[u8]) -> io::Result<()> {
        let length = i32::try_from(frame.len()).unwrap().to_be_bytes();
        self.stream.write_all(&[&length, frame].concat())
    }

    pub(super) fn frame(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let mut frame = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
        self.stream.read_exact(&mut frame)?;
        Ok(frame)
    }

    /// Sends a request without waiting for its reply.
    pub(super) fn send(&mut self, number: i32, body: &Body) -> io::Result<()> {
        self.xid += 1;
        let frame = Body::default().int(self.xid).int(number).then(body);
        self.send_frame(&frame.0)
    }

    /// Waits for a reply.
    pub(super) fn receive(&mut self) -> io::Result<Answer> {
        let mut events = Vec::new();
        loop {
            let frame = self.frame()?;
            let mut fields = Fields(&frame);
            let (xid, zxid, code) = (fields.int(), fields.long(), fields.int());
            if xid != -1 {
                return Ok(Answer { events, zxid, code, body: fields.0.to_vec() });
            }
            let number = fields.int();
            fields.int();
            events.push((number, fields.string()));
        }
    }

    pub(super) fn ask(&mut self, number: i32, body: &Body) -> io::Result<Answer> {
        self.send(number, body)?;
        self.receive()
    }

    /// Waits until the server closes the connection. Returns what it sent before.
    pub(super) fn last_words(&mut self) -> Vec<u8> {
        let mut words = Vec::new();
        // A connection reset is an end too.
        let _ = self.stream.read_to_end(&mut words);
        words
    }
}
