//! What the container has of its own: `/tmp`, `/dev`, the runtime folder, lasting temporary files, who the user is.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use lowbox_policy::FsRights;
use rustix::fs::{Mode, OFlags, openat, symlinkat};

use super::mounts::devpts;
use super::{Builder, relative};
use crate::launch::control::Step;
use crate::launch::failure::Failure;
use crate::launch::pin::open_without_links;
use crate::launch::rules::{DEVICE, PRIVATE};
use crate::sys::{MountAttributes, clone_mount};

impl Builder {
    /// `/tmp`, the runtime folder and `/dev`: they exist before anything is bound beneath them. The writable ones are
    /// folders of the root's own tmpfs, bound onto themselves so that they stay writable when the root is sealed; they
    /// share its size.
    pub(super) fn private_mounts(&mut self) -> Result<(), Failure> {
        let runtime = format!("/run/user/{}", self.user.uid);
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

    /// `/dev/tty`, which is whatever terminal a process's session has: the program's own.
    pub(super) fn controlling_terminal(&mut self) -> Result<(), Failure> {
        let path = Path::new("/dev/tty");
        let attributes =
            MountAttributes { read_only: true, no_exec: true, no_dev: false, ..MountAttributes::default() };
        let mount = open_without_links(&self.host, relative(path))
            .map_err(io::Error::from)
            .and_then(|device| clone_mount(device.as_fd(), attributes))
            .map_err(Failure::at(Step::Dev, path))?;
        self.attach(mount.as_fd(), path, false).map_err(Failure::at(Step::Dev, path))?;
        self.rule(mount.as_fd(), path, DEVICE, false)
    }

    /// The package's lasting temporary files, at `/var/tmp` as the FHS has it; `/tmp` is of the run. (Elsewhere if something
    /// beneath `/var/tmp` is granted, which it would cover.)
    pub(super) fn clone_temp_state(&self, path: &Path) -> io::Result<OwnedFd> {
        let attributes = MountAttributes { no_dev: true, ..MountAttributes::default() };
        clone_mount(open_without_links(&self.host, relative(path))?.as_fd(), attributes)
    }

    /// `/etc/passwd` and `/etc/group` of the container's own: the host's name other people. Where it has a network,
    /// `/etc/resolv.conf` too, which names its own resolver.
    pub(super) fn identity_files(&mut self, home: &Path, resolver: Option<&str>) -> Result<(), Failure> {
        let user = &self.user;
        let home = home.display();
        let passwd = format!(
            "{name}:x:{uid}:{gid}::{home}:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
            name = user.name,
            uid = user.uid,
            gid = user.gid
        );
        let group = format!("{}:x:{}:\nnogroup:x:65534:\n", user.name, user.gid);
        let resolver = resolver.map(|text| ("/etc/resolv.conf", text.to_owned()));
        for (path, text) in [("/etc/passwd", passwd), ("/etc/group", group)].into_iter().chain(resolver) {
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
}
