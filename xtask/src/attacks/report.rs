//! The table, and what counts as passed.

use std::process::ExitCode;

use serde::{Deserialize, Serialize};

use super::trial::{Try, Verdict};

/// What one identity found out about one attack.
#[derive(Serialize, Deserialize)]
pub struct Finding {
    pub name: String,
    pub group: String,
    pub unconfined: Try,
    pub inside: Try,
    pub learning: Try,
    /// Seconds for all sides.
    pub took: f64,
}

/// One row of the table.
#[derive(Serialize)]
pub struct Row {
    group: String,
    name: String,
    result: &'static str,
    root: Option<Sides>,
    user: Option<Sides>,
}

#[derive(Serialize)]
struct Sides {
    unconfined: Try,
    inside: Try,
    learning: Try,
    took: f64,
}

impl Row {
    /// Joins what the identities found out.
    pub fn new(root: Option<Finding>, user: Option<Finding>) -> Option<Self> {
        let any = root.as_ref().or(user.as_ref())?;
        let (group, name) = (any.group.clone(), any.name.clone());
        let sides =
            |Finding { unconfined, inside, learning, took, .. }| Sides { unconfined, inside, learning, took };
        let mut row = Self { group, name, result: "", root: root.map(sides), user: user.map(sides) };
        row.result = row.judge();
        Some(row)
    }

    fn sides(&self) -> impl Iterator<Item = &Sides> {
        self.root.iter().chain(&self.user)
    }

    fn judge(&self) -> &'static str {
        let outside = |verdict| self.sides().any(|side| side.unconfined.verdict == verdict);
        let inside_holds = |side: &Sides| {
            [&side.inside, &side.learning].into_iter().all(|confined| {
                matches!(confined.verdict, Verdict::Stopped | Verdict::Refused | Verdict::NotTried)
                    // Where the attack is impossible the program may also have nothing to start with.
                    || side.unconfined.verdict == Verdict::NotPossible && confined.verdict != Verdict::Works
            })
        };
        if !self.sides().all(inside_holds) || outside(Verdict::Stopped) || outside(Verdict::Broken) {
            "failed"
        } else if outside(Verdict::Works) {
            "passed"
        } else {
            "not possible here"
        }
    }

    fn is_tried_while_learning(&self) -> bool {
        self.sides().any(|sides| sides.learning.verdict != Verdict::NotTried)
    }

    fn cell(verdict: Option<&Try>, inside: bool) -> &'static str {
        match verdict.map(|v| v.verdict) {
            Some(Verdict::Works) if inside => "SUCCEEDED",
            Some(Verdict::Works) => "works",
            Some(Verdict::Stopped) if inside => "stopped",
            Some(Verdict::Stopped) => "NO EFFECT",
            Some(Verdict::Refused) => "refused",
            Some(Verdict::NotPossible) => "not possible here",
            Some(Verdict::Broken) => "BROKEN",
            Some(Verdict::NotTried) | None => "-",
        }
    }

    fn unconfined_cell(&self) -> &'static str {
        // The worst of what was tried: one identity on which the attack has no effect makes the row worthless.
        let order = [Verdict::Broken, Verdict::Stopped, Verdict::Works, Verdict::NotPossible];
        let worst = order.iter().find_map(|v| self.sides().map(|s| &s.unconfined).find(|t| t.verdict == *v));
        Self::cell(worst, false)
    }

    fn reasons(&self) -> impl Iterator<Item = String> {
        [("root", &self.root), ("user", &self.user)]
            .into_iter()
            .filter_map(|(who, sides)| Some((who, sides.as_ref()?)))
            .map(|(who, sides)| {
                let said = |side: &Try| format!("{:?} ({})", side.verdict, side.detail);
                format!(
                    "    {who}: unconfined {}, inside {}, learning {}",
                    said(&sides.unconfined),
                    said(&sides.inside),
                    said(&sides.learning)
                )
            })
    }
}

