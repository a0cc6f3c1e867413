//! A session: several runs of the user's, each with a file of its own in one folder, until the user says that it is over.
//!
//! In lowbox's data folder `learn/current` is the session that runs; a stopped one is moved beside it, so that nobody joins it any
//! more. That and its file `session` are all there is: nothing is left to be put right after a crash or a restart.

use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, RenameFlags, fstat, openat, renameat_with, unlinkat};

use super::folder::{Found, Locked, RecordFolder};
use super::record_file::RecordFile;
use crate::host::{Folders, Shown};

/// The folder of all sessions.
const SESSIONS: &str = "learn";
/// The one that runs.
const CURRENT: &str = "current";
/// What a session says of itself: when it began, and its name.
const ABOUT: &str = "session";
/// It is short.
const MAX_ABOUT: u64 = 4096;
/// The longest name.
pub const MAX_NAME: usize = 64;
/// Joining and stopping take milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why there is no such session.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// A session runs already.
    #[error("the session {0} runs already; end it first: lowbox learn stop")]
    Runs(String),
    /// A name that can't be.
    #[error(
        "{0:?} is no name of a session: use up to {MAX_NAME} letters, digits, dots, dashes and underscores, and begin with none of the last three"
    )]
    Name(String),
    /// The system's error, or what somebody put in lowbox's folder.
    #[error("{}: {source}", Shown(path))]
    Place {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A session.
#[derive(Clone, Debug)]
pub struct Session {
    /// What the user calls it.
    pub name: String,
    /// When it began, in milliseconds since 1970.
    pub started: u64,
    /// It has not been stopped.
    pub runs: bool,
    folder: RecordFolder,
}

/// Whether a session can be called so: letters, digits, dots, dashes and underscores, a letter or digit first.
fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    begins && name.len() <= MAX_NAME && name.bytes().all(plain)
}

