//! The way by which a program named something: through links of the user's own, which only the host has.
//!
//! The program sees what it was given, and its links with it: pid 1 follows those, and what it tells begins where the program sees
//! nothing. A link that is found behind that is the user's. What is asked about, granted and remembered is the canonical
//! path and what is pinned there; the way is a fact beside it, and the container gets the link with the grant.

use std::path::PathBuf;

use super::grantor::{Link, Resolved};
use super::grants::Grants;
use super::refusal::Refusal;
use super::touch::Touch;
use crate::host::Shown;

/// How something was named.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// As the program has it.
    pub(super) named: PathBuf,
    pub(super) links: Vec<Link>,
}

/// Why a way leads nowhere.
pub(super) enum NoWay {
    /// To nothing.
    Nothing,
    /// It is not followed.
    Refused(Refusal),
}

/// Follows the links on the way to what was touched, which is what it is about from then on.
///
/// # Errors
/// [`NoWay`].
pub(super) fn follow(touch: &mut Touch, grants: &Grants) -> Result<Way, NoWay> {
    let refused = |why: String| NoWay::Refused(Refusal::Never(why));
    let Resolved { path, links, followed } = match grants.grantor().resolve(&touch.path, touch.follows) {
        Ok(found) => found,
        Err(error) if error.raw_os_error() == Some(libc::ELOOP) => {
            return Err(refused("it goes through symbolic links that are not followed".to_owned()));
        }
        Err(_) => return Err(NoWay::Nothing),
    };
    // The last one itself is meant, which is nothing to grant; or it was a link a moment ago.
    if links.is_empty() || path == touch.path {
        return Err(NoWay::Nothing);
    }
    if let Some(link) = followed.iter().find(|link| !grants.judge().is_users(link)) {
        return Err(refused(format!("the link {} on the way is none of your own files", Shown(link))));
    }
    // The program can have left any link in what it was given.
    if let Some(link) = followed.iter().find(|link| grants.judge().is_programs(link)) {
        return Err(refused(format!("the program may have made the link {} on the way", Shown(link))));
    }
    if !grants.judge().is_users(&path) {
        return Err(refused(format!(
            "a symbolic link leads to {}, and consent reaches into your own files only; grant it at the start, with --grant",
            Shown(&path)
        )));
    }
    Ok(Way { named: std::mem::replace(&mut touch.path, path), links })
}
