//! `lowbox cert trust|list|remove`: whom the user trusts to sign packages.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use lowbox_linux::package::{Kept, TrustStoreError};
use lowbox_msix::signature::Described;
use serde::Serialize;

use crate::commands::package::{failed, read_small};
use crate::failure::Failure;
use crate::file_kind::FileKind;
use crate::output::{self, Page};
use crate::trust::store;
use crate::when;

/// `lowbox cert trust`.
#[derive(Debug, Args)]
#[command(
    after_help = "Whoever has the key of a certificate that you trust can make packages that are taken as their publisher's; whoever has \
that of an authority can make them in any name, and stamp their times. Ask for the SHA-256 on another way than the one that the file came by.

Example:
  lowbox cert trust contoso.pem"
)]
pub struct Trust {
    /// The certificate, in PEM or DER
    #[arg(value_name = "FILE")]
    pub certificate: PathBuf,

    /// Trust it for time stamps, and not for signing packages
    #[arg(long)]
    pub time_stamps: bool,

    /// Answer in JSON (see docs/json.md)
    #[arg(long)]
    pub json: bool,
}

/// `lowbox cert list`.
#[derive(Debug, Args)]
pub struct List {
    /// Answer in JSON (see docs/json.md)
    #[arg(long)]
    pub json: bool,
}

/// `lowbox cert remove`.
#[derive(Debug, Args)]
pub struct Remove {
    /// Its SHA-256, or the first digits of it; or its file
    #[arg(value_name = "SHA256")]
    pub thumbprint: String,

    /// Answer in JSON (see docs/json.md)
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Answer {
    sha256: String,
    subject: String,
    issuer: String,
    valid_from: String,
    valid_to: String,
    authority: bool,
    only_time_stamps: bool,
}

/// Trusts.
pub fn trust(arguments: &Trust) -> Result<ExitCode, Failure> {
    let path = &arguments.certificate;
    let bytes = read_small(path)?;
    if FileKind::of_bytes(&bytes) == Some(FileKind::Key) {
        let what =
            "it is a private key, and trust is given to certificates: name the certificate that goes with it";
        return Err(failed(path, &what));
    }
    let added = store()?.add(&bytes, arguments.time_stamps).map_err(|error| match error {
        TrustStoreError::Io { .. } | TrustStoreError::Foreign(_) | TrustStoreError::Strange { .. } => {
            of_store(&error)
        }
        of_file => failed(path, &of_file),
    })?;
    if arguments.json {
        output::json(&answer(&added))?;
    } else {
        let what = match (added.only_time, added.certificate.is_authority) {
            (true, _) => "for time stamps",
            (false, true) => "with whomever it vouches for, for signing packages and for time stamps",
            (false, false) => "for signing packages",
        };
        let Kept { certificate, .. } = &added;
        output::say(&format!(
            "{} is trusted {what} (SHA-256 {})",
            output::visible(&certificate.subject),
            certificate.thumbprint
        ));
        if let Some(why) = when::not_now(certificate.validity) {
            output::say(&format!(
                "it {why}: what it signs is taken only with a time stamp of when it was valid"
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Lists.
pub fn list(arguments: &List) -> Result<ExitCode, Failure> {
    let all: Vec<Answer> = store()?.list().map_err(|error| of_store(&error))?.iter().map(answer).collect();
    if arguments.json {
        output::json(&all)?;
        return Ok(ExitCode::SUCCESS);
    }
    if all.is_empty() {
        output::say("no certificate is trusted; lowbox cert trust FILE trusts one");
    }
    let mut page = Page::new();
    for (index, one) in all.iter().enumerate() {
        if index > 0 {
            page.line("");
        }
        page.field("subject", &one.subject);
        if one.issuer != one.subject {
            page.field("issuer", &one.issuer);
        }
        page.field("sha-256", &one.sha256);
        page.field("valid", &format!("{} to {}", one.valid_from, one.valid_to));
        page.field(
            "trusted for",
            match (one.only_time_stamps, one.authority) {
                (true, _) => "time stamps",
                (false, true) => "saying who may sign packages, and time stamps",
                (false, false) => "signing packages",
            },
        );
    }
    page.print()?;
    Ok(ExitCode::SUCCESS)
}

/// Removes.
pub fn remove(arguments: &Remove) -> Result<ExitCode, Failure> {
    let named = &arguments.thumbprint;
    let is_digits = named.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':');
    let thumbprint = match !is_digits && Path::new(named).exists() {
        true => {
            let path = Path::new(named);
            let all = Described::read(&read_small(path)?).map_err(|error| failed(path, &error))?;
            match &all[..] {
                [one] => one.thumbprint.clone(),
                _ => {
                    return Err(failed(
                        path,
                        &"there are several certificates in it; name one by its SHA-256",
                    ));
                }
            }
        }
        false => named.clone(),
    };
    let removed = store()?.remove(&thumbprint).map_err(|error| of_store(&error))?;
    if arguments.json {
        output::json(&answer(&removed))?;
    } else {
        let subject = output::visible(&removed.certificate.subject);
        output::say(&format!("{subject} is trusted no longer; what is installed stays"));
    }
    Ok(ExitCode::SUCCESS)
}

fn of_store(error: &TrustStoreError) -> Failure {
    Failure::new(output::visible(&error.to_string()))
}

fn answer(kept: &Kept) -> Answer {
    let certificate = &kept.certificate;
    let [from, to] = certificate.validity.map(when::time);
    Answer {
        sha256: certificate.thumbprint.clone(),
        subject: certificate.subject.clone(),
        issuer: certificate.issuer.clone(),
        valid_from: from,
        valid_to: to,
        authority: certificate.is_authority,
        only_time_stamps: kept.only_time,
    }
}
