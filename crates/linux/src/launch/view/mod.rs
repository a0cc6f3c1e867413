//! The private root: what the program sees of the file tree, and the Landlock rules that go with it.

mod granted;
pub(crate) mod input;
mod mounts;
mod own;
mod places;
mod prefix;
mod proc;
mod real;

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use landlock::{ABI, PathBeneath, RulesetCreated, RulesetCreatedAttr};
use lowbox_policy::FsRights;
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, ResolveFlags, mkdirat, mknodat, open, openat, openat2, unlinkat,
};
use rustix::mount::{MountPropagationFlags, MoveMountFlags, UnmountFlags, mount_change, move_mount, unmount};
use rustix::process::{chdir, fchdir, pivot_root};

use super::control::Step;
use super::failure::Failure;
use super::groundwork::Ground;
use super::lend::{Lent, Personal};
use super::pin::open_without_links;
use super::rules::{PRIVATE, abi, access, ruleset};
use super::spec::{ContainerUser, PackageData, Spec};
use super::stopwatch::Stopwatch;
use crate::broker::choosing::request::FOLDER;
use crate::limits::DEFAULT_TEMPORARY_BYTES;
use crate::sys::{self, MountAttributes};
use mounts::{mount_id, tmpfs};
use places::Places;

pub(crate) use granted::APART;

/// The finished view: the rules to enforce, and on which mounts unix sockets may be connected to.
pub(crate) struct View {
    pub(crate) rules: Option<OwnedFd>,
    pub(crate) connectable: Vec<u64>,
}

/// Where the host's tree hangs while the private root is built.
const OLD_ROOT: &str = ".host";

/// The view while it is built. What needs no plan is made by [`Builder::begin`], the rest by [`Builder::complete`].
pub(crate) struct Builder {
    user: ContainerUser,
    root: OwnedFd,
    host: OwnedFd,
    rules: RulesetCreated,
    abi: ABI,
    connectable: Vec<u64>,
    /// Directories that exist on the private root's own tmpfs.
    made: Places,
    bound: Places,
    /// Folders of the container's own, in which a rule gives it everything.
    own: Vec<PathBuf>,
    /// Grants that need a place apart because a rule around them leaves everything to the mounts.
    unheld: Places,
    /// Grants that are mounted apart, each with the path that it is for.
    apart: Vec<(PathBuf, PathBuf)>,
}

