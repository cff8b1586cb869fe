//! Addresses as Java prints them, because the tools and ACLs of a real server contain them in this
//! form.

use std::net::{IpAddr, SocketAddr};

/// Returns the host without the port (`InetAddress.getHostAddress`). IPv6 is written as eight
/// groups, followed by the scope id if the address has one.
pub(super) fn host(address: SocketAddr) -> String {
    match (address.ip().to_canonical(), address) {
        (IpAddr::V4(ip), _) => ip.to_string(),
        (IpAddr::V6(ip), address) => {
            let groups = ip.segments().map(|group| format!("{group:x}")).join(":");
            match address {
                SocketAddr::V6(address) if address.scope_id() != 0 => {
                    format!("{groups}%{}", address.scope_id())
                }
                _ => groups,
            }
        }
    }
}

/// Returns host and port (`InetSocketAddress.toString`, as Java has written it since version 14).
pub(super) fn host_and_port(address: SocketAddr) -> String {
    let (host, port) = (host(address), address.port());
    if host.contains(':') { format!("/[{host}]:{port}") } else { format!("/{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(address: &str) -> [String; 2] {
        let address = address.parse().expect("an address");
        [host(address), host_and_port(address)]
    }

    #[test]
    fn addresses_are_as_java_writes_them() {
        assert_eq!(seen("10.0.0.1:2181"), ["10.0.0.1", "/10.0.0.1:2181"]);
        assert_eq!(seen("[::1]:2181"), ["0:0:0:0:0:0:0:1", "/[0:0:0:0:0:0:0:1]:2181"]);
        assert_eq!(seen("[fe80::ab%3]:7"), ["fe80:0:0:0:0:0:0:ab%3", "/[fe80:0:0:0:0:0:0:ab%3]:7"]);
        // A listener on all addresses reports IPv4 peers in this form.
        assert_eq!(seen("[::ffff:10.0.0.1]:2181"), ["10.0.0.1", "/10.0.0.1:2181"]);
    }
}
