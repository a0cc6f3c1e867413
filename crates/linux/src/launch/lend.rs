//! Mounts that root's lowbox lends to pid 1: what is personal is reached by root alone, and id-mapped so that it does not make
//! the program root.

use std::collections::{BTreeSet, VecDeque};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use lowbox_policy::Bind;
use rustix::fs::CWD;

use super::control::Step;
use super::descriptors::{BATCH, receive_descriptors, send_descriptors, unless_gone};
use super::error::LaunchError;
use super::failure::Failure;
use super::idmap::{IdMapError, IdMaps};
use super::pin::{Pinned, pin};
use super::spec::{ContainerUser, Learns, Spec};
use crate::host::kernel_mounts;
use crate::sys::{self, MountAttributes};
use crate::wine::Source;

/// Which of a plan's binds are personal: root's lowbox clones their mounts, because nobody else may reach them.
pub(crate) struct Personal<'a>(BTreeSet<&'a Path>);

impl<'a> Personal<'a> {
    pub(crate) fn of(spec: &'a Spec) -> Personal<'a> {
        // Grants are personal, and there may be thousands of them.
        Personal(spec.personal.iter().map(PathBuf::as_path).collect())
    }

    pub(crate) fn covers(&self, bind: &Bind) -> bool {
        !bind.is_device() && bind.path.ancestors().any(|path| self.0.contains(path))
    }
}

/// Clones what is personal and hands it to pid 1: the package's temporary files first, then each personal bind in the
/// plan's order. A file of the mount's owner looks as if the container's user owned it; files of other owners belong to
/// nobody there.
///
/// # Errors
/// [`LaunchError::NoIdMap`] for a filesystem without id-mapped mounts, by name.
pub(crate) fn lend_personal(spec: &Spec, control: BorrowedFd<'_>) -> Result<(), LaunchError> {
    let mut lender = Lender { user: &spec.user, maps: IdMaps::default() };
    let personal = Personal::of(spec);
    let writable = MountAttributes { no_dev: true, ..MountAttributes::default() };
    let temp = spec.data.as_ref().map(|data| data.temp_state.as_path());
    let temp = temp.map(|path| lender.clone_mount(path, pin(CWD, path)?, writable)).transpose()?;
    let mut batch = Vec::from_iter(temp);
    for bind in spec.plan.binds.iter().filter(|bind| personal.covers(bind)) {
        if batch.len() == BATCH {
            if !send(&batch, control)? {
                return Ok(());
            }
            batch.clear();
        }
        let attributes = MountAttributes {
            read_only: !bind.writable,
            no_exec: !bind.executable,
            no_dev: true,
            recursive: bind.recursive,
            ..MountAttributes::default()
        };
        let pinned = pin(CWD, &bind.path)?.expect_same(&bind.path, bind.id)?;
        batch.push(lender.clone_mount(&bind.path, pinned, attributes)?);
    }
    // Pid 1 waits for none where there is none.
    let _ = (batch.is_empty() || send(&batch, control)?) && lend_prefix(spec, control)?;
    Ok(())
}

/// Clones the parts of a Windows program's prefix and hands them to pid 1. False when that is gone.
fn lend_prefix(spec: &Spec, control: BorrowedFd<'_>) -> Result<bool, LaunchError> {
    let Some(wine) = &spec.wine else { return Ok(true) };
    let mut lender = Lender { user: &spec.user, maps: IdMaps::default() };
    let plain = MountAttributes { no_dev: true, ..MountAttributes::default() };
    let parts: &[(&Path, MountAttributes)] = match &wine.source {
        Source::Folder(path) => &[(path, plain)],
        Source::Overlay { template, changes } => {
            &[(template, MountAttributes { read_only: true, ..plain }), (changes, plain)]
        }
    };
    let clone = |(path, attributes): &(&Path, MountAttributes)| {
        lender.clone_mount(path, pin(CWD, path)?, *attributes)
    };
    let mounts = parts.iter().map(clone).collect::<Result<Vec<_>, _>>()?;
    send(&mounts, control)
}

/// Clones the mounts of the host's tree for a program that is learned about, `learns.mounts`, and hands them to pid 1. What belongs
/// to root looks as if it belonged to the container's user: it has root's files then, and none of root's capabilities. On such a
/// mount no device works, because root's devices are no files. A file system that knows no id maps, and all that is of the kernel
/// or in `/dev` and `/sys`, stays as it is, so that the program is nobody there.
///
/// # Errors
/// When a mount is gone, or can't be cloned.
pub(crate) fn lend_tree(learns: &Learns, spec: &Spec, control: BorrowedFd<'_>) -> Result<(), LaunchError> {
    let user = &spec.user;
    let kernel = kernel_mounts().map_err(LaunchError::system("the list of mounts"))?;
    let stays = |path: &Path| {
        ["/dev", "/sys"].iter().any(|place| path.starts_with(place))
            || kernel.iter().any(|(mount, _)| mount == path)
    };
    let mut maps = IdMaps::default();
    let mut batch = Vec::new();
    let records = learns.records.as_ref().map(|records| records.folder.as_path());
    for path in learns.mounts.iter().map(PathBuf::as_path).chain(records) {
        if batch.len() == BATCH {
            if !send(&batch, control)? {
                return Ok(());
            }
            batch.clear();
        }
        let pinned = pin(CWD, path)?;
        let clone = |attributes| {
            sys::clone_mount(pinned.fd.as_fd(), attributes).map_err(|error| LaunchError::object(path, error))
        };
        let only_read = records == Some(path);
        let attributes = MountAttributes {
            read_only: only_read,
            no_exec: only_read,
            no_dev: !stays(path),
            ..MountAttributes::default()
        };
        let mount = clone(attributes)?;
        let mapped = match stays(path) {
            true => Ok(()),
            false => maps.apply_to_roots(&pinned.fd, mount.as_fd(), attributes, user),
        };
        batch.push(match mapped {
            Ok(()) => mount,
            Err(IdMapError::Mount(_)) => {
                clone(MountAttributes { read_only: only_read, ..MountAttributes::default() })?
            }
            Err(IdMapError::Object(error)) => return Err(LaunchError::object(path, error)),
            Err(IdMapError::Namespace(error)) => return Err(LaunchError::IdMapNamespace(error)),
        });
    }
    let _ = send(&batch, control)? && lend_prefix(spec, control)?;
    Ok(())
}

/// False when pid 1 is gone: its report tells why.
fn send(batch: &[OwnedFd], control: BorrowedFd<'_>) -> Result<bool, LaunchError> {
    let batch: Vec<BorrowedFd<'_>> = batch.iter().map(AsFd::as_fd).collect();
    unless_gone(send_descriptors(control, &batch)).map_err(LaunchError::system("the grants' mounts"))
}

struct Lender<'a> {
    user: &'a ContainerUser,
    maps: IdMaps,
}

