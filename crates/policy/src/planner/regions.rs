//! Effective descriptors by inheritance, access masks and regions, each computed once.
//!
//! Ten thousand objects mostly share a handful of descriptors, so descriptors are numbered by their bytes and every
//! inheritance, check and region is remembered by number.

use std::collections::HashMap;
use std::rc::Rc;

use lowbox_security::{AccessMask, ChildKind, SecurityDescriptor, Token};

use super::check;
use super::rights::{self, Levels, Region};

/// The number of a descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct SdId(u32);

/// A directory or file in the forest: its effective descriptor and that of its parent directory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Place {
    pub sd: SdId,
    pub parent: SdId,
}

/// A depth after which generic children no longer differ: an ACE with NP ends after the first level, what it leaves
/// as the parent's descriptor (rule 7 of the check) after the second.
const DEEPEST: usize = 4;

/// How many descriptors are compared before one is looked up by its bytes.
const RECENT: usize = 4;

pub(crate) struct Regions<'t> {
    token: &'t Token,
    numbers: HashMap<Vec<u8>, SdId>,
    descriptors: Vec<SecurityDescriptor>,
    /// Those met last: most objects have one of a few descriptors.
    recent: Vec<SdId>,
    children: HashMap<(SdId, bool), SdId>,
    explicit: HashMap<(SdId, SdId, bool), SdId>,
    masks: HashMap<Place, AccessMask>,
    trees: HashMap<Place, Rc<Region>>,
    files: HashMap<(Place, bool), Rc<Region>>,
}

impl<'t> Regions<'t> {
    pub fn new(token: &'t Token) -> Self {
        let mut regions = Regions {
            token,
            numbers: HashMap::new(),
            descriptors: Vec::new(),
            recent: Vec::new(),
            children: HashMap::new(),
            explicit: HashMap::new(),
            masks: HashMap::new(),
            trees: HashMap::new(),
            files: HashMap::new(),
        };
        let ungoverned = check::ungoverned(token);
        regions.number(&ungoverned);
        regions
    }

    /// The descriptor of what no object governs: an empty DACL.
    pub const UNGOVERNED: SdId = SdId(0);

    /// The number of a descriptor.
    pub fn number(&mut self, sd: &SecurityDescriptor) -> SdId {
        if let Some(id) = self.recent.iter().find(|id| self.descriptors[id.0 as usize] == *sd) {
            return *id;
        }
        let id = self.number_slowly(sd);
        self.recent.truncate(RECENT - 1);
        self.recent.insert(0, id);
        id
    }

    fn number_slowly(&mut self, sd: &SecurityDescriptor) -> SdId {
        // What has no binary form (an ACL longer than 64 KiB) is told apart by its text.
        let bytes = sd.to_bytes().unwrap_or_else(|_| format!("{sd:?}").into_bytes());
        if let Some(id) = self.numbers.get(&bytes) {
            return *id;
        }
        let id = SdId(u32::try_from(self.descriptors.len()).unwrap_or(u32::MAX));
        self.descriptors.push(sd.clone());
        self.numbers.insert(bytes, id);
        id
    }

    /// What a child without an entry of its own inherits.
    pub fn child(&mut self, parent: SdId, kind: ChildKind) -> SdId {
        if parent == Self::UNGOVERNED {
            return parent;
        }
        let key = (parent, kind == ChildKind::Container);
        if let Some(id) = self.children.get(&key) {
            return *id;
        }
        let sd = check::inherited(&self.descriptors[parent.0 as usize], None, kind, self.token);
        let id = self.number(&sd);
        self.children.insert(key, id);
        id
    }

    /// What an object with an entry of its own has, beneath `parent`.
    pub fn object(&mut self, parent: SdId, explicit: SdId, kind: ChildKind) -> SdId {
        let key = (parent, explicit, kind == ChildKind::Container);
        if let Some(id) = self.explicit.get(&key) {
            return *id;
        }
        let sd = check::inherited(
            &self.descriptors[parent.0 as usize],
            Some(&self.descriptors[explicit.0 as usize]),
            kind,
            self.token,
        );
        let id = self.number(&sd);
        self.explicit.insert(key, id);
        id
    }

    /// The generic child of a directory.
    pub fn place_beneath(&mut self, parent: SdId, kind: ChildKind) -> Place {
        Place { sd: self.child(parent, kind), parent }
    }

    /// All that the token may do there (MAXIMUM_ALLOWED).
    pub fn mask(&mut self, place: Place) -> AccessMask {
        if place == (Place { sd: Self::UNGOVERNED, parent: Self::UNGOVERNED }) {
            return AccessMask::NONE;
        }
        if let Some(mask) = self.masks.get(&place) {
            return *mask;
        }
        let sd = &self.descriptors[place.sd.0 as usize];
        let parent = &self.descriptors[place.parent.0 as usize];
        let mask = check::maximum(sd, Some(parent), self.token);
        self.masks.insert(place, mask);
        mask
    }

    /// A directory with all generic things beneath it.
    pub fn tree(&mut self, place: Place) -> Rc<Region> {
        if let Some(region) = self.trees.get(&place) {
            return region.clone();
        }
        let root = self.mask(place);
        let mut levels = Levels { root, dirs: AccessMask(u32::MAX), files: AccessMask(u32::MAX), some: root };
        let mut dir = place;
        for _ in 0..DEEPEST {
            let file = self.place_beneath(dir.sd, ChildKind::Object);
            let below = self.place_beneath(dir.sd, ChildKind::Container);
            let (file, dirs) = (self.mask(file), self.mask(below));
            levels.files &= file;
            levels.dirs &= dirs;
            levels.some |= file | dirs;
            if below == dir {
                break;
            }
            dir = below;
        }
        let region = Rc::new(rights::of_tree(&levels));
        self.trees.insert(place, region.clone());
        region
    }

    /// A single file.
    pub fn file(&mut self, place: Place, special: bool) -> Rc<Region> {
        if let Some(region) = self.files.get(&(place, special)) {
            return region.clone();
        }
        let region = Rc::new(rights::of_file(self.mask(place), special));
        self.files.insert((place, special), region.clone());
        region
    }
}
