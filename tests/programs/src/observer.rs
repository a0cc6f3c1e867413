//! An independent observer of what a program opens and connects to: strace(1), on the same scenario without lowbox.

use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::lesson::{Lesson, accesses, text};
use crate::run::finish;

/// What strace(1) saw.
#[derive(Debug, Default)]
pub struct Observed {
    /// Paths that were opened with success, by the descriptor that came of it.
    pub opened: BTreeSet<String>,
    /// Addresses that were connected or sent to: `93.184.216.34:443/tcp`.
    pub reached: BTreeSet<String>,
    /// The same with those that failed.
    pub tried: BTreeSet<String>,
    /// All it wrote.
    text: String,
}

/// Options of strace(1) for [`Observed::read`].
pub const STRACE: [&str; 8] = ["strace", "-f", "-qq", "-yy", "-s", "4096", "-e", "trace=%file,%network"];

impl Observed {
    /// Reads what strace(1) wrote with [`STRACE`].
    pub fn read(text: String) -> Observed {
        let mut observed = Observed::default();
        for line in text.lines() {
            // After the number of the process, which the file has of each.
            let call = line.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
            match call.split_once('(').map(|(name, _)| name) {
                Some("open" | "openat" | "creat") => observed.opened.extend(opened(call)),
                Some("connect" | "sendto" | "sendmsg" | "sendmmsg") => {
                    let Some(peer) = peer(call) else { continue };
                    let failed = call.rsplit_once(" = ").is_some_and(|(_, result)| {
                        result.starts_with('-') && !result.contains("EINPROGRESS")
                    });
                    observed.tried.insert(peer.clone());
                    if !failed {
                        observed.reached.insert(peer);
                    }
                }
                _ => {}
            }
        }
        observed.text = text;
        observed
    }

    /// Whether a call has named the file.
    fn mentions(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.text.contains(name)
    }
}

fn opened(call: &str) -> Option<String> {
    let (_, result) = call.rsplit_once(" = ")?;
    let path = result.split_once('<')?.1.strip_suffix('>')?;
    // As the kernel shows a name that is gone by now; and of a device its numbers.
    let path = path.split_once(">(deleted)").map_or(path, |(path, _)| path);
    let path = path.split_once('<').map_or(path, |(path, _)| path);
    Some(path.trim_end_matches(" (deleted)").to_owned()).filter(|path| path.starts_with('/'))
}

/// The internet address in a call's text, with the protocol of its socket.
fn peer(call: &str) -> Option<String> {
    let between = |before: &str, after: &str| -> Option<String> {
        let (_, rest) = call.split_once(before)?;
        Some(rest.split_once(after)?.0.to_owned())
    };
    let (address, port) = match call.contains("sin6_port") {
        true => (between("inet_pton(AF_INET6, \"", "\"")?, between("sin6_port=htons(", ")")?),
        false => (between("inet_addr(\"", "\"")?, between("sin_port=htons(", ")")?),
    };
    let address: IpAddr = address.parse::<IpAddr>().ok()?.to_canonical();
    let protocol = if call.split_once('<')?.1.starts_with("UDP") { "udp" } else { "tcp" };
    Some(match address {
        IpAddr::V4(address) => format!("{address}:{port}/{protocol}"),
        IpAddr::V6(address) => format!("[{address}]:{port}/{protocol}"),
    })
}

/// Names that are made up anew for each run.
fn anonymous(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    if let Some((name, _)) = name.split_once(".pyc.") {
        return format!("{folder}/{name}.pyc.*");
    }
    // git's, of mkstemp(3).
    if folder.ends_with("/.git") && name.len() == 7 && name.starts_with('t') {
        return format!("{folder}/t*");
    }
    match name.strip_prefix("tmp_").and_then(|name| name.rsplit_once('_')) {
        Some((kind, _)) => format!("{folder}/tmp_{kind}_*"),
        None => path.to_owned(),
    }
}

