//! `cargo xtask bench`: what a launch and a confined program cost, beside plain runs and the peers, interleaved.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

mod consent;
mod crowd;
mod growth;
mod learn;
mod machine;
mod memory;
mod msix;
mod network;
mod result;
mod sample;
mod scene;
mod start;
mod windows_files;
mod windows_start;
mod windows_work;
mod work;

use crate::built;
use crate::peers;
use crate::user::User;
use machine::Machine;
use result::{Finding, Line};
use scene::Scene;

/// Options of `bench`.
#[derive(clap::Args)]
pub struct Options {
    /// Only the benchmarks whose name contains this.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Rounds of the short benchmarks; long ones take a fifth or a tenth of it.
    #[arg(long, value_name = "N", default_value_t = 100)]
    runs: usize,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// The lowbox to measure; the workspace's release build if not given.
    #[arg(long, value_name = "PATH")]
    lowbox: Option<PathBuf>,
    /// The ordinary user that root measures as too; the first of /etc/passwd with a uid from 1000 on if not given.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// makemsix, to measure beside it; else what `peers --msix` finds.
    #[arg(long, value_name = "PATH")]
    makemsix: Option<PathBuf>,
    /// openappx, the same.
    #[arg(long, value_name = "PATH")]
    openappx: Option<PathBuf>,
    /// Measure as this identity only, print findings line by line.
    #[arg(long, value_name = "DIR", hide = true)]
    worker: Option<PathBuf>,
}

type Benchmark = fn(&Scene) -> io::Result<Vec<Line>>;

const BENCHMARKS: [(&str, Benchmark); 31] = [
    ("start", start::start),
    ("stages", start::stages),
    ("find", work::find),
    ("imports", work::imports),
    ("git", work::git),
    ("grants", growth::grants),
    ("objects", growth::objects),
    ("network", network::network),
    ("crowd", crowd::crowd),
    ("memory", memory_of_own),
    ("decision", consent::decision),
    ("prompting", consent::prompting),
    ("granted-tree", consent::granted_tree),
    ("broker-memory", consent::broker_memory),
    ("learn-imports", learn::imports),
    ("learn-forks", learn::forks),
    ("learn-cargo", learn::cargo),
    ("learn-find", learn::find),
    ("learn-events", learn::events),
    ("learn-merge", learn::merge),
    ("learn-report", learn::report),
    ("msix-pack", msix::pack),
    ("msix-unpack", msix::unpack),
    ("msix-verify", msix::verify),
    ("msix-large", msix::large),
    ("msix-install", msix::install),
    ("windows-start", windows_start::start),
    ("windows-first", windows_files::first),
    ("windows-disk", windows_files::disk),
    ("windows-7za", windows_work::seven_zip),
    ("windows-cmake", windows_work::cmake),
];

/// What root measures for both: the user's processes too, and what does not depend on who runs it.
const ONCE: [&str; 8] = [
    "memory",
    "broker-memory",
    "learn-merge",
    "learn-report",
    "msix-pack",
    "msix-unpack",
    "msix-verify",
    "msix-large",
];

/// The benchmarks that work on made-up records.
const SIMULATED: [&str; 2] = ["learn-merge", "learn-report"];

