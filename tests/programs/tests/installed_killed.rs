//! Installing, upgrading and removing, killed at each of their changes in turn: what is found is the old state or the new one, never a third.
//!
//! strace(1) kills lowbox at its first, second, … call of each kind that can change something, so that every run tries another moment and
//! none is left to chance.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lowbox_program_tests::{Person, Sample, finish, ordinary};

/// Calls that change what is on the disk.
const CHANGES: &str = "openat,openat2,mkdir,mkdirat,write,pwrite64,rename,renameat,renameat2,symlink,symlinkat,unlink,unlinkat,rmdir,\
    chmod,fchmod,fchmodat,fsync,fdatasync,syncfs,flock,ftruncate";

/// What is installed, as others see it: files with what is in them, links with where they lead.
#[derive(Clone, Debug, PartialEq, Eq)]
struct State(BTreeMap<PathBuf, Vec<u8>>);

impl State {
    fn of(person: &Person) -> State {
        let mut all = BTreeMap::new();
        let home = person.home();
        // What the desktop's tools make of the entries is theirs.
        let is_cache = |path: &Path| {
            path.ends_with("mimeinfo.cache")
                || path.starts_with(home.join(".local/share/mime"))
                    && !path.starts_with(home.join(".local/share/mime/packages"))
        };
        let mut folders = vec![home.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap().flatten() {
                let (path, kind) = (entry.path(), entry.file_type().unwrap());
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_symlink() {
                    let target = fs::read_link(&path).unwrap();
                    all.insert(path, target.into_os_string().into_encoded_bytes());
                } else if entry.file_name() == "record.json" {
                    // When it was installed is another time each time.
                    let text = fs::read_to_string(&path).unwrap();
                    let lines = text.lines().filter(|line| !line.contains("\"installed\""));
                    all.insert(path, lines.collect::<String>().into_bytes());
                } else if !is_cache(&path) && !is_of_the_store(&path) && entry.file_name() != ".lock" {
                    all.insert(path.clone(), fs::read(&path).unwrap());
                }
            }
        }
        State(all)
    }

    /// The commands that lead somewhere: what a person has before lowbox is run again.
    fn commands(&self) -> Vec<PathBuf> {
        let links =
            self.0.keys().filter(|path| path.parent().is_some_and(|folder| folder.ends_with(".local/bin")));
        links.filter(|path| fs::metadata(path).is_ok()).cloned().collect()
    }
}

fn is_of_the_store(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.parent().is_some_and(|folder| folder.ends_with(".local/share/lowbox")) && name.contains(".db")
}

/// Puts a copy of the folders of an earlier state in their place.
fn put_back(person: &Person, copy: &Path) {
    let local = person.home().join(".local");
    let _ = fs::remove_dir_all(&local);
    if copy.exists() {
        let copied = Command::new("cp").arg("-a").arg(copy).arg(&local).status().unwrap();
        assert!(copied.success());
    }
}

fn consents(person: &Person) -> String {
    finish(person.lowbox(&["consent", "list", "--json"]), 60).succeeded()
}

