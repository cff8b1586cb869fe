//! Detects connections from this very process: those of the shell that the sandbox belongs to.

use std::fs;
use std::net::{IpAddr, SocketAddr};

/// Returns whether `peer` is a socket of this process that is connected to `local`. Always false
/// except on Linux, where `/proc` lists the sockets.
pub(super) fn is_own(peer: SocketAddr, local: SocketAddr) -> bool {
    let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];
    let sockets = tables.iter().filter_map(|table| fs::read_to_string(table).ok());
    let wanted = |address: SocketAddr, field: &str| {
        parse(field).is_some_and(|known| {
            known.ip().to_canonical() == address.ip().to_canonical()
                && known.port() == address.port()
        })
    };
    sockets.into_iter().any(|table| {
        table.lines().any(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let [_, from, to, ..] = fields[..] else { return false };
            wanted(peer, from)
                && wanted(local, to)
                && fields.get(9).is_some_and(|inode| holds(&format!("socket:[{inode}]")))
        })
    })
}

/// Returns whether this process has an open file descriptor that links to `target`.
fn holds(target: &str) -> bool {
    let Ok(files) = fs::read_dir("/proc/self/fd") else { return false };
    files.flatten().any(|file| {
        fs::read_link(file.path())
            .is_ok_and(|link| link.as_os_str() == std::ffi::OsStr::new(target))
    })
}

/// Parses an address from `/proc/net/tcp`: hexadecimal words in the machine's byte order, then the
/// port.
fn parse(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let mut bytes = Vec::new();
    for word in address.as_bytes().chunks(8) {
        let word = u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()?;
        bytes.extend(word.to_ne_bytes());
    }
    let address = match bytes.len() {
        4 => IpAddr::from(*bytes.first_chunk::<4>()?),
        16 => IpAddr::from(*bytes.first_chunk::<16>()?),
        _ => return None,
    };
    Some(SocketAddr::new(address, port))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_socket_of_this_process_is_told_from_others() {
        for home in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(home) else { continue };
            let local = listener.local_addr().expect("bound");
            let client = TcpStream::connect(local).expect("listening");
            let peer = client.local_addr().expect("connected");
            assert!(is_own(peer, local), "{home}");
            assert!(!is_own(SocketAddr::new(peer.ip(), 1), local), "nobody's");
            drop((client, listener));
        }
    }
}
