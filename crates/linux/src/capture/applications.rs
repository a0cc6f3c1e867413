//! Which of the installed programs are for people to start: those that the start menu leads to, or else all in Program Files.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::OwnedFd;

use lowbox_msix::manifest::edit::CapturedApplication;
use lowbox_msix::{Architecture, MAX_SHORTCUT, PROGRAM_HEAD, Shortcut, WindowsImage, windows_image};

use super::LeftOut;
use super::changes::{Changed, read};

/// Applications of a package at most.
const MOST: usize = 50;
/// Shortcuts that are read.
const MOST_SHORTCUTS: usize = 500;

/// So much is said of programs that are left out.
const MOST_SAID: usize = 1000;
/// Why a program is not started, though it is there.
const UNFIT: &str = "its name can't stand in a manifest, so nothing starts it";

/// What becomes of a file that was found.
pub(super) struct Placed<'a> {
    pub(super) file: &'a Changed,
    /// Its name in the package.
    pub(super) name: String,
}

/// What there is to start.
#[derive(Debug, Default)]
pub(super) struct Applications {
    pub(super) all: Vec<CapturedApplication>,
    pub(super) left_out: Vec<LeftOut>,
    /// Of the first one.
    pub(super) architecture: Option<Architecture>,
    ids: BTreeSet<String>,
    aliases: BTreeSet<String>,
}

/// Where shortcuts are for people to see.
const MENU: &str = "\\start menu\\";
const DESKTOP: &str = "\\desktop\\";

/// Whether a file is a shortcut for people, whose place in a package is the manifest.
pub(super) fn is_shortcut(windows: &str) -> bool {
    let lower = windows.to_ascii_lowercase();
    lower.ends_with(".lnk") && [MENU, DESKTOP].iter().any(|place| lower.contains(place))
}

