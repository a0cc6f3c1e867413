//! From a manifest of full trust to one of Win32 app isolation, in place: what is not changed stays byte for byte.

mod application;
mod blocker;
mod package;

pub use blocker::{Blocker, Obstacle};

use std::fmt;

use roxmltree::Node;

use super::scope::Scope;
use super::{CapabilityElement, EditError, Insertion, NewCapability, add_capabilities, apply, change, parse};
use crate::manifest::error::Position;
use crate::manifest::namespace;
use crate::manifest::text;
use crate::manifest::warning::Notice;
use crate::manifest::{Isolation, MAX_BYTES, Manifest, ManifestError};
use crate::version::Version;

/// Which attributes make an application isolated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// As it is documented: the plain EntryPoint stays Windows.FullTrustApplication beneath those of uap18.
    #[default]
    Documented,
    /// As it is reported to work: those of uap18 alone.
    Field,
}

/// How a manifest is isolated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The attributes.
    pub form: Form,
    /// The new version; the next one if it is not given.
    pub version: Option<Version>,
    /// Extensions, by their categories, and capabilities that are left out.
    pub drop: Vec<String>,
    /// Extensions that are kept although they stand against isolation, where that can be.
    pub keep: Vec<String>,
    /// Systems that don't know isolation may install the package, and run it with full trust.
    pub fallback: bool,
    /// Capabilities that no isolated application may have.
    pub refused: Vec<String>,
    /// Capabilities that are declared besides.
    pub capabilities: Vec<NewCapability>,
}

/// An isolated manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Isolated {
    /// The manifest, in the encoding that it had.
    pub bytes: Vec<u8>,
    /// The same as it is read.
    pub manifest: Manifest,
    /// What was changed.
    pub changes: Vec<Change>,
}

/// A change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where in the manifest that it was.
    pub position: Option<Position>,
    /// What.
    pub what: String,
    /// Why.
    pub why: &'static str,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(position) => write!(f, "{position}: {}: {}", self.what, self.why),
            None => write!(f, "{}: {}", self.what, self.why),
        }
    }
}

/// Why a manifest was not isolated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IsolateError {
    /// It can't be read or changed.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// Something stands against it.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Blocked(Vec<Blocker>),
    /// There is nothing to do.
    #[error(
        "it is isolated already: each of its applications has the uap18 attributes of Win32 app isolation"
    )]
    Already,
    /// There is nothing to isolate.
    #[error(
        "it has no application, so there is nothing to isolate; isolate the package that has the program"
    )]
    NoApplication,
    /// There is no such thing.
    #[error(
        "there is no extension and no capability {0:?} to drop or keep; take the option away, or write the category as the manifest does"
    )]
    NothingOfThatName(String),
    /// The version is not higher.
    #[error(
        "version {new} is not higher than {old}, so no system would take it as an upgrade; name a higher one"
    )]
    Version {
        /// What was asked for.
        new: Version,
        /// What it is.
        old: Version,
    },
    /// There is no higher version.
    #[error("no version is higher than {0}")]
    LastVersion(Version),
}

impl From<ManifestError> for IsolateError {
    fn from(error: ManifestError) -> Self {
        Self::Edit(error.into())
    }
}

/// What the edits are made with.
struct Plan<'a, 'o> {
    text: &'a str,
    root: Node<'a, 'a>,
    before: &'a Manifest,
    options: &'o Options,
    scope: Scope<'a>,
    insertions: Vec<Insertion>,
    changes: Vec<Change>,
    blockers: Vec<Blocker>,
    /// Extensions that are kept and need runFullTrust.
    needs_full_trust: bool,
}

impl Plan<'_, '_> {
    fn position(&self, node: Node<'_, '_>) -> Position {
        text::position(self.text, node.range().start)
    }

    fn change(&mut self, node: Node<'_, '_>, what: impl Into<String>, why: &'static str) {
        let position = Some(self.position(node));
        self.changes.push(Change { position, what: what.into(), why });
    }

    fn block(&mut self, node: Node<'_, '_>, obstacle: Obstacle) {
        let position = self.position(node);
        self.blockers.push(Blocker { position, obstacle });
    }

    fn drops(&self, name: &str) -> bool {
        self.options.drop.iter().any(|one| one.eq_ignore_ascii_case(name))
    }

    fn keeps(&self, name: &str) -> bool {
        self.options.keep.iter().any(|one| one.eq_ignore_ascii_case(name))
    }
}

