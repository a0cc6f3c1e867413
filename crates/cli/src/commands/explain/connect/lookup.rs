//! The addresses of a name, as the host knows them.

use std::net::IpAddr;
use std::process::Command;

use lowbox_policy::network::AllowedHost;

use crate::failure::Failure;

/// Addresses that are looked at.
const MOST: usize = 16;

/// What a host is.
pub struct Found {
    /// Each once.
    pub addresses: Vec<IpAddr>,
    /// By hosts(5), so that no resolver was asked.
    pub by_table: bool,
}

/// An address is itself; a name is looked up in hosts(5), and else by getent(1), which asks whom the host's programs ask.
///
/// # Errors
/// When the host does not know the name.
pub fn look_up(host: &AllowedHost) -> Result<Found, Failure> {
    if let Some(address) = host.address() {
        return Ok(Found { addresses: vec![address], by_table: false });
    }
    let table = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    let addresses = in_table(host, &table);
    if !addresses.is_empty() {
        return Ok(Found { addresses, by_table: true });
    }
    // A statically linked program can't use the host's modules for names (nsswitch.conf(5)).
    let told = Command::new("getent").args(["ahosts", &host.name]).output();
    let told = told.map_err(|error| {
        Failure::new(format!(
            "getent, which looks names up: {error}; give an address in place of {}",
            host.name
        ))
    })?;
    let addresses = in_lines(&String::from_utf8_lossy(&told.stdout), |_| true);
    if addresses.is_empty() {
        return Err(Failure::new(format!(
            "this machine does not know the name {}; give an address in its place",
            host.name
        )));
    }
    Ok(Found { addresses, by_table: false })
}

fn in_table(host: &AllowedHost, table: &str) -> Vec<IpAddr> {
    in_lines(table, |names| names.split_whitespace().any(|name| host.is_named(name)))
}

/// The addresses at the beginning of lines whose rest is wanted.
fn in_lines(text: &str, wanted: impl Fn(&str) -> bool) -> Vec<IpAddr> {
    let mut addresses = Vec::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim_start();
        let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let Ok(address) = first.parse::<IpAddr>() else { continue };
        let address = address.to_canonical();
        if wanted(rest) && !addresses.contains(&address) && addresses.len() < MOST {
            addresses.push(address);
        }
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_names_and_the_lines_of_getent_are_read_alike() {
        let host: AllowedHost = "nas.local".parse().unwrap();
        let table = "127.0.0.1 localhost\n10.0.0.5\tNAS.local nas # here\n#10.0.0.6 nas.local\n::ffff:10.0.0.7 x nas.local\n";
        assert_eq!(
            in_table(&host, table),
            ["10.0.0.5".parse::<IpAddr>().unwrap(), "10.0.0.7".parse().unwrap()]
        );
        let lines = "93.184.216.34   STREAM web.example\n93.184.216.34   DGRAM  \n2a00:99::1 STREAM \n";
        assert_eq!(in_lines(lines, |_| true).len(), 2);
    }
}
