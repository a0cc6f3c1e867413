//! A launch of the test: a token, and a few random trees with random descriptors on their nodes.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use lowbox_policy::NodeKind;
use lowbox_policy::objects::escape;

use crate::descriptors::descriptor;
use crate::random::Random;
use crate::runner::Runner;

/// One node of a tree on the host.
#[derive(Clone, Debug)]
pub struct Node {
    pub path: PathBuf,
    pub kind: NodeKind,
    pub mode: u32,
    /// Whether it belongs to the user that the program is, and not to the one who runs the test.
    pub own: bool,
    /// A script instead of a binary.
    pub script: bool,
    /// Where a symbolic link points.
    pub target: PathBuf,
}

/// A tree and the lines of the file of objects that are about it.
#[derive(Clone, Debug)]
pub struct Tree {
    pub root: PathBuf,
    pub nodes: Vec<Node>,
    pub lines: Vec<String>,
}

/// What one launch of lowbox is about.
#[derive(Clone, Debug)]
pub struct Case {
    pub launch: u64,
    pub folder: PathBuf,
    pub capabilities: Vec<&'static str>,
    pub less_privileged: bool,
    pub trees: Vec<Tree>,
    /// Lines about what lies beside the trees.
    pub beside: Vec<String>,
}

/// The most nodes of a tree.
const MAX_NODES: usize = 14;
const MAX_DEPTH: usize = 4;

impl Case {
    pub fn random(random: &mut Random, launch: u64, trees: usize, runner: &Runner, base: &Path) -> Case {
        let folder = base.join(launch.to_string());
        let mut capabilities = Vec::new();
        for name in ["documentsLibrary", "musicLibrary"] {
            if random.chance(40) {
                capabilities.push(name);
            }
        }
        let less_privileged = random.chance(20);
        let trees = (0..trees)
            .map(|number| tree(random, folder.join(char::from(b'A' + number as u8).to_string()), runner))
            .collect();
        Case { launch, folder, capabilities, less_privileged, trees, beside: Vec::new() }
    }

    /// The text of the file of objects.
    pub fn objects(&self) -> String {
        self.trees
            .iter()
            .flat_map(|tree| &tree.lines)
            .chain(&self.beside)
            .map(|line| format!("{line}\n"))
            .collect()
    }

    /// The same with a single tree.
    pub fn alone(&self, tree: &Tree) -> Case {
        Case { trees: vec![tree.clone()], ..self.clone() }
    }
}

fn tree(random: &mut Random, root: PathBuf, runner: &Runner) -> Tree {
    let mut nodes = vec![node(random, root.clone(), NodeKind::Dir, &[], runner.is_root)];
    // Breadth first, so that a limit on nodes doesn't make the tree a single path.
    let mut at = 0;
    while at < nodes.len() {
        let depth = nodes[at].path.components().count() - root.components().count();
        if nodes[at].kind == NodeKind::Dir && depth < MAX_DEPTH {
            for name in names(random, depth) {
                if nodes.len() < MAX_NODES {
                    let kind = kind(random, runner.is_root);
                    let path = nodes[at].path.join(name);
                    let made = node(random, path, kind, &nodes, runner.is_root);
                    nodes.push(made);
                }
            }
        }
        at += 1;
    }
    let lines = lines(random, &nodes, runner);
    Tree { root, nodes, lines }
}

fn names(random: &mut Random, depth: usize) -> Vec<OsString> {
    let most = if depth == 0 { 4 } else { 3 };
    let count = random.below(most) + usize::from(depth == 0);
    let all: [&[u8]; 6] = [b"a", b"b", b"c", b"d e", b".h", b"\xffz"];
    let start = random.below(all.len());
    (0..count).map(|number| OsString::from_vec(all[(start + number) % all.len()].to_vec())).collect()
}

fn kind(random: &mut Random, root: bool) -> NodeKind {
    random.weighted(&[
        (40, NodeKind::Dir),
        (42, NodeKind::File),
        (7, NodeKind::Symlink),
        (5, NodeKind::Fifo),
        (5, NodeKind::Socket),
        (if root { 2 } else { 0 }, NodeKind::CharDevice),
    ])
}

fn node(random: &mut Random, path: PathBuf, kind: NodeKind, others: &[Node], root: bool) -> Node {
    // Mostly open, so that the host's permissions don't hide the question.
    let mode = match (random.chance(85), kind) {
        // The test itself must be able to look.
        (false, NodeKind::Dir) if root && random.chance(20) => *random.pick(&[0o700, 0o600, 0o644]),
        (true, NodeKind::Dir | NodeKind::File) => 0o777,
        (true, _) => 0o666,
        (false, NodeKind::Dir) => *random.pick(&[0o755, 0o555, 0o711, 0o733, 0o775]),
        (false, _) => *random.pick(&[0o666, 0o644, 0o600, 0o444, 0o000, 0o755, 0o700]),
    };
    let target = if random.chance(30) || others.is_empty() {
        PathBuf::from("/etc/hostname")
    } else {
        random.pick(others).path.clone()
    };
    Node { path, kind, mode, own: random.chance(60), script: random.chance(20), target }
}

/// Objects: mostly one at the root, and others anywhere, on nothing and on what is not there too.
fn lines(random: &mut Random, nodes: &[Node], runner: &Runner) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = |random: &mut Random, path: &Path, kind: NodeKind| {
        let right = match kind {
            NodeKind::Socket => "socket",
            NodeKind::CharDevice => "device",
            NodeKind::File => *random.pick(&["file", "tree"]),
            _ => "tree",
        };
        let word = if random.chance(3) { *random.pick(&["tree", "socket", "device"]) } else { right };
        lines.push(format!("{word} {} {}", escape(path.as_os_str()), descriptor(random, &runner.user_sid)));
    };
    if random.chance(75) {
        line(random, &nodes[0].path, NodeKind::Dir);
    }
    for _ in 0..*random.pick(&[0, 0, 0, 1, 1, 2, 3, 4]) {
        let node = &nodes[random.below(nodes.len())];
        line(random, &node.path, node.kind);
    }
    // Sockets and devices are granted by entries of their own alone.
    for node in nodes.iter().filter(|node| matches!(node.kind, NodeKind::Socket | NodeKind::CharDevice)) {
        if random.chance(60) {
            line(random, &node.path, node.kind);
        }
    }
    if random.chance(10) {
        let missing = nodes[random.below(nodes.len())].path.join("missing");
        line(random, &missing, NodeKind::File);
    }
    if random.chance(8) {
        // A wildcard can only allow.
        let node = &nodes[random.below(nodes.len())];
        let folder = node.path.parent().unwrap_or(&node.path);
        let folder = if node.kind == NodeKind::Dir { &node.path } else { folder };
        let (pattern, rights) =
            (*random.pick(&["*", "a*", "*e", ".*"]), *random.pick(&["FR", "FRFX", "0x1301df"]));
        lines
            .push(format!("tree {}/{pattern} D:(A;OICI;{rights};;;{{package}})", escape(folder.as_os_str())));
    }
    lines
}