/// Makes an empty tmpfs the root of the mount namespace, with the host's tree at [`OLD_ROOT`].
fn enter_empty_root(bytes: u64) -> rustix::io::Result<(OwnedFd, OwnedFd)> {
    // What the host mounts until the plan is carried out (an automount that a grant woke) has to be there. Each mount that the
    // program gets is private.
    mount_change("/", MountPropagationFlags::REC | MountPropagationFlags::DOWNSTREAM)?;
    let root = tmpfs(bytes)?;
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

/// An absolute path as one beneath a root.
fn relative(path: &Path) -> &Path {
    Path::new(OsStr::from_bytes(path.as_os_str().as_bytes().strip_prefix(b"/").unwrap_or_default()))
}

impl Builder {
    /// Enters a private root and makes what every container has in it. The caller is alone in new user, mount and pid
    /// namespaces.
    pub(crate) fn begin(ground: &Ground, stopwatch: &mut Stopwatch) -> Result<Builder, Failure> {
        let bytes = ground.temporary_bytes.unwrap_or(DEFAULT_TEMPORARY_BYTES);
        let (root, host) = enter_empty_root(bytes).map_err(Failure::at(Step::Root, "/"))?;
        let abi = abi();
        let rules =
            ruleset(abi).map_err(|error| Failure::new(Step::Landlock, "", io::Error::other(error)))?;
        let mut builder = Builder {
            user: ground.user.clone(),
            root,
            host,
            rules,
            abi,
            connectable: Vec::new(),
            made: Places::default(),
            bound: Places::default(),
            own: Vec::new(),
            unheld: Places::default(),
            apart: Vec::new(),
        };
        stopwatch.lap("empty root, ruleset");
        builder.private_mounts()?;
        if ground.terminal.is_some() {
            builder.controlling_terminal()?;
        }
        stopwatch.lap("/tmp, /dev");
        builder.proc()?;
        stopwatch.lap("/proc");
        Ok(builder)
    }

    /// Shows what the plan grants, and seals the view. Root's lowbox lends the mounts of what is personal.
    pub(crate) fn complete(
        mut self,
        spec: &Spec,
        mut lent: Lent<'_>,
        stopwatch: &mut Stopwatch,
    ) -> Result<View, Failure> {
        if let Some(learns) = &spec.learns {
            return self.real_tree(learns, spec, lent);
        }
        let personal = spec.user.launched_by_root.then(|| Personal::of(spec));
        if let Some(PackageData { temp_state: temp, .. }) = &spec.data {
            let mount = match personal {
                Some(_) => lent.next(temp)?,
                None => self.clone_temp_state(temp).map_err(Failure::at(Step::Bind, temp))?,
            };
            self.private(mount, &spec.temp_inside, PRIVATE)?;
        }
        if let Some(asks) = &spec.asks {
            self.frontier(&asks.frontier)?;
            if asks.chooses {
                self.answers()?;
            }
            self.unheld = granted::unheld(&spec.plan.binds, &asks.frontier, &asks.apart);
        }
        for bind in &spec.plan.binds {
            let mount = match &personal {
                Some(personal) if personal.covers(bind) => Some(lent.next(&bind.path)?),
                _ => self.clone_bind(bind)?,
            };
            if let Some(mount) = mount {
                self.bind(bind, mount, spec.data.as_ref())?;
            }
        }
        if let Some(wine) = &spec.wine {
            self.prefix(wine, personal.is_some().then_some(&mut lent))?;
        }
        stopwatch.lap("binds");
        self.links(&spec.plan.links)?;
        self.identity_files(spec.home(), spec.resolver_file.as_deref())?;
        self.working_directory(&spec.working_directory)?;
        self.listable(&spec.plan.listable)?;
        self.reopen_inputs(&spec.extra_descriptors)?;
        stopwatch.lap("links, identity files");
        let view = self.finish(&spec.working_directory);
        stopwatch.lap("host's tree released");
        view
    }

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
        if relative(path).as_os_str().is_empty() || self.made.contains(path) || self.in_bind(path) {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            self.directory(parent)?;
        }
        match mkdirat(&self.root, relative(path), Mode::from(0o755)) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => {
                self.made.insert(path);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn in_bind(&self, path: &Path) -> bool {
        self.bound.cover(path)
    }

    /// Attaches `mount` at `path`, making the mount point where the private root has none.
    fn attach(&mut self, mount: BorrowedFd<'_>, path: &Path, directory: bool) -> rustix::io::Result<()> {
        let path = &self.place_of(path);
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
        self.own.push(path.to_owned());
        self.allow_connect(mount.as_fd(), path)
    }

    /// Landlock's rules can't grow later, so here they give everything, and mounts decide alone.
    fn frontier(&mut self, places: &[PathBuf]) -> Result<(), Failure> {
        for path in places {
            let at = || Failure::at::<rustix::io::Errno>(Step::Root, path);
            self.directory(path).map_err(at())?;
            let directory = open_without_links(&self.root, relative(path)).map_err(at())?;
            self.rule(directory.as_fd(), path, PRIVATE, true)?;
        }
        Ok(())
    }

    /// Where a program finds what the user chose for it: files of the private root, which the grantor alone can make.
    fn answers(&mut self) -> Result<(), Failure> {
        let path = Path::new(FOLDER);
        let at = || Failure::at::<rustix::io::Errno>(Step::Root, path);
        self.directory(path).map_err(at())?;
        let folder = open_without_links(&self.root, relative(path)).map_err(at())?;
        self.rule(folder.as_fd(), path, FsRights::READ_FILE, true)
    }

    fn allow_connect(&mut self, mount: BorrowedFd<'_>, path: &Path) -> Result<(), Failure> {
        self.connectable.push(mount_id(mount).map_err(Failure::at(Step::Root, path))?);
        Ok(())
    }

    /// The working folder exists as a path even where nothing in it is granted.
    fn working_directory(&mut self, path: &Path) -> Result<(), Failure> {
        let place = self.place_of(path);
        self.directory(&place).map_err(Failure::at(Step::WorkingDirectory, path))
    }

    fn listable(&mut self, paths: &[PathBuf]) -> Result<(), Failure> {
        for path in paths {
            let at = Failure::at::<rustix::io::Errno>(Step::Landlock, path);
            let inside = if relative(path).as_os_str().is_empty() { Path::new(".") } else { relative(path) };
            match open_without_links(&self.root, inside) {
                Ok(directory) => self.rule(directory.as_fd(), path, FsRights::READ_DIR, true)?,
                // Nothing that was planned in it is shown, because the program's user may not reach it.
                Err(rustix::io::Errno::NOENT) => {}
                Err(error) => return Err(at(error)),
            }
        }
        Ok(())
    }

    /// Lets go of the host's tree and seals the root.
    fn finish(self, working_directory: &Path) -> Result<View, Failure> {
        let at = || Failure::at::<rustix::io::Errno>(Step::Root, "/");
        drop(self.host);
        unmount(Path::new("/").join(OLD_ROOT), UnmountFlags::DETACH).map_err(at())?;
        unlinkat(&self.root, OLD_ROOT, AtFlags::REMOVEDIR).map_err(at())?;
        let sealed =
            MountAttributes { read_only: true, no_dev: true, no_atime: true, ..MountAttributes::default() };
        let root =
            open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).map_err(at())?;
        sys::set_mount_attributes(root.as_fd(), sealed, None).map_err(Failure::at(Step::Root, "/"))?;
        chdir(working_directory).map_err(Failure::at(Step::WorkingDirectory, working_directory))?;
        let rules: Option<OwnedFd> = self.rules.into();
        let rules = rules.ok_or_else(|| Failure::new(Step::Landlock, "", rustix::io::Errno::NOSYS))?;
        Ok(View { rules: Some(rules), connectable: self.connectable })
    }
}
