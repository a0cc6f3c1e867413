//! Model against check: whatever the kernel would permit under a plan, the access check allows. Random trees,
//! descriptors and tokens.

mod common;
#[path = "common/kernel.rs"]
mod kernel;

use std::path::{Path, PathBuf};

use common::*;
use kernel::Kernel;
use lowbox_policy::{
    NodeKind, Object, ObjectKind, Operation, Origin, Plan, PlanOptions, Reason, effective, plan,
};
use lowbox_security::{
    AccessMask, Ace, AceFlags, Acl, GenericMapping, Integrity, Request, SecurityDescriptor, Sid, Token,
    UserHalf, access_check, derive,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// Whether the access check allows an operation.
fn allowed(objects: &[Object], token: &Token, path: &Path, kind: NodeKind, operation: Operation) -> bool {
    let (sd, parent) = effective(objects, token, path, kind);
    let (on_object, on_parent) = operation.desired();
    let ask = |sd: &SecurityDescriptor, parent: Option<&SecurityDescriptor>, desired: AccessMask| {
        let request = Request { desired, mapping: GenericMapping::FILE, user_half: UserHalf::Host, parent };
        desired.is_empty() || access_check(sd, token, &request).granted
    };
    ask(&sd, parent.as_ref(), on_object)
        && (on_parent.is_empty() || parent.as_ref().is_some_and(|parent| ask(parent, None, on_parent)))
}

/// Every place to try: what is there, and a new name in each directory.
fn places(tree: &FakeTree, objects: &[Object]) -> Vec<(PathBuf, NodeKind)> {
    let mut all: Vec<(PathBuf, NodeKind)> = Vec::new();
    for (path, kind) in tree.paths() {
        all.push((path.to_path_buf(), kind));
        if kind == NodeKind::Dir {
            all.push((path.join("new"), NodeKind::File));
            all.push((path.join("new"), NodeKind::Dir));
            all.push((path.join("newdir/deep/file"), NodeKind::File));
        }
    }
    for object in objects.iter().filter(|object| tree.kind(&object.path).is_none()) {
        all.push((object.path.clone(), NodeKind::File));
        all.push((object.path.clone(), NodeKind::Dir));
    }
    all
}

fn never_wider(
    kernel: &Kernel<'_>,
    objects: &[Object],
    token: &Token,
    tree: &FakeTree,
) -> Result<(), String> {
    for (path, kind) in places(tree, objects) {
        let Some(mount) = kernel.mount(&path) else { continue };
        // In a writable mount the program may replace a file by a directory and the reverse. Where a fallen mount's own
        // file still stands it is what it was, since its rule goes with the file.
        let kinds = if mount.writable && mount.path != path && !kernel.still_stands(&path) {
            vec![kind, NodeKind::File, NodeKind::Dir]
        } else {
            vec![kind]
        };
        for kind in kinds {
            for operation in Operation::ALL {
                if kernel.permits(operation, &path, kind) && !allowed(objects, token, &path, kind, operation)
                {
                    return Err(format!(
                        "{operation:?} on {} as {kind:?} is permitted and not allowed",
                        path.display()
                    ));
                }
            }
        }
    }
    Ok(())
}

fn check_all(plan: &Plan, objects: &[Object], token: &Token, tree: &FakeTree) -> Result<(), String> {
    never_wider(&Kernel::new(plan), objects, token, tree)?;
    // Any mount may fall off when the host renames what is under it: with its inode, or with something new in its place.
    for number in 0..plan.binds.len() {
        let inner = plan.binds.iter().any(|bind| {
            bind.path != plan.binds[number].path && plan.binds[number].path.starts_with(&bind.path)
        });
        if inner {
            never_wider(&Kernel::without(plan, number, false), objects, token, tree)?;
            never_wider(&Kernel::without(plan, number, true), objects, token, tree)?;
        }
    }
    for (link, _) in &plan.links {
        if !allowed(objects, token, link, NodeKind::Symlink, Operation::Stat) {
            return Err(format!("the link {} is shown", link.display()));
        }
    }
    for dir in &plan.listable {
        if let Some(bind) = plan.binds.iter().find(|bind| {
            bind.path.starts_with(dir)
                && bind.id.kind == NodeKind::Dir
                && !bind.rights.contains(lowbox_policy::FsRights::READ_DIR)
        }) {
            return Err(format!("{} covers {} which may not be listed", dir.display(), bind.path.display()));
        }
    }
    Ok(())
}

fn name() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("a"), Just("b"), Just("c")]
}

