//! What the user chose for the program is given to it, for this run.

use std::path::Path;
use std::time::Instant;

use lowbox_policy::GrantRights;

use super::{Desk, is_canonical};
use crate::broker::choosing::Wanted;
use crate::broker::choosing::request::{Kind, Request};
use crate::broker::memory::Recalled;
use crate::broker::offer::{Found, Offer};
use crate::broker::throttle::Touch as Throttled;
use crate::broker::touch::Touch;
use crate::broker::way::{NoWay, Way, follow};
use crate::broker::{Answer, Notice};
use crate::host::Shown;
use crate::wine::{host_path, windows_path};

/// Files of one choice.
const MOST: usize = 256;

/// Why something is not given: a sentence, unless it was said already.
type Refused = Option<String>;

impl Desk {
    /// The program wants the user to choose. Its call goes on when they have; what came of it is in a file of the container's.
    pub(super) fn choose(&mut self, touch: Touch) {
        let id = touch.id;
        let request = Request::parse(&touch.path).filter(|request| self.choices.has_room(&request.number));
        let Some(request) = request else { return self.verdict(id, false) };
        // Windows come no faster than questions do.
        match self.throttle.touch(touch.path.clone(), id, Instant::now()) {
            Throttled::Ask | Throttled::Joined => {}
            Throttled::Refused { waiter, limit, say } => return self.refuse(waiter, limit, say),
        }
        let wanted = self.wanted(&request);
        let path = touch.path.clone();
        if !self.choices.begin(touch, request, wanted) {
            self.throttle.finish(&path);
            self.verdict(id, false);
        }
    }

    fn wanted(&self, request: &Request) -> Wanted {
        let folder = host_path(&self.drives, &request.folder);
        // Where else the user's files are, the user knows.
        let folder = folder.filter(|folder| self.grants.judge().is_users(folder));
        Wanted {
            package: self.package.clone(),
            kind: request.kind,
            title: request.title.clone(),
            filters: request.filters.clone(),
            folder: folder.unwrap_or_else(|| self.grants.judge().home()),
            name: request.suggested().map(str::to_owned),
            extension: request.extension().map(str::to_owned),
        }
    }

    /// The user has chosen, or not.
    pub(in crate::broker) fn chosen(&mut self) {
        let Some((touch, request, paths)) = self.choices.end() else { return };
        let waiting = self.throttle.finish(&touch.path);
        let mut names = Vec::new();
        for path in paths.into_iter().take(MOST) {
            match self.give(&path, &touch, request.kind) {
                Ok(name) => names.push(name),
                Err(Some(why)) => self.crier.say(&Notice::NotGiven { path, why }),
                Err(None) => {}
            }
        }
        if !names.is_empty()
            && let Err(error) = self.grants.grantor().tell(&request.number, &answer(&names))
        {
            let why = format!("the program can't be told: {error}");
            self.crier.say(&Notice::NotGiven { path: touch.executable, why });
        }
        waiting.into_iter().for_each(|id| self.verdict(id, false));
    }

    /// What Windows calls something that was chosen, which the program can use from now on.
    fn give(&mut self, path: &Path, asked: &Touch, kind: Kind) -> Result<String, Refused> {
        let said = |why: &str| Some(why.to_owned());
        if !is_canonical(path) {
            return Err(said("it is no path of a file"));
        }
        let wanted = if kind == Kind::Save { GrantRights::READ_WRITE } else { GrantRights::READ };
        let mut touch = Touch {
            path: path.to_owned(),
            wanted,
            creates: false,
            needs_folder: false,
            makes_folder: false,
            follows: true,
            chooses: false,
            process: None,
            executable: asked.executable.clone(),
            arguments: asked.arguments.clone(),
            ..*asked
        };
        // A link that the program made must not make the user give what they did not see.
        let way = match follow(&mut touch, &self.grants) {
            Ok(way) => Some(way),
            Err(NoWay::Nothing) => None,
            Err(NoWay::Refused(why)) => return Err(Some(why.to_string())),
        };
        let path = touch.path.clone();
        let name = windows_path(&self.drives, &path);
        let name = name.ok_or_else(|| said("Windows programs can have no name for it in this container"))?;
        match self.has(&path, wanted)? {
            true => {}
            false => self.give_new(touch, way, kind)?,
        }
        self.denied.forget(&path);
        // Programs list the folders on the way only to find what was chosen, and the container shows that in them: nobody is asked.
        for above in path.ancestors().skip(1).filter(|above| self.grants.judge().is_users(above)) {
            self.denied.insert(above);
        }
        Ok(name)
    }

    /// Whether the program has it already, or had in an earlier run.
    fn has(&mut self, path: &Path, wanted: GrantRights) -> Result<bool, Refused> {
        if self.grants.judge().is_settled(path) {
            return Ok(true);
        }
        if let Some((place, rights)) = self.grants.covering(path)
            && rights.contains(wanted)
        {
            return self.grants.again(&place, wanted, &self.memory).map_err(Some);
        }
        match self.memory.recall(path, wanted) {
            Recalled::Nothing => Ok(false),
            Recalled::Denied => {
                Err(Some(format!("you denied it before; lowbox consent revoke {} forgets that", Shown(path))))
            }
            Recalled::Allowed { consent, object } => {
                let Ok(pin) = self.grantor().look(&consent.path) else { return Ok(false) };
                let held = pin.id == object && self.memory.hold(&consent);
                let granted = held && self.grant(&consent.path, pin, consent.rights);
                self.grantor().unpin(pin);
                Ok(granted)
            }
        }
    }

    fn give_new(&mut self, touch: Touch, way: Option<Way>, kind: Kind) -> Result<(), Refused> {
        let path = touch.path.clone();
        if !self.grants.judge().is_users(&path) {
            let why = "consent reaches into your own files only; grant it at the start, with --grant";
            return Err(Some(why.to_owned()));
        }
        // A file is what can be granted, so a new one is made, empty, as Windows does.
        let made = match kind {
            Kind::Save => self.grantor().make(&path).map_err(|error| Some(error.to_string()))?,
            _ => None,
        };
        let given = self.give_what_is_there(touch, way);
        if let Some(pin) = made {
            if given.is_err() {
                // Where somebody has written to it meanwhile, it stays.
                let _ = self.grantor().unmake(pin, &path);
            }
            self.grantor().unpin(pin);
        }
        given
    }

    fn give_what_is_there(&mut self, touch: Touch, way: Option<Way>) -> Result<(), Refused> {
        let wanted = touch.wanted;
        let found = Found::look(touch, way, &self.grants).map_err(|_| Some("it is not there".to_owned()))?;
        let offer =
            Offer::make(found, &mut self.grants, &self.memory).map_err(|why| Some(why.to_string()))?;
        let given = match offer.this {
            Some(_) => self.carry_out(&offer, Answer::This(wanted), false).then_some(()).ok_or(None),
            None => Err(Some("it can't be granted while the program runs".to_owned())),
        };
        offer.let_go(&self.grants);
        given
    }
}

/// Names in UTF-16, each with an end: what `wine-dll/choose.c` reads.
fn answer(names: &[String]) -> Vec<u8> {
    names.iter().flat_map(|name| name.encode_utf16().chain([0])).flat_map(u16::to_le_bytes).collect()
}
