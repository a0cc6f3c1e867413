//! From the forest to binds: which node is bound as a whole, which is built positively, which stays a skeleton.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use lowbox_security::ChildKind;

use super::forest::{Barrier, Forest, Kinds};
use super::regions::{Place, Regions};
use super::rights::{self, Region};
use crate::fs_rights::FsRights;
use crate::host::{FileId, HostTree, MAX_CHILDREN, NodeKind};
use crate::plan::{Bind, Note, PlanError, PlanOptions, Reason};

/// The rule that a bound tree above lays over everything beneath it.
#[derive(Clone, Copy)]
struct Cover {
    rights: FsRights,
}

/// What a rule above a node may do without widening anything at the node or beneath it.
#[derive(Clone, Copy)]
struct Tolerance {
    rights: FsRights,
    visible: bool,
    read_ea: bool,
}

impl Tolerance {
    const ALL: Tolerance = Tolerance { rights: FsRights(u32::MAX), visible: true, read_ea: true };

    fn and(self, other: Tolerance) -> Tolerance {
        Tolerance {
            rights: self.rights & other.rights,
            visible: self.visible && other.visible,
            read_ea: self.read_ea && other.read_ea,
        }
    }

    fn allows(self, rights: FsRights) -> bool {
        self.visible && self.rights.contains(rights)
    }
}

/// What a node tolerates.
#[derive(Clone, Copy)]
struct Floor {
    /// As what it is now.
    now: Tolerance,
    /// As whatever it may become: beneath a writable rule the program may replace a file by a directory and the reverse.
    ever: Tolerance,
}

impl Floor {
    const OPEN: Floor = Floor { now: Tolerance::ALL, ever: Tolerance::ALL };
    const CLOSED: Floor = {
        let none = Tolerance { rights: FsRights::NONE, visible: false, read_ea: false };
        Floor { now: none, ever: none }
    };

    fn of(region: &Region) -> Tolerance {
        Tolerance { rights: region.tolerates, visible: region.visible, read_ea: region.read_ea }
    }

    fn and(self, other: Floor) -> Floor {
        Floor { now: self.now.and(other.now), ever: self.ever.and(other.ever) }
    }

    fn allows(self, rights: FsRights) -> bool {
        self.now.allows(rights) && (!rights.intersects(FsRights::WRITES) || self.ever.allows(rights))
    }

    fn read_ea(self, rights: FsRights) -> bool {
        self.now.read_ea && (!rights.intersects(FsRights::WRITES) || self.ever.read_ea)
    }
}

pub(crate) struct Placer<'a, 't> {
    forest: &'a Forest<'a>,
    regions: Regions<'t>,
    tree: &'a dyn HostTree,
    options: &'a PlanOptions,
    places: Vec<Place>,
    found: Vec<Option<FileId>>,
    /// For each node what it tolerates itself, and what its strict descendants do.
    own: Vec<Floor>,
    below: Vec<Floor>,
    pub binds: Vec<Bind>,
    pub links: Vec<(PathBuf, PathBuf)>,
    pub notes: Vec<Note>,
    pub deny_xattr_reads: bool,
}

impl<'a, 't> Placer<'a, 't> {
    pub fn new(
        forest: &'a Forest<'a>,
        mut regions: Regions<'t>,
        tree: &'a dyn HostTree,
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
            binds: Vec::new(),
            links: Vec::new(),
            notes: Vec::new(),
            deny_xattr_reads: false,
        };
        placer.floors();
        placer
    }

    /// Bottom-up: a child's number is greater than its parent's, so one pass from the end does it.
    fn floors(&mut self) {
        let count = self.forest.nodes.len();
        self.own = (0..count).map(|number| self.own_floor(number)).collect();
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
    fn culprit(&self, number: usize, rights: FsRights) -> PathBuf {
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

    /// Places the whole forest.
    pub fn run(&mut self) -> Result<(), PlanError> {
        self.place(0, None, false)
    }

    fn place(&mut self, number: usize, cover: Option<Cover>, no_writes: bool) -> Result<(), PlanError> {
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
        if self.is_reserved(&node.path) && !is_device_or_socket(id.kind) {
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
        if !region.is_bindable() || self.is_reserved(&node.path) {
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
                let less = rights & below.now.rights;
                self.note(path, rights.without(less), Reason::NarrowerBeneath { child });
                rights = less;
            }
        }
        self.deny_xattr_reads |= !below.read_ea(rights);
        match cover {
            Some(above) if above.rights == rights || !rights.contains(above.rights) => {
                self.place_children(number, cover, no_writes)
            }
            _ => {
                self.bind(Bind {
                    path: path.clone(),
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

    fn place_children(
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

    /// Anything that is not a directory.
    fn place_leaf(
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
                region = Rc::new(Region { rights: FsRights::NONE, dropped: Vec::new(), ..as_socket });
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
    fn expand(&mut self, number: usize, no_writes: bool) -> Result<(), PlanError> {
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
            if is_named(forest, number, &name) {
                continue;
            }
            let path = node.path.join(&name);
            if self.is_reserved(&path) {
                continue;
            }
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

    fn bind(&mut self, bind: Bind) -> Result<(), PlanError> {
        if self.binds.len() >= self.options.max_binds {
            return Err(PlanError::TooManyMounts { limit: self.options.max_binds });
        }
        self.binds.push(bind);
        Ok(())
    }

    fn is_reserved(&self, path: &Path) -> bool {
        self.options.reserved.iter().any(|reserved| path.starts_with(reserved))
    }

    fn note(&mut self, path: &Path, dropped: FsRights, reason: Reason) {
        self.notes.push(Note { path: path.to_path_buf(), dropped, reason });
    }

    fn note_dropped(&mut self, path: &Path, region: &Region) {
        for (dropped, reason) in &region.dropped {
            self.note(path, *dropped, reason.clone());
        }
    }
}

/// Top-down: the effective descriptor of each node, and that of its parent.
fn places(forest: &Forest<'_>, regions: &mut Regions<'_>, found: &[Option<FileId>]) -> Vec<Place> {
    let mut places = vec![Place { sd: Regions::UNGOVERNED, parent: Regions::UNGOVERNED }; forest.nodes.len()];
    let mut parents = vec![Regions::UNGOVERNED; forest.nodes.len()];
    for (number, node) in forest.nodes.iter().enumerate() {
        let parent = parents[number];
        // What is not there counts as a directory; its floor is taken as both.
        let kind = match found[number] {
            Some(FileId { kind: NodeKind::Dir, .. }) | None => ChildKind::Container,
            Some(_) => ChildKind::Object,
        };
        let sd = match (&node.barrier, &node.entry) {
            (Some(Barrier::Protected(_)), None) => Regions::UNGOVERNED,
            (Some(Barrier::Protected(_)), Some(entry)) => {
                let explicit = regions.number(&entry.descriptor);
                regions.object(Regions::UNGOVERNED, explicit, kind)
            }
            (_, Some(entry)) => {
                let explicit = regions.number(&entry.descriptor);
                regions.object(parent, explicit, kind)
            }
            (_, None) => regions.child(parent, kind),
        };
        places[number] = Place { sd, parent };
        for child in &node.children {
            parents[*child] = sd;
        }
    }
    places
}

fn is_named(forest: &Forest<'_>, number: usize, name: &OsStr) -> bool {
    // Children are in the order of their names, because the items were sorted by path.
    forest.nodes[number]
        .children
        .binary_search_by(|child| forest.nodes[*child].name.as_os_str().cmp(name))
        .is_ok()
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
