//! What the benchmarks work with: the lowbox under test, folders, the commands of the peers.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use crate::peers;

/// Folders of one run of the benchmarks as one identity.
pub struct Scene {
    pub lowbox: PathBuf,
    /// Rounds of the short benchmarks; long ones take a part of it.
    pub rounds: usize,
    /// A folder of the identity's own.
    pub work: tempfile::TempDir,
    /// MXC's executor, if it is installed, as a file that the identity may run.
    pub lxc_exec: Option<PathBuf>,
    /// The public tools for packages, where they are.
    pub makemsix: Option<PathBuf>,
    pub openappx: Option<PathBuf>,
}

impl Scene {
    pub fn new(shared: &Path, rounds: usize) -> io::Result<Scene> {
        let lxc_exec = Some(shared.join(peers::LXC_EXEC)).filter(|file| file.is_file());
        let work = tempfile::Builder::new().prefix("lowbox-bench-").tempdir()?;
        let (makemsix, openappx) = (None, None);
        Ok(Scene { lowbox: shared.join("lowbox"), rounds, work, lxc_exec, makemsix, openappx })
    }

    /// `lowbox run OPTIONS -- COMMAND`. Private data of the measured programs goes to the scene's folder, not to the user's.
    pub fn lowbox(&self, options: &[&OsStr], command: &[&str]) -> Command {
        let mut run = Command::new(&self.lowbox);
        run.arg("run").args(options).arg("--").args(command);
        run.env("XDG_DATA_HOME", self.work.path().join("data")).current_dir("/");
        run
    }

    /// The view that the target is set against: every namespace, /usr read-only, own /proc, /dev and /tmp.
    pub fn bwrap(&self, command: &[&str]) -> Command {
        let mut bwrap = Command::new("bwrap");
        bwrap.args(["--unshare-all", "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin"]);
        bwrap.args(["--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64"]);
        bwrap.args(["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]).args(command).current_dir("/");
        bwrap
    }

    /// The same with what lowbox shows beside it (`seen` is mountinfo(5) from within), each as bwrap can: entries of /etc and /var,
    /// folders for private data and lasting temporary files.
    pub fn bwrap_with_the_same_view(&self, seen: &str, command: &[&str]) -> io::Result<Command> {
        let private = self.work.path().join("private");
        fs::create_dir_all(&private)?;
        let mut bwrap = self.bwrap(&[]);
        for path in seen.lines().filter_map(|line| line.split(' ').nth(4)) {
            if path.starts_with("/etc/") || path.starts_with("/var/cache/") || path.starts_with("/var/lib/") {
                bwrap.args(["--ro-bind", path, path]);
            }
        }
        for path in ["/home/own/.local/share/package", "/var/tmp"] {
            bwrap.arg("--bind").arg(&private).arg(path);
        }
        bwrap.args(["--symlink", "/usr/share/zoneinfo/Etc/UTC", "/etc/localtime"]);
        bwrap.args(["--symlink", "../usr/lib/os-release", "/etc/os-release"]).args(command);
        Ok(bwrap)
    }

    /// The default profile with the parts that lowbox has as well.
    pub fn firejail(&self, command: &[&str]) -> Command {
        let mut firejail = Command::new("firejail");
        firejail.args(["--quiet", "--net=none", "--private-dev", "--private-tmp", "--"]).args(command);
        firejail.current_dir("/");
        firejail
    }

    /// MXC with its smallest policy: the process and /usr to read.
    pub fn lxc_exec(&self, executor: &Path, command: &str) -> io::Result<Command> {
        let policy = self.work.path().join("mxc.json");
        fs::write(
            &policy,
            serde_json::to_vec(&serde_json::json!({
                "version": "1.0.0",
                "containment": "bubblewrap",
                "process": { "commandLine": command },
                "filesystem": { "readonlyPaths": ["/usr"] },
            }))?,
        )?;
        let mut lxc_exec = Command::new(executor);
        lxc_exec.arg(policy).current_dir("/");
        Ok(lxc_exec)
    }

    /// A program that puts the kernel's layers on a command and lets them allow everything; made with the C compiler.
    pub fn floor(&self) -> io::Result<PathBuf> {
        let program = self.work.path().join("floor");
        if !program.exists() {
            let mut cc = Command::new("cc");
            // From standard input: the ordinary user may not be able to read the checkout.
            cc.args(["-O2", "-x", "c", "-", "-o"]).arg(&program).stdin(std::process::Stdio::piped());
            let mut cc = cc.spawn()?;
            io::Write::write_all(&mut cc.stdin.take().expect("piped"), include_bytes!("floor.c"))?;
            if !cc.wait()?.success() {
                return Err(io::Error::other("floor.c does not compile"));
            }
        }
        Ok(program)
    }

    pub fn plain(&self, command: &[&str]) -> Command {
        let mut plain = Command::new(command[0]);
        plain.args(&command[1..]).current_dir("/");
        plain
    }
}

/// The value of a `--grant`.
pub fn grant(path: &Path, letters: &str) -> OsString {
    let mut text = path.as_os_str().to_owned();
    text.push(":");
    text.push(letters);
    text
}
