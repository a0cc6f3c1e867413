//! Modules that were read, each once.

use std::collections::HashMap;
use std::rc::Rc;

use rustix::fs::Stat;

use super::image::Image;
use super::maps::Mapping;
use super::memory::Memory;
use super::open::{find, reopen};
use super::source::{FileBytes, MappedBytes};

/// The most bytes that all take together; beyond it all are forgotten.
const MAX_BYTES: usize = 384 << 20;
const MAX_IMAGES: usize = 4096;

/// A file as it was at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct FileState {
    device: u64,
    inode: u64,
    length: i64,
    changed: (i64, u64),
}

/// The modules, by their files.
#[derive(Debug, Default)]
pub(super) struct Images {
    known: HashMap<FileState, Option<Rc<Image>>>,
    bytes: usize,
}

impl Images {
    /// The module that is mapped there. Its file is read if it can be found, else what is mapped of it.
    pub(super) fn of(
        &mut self,
        thread: u32,
        mapping: &Mapping,
        all: Vec<&Mapping>,
        memory: &mut dyn Memory,
    ) -> Option<Rc<Image>> {
        if mapping.inode == 0 {
            return None;
        }
        let Some((found, stat)) = find(thread, mapping) else {
            return Image::read(&MappedBytes::new(memory, all)).map(Rc::new);
        };
        let state = state(&stat);
        if let Some(known) = self.known.get(&state) {
            return known.clone();
        }
        let file = reopen(&found)?;
        let image = Image::read(&FileBytes::new(file, u64::try_from(stat.st_size).ok()?)).map(Rc::new);
        let size = image.as_ref().map_or(0, |image| image.size());
        if self.bytes + size > MAX_BYTES || self.known.len() >= MAX_IMAGES {
            self.known.clear();
            self.bytes = 0;
        }
        self.bytes += size;
        self.known.insert(state, image.clone());
        image
    }
}

fn state(stat: &Stat) -> FileState {
    FileState {
        device: stat.st_dev,
        inode: stat.st_ino,
        length: stat.st_size,
        changed: (stat.st_ctime, stat.st_ctime_nsec),
    }
}
