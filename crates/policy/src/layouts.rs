//! Which folders a program needs beside itself, found as data: virtual environments, version managers, toolchains.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use crate::host::{HostTree, NodeKind};
use crate::planner::glob;

const TEXT: &str = include_str!("../data/layouts.txt");

/// What is in the catalogue for every container; nothing needs to be granted there.
const SYSTEM: [&str; 9] =
    ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store"];
/// The most paths that are looked at for one program.
const MAX_HOPS: usize = 32;
/// As many links as the kernel follows in one path.
const MAX_LINKS: usize = 40;
/// The most bytes of a marker file that are read.
const MAX_FILE: usize = 64 << 10;

struct Layout {
    pattern: &'static str,
    needs: Vec<&'static str>,
    grants: Vec<&'static str>,
    keys: Vec<(&'static str, &'static str)>,
}

fn layouts() -> impl Iterator<Item = Layout> {
    TEXT.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let _name = words.next().filter(|name| !name.starts_with('#'))?;
        let mut layout =
            Layout { pattern: words.next()?, needs: Vec::new(), grants: Vec::new(), keys: Vec::new() };
        for word in words {
            match word.split_once('=')? {
                ("needs", path) => layout.needs.push(path),
                ("grant", path) => layout.grants.push(path),
                ("key", value) => layout.keys.push(value.rsplit_once(':')?),
                _ => return None,
            }
        }
        Some(layout)
    })
}

/// The folders and files to grant for reading and execution so that `program` (an absolute path) can run: its prefix by
/// the layouts, and the program itself where no folder holds it. Paths of the system are left out, since every
/// container has them. Never the home folder, a folder above it, or `/`.
///
/// `read_small_file` reads a marker file (such as `pyvenv.cfg`); `env` looks up the caller's environment.
pub fn program_grants(
    program: &Path,
    tree: &dyn HostTree,
    read_small_file: &dyn Fn(&Path) -> Option<Vec<u8>>,
    env: &dyn Fn(&str) -> Option<OsString>,
) -> Vec<PathBuf> {
    let home = env("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    let all: Vec<Layout> = layouts().collect();
    let mut folders: Vec<PathBuf> = Vec::new();
    let mut ends: Vec<PathBuf> = Vec::new();
    let mut todo: VecDeque<PathBuf> = VecDeque::from([program.to_path_buf()]);
    let mut seen: Vec<PathBuf> = Vec::new();
    while let Some(next) = todo.pop_front() {
        let hops = hops(&next, tree);
        for path in &hops {
            if seen.len() >= MAX_HOPS || seen.contains(path) {
                continue;
            }
            seen.push(path.clone());
            for layout in &all {
                let Some(mut parts) = fit(layout.pattern, path) else { continue };
                if let Some(home) = &home {
                    parts.insert("home", home.clone().into_os_string());
                }
                if !layout.needs.iter().all(|needed| exists(needed, &parts, tree)) {
                    continue;
                }
                folders.extend(layout.grants.iter().filter_map(|grant| granted(grant, &parts, env)));
                for (file, key) in &layout.keys {
                    let value = fill(file, &parts)
                        .and_then(|file| read_small_file(&file))
                        .and_then(|text| value_of(&text, key));
                    if let (Some(folder), Some(name)) = (value, path.file_name()) {
                        todo.push_back(folder.join(name));
                        // A base interpreter may be called python3 where the environment says python, and the reverse.
                        todo.push_back(folder.join("python3"));
                    }
                }
            }
        }
        if next == program {
            ends.extend(hops.into_iter().next_back());
        }
    }
    let mut grants: Vec<PathBuf> = Vec::new();
    for folder in folders {
        let folder = hops(&folder, tree).pop().unwrap_or(folder);
        if is_allowed(&folder, home.as_deref())
            && tree.node(&folder).is_some_and(|id| id.kind == NodeKind::Dir)
        {
            grants.push(folder);
        }
    }
    grants.sort();
    grants.dedup_by(|below, above| below.starts_with(above));
    for end in ends {
        let is_file = tree.node(&end).is_some_and(|id| id.kind == NodeKind::File);
        if is_file && !is_system(&end) && !grants.iter().any(|grant| end.starts_with(grant)) {
            grants.push(end);
        }
    }
    grants.sort();
    grants.dedup();
    grants
}

fn is_system(path: &Path) -> bool {
    SYSTEM.iter().any(|system| path.starts_with(system))
}

fn is_allowed(folder: &Path, home: Option<&Path>) -> bool {
    folder.is_absolute()
        && folder.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)))
        // Two names at least: /opt, /srv or /home as a whole belong to no program.
        && folder.components().count() > 2
        && !home.is_some_and(|home| home.starts_with(folder))
        && !is_system(folder)
}

