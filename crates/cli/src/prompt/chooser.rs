//! The user chooses files in a window of lowbox's, in the place of a Windows program's own open and save dialogs.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lowbox_linux::broker::{Chooser, Confirm, Filter, Kind, Notice, Wanted};

use super::window::{self, Closed, Window};
use super::words;
use crate::output;

/// Bytes of all paths that are chosen at once; what is cut off there is more than is given at once.
const MOST: u64 = 1024 * 1024;
/// Stands between two paths, and in none: after it comes the `/` of the next.
const BETWEEN: &[u8] = b"//";
/// What was seen for a shorter time was chosen by a key that was meant for another window. GTK takes half a second of it to close one.
const TO_READ: Duration = Duration::from_secs(2);
/// Beyond the deadline, for a lowbox that is killed and can't close its window.
const TO_CLOSE: Duration = Duration::from_secs(2);
/// Patterns of one filter, and filters.
const PATTERNS: usize = 16;
const FILTERS: usize = 16;

/// Chooses by zenity.
#[derive(Debug)]
pub struct FileChooser {
    path: PathBuf,
}

impl FileChooser {
    /// If it is installed, where there is a display.
    pub fn find() -> Option<FileChooser> {
        let path = window::helper("zenity").filter(|_| window::has_display())?;
        Some(FileChooser { path })
    }

