//! The registry that packages bring with them, as their programs see it.

use std::fs;
use std::process::Command;

use lowbox_msix::registry::{Key, Kind, PackageRegistry, Value};
use lowbox_program_tests::{
    Person, everyone, everyone_with_wine, finish, install_folder, on_an_overlay, windows_program,
};

const MANIFEST: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<Package xmlns="http://schemas.microsoft.com/appx/manifest/foundation/windows10"
    xmlns:uap="http://schemas.microsoft.com/appx/manifest/uap/windows10"
    xmlns:uap18="http://schemas.microsoft.com/appx/manifest/uap/windows10/18" IgnorableNamespaces="uap18">
  <Identity Name="Contoso.Keys" Publisher="CN=Contoso" Version="VERSION" ProcessorArchitecture="x64"/>
  <Properties><DisplayName>Sample</DisplayName><PublisherDisplayName>Contoso</PublisherDisplayName><Logo>logo.png</Logo></Properties>
  <Dependencies><TargetDeviceFamily Name="Windows.Desktop" MinVersion="10.0.0.0" MaxVersionTested="10.0.0.0"/></Dependencies>
  <Resources><Resource Language="en-us"/></Resources>
  <Applications>
    <Application Id="App" Executable="registry.exe" uap18:TrustLevel="appContainer" uap18:RuntimeBehavior="appSilo">
      <uap:VisualElements DisplayName="Sample" Description="x" BackgroundColor="transparent" Square150x150Logo="logo.png" Square44x44Logo="logo.png"/>
    </Application>
  </Applications>
</Package>
"#;

/// Installs a version of the package, with these files in its root.
fn install(person: &Person, version: &str, files: &[(&str, Option<Vec<u8>>)]) {
    let folder = format!("app-{version}");
    person.file(format!("{folder}/AppxManifest.xml"), &MANIFEST.replace("VERSION", version));
    person.file(format!("{folder}/logo.png"), "a picture");
    fs::copy(windows_program("registry"), person.file(format!("{folder}/registry.exe"), "")).unwrap();
    for (name, bytes) in files {
        fs::write(person.file(format!("{folder}/{name}"), ""), bytes.as_ref().unwrap()).unwrap();
    }
    install_folder(person, &folder);
}

/// Runs its program; what it says, and what lowbox does.
fn asked(person: &Person, words: &[&str]) -> (Vec<String>, String) {
    let ended = finish(person.lowbox(&[&["run", "Contoso.Keys"], words].concat()), 90);
    let said = ended.succeeded().replace('\r', "");
    let answers = said.lines().map(|line| line.split_once(": ").map_or("", |(_, answer)| answer).to_owned());
    (answers.collect(), ended.stderr)
}

fn machine(change: impl Fn(&mut Key)) -> PackageRegistry {
    let mut registry = PackageRegistry::default();
    change(registry.machine.make_at("SOFTWARE\\Contoso"));
    registry
}

#[test]
fn a_packages_programs_find_its_keys_with_folders_in_the_place_of_tokens() {
    everyone_with_wine(|person| {
        let mut registry = machine(|key| {
            key.set("", Value::text("unnamed"));
            key.set("Where", Value::text("[{ProgramFilesX64}]\\Contoso;[{AppVPackageRoot}]\\x"));
            key.set("Umlaut \u{e4}", Value::text("\u{e4}"));
            key.set(
                "Expanded",
                Value { kind: Kind::EXPANDED_TEXT, data: b"%\0P\0A\0T\0H\0%\0\0\0".to_vec() },
            );
            key.set("Large", Value { kind: Kind(3), data: vec![7; 60_000] });
        });
        let user = registry.user.make_at("Software\\Contoso");
        user.set("Greeting", Value::text("hello\r\n[-HKEY_LOCAL_MACHINE\\SOFTWARE\\Contoso]"));
        install(
            person,
            "1.0.0.0",
            &[
                ("Registry.dat", registry.machine_hive().unwrap()),
                ("User.dat", registry.user_hive().unwrap()),
            ],
        );
        let words = [
            r"l:Software\Contoso!",
            r"l:Software\Contoso!Where",
            r"l:Software\Contoso!Expanded",
            r"l:Software\Contoso!Large",
            r"l:Software\Contoso!Absent",
            r"u:Software\Contoso!Greeting",
        ];
        let (said, complaints) = asked(person, &words);
        assert_eq!(complaints, "");
        assert_eq!(
            said[..6],
            [
                "unnamed",
                r"C:\Program Files\Contoso;C:\Program Files\WindowsApps\Contoso.Keys_1.0.0.0_x64__h91ms92gdsmmt\x",
                "%PATH%",
                "3 of 60000 bytes",
                "none",
                "hello"
            ]
        );
        // Another package has none of it.
        let own = lowbox_program_tests::own_windows_program(person, "registry");
        let said = finish(person.inside([""; 0], [own.to_str().unwrap(), words[0]]), 60).succeeded();
        assert!(said.ends_with(": none"), "{said}");
    });
}

