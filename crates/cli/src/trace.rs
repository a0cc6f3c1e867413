//! The trace of an access check for people.

use lowbox_security::{Effect, Side, TraceSource, TraceStep};

use crate::output::{Page, Style};

/// One line for each step: what it did, for which half, and in words; the entry in SDDL beneath.
pub fn lines(page: &mut Page, trace: &[TraceStep]) {
    for step in trace {
        let (style, effect) = match step.effect {
            Effect::Granted => (Style::Good, "granted"),
            Effect::Denied => (Style::Bad, "denied"),
            Effect::Ignored => (Style::Doubtful, "ignored"),
        };
        let side = match step.side {
            Side::User => "user",
            Side::Lowbox => "lowbox",
            Side::Both => "both",
            Side::Label => "label",
        };
        page.styled(&[
            (Style::Plain, "  "),
            (style, &format!("{effect:<9}")),
            (Style::Faint, &format!("{side:<8}")),
            (Style::Plain, &step.to_string()),
        ]);
        if let TraceSource::Ace { sddl, .. } | TraceSource::Sacl { sddl, .. } = &step.source {
            page.styled(&[(Style::Faint, &format!("{:19}{sddl}", ""))]);
        }
    }
}
