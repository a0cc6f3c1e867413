//! Who runs the programs: the calling user, and an ordinary user too when that is root.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A command that executes what follows where no user namespace can be made, as on a hardened machine; without privilege.
pub const WITHOUT_NAMESPACES: [&str; 8] = [
    "unshare",
    "--user",
    "--map-current-user",
    "--keep-caps",
    "/bin/sh",
    "-c",
    "echo 0 > /proc/sys/user/max_user_namespaces || exit 99
exec setpriv --inh-caps=-all --ambient-caps=-all --bounding-set=-all --no-new-privs -- \"$@\"",
    "sh",
];

/// A user with a home folder and a working folder that last as long as this.
pub struct Person {
    /// For messages.
    pub name: String,
    /// Whose commands go through setpriv(1); `None` is the calling user.
    account: Option<(u32, u32)>,
    folder: TempDir,
    /// The working folder, in it.
    work: &'static str,
    lowbox: PathBuf,
}

/// The calling user and, when that is root, an ordinary user.
pub(crate) fn people() -> Vec<Person> {
    let own = Person::calling_user();
    let root = rustix::process::geteuid().is_root();
    std::iter::once(own).chain(root.then(ordinary)).collect()
}

/// Runs a test as the calling user and, when that is root, as an ordinary user.
pub fn everyone(test: impl Fn(&Person)) {
    people().iter().for_each(test);
}

/// The same, with home and working folder where the user can be asked about them.
pub fn everyone_at_home(test: impl Fn(&Person)) {
    test(&Person::at_home("the calling user".to_owned(), None));
    if rustix::process::geteuid().is_root() {
        let ordinary = ordinary();
        test(&Person::at_home(ordinary.name.clone(), ordinary.account));
    }
}

/// The calling user; when that is root an ordinary user: the first of /etc/passwd with a uid from 1000 to 59999.
pub fn ordinary() -> Person {
    if !rustix::process::geteuid().is_root() {
        return Person::calling_user();
    }
    let accounts = fs::read_to_string("/etc/passwd").expect("the accounts of this machine");
    let account = accounts.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, gid, ..] = fields[..] else { return None };
        let (uid, gid) = (uid.parse::<u32>().ok()?, gid.parse::<u32>().ok()?);
        (1000..60000).contains(&uid).then(|| (name.to_owned(), (uid, gid)))
    });
    let (name, account) = account.expect("an ordinary user; add one: useradd -m tester");
    Person::new(name, Some(account))
}

impl Person {
    fn calling_user() -> Person {
        Person::new("the calling user".to_owned(), None)
    }

    fn new(name: String, account: Option<(u32, u32)>) -> Person {
        Person::in_folder(name, account, &std::env::temp_dir(), "work")
    }

    /// With folders that are none of the container's own, as those in /tmp are: the user can be asked about them.
    fn at_home(name: String, account: Option<(u32, u32)>) -> Person {
        let homes = if rustix::process::geteuid().is_root() {
            PathBuf::from("/home")
        } else {
            std::env::home_dir().expect("a home folder")
        };
        Person::in_folder(name, account, &homes, "home/work")
    }

    fn in_folder(name: String, account: Option<(u32, u32)>, place: &Path, work: &'static str) -> Person {
        let folder = tempfile::Builder::new()
            .prefix("lowbox-programs-")
            .tempdir_in(place)
            .expect("a temporary folder");
        let lowbox = folder.path().join("lowbox");
        fs::copy(built_lowbox(), &lowbox).expect("a copy of lowbox that everybody may run");
        fs::set_permissions(&lowbox, fs::Permissions::from_mode(0o755)).expect("its permissions");
        let person = Person { name, account, folder, work, lowbox };
        for made in [person.folder.path().to_owned(), person.home(), person.work()] {
            fs::create_dir_all(&made).expect("a folder");
            person.own(&made);
        }
        person
    }

    /// Whether it is root.
    pub fn is_root(&self) -> bool {
        self.account.is_none() && rustix::process::geteuid().is_root()
    }

    /// The home folder.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// A folder to work in.
    pub fn work(&self) -> PathBuf {
        self.folder.path().join(self.work)
    }

    /// The package's folder beneath the home, of a program that is known by this name.
    pub fn package(&self, name: &str) -> PathBuf {
        self.package_so_far(name).unwrap_or_else(|| panic!("{name} has no folder"))
    }

    /// The same, of one that may not have got that far.
    pub fn package_so_far(&self, name: &str) -> Option<PathBuf> {
        let packages = self.home().join(".local/share/lowbox/packages");
        let entries = fs::read_dir(&packages).into_iter().flatten().flatten();
        let begins = format!("{name}_");
        let mut found = entries.filter(|e| e.file_name().to_string_lossy().starts_with(&begins));
        Some(found.next()?.path())
    }

    /// Whether the package's program has made a file in its private home.
    pub fn has_made(&self, package: &str, file: &str) -> bool {
        self.package_so_far(package).is_some_and(|package| package.join("LocalState").join(file).exists())
    }

    /// Gives a file to the person.
    fn own(&self, path: &Path) {
        if let Some((uid, gid)) = self.account {
            chown(path, Some(uid), Some(gid)).expect("root may give files away");
        }
    }

