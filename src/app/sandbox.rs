//! The sandbox of `--sandbox`: where it listens, and how others connect to it.

use std::fs::File;
use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr, TcpListener, ToSocketAddrs};
use std::path::{Path, PathBuf};

use crate::dispatch::OwnSandbox;
use crate::error::{Error, Kind, Result};
use crate::options::SandboxOptions;
use crate::sandbox::{self, ClientAuth, Clock, Handle, Settings, Users};
use crate::zk::{DEFAULT_PORT, KeyFile, SaslUser, Secret, Security, Servers, Tls, host_and_port};

/// The files of `--sandbox-tls` that clients need.
const CA: &str = "ca.pem";
const CLIENT: &str = "client.pem";
const CLIENT_KEY: &str = "client.key";

/// The largest file of users that is read, in bytes.
const LARGEST_USERS: u64 = 64 * 1024;

/// A running sandbox and its messages.
pub(super) struct Sandbox {
    handle: Handle,
    /// The connection string for others: `localhost:2181`.
    place: String,
    /// The folder of its certificates, and whether it wants one of clients.
    tls: Option<(PathBuf, bool)>,
    /// Its first user, as whom this shell authenticates.
    user: Option<SaslUser>,
}

impl Sandbox {
    /// Starts a sandbox if the options ask for one.
    pub(super) fn start(options: &SandboxOptions) -> Result<Option<Self>> {
        let Some(address) = &options.address else { return Ok(None) };
        let mut settings = Settings::default();
        for (name, value) in options.limits() {
            settings.set(name, value).map_err(|why| {
                Error::usage(format!("Not a limit of the sandbox: {name}={value}: {why}"))
            })?;
        }
        let users = options.users.as_deref().map(read_users).transpose()?.unwrap_or_default();
        let user = users.first().map(|(user, password)| SaslUser {
            user: user.clone(),
            password: Secret::new(password.clone()),
        });
        settings.users = Users::new(users);
        settings.tls.clone_from(&options.tls);
        let wants = settings.client_auth != ClientAuth::None;
        let tls = options.tls.clone().map(|folder| (folder, wants));
        let mut listeners = vec![if address.is_empty() {
            listen_anywhere()
        } else {
            listen(address, options.allow_remote)
        }?];
        while listeners.len() < options.count() {
            let last = listeners[listeners.len() - 1].local_addr();
            let last = last.map_err(|error| cannot(address, &error))?;
            listeners.push(listen_beside(last).map_err(|error| cannot(address, &error))?);
        }
        let handle = sandbox::start_ensemble(listeners, settings, Clock::System)
            .map_err(|error| Error::new(Kind::Lost, format!("Cannot start a sandbox: {error}")))?;
        let place = |bound: SocketAddr| {
            if address.is_empty() {
                format!("localhost:{}", bound.port())
            } else if bound.ip().is_unspecified() {
                let here = IpAddr::from([127, 0, 0, 1]);
                SocketAddr::new(here, bound.port()).to_string()
            } else {
                bound.to_string()
            }
        };
        let addresses = handle.control().addresses();
        let place = addresses.into_iter().map(place).collect::<Vec<_>>().join(",");
        Ok(Some(Self { handle, place, tls, user }))
    }

    /// Returns the sandbox in the form that commands use.
    pub(super) fn own(&self) -> OwnSandbox {
        OwnSandbox::new(self.handle.control())
    }

    /// Returns the connection string of the sandbox.
    pub(super) fn servers(&self) -> Result<Servers> {
        let scheme = if self.tls.is_some() { "tls://" } else { "" };
        format!("{scheme}{}", self.place).parse()
    }

    /// Returns how this shell connects to the sandbox.
    pub(super) fn security(&self) -> Security {
        let file = |folder: &Path, name| KeyFile { path: folder.join(name), password: None };
        let tls = self.tls.as_ref().map(|(folder, wants)| Tls {
            trust: file(folder, CA),
            certificate: wants.then(|| file(folder, CLIENT)),
            key: wants.then(|| file(folder, CLIENT_KEY)),
            verify_hostname: true,
            tls12: true,
            tls13: true,
        });
        Security { tls, sasl: self.user.clone(), kerberos: None }
    }

