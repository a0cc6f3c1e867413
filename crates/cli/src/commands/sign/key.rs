//! Where the signer's key is: in a file, in a device, or with somebody else.

use std::path::{Path, PathBuf};

use clap::Args;
use lowbox_linux::host::ask_secret;
use lowbox_msix::signature::{Draft, Envelope, Signer, SignerCertificates, SignerError, SigningError};

use super::device::{self, DeviceArguments};
use crate::commands::package::{failed, read_small};
use crate::failure::Failure;
use crate::file_kind::FileKind;
use crate::output;

/// What passwords and PINs are read from, if it is set.
const VARIABLE: &str = "LOWBOX_SIGN_PASSWORD";

/// Ways to have something signed.
const WAYS: &str = "These are the ways:
  --cert CERTIFICATE --key KEY                              files in PEM
  --pkcs12 FILE                                             both in one file (.p12, .pfx)
  --cert CERTIFICATE --pkcs11-module LIBRARY --key-label L  a key in a device
  --cert CERTIFICATE --digest-only FILE, then --attach      a signing service
lowbox cert new makes a key and a certificate for tests.";

/// Options that say which key signs.
#[derive(Debug, Args)]
#[group(skip)]
pub struct KeyArguments {
    /// The certificate for signing code, in PEM, with those that lead to one that others trust
    #[arg(long, value_name = "FILE", conflicts_with = "pkcs12")]
    pub cert: Option<PathBuf>,

    /// Its private key, in PEM
    #[arg(long, value_name = "FILE",
        conflicts_with_all = ["pkcs12", "pkcs11_module", "digest_only", "attach"])]
    pub key: Option<PathBuf>,

    /// Key and certificates in one file of PKCS #12 (.p12, .pfx)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["pkcs11_module", "digest_only", "attach"])]
    pub pkcs12: Option<PathBuf>,

    /// The file that has the key's password, or the device's PIN, in its first line
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,

    /// A key in a device.
    #[command(flatten)]
    pub device: DeviceArguments,

    /// Sign nothing: write what has to be signed elsewhere to this file, and its digest to standard output
    #[arg(long, value_name = "FILE", conflicts_with_all = ["attach", "pkcs11_module"])]
    pub digest_only: Option<PathBuf>,

    /// Take the signature in this file, which was made elsewhere of what --digest-only wrote
    #[arg(long, value_name = "FILE", conflicts_with = "pkcs11_module")]
    pub attach: Option<PathBuf>,
}

/// A key, wherever it is.
pub enum Key {
    /// At hand.
    Here(Box<Signer>),
    /// In a device.
    Device(device::Device, SignerCertificates),
    /// Elsewhere, where it has signed already, or will.
    Elsewhere(Option<Vec<u8>>, SignerCertificates),
}

impl Key {
    /// The signer's certificates.
    pub fn certificates(&self) -> &SignerCertificates {
        match self {
            Key::Here(signer) => signer.certificates(),
            Key::Device(_, certificates) | Key::Elsewhere(_, certificates) => certificates,
        }
    }

    /// Signs.
    ///
    /// # Errors
    /// When the key can't, or the signature that was made elsewhere is none of this.
    pub fn sign(&self, draft: Draft) -> Result<Envelope, SigningError> {
        match self {
            Key::Here(signer) => Ok(draft.sign(signer)?),
            Key::Device(device, certificates) => {
                let signature = device.sign(&draft, certificates).map_err(SigningError::Elsewhere)?;
                Ok(draft.attach(certificates, &signature)?)
            }
            Key::Elsewhere(signature, certificates) => {
                Ok(draft.attach(certificates, signature.as_deref().unwrap_or_default())?)
            }
        }
    }
}

impl KeyArguments {
    /// Whether a key is named, and whose it is.
    ///
    /// # Errors
    /// What is missing, and all ways that there are.
    pub fn check_named(&self) -> Result<(), Failure> {
        let is_somewhere = self.key.is_some()
            || self.device.pkcs11_module.is_some()
            || self.digest_only.is_some()
            || self.attach.is_some();
        let missing = match (&self.pkcs12, &self.cert, is_somewhere) {
            (Some(_), ..) | (None, Some(_), true) => return Ok(()),
            (None, Some(_), false) => "it is not said where the key is",
            (None, None, true) => "it is not said whose the key is (--cert)",
            (None, None, false) => "name a key, and whose it is",
        };
        Err(Failure::new(format!("{missing}. {WAYS}")))
    }

    /// Reads it.
    ///
    /// # Errors
    /// When something can't be read, does not belong together, or the password is another one.
    pub fn read(&self) -> Result<Key, Failure> {
        if let Some(path) = &self.pkcs12 {
            let bytes = read_small(path)?;
            let password = self.password(path)?;
            let signer = Signer::from_pkcs12(&bytes, &password).map_err(|error| failed(path, &error))?;
            return Ok(Key::Here(Box::new(signer)));
        }
        self.check_named()?;
        let Some(cert) = &self.cert else { return Err(Failure::new("a certificate is missing (--cert)")) };
        let bytes = read_small(cert)?;
        let kind = FileKind::of_bytes(&bytes);
        if let Some(path) = &self.key {
            let key = read_small(path)?;
            if (kind, FileKind::of_bytes(&key)) == (Some(FileKind::Key), Some(FileKind::Certificate)) {
                return Err(Failure::new(format!(
                    "{} is a private key, and {} a certificate: exchange --cert and --key",
                    output::path(cert),
                    output::path(path)
                )));
            }
            let signer = match Signer::from_pem(&bytes, &key) {
                Err(SignerError::NeedsPassword) => {
                    Signer::from_encrypted_pem(&bytes, &key, &self.password(path)?)
                }
                other => other,
            };
            return Ok(Key::Here(Box::new(signer.map_err(|error| failed(path, &error))?)));
        }
        if kind == Some(FileKind::Key) {
            return Err(failed(cert, &"it is a private key, and --cert wants the certificate"));
        }
        let certificates = SignerCertificates::read(&bytes).map_err(|error| failed(cert, &error))?;
        if let Some(module) = &self.device.pkcs11_module {
            let pin = self.password(module)?;
            let device = self.device.device(module, pin);
            let device = device
                .ok_or_else(|| Failure::new("which key in the device is missing (--key-label, --key-id)"))?;
            return Ok(Key::Device(device, certificates));
        }
        let signature = self.attach.as_deref().map(read_small).transpose()?;
        Ok(Key::Elsewhere(signature, certificates))
    }

    /// From the file, the variable or the terminal.
    fn password(&self, what: &Path) -> Result<String, Failure> {
        if let Some(path) = &self.password_file {
            let bytes = read_small(path)?;
            let text = String::from_utf8(bytes).map_err(|_| failed(path, &"it is no text in UTF-8"))?;
            return Ok(text.lines().next().unwrap_or_default().to_owned());
        }
        if let Some(value) = std::env::var_os(VARIABLE) {
            let value = value.into_string();
            return value.map_err(|_| Failure::new(format!("{VARIABLE} is no text in UTF-8")));
        }
        match ask_secret(&format!("password of {}: ", output::path(what))) {
            Ok(Some(password)) => Ok(password),
            Ok(None) => Err(Failure::new("cancelled; nothing is signed")),
            Err(error) => Err(failed(
                what,
                &format!(
                    "its password is needed, and can't be asked for on a terminal ({error}); name a file with --password-file, or set {VARIABLE}"
                ),
            )),
        }
    }
}
