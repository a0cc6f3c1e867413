//! What a run found, in numbers.

use std::time::Instant;

use crate::compare::Findings;

/// Prints it.
pub fn print_table(findings: &Findings, started: Instant) {
    let all = (findings.permitted + findings.denied).max(1);
    let percent = |count: usize| 100.0 * count as f64 / all as f64;
    println!(
        "{all} operations in {:.0} s: {} ({:.1} %) permitted, {} ({:.1} %) denied",
        started.elapsed().as_secs_f64(),
        findings.permitted,
        percent(findings.permitted),
        findings.denied,
        percent(findings.denied)
    );
    let lost: usize = findings.losses.values().sum();
    println!(
        "denied by both {} ({:.1} %); allowed by the check and denied by the kernel {lost} ({:.1} %), of which unexplained {}; permitted beyond the plan {}",
        findings.agreed_denied,
        percent(findings.agreed_denied),
        percent(lost),
        findings.unexplained.len(),
        findings.beyond_plan
    );
    for (reason, count) in &findings.losses {
        println!("  {count:>8}  {reason}");
    }
    for (exception, count) in &findings.exceptions {
        println!("  {count:>8}  permitted by the kernel and denied by the check: {exception}");
    }
    for (action, (permitted, denied)) in &findings.actions {
        println!("  {action:?}: {permitted} permitted, {denied} denied");
    }
}
