//! `cargo xtask peers`: the programs that the benchmarks and the tests need beside lowbox.

pub mod msix;
mod windows;

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// Options of `peers`.
#[derive(clap::Args)]
pub struct Options {
    /// Install what is missing: Debian's packages (as root), MXC's and Windows programs by npm and pip into target.
    #[arg(long)]
    install: bool,
    /// Try the public tools for packages that are there, and lowbox on what they make.
    #[arg(long)]
    msix: bool,
}

/// The file name of MXC's Linux executor.
pub const LXC_EXEC: &str = "lxc-exec";

/// MXC's package at npm, at the version that the numbers were taken with.
const MXC: &str = "@microsoft/mxc-sdk@1.0.1";

/// A program, how to see that it is there, Debian's package, what it is for.
const PROGRAMS: [(&str, &str, &str, &str); 26] = [
    ("osslsigncode", "--version", "osslsigncode", "signatures of packages"),
    ("bwrap", "--version", "bubblewrap", "bench"),
    ("firejail", "--version", "firejail", "bench"),
    ("hyperfine", "--version", "hyperfine", "bench by hand"),
    ("git", "--version", "git", "bench, programs"),
    ("node", "--version", "nodejs", "programs"),
    ("gcc", "--version", "gcc", "programs, attacks"),
    ("sqlite3", "--version", "sqlite3", "programs"),
    ("g++", "--version", "g++", "fuzz"),
    ("Xvfb", "-help", "xvfb", "attacks"),
    ("Xephyr", "-help", "xserver-xephyr", "displays of programs"),
    ("import", "-version", "imagemagick", "pictures of displays"),
    ("xsetroot", "-version", "x11-xserver-utils", "programs at a display"),
    ("xwininfo", "-version", "x11-utils", "programs at a display"),
    ("lsattr", "-V", "e2fsprogs", "attacks on inode flags"),
    ("script", "--version", "bsdutils", "programs"),
    ("tmux", "-V", "tmux", "questions at a terminal"),
    ("zenity", "--version", "zenity", "questions in a dialog"),
    ("xdotool", "version", "xdotool", "answers to a dialog"),
    ("strace", "--version", "strace", "attacks and programs that make lowbox's calls fail or wait"),
    ("chromium", "--version", "chromium", "the profiler's report in a browser"),
    ("setpriv", "--version", "util-linux", "bench, attacks, programs as a user"),
    (
        "x86_64-w64-mingw32-gcc",
        "--version",
        "gcc-mingw-w64-x86-64",
        "Windows programs of the tests; with wine64",
    ),
    ("makensis", "-VERSION", "nsis", "an installer of Windows programs"),
    ("npm", "--version", "npm", "installs MXC"),
    ("python3", "--version", "python3", "bench, programs, attacks"),
];

/// A module of /usr/bin/python3 and Debian's package; `{}` stands for python3's version.
const MODULES: [(&str, &str, &str); 4] = [
    ("samba.dcerpc.security", "python3-samba", "the access check's second opinion"),
    ("hivex", "python3-hivex", "registry files as another reads and writes them"),
    ("test.test_subprocess", "libpython{}-testsuite", "programs: CPython's own tests"),
    ("venv", "python{}-venv", "programs"),
];

/// MXC's executor: in PATH, or where `peers --install` puts it.
pub fn lxc_exec(workspace: &Path) -> Option<PathBuf> {
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
    let installed =
        workspace.join("target/peers/node_modules/@microsoft/mxc-sdk/bin").join(architecture).join(LXC_EXEC);
    in_path(LXC_EXEC).or_else(|| installed.is_file().then_some(installed))
}

/// A program of PATH.
fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Runs the command: failure if something is missing in the end.
pub fn run(options: &Options) -> io::Result<ExitCode> {
    if options.msix {
        return msix::run();
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let missing = missing_packages();
    if options.install {
        if !missing.is_empty() {
            apt_get(&missing)?;
        }
        if lxc_exec(&workspace).is_none() {
            npm_install(&workspace)?;
        }
        if windows::PROGRAMS.iter().any(|(program, _)| windows::find(&workspace, program).is_none()) {
            windows::install(&workspace)?;
        }
    }
    let version = python_version();
    let mut complete = true;
    for (program, option, package, use_) in PROGRAMS {
        let found = first_line(Command::new(program).arg(option));
        complete &= line(program, found, package, use_);
    }
    for (module, package, use_) in MODULES {
        complete &= line(
            module,
            module_is_there(module).then(|| "there".to_owned()),
            &package.replace("{}", &version),
            use_,
        );
    }
    let executor = lxc_exec(&workspace).map(|path| path.display().to_string());
    complete &= line(LXC_EXEC, executor, &format!("npm: {MXC}"), "bench");
    for (program, package) in windows::PROGRAMS {
        let found = windows::find(&workspace, program).map(|path| path.display().to_string());
        complete &= line(program, found, package, "Windows programs of the tests");
    }
    if !complete {
        let missing = missing_packages();
        println!("\nTo install what is missing: cargo xtask peers --install (as root), or");
        if !missing.is_empty() {
            println!("  apt-get install {}", missing.join(" "));
        }
        println!("  npm install --prefix target/peers {MXC}");
    }
    Ok(if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn line(name: &str, found: Option<String>, package: &str, use_: &str) -> bool {
    let state = found.as_deref().unwrap_or("MISSING");
    println!("{name:<24} {state:<44} {package:<28} {use_}");
    found.is_some()
}

fn missing_packages() -> Vec<String> {
    let version = python_version();
    let programs = PROGRAMS
        .iter()
        .filter(|(program, option, ..)| first_line(Command::new(program).arg(option)).is_none())
        .map(|(_, _, package, _)| (*package).to_owned());
    let modules = MODULES
        .iter()
        .filter(|(module, ..)| !module_is_there(module))
        .map(|(_, package, _)| package.replace("{}", &version));
    programs.chain(modules).collect()
}

/// `3.11` of /usr/bin/python3, for which Debian's packages are made; a python3 found earlier in PATH is another's.
fn python_version() -> String {
    let script = "import sys; print('%d.%d' % sys.version_info[:2])";
    first_line(Command::new("/usr/bin/python3").args(["-c", script])).unwrap_or_else(|| "3".to_owned())
}

fn module_is_there(module: &str) -> bool {
    let script = format!("import importlib.util as u, sys; sys.exit(u.find_spec({module:?}) is None)");
    let mut python = Command::new("/usr/bin/python3");
    python.args(["-c", &script]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    python.status().is_ok_and(|status| status.success())
}

fn first_line(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok().filter(|output| output.status.success())?;
    // X servers speak on standard error.
    let text =
        String::from_utf8_lossy(if output.stdout.is_empty() { &output.stderr } else { &output.stdout });
    text.lines().find(|line| !line.trim().is_empty()).map(|line| line.trim().to_owned())
}

fn apt_get(packages: &[String]) -> io::Result<()> {
    succeed(Command::new("apt-get").args(["install", "--yes", "--no-install-recommends"]).args(packages))
}

/// Without the package's install scripts: only the executor in it is used.
fn npm_install(workspace: &Path) -> io::Result<()> {
    let folder = workspace.join("target/peers");
    std::fs::create_dir_all(&folder)?;
    succeed(
        Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"])
            .arg(&folder)
            .arg(MXC),
    )
}

fn succeed(command: &mut Command) -> io::Result<()> {
    match command.status()?.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!("{command:?} failed"))),
    }
}