#[test]
fn an_update_changes_what_the_package_changed_and_nothing_that_its_programs_did() {
    everyone_with_wine(|person| {
        let first = machine(|key| {
            key.set("Kept", Value::text("one"));
            key.set("New", Value::text("one"));
            key.set("Gone", Value::text("one"));
        });
        install(person, "1.0.0.0", &[("Registry.dat", first.machine_hive().unwrap())]);
        let all = ["Kept", "New", "Gone", "Own"].map(|name| format!(r"l:Software\Contoso!{name}"));
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let set = [r"l:Software\Contoso!Kept=mine", r"l:Software\Contoso!Own=mine"];
        let before = asked(person, &all).0;
        assert_eq!(before, ["one", "one", "one", "none"]);
        assert_eq!(asked(person, &set).0, ["set", "set"]);
        assert_eq!(asked(person, &all).0, ["mine", "one", "one", "mine"], "not imported a second time");
        let second = machine(|key| {
            key.set("Kept", Value::text("one"));
            key.set("New", Value::text("two"));
        });
        install(person, "2.0.0.0", &[("Registry.dat", second.machine_hive().unwrap())]);
        assert_eq!(asked(person, &all).0, ["mine", "two", "none", "mine"]);
        finish(person.lowbox(&["reset", "Contoso.Keys", "--data"]), 30).succeeded();
        assert_eq!(asked(person, &all).0, ["one", "two", "none", "none"]);
    });
}

#[test]
fn a_damaged_hive_is_told_of_and_left_out() {
    everyone_with_wine(|person| {
        let good = machine(|key| key.set("There", Value::text("yes")));
        let mut bad = good.machine_hive().unwrap().unwrap();
        bad[36] ^= 8;
        let user = PackageRegistry { machine: Key::default(), user: good.machine };
        install(person, "1.0.0.0", &[("Registry.dat", Some(bad)), ("User.dat", user.user_hive().unwrap())]);
        let words = [r"l:Software\Contoso!There", r"u:Software\Contoso!There"];
        let (said, complaints) = asked(person, &words);
        assert_eq!(said, ["none", "yes"]);
        assert!(complaints.contains("Registry.dat: ") && complaints.contains("left out"), "{complaints}");
    });
}

#[test]
fn reading_the_packages_own_registry_takes_no_capability() {
    everyone_with_wine(|person| {
        lowbox_program_tests::own_windows_program(person, "registry");
        let words = ["./registry.exe", r"l:Software\Microsoft\Windows NT\CurrentVersion!CurrentVersion"];
        let said = |options: &[&str]| finish(person.inside(options, words), 60).succeeded();
        let plain = said(&[]);
        assert!(!plain.ends_with("none"), "{plain}");
        assert_eq!(said(&["--lpac"]), plain);
        assert_eq!(said(&["--lpac", "--capability", "registryRead"]), plain);
    });
}

#[test]
fn a_prefix_that_is_a_copy_has_the_packages_keys_too() {
    everyone(|person| {
        if person.is_root() {
            is_copied(person);
        } else {
            println!("left out for {}: only root mounts the overlay", person.name);
        }
    });
}

/// On an overlay no overlay can be made, so the package has a copy of Wine's files.
fn is_copied(person: &Person) {
    let registry = machine(|key| key.set("There", Value::text("[{Windows}]")));
    install(person, "1.0.0.0", &[("Registry.dat", registry.machine_hive().unwrap())]);
    let layers = person.folder("layers");
    // The packages' data alone: root lends their files by id-mapped mounts, which overlays have not.
    let mounted = on_an_overlay(&layers, &person.home().join(".local/share/lowbox/packages"));
    let plain =
        person.lowbox(&["run", "Contoso.Keys", r"l:Software\Contoso!There", r"f:C:\lowbox-registry.reg"]);
    let said = || {
        let mut run = Command::new(&mounted[0]);
        run.args(&mounted[1..]);
        run.arg(plain.get_program()).args(plain.get_args()).current_dir(plain.get_current_dir().unwrap());
        for (name, value) in plain.get_envs() {
            match value {
                Some(value) => run.env(name, value),
                None => run.env_remove(name),
            };
        }
        finish(run, 120).succeeded().replace('\r', "")
    };
    assert_eq!(said(), "l:Software\\Contoso!There: C:\\windows\nf:C:\\lowbox-registry.reg: none");
    let packages = fs::read_dir(layers.join("upper")).unwrap();
    let prefixes = packages.map(|entry| entry.unwrap().path().join("Wine"));
    let prefix = prefixes.into_iter().find(|path| path.join("system.reg").is_file()).expect("it was a copy");
    // Whatever a program puts on its drive, the next version's keys come.
    for name in ["lowbox-registry.reg", "lowbox-registry"] {
        fs::create_dir(prefix.join("drive_c").join(name)).unwrap();
    }
    let registry = machine(|key| key.set("There", Value::text("again")));
    install(person, "2.0.0.0", &[("Registry.dat", registry.machine_hive().unwrap())]);
    assert!(said().starts_with("l:Software\\Contoso!There: again\n"), "{}", said());
}
