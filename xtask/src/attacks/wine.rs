//! The plain Wine in which Windows attacks have to succeed: a prefix of each identity's own for the run, one server for all of its attacks.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::setup::Setup;

/// Debian's; whose scripts in PATH start these.
pub const LOADER: &str = "/usr/lib/wine/wine64";
pub const SERVER: &str = "/usr/lib/wine/wineserver64";
const COMPILER: &str = "/usr/bin/x86_64-w64-mingw32-gcc";

/// The folder of the Windows attacks' sources.
pub const SOURCES: &str = "win32";

/// What Windows attacks need and this machine lacks.
pub fn lacking() -> Option<&'static str> {
    if !Path::new(LOADER).exists() || !Path::new(SERVER).exists() {
        Some("Wine is not installed (package wine64)")
    } else if !Path::new(COMPILER).exists() {
        Some("no compiler for Windows programs is installed (package gcc-mingw-w64-x86-64)")
    } else {
        None
    }
}

/// A command that compiles a Windows attack.
pub fn compile(source: &Path, to: &Path) -> Command {
    let mut command = Command::new(COMPILER);
    command.args(["-O1", "-Wall", "-o"]).arg(to.with_extension("exe")).arg(source);
    // Libraries of Windows that one or the other needs.
    command.args(["-lws2_32", "-lole32", "-lshell32", "-luuid", "-lntdll", "-lgdi32"]);
    command
}

/// Whether an attack's program is one for Windows.
pub fn is_windows(program: &str) -> bool {
    program.ends_with(".exe")
}

/// Makes the folders of the identities, which own them.
pub fn folders(shared: &Path, user: Option<u32>) -> io::Result<()> {
    for (root, owner) in [(true, None), (false, user)] {
        let at = folder(shared, root);
        fs::DirBuilder::new().mode(0o700).create(&at)?;
        chown(&at, owner, None)?;
    }
    Ok(())
}

fn folder(shared: &Path, root: bool) -> PathBuf {
    shared.join(if root { "wine-root" } else { "wine-user" })
}

/// The prefix of an identity.
pub fn prefix(setup: &Setup) -> PathBuf {
    folder(&setup.shared, setup.root).join("prefix")
}

/// Where lowbox keeps its own template for an identity: making one for each attack would take minutes.
pub fn lowbox_data(setup: &Setup) -> PathBuf {
    folder(&setup.shared, setup.root).join("data")
}

/// Makes the prefix, unless it is there.
pub fn make_ready(setup: &Setup) -> io::Result<()> {
    if prefix(setup).join("user.reg").exists() {
        return Ok(());
    }
    let mut boot = command(setup, LOADER);
    boot.args(["wineboot.exe", "-i"]).env("WINEDLLOVERRIDES", "mscoree,mshtml=;winemenubuilder.exe=d");
    let made = boot.status()?;
    wait(setup)?;
    match made.success() && prefix(setup).join("user.reg").exists() {
        true => Ok(()),
        false => Err(io::Error::other("Wine could not make a prefix")),
    }
}

/// What the prefix's programs have registered for its user, once none of them runs.
pub fn registry(setup: &Setup) -> io::Result<String> {
    let path = prefix(setup).join("user.reg");
    if !path.exists() {
        return Ok(String::new());
    }
    wait(setup)?;
    fs::read_to_string(path)
}

/// Waits until the prefix's server has ended: it has written the registry then.
fn wait(setup: &Setup) -> io::Result<()> {
    command(setup, SERVER).arg("-w").status().map(drop)
}

fn command(setup: &Setup, program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", folder(&setup.shared, setup.root));
    command.env("WINEPREFIX", prefix(setup)).env("WINEDEBUG", "-all");
    command.current_dir(folder(&setup.shared, setup.root));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Environment of an attack in the plain Wine, and of the programs that it goes for.
pub fn environment(setup: &Setup) -> [(&'static str, PathBuf); 3] {
    [
        ("WINEPREFIX", prefix(setup)),
        ("WINEDEBUG", "-all".into()),
        // Nobody is asked to fetch a .NET or an HTML engine.
        ("WINEDLLOVERRIDES", "mscoree,mshtml=".into()),
    ]
}
