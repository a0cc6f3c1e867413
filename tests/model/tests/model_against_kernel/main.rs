//! Model against kernel: the kernel, as lowbox sets it up, never permits what the access check denies.
//!
//! Random trees, descriptors and tokens; a probe inside tries every operation with real system calls; its answers and the
//! disk are compared with the check. The other direction, what the kernel denies and the check allows, must be explained
//! by a note of the plan, by the host's permissions or by a limit that `losses` names.
//!
//! `LOWBOX_MODEL_TREES` (2000), `LOWBOX_MODEL_SEED` (a number, or `now`), `LOWBOX_MODEL_LAUNCH` (replays one launch of a
//! seed), `LOWBOX_MODEL_DIR` (where the trees are made), `LOWBOX_BIN` (the lowbox to test, else it is built),
//! `LOWBOX_TEST_USER` (uid:gid of the unprivileged half when the test runs as root).

mod at_run_time;
mod attempts;
mod case;
mod compare;
mod descriptors;
mod exceptions;
mod host;
#[path = "../../../../crates/policy/tests/common/kernel.rs"]
#[allow(dead_code, reason = "the planner's own test uses the rest")]
mod kernel;
mod losses;
mod oracle;
mod permissions;
mod random;
mod runner;
mod setting;
mod table;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use lowbox_model_test::{Attempt, Outcome};
use lowbox_policy::{Object, Plan, PlanOptions, Variables, parse_objects, plan};
use lowbox_security::Token;

use case::Case;
use compare::{Comparison, Findings};
use host::{Seen, Standing};
use oracle::Oracle;
use permissions::UsersTree;
use random::Random;
use runner::Runner;
use setting::{Setting, number, setting};
use table::print_table;

const TREES_PER_LAUNCH: usize = 4;
/// One launch in so many has its trees beneath `/tmp`, of which the container has its own.
const COVERED: u64 = 5;
/// One launch in so many of each user's is made with `--prompt deny`: its trees lie in the user-file frontier, where Landlock
/// leaves everything to the mounts (or beneath `/tmp`, where it does not).
const PROMPTING: u64 = 3;
const PARALLEL_LAUNCHES: usize = 2;
/// Launches with findings after which the run stops: more of the same say nothing new.
const ENOUGH: usize = 5;

#[test]
fn the_kernel_never_permits_what_the_check_denies() {
    let trees = number("LOWBOX_MODEL_TREES").unwrap_or(2000);
    let setting = setting();
    let launches = trees.div_ceil(TREES_PER_LAUNCH as u64);
    let only = number("LOWBOX_MODEL_LAUNCH");
    println!("LOWBOX_MODEL_SEED={} {trees} trees in {}", setting.seed, setting.base.display());
    let started = Instant::now();
    let next = AtomicU64::new(only.unwrap_or(0));
    let end = only.map_or(launches, |only| only + 1);
    let sum = Mutex::new((Findings::default(), Vec::<String>::new()));
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL_LAUNCHES {
            scope.spawn(|| {
                loop {
                    let launch = next.fetch_add(1, Ordering::Relaxed);
                    if launch >= end || sum.lock().expect("no panics").1.len() >= ENOUGH {
                        return;
                    }
                    let result = run_launch(&setting, launch);
                    let mut sum = sum.lock().expect("no panics");
                    match result {
                        Ok((findings, None)) => sum.0.add(findings),
                        Ok((findings, Some(report))) => {
                            sum.0.add(findings);
                            sum.1.push(report);
                        }
                        Err(error) => sum.1.push(format!("launch {launch}: {error}")),
                    }
                }
            });
        }
    });
    setting.remove();
    let (findings, reports) = sum.into_inner().expect("no panics");
    print_table(&findings, started);
    assert!(
        reports.is_empty(),
        "{} launches with findings (replay: LOWBOX_MODEL_SEED={} LOWBOX_MODEL_LAUNCH=n):\n\n{}",
        reports.len(),
        setting.seed,
        reports.join("\n\n")
    );
    let all = findings.permitted + findings.denied;
    assert!(
        findings.permitted * 10 >= all && findings.denied * 10 >= all,
        "a comparison in which nearly nothing is permitted, or nearly nothing denied, proves nothing"
    );
}

fn run_launch(setting: &Setting, launch: u64) -> Result<(Findings, Option<String>), String> {
    let count = setting.runners.len() as u64;
    let prompts = launch / count % PROMPTING == PROMPTING - 1;
    let runners = if prompts { &setting.prompting } else { &setting.runners };
    let runner = &runners[(launch % count) as usize];
    let mut random = Random::of_launch(setting.seed, launch);
    let base = match (launch % COVERED == COVERED - 1, prompts) {
        (true, _) => &setting.covered,
        (false, true) => &runner.home,
        (false, false) => &setting.base,
    };
    let mut case = Case::random(&mut random, launch, TREES_PER_LAUNCH, runner, base);
    if let Some(shown) = &setting.shown_in_run {
        case.beside.push(format!("file {} D:(A;;FR;;;AC)(A;;FR;;;S-1-15-2-2)", shown.display()));
    }
    let tried = case.trees.iter().map(|tree| attempts::attempts(&mut random, tree)).collect::<Vec<_>>();
    let per_tree = run_case(setting, runner, &case, &tried)?;
    let mut report = None;
    for (number, found) in per_tree.iter().enumerate() {
        let wrong = |found: &Findings| !found.violations.is_empty();
        let silent = |found: &Findings| found.violations.is_empty() && !found.unexplained.is_empty();
        let is_bad: &dyn Fn(&Findings) -> bool = if wrong(found) {
            &wrong
        } else if silent(found) {
            &silent
        } else {
            continue;
        };
        let first = found.violations.iter().chain(&found.unexplained).next().cloned().unwrap_or_default();
        let minimal = minimal(setting, runner, &case, number, &tried[number], is_bad);
        report = Some(format!("{first}\nwith less of it:\n{minimal}"));
        break;
    }
    let mut sum = Findings::default();
    per_tree.into_iter().for_each(|found| sum.add(found));
    Ok((sum, report))
}

