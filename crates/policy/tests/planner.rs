//! The planner's rules, one by one.

mod common;

use std::path::{Path, PathBuf};
use std::time::Instant;

use common::*;
use lowbox_policy::{
    Bind, FileId, FsRights, GrantRights, HostTree, NodeKind, Object, ObjectKind, Origin, Plan, PlanError,
    PlanOptions, Protected, Reason, plan,
};
use lowbox_security::{AccessMask, Ace, AceFlags};

const RX: AccessMask = AccessMask(AccessMask::FILE_READ.0 | AccessMask::FILE_EXECUTE.0);

fn planned(tree: &FakeTree, objects: &[Object]) -> Plan {
    plan(&token(), objects, tree, &PlanOptions::default()).expect("a plan")
}

fn bind<'p>(plan: &'p Plan, path: &str) -> Option<&'p Bind> {
    plan.binds.iter().find(|bind| bind.path == Path::new(path))
}

fn paths(plan: &Plan) -> Vec<&str> {
    plan.binds.iter().map(|bind| bind.path.to_str().expect("utf-8")).collect()
}

fn has_note(plan: &Plan, path: &str, wanted: impl Fn(&Reason) -> bool) -> bool {
    plan.notes.iter().any(|note| note.path == Path::new(path) && wanted(&note.reason))
}

#[test]
fn a_read_execute_tree_is_one_read_only_mount() {
    let mut tree = FakeTree::new();
    tree.file("/usr/bin/true");
    let plan = planned(&tree, &[object("/usr", allow(RX))]);
    assert_eq!(paths(&plan), ["/usr"]);
    let usr = &plan.binds[0];
    assert!(!usr.writable && usr.executable && usr.recursive && !usr.connect);
    assert_eq!(usr.rights, FsRights::READ_FILE | FsRights::READ_DIR | FsRights::EXECUTE);
    assert_eq!(plan.listable, [PathBuf::from("/")]);
    assert!(plan.notes.is_empty() && !plan.deny_xattr_reads && !plan.deny_watches, "{plan:?}");
}

#[test]
fn a_grant_to_read_and_write_gives_all_but_execution() {
    let mut tree = FakeTree::new();
    tree.dir("/home/me/out");
    let plan = planned(&tree, &[grant("/home/me/out", "rw")]);
    let out = bind(&plan, "/home/me/out").expect("bound");
    assert!(out.writable && !out.executable);
    assert_eq!(out.rights, FsRights::ALL.without(FsRights::EXECUTE | FsRights::IOCTL_DEV));
    assert!(plan.notes.is_empty(), "{:?}", plan.notes);
}

#[test]
fn a_single_file_has_the_rights_of_files_only() {
    let mut tree = FakeTree::new();
    tree.file("/home/me/data.csv");
    let plan = planned(&tree, &[grant("/home/me/data.csv", "r")]);
    let file = bind(&plan, "/home/me/data.csv").expect("bound");
    assert_eq!((file.rights, file.recursive, file.writable), (FsRights::READ_FILE, false, false));
}

#[test]
fn nothing_is_bound_without_an_entry_for_the_package() {
    let mut tree = FakeTree::new();
    tree.file("/home/me/a");
    let everyone = sd(vec![Ace::allow(AccessMask::FILE_ALL, lowbox_security::Sid::everyone())], false);
    assert_eq!(planned(&tree, &[object("/home/me/a", everyone)]).binds, []);
}

#[test]
fn a_wider_child_is_bound_over_its_parent() {
    let mut tree = FakeTree::new();
    tree.dir("/p/out/deep").file("/p/a");
    let plan = planned(&tree, &[grant("/p", "r"), grant("/p/out", "rw")]);
    assert_eq!(paths(&plan), ["/p", "/p/out"]);
    assert!(!plan.binds[0].writable && plan.binds[1].writable);
}

#[test]
fn a_child_with_the_same_rights_needs_no_mount() {
    let mut tree = FakeTree::new();
    tree.dir("/p/out");
    assert_eq!(paths(&planned(&tree, &[grant("/p", "rw"), grant("/p/out", "r")])), ["/p"]);
}

#[test]
fn a_denied_child_beneath_a_readable_folder_is_built_around() {
    let mut tree = FakeTree::new();
    tree.file("/p/a").file("/p/d/x").file("/p/d/.env").file("/p/e/y").link("/p/link", "a");
    let plan = planned(&tree, &[grant("/p", "r"), object("/p/d/.env", deny(AccessMask::FILE_ALL))]);
    assert_eq!(paths(&plan), ["/p/a", "/p/d/x", "/p/e"]);
    assert_eq!(plan.links, [(PathBuf::from("/p/link"), PathBuf::from("a"))]);
    let names_child = |reason: &Reason| matches!(reason, Reason::BuiltPositively { child } if child == Path::new("/p/d/.env"));
    assert!(has_note(&plan, "/p", names_child), "{:?}", plan.notes);
}

