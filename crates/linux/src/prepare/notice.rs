//! What the user should know although all goes on.

use std::path::PathBuf;

use lowbox_policy::Note;

use crate::host::Shown;
use crate::store::Standing;

/// Something that the user should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// An argument names a file but is not granted; the sentence says why and what to do.
    Argument(String),
    /// A capability is unknown: it became a SID that no object names.
    UnknownCapability(String),
    /// A capability is accepted with a warning.
    Capability(String),
    /// The program's own files (a link, a pyvenv.cfg) lead to code elsewhere, which is granted for reading and executing.
    LedTo(PathBuf),
    /// A privacy-sensitive capability is not in the token.
    Withheld {
        /// Which.
        capability: String,
        /// Whose.
        package: String,
        /// The user said never; else they were not asked, or gave no lasting answer.
        denied: bool,
    },
    /// A remembered consent holds no more.
    ConsentLeftOut {
        /// For what.
        path: PathBuf,
        /// For whom.
        package: String,
        /// What is there instead.
        standing: Standing,
    },
    /// Remembered consents can't be used, or not remembered; the sentence says why.
    Consents(String),
    /// The program does not see what is recorded of it, at this place, and why.
    HiddenRecords(PathBuf, String),
    /// What is granted stands where the program's display would be.
    NoPlaceForDisplay,
    /// The program sees the host's `/tmp`, and there is no folder in it over which its display could be mounted: why.
    NoFolderForDisplay(String),
    /// A grant that the kernel can't hold exactly.
    Plan(Note),
    /// The working folder lies in a place of which the container has its own.
    WorkingFolder {
        /// The working folder.
        folder: PathBuf,
        /// The place.
        own: &'static str,
    },
}

impl std::fmt::Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Notice::Argument(text) | Notice::Capability(text) | Notice::Consents(text) => f.write_str(text),
            Notice::Withheld { capability, package, denied } => {
                let why = if *denied {
                    "you denied it"
                } else {
                    "it is privacy-sensitive and you have not allowed it"
                };
                write!(
                    f,
                    "runs without {capability}: {why}. To allow it: lowbox consent grant --package {package} \
                     --capability {capability}"
                )
            }
            Notice::ConsentLeftOut { path, package, standing } => write!(
                f,
                "what you consented to at {} is left out: {}. To consent to what is there now: lowbox consent grant \
                 --package {package} {}:LETTERS",
                Shown(path),
                standing.in_words(),
                Shown(path)
            ),
            Notice::UnknownCapability(name) => {
                write!(
                    f,
                    "the capability {name:?} is not in the catalogue; it became a SID that no object names"
                )
            }
            Notice::LedTo(folder) => write!(
                f,
                "the program's own files lead to {}; the code there can be read and executed. If that is not what you \
                 expect, look at its pyvenv.cfg and its links",
                Shown(folder)
            ),
            Notice::HiddenRecords(place, why) => write!(
                f,
                "the program can't read what is recorded of it: {}: {why}; move away what is there",
                Shown(place)
            ),
            Notice::NoPlaceForDisplay => f.write_str(
                "the program has no display: its own would lie in its own /tmp, of which you grant the host's; grant the folders in it that it needs",
            ),
            Notice::NoFolderForDisplay(why) => write!(
                f,
                "the program has no display: while nothing is denied its own is mounted over {}, and there is no such folder ({why}); \
                 X servers and systemd make it: mkdir -m 1777",
                crate::display::inside::FOLDER
            ),
            Notice::Plan(note) => note.fmt(f),
            Notice::WorkingFolder { folder, own } => write!(
                f,
                "the working folder {0} lies in {own}, of which the program has its own: what it writes there is not seen \
                 outside; grant it with --grant {0}:rw",
                Shown(folder)
            ),
        }
    }
}
