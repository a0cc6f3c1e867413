//! What the user is told while a program runs.

use std::path::PathBuf;

use lowbox_policy::GrantRights;

use super::Limit;
use crate::host::Shown;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Something was granted without a question: by policy.
    Granted {
        /// The object.
        path: PathBuf,
        /// The rights.
        rights: GrantRights,
        /// When that was decided: nanoseconds of CLOCK_MONOTONIC.
        decided: i64,
    },
    /// Something can't be granted, so nobody was asked.
    NotOffered {
        /// The object.
        path: PathBuf,
        /// Why, and what to do.
        why: String,
    },
    /// The user chose something for the program, which can't be granted.
    NotGiven {
        /// The object.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A consent could not be carried out.
    Failed {
        /// The object.
        path: PathBuf,
        /// Why.
        why: String,
        /// Nothing is remembered of an answer that was given just now. What was consented to before stays.
        forgotten: bool,
    },
    /// Nobody answered in time.
    NoAnswer {
        /// The object.
        path: PathBuf,
    },
    /// More was not granted than there are lines for.
    TooMany,
    /// A limit is reached.
    Limit(Limit),
    /// The consent store can't be used: answers hold for this run only.
    Store(String),
    /// A consent was revoked, and the container ends.
    Revoked {
        /// The object.
        what: String,
    },
    /// A consent was revoked, and what it opened was taken away.
    Detached {
        /// The object.
        path: PathBuf,
    },
    /// The grantor ended, and with it the container.
    GrantorGone,
}

impl Notice {
    /// Whether the program chooses how many of these there are.
    pub(super) fn is_in_the_programs_hands(&self) -> bool {
        matches!(self, Notice::NotOffered { .. } | Notice::Failed { .. } | Notice::Store(_))
    }
}

impl std::fmt::Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Notice::Granted { path, rights, .. } => {
                write!(f, "granted by --prompt allow: {}:{rights}", Shown(path))
            }
            Notice::NotOffered { path, why } => {
                write!(f, "{} was touched and is not granted: {}", Shown(path), Shown(why))
            }
            Notice::NotGiven { path, why } => {
                write!(f, "{} was chosen and can't be given to the program: {}", Shown(path), Shown(why))
            }
            Notice::Failed { path, why, forgotten } => {
                write!(f, "{} could not be granted: {}", Shown(path), Shown(why))?;
                match forgotten {
                    true => Ok(()),
                    false => write!(
                        f,
                        "; your answer is remembered all the same, lowbox consent revoke {} forgets it",
                        Shown(path)
                    ),
                }
            }
            Notice::NoAnswer { path } => write!(f, "no answer in time about {}, so it is no", Shown(path)),
            Notice::TooMany => f.write_str(
                "more was touched and is not granted than is shown here; for a minute only questions are",
            ),
            Notice::Limit(limit) => limit.fmt(f),
            Notice::Store(why) => write!(f, "answers hold for this run only, because {}", Shown(why)),
            Notice::Revoked { what } => {
                write!(f, "the consent to {what} was revoked, so the program is ended")
            }
            Notice::Detached { path } => write!(
                f,
                "the consent to {} was revoked: it can't be opened any more; what the program has open stays open",
                Shown(path)
            ),
            Notice::GrantorGone => {
                f.write_str("the process that grants access ended, so the program is ended; run it again")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_that_quotes_a_name_stays_one_line() {
        let why = "/home/ada/a\nlowbox: all is well is denied".to_owned();
        let path = PathBuf::from("/home/ada/\u{1b}[2J");
        let line = Notice::NotOffered { path, why }.to_string();
        assert!(!line.contains(char::is_control), "{line}");
    }
}