#[test]
fn a_child_that_is_denied_and_does_not_exist_yet_is_built_around_too() {
    let mut tree = FakeTree::new();
    tree.file("/p/a").dir("/p/d");
    let hidden = Object { optional: true, ..object("/p/.env", deny(AccessMask::FILE_ALL)) };
    assert_eq!(paths(&planned(&tree, &[grant("/p", "r"), hidden])), ["/p/a", "/p/d"]);
}

#[test]
fn a_writable_folder_with_a_narrower_child_loses_its_write_rights() {
    let mut tree = FakeTree::new();
    tree.file("/p/a").file("/p/lock");
    let plan = planned(&tree, &[grant("/p", "rw"), object("/p/lock", deny(AccessMask::WRITE_DATA))]);
    assert_eq!(paths(&plan), ["/p"]);
    assert!(!plan.binds[0].writable);
    assert!(has_note(&plan, "/p", |reason| matches!(reason, Reason::NarrowerBeneath { .. })));
}

#[test]
fn a_protected_descriptor_keeps_the_parents_grant_out() {
    let mut tree = FakeTree::new();
    tree.file("/p/a").file("/p/own/x");
    let plan = planned(&tree, &[grant("/p", "r"), object("/p/own", sd(vec![], true))]);
    assert_eq!(paths(&plan), ["/p/a"]);
}

#[test]
fn a_wider_grandchild_beneath_a_denied_folder_is_bound() {
    let mut tree = FakeTree::new();
    tree.file("/p/no/yes/x").file("/p/a").file("/p/no/z");
    let objects = [grant("/p", "r"), object("/p/no", sd(vec![], true)), grant("/p/no/yes", "rw")];
    let plan = planned(&tree, &objects);
    assert_eq!(paths(&plan), ["/p/a", "/p/no/yes"]);
    assert!(plan.binds[1].writable);
}

#[test]
fn what_the_kernel_cannot_tell_apart_is_dropped_with_a_note() {
    let mut tree = FakeTree::new();
    tree.file("/p/x");
    let cases: [(AccessMask, FsRights, Reason); 4] = [
        (AccessMask(RX.0 & !0x1), FsRights::EXECUTE, Reason::ExecuteNeedsRead),
        (AccessMask(0x20), FsRights::EXECUTE, Reason::ExecuteNeedsRead),
        (AccessMask(AccessMask::FILE_ALL.0 & !0x110), FsRights::WRITES, Reason::WriteNeedsAttributes),
        (AccessMask(AccessMask::FILE_ALL.0 & !0x2), FsRights::WRITE_FILE, Reason::WriteIsWhole),
    ];
    for (mask, never, wanted) in cases {
        let plan = planned(&tree, &[object("/p", allow(mask))]);
        assert!(plan.binds.iter().all(|bind| !bind.rights.intersects(never)), "{mask}: {plan:?}");
        assert!(has_note(&plan, "/p", |reason| *reason == wanted), "{mask}: {:?}", plan.notes);
    }
}

#[test]
fn what_may_not_be_looked_at_is_not_bound() {
    let mut tree = FakeTree::new();
    tree.file("/p/x");
    // READ_DATA on folders would give READ_ATTRIBUTES to what is in them, so only the file alone lacks it.
    let plan = planned(&tree, &[object("/p/x", allow(AccessMask::READ_DATA))]);
    assert_eq!(plan.binds, []);
    assert!(has_note(&plan, "/p/x", |reason| *reason == Reason::VisibleNeedsAttributes));
}

#[test]
fn a_tree_without_read_ea_shuts_the_reading_of_attributes() {
    let mut tree = FakeTree::new();
    tree.file("/p/x");
    let plan = planned(&tree, &[object("/p", allow(AccessMask(0x120081)))]);
    assert!(plan.deny_xattr_reads && paths(&plan) == ["/p"]);
}