impl Applications {
    /// Those of an installer's shortcuts, or of its programs if there are none.
    pub(super) fn of(
        upper: &OwnedFd,
        shortcuts: &[&Changed],
        placed: &[Placed<'_>],
        uninstallers: &BTreeSet<String>,
    ) -> Applications {
        let by_name: BTreeMap<String, &Placed<'_>> =
            placed.iter().map(|one| (one.file.windows.to_ascii_lowercase(), one)).collect();
        let mut found = Applications::default();
        for shortcut in shortcuts.iter().take(MOST_SHORTCUTS) {
            if !shortcut.windows.to_ascii_lowercase().contains(MENU) {
                found.leave_out(shortcut, "packages have nothing on the desktop");
                continue;
            }
            let bytes = read(upper, &shortcut.path, MAX_SHORTCUT + 1).unwrap_or_default();
            let Some(link) = Shortcut::parse(&bytes) else {
                found.leave_out(shortcut, "it leads to no file of this computer");
                continue;
            };
            let target = link.target.to_ascii_lowercase();
            let stem = shortcut.path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            if is_uninstaller(&target, uninstallers)
                || is_uninstaller(&stem.to_ascii_lowercase(), &BTreeSet::new())
            {
                found.leave_out(shortcut, "it removes the program, which removing the package does");
            } else if let Some(placed) = by_name.get(&target) {
                match found.start(upper, placed, stem) {
                    Ok(()) if !link.arguments.is_empty() => found.left_out.push(LeftOut {
                        what: format!("{}: {}", shortcut.windows, link.arguments),
                        why: "a package's application has no arguments of its own",
                    }),
                    Ok(()) => {}
                    Err(why) => found.leave_out(shortcut, why),
                }
            } else {
                found.leave_out(shortcut, "it leads to nothing that the installer made");
            }
        }
        if found.all.is_empty() {
            let in_program_files = |one: &&Placed<'_>| one.name.starts_with("VFS/ProgramFiles");
            for one in placed.iter().filter(in_program_files) {
                let lower = one.file.windows.to_ascii_lowercase();
                let stem = one.file.path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
                if lower.ends_with(".exe")
                    && !is_uninstaller(&lower, uninstallers)
                    && let Err(why @ UNFIT) = found.start(upper, one, stem)
                    && found.left_out.len() < MOST_SAID
                {
                    // Else it is no program, but a file of one.
                    found.leave_out(one.file, why);
                }
            }
        }
        found
    }

    fn leave_out(&mut self, shortcut: &Changed, why: &'static str) {
        self.left_out.push(LeftOut { what: shortcut.windows.clone(), why });
    }

    /// Adds one.
    fn start(&mut self, upper: &OwnedFd, placed: &Placed<'_>, shown: &str) -> Result<(), &'static str> {
        if self.all.iter().any(|one| one.executable == placed.name) {
            return Err("another shortcut leads to the same program");
        }
        if self.all.len() >= MOST {
            return Err("there are fifty others");
        }
        let head = read(upper, &placed.file.path, PROGRAM_HEAD).unwrap_or_default();
        let Some(WindowsImage::Program(architecture, _)) = windows_image(&head) else {
            return Err("it leads to no Windows program");
        };
        let stem = placed.file.path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let shown = if shown.is_empty() { stem } else { shown };
        let mut application = CapturedApplication {
            id: "App".to_owned(),
            display_name: shown.to_owned(),
            executable: placed.name.clone(),
            alias: alias(stem),
        };
        if !application.is_fit() {
            return Err(UNFIT);
        }
        application.id = self.id(shown);
        application.alias = application.alias.filter(|alias| self.aliases.insert(alias.clone()));
        self.architecture.get_or_insert(architecture);
        self.all.push(application);
        Ok(())
    }

    /// A name of ASCII letters and digits that no other one has.
    fn id(&mut self, shown: &str) -> String {
        let letters: String = shown.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
        let base = match letters.chars().next() {
            Some(first) if first.is_ascii_alphabetic() => letters,
            _ => format!("App{letters}"),
        };
        let mut id = base.clone();
        let mut number = 1;
        while !self.ids.insert(id.to_ascii_lowercase()) {
            number += 1;
            id = format!("{base}{number}");
        }
        id
    }
}

/// A command, from the name of a program's file.
fn alias(stem: &str) -> Option<String> {
    let plain =
        |letter: char| if letter.is_ascii_alphanumeric() || "._-".contains(letter) { letter } else { '-' };
    let name: String = stem.to_ascii_lowercase().chars().map(plain).take(60).collect();
    let name = name.trim_matches(['-', '.']);
    (!name.is_empty()).then(|| format!("{name}.exe"))
}

/// By what the installer says, or by the names that installers give them (NSIS, Inno Setup).
fn is_uninstaller(lower: &str, known: &BTreeSet<String>) -> bool {
    let name = lower.rsplit('\\').next().unwrap_or_default();
    known.contains(lower) || name.contains("uninst") || name.starts_with("unins0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uninstallers_are_known_by_what_the_installer_says_and_by_their_names() {
        let known = BTreeSet::from([r"c:\program files\x\away.exe".to_owned()]);
        for name in
            [r"c:\program files\x\away.exe", r"c:\x\uninstall.exe", r"c:\x\unins000.exe", "uninstall contoso"]
        {
            assert!(is_uninstaller(name, &known), "{name}");
        }
        assert!(!is_uninstaller(r"c:\uninstalled\app.exe", &known));
    }

    #[test]
    fn ids_and_aliases_are_what_manifests_take() {
        let mut found = Applications::default();
        let ids: Vec<String> =
            ["Contoso Notes", "contoso-notes", "7-Zip", "\u{4e2d}"].map(|name| found.id(name)).into();
        assert_eq!(ids, ["ContosoNotes", "contosonotes2", "App7Zip", "App"]);
        assert_eq!(alias("Contoso Notes").as_deref(), Some("contoso-notes.exe"));
        assert_eq!(alias("\u{4e2d}"), None);
    }
}