impl Lender<'_> {
    fn clone_mount(
        &mut self,
        path: &Path,
        pinned: Pinned,
        attributes: MountAttributes,
    ) -> Result<OwnedFd, LaunchError> {
        let mount = sys::clone_mount(pinned.fd.as_fd(), attributes)
            .map_err(|error| LaunchError::object(path, error))?;
        match self.maps.apply(&pinned.fd, mount.as_fd(), attributes, self.user) {
            Ok(()) => Ok(mount),
            Err(IdMapError::Object(error)) => Err(LaunchError::object(path, error)),
            Err(IdMapError::Namespace(error)) => Err(LaunchError::IdMapNamespace(error)),
            Err(IdMapError::Mount(source)) => Err(LaunchError::NoIdMap { path: path.to_owned(), source }),
        }
    }
}

/// What [`lend_personal`] hands over, as pid 1 receives it: in batches, so that thousands of grants need not be open at once.
pub(crate) struct Lent<'a> {
    control: BorrowedFd<'a>,
    batch: VecDeque<OwnedFd>,
}

impl<'a> Lent<'a> {
    pub(crate) fn new(control: BorrowedFd<'a>) -> Lent<'a> {
        Lent { control, batch: VecDeque::new() }
    }

    /// The next mount, which is for `path`.
    pub(crate) fn next(&mut self, path: &Path) -> Result<OwnedFd, Failure> {
        if self.batch.is_empty() {
            let received = receive_descriptors(self.control).map_err(Failure::at(Step::Bind, path))?;
            self.batch = received.into();
        }
        // None: lowbox is gone, and nobody reads this.
        self.batch.pop_front().ok_or_else(|| Failure::new(Step::Bind, path, rustix::io::Errno::PIPE))
    }
}
