//! The catalogue's format and the built-in catalogue.

mod common;

use std::path::{Path, PathBuf};

use common::*;
use lowbox_policy::objects::{BUILT_IN_TEXT, MAX_LINE, ObjectsProblem, escape, unescape};
use lowbox_policy::{
    FsRights, NodeKind, Object, ObjectKind, Origin, Plan, PlanOptions, Variables, built_in_objects,
    capability, parse_objects, plan,
};
use lowbox_security::{Sid, derive};
use proptest::prelude::*;

fn variables() -> Variables {
    [
        ("home", "/home/me"),
        ("documents", "/home/me/Documents"),
        ("pictures", "/home/me/Pictures"),
        ("music", "/home/me/Music"),
        ("videos", "/home/me/Videos"),
        ("runtime", "/run/user/1000"),
        ("config", "/home/me/.config"),
        ("publisher", "/home/me/.local/share/lowbox/publisher/0123456789abc"),
    ]
    .into_iter()
    .collect()
}

fn parse(text: &str) -> Result<Vec<Object>, (usize, ObjectsProblem)> {
    parse_objects(text, "test.objects", &variables(), &token()).map_err(|error| (error.line, error.problem))
}

fn problem(text: &str) -> ObjectsProblem {
    parse(text).expect_err(text).1
}

#[test]
fn a_line_is_kind_path_descriptor_and_comment() {
    let objects =
        parse("\n# comment\n  tree\t/opt/my\\040tool   D:(A;OICI;FRFX;;;AC) # why\r\n").expect("parses");
    assert_eq!(objects.len(), 1);
    assert_eq!(objects[0].path, Path::new("/opt/my tool"));
    assert_eq!(objects[0].origin, Origin::Catalogue { file: "test.objects".into(), line: 3 });
    assert!(objects[0].optional && objects[0].kind == ObjectKind::Tree && !objects[0].glob);
    assert_eq!(objects[0].descriptor.dacl.aces()[0].sid, Sid::all_application_packages());
}

#[test]
fn names_in_braces_stand_for_folders_and_sids() {
    let objects =
        parse("tree {documents}/x D:(A;;FR;;;{documentsLibrary})(A;;FR;;;{package})").expect("parses");
    assert_eq!(objects[0].path, Path::new("/home/me/Documents/x"));
    let sids: Vec<Sid> = objects[0].descriptor.dacl.aces().iter().map(|ace| ace.sid.clone()).collect();
    assert_eq!(sids, [derive::capability_sid("documentsLibrary"), package()]);
    assert_eq!(sids[0].to_string(), "S-1-15-3-7");
}

#[test]
fn a_line_whose_variable_is_not_set_is_skipped_but_still_read() {
    assert_eq!(parse("tree {downloads} D:(A;;FR;;;AC)").expect("parses"), []);
    assert!(matches!(problem("tree {downloads} D:(A;;nonsense;;;AC)"), ObjectsProblem::Sddl(_)));
}

