//! `lowbox cert`: certificates of one's own.

mod trust;

use std::fs::{OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, Subcommand};
use lowbox_linux::host::KernelRandom;
use lowbox_msix::Publisher;
use lowbox_msix::signature::{KeyKind, self_signed};

use super::package::failed;
use crate::failure::Failure;
use crate::output;
use crate::when;

/// `lowbox cert`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make a key and a certificate for signing packages, which it signs itself
    New(New),
    /// Trust a certificate: lowbox verify and installing take packages that it signed, or that its authority vouches for
    Trust(trust::Trust),
    /// Show the certificates that are trusted
    List(trust::List),
    /// Trust a certificate no longer
    Remove(trust::Remove),
}

/// `lowbox cert new`.
#[derive(Debug, Args)]
#[command(
    after_help = "Nobody trusts such a certificate who was not told to: it is for tests, and for machines of one's own.

Example:
  lowbox cert new \"CN=Contoso\" --cert cert.pem --key key.pem
  lowbox sign app.msix --cert cert.pem --key key.pem
  lowbox verify app.msix --trust cert.pem"
)]
pub struct New {
    /// The subject, as the manifest's Publisher has it
    #[arg(value_name = "PUBLISHER")]
    pub publisher: String,

    /// The file for the certificate, in PEM; it must not be there
    #[arg(long, value_name = "FILE")]
    pub cert: PathBuf,

    /// The file for the private key, in PEM; it must not be there
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,

    /// The key's kind
    #[arg(long, value_enum, default_value_t)]
    pub kind: Kind,

    /// How long it is valid, in days
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u64).range(1..=36_500))]
    pub days: u64,
}

/// Kinds of keys.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
pub enum Kind {
    /// RSA of 3072 bits, which takes some seconds to make
    #[default]
    Rsa,
    /// ECDSA on P-256
    P256,
    /// ECDSA on P-384
    P384,
}

/// Does it.
pub fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    match &arguments.verb {
        Verb::New(new) => make(new),
        Verb::Trust(arguments) => trust::trust(arguments),
        Verb::List(arguments) => trust::list(arguments),
        Verb::Remove(arguments) => trust::remove(arguments),
    }
}

fn make(new: &New) -> Result<ExitCode, Failure> {
    let publisher = Publisher::new(&new.publisher).map_err(Failure::new)?;
    let kind = match new.kind {
        Kind::Rsa => KeyKind::Rsa3072,
        Kind::P256 => KeyKind::P256,
        Kind::P384 => KeyKind::P384,
    };
    // Before the work, and before half of it is written.
    for path in [&new.key, &new.cert] {
        if std::fs::symlink_metadata(path).is_ok() {
            let what = "it is there already, and is not written over; name another file, or remove it first";
            return Err(failed(path, &what));
        }
    }
    if new.key == new.cert {
        return Err(failed(
            &new.key,
            &"key and certificate go into two files; name another one for one of them",
        ));
    }
    if matches!(kind, KeyKind::Rsa3072) {
        output::say("making an RSA key, which takes some seconds");
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(Failure::new)?.as_secs();
    let validity = [now, now + new.days * 86_400];
    let made = self_signed(&publisher, kind, validity, &mut KernelRandom).map_err(Failure::new)?;
    // The key first: without it the certificate is of no use.
    write(&new.key, made.key.as_bytes(), 0o600)?;
    write(&new.cert, made.certificate.as_bytes(), 0o644)?;
    output::say(&format!(
        "{} is the certificate of {}, valid until {}; keep {} to yourself",
        output::path(&new.cert),
        output::visible(publisher.as_str()),
        when::date(validity[1]),
        output::path(&new.key)
    ));
    Ok(ExitCode::SUCCESS)
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.set_permissions(Permissions::from_mode(mode))?;
        file.write_all(bytes)?;
        file.sync_all()
    })();
    written.map_err(|error| failed(path, &error))
}
