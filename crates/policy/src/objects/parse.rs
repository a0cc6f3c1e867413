//! Reading the catalogue format.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lowbox_security::{SddlError, SecurityDescriptor, Token, derive};

use super::escape::unescape;
use super::lines::{Flaw, Line, Lines};
use super::variables::{KNOWN_VARIABLES, Variables};
use crate::object::{Object, ObjectKind, Origin};
use crate::plan::PlanError;
use crate::planner::merge::restricts;
use crate::planner::paths::plain;

/// The longest text, in bytes.
pub const MAX_TEXT: usize = 16 << 20;
/// The longest line, in bytes.
pub const MAX_LINE: usize = 32 << 10;
/// The most objects in one text.
pub const MAX_OBJECTS: usize = 65_536;

/// What is wrong in a catalogue text, and where.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
pub struct ObjectsError {
    /// The file, as the caller named it.
    pub file: String,
    /// The line, from 1; 0 when it is about the whole text.
    pub line: usize,
    /// What is wrong.
    pub problem: ObjectsProblem,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ObjectsProblem {
    /// The text is too long.
    #[error("the file is longer than {MAX_TEXT} bytes; split it")]
    TextTooLong,
    /// Too many objects.
    #[error("there are more than {MAX_OBJECTS} objects; name folders instead of single files")]
    TooMany,
    /// The line is too long.
    #[error(
        "the line is longer than {MAX_LINE} bytes; split its descriptor over several lines for the same path"
    )]
    LineTooLong,
    /// Not three words.
    #[error("a line is `KIND PATH SDDL`, for example: tree /opt/tool D:(A;OICI;FRFX;;;AC)")]
    Shape,
    /// An unknown kind.
    #[error("{0:?} is no kind of object; write tree, file, link, socket or device")]
    Kind(String),
    /// A broken escape.
    #[error(
        "the path holds a backslash without three octal digits; write \\040 for a space and \\134 for a backslash"
    )]
    Escape,
    /// A wildcard beside a star that belongs to a name.
    #[error("the path holds a wildcard and also a name with a * in it; name the objects one by one")]
    LiteralStar,
    /// A brace without its partner.
    #[error("the {0} holds a {{ without a matching }}; write \\173 for a brace in a path")]
    Brace(&'static str),
    /// An unknown variable.
    #[error("there is no variable {{{name}}}; the known ones are {known}")]
    Variable {
        /// What was written.
        name: String,
        /// Those that exist.
        known: String,
    },
    /// A name in braces in the descriptor that can't be a capability.
    #[error("{{{0}}} can't be a capability's name; write {{package}} or a name such as {{documentsLibrary}}")]
    Capability(String),
    /// `{package}` for a token without one.
    #[error("{{package}} needs a token with a package; this token is not in an AppContainer")]
    NoPackage,
    /// A bad path.
    #[error("{0}")]
    Path(PlanError),
    /// A bad descriptor.
    #[error("the descriptor is not understood: {0}")]
    Sddl(SddlError),
    /// A wildcard that denies.
    #[error(
        "a wildcard can't deny or be protected, since names made later would escape it; name the folder instead"
    )]
    WildcardDenies,
}

/// Parses a catalogue text. Empty lines and what follows a `#` after white space are skipped; lines with a variable
/// that is not set are skipped too. All entries are optional: where nothing exists they have no effect.
///
/// # Errors
/// The first line that is not understood. Nothing of the text is used then.
pub fn parse_objects(
    text: &str,
    source: &str,
    vars: &Variables,
    token: &Token,
) -> Result<Vec<Object>, ObjectsError> {
    if text.len() > MAX_TEXT {
        return Err(ObjectsError { file: source.to_owned(), line: 0, problem: ObjectsProblem::TextTooLong });
    }
    let mut lines = Lines::new(text);
    let lines = std::iter::from_fn(|| lines.next().map(|line| line.map_err(|flaw| (lines.number, flaw))));
    parse_lines(lines, source, vars, token, &|_| true)
}

/// The objects of lines, without those whose descriptor `relevant` says no to.
pub(super) fn parse_lines<'t>(
    lines: impl Iterator<Item = Result<Line<'t>, (usize, Flaw)>>,
    source: &str,
    vars: &Variables,
    token: &'t Token,
    relevant: &'t dyn Fn(&str) -> bool,
) -> Result<Vec<Object>, ObjectsError> {
    let file: Arc<str> = source.into();
    let fail = |line, problem| ObjectsError { file: source.to_owned(), line, problem };
    let mut objects = Vec::new();
    let mut descriptors = Descriptors { token, relevant, last: None, read: BTreeMap::new() };
    for line in lines {
        let line = line.map_err(|(number, flaw)| match flaw {
            Flaw::TooLong => fail(number, ObjectsProblem::LineTooLong),
            Flaw::Shape => fail(number, ObjectsProblem::Shape),
        })?;
        let number = line.number;
        let parsed = parse_line(line, vars, &mut descriptors).map_err(|problem| fail(number, problem))?;
        let Some((kind, path, glob, descriptor)) = parsed else { continue };
        if objects.len() >= MAX_OBJECTS {
            return Err(fail(number, ObjectsProblem::TooMany));
        }
        objects.push(Object {
            path,
            kind,
            descriptor,
            origin: Origin::Catalogue { file: file.clone(), line: number },
            optional: true,
            identity: None,
            glob,
        });
    }
    Ok(objects)
}

