//! A folder of records: a file for each run, locked while it goes on, and what finished runs left put together from time to time.
//!
//! A program whose accesses are only recorded runs as the user and may have put anything there before: no link is followed, only
//! regular files of the user's own are taken, and what they hold is believed to be what some program reported.

use std::ffi::OsStr;
use std::fs::{DirBuilder, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lowbox_profiler::record::{Reader, TraceError};
use rustix::fs::{
    AtFlags, CWD, Dir, FileType, FlockOperation, Mode, OFlags, flock, fstat, openat, renameat, unlinkat,
};
use rustix::process::geteuid;

use super::record_file::RecordFile;
use crate::host::canonical;
use crate::launch::pin::open_without_links;

/// How the names of record files end.
pub const EXTENSION: &str = "trace";
/// What finished runs left, put together.
const TOGETHER: &str = "records.trace";
/// Locked by whoever changes what is in the folder.
pub(super) const LOCK: &str = ".lock";
/// So many finished runs have a file of their own.
const SEPARATE: usize = 8;
/// More files are not looked at.
const MAX_FILES: usize = 10_000;
/// Records of more bytes are full: no more are made until the user has taken them away.
const FULL: u64 = 64 << 20;

/// A folder of records.
#[derive(Clone, Debug)]
pub struct RecordFolder {
    path: PathBuf,
    folder: Arc<OwnedFd>,
}

/// A file in it.
#[derive(Clone, Debug)]
pub(super) struct Named {
    folder: Arc<OwnedFd>,
    name: String,
}

/// A run's file, as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub length: u64,
    /// Somebody still writes to it.
    pub running: bool,
}

