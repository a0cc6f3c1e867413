//! From the forest to binds: which node is bound as a whole, which is built positively, which stays a skeleton.

use std::path::{Path, PathBuf};

use lowbox_security::ChildKind;

use super::descriptors::SdId;
use super::floor::Floor;
use super::forest::{Barrier, Forest, Kinds};
use super::looked::Looked;
use super::regions::{Place, Regions};
use super::rights::Region;
use crate::fs_rights::FsRights;
use crate::host::{FileId, NodeKind};
use crate::plan::{Bind, Note, PlanError, PlanOptions, Reason};

/// The rule that a bound tree above lays over everything beneath it.
#[derive(Clone, Copy)]
pub(super) struct Cover {
    pub(super) rights: FsRights,
}

pub(crate) struct Placer<'a, 't> {
    pub(super) forest: &'a Forest<'a>,
    pub(super) regions: Regions<'t>,
    pub(super) tree: &'a Looked<'a>,
    pub(super) options: &'a PlanOptions,
    pub(super) places: Vec<Place>,
    pub(super) found: Vec<Option<FileId>>,
    /// For each node what it tolerates itself, and what its strict descendants do.
    pub(super) own: Vec<Floor>,
    pub(super) below: Vec<Floor>,
    pub binds: Vec<Bind>,
    pub links: Vec<(PathBuf, PathBuf)>,
    pub notes: Vec<Note>,
    pub deny_xattr_reads: bool,
}

impl<'a, 't> Placer<'a, 't> {
    pub fn new(
        forest: &'a Forest<'a>,
        mut regions: Regions<'t>,
        tree: &'a Looked<'a>,
        options: &'a PlanOptions,
    ) -> Self {
        let found: Vec<Option<FileId>> =
            forest.nodes.iter().map(|node| node.entry.as_ref().and_then(|entry| entry.found)).collect();
        let places = places(forest, &mut regions, &found);
        let mut placer = Placer {
            forest,
            regions,
            tree,
            options,
            places,
            found,
            own: Vec::new(),
            below: Vec::new(),
            binds: Vec::with_capacity(forest.nodes.len()),
            links: Vec::new(),
            notes: Vec::new(),
            deny_xattr_reads: false,
        };
        placer.floors();
        placer
    }

    /// Places the whole forest.
    pub fn run(&mut self) -> Result<(), PlanError> {
        self.place(0, None, false)
    }

    pub(super) fn place(
        &mut self,
        number: usize,
        cover: Option<Cover>,
        no_writes: bool,
    ) -> Result<(), PlanError> {
        let forest = self.forest;
        let node = &forest.nodes[number];
        if number == 0 {
            return self.place_root();
        }
        let Some(entry) = &node.entry else {
            return match cover {
                Some(_) => self.place_children(number, cover, no_writes),
                None => self.place_unnamed(number, no_writes),
            };
        };
        let Some(id) = self.found[number] else {
            if !entry.optional {
                self.note(&node.path, FsRights::NONE, Reason::Missing);
            }
            return Ok(());
        };
        if node.barrier == Some(Barrier::Reserved) {
            return self.place_children(number, None, false);
        }
        if let Some(reason) = wrong_kind(entry.kinds, id.kind) {
            self.note(&node.path, FsRights::NONE, reason);
            return self.place_children(number, cover, false);
        }
        if node.reserved && !is_device_or_socket(id.kind) {
            self.note(&node.path, FsRights::NONE, Reason::Reserved);
            return self.place_children(number, cover, false);
        }
        self.place_found(number, id, cover, false)
    }

    /// A node that only leads to others, in a place that nothing covers: bound when what it inherits says so.
    fn place_unnamed(&mut self, number: usize, no_writes: bool) -> Result<(), PlanError> {
        let node = &self.forest.nodes[number];
        if let Some(barrier) = node.barrier {
            if let Barrier::Protected(what) = barrier
                && self.regions.tree(self.places_above(number)).is_bindable()
            {
                self.note(&node.path, FsRights::NONE, Reason::Protected { what });
            }
            return self.place_children(number, None, false);
        }
        let region = self.regions.tree(self.places[number]);
        if !region.is_bindable() || node.reserved {
            return self.place_children(number, None, no_writes);
        }
        let Some(id) = self.tree.node(&node.path) else { return Ok(()) };
        if id.kind != NodeKind::Dir {
            let place = self.regions.place_beneath(self.places[number].parent, ChildKind::Object);
            return self.place_leaf(&node.path, id, place, None, no_writes, false);
        }
        self.place_found(number, id, None, no_writes)
    }

    fn places_above(&self, number: usize) -> Place {
        Place { sd: self.places[number].parent, parent: self.places[number].parent }
    }

    /// `/` is always a skeleton: it is the private root.
    fn place_root(&mut self) -> Result<(), PlanError> {
        let region = self.regions.tree(self.places[0]);
        if region.is_bindable() { self.expand(0, false) } else { self.place_children(0, None, false) }
    }

