//! What is decided about: the token, the objects, and the plan that a launch would make of them.

use std::path::Path;

use lowbox_linux::host::RealTree;
use lowbox_policy::{
    Explanation, GrantRights, HostTree, NodeKind, Object, Operation, Origin, Plan, PlanOptions, Question,
    Suggestion, candidates, explain, plan,
};
use lowbox_security::Token;

use super::answer::{Answer, Check, Link, hexadecimal};
use super::own;
use crate::failure::Failure;
use crate::planned::permits;
use crate::resolve::Resolved;

/// Places where the container has files of its own, whatever the host has there.
const PRIVATE_PLACES: [&str; 6] = ["/proc", "/sys", "/dev", "/tmp", "/var/tmp", "/run/user"];

/// What is decided about.
pub struct World<'a> {
    /// Who asks.
    pub token: &'a Token,
    /// Everything that has an entry.
    pub objects: &'a [Object],
    /// What no grant may open.
    pub options: PlanOptions,
}

impl World<'_> {
    /// Decides.
    ///
    /// # Errors
    /// When `run` would refuse a grant.
    pub fn answer(
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
        let plan = plan(self.token, self.objects, &RealTree, &self.options).map_err(Failure::new)?;
        let mut notes = self.notes(path, found, &plan);
        // What does not exist is in no plan; that of its folder counts where the folder is what is changed.
        let planned = (found.is_none() && !operation.concerns_parent())
            || self.container_has_its_own(path).is_some()
            || permits(&plan, operation, path, kind);
        if explanation.granted && !planned {
            notes.push(
                "the access check grants it, but the kernel can't hold that exactly, so it is withheld"
                    .to_owned(),
            );
        }
        let hidden = links.iter().find(|link| !link.visible);
        if let (Some(link), true) = (hidden, explanation.granted) {
            notes.push(format!(
                "by this name it does not exist for the program, because the link {} is not visible; {} works",
                link.path,
                path.display()
            ));
        }
        let place = path.parent().filter(|_| operation.concerns_parent()).unwrap_or(path);
        let is_grant = |suggestion: &Suggestion| matches!(suggestion, Suggestion::Grant { .. });
        if explanation.would_grant.iter().any(is_grant)
            && let Some(why) = self.refuses(place)
        {
            notes.push(why);
            explanation.would_grant.retain(|suggestion| !is_grant(suggestion));
        }
        Ok(Answer {
            asked: asked.display().to_string(),
            path: path.display().to_string(),
            path_hex: path.to_str().is_none().then(|| hexadecimal(path)),
            exists: found.is_some(),
            operation,
            granted: explanation.granted && planned && hidden.is_none(),
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
    fn notes(&self, path: &Path, found: Option<NodeKind>, plan: &Plan) -> Vec<String> {
        let mut notes = Vec::new();
        if found.is_none() {
            notes.push("nothing is there now; the answer is for what would be made there".to_owned());
        }
        if let Some(place) = self.container_has_its_own(path) {
            notes.push(format!("the program has a {place} of its own; this is about the host's"));
        }
        notes.extend(plan.notes.iter().filter(|note| path.starts_with(&note.path)).map(ToString::to_string));
        notes
    }

    /// The place of the container's own that the path is in, unless something there was granted.
    fn container_has_its_own(&self, path: &Path) -> Option<&'static str> {
        let granted = |place: &str| {
            let above = self.objects.iter().filter(|object| path.starts_with(&object.path));
            above.into_iter().any(|object| object.path.starts_with(place))
        };
        PRIVATE_PLACES.into_iter().find(|place| path.starts_with(place) && !granted(place))
    }

    /// Why `run` would refuse a grant of the place, or why it can't be written here.
    fn refuses(&self, place: &Path) -> Option<String> {
        let grant = own(self.token, place, GrantRights::READ, Origin::Grant);
        if let Err(error) = plan(self.token, &[grant], &RealTree, &self.options) {
            return Some(error.to_string());
        }
        if RealTree.node(place).is_none() {
            return Some(format!("{} could be granted once it exists; create it first", place.display()));
        }
        let unwritable = place.to_str().is_none();
        unwritable.then(|| {
            "its name is not UTF-8; grant it by completing its name in the shell, or grant its folder"
                .to_owned()
        })
    }
}
