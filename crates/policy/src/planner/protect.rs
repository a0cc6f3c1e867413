//! Grants that are refused by name, because what they contain can't be masked.

use super::resolve::Resolved;
use crate::object::Object;
use crate::plan::{PlanError, PlanOptions};

/// Refuses a grant that equals, contains or (where that is protected too) lies inside a protected place. Both the path as
/// written and the place it leads to are looked at.
pub(crate) fn refuse(
    objects: &[Object],
    resolved: &Resolved<'_>,
    options: &PlanOptions,
) -> Result<(), PlanError> {
    if options.protected.is_empty() {
        return Ok(());
    }
    let written = objects.iter().map(|object| (object.path.as_path(), object));
    let real = resolved.entries.iter().map(|(path, _, number)| (path.as_ref(), &objects[*number]));
    for (path, object) in written.chain(real) {
        if !object.origin.is_grant() {
            continue;
        }
        for protected in &options.protected {
            let Some(relation) = protected.relation(path) else { continue };
            return Err(PlanError::Refused {
                path: object.path.clone(),
                protected: protected.path.clone(),
                relation,
                what: protected.what,
            });
        }
    }
    Ok(())
}
