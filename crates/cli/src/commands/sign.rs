//! `lowbox sign`: a signature for a package.

mod device;
mod key;
mod time;

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use lowbox_linux::host::replace_file;
use lowbox_linux::package::{PackageFile, check_bundle};
use lowbox_msix::bundle::Bundle;
use lowbox_msix::signature::{Draft, SigningError, digests, sign};

use super::package::{Opened, failed, open_any};
use crate::failure::Failure;
use crate::{output, progress, when};
use key::{Key, KeyArguments};

/// `lowbox sign`.
#[derive(Debug, Args)]
#[command(
    after_help = "The subject of the certificate has to be the Publisher of the manifest. A signature that is there already is replaced.
Passwords and PINs are read from --password-file, from the variable LOWBOX_SIGN_PASSWORD, or asked for on the terminal.

Examples:
  lowbox sign app.msix --cert cert.pem --key key.pem
  lowbox sign app.msix --pkcs12 contoso.pfx --timestamp http://time.example
  lowbox sign app.msix --cert cert.pem --digest-only app.attributes   what a signing service has to sign,
  lowbox sign app.msix --cert cert.pem --attach app.signature         and what it made of it"
)]
pub struct Arguments {
    /// The package
    #[arg(value_name = "FILE")]
    pub package: PathBuf,

    /// The key, and whose it is.
    #[command(flatten)]
    pub key: KeyArguments,

    /// Have this authority stamp the time (RFC 3161), so that the signature is good when its certificate has expired
    #[arg(long, value_name = "URL", conflicts_with = "digest_only")]
    pub timestamp: Option<String>,

    /// Write the signed package there, and leave the other one as it is
    #[arg(short, long, value_name = "FILE", conflicts_with = "digest_only")]
    pub output: Option<PathBuf>,
}

/// Signs.
pub fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let path = &arguments.package;
    arguments.key.check_named()?;
    let (file, package) = open_any(path)?;
    if let Opened::Bundle(bundle) = &package {
        check_members(path, &file, bundle)?;
    }
    let key = arguments.key.read()?;
    key.certificates().check_usage().map_err(|error| Failure::new(output::visible(&error.to_string())))?;
    if let Some(why) = when::not_now(key.certificates().validity()) {
        output::say(&format!(
            "the certificate {why}: nobody takes what it signs now, unless an earlier time stamp says otherwise"
        ));
    }
    let publisher = package.identity().publisher().to_string();
    let subject = key.certificates().subject();
    if subject != publisher {
        return Err(Failure::new(format!(
            "the certificate is of {subject:?}, and the manifest says that the publisher is {publisher:?}: Windows takes no package where they \
             differ. Write the certificate's subject into Publisher (which makes it another package), or sign with another certificate",
        )));
    }
    if let Some(to) = &arguments.key.digest_only {
        return write_draft(path, &file, &package, to);
    }
    let to = arguments.output.as_ref().unwrap_or(path);
    let stamped = write_signed(arguments, (&file, &package), &key, to)?;
    let stamped =
        stamped.map(|authority| format!(", at a time that {} stamped", output::visible(&authority)));
    output::say(&format!(
        "{} is signed by {}{}",
        output::path(to),
        output::visible(&publisher),
        stamped.unwrap_or_default()
    ));
    Ok(ExitCode::SUCCESS)
}

/// Writes the signed package; who stamped the time.
fn write_signed(
    arguments: &Arguments,
    (file, package): (&PackageFile, &Opened),
    key: &Key,
    to: &Path,
) -> Result<Option<String>, Failure> {
    let path = &arguments.package;
    let (mut refused, mut authority) = (None, None);
    let written = replace_file(to, |output| {
        let output = BufWriter::with_capacity(1 << 20, output);
        let make = |digests: &_, algorithm| {
            let mut envelope = key.sign(Draft::new(digests, algorithm, package.is_bundle())?)?;
            if let Some(url) = &arguments.timestamp {
                authority = Some(time::stamp(&mut envelope, algorithm, url)?);
            }
            Ok(envelope.to_p7x()?)
        };
        match sign(file, package.contents(), output, make) {
            Ok(mut output) => output.flush(),
            Err(error) => {
                refused = Some(match error {
                    SigningError::Elsewhere(what) => Failure::new(output::visible(&what)),
                    other => failed(path, &other),
                });
                Err(std::io::ErrorKind::Other.into())
            }
        }
    });
    match refused {
        Some(refused) => Err(refused),
        None => written.map(|()| authority).map_err(|error| failed(to, &error)),
    }
}

/// Writes what has to be signed elsewhere.
fn write_draft(path: &Path, file: &PackageFile, package: &Opened, to: &Path) -> Result<ExitCode, Failure> {
    let (digests, algorithm) = digests(file, package.contents()).map_err(|error| failed(path, &error))?;
    let draft = Draft::new(&digests, algorithm, package.is_bundle()).map_err(|error| failed(path, &error))?;
    replace_file(to, |output| output.write_all(draft.message())).map_err(|error| failed(to, &error))?;
    output::say(&format!(
        "{} is what has to be signed, with {} (RSA: PKCS #1 v1.5; ECDSA: in DER, or both numbers one after the other); then: lowbox sign {} \
         --cert CERTIFICATE --attach SIGNATURE. Its digest:",
        output::path(to),
        algorithm.name(),
        output::path(path)
    ));
    output::bytes(format!("{:?}\n", algorithm.digest(draft.message())).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Windows takes a signed bundle only if each package in it is signed.
fn check_members(path: &Path, file: &PackageFile, bundle: &Bundle) -> Result<(), Failure> {
    let refused = |error| failed(path, &error);
    progress::shown("checking", |progress| {
        check_bundle(path, file, bundle, progress, refused, |member, _, package| {
            if package.contents().is_signed() {
                return Ok(());
            }
            let what = "is not signed, and Windows takes a signed bundle only if each package in it is signed: take it apart with lowbox \
                        bundle unpack, sign each package, and pack it again";
            Err(failed(path, &format!("{} {what}", member.file)))
        })
    })
}
