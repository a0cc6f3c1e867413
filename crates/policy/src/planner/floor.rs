//! What a rule on a folder may do without widening anything that has an entry of its own beneath it.

use std::path::PathBuf;

use lowbox_security::ChildKind;

use super::place::Placer;
use super::regions::Place;
use super::rights::Region;
use crate::fs_rights::FsRights;
use crate::host::NodeKind;

/// What a rule above a node may do without widening anything at the node or beneath it.
#[derive(Clone, Copy)]
pub(super) struct Tolerance {
    pub(super) rights: FsRights,
    pub(super) visible: bool,
    pub(super) read_ea: bool,
}

impl Tolerance {
    pub(super) const ALL: Tolerance = Tolerance { rights: FsRights(u32::MAX), visible: true, read_ea: true };

    pub(super) fn and(self, other: Tolerance) -> Tolerance {
        Tolerance {
            rights: self.rights & other.rights,
            visible: self.visible && other.visible,
            read_ea: self.read_ea && other.read_ea,
        }
    }

    pub(super) fn allows(self, rights: FsRights) -> bool {
        self.visible && self.rights.contains(rights)
    }
}

/// What a node tolerates.
#[derive(Clone, Copy)]
pub(super) struct Floor {
    /// As what it is now.
    pub(super) now: Tolerance,
    /// As whatever it may become: beneath a writable rule the program may replace a file by a directory and the reverse.
    pub(super) ever: Tolerance,
}

impl Floor {
    pub(super) const OPEN: Floor = Floor { now: Tolerance::ALL, ever: Tolerance::ALL };
    pub(super) const CLOSED: Floor = {
        let none = Tolerance { rights: FsRights::NONE, visible: false, read_ea: false };
        Floor { now: none, ever: none }
    };

    pub(super) fn of(region: &Region) -> Tolerance {
        Tolerance { rights: region.tolerates, visible: region.visible, read_ea: region.read_ea }
    }

    pub(super) fn and(self, other: Floor) -> Floor {
        Floor { now: self.now.and(other.now), ever: self.ever.and(other.ever) }
    }

    pub(super) fn allows(self, rights: FsRights) -> bool {
        self.now.allows(rights) && (!rights.intersects(FsRights::WRITES) || self.ever.allows(rights))
    }

    pub(super) fn read_ea(self, rights: FsRights) -> bool {
        self.now.read_ea && (!rights.intersects(FsRights::WRITES) || self.ever.read_ea)
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
        let explicit = self.regions.number(&entry.descriptor);
        let as_dir = Place { sd: self.regions.object(parent, explicit, ChildKind::Container), parent };
        let as_file = Place { sd: self.regions.object(parent, explicit, ChildKind::Object), parent };
        let dir = Floor::of(&self.regions.tree(as_dir));
        let file = Floor::of(&self.regions.file(as_file, false));
        let ever = dir.and(file);
        let now = match self.found[number].map(|id| id.kind) {
            Some(NodeKind::Dir) => dir,
            Some(_) => file,
            None => ever,
        };
        Floor { now, ever }
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
        self.forest.nodes[at].path.clone()
    }
}
