//! `lowbox verify`: whether a package is what was signed, and who signed it.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use lowbox_linux::package::{check_blocks, check_signed};
use lowbox_msix::signature::Trust;
use serde::Serialize;

use super::package::{failed, open, signature};
use crate::failure::Failure;
use crate::{output, progress};

/// `lowbox verify`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lowbox verify app.msix --trust ca.pem
  lowbox verify unsigned.msix --unsigned")]
pub struct Arguments {
    /// The package
    #[arg(value_name = "FILE")]
    pub package: PathBuf,

    /// A certificate that is trusted: to sign code itself, or to say who may; in PEM or DER
    #[arg(long, value_name = "FILE")]
    pub trust: Vec<PathBuf>,

    /// A package without a signature is enough
    #[arg(long)]
    pub unsigned: bool,

    /// Look as of this time (RFC 3339, like 2026-11-28T12:00:00Z)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub at: Option<SystemTime>,

    /// Answer in JSON (see docs/json.md)
    #[arg(long)]
    pub json: bool,
}

fn time(text: &str) -> Result<SystemTime, humantime::TimestampError> {
    humantime::parse_rfc3339_weak(text)
}

#[derive(Serialize)]
struct Answer {
    package: PathBuf,
    full_name: String,
    family_name: String,
    publisher: String,
    signed: bool,
    signer: Option<String>,
}

fn trust(certificates: &[PathBuf]) -> Result<Trust, Failure> {
    let mut trust = Trust::nobody();
    for certificate in certificates {
        let bytes = fs::read(certificate).map_err(|error| failed(certificate, &error))?;
        trust.add(&bytes).map_err(|error| failed(certificate, &error))?;
    }
    Ok(trust)
}

/// Verifies; the exit code is 0 if all is right.
pub fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let path = &arguments.package;
    let (file, package) = open(path)?;
    let identity = &package.manifest().identity;
    let signature = signature(path, &file, &package)?;
    let contents = package.contents();
    if let Some(signature) = &signature {
        let failed = |error| failed(path, &error);
        let trust = trust(&arguments.trust)?;
        let at = arguments.at.unwrap_or_else(SystemTime::now);
        let at = at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        let work = |progress: &_| check_signed(&file, contents, signature, progress);
        progress::shown("verifying", work).map_err(failed)?;
        signature.check_publisher(identity.publisher().as_str()).map_err(failed)?;
        signature.check_trust(&trust, at).map_err(failed)?;
    } else if arguments.unsigned {
        let work = |progress: &_| check_blocks(&file, contents, progress);
        progress::shown("verifying", work).map_err(|error| failed(path, &error))?;
    } else {
        return Err(failed(path, &"it is not signed; --unsigned checks it all the same"));
    }
    let answer = Answer {
        package: path.clone(),
        full_name: identity.full_name(),
        family_name: identity.family_name(),
        publisher: identity.publisher().to_string(),
        signed: signature.is_some(),
        signer: signature.map(|signature| signature.subject()),
    };
    if arguments.json {
        output::json(&answer)?;
    } else {
        let by = match &answer.signer {
            Some(signer) => format!("as signed by {}", output::visible(signer)),
            None => "in order, and not signed".to_owned(),
        };
        output::say(&format!("{}: {} is {by}", output::path(path), answer.full_name));
    }
    Ok(ExitCode::SUCCESS)
}
