//! The addresses of a host, as this machine knows them.

use lowbox_linux::host::{Addresses, LookupError, look_up as look_up_name};
use lowbox_policy::network::AllowedHost;

use crate::failure::Failure;

/// An address is itself; a name is looked up.
///
/// # Errors
/// When the host does not know the name.
pub fn look_up(host: &AllowedHost) -> Result<Addresses, Failure> {
    if let Some(address) = host.address() {
        return Ok(Addresses { addresses: vec![address], by_table: false });
    }
    look_up_name(&host.name, |name| host.is_named(name)).map_err(|error| match error {
        LookupError::Getent(_) => Failure::new(format!("{error}; give an address in place of {}", host.name)),
        LookupError::Unknown => Failure::new(format!(
            "this machine does not know the name {}; give an address in its place",
            host.name
        )),
    })
}
