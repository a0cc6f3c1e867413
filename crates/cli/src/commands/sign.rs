//! `lowbox sign`: a signature for a package.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use lowbox_linux::host::replace_file;
use lowbox_linux::package::{PackageFile, check_bundle};
use lowbox_msix::bundle::Bundle;
use lowbox_msix::signature::{Signer, envelope, sign};

use super::package::{Opened, failed, open_any};
use crate::failure::Failure;
use crate::output;

/// `lowbox sign`.
#[derive(Debug, Args)]
#[command(
    after_help = "The subject of the certificate has to be the Publisher of the manifest. A signature that is there already is replaced.

Example:
  lowbox sign app.msix --cert cert.pem --key key.pem"
)]
pub struct Arguments {
    /// The package
    #[arg(value_name = "FILE")]
    pub package: PathBuf,

    /// The certificate for signing code, in PEM, with those that lead to one that others trust
    #[arg(long, value_name = "FILE")]
    pub cert: PathBuf,

    /// Its private key, in PEM, without a passphrase
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,

    /// Write the signed package there, and leave the other one as it is
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Signs.
pub fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let path = &arguments.package;
    let (file, package) = open_any(path)?;
    let signer = Signer::from_pem(&read(&arguments.cert)?, &read(&arguments.key)?)
        .map_err(|error| failed(&arguments.key, &error))?;
    let publisher = package.identity().publisher().to_string();
    let of_bundle = matches!(package, Opened::Bundle(_));
    if let Opened::Bundle(bundle) = &package {
        check_members(path, &file, bundle)?;
    }
    if signer.subject() != publisher {
        return Err(Failure::new(format!(
            "the certificate is of {:?}, and the manifest says that the publisher is {publisher:?}: Windows takes no package where they \
             differ. Write the certificate's subject into Publisher (which makes it another package), or sign with another certificate",
            signer.subject()
        )));
    }
    let to = arguments.output.as_ref().unwrap_or(path);
    let mut refused = None;
    let written = replace_file(to, |output| {
        let output = BufWriter::with_capacity(1 << 20, output);
        let make = |digests: &_, algorithm| Ok(envelope(digests, algorithm, of_bundle, &signer)?);
        match sign(&file, package.contents(), output, make) {
            Ok(mut output) => output.flush(),
            Err(error) => {
                refused = Some(failed(path, &error));
                Err(std::io::ErrorKind::Other.into())
            }
        }
    });
    if let Some(refused) = refused {
        return Err(refused);
    }
    written.map_err(|error| failed(to, &error))?;
    output::say(&format!("{} is signed by {}", output::path(to), output::visible(&publisher)));
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| failed(path, &error))
}

/// Windows takes a signed bundle only if each package in it is signed.
fn check_members(path: &Path, file: &PackageFile, bundle: &Bundle) -> Result<(), Failure> {
    check_bundle(
        path,
        file,
        bundle,
        |error| failed(path, &error),
        |member, _, package| {
            if package.contents().is_signed() {
                return Ok(());
            }
            Err(failed(
                path,
                &format!(
                    "{} is not signed, and Windows takes a signed bundle only if each package in it is signed: take it apart with lowbox bundle \
                 unpack, sign each package, and pack it again",
                    member.file
                ),
            ))
        },
    )
}
