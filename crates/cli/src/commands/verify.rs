//! `lowbox verify`: whether a package is what was signed, and who signed it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use clap::Args;
use lowbox_linux::package::{
    BundleFileError, PackageFile, Progress, check_blocks, check_bundle, check_signed,
};
use lowbox_msix::bundle::{Bundle, Place};
use lowbox_msix::container::Source;
use lowbox_msix::package::Package;
use lowbox_msix::signature::{Fault, SignatureError, SignedBy, Trust, Trusted, UnixTime, read};
use serde::Serialize;

use super::package::{Opened, failed, open_any};
use crate::failure::Failure;
use crate::trust::{TrustArguments, Verdict, distrust, judge_signature, seconds};
use crate::{output, progress, when};

/// `lowbox verify`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lowbox verify app.msix --trust ca.pem
  lowbox verify unsigned.msix --unsigned")]
pub struct Arguments {
    /// The package
    #[arg(value_name = "FILE")]
    pub package: PathBuf,

    /// Who is trusted.
    #[command(flatten)]
    pub trust: TrustArguments,

    /// A package without a signature is enough
    #[arg(long)]
    pub unsigned: bool,

    /// Look as of this time (2026-11-28 or 2026-11-28T12:00:00Z)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub at: Option<SystemTime>,

    /// Answer in JSON (see docs/json.md)
    #[arg(long)]
    pub json: bool,
}

fn time(text: &str) -> Result<SystemTime, &'static str> {
    humantime::parse_rfc3339_weak(text)
        .or_else(|_| humantime::parse_rfc3339_weak(&format!("{text}T00:00:00Z")))
        .map_err(|_| "it is neither a date like 2026-11-28 nor a time like 2026-11-28T12:00:00Z")
}

#[derive(Serialize)]
struct Answer {
    package: PathBuf,
    full_name: String,
    family_name: String,
    publisher: String,
    signed: bool,
    signer: Option<String>,
    signer_sha256: Option<String>,
    valid_at: Option<String>,
    time_stamp: Option<TimeStamp>,
}

#[derive(Serialize)]
struct Refusal {
    package: PathBuf,
    fault: &'static str,
    why: String,
}

#[derive(Serialize)]
struct TimeStamp {
    time: Option<String>,
    authority: Option<String>,
    counts: bool,
    why_not: Option<String>,
}

/// Verifies; the exit code is 0 if all is right.
pub fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let path = &arguments.package;
    let (file, package) = open_any(path)?;
    let identity = package.identity();
    // Whom the user trusts is of no matter where nobody signed.
    let is_signed = package.contents().is_signed();
    let trust = if is_signed { arguments.trust.trust()? } else { Trust::nobody() };
    let verdict = match verified(arguments, &file, &package, &trust) {
        Ok(Verdict::Untrusted(_, why)) => return refused(arguments, why.fault(), &distrust(&why)),
        Err(Wrong(fault @ Fault::Unsigned, _)) if !is_signed => {
            return refused(arguments, fault, "it is not signed; --unsigned checks it all the same");
        }
        Err(Wrong(fault, why)) => return refused(arguments, fault, &why),
        Ok(verdict) => verdict,
    };
    let by = verdict.signed_by();
    let trusted = match &verdict {
        Verdict::Trusted(_, trusted) => Some(trusted),
        Verdict::Unsigned | Verdict::Untrusted(..) => None,
    };
    let answer = Answer {
        package: path.clone(),
        full_name: package.full_name(),
        family_name: identity.family_name(),
        publisher: identity.publisher().to_string(),
        signed: by.is_some(),
        signer: by.map(|by| by.subject.clone()),
        signer_sha256: by.map(|by| by.thumbprint.clone()),
        valid_at: trusted.map(|trusted| when::time(trusted.at)),
        time_stamp: by.zip(trusted).and_then(|(by, trusted)| time_stamp(by, trusted)),
    };
    if arguments.json {
        output::json(&answer)?;
    } else {
        page(path, &answer);
    }
    Ok(ExitCode::SUCCESS)
}

