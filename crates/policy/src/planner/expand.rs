//! Single files, and directories that are built positively from their children.

use std::ffi::OsStr;
use std::path::Path;
use std::rc::Rc;

use lowbox_security::ChildKind;

use super::forest::Forest;
use super::place::{Cover, Placer};
use super::regions::Place;
use super::rights::{self, Region};
use crate::fs_rights::FsRights;
use crate::host::{FileId, MAX_CHILDREN, NodeKind};
use crate::plan::{Bind, PlanError, Reason};

impl Placer<'_, '_> {
    /// Anything that is not a directory.
    pub(super) fn place_leaf(
        &mut self,
        path: &Path,
        id: FileId,
        place: Place,
        cover: Option<Cover>,
        no_writes: bool,
        named: bool,
    ) -> Result<(), PlanError> {
        let special = matches!(id.kind, NodeKind::Fifo | NodeKind::CharDevice | NodeKind::BlockDevice);
        let mut region: Rc<Region> = self.regions.file(place, special);
        let mut connect = false;
        match id.kind {
            NodeKind::Symlink => {
                if region.visible
                    && cover.is_none()
                    && let Some(target) = self.tree.read_link(path)
                {
                    self.links.push((path.to_path_buf(), target));
                }
                return Ok(());
            }
            NodeKind::Socket => {
                if !named {
                    if region.visible {
                        self.note(path, FsRights::NONE, Reason::SocketInTree);
                    }
                    return Ok(());
                }
                let (may_connect, as_socket) = rights::of_socket(self.regions.mask(place));
                connect = may_connect;
                region = Rc::new(Region { rights: FsRights::NONE, ..as_socket });
            }
            NodeKind::CharDevice | NodeKind::BlockDevice if !named => return Ok(()),
            NodeKind::Dir
            | NodeKind::File
            | NodeKind::Fifo
            | NodeKind::CharDevice
            | NodeKind::BlockDevice => {}
        }
        self.note_dropped(path, &region);
        if !region.visible || (id.kind == NodeKind::Socket && !connect) {
            return Ok(());
        }
        self.deny_xattr_reads |= !region.read_ea;
        let mut rights = region.rights;
        if no_writes && !special {
            rights = rights.without(FsRights::WRITES);
        }
        let device = matches!(id.kind, NodeKind::CharDevice | NodeKind::BlockDevice);
        if device && rights.intersects(FsRights::READ_FILE | FsRights::WRITE_FILE) {
            rights |= FsRights::IOCTL_DEV;
        }
        if let Some(above) = cover
            && !connect
            && !device
            && (above.rights & FsRights::FILE_ONLY).contains(rights)
        {
            return Ok(());
        }
        self.bind(Bind {
            path: path.to_path_buf(),
            id,
            // Devices, FIFOs and sockets are written through a read-only mount; chmod of them is not.
            writable: !special && rights.intersects(FsRights::WRITES),
            executable: rights.contains(FsRights::EXECUTE),
            rights,
            connect,
            recursive: false,
        })
    }

    /// Builds a directory positively: it becomes a skeleton, and each child is granted on its own.
    pub(super) fn expand(&mut self, number: usize, no_writes: bool) -> Result<(), PlanError> {
        let forest = self.forest;
        let node = &forest.nodes[number];
        let mut children = match self.tree.children(&node.path) {
            Ok(children) if children.len() <= MAX_CHILDREN => children,
            Ok(children) => {
                let why = format!("it holds {} entries and the limit is {MAX_CHILDREN}", children.len());
                self.note(&node.path, FsRights::NONE, Reason::CannotExpand { why });
                return self.place_children(number, None, false);
            }
            Err(error) => {
                self.note(&node.path, FsRights::NONE, Reason::CannotExpand { why: error.to_string() });
                return self.place_children(number, None, false);
            }
        };
        children.sort();
        for child in &node.children {
            self.place(*child, None, no_writes)?;
        }
        let dir = self.places[number].sd;
        for (name, _) in children {
            // A reserved place is a node of the forest, so no other lies beneath one unless its parent does.
            if node.reserved || is_named(forest, number, &name) {
                continue;
            }
            let path = node.path.join(&name);
            // One look decides what it is; the listing may be stale.
            let Some(id) = self.tree.node(&path) else { continue };
            if id.kind != NodeKind::Dir {
                let place = self.regions.place_beneath(dir, ChildKind::Object);
                self.place_leaf(&path, id, place, None, no_writes, false)?;
                continue;
            }
            let place = self.regions.place_beneath(dir, ChildKind::Container);
            let region = self.regions.tree(place);
            if !region.visible {
                continue;
            }
            self.deny_xattr_reads |= !region.read_ea;
            let rights = if no_writes { region.rights.without(FsRights::WRITES) } else { region.rights };
            self.bind(Bind {
                path,
                id,
                writable: rights.intersects(FsRights::WRITES),
                executable: rights.contains(FsRights::EXECUTE),
                rights,
                connect: false,
                recursive: true,
            })?;
        }
        Ok(())
    }
}

fn is_named(forest: &Forest<'_>, number: usize, name: &OsStr) -> bool {
    // Children are in the order of their names, because the items were sorted by path.
    forest.nodes[number].children.binary_search_by(|child| forest.nodes[*child].name().cmp(name)).is_ok()
}
