//! One client connection: it reads requests and writes replies and events, both with limits.
//!
//! The connection stops reading while its client does not read the replies.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::admin;
use super::core::{Accepted, Core, Shared};
use super::operation::{ConnectionId, Ending};
use super::settings::milliseconds;
use super::tls::{self, Tls};
use super::wire;

/// Maximum size of a connect request in bytes; real ones have 45.
const MAX_CONNECT: usize = 4 << 10;

/// Bytes to read at once. An idle buffer that is larger than this is freed.
const CHUNK: usize = 64 << 10;

/// A connection handles no further request while this many bytes wait to be sent.
const HIGH_WATER: usize = 256 << 10;

/// Time slice for one connection's requests, so that it cannot starve the others.
const TURN: Duration = Duration::from_millis(5);

/// Maximum number of bytes to read and discard from a client whose connection is being closed.
const MAX_LEFTOVER: usize = 64 << 10;

/// Serves one connection until the client or the server closes it.
pub(super) async fn serve(
    shared: Shared,
    server: usize,
    mut stream: TcpStream,
    peer: SocketAddr,
    tls: Option<Arc<Tls>>,
) {
    // Replies are small, and clients wait for them.
    let _ = stream.set_nodelay(true);
    let accepted = shared.lock().accept(server, peer);
    let Some(accepted) = accepted else { return };
    // The guard also runs when a panic in a request unwinds through this function.
    let _end = End { shared: shared.clone(), id: accepted.id };
    if let Some(tls) = tls {
        match tls.accept(stream, accepted.patience).await {
            Ok(tls::Accepted::Secured(secured, subject)) => {
                if let Some(subject) = subject {
                    shared.lock().identify(accepted.id, subject);
                }
                let (reading, writing) = tokio::io::split(*secured);
                return Connection::new(shared, accepted, reading, writing).run().await;
            }
            Ok(tls::Accepted::Plain(plain)) => stream = plain,
            // A TLS alert has already told the client why.
            Err(_) => return,
        }
    }
    let (reading, writing) = stream.split();
    Connection::new(shared, accepted, reading, writing).run().await;
}

/// Removes the connection from the server when dropped.
struct End {
    shared: Shared,
    id: ConnectionId,
}

impl Drop for End {
    fn drop(&mut self) {
        self.shared.lock().disconnect(self.id);
    }
}

struct Connection<R, W> {
    shared: Shared,
    id: ConnectionId,
    wake: Arc<Notify>,
    reading: R,
    writing: W,
    /// Bytes that were received and not yet parsed.
    input: Vec<u8>,
    output: Vec<u8>,
    /// Whether something to send has come up while output was sent.
    woken: bool,
    /// Whether the connect request has been received.
    greeted: bool,
    may_connect: bool,
    /// Maximum size of a request in bytes.
    max_request: usize,
    /// Maximum time that a client may stay without a session, and may take to read the last output.
    patience: Duration,
    /// When a client that still has no session is disconnected.
    deadline: Instant,
}

