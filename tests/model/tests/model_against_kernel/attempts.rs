//! What is tried on a tree, in an order that leaves what later attempts need: looking, changing, making, moving, removing.

use std::path::{Path, PathBuf};

use lowbox_model_test::{Action, Attempt};
use lowbox_policy::NodeKind;

use crate::case::{Node, Tree};
use crate::random::Random;

struct List<'a> {
    random: &'a mut Random,
    tree: &'a Tree,
    all: Vec<Attempt>,
    fresh: usize,
}

impl List<'_> {
    fn one(&mut self, action: Action, path: &Path) {
        self.all.push(Attempt { action, path: path.to_owned(), other: None });
    }

    fn two(&mut self, action: Action, path: &Path, other: PathBuf) {
        self.all.push(Attempt { action, path: path.to_owned(), other: Some(other) });
    }

    /// A name that nothing else has.
    fn fresh(&mut self, folder: &Path) -> PathBuf {
        self.fresh += 1;
        folder.join(format!("n{}", self.fresh))
    }

    fn some_folder(&mut self) -> PathBuf {
        let folders: Vec<&Node> = self.tree.nodes.iter().filter(|node| node.kind == NodeKind::Dir).collect();
        self.random.pick(&folders).path.clone()
    }
}

/// Every attempt on a tree.
pub fn attempts(random: &mut Random, tree: &Tree) -> Vec<Attempt> {
    let mut list = List { random, tree, all: Vec::new(), fresh: 0 };
    for node in &tree.nodes {
        looking(&mut list, node);
    }
    for node in &tree.nodes {
        changing(&mut list, node);
    }
    for node in tree.nodes.iter().filter(|node| node.kind == NodeKind::Dir) {
        making(&mut list, &node.path);
    }
    // The root of a tree stays: its folder is not the program's.
    for node in &tree.nodes[1..] {
        moving(&mut list, node);
    }
    for node in tree.nodes[1..].iter().rev() {
        let action = if node.kind == NodeKind::Dir { Action::Rmdir } else { Action::Unlink };
        list.one(action, &node.path);
    }
    list.all
}

fn looking(list: &mut List<'_>, node: &Node) {
    let path = &node.path;
    list.one(Action::Stat, path);
    match node.kind {
        NodeKind::Dir => {
            for action in [Action::GetXattr, Action::ListXattr, Action::List, Action::Watch] {
                list.one(action, path);
            }
        }
        NodeKind::File => {
            for action in [Action::GetXattr, Action::ListXattr, Action::Read, Action::Execute] {
                list.one(action, path);
            }
        }
        NodeKind::Symlink => list.one(Action::ReadLink, path),
        NodeKind::Socket => list.one(Action::Connect, path),
        NodeKind::Fifo | NodeKind::CharDevice | NodeKind::BlockDevice => list.one(Action::Read, path),
    }
}

fn changing(list: &mut List<'_>, node: &Node) {
    let path = &node.path;
    if node.kind == NodeKind::Symlink {
        return;
    }
    for action in [Action::Chmod, Action::SetTimes, Action::Touch] {
        list.one(action, path);
    }
    if matches!(node.kind, NodeKind::Dir | NodeKind::File) {
        list.one(Action::SetXattr, path);
    }
    if !matches!(node.kind, NodeKind::Dir | NodeKind::Socket) {
        list.one(Action::Write, path);
        list.one(Action::Append, path);
    }
    if node.kind == NodeKind::File {
        let action = *list.random.pick(&[Action::TruncateForWriting, Action::TruncateForReading]);
        list.one(action, path);
    }
}

fn making(list: &mut List<'_>, folder: &Path) {
    for action in
        [Action::Create, Action::LinkTemporary, Action::Symlink, Action::MakeFifo, Action::MakeSocket]
    {
        let path = list.fresh(folder);
        list.one(action, &path);
    }
    let file = list.fresh(folder);
    for action in [Action::MakeFile, Action::Read, Action::Write, Action::Chmod, Action::Unlink] {
        list.one(action, &file);
    }
    // What is new inherits, and so does what is made in it.
    let new = list.fresh(folder);
    let inner = list.fresh(&new);
    let file = list.fresh(&inner);
    list.one(Action::Mkdir, &new);
    list.one(Action::List, &new);
    list.one(Action::Mkdir, &inner);
    for action in [Action::MakeFile, Action::Read, Action::Write, Action::TruncateForReading, Action::Unlink]
    {
        list.one(action, &file);
    }
    list.one(Action::Rmdir, &inner);
    list.one(Action::Rmdir, &new);
}

fn moving(list: &mut List<'_>, node: &Node) {
    let path = &node.path;
    let Some(parent) = path.parent() else { return };
    let beside = list.fresh(parent);
    list.two(Action::Rename, path, beside);
    let elsewhere = list.some_folder();
    if !elsewhere.starts_with(path) {
        let name = list.fresh(&elsewhere);
        list.two(Action::Rename, path, name);
    }
    if !matches!(node.kind, NodeKind::Dir | NodeKind::Symlink) {
        let name = list.fresh(parent);
        list.two(Action::Link, path, name);
        let folder = list.some_folder();
        let name = list.fresh(&folder);
        list.two(Action::Link, path, name.clone());
        // Under its new name it must not be open to more.
        for action in [Action::Stat, Action::Read, Action::Write, Action::Execute] {
            if node.kind == NodeKind::File {
                list.one(action, &name);
            }
        }
    }
    let partner = list.random.pick(&list.tree.nodes[1..]).clone();
    let apart = !partner.path.starts_with(path) && !path.starts_with(&partner.path);
    if apart {
        list.two(Action::Exchange, path, partner.path.clone());
    }
    if apart && node.kind == NodeKind::File && partner.kind == NodeKind::File && list.random.chance(40) {
        list.two(Action::RenameOver, path, partner.path);
    }
}
