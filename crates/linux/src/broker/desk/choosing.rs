//! What the user chose for the program is given to it, for this run.

use std::path::{Path, PathBuf};
use std::time::Instant;

use lowbox_policy::GrantRights;

use super::{Desk, is_canonical};
use crate::broker::choosing::request::{Kind, Request};
use crate::broker::choosing::{Confirm, Open, Wanted};
use crate::broker::memory::Recalled;
use crate::broker::offer::{Found, NoOffer, Offer};
use crate::broker::throttle::Touch as Throttled;
use crate::broker::touch::Touch;
use crate::broker::{Answer, Notice};
use crate::host::Shown;
use crate::wine::{host_path, windows_path};

/// Files of one choice.
const MOST: usize = 128;

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
        let home = self.grants.judge().home();
        // Nobody expects to begin among what is hidden.
        let is_hidden = |folder: &PathBuf| {
            let inside = folder.strip_prefix(&home).unwrap_or(folder);
            inside
                .as_os_str()
                .as_encoded_bytes()
                .split(|byte| *byte == b'/')
                .any(|name| name.starts_with(b"."))
        };
        let folder = folder.or_else(|| self.choices.last.clone()).filter(|folder| !is_hidden(folder));
        Wanted {
            package: self.package.clone(),
            kind: request.kind,
            title: request.title.clone(),
            filters: request.filters.clone(),
            folder: folder.unwrap_or(home),
            name: request.suggested().map(str::to_owned),
            extension: request.extension().map(str::to_owned),
        }
    }

    /// The user has chosen, or not.
    pub(in crate::broker) fn chosen(&mut self) {
        let Some((open, mut paths)) = self.choices.end() else { return };
        let mut refused = Vec::new();
        if paths.len() > MOST {
            let why = format!("more than {MOST} were chosen at once");
            refused.push(Notice::NotGiven { path: paths.swap_remove(0), why });
            paths.clear();
        }
        let open = match open.confirmed {
            true => open,
            false => match self.confirm_links(open, &paths) {
                Some(open) => open,
                None => return,
            },
        };
        let Open { touch, request, .. } = open;
        let waiting = self.throttle.finish(&touch.path);
        let mut names = Vec::new();
        for path in paths {
            match self.give(&path, &touch, request.kind) {
                Ok(name) => names.push(name),
                Err(Some(why)) => refused.push(Notice::NotGiven { path, why }),
                Err(None) => {}
            }
        }
        if !names.is_empty()
            && let Err(error) = self.grants.grantor().tell(&request.number, &answer(&names))
        {
            let why = format!("the program can't be told: {error}");
            refused.push(Notice::NotGiven { path: touch.executable, why });
        }
        refused.iter().for_each(|notice| self.crier.say(notice));
        // In a window too, for whoever started it from a menu; of several things one is enough.
        refused.into_iter().take(1).for_each(|notice| self.choices.tell(notice));
        waiting.into_iter().for_each(|id| self.verdict(id, false));
    }

    /// What was chosen by a link is given once the user knows what it is: the program may have made the link, in an earlier run too. `None`
    /// while that is asked.
    fn confirm_links(&mut self, open: Open, paths: &[PathBuf]) -> Option<Open> {
        let real = |path: &PathBuf| match self.grantor().resolve(path, true) {
            Ok(found) if is_canonical(path) => found.path,
            // Why it can't be given is found out below.
            _ => path.clone(),
        };
        let real: Vec<PathBuf> = paths.iter().map(real).collect();
        let links = paths.iter().cloned().zip(real.iter().cloned());
        let links: Vec<(PathBuf, PathBuf)> = links.filter(|(named, real)| named != real).collect();
        if links.is_empty() {
            return Some(open);
        }
        let confirm = Confirm { package: self.package.clone(), links };
        self.choices.confirm(open, confirm, real)
    }

    /// What Windows calls something that was chosen, which the program can use from now on.
    fn give(&mut self, path: &Path, asked: &Touch, kind: Kind) -> Result<String, Refused> {
        let said = |why: &str| Some(why.to_owned());
        if !is_canonical(path) {
            return Err(said("it is no path of a file"));
        }
        let wanted = if kind == Kind::Save { GrantRights::READ_WRITE } else { GrantRights::READ };
        let touch = Touch {
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
        let name = windows_path(&self.drives, path);
        let name = name.ok_or_else(|| said("Windows programs can have no name for it in this container"))?;
        if !self.has(path, wanted)? {
            self.give_new(touch, kind)?;
        }
        self.denied.forget(path);
        self.choices.last = path.parent().map(Path::to_owned);
        // Programs list the folders on the way only to find what was chosen, and the container shows that in them: nobody is asked.
        for above in path.ancestors().skip(1) {
            if self.grants.judge().is_users(above) && self.grants.covering(above).is_none() {
                self.denied.insert(above);
            }
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
                Ok(self.grant_again(&consent, object).unwrap_or_default())
            }
        }
    }

    fn give_new(&mut self, touch: Touch, kind: Kind) -> Result<(), Refused> {
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
        let given = self.give_what_is_there(touch);
        if let Some(pin) = made {
            if given.is_err() {
                // Where somebody has written to it meanwhile, it stays.
                let _ = self.grantor().unmake(pin, &path);
            }
            self.grantor().unpin(pin);
        }
        given
    }

    fn give_what_is_there(&mut self, touch: Touch) -> Result<(), Refused> {
        let wanted = touch.wanted;
        let found = Found::look(touch, None, &self.grants).map_err(|why| match why {
            NoOffer::Nothing => Some("it is not there".to_owned()),
            // The user was not asked about it.
            NoOffer::Link(_) => Some("a link on the way was made just now".to_owned()),
        })?;
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
