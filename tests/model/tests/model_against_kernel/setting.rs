//! What the launches of a run share: folders on the disk, programs, users.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::host;
use crate::runner::Runner;

/// An unprivileged uid that belongs to nobody.
const UNPRIVILEGED: (u32, u32) = (64_321, 64_321);

/// What the launches of a run share.
pub struct Setting {
    pub lowbox: PathBuf,
    pub probe: PathBuf,
    pub base: PathBuf,
    /// Beneath a folder that the container has of its own.
    pub covered: PathBuf,
    /// A file in `/run`, where root can make one: the folder is then one that may be listed.
    pub shown_in_run: Option<PathBuf>,
    /// Those who start lowbox, without prompting.
    pub runners: Vec<Runner>,
    /// The same with prompting, each with a home folder in the user-file frontier.
    pub prompting: Vec<Runner>,
    /// Where their home folders lie.
    pub frontier: PathBuf,
    pub seed: u64,
}

impl Setting {
    /// Removes what [`setting`] made.
    pub fn remove(&self) {
        for folder in [&self.base, &self.covered, &self.frontier] {
            host::remove(folder).expect("the trees can be removed");
        }
        if let Some(shown) = &self.shown_in_run {
            std::fs::remove_file(shown).expect("the file in /run can be removed");
        }
    }
}

/// What a variable of the environment says, if it is set.
pub fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} must be a number")))
}

/// Makes it.
pub fn setting() -> Setting {
    let seed = match std::env::var("LOWBOX_MODEL_SEED").as_deref() {
        Ok("now") => std::time::UNIX_EPOCH.elapsed().map_or(1, |now| now.as_nanos() as u64),
        _ => number("LOWBOX_MODEL_SEED").unwrap_or(20_261_124),
    };
    let is_root = rustix::process::geteuid().is_root();
    let folder = match (std::env::var_os("LOWBOX_MODEL_DIR"), is_root) {
        (Some(folder), _) => PathBuf::from(folder),
        // Not in a place that the container has of its own, and open to an unprivileged user.
        (None, true) => PathBuf::from("/var/lib"),
        (None, false) => PathBuf::from(std::env::var_os("HOME").expect("HOME is set")),
    };
    let base = folder.join(format!("lowbox-model-{}", std::process::id()));
    host::open_folder(&base).expect("a folder for the trees");
    let home = if is_root { the_users_folder() } else { folder };
    let frontier = home.join(format!("lowbox-model-frontier-{}", std::process::id()));
    host::open_folder(&frontier).expect("a folder for the trees");
    let covered = Path::new("/tmp").join(format!("lowbox-model-{}", std::process::id()));
    host::open_folder(&covered).expect("a folder for the trees");
    let shown_in_run =
        is_root.then(|| Path::new("/run").join(format!("lowbox-model-{}", std::process::id())));
    if let Some(shown) = &shown_in_run {
        std::fs::write(shown, "shown").expect("a file in /run");
    }
    let probe = base.join("probe");
    std::fs::copy(env!("CARGO_BIN_EXE_lowbox-model-probe"), &probe).expect("the probe");
    let lowbox = base.join("lowbox");
    std::fs::copy(built_lowbox(), &lowbox).expect("lowbox");
    let mut runners = vec![Runner::caller(&base, false)];
    let mut prompting = vec![Runner::caller(&frontier, true)];
    if is_root {
        let (uid, gid) = match std::env::var("LOWBOX_TEST_USER") {
            Ok(text) => text
                .split_once(':')
                .and_then(|(uid, gid)| Some((uid.parse().ok()?, gid.parse().ok()?)))
                .expect("LOWBOX_TEST_USER is uid:gid"),
            Err(_) => UNPRIVILEGED,
        };
        runners.push(Runner::other(&base, uid, gid, false));
        prompting.push(Runner::other(&frontier, uid, gid, true));
    }
    for runner in &prompting {
        assert!(
            runner.is_in_frontier(&runner.home.join("x")),
            "{} is none of a user's",
            runner.home.display()
        );
    }
    Setting { lowbox, probe, base, covered, shown_in_run, runners, prompting, frontier, seed }
}

/// The lowbox to test: the one that is named, else this workspace's, built as this test is.
fn built_lowbox() -> PathBuf {
    if let Some(named) = std::env::var_os("LOWBOX_BIN") {
        return named.into();
    }
    let probe = Path::new(env!("CARGO_BIN_EXE_lowbox-model-probe"));
    let folder = probe.parent().expect("a target folder");
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--quiet", "-p", "lowbox", "--target-dir"])
        // Cargo puts it beneath the target's name again.
        .arg(folder.ancestors().nth(2).expect("a target folder"));
    if !folder.ends_with("debug") {
        cargo.arg("--profile").arg(folder.file_name().expect("a profile's folder"));
    }
    assert!(cargo.status().expect("cargo").success(), "lowbox does not build");
    folder.join("lowbox")
}

/// A folder in which root can make what counts as a user's own.
fn the_users_folder() -> PathBuf {
    let found = ["/srv", "/home"].into_iter().find(|folder| Path::new(folder).is_dir());
    found.expect("/srv or /home exists").into()
}