/// Prints the table or JSON; success only if nothing failed.
pub fn print(rows: &[Row], json: bool, verbose: bool) -> ExitCode {
    let count = |result| rows.iter().filter(|row| row.result == result).count();
    let (passed, failed, impossible) = (count("passed"), count("failed"), count("not possible here"));
    let learning = rows.iter().filter(|row| row.is_tried_while_learning()).count();
    if json {
        let report = serde_json::json!({ "rows": rows, "passed": passed, "failed": failed, "not_possible": impossible, "while_learning": learning });
        println!("{report:#}");
    } else {
        println!(
            "{:<36} {:<18} {:<12} {:<12} {:<14} {:<14}",
            "attack", "unconfined", "root inside", "user inside", "root learning", "user learning"
        );
        let mut group = "";
        for row in rows {
            if row.group != group {
                group = &row.group;
                println!("-- {group}");
            }
            let root = Row::cell(row.root.as_ref().map(|s| &s.inside), true);
            let user = Row::cell(row.user.as_ref().map(|s| &s.inside), true);
            let learning = |sides: &Option<Sides>| Row::cell(sides.as_ref().map(|s| &s.learning), true);
            let (root_learning, user_learning) = (learning(&row.root), learning(&row.user));
            println!(
                "{:<36} {:<18} {root:<12} {user:<12} {root_learning:<14} {user_learning:<14}",
                row.name,
                row.unconfined_cell()
            );
            if row.result != "passed" || verbose {
                row.reasons().for_each(|reason| println!("{reason}"));
            }
        }
        println!("{impossible} not possible here, {learning} tried while learning too");
        println!("{passed} passed, {failed} failed");
    }
    if failed == 0 && !rows.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(unconfined: Verdict, inside: Verdict) -> &'static str {
        judged(unconfined, inside, Verdict::NotTried)
    }

    fn judged(unconfined: Verdict, inside: Verdict, learning: Verdict) -> &'static str {
        let a_try = |verdict| Try { verdict, detail: String::new() };
        let finding = Finding {
            name: "a".into(),
            group: "g".into(),
            unconfined: a_try(unconfined),
            inside: a_try(inside),
            learning: a_try(learning),
            took: 0.0,
        };
        Row::new(Some(finding), None).map_or("", |row| row.result)
    }

    #[test]
    fn an_attack_that_works_outside_and_is_stopped_inside_passes() {
        assert_eq!(result(Verdict::Works, Verdict::Stopped), "passed");
        assert_eq!(result(Verdict::Works, Verdict::Refused), "passed");
    }

    #[test]
    fn an_attack_that_has_no_effect_outside_proves_nothing_and_fails() {
        assert_eq!(result(Verdict::Stopped, Verdict::Stopped), "failed");
        assert_eq!(result(Verdict::Broken, Verdict::Stopped), "failed");
    }

    #[test]
    fn a_program_that_does_not_start_inside_fails() {
        assert_eq!(result(Verdict::Works, Verdict::Broken), "failed");
    }

    #[test]
    fn an_effect_inside_fails_even_where_the_attack_seemed_impossible() {
        assert_eq!(result(Verdict::Works, Verdict::Works), "failed");
        assert_eq!(result(Verdict::NotPossible, Verdict::Works), "failed");
    }

    #[test]
    fn an_effect_while_learning_fails_where_it_is_stopped_inside() {
        assert_eq!(judged(Verdict::Works, Verdict::Stopped, Verdict::Works), "failed");
        assert_eq!(judged(Verdict::Works, Verdict::Stopped, Verdict::Broken), "failed");
        assert_eq!(judged(Verdict::Works, Verdict::Stopped, Verdict::Stopped), "passed");
    }

    #[test]
    fn what_nobody_could_prove_is_not_counted_as_passed() {
        assert_eq!(result(Verdict::NotPossible, Verdict::Broken), "not possible here");
        assert_eq!(result(Verdict::NotTried, Verdict::Stopped), "not possible here");
    }
}
