//! `lowbox verify`: whether a package is what was signed, and who signed it.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use lowbox_linux::package::{check_blocks, check_bundle};
use lowbox_msix::container::Source;
use lowbox_msix::package::Package;
use lowbox_msix::signature::{SignatureError, Trust, read};
use serde::Serialize;

use super::package::{Opened, failed, open_any, signature_of};
use crate::failure::Failure;
use crate::output;

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

/// Verifies; the exit code is 0 if all is right.
pub fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let path = &arguments.package;
    let (file, package) = open_any(path)?;
    let identity = package.identity();
    let signature = signature_of(path, &file, package.contents())?;
    let publisher = identity.publisher().as_str();
    if let Some(signature) = &signature {
        let failed = |error| failed(path, &error);
        signature.check_contents(&file, package.contents()).map_err(failed)?;
        signature.check_publisher(publisher).map_err(failed)?;
        let mut trust = Trust::nobody();
        for certificate in &arguments.trust {
            let bytes = fs::read(certificate).map_err(|error| super::package::failed(certificate, &error))?;
            trust.add(&bytes).map_err(|error| super::package::failed(certificate, &error))?;
        }
        let at = arguments.at.unwrap_or_else(SystemTime::now);
        let at = at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        signature.check_trust(&trust, at).map_err(failed)?;
    } else if !arguments.unsigned {
        return Err(failed(path, &"it is not signed; --unsigned checks it all the same"));
    }
    match &package {
        Opened::Package(package) => {
            check_blocks(&file, package.contents()).map_err(|error| failed(path, &error))?;
        }
        Opened::Bundle(bundle) => check_bundle(
            path,
            &file,
            bundle,
            |error| failed(path, &error),
            |member, source, inner| {
                // What is taken out of the bundle has to stand by itself. Its trust is the bundle's, whose signature covers it.
                check_member(source, inner, publisher)
                    .map_err(|error| failed(&path.join(member.file.as_str()), &error))
            },
        )?,
    }
    let answer = Answer {
        package: path.clone(),
        full_name: package.full_name(),
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

/// The signature of a package in a bundle, if it has one.
fn check_member(source: &dyn Source, package: &Package, publisher: &str) -> Result<(), SignatureError> {
    match read(source, package.contents()) {
        Ok(signature) => {
            signature.check_contents(source, package.contents())?;
            signature.check_publisher(publisher)
        }
        Err(SignatureError::Missing) => Ok(()),
        Err(error) => Err(error),
    }
}