#[test]
fn mistakes_are_told_with_their_line() {
    let (line, _) = parse("tree /a D:\n\nbranch /b D:").expect_err("a mistake");
    assert_eq!(line, 3);
    assert!(matches!(problem("branch /b D:"), ObjectsProblem::Kind(_)));
    assert_eq!(problem("tree /b"), ObjectsProblem::Shape);
    assert_eq!(problem("tree"), ObjectsProblem::Shape);
    assert_eq!(problem("tree /a\\4 D:"), ObjectsProblem::Escape);
    assert_eq!(problem("tree /a\\057b D:"), ObjectsProblem::Escape);
    assert_eq!(problem("tree {home D:"), ObjectsProblem::Brace("path"));
    assert_eq!(problem("tree /a D:(A;;FR;;;{package)"), ObjectsProblem::Brace("descriptor"));
    assert!(matches!(problem("tree {hoem} D:"), ObjectsProblem::Variable { .. }));
    assert!(matches!(problem("tree /a D:(A;;FR;;;{a b})"), ObjectsProblem::Capability(_)));
    assert!(matches!(problem("tree relative D:"), ObjectsProblem::Path(_)));
    assert!(matches!(problem("tree /a/../b D:"), ObjectsProblem::Path(_)));
    assert!(matches!(problem("tree /a D:(A;;FR"), ObjectsProblem::Sddl(_)));
    assert_eq!(problem("tree /a/* D:(D;;FA;;;AC)"), ObjectsProblem::WildcardDenies);
    assert_eq!(problem("tree /a/*\\052 D:(A;;FR;;;AC)"), ObjectsProblem::LiteralStar);
    assert_eq!(problem(&format!("tree /{} D:", "x".repeat(MAX_LINE))), ObjectsProblem::LineTooLong);
    let message =
        parse_objects("tree {hoem} D:", "my.objects", &variables(), &token()).expect_err("a mistake");
    assert!(
        message
            .to_string()
            .starts_with("my.objects:1: there is no variable {hoem}; the known ones are {home}")
    );
}

#[test]
fn a_path_survives_escaping() {
    use std::os::unix::ffi::OsStrExt;
    for path in [&b"/plain"[..], b"/a b\t\n#{}*\\", b"/\xff\xfe caf\xc3\xa9", "/\u{202e}x\u{a0}".as_bytes()] {
        let path = std::ffi::OsStr::from_bytes(path);
        let word = escape(path);
        assert!(!word.contains(char::is_whitespace), "{word:?}");
        assert_eq!(unescape(&word).as_deref(), Some(path), "{word:?}");
        let objects = parse(&format!("tree {word} D:(A;;FR;;;AC)")).expect("parses");
        assert_eq!((objects[0].path.as_os_str(), objects[0].glob), (path, false));
    }
}

fn host() -> FakeTree {
    let mut tree = FakeTree::new();
    tree.file("/usr/bin/python3").link("/bin", "usr/bin").link("/lib64", "usr/lib64").dir("/usr/lib64");
    for file in [
        "ld.so.cache",
        "hosts",
        "nsswitch.conf",
        "shadow",
        "passwd",
        "machine-id",
        "ssl/certs/ca.pem",
        "ssl/private/key.pem",
        "python3.11/sitecustomize.py",
    ] {
        tree.file(Path::new("/etc").join(file));
    }
    for device in [
        "null",
        "zero",
        "full",
        "random",
        "urandom",
        "sda",
        "video0",
        "video1",
        "dri/card0",
        "dri/renderD128",
        "ttyUSB0",
        "hidraw0",
    ] {
        tree.add(Path::new("/dev").join(device), NodeKind::CharDevice);
    }
    tree.add("/run/cups/cups.sock", NodeKind::Socket).add("/run/pcscd/pcscd.comm", NodeKind::Socket);
    for dir in ["Documents", "Pictures", "Music", "Videos", ".ssh"] {
        tree.file(Path::new("/home/me").join(dir).join("x"));
    }
    tree.file("/media/me/stick/x").dir("/sys/class").dir("/proc/1").dir("/var/log");
    tree
}

fn planned(capabilities: &[&str], lpac: bool) -> Plan {
    let token = token_with(capabilities, lpac);
    let objects = built_in_objects(&variables(), &token).expect("the catalogue parses");
    plan(&token, &objects, &host(), &PlanOptions::default()).expect("a plan")
}

fn shown(plan: &Plan) -> Vec<PathBuf> {
    plan.binds.iter().map(|bind| bind.path.clone()).collect()
}

