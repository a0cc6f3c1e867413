//! The folder that the packages of one publisher share.

use std::path::PathBuf;

use lowbox_security::Token;
use lowbox_security::derive::capability_sid;

use super::{Caller, PrepareError, Request};

/// With it a package has the folder.
pub const PUBLISHER_DIRECTORY: &str = "isolatedWin32-accessToPublisherDirectory";

/// Makes the folder if the token has the capability, and returns it: the catalogue's entry for it needs something to be there.
pub(super) fn folder(
    caller: &Caller,
    token: &Token,
    request: &Request,
) -> Result<Option<PathBuf>, PrepareError> {
    let container = token.app_container.as_ref().expect("a program's token has a package");
    if request.publisher_id.is_empty()
        || !container.capabilities.contains(&capability_sid(PUBLISHER_DIRECTORY))
    {
        return Ok(None);
    }
    Ok(Some(caller.folders.publisher_data(&caller.user, &request.publisher_id)?))
}
