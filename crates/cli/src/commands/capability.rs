//! `lowbox capability`: the catalogue, and what a capability exposes on this machine.

mod exposed;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use lowbox_policy::{Capability, Verdict, capabilities, capability};
use lowbox_security::Sid;
use lowbox_security::derive::capability_sid;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{self, Page, Style};
use crate::package::{capability_name, read_manifest, warn_of};
use exposed::{Exposed, exposed};

/// `lowbox capability`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Which question.
    #[command(subcommand)]
    pub question: Question,
}

/// The questions.
#[derive(Debug, Subcommand)]
pub enum Question {
    /// List the catalogue, or what a manifest declares
    List {
        /// Only the capabilities that this manifest declares
        #[arg(long, value_name = "MANIFEST")]
        declared_in: Option<PathBuf>,
        /// Answer in JSON (see docs/json.md)
        #[arg(long)]
        json: bool,
    },
    /// Show one capability: what it guards, its SID, how to declare it, what it exposes here
    Show {
        /// Its name
        name: String,
        /// Answer in JSON (see docs/json.md)
        #[arg(long)]
        json: bool,
    },
}

/// A capability as JSON. What the catalogue would tell is null where it does not know the name.
#[derive(Serialize)]
struct Answer {
    name: String,
    sid: Sid,
    known: bool,
    /// How a manifest declares it.
    declaration: Option<String>,
    element: Option<&'static str>,
    namespace: Option<&'static str>,
    privacy: bool,
    /// `accept`, `warn` or `refuse`.
    verdict: &'static str,
    /// Why it is refused or warned of.
    why: Option<&'static str>,
    guards: Option<&'static str>,
    on_linux: Option<&'static str>,
    /// What it exposes on this machine; `show` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    exposes: Option<Vec<Exposed>>,
}

/// Answers.
pub fn execute(arguments: Arguments) -> Result<ExitCode, Failure> {
    match arguments.question {
        Question::List { declared_in, json } => list(declared_in.as_deref(), json)?,
        Question::Show { name, json } => show(&name, json)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(manifest: Option<&Path>, json: bool) -> Result<(), Failure> {
    let answers: Vec<Answer> = match manifest {
        None => capabilities().map(|known| answer(known.name, Some(known))).collect(),
        Some(path) => {
            let manifest = read_manifest(path)?;
            warn_of(&manifest, path);
            manifest.capabilities.iter().map(|one| answer(&one.name, capability(&one.name))).collect()
        }
    };
    if json {
        return output::json(&answers);
    }
    let mut page = Page::new();
    let width = answers.iter().map(|answer| answer.name.len()).max().unwrap_or(0);
    for answer in &answers {
        let (style, verdict) = shown_verdict(answer);
        page.styled(&[
            (Style::Strong, &format!("{:<width$}", answer.name)),
            (Style::Doubtful, if answer.privacy { "  (P)  " } else { "       " }),
            (style, &format!("{verdict:<7} ")),
            (
                Style::Plain,
                answer.guards.unwrap_or("not in the catalogue: becomes a SID that no object names"),
            ),
        ]);
    }
    page.line("");
    page.line("(P) is privacy-sensitive: declared in a manifest it needs the user's consent as well.");
    page.print()
}

fn show(name: &str, json: bool) -> Result<(), Failure> {
    let name = capability_name(name).map_err(Failure::new)?;
    let mut answer = answer(&name, capability(&name));
    answer.exposes = Some(exposed(&name)?);
    if json { output::json(&answer) } else { page(&answer).print() }
}

fn answer(name: &str, known: Option<Capability>) -> Answer {
    let (verdict, why) = match known.map(|known| known.verdict) {
        None => ("warn", None),
        Some(Verdict::Accept) => ("accept", None),
        Some(Verdict::Warn(why)) => ("warn", Some(why)),
        Some(Verdict::Refuse(why)) => ("refuse", Some(why)),
    };
    Answer {
        name: known.map_or(name, |known| known.name).to_owned(),
        sid: capability_sid(name),
        known: known.is_some(),
        declaration: known.map(|known| known.to_string()),
        element: known.map(|known| known.element.as_str()),
        namespace: known.map(|known| known.namespace_uri()),
        privacy: known.is_some_and(|known| known.privacy),
        verdict,
        why,
        guards: known.map(|known| known.guards),
        on_linux: known.map(|known| known.on_linux).filter(|text| *text != "none"),
        exposes: None,
    }
}

fn shown_verdict(answer: &Answer) -> (Style, &'static str) {
    match answer.verdict {
        _ if !answer.known => (Style::Doubtful, "unknown"),
        "accept" => (Style::Good, "accept"),
        "refuse" => (Style::Bad, "refuse"),
        _ => (Style::Doubtful, "warn"),
    }
}

fn page(answer: &Answer) -> Page {
    let mut page = Page::new();
    page.field("capability", &answer.name);
    page.field("guards", answer.guards.unwrap_or("unknown: it is not in the catalogue"));
    page.field(
        "on Linux",
        answer.on_linux.unwrap_or("nothing is granted by it; the SID is in the token all the same"),
    );
    if let (Some(declaration), Some(namespace)) = (&answer.declaration, answer.namespace) {
        page.field("declared by", &format!("{declaration}\nin the namespace {namespace}"));
    }
    page.field("SID", &answer.sid.to_string());
    let privacy = if answer.privacy {
        "privacy-sensitive: a manifest's declaration needs the user's consent"
    } else {
        "no"
    };
    page.field("privacy", privacy);
    let (_, verdict) = shown_verdict(answer);
    page.field("verdict", &answer.why.map_or(verdict.to_owned(), |why| format!("{verdict}: {why}")));
    let exposes = answer.exposes.as_deref().unwrap_or_default();
    if exposes.is_empty() {
        page.field("exposes here", "no object of the catalogue");
    }
    for (index, object) in exposes.iter().enumerate() {
        let mark = if object.exists { "" } else { " (not here)" };
        let how = if object.allow { "" } else { "denied: " };
        page.field(
            if index == 0 { "exposes here" } else { "" },
            &format!("{}{mark}\n  {how}{}\n  {}", object.path, object.rights_names.join(", "), object.origin),
        );
    }
    page
}