#[test]
fn a_folder_that_may_not_be_listed_closes_the_folders_above_it() {
    let mut tree = FakeTree::new();
    tree.file("/a/dark/x").file("/a/open/x").file("/b/open/x");
    let dark = sd(
        vec![
            Ace::allow(AccessMask::FILE_READ, package()).with_flags(AceFlags(0x1 | 0x8)),
            Ace::allow(AccessMask(0x1200a8), package()).with_flags(INHERITED_BY_ALL),
        ],
        false,
    );
    let plan = planned(&tree, &[object("/a/dark", dark), grant("/a/open", "r"), grant("/b/open", "r")]);
    assert_eq!(paths(&plan), ["/a/dark", "/a/open", "/b/open"]);
    assert!(
        !plan.binds[0].rights.contains(FsRights::READ_DIR)
            && plan.binds[0].rights.contains(FsRights::READ_FILE)
    );
    assert_eq!(plan.listable, [PathBuf::from("/b")]);
    assert!(plan.deny_watches);
}

#[test]
fn devices_are_writable_through_a_read_only_mount() {
    let mut tree = FakeTree::new();
    tree.add("/dev/null", NodeKind::CharDevice).file("/dev/shm/x");
    let null = Object {
        kind: ObjectKind::Device,
        ..object("/dev/null", allow(AccessMask(AccessMask::FILE_READ.0 | AccessMask::FILE_WRITE.0)))
    };
    let plan = planned(&tree, &[null, grant("/dev/shm", "rw"), grant("/proc", "r")]);
    assert_eq!(paths(&plan), ["/dev/null"]);
    let null = &plan.binds[0];
    assert!(null.is_device() && !null.writable);
    assert!(null.rights.contains(FsRights::READ_FILE | FsRights::WRITE_FILE | FsRights::IOCTL_DEV));
    assert!(has_note(&plan, "/dev/shm", |reason| *reason == Reason::Reserved));
}

#[test]
fn sockets_need_an_entry_of_their_own_to_be_connected_to() {
    let mut tree = FakeTree::new();
    tree.add("/run/s/a", NodeKind::Socket).add("/run/t/b", NodeKind::Socket);
    let rw = AccessMask(AccessMask::FILE_READ.0 | AccessMask::FILE_WRITE.0);
    let socket = |path: &str, mask| Object { kind: ObjectKind::Socket, ..object(path, allow(mask)) };
    let plan = planned(&tree, &[socket("/run/s/a", rw), grant("/run/t/b", "rw")]);
    assert_eq!(paths(&plan), ["/run/s/a"]);
    assert!(plan.binds[0].connect && !plan.binds[0].writable && plan.binds[0].rights.is_empty());
    assert!(has_note(&plan, "/run/t/b", |reason| *reason == Reason::SocketInTree));
    // Reading a socket's attributes is not connecting.
    assert_eq!(planned(&tree, &[socket("/run/s/a", AccessMask::FILE_READ)]).binds, []);
    // What may be connected to but not looked at is left out with a note.
    let blind = planned(&tree, &[socket("/run/s/a", AccessMask(rw.0 & !AccessMask::READ_ATTRIBUTES.0))]);
    assert_eq!(blind.binds, []);
    assert!(has_note(&blind, "/run/s/a", |reason| *reason == Reason::VisibleNeedsAttributes));
}

#[test]
fn links_of_the_system_are_kept_and_what_they_lead_to_is_granted() {
    let mut tree = FakeTree::new();
    tree.file("/usr/bin/true").link("/bin", "usr/bin").file("/run/resolve/stub.conf");
    tree.link("/etc/resolv.conf", "../run/resolve/stub.conf");
    let objects =
        [object("/usr", allow(RX)), object("/bin", allow(RX)), object("/etc/resolv.conf", allow(RX))];
    let plan = planned(&tree, &objects);
    assert_eq!(paths(&plan), ["/run/resolve/stub.conf", "/usr"]);
    let links: Vec<_> =
        plan.links.iter().map(|(link, to)| (link.to_str().unwrap(), to.to_str().unwrap())).collect();
    assert_eq!(links, [("/bin", "usr/bin"), ("/etc/resolv.conf", "../run/resolve/stub.conf")]);
}

#[test]
fn a_home_behind_a_link_is_granted_where_it_is_and_reached_by_both_names() {
    let mut tree = FakeTree::new();
    tree.file("/var/home/me/p/x").link("/home", "var/home");
    let plan = planned(&tree, &[grant("/home/me/p", "r")]);
    assert_eq!(paths(&plan), ["/var/home/me/p"]);
    assert_eq!(plan.links, [(PathBuf::from("/home"), PathBuf::from("var/home"))]);
}