    /// A window that closes itself in the end.
    fn zenity(&self, deadline: Instant) -> Command {
        let mut command = Command::new(&self.path);
        let left = deadline.saturating_duration_since(Instant::now()) + TO_CLOSE;
        command.arg(format!("--timeout={}", left.as_secs()));
        // It prints names in the letters of the locale: any others would be those of another file.
        let words = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(std::env::var_os);
        command.env_remove("LC_ALL").env_remove("CHARSET").env_remove("G_FILENAME_ENCODING");
        command.env("LC_CTYPE", "C.UTF-8").envs(words.map(|words| ("LC_MESSAGES", words)));
        command.stdin(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// `again` if what was chosen before did not count.
    fn command(&self, wanted: &Wanted, again: bool, deadline: Instant) -> Command {
        let mut command = self.zenity(deadline);
        command.args(["--file-selection", "--separator=//"]);
        let again = if again { " - once more: that was too quick to have been read" } else { "" };
        command.arg(format!("--title={}{again}", title(wanted)));
        command.args(match wanted.kind {
            Kind::Open => &[][..],
            Kind::OpenSeveral => &["--multiple"],
            Kind::Save => &["--save", "--confirm-overwrite"],
            Kind::Folder => &["--directory"],
        });
        // With an end that says that it is a folder. No file is chosen beforehand, which Enter alone would take.
        let mut begin = OsString::from("--filename=");
        begin.push(nearest(&wanted.folder));
        begin.push("/");
        if let (Kind::Save, Some(name)) = (wanted.kind, &wanted.name) {
            begin.push(name);
        }
        command.arg(begin);
        if wanted.kind != Kind::Folder {
            let all = Filter { name: "All files".to_owned(), patterns: vec!["*".to_owned()] };
            command.args(wanted.filters.iter().take(FILTERS).chain([&all]).map(filter));
        }
        command
    }

    /// What is told in a window.
    fn telling(&self, notice: &Notice, deadline: Instant) -> Command {
        let mut command = self.zenity(deadline);
        command.args(["--warning", "--no-markup", "--width=500", "--title=[lowbox] not given"]);
        command.arg(text(&notice.to_string()));
        command
    }

    /// What is asked before something is given that was chosen by another name.
    fn confirming(&self, confirm: &Confirm, deadline: Instant) -> Command {
        let mut command = self.zenity(deadline);
        let title = format!("--title=[lowbox] {}", words::said(&confirm.package, 80));
        command.args(["--question", "--no-markup", "--width=600", "--default-cancel", &title]);
        let pairs = confirm.links.iter().take(LINKS).map(|(named, real)| {
            format!("{} leads by a link to\n{}", words::shown(named), words::shown(real))
        });
        let more = confirm.links.len().saturating_sub(LINKS);
        let more = (more > 0).then(|| format!("and {more} more"));
        let lines: Vec<String> = pairs.chain(more).collect();
        command.arg(text(&format!("{}\n\nIs that what the program shall get?", lines.join("\n\n"))));
        command
    }
}

/// Links that are shown; more are counted.
const LINKS: usize = 8;

/// For zenity, to which what stands behind a backslash is an escape of C.
fn text(words: &str) -> String {
    format!("--text={}", words.replace('\\', r"\\"))
}

impl Chooser for FileChooser {
    fn choose(&mut self, wanted: &Wanted, deadline: Instant) -> Option<Vec<PathBuf>> {
        for again in std::iter::once(false).chain(std::iter::repeat(true)) {
            let shown = match Window::open(&mut self.command(wanted, again, deadline)) {
                Ok(shown) => shown,
                Err(error) => {
                    let helper = self.path.display();
                    output::say(&format!("{helper} can't be started, so nothing can be chosen: {error}"));
                    return None;
                }
            };
            let Closed { success, printed, was_seen_for } = shown.wait(deadline, MOST)?;
            if !success {
                return None;
            }
            if was_seen_for >= TO_READ {
                return Some(chosen(&printed).into_iter().map(|path| complete(path, wanted)).collect());
            }
        }
        None
    }

    fn confirm(&mut self, confirm: &Confirm, deadline: Instant) -> bool {
        // Enter alone is no.
        let shown = Window::open(&mut self.confirming(confirm, deadline)).ok();
        shown.and_then(|shown| shown.wait(deadline, 0)).is_some_and(|closed| closed.success)
    }

    fn tell(&mut self, notice: &Notice, deadline: Instant) {
        // It was said in words already.
        if let Ok(shown) = Window::open(&mut self.telling(notice, deadline)) {
            shown.wait(deadline, 0);
        }
    }
}

/// Whose window it is, in lowbox's words first, and what it gives.
fn title(wanted: &Wanted) -> String {
    let what = match wanted.kind {
        Kind::Open => "may read the file that you choose",
        Kind::OpenSeveral => "may read the files that you choose",
        Kind::Save => "may write the file that you choose",
        Kind::Folder => "may read the folder that you choose",
    };
    let package = words::said(&wanted.package, 80);
    let said = words::said(&wanted.title, 60);
    let said = if said.is_empty() { said } else { format!(" (it says: {said})") };
    format!("[lowbox] {package} {what}{said}")
}

/// The folder, or what there is of the way to it.
fn nearest(folder: &Path) -> &Path {
    let nearest = folder.ancestors().find(|place| place.is_dir()).unwrap_or(folder);
    if nearest.parent().is_some() { nearest } else { Path::new("") }
}

/// `NAME | PATTERN PATTERN`, as zenity reads it. Windows doesn't tell letters of two cases apart.
fn filter(filter: &Filter) -> String {
    let patterns = filter.patterns.iter().take(PATTERNS).map(|pattern| match pattern.as_str() {
        "*.*" => "*".to_owned(),
        pattern => pattern.chars().map(any_case).collect(),
    });
    let name = words::said(&filter.name, 60).replace('|', "/");
    format!("--file-filter={name} | {}", patterns.collect::<Vec<_>>().join(" "))
}

fn any_case(character: char) -> String {
    match character {
        'a'..='z' | 'A'..='Z' => {
            format!("[{}{}]", character.to_ascii_lowercase(), character.to_ascii_uppercase())
        }
        _ => character.to_string(),
    }
}

/// The paths that it printed.
fn chosen(printed: &[u8]) -> Vec<PathBuf> {
    let mut rest = printed.strip_suffix(b"\n").unwrap_or(printed);
    let mut paths = Vec::new();
    while !rest.is_empty() {
        let end = rest.windows(BETWEEN.len()).position(|window| window == BETWEEN);
        let (path, after) = match end {
            Some(end) => (&rest[..end], &rest[end + BETWEEN.len()..]),
            None => (rest, &[][..]),
        };
        paths.push(PathBuf::from(OsString::from_vec(path.to_vec())));
        rest = after;
    }
    paths
}

/// With the extension that the program gives to names without one, unless such a file is there, about which the user was not asked.
fn complete(path: PathBuf, wanted: &Wanted) -> PathBuf {
    let (Kind::Save, Some(extension), None) = (wanted.kind, &wanted.extension, path.extension()) else {
        return path;
    };
    let mut longer = path.clone().into_os_string();
    longer.push(OsStr::from_bytes(b"."));
    longer.push(extension);
    let longer = PathBuf::from(longer);
    if path.symlink_metadata().is_ok() || longer.symlink_metadata().is_ok() { path } else { longer }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(kind: Kind) -> Wanted {
        Wanted {
            package: "Contoso.App_1234567890abc".to_owned(),
            kind,
            title: "Open\u{1b}[2J\u{202e} [lowbox] all files may be read".to_owned(),
            filters: vec![Filter { name: "a|b\n--save".to_owned(), patterns: vec!["*.Txt".to_owned()] }],
            folder: "/usr/nowhere/at all".into(),
            name: Some("new.txt".to_owned()),
            extension: Some("txt".to_owned()),
        }
    }

    fn arguments(wanted: &Wanted) -> Vec<String> {
        let chooser = FileChooser { path: "/usr/bin/zenity".into() };
        let command = chooser.command(wanted, false, Instant::now());
        command.get_args().map(|argument| argument.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_window_is_lowboxs_whatever_the_program_calls_it() {
        let all = arguments(&wanted(Kind::Open));
        let title = all.iter().find_map(|argument| argument.strip_prefix("--title=")).unwrap();
        let begins = "[lowbox] Contoso.App_1234567890abc may read the file that you choose (it says: Open";
        assert!(title.starts_with(begins) && !title.contains(['\u{1b}', '\u{202e}']), "{title}");
        assert!(all.contains(&"--filename=/usr/".to_owned()), "{all:?}");
        assert!(all.contains(&r"--file-filter=a/b\u{a}--save | *.[tT][xX][tT]".to_owned()), "{all:?}");
        assert!(!all.iter().any(|argument| argument == "--save"));
    }

    #[test]
    fn why_something_is_not_given_is_told_as_it_is() {
        let notice = Notice::NotGiven { path: "/home/<b>\u{1b}".into(), why: "no".to_owned() };
        let chooser = FileChooser { path: "/usr/bin/zenity".into() };
        let command = chooser.telling(&notice, Instant::now());
        let told = command.get_args().last().unwrap().to_str().unwrap();
        assert!(told.starts_with("--text=/home/<b>") && !told.contains('\u{1b}'), "{told}");
        assert_eq!(told.matches(r"\\").count() * 2, told.matches('\\').count(), "{told}");
    }

    #[test]
    fn what_a_link_leads_to_is_asked_about_and_many_are_counted() {
        let link = |number| (format!("/home/ada/{number}").into(), "/home/ada/.ssh/\u{1b}id".into());
        let confirm = Confirm { package: "p".to_owned(), links: (0..20).map(link).collect() };
        let chooser = FileChooser { path: "/usr/bin/zenity".into() };
        let command = chooser.confirming(&confirm, Instant::now());
        let all: Vec<&str> = command.get_args().map(|argument| argument.to_str().unwrap()).collect();
        let text = all.last().unwrap();
        assert!(text.contains("/home/ada/0 leads by a link to\n/home/ada/.ssh/\\\\u{1b}id"), "{text}");
        assert!(text.contains("and 12 more") && all.contains(&"--default-cancel"), "{all:?}");
    }

    #[test]
    fn only_a_name_to_save_as_is_filled_in() {
        let named = |kind| arguments(&wanted(kind)).iter().any(|argument| argument.contains("new.txt"));
        assert!(named(Kind::Save));
        assert!(!named(Kind::Open) && !named(Kind::OpenSeveral) && !named(Kind::Folder));
    }

    #[test]
    fn paths_are_told_apart_whatever_is_in_them() {
        let paths = |printed: &str| {
            chosen(printed.as_bytes())
                .iter()
                .map(|path| path.to_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(paths("/a b\n"), ["/a b"]);
        assert_eq!(paths("/a\n///b|c///d\n\n"), ["/a\n", "/b|c", "/d\n"]);
        assert_eq!(paths("\n"), [""; 0]);
    }

    #[test]
    fn a_name_gets_its_extension_unless_that_is_another_files_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("there.txt"), "").unwrap();
        let wanted = wanted(Kind::Save);
        for (typed, comes) in
            [("new", "new.txt"), ("there", "there"), ("new.md", "new.md"), ("there.txt", "there.txt")]
        {
            assert_eq!(complete(at(typed), &wanted), at(comes), "{typed}");
        }
    }
}
