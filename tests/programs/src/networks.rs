//! Two networks that play the host and the world outside, by iproute2(8): the host has 10.7.0.1 and 2a00:7::1, the world has
//! 10.7.0.2 on the same wire and, behind it, addresses of the internet and a metadata service.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use crate::Person;

/// The networks, for as long as this lives.
pub struct Networks {
    host: String,
    world: String,
    folder: TempDir,
    servers: Vec<Child>,
}

/// An address of the internet.
pub const INTERNET: &str = "93.184.216.34";
/// Another, of IPv6.
pub const INTERNET_V6: &str = "2a00:99::1";
/// A neighbour on the private network.
pub const LAN: &str = "10.7.0.2";
/// The host's own address there.
pub const HOST: &str = "10.7.0.1";

impl Networks {
    /// Makes them, with servers in both.
    pub fn make() -> Networks {
        assert!(
            rustix::process::geteuid().is_root(),
            "the tests of networks make network namespaces: run them as root; they try an ordinary user too"
        );
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let (host, world) = (format!("lbh-{number}"), format!("lbw-{number}"));
        let folder = tempfile::Builder::new().prefix("lowbox-networks-").tempdir().expect("a folder");
        let mut networks = Networks { host, world, folder, servers: Vec::new() };
        let script = format!(
            "set -e
            ip netns add {host}; ip netns add {world}
            ip link add h0 netns {host} type veth peer name w0 netns {world}
            ip -n {host} link set lo up; ip -n {world} link set lo up
            ip -n {host} addr add {HOST}/24 dev h0; ip -n {host} link set h0 up
            ip -n {host} addr add 2a00:7::1/64 dev h0 nodad
            ip -n {world} addr add {LAN}/24 dev w0
            ip -n {world} addr add {INTERNET}/32 dev lo; ip -n {world} addr add 169.254.169.254/32 dev lo
            ip -n {world} addr add 2a00:7::2/64 dev w0 nodad; ip -n {world} addr add {INTERNET_V6}/128 dev lo
            ip -n {world} link set w0 up
            ip -n {host} route add default via {LAN}; ip -n {host} route add default via 2a00:7::2",
            host = networks.host,
            world = networks.world
        );
        let made = Command::new("/bin/sh").args(["-c", &script]).output().expect("a shell");
        assert!(made.status.success(), "iproute2: {}", String::from_utf8_lossy(&made.stderr));
        let web = networks.web();
        std::fs::create_dir(&web).expect("a folder");
        let certificate = networks.folder.path().join("cert.pem");
        let script = format!(
            "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=web.example -addext \
             'subjectAltName=DNS:web.example,IP:{INTERNET}' -keyout '{0}' -out '{0}.public' 2>&1 \
             && cat '{0}.public' >> '{0}' && chmod 644 '{0}.public' && chmod 755 '{1}'",
            certificate.display(),
            networks.folder.path().display()
        );
        let made = Command::new("/bin/sh").args(["-c", &script]).output().expect("a shell");
        assert!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stdout));
        std::fs::write(networks.folder.path().join("resolv.conf"), format!("nameserver {LAN}\n"))
            .expect("a file");
        let (web, certificate) = (web.display().to_string(), certificate.display().to_string());
        networks.serve(&networks.world.clone(), &[&web, &certificate]);
        networks.serve(&networks.host.clone(), &[&web]);
        networks
    }

    fn serve(&mut self, network: &str, arguments: &[&str]) {
        let mut command = in_network(network);
        command.args(["/usr/bin/python3", "-B"]).arg(script("world.py")).args(arguments);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("nsenter(1)");
        wait_for(&mut BufReader::new(child.stdout.take().expect("piped")), "READY");
        self.servers.push(child);
    }

    /// What the world serves over TLS.
    pub fn web(&self) -> PathBuf {
        self.folder.path().join("web")
    }

    /// The certificate that its server shows.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem.public")
    }

    /// The command on the host: with its network, and the world's resolver in its resolv.conf.
    pub fn on_host(&self, command: &Command) -> Command {
        let mut on_host = in_network(&self.host);
        let script = "mount --bind \"$0\" \"$(realpath /etc/resolv.conf)\" && exec \"$@\"";
        on_host.args(["unshare", "--mount", "--", "/bin/sh", "-c", script]);
        on_host.arg(self.folder.path().join("resolv.conf"));
        copy(command, on_host)
    }

    /// `lowbox run OPTIONS -- python3 SCRIPT ARGUMENTS` on the host.
    pub fn python_inside(
        &self,
        person: &Person,
        options: &[&str],
        name: &str,
        arguments: &[&str],
    ) -> Command {
        let text = std::fs::read_to_string(script(name)).expect("a program of these tests");
        let file = person.file(name, &text).display().to_string();
        let mut command = vec!["/usr/bin/python3", "-B", &file];
        command.extend(arguments);
        self.on_host(&person.inside(options, command))
    }

    /// The command in the world.
    pub fn in_world(&self, command: &Command) -> Command {
        copy(command, in_network(&self.world))
    }
}

