//! How an application meets the desktop: execution aliases, file types and protocols that it declares.

use super::error::{ManifestError, Problem, clip};
use super::reader::Reader;
use roxmltree::Node;
use std::collections::HashSet;

/// Most names of each kind.
const MAX_ENTRIES: usize = 1000;

/// What the extensions of an application declare.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Integration {
    /// `windows.appExecutionAlias`.
    pub aliases: Vec<ExecutionAlias>,
    /// `windows.fileTypeAssociation`.
    pub file_types: Vec<FileTypes>,
    /// `windows.protocol`: names of URI schemes, in lower case.
    pub protocols: Vec<String>,
}

/// A name by which the application is started from a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutionAlias {
    /// `Alias`, which ends in `.exe`: a plain file name.
    pub name: String,
    /// `Executable` of the extension: another program than the application's.
    pub executable: Option<String>,
}

impl ExecutionAlias {
    /// The name without `.exe`: what is typed on Linux.
    #[must_use]
    pub fn command(&self) -> &str {
        &self.name[..self.name.len() - EXE.len()]
    }
}

/// Types of files that the application opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileTypes {
    /// `Name`, in lower case.
    pub name: String,
    /// Each with its dot, in lower case.
    pub types: Vec<FileType>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileType {
    /// With its dot, in lower case, like `.txt`; or `*`: any file.
    pub extension: String,
    /// `ContentType`, if one is said.
    pub content_type: Option<String>,
}

const EXE: &str = ".exe";

