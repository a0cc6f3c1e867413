//! Attribution: the access check run backwards. Which capabilities and grants would have granted what was denied?

mod cover;
mod exposure;
mod grants;
mod hosts;
mod world;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use lowbox_policy::network::AllowedHost;
use lowbox_policy::{Capability, GrantRights, capability};
use lowbox_security::AccessMask;

pub use cover::{BUDGET, Cover, cover};
pub use exposure::{Exposed, ExposedObject};
pub use grants::{FOLD_FROM, fold};
pub use world::{Judge, Remedies, World};

use crate::Raw;
use crate::record::{Access, Denial, Object, Records};

/// The capability that has the user asked. Declaring it is a decision, so it is never among what is needed.
pub const PROMPTING: &str = "isolatedWin32-promptForAccess";

/// A grant beside capabilities, as an argument of `lowbox run`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grant {
    /// `--grant PATH:LETTERS`.
    Path {
        /// The file or folder.
        path: PathBuf,
        /// The letters.
        rights: GrantRights,
    },
    /// `--allow-loopback PORT`.
    Loopback {
        /// The port of the host's loopback.
        port: u16,
    },
}

/// The option and its value, escaped for people; see [`Grant::arguments`] for the bytes.
impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Grant::Path { path, rights } => write!(f, "--grant {}:{rights}", Raw::from(path.as_path())),
            Grant::Loopback { port } => write!(f, "--allow-loopback {port}"),
        }
    }
}

impl Grant {
    /// The option and its value, as bytes for a command line.
    pub fn arguments(&self) -> (&'static str, Vec<u8>) {
        use std::os::unix::ffi::OsStrExt;
        match self {
            Grant::Path { path, rights } => {
                ("--grant", [path.as_os_str().as_bytes(), b":", rights.to_string().as_bytes()].concat())
            }
            Grant::Loopback { port } => ("--allow-loopback", port.to_string().into_bytes()),
        }
    }
}

/// What is needed, and why.
#[derive(Debug)]
pub struct Attribution {
    /// The capabilities, a smallest set.
    pub capabilities: Vec<Needed>,
    /// No set of fewer capabilities covers the accesses that capabilities can cover.
    pub at_least: u32,
    /// The set is proven to be a smallest one; else it was found greedily.
    pub proven: bool,
    /// The grants, where no capability fits.
    pub grants: Vec<Grant>,
    /// Hosts that could be allowed in the place of the capabilities of networks (`--allow-host`), to be tried.
    pub hosts: Vec<AllowedHost>,
    /// For each access of the records, in their order.
    pub outcomes: Vec<Outcome>,
    /// The prompting capability would have the user asked about some of what the grants are for.
    pub prompting: bool,
}

/// A capability that is needed.
#[derive(Clone, Debug)]
pub struct Needed {
    /// Which.
    pub capability: Capability,
    /// Different accesses that it covers.
    pub accesses: u64,
    /// Those among them that no other capability would cover.
    pub only: u64,
    /// All that it opens.
    pub exposed: Vec<Exposed>,
}

/// What became of an access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What covers it.
    pub by: CoveredBy,
    /// The names of all capabilities that would, each alone.
    pub alternatives: Vec<&'static str>,
    /// What the access check says now.
    pub denial: Option<Denial>,
}

/// What covers an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoveredBy {
    /// It is granted as things are: the records are older than the declaration.
    Already,
    /// Index of [`Attribution::capabilities`].
    Capability(usize),
    /// Two of them, neither of which does alone.
    Both(usize, usize),
    /// Index of [`Attribution::grants`].
    Grant(usize),
    /// Nothing, and why.
    Nothing(&'static str),
}

impl CoveredBy {
    /// Whether this capability has a part in it.
    pub fn needs(self, capability: usize) -> bool {
        match self {
            CoveredBy::Capability(at) => at == capability,
            CoveredBy::Both(one, other) => one == capability || other == capability,
            CoveredBy::Already | CoveredBy::Grant(_) | CoveredBy::Nothing(_) => false,
        }
    }
}

