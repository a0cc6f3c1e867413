//! The host's tree as the user sees it, for a program that is learned about: with a `/proc` and the identity files of the
//! container's own, without which it would behave otherwise than inside, and nothing else taken away. What is held of such a program are its calls, its capabilities and the processes that it sees.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags, ResolveFlags, fchmod, mkdirat, openat, openat2};
use rustix::mount::{MoveMountFlags, UnmountFlags, move_mount, unmount};
use rustix::process::{chdir, fchdir, pivot_root};

use super::{Builder, View, relative};
use crate::display::inside::FOLDER;
use crate::launch::control::Step;
use crate::launch::failure::Failure;
use crate::launch::lend::Lent;
use crate::launch::pin::open_without_links;
use crate::launch::rules::signals_only;
use crate::launch::spec::{Learns, ShownRecords, Spec};
use crate::sys::{MountAttributes, clone_mount};
use crate::wine::DRIVES;

/// Where the tree hangs on the private root until it takes its place.
const REAL: &str = ".real";

/// The folder of its own displays on the private root.
const DISPLAYS: &str = ".displays";

/// Who the program's user is.
const IDENTITY: [&str; 2] = ["/etc/passwd", "/etc/group"];

impl Builder {
    /// Takes the host's tree for the root. Under root it is made of mounts that lowbox lends.
    pub(super) fn real_tree(
        mut self,
        learns: &Learns,
        spec: &Spec,
        mut lent: Lent<'_>,
    ) -> Result<View, Failure> {
        let at = || Failure::at::<rustix::io::Errno>(Step::Root, "/");
        let rules = signals_only(self.abi)
            .map_err(|error| Failure::new(Step::Landlock, "", std::io::Error::other(error)))?;
        mkdirat(&self.root, REAL, Mode::RWXU).map_err(at())?;
        let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
        let mut mounts = learns.mounts.iter();
        let tree = match mounts.next() {
            Some(root) => lent.next(root)?,
            None => {
                let attributes = MountAttributes { recursive: true, ..MountAttributes::default() };
                clone_mount(self.host.as_fd(), attributes).map_err(Failure::at(Step::Root, "/"))?
            }
        };
        move_mount(&tree, "", &self.root, REAL, flags).map_err(at())?;
        let real =
            openat(&self.root, REAL, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
                .map_err(at())?;
        for path in mounts {
            let mount = lent.next(path)?;
            match attach(&mount, &real, path) {
                // What the program's user may not reach it does not reach by this either.
                Ok(()) | Err(rustix::io::Errno::ACCESS | rustix::io::Errno::NOENT) => {}
                Err(error) => return Err(Failure::new(Step::Bind, path, error)),
            }
        }
        if let Some(records) = &learns.records {
            let mount = match spec.user.launched_by_root {
                true => lent.next(&records.folder)?,
                false => self.clone_records(&records.folder)?,
            };
            show_records(&mount, &real, records)?;
        }
        if let Some(wine) = &spec.wine {
            let lent = spec.user.launched_by_root.then_some(&mut lent);
            let (prefix, drives) = self.prefix_mounts(wine, lent)?;
            let at = || Failure::at::<rustix::io::Errno>(Step::Prefix, &wine.prefix);
            attach(&prefix, &real, &wine.prefix).map_err(at())?;
            attach(&drives, &real, &wine.prefix.join(DRIVES)).map_err(at())?;
        }
        if spec.display.is_some() {
            self.display_folder(&real)?;
        }
        self.identity_files(spec.home(), None)?;
        for path in IDENTITY {
            let object = open_without_links(&self.root, relative(Path::new(path))).map_err(at())?;
            let mount =
                clone_mount(object.as_fd(), ONLY_READ).map_err(Failure::at(Step::Root, Path::new(path)))?;
            match attach(&mount, &real, Path::new(path)) {
                // The host has none, or leads elsewhere by it: then the program sees that.
                Ok(()) | Err(rustix::io::Errno::NOENT | rustix::io::Errno::LOOP) => {}
                Err(error) => return Err(Failure::new(Step::Root, path, error)),
            }
        }
        // With its masks.
        let own = openat(&self.root, "proc", OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).map_err(at())?;
        attach(&own, &real, Path::new("/proc")).map_err(Failure::at(Step::Proc, "/proc"))?;
        enter(real.as_fd()).map_err(at())?;
        let folder = &spec.working_directory;
        chdir(folder).map_err(Failure::at(Step::WorkingDirectory, folder))?;
        Ok(View { rules: rules.and_then(Into::into), connectable: Vec::new() })
    }
}

impl Builder {
    /// Puts an empty folder of the container's own over the host's displays. Its own display is going to lie there, and what the program
    /// does in it reaches none of the host's.
    fn display_folder(&self, tree: &OwnedFd) -> Result<(), Failure> {
        let at = || Failure::at::<rustix::io::Errno>(Step::Display, FOLDER);
        let mode = Mode::from(0o1777);
        mkdirat(&self.root, DISPLAYS, mode).map_err(at())?;
        let folder =
            openat(&self.root, DISPLAYS, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).map_err(at())?;
        // Whatever the caller's umask is.
        fchmod(&folder, mode).map_err(at())?;
        let attributes = MountAttributes { no_exec: true, no_dev: true, ..MountAttributes::default() };
        let mount = clone_mount(folder.as_fd(), attributes).map_err(Failure::at(Step::Display, FOLDER))?;
        attach(&mount, tree, Path::new(FOLDER)).map_err(at())
    }

