//! The addresses of a name, as the host knows them.

use std::io::{self, Read};
use std::net::IpAddr;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Addresses that are looked at.
const MOST: usize = 16;
/// Until a name is given up: three resolvers are asked twice, for five seconds each (resolv.conf(5)).
const PATIENCE: Duration = Duration::from_secs(40);
/// What is read of an answer, in bytes.
const MAX_TEXT: u64 = 64 << 10;

/// What a host is.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// Each once.
    pub addresses: Vec<IpAddr>,
    /// By hosts(5), so that no resolver was asked.
    pub by_table: bool,
}

/// Why a name has no address.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The program that asks is missing.
    #[error("getent, which looks names up: {0}")]
    Getent(io::Error),
    /// Nobody knows it.
    #[error("this machine does not know the name")]
    Unknown,
}

/// Looks a name up in hosts(5), where `is_named` says which lines are its own, and else by getent(1), which asks whom the host's programs ask.
///
/// # Errors
/// When the host does not know the name.
pub fn look_up(name: &str, is_named: impl Fn(&str) -> bool) -> Result<Addresses, LookupError> {
    let table = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    let addresses = in_lines(&table, |names| names.split_whitespace().any(&is_named));
    if !addresses.is_empty() {
        return Ok(Addresses { addresses, by_table: true });
    }
    // A statically linked program can't use the host's modules for names (nsswitch.conf(5)).
    let mut getent = Command::new("getent");
    getent.args(["ahosts", "--", name]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let told = output(getent).map_err(LookupError::Getent)?;
    let addresses = in_lines(&String::from_utf8_lossy(&told), |_| true);
    if addresses.is_empty() {
        Err(LookupError::Unknown)
    } else {
        Ok(Addresses { addresses, by_table: false })
    }
}

/// What a program prints, in bounded time.
fn output(mut program: Command) -> io::Result<Vec<u8>> {
    let mut child = program.spawn()?;
    let stdout = child.stdout.take();
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = Vec::new();
        let read = stdout.map(|stdout| stdout.take(MAX_TEXT).read_to_end(&mut text));
        // Nobody listens any more when it took too long.
        let _ = send.send(read.transpose().map(|_| text));
    });
    let told = receive.recv_timeout(PATIENCE).unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    // It has said all that is read of it, or says nothing.
    let _ = child.kill();
    child.wait()?;
    told
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
        let is_nas =
            |names: &str| names.split_whitespace().any(|name| name.eq_ignore_ascii_case("nas.local"));
        let table = "127.0.0.1 localhost\n10.0.0.5\tNAS.local nas # here\n#10.0.0.6 nas.local\n::ffff:10.0.0.7 x nas.local\n";
        let found = in_lines(table, is_nas);
        assert_eq!(found, ["10.0.0.5".parse::<IpAddr>().unwrap(), "10.0.0.7".parse().unwrap()]);
        let lines = "93.184.216.34   STREAM web.example\n93.184.216.34   DGRAM  \n2a00:99::1 STREAM \n";
        assert_eq!(in_lines(lines, |_| true).len(), 2);
    }
}
