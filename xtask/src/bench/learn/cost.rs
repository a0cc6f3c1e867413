//! Programs at work: plain, learned about, and under strace(1).

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use super::super::result::Line;
use super::super::sample::{Contender, Sample, interleave};
use super::super::scene::Scene;
use super::{WITHOUT_STACKS, captures_stacks, learn};

/// Six packages of the standard library, fifty times.
pub fn imports(scene: &Scene) -> io::Result<Vec<Line>> {
    let line = "i=0; while [ $i -lt 50 ]; do /usr/bin/python3 -c \
                'import asyncio, email.message, http.client, json, sqlite3, xml.dom.minidom' || exit 1; i=$((i+1)); done";
    compare(scene, &Work { aim: 1.10, aim_with_stacks: 1.20, ..Work::new("six imports × 50", line) })
}

/// A thousand processes that do nothing.
pub fn forks(scene: &Scene) -> io::Result<Vec<Line>> {
    let line = "i=0; while [ $i -lt 1000 ]; do /bin/true; i=$((i+1)); done";
    compare(scene, &Work { aim: 1.25, aim_with_stacks: 1.25, ..Work::new("1,000 × true", line) })
}

/// What only looks is not reported.
pub fn find(scene: &Scene) -> io::Result<Vec<Line>> {
    let line = "/usr/bin/find /usr -type f >/dev/null 2>&1 || :";
    compare(scene, &Work { aim: 1.05, aim_with_stacks: 1.05, ..Work::new("find /usr -type f", line) })
}

/// A small crate from nothing, with two compilers at a time.
pub fn cargo(scene: &Scene) -> io::Result<Vec<Line>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let there = Command::new(&cargo).arg("--version").stdin(Stdio::null()).output();
    if !there.is_ok_and(|output| output.status.success()) {
        let why = format!("{cargo} does not run as this user");
        return Ok(vec![Line::new("cargo build: not measured", 0.0, "").note(why)]);
    }
    let folder = scene.work.path().join("crate");
    make_crate(&folder)?;
    let mut environment = vec![("CARGO_HOME", scene.work.path().join("cargo-home").into_os_string())];
    environment.extend(std::env::var_os("RUSTUP_HOME").map(|home| ("RUSTUP_HOME", home)));
    if std::env::var_os("RUSTUP_HOME").is_none()
        && let Some(home) = std::env::home_dir().map(|home| home.join(".rustup")).filter(|home| home.is_dir())
    {
        environment.push(("RUSTUP_HOME", home.into_os_string()));
    }
    // rustup's proxies would be what is measured.
    let rustc = Path::new(&cargo).with_file_name("rustc");
    if rustc.is_file() {
        environment.push(("RUSTC", rustc.into_os_string()));
    }
    let line = format!("rm -rf target && {cargo} build --offline --quiet --jobs 2");
    let work = Work {
        aim: 1.25,
        aim_with_stacks: 1.25,
        folder: Some(&folder),
        environment,
        ..Work::new("cargo build, two compilers", &line)
    };
    compare(scene, &work)
}

/// Six libraries of some functions each, and a program that uses them.
fn make_crate(folder: &Path) -> io::Result<()> {
    let manifest = |name: &str, more: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{more}")
    };
    let names: Vec<String> = (0..6).map(|number| format!("part{number}")).collect();
    for name in &names {
        let place = folder.join(name);
        fs::create_dir_all(place.join("src"))?;
        fs::write(place.join("Cargo.toml"), manifest(name, ""))?;
        let text: String = (0..15)
            .map(|number| {
                format!(
                    "pub fn f{number}(text: &str) -> std::collections::BTreeMap<String, usize> {{\n    \
                     text.split('{}').map(|word| (word.to_uppercase(), word.len() + {number})).collect()\n}}\n",
                    char::from(b'a' + (number % 26) as u8)
                )
            })
            .collect();
        fs::write(place.join("src/lib.rs"), text)?;
    }
    let needs: String = names.iter().map(|name| format!("{name} = {{ path = \"{name}\" }}\n")).collect();
    let more = format!("[dependencies]\n{needs}[workspace]\n");
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("Cargo.toml"), manifest("whole", &more))?;
    let calls: String = names.iter().map(|name| format!("    sum += {name}::f1(\"abc\").len();\n")).collect();
    fs::write(
        folder.join("src/main.rs"),
        format!("fn main() {{\n    let mut sum = 0;\n{calls}    println!(\"{{sum}}\");\n}}\n"),
    )
}

/// What is compared.
struct Work<'a> {
    what: &'a str,
    /// For a shell.
    line: &'a str,
    /// Where; the root if nowhere.
    folder: Option<&'a Path>,
    environment: Vec<(&'static str, OsString)>,
    /// At most this part of the plain time without call stacks.
    aim: f64,
    aim_with_stacks: f64,
}

impl<'a> Work<'a> {
    fn new(what: &'a str, line: &'a str) -> Work<'a> {
        Work { what, line, folder: None, environment: Vec::new(), aim: 0.0, aim_with_stacks: 0.0 }
    }
}

const LEARN: &str = "learn";
const LEARN_WITHOUT_STACKS: &str = "learn, no stacks";

fn compare(scene: &Scene, work: &Work<'_>) -> io::Result<Vec<Line>> {
    let shell = ["/bin/sh", "-c", work.line];
    let file = |name: &str| -> PathBuf { scene.work.path().join(name) };
    let passed: Vec<OsString> =
        work.environment.iter().map(|(name, _)| format!("--env={name}").into()).collect();
    let learned = |name: &'static str, more: Option<&str>| {
        let options: Vec<&OsStr> =
            passed.iter().map(OsString::as_os_str).chain(more.map(OsStr::new)).collect();
        (name, learn(scene, &file("cost.trace"), &options, &shell))
    };
    let strace = |name: &'static str, options: &[&str]| {
        let mut strace = Command::new("strace");
        strace.args(options).arg("-o").arg(file("strace.out")).args(shell);
        (name, strace)
    };
    let mut plain = Command::new(shell[0]);
    plain.args(&shell[1..]);
    let mut commands = vec![("plain", plain)];
    match captures_stacks(scene) {
        true => commands.extend([learned(LEARN, None), learned(LEARN_WITHOUT_STACKS, Some(WITHOUT_STACKS))]),
        false => commands.push(learned(LEARN_WITHOUT_STACKS, None)),
    }
    commands.push(strace("strace -f", &["-f"]));
    commands.push(strace("strace --seccomp-bpf", &["-f", "--seccomp-bpf", "-e", "trace=%file,%network"]));
    let mut contenders: Vec<Contender> = commands
        .into_iter()
        .map(|(name, mut command)| {
            command.current_dir(work.folder.unwrap_or(Path::new("/")));
            command.envs(work.environment.iter().map(|(name, value)| (name, value)));
            Contender::new(name, command)
        })
        .collect();
    let samples = interleave(&mut contenders, (scene.rounds / 20).max(3))?;
    let _ = fs::remove_file(file("cost.trace"));
    let ratio = |sample: &Sample| {
        let line = Line::new(format!("{} by plain: {}", sample.name, work.what), sample.ratio, "");
        match sample.name.as_str() {
            LEARN => line.at_most(work.aim_with_stacks),
            LEARN_WITHOUT_STACKS => line.at_most(work.aim),
            _ => line,
        }
    };
    Ok(samples.iter().map(Line::time).chain(samples.iter().skip(1).map(ratio)).collect())
}
