//! What the host's routes say of an address, for explanations: the kernel is asked by a datagram socket to which nothing is sent.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

use lowbox_policy::network::Route;

/// What becomes of a packet to `address`: it stays on the host if the kernel would send it from the address itself, and only a
/// broadcast wants an option (socket(7), SO_BROADCAST).
pub fn route_to(address: IpAddr) -> Route {
    let any: IpAddr =
        if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let Ok(socket) = UdpSocket::bind((any, 0)) else { return Route::Other };
    // Discard (RFC 863); any port would do.
    match socket.connect((address, 9)) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Route::Broadcast,
        Ok(()) if socket.local_addr().is_ok_and(|own| own.ip() == address) => Route::Local,
        _ => Route::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_own_address_is_local_and_its_networks_last_one_a_broadcast() {
        for (address, route) in [
            ("127.0.0.1", Route::Local),
            ("127.255.255.255", Route::Broadcast),
            ("192.0.2.1", Route::Other),
            ("2001:db8::1", Route::Other),
        ] {
            assert_eq!(route_to(address.parse().unwrap()), route, "{address}");
        }
    }
}
