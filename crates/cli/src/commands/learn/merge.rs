//! `lowbox learn merge`: several manifests, record files or tables become one.

use std::io::{BufRead, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use lowbox_msix::Manifest;
use lowbox_msix::manifest::MAX_BYTES;
use lowbox_msix::manifest::edit::{NewCapability, add_capabilities};
use lowbox_policy::capability;
use lowbox_profiler::results::{Merged, declaration, read_csv, read_jsonl, write_csv, write_jsonl};

use super::files;
use super::gathered::gather;
use crate::failure::Failure;
use crate::output;

/// `lowbox learn merge`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lowbox learn merge a/AppxManifest.xml b/AppxManifest.xml --out AppxManifest.xml
                                     the first manifest, with the capabilities of the others added
  lowbox learn merge one.trace two.trace --out both.trace
  lowbox learn merge */AccessAttemptRecords.csv --out all.csv")]
pub struct Arguments {
    /// Manifests, or record files, or tables (AccessAttemptRecords.csv or .jsonl), all of one kind
    #[arg(required = true, num_args = 2.., value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// The file to write, standard output unless given; it may be one of those that are read
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Manifest,
    Records,
    Csv,
    Lines,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Manifest => "a manifest",
            Kind::Records => "a record file",
            Kind::Csv => "a table",
            Kind::Lines => "a table in JSON lines",
        }
    }
}

/// Merges.
pub fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let kinds = arguments.files.iter().map(|path| kind(path)).collect::<Result<Vec<_>, _>>()?;
    if let Some(other) = kinds.iter().position(|kind| *kind != kinds[0]) {
        return Err(Failure::new(format!(
            "{} is {} and {} is {}; merge files of one kind",
            output::path(&arguments.files[0]),
            kinds[0].name(),
            output::path(&arguments.files[other]),
            kinds[other].name()
        )));
    }
    let bytes = match kinds[0] {
        Kind::Manifest => manifests(&arguments.files)?,
        Kind::Records => {
            let mut bytes = Vec::new();
            gather(&arguments.files)?.write(&mut bytes).map_err(Failure::new)?;
            bytes
        }
        kind => tables(&arguments.files, kind)?,
    };
    match &arguments.out {
        Some(path) => files::replace(path, |file| {
            let mut file = BufWriter::new(file);
            file.write_all(&bytes)?;
            file.flush()
        })?,
        None => output::bytes(&bytes)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Told by the first bytes.
fn kind(path: &Path) -> Result<Kind, Failure> {
    let failed = |error: &dyn std::fmt::Display| files::failed(path, error);
    let mut file = files::open(path)?;
    let start = file.fill_buf().map_err(|error| failed(&error))?;
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start).trim_ascii_start();
    match start {
        [b'<', ..] | [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Ok(Kind::Manifest),
        start if start.starts_with(b"{\"run\":") => Ok(Kind::Records),
        [b'{', ..] => Ok(Kind::Lines),
        start if start.starts_with(b"package,") => Ok(Kind::Csv),
        _ => Err(failed(&"it is no manifest, no record file and no table of accesses")),
    }
}

fn manifests(paths: &[PathBuf]) -> Result<Vec<u8>, Failure> {
    let read = |path: &PathBuf| {
        let failed = |error: &dyn std::fmt::Display| files::failed(path, error);
        let mut bytes = Vec::new();
        let mut file = files::open(path)?.take(MAX_BYTES as u64 + 1);
        file.read_to_end(&mut bytes).map_err(|error| failed(&error))?;
        let manifest = Manifest::parse(&bytes).map_err(|error| failed(&error))?;
        Ok((bytes, manifest))
    };
    let (base, _) = read(&paths[0])?;
    let mut all: Vec<NewCapability> = Vec::new();
    for path in &paths[1..] {
        let (_, manifest) = read(path)?;
        all.extend(manifest.capabilities.into_iter().map(|one| match capability(&one.name) {
            Some(known) => declaration(&known),
            None => NewCapability {
                name: one.name,
                element: one.element,
                namespace_uri: one.namespace_uri,
                prefix: None,
                comment: None,
                commented_out: false,
            },
        }));
    }
    let failed = |error| Failure::new(format!("{}: {error}", output::path(&paths[0])));
    Ok(add_capabilities(&base, &all).map_err(failed)?.bytes)
}

fn tables(paths: &[PathBuf], kind: Kind) -> Result<Vec<u8>, Failure> {
    let (mut merged, mut skipped) = (Merged::default(), 0);
    for path in paths {
        let failed = |error: &dyn std::fmt::Display| files::failed(path, error);
        let file = files::open(path)?;
        skipped += match kind {
            Kind::Csv => read_csv(file, |row| merged.add(row)).map_err(|error| failed(&error))?,
            _ => read_jsonl(file, |row| merged.add(row)).map_err(|error| failed(&error))?,
        };
    }
    if skipped > 0 {
        output::say(&format!("{skipped} rows are none that lowbox writes, and were skipped"));
    }
    if merged.left_out() > 0 {
        output::say(&format!(
            "{} rows were left out: there are too many; docs/profiler.md has a query for a database",
            merged.left_out()
        ));
    }
    let mut bytes = Vec::new();
    match kind {
        Kind::Csv => write_csv(merged.rows(), &mut bytes),
        _ => write_jsonl(merged.rows(), &mut bytes),
    }
    .map_err(Failure::new)?;
    Ok(bytes)
}
