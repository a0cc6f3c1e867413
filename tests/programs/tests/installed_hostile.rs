//! Packages that mean harm, and what must not keep others from working.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use lowbox_program_tests::{Person, Sample, everyone, everyone_at_home, finish, start, until};

/// A package of the person's that is installed, with something in its data.
fn victim(person: &Person) -> std::path::PathBuf {
    let mut victim = Sample::new("Contoso.Victim", "1.0.0.0");
    victim.script = "echo precious > ~/kept\n".to_owned();
    victim.install(person, &[]).succeeded();
    finish(person.lowbox(&["run", "Contoso.Victim"]), 30).succeeded();
    person.package("Contoso.Victim").join("LocalState/kept")
}

/// `.removed-NAME` is what lowbox calls a package whose data are to go.
#[test]
fn a_name_that_begins_with_a_dot_is_none() {
    everyone(|person| {
        let kept = victim(person);
        for name in [".hidden", ".removed-Contoso.Victim", ".new-1-0", ".old-1-0"] {
            let refused = Sample::new(name, "1.0.0.0").install(person, &[]);
            assert!(refused.stderr.contains("begins with a dot"), "{}", refused.stderr);
            finish(person.lowbox(&["list"]), 30).succeeded();
        }
        assert_eq!(fs::read_to_string(kept).unwrap(), "precious\n");
        finish(person.lowbox(&["run", "Contoso.Victim"]), 30).succeeded();
    });
}

#[test]
fn a_package_that_needs_itself_is_refused() {
    everyone(|person| {
        let mut sticky = Sample::new("Contoso.Sticky", "1.0.0.0");
        sticky.framework = true;
        sticky.install(person, &[]).succeeded();
        sticky.version = "1.1.0.0";
        sticky.dependencies =
            "<PackageDependency Name=\"Contoso.Sticky\" Publisher=\"CN=Contoso\" MinVersion=\"1.0.0.0\"/>";
        let refused = sticky.install(person, &[]);
        assert!(refused.stderr.contains("needs itself"), "{}", refused.stderr);
        finish(person.lowbox(&["remove", "Contoso.Sticky"]), 30).succeeded();
    });
}

#[test]
fn a_package_reads_no_other_ones_files_by_naming_it_as_needed() {
    everyone(|person| {
        victim(person);
        let mut spy = Sample::new("Contoso.Spy", "1.0.0.0");
        spy.dependencies =
            "<PackageDependency Name=\"Contoso.Victim\" Publisher=\"CN=Contoso\" MinVersion=\"1.0.0.0\"/>";
        let refused = spy.install(person, &[]);
        assert!(refused.stderr.contains("is no framework"), "{}", refused.stderr);
        finish(person.lowbox(&["remove", "Contoso.Victim"]), 30).succeeded();
    });
}

/// Anybody can write a manifest; who installs a signed package does not expect what one left.
#[test]
fn what_a_manifest_left_under_its_name_is_not_given_to_a_package_unasked() {
    everyone(|person| {
        let sample = Sample::new("Contoso.Tool", "1.0.0.0");
        sample.signed(person);
        let manifest = "Contoso.Tool-1.0.0.0/AppxManifest.xml";
        let plant = ["run", "--manifest", manifest, "--", "/bin/sh", "-c", "echo planted > ~/planted"];
        finish(person.lowbox(&plant), 30).succeeded();
        let refused = sample.install(person, &[]);
        assert!(refused.stderr.contains("--take-data"), "{}", refused.stderr);
        fs::remove_dir_all(person.package("Contoso.Tool")).unwrap();
        sample.install(person, &[]).succeeded();
        finish(person.lowbox(&["remove", "Contoso.Tool"]), 30).succeeded();
        finish(person.lowbox(&plant), 30).succeeded();
        sample.install(person, &["--take-data"]).succeeded();
        assert!(person.package("Contoso.Tool").join("LocalState/planted").exists());
    });
}

#[test]
fn a_manifest_gets_no_publisher_folder_of_an_installed_package() {
    everyone(|person| {
        victim(person);
        let mut thief = Sample::new("Contoso.Thief", "1.0.0.0");
        thief.capabilities = "<rescap:Capability Name=\"isolatedWin32-accessToPublisherDirectory\"/>";
        thief.pack(person);
        let manifest = "Contoso.Thief-1.0.0.0/AppxManifest.xml";
        let refused = finish(person.lowbox(&["run", "--manifest", manifest, "--", "/bin/true"]), 30);
        assert!(refused.stderr.contains("this publisher's packages share"), "{}", refused.stderr);
        // Signed by that publisher it is another thing.
        thief.install(person, &[]).succeeded();
        finish(person.lowbox(&["run", "Contoso.Thief"]), 30).succeeded();
    });
}

#[test]
fn a_package_that_can_not_be_read_any_more_can_be_removed() {
    everyone(|person| {
        victim(person);
        let find = person.plain(["/bin/sh", "-c", "echo ~/.local/share/lowbox/apps/*/current/record.json"]);
        fs::write(finish(find, 30).succeeded(), "{").unwrap();
        let list = finish(person.lowbox(&["list"]), 30).succeeded();
        assert!(list.contains("broken"), "{list}");
        finish(person.lowbox(&["remove", "Contoso.Victim"]), 30).succeeded();
        assert_eq!(finish(person.lowbox(&["list", "--json"]), 30).succeeded(), "[]");
    });
}

