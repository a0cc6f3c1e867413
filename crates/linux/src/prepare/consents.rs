//! Remembered consents for files become objects at a start, as grants do. None of them keeps the program from starting.

use std::path::{Path, PathBuf};

use lowbox_policy::frontier::is_denied_from_above;
use lowbox_policy::{GrantRights, Object, Origin, grant_descriptor};
use lowbox_security::{Ace, AceFlags, Acl, Dacl, SecurityDescriptor, Token};

use super::{Caller, Grantable, Notice, Request};
use crate::host::{Named, Shown};
use crate::store::{Decision, FileConsent, How, Standing, Store, StoreError};

/// With it a package asks the user while it runs.
pub const PROMPT_FOR_ACCESS: &str = "isolatedWin32-promptForAccess";

/// The consents that hold at a start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsentedFiles {
    /// What they make the planner's objects.
    pub objects: Vec<Object>,
    /// The entries that allow something, each with what is at its path.
    pub allowed: Vec<(FileConsent, Standing)>,
    /// What was left out, and why.
    pub notices: Vec<Notice>,
}

/// Looks up what the user consented to for the program's package. Paths in `named` are granted on the command line, which is
/// the user's word too, and later: what was denied in them is not.
pub fn consented_files(caller: &Caller, token: &Token, request: &Request, named: &[&Path]) -> ConsentedFiles {
    let asking =
        request.asks || request.capabilities.iter().any(|name| name.eq_ignore_ascii_case(PROMPT_FOR_ACCESS));
    let entries = match entries(caller, &request.family_name, asking) {
        Ok(entries) => entries,
        Err(error) => {
            let notice = Notice::Consents(format!("what you consented to before is left out: {error}"));
            return ConsentedFiles { notices: vec![notice], ..ConsentedFiles::default() };
        }
    };
    let (mut result, package) = (ConsentedFiles::default(), package(token));
    let grantable = Grantable::new(caller);
    let (allowed, denied): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|(consent, _)| consent.decision == Decision::Allow);
    for (consent, standing) in allowed {
        let Some(id) = standing.object(consent.object) else {
            result.notices.extend(left_out(&consent, standing));
            continue;
        };
        let found = Named { path: consent.path.clone(), id };
        if let Err(error) = grantable.check(&found, consent.rights) {
            result.notices.push(Notice::Consents(format!("a consent is left out: {error}")));
            continue;
        }
        let descriptor = grant_descriptor(package, consent.rights);
        result.objects.push(object(&consent.path, descriptor, Some(id)));
        result.allowed.push((consent, standing));
    }
    for (consent, _) in denied {
        let below = result
            .allowed
            .iter()
            .map(|(folder, _)| &folder.path)
            .chain(request.consents.iter().map(|now| &now.path))
            .any(|folder| consent.path != *folder && consent.path.starts_with(folder));
        if below && !named.iter().any(|named| consent.path.starts_with(named)) {
            let mut object = object(&consent.path, denial(token, consent.rights), None);
            object.optional = true;
            result.objects.push(object);
        }
    }
    result
}

fn entries(caller: &Caller, package: &str, asking: bool) -> Result<Vec<(FileConsent, Standing)>, StoreError> {
    match Store::open_existing(&caller.folders.data)? {
        Some(store) => store.at_start(package, asking),
        None => Ok(Vec::new()),
    }
}

fn package(token: &Token) -> &lowbox_security::Sid {
    &token.app_container.as_ref().expect("a program's token has a package").package
}

fn object(path: &Path, descriptor: SecurityDescriptor, id: Option<lowbox_policy::FileId>) -> Object {
    let mut object = Object::new(path, descriptor, Origin::Consent);
    object.identity = id;
    object
}

/// One ACE that denies what the rights have beyond looking; without reading nothing is left.
fn denial(token: &Token, rights: GrantRights) -> SecurityDescriptor {
    let mask = if rights.read { GrantRights::ALL.mask() } else { rights.mask() & !GrantRights::READ.mask() };
    let flags = AceFlags::OBJECT_INHERIT | AceFlags::CONTAINER_INHERIT;
    let ace = Ace::deny(mask, package(token).clone()).with_flags(flags);
    SecurityDescriptor { dacl: Dacl::Present(Acl::new(vec![ace])), ..SecurityDescriptor::default() }
}

/// What is missing sleeps, and nobody needs to hear of it at each start.
fn left_out(consent: &FileConsent, standing: Standing) -> Option<Notice> {
    (standing != Standing::Missing).then(|| Notice::ConsentLeftOut {
        path: consent.path.clone(),
        package: consent.package.clone(),
        standing,
    })
}

/// An answer opens what is not granted, and not what somebody has denied; `lowbox consent grant` is the user's own word.
fn leave_out_what_is_denied(found: &mut ConsentedFiles, objects: &[Object], token: &Token) {
    let barred = |consent: &FileConsent, standing: Standing| {
        let id = standing.object(consent.object);
        let asked = object(&consent.path, grant_descriptor(package(token), consent.rights), id);
        consent.how != How::Command && is_denied_from_above(token, objects, &asked, consent.rights)
    };
    let ConsentedFiles { objects: granted, allowed, notices } = found;
    allowed.retain(|(consent, standing)| {
        let out = barred(consent, *standing);
        if out {
            granted.retain(|object| object.path != consent.path);
            notices.push(denied(&consent.path));
        }
        !out
    });
}

fn denied(path: &Path) -> Notice {
    Notice::Consents(format!(
        "a consent is left out: {0} is denied by an entry of the object catalogue; lowbox explain {0} shows which",
        Shown(path)
    ))
}

/// Adds them to a start's objects; what the command line grants is among those already.
pub(super) fn add(
    objects: &mut Vec<Object>,
    caller: &Caller,
    token: &Token,
    request: &Request,
    personal: &mut Vec<PathBuf>,
    notices: &mut Vec<Notice>,
) -> Vec<(FileConsent, Standing)> {
    let named = |object: &&Object| matches!(object.origin, Origin::Grant | Origin::Argument);
    let named: Vec<&Path> = objects.iter().filter(named).map(|object| object.path.as_path()).collect();
    let mut found = consented_files(caller, token, request, &named);
    leave_out_what_is_denied(&mut found, objects, token);
    personal.extend(found.allowed.iter().map(|(consent, _)| consent.path.clone()));
    objects.extend(found.objects);
    notices.extend(found.notices);
    for consent in &request.consents {
        // Looked at a moment ago; if it is gone there is nothing to grant.
        let Ok(found) = crate::host::name(&consent.path) else { continue };
        let descriptor = grant_descriptor(package(token), consent.rights);
        let consented = object(&found.path, descriptor, Some(found.id));
        if is_denied_from_above(token, objects, &consented, consent.rights) {
            notices.push(denied(&found.path));
            continue;
        }
        objects.push(consented);
        personal.push(found.path);
    }
    found.allowed
}
