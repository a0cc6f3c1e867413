//! Folders that programs need beside themselves.

mod common;

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use common::*;
use lowbox_policy::program_grants;

fn grants(tree: &FakeTree, program: &str, files: &[(&str, &str)]) -> Vec<PathBuf> {
    let files: HashMap<PathBuf, Vec<u8>> =
        files.iter().map(|(path, text)| (path.into(), text.as_bytes().to_vec())).collect();
    let env = |name: &str| (name == "HOME").then(|| OsString::from("/home/me"));
    program_grants(Path::new(program), tree, &|path: &Path| files.get(path).cloned(), &env)
}

fn paths(paths: &[&str]) -> Vec<PathBuf> {
    paths.iter().map(PathBuf::from).collect()
}

#[test]
fn a_program_of_the_system_needs_nothing() {
    let mut tree = FakeTree::new();
    tree.file("/usr/bin/python3.11").link("/usr/bin/python3", "python3.11").link("/bin", "usr/bin");
    tree.dir("/usr/lib/python3.11");
    assert_eq!(grants(&tree, "/bin/python3", &[]), paths(&[]));
}

#[test]
fn a_virtual_environment_brings_its_base() {
    let mut tree = FakeTree::new();
    tree.file("/home/me/p/.venv/pyvenv.cfg");
    tree.link("/home/me/p/.venv/bin/python", "/home/me/.pyenv/versions/3.12/bin/python3");
    tree.file("/home/me/.pyenv/versions/3.12/bin/python3")
        .dir("/home/me/.pyenv/versions/3.12/lib/python3.12");
    let cfg = [("/home/me/p/.venv/pyvenv.cfg", "version = 3.12\nhome = /home/me/.pyenv/versions/3.12/bin\n")];
    let wanted = paths(&["/home/me/.pyenv/versions/3.12", "/home/me/p/.venv"]);
    assert_eq!(grants(&tree, "/home/me/p/.venv/bin/python", &cfg), wanted);
}

#[test]
fn a_script_of_a_virtual_environment_finds_the_base_by_the_key() {
    let mut tree = FakeTree::new();
    tree.file("/home/me/v/pyvenv.cfg").file("/home/me/v/bin/black");
    tree.file("/home/me/uv/cpython-3.13/bin/python3").dir("/home/me/uv/cpython-3.13/lib/python3.13");
    let cfg = [("/home/me/v/pyvenv.cfg", "home = /home/me/uv/cpython-3.13/bin")];
    let wanted = paths(&["/home/me/uv/cpython-3.13", "/home/me/v"]);
    assert_eq!(grants(&tree, "/home/me/v/bin/black", &cfg), wanted);
}

#[test]
fn a_base_that_is_the_system_adds_nothing() {
    let mut tree = FakeTree::new();
    tree.file("/home/me/v/pyvenv.cfg")
        .link("/home/me/v/bin/python", "/usr/bin/python3")
        .file("/usr/bin/python3");
    tree.dir("/usr/lib/python3.11");
    let cfg = [("/home/me/v/pyvenv.cfg", "home = /usr/bin")];
    assert_eq!(grants(&tree, "/home/me/v/bin/python", &cfg), paths(&["/home/me/v"]));
}

#[test]
fn shims_and_version_managers_are_found() {
    let mut tree = FakeTree::new();
    tree.file("/home/me/.pyenv/shims/python").file("/home/me/.pyenv/libexec/pyenv");
    assert_eq!(grants(&tree, "/home/me/.pyenv/shims/python", &[]), paths(&["/home/me/.pyenv"]));
    tree.file("/home/me/.nvm/versions/node/v20/bin/node")
        .dir("/home/me/.nvm/versions/node/v20/lib/node_modules");
    let node = grants(&tree, "/home/me/.nvm/versions/node/v20/bin/node", &[]);
    assert_eq!(node, paths(&["/home/me/.nvm/versions/node/v20"]));
    tree.link("/home/me/.run/fnm_1", "/home/me/.nvm/versions/node/v20");
    assert_eq!(grants(&tree, "/home/me/.run/fnm_1/bin/node", &[]), node);
    tree.file("/home/me/.cargo/bin/rustup")
        .link("/home/me/.cargo/bin/cargo", "rustup")
        .dir("/home/me/.rustup/toolchains");
    tree.file("/home/me/.cargo/credentials.toml");
    let cargo = grants(&tree, "/home/me/.cargo/bin/cargo", &[]);
    assert_eq!(cargo, paths(&["/home/me/.cargo/bin", "/home/me/.rustup"]));
}

#[test]
fn a_lone_program_is_granted_alone() {
    let mut tree = FakeTree::new();
    tree.file("/home/me/bin/tool").dir("/home/me/lib");
    assert_eq!(grants(&tree, "/home/me/bin/tool", &[]), paths(&["/home/me/bin/tool"]));
    tree.file("/opt/app/bin/app");
    assert_eq!(grants(&tree, "/opt/app/bin/app", &[]), paths(&["/opt/app"]));
}

#[test]
fn the_home_folder_is_never_granted() {
    let mut tree = FakeTree::new();
    tree.file("/home/me/bin/python3").dir("/home/me/lib/python3.12").file("/home/me/pyvenv.cfg");
    assert_eq!(grants(&tree, "/home/me/bin/python3", &[]), paths(&["/home/me/bin/python3"]));
    tree.file("/home/bin/python3").dir("/home/lib/python3.12").file("/bin2/python3");
    assert_eq!(grants(&tree, "/home/bin/python3", &[]), paths(&["/home/bin/python3"]));
}

#[test]
fn a_hostile_marker_opens_no_folder_without_an_interpreter() {
    let mut tree = FakeTree::new();
    tree.file("/home/me/p/pyvenv.cfg")
        .file("/home/me/p/bin/python")
        .file("/home/me/.ssh/id")
        .dir("/home/me/.aws/bin");
    for home in ["/home/me/.ssh", "/home/me/.aws/bin", "/home/me/p/../.ssh", "relative", "/", ""] {
        let cfg = format!("home = {home}\n");
        let found = grants(&tree, "/home/me/p/bin/python", &[("/home/me/p/pyvenv.cfg", &cfg)]);
        assert_eq!(found, paths(&["/home/me/p"]), "{home}");
    }
}

#[test]
fn markers_that_lead_in_circles_end() {
    let mut tree = FakeTree::new();
    tree.file("/a/v/pyvenv.cfg").file("/a/v/bin/python").link("/a/loop", "loop");
    let cfg = [("/a/v/pyvenv.cfg", "home = /a/v/bin\n")];
    assert_eq!(grants(&tree, "/a/v/bin/python", &cfg), paths(&["/a/v"]));
    assert_eq!(grants(&tree, "/a/loop/x", &[]), paths(&[]));
}