/// The path itself, then after each symbolic link on the way, up to where it ends.
fn hops(path: &Path, tree: &dyn HostTree) -> Vec<PathBuf> {
    let mut all = vec![path.to_path_buf()];
    let mut done = PathBuf::from("/");
    let mut todo: VecDeque<OsString> = path
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_os_string()),
            Component::ParentDir => Some(OsString::from("..")),
            _ => None,
        })
        .collect();
    while let Some(name) = todo.pop_front() {
        if name == ".." {
            done.pop();
            continue;
        }
        done.push(&name);
        if tree.node(&done).is_none_or(|id| id.kind != NodeKind::Symlink) {
            continue;
        }
        let Some(target) = tree.read_link(&done) else { break };
        if all.len() > MAX_LINKS {
            break;
        }
        done.pop();
        for part in target.components().rev() {
            match part {
                Component::Normal(name) => todo.push_front(name.to_os_string()),
                Component::ParentDir => todo.push_front(OsString::from("..")),
                Component::RootDir => done = PathBuf::from("/"),
                _ => {}
            }
        }
        let mut whole = done.clone();
        for name in &todo {
            if name == ".." {
                whole.pop();
            } else {
                whole.push(name);
            }
        }
        all.push(whole);
    }
    all
}

type Parts = BTreeMap<&'static str, OsString>;

/// Holds a path against a pattern. `{P}` takes as many folders as the rest of the pattern leaves.
fn fit(pattern: &'static str, path: &Path) -> Option<Parts> {
    let mut names: Vec<&OsStr> = path.iter().skip(1).collect();
    let mut parts = Parts::new();
    let mut wanted: Vec<&'static str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    if wanted.first() == Some(&"{P}") {
        wanted.remove(0);
        let prefix = names.len().checked_sub(wanted.len()).filter(|length| *length > 0)?;
        let folder: PathBuf = std::iter::once(OsStr::new("/")).chain(names.drain(..prefix)).collect();
        parts.insert("P", folder.into_os_string());
    }
    if names.len() != wanted.len() {
        return None;
    }
    for (want, name) in wanted.into_iter().zip(names) {
        match want {
            "{X}" => drop(parts.insert("X", name.to_os_string())),
            "{N}" => drop(parts.insert("N", name.to_os_string())),
            literal if glob::fits(OsStr::new(literal), name) => {}
            _ => return None,
        }
    }
    Some(parts)
}

/// Puts the parts into a template. `None` when one is missing.
fn fill(template: &str, parts: &Parts) -> Option<PathBuf> {
    let mut out: Vec<u8> = Vec::new();
    let mut rest = template;
    while let Some((plain, tail)) = rest.split_once('{') {
        let (name, after) = tail.split_once('}')?;
        out.extend(plain.as_bytes());
        out.extend(parts.get(name)?.as_bytes());
        rest = after;
    }
    out.extend(rest.as_bytes());
    Some(PathBuf::from(OsString::from_vec(out)))
}

/// Whether something fits a template, which may hold a wildcard in its last name.
fn exists(template: &str, parts: &Parts, tree: &dyn HostTree) -> bool {
    let Some((folder, last)) = template.rsplit_once('/') else { return false };
    if !last.contains('*') {
        return fill(template, parts).is_some_and(|path| tree.node(&path).is_some());
    }
    fill(folder, parts)
        .and_then(|folder| tree.children(&folder).ok())
        .is_some_and(|children| children.iter().any(|(name, _)| glob::fits(OsStr::new(last), name)))
}

fn granted(grant: &str, parts: &Parts, env: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    match grant.strip_prefix('$').and_then(|rest| rest.split_once(':')) {
        Some((variable, otherwise)) => env(variable)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| fill(otherwise, parts)),
        None => fill(grant, parts),
    }
}

/// The absolute path in a line `key = value`.
fn value_of(text: &[u8], key: &str) -> Option<PathBuf> {
    text[..text.len().min(MAX_FILE)].split(|byte| *byte == b'\n').find_map(|line| {
        let at = line.iter().position(|byte| *byte == b'=')?;
        let value = line[at + 1..].trim_ascii();
        let path = Path::new(OsStr::from_bytes(value));
        (line[..at].trim_ascii() == key.as_bytes() && path.is_absolute()).then(|| path.to_path_buf())
    })
}
