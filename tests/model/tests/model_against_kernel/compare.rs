//! The answers of the probe against the answers of the check, and both against the disk.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use lowbox_model_test::{Action, Attempt, Outcome, shown};
use lowbox_policy::{NodeKind, Operation, Plan};
use rustix::io::Errno;

use crate::case::Tree;
use crate::exceptions;
use crate::host::{self, Seen, Standing};
use crate::kernel::Kernel;
use crate::losses;
use crate::oracle::{Need, Oracle, needs};
use crate::permissions::Permissions;
use crate::runner::Runner;

/// What a comparison found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// The kernel permitted, or the disk shows, what the check denies.
    pub violations: Vec<String>,
    /// The kernel denied what the check allows, for no known reason.
    pub unexplained: Vec<String>,
    /// Reasons for losses, and how often.
    pub losses: BTreeMap<&'static str, usize>,
    /// Known cases of the kernel permitting what the check denies, and how often.
    pub exceptions: BTreeMap<&'static str, usize>,
    /// By action: permitted and denied.
    pub actions: BTreeMap<Action, (usize, usize)>,
    pub permitted: usize,
    pub denied: usize,
    /// Denied by both.
    pub agreed_denied: usize,
    /// Permitted although the plan did not foresee it; allowed by the check all the same.
    pub beyond_plan: usize,
}

impl Findings {
    pub fn add(&mut self, other: Findings) {
        self.violations.extend(other.violations);
        self.unexplained.extend(other.unexplained);
        for (reason, count) in other.losses {
            *self.losses.entry(reason).or_default() += count;
        }
        for (exception, count) in other.exceptions {
            *self.exceptions.entry(exception).or_default() += count;
        }
        for (action, (permitted, denied)) in other.actions {
            let sum = self.actions.entry(action).or_default();
            sum.0 += permitted;
            sum.1 += denied;
        }
        self.permitted += other.permitted;
        self.denied += other.denied;
        self.agreed_denied += other.agreed_denied;
        self.beyond_plan += other.beyond_plan;
    }
}

pub struct Comparison<'a> {
    pub oracle: &'a Oracle,
    pub plan: &'a Plan,
    pub runner: &'a Runner,
    pub tree: &'a Tree,
    pub before: &'a BTreeMap<PathBuf, Seen>,
}

/// What is where, as the attempts change it.
struct State {
    kinds: HashMap<PathBuf, NodeKind>,
    /// Links to something that was there: the object's first name.
    linked: HashMap<PathBuf, PathBuf>,
}

impl State {
    fn forget(&mut self, path: &Path) {
        self.kinds.retain(|known, _| !known.starts_with(path));
    }

    fn follow(&mut self, attempt: &Attempt, outcome: Outcome, kind: NodeKind) {
        let path = &attempt.path;
        let other = attempt.other.as_deref().unwrap_or(path);
        match (attempt.action, outcome) {
            (_, Outcome::Failed(_) | Outcome::NotEmpty { .. }) => {}
            (_, Outcome::Moved { .. }) => {
                self.forget(path);
                self.forget(other);
            }
            (Action::Unlink | Action::Rmdir, _) => self.forget(path),
            (Action::Link, _) => {
                self.kinds.insert(other.to_owned(), kind);
                self.linked.insert(other.to_owned(), path.clone());
            }
            (action, _) => {
                if let Some(kind) = made(action) {
                    self.kinds.insert(path.clone(), kind);
                }
            }
        }
    }
}

fn made(action: Action) -> Option<NodeKind> {
    match action {
        Action::Create | Action::MakeFile | Action::LinkTemporary => Some(NodeKind::File),
        Action::Mkdir => Some(NodeKind::Dir),
        Action::Symlink => Some(NodeKind::Symlink),
        Action::MakeFifo => Some(NodeKind::Fifo),
        Action::MakeSocket => Some(NodeKind::Socket),
        _ => None,
    }
}

