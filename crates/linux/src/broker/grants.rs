//! What is attached in the container: the grants of this run, given, changed where they are, and taken away again.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use lowbox_policy::{Bind, FileId, GrantRights, NodeKind};

use super::grantor::{Attached, Grantor, Pin};
use super::judge::Judge;
use super::memory::Memory;
use super::refusal::Refusal;
use super::searches::{Effort, Searches};
use super::way::Way;
use crate::host::Shown;

/// A grant of this run.
struct Granted {
    attached: Attached,
    pin_id: FileId,
    rights: GrantRights,
}

/// The grants of this run.
pub(super) struct Grants {
    grantor: Grantor,
    judge: Judge,
    searches: Searches,
    granted: BTreeMap<PathBuf, Granted>,
    /// Counts what changes what a consent comes to.
    generation: u64,
}

impl Grants {
    pub(super) fn new(grantor: Grantor, judge: Judge) -> Grants {
        Grants { grantor, judge, searches: Searches::new(), granted: BTreeMap::new(), generation: 0 }
    }

    pub(super) fn grantor(&self) -> &Grantor {
        &self.grantor
    }

    pub(super) fn judge(&self) -> &Judge {
        &self.judge
    }

    /// The mounts that a consent to an object comes to, and that nothing in it is in the way.
    ///
    /// # Errors
    /// Why it can't be granted.
    pub(super) fn may_be(
        &mut self,
        path: &Path,
        id: FileId,
        rights: GrantRights,
        memory: &Memory,
    ) -> Result<Vec<Bind>, Refusal> {
        memory.allows(path, rights).map_err(Refusal::Never)?;
        let binds = self.judge.binds(path, id, rights).map_err(Refusal::Never)?;
        self.search(path, id, rights, Effort::Touch)?;
        Ok(binds)
    }

    fn search(
        &mut self,
        path: &Path,
        id: FileId,
        rights: GrantRights,
        effort: Effort,
    ) -> Result<(), Refusal> {
        match self.judge.sought(id, rights) {
            Some(sought) => self.searches.look(sought, path, id, effort),
            None => Ok(()),
        }
    }

    /// What a consent comes to holds as long as this number stays.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// The deepest grant that the path lies in, and its rights.
    pub(super) fn covering(&self, path: &Path) -> Option<(PathBuf, GrantRights)> {
        path.ancestors().find_map(|place| Some((place.to_owned(), self.granted.get(place)?.rights)))
    }

    /// The rights that are granted at exactly this path.
    pub(super) fn rights_at(&self, path: &Path) -> GrantRights {
        self.granted.get(path).map(|granted| granted.rights).unwrap_or_default()
    }

    /// A granted object was touched and is not seen: it was granted just now; or it is a file that was replaced on the host
    /// (an editor's save), which the consent to its path covers; or a folder that was removed.
    ///
    /// # Errors
    /// Why it can't be attached again, as a sentence.
    pub(super) fn again(
        &mut self,
        place: &Path,
        wanted: GrantRights,
        memory: &Memory,
    ) -> Result<bool, String> {
        let Some(granted) = self.granted.get(place) else { return Ok(false) };
        let (was, rights) = (granted.pin_id, granted.rights);
        let Ok(pin) = self.grantor.look(place) else { return Ok(false) };
        let seen = if pin.id == was {
            Ok(true)
        } else if pin.id.kind == NodeKind::File && was.kind == NodeKind::File {
            self.withdraw(place);
            self.grant(place, pin, rights.union(wanted), None, memory, Effort::Touch).map(|()| true)
        } else {
            Ok(false)
        };
        self.grantor.unpin(pin);
        seen
    }

    /// Attaches the object, and again what is granted wider beneath it. `known` is what a consent to `rights` comes to, if the
    /// access check was asked already.
    ///
    /// # Errors
    /// Why it can't be, as a sentence; then the program has what it had before, or less.
    pub(super) fn grant(
        &mut self,
        path: &Path,
        pin: Pin,
        rights: GrantRights,
        known: Option<&Vec<Bind>>,
        memory: &Memory,
        effort: Effort,
    ) -> Result<(), String> {
        let (wanted, mut rights) = (rights, rights);
        // What was granted at the launch is changed where it is: who is in it already stays in it.
        if !self.granted.contains_key(path)
            && let Ok((attached, before)) = self.grantor.adopt(pin, path)
        {
            rights = rights.union(before);
            self.granted.insert(path.to_owned(), Granted { attached, pin_id: pin.id, rights: before });
        }
        let known = known.filter(|_| rights == wanted);
        memory.allows(path, rights)?;
        self.search(path, pin.id, rights, effort).map_err(|why| why.to_string())?;
        let binds = match known {
            Some(binds) => binds.clone(),
            None => self.judge.binds(path, pin.id, rights)?,
        };
        self.generation += 1;
        let before = self.rights_at(path);
        let attached = self.attach(path, pin, rights, &binds);
        if attached.is_err() {
            self.undo(path, pin.id, before);
        }
        attached
    }