fn path() -> impl Strategy<Value = PathBuf> {
    prop_oneof![3 => prop::collection::vec(name(), 1..3), 1 => prop::collection::vec(name(), 3..5)]
        .prop_map(|names| Path::new("/h").join(names.join("/")))
}

fn tree() -> impl Strategy<Value = FakeTree> {
    let kind = prop_oneof![
        6 => Just(NodeKind::Dir),
        6 => Just(NodeKind::File),
        1 => Just(NodeKind::Fifo),
        1 => Just(NodeKind::Socket),
        1 => Just(NodeKind::Symlink),
    ];
    prop::collection::vec((path(), kind), 4..40).prop_map(|mut nodes| {
        nodes.sort();
        let mut tree = FakeTree::new();
        tree.dir("/h");
        for (path, kind) in nodes {
            // Only beneath directories.
            if path.ancestors().skip(1).all(|above| tree.kind(above).is_none_or(|kind| kind == NodeKind::Dir))
                && tree.kind(&path).is_none()
            {
                if kind == NodeKind::Symlink {
                    tree.link(&path, "/h/a");
                } else {
                    tree.add(&path, kind);
                }
            }
        }
        tree
    })
}

fn mask() -> impl Strategy<Value = AccessMask> {
    let rw = GrantLike::RW;
    prop_oneof![
        3 => Just(AccessMask::FILE_READ),
        2 => Just(AccessMask(AccessMask::FILE_READ.0 | AccessMask::FILE_EXECUTE.0)),
        3 => Just(rw),
        3 => Just(AccessMask::FILE_ALL),
        1 => Just(AccessMask::FILE_WRITE),
        1 => Just(AccessMask::FILE_EXECUTE),
        1 => Just(AccessMask::GENERIC_READ),
        2 => (0u32..0x200).prop_map(AccessMask),
        1 => (0u32..0x200_000).prop_map(AccessMask),
        3 => prop::sample::select(vec![1u32, 2, 4, 8, 0x10, 0x20, 0x40, 0x80, 0x100, 0x10000]).prop_map(AccessMask),
        2 => prop::sample::select(vec![1u32, 2, 4, 8, 0x10, 0x20, 0x40, 0x80, 0x100, 0x10000])
            .prop_map(|bit| AccessMask(0x1F_01FF & !bit)),
    ]
}

struct GrantLike;
impl GrantLike {
    const RW: AccessMask = AccessMask(0x1301DF);
}

fn ace() -> impl Strategy<Value = Ace> {
    let sid = prop_oneof![
        6 => Just(package()),
        3 => Just(Sid::all_application_packages()),
        1 => Just(Sid::all_restricted_application_packages()),
        2 => Just(derive::capability_sid("documentsLibrary")),
        1 => Just(derive::capability_sid("musicLibrary")),
        1 => Just(Sid::everyone()),
        1 => Just(user()),
        1 => Just(Sid::creator_owner()),
        1 => Just(Sid::owner_rights()),
    ];
    let flags = prop_oneof![
        8 => Just(INHERITED_BY_ALL),
        2 => Just(AceFlags::NONE),
        1 => (0u8..16).prop_map(AceFlags),
    ];
    (prop::bool::weighted(0.25), mask(), sid, flags).prop_map(|(denies, mask, sid, flags)| {
        let ace = if denies { Ace::deny(mask, sid) } else { Ace::allow(mask, sid) };
        ace.with_flags(flags)
    })
}

fn descriptor() -> impl Strategy<Value = SecurityDescriptor> {
    let label = prop::option::weighted(0.08, (0u32..8, prop::bool::ANY));
    (prop::collection::vec(ace(), 0..4), prop::bool::weighted(0.12), label).prop_map(
        |(aces, protected, label)| {
            let mut sd = sd(aces, protected);
            if let Some((policy, inherits)) = label {
                let flags = if inherits { INHERITED_BY_ALL } else { AceFlags::NONE };
                let ace = Ace::label(Integrity::High, AccessMask(policy)).with_flags(flags);
                sd.sacl = Some(Acl::new(vec![ace]));
            }
            sd
        },
    )
}

fn objects() -> impl Strategy<Value = Vec<Object>> {
    let at = prop_oneof![1 => Just(PathBuf::from("/h")), 1 => Just(PathBuf::from("/")), 8 => path()];
    let kind = prop_oneof![9 => Just(ObjectKind::Tree), 1 => Just(ObjectKind::Socket)];
    let one = (at, descriptor(), kind, prop::bool::ANY).prop_map(|(path, descriptor, kind, optional)| {
        Object { kind, optional, ..Object::new(path, descriptor, Origin::Grant) }
    });
    prop::collection::vec(one, 1..7)
}