#[test]
fn a_link_in_the_users_folders_grants_nothing() {
    let mut tree = FakeTree::new();
    tree.file("/home/me/.aws/credentials")
        .link("/home/me/p/config.json", "../.aws/credentials")
        .dir("/home/me/.ssh");
    tree.link("/home/me/p/dir", "/home/me/.ssh");
    let plan = planned(&tree, &[grant("/home/me/p/config.json", "r"), grant("/home/me/p/dir/x", "r")]);
    assert_eq!((plan.binds.len(), plan.links.len()), (0, 0));
    assert!(has_note(&plan, "/home/me/p/config.json", |reason| matches!(reason, Reason::Symlink { .. })));
}

#[test]
fn a_link_in_a_shared_part_of_the_system_grants_nothing() {
    for link in
        ["/var/www/x", "/opt/app/x", "/usr/local/x", "/dev/shm/x", "/tmp/x", "/run/user/1000/x", "/var/tmp/x"]
    {
        let mut tree = FakeTree::new();
        tree.file("/home/me/.ssh/id").link(link, "/home/me/.ssh");
        let plan = planned(&tree, &[grant(link, "r"), grant(&format!("{link}/id"), "r")]);
        assert_eq!((plan.binds.len(), plan.links.len()), (0, 0), "{link}");
    }
}

#[test]
fn a_deny_through_a_link_still_denies_at_both_ends() {
    let mut tree = FakeTree::new();
    tree.file("/home/me/real/secret").file("/home/me/real/other").link("/home/me/alias", "real");
    let objects = [grant("/home/me/real", "r"), object("/home/me/alias/secret", deny(AccessMask::FILE_ALL))];
    assert_eq!(paths(&planned(&tree, &objects)), ["/home/me/real/other"]);
}

#[test]
fn a_label_that_comes_through_a_link_never_replaces_a_stricter_one() {
    use lowbox_security::{Acl, Integrity};
    let labelled = |policy| {
        let mut sd = sd(vec![], false);
        let ace = Ace::label(Integrity::High, policy).with_flags(INHERITED_BY_ALL);
        sd.sacl = Some(Acl::new(vec![ace]));
        sd
    };
    let mut tree = FakeTree::new();
    tree.file("/h/a/x").link("/h/c", "/h/a");
    let objects = [
        object("/h", labelled(AccessMask::LABEL_NO_READ_UP)),
        grant("/h/a", "r"),
        object("/h/c", labelled(AccessMask::LABEL_NO_EXECUTE_UP)),
    ];
    assert_eq!(planned(&tree, &objects).binds, []);
}

#[test]
fn protection_that_comes_through_a_link_keeps_no_deny_out() {
    let mut tree = FakeTree::new();
    tree.file("/h/a/x").link("/h/c", "/h/a");
    let objects =
        [object("/h", deny(AccessMask::FILE_ALL)), grant("/h/a", "r"), object("/h/c", sd(vec![], true))];
    assert!(planned(&tree, &objects).binds.is_empty());
}

#[test]
fn links_that_go_in_circles_end() {
    let mut tree = FakeTree::new();
    tree.link("/etc/a", "b").link("/etc/b", "a");
    let plan = planned(&tree, &[grant("/etc/a", "r"), grant("/etc/a/x", "r")]);
    assert_eq!(plan.binds, []);
}

#[test]
fn an_object_that_changed_since_it_was_named_is_left_out() {
    let mut tree = FakeTree::new();
    tree.file("/p/x");
    let pinned = FileId { dev: 9, ino: 9, kind: NodeKind::File };
    let plan = planned(&tree, &[Object { identity: Some(pinned), ..grant("/p/x", "r") }]);
    assert_eq!(plan.binds, []);
    assert!(has_note(&plan, "/p/x", |reason| *reason == Reason::Changed));
    let right = tree.node(Path::new("/p/x"));
    assert_eq!(planned(&tree, &[Object { identity: right, ..grant("/p/x", "r") }]).binds.len(), 1);
}

fn protecting() -> PlanOptions {
    PlanOptions {
        protected: vec![
            Protected { path: "/home/me".into(), what: "your whole home folder", inside_too: false },
            Protected {
                path: "/home/me/.config/lowbox".into(),
                what: "lowbox's configuration",
                inside_too: true,
            },
        ],
        ..PlanOptions::default()
    }
}

