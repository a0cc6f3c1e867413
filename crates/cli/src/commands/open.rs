//! `lowbox open`: files and addresses are opened with an installed package, as desktop entries do it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser};
use lowbox_linux::prepare::Caller;

use super::run;
use crate::arguments::{Command, Lowbox};
use crate::failure::Failure;
use crate::installed::find;
use crate::output;

/// `lowbox open`.
#[derive(Debug, Args)]
#[command(
    after_help = "To open a file with a program is consent to that file, for reading and writing, as long as the program runs.

Example:
  lowbox open Contoso.Notes ~/notes/today.note"
)]
pub struct Arguments {
    /// The package, or NAME!ID for one of its applications
    #[arg(value_name = "NAME")]
    pub name: OsString,

    /// Files, or addresses of a protocol that the application declares
    #[arg(value_name = "FILE", allow_hyphen_values = true, trailing_var_arg = true)]
    pub files: Vec<OsString>,
}

/// Opens; the exit code is the program's own.
pub fn execute(arguments: Arguments) -> Result<ExitCode, Failure> {
    let mut command: Vec<OsString> = vec!["lowbox".into(), "run".into()];
    let mut words = vec![arguments.name];
    for file in &arguments.files {
        let Some(path) = file_of(file)? else {
            check_declared(&words[0], file)?;
            words.push(file.clone());
            continue;
        };
        let wrong = |error| Failure::new(format!("{}: {error}", output::path(&path)));
        // Before anything is asked.
        path.symlink_metadata().map_err(wrong)?;
        let path = std::path::absolute(&path).map_err(wrong)?;
        let mut grant = OsString::from("--grant=");
        grant.push(&path);
        grant.push(":rw");
        command.push(grant);
        words.push(path.into());
    }
    command.extend(words);
    let Ok(Lowbox { command: Command::Run(mut run) }) = Lowbox::try_parse_from(command) else {
        return Err(Failure::new("name an installed package (lowbox list)"));
    };
    run.scenario.is_installed = true;
    run::execute(*run)
}

/// An address goes to an application that declares its protocol.
fn check_declared(name: &OsStr, address: &OsStr) -> Result<(), Failure> {
    let name = name.to_str().unwrap_or_default();
    let (package, id) = name.split_once('!').map_or((name, None), |(name, id)| (name, Some(id)));
    let (_, package) = find(&Caller::current().map_err(Failure::new)?, package)?;
    let scheme = address.to_string_lossy();
    let scheme = scheme.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let application = package.manifest.application(id);
    if application.is_some_and(|one| one.integration.protocols.contains(&scheme)) {
        return Ok(());
    }
    let protocols = application.map(|one| one.integration.protocols.join(", ")).unwrap_or_default();
    Err(Failure::new(format!(
        "{} declares no protocol {}; it has {}",
        output::visible(name),
        output::visible(&scheme),
        if protocols.is_empty() { "none" } else { &protocols }
    )))
}

/// The file that is meant: by its path, or by its address as desktops write it. `None`: an address of something else.
pub fn file_of(word: &OsStr) -> Result<Option<PathBuf>, Failure> {
    let bytes = word.as_bytes();
    let end = bytes.iter().position(|&byte| byte == b':').unwrap_or(0);
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let is_scheme = end > 1 && bytes[0].is_ascii_alphabetic() && bytes[..end].iter().all(plain);
    if !is_scheme || Path::new(word).exists() {
        return Ok(Some(PathBuf::from(word)));
    }
    if !bytes[..end].eq_ignore_ascii_case(b"file") {
        return Ok(None);
    }
    let rest = &bytes[end + 1..];
    let path = match rest.strip_prefix(b"//") {
        Some(rest) => rest.strip_prefix(b"localhost").unwrap_or(rest),
        None => rest,
    };
    let path = decoded(path).filter(|path| path.starts_with(b"/"));
    let path = path.ok_or_else(|| {
        Failure::new(format!("{} is the address of no file of this machine", output::path(word.as_ref())))
    })?;
    Ok(Some(PathBuf::from(OsString::from_vec(path))))
}

/// Percent-encoding undone (RFC 3986 2.1); `None` if it is none, or hides the end of a string.
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        let digits =
            std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
        decoded.push(u8::from_str_radix(digits, 16).ok().filter(|byte| *byte != 0)?);
        rest = after;
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_files_are_files_and_others_are_addresses() {
        let file = |word: &str| file_of(word.as_ref());
        assert_eq!(file("file:///a%20b/%C3%A4").unwrap(), Some(PathBuf::from("/a b/ä")));
        assert_eq!(file("FILE://localhost/x").unwrap(), Some(PathBuf::from("/x")));
        assert_eq!(file("contoso:open?x=%2F").unwrap(), None);
        assert_eq!(file("a b:c").unwrap(), Some(PathBuf::from("a b:c")));
        assert_eq!(file("-rf").unwrap(), Some(PathBuf::from("-rf")));
        for bad in ["file://elsewhere/x", "file:///a%00b", "file:///a%4", "file:relative"] {
            assert!(file(bad).is_err(), "{bad}");
        }
    }
}
