//! Entries of the store as JSON and as lines.

use std::time::SystemTime;

use lowbox_linux::store::{
    CapabilityConsent, Decision, FileConsent, Held, How, Pending, Run, Standing, standing,
};
use serde::Serialize;

use crate::output::{self, Page, Style};

/// An entry as JSON.
#[derive(Serialize)]
pub struct Entry {
    package: String,
    #[serde(flatten)]
    what: What,
    /// `allow` or `deny`.
    decision: &'static str,
    /// `prompt`, `argument`, `dialog`, `command` or `front-end`.
    how: &'static str,
    made: String,
    last_used: Option<String>,
}

/// What an entry or a holder is about.
#[derive(Serialize)]
#[serde(tag = "object", rename_all = "kebab-case")]
enum What {
    Path {
        path: String,
        /// For people.
        #[serde(skip)]
        shown: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        path_hex: Option<String>,
        rights: String,
        read_only: bool,
        /// What was there.
        kind: String,
        /// What is now.
        state: &'static str,
    },
    Capability {
        capability: String,
    },
}

/// A running container as JSON.
#[derive(Serialize)]
pub struct Holder {
    package: String,
    pid: u32,
    program: String,
    since: String,
    /// A path or the name of a capability.
    holds: String,
    /// What became of a revocation: `ended`, `detached`, `next-start` or `no-answer`; null where nothing is revoked.
    outcome: Option<&'static str>,
}

impl Entry {
    pub fn of_file(consent: &FileConsent) -> Entry {
        let now = standing(consent);
        Entry {
            package: consent.package.clone(),
            what: What::Path {
                path: consent.path.display().to_string(),
                shown: output::path(&consent.path),
                path_hex: hexadecimal(&consent.path),
                rights: consent.rights.to_string(),
                read_only: consent.read_only,
                kind: consent.object.kind.to_string(),
                // A denial is for the path, whatever is there.
                state: if consent.decision == Decision::Deny { "valid" } else { state(now) },
            },
            decision: decision(consent.decision),
            how: how(consent.how),
            made: time(consent.made),
            last_used: consent.used.map(time),
        }
    }

    pub fn of_capability(consent: &CapabilityConsent) -> Entry {
        Entry {
            package: consent.package.clone(),
            what: What::Capability { capability: consent.capability.clone() },
            decision: decision(consent.decision),
            how: how(consent.how),
            made: time(consent.made),
            last_used: consent.used.map(time),
        }
    }

    /// The package, for headings.
    pub fn package(&self) -> &str {
        &self.package
    }

    /// One line of a listing.
    pub fn line(&self, page: &mut Page) {
        let (rights, shown) = match &self.what {
            What::Path { shown, rights, .. } => (rights.as_str(), shown.as_str()),
            What::Capability { capability } => ("", capability.as_str()),
        };
        let style = if self.decision == "allow" { Style::Good } else { Style::Bad };
        let used = self.last_used.as_deref().unwrap_or("never");
        page.styled(&[
            (style, &format!("  {:<6}", self.decision)),
            (Style::Plain, &format!("{rights:<4} ")),
            (Style::Strong, shown),
            (Style::Faint, &format!("  {} {}, last used {used}", self.how, self.made)),
        ]);
        if let What::Path { read_only: true, .. } = &self.what {
            page.styled(&[(Style::Faint, "              read only: does not ask for writing")]);
        }
        if let What::Path { state, kind, .. } = &self.what
            && let Some(words) = state_in_words(state)
        {
            page.styled(&[(Style::Doubtful, &format!("              {words} (it was a {kind})"))]);
        }
    }
}

impl Holder {
    pub fn new(run: &Run, held: &Held, outcome: Option<&'static str>) -> Holder {
        Holder {
            package: run.package.clone(),
            pid: run.pid,
            program: run.program.display().to_string(),
            since: time(run.began),
            holds: match held {
                Held::File(path) => path.display().to_string(),
                Held::Capability(name) => name.clone(),
            },
            outcome,
        }
    }

    pub fn of_pending(pending: &Pending, outcome: &'static str) -> Holder {
        Holder::new(&pending.run, &pending.what, Some(outcome))
    }

    /// What became of a revocation, in words.
    pub fn outcome_in_words(&self) -> &'static str {
        match self.outcome {
            Some("ended") => "ended",
            Some("detached") => "detached: new opens fail, what is open stays open",
            Some("next-start") => "runs on with it until it ends, and does not have it at the next start",
            Some("no-answer") => "DID NOT REACT and may still have it; end it yourself",
            _ => "has it",
        }
    }

    /// Who it is, as the beginning of a sentence.
    pub fn in_words(&self) -> String {
        format!(
            "{} of {} (lowbox {}, since {}) has {}",
            output::visible(&self.program),
            self.package,
            self.pid,
            self.since,
            output::visible(&self.holds)
        )
    }
}

fn state(standing: Standing) -> &'static str {
    match standing {
        Standing::Same => "valid",
        Standing::Replaced(_) => "replaced",
        Standing::Missing => "missing",
        Standing::Unreachable => "unreachable",
        Standing::Link => "void-link",
        Standing::OtherKind(_) => "void-kind",
        Standing::OtherObject => "void-moved",
    }
}

/// `None` where there is nothing to say.
fn state_in_words(state: &str) -> Option<&'static str> {
    Some(match state {
        "missing" => "nothing is there now; it holds again when something is",
        "unreachable" => "it can't be looked at",
        "void-link" => "void: a part of the path has become a symbolic link",
        "void-kind" => "void: something of another kind is there now",
        "void-moved" => "void: another one is there now",
        _ => return None,
    })
}

fn decision(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow => "allow",
        Decision::Deny => "deny",
    }
}

fn how(how: How) -> &'static str {
    match how {
        How::Prompt => "prompt",
        How::Argument => "argument",
        How::Dialog => "dialog",
        How::Command => "command",
        How::FrontEnd => "front-end",
    }
}

fn time(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

/// The bytes of a path whose name is not UTF-8.
fn hexadecimal(path: &std::path::Path) -> Option<String> {
    use std::os::unix::ffi::OsStrExt;
    path.to_str()
        .is_none()
        .then(|| path.as_os_str().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect())
}