/// Names that were declared in the package, which each may have once.
#[derive(Default)]
pub(super) struct Declared(HashSet<(&'static str, String)>);

impl Integration {
    /// Reads an `Extension` element, if its category is one of those.
    pub(super) fn read(
        &mut self,
        reader: &Reader<'_>,
        node: Node<'_, '_>,
        category: &str,
        declared: &mut Declared,
    ) -> Result<(), ManifestError> {
        match category {
            "windows.appExecutionAlias" => self.alias(reader, node, declared),
            "windows.fileTypeAssociation" => self.association(reader, node, declared),
            "windows.protocol" => self.protocol(reader, node, declared),
            _ => Ok(()),
        }
    }

    fn alias(
        &mut self,
        reader: &Reader<'_>,
        node: Node<'_, '_>,
        declared: &mut Declared,
    ) -> Result<(), ManifestError> {
        let executable = node.attribute("Executable");
        if let Some(path) = executable {
            super::application::check_path(reader, node, path)?;
        }
        for inner in named(node, "ExecutionAlias") {
            let name = reader.required(inner, "Alias", "name the command, like Alias=\"report.exe\"")?;
            if !is_alias(name) {
                let rule = "write a plain file name of ASCII letters, digits, dots, dashes and underscores that begins with a letter \
                            or digit and ends in .exe, like report.exe";
                return Err(reader.value(inner, "Alias", name, rule));
            }
            declared.once(reader, inner, "execution alias", name)?;
            let executable = executable.map(str::to_owned);
            self.aliases.push(ExecutionAlias { name: name.to_owned(), executable });
            limit(reader, inner, self.aliases.len())?;
        }
        Ok(())
    }

    fn association(
        &mut self,
        reader: &Reader<'_>,
        node: Node<'_, '_>,
        declared: &mut Declared,
    ) -> Result<(), ManifestError> {
        for inner in named(node, "FileTypeAssociation") {
            let name =
                reader.required(inner, "Name", "name the association in lower case, like Name=\"notes\"")?;
            if !is_association(name) {
                let rule = "use up to 100 letters in lower case, digits, dots, dashes and underscores";
                return Err(reader.value(inner, "FileTypeAssociation Name", name, rule));
            }
            // Of the application: packages of Microsoft's have one name in two of them.
            if self.file_types.iter().any(|one| one.name == name) {
                let (what, hint) = ("file type association", "declare it once in the application");
                return Err(reader.error(inner, Problem::Duplicate { what, name: clip(name), hint }));
            }
            let mut types = Vec::new();
            for one in inner.descendants().filter(|node| node.has_tag_name_of("FileType")) {
                types.push(file_type(reader, one, declared)?);
                limit(reader, one, types.len())?;
            }
            if named(inner, "SupportsAnyFileType").next().is_some() {
                types.push(FileType { extension: "*".to_owned(), content_type: None });
            }
            self.file_types.push(FileTypes { name: name.to_owned(), types });
            limit(reader, inner, self.file_types.len())?;
        }
        Ok(())
    }

    fn protocol(
        &mut self,
        reader: &Reader<'_>,
        node: Node<'_, '_>,
        declared: &mut Declared,
    ) -> Result<(), ManifestError> {
        for inner in named(node, "Protocol") {
            let name = reader.required(inner, "Name", "name the scheme, like Name=\"contoso\"")?;
            if !is_scheme(name) {
                let rule = "use 2 to 39 letters in lower case, digits, '.', '+' and '-', a letter first";
                return Err(reader.value(inner, "Protocol Name", name, rule));
            }
            declared.once(reader, inner, "protocol", name)?;
            self.protocols.push(name.to_owned());
            limit(reader, inner, self.protocols.len())?;
        }
        Ok(())
    }
}

fn file_type(
    reader: &Reader<'_>,
    node: Node<'_, '_>,
    declared: &mut Declared,
) -> Result<FileType, ManifestError> {
    let text = reader.text_of(node)?;
    let extension = text.trim().to_ascii_lowercase();
    if !is_extension(&extension) {
        let rule =
            "write a dot and up to 63 ASCII letters, digits, dashes, underscores and plus signs, like .txt";
        return Err(reader.value(node, "FileType", &text, rule));
    }
    declared.once(reader, node, "file type", &extension)?;
    let content_type = node.attribute("ContentType");
    if let Some(bad) = content_type.filter(|text| !is_content_type(text)) {
        return Err(reader.value(node, "ContentType", bad, "write a media type, like text/plain"));
    }
    Ok(FileType { extension, content_type: content_type.map(str::to_ascii_lowercase) })
}

impl Declared {
    fn once(
        &mut self,
        reader: &Reader<'_>,
        node: Node<'_, '_>,
        what: &'static str,
        name: &str,
    ) -> Result<(), ManifestError> {
        if self.0.insert((what, name.to_ascii_lowercase())) {
            return Ok(());
        }
        let hint = "declare it once in the package";
        Err(reader.error(node, Problem::Duplicate { what, name: clip(name), hint }))
    }
}

fn limit(reader: &Reader<'_>, node: Node<'_, '_>, count: usize) -> Result<(), ManifestError> {
    if count <= MAX_ENTRIES {
        return Ok(());
    }
    let what = "aliases, file types and protocols of one application";
    Err(reader.error(node, Problem::Limit { what, limit: MAX_ENTRIES }))
}

trait Named {
    fn has_tag_name_of(&self, name: &str) -> bool;
}

impl Named for Node<'_, '_> {
    /// Of whatever version of the manifest schemas.
    fn has_tag_name_of(&self, name: &str) -> bool {
        let namespace = super::namespace::Namespace::of(self.tag_name().namespace());
        self.tag_name().name() == name && namespace.is_extension_of_manifest()
    }
}

fn named<'a, 'i: 'a>(node: Node<'a, 'i>, name: &'a str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.descendants().filter(move |node| node.has_tag_name_of(name))
}

fn is_alias(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let stem = name.len().checked_sub(EXE.len()).and_then(|end| name.split_at_checked(end));
    let stem = stem.filter(|(_, end)| end.eq_ignore_ascii_case(EXE)).map_or("", |(stem, _)| stem);
    stem.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && name.len() <= 255
        && !stem.ends_with('.')
        && name.bytes().all(plain)
}

fn is_association(name: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_');
    (1..=100).contains(&name.len()) && name.bytes().all(plain)
}

fn is_extension(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+');
    let rest = text.strip_prefix('.').unwrap_or_default();
    (1..64).contains(&rest.len()) && rest.bytes().all(plain)
}

/// RFC 3986 3.1, with the lengths of `ST_Protocol`.
fn is_scheme(name: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+');
    (2..=39).contains(&name.len())
        && name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase())
        && name.bytes().all(plain)
}

/// `type/subtype` of RFC 6838 4.2.
fn is_content_type(text: &str) -> bool {
    let plain = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'!' | b'#' | b'$' | b'&' | b'-' | b'^' | b'_' | b'.' | b'+')
    };
    let part = |part: &str| (1..=127).contains(&part.len()) && part.bytes().all(plain);
    text.split_once('/').is_some_and(|(kind, name)| part(kind) && part(name))
}