/// Runs the command.
pub fn run(options: &Options) -> io::Result<ExitCode> {
    let root = rustix::process::geteuid().is_root();
    let own_name =
        || if root { "root".to_owned() } else { std::env::var("USER").unwrap_or_else(|_| "user".into()) };
    if let Some(shared) = &options.worker {
        let scene = Scene::new(shared, options.runs)?;
        for finding in findings(options, &scene, &own_name(), &ONCE) {
            println!("{}", serde_json::to_string(&finding)?);
            io::stdout().flush()?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let user = if root { Some(User::ordinary(options.user.as_deref())?) } else { None };
    let machine = Machine::describe();
    let shared = shared_folder(options)?;
    let mut scene = Scene::new(shared.path(), options.runs)?;
    scene.makemsix = options.makemsix.clone().or_else(|| peers::msix::find("makemsix"));
    scene.openappx = options.openappx.clone().or_else(|| peers::msix::find("openappx"));
    let mut all: Vec<Finding> = findings(options, &scene, &own_name(), &[]).collect();
    if let Some(user) = &user {
        all.extend(findings_as(user, options, shared.path())?);
        if wanted(options, "memory") {
            let lines = memory::measure(sleeper_as(user, shared.path()), memory::TARGET);
            all.push(finding("memory", &user.name, lines));
        }
    }
    if options.json {
        println!(
            "{}",
            serde_json::to_string_pretty(&serde_json::json!({ "machine": machine, "findings": all }))?
        );
    } else {
        println!("{machine}");
        result::print(&all);
    }
    Ok(if all.iter().any(Finding::missed) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn wanted(options: &Options, name: &str) -> bool {
    options.only.is_empty() || options.only.iter().any(|only| name.contains(only.as_str()))
}

fn findings<'a>(
    options: &'a Options,
    scene: &'a Scene,
    identity: &'a str,
    without: &'a [&str],
) -> impl Iterator<Item = Finding> + 'a {
    let chosen = BENCHMARKS.iter().filter(|(name, _)| wanted(options, name) && !without.contains(name));
    chosen.map(move |(name, benchmark)| {
        eprintln!("{name} as {identity} …");
        finding(name, identity, benchmark(scene))
    })
}

fn finding(name: &str, identity: &str, lines: io::Result<Vec<Line>>) -> Finding {
    let (lines, failure) = match lines {
        Ok(lines) => (lines, None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    Finding { name: name.to_owned(), identity: identity.to_owned(), lines, failure }
}

/// Lowbox, this program and MXC's executor where every user can run them.
fn shared_folder(options: &Options) -> io::Result<tempfile::TempDir> {
    let lowbox = options.lowbox.clone().map_or_else(built::lowbox, Ok)?;
    let shared = tempfile::Builder::new().prefix("lowbox-bench-shared-").tempdir()?;
    fs::set_permissions(shared.path(), fs::Permissions::from_mode(0o755))?;
    let install = |from: &Path, name: &str| -> io::Result<()> {
        let to = shared.path().join(name);
        fs::copy(from, &to)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", from.display())))?;
        fs::set_permissions(&to, fs::Permissions::from_mode(0o755))
    };
    install(&lowbox, "lowbox").map_err(|error| {
        io::Error::other(format!("{error}; build it first: cargo build --release -p lowbox"))
    })?;
    install(&std::env::current_exe()?, "xtask")?;
    if SIMULATED.iter().any(|name| wanted(options, name)) {
        install(&built::simulate()?, learn::SIMULATE)?;
    }
    if wanted(options, "windows-7za") || wanted(options, "windows-cmake") {
        windows_work::install(&built::workspace(), shared.path())?;
    }
    if let Some(executor) = peers::lxc_exec(&built::workspace()) {
        install(&executor, peers::LXC_EXEC)?;
    }
    Ok(shared)
}

/// The same as another user, in a process of that user's.
fn findings_as(user: &User, options: &Options, shared: &Path) -> io::Result<Vec<Finding>> {
    let mut command = user.command(&shared.join("xtask"));
    command.arg("bench").arg("--worker").arg(shared).arg(format!("--runs={}", options.runs));
    command.args(options.only.iter().flat_map(|only| ["--only", only]));
    let mut worker = command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let lines = worker.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines);
    let found = lines.map(|line| Ok(serde_json::from_str(&line?)?)).collect::<io::Result<Vec<_>>>()?;
    match worker.wait()?.success() {
        true => Ok(found),
        false => Err(io::Error::other(format!("the benchmarks could not be run as {}", user.name))),
    }
}

fn memory_of_own(scene: &Scene) -> io::Result<Vec<Line>> {
    memory::measure(scene.lowbox(&[], memory::SLEEPER), memory::TARGET)
}

/// Root measures the user's processes too, because it may read all that there is to know of them.
fn sleeper_as(user: &User, shared: &Path) -> std::process::Command {
    let mut command = user.command(&shared.join("lowbox"));
    command.args(["run", "--name", "lowbox-bench", "--"]).args(memory::SLEEPER).current_dir("/");
    command
}
