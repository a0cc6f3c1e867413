//! What the commands take for an installed package, and say of one: launchers, explanations, lists, versions that are replaced.

use std::fs;
use std::time::Duration;

use lowbox_program_tests::{Sample, everyone, everyone_at_home, finish, start, until};

#[test]
fn the_command_of_a_package_is_run_as_the_package_however_it_is_named() {
    everyone(|person| {
        let mut sample = Sample::new("Contoso.Tool", "1.0.0.0");
        sample.aliases = vec!["contoso-tool"];
        sample.install(person, &[]).succeeded();
        let commands = person.home().join(".local/bin");
        let path = format!("{}:/usr/bin:/bin", commands.display());
        let whole = commands.join("contoso-tool").to_string_lossy().into_owned();
        for words in [
            ["run", "contoso-tool", "x"].as_slice(),
            &["run", "--", "contoso-tool", "x"],
            &["run", &whole, "x"],
        ] {
            let mut run = person.lowbox(words);
            run.env("PATH", &path);
            assert_eq!(finish(run, 30).succeeded(), "version 1.0.0.0: x", "{words:?}");
        }
        let mut token = person.lowbox(&["token", "--json", "contoso-tool"]);
        token.env("PATH", &path);
        let token: serde_json::Value = serde_json::from_str(&finish(token, 30).succeeded()).unwrap();
        let application = token["package"]["application"].as_str().unwrap();
        assert!(application.starts_with("Contoso.Tool_") && application.ends_with("!App"), "{token}");
        // A link of somebody else's to it is another program, which can't be run inside.
        std::os::unix::fs::symlink(&whole, person.work().join("mine")).unwrap();
        let other = finish(person.lowbox(&["run", "./mine", "x"]), 30);
        assert!(!other.status.success() && other.text().is_empty(), "{}", other.text());
    });
}

#[test]
fn who_is_refused_a_file_is_told_to_open_it_with_the_package() {
    everyone_at_home(|person| {
        let mut sample = Sample::new("Contoso.Tool", "1.0.0.0");
        let notes = person.file("notes.txt", "the notes\n");
        sample.script = format!("cat '{}'\n", notes.display());
        sample.install(person, &[]).succeeded();
        let refused = finish(person.lowbox(&["run", "-v", "Contoso.Tool"]), 30);
        let advice = refused.stderr.lines().find(|line| line.contains("lowbox open Contoso.Tool_"));
        let advice = advice.unwrap_or_else(|| panic!("{}", refused.stderr)).split_once("lowbox ").unwrap().1;
        // What it says to do does it.
        let words: Vec<&str> = advice.split(' ').collect();
        assert_eq!(finish(person.lowbox(&words), 30).succeeded(), "the notes");
        // No program that is not installed can be opened with.
        let mut plain = person.lowbox(&["run", "-v", "--", "cat"]);
        plain.arg(&notes).arg("--no-argument-grants");
        assert!(!finish(plain, 30).stderr.contains("lowbox open"));
    });
}

#[test]
fn an_installed_package_is_explained_and_listed_by_its_name() {
    everyone(|person| {
        let mut sample = Sample::new("Contoso.Tool", "1.0.0.0");
        sample.aliases = vec!["contoso-tool"];
        sample.capabilities = "<Capability Name=\"internetClient\"/>";
        sample.install(person, &[]).succeeded();
        let json = |words: &[&str]| {
            let text = finish(person.lowbox(words), 30).succeeded();
            serde_json::from_str::<serde_json::Value>(&text).unwrap()
        };
        let token = json(&["token", "--json", "Contoso.Tool"]);
        assert_eq!(token["capabilities"][0]["name"], "internetClient");
        let family = token["package"]["family_name"].as_str().unwrap();
        assert!(family.starts_with("Contoso.Tool_"), "{token}");
        let own =
            person.home().join(format!(".local/share/lowbox/apps/{family}/current/package/bin/program.exe"));
        let own = fs::canonicalize(own).unwrap();
        let explained = |path: &std::path::Path, operation: &str| {
            let words = [
                "explain",
                &path.to_string_lossy(),
                "--package",
                "Contoso.Tool",
                "--for",
                operation,
                "--json",
            ];
            json(&words)["granted"].clone()
        };
        assert_eq!(explained(&own, "read"), true);
        assert_eq!(explained(&own, "write"), false);
        assert_eq!(explained("/etc/shadow".as_ref(), "read"), false);
        let unknown = finish(person.lowbox(&["explain", "/", "--package", "Contoso.None"]), 30);
        assert!(unknown.stderr.contains("no package Contoso.None is installed"), "{}", unknown.stderr);
        let list = finish(person.lowbox(&["list"]), 30).succeeded();
        let installed = json(&["list", "--json"])[0]["installed"].as_str().unwrap().to_owned();
        let (heading, line) = list.split_once('\n').unwrap();
        assert!(heading.starts_with("NAME") && heading.contains("INSTALLED"), "{list}");
        for wanted in
            ["Contoso.Tool ", " 1.0.0.0 ", &format!(" {} ", &installed[..10]), "CN=Contoso", "contoso-tool"]
        {
            assert!(line.contains(wanted), "{wanted}: {list}");
        }
    });
}

#[test]
fn a_package_is_replaced_by_another_one_of_its_version_when_that_is_asked_for() {
    everyone(|person| {
        let mut sample = Sample::new("Contoso.Tool", "1.0.0.0");
        sample.script = "echo first; echo kept > ~/data\n".to_owned();
        sample.install(person, &[]).succeeded();
        let run = || finish(person.lowbox(&["run", "Contoso.Tool"]), 30).succeeded();
        assert_eq!(run(), "first");
        sample.script = "echo second; cat ~/data\n".to_owned();
        let refused = sample.install(person, &[]);
        assert!(refused.stderr.contains("--replace"), "{}", refused.stderr);
        assert_eq!(run(), "first");
        sample.install(person, &["--replace"]).succeeded();
        assert_eq!(run(), "second\nkept");
        let again = sample.install(person, &["--replace"]).succeeded();
        assert!(again.contains("unchanged"), "{again}");
    });
}

#[test]
fn data_are_reset_under_a_running_program_only_when_it_is_to_be_ended() {
    everyone(|person| {
        let mut sample = Sample::new("Contoso.Tool", "1.0.0.0");
        sample.script = "echo started > ~/state; trap '' TERM; while :; do sleep 0.05; done\n".to_owned();
        sample.install(person, &[]).succeeded();
        let running = start(person.lowbox(&["run", "Contoso.Tool"]));
        assert!(until(Duration::from_secs(30), || person.has_made("Contoso.Tool", "state")));
        let refused = finish(person.lowbox(&["reset", "Contoso.Tool", "--data"]), 30);
        assert!(refused.stderr.contains("--end-running"), "{}", refused.stderr);
        finish(person.lowbox(&["reset", "Contoso.Tool", "--data", "--end-running"]), 30).succeeded();
        assert!(running.finish(30).code().is_none());
        assert!(!person.has_made("Contoso.Tool", "state"));
        let list = finish(person.lowbox(&["list"]), 30).succeeded();
        assert!(list.contains("Contoso.Tool"), "{list}");
    });
}
