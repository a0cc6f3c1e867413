//! The answer for people.

use lowbox_policy::network::{DestinationCheck, Way};

use super::answer::{Address, Answer, RouteName, Suggestion, Verdict};
use crate::output::{Page, Style};
use crate::trace;

/// The verdict first, then what decided, then what would help.
pub fn page(answer: &Answer) -> Page {
    let mut page = Page::new();
    let verdict = |granted: bool| if granted { (Style::Good, "granted") } else { (Style::Bad, "denied") };
    let what = format!("connect to {}: ", answer.asked);
    page.styled(&[
        (Style::Strong, &what),
        verdict(answer.granted.tcp),
        (Style::Plain, " by TCP, "),
        verdict(answer.granted.udp),
        (Style::Plain, " by UDP"),
    ]);
    if let Some(resolves) = answer.resolves {
        page.field(
            "name",
            if resolves { "the program may resolve it" } else { "the program may not resolve it" },
        );
    }
    for address in &answer.addresses {
        of_address(&mut page, address);
    }
    for note in &answer.notes {
        page.field("note", note);
    }
    page
}

fn of_address(page: &mut Page, address: &Address) {
    let classes: Vec<String> = address.classes.iter().map(ToString::to_string).collect();
    let mut text = format!("{}: {}", address.address, classes.join(" and "));
    match address.route {
        RouteName::Other => {}
        RouteName::Local => text.push_str("; an address of this machine's own"),
        RouteName::Broadcast => text.push_str("; a broadcast of a network that this machine is in"),
    }
    if address.named {
        text.push_str("; an allowed host");
    }
    page.field("address", &text);
    if address.tcp == address.udp {
        of_protocol(page, "TCP, UDP", &address.tcp);
    } else {
        of_protocol(page, "TCP", &address.tcp);
        of_protocol(page, "UDP", &address.udp);
    }
}

fn of_protocol(page: &mut Page, protocol: &str, verdict: &Verdict) {
    page.field(protocol, if verdict.granted { "granted" } else { "denied" });
    for check in &verdict.checks {
        page.field("check", &of_check(check));
        trace::lines(page, &check.trace);
    }
    for (index, suggestion) in verdict.would_grant.iter().enumerate() {
        let text = match suggestion {
            Suggestion::Capability { name } => format!("--capability {name}"),
            Suggestion::AllowHost { argument } => format!("--allow-host {argument}"),
            Suggestion::AllowLoopback { port } => format!("--allow-loopback {port}"),
        };
        page.field(if index == 0 { "would grant it" } else { "" }, &text);
    }
    if !verdict.granted && verdict.would_grant.is_empty() {
        page.field("would grant it", "nothing");
    }
}

fn of_check(check: &DestinationCheck) -> String {
    let way = match check.way {
        Way::Class => "destinations.txt",
        Way::AllowedHost => "an allowed host",
        Way::LoopbackExemption => "a loopback exemption",
    };
    let verdict = if check.granted { "granted" } else { "denied" };
    format!("{}, {way}: {verdict}\n{}", check.class, check.descriptor)
}
