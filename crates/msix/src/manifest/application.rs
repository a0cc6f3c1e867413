//! `Applications`: the programs of a package, and their extensions.

use super::error::{ManifestError, Problem, clip};
use super::integration::{Declared, Integration};
use super::isolation::{self, Generation, Isolation};
use super::namespace::Namespace;
use super::reader::Reader;
use super::visuals;
use super::warning::Notice;
use roxmltree::Node;
use std::collections::HashSet;

/// Most applications of a package (`CT_Applications`).
const MAX_APPLICATIONS: usize = 100;

/// One application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// `Id`, at most 64 characters, unique in the package.
    pub id: String,
    /// `Executable`: a path inside the package, relative, without `..`, with `\` or `/` as written.
    pub executable: Option<String>,
    /// The entry point that counts: `uap18:EntryPoint` if there is one, else `EntryPoint`.
    pub entry_point: Option<String>,
    /// `DisplayName` of its visual elements; may be an `ms-resource:` reference.
    pub display_name: Option<String>,
    /// Its pictures, as paths inside the package: `Square44x44Logo`, or else `Square150x150Logo`. Files of other sizes may stand for it.
    pub logo: Option<String>,
    /// It is to be found in the list of programs (`AppListEntry` is not `none`).
    pub is_listed: bool,
    /// It is a program of the command line (`Subsystem="console"`).
    pub is_console: bool,
    /// How it is run.
    pub isolation: Isolation,
    /// Categories of its extensions, in order, like `windows.protocol`.
    pub extensions: Vec<String>,
    /// Aliases, file types and protocols among them.
    pub integration: Integration,
    pub(super) generation: Option<Generation>,
    pub(super) base_full_trust: bool,
    pub(super) partial_trust: bool,
}

/// Reads the `Applications` element.
pub(super) fn read(reader: &mut Reader<'_>, parent: Node<'_, '_>) -> Result<Vec<Application>, ManifestError> {
    reader.check_attributes(parent, &[])?;
    let mut applications = Vec::new();
    let mut ids = HashSet::new();
    let mut declared = Declared::default();
    for node in reader.elements(parent)? {
        if (Namespace::of(node.tag_name().namespace()), node.tag_name().name())
            != (Namespace::Foundation, "Application")
        {
            reader.unknown_element(node)?;
            continue;
        }
        if applications.len() == MAX_APPLICATIONS {
            let limit = MAX_APPLICATIONS;
            return Err(reader.error(node, Problem::Limit { what: "applications", limit }));
        }
        let application = read_one(reader, node, &mut declared)?;
        if !ids.insert(application.id.to_ascii_lowercase()) {
            let (name, hint) = (application.id, "give each application an Id of its own");
            return Err(reader.error(node, Problem::Duplicate { what: "application", name, hint }));
        }
        applications.push(application);
    }
    Ok(applications)
}

fn read_one(
    reader: &mut Reader<'_>,
    node: Node<'_, '_>,
    declared_names: &mut Declared,
) -> Result<Application, ManifestError> {
    reader.check_attributes(node, &["Id", "Executable", "EntryPoint", "StartPage", "ResourceGroup"])?;
    let id = reader.required(node, "Id", "name the application, like Id=\"App\"")?;
    if !is_application_id(id) {
        let rule = "use up to 64 characters: letters and digits in parts joined by dots, each starting with a letter";
        return Err(reader.value(node, "Application Id", id, rule));
    }
    let executable = node.attribute("Executable");
    if let Some(path) = executable {
        check_path(reader, node, path)?;
    }
    if executable.is_some_and(|path| !path.to_ascii_lowercase().ends_with(".exe")) {
        reader.warn(node, Notice::NotExe(id.to_owned()));
    }
    let declared = isolation::read(reader, node, id)?;
    if executable.is_none() && declared.entry_point.is_some() {
        return Err(reader.missing(node, "Executable", "EntryPoint needs the program that it is in"));
    }
    if executable.is_some() && declared.isolation == Isolation::Undeclared && !has_host(node) {
        reader.warn(node, Notice::UndeclaredIsolation(id.to_owned()));
    }
    let (mut display_name, mut extensions, mut has_visuals) = (None, Vec::new(), false);
    let (mut logo, mut is_listed) = (None, true);
    let mut integration = Integration::default();
    for child in reader.elements(node)? {
        match (Namespace::of(child.tag_name().namespace()), child.tag_name().name()) {
            (Namespace::Uap(_), "VisualElements") => {
                has_visuals = true;
                display_name = Some(visuals::read(reader, child)?);
                logo = logo_of(reader, child)?;
                is_listed = child.attribute("AppListEntry") != Some("none");
            }
            (Namespace::Foundation, "Extensions") => {
                let isolated = declared.isolation.is_silo();
                for (category, node) in read_extensions(reader, child, isolated)? {
                    integration.read(reader, node, &category, declared_names)?;
                    extensions.push(category);
                }
            }
            _ => reader.extension_point(child)?,
        }
    }
    if !has_visuals {
        let hint = "add <uap:VisualElements …/> with the names and logos of the application";
        return Err(reader.missing(node, "uap:VisualElements", hint));
    }
    let is = |entry: Option<&str>, name: &str| entry.is_some_and(|entry| entry.eq_ignore_ascii_case(name));
    Ok(Application {
        id: id.to_owned(),
        executable: executable.map(str::to_owned),
        entry_point: declared.entry_point.map(str::to_owned),
        display_name,
        logo,
        is_listed,
        is_console: is_console(node),
        isolation: declared.isolation,
        extensions,
        integration,
        generation: declared.generation,
        base_full_trust: is(declared.base_entry_point, "Windows.FullTrustApplication"),
        partial_trust: is(declared.entry_point, "Windows.PartialTrustApplication"),
    })
}

