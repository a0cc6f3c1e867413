//! `lowbox learn results`: from records to a manifest, tables and a report.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use lowbox_linux::prepare::Caller;
use lowbox_msix::manifest::edit::{
    Edited, NewCapability, NewManifest, NewNetwork, add_capabilities, add_network, new_manifest,
};
use lowbox_msix::manifest::{MAX_BYTES, MAX_ENTRIES};
use lowbox_msix::{Identity, Manifest};
use lowbox_policy::capability;
use lowbox_policy::network::AllowedHost;
use lowbox_profiler::Raw;
use lowbox_profiler::attribute::{Attribution, Grant, attribute};
use lowbox_profiler::record::Records;
use lowbox_profiler::results::{
    Context, declaration, declarations, rows, write_csv, write_jsonl, write_parquet, write_report,
    write_summary,
};

use super::files;
use super::gathered::{gather, is_named};
use super::told::Told;
use super::world::{Declared, world};
use crate::failure::Failure;
use crate::output;

/// `lowbox learn results`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lowbox learn results app.trace                                   a new manifest, tables, report.html
  lowbox learn results --manifest AppxManifest.xml monday.trace tuesday.trace
                                                                   adds what is missing to that manifest
  lowbox learn results --what-if app.trace                         only says what it would write")]
pub struct Arguments {
    /// Record files, or folders of them (*.trace); the accesses of all are put together
    #[arg(required = true, value_name = "TRACE")]
    pub traces: Vec<PathBuf>,

    /// Only what this program did: the name of its file, or its path
    #[arg(long, value_name = "NAME")]
    pub exe: Option<PathBuf>,

    /// Only what this package did (its family name)
    #[arg(long, value_name = "NAME")]
    pub package: Option<String>,

    /// Add the capabilities that are missing to this manifest, in place
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,

    /// Write nothing, and say what would be written
    #[arg(long)]
    pub what_if: bool,

    /// The folder for the results
    #[arg(long, value_name = "DIR", default_value = "lowbox-results")]
    pub out: PathBuf,

    /// Answer in JSON (see docs/json.md)
    #[arg(long)]
    pub json: bool,
}

