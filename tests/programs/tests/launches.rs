//! Launches in odd circumstances: what a program gets of them, and what is refused.

use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use lowbox_program_tests::{Person, WITHOUT_NAMESPACES, everyone, finish, ordinary, until};
use rustix::process::{Pid, Signal, kill_process};

/// Runs a command where user namespaces can be made, but no network in one.
const WITHOUT_NETWORKS: [&str; 9] = [
    "unshare",
    "--user",
    "--map-current-user",
    "--keep-caps",
    "--",
    "/bin/sh",
    "-c",
    "echo 0 > /proc/sys/user/max_net_namespaces || exit 99
     exec setpriv --inh-caps=-all --ambient-caps=-all --bounding-set=-all -- \"$@\"",
    "sh",
];

#[test]
fn the_limit_of_descriptors_is_the_callers_with_reduced_isolation_too() {
    let person = ordinary();
    let mut before = vec!["/bin/sh", "-c", "ulimit -Sn 64; exec \"$@\"", "sh"];
    before.extend(WITHOUT_NAMESPACES);
    let ended = finish(person.inside_after(before, ["--allow-reduced"], ["/bin/sh", "-c", "ulimit -Sn"]), 30);
    assert_eq!(ended.succeeded(), "64");
    assert!(ended.stderr.contains("less isolation"), "{}", ended.stderr);
}

#[test]
fn where_no_network_namespace_can_be_made_it_is_said_and_reduced_isolation_is_a_way() {
    let person = ordinary();
    let refused = finish(person.inside_after(WITHOUT_NETWORKS, [""; 0], ["/bin/echo", "ran"]), 30);
    assert_eq!((refused.code(), refused.text()), (Some(125), String::new()), "{}", refused.stderr);
    assert!(refused.stderr.contains("max_user_namespaces"), "no advice: {}", refused.stderr);
    let reduced =
        finish(person.inside_after(WITHOUT_NETWORKS, ["--allow-reduced"], ["/bin/echo", "ran"]), 30);
    assert!(reduced.stderr.contains("less isolation"), "{}", reduced.stderr);
    assert_eq!(reduced.succeeded(), "ran");
}

#[test]
fn a_descriptor_that_the_caller_did_not_open_is_not_one_of_lowboxs_own() {
    everyone(|person| {
        for number in 3..8 {
            let named = format!("{number}:socket");
            let before = ["/bin/sh", "-c", "exec 3>&- 4>&- 5>&- 6>&- 7>&-; exec \"$@\"", "sh"];
            let ended = finish(person.inside_after(before, ["--fd", &named], ["/bin/echo", "ran"]), 30);
            assert_eq!((ended.code(), ended.text()), (Some(125), String::new()), "{named}: {}", ended.stderr);
        }
    });
}

/// A link on a read-only mount that keeps times of access takes each look-up through it off the kernel's fast way.
#[test]
fn links_of_the_private_root_are_followed_the_fast_way() {
    everyone(|person| {
        let mounts = finish(person.inside([""; 0], ["/bin/cat", "/proc/self/mountinfo"]), 30).succeeded();
        let attributes = |place: &str| {
            let mut fields = mounts.lines().map(|line| line.split(' ').skip(4));
            let mut found = fields.find(|fields| fields.clone().next() == Some(place)).expect(place);
            found.nth(1).map(|attributes| attributes.split(',').collect::<Vec<_>>()).expect(place)
        };
        let root = attributes("/");
        assert!(root.contains(&"ro") && root.contains(&"noatime"), "{root:?}");
        // What the program writes to has times of access as everywhere.
        let temporary = attributes("/tmp");
        assert!(temporary.contains(&"rw") && !temporary.contains(&"noatime"), "{temporary:?}");
    });
}

#[test]
fn a_grant_of_var_leaves_the_program_its_lasting_temporary_folder() {
    everyone(|person| {
        let script = "echo lasting > \"$TMPDIR/file\"";
        let mut options: Vec<OsString> = vec!["--name".into(), "lasting".into()];
        options.extend(Person::grant("/var", "r"));
        finish(person.inside(options, ["/bin/sh", "-c", script]), 30).succeeded();
        let file = person.package("lasting").join("TempState/file");
        assert_eq!(std::fs::read_to_string(&file).ok().as_deref(), Some("lasting\n"), "{}", file.display());
    });
}

#[test]
fn a_program_whose_lowbox_is_killed_while_it_starts_does_not_run() {
    // Without a pid namespace the program asks to die with lowbox; here lowbox is dead before it has asked.
    let person = ordinary();
    let folder = person.folder("result");
    let log = person.file("log", "");
    let mut options: Vec<OsString> = vec!["--allow-reduced".into()];
    options.extend(Person::grant(&folder, "rw"));
    let (started, ran) = (folder.join("started"), folder.join("ran"));
    let inside = |delay: &str, file: &Path| {
        let delay = format!("inject=prctl:delay_enter={delay}");
        let mut before = WITHOUT_NAMESPACES.to_vec();
        before.extend(["strace", "-f", "-o", log.to_str().expect("UTF-8"), "-e", &delay]);
        let mut command = person.inside_after(
            before,
            &options,
            ["/bin/sh".as_ref(), "-c".as_ref(), ": > \"$0\"".as_ref(), file.as_os_str()],
        );
        command.stdin(Stdio::null());
        command
    };
    finish(inside("0", &started), 60).succeeded();
    assert!(started.exists(), "it runs when nobody kills lowbox");
    let mut tracer = inside("2s", &ran).spawn().expect("unshare(1)");
    let lowbox = || {
        let found = children(tracer.id()).into_iter().find(|pid| name_of(*pid) == "lowbox")?;
        // The child leads a session of its own before it asks.
        children(found).into_iter().find(|pid| session_of(*pid) == Some(*pid)).map(|_| found)
    };
    let mut found = None;
    until(Duration::from_secs(60), || {
        found = lowbox();
        found.is_some()
    });
    let pid = found.and_then(|pid| Pid::from_raw(pid as i32)).expect("lowbox with its program's process");
    kill_process(pid, Signal::KILL).expect("it runs");
    assert!(
        until(Duration::from_secs(60), || tracer.try_wait().expect("a child").is_some()),
        "strace goes on"
    );
    assert!(!ran.exists(), "the program ran without lowbox");
}

/// The children of a process's first thread (proc(5)).
fn children(pid: u32) -> Vec<u32> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

fn name_of(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned()
}

/// The session's number: the sixth field of stat (proc(5)).
fn session_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(3)?.parse().ok()
}
