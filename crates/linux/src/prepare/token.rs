//! The token of a program.

use lowbox_policy::{Verdict, capability};
use lowbox_security::derive::{capability_sid, package_sid};
use lowbox_security::{AppContainer, Integrity, Token};

use super::{Caller, Notice, PrepareError, Request};

/// The token of a program: the user's SIDs, the package, its capabilities, low integrity. Notices tell of unknown and
/// doubtful capabilities.
///
/// # Errors
/// [`PrepareError::Capability`] for one that breaks isolation, by name.
pub fn token(caller: &Caller, request: &Request) -> Result<(Token, Vec<Notice>), PrepareError> {
    let (user, groups) = caller.user.sids();
    let mut notices = Vec::new();
    let mut capabilities = Vec::new();
    for name in &request.capabilities {
        match capability(name).map(|known| known.verdict) {
            None => notices.push(Notice::UnknownCapability(name.clone())),
            Some(Verdict::Accept) => {}
            Some(Verdict::Warn(why)) => notices.push(Notice::Capability(format!("{name}: {why}"))),
            Some(Verdict::Refuse(why)) => {
                return Err(PrepareError::Capability { name: name.clone(), why: why.to_owned() });
            }
        }
        let sid = capability_sid(name);
        if !capabilities.contains(&sid) {
            capabilities.push(sid);
        }
    }
    let package = AppContainer {
        package: package_sid(&request.family_name),
        capabilities,
        less_privileged: request.less_privileged,
    };
    let token = Token {
        user,
        groups,
        app_container: Some(package),
        integrity: Integrity::Low,
        privileges: Vec::new(),
    };
    Ok((token, notices))
}
