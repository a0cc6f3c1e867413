//! `lowbox capture`: from an installer to a package that is installed, runs and goes without a trace.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use lowbox_msix::registry::PackageRegistry;
use lowbox_program_tests::{
    Person, everyone_with_wine, files, finish, installer, own_windows_program, start, text, until,
};
use serde_json::Value;

/// Captures with these options; the answer.
fn capture(person: &Person, options: &[&str]) -> Value {
    capture_with(person, options, &["/S"])
}

fn capture_with(person: &Person, options: &[&str], arguments: &[&str]) -> Value {
    let words = [&["capture", "download/setup.exe", "--json"], options, &["--"], arguments].concat();
    let ended = finish(person.lowbox(&words), 120);
    serde_json::from_str(&ended.succeeded()).unwrap()
}

/// What is in the person's home but for lowbox's own template and the working folder.
fn home(person: &Person) -> BTreeMap<String, u64> {
    let all = files(&person.home());
    let own = all.iter().filter(|path| !path.starts_with(person.work()));
    let own = own.filter(|path| !text(path).contains("/.local/share/lowbox/wine/"));
    // Held while packages are installed, and empty.
    let own = own.filter(|path| !path.ends_with("lowbox/apps/.lock"));
    own.map(|path| (text(path).to_owned(), fs::symlink_metadata(path).map_or(0, |found| found.len())))
        .collect()
}

#[test]
fn an_installer_becomes_a_package_that_is_installed_runs_and_goes_without_a_trace() {
    everyone_with_wine(|person| {
        if installer(person).is_none() {
            return;
        }
        let said = capture(person, &["-o", "app.msix", "--publisher", "CN=Contoso"]);
        assert_eq!(said["full_name"], "Contoso-Notes_3.1.4.0_x64__h91ms92gdsmmt", "{said}");
        let applications = said["applications"].as_array().unwrap();
        assert_eq!(applications.len(), 1, "{said}");
        assert_eq!(applications[0]["name"], "Contoso Notes");
        assert_eq!(applications[0]["executable"], "VFS/ProgramFilesX64/Contoso Notes/registry.exe");
        let left_out: Vec<String> = said["left_out"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| format!("{}: {}", one["what"].as_str().unwrap(), one["why"].as_str().unwrap()))
            .collect();
        for expected in
            ["Uninstall.lnk: it removes", "service ContosoHelper: ", "Contoso Notes.lnk: l:Software"]
        {
            assert!(left_out.iter().any(|line| line.contains(expected)), "{expected}: {left_out:#?}");
        }
        // Nothing of the installer's run is left.
        let packages = person.home().join(".local/share/lowbox/packages");
        assert!(fs::read_dir(&packages).unwrap().count() <= 1, "{}", packages.display());

        for words in [
            &["cert", "new", "CN=Contoso", "--cert", "c.pem", "--key", "c.key", "--kind", "p256"][..],
            &["sign", "app.msix", "--cert", "c.pem", "--key", "c.key"],
        ] {
            finish(person.lowbox(words), 60).succeeded();
        }
        is_read_by_another(&person.work().join("app.msix"));
        let before = home(person);
        finish(person.lowbox(&["install", "app.msix", "--trust", "c.pem"]), 60).succeeded();
        let words = [
            r"l:Software\Contoso Notes!InstallDir",
            r"l:Software\Contoso Notes!Number",
            r"u:Software\Contoso Notes!Greeting",
            r"l:System\CurrentControlSet\Services\ContosoHelper!ImagePath",
            r"f:C:\Program Files\Contoso Notes\data\words.txt",
            r"f:C:\ProgramData\Contoso Notes\shared.ini",
            r"f:C:\elsewhere.txt",
            r"u:Software\Contoso Notes!Own=text",
        ];
        let run = finish(person.lowbox(&[&["run", "Contoso-Notes"], &words[..]].concat()), 90);
        let answers: Vec<String> = run
            .succeeded()
            .replace('\r', "")
            .lines()
            .map(|line| line.rsplit_once(": ").map_or("", |(_, answer)| answer).to_owned())
            .collect();
        assert_eq!(run.stderr, "");
        assert_eq!(
            answers,
            [
                r"C:\Program Files\Contoso Notes",
                "4 of 4 bytes",
                "hello",
                "none",
                "words of the installer",
                "shared",
                "in no known place",
                "set"
            ]
        );
        finish(person.lowbox(&["remove", "Contoso-Notes"]), 30).succeeded();
        assert_eq!(home(person), before);
    });
}

