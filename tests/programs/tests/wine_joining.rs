//! Who joins a kept container of Windows programs: the keeper finds out by itself, and believes nobody.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use lowbox_program_tests::kept::{Kept, changed, said, with_meet};
use lowbox_program_tests::{Ended, Person, finish, pids_with, start, text, until};
use rustix::process::geteuid;

/// A path of Linux's as a Windows program names it, after a word of `meet`'s.
fn word(word: &str, path: &Path) -> String {
    format!(r"{word}:\\?\unix{}", text(path).replace('/', r"\"))
}

/// What `meet` says to one word, started by a command that executes what follows it.
fn says(kept: &Kept<'_>, before: &[&str], word: &str) -> String {
    said(&finish(kept.run_after(before, 60, &[], &[word]), 60))
}

/// Stands in for the keeper once, and takes down what an honest caller says.
const LISTEN: &str = "import array, os, socket, sys
folder, name, out = sys.argv[1:]
os.chdir(folder)
os.rename(name, 'aside')
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind(name)
s.listen(1)
s.settimeout(30)
print('listens', file=open(out + '/listens', 'w'))
c, _ = s.accept()
c.settimeout(30)
c.send(bytes([9, 0]))
_, control, *_ = c.recvmsg(65536, 4096)
files = array.array('i', control[0][2])
for name_of, file in zip(['likeness', 'start'], files):
    open(out + '/' + name_of, 'wb').write(os.pread(file, 1 << 26, 0))
os.rename('aside', name)
";

/// Says the same to the keeper, whoever it is itself, and what the keeper answers.
const FORGE: &str = "import array, os, signal, socket, struct, sys
folder, name, taken = sys.argv[1:]
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
def memory(of):
    file = os.memfd_create(of)
    os.write(file, open(taken + '/' + of, 'rb').read())
    return file
os.chdir(folder)
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(name)
s.settimeout(5)
secret = os.urandom(32)
try:
    look = s.recv(100)
    number = sum((byte & 127) << 7 * at for at, byte in enumerate(look[1:])) >> 1
    keeper = struct.unpack('iii', s.getsockopt(socket.SOL_SOCKET, 17, 12))[0]
    secret = os.pread(os.open('/proc/%d/fd/%d' % (keeper, number), os.O_RDONLY), 32, 0)
except OSError as error:
    print('finds nothing:', error)
read, write = os.pipe()
files = [memory('likeness'), memory('start'), os.open('/dev/null', os.O_RDONLY), write, write]
s.sendmsg([bytes([1, 60, 1]) + secret], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', files))])
os.close(write)
s.settimeout(30)
names = 'Say Revoked Began Ended Failed Busy Different InUse Ending Look'.split()
while (answer := s.recv(65536)):
    print(names[answer[0]], answer[1:])
    if names[answer[0]] not in ('Say', 'Began'): break
";

#[test]
fn who_says_that_it_is_what_it_is_not_has_no_program_run() {
    with_meet(|person, kept| {
        let (out, taken) = (person.folder("out"), person.folder("taken"));
        let made = out.join("made.txt");
        let grant = format!("{}:rw", text(&out));
        let plain = ["setpriv", "--no-new-privs", "--"];
        let honest = || kept.run_after(&plain, 60, &["--grant", &grant], &[&word("write", &made)]);
        finish(honest(), 60).succeeded();
        let folder = person.home().join(".local/share/lowbox/kept");
        let socket = fs::read_dir(&folder).unwrap().next().expect("a socket").unwrap().file_name();
        let places = [text(&folder), text(Path::new(&socket)), text(&taken)];
        let words = |script| [&["/usr/bin/python3", "-c", script], &places[..]].concat();
        let listener = start(person.plain(words(LISTEN)));
        assert!(until(Duration::from_secs(10), || taken.join("listens").exists()));
        finish(honest(), 60).succeeded();
        listener.finish(10).succeeded();
        let forged = |before: &[&str]| {
            finish(honest(), 60).succeeded();
            fs::remove_file(&made).expect("it was made");
            let said = finish(person.plain([before, &plain, &words(FORGE)].concat()), 60);
            assert!(!said.text().is_empty(), "{}", said.stderr);
            (made.exists(), said)
        };
        // Who is what it says may say it by itself.
        let (is_made, said) = forged(&[]);
        assert!(is_made && said.text().contains("Began"), "{} {}", said.text(), said.stderr);
        // May write nothing.
        let landlocked = changed(
            "done(call(157, 38, 1, 0, 0, 0))
rules = struct.pack('QQ', 1 << 1 | 1 << 8, 0)
done(call(446, done(call(444, rules, 8, 0)), 0))",
        );
        let landlocked = landlocked.each_ref().map(String::as_str);
        let touch = finish(person.plain([&landlocked[..], &["touch", text(&out.join("x"))]].concat()), 10);
        assert!(touch.stderr.contains("Permission denied"), "{}", touch.stderr);
        let networked: &[&str] = match person.is_root() {
            true => &["unshare", "--net"],
            false => &["unshare", "--user", "--map-current-user", "--net"],
        };
        let cored = changed("open('/proc/self/coredump_filter', 'w').write('0')");
        let cored = cored.each_ref().map(String::as_str);
        for before in [&landlocked[..], networked, &cored] {
            let (is_made, said) = forged(before);
            assert!(
                !is_made && !said.text().contains("Began"),
                "{before:?}: {} {}",
                said.text(),
                said.stderr
            );
        }
    });
}

/// What a shell script of root's does in a mount namespace of its own, in which `"$@"` runs a person's program. `None`, and said, where only a user
/// tests.
fn with_mounts(person: &Person, script: &str, run: &Command) -> Option<Ended> {
    if !geteuid().is_root() {
        println!("left out for {}: only root mounts", person.name);
        return None;
    }
    let mut outer = Command::new("unshare");
    outer.args(["--mount", "--propagation", "private", "/bin/sh", "-uc", script, "sh"]);
    outer.arg(run.get_program()).args(run.get_args());
    outer.current_dir(person.work());
    for (name, value) in run.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    Some(finish(outer, 120))
}

#[test]
fn what_was_unmounted_since_is_not_there_for_those_who_come_later() {
    with_meet(|person, kept| {
        let shared = person.folder("shared");
        let [vault, other] = [person.folder("shared/vault"), person.folder("elsewhere")];
        let grant = format!("{}:r", text(&shared));
        let secret = vault.join("secret.txt");
        let run = kept.run_after(&[], 60, &["--grant", &grant], &[&word("read", &secret)]);
        let (vault, other) = (text(&vault), text(&other));
        let begin =
            format!("mount -t tmpfs none {vault}; echo secret > {vault}/secret.txt; chmod 755 {vault}");
        let script = format!("{begin}; \"$@\"; umount -l {vault}; \"$@\"");
        let Some(ended) = with_mounts(person, &script, &run) else { return };
        assert_eq!(said(&ended), "secret\nno", "{}", ended.stderr);
        // What is mounted elsewhere makes no other container: what one left is told something by the next.
        let run = kept.run_after(&[], 60, &["--grant", &grant], &[]);
        let script = format!("{begin}; \"$@\" leave:wait:go; mount -t tmpfs none {other}; \"$@\" tell:go");
        let ended = with_mounts(person, &script, &run).expect("as before");
        assert_eq!(said(&ended), "left\ntells", "{}", ended.stderr);
    });
}

#[test]
fn a_folder_that_was_made_read_only_since_is_not_written_by_those_who_come_later() {
    with_meet(|person, kept| {
        let out = person.folder("out");
        let made = out.join("made.txt");
        let grant = format!("{}:rw", text(&out));
        let run = kept.run_after(&[], 60, &["--grant", &grant], &[&word("write", &made)]);
        let (out, made) = (text(&out), text(&made));
        let look = format!("[ -e {made} ] && echo made || echo not made");
        let script = format!(
            "\"$@\"; {look}; rm {made}; mount --bind {out} {out}; mount -o remount,bind,ro {out}; \"$@\"; {look}"
        );
        let Some(ended) = with_mounts(person, &script, &run) else { return };
        assert_eq!(said(&ended), "made\nnot made", "{}", ended.stderr);
        // Options of a mount that is there already.
        let script = format!(
            "mount --bind {out} {out}; \"$@\"; {look}; rm {made}; mount -o remount,bind,ro {out}; \"$@\"; {look}"
        );
        let ended = with_mounts(person, &script, &run).expect("as before");
        assert_eq!(said(&ended), "made\nnot made", "{}", ended.stderr);
    });
}

#[test]
fn who_sees_the_same_root_by_another_mount_does_not_join() {
    with_meet(|person, kept| {
        let (out, root) = (person.folder("out"), person.folder("root"));
        let made = out.join("made.txt");
        let grant = format!("{}:rw", text(&out));
        let run = kept.run_after(&[], 60, &["--grant", &grant], &[&word("write", &made)]);
        let (home, root, made) = (person.home(), text(&root), text(&made));
        let look = format!("[ -e {made} ] && echo made || echo not made");
        let script = format!(
            "mount --rbind / {root}; mount -o remount,bind,ro {root}; mount --bind {home} {root}{home}
\"$@\"; {look}; rm {made}; cd /; chroot {root} touch {made}; chroot {root} /bin/sh -c 'cd {work} && exec \"$@\"' sh \"$@\"; {look}",
            home = text(&home),
            work = text(&person.work()),
        );
        let Some(ended) = with_mounts(person, &script, &run) else { return };
        assert_eq!(said(&ended), "made\nnot made", "{}", ended.stderr);
    });
}

#[test]
fn what_a_process_hands_on_to_its_programs_is_its_own_callers() {
    let of_calls = [
        ("coredump_filter", "open('/proc/self/coredump_filter', 'w').write('0')", "00000000"),
        ("personality", "done(call(135, 0x0040000))", "00040000"),
    ];
    with_meet(|_, kept| {
        for (file, by, value) in of_calls {
            let before = changed(by);
            let before = before.each_ref().map(String::as_str);
            let read = word("read", &Path::new("/proc/self").join(file));
            let plain = says(kept, &[], &read);
            assert!(plain != value && plain != "no", "{file}: {plain}");
            assert_eq!(says(kept, &before, &read), value, "{file}");
            assert_eq!(says(kept, &[], &read), plain, "{file}");
        }
    });
}

/// What is seen of a process, by its folder of /proc.
type Look<'a> = &'a dyn Fn(&Path) -> String;

/// The process of `meet.exe` that runs with this word, which no other test's has.
fn meets(word: &str) -> Option<PathBuf> {
    let folders = pids_with(word).into_iter().map(|pid| PathBuf::from(format!("/proc/{}", pid.as_raw_pid())));
    let is_it = |folder: &PathBuf| {
        fs::read_to_string(folder.join("comm")).is_ok_and(|name| name.trim() == "meet.exe")
    };
    folders.into_iter().find(is_it)
}

#[test]
fn what_the_kernel_tells_of_a_program_is_as_its_own_callers() {
    let line = |folder: &Path, name: &str| {
        let status = fs::read_to_string(folder.join("status")).expect("its status");
        status.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
    };
    let hang_up = |folder: &Path| {
        let ignored = line(folder, "SigIgn:").expect("a line");
        (u64::from_str_radix(&ignored, 16).expect("a number") & 1).to_string()
    };
    let pages = |folder: &Path| line(folder, "THP_enabled:").expect("a line");
    let priority = |folder: &Path| {
        let pid = folder.file_name().expect("a number");
        let mut ionice = Command::new("ionice");
        ionice.arg("-p").arg(pid);
        finish(ionice, 10).succeeded()
    };
    let slack = |folder: &Path| {
        fs::read_to_string(folder.join("timerslack_ns")).expect("it is told").trim().to_owned()
    };
    let of_calls: [(&str, Look<'_>, &str); 4] = [
        ("done(call(157, 29, 5000000, 0, 0, 0))", &slack, "5000000"),
        ("signal.signal(signal.SIGHUP, signal.SIG_IGN)", &hang_up, "1"),
        ("done(call(157, 41, 1, 0, 0, 0))", &pages, "0"),
        ("done(call(251, 1, 0, 3 << 13))", &priority, "idle"),
    ];
    with_meet(|person, kept| {
        let mut made = 0;
        for (by, look, value) in of_calls {
            let before = changed(by);
            let before = before.each_ref().map(String::as_str);
            for (before, has_it) in [(&[][..], false), (&before, true), (&[], false)] {
                made += 1;
                let file = format!("{}-{}-{made}.txt", std::process::id(), person.is_root());
                let is_ready = || {
                    let package = person.package_so_far("one");
                    package.is_some_and(|one| one.join("WineChanges/upper/drive_c").join(&file).exists())
                };
                let running =
                    start(kept.run_after(before, 60, &[], &[&format!(r"write:C:\{file}"), "sleep:1500"]));
                assert!(until(Duration::from_secs(30), || is_ready() && meets(&file).is_some()), "{by}");
                let looked = look(&meets(&file).expect("it runs"));
                assert_eq!(looked == value, has_it, "{by}: {looked}");
                running.finish(30).succeeded();
            }
        }
    });
}