impl Drop for Networks {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
        for network in [&self.host, &self.world] {
            let _ = Command::new("ip").args(["netns", "del", network]).status();
        }
    }
}

fn in_network(name: &str) -> Command {
    let mut command = Command::new("nsenter");
    command.arg(format!("--net=/run/netns/{name}")).arg("--");
    command
}

fn copy(from: &Command, mut to: Command) -> Command {
    to.arg(from.get_program()).args(from.get_args());
    for (name, value) in from.get_envs() {
        match value {
            Some(value) => to.env(name, value),
            None => to.env_remove(name),
        };
    }
    if let Some(folder) = from.get_current_dir() {
        to.current_dir(folder);
    }
    to
}

/// A place, its port, and which of the capabilities open it.
pub type Place = (&'static str, u16, &'static [&'static str]);

/// One place of each kind, the servers of which all are reached from the host itself.
pub const PLACES: [Place; 12] = [
    (INTERNET, 80, &[CLIENT, SERVER]),
    (INTERNET_V6, 81, &[CLIENT, SERVER]),
    ("::ffff:93.184.216.34", 80, &[CLIENT, SERVER]),
    (LAN, 80, &[PRIVATE]),
    ("::ffff:10.7.0.2", 80, &[PRIVATE]),
    ("169.254.169.254", 80, &[]),
    ("::ffff:169.254.169.254", 80, &[]),
    ("127.0.0.1", 80, &[]),
    ("::ffff:127.0.0.1", 80, &[]),
    ("0.0.0.0", 80, &[]),
    (HOST, 80, &[]),
    ("2a00:7::1", 81, &[]),
];

/// The capabilities of networks.
pub const CLIENT: &str = "internetClient";
/// As above.
pub const SERVER: &str = "internetClientServer";
/// As above.
pub const PRIVATE: &str = "privateNetworkClientServer";

/// Every set of them.
pub fn sets_of_capabilities() -> impl Iterator<Item = Vec<&'static str>> {
    let all = [CLIENT, SERVER, PRIVATE];
    (0..8).map(move |bits| (0..3).filter(|bit| bits & 1 << bit != 0).map(|bit| all[bit]).collect())
}

/// Options of `lowbox run` that give these capabilities.
pub fn capabilities<'a>(names: &[&'a str]) -> Vec<&'a str> {
    names.iter().flat_map(|name| ["--capability", name]).collect()
}

/// A program of the tests of networks.
pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("network").join(name)
}

/// Reads until a line begins so, and returns it.
#[track_caller]
pub fn wait_for(output: &mut BufReader<ChildStdout>, beginning: &str) -> String {
    loop {
        let mut line = String::new();
        let length = output.read_line(&mut line).expect("text");
        assert!(length > 0, "it ended without {beginning}");
        if line.starts_with(beginning) {
            return line.trim_end().to_owned();
        }
    }
}
