//! The environment of a program: a list of what passes, because secrets live in the rest.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::str::FromStr;

use crate::launch::ContainerUser;

/// Variables that pass from the caller: how to talk to the person, not what they hold. Names that end in `_` stand for all
/// that begin so.
pub const PASSED: [&str; 15] = [
    "PATH",
    "LANG",
    "LANGUAGE",
    "LC_",
    "TZ",
    "TERM",
    "COLORTERM",
    "TERMINFO",
    "COLUMNS",
    "LINES",
    "NO_COLOR",
    "CLICOLOR",
    "FORCE_COLOR",
    "SHELL",
    "PWD",
];

/// `--env NAME` (pass the caller's) or `--env NAME=VALUE` (set).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentRequest {
    /// The variable.
    pub name: OsString,
    /// Its value; `None` for the caller's.
    pub value: Option<OsString>,
}

impl EnvironmentRequest {
    /// Reads the argument of `--env`.
    ///
    /// # Errors
    /// A sentence for the user if there is no name.
    pub fn parse(text: &OsStr) -> Result<EnvironmentRequest, String> {
        use std::os::unix::ffi::OsStrExt;
        let bytes = text.as_bytes();
        let (name, value) = match bytes.iter().position(|&byte| byte == b'=') {
            Some(at) => (&bytes[..at], Some(OsStr::from_bytes(&bytes[at + 1..]).to_owned())),
            None => (bytes, None),
        };
        if name.is_empty() || bytes.contains(&0) {
            return Err("write NAME to pass a variable on, or NAME=VALUE to set it".to_owned());
        }
        Ok(EnvironmentRequest { name: OsStr::from_bytes(name).to_owned(), value })
    }
}

impl FromStr for EnvironmentRequest {
    type Err = String;

    fn from_str(text: &str) -> Result<EnvironmentRequest, String> {
        EnvironmentRequest::parse(OsStr::new(text))
    }
}

/// The program's whole environment.
pub fn environment(
    caller: &[(OsString, OsString)],
    requests: &[EnvironmentRequest],
    home: &Path,
    temp_inside: &str,
    user: &ContainerUser,
) -> Vec<(OsString, OsString)> {
    let passes = |name: &OsStr| {
        let name = name.to_str().unwrap_or_default();
        PASSED
            .iter()
            .any(|passed| if passed.ends_with('_') { name.starts_with(passed) } else { name == *passed })
    };
    let mut result: Vec<(OsString, OsString)> =
        caller.iter().filter(|(name, _)| passes(name)).cloned().collect();
    let mut set = |name: &OsStr, value: &OsStr| {
        result.retain(|(have, _)| have != name);
        result.push((name.to_owned(), value.to_owned()));
    };
    for (name, value) in [
        ("HOME", home.as_os_str()),
        ("TMPDIR", OsStr::new(temp_inside)),
        ("USER", OsStr::new(&user.name)),
        ("LOGNAME", OsStr::new(&user.name)),
        ("XDG_RUNTIME_DIR", OsStr::new(&format!("/run/user/{}", user.uid))),
    ] {
        set(OsStr::new(name), value);
    }
    for request in requests {
        let callers =
            || caller.iter().find(|(name, _)| *name == request.name).map(|(_, value)| value.clone());
        if let Some(value) = request.value.clone().or_else(callers) {
            set(&request.name, &value);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_loader_variables_do_not_pass_unasked() {
        let caller: Vec<(OsString, OsString)> = [
            ("PATH", "/usr/bin"),
            ("LC_ALL", "C"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
            ("LD_PRELOAD", "/x"),
            ("HOME", "/h"),
            ("TOKEN", "t"),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .into();
        let user = ContainerUser { uid: 1000, gid: 1000, name: "me".into(), launched_by_root: false };
        let requests = [
            EnvironmentRequest::parse(OsStr::new("TOKEN")).unwrap(),
            EnvironmentRequest::parse(OsStr::new("A=b=c")).unwrap(),
        ];
        let result = environment(&caller, &requests, "/d/LocalState".as_ref(), "/var/tmp", &user);
        let get = |name: &str| {
            result.iter().find(|(have, _)| have == name).map(|(_, value)| value.to_str().unwrap())
        };
        assert_eq!(get("PATH"), Some("/usr/bin"));
        assert_eq!(get("LC_ALL"), Some("C"));
        assert_eq!(get("AWS_SECRET_ACCESS_KEY"), None);
        assert_eq!(get("LD_PRELOAD"), None);
        assert_eq!(get("HOME"), Some("/d/LocalState"));
        assert_eq!(get("TOKEN"), Some("t"));
        assert_eq!(get("A"), Some("b=c"));
    }
}
