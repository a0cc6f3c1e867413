//! Whose identity and capabilities a command is about: a manifest's, or those of a bare command.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use lowbox_linux::prepare::Grant;
use lowbox_linux::wine::PackageIdentity;
use lowbox_msix::manifest::DeclaredHost;
use lowbox_msix::{Application, Identity, Isolation, Manifest};
use lowbox_policy::GrantRights;
use lowbox_policy::capability;
use lowbox_policy::network::AllowedHost;

use crate::arguments::{NetworkArguments, PackageArguments};
use crate::failure::Failure;
use crate::installed::Chosen;
use crate::output;

/// The identity and the declared capabilities.
#[derive(Clone, Debug)]
pub struct Package {
    /// Name, publisher, version, architecture.
    pub identity: Identity,
    /// Names of declared capabilities, in the order of declaration, in canonical spelling where they are known.
    pub capabilities: Vec<String>,
    /// Those of them that the user has to allow: privacy-sensitive, and not given on the command line.
    pub need_consent: Vec<String>,
    /// Hosts that the manifest lists in lowbox's own extension.
    pub hosts: Vec<AllowedHost>,
    /// Ports of the host's loopback that it lists there.
    pub loopback_ports: Vec<u16>,
    /// The manifest that it comes from.
    pub manifest: Option<FromManifest>,
    /// The installed package that it is.
    pub installed: Option<Chosen>,
}

/// What is to be started.
#[derive(Clone, Debug)]
pub struct ProgramToRun {
    /// The program.
    pub program: OsString,
    /// Its arguments, without the zeroth.
    pub arguments: Vec<OsString>,
    /// What of the package is granted with it: the folder of a manifest's program.
    pub grants: Vec<Grant>,
    /// The folders of an installed package.
    pub package_folders: Vec<PathBuf>,
}

/// What only a manifest tells.
#[derive(Clone, Debug)]
pub struct FromManifest {
    /// The file.
    pub path: PathBuf,
    /// The application that was chosen, or the only one.
    pub application: Option<Application>,
    /// The ids of all its applications.
    pub ids: Vec<String>,
}

/// The program that a manifest names, and the folder that it is in with the package's other files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnProgram {
    /// Absolute, without symbolic links.
    pub folder: PathBuf,
    /// Absolute.
    pub program: PathBuf,
}

impl Package {
    /// The package of the manifest if there is one, else one made up from the name that is given, or else from that of the
    /// program. Capabilities of the command line come on top. Warnings about the manifest go to standard error.
    ///
    /// # Errors
    /// A manifest that can't be read, an application that it doesn't have, a capability that is no name.
    pub fn of(options: &PackageArguments, program: Option<&OsStr>) -> Result<Package, Failure> {
        let package = match &options.manifest {
            Some(path) => from_manifest(path, options.application.as_deref())?,
            None => bare(options.name.as_deref(), program.unwrap_or_default()),
        };
        package.with_capabilities(&options.capabilities)
    }

    /// An installed package, if the first word of a command names one; else as [`Package::of`].
    ///
    /// # Errors
    /// The same, and when the package can't be run.
    pub fn of_command(
        options: &PackageArguments,
        command: &[OsString],
        is_installed: bool,
    ) -> Result<Package, Failure> {
        if let Some(chosen) = crate::installed::chosen(options, command, is_installed)? {
            return Package::of_installed(chosen)?.with_capabilities(&options.capabilities);
        }
        let package = Package::of(options, command.first().map(OsString::as_os_str))?;
        if package.manifest.is_some() {
            crate::installed::refuse_double(&package)?;
        }
        Ok(package)
    }

    /// The same for what only tells: there a manifest may say to be of an installed package.
    ///
    /// # Errors
    /// The same.
    pub fn of_told(
        options: &PackageArguments,
        command: &[OsString],
        is_installed: bool,
    ) -> Result<Package, Failure> {
        match crate::installed::chosen(options, command, is_installed)? {
            Some(chosen) => Package::of_installed(chosen)?.with_capabilities(&options.capabilities),
            None => Package::of(options, command.first().map(OsString::as_os_str)),
        }
    }

    /// An installed package.
    ///
    /// # Errors
    /// When it has no application of the chosen name.
    pub fn of_installed(chosen: Chosen) -> Result<Package, Failure> {
        let (path, manifest) = (chosen.package.manifest_path(), chosen.package.manifest.clone());
        let mut package = of_parsed(&path, manifest, chosen.application.as_deref())?;
        package.identity = chosen.package.identity.clone();
        package.installed = Some(chosen);
        Ok(package)
    }

    /// Adds those of the command line.
    fn with_capabilities(mut self, names: &[String]) -> Result<Package, Failure> {
        for name in names {
            let name = capability_name(name).map_err(Failure::new)?;
            // On lowbox's own command line it is the user's word.
            self.need_consent.retain(|asked| *asked != name);
            if !self.capabilities.contains(&name) {
                self.capabilities.push(name);
            }
        }
        Ok(self)
    }

