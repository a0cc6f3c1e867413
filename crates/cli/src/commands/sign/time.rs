//! A time stamp from an authority (RFC 3161).

use lowbox_linux::fetch::post;
use lowbox_linux::host::KernelRandom;
use lowbox_msix::HashAlgorithm;
use lowbox_msix::signature::{Envelope, Request, SigningError};

/// Has the time of a signature stamped; who did it. What the authority answers has to be an answer to this; whether it is trusted is for
/// those to say who check the package.
///
/// # Errors
/// When it can't be reached, refuses, or answers something else.
pub fn stamp(envelope: &mut Envelope, algorithm: HashAlgorithm, url: &str) -> Result<String, SigningError> {
    let failed = |error: &dyn std::fmt::Display| {
        SigningError::Elsewhere(format!("the time is not stamped, and nothing signed: {url}: {error}"))
    };
    let request = Request::new(envelope.signature(), algorithm, KernelRandom::bytes())?;
    let asked = request.to_der()?;
    let reply = post(url, Request::TYPE, &asked, Request::REPLY_TYPE, Request::MAX_REPLY as u64);
    let (token, stamp) =
        request.token(&reply.map_err(|error| failed(&error))?).map_err(|error| failed(&error))?;
    envelope.set_time_stamp(&token)?;
    Ok(stamp.authority())
}
