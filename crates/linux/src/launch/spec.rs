//! Everything a launch needs, decided beforehand: data that pid 1 only reads.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use lowbox_policy::{Plan, os_bytes};
use serde::{Deserialize, Serialize};

use crate::display::OwnDisplay;
use crate::limits::Limits;
use crate::wine::WineSpec;

/// A program to start in an AppContainer. Pid 1 gets it in its serialized form.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Spec {
    /// What of the host it sees, with which rights.
    pub plan: Plan,
    /// Paths granted to this package or by this command (data, grants, arguments, the program's prefix). Under root they
    /// reach the program through id-mapped mounts; everything else is reached as *other*.
    #[serde(with = "os_bytes::list")]
    pub personal: Vec<PathBuf>,
    /// The program, as the container sees it.
    #[serde(with = "os_bytes")]
    pub program: PathBuf,
    /// Its arguments, the zeroth included.
    #[serde(with = "os_bytes::list")]
    pub arguments: Vec<OsString>,
    /// Its whole environment.
    #[serde(with = "os_bytes::pairs")]
    pub environment: Vec<(OsString, OsString)>,
    /// Where it starts.
    #[serde(with = "os_bytes")]
    pub working_directory: PathBuf,
    /// The package's private data; none where nothing of the program is to last.
    pub data: Option<PackageData>,
    /// Where the package's lasting temporary files are inside.
    pub temp_inside: String,
    /// Who it runs as.
    pub user: ContainerUser,
    /// What it may use.
    pub limits: Limits,
    /// The text of its resolv.conf(5), where it has a network.
    pub resolver_file: Option<String>,
    /// Report opens, so that denials can be explained.
    pub observe: bool,
    /// What the program may ask for while it runs, if it may.
    pub asks: Option<Asks>,
    /// It is to be learned what the program needs: it sees the host's tree and its network, and what it does is reported.
    pub learns: Option<Learns>,
    /// What fails under these very rules is to be told: what the program does is reported as where it is learned about.
    pub verifies: Option<Verifies>,
    /// It is a Windows program, which Wine runs.
    pub wine: Option<WineSpec>,
    /// A display of its own.
    pub display: Option<OwnDisplay>,
    /// The container is kept for more programs of this package: programs are started by orders (`crate::keep`), the first one too.
    pub kept: bool,
    /// Pipes among 0–2 that are lent as they are.
    pub lent_pipes: Vec<i32>,
    /// Descriptors beyond 0–2 that it inherits, already checked.
    pub extra_descriptors: Vec<i32>,
}

/// Where everything of a program's own is that does not last.
pub(crate) const IN_MEMORY: &str = "/tmp";

/// HOME inside.
pub(crate) fn home(data: Option<&PackageData>) -> &Path {
    data.map_or(Path::new(IN_MEMORY), |data| &data.local_state)
}

impl Spec {
    /// HOME inside.
    pub fn home(&self) -> &Path {
        home(self.data.as_ref())
    }
}

/// Where a program may ask for what it touches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asks {
    /// The user-file frontier ([`lowbox_policy::frontier`]).
    #[serde(with = "os_bytes::list")]
    pub frontier: Vec<PathBuf>,
    /// Paths that the user named and that are not granted: the first look at one counts as a touch.
    #[serde(with = "os_bytes::list")]
    pub probes: Vec<PathBuf>,
    /// Folders granted for reading that hold what a read-only mount does not keep from being written: they need exact rights.
    #[serde(with = "os_bytes::list")]
    pub apart: Vec<PathBuf>,
    /// The user chooses files for it in a window of lowbox's.
    pub chooses: bool,
}

/// How a program is learned about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Learns {
    /// Report what only looks (stat, access) too.
    pub probes: bool,
    /// Under root the mounts that lowbox lends, the outermost first: the host's tree with root's files given to the container's
    /// user, then the package's folders.
    #[serde(with = "os_bytes::list")]
    pub mounts: Vec<PathBuf>,
    /// Where the program can read what is recorded of it, if it can.
    pub records: Option<ShownRecords>,
}

/// Records that the program can read and not write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownRecords {
    /// Where they are on the host. The program finds them there too, read-only.
    #[serde(with = "os_bytes")]
    pub folder: PathBuf,
    /// The folder in its private data at which it finds them.
    #[serde(with = "os_bytes")]
    pub shown_at: PathBuf,
}

/// How a declaration is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verifies {
    /// Report what only looks (stat, access) too.
    pub probes: bool,
}

/// The package's folders on the host, made before the launch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageData {
    /// Lasting private data; HOME inside, at the same path.
    #[serde(with = "os_bytes")]
    pub local_state: PathBuf,
    /// Lasting temporary files; TMPDIR inside.
    #[serde(with = "os_bytes")]
    pub temp_state: PathBuf,
}

/// The user that the program is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerUser {
    /// The host's uid, the same inside. Never 0.
    pub uid: u32,
    /// The host's gid, the same inside. Never 0.
    pub gid: u32,
    /// The name that `/etc/passwd` inside gives it.
    pub name: String,
    /// Whether lowbox itself is root: ids are mapped by it, and personal mounts are id-mapped.
    pub launched_by_root: bool,
}
