//! What the plan grants: binds and links.

use std::borrow::Cow;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use lowbox_policy::frontier::is_held_by_mount;
use lowbox_policy::{Bind, FsRights, NodeKind, is_within};
use rustix::fs::symlinkat;

use super::places::Places;
use super::{Builder, relative};
use crate::launch::control::Step;
use crate::launch::failure::Failure;
use crate::launch::pin::{file_id, open_without_links};
use crate::launch::rules::PRIVATE;
use crate::launch::spec::PackageData;
use crate::sys::{MountAttributes, clone_mount};

/// Where grants are mounted that lie beneath a place of the container's own and have other rights than it. Directly beneath
/// the root, because the plan may let every other folder of the private root be listed with all that lies beneath it.
pub(crate) const APART: &str = "/.granted";

/// Which of `binds`, sorted by path, need a place apart because they lie in one of `places`, where mounts decide alone, and
/// these do not hold them or something beneath them, or because they are among `exact`. What lies beneath a grant goes where
/// that goes.
pub(super) fn unheld(binds: &[Bind], places: &[PathBuf], exact: &[PathBuf]) -> Places {
    let mut unheld = Places::default();
    let mut top: Option<&Bind> = None;
    for bind in binds.iter().filter(|bind| places.iter().any(|place| is_within(&bind.path, place))) {
        let above = top.filter(|top| top.id.kind == NodeKind::Dir && is_within(&bind.path, &top.path));
        let outermost = above.unwrap_or(bind);
        if !is_held_by_mount(bind) || exact.contains(&bind.path) {
            unheld.insert(&outermost.path);
        }
        top = Some(outermost);
    }
    unheld
}

impl Builder {
    /// Attaches `mount` for `bind`, with its rule.
    pub(super) fn bind(
        &mut self,
        bind: &Bind,
        mount: OwnedFd,
        data: Option<&PackageData>,
    ) -> Result<(), Failure> {
        if self.needs_place_apart(bind) {
            self.make_place_apart(bind)?;
        }
        let directory = bind.id.kind == NodeKind::Dir;
        self.attach(mount.as_fd(), &bind.path, directory).map_err(Failure::at(Step::Bind, &bind.path))?;
        if bind.id.kind != NodeKind::Socket {
            self.rule(mount.as_fd(), &bind.path, bind.rights, directory)?;
        }
        if bind.connect || data.is_some_and(|data| bind.path == data.local_state) {
            self.allow_connect(mount.as_fd(), &bind.path)?;
        }
        if directory {
            let place = self.place_of(&bind.path);
            self.bound.insert(&place);
        }
        Ok(())
    }

    /// Landlock adds up along the path: beneath `/tmp` every object would get the rights that the program has in its own
    /// `/tmp`. A mount keeps regular files and folders read-only and code from running, but not FIFOs from being written
    /// nor anything from being read. Where that would give more than the plan, the grant needs a place apart.
    fn needs_place_apart(&self, bind: &Bind) -> bool {
        let Some(own) = self.own.iter().find(|own| is_within(&bind.path, own)) else {
            return self.unheld.contains(&bind.path);
        };
        if *own == bind.path || self.in_bind(&self.place_of(&bind.path)) {
            return false;
        }
        let more = PRIVATE.without(bind.rights);
        let held_by_mount = match bind.id.kind {
            NodeKind::Socket => return false,
            NodeKind::File if !bind.writable => FsRights::WRITES | FsRights::EXECUTE | FsRights::READ_DIR,
            NodeKind::File => {
                FsRights::EXECUTE | FsRights::WRITES.without(FsRights::FILE_ONLY) | FsRights::READ_DIR
            }
            _ => FsRights::EXECUTE,
        };
        !more.without(held_by_mount).is_empty()
    }

    /// A folder outside of what is the container's own, with a link to it at the path that was granted.
    fn make_place_apart(&mut self, bind: &Bind) -> Result<(), Failure> {
        let at = || Failure::at::<rustix::io::Errno>(Step::Bind, &bind.path);
        let name = bind.path.file_name().unwrap_or_default();
        let place = Path::new(APART).join(self.apart.len().to_string()).join(name);
        let parent = self.place_of(bind.path.parent().unwrap_or(&bind.path));
        self.directory(&parent).map_err(at())?;
        symlinkat(&place, &self.root, relative(&parent.join(name))).map_err(at())?;
        self.apart.push((bind.path.clone(), place));
        Ok(())
    }

    /// Where what is for `path` is mounted: there, but for grants that need a place apart.
    pub(super) fn place_of<'a>(&self, path: &'a Path) -> Cow<'a, Path> {
        let found = self.apart.iter().rev().find_map(|(from, to)| Some((to, path.strip_prefix(from).ok()?)));
        match found {
            Some((to, rest)) if rest.as_os_str().is_empty() => to.clone().into(),
            Some((to, rest)) => to.join(rest).into(),
            None => path.into(),
        }
    }

    /// A mount of the object, if it is the one that was planned. `None` for what the program's user may not reach (as root's
    /// programs reach the catalogue as *other*): it does not get it.
    pub(super) fn clone_bind(&self, bind: &Bind) -> Result<Option<OwnedFd>, Failure> {
        let at = || Failure::at::<rustix::io::Errno>(Step::Bind, &bind.path);
        let object = match open_without_links(&self.host, relative(&bind.path)) {
            Err(rustix::io::Errno::ACCESS) => return Ok(None),
            object => object.map_err(at())?,
        };
        if file_id(&object).map_err(at())? != bind.id {
            return Err(Failure::new(Step::Changed, &bind.path, rustix::io::Errno::STALE));
        }
        let attributes = MountAttributes {
            // A device is written through a read-only mount as well, but its mode can't be changed.
            read_only: !bind.writable || bind.is_device(),
            no_exec: !bind.executable,
            no_dev: !bind.is_device(),
            recursive: bind.recursive,
            ..MountAttributes::default()
        };
        clone_mount(object.as_fd(), attributes).map(Some).map_err(Failure::at(Step::Bind, &bind.path))
    }

    pub(super) fn links(&mut self, links: &[(PathBuf, PathBuf)]) -> Result<(), Failure> {
        for (link, target) in links {
            let place = self.place_of(link);
            let link: &Path = &place;
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
}
