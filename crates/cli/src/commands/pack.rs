//! `lowbox pack`: a package from a folder.

mod doubts;

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use lowbox_linux::host::replace_file;
use lowbox_linux::package::{Packed, pack};
use lowbox_msix::HashAlgorithm;
use lowbox_msix::part_name::MANIFEST;
use lowbox_msix::writer::{DosTime, Options};
use serde::Serialize;

use super::package::failed;
use crate::failure::Failure;
use crate::package::{read_manifest, warn_of};
use crate::{output, progress};

/// `lowbox pack`.
#[derive(Debug, Args)]
#[command(
    after_help = "The same files make the same package, byte for byte; its times are those of SOURCE_DATE_EPOCH, or 1980.

Examples:
  lowbox pack app/ -o app.msix
  lowbox pack                        this folder, to NAME_VERSION_ARCHITECTURE.msix in the one above
  lowbox sign app.msix --cert cert.pem --key key.pem"
)]
pub struct Arguments {
    /// The folder, with an AppxManifest.xml in it
    #[arg(value_name = "DIR", default_value = ".")]
    pub folder: PathBuf,

    /// The package to write; named by its name, version and architecture if it is not given
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// The digests of the block map
    #[arg(long, value_enum, default_value_t)]
    pub digest: Digest,

    /// Answer in JSON (see docs/json.md)
    #[arg(long)]
    pub json: bool,
}

/// Kinds of digests.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
pub enum Digest {
    /// What all tools read
    #[default]
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

impl From<Digest> for HashAlgorithm {
    fn from(digest: Digest) -> HashAlgorithm {
        match digest {
            Digest::Sha256 => HashAlgorithm::Sha256,
            Digest::Sha384 => HashAlgorithm::Sha384,
            Digest::Sha512 => HashAlgorithm::Sha512,
        }
    }
}

#[derive(Serialize)]
struct Answer {
    package: PathBuf,
    full_name: String,
    family_name: String,
    files: usize,
    bytes: u64,
    size: u64,
    left_out: Vec<String>,
}

/// Packs.
pub fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let options = Options { algorithm: HashAlgorithm::from(arguments.digest), time: time()? };
    let to = match &arguments.output {
        Some(output) => output.clone(),
        None => own_name(&arguments.folder)?,
    };
    if arguments.folder.is_dir() && !arguments.folder.join(MANIFEST).exists() {
        let what = "there is no AppxManifest.xml in it; lowbox init makes one to begin with";
        return Err(failed(&arguments.folder, &what));
    }
    check_place(&arguments.folder, &to)?;
    let packed = write(&arguments.folder, &to, options)?;
    let identity = &packed.manifest.identity;
    warn_of(&packed.manifest, Path::new(MANIFEST));
    for doubt in doubts::doubts(&packed.manifest, &packed.missing_pictures) {
        output::say(&format!("{MANIFEST}: {doubt}"));
    }
    for secret in doubts::secrets(&arguments.folder) {
        output::say(&secret);
    }
    for name in &packed.left_out {
        output::say(&format!("{name} is made anew and was left out"));
    }
    let size = std::fs::metadata(&to).map_or(0, |metadata| metadata.len());
    let answer = Answer {
        package: to,
        full_name: identity.full_name(),
        family_name: identity.family_name(),
        files: packed.files,
        bytes: packed.bytes,
        size,
        left_out: packed.left_out,
    };
    if arguments.json {
        output::json(&answer)?;
    } else {
        output::say(&format!(
            "{}: {}, {} bytes; {} files of {} bytes in it; it is not signed",
            output::path(&answer.package),
            answer.full_name,
            answer.size,
            answer.files,
            answer.bytes
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Packs a folder to a file, which is written whole or not at all.
pub(super) fn write(folder: &Path, to: &Path, options: Options) -> Result<Packed, Failure> {
    let mut packed = None;
    let mut refused = None;
    let written = replace_file(to, |file| {
        let mut output = BufWriter::with_capacity(1 << 20, file);
        let work = |progress: &_| pack(folder, &mut output, options, progress);
        match progress::shown("packing", work) {
            Ok(done) => packed = Some(done),
            Err(error) => {
                refused = Some(failed(folder, &error));
                return Err(std::io::ErrorKind::Other.into());
            }
        }
        output.flush()
    });
    if let Some(refused) = refused {
        return Err(refused);
    }
    written.map_err(|error| failed(to, &error))?;
    packed.ok_or_else(|| Failure::new("nothing was packed"))
}

/// A file in the working folder, or above it where that is what is packed: the package must not be one of its own files.
fn own_name(folder: &Path) -> Result<PathBuf, Failure> {
    let identity = read_manifest(&folder.join(MANIFEST))?.identity;
    let name = format!("{}_{}_{}.msix", identity.name(), identity.version(), identity.architecture());
    let real = |path: &Path| std::fs::canonicalize(path).map_err(|error| failed(path, &error));
    let (here, folder) = (real(Path::new("."))?, real(folder)?);
    if !here.starts_with(&folder) {
        return Ok(name.into());
    }
    let above = folder.parent().ok_or_else(|| Failure::new("name the package to write with -o"))?;
    Ok(above.join(name))
}

/// The package, and the one of the last time, would be files of what is packed.
fn check_place(folder: &Path, to: &Path) -> Result<(), Failure> {
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (Ok(parent), Ok(folder)) = (std::fs::canonicalize(parent), std::fs::canonicalize(folder)) else {
        return Ok(());
    };
    match parent.starts_with(&folder) {
        true => {
            Err(failed(to, &"it would lie in the folder that is packed; name a place outside of it (-o)"))
        }
        false => Ok(()),
    }
}

/// What SOURCE_DATE_EPOCH says (reproducible-builds.org).
pub(super) fn time() -> Result<DosTime, Failure> {
    let Some(text) = std::env::var_os("SOURCE_DATE_EPOCH") else { return Ok(DosTime::default()) };
    let seconds = text.to_str().and_then(|text| text.parse().ok());
    let wrong = "SOURCE_DATE_EPOCH is no number of seconds since 1970; unset it, or set it right";
    seconds.map(DosTime::from_unix).ok_or_else(|| Failure::new(wrong))
}
