//! From a folder to a package, on all processors: blocks have nothing to do with each other, so they are packed in any order and written
//! in theirs.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use lowbox_msix::block_map::BLOCK;
use lowbox_msix::container::Method;
use lowbox_msix::manifest::MAX_BYTES;
use lowbox_msix::part_name::{BLOCK_MAP, CONTENT_TYPES, MANIFEST, PartName, SIGNATURE};
use lowbox_msix::writer::{BlockPacker, Options, PackageWriter, PackedBlock, WriteError, method_for};
use lowbox_msix::{HashAlgorithm, Manifest, ManifestError};

use super::tree::{Tree, TreeError, TreeFile, tree};
use super::{Progress, workers};

/// The file that says which pictures stand for which.
const RESOURCES: &str = "resources.pri";
/// Blocks that wait to be written, for each worker.
const WAITING: usize = 16;

/// Why no package could be made.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The folder.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// There is no manifest.
    #[error("{} has no AppxManifest.xml; a package needs one", .0.display())]
    NoManifest(PathBuf),
    /// The manifest.
    #[error("AppxManifest.xml: {0}")]
    Manifest(ManifestError),
    /// A program that the manifest names is not there.
    #[error("AppxManifest.xml: application {application}: there is no {executable} in the folder")]
    NoExecutable {
        /// The application's Id.
        application: String,
        /// What it names.
        executable: String,
    },
    /// The output.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A file that can't be read.
    #[error("{path}: {error}", path = path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// What was packed.
#[derive(Debug)]
pub struct Packed {
    /// Its manifest.
    pub manifest: Manifest,
    /// Files, the manifest among them.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Files of an earlier package (block map and the like), which are made anew and were left out.
    pub left_out: Vec<String>,
    /// Pictures that the manifest names and the folder has not, in no size either.
    pub missing_pictures: Vec<String>,
}

/// Packs a folder.
///
/// # Errors
/// When it holds what no package can hold, or no manifest in order, or something can't be read or written.
pub fn pack(
    folder: &Path,
    output: impl Write,
    options: Options,
    progress: &Progress,
) -> Result<Packed, PackError> {
    let mut tree = tree(folder)?;
    let mut files = std::mem::take(&mut tree.files);
    let is_made = |file: &TreeFile| {
        [BLOCK_MAP, CONTENT_TYPES, SIGNATURE].contains(&file.name.as_str())
            || file.name.is_in_reserved_folder()
    };
    let left_out = files.iter().filter(|file| is_made(file)).map(|file| file.name.to_string()).collect();
    files.retain(|file| !is_made(file));
    // It comes last, as MakeAppx has it.
    let at = files.iter().position(|file| file.name.as_str() == MANIFEST);
    let manifest_file = files.remove(at.ok_or_else(|| PackError::NoManifest(folder.to_owned()))?);
    let manifest = read_manifest(&tree, &manifest_file)?;
    check_executables(&manifest, &files)?;
    let missing_pictures = missing_pictures(&manifest, &files);
    files.push(manifest_file);
    progress.begin(files.iter().map(|file| file.size).sum());
    let mut packed = Packed { manifest, files: files.len(), bytes: 0, left_out, missing_pictures };
    let mut writer = PackageWriter::new(output, options);
    with_blocks(&tree, &files, options.algorithm, |steps| {
        for _ in &files {
            packed.bytes += write_file(&mut writer, &steps, progress)?;
        }
        Ok::<(), PackError>(())
    })?;
    writer.finish()?;
    Ok(packed)
}

fn read_manifest(tree: &Tree, file: &TreeFile) -> Result<Manifest, PackError> {
    let failed = |error| PackError::Read { path: file.path.clone(), error };
    let mut bytes = Vec::new();
    let opened = tree.open(file).map_err(failed)?;
    opened.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    Manifest::parse(&bytes).map_err(PackError::Manifest)
}

fn check_executables(manifest: &Manifest, files: &[TreeFile]) -> Result<(), PackError> {
    let names: std::collections::HashSet<String> =
        files.iter().map(|file| file.name.as_str().to_lowercase()).collect();
    for application in &manifest.applications {
        let Some(executable) = &application.executable else { continue };
        if !names.contains(&executable.replace('\\', "/").to_lowercase()) {
            let (application, executable) = (application.id.clone(), executable.clone());
            return Err(PackError::NoExecutable { application, executable });
        }
    }
    Ok(())
}

