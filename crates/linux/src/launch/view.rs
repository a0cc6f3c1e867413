//! The private root: what the program sees of the file tree, and the Landlock rules that go with it.

use std::collections::HashSet;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use landlock::{ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, PathBeneath, Ruleset, RulesetAttr};
use landlock::{RulesetCreated, RulesetCreatedAttr, Scope};
use lowbox_policy::{Bind, FsRights, NodeKind};
use rustix::fs::{
    AtFlags, Mode, OFlags, StatxFlags, mkdirat, mknodat, open, openat, statx, symlinkat, unlinkat,
};
use rustix::fs::{FileType, ResolveFlags, openat2};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags,
    UnmountFlags, fsconfig_create, fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen, mount_change,
    move_mount, open_tree, unmount,
};
use rustix::process::{chdir, fchdir, pivot_root};

use super::control::Step;
use super::idmap::{Mapped, open_without_links};
use super::pin::file_id;
use super::spec::Spec;
use super::stopwatch::Stopwatch;
use crate::limits::DEFAULT_TEMPORARY_BYTES;
use crate::sys::{self, MountAttributes};

/// A step that failed in the child.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) step: Step,
    pub(crate) path: PathBuf,
    pub(crate) errno: i32,
}

impl Failure {
    pub(crate) fn new(step: Step, path: impl Into<PathBuf>, error: impl Into<io::Error>) -> Failure {
        let errno = error.into().raw_os_error().unwrap_or(libc::EIO);
        Failure { step, path: path.into(), errno }
    }

    pub(crate) fn at<E: Into<io::Error>>(step: Step, path: impl Into<PathBuf>) -> impl FnOnce(E) -> Failure {
        move |error| Failure::new(step, path, error)
    }
}

/// The finished view: the rules to enforce, and on which mounts unix sockets may be connected to.
pub(crate) struct View {
    pub(crate) rules: OwnedFd,
    pub(crate) connectable: Vec<u64>,
}

/// Where the host's tree hangs while the private root is built.
const OLD_ROOT: &str = ".host";

/// Rights on what belongs to the container alone.
const PRIVATE: FsRights = FsRights(FsRights::ALL.0 & !FsRights::IOCTL_DEV.0);
const READ_ONLY: FsRights = FsRights(FsRights::READ_FILE.0 | FsRights::READ_DIR.0);
const DEVICE: FsRights = FsRights(FsRights::READ_FILE.0 | FsRights::WRITE_FILE.0 | FsRights::IOCTL_DEV.0);

/// Bytes up to which a file of the system's configuration is copied.
const LARGEST_COPY: usize = 32 * 1024;

struct Builder<'a> {
    spec: &'a Spec,
    mapped: &'a Mapped,
    root: OwnedFd,
    host: OwnedFd,
    rules: RulesetCreated,
    abi: ABI,
    connectable: Vec<u64>,
    /// Directories that exist on the private root's own tmpfs.
    made: HashSet<PathBuf>,
    bound: HashSet<PathBuf>,
}

/// Builds the private root and enters it. The caller is alone in new user, mount and pid namespaces.
pub(crate) fn build(spec: &Spec, mapped: &Mapped, stopwatch: &mut Stopwatch) -> Result<View, Failure> {
    let (root, host) = enter_empty_root(spec).map_err(Failure::at(Step::Root, "/"))?;
    let abi = abi();
    let rules = ruleset(abi).map_err(|error| Failure::new(Step::Landlock, "", io::Error::other(error)))?;
    let mut builder = Builder {
        spec,
        mapped,
        root,
        host,
        rules,
        abi,
        connectable: Vec::new(),
        made: HashSet::new(),
        bound: HashSet::new(),
    };
    stopwatch.lap("empty root, ruleset");
    builder.private_mounts()?;
    stopwatch.lap("/tmp, /dev");
    for bind in &spec.plan.binds {
        builder.bind(bind)?;
    }
    stopwatch.lap("binds");
    builder.temp_state()?;
    builder.links()?;
    builder.identity_files()?;
    builder.working_directory()?;
    builder.listable()?;
    stopwatch.lap("links, identity files");
    builder.proc()?;
    stopwatch.lap("/proc");
    let view = builder.finish();
    stopwatch.lap("host's tree released");
    view
}