#[test]
fn what_can_not_be_put_away_is_in_nobodys_way() {
    everyone(|person| {
        victim(person);
        let mut other = Sample::new("Contoso.Other", "1.0.0.0");
        other.aliases = vec!["contoso-other"];
        other.install(person, &[]).succeeded();
        let folder = person.home().join(".local/bin");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
        finish(person.lowbox(&["remove", "Contoso.Other"]), 30).succeeded();
        finish(person.lowbox(&["run", "Contoso.Victim"]), 30).succeeded();
        let list = finish(person.lowbox(&["list"]), 30).succeeded();
        assert!(list.contains("Contoso.Victim") && !list.contains("Contoso.Other"), "{list}");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        finish(person.lowbox(&["list"]), 30).succeeded();
        assert!(fs::symlink_metadata(folder.join("contoso-other")).is_err());
    });
}

#[test]
fn what_is_installed_can_be_listed_and_run_while_others_come_and_go() {
    everyone_at_home(|person| {
        victim(person);
        let (old, new) = (Sample::new("Contoso.Busy", "1.0.0.0"), Sample::new("Contoso.Busy", "2.0.0.0"));
        let packages = [&old, &new].map(|sample| sample.signed(person).to_string_lossy().into_owned());
        let script = format!(
            "for round in 1 2 3 4 5 6 7 8; do for package in {}; do {} install $package --trust CN=Contoso.pem; done; {} remove \
             Contoso.Busy; done >/dev/null 2>&1; echo done",
            packages.join(" "),
            person.home().join("../lowbox").display(),
            person.home().join("../lowbox").display(),
        );
        let mut busy = start(person.plain(["/bin/sh", "-c", &script]));
        let mut looks = 0;
        let over = until(std::time::Duration::from_secs(120), || {
            let list = finish(person.lowbox(&["list"]), 30);
            assert!(list.succeeded().contains("Contoso.Victim"), "{}", list.stderr);
            assert!(!list.text().contains("broken"), "{}", list.text());
            finish(person.lowbox(&["run", "Contoso.Victim"]), 30).succeeded();
            looks += 1;
            busy.has_ended()
        });
        assert!(over && looks > 1, "{looks}");
        busy.finish(30).succeeded();
    });
}

#[test]
fn no_package_gets_the_name_of_lowbox_or_of_a_command_that_gets_passwords_or_that_lowbox_runs() {
    everyone(|person| {
        let mut sample = Sample::new("Contoso.Tool", "1.0.0.0");
        sample.aliases = vec!["lowbox", "doas", "SUDO", "update-desktop-database", "contoso-tool"];
        sample.install(person, &[]).succeeded();
        let commands = fs::read_dir(person.home().join(".local/bin")).unwrap().flatten();
        let commands: Vec<_> = commands.map(|entry| entry.file_name()).collect();
        assert_eq!(commands, ["contoso-tool"]);
    });
}

/// strace(1) kills it when it finds that a program runs and is about to undo what it did.
#[test]
fn a_removal_that_is_killed_while_a_program_runs_takes_no_data_of_it_or_of_the_next_installation() {
    everyone(|person| {
        let mut sample = Sample::new("Contoso.Tool", "1.0.0.0");
        sample.aliases = vec!["contoso-tool"];
        sample.script =
            "echo precious > ~/kept; while [ -e ~/kept ] && [ ! -e ~/go ]; do sleep 0.05; done\n".to_owned();
        sample.install(person, &[]).succeeded();
        let data = || person.package("Contoso.Tool").join("LocalState");
        let start_it = || {
            let running = start(person.lowbox(&["run", "Contoso.Tool"]));
            assert!(until(Duration::from_secs(30), || person.has_made("Contoso.Tool", "kept")));
            running
        };
        let kill_a_removal = || {
            let (lowbox, log) = (person.lowbox(&["remove", "Contoso.Tool"]), person.work().join("log"));
            let mut words: Vec<OsString> =
                ["strace", "-f", "-qq", "-e", "trace=renameat2", "-e"].map(Into::into).to_vec();
            words.extend([
                "inject=renameat2:signal=KILL:when=2".into(),
                "-o".into(),
                log.into(),
                "--".into(),
            ]);
            let all: Vec<_> = std::iter::once(lowbox.get_program()).chain(lowbox.get_args()).collect();
            let at = all.iter().position(|word| *word == "--").map_or(0, |at| at + 1);
            words.extend(all[at..].iter().map(|word| (*word).to_owned()));
            assert!(!finish(person.plain(words), 60).status.success());
            let apps = fs::read_dir(person.home().join(".local/share/lowbox/apps")).unwrap().flatten();
            assert!(
                apps.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with(".removed-")),
                "killed at another moment"
            );
        };
        // The next lowbox finds it as it was.
        let running = start_it();
        kill_a_removal();
        let list = finish(person.lowbox(&["list"]), 30).succeeded();
        assert!(list.contains("Contoso.Tool"), "{list}");
        assert!(fs::metadata(person.home().join(".local/bin/contoso-tool")).is_ok());
        // And so does one that installs.
        kill_a_removal();
        sample.install(person, &[]).succeeded();
        fs::write(data().join("go"), "").unwrap();
        running.finish(30).succeeded();
        finish(person.lowbox(&["list"]), 30).succeeded();
        assert_eq!(fs::read_to_string(data().join("kept")).unwrap(), "precious\n");
        finish(person.lowbox(&["run", "Contoso.Tool"]), 30).succeeded();
    });
}
