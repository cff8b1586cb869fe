//! TLS and SASL against an Apache server.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::fixtures::{Fixtures, fixtures};
use crate::options;
use zeroize::Zeroizing;
use zookeeper::Cause;
use zookeeper::tls::{TlsDial, TlsOptions};

/// The newest available Apache server with a secure port. It needs Java and a release with Netty,
/// and it ends with the test in any case.
struct Apache {
    address: SocketAddr,
    watchdog: std::process::Child,
    folder: PathBuf,
}

impl Apache {
    fn start(made: &Fixtures, name: &str, settings: &str, jaas: Option<&str>) -> Option<Self> {
        const WATCHDOG: &str =
            r#"java "$@" </dev/null & pid=$!; cat >/dev/null; kill -9 $pid; wait $pid"#;
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let mut releases: Vec<PathBuf> = std::fs::read_dir(target.join("zookeeper"))
            .ok()?
            .flatten()
            .map(|entry| entry.path().join("jars"))
            .filter(|jars| {
                let names = std::fs::read_dir(jars).into_iter().flatten().flatten();
                names
                    .into_iter()
                    .any(|jar| jar.file_name().to_string_lossy().contains("netty-handler"))
            })
            .collect();
        releases.sort();
        let classpath = releases.pop()?.join("*");
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = made.folder.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let text = format!(
            "tickTime=500\ndataDir={}\nsecureClientPort={port}\nsecureClientPortAddress=127.0.0.1\n\
             serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory\n\
             admin.enableServer=false\n{settings}\n",
            folder.join("data").display()
        );
        std::fs::write(folder.join("zoo.cfg"), text).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", WATCHDOG, "watchdog", "-Xmx256m", "-XX:+UseSerialGC"]);
        if let Some(jaas) = jaas {
            let file = folder.join("jaas.conf");
            std::fs::write(&file, jaas).unwrap();
            command.arg(format!("-Djava.security.auth.login.config={}", file.display()));
        }
        let watchdog = command
            .args(["-XX:TieredStopAtLevel=1", "-cp", &classpath.display().to_string()])
            .arg("org.apache.zookeeper.server.quorum.QuorumPeerMain")
            .arg(folder.join("zoo.cfg"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut server = Self { address, watchdog, folder };
        let begun = std::time::Instant::now();
        while std::net::TcpStream::connect(address).is_err() {
            if server.watchdog.try_wait().unwrap().is_some() {
                eprintln!("Java is absent: Apache's servers are left out");
                return None;
            }
            assert!(begun.elapsed() < std::time::Duration::from_mins(2), "{name} does not start");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        Some(server)
    }

    fn options(&self, tls: TlsOptions) -> zookeeper::Options {
        let mut options =
            zookeeper::Options::parse(&format!("localhost:{}", self.address.port())).unwrap();
        options.timeout = std::time::Duration::from_mins(1);
        options.dial = Arc::new(TlsDial::new(tls).unwrap());
        options
    }
}

impl Drop for Apache {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Returns the reason why a session ended before it was established.
async fn refusal(options: zookeeper::Options) -> Cause {
    let (_client, mut feed) = zookeeper::start(options);
    loop {
        match feed.next().await.expect("a cause") {
            zookeeper::Item::State(change)
                if change.cause.as_ref().is_some_and(Cause::is_final) =>
            {
                return change.cause.unwrap();
            }
            _ => {}
        }
    }
}

/// Writes a file with the server's key and certificate, as Apache's servers read them.
fn key_and_certificate(folder: &Path, name: &str) {
    let parts = ["server.key", "server.pem"].map(|part| std::fs::read(folder.join(part)).unwrap());
    std::fs::write(folder.join(name), parts.concat()).unwrap();
}

#[tokio::test]
async fn apaches_server_gets_a_certificate_if_it_wants_one() {
    let Some(made) = fixtures() else { return };
    let folder = made.folder.display();
    key_and_certificate(&made.folder, "server-both.pem");
    let settings = format!(
        "ssl.keyStore.location={folder}/server-both.pem\nssl.trustStore.location={folder}/ca.pem"
    );
    let Some(server) = Apache::start(made, "mtls", &settings, None) else { return };
    let mut tls = options(made, "ca.pem");
    tls.certificate = Some(made.locked("client.p12"));
    let (client, _feed) = zookeeper::start(server.options(tls));
    client.call(zookeeper::Create::new("/lake", "deep")).await.unwrap();
    let who = client.call(zookeeper::WhoAmI).await.unwrap();
    assert!(who.iter().any(|one| &*one.scheme == "x509" && one.user.contains("CN=ann")), "{who:?}");
    let facts = client.facts();
    assert!(facts.peer.as_ref().is_some_and(|peer| peer.tls.is_some()), "{facts:?}");
    // The session survives a lost connection.
    let before = client.facts().session;
    client.break_connection();
    let read = client.call(zookeeper::GetData::new("/lake")).await.unwrap();
    assert_eq!(read.data.as_deref(), Some(&b"deep"[..]));
    assert_eq!(client.facts().session, before);
    client.close().await.unwrap();

    let none = refusal(server.options(options(made, "ca.pem"))).await;
    assert!(none.to_string().contains("wants a client certificate"), "{none}");
    let mut stranger = options(made, "ca.pem");
    stranger.certificate = Some(made.file("stranger.pem"));
    stranger.key = Some(made.file("stranger.key"));
    let stranger = refusal(server.options(stranger)).await;
    assert!(stranger.to_string().contains("does not accept our certificate"), "{stranger}");
    let other = refusal(server.options(options(made, "other.pem"))).await;
    assert!(other.to_string().contains("does not trust"), "{other}");
}

#[cfg(feature = "sasl")]
#[tokio::test]
async fn apaches_server_accepts_digest_md5() {
    let Some(made) = fixtures() else { return };
    let folder = made.folder.display();
    key_and_certificate(&made.folder, "digest-both.pem");
    let settings = format!(
        "ssl.keyStore.location={folder}/digest-both.pem\nssl.trustStore.location={folder}/ca.pem\n\
         ssl.clientAuth=none\nsessionRequireClientSASLAuth=true\n\
         authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider"
    );
    let jaas = "Server { org.apache.zookeeper.server.auth.DigestLoginModule required \
                user_ann=\"ann pw\\\"x\"; };";
    let Some(server) = Apache::start(made, "digest", &settings, Some(jaas)) else { return };
    let with = |password: &str| {
        let mut options = server.options(options(made, "ca.pem"));
        let password = Zeroizing::new(password.to_owned());
        options.sasl = Some(Arc::new(zookeeper::DigestMd5::new("ann", password)));
        options
    };
    let (client, _feed) = zookeeper::start(with("ann pw\"x"));
    let who = client.call(zookeeper::WhoAmI).await.unwrap();
    assert!(who.iter().any(|one| &*one.scheme == "sasl" && &*one.user == "ann"), "{who:?}");
    client.break_connection();
    client.call(zookeeper::Create::new("/lake", "deep")).await.unwrap();
    client.close().await.unwrap();
    assert_eq!(refusal(with("wrong")).await, Cause::AuthFailed("sasl".into()));
}
