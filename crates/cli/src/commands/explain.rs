//! `lowbox explain`: the access check's answer for one path, ACE by ACE, and what would grant it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use lowbox_linux::host::{RealTree, name};
use lowbox_linux::prepare::{Caller, PrepareError, Request, catalogue, protected, token};
use lowbox_policy::{
    Explanation, GrantRights, HostTree, NodeKind, Object, Operation, Origin, PlanError, PlanOptions,
    Question, Suggestion, candidates, explain, grant_descriptor, plan,
};
use lowbox_security::{AccessMask, Token, TraceStep};
use serde::Serialize;

use crate::arguments::{GrantArguments, PackageArguments};
use crate::failure::Failure;
use crate::output::{self, Page, Style};
use crate::package::Package;
use crate::resolve::{Resolved, resolve};
use crate::trace;

/// `lowbox explain`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lowbox explain ~/Documents/x.txt --capability picturesLibrary
  lowbox explain ./out --for create --grant ./out:r")]
pub struct Arguments {
    /// The file or folder; it need not exist
    pub path: PathBuf,

    /// What is to be done with it: reading, or listing where it is a folder, unless given
    #[arg(long = "for", value_name = "OPERATION",
        value_parser = PossibleValuesParser::new(OPERATIONS.map(|(name, _)| name)).map(|name| operation(&name)))]
    pub operation: Option<Operation>,

    /// Whose access it is about.
    #[command(flatten)]
    pub package: PackageArguments,

    /// What it is granted beside its capabilities.
    #[command(flatten)]
    pub grants: GrantArguments,

    /// Answer in JSON (see docs/json.md)
    #[arg(long)]
    pub json: bool,
}

/// The names of operations on the command line; the same as in JSON.
const OPERATIONS: [(&str, Operation); 23] = [
    ("read", Operation::Read),
    ("write", Operation::Write),
    ("append", Operation::Append),
    ("truncate", Operation::Truncate),
    ("create", Operation::Create),
    ("mkdir", Operation::Mkdir),
    ("symlink", Operation::Symlink),
    ("make-special", Operation::MakeSpecial),
    ("list", Operation::List),
    ("unlink", Operation::Unlink),
    ("rmdir", Operation::Rmdir),
    ("rename-from", Operation::RenameFrom),
    ("rename-to", Operation::RenameTo),
    ("rename-dir-to", Operation::RenameDirTo),
    ("link-from", Operation::LinkFrom),
    ("link-to", Operation::LinkTo),
    ("execute", Operation::Execute),
    ("stat", Operation::Stat),
    ("chmod", Operation::Chmod),
    ("utime", Operation::Utime),
    ("get-xattr", Operation::GetXattr),
    ("set-xattr", Operation::SetXattr),
    ("connect", Operation::Connect),
];

fn operation(name: &str) -> Operation {
    OPERATIONS.iter().find(|(known, _)| *known == name).map_or(Operation::Read, |(_, operation)| *operation)
}

