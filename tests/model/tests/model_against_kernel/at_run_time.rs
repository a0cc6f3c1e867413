//! What is granted while a program runs, against the check: nothing is granted at the start but here and there, and
//! `--prompt allow` grants at the first touch. What the program can do must never exceed what the check grants to all that was
//! announced together; what an entry denies, and what is none of the user's, never opens.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use lowbox_linux::host::Shown;
use lowbox_model_test::Attempt;
use lowbox_policy::frontier::consent_object;
use lowbox_policy::objects::escape;
use lowbox_policy::{GrantRights, Variables, parse_objects};

use crate::case::{Case, Node, Tree};
use crate::compare::{Comparison, Findings};
use crate::host::{self, Standing};
use crate::oracle::Oracle;
use crate::random::Random;
use crate::runner::Runner;
use crate::setting::{Setting, number, setting};
use crate::table::print_table;
use crate::{ENOUGH, PARALLEL_LAUNCHES, attempts, case_seen, plan_of};

/// Trees of a launch; the last one lies in a place of the system.
const TREES: usize = 4;
const LAUNCHES: u64 = 50;
/// What the announcements begin with, after lowbox's name.
const ANNOUNCED: &str = "granted by --prompt allow: ";

#[test]
fn what_is_granted_at_run_time_opens_no_more_than_the_check_grants_to_it() {
    let setting = setting();
    let only = number("LOWBOX_MODEL_LAUNCH");
    println!("LOWBOX_MODEL_SEED={} {} trees granted at run time", setting.seed, LAUNCHES * TREES as u64);
    let started = Instant::now();
    let next = AtomicU64::new(only.unwrap_or(0));
    let end = only.map_or(LAUNCHES, |only| only + 1);
    let sum = Mutex::new((Findings::default(), 0, Vec::<String>::new()));
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL_LAUNCHES {
            scope.spawn(|| {
                loop {
                    let launch = next.fetch_add(1, Ordering::Relaxed);
                    if launch >= end || sum.lock().expect("no panics").2.len() >= ENOUGH {
                        return;
                    }
                    let result = run_launch(&setting, launch);
                    let mut sum = sum.lock().expect("no panics");
                    match result {
                        Ok((findings, announced)) => {
                            if let Some(first) = findings.violations.first() {
                                let count = findings.violations.len();
                                sum.2.push(format!("launch {launch}, the first of {count}: {first}"));
                            }
                            sum.0.add(findings);
                            sum.1 += announced;
                        }
                        Err(error) => sum.2.push(format!("launch {launch}: {error}")),
                    }
                }
            });
        }
    });
    setting.remove();
    let (findings, announced, reports) = sum.into_inner().expect("no panics");
    println!("{announced} grants at run time");
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
        announced > 0 && findings.permitted * 20 >= all && findings.denied * 20 >= all,
        "a comparison in which nearly nothing is permitted, or nearly nothing denied, proves nothing"
    );
}

fn run_launch(setting: &Setting, launch: u64) -> Result<(Findings, usize), String> {
    let runner = &setting.prompting[launch as usize % setting.prompting.len()];
    // Other trees than those of the launches that ask nobody.
    let mut random = Random::of_launch(setting.seed ^ 0x5EED, launch);
    let mut case = Case::random(&mut random, launch, TREES - 1, runner, &runner.home);
    let systems = Case::random(&mut random, launch, 1, runner, &setting.base);
    for tree in &mut case.trees {
        // A part of them keeps what it is granted from the start.
        if random.chance(80) {
            tree.lines = denials(&mut random, &tree.nodes);
        }
    }
    let folders = [case.folder.clone(), systems.folder.clone()];
    case.trees.extend(systems.trees.into_iter().map(|tree| Tree { lines: Vec::new(), ..tree }));
    for folder in &folders {
        host::open_folder(folder).map_err(|error| error.to_string())?;
    }
    let tried: Vec<Vec<Attempt>> =
        case.trees.iter().map(|tree| attempts::attempts(&mut random, tree)).collect();
    let result = run_standing(setting, runner, &case, &tried);
    for folder in &folders {
        host::remove(folder).map_err(|error| error.to_string())?;
    }
    result.map_err(|error| format!("{error}\n{}", case.objects()))
}

