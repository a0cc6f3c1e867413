//! Windows programs inside, by Wine.

use std::fs;
use std::path::Path;
use std::time::Duration;

use lowbox_program_tests::{
    Person, everyone, everyone_with_wine, files, finish, finish_with_input, on_an_overlay,
    own_windows_program, start, text, until,
};

const NONE: [&str; 0] = [];

#[test]
fn a_windows_program_has_its_words_its_input_its_exit_code_and_its_drive() {
    everyone_with_wine(|person| {
        let program = own_windows_program(person, "echo");
        // Neither that bit nor the whole path is needed.
        assert!(program.is_absolute());
        let run = person.inside(NONE, ["./echo.exe", "7", "a b", ""]);
        let ended = finish_with_input(run, b"one\ntwo\n".to_vec(), 60);
        assert_eq!(ended.code(), Some(7), "{}", ended.stderr);
        let expected = "own D:\\echo.exe\nfolder D:\\\nword 7\nword a b\nword \nread one\nread two";
        assert_eq!(ended.text().replace('\r', ""), expected);
        assert_eq!(ended.stderr, "");
    });
}

#[test]
fn what_was_not_granted_is_not_there_by_any_of_its_names() {
    everyone_with_wine(|person| {
        own_windows_program(person, "reach");
        let secret = person.home().join("secret.txt");
        let beside = person.file("beside.txt", "beside\n");
        let documents = person.home().join("Documents");
        fs::create_dir_all(&documents).unwrap();
        fs::write(documents.join("letter.txt"), "dear\n").unwrap();
        fs::write(&secret, "secret\n").unwrap();
        let by_unix = |path: &Path| format!(r"r:\\?\unix{}", text(path).replace('/', r"\"));
        let words = [
            format!("r:{}", text(&secret)),
            by_unix(&secret),
            format!(r"r:Z:{}", text(&secret).replace('/', r"\")),
            by_unix(&beside),
            r"r:D:\beside.txt".to_owned(),
            r"r:beside.txt".to_owned(),
            r"l:Z:\".to_owned(),
            r"r:C:\users\person\Documents\letter.txt".to_owned(),
            r"r:C:\users\lowbox\Documents\letter.txt".to_owned(),
            by_unix(Path::new("/etc/shadow")),
            r"r:\\.\COM1".to_owned(),
        ];
        // Its own /tmp is no place of the host's.
        let made = r"w:D:\new.txt".to_owned();
        let command = ["./reach.exe".to_owned()].into_iter().chain(words.clone()).chain([made]);
        let said = finish(person.inside(["--no-argument-grants"], command), 60).succeeded();
        let expected: Vec<String> = words.iter().map(|word| format!("{word}: no")).collect();
        assert_eq!(said.replace('\r', "").lines().take(words.len()).collect::<Vec<_>>(), expected);
        assert!(!person.work().join("new.txt").exists());
    });
}

#[test]
fn granted_files_and_folders_are_on_drives_and_named_in_arguments_as_windows_names_them() {
    everyone_with_wine(|person| {
        own_windows_program(person, "reach");
        let (out, other) = (person.folder("out"), person.folder("other"));
        let named = person.file("deep/named.txt", "its text\n");
        fs::write(other.join("x.txt"), "x\n").unwrap();
        let grants = [Person::grant(&out, "rw"), Person::grant(&other, "r")].concat();
        let words = ["r:D:\\deep\\named.txt", r"w:out\made.txt", r"l:D:\other", r"w:D:\other\x.txt"];
        // What is named as a word of its own is granted and gets its Windows name.
        let command = [&["./reach.exe"], &words[..], &[text(&named)]].concat();
        let said = finish(person.inside(grants, command), 60).succeeded().replace('\r', "");
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(
            lines[..4],
            [
                "r:D:\\deep\\named.txt: its text",
                r"w:out\made.txt: made",
                r"l:D:\other: x.txt ",
                r"w:D:\other\x.txt: no"
            ]
        );
        assert!(lines[4].starts_with(r"D:\deep\named.txt: "), "{}", lines[4]);
        assert_eq!(fs::read_to_string(out.join("made.txt")).unwrap(), "written");
        assert_eq!(fs::read_to_string(other.join("x.txt")).unwrap(), "x\n");
        // Outside of the working folder it is another drive.
        let chdir = ["--chdir".into(), "/usr".into()];
        let options = [&Person::grant(&other, "r")[..], &chdir].concat();
        let program = person.work().join("reach.exe");
        let command = [program.as_os_str(), r"l:F:\".as_ref(), r"l:D:\bin\".as_ref()];
        let said = finish(person.inside(options, command), 60).succeeded();
        assert!(said.starts_with("l:F:\\: ") || said.contains("x.txt"), "{said}");
    });
}

#[test]
fn registry_and_drive_c_are_the_packages_own_and_last() {
    everyone_with_wine(|person| {
        own_windows_program(person, "keep");
        let run = |name: &str| finish(person.inside(["--name", name], ["./keep.exe"]), 60).succeeded();
        assert_eq!(run("first"), "0 0");
        assert_eq!(run("first"), "1 1");
        assert_eq!(run("second"), "0 0");
        assert_eq!(run("first"), "2 2");
        // What it takes of the disk.
        let changes = person.package("first").join("WineChanges");
        assert!(bytes(&changes.join("upper")) < 5 << 20, "{}", bytes(&changes));
        // And the template is as it was: nothing in it leads anywhere but to Wine's own libraries.
        let templates = person.home().join(".local/share/lowbox/wine");
        let all = files(&templates);
        assert!(all.len() > 500, "{}", all.len());
        assert!(bytes(&templates) < 150 << 20, "{}", bytes(&templates));
        for path in all {
            let Ok(target) = fs::read_link(&path) else { continue };
            assert!(target.starts_with("/usr/lib") || target.starts_with("/opt"), "{}", path.display());
        }
    });
}

fn bytes(folder: &Path) -> u64 {
    files(folder).iter().map(|path| fs::symlink_metadata(path).map_or(0, |found| found.len())).sum()
}

#[test]
fn two_programs_of_one_package_do_not_write_over_each_others_registry() {
    everyone_with_wine(|person| {
        own_windows_program(person, "keep");
        let first = start(person.inside(["--name", "one"], ["./keep.exe", "60000"]));
        let lock = || person.package_so_far("one").is_some_and(|one| one.join("WineChanges/lock").exists());
        assert!(until(Duration::from_secs(20), lock));
        let second = || finish(person.inside(["--name", "one"], ["./keep.exe"]), 60);
        assert!(until(Duration::from_secs(20), || second().stderr.contains("runs already")));
        assert_eq!(second().code(), Some(125));
        finish(person.plain(["kill", &first.pid().to_string()]), 10).succeeded();
        assert_ne!(first.finish(30).code(), Some(0));
        second().succeeded();
    });
}

#[test]
fn programs_of_one_container_reach_each_others_memory_and_events_as_on_windows() {
    everyone_with_wine(|person| {
        own_windows_program(person, "family");
        let ended = finish(person.inside(NONE, ["./family.exe"]), 60);
        assert_eq!((ended.text().as_str(), ended.code()), ("read 41", Some(7)), "{}", ended.stderr);
    });
}

/// The kernel would put it anywhere in a gigabyte, in which Wine has to have an address for data of its own.
#[test]
fn no_process_of_wine_has_a_heap_of_the_kernels_choosing() {
    everyone_with_wine(|person| {
        own_windows_program(person, "keep");
        let running = start(person.inside(NONE, ["./keep.exe", "60000"]));
        // Wine's server and services, and the program.
        let is_there = || {
            descendants(running.pid())
                .into_iter()
                .filter(|(exe, _)| exe.contains("/wine"))
                .collect::<Vec<_>>()
        };
        let mut all = Vec::new();
        let started = until(Duration::from_secs(30), || {
            all = is_there();
            all.iter().any(|(_, maps)| maps.contains("/keep.exe"))
                && all.iter().any(|(exe, _)| exe.contains("wineserver"))
        });
        assert!(started, "{}: {:?}", person.name, all.iter().map(|(exe, _)| exe).collect::<Vec<_>>());
        for (exe, maps) in all {
            assert!(maps.contains("libc") && !maps.contains("[heap]"), "{}: {exe}\n{maps}", person.name);
        }
        finish(person.plain(["kill", &running.pid().to_string()]), 10).succeeded();
        running.finish(30);
    });
}

/// The processes that a process and its children started: what they run, and what is mapped in them.
fn descendants(of: u32) -> Vec<(String, String)> {
    let pids = |folder: &str| -> Vec<u32> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
    };
    let parent = |pid: u32| -> Option<u32> {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
    };
    let mut family = vec![of];
    loop {
        let known = family.len();
        let new: Vec<u32> = pids("/proc")
            .into_iter()
            .filter(|pid| {
                !family.contains(pid) && parent(*pid).is_some_and(|parent| family.contains(&parent))
            })
            .collect();
        family.extend(new);
        if family.len() == known {
            break;
        }
    }
    let look = |pid: &u32| {
        let exe = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
        Some((text(&exe).to_owned(), fs::read_to_string(format!("/proc/{pid}/maps")).ok()?))
    };
    family.iter().filter_map(look).collect()
}

#[test]
fn what_wine_does_not_run_is_refused_with_the_reason() {
    everyone_with_wine(|person| {
        let program = own_windows_program(person, "echo");
        let whole = fs::read(&program).unwrap();
        let at = u32::from_le_bytes(whole[0x3c..0x40].try_into().unwrap()) as usize;
        let changed = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = whole.clone();
            change(&mut bytes);
            fs::write(person.file(name, ""), bytes).unwrap();
        };
        changed("32.exe", &|bytes| bytes[at + 4..at + 6].copy_from_slice(&[0x4c, 0x01]));
        changed("library.exe", &|bytes| bytes[at + 23] |= 0x20);
        changed("dos.exe", &|bytes| bytes[at] = b'N');
        for (name, why) in [("32.exe", "32-bit"), ("library.exe", "library"), ("dos.exe", "DOS")] {
            let ended = finish(person.inside(NONE, [format!("./{name}")]), 30);
            assert_eq!(ended.code(), Some(126), "{name}: {}", ended.stderr);
            assert!(ended.stderr.contains(why), "{name}: {}", ended.stderr);
        }
        // Without namespaces there is no prefix.
        if person.name != "the calling user" {
            let options = ["--allow-reduced"];
            let run = person.inside_after(lowbox_program_tests::WITHOUT_NAMESPACES, options, ["./echo.exe"]);
            let ended = finish(run, 30);
            assert_eq!(ended.code(), Some(125), "{}", ended.stderr);
            assert!(ended.stderr.contains("mount namespace"), "{}", ended.stderr);
        }
    });
}

#[test]
fn a_program_is_found_in_path_and_its_own_libraries_beside_it() {
    everyone_with_wine(|person| {
        let program = own_windows_program(person, "echo");
        let folder = person.folder("bin");
        fs::rename(&program, folder.join("echo.exe")).unwrap();
        let mut run = person.inside(NONE, ["echo.exe", "3"]);
        run.env("PATH", format!("/usr/bin:/bin:{}", folder.display()));
        assert_eq!(finish(run, 60).code(), Some(3));
        own_windows_program(person, "reach");
        fs::rename(person.work().join("reach.exe"), folder.join("reach.exe")).unwrap();
        fs::write(folder.join("own.DLL"), "a library\n").unwrap();
        fs::write(folder.join("data.txt"), "data\n").unwrap();
        let words = [r"r:D:\bin\own.DLL", r"r:D:\bin\data.txt"];
        let command = ["bin/reach.exe"].into_iter().chain(words);
        let said = finish(person.inside(NONE, command), 60).succeeded().replace('\r', "");
        assert_eq!(said, "r:D:\\bin\\own.DLL: a library\nr:D:\\bin\\data.txt: no");
    });
}

#[test]
fn what_is_learned_about_a_windows_program_is_enough() {
    everyone_with_wine(|person| {
        own_windows_program(person, "reach");
        let read = person.file("in/read.txt", "text\n");
        person.folder("out");
        let words = ["./reach.exe", r"r:in\read.txt", r"w:out\made.txt"];
        let learn = ["learn", "--no-argument-grants", "--out", "learned", "--"];
        let learned = finish(person.lowbox(&[&learn[..], &words].concat()), 90);
        let said = learned.succeeded();
        assert!(said.contains("text") && said.contains("made"), "{said}");
        fs::remove_file(person.work().join("out/made.txt")).unwrap();
        let found = lowbox_program_tests::found(person, &person.work().join("learned/records.trace"));
        let paths: Vec<&str> = found.needed.iter().map(|[_, value]| value.as_str()).collect();
        // Wine lists the folder of the program in which it looks for libraries, so that as a whole is what it needs to read.
        let reads = |path: &str| path.strip_suffix(":r").is_some_and(|folder| read.starts_with(folder));
        let out = format!("{}:rw", text(&person.work().join("out")));
        assert!(paths.iter().any(|path| reads(path)) && paths.contains(&out.as_str()), "{paths:?}");
        assert!(found.needed.iter().all(|[option, _]| option == "--grant"), "{:?}", found.needed);
        let options: Vec<String> = found.needed.iter().flatten().cloned().collect();
        assert_eq!(finish(person.inside(&options, words), 60).succeeded(), said);
        let without = finish(person.inside(["--no-argument-grants"], words), 60).succeeded();
        assert!(without.contains("read.txt: no") && without.contains("made.txt: no"), "{without}");
    });
}

/// As in a container of another kind, whose root is an overlay itself: overlayfs takes no such folder for its changes.
#[test]
fn where_lowboxs_folder_lies_on_an_overlay_each_package_has_a_copy_of_wines_files() {
    everyone(|person| {
        if person.is_root() {
            is_copied(person);
        } else {
            println!("left out for {}: only root mounts the overlay", person.name);
        }
    });
}

fn is_copied(person: &Person) {
    let program = own_windows_program(person, "reach");
    let layers = person.folder("layers");
    let mounted = on_an_overlay(&layers, &person.home().join(".local/share/lowbox"));
    let run = |word: &str| {
        finish(person.inside_after(&mounted, NONE, [text(&program), word]), 120).succeeded().replace('\r', "")
    };
    assert_eq!(run(r"w:C:\kept.txt"), "w:C:\\kept.txt: made");
    assert_eq!(run(r"r:C:\kept.txt"), "r:C:\\kept.txt: written");
    let packages = fs::read_dir(layers.join("upper/packages")).unwrap();
    let own: Vec<_> = packages.map(|entry| entry.unwrap().path().join("Wine/drive_c/kept.txt")).collect();
    assert!(own.iter().any(|path| path.is_file()), "{own:?}");
}