fn tokens() -> impl Strategy<Value = Token> {
    (prop::bool::ANY, prop::bool::weighted(0.2))
        .prop_map(|(capable, less)| token_with(if capable { &["documentsLibrary"] } else { &[] }, less))
}

/// Cases of each property; `LOWBOX_CASES` sets another number.
fn cases() -> u32 {
    std::env::var("LOWBOX_CASES").ok().and_then(|number| number.parse().ok()).unwrap_or(1000)
}

#[test]
fn the_random_cases_meet_every_branch_of_the_planner() {
    let mut runner = TestRunner::deterministic();
    let (mut bound, mut writable, mut positive, mut read_only, mut nested, mut links) = (0, 0, 0, 0, 0, 0);
    for _ in 0..1000 {
        let value = (tree(), objects(), tokens()).new_tree(&mut runner).expect("a case");
        let (tree, objects, token) = value.current();
        let plan = plan(&token, &objects, &tree, &PlanOptions::default()).expect("a plan");
        let noted =
            |wanted: fn(&Reason) -> bool| usize::from(plan.notes.iter().any(|note| wanted(&note.reason)));
        bound += usize::from(!plan.binds.is_empty());
        writable += usize::from(plan.binds.iter().any(|bind| bind.writable));
        positive += noted(|reason| matches!(reason, Reason::BuiltPositively { .. }));
        read_only += noted(|reason| matches!(reason, Reason::NarrowerBeneath { .. }));
        nested += usize::from(plan.binds.windows(2).any(|pair| pair[1].path.starts_with(&pair[0].path)));
        links += usize::from(!plan.links.is_empty());
    }
    println!(
        "{bound} bound, {writable} writable, {positive} positive, {read_only} read-only, {nested} nested, {links} links"
    );
    assert!(bound > 300 && writable > 100 && positive > 50 && read_only > 30 && nested > 20 && links > 5);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_kernel_never_permits_what_the_check_denies(tree in tree(), objects in objects(), token in tokens()) {
        let plan = plan(&token, &objects, &tree, &PlanOptions::default()).expect("a plan");
        if let Err(message) = check_all(&plan, &objects, &token, &tree) {
            prop_assert!(false, "{message}\n{plan:#?}");
        }
    }

    #[test]
    fn plain_grants_lose_nothing(
        tree in tree(),
        grants in prop::collection::vec((path(), prop::sample::select(vec!["r", "rw", "rx", "rwx"])), 1..5),
    ) {
        let token = token();
        let objects: Vec<Object> =
            grants.iter().map(|(path, letters)| grant(path.to_str().expect("utf-8"), letters)).collect();
        let plan = plan(&token, &objects, &tree, &PlanOptions::default()).expect("a plan");
        let kernel = Kernel::new(&plan);
        for (path, kind) in tree.paths() {
            // Sockets and links in a tree are not granted by it; a grant whose path goes through a link is refused.
            let mut whole = path.ancestors().map(|above| tree.kind(above));
            if !matches!(kind, NodeKind::File | NodeKind::Dir) || whole.any(|kind| kind == Some(NodeKind::Symlink)) {
                continue;
            }
            let is_mount = plan.binds.iter().any(|bind| bind.path == path);
            for operation in Operation::ALL {
                let fits = match operation {
                    Operation::List | Operation::Rmdir => kind == NodeKind::Dir,
                    Operation::Stat | Operation::Chmod | Operation::Utime | Operation::GetXattr
                    | Operation::SetXattr => true,
                    Operation::Create | Operation::Mkdir | Operation::Symlink | Operation::MakeSpecial
                    | Operation::RenameTo | Operation::RenameDirTo | Operation::LinkTo | Operation::LinkFrom
                    | Operation::Connect => false,
                    _ => kind != NodeKind::Dir,
                };
                // What is a mount point itself can't be removed (EBUSY).
                let removes = matches!(operation, Operation::Unlink | Operation::Rmdir | Operation::RenameFrom);
                if fits && !(removes && is_mount) && allowed(&objects, &token, path, kind, operation) {
                    prop_assert!(
                        kernel.permits(operation, path, kind),
                        "{operation:?} on {} is allowed and not permitted\n{plan:#?}", path.display()
                    );
                }
            }
            if kind == NodeKind::Dir {
                for operation in [Operation::Create, Operation::Mkdir, Operation::Symlink] {
                    let new = path.join("new");
                    if allowed(&objects, &token, &new, NodeKind::File, operation) {
                        prop_assert!(kernel.permits(operation, &new, NodeKind::File), "{operation:?} in {}", path.display());
                    }
                }
            }
        }
    }
}