/// Finds out what the accesses need.
pub fn attribute(records: &Records, world: &World) -> Attribution {
    let judge = Judge::new(world);
    let names: Vec<Option<Capability>> =
        judge.candidates().iter().map(|candidate| capability(&candidate.name)).collect();
    let weights = weights(world, &judge, &names);
    let judged: Vec<(Option<Denial>, Remedies)> = records
        .accesses
        .iter()
        .map(|access| {
            let denial = judge.denial(&access.object, access.right);
            let remedies = denial.map(|_| judge.remedies(&access.object, access.right)).unwrap_or_default();
            (denial, remedies)
        })
        .collect();
    let mut rows: Vec<u128> = judged
        .iter()
        .flat_map(|(_, remedies)| std::iter::once(&remedies.capabilities).chain(&remedies.together))
        .copied()
        .collect();
    rows.sort_unstable();
    rows.dedup();
    let found = cover(&rows, &weights, BUDGET);
    let chosen: Vec<usize> = (0..names.len()).filter(|bit| found.chosen >> bit & 1 == 1).collect();

    let uncovered =
        judged.iter().filter(|(_, remedies)| remedies.capabilities == 0 && remedies.together.is_empty());
    let wanted: Vec<Grant> = uncovered.filter_map(|(_, remedies)| remedies.grant.clone()).collect();
    let grants = fold_all(&wanted, world, &judge);
    let outcomes = outcomes(records, &judged, &judge, &chosen, &grants);

    let capabilities = needed(records, world, &judge, &chosen, &outcomes, &judged);
    let prompting = outcomes.iter().zip(&records.accesses).any(|(outcome, access)| {
        matches!(outcome.by, CoveredBy::Grant(_))
            && access.object.path().is_some_and(|path| judge.can_be_asked_about(path.as_path()))
    });
    let (at_least, proven) = (found.at_least, found.proven);
    let hosts = hosts::hosts(&records.accesses, &outcomes, &capabilities);
    Attribution { capabilities, at_least, proven, grants, hosts, outcomes, prompting }
}

/// What makes one capability worse than another that covers the same: first that the user is asked, then how much it opens.
fn weights(world: &World, judge: &Judge<'_>, names: &[Option<Capability>]) -> Vec<u32> {
    let sids: Vec<_> = judge.candidates().iter().map(|candidate| candidate.sid.clone()).collect();
    let opens = exposure::exposure(world, &sids, |_| Vec::new());
    names
        .iter()
        .zip(opens)
        .map(|(name, opens)| {
            let rights: u32 = opens.iter().map(|one| one.rights.0.count_ones()).sum();
            let privacy = u32::from(name.is_none_or(|one| one.privacy));
            (privacy << 16) + rights.min(0xFFFF)
        })
        .collect()
}

fn fold_all(wanted: &[Grant], world: &World, judge: &Judge<'_>) -> Vec<Grant> {
    let paths = wanted.iter().filter_map(|grant| match grant {
        Grant::Path { path, rights } => Some((path.clone(), *rights)),
        Grant::Loopback { .. } => None,
    });
    // A grant of a place where consent begins, such as the home folder, would open all of what is the user's.
    let foldable = |folder: &Path| {
        judge.may_be_granted(folder) && !world.frontier.iter().any(|place| place.starts_with(folder))
    };
    let mut all: Vec<Grant> =
        fold(paths, foldable).into_iter().map(|(path, rights)| Grant::Path { path, rights }).collect();
    all.extend(wanted.iter().filter(|grant| matches!(grant, Grant::Loopback { .. })).cloned());
    all.sort();
    all.dedup();
    all
}