/// Rights for which a file is opened, and nothing else is done.
const OPENS: [&str; 4] = ["read", "write", "append", "list"];

impl Lesson<'_> {
    /// Learns, then lets strace(1) watch the same scenario in the same environment: what it sees opened or connected and the access
    /// check denies is in the records, none missing and none invented. `own` are places that differ from run to run.
    #[track_caller]
    pub fn sees_what_strace_sees(&self) {
        let name = &self.person().name;
        let trace = self.person().work().join("observed.trace");
        self.learn(&trace);
        let header = header(&trace);
        let environment = self.environment(&header);
        let seen = self.person().work().join("strace.txt");
        let words = STRACE.into_iter().chain(["-o", text(&seen)]);
        let mut plain = self.person().plain(words.chain(self.command().iter().map(String::as_str)));
        plain.env_clear().envs(environment.iter().cloned());
        self.run(plain).succeeded();
        let observed = Observed::read(fs::read_to_string(&seen).expect("what strace saw"));
        let packages = self.packages();
        // What comes with the program, and was granted while it was learned about.
        let brought: Vec<String> =
            granted(&header).iter().filter_map(|grant| Some(grant.rsplit_once(':')?.0.to_owned())).collect();
        let place = |path: &str| {
            // The container's own, and what everybody has: to ask about each file of it takes its time.
            let own = ["/proc/", "/dev/pts", "/dev/tty", "/tmp/", "/usr/", text(&packages)];
            let own_files = ["/etc/resolv.conf", "/etc/passwd", "/etc/group"];
            own.iter().any(|place| path.starts_with(place))
                || own_files.contains(&path)
                || brought.iter().any(|place| Path::new(path).starts_with(place))
        };
        let denied: BTreeSet<String> = observed
            .opened
            .iter()
            .filter(|path| !place(path) && !self.is_granted(&["--for-path", path]))
            .map(|path| anonymous(path))
            .collect();
        let recorded = accesses(&trace);
        let paths = |rights: &dyn Fn(&str) -> bool| -> BTreeSet<String> {
            let all = recorded.iter().filter(|one| one["right"].as_str().is_some_and(rights));
            all.filter_map(|one| Some(anonymous(one["object"]["path"].as_str()?))).collect()
        };
        let (all, opens) = (paths(&|_| true), paths(&|right| OPENS.contains(&right)));
        let missing: Vec<_> = denied.difference(&all).collect();
        assert_eq!(missing, Vec::<&String>::new(), "{name}: opened, denied and not recorded");
        let invented: Vec<_> = opens.difference(&denied).collect();
        assert_eq!(invented, Vec::<&String>::new(), "{name}: recorded, and not opened or not denied");
        let unheard: Vec<_> =
            all.iter().filter(|path| !path.ends_with('*') && !observed.mentions(path)).collect();
        assert_eq!(unheard, Vec::<&String>::new(), "{name}: recorded, and in no call");
        self.compare_addresses(&observed, &recorded);
    }

    #[track_caller]
    fn compare_addresses(&self, observed: &Observed, recorded: &[Value]) {
        let name = &self.person().name;
        // A resolver's place is taken by the container's own: what is recorded is the name.
        let is_resolver = |peer: &&String| peer.contains(":53/");
        let denied: BTreeSet<&String> = observed
            .reached
            .iter()
            .filter(|peer| !is_resolver(peer) && !self.is_granted(&["--connect", peer]))
            .collect();
        let peers: BTreeSet<String> = recorded
            .iter()
            .map(|one| &one["object"])
            .filter(|object| object["kind"] == "network")
            .filter_map(|object| {
                let (address, protocol) = (object["address"].as_str()?, object["protocol"].as_str()?);
                let address = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
                Some(format!("{address}:{}/{protocol}", object["port"]))
            })
            .collect();
        let missing: Vec<_> = denied.iter().filter(|peer| !peers.contains(**peer)).collect();
        assert!(missing.is_empty(), "{name}: connected, denied and not recorded: {missing:?} of {peers:?}");
        let invented: Vec<_> = peers.iter().filter(|peer| !observed.tried.contains(*peer)).collect();
        assert!(invented.is_empty(), "{name}: recorded, and not connected: {invented:?}");
        let asks = observed.tried.iter().any(|peer| is_resolver(&peer));
        let names = recorded.iter().any(|one| one["object"]["kind"] == "host-name");
        assert_eq!(asks, names, "{name}: a resolver was asked");
    }

    /// What the access check says, to `lowbox explain`.
    fn is_granted(&self, asked: &[&str; 2]) -> bool {
        let mut words = vec!["explain", "--json", "--name", "observed"];
        let (peer, protocol) = asked[1].rsplit_once('/').unwrap_or((asked[1], ""));
        match asked[0] {
            "--connect" => words.extend(["--connect", peer]),
            _ => words.push(asked[1]),
        }
        let ended = finish(self.person().lowbox(&words), 60);
        let answer: Value = serde_json::from_str(&ended.succeeded()).expect("JSON");
        match asked[0] {
            "--connect" => answer["granted"][protocol].as_bool().expect("yes or no"),
            _ => answer["granted"].as_bool().expect("yes or no"),
        }
    }

    /// Where packages have what is theirs.
    fn packages(&self) -> PathBuf {
        self.person().home().join(".local/share/lowbox/packages")
    }

    /// What the program's environment is while it is learned about.
    fn environment(&self, header: &Value) -> Vec<(String, String)> {
        let trace = self.person().work().join("environment.trace");
        let told = self.learn_about(&trace, &["/usr/bin/env", "-0"]);
        let words = told.split('\0').filter_map(|word| word.split_once('='));
        let own = self.packages().join(header["package"].as_str().expect("a name")).join("LocalState");
        words
            .map(|(name, value)| match name {
                // Each command has its own.
                "HOME" => (name.to_owned(), text(&own).to_owned()),
                _ => (name.to_owned(), value.to_owned()),
            })
            .collect()
    }
}