    /// The user's folder of records, for reading alone.
    fn clone_records(&self, folder: &Path) -> Result<OwnedFd, Failure> {
        let object =
            open_without_links(&self.host, relative(folder)).map_err(Failure::at(Step::Bind, folder))?;
        clone_mount(object.as_fd(), ONLY_READ).map_err(Failure::at(Step::Bind, folder))
    }
}

/// Without code, devices, and anything to write to.
const ONLY_READ: MountAttributes =
    MountAttributes { read_only: true, no_exec: true, no_dev: true, no_atime: false, recursive: false };

/// Puts the mount where the program looks for it, and over the folder itself: by no name it can write there.
fn show_records(mount: &OwnedFd, tree: &OwnedFd, records: &ShownRecords) -> Result<(), Failure> {
    // First the one that holds: what the program has put at the other place may keep it from being there.
    let folder = &records.folder;
    match attach(mount, tree, folder) {
        // What its user can't reach it can't write.
        Err(rustix::io::Errno::ACCESS) => return Ok(()),
        attached => attached.map_err(Failure::at(Step::Bind, folder))?,
    }
    let shown = open_without_links(tree, relative(folder)).map_err(Failure::at(Step::Bind, folder))?;
    let again = clone_mount(shown.as_fd(), ONLY_READ).map_err(Failure::at(Step::Bind, folder))?;
    match attach(&again, tree, &records.shown_at) {
        // Something else is there by now. Nothing of the program's is taken away.
        Ok(()) | Err(rustix::io::Errno::NOENT | rustix::io::Errno::LOOP | rustix::io::Errno::NOTDIR) => {
            Ok(())
        }
        Err(error) => Err(Failure::new(Step::Bind, &records.shown_at, error)),
    }
}

/// Puts a mount on what is at `path` of the tree. No link is followed.
fn attach(mount: &OwnedFd, tree: &OwnedFd, path: &Path) -> rustix::io::Result<()> {
    let target = openat2(
        tree,
        relative(path),
        OFlags::PATH | OFlags::CLOEXEC,
        Mode::empty(),
        ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS | ResolveFlags::BENEATH,
    )?;
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(mount, "", &target, "", flags)
}

/// Makes the mount at `folder` the root, and lets go of what was the root (pivot_root(2), "pivot_root(".", ".")").
fn enter(folder: BorrowedFd<'_>) -> rustix::io::Result<()> {
    fchdir(folder)?;
    pivot_root(".", ".")?;
    unmount(".", UnmountFlags::DETACH)?;
    chdir("/")
}