/// Entries that deny, on some of the nodes.
fn denials(random: &mut Random, nodes: &[Node]) -> Vec<String> {
    let mut lines = Vec::new();
    for node in nodes {
        if random.chance(12) {
            let rights = *random.pick(&[
                "FA", "FA", "FR", "FW", "FX", "0x1", "0x2", "0x4", "0x8", "0x40", "0x80", "0x100", "0x10000",
            ]);
            let sid = random.pick(&["{package}", "AC", "WD"]);
            let path = escape(node.path.as_os_str());
            lines.push(format!("tree {path} D:(D;OICI;{rights};;;{sid})"));
        }
    }
    lines
}

fn run_standing(
    setting: &Setting,
    runner: &Runner,
    case: &Case,
    tried: &[Vec<Attempt>],
) -> Result<(Findings, usize), String> {
    let mut standing = Vec::new();
    for tree in &case.trees {
        standing.push(
            Standing::build(tree, runner).map_err(|error| format!("{}: {error}", tree.root.display()))?,
        );
    }
    let token = runner.token(&case.capabilities, case.less_privileged);
    let mut objects = parse_objects(&case.objects(), "objects", &Variables::new(), &token)
        .map_err(|error| error.to_string())?;
    let all: Vec<Attempt> = tried.iter().flatten().cloned().collect();
    let (outcomes, said) = runner.run_with("allow", &setting.lowbox, &setting.probe, case, &all)?;
    let package = &token.app_container.as_ref().expect("a program has a package").package;
    let announced = announced(&said, case, &all)?;
    for (path, rights) in &announced {
        if !runner.is_in_frontier(path) {
            return Err(format!("{} is none of the user's, and was granted", path.display()));
        }
        objects.push(consent_object(path.clone(), package, *rights));
    }
    // Of the plan, the comparison needs the mounts' kinds alone; losses are another test's affair.
    let plan = plan_of(runner, &case_seen(&standing), &token, &objects)?;
    let oracle = Oracle::new(objects, token);
    let mut rest = outcomes.as_slice();
    let mut sum = Findings::default();
    for ((tree, standing), attempts) in case.trees.iter().zip(&mut standing).zip(tried) {
        let (own, others) = rest.split_at(attempts.len());
        rest = others;
        let before = standing.before.clone();
        let comparison = Comparison { oracle: &oracle, plan: &plan, runner, tree, before: &before };
        let mut findings = comparison.answers(attempts, own);
        findings.violations.extend(comparison.effects(standing, attempts, own));
        if !findings.violations.is_empty() {
            let shown: Vec<String> =
                announced.iter().map(|(path, rights)| format!("{}:{rights}", path.display())).collect();
            findings.violations[0].push_str(&format!(
                "\nannounced: {}\n{}",
                shown.join("\n           "),
                case.objects()
            ));
        }
        sum.add(findings);
    }
    sum.unexplained.clear();
    sum.losses.clear();
    Ok((sum, announced.len()))
}

/// What lowbox said that it granted: each is one of the paths that were touched, or a folder above one.
fn announced(said: &str, case: &Case, tried: &[Attempt]) -> Result<Vec<(PathBuf, GrantRights)>, String> {
    let mut known: BTreeMap<String, &Path> = BTreeMap::new();
    let touched = tried.iter().flat_map(|attempt| [Some(attempt.path.as_path()), attempt.other.as_deref()]);
    let nodes = case.trees.iter().flat_map(|tree| tree.nodes.iter().map(|node| node.path.as_path()));
    for path in nodes.chain(touched.flatten()).flat_map(Path::ancestors) {
        known.insert(Shown(path).to_string(), path);
    }
    let mut all = Vec::new();
    for line in said.lines() {
        let Some(at) = line.find(ANNOUNCED) else { continue };
        let (path, letters) = line[at + ANNOUNCED.len()..].rsplit_once(':').ok_or(line)?;
        let path = known.get(path).ok_or_else(|| format!("nothing touched what was granted: {line}"))?;
        let rights = letters.parse::<GrantRights>().map_err(|error| format!("{line}: {error}"))?;
        all.push((path.to_path_buf(), rights));
    }
    Ok(all)
}
