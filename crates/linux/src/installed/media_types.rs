//! Types of files by the ends of their names (Shared MIME-info Database 0.21).

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::host::open_regular;

/// Databases have some 60 KB.
const MAX_BYTES: u64 = 4 << 20;

/// How long a tool of the desktop's may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How the types of packages' own begin.
const OWN: &str = "application/vnd.lowbox.";

/// The types that the system knows, by the ends of names.
#[derive(Debug, Default)]
pub(super) struct Known(BTreeMap<String, String>);

impl Known {
    /// Reads what is in the user's own folder of types and, behind it, in those of XDG_DATA_DIRS.
    pub(super) fn read(own: &Path, data_dirs: Option<&OsStr>) -> Known {
        let default = OsStr::new("/usr/local/share:/usr/share");
        let folders = std::env::split_paths(data_dirs.filter(|dirs| !dirs.is_empty()).unwrap_or(default));
        let mut known = Known::default();
        known.add(&read(&own.join("globs2")));
        for folder in folders.filter(|folder| folder.is_absolute()) {
            known.add(&read(&folder.join("mime/globs2")));
        }
        known
    }

    /// Lines of weight, type and pattern, those of more weight first; the first that knows an end counts.
    fn add(&mut self, globs: &str) {
        for line in globs.lines().filter(|line| !line.starts_with('#')) {
            let mut fields = line.split(':').skip(1);
            let (Some(kind), Some(pattern)) = (fields.next(), fields.next()) else { continue };
            // Known as long as a package is installed.
            if kind.starts_with(OWN) {
                continue;
            }
            if let Some(extension) = pattern.strip_prefix('*').filter(|end| end.starts_with('.')) {
                self.0.entry(extension.to_owned()).or_insert_with(|| kind.to_owned());
            }
        }
    }

    /// The type of files that end so.
    pub(super) fn of(&self, extension: &str) -> Option<&str> {
        self.0.get(extension).map(String::as_str)
    }
}

fn read(path: &Path) -> String {
    let mut bytes = Vec::new();
    // Where there is no database there are no types.
    let _ = open_regular(path).map(|file| file.take(MAX_BYTES).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A type of the package's own, for an end that the system does not know.
pub(super) fn own(extension: &str) -> String {
    format!("{OWN}{}", extension.trim_start_matches('.'))
}

/// The database entries for ends of names that only the package knows.
pub(super) fn database(extensions: &[&str]) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<mime-info xmlns=\"http://www.freedesktop.org/standards/shared-mime-info\">\n",
    );
    for extension in extensions {
        // The reader of manifests lets only letters, digits, dashes, underscores and plus signs through.
        let (kind, name) = (own(extension), extension.trim_start_matches('.'));
        text.push_str(&format!(
            "  <mime-type type=\"{kind}\">\n    <comment>{} file</comment>\n    <glob pattern=\"*{extension}\"/>\n  </mime-type>\n",
            name.to_ascii_uppercase()
        ));
    }
    text.push_str("</mime-info>\n");
    text
}

/// Lets the desktop's tools read what has changed, where they are.
pub(super) fn refresh(applications: &Path, mime: &Path) {
    use std::process::{Command, Stdio};
    for (tool, folder) in [("update-mime-database", mime), ("update-desktop-database", applications)] {
        if folder.is_dir() {
            let mut command = Command::new(tool);
            command.arg(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            // Where they are missing the entries count all the same, from the next start of the desktop on.
            let Ok(mut child) = command.spawn() else { continue };
            let end = Instant::now() + PATIENCE;
            while matches!(child.try_wait(), Ok(None)) && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(5));
            }
            let _ = child.kill().and_then(|()| child.wait().map(drop));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_pattern_for_an_end_counts() {
        let mut known = Known::default();
        known.add("# comment\n90:application/vnd.lowbox.foo:*.foo\n80:text/x-first:*.foo\n50:text/x-second:*.foo\n50:text/x:README\nbroken\n50:a/b:*.c:cs\n");
        assert_eq!(known.of(".foo"), Some("text/x-first"));
        assert_eq!(known.of(".c"), Some("a/b"));
        assert_eq!(known.of("README"), None);
    }
}
