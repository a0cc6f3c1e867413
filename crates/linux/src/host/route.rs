//! What the host's routes say of an address, for explanations.

use std::net::IpAddr;

use lowbox_policy::network::Route;

use crate::network::route::Routes;

/// What becomes of a packet to `address`.
///
/// # Errors
/// When the kernel can't be asked; then nothing may be concluded.
pub fn route_to(address: IpAddr) -> std::io::Result<Route> {
    Routes::open()?.of(address.to_canonical())
}
