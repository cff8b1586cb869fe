//! One connection: frames in, replies and events out, neither without bound.
//!
//! A connection reads no further while its client does not take what it has asked for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::Notify;

use super::admin;
use super::core::{Accepted, Core, Shared};
use super::operation::{ConnectionId, Ending};
use super::settings::milliseconds;
use super::wire;

/// The largest connect request, in bytes; real ones have 45.
const MAX_CONNECT: usize = 4 << 10;

/// Bytes that are read at once, and beyond which an idle buffer is given back.
const CHUNK: usize = 64 << 10;

/// No further request is looked at while a connection has this many bytes to send.
const HIGH_WATER: usize = 256 << 10;

/// How long a connection's requests are answered before the others have their turn.
const TURN: Duration = Duration::from_millis(5);

/// The most that is read and thrown away from a client that is being told goodbye.
const MAX_LEFTOVER: usize = 64 << 10;

/// Serves a connection to a server until either side ends it.
pub(super) async fn serve(shared: Shared, server: usize, mut stream: TcpStream, peer: SocketAddr) {
    // Replies are small and awaited.
    let _ = stream.set_nodelay(true);
    let accepted = shared.lock().accept(server, peer);
    let Some(Accepted { id, wake, may_connect, patience, max_request }) = accepted else { return };
    // Also where a fault in a request unwinds through here.
    let _end = End { shared: shared.clone(), id };
    let (reading, writing) = stream.split();
    let mut connection = Connection {
        shared,
        id,
        wake,
        reading,
        writing,
        input: Vec::new(),
        output: Vec::new(),
        greeted: false,
        may_connect,
        max_request,
        patience,
        deadline: Instant::now() + patience,
    };
    connection.run().await;
}

/// Forgets a connection when it is dropped.
struct End {
    shared: Shared,
    id: ConnectionId,
}

impl Drop for End {
    fn drop(&mut self) {
        self.shared.lock().disconnect(self.id);
    }
}

struct Connection<'a> {
    shared: Shared,
    id: ConnectionId,
    wake: Arc<Notify>,
    reading: ReadHalf<'a>,
    writing: WriteHalf<'a>,
    /// What has come and is not yet looked at.
    input: Vec<u8>,
    output: Vec<u8>,
    /// Whether the connect request has come.
    greeted: bool,
    may_connect: bool,
    /// Bytes.
    max_request: usize,
    /// How long a client may be without a session, and may take over what is last.
    patience: Duration,
    /// When patience ends with a client that has no session.
    deadline: Instant,
}

/// What is to be done after a look at the input.
enum Next {
    /// There may be more to look at, once the replies are sent and others have had their turn.
    Look,
    Read,
    /// The server does not look at more before it has answered some, or runs again.
    Wait,
}

