//! The template of a Wine: a prefix as that Wine makes it, made once for each user and Wine, and from then on only read. Every package
//! has its own changes above it (see [`super::prefix`]).
//!
//! Wine makes it in a container, without anything granted, so it finds no folder of the user's to link to and no menu to write to. What
//! it would lead out by all the same is taken away: drives, ports and links.

mod clean;
mod others;

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, lchown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lowbox_msix::Identity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, FlockOperation, Mode, OFlags, flock, open, syncfs};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, getpid, getppid, pidfd_open, waitpid};

use super::{DRIVES, PrefixOf, Wine, WineError, WineRun, told};
use crate::host::{canonical, container_user, open_lock_file, remove_tree};
use crate::launch::Groundwork;
use crate::launch::pin::open_without_links;
use crate::prepare::{Caller, Request, ground, prepare};
use crate::sys::{self, Forked};
use clean::{clean, give};
use lowbox_security::derive::package_sid;

/// The folder of all templates, in lowbox's data folder, where no grant reaches.
const FOLDER: &str = "wine";
/// The one that is being made.
const NEW: &str = ".new";
/// Held by whoever makes one.
const LOCK: &str = ".lock";
/// The prefix in a template's folder.
const PREFIX: &str = "prefix";
/// Wine's own libraries in that.
const SYSTEM: &str = "drive_c/windows/system32";
/// Says that a package needs a copy of the template, because overlayfs does not work above it.
const COPIED: &str = "copied";
/// Says why its programs are not told of their container ([`told`]).
const NOT_TOLD: &str = "not-told";

/// How it is made: one that another lowbox made otherwise is not used.
const MADE: u32 = 3;

/// A template that is there.
#[derive(Clone, Debug)]
pub struct Template {
    folder: PathBuf,
}

impl Template {
    /// How often [`Template::make`] tells how far it is.
    pub const TICK: Duration = Duration::from_millis(100);

    /// The template of this Wine, if it was made.
    ///
    /// # Errors
    /// The system's, and what is in its place but no folder.
    pub fn find(caller: &Caller, wine: &Wine) -> Result<Option<Template>, WineError> {
        let path = caller.folders.data.join(FOLDER).join(name(caller, wine));
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            found if found.as_ref().is_ok_and(fs::Metadata::is_dir) => {
                let folder = canonical(&path).map_err(WineError::at(&path))?;
                Ok(Some(Template { folder }))
            }
            Ok(_) => Err(WineError::at(path)(io::Error::other("it is no folder; remove it"))),
            Err(error) => Err(WineError::at(path)(error)),
        }
    }

    /// Its prefix.
    #[must_use]
    pub fn prefix(&self) -> PathBuf {
        self.folder.join(PREFIX)
    }

    /// Whether packages have copies of it.
    #[must_use]
    pub fn is_copied(&self) -> bool {
        self.folder.join(COPIED).exists()
    }

    /// Keeps other lowboxes from removing it.
    pub(crate) fn hold(&self) -> Result<fs::File, WineError> {
        others::hold(&self.folder).map_err(WineError::at(&self.folder))
    }

    /// Why programs are not told of their container, if they are not.
    #[must_use]
    pub fn not_told(&self) -> Option<String> {
        fs::read_to_string(self.folder.join(NOT_TOLD)).ok()
    }

    /// Makes the template, which takes Wine some ten seconds; `tell` hears how many files of how many are there, ten times a second.
    /// The calling process must be single-threaded. Waits for another lowbox that makes it.
    ///
    /// # Errors
    /// [`WineError::Template`].
    pub fn make(caller: &Caller, wine: &Wine, tell: &mut dyn FnMut(u64, u64)) -> Result<Template, WineError> {
        let all = caller.folders.data.join(FOLDER);
        DirBuilder::new().recursive(true).mode(0o700).create(&all).map_err(WineError::at(&all))?;
        let all = canonical(&all).map_err(WineError::at(&all))?;
        let lock = open_lock_file(&all.join(LOCK)).map_err(WineError::at(all.join(LOCK)))?;
        flock(&lock, FlockOperation::LockExclusive).map_err(WineError::at(all.join(LOCK)))?;
        // Another one may have made it meanwhile.
        if let Some(made) = Template::find(caller, wine)? {
            return Ok(made);
        }
        let folder = open_without_links(CWD, &all).map_err(WineError::at(&all))?;
        let new = all.join(NEW);
        // What a lowbox that was killed left.
        remove_tree(&folder, NEW.as_ref()).map_err(WineError::at(&new))?;
        let prefix = new.join(PREFIX);
        let user = container_user(&caller.user, &package_sid(&family_name()));
        let (drives, drive_c) = (prefix.join(DRIVES), prefix.join("drive_c"));
        // Where it finds the folder of drives Wine makes no Z:.
        for path in [&new, &prefix, &drives, &drive_c] {
            DirBuilder::new().mode(0o700).create(path).map_err(WineError::at(path))?;
            if caller.user.is_root() && path != &new {
                lchown(path, Some(user.uid), Some(user.gid)).map_err(WineError::at(path))?;
            }
        }
        let failed = |what: String| WineError::Template { path: new.clone(), what };
        let run = |prefix: PrefixOf, arguments: &[&str]| Request {
            family_name: family_name(),
            program: wine.loader.clone().into(),
            arguments: arguments.iter().map(Into::into).collect(),
            wine: Some(WineRun { wine: wine.clone(), prefix, alone: true }),
            working_directory: Some("/".into()),
            ..Request::default()
        };
        let libraries = prefix.join(SYSTEM);
        let count = |path: &Path| fs::read_dir(path).map_or(0, |entries| entries.count() as u64);
        let total = wine.libraries().map_or(0, |path| count(&path));
        let init = run(PrefixOf::Making(prefix.clone()), &["wineboot", "--init"]);
        in_container(caller, &init, &mut || tell(count(&libraries).min(total), total)).map_err(failed)?;
        clean(&prefix, wine).map_err(WineError::at(&prefix))?;
        let template = Template { folder: new.clone() };
        let trial = |words: &[&str]| {
            in_container(caller, &run(PrefixOf::Package(template.clone()), words), &mut || ())
        };
        try_out(&template, wine, &trial).map_err(WineError::at(&new))?;
        let packages = caller.folders.data.join("packages");
        let packages_folder = open_without_links(CWD, &packages).map_err(WineError::at(&packages))?;
        remove_tree(&packages_folder, family_name().as_ref()).map_err(WineError::at(&packages))?;
        // On the disk before it has its name.
        let object = open(&new, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
        object.and_then(syncfs).map_err(WineError::at(&new))?;
        let place = all.join(name(caller, wine));
        fs::rename(&new, &place).map_err(WineError::at(&place))?;
        // Room on the disk is all that this is about.
        let _ = others::remove(&folder, &all, &wine.key, &user.name, &place);
        Ok(Template { folder: place })
    }
}