fn outcomes(
    records: &Records,
    judged: &[(Option<Denial>, Remedies)],
    judge: &Judge<'_>,
    chosen: &[usize],
    grants: &[Grant],
) -> Vec<Outcome> {
    let names: Vec<&'static str> =
        judge.candidates().iter().map(|one| capability(&one.name).map_or("", |known| known.name)).collect();
    let held = Held::new(grants);
    let outcome = |access: &Access, denial: &Option<Denial>, remedies: &Remedies| {
        let has = |bit: &usize| remedies.capabilities >> bit & 1 == 1;
        // Of the classes that an address can have, two capabilities open all.
        let both = || {
            let of = |mask: &u128| chosen.iter().position(|bit| mask >> bit & 1 == 1);
            let all = remedies.together.iter().map(of).collect::<Option<Vec<usize>>>()?;
            let (first, last) = (*all.iter().min()?, *all.iter().max()?);
            all.iter().all(|at| *at == first || *at == last).then_some(CoveredBy::Both(first, last))
        };
        let grant = || {
            let wanted = remedies.grant.as_ref()?;
            let (at, same) = held.find(wanted)?;
            let Grant::Path { path, rights } = &grants[at] else { return Some(at) };
            // Grants were put together: the access check has the last word on whether that is enough.
            (same || judge.is_granted_by(&access.object, access.right, path, *rights)).then_some(at)
        };
        let by = match denial {
            None => CoveredBy::Already,
            Some(denial) => match chosen.iter().position(has).map(CoveredBy::Capability).or_else(both) {
                Some(by) => by,
                None => grant().map_or_else(
                    || CoveredBy::Nothing(judge.why_not_grantable(&access.object, denial)),
                    CoveredBy::Grant,
                ),
            },
        };
        let alternatives = (0..names.len()).filter(has).map(|bit| names[bit]).collect();
        Outcome { by, alternatives, denial: *denial }
    };
    records
        .accesses
        .iter()
        .zip(judged)
        .map(|(access, (denial, remedies))| outcome(access, denial, remedies))
        .collect()
}

/// Finds the grant that holds a wanted one.
struct Held<'g> {
    grants: &'g [Grant],
    exact: HashMap<&'g Grant, usize>,
    paths: HashMap<&'g Path, usize>,
}

impl<'g> Held<'g> {
    fn new(grants: &'g [Grant]) -> Held<'g> {
        let exact = grants.iter().enumerate().map(|(at, grant)| (grant, at)).collect();
        let path = |(at, grant): (usize, &'g Grant)| match grant {
            Grant::Path { path, .. } => Some((path.as_path(), at)),
            Grant::Loopback { .. } => None,
        };
        Held { grants, exact, paths: grants.iter().enumerate().filter_map(path).collect() }
    }

    /// Which it is, and whether it is the wanted one itself; else it is the nearest place at or above with those rights.
    fn find(&self, wanted: &Grant) -> Option<(usize, bool)> {
        if let Some(at) = self.exact.get(wanted) {
            return Some((*at, true));
        }
        let Grant::Path { path, rights: wanted } = wanted else { return None };
        path.ancestors().find_map(|place| {
            let at = *self.paths.get(place)?;
            let holds = matches!(&self.grants[at], Grant::Path { rights, .. } if rights.contains(*wanted));
            holds.then_some((at, false))
        })
    }
}

fn needed(
    records: &Records,
    world: &World,
    judge: &Judge<'_>,
    chosen: &[usize],
    outcomes: &[Outcome],
    judged: &[(Option<Denial>, Remedies)],
) -> Vec<Needed> {
    let sids: Vec<_> = chosen.iter().map(|bit| judge.candidates()[*bit].sid.clone()).collect();
    // Used is what the capability makes possible, also where another one is named for it.
    let used = |number: usize| -> Vec<&Object> {
        let bit = chosen[number];
        let all = records.accesses.iter().zip(judged);
        let opens = |remedies: &Remedies| {
            std::iter::once(&remedies.capabilities).chain(&remedies.together).any(|mask| mask >> bit & 1 == 1)
        };
        all.filter(|(_, (_, remedies))| opens(remedies)).map(|(access, _)| &*access.object).collect()
    };
    let exposed = exposure::exposure(world, &sids, used);
    chosen
        .iter()
        .zip(exposed)
        .enumerate()
        .filter_map(|(at, (bit, exposed))| {
            let capability = capability(&judge.candidates()[*bit].name)?;
            let own = outcomes.iter().filter(|outcome| outcome.by.needs(at));
            let alone = |outcome: &&Outcome| outcome.alternatives.len() == 1;
            let only = own.clone().filter(alone).count() as u64;
            Some(Needed { capability, accesses: own.count() as u64, only, exposed })
        })
        .collect()
}

/// The rights of an access in words, for people.
pub fn words(object: &Object, mask: AccessMask) -> Vec<String> {
    match object {
        Object::Network { .. } | Object::HostName { .. } => Vec::new(),
        _ => mask.names(lowbox_security::ObjectKind::File),
    }
}
