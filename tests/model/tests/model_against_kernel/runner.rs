//! Who runs lowbox, and how it is started.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lowbox_linux::host::{Folders, HostUser, container_user};
use lowbox_linux::prepare::{Caller, Request, token};
use lowbox_model_test::{Attempt, Outcome};
use lowbox_msix::Identity;
use lowbox_policy::frontier::{frontier, is_in_frontier};
use lowbox_security::Token;

use crate::case::Case;
use crate::host;

/// The name of the identity that the probe gets.
const NAME: &str = "lowbox-model-probe";

/// A user who starts lowbox.
#[derive(Clone, Debug)]
pub struct Runner {
    pub user: HostUser,
    /// Whether the test itself is root: then it can make files of other owners.
    pub is_root: bool,
    /// The user's SID as text.
    pub user_sid: String,
    /// Who the program is: uid, gid and the further groups.
    pub program_uid: u32,
    pub program_gid: u32,
    pub program_groups: Vec<u32>,
    pub home: PathBuf,
    /// Whether lowbox is started with prompting, and asks nobody.
    pub prompting: bool,
    switches: bool,
}

impl Runner {
    /// The user who runs the test.
    pub fn caller(base: &Path, prompting: bool) -> Runner {
        let user = HostUser::current(&|name| std::env::var_os(name));
        Runner::new(user, base, false, prompting)
    }

    /// An unprivileged user, when the test is root.
    pub fn other(base: &Path, uid: u32, gid: u32, prompting: bool) -> Runner {
        let user = HostUser { uid, gid, groups: Vec::new(), name: format!("u{uid}"), home: None };
        Runner::new(user, base, true, prompting)
    }

    fn new(mut user: HostUser, base: &Path, switches: bool, prompting: bool) -> Runner {
        let is_root = rustix::process::geteuid().is_root();
        let home = base.join(format!("home-{}", user.uid));
        host::open_folder(&home).expect("a home folder");
        if is_root {
            std::os::unix::fs::chown(&home, Some(user.uid), Some(user.gid)).expect("its owner");
        }
        user.home = Some(home.clone());
        let mut runner = Runner {
            user_sid: user.sids().0.to_string(),
            program_uid: 0,
            program_gid: 0,
            program_groups: if user.is_root() { Vec::new() } else { user.groups.clone() },
            is_root,
            user,
            home,
            prompting,
            switches,
        };
        let package = runner.token(&[], false).app_container.expect("a program has a package").package;
        let program = container_user(&runner.user, &package);
        (runner.program_uid, runner.program_gid) = (program.uid, program.gid);
        runner
    }

    /// Whether a path lies where lowbox would leave everything to the mounts.
    pub fn is_in_frontier(&self, path: &Path) -> bool {
        self.prompting && is_in_frontier(path, &frontier(Some(&self.home), Path::new("/")))
    }

    /// The token that lowbox makes for these options.
    pub fn token(&self, capabilities: &[&str], less_privileged: bool) -> Token {
        let folders = Folders {
            data: self.home.join(".local/share/lowbox"),
            config: self.home.join(".config/lowbox"),
            system_config: PathBuf::from("/etc/lowbox"),
        };
        let caller = Caller { environment: Vec::new(), user: self.user.clone(), folders };
        let request = Request {
            family_name: Identity::unpackaged(NAME.as_bytes()).family_name(),
            capabilities: capabilities.iter().map(|name| (*name).to_owned()).collect(),
            less_privileged,
            ..Request::default()
        };
        token(&caller, &request).expect("a token").0
    }

    /// Runs the probe inside.
    pub fn run(
        &self,
        lowbox: &Path,
        probe: &Path,
        case: &Case,
        attempts: &[Attempt],
    ) -> Result<Vec<Outcome>, String> {
        let policy = if self.prompting { "deny" } else { "off" };
        Ok(self.run_with(policy, lowbox, probe, case, attempts)?.0)
    }

    /// Runs the probe inside, with a policy that answers questions; also returns what lowbox said.
    pub fn run_with(
        &self,
        prompt: &str,
        lowbox: &Path,
        probe: &Path,
        case: &Case,
        attempts: &[Attempt],
    ) -> Result<(Vec<Outcome>, String), String> {
        let objects = case.folder.join("objects");
        std::fs::write(&objects, case.objects()).map_err(|error| error.to_string())?;
        let mut command = Command::new(lowbox);
        command.args(["run", "--name", NAME, "--no-argument-grants", "--objects"]).arg(&objects);
        if prompt != "off" {
            command.args(["--prompt", prompt]);
        }
        for name in &case.capabilities {
            command.args(["--capability", name]);
        }
        if case.less_privileged {
            command.arg("--lpac");
        }
        command.arg("--grant").arg(format!("{}:rx", probe.display())).arg("--").arg(probe);
        command.env_clear().env("HOME", &self.home).env("PATH", "/usr/bin:/bin").current_dir("/");
        if self.switches {
            // With a uid of its own the child drops root's groups as well (std's documentation of `uid`).
            command.uid(self.user.uid).gid(self.user.gid);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", lowbox.display()))?;
        let text: String = attempts.iter().map(|attempt| attempt.to_line() + "\n").collect();
        let mut input = child.stdin.take().ok_or("no standard input")?;
        // The probe answers at its end, so this can't wait for each other. A launch that fails reads nothing.
        let _ = input.write_all(text.as_bytes());
        drop(input);
        let output = child.wait_with_output().map_err(|error| error.to_string())?;
        let outcomes: Option<Vec<Outcome>> =
            String::from_utf8_lossy(&output.stdout).lines().map(Outcome::parse).collect();
        match outcomes {
            Some(outcomes) if output.status.success() && outcomes.len() == attempts.len() => {
                Ok((outcomes, String::from_utf8_lossy(&output.stderr).into_owned()))
            }
            other => Err(format!(
                "the launch failed: {}, {} of {} answers\n{}",
                output.status,
                other.map_or(0, |all| all.len()),
                attempts.len(),
                String::from_utf8_lossy(&output.stderr)
            )),
        }
    }
}
