//! Links on the way to what a program touches: the user's own are followed, and what is asked about is what they lead to.

use std::fs;
use std::os::unix::fs::{lchown, symlink};
use std::path::Path;
use std::time::Duration;

use lowbox_program_tests::{FrontEnd, Person, everyone_at_home, finish};

const AWAY: [&str; 2] = ["--chdir", "/"];

fn python(script: &str) -> [&str; 4] {
    ["/usr/bin/python3", "-u", "-c", script]
}

fn start(person: &Person, script: &str) -> FrontEnd {
    FrontEnd::start(person, &AWAY, &python(script))
}

fn shown(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// A link that belongs to whom the folder around it belongs.
fn link(target: impl AsRef<Path>, at: &Path) {
    use std::os::unix::fs::MetadataExt;
    symlink(target, at).unwrap();
    let around = fs::metadata(at.parent().unwrap()).unwrap();
    lchown(at, Some(around.uid()), Some(around.gid())).unwrap();
}

#[test]
fn a_folder_behind_the_users_own_links_is_asked_about_as_what_it_is_and_works_by_every_name() {
    everyone_at_home(|person| {
        let file = person.file("disk/documents/a.txt", "one");
        person.file("disk/documents/b.txt", "two");
        person.file("disk/pictures/c.txt", "three");
        let (folder, documents) = (file.parent().unwrap(), person.work().join("Documents"));
        // One that leads through another one, and one further down.
        link("disk/documents", &person.work().join("by-way"));
        link(person.work().join("by-way"), &documents);
        link("../pictures", &folder.join("Pictures"));
        let script = format!(
            "
import os
documents, folder = {:?}, {:?}
print(open(documents + '/a.txt').read(), open(documents + '/b.txt').read(), open(folder + '/b.txt').read())
os.chdir(documents); print(os.getcwd() == folder, sorted(os.listdir('.')))
print(open(documents + '/Pictures/c.txt').read())
print(os.readlink(documents) == folder)",
            shown(&documents),
            shown(folder)
        );
        let mut run = start(person, &script);
        let question = run.expect(&file, "folder", "r");
        assert_eq!(question["file"]["named"]["path"], shown(&documents.join("a.txt")), "{question}");
        assert_eq!(question["file"]["folder"]["path"], shown(folder));
        // The second link lies in what was granted, so the program sees it as it is.
        let question = run.expect(&person.work().join("disk/pictures/c.txt"), "this", "r");
        assert!(question["file"]["named"].is_null(), "{question}");
        let expected = "one two two\nTrue ['Pictures', 'a.txt', 'b.txt']\nthree\nTrue";
        assert_eq!(run.finish().succeeded(), expected);
        // What is remembered is the canonical path; the way to it is found again at the next start.
        let list = finish(person.lowbox(&["consent", "list", "--json"]), 20).succeeded();
        assert!(list.contains(shown(folder)) && !list.contains(shown(&documents)), "{list}");
        assert_eq!(start(person, &script).finish().succeeded(), expected);
        // And taken back by whichever name.
        let revoked = finish(person.lowbox(&["consent", "revoke", shown(&documents)]), 20);
        assert_eq!(revoked.code(), Some(0), "{} {}", revoked.text(), revoked.stderr);
    });
}

#[test]
fn what_is_made_or_changed_by_a_link_needs_the_consent_for_what_it_leads_to() {
    everyone_at_home(|person| {
        let file = person.file("disk/notes/a.txt", "old");
        let (folder, notes, dangling) =
            (file.parent().unwrap(), person.work().join("Notes"), person.work().join("later"));
        link(folder, &notes);
        link("disk/notes/later.txt", &dangling);
        let script = format!(
            "
import os
notes = {:?}
# A link that is not to be followed is nothing that could be granted.
try: os.open(notes, os.O_RDONLY | os.O_NOFOLLOW)
except OSError as error: print(error.strerror)
open({:?}, 'w').write('made')
os.mkdir(notes + '/new')
open(notes + '/a.txt', 'a').write(' and new')",
            shown(&notes),
            shown(&dangling)
        );
        let mut run = start(person, &script);
        let question = run.expect(&folder.join("later.txt"), "folder", "rw");
        assert_eq!(question["file"]["named"]["path"], shown(&dangling));
        assert_eq!(run.finish().succeeded(), "No such file or directory");
        assert_eq!(fs::read_to_string(folder.join("later.txt")).unwrap(), "made");
        assert_eq!(fs::read_to_string(&file).unwrap(), "old and new");
        assert!(folder.join("new").is_dir());
    });
}

#[test]
fn a_never_holds_for_every_name_and_a_no_is_one_question() {
    everyone_at_home(|person| {
        let file = person.file("disk/secret/a.txt", "secret");
        let other = person.file("disk/other/a.txt", "other");
        let (secret, second) = (person.work().join("Secret"), person.work().join("Other"));
        link(file.parent().unwrap(), &secret);
        link(other.parent().unwrap(), &second);
        let script = format!(
            "
for path in {:?}, {:?}, {:?}, {:?}:
    try: print(open(path + '/a.txt').read())
    except OSError: print('no')",
            shown(&secret),
            shown(file.parent().unwrap()),
            shown(&second),
            shown(other.parent().unwrap())
        );
        let mut run = start(person, &script);
        run.expect(&file, "never", "");
        run.expect(&other, "no", "");
        assert_eq!(run.finish().succeeded(), "no\nno\nno\nno");
        let mut run = start(person, &script);
        run.expect(&other, "this", "r");
        assert_eq!(run.finish().succeeded(), "no\nno\nother\nother");
    });
}

#[test]
fn links_out_of_the_users_files_and_into_proc_raise_no_question() {
    everyone_at_home(|person| {
        let secret = person.file("keys/id", "secret");
        link("/etc", &person.work().join("system"));
        link("/proc/self/root", &person.work().join("root"));
        link("/tmp", &person.work().join("temporary"));
        link("around", &person.work().join("around"));
        // lowbox's own state is not offered by any name.
        link(person.home().join(".local"), &person.work().join("local"));
        let script = format!(
            "
work = {:?}
for path in '/system/shadow', '/system/passwd', '/root' + {:?}, '/temporary/x', '/around/x', '/local/share/lowbox/consent.db':
    try: print(open(work + path).read())
    except OSError as error: print('no')",
            shown(&person.work()),
            shown(&secret)
        );
        // There is something to read.
        let before = person.inside([&AWAY, &["--prompt", "allow"][..]].concat(), python("pass"));
        finish(before, 20).succeeded();
        let ended = start(person, &script).finish();
        assert_eq!(ended.succeeded(), "no\nno\nno\nno\nno\nno");
        assert!(ended.stderr.contains("leads to /etc/passwd"), "{}", ended.stderr);
        let ended = finish(person.inside([&AWAY, &["--prompt", "allow"][..]].concat(), python(&script)), 20);
        assert_eq!(ended.succeeded(), "no\nno\nno\nno\nno\nno");
    });
}

#[test]
fn a_link_that_a_program_left_in_what_it_could_write_names_what_it_leads_to_whoever_follows_it() {
    everyone_at_home(|person| {
        let secret = person.file("keys/id", "secret");
        let out = person.folder("out");
        let grant = format!("{}:rw", shown(&out));
        let trap = out.join("report");
        let touch = format!(
            "
try: print(open({:?}).read())
except OSError: print('no')",
            shown(&trap.join("id"))
        );
        let leave =
            format!("import os\nos.symlink({:?}, {:?})\n", shown(secret.parent().unwrap()), shown(&trap));
        // Whoever left it.
        let options = [&AWAY[..], &["--grant", &grant, "--name", "first"]].concat();
        let mut run = FrontEnd::start(person, &options, &python(&(leave + &touch)));
        let question = run.expect(&secret, "no", "");
        assert_eq!(question["file"]["folder"]["path"], shown(secret.parent().unwrap()), "{question}");
        assert_eq!(run.finish().succeeded(), "no");
        // Another one, that sees the folder it was left in no more than the key.
        let mut run = FrontEnd::start(person, &[&AWAY[..], &["--name", "second"]].concat(), &python(&touch));
        let question = run.expect(&secret, "no", "");
        assert_eq!(question["file"]["named"]["path"], shown(&trap.join("id")), "{question}");
        assert_eq!(run.finish().succeeded(), "no");
        // A yes to the folder with the trap is none to what it leads to.
        let script = format!("import os\nprint(os.listdir({:?}))\n{touch}", shown(&out));
        let mut run = FrontEnd::start(person, &[&AWAY[..], &["--name", "third"]].concat(), &python(&script));
        run.expect(&out, "this", "r");
        run.expect(&secret, "no", "");
        assert_eq!(run.finish().succeeded(), "['report']\nno");
    });
}

#[test]
fn a_link_behind_the_users_own_that_is_the_programs_or_a_strangers_is_not_followed() {
    everyone_at_home(|person| {
        let secret = person.file("keys/id", "secret");
        let keys = secret.parent().unwrap();
        let out = person.folder("out");
        // The user's own, into what the program may write, where the program leaves the next one.
        link(out.join("dir"), &person.work().join("mine"));
        // And one through a folder that is nobody's of the user's own files.
        let strange = tempfile::tempdir_in("/tmp").unwrap();
        symlink(keys, strange.path().join("evil")).unwrap();
        link(strange.path().join("evil"), &person.work().join("other"));
        for name in ["mine", "other"] {
            let planted = format!(
                "import os\ntry: os.symlink({:?}, {:?})\nexcept OSError: pass",
                shown(keys),
                shown(&out.join("dir"))
            );
            let touch = format!(
                "\ntry: print(open({:?}).read())\nexcept OSError: print('no')",
                shown(&person.work().join(name).join("id"))
            );
            let grant = format!("{}:rw", shown(&out));
            let options = [&AWAY[..], &["--grant", &grant, "--name", name]].concat();
            let run = FrontEnd::start(person, &options, &python(&(planted + &touch)));
            // A question would stand unanswered, and then be no: but it must not come.
            let ended = run.finish();
            assert!(ended.stderr.contains("on the way"), "{}: {name}: {}", person.name, ended.stderr);
            assert_eq!(ended.succeeded(), "no", "{}: {name}", person.name);
        }
        // What leads there is good enough for whoever is not confined.
        assert_eq!(fs::read(person.work().join("mine/id")).unwrap(), b"secret");
        assert_eq!(fs::read(person.work().join("other/id")).unwrap(), b"secret");
    });
}

#[test]
fn long_ways_through_links_are_refused_and_end_nothing() {
    everyone_at_home(|person| {
        let mut deep = person.folder("deep");
        while deep.as_os_str().len() < 1500 {
            deep.push("d".repeat(50));
        }
        fs::create_dir_all(&deep).unwrap();
        link(".", &deep.join("here"));
        let script = format!(
            "
import os
for path in [{deep:?} + '/here' * 8 + '/f', {deep:?} + '/here' * 39 + '/f']:
    try: open(path)
    except OSError as error: print('no')
print('alive')",
            deep = shown(&deep)
        );
        let run = start(person, &script);
        assert_eq!(run.finish().succeeded(), "no\nno\nalive", "{}", person.name);
    });
}

#[test]
fn links_that_change_under_a_question_give_what_the_question_was_about() {
    everyone_at_home(|person| {
        let file = person.file("disk/papers/a.txt", "asked about");
        let secret = person.file("keys/a.txt", "secret");
        let papers = person.work().join("Papers");
        link(file.parent().unwrap(), &papers);
        let script = format!(
            "
for path in {0:?}, {0:?}, {1:?}:
    try: print(open(path).read())
    except OSError: print('no')",
            shown(&papers.join("a.txt")),
            shown(&file)
        );
        let mut run = start(person, &script);
        let question = run.question();
        assert_eq!(question["file"]["path"], shown(&file));
        fs::remove_file(&papers).unwrap();
        link(secret.parent().unwrap(), &papers);
        run.answer(&question, "folder", "r");
        // By the program's name for it, too: the link that it sees leads to what was consented to.
        assert_eq!(run.finish().succeeded(), "asked about\nasked about\nasked about");
        // At the next start the link is what it is then, and that was never consented to.
        let mut run = start(person, &script);
        run.expect(&secret, "no", "");
        assert_eq!(run.finish().succeeded(), "no\nno\nasked about");
    });
}

#[test]
fn links_that_the_program_swaps_while_the_user_answers_never_open_what_the_user_did_not_see() {
    everyone_at_home(|person| {
        let (file, secret) = (person.file("public/a", "public"), person.file("keys/a", "secret"));
        let out = person.folder("out");
        for number in 0..30 {
            person.file(format!("public/{number}/a"), "public");
            person.file(format!("keys/{number}/a"), "secret");
        }
        let script = format!(
            "
import os, threading
out, public, keys, done, seen = {:?}, {:?}, {:?}, False, set()
def swap():
    while not done:
        for target in public, keys:
            os.symlink(target, out + '/new'); os.rename(out + '/new', out + '/link')
os.symlink(public, out + '/link')
thread = threading.Thread(target=swap); thread.start()
for turn in range(60):
    try: seen.add(open(f'{{out}}/link/{{turn % 30}}/a').read())
    except OSError: pass
done = True; thread.join()
print(sorted(seen))",
            shown(&out),
            shown(file.parent().unwrap()),
            shown(secret.parent().unwrap())
        );
        let grant = format!("{}:rw", shown(&out));
        let mut run = FrontEnd::start(person, &[&AWAY[..], &["--grant", &grant]].concat(), &python(&script));
        let mut asked = 0;
        // The user says no to the keys, and yes to everything else.
        while let Some(question) = run.question_within(Duration::from_secs(4)) {
            asked += 1;
            let keys = question["file"]["path"].as_str().unwrap().contains("/keys/");
            run.answer(&question, if keys { "no" } else { "this" }, "");
        }
        let ended = run.finish();
        assert!(!ended.succeeded().contains("secret"), "{}", ended.text());
        assert!(asked > 0);
    });
}