/// Kills `words` at every change until it gets to its end, but for at most `most` times, evenly spread. Returns how often.
fn killed_at_every_change(person: &Person, words: &[String], most: usize) -> usize {
    let copy = person.work().join("copy");
    let local = person.home().join(".local");
    if local.exists() {
        let copied = Command::new("cp").arg("-a").arg(&local).arg(&copy).status().unwrap();
        assert!(copied.success());
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (old, old_consents) = (State::of(person), consents(person));
    let old_commands = old.commands();
    // How many changes there are: counted in a run that nobody kills.
    let log = person.work().join("strace.log");
    let lowbox = person.lowbox(&words);
    let traced = |options: &[&str]| {
        let mut command: Vec<std::ffi::OsString> = vec!["strace".into(), "-f".into(), "-qq".into()];
        // Without the desktop's tools, whose calls would be counted too.
        command.extend(["-E".into(), "PATH=/nonexistent".into()]);
        command.extend(options.iter().map(Into::into));
        command.extend(["-o".into(), log.clone().into(), "--".into()]);
        // Past setpriv(1): lowbox alone is traced.
        let all: Vec<_> = std::iter::once(lowbox.get_program()).chain(lowbox.get_args()).collect();
        let at = all.iter().position(|word| *word == "--").map_or(0, |at| at + 1);
        command.extend(all[at..].iter().map(|word| (*word).to_owned()));
        person.plain(command)
    };
    finish(traced(&[&format!("-etrace={CHANGES}")]), 120).succeeded();
    let moments = moments(&fs::read_to_string(&log).unwrap());
    let (new, new_consents) = (State::of(person), consents(person));
    let new_commands = new.commands();
    assert_ne!(old, new);
    let mut killed = 0;
    let tried = moments.len().min(most);
    for number in 0..tried {
        let (call, nth) = &moments[number * moments.len() / tried];
        put_back(person, &copy);
        let (moment, inject) = (format!("{call} {nth}"), format!("-einject={call}:signal=KILL:when={nth}"));
        let ended = finish(traced(&[&format!("-etrace={CHANGES}"), &inject]), 120);
        killed += usize::from(!ended.status.success());
        let commands = State::of(person).commands();
        assert!(
            commands == old_commands || commands == new_commands,
            "killed at {moment}, before anything is put away: {commands:?}"
        );
        finish(person.lowbox(&["list"]), 60).succeeded();
        let (found, found_consents) = (State::of(person), consents(person));
        let is_old = found == old && found_consents == old_consents;
        let is_new = found == new && found_consents == new_consents;
        assert!(
            is_old || is_new,
            "killed at {moment}: {:#?}\n{found_consents}",
            found.0.keys().collect::<Vec<_>>()
        );
        // It is no obstacle to what comes next.
        if number % 10 == 0 {
            finish(person.lowbox(&words), 60);
            assert_eq!(State::of(person), new, "after being killed at {moment}");
        }
    }
    killed
}

/// Each call of the log: its name, and how many of that name its thread had made with it.
fn moments(log: &str) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut moments = Vec::new();
    for line in log.lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let Some((call, _)) = rest.trim_start().split_once('(') else { continue };
        let count = counts.entry((thread, call)).or_default();
        *count += 1;
        let moment = (call.to_owned(), *count);
        if !moments.contains(&moment) {
            moments.push(moment);
        }
    }
    moments
}

fn sample(version: &'static str, aliases: &[&'static str]) -> Sample {
    let mut sample = Sample::new("Contoso.Tool", version);
    sample.aliases = aliases.to_vec();
    sample.file_types = vec![".contoso"];
    sample
}

fn install(person: &Person, sample: &Sample) -> Vec<String> {
    let package = sample.signed(person);
    let words = ["install", &package.to_string_lossy(), "--trust", &sample.certificate()];
    words.map(str::to_owned).to_vec()
}

#[test]
fn an_installation_that_is_killed_leaves_nothing_or_all() {
    let person = ordinary();
    let killed = killed_at_every_change(
        &person,
        &install(
            &person,
            &sample("1.0.0.0", &["contoso-1", "contoso-2", "contoso-3", "contoso-4", "contoso-5"]),
        ),
        110,
    );
    assert!(killed >= 100, "{killed} times only");
}

#[test]
fn an_upgrade_that_is_killed_leaves_the_old_version_or_the_new_one() {
    let person = ordinary();
    sample("1.0.0.0", &["contoso-both", "contoso-4", "contoso-5", "contoso-6", "contoso-7"])
        .install(&person, &[])
        .succeeded();
    finish(person.lowbox(&["run", "Contoso.Tool"]), 60).succeeded();
    let new = install(&person, &sample("2.0.0.0", &["contoso-both", "contoso-1", "contoso-2", "contoso-3"]));
    let killed = killed_at_every_change(&person, &new, 130);
    assert!(killed >= 100, "{killed} times only");
}

#[test]
fn a_removal_that_is_killed_leaves_all_or_nothing() {
    let person = ordinary();
    let mut sample = sample("1.0.0.0", &["contoso-one", "contoso-two"]);
    sample.script = "mkdir -p ~/a/b ~/c; for f in ~/1 ~/a/2 ~/a/b/3 ~/c/4; do echo x > $f; done\n".to_owned();
    sample.install(&person, &[]).succeeded();
    finish(person.lowbox(&["run", "Contoso.Tool"]), 60).succeeded();
    let file = person.file("../home/notes/file", "x");
    let grant = format!("{}:r", file.display());
    finish(person.lowbox(&["consent", "grant", "--package", "Contoso.Tool", &grant]), 60).succeeded();
    let words = ["remove", "Contoso.Tool"].map(str::to_owned);
    let killed = killed_at_every_change(&person, &words, 130);
    assert!(killed >= 100, "{killed} times only");
}