fn verified(
    arguments: &Arguments,
    file: &PackageFile,
    package: &Opened,
    trust: &Trust,
) -> Result<Verdict, Wrong> {
    let contents = package.contents();
    let blocks = |progress: &_| match package {
        Opened::Package(_) => Ok(check_blocks(file, contents, progress).map_err(SignatureError::from)?),
        Opened::Bundle(bundle) => {
            let at = seconds(arguments.at.unwrap_or_else(SystemTime::now));
            check_members(&arguments.package, file, bundle, (trust, at), progress)
        }
    };
    let signature = match read(file, contents) {
        Err(SignatureError::Missing) if arguments.unsigned => {
            progress::shown("verifying", blocks)?;
            return Ok(Verdict::Unsigned);
        }
        signature => signature?,
    };
    progress::shown("verifying", |progress| match package {
        Opened::Package(_) => Ok(check_signed(file, contents, &signature, progress)?),
        Opened::Bundle(_) => {
            signature.check_contents(file, contents)?;
            blocks(progress)
        }
    })?;
    let now = seconds(arguments.at.unwrap_or_else(SystemTime::now));
    Ok(judge_signature(&signature, package.identity().publisher().as_str(), trust, now)?)
}

/// What is wrong, and of which kind it is.
struct Wrong(Fault, String);

impl From<SignatureError> for Wrong {
    fn from(error: SignatureError) -> Wrong {
        Wrong(error.fault(), error.to_string())
    }
}

impl From<BundleFileError> for Wrong {
    fn from(error: BundleFileError) -> Wrong {
        Wrong(Fault::Package, error.to_string())
    }
}

/// The packages in a bundle. What is taken out of it has to stand by itself, but for whom is trusted: that is the bundle's matter, whose signature covers
/// every byte of them. It covers none of those that lie beside it: their own signers have to be trusted.
fn check_members(
    path: &std::path::Path,
    file: &PackageFile,
    bundle: &Bundle,
    (trust, at): (&Trust, UnixTime),
    progress: &Progress,
) -> Result<(), Wrong> {
    let publisher = bundle.manifest().identity.publisher().as_str();
    check_bundle(path, file, bundle, progress, Wrong::from, |member, source, package| {
        let beside = matches!(member.place, Place::Beside { .. }) && bundle.contents().is_signed();
        check_member(source, package, publisher, beside.then_some((trust, at)))
            .map_err(|error| Wrong(error.fault(), format!("{}: {error}", member.file)))
    })
}

/// The signature of a package in a bundle, if it has one.
fn check_member(
    source: &dyn Source,
    package: &Package,
    publisher: &str,
    beside: Option<(&Trust, UnixTime)>,
) -> Result<(), SignatureError> {
    match read(source, package.contents()) {
        Ok(signature) => {
            signature.check_contents(source, package.contents())?;
            signature.check_publisher(publisher)?;
            beside.map_or(Ok(()), |(trust, at)| signature.check_trust(trust, at).map(|_| ()))
        }
        Err(SignatureError::Missing) if beside.is_none() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Says what is wrong, and to programs of which kind it is.
fn refused(arguments: &Arguments, fault: Fault, why: &str) -> Result<ExitCode, Failure> {
    if arguments.json {
        let (package, why) = (arguments.package.clone(), why.to_owned());
        output::json(&Refusal { package, fault: fault.name(), why })?;
    }
    Err(failed(&arguments.package, &why))
}

fn time_stamp(by: &SignedBy, trusted: &Trusted) -> Option<TimeStamp> {
    let why_not = trusted.unused_stamp.clone();
    if by.time_stamp.is_none() && why_not.is_none() {
        return None;
    }
    let (time, authority) = by.time_stamp.clone().unzip();
    Some(TimeStamp { time: time.map(when::time), authority, counts: trusted.stamped, why_not })
}

fn page(path: &std::path::Path, answer: &Answer) {
    let by = match &answer.signer {
        Some(signer) => format!("as signed by {}", output::visible(signer)),
        None => "in order, and not signed".to_owned(),
    };
    let stamped = match &answer.time_stamp {
        Some(TimeStamp { time: Some(time), authority: Some(authority), counts: true, .. }) => {
            format!(", before {time} by the word of {}", output::visible(authority))
        }
        _ => String::new(),
    };
    output::say(&format!("{}: {} is {by}{stamped}", output::path(path), answer.full_name));
    if let Some(why) = answer.time_stamp.as_ref().and_then(|stamp| stamp.why_not.as_ref()) {
        output::say(&format!("its time stamp does not count: {}", output::visible(why)));
    }
}
