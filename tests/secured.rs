//! Secured ensembles: TLS and SASL in the shell, against the sandbox and Apache's servers.

mod admin;
mod apache;
mod apache_words;
mod bad_input;
mod config;
mod doctor;
#[cfg(not(feature = "kerberos"))]
mod jaas;
#[cfg(feature = "kerberos")]
mod kerberos;
mod options;
mod rsa;
mod sasl;
mod tls;

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use zksh::sandbox::{self, Clock, Control, Handle, Settings, Users};

use crate::support::certificates::{Authority, Pair, params};
use crate::support::shell::{Ran, Zksh, bare};

/// Runs a program of the system. Returns false if it is missing or fails.
fn tool(folder: &Path, words: &str) -> bool {
    let mut words = words.split_whitespace();
    let status = Command::new(words.next().unwrap())
        .args(words)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

/// A sandbox with TLS and certificates made by the test. Its folder also has client certificates.
struct Secured {
    folder: tempfile::TempDir,
    authority: Authority,
    handle: Option<Handle>,
    settings: Settings,
}

impl Secured {
    /// Starts a sandbox that requires client certificates and has a certificate for localhost.
    fn start() -> Self {
        Self::with(|_| {})
    }

    /// Starts a sandbox with changed settings.
    fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut secured = Self::prepared(change);
        secured.serve(1);
        secured
    }

    fn prepared(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new("test-CA");
        fs::write(folder.path().join("ca.pem"), &authority.pem).unwrap();
        let server = authority.issue(&params("localhost", &["localhost", "127.0.0.1"]));
        server.write(folder.path(), "server");
        authority.issue(&params("ann", &[])).write(folder.path(), "client");
        let mut settings = Settings {
            tick: Duration::from_millis(100),
            max_session_timeout: Some(Duration::from_mins(2)),
            max_connections: 0,
            tls: Some(folder.path().to_owned()),
            ..Settings::default()
        };
        change(&mut settings);
        Self { folder, authority, handle: None, settings }
    }

    /// Starts this many servers in place of the earlier ones.
    fn serve(&mut self, servers: usize) {
        self.handle = None;
        let listeners = (0..servers).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let settings = self.settings.clone();
        self.handle = Some(sandbox::start_ensemble(listeners, settings, Clock::System).unwrap());
    }

    fn control(&self) -> Control {
        self.handle.as_ref().unwrap().control()
    }

    fn handle(&self) -> &Handle {
        self.handle.as_ref().unwrap()
    }

    /// Replaces the certificate of the server.
    fn server_has(&self, pair: &Pair) {
        pair.write(self.folder.path(), "server");
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        fs::write(self.folder.path().join(name), text).unwrap();
        self.file(name)
    }

    /// Returns the servers under another host name of this machine.
    fn at(&self, host: &str) -> String {
        let addresses = self.control().addresses();
        let ports = addresses.iter().map(|address| format!("{host}:{}", address.port()));
        ports.collect::<Vec<_>>().join(",")
    }

    /// Prepares a shell without a client certificate.
    fn anonymous(&self) -> Zksh {
        self.trusting("ca.pem")
    }

    /// Prepares a shell that trusts the certificates in this file and has no client certificate.
    fn trusting(&self, cacert: &str) -> Zksh {
        let server = format!("tls://{}", self.at("localhost"));
        bare().args(["-server", &server, "--cacert", &self.file(cacert)])
    }

    /// Prepares a shell with a valid client certificate.
    fn ann(&self) -> Zksh {
        self.showing("client.pem", "client.key")
    }

    /// Prepares a shell with this certificate and key.
    fn showing(&self, cert: &str, key: &str) -> Zksh {
        self.anonymous().args(["--cert", &self.file(cert), "--key", &self.file(key)])
    }

    /// Adds SASL credentials to a shell.
    fn sasl(&self, shell: Zksh, user: &str, password: &str) -> Zksh {
        let file = self.write(&format!("password-of-{user}"), format!("{password}\n"));
        shell.args(["--sasl", "digest-md5", "--user", user, "--password-file", &file])
    }
}

fn users(users: &[(&str, &str)]) -> Users {
    Users::new(users.iter().map(|&(user, password)| (user.to_owned(), password.to_owned())))
}

/// The page that lists the failures.
const PAGE: &str = include_str!("../docs/secured.md");

/// Runs `ls /`, which must fail with this status and message, before any timeout. If the message is
/// about a failed connection, the page must contain it.
#[track_caller]
fn fails(shell: Zksh, status: i32, wanted: &str) -> Ran {
    assert!(status != 3 || PAGE.contains(wanted), "not in docs/secured.md: {wanted}");
    let begun = std::time::Instant::now();
    let ran = shell.args(["ls", "/"]).run();
    assert!(ran.stderr.contains(wanted), "wanted: {wanted}\n{ran:?}");
    assert_eq!((ran.status, ran.stdout.as_str()), (status, ""), "{}", ran.stderr);
    // Far less than the session timeout of 30 s, even on a busy machine.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    ran
}

/// Runs `ls /`, which must succeed.
#[track_caller]
fn works(shell: Zksh) {
    let ran = shell.args(["ls", "/"]).run();
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
}