/// Builds, launches, compares, removes.
fn run_case(
    setting: &Setting,
    runner: &Runner,
    case: &Case,
    tried: &[Vec<Attempt>],
) -> Result<Vec<Findings>, String> {
    host::open_folder(&case.folder).map_err(|error| error.to_string())?;
    let result = run_standing(setting, runner, case, tried);
    host::remove(&case.folder).map_err(|error| error.to_string())?;
    result
}

fn run_standing(
    setting: &Setting,
    runner: &Runner,
    case: &Case,
    tried: &[Vec<Attempt>],
) -> Result<Vec<Findings>, String> {
    let mut standing = Vec::new();
    for tree in &case.trees {
        standing.push(
            Standing::build(tree, runner).map_err(|error| format!("{}: {error}", tree.root.display()))?,
        );
    }
    let token = runner.token(&case.capabilities, case.less_privileged);
    let objects = parse_objects(&case.objects(), "objects", &Variables::new(), &token)
        .map_err(|error| format!("{error}\n{}", case.objects()))?;
    let plan = plan_of(runner, &case_seen(&standing), &token, &objects)?;
    let oracle = Oracle::new(objects, token);
    let all: Vec<Attempt> = tried.iter().flatten().cloned().collect();
    let outcomes = runner
        .run(&setting.lowbox, &setting.probe, case, &all)
        .map_err(|error| format!("{error}\n{}", case.objects()))?;
    let mut rest: &[Outcome] = &outcomes;
    let mut found = Vec::new();
    for ((tree, standing), attempts) in case.trees.iter().zip(&mut standing).zip(tried) {
        let (own, others) = rest.split_at(attempts.len());
        rest = others;
        let before = standing.before.clone();
        let comparison = Comparison { oracle: &oracle, plan: &plan, runner, tree, before: &before };
        let mut findings = comparison.answers(attempts, own);
        findings.violations.extend(comparison.effects(standing, attempts, own));
        found.push(findings);
    }
    Ok(found)
}

fn case_seen(standing: &[Standing]) -> BTreeMap<PathBuf, Seen> {
    standing.iter().flat_map(|standing| standing.before.clone()).collect()
}

fn plan_of(
    runner: &Runner,
    seen: &BTreeMap<PathBuf, Seen>,
    token: &Token,
    objects: &[Object],
) -> Result<Plan, String> {
    let tree = UsersTree { runner, seen };
    plan(token, objects, &tree, &PlanOptions::default()).map_err(|error| error.to_string())
}

/// Leaves out objects as long as something stays wrong, and describes what is left.
fn minimal(
    setting: &Setting,
    runner: &Runner,
    case: &Case,
    number: usize,
    tried: &[Attempt],
    is_bad: &dyn Fn(&Findings) -> bool,
) -> String {
    let tried = [tried.to_vec()];
    let mut case = case.alone(&case.trees[number]);
    let mut last = run_case(setting, runner, &case, &tried);
    let mut at = 0;
    while at < case.trees[0].lines.len() {
        let mut less = case.clone();
        less.trees[0].lines.remove(at);
        let result = run_case(setting, runner, &less, &tried);
        if result.as_ref().is_ok_and(|found| found.iter().any(is_bad)) {
            (case, last) = (less, result);
        } else {
            at += 1;
        }
    }
    let mut text = format!(
        "launch {} as uid {}{} ({}{:?})\n",
        case.launch,
        runner.user.uid,
        if runner.prompting { " with prompting" } else { "" },
        if case.less_privileged { "LPAC, " } else { "" },
        case.capabilities
    );
    text.push_str(&case.objects());
    for node in &case.trees[0].nodes {
        let whose = if node.own { "own" } else { "other's" };
        text.push_str(&format!("  {:?} {} {:o} {whose}\n", node.kind, node.path.display(), node.mode));
    }
    match last {
        Ok(found) => {
            let first = found.into_iter().next().unwrap_or_default();
            first.violations.iter().take(6).for_each(|line| text.push_str(&format!("VIOLATION {line}\n")));
            first.unexplained.iter().take(6).for_each(|line| text.push_str(&format!("UNEXPLAINED {line}\n")));
        }
        Err(error) => text.push_str(&format!("alone: {error}\n")),
    }
    text.push_str(&plan_text(runner, &case));
    text
}

fn plan_text(runner: &Runner, case: &Case) -> String {
    // The tree is gone by now; made again for the plan alone.
    let made = host::open_folder(&case.folder).and_then(|()| Standing::build(&case.trees[0], runner));
    let token = runner.token(&case.capabilities, case.less_privileged);
    let objects = parse_objects(&case.objects(), "objects", &Variables::new(), &token);
    let planned = match (objects, made) {
        (Ok(objects), Ok(standing)) => plan_of(runner, &case_seen(&[standing]), &token, &objects).ok(),
        _ => None,
    };
    let _ = host::remove(&case.folder);
    let Some(plan) = planned else { return String::new() };
    let mut text = String::new();
    for bind in &plan.binds {
        let mount = if bind.writable { "rw" } else { "ro" };
        text.push_str(&format!("  bind {} {mount} {}\n", bind.path.display(), bind.rights));
    }
    text.push_str(&format!("  listable {:?}\n  links {:?}\n", plan.listable, plan.links));
    for note in &plan.notes {
        text.push_str(&format!("  note {note}\n"));
    }
    text
}
