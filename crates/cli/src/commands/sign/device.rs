//! A key in a device (PKCS #11). Its library is the vendor's, for the host's C library and loader; lowbox has neither, because it is linked
//! statically. So pkcs11-tool of OpenSC, which is made for this, loads the library in a process of its own.

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
    #[arg(long, value_name = "LABEL", requires = "pkcs11_module")]
    pub token_label: Option<String>,

    /// The key's label
    #[arg(long, value_name = "LABEL", requires = "pkcs11_module", group = "device_key")]
    pub key_label: Option<String>,

    /// The key's id, in hexadecimal digits
    #[arg(long, value_name = "ID", requires = "pkcs11_module", group = "device_key")]
    pub key_id: Option<String>,
}

/// A key in a device.
pub struct Device {
    options: Vec<std::ffi::OsString>,
    pin: String,
}

impl DeviceArguments {
    /// With its PIN.
    pub fn device(&self, module: &Path, pin: String) -> Device {
        let mut options = vec!["--module".into(), module.into()];
        let pairs =
            [("--token-label", &self.token_label), ("--label", &self.key_label), ("--id", &self.key_id)];
        for (option, value) in pairs {
            if let Some(value) = value {
                options.extend([option.into(), value.into()]);
            }
        }
        Device { options, pin }
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
        let mut tool = Command::new("pkcs11-tool");
        tool.args(&self.options).args(["--login", "--pin"]).arg(format!("env:{PIN}"));
        tool.args(["--sign", "--mechanism", mechanism]).env(PIN, &self.pin);
        tool.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut tool = tool.spawn().map_err(|error| {
            format!("pkcs11-tool: {error}; install OpenSC (opensc), or sign elsewhere with --digest-only and --attach")
        })?;
        // It fits into the pipe; a tool that fails before it reads says why.
        let _ = tool.stdin.take().map(|mut stdin| stdin.write_all(&input));
        let output = tool.wait_with_output().map_err(|error| format!("pkcs11-tool: {error}"))?;
        if !output.status.success() || output.stdout.is_empty() || output.stdout.len() > MAX_SIGNATURE {
            let said: String = String::from_utf8_lossy(&output.stderr).trim().chars().take(500).collect();
            return Err(format!("pkcs11-tool made no signature ({}): {said}", output.status));
        }
        Ok(output.stdout)
    }
}