#[test]
fn a_container_without_capabilities_gets_the_system_and_no_secrets() {
    let plan = planned(&[], false);
    let shown = shown(&plan);
    for wanted in [
        "/usr",
        "/etc/ld.so.cache",
        "/etc/hosts",
        "/etc/ssl/certs",
        "/etc/python3.11",
        "/dev/null",
        "/dev/dri/renderD128",
    ] {
        assert!(shown.contains(&wanted.into()), "{wanted} in {shown:?}");
    }
    for unwanted in [
        "/etc/shadow",
        "/etc/passwd",
        "/etc/machine-id",
        "/etc/ssl/private",
        "/sys",
        "/proc",
        "/home",
        "/var",
        "/dev/sda",
        "/dev/video0",
        "/dev/dri/card0",
        "/run",
        "/media",
    ] {
        assert!(!shown.iter().any(|path| path.starts_with(unwanted)), "{unwanted} in {shown:?}");
    }
    let usr = plan.binds.iter().find(|bind| bind.path == Path::new("/usr")).expect("bound");
    assert_eq!(usr.rights, FsRights::READ_FILE | FsRights::READ_DIR | FsRights::EXECUTE);
    assert_eq!(plan.links, [("/bin".into(), "usr/bin".into()), ("/lib64".into(), "usr/lib64".into())]);
    assert!(plan.binds.iter().all(|bind| !bind.writable && !bind.connect));
    assert_eq!(plan.listable, [PathBuf::from("/")]);
    assert!(plan.notes.is_empty(), "{:?}", plan.notes);
}

#[test]
fn a_less_privileged_container_gets_less() {
    let shown = shown(&planned(&[], true));
    assert!(shown.contains(&"/usr".into()) && shown.contains(&"/dev/null".into()));
    for unwanted in ["/etc/hosts", "/etc/ssl/certs", "/etc/python3.11", "/dev/dri/renderD128"] {
        assert!(!shown.contains(&unwanted.into()), "{unwanted}");
    }
    assert!(self::shown(&planned(&["internetClient"], true)).contains(&"/etc/hosts".into()));
}

#[test]
fn each_capability_opens_what_it_guards() {
    for (name, path, writable, connect) in [
        ("documentsLibrary", "/home/me/Documents", true, false),
        ("picturesLibrary", "/home/me/Pictures", true, false),
        ("musicLibrary", "/home/me/Music", true, false),
        ("videosLibrary", "/home/me/Videos", true, false),
        ("removableStorage", "/media", true, false),
        ("webcam", "/dev/video1", false, false),
        ("serialcommunication", "/dev/ttyUSB0", false, false),
        ("humaninterfacedevice", "/dev/hidraw0", false, false),
        ("isolatedWin32-print", "/run/cups/cups.sock", false, true),
        ("sharedUserCertificates", "/run/pcscd/pcscd.comm", false, true),
    ] {
        let plan = planned(&[name], false);
        let bind = plan.binds.iter().find(|bind| bind.path == Path::new(path)).expect(name);
        assert_eq!((bind.writable, bind.connect), (writable, connect), "{name}");
        assert!(planned(&[], false).binds.iter().all(|bind| bind.path != Path::new(path)), "{name}");
    }
}

#[test]
fn the_catalogue_split_when_compiled_is_the_text_read_at_run_time() {
    let name = lowbox_policy::objects::BUILT_IN;
    let read = parse_objects(BUILT_IN_TEXT, name, &variables(), &token()).expect("the catalogue parses");
    assert_eq!(built_in_objects(&variables(), &token()).expect("the catalogue parses"), read);
}

#[test]
fn every_capability_that_the_catalogue_names_is_known() {
    for line in BUILT_IN_TEXT.lines().filter(|line| !line.starts_with('#')) {
        let Some((_, sddl)) = line.split_once(" D:") else { continue };
        for name in sddl.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name) {
            assert!(name == "package" || capability(name).is_some(), "{name} in {line}");
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in "(tree|file|socket|device|x| |\t|/[a-z*{}\\\\0-9]{0,8}|\\{home\\}|D:\\(A;OICI;FR;;;AC\\)|#|\n|.){0,30}") {
        let _ = parse(&text);
    }
}