/// The answer as JSON.
#[derive(Serialize)]
struct Answer {
    /// The path as it was asked about.
    asked: String,
    /// What it leads to; bytes that are not UTF-8 are replaced.
    path: String,
    /// The bytes of `path` in hexadecimal, where they are not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_hex: Option<String>,
    /// The symbolic links on the way.
    links: Vec<Link>,
    /// Whether something is there.
    exists: bool,
    /// The operation.
    operation: Operation,
    /// Whether the program can do it: the access check grants it, and every link on the way is visible.
    granted: bool,
    /// The entries that govern the path, nearest first.
    governed_by: Vec<lowbox_policy::explain::Governing>,
    /// The effective descriptor.
    descriptor: String,
    /// The checks.
    checks: Vec<Check>,
    /// What would grant it.
    would_grant: Vec<Suggestion>,
    /// What else there is to know, in sentences.
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Link {
    path: String,
    leads_to: String,
    visible: bool,
}

#[derive(Serialize)]
struct Check {
    path: String,
    desired: AccessMask,
    desired_names: Vec<String>,
    granted: bool,
    trace: Vec<TraceStep>,
}

/// Explains.
pub fn execute(arguments: Arguments) -> Result<ExitCode, Failure> {
    let failed = |error: PrepareError| Failure::new(&error);
    let package = Package::of(&arguments.package, Some("explain".as_ref()))?;
    let caller = Caller::current().map_err(failed)?;
    let request = Request {
        family_name: package.identity.family_name(),
        publisher_id: package.identity.publisher().id(),
        capabilities: package.capabilities,
        less_privileged: arguments.package.lpac,
        object_files: arguments.grants.object_files,
        ..Request::default()
    };
    let (token, notices) = token(&caller, &request).map_err(failed)?;
    for notice in &notices {
        output::say(&notice.to_string());
    }
    let mut objects =
        catalogue(&caller, &token, &request.publisher_id, &request.object_files).map_err(failed)?;
    objects.push(private_data(&caller, &request, &token));
    for grant in &arguments.grants.grants {
        let named = name(&grant.path).map_err(Failure::new)?;
        let mut object = own(&token, &named.path, grant.rights, Origin::Grant);
        object.identity = Some(named.id);
        objects.push(object);
    }
    let start = std::env::current_dir().map_err(|_| failed(PrepareError::WorkingDirectory))?;
    let resolved = resolve(&start, &arguments.path).map_err(Failure::new)?;
    let world = World {
        token: &token,
        objects: &objects,
        options: PlanOptions { protected: protected(&caller), ..PlanOptions::default() },
    };
    let answer = world.answer(&arguments.path, &resolved, arguments.operation)?;
    if arguments.json {
        output::json(&answer)?;
    } else {
        page(&answer, &arguments.path, &resolved).print()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn own(token: &Token, path: &Path, rights: GrantRights, origin: Origin) -> Object {
    let package = &token.app_container.as_ref().expect("a program's token has a package").package;
    Object::new(path, grant_descriptor(package, rights), origin)
}

/// The package's own folder, which `run` makes and this command doesn't.
fn private_data(caller: &Caller, request: &Request, token: &Token) -> Object {
    let path = caller.folders.data.join("packages").join(&request.family_name).join("LocalState");
    let mut object =
        own(token, &std::fs::canonicalize(&path).unwrap_or(path), GrantRights::ALL, Origin::PrivateData);
    object.optional = true;
    object
}

/// Places where the container has files of its own, whatever the host has there.
const PRIVATE_PLACES: [&str; 6] = ["/proc", "/sys", "/dev", "/tmp", "/var/tmp", "/run/user"];

/// What is decided about.
struct World<'a> {
    token: &'a Token,
    objects: &'a [Object],
    options: PlanOptions,
}

impl World<'_> {
    fn answer(
        &self,
        asked: &Path,
        resolved: &Resolved,
        operation: Option<Operation>,
    ) -> Result<Answer, Failure> {
        let path = resolved.path.as_path();
        let found = RealTree.node(path).map(|id| id.kind);
        let operation = operation.unwrap_or(match found {
            Some(NodeKind::Dir) => Operation::List,
            Some(NodeKind::Socket) => Operation::Connect,
            _ => Operation::Read,
        });
        let kind = found.unwrap_or(match operation {
            Operation::List | Operation::Mkdir | Operation::Rmdir | Operation::RenameDirTo => NodeKind::Dir,
            Operation::Connect => NodeKind::Socket,
            _ => NodeKind::File,
        });
        let mut explanation = self.explain(path, kind, operation);
        let links: Vec<Link> = resolved
            .links
            .iter()
            .map(|(link, target)| Link {
                path: link.display().to_string(),
                leads_to: target.display().to_string(),
                visible: self.explain(link, NodeKind::Symlink, Operation::Stat).granted,
            })
            .collect();
        let mut notes = self.notes(path, found)?;
        let hidden = links.iter().find(|link| !link.visible);
        if let (Some(link), true) = (hidden, explanation.granted) {
            notes.push(format!(
                "by this name it does not exist for the program, because the link {} is not visible; {} works",
                link.path,
                path.display()
            ));
        }
        explanation.would_grant.retain(|suggestion| match suggestion {
            Suggestion::Capability { .. } => true,
            Suggestion::Grant { argument } => match self.refuses(argument) {
                None => true,
                Some(error) => {
                    notes.push(error.to_string());
                    false
                }
            },
        });
        Ok(Answer {
            asked: asked.display().to_string(),
            path: path.display().to_string(),
            path_hex: path.to_str().is_none().then(|| hexadecimal(path)),
            exists: found.is_some(),
            operation,
            granted: explanation.granted && hidden.is_none(),
            links,
            governed_by: explanation.objects,
            descriptor: explanation.descriptor,
            checks: explanation.checks.into_iter().map(|check| Check::new(check, kind)).collect(),
            would_grant: explanation.would_grant,
            notes,
        })
    }

    fn explain(&self, path: &Path, kind: NodeKind, operation: Operation) -> Explanation {
        explain(Question { objects: self.objects, token: self.token, path, kind, operation }, &candidates())
    }

    /// What the kernel can't hold exactly, and what the container has of its own.
    fn notes(&self, path: &Path, found: Option<NodeKind>) -> Result<Vec<String>, Failure> {
        let mut notes = Vec::new();
        if found.is_none() {
            notes.push("nothing is there now; the answer is for what would be made there".to_owned());
        }
        let named = |place: &str| {
            self.objects.iter().any(|object| path.starts_with(&object.path) && object.path.starts_with(place))
        };
        if let Some(place) = PRIVATE_PLACES.into_iter().find(|place| path.starts_with(place) && !named(place))
        {
            notes.push(format!("the program has a {place} of its own; this is about the host's"));
        }
        let plan = plan(self.token, self.objects, &RealTree, &self.options).map_err(Failure::new)?;
        notes.extend(plan.notes.iter().filter(|note| path.starts_with(&note.path)).map(ToString::to_string));
        Ok(notes)
    }

    /// Why `run` would refuse a grant.
    fn refuses(&self, argument: &str) -> Option<PlanError> {
        let path = argument.rsplit_once(':').map_or(argument, |(path, _)| path);
        let grant = own(self.token, Path::new(path), GrantRights::READ, Origin::Grant);
        plan(self.token, &[grant], &RealTree, &self.options).err()
    }
}

impl Check {
    fn new(check: lowbox_policy::explain::Check, kind: NodeKind) -> Check {
        let kind = if kind == NodeKind::Dir {
            lowbox_security::ObjectKind::Directory
        } else {
            lowbox_security::ObjectKind::File
        };
        Check {
            path: check.path.display().to_string(),
            desired: check.desired,
            desired_names: check.desired.names(kind),
            granted: check.granted,
            trace: check.trace,
        }
    }
}

fn hexadecimal(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    path.as_os_str().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn page(answer: &Answer, asked: &Path, resolved: &Resolved) -> Page {
    let mut page = Page::new();
    let (style, verdict) = if answer.granted { (Style::Good, "granted") } else { (Style::Bad, "denied") };
    let what = format!("{} {}: ", answer.operation.name(), output::path(&resolved.path));
    page.styled(&[(Style::Strong, &what), (style, verdict)]);
    if !answer.links.is_empty() {
        page.field("asked", &output::path(asked));
    }
    for link in &answer.links {
        let hidden = if link.visible { "" } else { " (not visible to the program)" };
        page.field("link", &format!("{} → {}{hidden}", link.path, link.leads_to));
    }
    if answer.governed_by.is_empty() {
        page.field(
            "governed by",
            "nothing: no entry names it or a folder above it, so it does not exist for the program",
        );
    }
    for entry in &answer.governed_by {
        page.field("governed by", &format!("{}, {}\n{}", entry.path.display(), entry.origin, entry.sddl));
    }
    page.field("descriptor", &answer.descriptor);
    for check in &answer.checks {
        let verdict = if check.granted { "granted" } else { "denied" };
        page.field("check", &format!("{} on {}: {verdict}", check.desired_names.join(", "), check.path));
        trace::lines(&mut page, &check.trace);
    }
    for (index, suggestion) in answer.would_grant.iter().enumerate() {
        let text = match suggestion {
            Suggestion::Capability { name, privacy, opens } => {
                let asks = if *privacy { ", privacy-sensitive" } else { "" };
                let entries = if *opens == 1 { "entry" } else { "entries" };
                format!("--capability {name} (opens {opens} {entries}{asks})")
            }
            Suggestion::Grant { argument } => format!("--grant {argument}"),
        };
        page.field(if index == 0 { "would grant it" } else { "" }, &text);
    }
    for note in &answer.notes {
        page.field("note", note);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_have_the_same_names_on_the_command_line_and_in_json() {
        assert_eq!(OPERATIONS.map(|(_, operation)| operation), Operation::ALL);
        for (name, operation) in OPERATIONS {
            assert_eq!(serde_json::to_value(operation).unwrap(), name);
        }
    }
}