/// `Logo.png` may stand for `Logo.scale-200.png` and its like; what `resources.pri` says of it is not looked up here.
fn missing_pictures(manifest: &Manifest, files: &[TreeFile]) -> Vec<String> {
    let names: Vec<String> = files.iter().map(|file| file.name.as_str().to_lowercase()).collect();
    if names.iter().any(|name| name == RESOURCES) {
        return Vec::new();
    }
    let is_there = |picture: &str| {
        let wanted = picture.replace('\\', "/").to_lowercase();
        let (stem, extension) = wanted.rsplit_once('.').unwrap_or((&wanted, ""));
        let of_a_size = |name: &String| {
            let rest = name.strip_prefix(stem).and_then(|rest| rest.strip_suffix(extension));
            rest.is_some_and(|rest| rest.starts_with('.') && !rest.contains('/'))
        };
        names.iter().any(of_a_size)
    };
    let applications = manifest.applications.iter().filter_map(|one| one.logo.as_ref());
    let mut missing: Vec<String> = Vec::new();
    for picture in std::iter::once(&manifest.properties.logo).chain(applications) {
        if !is_there(picture) && !missing.contains(picture) {
            missing.push(picture.clone());
        }
    }
    missing
}

/// What is to be written next.
enum Step {
    File(PartName, Method),
    /// A block, once it is packed.
    Block(Receiver<PackedBlock>),
    EndOfFile,
    Failed(PackError),
}

/// A block that is to be packed, and where it goes then.
struct Job {
    data: Vec<u8>,
    method: Method,
    done: SyncSender<PackedBlock>,
}

/// Has one thread read the files, and as many pack their blocks as there are processors, of several files at once; `work` gets what is to be written,
/// in its order. Readers wait for writers, so little is in memory.
fn with_blocks<T>(
    tree: &Tree,
    files: &[TreeFile],
    algorithm: HashAlgorithm,
    work: impl FnOnce(Receiver<Step>) -> T,
) -> T {
    let (jobs, queue) = sync_channel::<Job>(workers() * WAITING);
    let (steps, written) = sync_channel::<Step>(workers() * WAITING);
    let queue = Mutex::new(queue);
    std::thread::scope(|scope| {
        for _ in 0..workers() {
            scope.spawn(|| {
                let mut packer = BlockPacker::new(algorithm);
                while let Some(job) = next(&queue) {
                    let packed = match job.method {
                        Method::Stored => packer.store(job.data),
                        Method::Deflated => packer.deflate(&job.data),
                    };
                    // Who waited for it has failed.
                    let _ = job.done.send(packed);
                }
            });
        }
        scope.spawn(move || {
            for file in files {
                match read(tree, file, &jobs, &steps) {
                    Ok(true) => {}
                    // Nobody writes any more.
                    Ok(false) => break,
                    Err(error) => {
                        let error = PackError::Read { path: file.path.clone(), error };
                        let _ = steps.send(Step::Failed(error));
                        break;
                    }
                }
            }
        });
        work(written)
    })
}

fn next(queue: &Mutex<Receiver<Job>>) -> Option<Job> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// Reads a file to its end; whether somebody still takes its blocks.
fn read(tree: &Tree, file: &TreeFile, jobs: &SyncSender<Job>, steps: &SyncSender<Step>) -> io::Result<bool> {
    let mut input = tree.open(file)?;
    let method = method_for(&file.name, file.size);
    let mut taken = steps.send(Step::File(file.name.clone(), method)).is_ok();
    while taken {
        let data = next_block(&mut input, file.size)?;
        if data.is_empty() {
            taken = steps.send(Step::EndOfFile).is_ok();
            break;
        }
        let (done, packed) = sync_channel(1);
        taken = jobs.send(Job { data, method, done }).is_ok() && steps.send(Step::Block(packed)).is_ok();
    }
    Ok(taken)
}

fn next_block(input: &mut File, size: u64) -> io::Result<Vec<u8>> {
    let mut data = Vec::with_capacity(size.min(BLOCK) as usize);
    Read::by_ref(input).take(BLOCK).read_to_end(&mut data)?;
    Ok(data)
}

/// Writes the next file; how many bytes it has.
fn write_file<W: Write>(
    writer: &mut PackageWriter<W>,
    steps: &Receiver<Step>,
    progress: &Progress,
) -> Result<u64, PackError> {
    let gone = || PackError::Write(WriteError::Input(io::Error::other("a thread that packs has ended")));
    let (name, method) = match steps.recv() {
        Ok(Step::File(name, method)) => (name, method),
        Ok(Step::Failed(error)) => return Err(error),
        _ => return Err(gone()),
    };
    let mut part = writer.begin(name, method)?;
    let mut bytes = 0;
    loop {
        match steps.recv().map_err(|_| gone())? {
            Step::Block(packed) => {
                let packed = packed.recv().map_err(|_| gone())?;
                part.add(&packed)?;
                bytes += u64::from(packed.size);
                progress.add(packed.size as usize);
            }
            Step::EndOfFile => break,
            Step::Failed(error) => return Err(error),
            Step::File(..) => return Err(gone()),
        }
    }
    part.finish()?;
    Ok(bytes)
}