    /// Returns the command that joins the sandbox from another terminal.
    fn join(&self) -> String {
        let mut words = vec!["zksh".to_owned()];
        if !self.servers().is_ok_and(|servers| servers == Servers::default()) {
            let scheme = if self.tls.is_some() { "tls://" } else { "" };
            words.push(format!("-server {scheme}{}", self.place));
        }
        if let Some((folder, wants)) = &self.tls {
            let file = |name| quoted(&folder.join(name).display().to_string());
            words.push(format!("--cacert {}", file(CA)));
            if *wants {
                words.push(format!("--cert {} --key {}", file(CLIENT), file(CLIENT_KEY)));
            }
        }
        if let Some(user) = &self.user {
            words.push(format!("--sasl digest-md5 --user {}", quoted(&user.user)));
        }
        words.join(" ")
    }

    /// Returns a message that describes the sandbox and how another terminal connects.
    pub(super) fn greeting(&self) -> String {
        let join = self.join();
        let what = match self.handle.control().addresses().len() {
            1 => format!("Sandbox on {}: ZooKeeper in memory", self.addresses()),
            // The second line contains their addresses, which would make this one too long.
            count => format!("Sandbox of {count} servers: an ensemble simulated in memory"),
        };
        format!("{what}; it ends with this shell\nJoin it: {join}")
    }

    /// Returns the message that clients may connect, for programs that wait for it.
    pub(super) fn readiness(&self) -> String {
        let ready = format!("Sandbox ready on {}\n", self.addresses());
        if self.tls.is_none() && self.user.is_none() {
            return ready;
        }
        format!("{ready}Join it: {}\n", self.join())
    }

    fn addresses(&self) -> String {
        let addresses = self.handle.control().addresses();
        addresses.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(",")
    }
}

/// Reads the users of a sandbox: a line `user:password` for each.
fn read_users(file: &Path) -> Result<Vec<(String, String)>> {
    let mut text = String::new();
    File::open(file).and_then(|open| open.take(LARGEST_USERS).read_to_string(&mut text)).map_err(
        |error| Error::new(Kind::Refused, format!("Cannot read {}: {error}", file.display())),
    )?;
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let users = lines.map(|(line, number)| match line.split_once(':') {
        Some((user, password)) if !user.is_empty() && !password.is_empty() => {
            Ok((user.to_owned(), password.to_owned()))
        }
        // The line may hold a password, so it is not shown.
        _ => Err(Error::usage(format!("{}:{number}: not user:password", file.display()))),
    });
    let users = users.collect::<Result<Vec<_>>>()?;
    if users.is_empty() {
        return Err(Error::usage(format!("{} names no user", file.display())));
    }
    Ok(users)
}

/// Quotes a word for the system's shell, where that is necessary.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Binds the port after `last`, or any free port if that is taken.
fn listen_beside(last: SocketAddr) -> io::Result<TcpListener> {
    let next = last.port().checked_add(1).map(|port| SocketAddr::new(last.ip(), port));
    let free = SocketAddr::new(last.ip(), 0);
    next.map_or_else(|| TcpListener::bind(free), TcpListener::bind)
        .or_else(|_| TcpListener::bind(free))
}

/// Binds ZooKeeper's usual port if it is free, so that other clients find it by default.
fn listen_anywhere() -> Result<TcpListener> {
    let home = [127, 0, 0, 1];
    TcpListener::bind(SocketAddr::from((home, DEFAULT_PORT)))
        .or_else(|_| TcpListener::bind(SocketAddr::from((home, 0))))
        .map_err(|error| cannot("127.0.0.1", &error))
}

fn listen(address: &str, allow_remote: bool) -> Result<TcpListener> {
    let addresses: Vec<SocketAddr> = host_and_port(address)?
        .to_socket_addrs()
        .map_err(|error| cannot(address, &error))?
        .collect();
    if !allow_remote && !addresses.iter().all(|address| address.ip().is_loopback()) {
        return Err(Error::usage(format!(
            "Cannot listen on {address}: other machines could connect, and the sandbox trusts every client"
        ))
        .with_hint("pass --allow-remote to allow it"));
    }
    TcpListener::bind(&addresses[..]).map_err(|error| cannot(address, &error))
}

fn cannot(address: &str, error: &io::Error) -> Error {
    Error::new(Kind::Lost, format!("Cannot listen on {address}: {error}"))
}