    /// Adds hosts and loopback exemptions of the command line to those of the manifest.
    pub fn open(&mut self, network: &NetworkArguments) {
        for host in &network.hosts {
            if !self.hosts.contains(host) {
                self.hosts.push(host.clone());
            }
        }
        for port in &network.loopback_ports {
            if !self.loopback_ports.contains(port) {
                self.loopback_ports.push(*port);
            }
        }
    }

    /// The program and its arguments: those of the command line, or the manifest's own program, whose folder is granted with it, or
    /// the installed package's.
    ///
    /// # Errors
    /// When neither names one.
    pub fn command(&self, words: &[OsString]) -> Result<ProgramToRun, Failure> {
        let (mut grants, mut package_folders) = (Vec::new(), Vec::new());
        let (program, arguments) = match (words.split_first(), &self.installed) {
            (Some((_, rest)), Some(installed)) => {
                package_folders.clone_from(&installed.folders);
                (self.own_program()?.program.into_os_string(), rest)
            }
            (Some((program, rest)), None) => (program.clone(), rest),
            (None, _) => {
                let own = self.own_program()?;
                grants.push(Grant { path: own.folder, rights: GrantRights::READ_EXECUTE });
                (own.program.into_os_string(), words)
            }
        };
        Ok(ProgramToRun { program, arguments: arguments.to_vec(), grants, package_folders })
    }

    /// What programs that ask are told of the package, if there is one.
    pub fn told(&self) -> Option<PackageIdentity> {
        let manifest = self.manifest.as_ref()?;
        let folder = match &self.installed {
            Some(chosen) => chosen.package.folder(),
            None => fs::canonicalize(&manifest.path).ok()?.parent()?.to_owned(),
        };
        let application = manifest.application.as_ref().map(|one| one.id.clone());
        Some(PackageIdentity { identity: self.identity.clone(), application, folder })
    }

    /// The program that the manifest's application names.
    ///
    /// # Errors
    /// When there is no single application, or it names no program.
    fn own_program(&self) -> Result<OwnProgram, Failure> {
        let Some(manifest) = &self.manifest else {
            return Err(Failure::new("name a program to run, or a manifest that does"));
        };
        let shown = output::path(&manifest.path);
        let application = manifest.application.as_ref().ok_or_else(|| {
            Failure::new(match manifest.ids.as_slice() {
                [] => format!("{shown} has no application; name a program to run"),
                ids => format!("{shown} has several applications; choose one with --app: {}", ids.join(", ")),
            })
        })?;
        let executable = application.executable.as_ref().ok_or_else(|| {
            Failure::new(format!(
                "{shown}: the application {} names no Executable; name a program to run",
                application.id
            ))
        })?;
        let folder = manifest.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let folder = fs::canonicalize(folder.unwrap_or(Path::new(".")))
            .map_err(|error| Failure::new(format!("the folder of {shown}: {error}")))?;
        // The reader of manifests refuses absolute paths and `..`.
        let program = folder.join(executable.replace('\\', "/"));
        Ok(OwnProgram { folder, program })
    }
}

/// A capability's name as the catalogue spells it, or as it is if the catalogue does not know it.
///
/// # Errors
/// For what can't be the name of a capability: a letter outside of ASCII could pass for one of another capability, whose
/// SID it would get.
pub fn capability_name(name: &str) -> Result<String, String> {
    let shown = output::visible(&name.chars().take(80).collect::<String>());
    if !name.is_ascii() {
        return Err(format!(
            "`{shown}` holds a letter outside of ASCII and is no capability; type its name anew (lowbox capability list)"
        ));
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'{' | b'}');
    if name.is_empty() || name.len() > 255 || !name.bytes().all(plain) {
        return Err(format!(
            "`{shown}` is no name of a capability: use up to 255 letters, digits, dots, dashes and underscores \
             (lowbox capability list)"
        ));
    }
    if name.to_ascii_uppercase().starts_with("S-1-") {
        return Err(format!(
            "`{shown}` is a SID; capabilities are declared by name (lowbox capability list)"
        ));
    }
    Ok(capability(name).map_or_else(|| name.to_owned(), |known| known.name.to_owned()))
}