/// Isolates every application of a manifest.
///
/// # Errors
/// [`IsolateError`]; where something stands against it, all that does.
pub fn isolate(bytes: &[u8], options: &Options) -> Result<Isolated, IsolateError> {
    let before = Manifest::parse(bytes)?;
    let version = package::next_version(before.identity.version(), options)?;
    if before.applications.is_empty() {
        return Err(IsolateError::NoApplication);
    }
    for name in options.drop.iter().chain(&options.keep) {
        let mut names = before.applications.iter().flat_map(|one| &one.extensions).chain(&before.extensions);
        let same = |one: &str| one.eq_ignore_ascii_case(name);
        if !names.any(|one| same(one)) && !before.capabilities.iter().any(|one| same(&one.name)) {
            return Err(IsolateError::NothingOfThatName(name.clone()));
        }
    }
    let decoded = text::decode(bytes, MAX_BYTES)?;
    let document = parse(&decoded)?;
    let root = document.root_element();
    let mut plan = Plan {
        text: &decoded,
        root,
        before: &before,
        options,
        scope: Scope::new(&decoded, root, None),
        insertions: Vec::new(),
        changes: Vec::new(),
        blockers: Vec::new(),
        needs_full_trust: false,
    };
    if application::edit(&mut plan)? == 0 && plan.blockers.is_empty() {
        return Err(IsolateError::Already);
    }
    package::edit(&mut plan, version);
    if !plan.blockers.is_empty() {
        plan.blockers.sort_by_key(|one| one.position);
        return Err(IsolateError::Blocked(plan.blockers));
    }
    let Plan { mut insertions, mut changes, scope, .. } = plan;
    insertions.extend(scope.declarations()?);
    changes.sort_by_key(|one| one.position);
    let changed = text::encode_like(bytes, &apply(&decoded, insertions));
    let added = add_capabilities(&changed, &options.capabilities)?;
    for name in &added.added {
        let why = match name.as_str() {
            "isolatedWin32-promptForAccess" => {
                "so that the user is asked for files; --no-prompt leaves it out"
            }
            _ => "named by --capability",
        };
        changes.push(Change { position: None, what: format!("capability {name} declared"), why });
    }
    let bytes = without_empty_capabilities(&added.bytes)?;
    let manifest = Manifest::parse(&bytes).map_err(|error| {
        let added = "the isolation attributes".to_owned();
        EditError::Refused { added, error }
    })?;
    verify(&before, &manifest, version, options)?;
    Ok(Isolated { bytes, manifest, changes })
}

/// Takes `Capabilities` out if nothing is left in it.
fn without_empty_capabilities(bytes: &[u8]) -> Result<Vec<u8>, IsolateError> {
    let decoded = text::decode(bytes, MAX_BYTES)?;
    let document = parse(&decoded)?;
    let parent = document.root_element().children();
    let mut parents = parent.filter(|node| node.has_tag_name((namespace::FOUNDATION, "Capabilities")));
    let empty = parents.next().filter(|node| !node.children().any(|child| child.is_element()));
    let Some(node) = empty else { return Ok(bytes.to_vec()) };
    let changed = apply(&decoded, vec![change::without_element(&decoded, node)]);
    Ok(text::encode_like(bytes, &changed))
}

/// The result has to be the old manifest but for what isolation changes.
fn verify(
    before: &Manifest,
    after: &Manifest,
    version: Version,
    options: &Options,
) -> Result<(), IsolateError> {
    let (old, new) = (&before.identity, &after.identity);
    let same_identity = new.family_name() == old.family_name()
        && new.architecture() == old.architecture()
        && new.resource_id() == old.resource_id()
        && new.version() == version;
    let programs = |manifest: &Manifest| {
        let one =
            |one: &crate::Application| (one.id.clone(), one.executable.clone(), one.display_name.clone());
        manifest.applications.iter().map(one).collect::<Vec<_>>()
    };
    let dropped = |name: &str| options.drop.iter().any(|one| one.eq_ignore_ascii_case(name));
    let extensions = |manifest: &Manifest| {
        let all = manifest.applications.iter().flat_map(|one| &one.extensions).chain(&manifest.extensions);
        all.filter(|one| !dropped(one)).cloned().collect::<Vec<_>>()
    };
    let declares = |manifest: &Manifest, name: &str| {
        manifest.capabilities.iter().any(|one| one.name.eq_ignore_ascii_case(name))
    };
    let lost = before
        .capabilities
        .iter()
        .filter(|one| !declares(after, &one.name))
        .all(|one| one.name.eq_ignore_ascii_case(package::RUN_FULL_TRUST) || dropped(&one.name));
    let gained = after
        .capabilities
        .iter()
        .filter(|one| !declares(before, &one.name))
        .all(|one| options.capabilities.iter().any(|new| new.name.eq_ignore_ascii_case(&one.name)));
    let same = same_identity
        && after.properties == before.properties
        && after.package_dependencies == before.package_dependencies
        && programs(after) == programs(before)
        && extensions(after) == extensions(before)
        && lost
        && gained
        && after.network.loopback_ports == before.network.loopback_ports
        && after.network.hosts.len() == before.network.hosts.len()
        && after.applications.iter().all(|one| one.isolation == Isolation::AppSilo)
        && !after.warnings.iter().any(|one| one.notice == Notice::ProtocolScope);
    if same {
        Ok(())
    } else {
        Err(EditError::Unsafe("read again it is not what it was, with isolation").into())
    }
}

/// `rescap:Capability Name="isolatedWin32-promptForAccess"`: the user is asked at the first access to a file.
#[must_use]
pub fn prompt_for_access() -> NewCapability {
    NewCapability {
        name: "isolatedWin32-promptForAccess".to_owned(),
        element: CapabilityElement::Capability,
        namespace_uri: format!("{}/restrictedcapabilities", namespace::FOUNDATION),
        prefix: Some("rescap".to_owned()),
        comment: None,
        commented_out: false,
    }
}
