//! Windows programs: built here from C, and run by people who have Wine's files already.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::person::built_lowbox;
use crate::{Person, everyone, everyone_at_home, files, finish, text};

/// A program with windows that nobody here wrote: Wine's own editor.
pub const NOTEPAD: &str = "/usr/lib/x86_64-linux-gnu/wine/x86_64-windows/notepad.exe";

/// Compiles a program of `win32/`, once for all tests.
pub fn windows_program(name: &str) -> PathBuf {
    let folder = shared();
    let program = folder.join(format!("{name}.exe"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("win32").join(format!("{name}.c"));
    let _alone = alone(&folder);
    let time = |path: &Path| fs::metadata(path).ok()?.modified().ok();
    let newest = time(&source).max(time(&source.with_extension("rc")));
    if time(&program) <= newest {
        // At a fixed address, so that a child's memory lies where its parent's does.
        let options = ["-O1", "-s", "-static", "-Wl,--disable-dynamicbase"];
        let mut compiler = Command::new("x86_64-w64-mingw32-gcc");
        let resources = source.with_extension("rc").is_file().then(|| resources(name, &folder));
        let says = |word: &str| fs::read_to_string(&source).is_ok_and(|text| text.contains(word));
        let window_options = says("wWinMain").then_some(["-mwindows", "-municode"]).into_iter().flatten();
        let dialogs = says("commdlg.h").then_some(["-lcomdlg32"]).into_iter().flatten();
        let objects = says("shobjidl.h").then_some(["-lole32", "-luuid"]).into_iter().flatten();
        compiler.args(["-o"]).arg(&program).arg(&source).args(resources);
        let ended = compiler.args(options).args(window_options).args(dialogs).args(objects).status();
        assert!(ended.expect("gcc-mingw-w64-x86-64: cargo xtask peers").success(), "{name}.c");
    }
    program
}

/// What a program says of itself, compiled, with a picture.
fn resources(name: &str, folder: &Path) -> PathBuf {
    let png = lowbox_msix::placeholder_logo(256);
    // One picture of 256 by 256 pixels, 22 bytes from the beginning.
    let mut icon = vec![0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 32, 0];
    icon.extend((png.len() as u32).to_le_bytes());
    icon.extend(22_u32.to_le_bytes());
    icon.extend(png);
    fs::write(folder.join("icon.ico"), icon).expect("written");
    let (script, made) = (
        Path::new(env!("CARGO_MANIFEST_DIR")).join("win32").join(name),
        folder.join(name).with_extension("o"),
    );
    let mut compiler = Command::new("x86_64-w64-mingw32-windres");
    let ended = compiler.arg("-I").arg(folder).args([script.with_extension("rc"), made.clone()]).status();
    assert!(ended.expect("windres: binutils-mingw-w64-x86-64").success(), "{name}.rc");
    made
}

/// An installer of [`windows_program`] `registry`, made by NSIS from `win32/installer.nsi` in the person's working folder. `None`, and said, where
/// there is no NSIS.
pub fn installer(person: &Person) -> Option<PathBuf> {
    if Command::new("makensis").arg("-VERSION").output().is_err() {
        println!("1 test left out: makensis (Debian's nsis) is not installed");
        return None;
    }
    let folder = windows_program("registry").parent().expect("a folder").to_owned();
    let made = folder.join(format!("setup-{}.exe", std::process::id()));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("win32/installer.nsi");
    let define = |name: &str, path: &Path| format!("-D{name}={}", path.display());
    let options = ["-V1".to_owned(), define("FROM", &folder), define("TO", &made)];
    let ended = Command::new("makensis").args(options).arg(script).status();
    assert!(ended.expect("makensis").success());
    let own = person.file("download/setup.exe", "");
    fs::copy(&made, &own).expect("a copy");
    fs::remove_file(&made).expect("it is there");
    Some(own)
}

/// A copy of a program in the person's working folder, without the bit that Linux wants of programs.
pub fn own_windows_program(person: &Person, name: &str) -> PathBuf {
    let copy = person.file(format!("{name}.exe"), "");
    fs::copy(windows_program(name), &copy).expect("a copy");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(&copy, mode).expect("its mode");
    copy
}

/// Runs a test as everyone, each with Wine's files, which take ten seconds to make and are made once.
pub fn everyone_with_wine(test: impl Fn(&Person)) {
    everyone(|person| {
        give_template(person);
        test(person);
    });
}

/// The same with the working folder in the home folder.
pub fn everyone_at_home_with_wine(test: impl Fn(&Person)) {
    everyone_at_home(|person| {
        give_template(person);
        test(person);
    });
}

/// A program that nobody here wrote, which `.ci/run` fetches by its package's name; `None` where it was not, which is said.
pub fn fetched_windows_program(name: &str) -> Option<PathBuf> {
    let fetched = std::env::var_os("LOWBOX_WINDOWS_PROGRAMS")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/windows-programs"));
    // 7-Zip's package has it for several processors, and of CMake there are two.
    let others = ["/ia32/", "/arm64/", "/older/"].into_iter().filter(|other| !name.contains(&other[1..]));
    let others: Vec<&str> = others.collect();
    let is_it =
        |path: &PathBuf| path.ends_with(name) && !others.iter().any(|other| text(path).contains(other));
    let found = files(&fetched).into_iter().find(is_it);
    if found.is_none() {
        eprintln!(
            "SKIPPED 1 scenario: {name} is not in {} (LOWBOX_WINDOWS_PROGRAMS names another folder)",
            fetched.display()
        );
    }
    found
}

/// The words before a command that make a folder an overlay for it, as root: its changes and what overlayfs needs go to two new folders
/// in `layers`. Overlayfs takes no such folder for changes of another overlay.
pub fn on_an_overlay(layers: &Path, folder: &Path) -> Vec<String> {
    for name in ["upper", "work"] {
        fs::create_dir(layers.join(name)).expect("a folder");
    }
    fs::create_dir_all(folder).expect("a folder");
    let script = r#"mount -t overlay overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" "$2" && shift 2 && exec "$@""#;
    let words = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-ec", script, "sh"];
    words.into_iter().chain([text(layers), text(folder)]).map(str::to_owned).collect()
}

/// Where tests share what takes long.
fn shared() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    // target/PROFILE/deps/TEST
    let folder = test.parent().and_then(Path::parent).expect("a target folder").join("windows");
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn alone(folder: &Path) -> File {
    let lock = File::create(folder.join("lock")).expect("a lock");
    lock.lock().expect("it is local");
    lock
}

fn give_template(person: &Person) {
    let folder = shared();
    let program = own_windows_program(person, "echo");
    let lock = alone(&folder);
    let own = person.home().join(".local/share/lowbox/wine");
    let kept = folder.join(format!("template of {}", person.name));
    let copy = |from: &Path, to: &Path| {
        let ended = Command::new("cp").arg("-a").args([from, to]).status();
        assert!(ended.expect("cp").success(), "{} to {}", from.display(), to.display());
    };
    let time = |path: &Path| fs::metadata(path).and_then(|found| found.modified()).ok();
    // Another lowbox may want another one.
    if time(&kept) < time(&built_lowbox()) {
        let _ = fs::remove_dir_all(&kept);
        // By the person's own lowbox: the first Windows program has it made.
        let ended = finish(person.inside([""; 0], [program]), 120);
        assert!(ended.stderr.contains("making Wine's files"), "{}", ended.stderr);
        ended.succeeded();
        let new = folder.join("new");
        let _ = fs::remove_dir_all(&new);
        copy(&own, &new);
        File::open(&new).and_then(|made| made.set_modified(std::time::SystemTime::now())).expect("its time");
        fs::rename(&new, &kept).expect("in one folder");
        return;
    }
    drop(lock);
    finish(
        person.plain(["mkdir", "-p", "-m", "700", ".local/share/lowbox"].map(|word| match word {
            ".local/share/lowbox" => own.parent().expect("in it").as_os_str().to_owned(),
            word => word.into(),
        })),
        10,
    )
    .succeeded();
    copy(&kept, &own);
}