/// Reads a manifest.
///
/// # Errors
/// When it can't be read, with line and column.
pub fn read_manifest(path: &Path) -> Result<Manifest, Failure> {
    use std::io::Read;
    let failed = |error: &dyn std::fmt::Display| Failure::new(format!("{}: {error}", output::path(path)));
    let mut bytes = Vec::new();
    if path.is_dir() && path.join("AppxManifest.xml").exists() {
        let inner = path.join("AppxManifest.xml");
        return Err(failed(&format!("it is a folder; name the manifest in it, {}", output::path(&inner))));
    }
    // A FIFO that nobody writes to must not keep anybody waiting.
    let is_file = fs::metadata(path).map_err(|error| failed(&error))?.is_file();
    if !is_file {
        return Err(failed(&"it is no regular file but a directory or a device, and holds no manifest"));
    }
    fs::File::open(path)
        .and_then(|file| file.take(lowbox_msix::manifest::MAX_BYTES as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| failed(&error))?;
    Manifest::parse(&bytes).map_err(|error| failed(&error))
}

/// Warns of what in a manifest does not do what its author may expect.
pub fn warn_of(manifest: &Manifest, path: &Path) {
    let shown = output::path(path);
    for warning in &manifest.warnings {
        output::say(&format!("{shown}: {warning}"));
    }
    for declared in &manifest.capabilities {
        if let Some(known) = capability(&declared.name)
            && !known.is_declared_by(declared.element, &declared.namespace_uri)
        {
            output::say(&format!(
                "{shown}: the capability {} belongs into {known} with the namespace {}; Windows refuses the package as it \
                 is, lowbox takes the capability as declared",
                known.name,
                known.namespace_uri()
            ));
        }
    }
}

fn from_manifest(path: &Path, id: Option<&str>) -> Result<Package, Failure> {
    let manifest = read_manifest(path)?;
    warn_of(&manifest, path);
    let package = of_parsed(path, manifest, id)?;
    let application = package.manifest.iter().find_map(|manifest| manifest.application.as_ref());
    if let Some(application) = application.filter(|one| one.isolation == Isolation::FullTrust) {
        output::say(&format!(
            "{}: the application {} is declared to run with full trust; lowbox isolates it all the same",
            output::path(path),
            application.id
        ));
    }
    Ok(package)
}

fn of_parsed(path: &Path, manifest: Manifest, id: Option<&str>) -> Result<Package, Failure> {
    let shown = output::path(path);
    // The private data of bare commands goes by this publisher: a manifest must not claim it.
    if manifest.identity.publisher().id() == Identity::unpackaged(b"command").publisher().id() {
        return Err(Failure::new(format!(
            "{shown}: the publisher {} is reserved for commands without a manifest; use your own",
            manifest.identity.publisher().as_str()
        )));
    }
    let ids: Vec<String> = manifest.applications.iter().map(|application| application.id.clone()).collect();
    let application = manifest.application(id).cloned();
    if let (Some(id), None) = (id, &application) {
        let have =
            if ids.is_empty() { "it has none".to_owned() } else { format!("it has {}", ids.join(", ")) };
        return Err(Failure::new(format!("{shown} has no application {id}; {have}")));
    }
    let (mut capabilities, mut need_consent): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for declared in &manifest.capabilities {
        let name = capability(&declared.name).map_or(declared.name.as_str(), |known| known.name);
        if !capabilities.iter().any(|have| have == name) {
            capabilities.push(name.to_owned());
            if capability(name).is_some_and(|known| known.privacy) {
                need_consent.push(name.to_owned());
            }
        }
    }
    let host = |declared: &DeclaredHost| {
        AllowedHost::with_port(&declared.name, declared.port)
            .map_err(|error| Failure::new(format!("{shown}: {}: AllowedHost: {error}", declared.position)))
    };
    let hosts = manifest.network.hosts.iter().map(host).collect::<Result<_, _>>()?;
    let from = FromManifest { path: path.to_owned(), application, ids };
    Ok(Package {
        identity: manifest.identity,
        capabilities,
        need_consent,
        hosts,
        loopback_ports: manifest.network.loopback_ports,
        manifest: Some(from),
        installed: None,
    })
}

/// A bare command has an identity too, so that its private data and its consents last.
fn bare(name: Option<&str>, program: &OsStr) -> Package {
    let name = match name {
        Some(name) => name.as_bytes().to_vec(),
        None => name_of(Path::new(program)),
    };
    Package {
        identity: Identity::unpackaged(&name),
        capabilities: Vec::new(),
        need_consent: Vec::new(),
        hosts: Vec::new(),
        loopback_ports: Vec::new(),
        manifest: None,
        installed: None,
    }
}

/// What a bare command is known by: its name, if it is one of the system's or was found in PATH; else its name and its place,
/// so that nobody's `./editor` gets the private data of the editor in PATH.
fn name_of(program: &Path) -> Vec<u8> {
    let file = program.file_name().unwrap_or(program.as_os_str()).as_bytes().to_vec();
    if !program.as_os_str().as_bytes().contains(&b'/') {
        return file;
    }
    let real = fs::canonicalize(program).unwrap_or_else(|_| program.to_owned());
    if ["/usr", "/bin", "/sbin"].iter().any(|system| real.starts_with(system)) && program.is_absolute() {
        return file;
    }
    [&file[..], b"@", real.as_os_str().as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_spelled_as_the_catalogue_spells_them() {
        assert_eq!(capability_name("DOCUMENTSlibrary").as_deref(), Ok("documentsLibrary"));
        assert_eq!(
            capability_name("contoso.thing_8wekyb3d8bbwe").as_deref(),
            Ok("contoso.thing_8wekyb3d8bbwe")
        );
    }

    #[test]
    fn a_letter_that_passes_for_another_makes_no_capability() {
        for bad in [
            "permi\u{17f}\u{17f}iveLearningMode",
            "\u{212a}x",
            "",
            "a b",
            "a\u{1b}[2J",
            "S-1-15-3-1",
            &"a".repeat(256),
        ] {
            assert!(capability_name(bad).is_err(), "{bad}");
        }
    }
}