impl Connection<'_> {
    async fn run(&mut self) {
        loop {
            let next = self.serve_input();
            let ending = self.shared.lock().take(self.id, &mut self.output);
            if ending == Some(Ending::AtOnce) {
                return;
            }
            if !self.output.is_empty() && !self.send(ending.is_some()).await {
                return;
            }
            if ending == Some(Ending::Flushed) {
                return self.say_goodbye().await;
            }
            match next {
                Next::Look => tokio::task::yield_now().await,
                Next::Read if self.receive().await => {}
                Next::Read => return,
                Next::Wait => self.wake.notified().await,
            }
        }
    }

    /// Sends the output; returns whether the connection goes on. Events and the end of the session
    /// come while a client does not read, so both are looked at.
    async fn send(&mut self, last: bool) -> bool {
        let deadline = if last { Instant::now() + self.patience } else { self.deadline };
        let hurried = last || !self.greeted;
        let mut sent = 0;
        while sent < self.output.len() {
            tokio::select! {
                written = self.writing.write(&self.output[sent..]) => match written {
                    Ok(0) | Err(_) => return false,
                    Ok(count) => sent += count,
                },
                () = self.wake.notified() => {
                    let ending = self.shared.lock().outgoing(self.id).and_then(|outgoing| outgoing.ending);
                    if ending == Some(Ending::AtOnce) {
                        return false;
                    }
                }
                () = tokio::time::sleep_until(deadline.into()), if hurried => return false,
            }
        }
        if self.output.capacity() > HIGH_WATER {
            self.output = Vec::new();
        }
        true
    }

    /// Waits for input or for something to send; returns whether the connection goes on.
    async fn receive(&mut self) -> bool {
        self.input.reserve(CHUNK);
        tokio::select! {
            count = self.reading.read_buf(&mut self.input) => matches!(count, Ok(1..)),
            () = self.wake.notified() => true,
            () = tokio::time::sleep_until(self.deadline.into()), if !self.greeted => false,
        }
    }

    /// Ends what is sent, and reads what the client still sends: closing on unread bytes would
    /// make the system throw away the reply that is under way.
    async fn say_goodbye(&mut self) {
        let farewell = async {
            let _ = self.writing.shutdown().await;
            let mut leftover = 0;
            self.input.clear();
            while let Ok(count @ 1..) = self.reading.read_buf(&mut self.input).await {
                leftover += count;
                if leftover > MAX_LEFTOVER {
                    break;
                }
                self.input.clear();
            }
        };
        let _ = tokio::time::timeout(self.patience, farewell).await;
    }

    /// Answers the requests that have come whole, as far as the client takes the replies.
    fn serve_input(&mut self) -> Next {
        let start = Instant::now();
        let mut core = self.shared.lock();
        let (mut used, mut requests) = (0, 0);
        let next = loop {
            let Some(outgoing) = core.outgoing(self.id) else { break Next::Read };
            if outgoing.ending.is_some()
                || outgoing.out.len() >= HIGH_WATER
                || start.elapsed() > TURN
            {
                break Next::Look;
            }
            if !core.takes_requests(self.id) {
                break Next::Wait;
            }
            let input = &self.input[used..];
            let stage = (&mut self.greeted, self.may_connect, self.max_request);
            match take_frame(&mut core, self.id, input, stage) {
                Some(length) => used += length,
                None => break Next::Read,
            }
            requests += 1;
        };
        if requests > 0 {
            core.answered(self.id, requests, milliseconds(start.elapsed()));
        }
        drop(core);
        self.input.drain(..used);
        if self.input.is_empty() && self.input.capacity() > 2 * CHUNK {
            self.input = Vec::new();
        }
        next
    }
}

/// Answers the request that `input` begins with; returns its length, or `None` where it has not
/// come whole.
fn take_frame(
    core: &mut Core,
    from: ConnectionId,
    input: &[u8],
    (greeted, may_connect, max_request): (&mut bool, bool, usize),
) -> Option<usize> {
    let head: [u8; 4] = *input.first_chunk()?;
    if !*greeted && let Some(word) = admin::word(head) {
        let length = 4 + admin::argument_length(word);
        let argument = input.get(4..length)?;
        core.answer_word(from, word, argument);
        return Some(length);
    }
    if !may_connect {
        drop_offender(core, from);
        return Some(4);
    }
    let limit = if *greeted { max_request } else { MAX_CONNECT };
    let length = usize::try_from(i32::from_be_bytes(head)).ok().filter(|length| *length <= limit);
    let Some(length) = length else {
        drop_offender(core, from);
        return Some(4);
    };
    let frame = input.get(4..4 + length)?;
    let understood = if *greeted {
        wire::request(frame).map(|request| core.request(from, request))
    } else {
        wire::connect_request(frame).map(|request| core.connect(from, request))
    };
    *greeted = true;
    if understood.is_err() {
        drop_offender(core, from);
    }
    Some(4 + length)
}

fn drop_offender(core: &mut Core, from: ConnectionId) {
    if let Some(outgoing) = core.outgoing(from) {
        outgoing.ending = Some(Ending::AtOnce);
    }
}
