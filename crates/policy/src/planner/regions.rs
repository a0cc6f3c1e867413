//! Effective descriptors by inheritance, access masks and regions, each computed once for each descriptor.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use lowbox_security::{AccessMask, ChildKind, SecurityDescriptor, Token};

use super::descriptors::{Descriptors, SdId};
use super::rights::{self, Levels, Region};
use super::{check, merge};

/// A directory or file in the forest: its effective descriptor and that of its parent directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    pub sd: SdId,
    pub parent: SdId,
}

/// A depth after which generic children no longer differ: an ACE with NP ends after the first level, what it leaves
/// as the parent's descriptor (rule 7 of the check) after the second.
const DEEPEST: usize = 4;

/// What is known of a place.
#[derive(Default)]
struct Answers {
    mask: Option<AccessMask>,
    tree: Option<Rc<Region>>,
    /// As a plain file, and as a special one.
    file: [Option<Rc<Region>>; 2],
}

pub(crate) struct Regions<'t> {
    token: &'t Token,
    descriptors: Descriptors,
    /// What a folder with this descriptor passes on, by number: to files, and to folders.
    children: Vec<[Option<SdId>; 2]>,
    /// By parent and explicit descriptor: what a file, and what a folder has.
    objects: BTreeMap<u64, [Option<SdId>; 2]>,
    merged: BTreeMap<u64, SdId>,
    /// By place, where its answers are.
    known: BTreeMap<u64, usize>,
    answers: Vec<Answers>,
    ungoverned: SdId,
}

impl<'t> Regions<'t> {
    pub fn new(token: &'t Token) -> Self {
        let mut descriptors = Descriptors::default();
        let ungoverned = descriptors.number(check::ungoverned(token));
        Regions {
            token,
            descriptors,
            children: Vec::new(),
            objects: BTreeMap::new(),
            merged: BTreeMap::new(),
            known: BTreeMap::new(),
            answers: Vec::new(),
            ungoverned,
        }
    }

    /// The descriptor of what no object governs: an empty DACL.
    pub fn ungoverned(&self) -> SdId {
        self.ungoverned
    }

    /// The number of a descriptor.
    pub fn number(&mut self, sd: &Arc<SecurityDescriptor>) -> SdId {
        self.descriptors.number(sd.clone())
    }

    /// The explicit descriptors of two entries for one path put together.
    pub fn merged(&mut self, first: SdId, second: SdId) -> SdId {
        let key = first.pair(second);
        if let Some(id) = self.merged.get(&key) {
            return *id;
        }
        let sd = merge::merged(self.descriptors.get(first).clone(), self.descriptors.get(second).clone());
        let id = self.descriptors.number(sd);
        self.merged.insert(key, id);
        id
    }

    /// What a descriptor takes away, for a place that it was not written for.
    pub fn as_denies(&mut self, sd: SdId) -> Option<SdId> {
        let denies = merge::as_denies(self.descriptors.get(sd), self.token)?;
        Some(self.descriptors.number(denies))
    }

    /// What a child without an entry of its own inherits.
    pub fn child(&mut self, parent: SdId, kind: ChildKind) -> SdId {
        if parent == self.ungoverned {
            return parent;
        }
        let known = self.children.get(parent.index()).and_then(|known| known[slot(kind)]);
        known.unwrap_or_else(|| {
            let id = self.inherited(parent, None, kind);
            if self.children.len() <= parent.index() {
                self.children.resize(parent.index() + 1, [None; 2]);
            }
            self.children[parent.index()][slot(kind)] = Some(id);
            id
        })
    }

    /// What an object with an entry of its own has, beneath `parent`.
    pub fn object(&mut self, parent: SdId, explicit: SdId, kind: ChildKind) -> SdId {
        let key = parent.pair(explicit);
        let known = self.objects.get(&key).and_then(|known| known[slot(kind)]);
        known.unwrap_or_else(|| {
            let id = self.inherited(parent, Some(explicit), kind);
            self.objects.entry(key).or_default()[slot(kind)] = Some(id);
            id
        })
    }

    fn inherited(&mut self, parent: SdId, explicit: Option<SdId>, kind: ChildKind) -> SdId {
        let explicit = explicit.map(|explicit| self.descriptors.get(explicit));
        let sd = check::inherited(self.descriptors.get(parent), explicit, kind, self.token);
        self.descriptors.number(sd)
    }

    /// The generic child of a directory.
    pub fn place_beneath(&mut self, parent: SdId, kind: ChildKind) -> Place {
        Place { sd: self.child(parent, kind), parent }
    }

    fn at(&mut self, place: Place) -> usize {
        let next = self.answers.len();
        let at = *self.known.entry(place.sd.pair(place.parent)).or_insert(next);
        if at == next {
            self.answers.push(Answers::default());
        }
        at
    }

    /// All that the token may do there (MAXIMUM_ALLOWED).
    pub fn mask(&mut self, place: Place) -> AccessMask {
        if place == (Place { sd: self.ungoverned, parent: self.ungoverned }) {
            return AccessMask::NONE;
        }
        let at = self.at(place);
        if let Some(mask) = self.answers[at].mask {
            return mask;
        }
        let (sd, parent) = (self.descriptors.get(place.sd), self.descriptors.get(place.parent));
        let mask = check::maximum(sd, Some(parent), self.token);
        self.answers[at].mask = Some(mask);
        mask
    }

    /// A directory with all generic things beneath it.
    pub fn tree(&mut self, place: Place) -> Rc<Region> {
        let at = self.at(place);
        if let Some(region) = &self.answers[at].tree {
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
        self.answers[at].tree = Some(region.clone());
        region
    }

    /// A single file.
    pub fn file(&mut self, place: Place, special: bool) -> Rc<Region> {
        let at = self.at(place);
        if let Some(region) = &self.answers[at].file[usize::from(special)] {
            return region.clone();
        }
        let region = Rc::new(rights::of_file(self.mask(place), special));
        self.answers[at].file[usize::from(special)] = Some(region.clone());
        region
    }
}

/// The place of a kind in pairs.
fn slot(kind: ChildKind) -> usize {
    usize::from(kind == ChildKind::Container)
}
