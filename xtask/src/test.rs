//! `cargo xtask test`: everything that can fail, with the test runner's own summary last.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};

use clap::Args;

use crate::built;

/// Options of `test`.
#[derive(Args)]
pub struct Options {
    /// Leave the attacks out
    #[arg(long)]
    no_attacks: bool,
    /// Fuzz each target for so many seconds first
    #[arg(long, default_value_t = 0)]
    fuzz_seconds: u32,
}

pub fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let top = built::workspace();
    let lowbox = built::lowbox()?;
    let cargo = |arguments: &[&str]| -> Result<(), Box<dyn Error>> {
        println!("==> cargo {}", arguments.join(" "));
        let mut command = Command::new("cargo");
        // The tests of other crates try the lowbox that people get.
        command.env("LOWBOX", &lowbox);
        let status = command.args(arguments).current_dir(&top).status()?;
        if status.success() { Ok(()) } else { Err(format!("cargo {} failed", arguments.join(" ")).into()) }
    };
    if has_component("fmt") {
        cargo(&["fmt", "--all", "--check"])?;
    }
    if has_component("clippy") {
        // The tests' profile: what build scripts make and macros are compiled once for both.
        let lints = ["clippy", "--workspace", "--all-targets", "--profile", "quick", "--quiet"];
        cargo(&[&lints[..], &["--", "-D", "warnings"]].concat())?;
    }
    let has_nextest = has_component("nextest");
    if !options.no_attacks {
        // Most attacks wait, and compilers and fuzzers don't. Without cargo, which would wait for the other one's end.
        let beside = Beside { top: top.clone(), tests: has_nextest, fuzz_seconds: options.fuzz_seconds };
        let beside = std::thread::spawn(move || beside.run());
        println!("==> cargo xtask attacks");
        let attacks =
            Command::new(std::env::current_exe()?).args(["attacks", "--lowbox"]).arg(&lowbox).status();
        if !attacks?.success() {
            return Err("an attack succeeds, or proves nothing".into());
        }
        match beside.join() {
            Ok(fuzzed) => say_of_fuzzing(fuzzed?)?,
            Err(_) => return Err("what ran beside the attacks panicked".into()),
        }
    } else if options.fuzz_seconds > 0 {
        cargo(&["xtask", "fuzz", "--seconds", &options.fuzz_seconds.to_string()])?;
    }
    let folder = top.join("tests/programs/tests");
    // Optimised: the model against the kernel and the oracles are many small launches and checks.
    if has_nextest {
        // Most tests wait for programs, terminals and time limits rather than for a processor.
        let threads = (1 + 2 * std::thread::available_parallelism().map_or(1, usize::from)).to_string();
        let run = ["nextest", "run", "--workspace", "--cargo-profile", "quick", "--no-fail-fast"];
        let mut options = vec!["--test-threads", &threads];
        if !has_wine() {
            say_without_wine(&folder)?;
            options.extend(["-E", "not binary(/^(wine|windows)/)"]);
        }
        cargo(&[&run[..], &options].concat())?;
    } else {
        println!("cargo-nextest is not installed; running cargo test instead");
        let run = ["test", "--workspace", "--profile", "quick", "--no-fail-fast"];
        if has_wine() {
            cargo(&run)?;
        } else {
            say_without_wine(&folder)?;
            cargo(&[&run[..], &["--exclude", PROGRAM_TESTS]].concat())?;
            let files = files(&folder, false)?;
            let files: Vec<&str> = files.iter().flat_map(|name| ["--test", name]).collect();
            cargo(&[&["test", "-p", PROGRAM_TESTS, "--lib"], &run[2..], &files].concat())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

const PROGRAM_TESTS: &str = "lowbox-program-tests";

/// Says how many tests are left out: the runner counts files alone.
fn say_without_wine(folder: &Path) -> io::Result<()> {
    let mut count = 0;
    for name in files(folder, true)? {
        count += std::fs::read_to_string(folder.join(name + ".rs"))?.matches("#[test]").count();
    }
    println!(
        "==> Wine (wine64, gcc-mingw-w64-x86-64) is not installed: {count} tests of Windows programs are skipped"
    );
    Ok(())
}

/// The files of tests that need Wine, or those that don't, by their names (`tests/programs/src/windows.rs` has a test that they are told
/// apart so).
fn files(folder: &Path, with_wine: bool) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let name = name.strip_suffix(".rs").map(str::to_owned);
        let needs_it = |name: &str| name.starts_with("wine") || name.starts_with("windows");
        names.extend(name.filter(|name| needs_it(name) == with_wine));
    }
    Ok(names)
}

/// What is done in the background.
struct Beside {
    top: PathBuf,
    /// Compile the tests. What doesn't build is told again when they are to run.
    tests: bool,
    fuzz_seconds: u32,
}

impl Beside {
    /// What fuzzing said, if there was any.
    fn run(&self) -> io::Result<Option<Output>> {
        let cargo = |arguments: &[&str]| {
            let mut command = Command::new("nice");
            command.args(["-n", "19", "cargo"]).args(arguments).current_dir(&self.top);
            command.stdin(Stdio::null()).output()
        };
        if self.tests {
            cargo(&["nextest", "run", "--workspace", "--cargo-profile", "quick", "--no-run"])?;
        }
        let seconds = self.fuzz_seconds.to_string();
        (self.fuzz_seconds > 0).then(|| cargo(&["xtask", "fuzz", "--seconds", &seconds])).transpose()
    }
}

fn say_of_fuzzing(fuzzed: Option<Output>) -> Result<(), Box<dyn Error>> {
    let Some(fuzzed) = fuzzed else { return Ok(()) };
    println!("==> cargo xtask fuzz");
    print!("{}{}", String::from_utf8_lossy(&fuzzed.stderr), String::from_utf8_lossy(&fuzzed.stdout));
    if fuzzed.status.success() { Ok(()) } else { Err("fuzzing found something, or did not run".into()) }
}

/// Whether Windows programs can be built and run here.
fn has_wine() -> bool {
    let places = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&places).collect();
    let in_path = |name: &str, folders: &[PathBuf]| folders.iter().any(|folder| folder.join(name).is_file());
    let compiles = in_path("x86_64-w64-mingw32-gcc", &folders);
    folders.push("/usr/lib/wine".into());
    compiles && in_path("wine64", &folders)
}

/// Whether `cargo NAME` exists; what is missing is said, not passed over.
fn has_component(name: &str) -> bool {
    let there =
        Command::new("cargo").args([name, "--version"]).output().is_ok_and(|output| output.status.success());
    if !there {
        println!("==> cargo {name} is not installed: skipped");
    }
    there
}
