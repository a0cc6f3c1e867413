//! What a rule on a folder may do without widening anything that has an entry of its own beneath it.

use std::path::PathBuf;

use lowbox_security::ChildKind;

use super::place::Placer;
use super::regions::Place;
use super::rights::Region;
use crate::fs_rights::FsRights;

/// What a rule above a node may do without widening anything at the node or beneath it. A node is taken as a file and as a
/// directory, whatever it is now: the program beneath a writable rule, or the host, may replace one by the other.
#[derive(Clone, Copy)]
pub(super) struct Floor {
    pub(super) rights: FsRights,
    visible: bool,
    read_ea: bool,
}

impl Floor {
    pub(super) const OPEN: Floor = Floor { rights: FsRights(u32::MAX), visible: true, read_ea: true };
    const CLOSED: Floor = Floor { rights: FsRights::NONE, visible: false, read_ea: false };

    fn of(region: &Region) -> Floor {
        Floor { rights: region.tolerates, visible: region.visible, read_ea: region.read_ea }
    }

    fn and(self, other: Floor) -> Floor {
        Floor {
            rights: self.rights & other.rights,
            visible: self.visible && other.visible,
            read_ea: self.read_ea && other.read_ea,
        }
    }

    pub(super) fn allows(self, rights: FsRights) -> bool {
        self.visible && self.rights.contains(rights)
    }

    /// Whether extended attributes of all of it may be read.
    pub(super) fn reads_ea(self) -> bool {
        self.read_ea
    }
}

impl Placer<'_, '_> {
    /// Bottom-up: a child's number is greater than its parent's, so one pass from the end does it.
    pub(super) fn floors(&mut self) {
        let count = self.forest.nodes.len();
        // Only what lies beneath an entry can have a rule above it; for the rest nothing needs to be asked.
        let mut beneath = vec![false; count];
        self.own = Vec::with_capacity(count);
        for number in 0..count {
            let node = &self.forest.nodes[number];
            let covered = beneath[number] || node.entry.is_some();
            node.children.iter().for_each(|child| beneath[*child] = covered);
            let floor = if beneath[number] { self.own_floor(number) } else { Floor::OPEN };
            self.own.push(floor);
        }
        self.below = vec![Floor::OPEN; count];
        for number in (0..count).rev() {
            let floor = self.forest.nodes[number]
                .children
                .iter()
                .fold(Floor::OPEN, |floor, child| floor.and(self.own[*child]).and(self.below[*child]));
            self.below[number] = floor;
        }
    }

    fn own_floor(&mut self, number: usize) -> Floor {
        let node = &self.forest.nodes[number];
        if node.barrier.is_some() {
            return Floor::CLOSED;
        }
        let Some(entry) = &node.entry else { return Floor::OPEN };
        let parent = self.places[number].parent;
        let as_dir =
            Place { sd: self.regions.object(parent, entry.descriptor, ChildKind::Container), parent };
        let as_file = Place { sd: self.regions.object(parent, entry.descriptor, ChildKind::Object), parent };
        Floor::of(&self.regions.tree(as_dir)).and(Floor::of(&self.regions.file(as_file, false)))
    }

    /// The first object beneath a node that does not tolerate the rights, for notes.
    pub(super) fn culprit(&self, number: usize, rights: FsRights) -> PathBuf {
        let mut at = number;
        while let Some(child) = self.forest.nodes[at]
            .children
            .iter()
            .find(|child| !self.own[**child].and(self.below[**child]).allows(rights))
        {
            at = *child;
            if !self.own[at].allows(rights) {
                break;
            }
        }
        self.forest.nodes[at].path.to_path_buf()
    }
}
