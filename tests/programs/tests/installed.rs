//! Packages that are installed: by name and by command, upgraded, reset, removed.

use std::fs;
use std::path::PathBuf;

use lowbox_program_tests::{
    FULL_TRUST, Person, Sample, everyone, everyone_at_home, files, finish, start, until,
};

/// A command of the person's by its full path, as a shell finds it.
fn command(person: &Person, name: &str) -> PathBuf {
    person.home().join(".local/bin").join(name)
}

#[test]
fn a_package_is_run_by_name_and_by_command_and_removed_without_a_trace() {
    everyone(|person| {
        let mut sample = Sample::new("Contoso.Tool", "1.0.0.0");
        sample.aliases = vec!["contoso-tool"];
        sample.file_types = vec![".contoso-note", ".txt"];
        sample.protocols = vec!["contoso"];
        sample.script.push_str("echo x > ~/kept; ls ~; cat \"$@\"\n");
        sample.install(person, &[]).succeeded();
        let data = person.file("data.txt", "the data\n");
        let path = data.to_string_lossy().into_owned();
        let text = format!("version 1.0.0.0: {path}\nkept\nthe data");
        let by_name = finish(person.lowbox(&["run", "Contoso.Tool", &path]), 30);
        assert_eq!(by_name.succeeded(), text);
        let by_command = finish(person.plain([command(person, "contoso-tool"), data.clone()]), 30);
        assert_eq!(by_command.succeeded(), text);
        let by_application = finish(person.lowbox(&["run", "contoso.tool!App", &path]), 30);
        assert_eq!(by_application.succeeded(), text);
        let entries = files(&person.home().join(".local/share/applications"));
        let entry = entries.iter().find(|path| path.extension().is_some_and(|end| end == "desktop"));
        let entry = fs::read_to_string(entry.expect("a desktop entry")).unwrap();
        for wanted in
            [" open \"Contoso.Tool_", "x-scheme-handler/contoso;", "application/vnd.lowbox.contoso-note;"]
        {
            assert!(entry.contains(wanted), "{entry}");
        }
        let list = finish(person.lowbox(&["list", "--json"]), 30).succeeded();
        assert!(list.contains("\"contoso-tool\"") && list.contains("\"1.0.0.0\""), "{list}");
        let shown = finish(person.lowbox(&["show", "Contoso.Tool", "--files"]), 30).succeeded();
        assert!(shown.contains("bin/program.exe") && shown.contains("App: bin/program.exe"), "{shown}");
        finish(person.lowbox(&["remove", "Contoso.Tool"]), 30).succeeded();
        let left: Vec<PathBuf> = files(&person.home().join(".local"))
            .into_iter()
            .filter(|path| {
                // What the desktop's tools make of nothing.
                let cache = path.starts_with(person.home().join(".local/share/mime"))
                    || path.ends_with("mimeinfo.cache");
                let names_it = || fs::read(path).is_ok_and(|text| contains(&text, b"ontoso"));
                !path.ends_with(".lock") && (!cache || names_it())
            })
            .collect();
        assert_eq!(left, Vec::<PathBuf>::new());
        let run = finish(person.lowbox(&["run", "Contoso.Tool!App"]), 30);
        assert!(run.stderr.contains("no package Contoso.Tool is installed"), "{}", run.stderr);
    });
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[test]
fn an_upgrade_keeps_the_data_and_its_own_commands_and_a_downgrade_has_to_be_asked_for() {
    everyone(|person| {
        let mut old = Sample::new("Contoso.Tool", "1.0.0.0");
        old.aliases = vec!["contoso-old", "contoso-both"];
        old.script.push_str("echo $(cat ~/runs 2>/dev/null)1 > ~/runs; cat ~/runs\n");
        let mut new = old.clone();
        (new.version, new.aliases) = ("1.10.0.0", vec!["contoso-both", "contoso-new"]);
        new.script = old.script.replace("1.0.0.0", "1.10.0.0");
        old.install(person, &[]).succeeded();
        let run = || finish(person.lowbox(&["run", "Contoso.Tool"]), 30).succeeded();
        assert_eq!(run(), "version 1.0.0.0:\n1");
        let installed = new.install(person, &[]).succeeded();
        assert!(installed.contains("in place of     1.0.0.0"), "{installed}");
        assert_eq!(run(), "version 1.10.0.0:\n11");
        let commands = files(&person.home().join(".local/bin"));
        let names = |commands: Vec<PathBuf>| {
            let mut names: Vec<_> =
                commands.iter().map(|path| path.file_name().unwrap().to_owned()).collect();
            names.sort();
            names
        };
        assert_eq!(names(commands), ["contoso-both", "contoso-new"]);
        let refused = old.install(person, &[]);
        assert!(refused.stderr.contains("the version 1.10.0.0 is installed"), "{}", refused.stderr);
        assert_eq!(run(), "version 1.10.0.0:\n111");
        old.install(person, &["--allow-downgrade"]).succeeded();
        assert_eq!(run(), "version 1.0.0.0:\n1111");
        finish(person.lowbox(&["reset", "Contoso.Tool", "--data"]), 30).succeeded();
        assert_eq!(run(), "version 1.0.0.0:\n1");
    });
}

#[test]
fn packages_of_one_version_have_to_have_the_same_files() {
    everyone(|person| {
        let sample = Sample::new("Contoso.Tool", "1.0.0.0");
        sample.install(person, &[]).succeeded();
        let again = sample.install(person, &[]).succeeded();
        assert!(again.contains("unchanged"), "{again}");
        let mut other = sample.clone();
        other.script = "echo another one\n".to_owned();
        let refused = other.install(person, &[]);
        assert!(refused.stderr.contains("is installed with other files"), "{}", refused.stderr);
        let run = finish(person.lowbox(&["run", "Contoso.Tool"]), 30).succeeded();
        assert_eq!(run, "version 1.0.0.0:");
    });
}

/// Otherwise whoever writes `CN=Contoso` into a manifest had the data and the consents of Contoso's program.
#[test]
fn a_package_for_which_nobody_vouches_gets_none_of_the_data_of_the_one_whose_name_it_uses() {
    everyone(|person| {
        let mut honest = Sample::new("Contoso.Tool", "1.0.0.0");
        honest.script.push_str("echo secret > ~/secret\n");
        honest.install(person, &[]).succeeded();
        finish(person.lowbox(&["run", "Contoso.Tool"]), 30).succeeded();
        let mut thief = Sample::new("Contoso.Tool", "9.0.0.0");
        thief.script = "echo home: $(ls ~)\n".to_owned();
        let unsigned = thief.pack(person);
        let unsigned = unsigned.to_string_lossy();
        let refused = finish(person.lowbox(&["install", &unsigned]), 30);
        assert!(refused.stderr.contains("it is not signed"), "{}", refused.stderr);
        let installed = finish(person.lowbox(&["install", &unsigned, "--allow-unsigned"]), 30);
        installed.succeeded();
        assert!(installed.stderr.contains("a family name of its own"), "{}", installed.stderr);
        let several = finish(person.lowbox(&["run", "Contoso.Tool!App"]), 30);
        assert!(several.stderr.contains("is the name of several packages"), "{}", several.stderr);
        let list = finish(person.lowbox(&["list", "--json"]), 30).succeeded();
        let list: serde_json::Value = serde_json::from_str(&list).unwrap();
        let families = list.as_array().unwrap().iter();
        let mut families: Vec<&str> = families.map(|one| one["family_name"].as_str().unwrap()).collect();
        families.sort_unstable();
        let stolen = list.as_array().unwrap().iter().find(|one| one["version"] == "9.0.0.0").unwrap();
        assert_eq!(families.len(), 2);
        let run = finish(person.lowbox(&["run", stolen["family_name"].as_str().unwrap()]), 30).succeeded();
        assert_eq!(run, "home:");
        // A manifest that is not installed at all.
        let manifest = "Contoso.Tool-9.0.0.0/AppxManifest.xml";
        let refused =
            finish(person.lowbox(&["run", "--manifest", manifest, "--", "/bin/sh", "-c", "ls ~"]), 30);
        assert!(refused.stderr.contains("would get its data"), "{}", refused.stderr);
        assert_eq!(refused.text(), "");
        // Signed by somebody who calls himself so, whom the user does not trust.
        let signed = thief.signed(person);
        let refused = finish(person.lowbox(&["install", &signed.to_string_lossy()]), 30);
        assert!(refused.stderr.contains("not trusted"), "{}", refused.stderr);
    });
}

#[test]
fn a_program_that_runs_keeps_its_files_through_an_upgrade_and_they_go_after_it() {
    everyone(|person| {
        let mut old = Sample::new("Contoso.Tool", "1.0.0.0");
        old.script = "echo started > ~/state; while [ ! -e ~/go ]; do sleep 0.05; done; cat \"${0%/bin/*}/logo.png\"\n".to_owned();
        old.install(person, &[]).succeeded();
        let running = start(person.lowbox(&["run", "Contoso.Tool"]));
        let home = || person.package("Contoso.Tool").join("LocalState");
        assert!(until(std::time::Duration::from_secs(30), || { person.has_made("Contoso.Tool", "state") }));
        Sample::new("Contoso.Tool", "2.0.0.0").install(person, &[]).succeeded();
        let new = finish(person.lowbox(&["run", "Contoso.Tool"]), 30).succeeded();
        assert_eq!(new, "version 2.0.0.0:");
        let apps = person.home().join(".local/share/lowbox/apps");
        let old_files = || files(&apps).iter().any(|path| path.to_string_lossy().contains("_1.0.0.0_"));
        assert!(old_files());
        fs::write(home().join("go"), "").unwrap();
        assert_eq!(running.finish(30).succeeded(), "a picture");
        finish(person.lowbox(&["list"]), 30).succeeded();
        assert!(!old_files());
    });
}

#[test]
fn a_package_that_runs_is_removed_only_when_its_programs_are_to_be_ended() {
    everyone(|person| {
        let mut sample = Sample::new("Contoso.Tool", "1.0.0.0");
        sample.script = "echo started > ~/state; trap '' TERM; while :; do sleep 0.05; done\n".to_owned();
        sample.install(person, &[]).succeeded();
        let running = start(person.lowbox(&["run", "Contoso.Tool"]));
        let packages = person.home().join(".local/share/lowbox/packages");
        assert!(until(std::time::Duration::from_secs(30), || { person.has_made("Contoso.Tool", "state") }));
        for words in [["remove", "Contoso.Tool"].as_slice(), &["reset", "Contoso.Tool", "--data"]] {
            let refused = finish(person.lowbox(words), 30);
            assert!(refused.stderr.contains(&format!("process {}", running.pid())), "{}", refused.stderr);
        }
        assert!(person.package("Contoso.Tool").join("LocalState/state").exists());
        let removed =
            finish(person.lowbox(&["remove", "Contoso.Tool", "--end-running", "--json"]), 30).succeeded();
        assert!(removed.contains(&running.pid().to_string()), "{removed}");
        assert!(running.finish(30).code().is_none());
        assert_eq!(files(&packages), Vec::<PathBuf>::new());
    });
}

#[test]
fn an_alias_takes_the_place_of_no_command() {
    everyone(|person| {
        let own = person.file("../home/.local/bin/contoso-own", "mine\n");
        let mut first = Sample::new("Contoso.First", "1.0.0.0");
        first.aliases = vec!["contoso-first"];
        first.install(person, &[]).succeeded();
        let mut second = Sample::new("Contoso.Second", "1.0.0.0");
        second.aliases = vec!["ls", "contoso-own", "contoso-first", "mount", "contoso-second"];
        let installed = second.install(person, &["--json"]);
        let answer: serde_json::Value = serde_json::from_str(&installed.succeeded()).unwrap();
        let answer = &answer[0];
        let left_out = answer["left_out"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap());
        let mut left_out: Vec<&str> = left_out.collect();
        left_out.sort_unstable();
        assert_eq!(left_out, ["contoso-first", "contoso-own", "ls", "mount"]);
        assert_eq!(fs::read_to_string(own).unwrap(), "mine\n");
        let first = finish(person.plain([command(person, "contoso-first")]), 30).succeeded();
        assert_eq!(first, "version 1.0.0.0:");
        assert!(fs::symlink_metadata(command(person, "ls")).is_err());
        assert_eq!(answer["commands"].as_array().unwrap().len(), 1);
        let list = finish(person.lowbox(&["list", "--json"]), 30).succeeded();
        let list: serde_json::Value = serde_json::from_str(&list).unwrap();
        assert_eq!(list[1]["applications"][0]["aliases"], serde_json::json!(["contoso-second"]));
    });
}

#[test]
fn a_file_that_is_opened_with_a_package_can_be_changed_and_none_beside_it_can_be_seen() {
    everyone(|person| {
        let mut sample = Sample::new("Contoso.Notes", "1.0.0.0");
        sample.protocols = vec!["contoso"];
        sample.script = "echo more >> \"$1\"; ls \"${1%/*}\"; echo \"$2\"\n".to_owned();
        sample.install(person, &[]).succeeded();
        let note = person.file("notes/a note.txt", "one\n");
        let other = person.file("notes/other.txt", "other\n");
        let address = format!("file://{}", note.display()).replace(' ', "%20");
        let opened = finish(person.lowbox(&["open", "Contoso.Notes", &address, "contoso:--grant=/"]), 30);
        assert_eq!(opened.succeeded(), "a note.txt\ncontoso:--grant=/");
        assert_eq!(fs::read_to_string(&note).unwrap(), "one\nmore\n");
        // To name it for a run is consent to read it.
        let run = finish(person.lowbox(&["run", "Contoso.Notes", &note.to_string_lossy()]), 30);
        assert!(run.stderr.contains("Read-only") || run.stderr.contains("denied"), "{}", run.stderr);
        assert_eq!(fs::read_to_string(&note).unwrap(), "one\nmore\n");
        assert_eq!(fs::read_to_string(&other).unwrap(), "other\n");
        let program = finish(person.lowbox(&["open", "cat", &note.to_string_lossy()]), 30);
        assert!(program.stderr.contains("no package cat is installed"), "{}", program.stderr);
    });
}

#[test]
fn a_program_can_change_neither_its_package_nor_see_another_one() {
    // Not beneath /tmp, where the container has a folder of its own.
    everyone_at_home(|person| {
        Sample::new("Contoso.Other", "1.0.0.0").install(person, &[]).succeeded();
        let mut sample = Sample::new("Contoso.Tool", "1.0.0.0");
        sample.script = "package=${0%/bin/*}; apps=${package%/*/*/*}\n\
            for file in \"$0\" \"$package/new\" \"$package/../record.json\" \"$apps/Contoso.Tool/current\"; do\n\
            (echo x >> \"$file\") 2>/dev/null && echo \"changed $file\"; done\n\
            rm -rf \"$package\"/* 2>/dev/null; mv \"$package\" \"$package-2\" 2>/dev/null && echo moved\n\
            ls \"$apps\"; ls \"$package\"; case $LOWBOX_PACKAGE_GRAPH in \"$package\") echo graph;; esac\n"
            .to_owned();
        sample.install(person, &[]).succeeded();
        let run = finish(person.lowbox(&["run", "Contoso.Tool"]), 30).succeeded();
        let lines: Vec<&str> = run.lines().collect();
        assert_eq!(lines.len(), 5, "{run}");
        assert!(lines[0].starts_with("Contoso.Tool_"), "{run}");
        assert_eq!(lines[1..], ["AppxManifest.xml", "bin", "logo.png", "graph"]);
    });
}

#[test]
fn a_package_is_not_installed_without_those_that_it_needs() {
    everyone(|person| {
        let mut framework = Sample::new("Contoso.Framework", "1.5.0.0");
        framework.framework = true;
        let mut sample = Sample::new("Contoso.Tool", "1.0.0.0");
        sample.script = "cat \"${LOWBOX_PACKAGE_GRAPH#*:}/logo.png\"\n".to_owned();
        sample.dependencies =
            "<PackageDependency Name=\"Contoso.Framework\" Publisher=\"CN=Contoso\" MinVersion=\"1.6.0.0\"/>";
        let refused = sample.install(person, &[]);
        assert!(refused.stderr.contains("which is not installed"), "{}", refused.stderr);
        framework.install(person, &[]).succeeded();
        let refused = sample.install(person, &[]);
        assert!(refused.stderr.contains("and 1.5.0.0 is installed"), "{}", refused.stderr);
        framework.version = "1.6.0.0";
        framework.install(person, &[]).succeeded();
        sample.install(person, &[]).succeeded();
        let run = finish(person.lowbox(&["run", "Contoso.Tool"]), 30).succeeded();
        assert_eq!(run, "a picture");
        let refused = finish(person.lowbox(&["remove", "Contoso.Framework"]), 30);
        assert!(refused.stderr.contains("is needed by Contoso.Tool_1.0.0.0"), "{}", refused.stderr);
        finish(person.lowbox(&["remove", "Contoso.Tool"]), 30).succeeded();
        finish(person.lowbox(&["remove", "Contoso.Framework"]), 30).succeeded();
    });
}

#[test]
fn full_trust_is_neither_installed_nor_run_unasked() {
    everyone(|person| {
        let secret = person.file("secret", "the secret\n");
        let mut sample = Sample::new("Contoso.Trusting", "1.0.0.0");
        sample.trust = FULL_TRUST;
        sample.capabilities = "<rescap:Capability Name=\"runFullTrust\"/>";
        sample.aliases = vec!["contoso-trusting"];
        sample.script = format!("cat {}\n", secret.display());
        let refused = sample.install(person, &[]);
        assert!(refused.stderr.contains("lowbox isolate"), "{}", refused.stderr);
        sample.install(person, &["--full-trust"]).succeeded();
        for run in
            [person.lowbox(&["run", "Contoso.Trusting"]), person.plain([command(person, "contoso-trusting")])]
        {
            let refused = finish(run, 30);
            assert!(refused.stderr.contains("is not run so unasked"), "{}", refused.stderr);
            assert_eq!(refused.text(), "");
        }
        let run = finish(person.lowbox(&["run", "--full-trust", "Contoso.Trusting"]), 30);
        assert_eq!(run.succeeded(), "the secret");
        assert!(run.stderr.contains("NOTHING of it is isolated"), "{}", run.stderr);
    });
}

#[test]
fn removing_a_package_takes_its_consents_back() {
    everyone(|person| {
        let sample = Sample::new("Contoso.Tool", "1.0.0.0");
        sample.install(person, &[]).succeeded();
        let file = person.file("../home/notes/file", "x");
        let grant = format!("{}:r", file.display());
        let consents = || finish(person.lowbox(&["consent", "list", "--json"]), 30).succeeded();
        for back in [["reset", "Contoso.Tool", "--consent"].as_slice(), &["remove", "Contoso.Tool"]] {
            let words = ["consent", "grant", "--package", "Contoso.Tool", &grant];
            finish(person.lowbox(&words), 30).succeeded();
            assert!(consents().contains("Contoso.Tool_"));
            finish(person.lowbox(back), 30).succeeded();
            assert_eq!(consents(), "[]");
        }
    });
}

/// Deeper than paths and limits of descriptors reach, without rights for its owner.
#[test]
fn data_that_a_hostile_program_left_are_removed_whatever_they_are() {
    everyone(|person| {
        let mut sample = Sample::new("Contoso.Hostile", "1.0.0.0");
        sample.script = "exec /usr/bin/python3 - <<'END'\n\
            import os\n\
            os.chdir(os.environ['HOME'])\n\
            for level in range(1100):\n\
            \x20   os.mkdir('x'); os.symlink('/', 'link'); os.chdir('x')\n\
            here = os.open('.', os.O_RDONLY)\n\
            for level in range(1100):\n\
            \x20   os.chdir('..'); os.chmod('x', 0)\n\
            print('made')\n\
            END\n"
            .to_owned();
        sample.install(person, &[]).succeeded();
        let made = finish(person.lowbox(&["run", "Contoso.Hostile"]), 60);
        assert_eq!(made.succeeded(), "made");
        finish(person.lowbox(&["remove", "Contoso.Hostile"]), 60).succeeded();
        let packages = person.home().join(".local/share/lowbox/packages");
        assert_eq!(fs::read_dir(packages).unwrap().count(), 0);
    });
}

#[test]
fn a_name_that_is_a_program_too_is_not_guessed() {
    everyone(|person| {
        let sample = Sample::new("true", "1.0.0.0");
        sample.install(person, &[]).succeeded();
        let both = finish(person.lowbox(&["run", "true"]), 30);
        assert!(both.stderr.contains("is a program in PATH and an installed package"), "{}", both.stderr);
        assert_eq!(finish(person.lowbox(&["run", "--", "true"]), 30).succeeded(), "");
        assert_eq!(finish(person.lowbox(&["run", "true!App"]), 30).succeeded(), "version 1.0.0.0:");
    });
}