impl Comparison<'_> {
    /// Compares what the probe says.
    pub fn answers(&self, attempts: &[Attempt], outcomes: &[Outcome]) -> Findings {
        let mut findings = Findings::default();
        let kinds = self.tree.nodes.iter().map(|node| (node.path.clone(), node.kind)).collect();
        let mut state = State { kinds, linked: HashMap::new() };
        let kernel = Kernel::new(self.plan);
        for (attempt, outcome) in attempts.iter().zip(outcomes) {
            self.answer(attempt, *outcome, &mut state, &kernel, &mut findings);
        }
        findings
    }

    fn answer(
        &self,
        attempt: &Attempt,
        outcome: Outcome,
        state: &mut State,
        kernel: &Kernel<'_>,
        findings: &mut Findings,
    ) {
        let other_kind = attempt.other.as_ref().and_then(|other| state.kinds.get(other)).copied();
        let makes = made(attempt.action);
        let kind = state.kinds.get(&attempt.path).copied().or(makes);
        // What it is about is gone, or was never made.
        let target = match attempt.action {
            Action::Link | Action::Rename => attempt.other.as_deref(),
            _ => makes.map(|_| attempt.path.as_path()),
        };
        let folder_is_there =
            target.and_then(Path::parent).is_none_or(|folder| state.kinds.contains_key(folder));
        let needs_other = matches!(attempt.action, Action::Exchange | Action::RenameOver);
        let Some(kind) = kind.filter(|_| folder_is_there && !(needs_other && other_kind.is_none())) else {
            if matches!(outcome, Outcome::Moved { .. }) {
                state.follow(attempt, outcome, NodeKind::File);
            }
            return;
        };
        let mut needs = needs(attempt, kind, other_kind);
        if let Some(first) = state.linked.get(&attempt.path) {
            // An object has all its names' limits.
            let also: Vec<Need> =
                needs.iter().map(|need| Need { path: first.clone(), ..need.clone() }).collect();
            needs.extend(also);
        }
        let allowed = self.oracle.allows_all(&needs);
        let permitted = self.permitted(attempt, outcome);
        let count = findings.actions.entry(attempt.action).or_default();
        let describe = |what: &str| {
            format!(
                "{:?} of {:?} {}: {what}",
                attempt.action,
                kind,
                shown(&attempt.path, attempt.other.as_deref())
            )
        };
        if permitted {
            count.0 += 1;
            findings.permitted += 1;
            let denied: Vec<&Need> = needs.iter().filter(|need| !self.oracle.allows(need)).collect();
            if let Some(exception) = exceptions::known(self, &denied) {
                *findings.exceptions.entry(exception).or_default() += 1;
            } else if !denied.is_empty() {
                findings.violations.push(describe(&format!(
                    "permitted by the kernel ({}), denied by the check: {denied:?}",
                    outcome.to_line()
                )));
            } else if !needs.iter().all(|need| kernel.permits(need.operation, &need.path, need.kind)) {
                findings.beyond_plan += 1;
            }
        } else {
            count.1 += 1;
            findings.denied += 1;
            if allowed {
                self.loss(
                    attempt,
                    outcome,
                    kind,
                    other_kind,
                    &needs,
                    kernel,
                    &state.linked,
                    findings,
                    &describe,
                );
            } else {
                findings.agreed_denied += 1;
            }
        }
        if permitted || (makes.is_none() && attempt.action != Action::Link) {
            state.follow(attempt, outcome, kind);
        }
    }

    #[allow(clippy::too_many_arguments, reason = "one call, and a struct would say nothing more")]
    fn loss(
        &self,
        attempt: &Attempt,
        outcome: Outcome,
        kind: NodeKind,
        other_kind: Option<NodeKind>,
        needs: &[Need],
        kernel: &Kernel<'_>,
        linked: &HashMap<PathBuf, PathBuf>,
        findings: &mut Findings,
        describe: &dyn Fn(&str) -> String,
    ) {
        let permissions = Permissions { runner: self.runner, seen: self.before, linked };
        let errno = match outcome {
            Outcome::Failed(errno) => Some(Errno::from_raw_os_error(errno)),
            _ => None,
        };
        let judge = losses::Judge {
            plan: self.plan,
            tree: self.tree,
            oracle: self.oracle,
            permissions: &permissions,
            kernel,
        };
        let reason = if permissions.permit(attempt, kind, other_kind) {
            losses::reason(&judge, attempt, needs, errno)
        } else {
            Some("the host's permissions")
        };
        match reason {
            Some(reason) => *findings.losses.entry(reason).or_default() += 1,
            None => findings.unexplained.push(describe(&format!(
                "allowed by the check, denied by the kernel ({}; planned: {})",
                outcome.to_line(),
                needs.iter().all(|need| kernel.permits(need.operation, &need.path, need.kind))
            ))),
        }
    }

    /// Whether the kernel let it happen, to the host's object.
    fn permitted(&self, attempt: &Attempt, outcome: Outcome) -> bool {
        match outcome {
            Outcome::Moved { dev, ino } | Outcome::Done { dev, ino } | Outcome::NotEmpty { dev, ino } => {
                match self.before.get(&attempt.path) {
                    // The container has folders and links of its own that lead to what is granted.
                    Some(seen) => (seen.dev, seen.ino) == (dev, ino),
                    // What is new lies on the host's disk or in the container's memory.
                    None => self.before[&self.tree.root].dev == dev,
                }
            }
            // The kernel would have run it, but what was overwritten is no program.
            Outcome::Failed(errno) => {
                attempt.action == Action::Execute && Errno::from_raw_os_error(errno) == Errno::NOEXEC
            }
        }
    }

    /// Compares what the disk shows afterwards.
    pub fn effects(
        &self,
        standing: &mut Standing,
        attempts: &[Attempt],
        outcomes: &[Outcome],
    ) -> Vec<String> {
        let mut found = Vec::new();
        let mut moved: HashSet<&Path> = HashSet::new();
        for (attempt, _) in
            attempts.iter().zip(outcomes).filter(|(_, outcome)| matches!(outcome, Outcome::Moved { .. }))
        {
            moved.insert(&attempt.path);
            moved.extend(attempt.other.as_deref());
        }
        let has_moved = |path: &Path| path.ancestors().any(|above| moved.contains(above));
        for node in &self.tree.nodes {
            // What was moved with leave is judged by the answers.
            if !has_moved(&node.path) {
                self.effects_on(&node.path, node.kind, &mut found);
            }
        }
        for path in standing.written_fifos() {
            if exceptions::writes_fifo(self, &path) {
                continue;
            }
            self.unless(
                &path,
                NodeKind::Fifo,
                &[Operation::Write, Operation::Append],
                "was written into",
                &mut found,
            );
        }
        for path in standing.reached_sockets() {
            self.unless(&path, NodeKind::Socket, &[Operation::Connect], "was connected to", &mut found);
        }
        self.new_names(attempts, &has_moved, &mut found);
        found
    }

    fn unless(
        &self,
        path: &Path,
        kind: NodeKind,
        operations: &[Operation],
        what: &str,
        found: &mut Vec<String>,
    ) {
        if !self.oracle.allows_any(path, kind, operations) {
            found.push(format!("{} {what}, and the check denies {operations:?}", path.display()));
        }
    }

    fn effects_on(&self, path: &Path, kind: NodeKind, found: &mut Vec<String>) {
        let before = &self.before[path];
        let Ok(after) = host::look(path) else {
            let removes = [Operation::Unlink, Operation::Rmdir, Operation::RenameFrom];
            self.unless(path, kind, &removes, "is gone", found);
            return;
        };
        if after.ino != before.ino {
            self.unless(path, kind, &[Operation::Unlink], "was replaced", found);
            return;
        }
        let writes = [Operation::Write, Operation::Append, Operation::Truncate];
        if after.content != before.content {
            self.unless(path, kind, &writes, "has other content", found);
        }
        if after.mode != before.mode {
            self.unless(path, kind, &[Operation::Chmod], "has another mode", found);
        }
        if (after.uid, after.gid) != (before.uid, before.gid) {
            found.push(format!("{} has another owner", path.display()));
        }
        if after.xattr != before.xattr {
            self.unless(path, kind, &[Operation::SetXattr], "has other extended attributes", found);
        }
        if kind == NodeKind::File && after.modified != before.modified {
            let operations = [Operation::Utime, writes[0], writes[1], writes[2]];
            self.unless(path, kind, &operations, "has another time", found);
        }
    }

    /// Names that were not there: each must be one that the check lets be made.
    fn new_names(&self, attempts: &[Attempt], has_moved: &dyn Fn(&Path) -> bool, found: &mut Vec<String>) {
        let Ok(all) = host::walk(&self.tree.root) else {
            found.push(format!("{} can't be looked through", self.tree.root.display()));
            return;
        };
        for (path, _) in all {
            if self.before.contains_key(&path) || has_moved(&path) {
                continue;
            }
            let made_by = attempts.iter().find(|attempt| {
                let target = attempt.other.as_deref().unwrap_or(&attempt.path);
                target == path && (made(attempt.action).is_some() || attempt.action == Action::Link)
            });
            let Some(attempt) = made_by else {
                found.push(format!("{} is new, and nothing tried to make it", path.display()));
                continue;
            };
            let kind = made(attempt.action).unwrap_or_else(|| {
                self.tree
                    .nodes
                    .iter()
                    .find(|node| node.path == attempt.path)
                    .map_or(NodeKind::File, |node| node.kind)
            });
            if !self.oracle.allows_all(&needs(attempt, kind, None)) {
                found.push(format!(
                    "{} is new by {:?}, and the check denies that",
                    path.display(),
                    attempt.action
                ));
            }
        }
    }
}
