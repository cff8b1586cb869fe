//! The sandbox of `--sandbox`: where it listens, and how others connect to it.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, ToSocketAddrs};

use crate::dispatch::OwnSandbox;
use crate::error::{Error, Kind, Result};
use crate::options::SandboxOptions;
use crate::sandbox::{self, Clock, Handle, Settings};
use crate::zk::{DEFAULT_PORT, Servers, host_and_port};

/// A running sandbox and its messages.
pub(super) struct Sandbox {
    handle: Handle,
    /// The connection string for others: `localhost:2181`.
    place: String,
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
        Ok(Some(Self { handle, place }))
    }

    /// Returns the sandbox in the form that commands use.
    pub(super) fn own(&self) -> OwnSandbox {
        OwnSandbox::new(self.handle.control())
    }

    /// Returns the connection string of the sandbox.
    pub(super) fn servers(&self) -> Result<Servers> {
        self.place.parse()
    }

    /// Returns a message that describes the sandbox and how another terminal connects.
    pub(super) fn greeting(&self) -> String {
        let join = if self.servers().is_ok_and(|servers| servers == Servers::default()) {
            "zksh".to_owned()
        } else {
            format!("zksh -server {}", self.place)
        };
        let what = match self.handle.control().addresses().len() {
            1 => format!("Sandbox on {}: ZooKeeper in memory", self.addresses()),
            // The second line contains their addresses, which would make this one too long.
            count => format!("Sandbox of {count} servers: an ensemble simulated in memory"),
        };
        format!("{what}, gone with this shell\nJoin it: {join}")
    }

    /// Returns the message that clients may connect, for programs that wait for it.
    pub(super) fn readiness(&self) -> String {
        format!("Sandbox ready on {}\n", self.addresses())
    }

    fn addresses(&self) -> String {
        let addresses = self.handle.control().addresses();
        addresses.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(",")
    }
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
            "Cannot listen on {address}: the sandbox trusts whoever connects, and that is not this \
             machine alone"
        ))
        .with_hint("pass --allow-remote to allow it"));
    }
    TcpListener::bind(&addresses[..]).map_err(|error| cannot(address, &error))
}

fn cannot(address: &str, error: &io::Error) -> Error {
    Error::new(Kind::Lost, format!("Cannot listen on {address}: {error}"))
}
