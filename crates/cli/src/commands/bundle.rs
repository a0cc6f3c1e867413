//! `lowbox bundle`: several packages in one file.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use lowbox_linux::host::replace_file;
use lowbox_linux::package::{PackageFile, machine, pack_bundle, packages_in, unpack_bundle};
use lowbox_msix::bundle::{Bundle, BundleManifest, BundledPackage, Kind, Place, choose};
use lowbox_msix::writer::Options;
use lowbox_msix::{HashAlgorithm, Version};
use serde::Serialize;

use super::pack::{Digest, time};
use super::package::{failed, signature_of};
use crate::failure::Failure;
use crate::output::{self, Page};
use crate::progress;

/// `lowbox bundle`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with a bundle.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Put packages of one name and publisher into a bundle
    #[command(
        after_help = "The same packages make the same bundle, byte for byte. Windows takes a signed bundle only if each package in it is \
                            signed too, so sign the packages first.

Example:
  lowbox bundle pack app-x64.msix app-arm64.msix -o app.msixbundle"
    )]
    Pack(Pack),
    /// Take a bundle apart, each package checked
    Unpack(Unpack),
    /// Show what a bundle says of itself, and which of its packages this machine would take
    Show(Show),
}

/// `lowbox bundle pack`.
#[derive(Debug, Args)]
pub struct Pack {
    /// Packages, or folders whose packages are meant
    #[arg(value_name = "FILE|DIR", required = true)]
    pub packages: Vec<PathBuf>,

    /// The bundle to write
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,

    /// The bundle's own version; otherwise the highest of its packages
    #[arg(long, value_name = "VERSION")]
    pub version: Option<Version>,

    /// The digests of the block map
    #[arg(long, value_enum, default_value_t)]
    pub digest: Digest,

    /// Answer in JSON (see docs/json.md)
    #[arg(long)]
    pub json: bool,
}

/// `lowbox bundle unpack`.
#[derive(Debug, Args)]
pub struct Unpack {
    /// The bundle
    #[arg(value_name = "FILE")]
    pub bundle: PathBuf,

    /// The folder to make; an empty one may be there
    #[arg(short, long = "dir", value_name = "DIR")]
    pub directory: PathBuf,
}

/// `lowbox bundle show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The bundle
    #[arg(value_name = "FILE")]
    pub bundle: PathBuf,

    /// Answer in JSON (see docs/json.md)
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Answer<'a> {
    bundle: &'a Path,
    full_name: String,
    family_name: String,
    publisher: String,
    version: String,
    flat: bool,
    signed_by: Option<String>,
    packages: Vec<Member>,
    optional_bundles: Vec<String>,
    /// Files of the packages that this machine takes.
    takes: Vec<String>,
}

#[derive(Serialize)]
struct Member {
    file: String,
    kind: &'static str,
    version: String,
    architecture: &'static str,
    resource_id: Option<String>,
    size: Option<u64>,
    languages: Vec<String>,
    scales: Vec<u16>,
}

/// Carries it out.
pub fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    match &arguments.action {
        Action::Pack(arguments) => pack(arguments),
        Action::Unpack(arguments) => unpack(arguments),
        Action::Show(arguments) => show(&arguments.bundle, arguments.json),
    }
}