/// Who makes it.
fn family_name() -> String {
    Identity::unpackaged(b"lowbox wine template").family_name()
}

/// Wine calls the user's folder in it by the user's name in the container.
fn name(caller: &Caller, wine: &Wine) -> String {
    let user = container_user(&caller.user, &package_sid(&family_name()));
    format!("{}-{MADE}{}-{}", wine.key, told::key(), user.name)
}

/// Tries both of what may not work here, which will not change from run to run: overlays above a template, and Wine's libraries with the
/// add-on. A program of Wine's needs both; only where it fails is it found out for which.
fn try_out(
    template: &Template,
    wine: &Wine,
    trial: &dyn Fn(&[&str]) -> Result<(), String>,
) -> io::Result<()> {
    let prefix = template.prefix();
    let overlay = || match trial(&["--version"]) {
        Ok(()) => Ok(()),
        Err(what) => fs::write(template.folder.join(COPIED), what),
    };
    let program = || trial(&["cmd", "/c", "exit", "0"]);
    let Some(originals) = wine.libraries() else {
        overlay()?;
        return fs::write(template.folder.join(NOT_TOLD), "Wine's libraries were not found");
    };
    let owner = fs::symlink_metadata(&prefix)?;
    let own = |path: &Path| give(path, &owner);
    let system32 = prefix.join(SYSTEM);
    let put = told::put_into(&system32, &originals, &own);
    if put.is_ok() && program().is_ok() {
        return Ok(());
    }
    overlay()?;
    let why = match put {
        Err(why) => why,
        Ok(()) => {
            let Err(why) = program() else { return Ok(()) };
            told::take_out(&system32, &originals, &own)?;
            format!("Wine does not run with the add-on: {why}")
        }
    };
    fs::write(template.folder.join(NOT_TOLD), why)
}

/// Runs a program in a container, beside a process of its own. Says why it failed.
pub(super) fn in_container(caller: &Caller, request: &Request, tell: &mut dyn FnMut()) -> Result<(), String> {
    let (report, answer) =
        rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(|error| error.to_string())?;
    let lowbox = getpid();
    let child = match sys::fork_into(sys::Namespaces::NONE).map_err(|error| error.to_string())? {
        Forked::Child => {
            drop(report);
            if sys::set_parent_death_signal(Signal::KILL).is_err() || getppid() != Some(lowbox) {
                sys::exit_now(1);
            }
            let result = launch(caller, request);
            if let Err(what) = &result {
                let _ = rustix::io::write(&answer, what.as_bytes());
            }
            sys::exit_now(i32::from(result.is_err()));
        }
        Forked::Parent(pid) => pid,
    };
    drop(answer);
    let ended = wait(child, tell);
    let mut what = String::new();
    let _ = io::Read::read_to_string(&mut fs::File::from(report), &mut what);
    match ended {
        Ok(true) => Ok(()),
        Ok(false) if what.is_empty() => Err("its container was ended".to_owned()),
        Ok(false) => Err(what),
        Err(error) => Err(error.to_string()),
    }
}

/// Whether the child ends well.
fn wait(child: Pid, tell: &mut dyn FnMut()) -> rustix::io::Result<bool> {
    let end = pidfd_open(child, PidfdFlags::empty())?;
    let tick = Timespec::try_from(Template::TICK).ok();
    while let Ok(0) | Err(Errno::INTR) = poll(&mut [PollFd::new(&end, PollFlags::IN)], tick.as_ref()) {
        tell();
    }
    loop {
        match waitpid(Some(child), WaitOptions::empty()) {
            Err(Errno::INTR) => {}
            ended => return Ok(ended?.is_some_and(|(_, status)| status.exit_status() == Some(0))),
        }
    }
}

fn launch(caller: &Caller, request: &Request) -> Result<(), String> {
    let null = open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty());
    null.and_then(|null| {
        rustix::stdio::dup2_stdin(&null)?;
        rustix::stdio::dup2_stdout(&null)?;
        rustix::stdio::dup2_stderr(&null)
    })
    .map_err(|error| error.to_string())?;
    let ground = ground(caller, request).map_err(|error| error.to_string())?;
    let groundwork = Groundwork::begin(ground).map_err(|error| error.to_string())?;
    let prepared = prepare(caller, request).map_err(|error| error.to_string())?;
    let container = groundwork.launch(&prepared.spec).map_err(|error| error.to_string())?;
    let ending = container.supervise(None, &mut |_| {}).map_err(|error| error.to_string())?;
    match ending.exit_code() {
        0 => Ok(()),
        code => Err(format!("Wine ended with {code}")),
    }
}