/// Finds and writes results, and tells of them.
pub fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let told = find(arguments)?;
    if arguments.json {
        output::json(&told)?;
    } else {
        for one in &told {
            output::bytes(one.text(arguments.what_if).as_bytes())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Finds and writes results: for each package what there is to tell.
///
/// # Errors
/// When records or manifest can't be read, or something can't be written.
pub fn find(arguments: &Arguments) -> Result<Vec<Told>, Failure> {
    if !arguments.what_if {
        files::check_results(&arguments.out)?;
    }
    let mut records = gather(&arguments.traces)?;
    if let Some(name) = &arguments.exe {
        records.retain(|_, process, _| is_named(&process.exe, name));
    }
    let packages: BTreeSet<String> = records.runs.iter().map(|run| run.package.clone()).collect();
    let manifest = arguments.manifest.as_deref().map(Edit::read).transpose()?;
    let chosen = choose(&packages, arguments.package.as_deref(), manifest.as_ref())?;
    let caller = Caller::current().map_err(|error| Failure::new(&error))?;
    let mut told = Vec::new();
    for package in &chosen {
        let records = records.of_package(package);
        let declared = manifest.as_ref().map(Edit::declared);
        let world = world(&caller, package, &records, declared)?;
        let found = attribute(&records, &world);
        let folder =
            if chosen.len() == 1 { arguments.out.clone() } else { arguments.out.join(file_name(package)) };
        let results = Results { arguments, package, records: &records, found: &found, folder };
        told.push(results.write(manifest.as_ref())?);
    }
    Ok(told)
}

/// The packages that are looked at.
fn choose(
    packages: &BTreeSet<String>,
    named: Option<&str>,
    manifest: Option<&Edit>,
) -> Result<Vec<String>, Failure> {
    let shown =
        || packages.iter().map(|name| Raw::from(name.as_str()).to_string()).collect::<Vec<_>>().join(", ");
    let own = manifest.map(|edit| edit.manifest.identity.family_name());
    let Some(wanted) = named.or(own.as_deref()) else { return Ok(packages.iter().cloned().collect()) };
    if !packages.contains(wanted) {
        return Err(Failure::new(format!(
            "the records are of {}, not of {}; {}",
            shown(),
            output::visible(wanted),
            if named.is_some() { "choose one of those" } else { "without --manifest a new one is made" }
        )));
    }
    if own.as_ref().is_some_and(|own| own != wanted) {
        return Err(Failure::new(format!(
            "the manifest is of another package ({}) than {}; leave one of --manifest and --package out",
            own.as_deref().unwrap_or_default(),
            output::visible(wanted)
        )));
    }
    Ok(vec![wanted.to_owned()])
}

/// A family name is a file name; records may hold anything.
fn file_name(package: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
    let name: String = package.chars().take(100).map(plain).collect();
    if name.is_empty() || name.starts_with('.') { format!("package{name}") } else { name }
}

/// A manifest that is to be edited.
struct Edit {
    path: PathBuf,
    bytes: Vec<u8>,
    manifest: Manifest,
}

impl Edit {
    fn read(path: &Path) -> Result<Edit, Failure> {
        use std::io::Read;
        let failed = |error: &dyn std::fmt::Display| files::failed(path, error);
        let mut bytes = Vec::new();
        let mut file = files::open(path)?.take(MAX_BYTES as u64 + 1);
        file.read_to_end(&mut bytes).map_err(|error| failed(&error))?;
        let manifest = Manifest::parse(&bytes).map_err(|error| failed(&error))?;
        // A link that the user named is followed: what it leads to is the manifest.
        let path = fs::canonicalize(path).map_err(|error| failed(&error))?;
        Ok(Edit { path, bytes, manifest })
    }

    fn declared(&self) -> Declared {
        let canonical = |name: &str| capability(name).map_or(name, |known| known.name).to_owned();
        let network = &self.manifest.network;
        // What is no host opens nothing; `lowbox run` says so.
        let hosts =
            network.hosts.iter().filter_map(|host| AllowedHost::with_port(&host.name, host.port).ok());
        Declared {
            capabilities: self.manifest.capabilities.iter().map(|one| canonical(&one.name)).collect(),
            hosts: hosts.collect(),
            loopback_ports: network.loopback_ports.clone(),
        }
    }
}

/// The results of one package.
struct Results<'a> {
    arguments: &'a Arguments,
    package: &'a str,
    records: &'a Records,
    found: &'a Attribution,
    folder: PathBuf,
}

impl Results<'_> {
    fn write(&self, edit: Option<&Edit>) -> Result<Told, Failure> {
        let (path, edited) = match edit {
            Some(edit) => {
                let failed = |error| Failure::new(format!("{}: {error}", output::path(&edit.path)));
                (edit.path.clone(), add_capabilities(&edit.bytes, &declarations(self.found)).map_err(failed)?)
            }
            None => (self.folder.join("AppxManifest.xml"), self.new_manifest()?),
        };
        let edited = self.with_exemptions(edited, &path)?;
        let places: Vec<PathBuf> = [
            "AccessAttemptRecords.csv",
            "AccessAttemptRecords.jsonl",
            "AccessAttemptRecords.parquet",
            "report.html",
            "summary.txt",
        ]
        .map(|name| self.folder.join(name))
        .to_vec();
        let mut told = Told::new(self.package, self.records, self.found).with_files(&places);
        told.manifest = Some(output::path(&path));
        told.added.clone_from(&edited.added);
        if self.arguments.what_if {
            return Ok(told);
        }
        fs::create_dir_all(&self.folder)
            .map_err(|error| Failure::new(format!("{}: {error}", output::path(&self.folder))))?;
        self.tables(&places)?;
        if edit.is_none() || !edited.added.is_empty() {
            use std::io::Write;
            files::replace(&path, |file| file.write_all(&edited.bytes))?;
        }
        // The summary comes last: what it tells of is there.
        self.summary(&places[4], &path, &edited.added)?;
        Ok(told)
    }

    /// The ports of the host's loopback that are needed, in lowbox's own element. Those that a manifest has no room for are
    /// options of the command line.
    fn with_exemptions(&self, edited: Edited, path: &Path) -> Result<Edited, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::new(format!("{}: {error}", output::path(path)));
        let have =
            Manifest::parse(&edited.bytes).map_err(|error| failed(&error))?.network.loopback_ports.len();
        let ports = self.found.grants.iter().filter_map(|grant| match grant {
            Grant::Loopback { port } if *port > 0 => Some(*port),
            Grant::Loopback { .. } | Grant::Path { .. } => None,
        });
        let loopback_ports = ports.take(MAX_ENTRIES.saturating_sub(have)).collect();
        let network = NewNetwork { hosts: Vec::new(), loopback_ports };
        let opened = add_network(&edited.bytes, &network).map_err(|error| failed(&error))?;
        Ok(Edited { bytes: opened.bytes, added: [edited.added, opened.added].concat() })
    }

    fn tables(&self, places: &[PathBuf]) -> Result<(), Failure> {
        let rows = || rows(self.records, self.found);
        files::replace(&places[0], |file| write_csv(rows(), std::io::BufWriter::new(file)))?;
        files::replace(&places[1], |file| {
            let mut file = std::io::BufWriter::new(file);
            write_jsonl(rows(), &mut file)?;
            std::io::Write::flush(&mut file)
        })?;
        files::replace(&places[2], |file| write_parquet(rows(), file))?;
        files::replace(&places[3], |file| write_report(self.records, self.found, now(), file))
    }

    fn summary(&self, place: &Path, manifest: &Path, added: &[String]) -> Result<(), Failure> {
        let context = Context {
            at: now(),
            inputs: self.arguments.traces.iter().map(|path| Raw::from(path.as_path())).collect(),
            manifest: Some(Raw::from(manifest)),
            added: added.to_vec(),
        };
        let mut text = Vec::new();
        write_summary(self.records, self.found, &context, &mut text).map_err(Failure::new)?;
        files::append(place, &text)
    }

    /// A manifest with what the runs had and what is needed besides. Its publisher is a name of its own, because that of bare
    /// commands is reserved for them.
    fn new_manifest(&self) -> Result<Edited, Failure> {
        let name = self.package.rsplit_once('_').map_or(self.package, |(name, _)| name);
        let template = Identity::unpackaged(name.as_bytes());
        let publisher = lowbox_msix::Publisher::new("CN=lowbox-learned").map_err(Failure::new)?;
        let identity =
            Identity::new(template.name(), publisher, template.version(), template.architecture(), None)
                .map_err(Failure::new)?;
        let mut all: Vec<NewCapability> = Vec::new();
        for known in
            self.records.runs.iter().flat_map(|run| &run.capabilities).filter_map(|name| capability(name))
        {
            if !all.iter().any(|have| have.name == known.name) {
                all.push(declaration(&known));
            }
        }
        all.extend(declarations(self.found));
        let what = NewManifest { identity, display_name: name.to_owned() };
        let bytes = new_manifest(&what, &all).map_err(Failure::new)?;
        Ok(Edited { bytes, added: all.into_iter().map(|one| one.name).collect() })
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