impl Session {
    /// Begins a session.
    ///
    /// # Errors
    /// [`SessionError`]; no session was begun then.
    pub fn start(folders: &Folders, name: &str) -> Result<Session, SessionError> {
        if !is_name(name) {
            return Err(SessionError::Name(name.chars().take(MAX_NAME).collect()));
        }
        let all = place(folders);
        let failed = at(&all);
        let parent = RecordFolder::open_or_create(&all).map_err(&failed)?;
        // With what it says of itself in it, or not at all.
        let new = parent.path().join(format!(".new-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&new);
        DirBuilder::new().mode(0o700).create(&new).map_err(&failed)?;
        let started = now();
        let folder = RecordFolder::open(&new).map_err(&failed)?;
        let begun = write_about(&folder, started, name).and_then(|()| {
            let to = parent.folder();
            Ok(renameat_with(CWD, &new, to, CURRENT, RenameFlags::NOREPLACE)?)
        });
        if let Err(error) = begun {
            let _ = std::fs::remove_dir_all(&new);
            if error.kind() == io::ErrorKind::AlreadyExists {
                let other = Session::current(folders)?.map_or_else(String::new, |session| session.name);
                return Err(SessionError::Runs(other));
            }
            return Err(failed(error));
        }
        Session::open(&parent.path().join(CURRENT), true)
    }

    /// The session that runs.
    ///
    /// # Errors
    /// [`SessionError::Place`].
    pub fn current(folders: &Folders) -> Result<Option<Session>, SessionError> {
        let path = place(folders).join(CURRENT);
        match std::fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            _ => Session::open(&path, true).map(Some),
        }
    }

    /// The session that runs, and those that were stopped while a run went on, or whose results could not be written.
    ///
    /// # Errors
    /// [`SessionError::Place`].
    pub fn all(folders: &Folders) -> Result<Vec<Session>, SessionError> {
        let place = place(folders);
        let mut all: Vec<Session> = Session::current(folders)?.into_iter().collect();
        let entries = match std::fs::read_dir(&place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(all),
            entries => entries.map_err(at(&place))?,
        };
        for entry in entries.flatten() {
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if !hidden && entry.file_name() != CURRENT {
                // What lowbox did not make is not listed.
                all.extend(Session::open(&entry.path(), false));
            }
        }
        all.sort_by_key(|session| (!session.runs, session.started));
        Ok(all)
    }

    fn open(path: &Path, runs: bool) -> Result<Session, SessionError> {
        let failed = at(path);
        let folder = RecordFolder::open(path).map_err(&failed)?;
        let mut text = String::new();
        let file = folder.read(ABOUT).map_err(&failed)?;
        file.take(MAX_ABOUT).read_to_string(&mut text).map_err(&failed)?;
        let about = text.trim_end().split_once(' ');
        let about = about.and_then(|(started, name)| Some((started.parse().ok()?, name.to_owned())));
        // A program of a lesson could have written it: the name becomes that of a file.
        let about = about.filter(|(_, name)| is_name(name));
        let (started, name) =
            about.ok_or_else(|| failed(io::Error::other("its file `session` can't be read")))?;
        Ok(Session { name, started, runs, folder })
    }

    /// Where its records are; of one that has been stopped since it was opened, where they are now.
    pub fn path(&self) -> PathBuf {
        use std::os::fd::AsRawFd;
        let link = format!("/proc/self/fd/{}", self.folder.folder().as_raw_fd());
        std::fs::read_link(link).unwrap_or_else(|_| self.folder.path().to_owned())
    }

    /// A file for a run that is a part of it. `None` if it has been stopped meanwhile.
    ///
    /// # Errors
    /// [`SessionError::Place`].
    pub fn join(&self) -> Result<Option<RecordFile>, SessionError> {
        let failed = at(self.folder.path());
        let _locked = self.lock()?;
        // Whoever stops it has to wait for this lock before the last look at the files.
        if !self.still_runs() {
            return Ok(None);
        }
        self.folder.begin(false).map(Some).map_err(failed)
    }

    /// Whether nobody has stopped it.
    pub fn still_runs(&self) -> bool {
        let own = fstat(self.folder.folder()).map(|stat| (stat.st_dev, stat.st_ino));
        let there = std::fs::symlink_metadata(self.folder.path()).map(|meta| (meta.dev(), meta.ino()));
        matches!((own, there), (Ok(own), Ok(there)) if own == there)
    }

    /// Its runs' files.
    ///
    /// # Errors
    /// [`SessionError::Place`].
    pub fn files(&self) -> Result<Vec<Found>, SessionError> {
        self.folder.files().map_err(at(self.folder.path()))
    }

    /// One of those files.
    ///
    /// # Errors
    /// [`SessionError::Place`].
    pub fn read(&self, file: &Found) -> Result<File, SessionError> {
        self.folder.read(&file.name).map_err(at(&self.folder.path().join(&file.name)))
    }

    /// Ends it: from now on no run joins it. The ones that go on write where it is now.
    ///
    /// # Errors
    /// [`SessionError::Place`]; then it runs on.
    pub fn stop(self) -> Result<Session, SessionError> {
        let failed = at(self.folder.path());
        let locked = self.lock()?;
        let all = self.folder.path().parent().map(RecordFolder::open).ok_or(io::ErrorKind::NotFound.into());
        let all = all.and_then(|all| all).map_err(&failed)?;
        let name = format!("{}.{}", self.name, self.started);
        renameat_with(all.folder(), CURRENT, all.folder(), &name, RenameFlags::NOREPLACE)
            .map_err(|error| failed(error.into()))?;
        drop(locked);
        Session::open(&all.path().join(name), false)
    }

    /// Removes a stopped session that nobody writes to. Only what lowbox made in it.
    ///
    /// # Errors
    /// [`SessionError::Place`].
    pub fn remove(self) -> Result<(), SessionError> {
        let failed = at(self.folder.path());
        let folder = self.folder.folder();
        for file in self.files()? {
            unlinkat(folder, file.name.as_str(), AtFlags::empty()).map_err(|error| failed(error.into()))?;
        }
        for name in [ABOUT, super::folder::LOCK] {
            let _ = unlinkat(folder, name, AtFlags::empty());
        }
        std::fs::remove_dir(self.folder.path()).map_err(failed)
    }

    fn lock(&self) -> Result<Locked, SessionError> {
        self.folder.lock(PATIENCE).map_err(at(self.folder.path()))
    }
}

fn place(folders: &Folders) -> PathBuf {
    folders.data.join(SESSIONS)
}

fn at(path: &Path) -> impl Fn(io::Error) -> SessionError + use<> {
    let path = path.to_owned();
    move |source| SessionError::Place { path: path.clone(), source }
}

fn write_about(folder: &RecordFolder, started: u64, name: &str) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let mut file = File::from(openat(folder.folder(), ABOUT, flags, Mode::from(0o600))?);
    file.write_all(format!("{started} {name}\n").as_bytes())?;
    file.sync_all()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn folders(place: &tempfile::TempDir) -> Folders {
        let place = place.path();
        Folders { data: place.join("data"), config: place.join("config"), system_config: place.join("etc") }
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_none_even_if_it_is_found() {
        let place = tempfile::tempdir().unwrap();
        let folders = folders(&place);
        let session = Session::start(&folders, "first").unwrap();
        for name in ["../x", "/tmp/x", "", ".hidden"] {
            assert!(matches!(Session::start(&folders, name), Err(SessionError::Name(_))), "{name}");
            std::fs::write(session.path().join(ABOUT), format!("5 {name}\n")).unwrap();
            assert!(Session::current(&folders).is_err(), "{name}");
        }
    }

    #[test]
    fn one_session_runs_at_a_time_and_a_stopped_one_is_joined_no_more() {
        let place = tempfile::tempdir().unwrap();
        let folders = folders(&place);
        assert!(Session::current(&folders).unwrap().is_none());
        let session = Session::start(&folders, "first").unwrap();
        let again = Session::start(&folders, "second").unwrap_err();
        assert!(matches!(again, SessionError::Runs(name) if name == "first"));
        let goes_on = session.join().unwrap().unwrap();
        let stopped = Session::current(&folders).unwrap().unwrap().stop().unwrap();
        assert!(session.join().unwrap().is_none() && !session.still_runs());
        assert_eq!(session.path(), stopped.path());
        assert_eq!(stopped.files().unwrap().iter().filter(|file| file.running).count(), 1);
        drop(goes_on);
        assert!(Session::current(&folders).unwrap().is_none());
        assert_eq!(Session::all(&folders).unwrap().len(), 1);
        stopped.remove().unwrap();
        assert!(Session::all(&folders).unwrap().is_empty());
        assert_eq!(Session::start(&folders, "second").unwrap().name, "second");
    }

    #[test]
    fn it_is_the_users_alone_and_nothing_that_was_planted_is_followed() {
        let place = tempfile::tempdir().unwrap();
        let folders = folders(&place);
        let session = Session::start(&folders, "s").unwrap();
        drop(session.join().unwrap());
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        let current = folders.data.join("learn/current");
        assert_eq!((mode(&folders.data), mode(&current)), (0o700, 0o700));
        for entry in std::fs::read_dir(&current).unwrap() {
            assert_eq!(mode(&entry.unwrap().path()), 0o600);
        }
        let elsewhere = place.path().join("elsewhere");
        std::fs::rename(&current, &elsewhere).unwrap();
        symlink(&elsewhere, &current).unwrap();
        assert!(Session::current(&folders).is_err());
        assert!(session.join().unwrap().is_none());
    }

    #[test]
    fn names_are_plain() {
        let place = tempfile::tempdir().unwrap();
        for name in ["", "a/b", "..", ".a", "a b", "a\n", &"a".repeat(65)] {
            let refused = Session::start(&folders(&place), name);
            assert!(matches!(refused, Err(SessionError::Name(_))), "{name}");
        }
    }
}