#[test]
fn grants_of_protected_places_are_refused_by_name() {
    let mut tree = FakeTree::new();
    tree.dir("/home/me/.config/lowbox/objects.d").dir("/home/me/p").link("/home/alias", "me");
    for path in [
        "/",
        "/home",
        "/home/me",
        "/home/alias",
        "/home/me/.config",
        "/home/me/.config/lowbox",
        "/home/me/.config/lowbox/objects.d",
    ] {
        let error = plan(&token(), &[grant(path, "r")], &tree, &protecting()).expect_err(path);
        assert!(matches!(error, PlanError::Refused { .. }), "{path}: {error}");
        assert!(error.to_string().contains("--grant"), "{error}");
    }
    let plan = plan(&token(), &[grant("/home/me/p", "rw")], &tree, &protecting()).expect("a plan");
    assert_eq!(paths(&plan), ["/home/me/p"]);
}

#[test]
fn a_catalogue_entry_above_lowboxs_own_state_is_built_around_it() {
    let mut tree = FakeTree::new();
    tree.file("/home/me/.config/lowbox/x").file("/home/me/.config/other/y").file("/home/me/z");
    let origin = Origin::Catalogue { file: "mine.objects".into(), line: 1 };
    let home = Object { origin, ..grant("/home/me", "r") };
    let plan = plan(&token(), &[home], &tree, &protecting()).expect("a plan");
    assert_eq!(paths(&plan), ["/home/me/.config/other", "/home/me/z"]);
}

#[test]
fn private_data_beneath_the_protected_state_is_bound() {
    let mut tree = FakeTree::new();
    tree.dir("/home/me/.config/lowbox/packages/p/LocalState");
    let own = Object {
        origin: Origin::PrivateData,
        ..grant("/home/me/.config/lowbox/packages/p/LocalState", "rwx")
    };
    let plan = plan(&token(), &[own], &tree, &protecting()).expect("a plan");
    assert!(plan.binds[0].writable && plan.binds.len() == 1);
}

#[test]
fn a_directory_with_too_many_children_is_not_taken_apart() {
    let mut tree = FakeTree::new();
    for number in 0..=lowbox_policy::MAX_CHILDREN {
        tree.file(format!("/p/{number}"));
    }
    let plan = planned(&tree, &[grant("/p", "r"), object("/p/7", deny(AccessMask::FILE_ALL))]);
    assert_eq!(plan.binds, []);
    assert!(has_note(&plan, "/p", |reason| matches!(reason, Reason::CannotExpand { .. })));
}

#[test]
fn malformed_paths_are_errors() {
    let tree = FakeTree::new();
    let deep = "/x".repeat(200);
    for path in ["relative", "", "/a/../b", deep.as_str()] {
        let error = plan(&token(), &[grant(path, "r")], &tree, &PlanOptions::default()).expect_err(path);
        assert!(matches!(error, PlanError::BadPath { .. }), "{error}");
    }
}

#[test]
fn names_that_are_no_utf8_work() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let path = Path::new("/p").join(OsStr::from_bytes(b"caf\xe9 \n"));
    let mut tree = FakeTree::new();
    tree.file(&path);
    let descriptor = lowbox_policy::grant_descriptor(&package(), GrantRights::READ);
    let plan = planned(&tree, &[Object::new(&path, descriptor, Origin::Grant)]);
    assert_eq!(plan.binds[0].path, path);
}

#[test]
fn the_order_of_the_objects_does_not_change_the_plan() {
    let mut tree = FakeTree::new();
    tree.file("/p/a/x").file("/p/b/y").file("/q/z");
    let mut objects = vec![
        grant("/p", "r"),
        object("/p/b", deny(AccessMask::FILE_ALL)),
        grant("/q", "rw"),
        grant("/p", "x".replace('x', "rx").as_str()),
    ];
    let first = planned(&tree, &objects);
    objects.reverse();
    let second = planned(&tree, &objects);
    assert_eq!((first.binds, first.links, first.listable), (second.binds, second.links, second.listable));
}

#[test]
fn ten_thousand_objects_ask_the_host_a_bounded_number_of_times() {
    let mut asked = Vec::new();
    for count in [1_000usize, 10_000] {
        let mut tree = FakeTree::new();
        let mut objects = vec![grant("/data", "r")];
        for number in 0..count {
            let path = format!("/home/me/{}/{}/f{number}", number % 7, number % 100);
            tree.file(&path);
            objects.push(grant(&path, if number % 3 == 0 { "rw" } else { "r" }));
        }
        tree.dir("/data").asked.set(0);
        let started = Instant::now();
        let plan = planned(&tree, &objects);
        println!("{count} objects: {:?}, the host was asked {} times", started.elapsed(), tree.asked.get());
        assert_eq!(plan.binds.len(), count + 1);
        asked.push(tree.asked.get());
        assert!(tree.asked.get() < count * 2 + 2_000);
    }
    assert!(asked[1] <= asked[0] * 11);
}
