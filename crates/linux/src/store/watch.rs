//! Noticing that something was revoked, without a thread and without a connection.

use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};

use super::{Store, StoreError};

/// Notices changes of the database of what runs, by anybody. To close it takes the kernel some 10 ms (inotify waits for other
/// processors), so whoever may end soon opens it late.
#[derive(Debug)]
pub struct Watch {
    path: PathBuf,
    /// `None` where the user has no inotify instance left; then the file is looked at.
    events: Option<OwnedFd>,
    /// Modification time and size, as they were seen last.
    seen: (i64, i64, u64),
}

/// How often the file is looked at where nothing tells.
const LOOK: Duration = Duration::from_millis(500);

impl Watch {
    /// Watches what runs in `store`, which may be dropped. What has changed before has to be asked for.
    ///
    /// # Errors
    /// [`StoreError`] if that part of the store can't be opened.
    pub fn new(store: &mut Store) -> Result<Watch, StoreError> {
        let path = store.with_running()?.to_owned();
        let events = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)
            .and_then(|events| add_watch(&events, &path, WatchFlags::MODIFY).map(|_| events))
            .ok();
        let mut watch = Watch { path, events, seen: (0, 0, 0) };
        watch.look();
        Ok(watch)
    }

    /// Readable when the database may have changed; `None` where it has to be looked at every [`Watch::timeout`].
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.events.as_ref().map(AsFd::as_fd)
    }

    /// How long to wait at most before [`Watch::changed`] is asked again; `None` where the descriptor tells.
    pub fn timeout(&self) -> Option<Duration> {
        self.events.is_none().then_some(LOOK)
    }

    /// Whether the database may have changed since the last time. Never waits.
    pub fn changed(&mut self) -> bool {
        let Some(events) = &self.events else { return self.look() };
        let mut buffer = [0_u8; 1024];
        let mut any = false;
        while rustix::io::read(events, &mut buffer).is_ok_and(|length| length > 0) {
            any = true;
        }
        any
    }

    fn look(&mut self) -> bool {
        let now = fs::metadata(&self.path)
            .map_or((0, 0, 0), |metadata| (metadata.mtime(), metadata.mtime_nsec(), metadata.size()));
        std::mem::replace(&mut self.seen, now) != now
    }
}