/// By osslsigncode, and by openappx, which takes percent-encoded names for others than those in the block map and finds nothing else.
fn is_read_by_another(package: &Path) {
    match Command::new("osslsigncode")
        .arg("verify")
        .arg("-in")
        .arg(package)
        .args(["-CAfile"])
        .arg(package.with_file_name("c.pem"))
        .output()
    {
        Ok(read) => assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stdout)),
        Err(_) => println!("1 reader left out: osslsigncode is not installed"),
    }
    let Some(openappx) = std::env::var_os("LOWBOX_OPENAPPX") else {
        println!("1 reader left out: LOWBOX_OPENAPPX does not name openappx");
        return;
    };
    let read = Command::new(openappx).args(["inspect", "--json", "--package"]).arg(package).output().unwrap();
    let said: Value = serde_json::from_slice(&read.stdout).unwrap();
    let text = said.to_string();
    let problems = said.pointer("/problems").or_else(|| said.pointer("/container/problems"));
    let problems = problems.and_then(Value::as_array).unwrap_or_else(|| panic!("{text}"));
    let is_about_names =
        |one: &&Value| one.as_str().is_some_and(|one| one.contains("%20") || one.contains("Contoso Notes"));
    assert_eq!(problems.len(), problems.iter().filter(is_about_names).count(), "{text}");
}

#[test]
fn what_is_captured_can_be_looked_at_in_a_folder() {
    everyone_with_wine(|person| {
        if installer(person).is_none() {
            return;
        }
        let said = capture(person, &["--folder", "kept", "--name", "Other.Name", "--version", "7.0.0.1"]);
        assert!(said["full_name"].as_str().unwrap().starts_with("Other.Name_7.0.0.1_x64__"), "{said}");
        assert_eq!(said["publisher"], "CN=\"Contoso, Ltd.\"");
        let kept = person.work().join("kept");
        let mut registry = PackageRegistry::default();
        registry.add("Registry.dat", &fs::read(kept.join("Registry.dat")).unwrap()).unwrap();
        registry.add("User.dat", &fs::read(kept.join("User.dat")).unwrap()).unwrap();
        let value = registry.machine.at("Software\\Contoso Notes").unwrap().value("InstallDir").unwrap();
        assert_eq!(value.as_text().as_deref(), Some("[{ProgramFilesX64}]\\Contoso Notes"));
        // The installer's keys and no others, of which Wine changes some by itself.
        let roots = |key: &lowbox_msix::registry::Key| {
            let software = key.key("Software").unwrap();
            software.keys().map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            (roots(&registry.machine), roots(&registry.user)),
            (vec!["Contoso Notes".to_owned()], vec!["Contoso Notes".to_owned()])
        );
        assert_eq!((registry.machine.count(), registry.user.count()), (2, 1));
        assert!(kept.join("VFS/Common AppData/Contoso Notes/shared.ini").exists());
        assert!(kept.join("VFS/AppVPackageDrive/elsewhere.txt").exists());
        finish(person.lowbox(&["pack", "kept", "-o", "kept.msix"]), 60).succeeded();
        // Nothing is written over.
        let again = ["capture", "download/setup.exe", "--folder", "kept", "--", "/S"];
        assert_eq!(finish(person.lowbox(&again), 60).code(), Some(125));
    });
}

#[test]
fn without_menu_entries_and_words_of_the_installer_the_programs_say_what_they_are() {
    everyone_with_wine(|person| {
        if installer(person).is_none() {
            return;
        }
        let said = capture_with(person, &["--folder", "kept"], &["/S", "/BARE"]);
        assert!(said["full_name"].as_str().unwrap().starts_with("Contoso-Registry_9.8.7.6_x64__"), "{said}");
        assert_eq!(said["publisher"], "CN=Contoso Works");
        assert_eq!(said["applications"].as_array().unwrap().len(), 1, "{said}");
        assert_eq!(said["applications"][0]["executable"], "VFS/ProgramFilesX64/Contoso Notes/registry.exe");
        let picture = fs::read(person.work().join("kept/Assets/Square150x150Logo.png")).unwrap();
        assert_eq!(picture, lowbox_msix::placeholder_logo(256), "the program's own");
    });
}