    fn place_found(
        &mut self,
        number: usize,
        id: FileId,
        cover: Option<Cover>,
        no_writes: bool,
    ) -> Result<(), PlanError> {
        let forest = self.forest;
        let path = &forest.nodes[number].path;
        if id.kind != NodeKind::Dir {
            return self.place_leaf(
                path,
                id,
                self.places[number],
                cover,
                no_writes,
                forest.nodes[number].entry.is_some(),
            );
        }
        let region = self.regions.tree(self.places[number]);
        self.note_dropped(path, &region);
        if !region.visible {
            return self.place_children(number, None, false);
        }
        self.deny_xattr_reads |= !region.read_ea;
        let below = self.below[number];
        let mut rights = region.rights;
        if no_writes {
            rights = rights.without(FsRights::WRITES);
        }
        if !below.allows(rights) {
            // Masks over a writable folder fall off, so a writable folder with something narrower in it is read-only.
            let writes = rights & FsRights::WRITES;
            if !writes.is_empty() {
                let child = self.culprit(number, rights);
                self.note(path, writes, Reason::NarrowerBeneath { child });
                rights = rights.without(FsRights::WRITES);
            }
            if !below.allows(rights) {
                let child = self.culprit(number, rights);
                let Some(_) = cover else {
                    self.note(path, FsRights::NONE, Reason::BuiltPositively { child });
                    return self.expand(number, true);
                };
                // A skeleton can't be built inside a bound tree: give less.
                let less = rights & below.rights;
                self.note(path, rights.without(less), Reason::NarrowerBeneath { child });
                rights = less;
            }
        }
        self.deny_xattr_reads |= !below.reads_ea();
        match cover {
            Some(above) if above.rights == rights || !rights.contains(above.rights) => {
                self.place_children(number, cover, no_writes)
            }
            _ => {
                self.bind(Bind {
                    path: path.to_path_buf(),
                    id,
                    writable: rights.intersects(FsRights::WRITES),
                    executable: rights.contains(FsRights::EXECUTE),
                    rights,
                    connect: false,
                    recursive: true,
                })?;
                self.place_children(number, Some(Cover { rights }), false)
            }
        }
    }

    pub(super) fn place_children(
        &mut self,
        number: usize,
        cover: Option<Cover>,
        no_writes: bool,
    ) -> Result<(), PlanError> {
        for child in &self.forest.nodes[number].children {
            self.place(*child, cover, no_writes)?;
        }
        Ok(())
    }

    pub(super) fn bind(&mut self, bind: Bind) -> Result<(), PlanError> {
        if self.binds.len() >= self.options.max_binds {
            return Err(PlanError::TooManyMounts { limit: self.options.max_binds });
        }
        self.binds.push(bind);
        Ok(())
    }

    pub(super) fn note(&mut self, path: &Path, dropped: FsRights, reason: Reason) {
        self.notes.push(Note { path: path.to_path_buf(), dropped, reason });
    }

    pub(super) fn note_dropped(&mut self, path: &Path, region: &Region) {
        for (dropped, reason) in &region.dropped {
            self.note(path, *dropped, reason.clone());
        }
    }
}

/// Top-down: the effective descriptor of each node, and that of its parent.
fn places(forest: &Forest<'_>, regions: &mut Regions<'_>, found: &[Option<FileId>]) -> Vec<Place> {
    let ungoverned = regions.ungoverned();
    let mut places = vec![Place { sd: ungoverned, parent: ungoverned }; forest.nodes.len()];
    for (number, node) in forest.nodes.iter().enumerate() {
        // Nothing is placed where an entry's object is missing.
        if node.entry.is_some() && found[number].is_none() && node.children.is_empty() {
            continue;
        }
        let protected = matches!(node.barrier, Some(Barrier::Protected(_)));
        // Nothing reaches an entry behind a protected barrier from above.
        let parent = if protected && node.entry.is_some() { ungoverned } else { places[number].parent };
        let mut of = |kind| match node.entry {
            Some(entry) => regions.object(parent, entry.descriptor, kind),
            None if protected => ungoverned,
            None => regions.child(parent, kind),
        };
        // What has something beneath it, or is not there, counts as a directory.
        let is_dir = matches!(found[number], Some(FileId { kind: NodeKind::Dir, .. }) | None);
        let as_dir: Option<SdId> = (is_dir || !node.children.is_empty()).then(|| of(ChildKind::Container));
        let sd = match as_dir {
            Some(as_dir) if is_dir => as_dir,
            _ => of(ChildKind::Object),
        };
        places[number] = Place { sd, parent };
        for child in &node.children {
            places[*child].parent = as_dir.unwrap_or(ungoverned);
        }
    }
    places
}

fn is_device_or_socket(kind: NodeKind) -> bool {
    matches!(kind, NodeKind::CharDevice | NodeKind::BlockDevice | NodeKind::Socket)
}

fn wrong_kind(kinds: Kinds, found: NodeKind) -> Option<Reason> {
    let (fits, expected) = match found {
        NodeKind::Socket => (kinds.socket, "tree or device"),
        NodeKind::CharDevice | NodeKind::BlockDevice => (kinds.device, "tree or socket"),
        NodeKind::Symlink => (true, ""),
        NodeKind::Dir | NodeKind::File | NodeKind::Fifo => (kinds.tree, "socket or device"),
    };
    if fits {
        None
    } else if found == NodeKind::Socket && kinds.tree {
        Some(Reason::SocketInTree)
    } else {
        Some(Reason::WrongKind { expected, found })
    }
}
