//! Windows programs: built here from C, and run by people who have Wine's files already.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Person, everyone, everyone_at_home, finish};

/// Compiles a program of `win32/`, once for all tests.
pub fn windows_program(name: &str) -> PathBuf {
    let folder = shared();
    let program = folder.join(format!("{name}.exe"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("win32").join(format!("{name}.c"));
    let _alone = alone(&folder);
    let is_newer =
        || Some(fs::metadata(&program).ok()?.modified().ok()? > fs::metadata(&source).ok()?.modified().ok()?);
    if is_newer() != Some(true) {
        // At a fixed address, so that a child's memory lies where its parent's does.
        let options = ["-O1", "-s", "-static", "-Wl,--disable-dynamicbase", "-o"];
        let mut compiler = Command::new("x86_64-w64-mingw32-gcc");
        let ended = compiler.args(options).args([&program, &source]).status();
        assert!(ended.expect("gcc-mingw-w64-x86-64: cargo xtask peers").success(), "{name}.c");
    }
    program
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
    if !kept.exists() {
        // By the person's own lowbox: the first Windows program has it made.
        let ended = finish(person.inside([""; 0], [program]), 120);
        assert!(ended.stderr.contains("making Wine's files"), "{}", ended.stderr);
        ended.succeeded();
        let new = folder.join("new");
        let _ = fs::remove_dir_all(&new);
        copy(&own, &new);
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