/// The descriptors of a text. Many lines share one, and mostly with the line before; each is read once.
struct Descriptors<'t> {
    token: &'t Token,
    relevant: &'t dyn Fn(&str) -> bool,
    last: Option<(&'t str, Option<Arc<SecurityDescriptor>>)>,
    read: BTreeMap<&'t str, Option<Arc<SecurityDescriptor>>>,
}

impl<'t> Descriptors<'t> {
    /// `None` if it is not relevant.
    fn of(&mut self, sddl: &'t str) -> Result<Option<Arc<SecurityDescriptor>>, ObjectsProblem> {
        if let Some((_, descriptor)) = self.last.as_ref().filter(|(last, _)| *last == sddl) {
            return Ok(descriptor.clone());
        }
        let descriptor = match self.read.get(sddl) {
            Some(known) => known.clone(),
            None => {
                let wanted = (self.relevant)(sddl);
                let read = wanted.then(|| parse_descriptor(sddl, self.token)).transpose()?.map(Arc::new);
                self.read.insert(sddl, read.clone());
                read
            }
        };
        self.last = Some((sddl, descriptor.clone()));
        Ok(descriptor)
    }
}

type Parsed = (ObjectKind, PathBuf, bool, Arc<SecurityDescriptor>);

fn parse_line<'t>(
    line: Line<'t>,
    vars: &Variables,
    descriptors: &mut Descriptors<'t>,
) -> Result<Option<Parsed>, ObjectsProblem> {
    let kind = match line.kind {
        "tree" | "file" | "link" => ObjectKind::Tree,
        "socket" => ObjectKind::Socket,
        "device" => ObjectKind::Device,
        other => return Err(ObjectsProblem::Kind(shown(other))),
    };
    // Also where a variable is not set the descriptor is read, so that a mistake shows everywhere.
    let descriptor = descriptors.of(line.sddl);
    if matches!(descriptor, Ok(None)) {
        return Ok(None);
    }
    let place = parse_path(line.path, vars)?;
    let (Some((path, glob)), Some(descriptor)) = (place, descriptor?) else { return Ok(None) };
    if glob && restricts(&descriptor) {
        return Err(ObjectsProblem::WildcardDenies);
    }
    Ok(Some((kind, path, glob, descriptor)))
}

/// The path with its variables put in, and whether it holds a wildcard. `None` when a variable is not set.
fn parse_path(word: &str, vars: &Variables) -> Result<Option<(PathBuf, bool)>, ObjectsProblem> {
    // Nearly every path stands as it is.
    if !word.bytes().any(|byte| matches!(byte, b'{' | b'}' | b'\\')) {
        let path = plain(Path::new(word)).map_err(ObjectsProblem::Path)?;
        return Ok(Some((path.into_owned(), word.contains('*'))));
    }
    let mut out: Vec<u8> = Vec::new();
    let mut glob = false;
    let mut rest = word;
    let mut unset = false;
    loop {
        let (plain, tail) = match rest.split_once('{') {
            Some((plain, tail)) => (plain, Some(tail)),
            None => (rest, None),
        };
        if plain.contains('}') {
            return Err(ObjectsProblem::Brace("path"));
        }
        glob |= plain.contains('*');
        out.extend(unescape(plain).ok_or(ObjectsProblem::Escape)?.as_bytes());
        let Some(tail) = tail else { break };
        let (name, after) = tail.split_once('}').ok_or(ObjectsProblem::Brace("path"))?;
        if !Variables::is_known(name) {
            let known: Vec<String> = KNOWN_VARIABLES.iter().map(|(name, _)| format!("{{{name}}}")).collect();
            return Err(ObjectsProblem::Variable { name: shown(name), known: known.join(" ") });
        }
        match vars.get(name) {
            Some(value) => out.extend(value.as_os_str().as_bytes()),
            None => unset = true,
        }
        rest = after;
    }
    if unset {
        return Ok(None);
    }
    let path = PathBuf::from(OsString::from_vec(out));
    let tidy = plain(&path).map_err(ObjectsProblem::Path)?;
    if glob && has_literal_star(word, &path) {
        return Err(ObjectsProblem::LiteralStar);
    }
    Ok(Some((tidy.into_owned(), glob)))
}

/// A pattern must not gain a star from an escape or a variable's value.
fn has_literal_star(word: &str, path: &Path) -> bool {
    path.as_os_str().as_bytes().iter().filter(|byte| **byte == b'*').count() != word.matches('*').count()
}

pub(crate) fn parse_descriptor(sddl: &str, token: &Token) -> Result<SecurityDescriptor, ObjectsProblem> {
    let mut out = String::with_capacity(sddl.len());
    let mut rest = sddl;
    while let Some((plain, tail)) = rest.split_once('{') {
        let (name, after) = tail.split_once('}').ok_or(ObjectsProblem::Brace("descriptor"))?;
        out.push_str(plain);
        if name == "package" {
            let container = token.app_container.as_ref().ok_or(ObjectsProblem::NoPackage)?;
            out.push_str(&container.package.to_string());
        } else if is_capability_name(name) {
            out.push_str(&derive::capability_sid(name).to_string());
        } else {
            return Err(ObjectsProblem::Capability(shown(name)));
        }
        rest = after;
    }
    out.push_str(rest);
    SecurityDescriptor::from_sddl(&out).map_err(ObjectsProblem::Sddl)
}

/// Names of capabilities: letters, digits, `.`, `_`, `-`, as the manifest's schema has them.
fn is_capability_name(name: &str) -> bool {
    (1..=255).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// The start of what was written, for a message.
fn shown(word: &str) -> String {
    word.chars().take(60).collect()
}