/// What the connection does after it has parsed the input.
enum Next {
    /// Parse again, once the replies are sent and other connections have had their turn.
    Look,
    Read,
    /// Wait: the server accepts no more requests until it has answered some or runs again.
    Wait,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Connection<R, W> {
    fn new(shared: Shared, accepted: Accepted, reading: R, writing: W) -> Self {
        let Accepted { id, wake, may_connect, patience, max_request } = accepted;
        Self {
            shared,
            id,
            wake,
            reading,
            writing,
            input: Vec::new(),
            output: Vec::new(),
            woken: false,
            greeted: false,
            may_connect,
            max_request,
            patience,
            deadline: Instant::now() + patience,
        }
    }

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
                // Nobody else would wake this connection for it.
                Next::Read | Next::Wait if std::mem::take(&mut self.woken) => {}
                Next::Read if self.receive().await => {}
                Next::Read => return,
                Next::Wait => self.wake.notified().await,
            }
        }
    }

    /// Sends the output and returns whether the connection stays open. Events and the end of the
    /// session can arrive while the client does not read, so this watches for both.
    async fn send(&mut self, last: bool) -> bool {
        let deadline = if last { Instant::now() + self.patience } else { self.deadline };
        let hurried = last || !self.greeted;
        let (mut sent, mut flushed) = (0, false);
        while !flushed {
            let left = &self.output[sent..];
            let sending = async {
                if left.is_empty() {
                    // TLS keeps what the socket does not take at once.
                    self.writing.flush().await.map(|()| 0)
                } else {
                    self.writing.write(left).await
                }
            };
            tokio::select! {
                written = sending => match written {
                    Ok(0) if left.is_empty() => flushed = true,
                    Ok(0) | Err(_) => return false,
                    Ok(count) => sent += count,
                },
                () = self.wake.notified() => {
                    self.woken = true;
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

    /// Waits for input or for output to send. Returns whether the connection stays open.
    async fn receive(&mut self) -> bool {
        self.input.reserve(CHUNK);
        tokio::select! {
            count = self.reading.read_buf(&mut self.input) => matches!(count, Ok(1..)),
            () = self.wake.notified() => true,
            () = tokio::time::sleep_until(self.deadline.into()), if !self.greeted => false,
        }
    }

    /// Shuts down the sending side, then reads what the client still sends: closing a socket with
    /// unread input would make the system discard the reply that is on its way.
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

    /// Handles all complete requests in the input, while the client keeps reading the replies.
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

/// Handles the request at the start of `input`. Returns its length, or `None` if it is incomplete.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::acl::OPEN;
    use crate::sandbox::core::Clock;
    use crate::sandbox::operation::{
        ConnectRequest, Create, CreateKind, Operation, Request, SessionId,
    };
    use crate::sandbox::settings::Settings;

    /// Opens a session and creates a znode, past every socket.
    fn create(shared: &Shared, peer: SocketAddr, path: &str) {
        let mut core = shared.lock();
        let id = core.accept(0, peer).expect("there is room").id;
        core.connect(
            id,
            ConnectRequest {
                last_zxid: 0,
                timeout: 30_000,
                session: SessionId(0),
                password: vec![0; 16],
                read_only: None,
            },
        );
        let (path, acl) = (path.to_owned(), OPEN.to_vec());
        let create = Create { kind: CreateKind::Create, path, data: None, acl, flags: 0 };
        core.request(id, Request { xid: 1, operation: Operation::Create(create) });
    }

    #[tokio::test]
    async fn what_comes_up_while_a_slow_client_is_sent_to_is_sent_too() {
        let peer = SocketAddr::from(([127, 0, 0, 1], 1));
        let core = Core::new(Settings::default(), [0; 16], Clock::System, vec![peer]);
        let shared = Shared::new(core);
        let accepted = shared.lock().accept(0, peer).expect("there is room");
        // Less than one reply.
        let (mut client, server) = tokio::io::duplex(64);
        let (reading, writing) = tokio::io::split(server);
        let mut connection = Connection::new(shared.clone(), accepted, reading, writing);
        tokio::spawn(async move { connection.run().await });
        let mut hello = vec![0, 0, 0, 45];
        hello.extend([0; 14]);
        hello.extend([0x75, 0x30]); // a timeout of 30 s
        hello.extend([0; 8]);
        hello.extend([0, 0, 0, 16]);
        hello.extend([0; 17]);
        client.write_all(&hello).await.expect("it is read");
        client.read_exact(&mut [0; 41]).await.expect("a session");
        // getChildren2 of / with a watch: its reply is longer than what fits.
        let request = [0, 0, 0, 14, 0, 0, 0, 1, 0, 0, 0, 12, 0, 0, 0, 1, b'/', 1];
        client.write_all(&request).await.expect("it is read");
        let mut length = [0; 4];
        client.read_exact(&mut length).await.expect("a reply");
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        create(&shared, peer, "/x");
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        let mut reply = vec![0; usize::try_from(i32::from_be_bytes(length)).expect("a length")];
        client.read_exact(&mut reply).await.expect("the rest of the reply");
        let mut event = [0; 8];
        let read = client.read_exact(&mut event);
        tokio::time::timeout(Duration::from_secs(20), read)
            .await
            .expect("an event")
            .expect("bytes");
        assert_eq!(event[4..], [0xff; 4]);
    }
}