/// The beginning of a record file's section.
fn header(trace: &Path) -> Value {
    let text = fs::read_to_string(trace).expect("a record file");
    let mut lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.find_map(|mut line| line.get_mut("run").map(Value::take)).expect("a header")
}

/// The grants that the run had, which come with the program.
fn granted(header: &Value) -> Vec<String> {
    let grants = header["grants"].as_array().into_iter().flatten();
    grants.filter_map(|grant| Some(grant.as_str()?.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_strace_are_read() {
        let text = concat!(
            "12 openat(AT_FDCWD</w>, \"a\", O_RDONLY) = 3</w/a>\n",
            "12 openat(AT_FDCWD</w>, \"b\", O_RDONLY) = -1 ENOENT (No such file or directory)\n",
            "12 openat(AT_FDCWD</w>, \"/dev/null\", O_RDWR) = 4</dev/null<char 1:3>>\n",
            "12 connect(5<TCP:[7]>, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"10.0.0.1\")}, 16) = 0\n",
            "12 connect(5<TCPv6:[7]>, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), ",
            "inet_pton(AF_INET6, \"2a00::1\", &sin6_addr), sin6_scope_id=0}, 28) = -1 EINPROGRESS (Operation now in progress)\n",
            "12 connect(6<UDP:[8]>, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr(\"10.0.0.2\")}, 16) = -1 ENETUNREACH\n",
        );
        let observed = Observed::read(text.to_owned());
        assert_eq!(observed.opened.iter().collect::<Vec<_>>(), ["/dev/null", "/w/a"]);
        assert_eq!(observed.reached.iter().collect::<Vec<_>>(), ["10.0.0.1:80/tcp", "[2a00::1]:443/tcp"]);
        assert!(observed.tried.contains("10.0.0.2:9/udp"));
        assert!(observed.mentions("/w/a"));
    }
}
