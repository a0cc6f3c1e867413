//! The answer for people.

use std::path::Path;

use lowbox_policy::Suggestion;

use super::answer::Answer;
use crate::output::{self, Page, Style};
use crate::resolve::Resolved;
use crate::trace;

/// The verdict first, then what decided, then what would help.
pub fn page(answer: &Answer, asked: &Path, resolved: &Resolved) -> Page {
    let mut page = Page::new();
    let (style, verdict) = if answer.granted { (Style::Good, "granted") } else { (Style::Bad, "denied") };
    let what = format!("{} {}: ", answer.operation.name(), output::path(&resolved.path));
    page.styled(&[(Style::Strong, &what), (style, verdict)]);
    if !answer.links.is_empty() {
        page.field("asked", &output::path(asked));
    }
    for link in &answer.links {
        let hidden = if link.visible { "" } else { " (not visible to the program)" };
        page.field("link", &format!("{} → {}{hidden}", link.path, link.leads_to));
    }
    if answer.governed_by.is_empty() {
        page.field(
            "governed by",
            "nothing: no entry names it or a folder above it, so it does not exist for the program",
        );
    }
    for entry in &answer.governed_by {
        page.field("governed by", &format!("{}, {}\n{}", entry.path.display(), entry.origin, entry.sddl));
    }
    page.field("descriptor", &answer.descriptor);
    for check in &answer.checks {
        let verdict = if check.granted { "granted" } else { "denied" };
        page.field("check", &format!("{} on {}: {verdict}", check.desired_names.join(", "), check.path));
        trace::lines(&mut page, &check.trace);
    }
    for (index, suggestion) in answer.would_grant.iter().enumerate() {
        let text = match suggestion {
            Suggestion::Capability { name, privacy, opens } => {
                let asks = if *privacy { ", privacy-sensitive" } else { "" };
                let entries = if *opens == 1 { "entry" } else { "entries" };
                format!("--capability {name} (opens {opens} {entries}{asks})")
            }
            Suggestion::Grant { argument } => format!("--grant {argument}"),
        };
        page.field(if index == 0 { "would grant it" } else { "" }, &text);
    }
    for note in &answer.notes {
        page.field("note", note);
    }
    page
}
