//! `cargo xtask fuzz`: every fuzz target for a while, on the stable toolchain.
//!
//! cargo-fuzz wants a nightly compiler; the instrumentation that libFuzzer needs is reachable from a stable one. Needs a C++
//! compiler for libFuzzer itself.

use std::error::Error;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;

/// Options of `fuzz`.
#[derive(Args)]
pub struct Options {
    /// How long each target runs
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Only this target
    #[arg(long)]
    only: Option<String>,
}

/// A fuzz target, its dictionary, and where its seeds are.
struct Target {
    name: &'static str,
    dictionary: Option<&'static str>,
    seeds: Option<&'static str>,
}

const TARGETS: &[Target] = &[
    Target { name: "sddl", dictionary: Some("sddl.dict"), seeds: None },
    Target { name: "descriptor", dictionary: None, seeds: None },
    Target { name: "dns", dictionary: None, seeds: None },
    Target { name: "frame", dictionary: None, seeds: None },
    Target { name: "prompt", dictionary: Some("prompt.dict"), seeds: None },
    Target {
        name: "manifest",
        dictionary: Some("manifest.dict"),
        seeds: Some("crates/msix/tests/data/valid"),
    },
    Target {
        name: "manifest_edit",
        dictionary: Some("manifest.dict"),
        seeds: Some("crates/msix/tests/data/valid"),
    },
    Target { name: "stack", dictionary: None, seeds: None },
    Target { name: "package", dictionary: None, seeds: Some("crates/msix/tests/data/packages") },
    Target { name: "signature", dictionary: None, seeds: Some("crates/msix/tests/data/signatures") },
    Target { name: "block_map", dictionary: None, seeds: Some("crates/msix/tests/data/block_maps") },
    Target { name: "choose", dictionary: Some("choose.dict"), seeds: None },
    Target { name: "bundle", dictionary: None, seeds: Some("crates/msix/tests/data/bundles") },
    Target { name: "registry", dictionary: None, seeds: None },
    Target { name: "resources", dictionary: None, seeds: Some("crates/msix/tests/data/resources") },
    Target { name: "trace", dictionary: None, seeds: Some("crates/profiler/tests/data") },
];

/// Sanitizer coverage as libFuzzer reads it; debug assertions make overflows findings.
const INSTRUMENTATION: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Cdebug-assertions -Ccodegen-units=1";

/// Neither a line for each new input nor one for each new function; what is left fits a log.
const QUIET: [&str; 3] = ["-verbosity=0", "-print_pcs=0", "-print_funcs=0"];

pub fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("xtask lies in the workspace")?;
    let fuzz = top.join("fuzz");
    let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let built = Command::new("cargo")
        .args(["build", "--release", "--target", &triple])
        .current_dir(&fuzz)
        // An explicit target keeps build scripts uninstrumented.
        .env("RUSTFLAGS", INSTRUMENTATION)
        .env("CARGO_TARGET_DIR", fuzz.join("target"))
        .status()?;
    if !built.success() {
        return Err("the fuzz targets do not build (libFuzzer needs g++)".into());
    }
    let mut findings = Vec::new();
    let targets: Vec<&Target> = TARGETS
        .iter()
        .filter(|target| options.only.as_deref().is_none_or(|only| only == target.name))
        .collect();
    if targets.is_empty() {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        let names = names.join(", ");
        return Err(format!("no fuzz target has that name: {names}").into());
    }
    // As many at a time as there are processors: libFuzzer uses one.
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    for together in targets.chunks(processors) {
        let found: Vec<Result<Option<String>, String>> = std::thread::scope(|scope| {
            let run = |target: &Target| {
                let binary = fuzz.join("target").join(&triple).join("release").join(target.name);
                fuzz_one(top, &fuzz, &binary, target, options.seconds).map_err(|error| error.to_string())
            };
            let running: Vec<_> = together.iter().map(|target| scope.spawn(move || run(target))).collect();
            running
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|_| Err("a fuzzing thread panicked".into())))
                .collect()
        });
        for finding in found {
            findings.extend(finding?);
        }
    }
    println!("fuzz: {} of {} targets with findings", findings.len(), targets.len());
    findings.iter().for_each(|finding| println!("{finding}"));
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs one target. If it finds something, the line that says what and where.
fn fuzz_one(
    top: &Path,
    fuzz: &Path,
    binary: &Path,
    target: &Target,
    seconds: u32,
) -> Result<Option<String>, Box<dyn Error>> {
    // libFuzzer writes new inputs into the first folder, so it is never the one with the seeds.
    let corpus = fuzz.join("corpus").join(target.name);
    let artifacts = fuzz.join("artifacts").join(target.name);
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&artifacts)?;
    let mut command = Command::new(binary);
    command.arg(&corpus).args(target.seeds.map(|seeds| top.join(seeds)));
    command
        .arg(format!("-max_total_time={seconds}"))
        .args(QUIET)
        .args(["-timeout=5", "-print_final_stats=1"]);
    // Inputs of this run are known by their name, also where an earlier run found the same.
    let run = format!("{}-", SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs());
    command.arg(format!("-artifact_prefix={}/{run}", artifacts.display()));
    if let Some(dictionary) = target.dictionary {
        let path: PathBuf = fuzz.join("fuzz_targets").join(dictionary);
        command.arg(format!("-dict={}", path.display()));
    }
    println!("fuzz: {} for {seconds} s", target.name);
    let mut child = command.stderr(Stdio::piped()).spawn()?;
    child.stderr.take().map_or(Ok(()), pass_on)?;
    let status = child.wait()?;
    if status.success() {
        return Ok(None);
    }
    let mut inputs = String::new();
    for entry in fs::read_dir(&artifacts)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&run) {
            inputs = format!("{inputs} {}", entry.path().display());
        }
    }
    if inputs.is_empty() {
        inputs.push_str(" no input was kept");
    }
    Ok(Some(format!("fuzz: FINDING in {} ({status}):{inputs}", target.name)))
}

/// Passes on what libFuzzer says, save for the dictionary that it recommends after a clean run: hundreds of lines, and no flag
/// is against them.
fn pass_on(output: impl Read) -> io::Result<()> {
    let mut recommended = false;
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        recommended |= line.starts_with(b"###### Recommended dictionary");
        if !recommended {
            io::stderr().write_all(&[&line, &b"\n"[..]].concat())?;
        }
        recommended &= !line.starts_with(b"###### End of recommended");
    }
    Ok(())
}