/// `uap10:HostId`: another package's program runs this one, and decides.
pub(super) fn has_host(node: Node<'_, '_>) -> bool {
    node.attributes()
        .any(|one| one.name() == "HostId" && Namespace::of(one.namespace()) == Namespace::Uap(10))
}

fn logo_of(reader: &Reader<'_>, visuals: Node<'_, '_>) -> Result<Option<String>, ManifestError> {
    for name in ["Square44x44Logo", "Square150x150Logo"] {
        if let Some(path) = visuals.attribute(name) {
            check_path(reader, visuals, path)?;
            return Ok(Some(path.to_owned()));
        }
    }
    Ok(None)
}

fn is_console(node: Node<'_, '_>) -> bool {
    node.descendants().flat_map(|node| node.attributes()).any(|one| {
        one.name() == "Subsystem"
            && Namespace::of(one.namespace()).is_extension_of_manifest()
            && one.value() == "console"
    })
}

/// Reads an `Extensions` element and returns the extensions in it, with their categories.
pub(super) fn read_extensions<'n, 'i>(
    reader: &mut Reader<'_>,
    parent: Node<'n, 'i>,
    of_silo: bool,
) -> Result<Vec<(String, Node<'n, 'i>)>, ManifestError> {
    reader.check_attributes(parent, &[])?;
    let mut found = Vec::new();
    for node in reader.elements(parent)? {
        let namespace = Namespace::of(node.tag_name().namespace());
        let known = namespace == Namespace::Foundation || namespace.is_extension_of_manifest();
        if node.tag_name().name() != "Extension" || !known {
            reader.unknown_element(node)?;
            continue;
        }
        let category = reader.required(
            node,
            "Category",
            "name the kind of extension, like Category=\"windows.protocol\"",
        )?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'.';
        if !category.starts_with("windows.") || category.len() > 128 || !category.bytes().all(plain) {
            let rule = "write a category of the manifest schema, like windows.protocol";
            return Err(reader.value(node, "extension Category", category, rule));
        }
        if of_silo {
            for own in ["Executable", "EntryPoint"] {
                if node.attribute(own).is_some() {
                    reader.warn(node, Notice::ExtensionOverrides(category.to_owned(), own));
                }
            }
            let scoped = node.descendants().any(|inner| {
                inner.attributes().any(|one| {
                    (Namespace::of(one.namespace()), one.name(), one.value())
                        == (Namespace::Desktop(7), "Scope", "user")
                })
            });
            if category == "windows.protocol" && !scoped {
                reader.warn(node, Notice::ProtocolScope);
            }
        }
        found.push((category.to_owned(), node));
    }
    Ok(found)
}

/// `ST_ApplicationId`.
pub(super) fn is_application_id(id: &str) -> bool {
    id.len() <= 64
        && id.split('.').all(|part| {
            part.starts_with(|c: char| c.is_ascii_alphabetic())
                && part.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

/// `ST_FileName`: relative, one kind of separator, no empty segment, none that ends in a dot (so no `..`).
pub(super) fn check_path(reader: &Reader<'_>, node: Node<'_, '_>, path: &str) -> Result<(), ManifestError> {
    let forbidden = |c: char| matches!(c, '<' | '>' | '"' | ':' | '%' | '|' | '?' | '*') || c.is_control();
    let bad_segment = |part: &str| part.is_empty() || part.ends_with(['.', ' ']);
    let mixed = path.contains('/') && path.contains('\\');
    if path.contains(forbidden)
        || mixed
        || path.trim() != path
        || path.split(['/', '\\']).any(bad_segment)
        || path.len() > 4096
    {
        let rule = "write a path relative to the package's root, like bin/app.exe, without drive, '..' or < > \" : % | ? *";
        return Err(reader.value(node, "Executable", &clip(path), rule));
    }
    Ok(())
}
