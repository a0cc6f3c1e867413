//! Installed packages whose program is a Windows program.

use std::fs;

use lowbox_program_tests::{Person, everyone_with_wine, finish, install_folder, text, windows_program};

const MANIFEST: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<Package xmlns="http://schemas.microsoft.com/appx/manifest/foundation/windows10"
    xmlns:uap="http://schemas.microsoft.com/appx/manifest/uap/windows10"
    xmlns:uap5="http://schemas.microsoft.com/appx/manifest/uap/windows10/5"
    xmlns:uap18="http://schemas.microsoft.com/appx/manifest/uap/windows10/18" IgnorableNamespaces="uap18">
  <Identity Name="Contoso.Windows" Publisher="CN=Contoso" Version="1.0.0.0" ProcessorArchitecture="x64"/>
  <Properties><DisplayName>Sample</DisplayName><PublisherDisplayName>Contoso</PublisherDisplayName><Logo>logo.png</Logo></Properties>
  <Dependencies><TargetDeviceFamily Name="Windows.Desktop" MinVersion="10.0.0.0" MaxVersionTested="10.0.0.0"/></Dependencies>
  <Resources><Resource Language="en-us"/></Resources>
  <Applications>
    <Application Id="App" Executable="VFS\ProgramFilesX64\Contoso\reach.exe" uap18:TrustLevel="appContainer" uap18:RuntimeBehavior="appSilo">
      <uap:VisualElements DisplayName="Sample" Description="x" BackgroundColor="transparent" Square150x150Logo="logo.png" Square44x44Logo="logo.png"/>
      <Extensions><uap5:Extension Category="windows.appExecutionAlias"><uap5:AppExecutionAlias><uap5:ExecutionAlias Alias="contoso-reach.exe"/></uap5:AppExecutionAlias></uap5:Extension></Extensions>
    </Application>
    <Application Id="Keep" Executable="keep.exe" uap18:TrustLevel="appContainer" uap18:RuntimeBehavior="appSilo">
      <uap:VisualElements DisplayName="Keep" Description="x" BackgroundColor="transparent" Square150x150Logo="logo.png" Square44x44Logo="logo.png"/>
    </Application>
  </Applications>
</Package>
"#;

fn install(person: &Person) {
    person.file("app/AppxManifest.xml", MANIFEST);
    person.file("app/logo.png", "a picture");
    person.file("app/VFS/ProgramFilesX64/Contoso/data/words.txt", "words\n");
    person.file("app/VFS/Windows/System32/contoso.ini", "an ini\n");
    person.file("app/VFS/AppData/Contoso/settings.ini", "settings\n");
    for (program, place) in [("reach", "app/VFS/ProgramFilesX64/Contoso/reach.exe"), ("keep", "app/keep.exe")]
    {
        fs::copy(windows_program(program), person.file(place, "")).unwrap();
    }
    install_folder(person, "app");
}

#[test]
fn a_packages_windows_program_finds_its_files_where_windows_has_them() {
    everyone_with_wine(|person| {
        install(person);
        let user = if person.name == "the calling user" && person.is_root() { "lowbox" } else { "person" };
        let settings = format!(r"r:C:\users\{user}\AppData\Roaming\Contoso\settings.ini");
        let new = format!(r"w:C:\users\{user}\AppData\Roaming\Contoso\new.ini");
        let full_name = "Contoso.Windows_1.0.0.0_x64__h91ms92gdsmmt";
        let own = format!(r"r:C:\Program Files\WindowsApps\{full_name}\VFS\Windows\System32\contoso.ini");
        let words = [
            r"r:C:\Program Files\Contoso\data\words.txt",
            r"r:c:\WINDOWS\system32\CONTOSO.INI",
            &settings,
            &new,
            &own,
            r"w:C:\Program Files\Contoso\data\words.txt",
            r"w:C:\Program Files\Contoso\planted.dll",
            r"w:C:\Program Files\Other.txt",
        ];
        let answers = ["words", "an ini", "settings", "made", "an ini", "no", "no", "made"];
        let expected: Vec<String> =
            words.iter().zip(answers).map(|(word, answer)| format!("{word}: {answer}")).collect();
        let said =
            finish(person.lowbox(&[&["run", "Contoso.Windows!App"], &words[..]].concat()), 60).succeeded();
        assert_eq!(said.replace('\r', "").lines().collect::<Vec<_>>(), expected);
        // By its command.
        let alias = person.home().join(".local/bin/contoso-reach");
        let said = finish(person.plain([text(&alias), words[0]]), 60).succeeded();
        assert_eq!(said, expected[0]);
    });
}

#[test]
fn resetting_and_removing_a_package_takes_its_registry_and_drive_c_with_it() {
    everyone_with_wine(|person| {
        install(person);
        let run = || finish(person.lowbox(&["run", "Contoso.Windows!Keep"]), 60).succeeded();
        assert_eq!((run(), run()), ("0 0".to_owned(), "1 1".to_owned()));
        finish(person.lowbox(&["reset", "Contoso.Windows", "--data"]), 30).succeeded();
        assert_eq!(run(), "0 0");
        let data = person.package("Contoso.Windows");
        assert!(data.join("WineChanges/upper/user.reg").exists());
        finish(person.lowbox(&["remove", "Contoso.Windows"]), 30).succeeded();
        assert!(!data.exists());
    });
}

#[test]
fn a_kept_container_is_no_program_that_runs_when_its_package_is_reset_replaced_or_removed() {
    everyone_with_wine(|person| {
        install(person);
        let kept = || person.home().join(".local/share/lowbox/kept");
        let is_kept = || fs::read_dir(kept()).is_ok_and(|mut sockets| sockets.next().is_some());
        let run = || {
            let run = person.lowbox(&["run", "--keep-warm", "60", "Contoso.Windows!Keep"]);
            let said = finish(run, 60).succeeded();
            assert!(is_kept());
            said
        };
        assert_eq!((run(), run()), ("0 0".to_owned(), "1 1".to_owned()));
        finish(person.lowbox(&["reset", "Contoso.Windows", "--data"]), 30).succeeded();
        assert!(!is_kept());
        assert_eq!(run(), "0 0");
        // A newer version has the data, and the old one's files are put away.
        person.file("app/AppxManifest.xml", &MANIFEST.replace("1.0.0.0\" Proc", "1.1.0.0\" Proc"));
        for words in [
            &["pack", "app", "-o", "newer.msix"][..],
            &["sign", "newer.msix", "--cert", "c.pem", "--key", "c.key"],
            &["install", "newer.msix", "--trust", "c.pem"],
        ] {
            finish(person.lowbox(words), 60).succeeded();
        }
        assert!(!is_kept());
        let all = lowbox_program_tests::files(&person.home().join(".local/share/lowbox/apps"));
        assert!(!all.is_empty());
        assert!(!all.iter().any(|file| text(file).contains("_1.0.0.0_")), "{all:?}");
        assert_eq!(run(), "1 1");
        finish(person.lowbox(&["remove", "Contoso.Windows"]), 30).succeeded();
        assert!(!is_kept());
        assert!(person.package_so_far("Contoso.Windows").is_none());
    });
}