    fn attach(&mut self, path: &Path, pin: Pin, rights: GrantRights, binds: &[Bind]) -> Result<(), String> {
        let told = |error: io::Error| error.to_string();
        if let Some(granted) = self.granted.get_mut(path) {
            let changed = self.grantor.change(&granted.attached, rights.write, rights.execute);
            if granted.pin_id == pin.id && changed.is_ok() {
                granted.rights = rights;
                self.judge.granted(path, pin.id, rights);
                // What was granted beneath it on its own has its own mount.
                for bind in binds.iter().filter(|bind| bind.path != path) {
                    if let Some(beneath) = self.granted.get(&bind.path) {
                        let wider = self.grantor.change(&beneath.attached, bind.writable, bind.executable);
                        wider.map_err(told)?;
                    }
                }
                return Ok(());
            }
            self.withdraw(path);
        }
        let attached = self.grantor.attach(pin, path, rights.write, rights.execute).map_err(told)?;
        self.granted.insert(path.to_owned(), Granted { attached, pin_id: pin.id, rights });
        self.judge.granted(path, pin.id, rights);
        for bind in binds.iter().filter(|bind| bind.path != path) {
            let beneath = self.grantor.look(&bind.path).map_err(told)?;
            let again = match beneath.id == bind.id {
                true => {
                    self.grantor.attach(beneath, &bind.path, bind.writable, bind.executable).map_err(told)
                }
                false => Err(format!("something else is at {} now", Shown(&bind.path))),
            };
            self.grantor.unpin(beneath);
            let attached = again?;
            if let Some(granted) = self.granted.get_mut(&bind.path) {
                granted.attached = attached;
            }
        }
        Ok(())
    }

    /// Takes back what was done before something failed. What can't be detached stays in the list, and can be revoked.
    fn undo(&mut self, path: &Path, id: FileId, before: GrantRights) {
        let Some(granted) = self.granted.get_mut(path).filter(|granted| granted.rights != before) else {
            return;
        };
        let nothing = before == GrantRights::default();
        if !nothing && self.grantor.change(&granted.attached, before.write, before.execute).is_ok() {
            granted.rights = before;
            self.judge.granted(path, id, before);
        } else if self.grantor.detach(&granted.attached).is_ok() {
            self.granted.remove(path);
            self.judge.withdrawn(path);
        }
    }

    /// Shows the program the links by which it named what was granted.
    ///
    /// # Errors
    /// Why one of them can't be made, as a sentence.
    pub(super) fn show(&self, way: &Way) -> Result<(), String> {
        way.links.iter().try_for_each(|link| {
            let failed =
                |error| format!("the link {} can't be shown to the program: {error}", Shown(&link.at));
            self.grantor.link(link).map_err(failed)
        })
    }

    /// Takes away what was granted at `path`, in this run or at the launch; whether there was something to take away.
    pub(super) fn take_away(&mut self, path: &Path) -> bool {
        self.withdraw(path) || self.withdraw_of_launch(path)
    }

    fn withdraw(&mut self, path: &Path) -> bool {
        self.judge.withdrawn(path);
        self.generation += 1;
        let Some(granted) = self.granted.remove(path) else { return false };
        // What was attached over something beneath it went with it, or is taken away first.
        self.grantor.detach(&granted.attached).is_ok()
    }

    /// The same for what was granted at the launch.
    fn withdraw_of_launch(&mut self, path: &Path) -> bool {
        let Ok(pin) = self.grantor.look(path) else { return false };
        let found = self.grantor.find(pin, path);
        self.grantor.unpin(pin);
        found.is_ok_and(|attached| self.grantor.detach(&attached).is_ok())
    }
}
