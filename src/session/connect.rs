//! Finds a server, keeps finding one until the session is closed, and learns why none answers.

use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use zookeeper::Client;

use super::thread;
use crate::zk::{Host, Servers};

/// The first pause between two passes over the servers.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// The longest pause between two passes: short enough that a server that comes up is found by the
/// time its user looks, long enough to be no load.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// How long a probe waits for one server before it calls it silent.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// What is known of a server that is not there.
const REFUSES: &str = "refuses connections";

/// What is known of a server that takes a connection and nothing more.
const GIVES_NO_SESSION: &str =
    "gives no session: it has lost its quorum (-r reads all the same), or is no ZooKeeper";

/// Opens a session, trying the servers in turn until one takes it. `tell` hears why a pass failed.
pub(super) async fn connect(
    servers: &Servers,
    timeout: Duration,
    read_only: bool,
    tell: impl Fn(Trouble),
) -> Client {
    let hosts = servers.hosts().iter().map(Host::to_string).collect::<Vec<_>>().join(",");
    let text = format!(
        "{hosts}{}",
        if servers.chroot().is_root() { "" } else { servers.chroot().as_str() }
    );
    let mut pause = FIRST_PAUSE;
    loop {
        let connector = Client::connector()
            .with_session_timeout(timeout)
            .with_readonly(read_only)
            // `create` without a stat: the one create that every release of the server knows.
            .with_server_version(3, 4, 0)
            .with_fail_eagerly();
        let attempt = thread::on_its_own(connector.connect(&text));
        tokio::pin!(attempt);
        // A server that accepts and stays silent holds the attempt for a good part of the session
        // timeout; its user wants to know earlier.
        let early = async {
            tokio::time::sleep(PROBE_TIMEOUT).await;
            tell(diagnose(servers).await);
            std::future::pending::<()>().await;
        };
        let result = tokio::select! {
            result = &mut attempt => result,
            () = early => continue,
        };
        match result {
            Ok(client) => return client,
            Err(error) => {
                let mut trouble = diagnose(servers).await;
                if trouble.words.is_empty() {
                    trouble.words = error.to_string();
                }
                tell(trouble);
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Why no server gives a session.
pub(super) struct Trouble {
    pub(super) words: String,
    /// Whether every server refuses connections.
    pub(super) refused: bool,
}

/// Asks every server for a TCP connection and says what came of it.
async fn diagnose(servers: &Servers) -> Trouble {
    let probes = servers.hosts().iter().map(|host| async move {
        let trouble = probe(host).await;
        (format!("{host} {trouble}"), trouble == REFUSES)
    });
    let found = futures_util::future::join_all(probes).await;
    let refused = found.iter().all(|(_, refused)| *refused);
    let words = found.into_iter().map(|(words, _)| words).collect::<Vec<_>>().join(", ");
    Trouble { words, refused }
}

async fn probe(host: &Host) -> String {
    let target = (host.name.as_str(), host.port);
    let reached = tokio::time::timeout(PROBE_TIMEOUT, async {
        let addresses: Vec<_> = match lookup_host(target).await {
            Ok(addresses) => addresses.collect(),
            Err(_) => return "is not a known host".to_owned(),
        };
        let mut trouble = "has no address".to_owned();
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(_) => return GIVES_NO_SESSION.to_owned(),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                    REFUSES.clone_into(&mut trouble);
                }
                Err(error) => trouble = format!("cannot be reached ({})", error.kind()),
            }
        }
        trouble
    });
    reached.await.unwrap_or_else(|_| "does not answer".to_owned())
}
