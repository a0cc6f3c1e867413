//! The prefix of a Windows program: mounted where it is told to be, with drives of this run alone.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags, mkdirat, openat, symlinkat, unlinkat};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, UnmountFlags, fsconfig_create,
    fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen, move_mount, unmount,
};

use super::{Builder, relative};
use crate::launch::control::Step;
use crate::launch::failure::Failure;
use crate::launch::lend::Lent;
use crate::launch::pin::open_without_links;
use crate::launch::rules::PRIVATE;
use crate::sys::{MountAttributes, clone_mount};
use crate::wine::prefix::{UPPER, WORK};
use crate::wine::told::ANSWERS;
use crate::wine::{DRIVES, IMPORTED, PackageEntry, Source, WineSpec};

/// Where parts of it lie on the private root while it is put together.
const PARTS: &str = ".wine";

impl Builder {
    /// Shows the prefix in the private root, with everything allowed in it: it is the container's own.
    pub(super) fn prefix(&mut self, wine: &WineSpec, lent: Option<&mut Lent<'_>>) -> Result<(), Failure> {
        let (mount, drives) = self.prefix_mounts(wine, lent)?;
        let path = &wine.prefix;
        let at = || Failure::at::<rustix::io::Errno>(Step::Prefix, path);
        self.attach(mount.as_fd(), path, true).map_err(at())?;
        self.rule(mount.as_fd(), path, PRIVATE, true)?;
        self.own.push(path.clone());
        self.bound.insert(path);
        self.attach(drives.as_fd(), &path.join(DRIVES), true).map_err(at())
    }

    /// The prefix as a mount, and that of its drives.
    pub(super) fn prefix_mounts(
        &mut self,
        wine: &WineSpec,
        mut lent: Option<&mut Lent<'_>>,
    ) -> Result<(OwnedFd, OwnedFd), Failure> {
        let at = || Failure::at::<rustix::io::Errno>(Step::Prefix, &wine.prefix);
        let plain = MountAttributes { no_dev: true, ..MountAttributes::default() };
        let mut mount_of = |path: &Path, attributes: MountAttributes| match lent.as_deref_mut() {
            Some(lent) => lent.next(path),
            None => open_without_links(&self.host, relative(path))
                .map_err(std::io::Error::from)
                .and_then(|object| clone_mount(object.as_fd(), attributes))
                .map_err(Failure::at(Step::Prefix, path)),
        };
        let mount = match &wine.source {
            Source::Folder(path) => mount_of(path, plain)?,
            Source::Overlay { template, changes } => {
                let template = mount_of(template, MountAttributes { read_only: true, ..plain })?;
                let changes = mount_of(changes, plain)?;
                self.overlay(&template, &changes, &wine.package_files).map_err(at())?
            }
        };
        let drives = self.drives(wine).map_err(Failure::at(Step::Prefix, &wine.prefix))?;
        Ok((mount, drives))
    }

    /// An overlay of the package's changes above the template. Its layers have to be in the tree while it is made, and need not
    /// be afterwards.
    fn overlay(
        &self,
        template: &OwnedFd,
        changes: &OwnedFd,
        files: &[PackageEntry],
    ) -> rustix::io::Result<OwnedFd> {
        let place = |name: &str, mount: &OwnedFd| {
            let path = format!("{PARTS}/{name}");
            mkdirat(&self.root, &path, Mode::RWXU)?;
            move_mount(mount, "", &self.root, &path, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?;
            openat(&self.root, &path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        };
        self.make_parts()?;
        let lower = place("template", template)?;
        let changes = place("changes", changes)?;
        let upper = open_without_links(&changes, Path::new(UPPER))?;
        let work = open_without_links(&changes, Path::new(WORK))?;
        let packages = if files.is_empty() { None } else { Some(self.package_files(files)?) };
        let layers: Vec<BorrowedFd<'_>> = packages.iter().chain([&lower]).map(AsFd::as_fd).collect();
        let mount = overlay(&layers, upper.as_fd(), work.as_fd())?;
        drop((lower, changes, upper, work));
        for name in ["template", "changes"] {
            unmount(format!("/{PARTS}/{name}"), UnmountFlags::DETACH)?;
            unlinkat(&self.root, format!("{PARTS}/{name}"), AtFlags::REMOVEDIR)?;
        }
        Ok(mount)
    }

    /// What of packages lies in the prefix: folders and links, in memory.
    fn package_files(&self, entries: &[PackageEntry]) -> rustix::io::Result<OwnedFd> {
        let path = format!("{PARTS}/packages");
        mkdirat(&self.root, &path, Mode::from(0o755))?;
        let folder =
            openat(&self.root, &path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        for entry in entries {
            match entry {
                PackageEntry::Folder { at } => mkdirat(&folder, at, Mode::from(0o755))?,
                PackageEntry::Link { at, to } => symlinkat(to, &folder, at)?,
            }
        }
        Ok(folder)
    }

    fn make_parts(&self) -> rustix::io::Result<()> {
        match mkdirat(&self.root, PARTS, Mode::from(0o755)) {
            Err(rustix::io::Errno::EXIST) => Ok(()),
            made => made,
        }
    }

    /// Links to what has a letter, in a folder that nobody can write to: Wine adds the host's ports to one that it can write to. Beside them
    /// what the program is told of its container, or what is imported into its registry.
    fn drives(&self, wine: &WineSpec) -> std::io::Result<OwnedFd> {
        self.make_parts()?;
        let folder = PathBuf::from(PARTS).join("drives");
        mkdirat(&self.root, &folder, Mode::from(0o755))?;
        let folder = openat(&self.root, &folder, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        symlinkat("../drive_c", &folder, "c:")?;
        let files = [(ANSWERS, &wine.told), (IMPORTED, &wine.imported)];
        for (name, content) in files.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?))) {
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            let file = openat(&folder, name, flags, Mode::from(0o444))?;
            File::from(file).write_all(content)?;
        }
        for drive in &wine.drives {
            symlinkat(&drive.folder, &folder, format!("{}:", drive.letter.to_ascii_lowercase()))?;
        }
        let attributes = MountAttributes {
            read_only: true,
            no_exec: true,
            no_dev: true,
            no_atime: true,
            ..MountAttributes::default()
        };
        clone_mount(folder.as_fd(), attributes)
    }
}

/// Overlayfs as an unprivileged user may have it: its own notes are attributes of the user's (`userxattr`), which the program can't set
/// through it. Layers are given by descriptor, because their names may hold anything.
fn overlay(
    layers: &[BorrowedFd<'_>],
    upper: BorrowedFd<'_>,
    work: BorrowedFd<'_>,
) -> rustix::io::Result<OwnedFd> {
    let context = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
    let by_number = |folder: &BorrowedFd<'_>| format!("/proc/self/fd/{}", folder.as_raw_fd());
    let layers: Vec<String> = layers.iter().map(by_number).collect();
    fsconfig_set_string(context.as_fd(), "lowerdir", layers.join(":"))?;
    fsconfig_set_string(context.as_fd(), "upperdir", by_number(&upper))?;
    fsconfig_set_string(context.as_fd(), "workdir", by_number(&work))?;
    fsconfig_set_flag(context.as_fd(), "userxattr")?;
    fsconfig_create(context.as_fd())?;
    let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NODEV
        | MountAttrFlags::MOUNT_ATTR_NOATIME;
    fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes)
}