/// Makes an empty tmpfs the root of the mount namespace, with the host's tree at [`OLD_ROOT`].
fn enter_empty_root(spec: &Spec) -> rustix::io::Result<(OwnedFd, OwnedFd)> {
    mount_change("/", MountPropagationFlags::REC | MountPropagationFlags::PRIVATE)?;
    let size = spec.limits.temporary_bytes.unwrap_or(DEFAULT_TEMPORARY_BYTES).to_string();
    let root = tmpfs(&size)?;
    let place =
        ["/tmp", "/run", "/mnt", "/proc"].into_iter().find(|path| Path::new(path).is_dir()).unwrap_or("/");
    move_mount(&root, "", rustix::fs::CWD, place, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?;
    fchdir(&root)?;
    mkdirat(&root, OLD_ROOT, Mode::RWXU)?;
    pivot_root(".", OLD_ROOT)?;
    chdir("/")?;
    let root = open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let host = openat(&root, OLD_ROOT, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    Ok((root, host))
}

fn tmpfs(size: &str) -> rustix::io::Result<OwnedFd> {
    let context = fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_set_string(context.as_fd(), "size", size)?;
    fsconfig_set_string(context.as_fd(), "mode", "755")?;
    fsconfig_create(context.as_fd())?;
    fsmount(
        context.as_fd(),
        FsMountFlags::FSMOUNT_CLOEXEC,
        MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV,
    )
}

/// Every file-system right of the kernel's ABI is handled: what no rule gives is refused. The scopes (ABI 6) keep
/// signals and abstract sockets in the domain.
fn ruleset(abi: ABI) -> Result<RulesetCreated, landlock::RulesetError> {
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(abi))?;
    if abi as u32 >= ABI::V6 as u32 {
        ruleset = ruleset.scope(Scope::from_all(abi))?;
    }
    ruleset.create()
}

/// The newest ABI that both the kernel and this code know. Rights that later ABIs add are not handled, so they are as
/// free as on an older kernel, and the other layers hold.
pub(crate) fn abi() -> ABI {
    match sys::landlock_abi() {
        0..=3 => ABI::V3,
        4 => ABI::V4,
        5 => ABI::V5,
        6 => ABI::V6,
        _ => ABI::V7,
    }
}

/// The kernel's right bits for `rights` on an object of this kind: rights of folders are refused on files.
pub(crate) fn access(abi: ABI, rights: FsRights, is_directory: bool) -> BitFlags<AccessFs> {
    let rights = if is_directory { rights } else { rights & FsRights::FILE_ONLY };
    BitFlags::<AccessFs>::from_bits_truncate(u64::from(rights.0)) & AccessFs::from_all(abi)
}

fn relative(path: &Path) -> &Path {
    path.strip_prefix("/").unwrap_or(path)
}

impl Builder<'_> {
    fn rule(
        &mut self,
        object: BorrowedFd<'_>,
        path: &Path,
        rights: FsRights,
        directory: bool,
    ) -> Result<(), Failure> {
        let access = access(self.abi, rights, directory);
        if access.is_empty() {
            return Ok(());
        }
        (&mut self.rules)
            .add_rule(PathBeneath::new(object, access))
            .map(drop)
            .map_err(|error| Failure::new(Step::Landlock, path, io::Error::other(error)))
    }

    /// Makes `path` and its parents as directories of the private root, unless they lie in something that is bound.
    fn directory(&mut self, path: &Path) -> rustix::io::Result<()> {
        if path == Path::new("/") || self.made.contains(path) || self.in_bind(path) {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            self.directory(parent)?;
        }
        match mkdirat(&self.root, relative(path), Mode::from(0o755)) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => {
                self.made.insert(path.to_owned());
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn in_bind(&self, path: &Path) -> bool {
        path.ancestors().any(|ancestor| self.bound.contains(ancestor))
    }

    /// Attaches `mount` at `path`, making the mount point where the private root has none.
    fn attach(&mut self, mount: BorrowedFd<'_>, path: &Path, directory: bool) -> rustix::io::Result<()> {
        if directory {
            self.directory(path)?;
        } else if !self.in_bind(path) {
            self.directory(path.parent().unwrap_or(path))?;
            match mknodat(&self.root, relative(path), FileType::RegularFile, Mode::from(0o444), 0) {
                Ok(()) | Err(rustix::io::Errno::EXIST) => {}
                Err(error) => return Err(error),
            }
        }
        if !self.in_bind(path) {
            // On the private root nobody else makes names.
            let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
            return move_mount(mount, "", &self.root, relative(path), flags);
        }
        // The target may lie in a bound tree that others write: no symbolic link is followed, and the mount goes on the
        // very object that was opened.
        let target = openat2(
            &self.root,
            relative(path),
            OFlags::PATH | OFlags::CLOEXEC,
            Mode::empty(),
            ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS | ResolveFlags::BENEATH,
        )?;
        let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
        move_mount(mount, "", &target, "", flags)
    }

    fn private(&mut self, mount: OwnedFd, path: &str, rights: FsRights) -> Result<(), Failure> {
        let path = Path::new(path);
        self.attach(mount.as_fd(), path, true).map_err(Failure::at(Step::Root, path))?;
        self.rule(mount.as_fd(), path, rights, true)?;
        self.allow_connect(mount.as_fd(), path)
    }

    fn allow_connect(&mut self, mount: BorrowedFd<'_>, path: &Path) -> Result<(), Failure> {
        self.connectable.push(mount_id(mount).map_err(Failure::at(Step::Root, path))?);
        Ok(())
    }

    /// `/tmp`, the runtime folder and `/dev`: they exist before anything is bound beneath them. The writable ones are
    /// folders of the root's own tmpfs, bound onto themselves so that they stay writable when the root is sealed; they
    /// share its size.
    fn private_mounts(&mut self) -> Result<(), Failure> {
        let runtime = format!("/run/user/{}", self.spec.user.uid);
        for (path, mode) in [("/tmp", 0o1777), ("/dev/shm", 0o1777), (runtime.as_str(), 0o700)] {
            let at = || Failure::at::<io::Error>(Step::Root, path);
            let directory = Path::new(path);
            self.directory(directory).map_err(io::Error::from).map_err(at())?;
            let object =
                openat(&self.root, relative(directory), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
                    .map_err(io::Error::from)
                    .map_err(at())?;
            rustix::fs::fchmod(&object, Mode::from(mode)).map_err(io::Error::from).map_err(at())?;
            let attributes = MountAttributes { no_dev: true, ..MountAttributes::default() };
            let mount = clone_mount(object.as_fd(), attributes).map_err(at())?;
            self.private(mount, path, PRIVATE)?;
        }
        self.dev().map_err(Failure::at(Step::Dev, "/dev"))?;
        let pts = Path::new("/dev/pts");
        let mount = devpts().map_err(Failure::at(Step::Dev, pts))?;
        self.attach(mount.as_fd(), pts, true).map_err(Failure::at(Step::Dev, pts))?;
        self.rule(mount.as_fd(), pts, DEVICE | FsRights::READ_DIR, true)
    }

    fn dev(&mut self) -> rustix::io::Result<()> {
        for (link, target) in [
            ("/dev/ptmx", "pts/ptmx"),
            ("/dev/fd", "/proc/self/fd"),
            ("/dev/stdin", "/proc/self/fd/0"),
            ("/dev/stdout", "/proc/self/fd/1"),
            ("/dev/stderr", "/proc/self/fd/2"),
        ] {
            symlinkat(target, &self.root, relative(Path::new(link)))?;
        }
        Ok(())
    }

    fn bind(&mut self, bind: &Bind) -> Result<(), Failure> {
        if self.is_small_configuration(bind) && self.copy(bind)? {
            return Ok(());
        }
        let mount = match self.mapped.get(&bind.path) {
            Some(mount) => mount.try_clone().map_err(Failure::at(Step::Bind, &bind.path))?,
            None => self.clone_bind(bind)?,
        };
        let directory = bind.id.kind == NodeKind::Dir;
        self.attach(mount.as_fd(), &bind.path, directory).map_err(Failure::at(Step::Bind, &bind.path))?;
        if bind.id.kind != NodeKind::Socket {
            self.rule(mount.as_fd(), &bind.path, bind.rights, directory)?;
        }
        if bind.connect || bind.path == self.spec.data.local_state {
            self.allow_connect(mount.as_fd(), &bind.path)?;
        }
        if directory {
            self.bound.insert(bind.path.clone());
        }
        Ok(())
    }

    /// Whether `bind` is a file of the system's configuration that is only read: a copy costs half of what a mount does,
    /// at the start and at the end, and there are dozens.
    fn is_small_configuration(&self, bind: &Bind) -> bool {
        bind.id.kind == NodeKind::File
            && bind.path.starts_with("/etc")
            && bind.rights == FsRights::READ_FILE
            && !self.mapped.contains_key(&bind.path)
            && !self.spec.personal.iter().any(|path| bind.path.starts_with(path))
            && !self.in_bind(&bind.path)
    }

    /// Copies a small file as it is now; false if it is too large for that.
    fn copy(&mut self, bind: &Bind) -> Result<bool, Failure> {
        let at = || Failure::at::<rustix::io::Errno>(Step::Bind, &bind.path);
        let source = match openat2(
            &self.host,
            relative(&bind.path),
            OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC,
            Mode::empty(),
            ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS,
        ) {
            Ok(source) => source,
            // What the user may not read, the program may not either.
            Err(rustix::io::Errno::ACCESS) => return Ok(true),
            Err(error) => return Err(at()(error)),
        };
        if file_id(&source).map_err(at())? != bind.id {
            return Err(Failure::new(Step::Changed, &bind.path, rustix::io::Errno::STALE));
        }
        let mut content = [0_u8; LARGEST_COPY + 1];
        let length = rustix::io::read(&source, &mut content).map_err(at())?;
        if length > LARGEST_COPY {
            return Ok(false);
        }
        self.directory(bind.path.parent().unwrap_or(&bind.path)).map_err(at())?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let copy = openat(&self.root, relative(&bind.path), flags, Mode::from(0o444)).map_err(at())?;
        if rustix::io::write(&copy, &content[..length]).map_err(at())? != length {
            return Err(Failure::new(Step::Bind, &bind.path, rustix::io::Errno::IO));
        }
        self.rule(copy.as_fd(), &bind.path, bind.rights, false)?;
        Ok(true)
    }

    fn clone_bind(&self, bind: &Bind) -> Result<OwnedFd, Failure> {
        let at = || Failure::at::<rustix::io::Errno>(Step::Bind, &bind.path);
        let object = open_without_links(&self.host, relative(&bind.path)).map_err(at())?;
        if file_id(&object).map_err(at())? != bind.id {
            return Err(Failure::new(Step::Changed, &bind.path, rustix::io::Errno::STALE));
        }
        let attributes = MountAttributes {
            // A device is written through a read-only mount as well, but its mode can't be changed.
            read_only: !bind.writable || bind.is_device(),
            no_exec: !bind.executable,
            no_dev: !bind.is_device(),
            recursive: bind.recursive,
        };
        clone_mount(object.as_fd(), attributes).map_err(Failure::at(Step::Bind, &bind.path))
    }

    /// The package's lasting temporary files, at `/var/tmp` as the FHS has it; `/tmp` is of the run.
    fn temp_state(&mut self) -> Result<(), Failure> {
        let path = &self.spec.data.temp_state;
        let mount = match self.mapped.get(path) {
            Some(mount) => mount.try_clone().map_err(Failure::at(Step::Bind, path))?,
            None => {
                let attributes = MountAttributes { no_dev: true, ..MountAttributes::default() };
                open_without_links(&self.host, relative(path))
                    .map_err(io::Error::from)
                    .and_then(|object| clone_mount(object.as_fd(), attributes))
                    .map_err(Failure::at(Step::Bind, path))?
            }
        };
        self.private(mount, "/var/tmp", PRIVATE)
    }

    fn links(&mut self) -> Result<(), Failure> {
        for (link, target) in &self.spec.plan.links {
            let at = || Failure::at::<rustix::io::Errno>(Step::Bind, link);
            if self.in_bind(link) {
                continue;
            }
            self.directory(link.parent().unwrap_or(link)).map_err(at())?;
            match symlinkat(target, &self.root, relative(link)) {
                Ok(()) | Err(rustix::io::Errno::EXIST) => {}
                Err(error) => return Err(at()(error)),
            }
        }
        Ok(())
    }

    /// `/etc/passwd` and `/etc/group` of the container's own: the host's name other people.
    fn identity_files(&mut self) -> Result<(), Failure> {
        let user = &self.spec.user;
        let home = self.spec.data.local_state.display();
        let passwd = format!(
            "{name}:x:{uid}:{gid}::{home}:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
            name = user.name,
            uid = user.uid,
            gid = user.gid
        );
        let group = format!("{}:x:{}:\nnogroup:x:65534:\n", user.name, user.gid);
        for (path, text) in [("/etc/passwd", passwd), ("/etc/group", group)] {
            let path = Path::new(path);
            let at = || Failure::at::<rustix::io::Errno>(Step::Root, path);
            if self.in_bind(path) {
                continue;
            }
            self.directory(Path::new("/etc")).map_err(at())?;
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            let file = openat(&self.root, relative(path), flags, Mode::from(0o444)).map_err(at())?;
            rustix::io::write(&file, text.as_bytes()).map_err(at())?;
            self.rule(file.as_fd(), path, FsRights::READ_FILE, false)?;
        }
        Ok(())
    }

    /// The working folder exists as a path even where nothing in it is granted.
    fn working_directory(&mut self) -> Result<(), Failure> {
        let path = &self.spec.working_directory;
        self.directory(path).map_err(Failure::at(Step::WorkingDirectory, path))
    }

    fn listable(&mut self) -> Result<(), Failure> {
        for path in &self.spec.plan.listable {
            let at = Failure::at::<rustix::io::Errno>(Step::Landlock, path);
            let inside = if relative(path).as_os_str().is_empty() { Path::new(".") } else { relative(path) };
            let directory = open_without_links(&self.root, inside).map_err(at)?;
            self.rule(directory.as_fd(), path, FsRights::READ_DIR, true)?;
        }
        Ok(())
    }

    /// A /proc of the new pid namespace: read-only as a whole (sysctl, sysrq-trigger and the writable files of processes),
    /// with what tells about the host masked.
    fn proc(&mut self) -> Result<(), Failure> {
        let path = Path::new("/proc");
        let at = || Failure::at::<rustix::io::Errno>(Step::Proc, path);
        let mount = proc_mount().map_err(at())?;
        self.attach(mount.as_fd(), path, true).map_err(at())?;
        self.lower_namespace_limits(mount.as_fd())?;
        for masked in MASKED {
            let target = match open_without_links(&mount, Path::new(masked)) {
                Ok(target) => target,
                // A kernel without it has nothing to mask.
                Err(rustix::io::Errno::NOENT) => continue,
                Err(error) => return Err(at()(error)),
            };
            let empty = tmpfs_mask(&self.root, file_id(&target).map_err(at())?.kind)
                .map_err(Failure::at(Step::Proc, path))?;
            let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
            move_mount(&empty, "", &target, "", flags).map_err(at())?;
        }
        // The covers live on as mounts; their names need not.
        let _ = unlinkat(&self.root, EMPTY_FILE, AtFlags::empty());
        let _ = unlinkat(&self.root, EMPTY_FOLDER, AtFlags::REMOVEDIR);
        let attributes = MountAttributes { read_only: true, no_exec: true, no_dev: true, recursive: true };
        sys::set_mount_attributes(mount.as_fd(), attributes, None).map_err(Failure::at(Step::Proc, path))?;
        self.rule(mount.as_fd(), path, READ_ONLY, true)
    }

    /// No namespaces of the program's own, and only a part of what is counted by the host's user.
    fn lower_namespace_limits(&self, proc: BorrowedFd<'_>) -> Result<(), Failure> {
        for (file, value, needed) in NAMESPACE_LIMITS {
            let path = format!("sys/user/{file}");
            let at =
                || Failure::at::<rustix::io::Errno>(Step::NamespaceLimits, Path::new("/proc").join(&path));
            match openat(proc, path.as_str(), OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty()) {
                Ok(file) => drop(rustix::io::write(&file, value.as_bytes()).map_err(at())?),
                Err(rustix::io::Errno::NOENT) if !needed => {}
                Err(error) => return Err(at()(error)),
            }
        }
        Ok(())
    }

    /// Lets go of the host's tree and seals the root.
    fn finish(self) -> Result<View, Failure> {
        let at = || Failure::at::<rustix::io::Errno>(Step::Root, "/");
        drop(self.host);
        unmount(Path::new("/").join(OLD_ROOT), UnmountFlags::DETACH).map_err(at())?;
        unlinkat(&self.root, OLD_ROOT, AtFlags::REMOVEDIR).map_err(at())?;
        let sealed = MountAttributes { read_only: true, no_exec: false, no_dev: true, recursive: false };
        let root =
            open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).map_err(at())?;
        sys::set_mount_attributes(root.as_fd(), sealed, None).map_err(Failure::at(Step::Root, "/"))?;
        chdir(&self.spec.working_directory)
            .map_err(Failure::at(Step::WorkingDirectory, &self.spec.working_directory))?;
        let rules: Option<OwnedFd> = self.rules.into();
        let rules = rules.ok_or_else(|| Failure::new(Step::Landlock, "", rustix::io::Errno::NOSYS))?;
        Ok(View { rules, connectable: self.connectable })
    }
}

/// What in /proc tells about the host beyond what programs need, or reaches its hardware. Entries of /proc can't be renamed,
/// so these masks stay.
const MASKED: [&str; 9] =
    ["kcore", "keys", "key-users", "timer_list", "cmdline", "sysrq-trigger", "kmsg", "modules", "kallsyms"];

/// Files of /proc/sys/user (namespaces(7), inotify(7)): name, value, whether a kernel without it is refused.
const NAMESPACE_LIMITS: [(&str, &str, bool); 3] = [
    ("max_user_namespaces", "0", true),
    ("max_inotify_instances", "64", false),
    ("max_fanotify_groups", "0", false),
];

fn clone_mount(object: BorrowedFd<'_>, attributes: MountAttributes) -> io::Result<OwnedFd> {
    let mut flags =
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    if attributes.recursive {
        flags |= OpenTreeFlags::AT_RECURSIVE;
    }
    let mount = open_tree(object, "", flags)?;
    sys::set_mount_attributes(mount.as_fd(), attributes, None)?;
    Ok(mount)
}

fn mount_id(mount: BorrowedFd<'_>) -> rustix::io::Result<u64> {
    Ok(statx(mount, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID)?.stx_mnt_id)
}

fn devpts() -> rustix::io::Result<OwnedFd> {
    let context = fsopen("devpts", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_set_flag(context.as_fd(), "newinstance")?;
    fsconfig_set_string(context.as_fd(), "ptmxmode", "0666")?;
    fsconfig_set_string(context.as_fd(), "mode", "0620")?;
    fsconfig_create(context.as_fd())?;
    fsmount(
        context.as_fd(),
        FsMountFlags::FSMOUNT_CLOEXEC,
        MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC,
    )
}

fn proc_mount() -> rustix::io::Result<OwnedFd> {
    let context = fsopen("proc", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_create(context.as_fd())?;
    fsmount(
        context.as_fd(),
        FsMountFlags::FSMOUNT_CLOEXEC,
        MountAttrFlags::MOUNT_ATTR_NOSUID
            | MountAttrFlags::MOUNT_ATTR_NODEV
            | MountAttrFlags::MOUNT_ATTR_NOEXEC,
    )
}

const EMPTY_FILE: &str = ".empty-file";
const EMPTY_FOLDER: &str = ".empty-folder";

/// A detached mount of an empty file or folder of the private root, to cover something with.
fn tmpfs_mask(root: &OwnedFd, kind: NodeKind) -> io::Result<OwnedFd> {
    let name = if kind == NodeKind::Dir { EMPTY_FOLDER } else { EMPTY_FILE };
    let made = if kind == NodeKind::Dir {
        mkdirat(root, name, Mode::empty())
    } else {
        mknodat(root, name, FileType::RegularFile, Mode::empty(), 0)
    };
    if !matches!(made, Ok(()) | Err(rustix::io::Errno::EXIST)) {
        made?;
    }
    let object = openat(root, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
    clone_mount(
        object.as_fd(),
        MountAttributes { read_only: true, no_exec: true, no_dev: true, recursive: false },
    )
}