fn pack(arguments: &Pack) -> Result<ExitCode, Failure> {
    let mut paths = Vec::new();
    for path in &arguments.packages {
        if path.is_dir() {
            paths.extend(packages_in(path).map_err(|error| failed(path, &error))?);
        } else {
            paths.push(path.clone());
        }
    }
    let options = Options { algorithm: HashAlgorithm::from(arguments.digest), time: time()? };
    let (mut packed, mut refused) = (None, None);
    let written = replace_file(&arguments.output, |file| {
        let mut output = BufWriter::with_capacity(1 << 20, file);
        let work = |progress: &_| pack_bundle(&paths, &mut output, options, arguments.version, progress);
        match progress::shown("packing", work) {
            Ok(done) => packed = Some(done),
            Err(error) => {
                refused = Some(failed(&arguments.output, &error));
                return Err(std::io::ErrorKind::Other.into());
            }
        }
        output.flush()
    });
    if let Some(refused) = refused {
        return Err(refused);
    }
    written.map_err(|error| failed(&arguments.output, &error))?;
    let Some(packed) = packed else { return Err(Failure::new("nothing was packed")) };
    for name in &packed.unsigned {
        output::say(&format!(
            "{} is not signed: the bundle can be signed only if each package in it is",
            output::visible(name)
        ));
    }
    for (one, other) in alike(&packed.manifest) {
        output::say(&format!(
            "{one} and {other} are programs for the same processors and systems, of which a machine takes only one, the newer; leave the \
             other out"
        ));
    }
    if arguments.json {
        output::json(&answer(&arguments.output, &packed.manifest, false, None))?;
    } else {
        output::say(&format!(
            "{}: {}, {} packages; it is not signed",
            output::path(&arguments.output),
            packed.manifest.full_name(),
            packed.manifest.packages.len()
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Packages of programs of which no machine takes both.
fn alike(manifest: &BundleManifest) -> Vec<(String, String)> {
    let programs: Vec<_> = manifest.packages.iter().filter(|one| one.kind == Kind::Application).collect();
    let mut pairs = Vec::new();
    for (index, other) in programs.iter().enumerate() {
        let same = |one: &&&BundledPackage| {
            one.architecture == other.architecture
                && one.families == other.families
                && one.resource_id == other.resource_id
        };
        if let Some(one) = programs[..index].iter().find(same) {
            pairs.push((one.file.to_string(), other.file.to_string()));
        }
    }
    pairs
}

fn unpack(arguments: &Unpack) -> Result<ExitCode, Failure> {
    let path = &arguments.bundle;
    let (file, bundle) = open(path)?;
    if let Some(signature) = signature_of(path, &file, bundle.contents())? {
        signature.check_contents(&file, bundle.contents()).map_err(|error| failed(path, &error))?;
    }
    progress::shown("unpacking", |progress| unpack_bundle(&file, &bundle, &arguments.directory, progress))
        .map_err(|error| failed(path, &error))?;
    output::say(&format!(
        "{}: {} packages in {}",
        output::path(path),
        bundle.manifest().packages.len(),
        output::path(&arguments.directory)
    ));
    Ok(ExitCode::SUCCESS)
}

/// Opens a bundle.
pub fn open(path: &Path) -> Result<(PackageFile, Bundle), Failure> {
    let file = PackageFile::open(path).map_err(|error| failed(path, &error))?;
    let bundle = Bundle::open(&file).map_err(|error| failed(path, &error))?;
    Ok((file, bundle))
}

/// Shows a bundle.
pub fn show(path: &Path, json: bool) -> Result<ExitCode, Failure> {
    let (file, bundle) = open(path)?;
    let signer = signature_of(path, &file, bundle.contents())?.map(|signature| signature.subject());
    let answer = answer(path, bundle.manifest(), bundle.is_flat(), signer);
    if json {
        output::json(&answer)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut page = Page::new();
    page.field("bundle", &answer.full_name);
    page.field("publisher", &answer.publisher);
    page.field("package family", &answer.family_name);
    page.field("signed by", answer.signed_by.as_deref().unwrap_or("nobody"));
    for (index, member) in answer.packages.iter().enumerate() {
        page.field(if index == 0 { "packages" } else { "" }, &member.line());
    }
    for (index, name) in answer.optional_bundles.iter().enumerate() {
        page.field(if index == 0 { "optional" } else { "" }, name);
    }
    page.field("taken here", &takes(bundle.manifest()).map_or_else(|why| why, |all| all.join(", ")));
    if answer.flat {
        page.field("flat", "its packages lie beside it, as files of these names");
    }
    page.print()?;
    Ok(ExitCode::SUCCESS)
}

impl Member {
    fn line(&self) -> String {
        let mut text = format!("{}  {} {} {}", self.file, self.kind, self.version, self.architecture);
        let mut add = |more: String| {
            text.push_str(", ");
            text.push_str(&more);
        };
        self.resource_id.iter().for_each(|id| add(format!("id {id}")));
        if !self.languages.is_empty() {
            add(self.languages.join(" "));
        }
        self.scales.iter().for_each(|scale| add(format!("scale {scale}")));
        text
    }
}

/// What this machine would take.
fn takes(manifest: &BundleManifest) -> Result<Vec<String>, String> {
    let choice = choose(manifest, &machine()).map_err(|error| error.to_string())?;
    let all = [choice.application].into_iter().chain(choice.resources);
    Ok(all.map(|at| manifest.packages[at].file.to_string()).collect())
}

fn answer<'a>(
    bundle: &'a Path,
    manifest: &BundleManifest,
    flat: bool,
    signed_by: Option<String>,
) -> Answer<'a> {
    let identity = &manifest.identity;
    let packages = manifest.packages.iter().map(|package| Member {
        file: package.file.to_string(),
        kind: package.kind.as_str(),
        version: package.version.to_string(),
        architecture: package.architecture.as_str(),
        resource_id: package.resource_id.clone(),
        size: match package.place {
            Place::Inside { size, .. } => Some(size),
            Place::Beside { size } => size,
        },
        languages: package.resources.iter().filter_map(|one| one.language.clone()).collect(),
        scales: package.resources.iter().filter_map(|one| one.scale).collect(),
    });
    Answer {
        bundle,
        full_name: manifest.full_name(),
        family_name: identity.family_name(),
        publisher: identity.publisher().to_string(),
        version: identity.version().to_string(),
        flat,
        signed_by,
        packages: packages.collect(),
        takes: takes(manifest).unwrap_or_default(),
        optional_bundles: manifest.optional.iter().map(|one| one.name.clone()).collect(),
    }
}
