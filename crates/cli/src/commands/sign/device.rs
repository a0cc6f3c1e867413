//! A key in a device (PKCS #11). Its library is the vendor's, for the host's C library and loader; lowbox has neither, because it is linked
//! statically. So pkcs11-tool of OpenSC, which is made for this, loads the library in a process of its own.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use lowbox_msix::signature::{Draft, SignerCertificates};

/// What pkcs11-tool is told the PIN by, since its command line is for all to see.
const PIN: &str = "LOWBOX_PKCS11_PIN";
/// Largest signature that is read, in bytes.
const MAX_SIGNATURE: usize = 4096;

/// Options that name a key in a device.
#[derive(Debug, Args)]
#[group(skip)]
pub struct DeviceArguments {
    /// The key is in a device: the library of PKCS #11 that its vendor gives (needs pkcs11-tool, of OpenSC)
    #[arg(long, value_name = "LIBRARY", requires = "device_key")]
    pub pkcs11_module: Option<PathBuf>,

    /// The token that has it, if there are several
    #[arg(long, value_name = "LABEL", requires = "pkcs11_module", conflicts_with_all = ["key", "pkcs12", "digest_only", "attach"])]
    pub token_label: Option<String>,

    /// The key's label
    #[arg(long, value_name = "LABEL", requires = "pkcs11_module", group = "device_key", conflicts_with_all = ["key", "pkcs12", "digest_only", "attach"])]
    pub key_label: Option<String>,

    /// The key's id, in hexadecimal digits
    #[arg(long, value_name = "ID", requires = "pkcs11_module", group = "device_key", conflicts_with_all = ["key", "pkcs12", "digest_only", "attach"])]
    pub key_id: Option<String>,
}

/// A key in a device.
pub struct Device {
    options: Vec<OsString>,
    key: KeyName,
    pin: String,
}

/// How a key is named.
enum KeyName {
    Label(String),
    Id(String),
}

impl DeviceArguments {
    /// The key with the device's PIN.
    pub fn device(&self, module: &Path, pin: String) -> Option<Device> {
        let mut options = vec!["--module".into(), module.into()];
        if let Some(token) = &self.token_label {
            options.extend(["--token-label".into(), token.into()]);
        }
        let key = match (&self.key_id, &self.key_label) {
            (Some(id), _) => KeyName::Id(id.clone()),
            (None, Some(label)) => KeyName::Label(label.clone()),
            (None, None) => return None,
        };
        Some(Device { options, key, pin })
    }
}

impl Device {
    /// Has the device sign.
    ///
    /// # Errors
    /// What pkcs11-tool says.
    pub fn sign(&self, draft: &Draft, certificates: &SignerCertificates) -> Result<Vec<u8>, String> {
        let (mechanism, input) = match certificates.is_rsa() {
            true => ("RSA-PKCS", draft.digest_info().map_err(|error| error.to_string())?),
            false => ("ECDSA", draft.algorithm().digest(draft.message()).as_bytes().to_vec()),
        };
        let id = match &self.key {
            KeyName::Id(id) => id.clone(),
            KeyName::Label(label) => self.id_of(label)?,
        };
        let signature = self.run(&["--sign", "--mechanism", mechanism, "--id", &id], &input)?;
        if signature.is_empty() || signature.len() > MAX_SIGNATURE {
            return Err("pkcs11-tool made no signature".to_owned());
        }
        Ok(signature)
    }

    /// The id of the key with that label: to sign, pkcs11-tool (0.23) goes by ids alone, and takes the first key without one.
    fn id_of(&self, label: &str) -> Result<String, String> {
        let listed = self.run(&["--list-objects", "--type", "privkey"], &[])?;
        match keys(&String::from_utf8_lossy(&listed), label).as_slice() {
            [id] => Ok(id.clone()),
            [] => Err(format!("no key in the device has the label {label:?}")),
            _ => Err(format!("several keys in the device have the label {label:?}; name one by --key-id")),
        }
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, String> {
        let mut tool = Command::new("pkcs11-tool");
        tool.args(&self.options).args(["--login", "--pin"]).arg(format!("env:{PIN}")).args(arguments);
        tool.env(PIN, &self.pin).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut tool = tool.spawn().map_err(|error| {
            format!("pkcs11-tool: {error}; install OpenSC (opensc), or sign elsewhere with --digest-only and --attach")
        })?;
        // It fits into the pipe; a tool that fails before it reads says why.
        let _ = tool.stdin.take().map(|mut stdin| stdin.write_all(input));
        let output = tool.wait_with_output().map_err(|error| format!("pkcs11-tool: {error}"))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said: String = String::from_utf8_lossy(&output.stderr).trim().chars().take(500).collect();
        Err(format!("pkcs11-tool failed ({}): {said}", output.status))
    }
}

/// The ids of the keys with a label, in a list of pkcs11-tool.
fn keys(list: &str, wanted: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut label = None;
    for line in list.lines() {
        match line.trim_start().split_once(':').map(|(name, value)| (name, value.trim())) {
            Some(("label", value)) => label = Some(value),
            Some(("ID", value)) if label == Some(wanted) && !found.iter().any(|id| id == value) => {
                found.push(value.to_owned());
            }
            // Another object begins.
            None => label = None,
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::keys;

    #[test]
    fn keys_are_found_by_their_label() {
        let list = "Private Key Object; RSA \n  label:      one\n  ID:         a2b3\n  Usage:      sign\n\
            Private Key Object; EC\n  label:      a signer\n  ID:         a1\n\
            Private Key Object; EC\n  ID:         a4\nPrivate Key Object; EC\n  label:      one\n  ID:         a5\n";
        assert_eq!(keys(list, "a signer"), ["a1"]);
        assert_eq!(keys(list, "one"), ["a2b3", "a5"]);
        assert!(keys(list, "").is_empty() && keys(list, "signer").is_empty());
    }
}