#[test]
fn two_installers_at_once_do_not_mix() {
    everyone_with_wine(|person| {
        own_windows_program(person, "keep");
        let words = ["capture", "keep.exe", "-o", "x.msix", "--", "8000"];
        let first = start(person.lowbox(&words));
        let packages = person.home().join(".local/share/lowbox/packages");
        let runs = || {
            files(&packages)
                .iter()
                .any(|path| text(path).contains("/lowbox-capture") && path.ends_with("lock"))
        };
        assert!(until(Duration::from_secs(20), runs));
        let second = finish(person.lowbox(&words[..4]), 60);
        assert!(second.stderr.contains("another lowbox captures"), "{}", second.stderr);
        assert!(first.finish(60).stderr.contains("no program that can be started"));
    });
}

#[test]
fn an_installer_that_fails_or_leaves_no_program_makes_no_package() {
    everyone_with_wine(|person| {
        own_windows_program(person, "echo");
        let words = |code: &str| ["capture", "echo.exe", "-o", "x.msix", "--", code].map(str::to_owned);
        let ended = finish(person.lowbox(&words("7").each_ref().map(String::as_str)), 90);
        assert!(ended.stderr.contains("ended with 7"), "{}", ended.stderr);
        let ended = finish(person.lowbox(&words("0").each_ref().map(String::as_str)), 90);
        assert!(ended.stderr.contains("no program that can be started"), "{}", ended.stderr);
        assert_eq!(ended.code(), Some(125));
        // 3010 is success, and asks for a restart. In the home folder nothing beside the installer is seen.
        let at_home = person.home().join("echo.exe");
        fs::copy(person.work().join("echo.exe"), &at_home).unwrap();
        let ended = finish(person.lowbox(&["capture", text(&at_home), "-o", "x.msix", "--", "3010"]), 90);
        assert!(ended.stderr.contains("no program that can be started"), "{}", ended.stderr);
        assert!(!person.work().join("x.msix").exists());
        fs::write(person.file("no.exe", ""), "#!/bin/sh\n").unwrap();
        let ended = finish(person.lowbox(&["capture", "no.exe", "-o", "x.msix"]), 30);
        assert!(ended.stderr.contains("no Windows program"), "{}", ended.stderr);
    });
}

#[test]
fn a_program_whose_name_no_manifest_can_hold_is_left_out_alone_and_its_name_is_shown_escaped() {
    everyone_with_wine(|person| {
        own_windows_program(person, "meet");
        let script = "python:import os, shutil; \
            folder = os.environ['WINEPREFIX'] + '/drive_c/Program Files/Contoso/'; os.makedirs(folder); \
            [shutil.copy('meet.exe', folder + name + '.exe') for name in ('good', 'bell' + chr(7), '100%', 'not' + chr(0xffff))]";
        let words = ["capture", "meet.exe", "--folder"];
        let said = finish(person.lowbox(&[&words[..], &["told", "--", script]].concat()), 90);
        said.succeeded();
        let unfit = "its name can't stand in a manifest, so nothing starts it";
        for (name, why) in [
            (r"bell\u{7}", "no file of a package may have that name"),
            ("100%", unfit),
            ("not\u{ffff}", unfit),
        ] {
            let line = format!(r"left out: C:\Program Files\Contoso\{name}.exe: {why}");
            assert!(said.stderr.lines().any(|one| one.ends_with(&line)), "{}", said.stderr);
        }
        assert!(!said.stderr.contains('\u{7}'));
        let ended = finish(person.lowbox(&[&words[..], &["kept", "--json", "--", script]].concat()), 90);
        // What the installer says comes before it.
        let answer = ended.succeeded();
        let said: Value = serde_json::from_str(&answer[answer.find('{').expect("JSON")..]).unwrap();
        assert_eq!(said["applications"].as_array().unwrap().len(), 1, "{said}");
        assert_eq!(said["applications"][0]["executable"], "VFS/ProgramFilesX64/Contoso/good.exe");
        finish(person.lowbox(&["pack", "kept", "-o", "kept.msix"]), 60).succeeded();
    });
}