/// Nobody else changes the folder while this lives.
#[derive(Debug)]
pub(super) struct Locked(#[expect(dead_code, reason = "held")] OwnedFd);

impl RecordFolder {
    /// The folder, made for the user alone if it is missing.
    ///
    /// # Errors
    /// The system's; a folder of somebody else's, or that others can write to.
    pub fn open_or_create(path: &Path) -> io::Result<RecordFolder> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        RecordFolder::open(path)
    }

    /// The folder that is there.
    ///
    /// # Errors
    /// As above, and NotFound. A link in its place is not followed.
    pub fn open(path: &Path) -> io::Result<RecordFolder> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
        let path = canonical(path.parent().unwrap_or(Path::new("/")))?.join(name);
        let object = open_without_links(CWD, &path)?;
        // One that can be read from.
        let folder =
            openat(&object, ".", OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        let stat = fstat(&folder)?;
        if stat.st_uid != geteuid().as_raw() || stat.st_mode & 0o022 != 0 {
            return Err(io::Error::other("it belongs to somebody else, or others can write to it"));
        }
        Ok(RecordFolder { path, folder: Arc::new(folder) })
    }

    /// Where it was when it was opened, without links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether that is still where it is.
    pub fn is_in_place(&self) -> bool {
        let at = |stat: rustix::fs::Stat| (stat.st_dev, stat.st_ino);
        let found = open_without_links(CWD, &self.path).and_then(fstat).map(at);
        fstat(&*self.folder).map(at).is_ok_and(|own| found == Ok(own))
    }

    pub(super) fn folder(&self) -> &OwnedFd {
        &self.folder
    }

    /// A new file for a run.
    ///
    /// # Errors
    /// The system's.
    pub fn begin(&self, bounded: bool) -> io::Result<RecordFile> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        for number in 0..100 {
            let name = format!("{now}-{}-{number}.{EXTENSION}", std::process::id());
            let named = Named { folder: Arc::clone(&self.folder), name };
            match named.create() {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Ok(file) if bounded => return Ok(RecordFile::bounded(file, named)),
                made => return made.map(RecordFile::unbounded),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// The files of runs, by name.
    ///
    /// # Errors
    /// The system's.
    pub fn files(&self) -> io::Result<Vec<Found>> {
        let mut all = Vec::new();
        for entry in Dir::read_from(&*self.folder)?.take(MAX_FILES) {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            if Path::new(name).extension() != Some(OsStr::new(EXTENSION)) {
                continue;
            }
            // What the program put there, or what is gone already, is no run's file.
            let Ok(file) = self.read(name) else { continue };
            let running = flock(&file, FlockOperation::NonBlockingLockShared).is_err();
            all.push(Found { name: name.to_owned(), length: file.metadata()?.len(), running });
        }
        all.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }

    /// Opens a regular file of the user's own.
    ///
    /// # Errors
    /// The system's; anything else in its place.
    pub fn read(&self, name: &str) -> io::Result<File> {
        let file = File::from(openat(&*self.folder, name, self::flags(OFlags::RDONLY), Mode::empty())?);
        is_own_file(&file)?;
        Ok(file)
    }

    /// Puts together what finished runs left, where it is much. Says whether there is room for more.
    ///
    /// # Errors
    /// The system's. Nothing is lost.
    pub fn settle(&self) -> io::Result<bool> {
        // Whoever holds the lock settles it, or is a program that means to: then it is done another time.
        let Ok(_locked) = self.lock(Duration::ZERO) else { return Ok(true) };
        let files = self.files()?.into_iter();
        // What is larger than any run's file is none, and is not read.
        let is_finished = |file: &Found| !file.running && (1..=FULL).contains(&file.length);
        let mut finished: Vec<Found> = files.filter(is_finished).collect();
        let mut sum = 0;
        let fit = finished.iter().take_while(|file| {
            sum += file.length;
            sum <= 2 * FULL
        });
        finished.truncate(fit.count());
        if finished.len() > SEPARATE {
            let mut reader = Reader::new();
            let mut read = Vec::new();
            for found in &finished {
                match reader.read(BufReader::new(self.read(&found.name)?)) {
                    Ok(()) => read.push(&found.name),
                    // No record file: it stays.
                    Err(TraceError::NoRun) => continue,
                    // Perhaps a part of it was read: each file is put together as a whole or stays, and so all stay.
                    Err(_) => return self.has_room(),
                }
            }
            let records = reader.finish();
            let together = Named { folder: Arc::clone(&self.folder), name: TOGETHER.to_owned() };
            let replaced = together.replace(|file| {
                let mut out = BufWriter::new(file);
                records.write(&mut out)?;
                out.flush()
            });
            // Something else in its place: what the files hold stays in them.
            if replaced.is_err() {
                return self.has_room();
            }
            for name in read.into_iter().filter(|name| *name != TOGETHER) {
                unlinkat(&*self.folder, name.as_str(), AtFlags::empty())?;
            }
        }
        self.has_room()
    }

    fn has_room(&self) -> io::Result<bool> {
        Ok(self.files()?.iter().map(|file| file.length).sum::<u64>() < FULL)
    }

    /// Waits until nobody else changes the folder.
    ///
    /// # Errors
    /// WouldBlock when somebody still does.
    pub(super) fn lock(&self, patience: Duration) -> io::Result<Locked> {
        let flags = self::flags(OFlags::RDWR | OFlags::CREATE);
        let lock = openat(&*self.folder, LOCK, flags, Mode::from(0o600))?;
        is_own_file(&lock)?;
        let deadline = Instant::now() + patience;
        loop {
            match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Locked(lock)),
                Err(error) if Instant::now() >= deadline => return Err(error.into()),
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

/// A FIFO keeps nobody waiting, and no link is followed.
fn flags(more: OFlags) -> OFlags {
    more | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC
}

fn is_own_file(file: impl AsFd) -> io::Result<()> {
    let stat = fstat(file)?;
    let own = stat.st_uid == geteuid().as_raw() && stat.st_nlink == 1;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile if own => Ok(()),
        _ => Err(io::Error::other("it is no regular file of yours with one name")),
    }
}

impl Named {
    fn create(&self) -> io::Result<File> {
        let flags = self::flags(OFlags::RDWR | OFlags::APPEND | OFlags::CREATE | OFlags::EXCL);
        let file = openat(&*self.folder, self.name.as_str(), flags, Mode::from(0o600))?;
        // Somebody who holds it before shows it as going on just as well.
        let _ = flock(&file, FlockOperation::NonBlockingLockExclusive);
        Ok(File::from(file))
    }

    /// Puts a new file in its place, and returns it, locked and open for appending.
    pub(super) fn replace(&self, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<File> {
        let name = format!(".{}.{}.new", self.name, std::process::id());
        let new = Named { folder: Arc::clone(&self.folder), name };
        // What a crash left.
        let _ = unlinkat(&*self.folder, new.name.as_str(), AtFlags::empty());
        let mut file = new.create()?;
        let written = write(&mut file).and_then(|()| file.sync_data());
        if let Err(error) = written {
            let _ = unlinkat(&*self.folder, new.name.as_str(), AtFlags::empty());
            return Err(error);
        }
        renameat(&*self.folder, new.name.as_str(), &*self.folder, self.name.as_str())?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn folder() -> (tempfile::TempDir, RecordFolder) {
        let place = tempfile::tempdir().unwrap();
        let folder = RecordFolder::open_or_create(&place.path().join("a/b")).unwrap();
        (place, folder)
    }

    fn run() -> lowbox_profiler::record::Run {
        lowbox_profiler::record::Run {
            version: lowbox_profiler::record::VERSION,
            lowbox: String::new(),
            package: "app_1".to_owned(),
            publisher_id: String::new(),
            machine: "".into(),
            mode: lowbox_profiler::record::Mode::Soak,
            started: 1,
            command: Vec::new(),
            capabilities: Vec::new(),
            grants: Vec::new(),
            less_privileged: false,
            probes: false,
            drives: Vec::new(),
        }
    }

    #[test]
    fn a_run_has_a_file_of_its_own_that_is_locked_until_it_ends() {
        let (_place, folder) = folder();
        let one = folder.begin(true).unwrap().begin(&run()).unwrap();
        let two = folder.begin(true).unwrap();
        let running = |folder: &RecordFolder| {
            folder.files().unwrap().iter().map(|file| file.running).collect::<Vec<_>>()
        };
        assert_eq!(running(&folder), [true, true]);
        drop(two);
        assert_eq!(running(&folder).iter().filter(|one| **one).count(), 1);
        drop(one);
        assert_eq!(running(&folder), [false, false]);
    }

    #[test]
    fn what_finished_runs_left_is_put_together_and_what_goes_on_is_left_alone() {
        let (_place, folder) = folder();
        for _ in 0..SEPARATE + 1 {
            folder.begin(true).unwrap().begin(&run()).unwrap();
        }
        let mut goes_on = folder.begin(true).unwrap().begin(&run()).unwrap();
        assert!(folder.settle().unwrap());
        let names: Vec<String> = folder.files().unwrap().into_iter().map(|file| file.name).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        assert!(names.contains(&TOGETHER.to_owned()));
        let mut reader = Reader::new();
        reader.read(BufReader::new(folder.read(TOGETHER).unwrap())).unwrap();
        assert_eq!(reader.finish().runs.len(), SEPARATE + 1);
        use lowbox_profiler::collect::Sink;
        goes_on.count(1, 2, 3).unwrap();
    }

    #[test]
    fn files_that_are_larger_than_any_run_leaves_are_not_read_and_what_is_planted_stops_nothing() {
        let (place, folder) = folder();
        for _ in 0..SEPARATE + 1 {
            folder.begin(true).unwrap().begin(&run()).unwrap();
        }
        let huge = folder.path().join("huge.trace");
        File::create(&huge).unwrap().set_len(1 << 40).unwrap();
        assert!(!folder.settle().unwrap(), "there is no room beside it");
        assert_eq!(folder.files().unwrap().len(), 2);
        assert!(huge.exists());
        std::fs::remove_file(&huge).unwrap();
        for _ in 0..SEPARATE + 1 {
            folder.begin(true).unwrap().begin(&run()).unwrap();
        }
        std::fs::remove_file(folder.path().join(TOGETHER)).unwrap();
        std::fs::create_dir(folder.path().join(TOGETHER)).unwrap();
        std::fs::write(folder.path().join(TOGETHER).join("x"), "").unwrap();
        assert!(folder.settle().unwrap());
        assert_eq!(folder.files().unwrap().len(), SEPARATE + 1);
        assert!(folder.is_in_place());
        std::fs::rename(place.path().join("a"), place.path().join("moved")).unwrap();
        assert!(!folder.is_in_place());
        std::fs::create_dir_all(folder.path()).unwrap();
        assert!(!folder.is_in_place());
    }

    #[test]
    fn links_fifos_and_second_names_are_no_files_of_runs_and_a_link_for_a_folder_is_refused() {
        let (place, folder) = folder();
        let mine = place.path().join("mine");
        std::fs::write(&mine, "mine").unwrap();
        symlink(&mine, folder.path().join("link.trace")).unwrap();
        std::fs::hard_link(&mine, folder.path().join("second.trace")).unwrap();
        rustix::fs::mkfifoat(CWD, folder.path().join("fifo.trace"), Mode::from(0o600)).unwrap();
        assert_eq!(folder.files().unwrap(), []);
        symlink(&mine, folder.path().join(LOCK)).unwrap();
        assert!(folder.lock(Duration::ZERO).is_err());
        symlink(folder.path(), place.path().join("elsewhere")).unwrap();
        assert!(RecordFolder::open(&place.path().join("elsewhere")).is_err());
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(RecordFolder::open(folder.path()).is_err());
        assert_eq!(std::fs::read_to_string(&mine).unwrap(), "mine");
    }

    #[test]
    fn a_file_is_rewritten_in_its_place_and_written_on() {
        let (_place, folder) = folder();
        let mut file = folder.begin(true).unwrap().begin(&run()).unwrap().into_inner();
        assert!(!file.has_grown());
        assert!(file.rewrite().unwrap());
        let file = file.begin(&run()).unwrap();
        assert!(folder.files().unwrap()[0].running);
        drop(file);
        let found = folder.files().unwrap();
        assert_eq!(found.len(), 1);
        let mut reader = Reader::new();
        reader.read(BufReader::new(folder.read(&found[0].name).unwrap())).unwrap();
        assert_eq!(reader.finish().runs.len(), 2);
    }
}