    /// Writes a file of the person's into the working folder.
    pub fn file(&self, name: impl AsRef<Path>, text: &str) -> PathBuf {
        let path = self.work().join(name);
        let mut folder = PathBuf::new();
        for part in path.parent().expect("in the working folder").components() {
            folder.push(part);
            if !folder.exists() {
                fs::create_dir(&folder).expect("a folder");
                self.own(&folder);
            }
        }
        fs::write(&path, text).expect("a file");
        self.own(&path);
        path
    }

    /// A folder of the person's in the working folder.
    pub fn folder(&self, name: &str) -> PathBuf {
        let path = self.work().join(name);
        fs::create_dir_all(&path).expect("a folder");
        self.own(&path);
        path
    }

    /// The command, unconfined.
    pub fn plain<S: AsRef<OsStr>>(&self, command: impl IntoIterator<Item = S>) -> Command {
        let mut words = command.into_iter();
        let program = words.next().expect("a program");
        let mut plain = match self.account {
            None => Command::new(program),
            Some((uid, gid)) => {
                let mut plain = Command::new("setpriv");
                plain.args([format!("--reuid={uid}"), format!("--regid={gid}")]);
                plain.args(["--clear-groups", "--inh-caps=-all", "--"]).arg(program);
                plain
            }
        };
        plain.args(words).current_dir(self.work());
        plain.env("HOME", self.home()).env("USER", "person").env("PWD", self.work());
        // Unless a test says so, nothing of a program outlives its run.
        plain.env("LOWBOX_KEEP_WARM", "0");
        // Private data goes under HOME.
        for variable in
            ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME"]
        {
            plain.env_remove(variable);
        }
        plain
    }

    /// `lowbox ARGUMENTS`.
    pub fn lowbox(&self, arguments: &[&str]) -> Command {
        self.plain([self.lowbox.as_os_str()].into_iter().chain(arguments.iter().map(OsStr::new)))
    }

    /// Writes the manifest of a package of this name that declares a device capability.
    pub fn manifest(&self, name: &str, capability: &str) -> PathBuf {
        let text = include_str!("../data/AppxManifest.xml");
        let text = text.replace("NAME", name).replace("CAPABILITY", capability);
        self.file(format!("{name}.xml"), &text)
    }

    /// Writes the manifest of a package that declares no capability, with these entries in lowbox's `Network`, whose prefix is `net`.
    pub fn network_manifest(&self, name: &str, entries: &str) -> PathBuf {
        let text = include_str!("../data/AppxManifest.xml").replace("NAME", name);
        let text = text.replace("<DeviceCapability Name=\"CAPABILITY\"/>", "");
        let text = text.replace(
            "IgnorableNamespaces=\"uap18\"",
            "xmlns:net=\"urn:lowbox:manifest:network\" IgnorableNamespaces=\"uap18 net\"",
        );
        let end = format!("  <net:Network>\n{entries}\n  </net:Network>\n</Package>");
        self.file(format!("{name}.xml"), &text.replace("</Package>", &end))
    }

    /// `lowbox run OPTIONS -- COMMAND`.
    pub fn inside<O: AsRef<OsStr>, S: AsRef<OsStr>>(
        &self,
        options: impl IntoIterator<Item = O>,
        command: impl IntoIterator<Item = S>,
    ) -> Command {
        self.inside_after([""; 0], options, command)
    }

    /// The same, started by a command that executes what follows it: see [`WITHOUT_NAMESPACES`].
    pub fn inside_after<B: AsRef<OsStr>, O: AsRef<OsStr>, S: AsRef<OsStr>>(
        &self,
        before: impl IntoIterator<Item = B>,
        options: impl IntoIterator<Item = O>,
        command: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut words: Vec<_> = before.into_iter().map(|word| word.as_ref().to_owned()).collect();
        words.extend([self.lowbox.as_os_str().to_owned(), "run".into()]);
        words.extend(options.into_iter().map(|option| option.as_ref().to_owned()));
        words.push("--".into());
        words.extend(command.into_iter().map(|word| word.as_ref().to_owned()));
        self.plain(words)
    }

    /// The option that grants a path.
    pub fn grant(path: impl AsRef<Path>, letters: &str) -> [std::ffi::OsString; 2] {
        let mut value = path.as_ref().as_os_str().to_owned();
        value.push(":");
        value.push(letters);
        ["--grant".into(), value]
    }

    /// `lowbox run` of a shell script without grants.
    pub fn shell(&self, script: &str) -> Command {
        self.inside([""; 0], ["/bin/bash", "-c", script])
    }
}

/// The lowbox of the same build: `LOWBOX` names another one.
pub(crate) fn built_lowbox() -> PathBuf {
    if let Some(named) = std::env::var_os("LOWBOX") {
        return named.into();
    }
    let test = std::env::current_exe().expect("the test's own path");
    // target/PROFILE/deps/TEST
    let beside = test.parent().and_then(Path::parent).expect("a target folder").join("lowbox");
    let release = if cfg!(debug_assertions) { "" } else { " --release" };
    assert!(beside.is_file(), "{} is missing; build it: cargo build -p lowbox{release}", beside.display());
    beside
}
