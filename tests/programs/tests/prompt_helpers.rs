//! The command lines of kdialog and yad, by programs that stand for them and read those as strictly as they do: the helpers
//! themselves draw windows that differ from version to version. zenity itself is tried in prompt_dialog.rs.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::{Command, Stdio};

use lowbox_program_tests::{Person, everyone, finish, without_terminal};

const WITHOUT: &str = "runs without webcam";

/// Hides the helpers of the machine by files that an ordinary user could change, which are none, and shows one helper.
const SCRIPT: &str = "set -e
for helper in zenity kdialog yad; do
    if [ -e /usr/bin/$helper ]; then mount --bind \"$FOREIGN\" /usr/bin/$helper; fi
done
mount --bind \"$HELPERS\" /usr/local/bin
exec \"$@\"";

/// The command where `helper` is the only one; only root can arrange that.
fn with_helper(run: &Command, helper: &str) -> (Command, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let (bin, foreign) = (folder.path().join("bin"), folder.path().join("foreign"));
    fs::create_dir(&bin).expect("a folder");
    fs::write(bin.join(helper), include_str!("../data/fake-dialog.py")).expect("a file");
    for path in [&bin, &bin.join(helper)] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("its mode");
    }
    fs::write(&foreign, "").expect("a file");
    chown(&foreign, Some(65534), None).expect("root may give files away");
    let mut command = Command::new("unshare");
    command.args(["--mount", "--", "/bin/sh", "-c", SCRIPT, "sh"]);
    command.env("HELPERS", &bin).env("FOREIGN", &foreign);
    command.arg(run.get_program()).args(run.get_args());
    for (name, value) in run.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.current_dir(run.get_current_dir().expect("set"));
    (command, folder)
}

/// What lowbox says where the helper answers with this key, and what the helper was asked.
fn answered(person: &Person, helper: &str, key: &str, number: usize) -> (String, String) {
    let manifest = person.manifest(&format!("Contoso.{helper}{number}"), "webcam");
    let options = ["--prompt", "ask", "--manifest", manifest.to_str().expect("UTF-8")];
    let told = person.file(format!("told-{helper}-{number}"), key);
    let mut run = without_terminal(&person.inside(options, ["/bin/echo", "started"]));
    run.env("DISPLAY", ":0").env_remove("WAYLAND_DISPLAY").env("FAKE_DIALOG", &told);
    let (mut command, _folder) = with_helper(&run, helper);
    command.stdin(Stdio::null());
    let ended = finish(command, 60);
    assert_eq!(ended.succeeded(), "started", "{}", ended.stderr);
    (ended.stderr, fs::read_to_string(told).expect("the file"))
}

#[test]
fn kdialog_and_yad_get_a_command_line_that_they_understand_and_their_answers_count() {
    if !rustix::process::geteuid().is_root() {
        println!("left out: only root can put a helper into /usr/local/bin for a test");
        return;
    }
    everyone(|person| {
        for helper in ["kdialog", "yad"] {
            for (number, (key, allowed)) in
                [("y", true), ("n", false), ("never", false)].into_iter().enumerate()
            {
                let (said, told) = answered(person, helper, key, number);
                let what = format!("{}: {helper} answers {key}: {said}\n{told}", person.name);
                assert!(told.contains("ASKED ") && !told.contains("WRONG"), "{what}");
                assert!(told.contains("webcam: cameras"), "{what}");
                assert_eq!(told.contains("<qt>"), helper == "kdialog", "{what}");
                assert_eq!(!said.contains(WITHOUT), allowed, "{what}");
            }
        }
    });
}
