//! Manifests of full trust become isolated ones in place, or what stands against it is named.

mod full_trust;

use full_trust::{AFTER, BEFORE, blocked, manifest};
use lowbox_msix::manifest::edit::isolate::{Form, IsolateError, Options, isolate, prompt_for_access};
use lowbox_msix::{Isolation, Manifest, Version};

fn options(form: Form) -> Options {
    Options { form, capabilities: vec![prompt_for_access()], ..Options::default() }
}

fn done(text: &str, options: &Options) -> String {
    let done = isolate(text.as_bytes(), options).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert!(done.manifest.applications.iter().all(|one| one.isolation == Isolation::AppSilo), "{text}");
    assert_eq!(Manifest::parse(&done.bytes).as_ref(), Ok(&done.manifest));
    String::from_utf8(done.bytes).unwrap()
}

#[test]
fn nothing_but_what_isolation_changes_is_changed() {
    assert_eq!(done(BEFORE, &options(Form::Documented)), AFTER);
    let field = AFTER.replace(" EntryPoint=\"Windows.FullTrustApplication\"", "");
    assert_eq!(done(BEFORE, &options(Form::Field)), field);
    // Line ends and encodings stay too.
    let wide = BEFORE.replace('\n', "\r\n").replace("encoding=\"utf-8\"", "encoding=\"utf-16\"");
    let bytes: Vec<u8> = [0xfeff].into_iter().chain(wide.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let expected = AFTER.replace('\n', "\r\n").replace("encoding=\"utf-8\"", "encoding=\"utf-16\"");
    let expected: Vec<u8> =
        [0xfeff].into_iter().chain(expected.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(isolate(&bytes, &options(Form::Documented)).unwrap().bytes, expected);
}

#[test]
fn every_change_is_told_with_its_place_and_reason() {
    let done = isolate(BEFORE.as_bytes(), &options(Form::Documented)).unwrap();
    let told: Vec<String> = done.changes.iter().map(ToString::to_string).collect();
    let expected = [
        "line 8, column 3: Version 1.2.3.4 becomes 1.2.4.0: ",
        "line 15, column 5: MinVersion 10.0.17763.0 becomes 10.0.26100.0: ",
        "line 15, column 5: MaxVersionTested 10.0.19041.0 becomes 10.0.26226.0: ",
        "line 16, column 5: TargetDeviceFamily MsixCore.Desktop left out: ",
        "application App: TrustLevel=\"mediumIL\" removed: ",
        "application App: EntryPoint=\"Windows.FullTrustApplication\": ",
        "application App: uap18:EntryPoint=\"Isolated.App\" uap18:TrustLevel=\"appContainer\" uap18:RuntimeBehavior=\"appSilo\": ",
        "extension windows.startupTask: Executable=\"bin/app.exe\" removed: ",
        "extension windows.startupTask: EntryPoint=\"Windows.FullTrustApplication\" removed: ",
        "extension windows.protocol: desktop7:Scope=\"user\": ",
        "capability runFullTrust removed: ",
        "capability isolatedWin32-promptForAccess declared: ",
    ];
    for words in expected {
        assert!(told.iter().any(|one| one.contains(words)), "{words} is not in {told:#?}");
    }
    assert_eq!(told.len(), expected.len(), "{told:#?}");
}

#[test]
fn each_blocker_is_named_with_its_line_and_all_are_told_at_once() {
    for (kind, application, inside, more) in [
        ("psf-launcher", "Executable='x\\PsfLauncher32.exe'", "", ""),
        ("mixed-types", "Executable='a.exe' EntryPoint='A.App'", "", ""),
        ("hosted", "Executable='a.exe' u10:HostId='Host' u10:TrustLevel='mediumIL'", "", ""),
        ("no-program", "", "", ""),
        ("global-extension", "", "<com:Extension Category='windows.comServer'/>", ""),
        (
            "global-extension",
            "",
            "",
            "<Extensions><d2:Extension Category='windows.firewallRules'/></Extensions>",
        ),
        ("service", "", "<d6:Extension Category='windows.service' Executable='s.exe'/>", ""),
        (
            "full-trust-process",
            "",
            "<d:Extension Category='windows.fullTrustProcess' Executable='s.exe'/>",
            "",
        ),
        ("own-program", "", "<d:Extension Category='windows.startupTask' Executable='other.exe'/>", ""),
        ("own-program", "", "<u:Extension Category='windows.backgroundTasks' EntryPoint='Tasks.One'/>", ""),
        (
            "own-program",
            "",
            "",
            "<Extensions><Extension Category='windows.activatableClass.outOfProcessServer'><OutOfProcessServer ServerName='S'>\
             <Path>server.exe</Path></OutOfProcessServer></Extension></Extensions>",
        ),
        (
            "own-program",
            "",
            "",
            "<Extensions><d6:Extension Category='windows.customInstall'><d6:CustomInstall Folder='x'/></d6:Extension></Extensions>",
        ),
        (
            "own-program",
            "",
            "",
            "<Extensions><d6:Extension Category='windows.other' Executable='app.exe'/></Extensions>",
        ),
        ("capability", "", "", "<Capabilities><r:Capability Name='allowElevation'/></Capabilities>"),
    ] {
        let full = "Executable='app.exe' EntryPoint='Windows.FullTrustApplication'";
        let application = if application.is_empty() && kind != "no-program" { full } else { application };
        let found = blocked(
            &manifest(application, inside, more),
            &Options { refused: vec!["allowElevation".into()], ..options(Form::Documented) },
        );
        let kinds: Vec<_> = found.iter().map(|one| one.obstacle.kind()).collect();
        assert_eq!(kinds, [kind], "{found:?}");
        let line = if inside.is_empty() && more.is_empty() { 17 } else { 19 };
        assert_eq!(found[0].position.line, line, "{kind}: {}", found[0]);
        assert!(
            [". ", "; "].iter().any(|end| found[0].to_string().contains(end)),
            "no way out: {}",
            found[0]
        );
    }
}

#[test]
fn what_can_be_left_out_or_kept_is() {
    let full = "Executable='app.exe' EntryPoint='Windows.FullTrustApplication'";
    let com = "<com:Extension Category='windows.comServer'><com:ComServer/></com:Extension>";
    let run = "<Capabilities><r:Capability Name='runFullTrust'/></Capabilities>";
    let text = manifest(full, com, run);
    let with = |drop: &[&str], keep: &[&str]| Options {
        drop: drop.iter().map(ToString::to_string).collect(),
        keep: keep.iter().map(ToString::to_string).collect(),
        ..Options::default()
    };
    let dropped = done(&text, &with(&["Windows.ComServer"], &[]));
    assert!(
        !dropped.contains("comServer") && !dropped.contains("Extensions") && !dropped.contains("Capabilit"),
        "{dropped}"
    );
    let kept = done(&text, &with(&[], &["windows.comServer"]));
    assert!(kept.contains(com) && kept.contains("runFullTrust"), "{kept}");
    // An extension with a program of its own has the application's then.
    let own = manifest(full, "<d:Extension Category='windows.startupTask' Executable='other.exe'/>", "");
    let kept = done(&own, &with(&[], &["windows.startupTask"]));
    assert!(kept.contains("<d:Extension Category='windows.startupTask'/>"), "{kept}");
    // A service runs outside whatever is said.
    let service = manifest(full, "<d6:Extension Category='windows.service'/>", "");
    assert_eq!(blocked(&service, &with(&[], &["windows.service"])).len(), 1);
    done(&service, &with(&["windows.service"], &[]));
    let error = isolate(text.as_bytes(), &with(&["windows.protocol"], &[])).unwrap_err();
    assert_eq!(error, IsolateError::NothingOfThatName("windows.protocol".into()));
}

#[test]
fn older_forms_of_isolation_become_the_new_one() {
    for attributes in [
        "Executable='app.exe'",
        "Executable='app.exe' u10:TrustLevel='appContainer' u10:RuntimeBehavior='packagedClassicApp'",
        "Executable='app.exe' EntryPoint='Windows.PartialTrustApplication'",
        "Executable='app.exe' u10:TrustLevel='appContainer' p2:RuntimeBehavior='appSilo'",
        "Executable='app.exe' p1:TrustLevel='appSilo'",
        "Executable='app.exe' u18:TrustLevel='mediumIL'",
    ] {
        for form in [Form::Documented, Form::Field] {
            let text = done(&manifest(attributes, "", ""), &options(form));
            assert!(!text.contains("u10:T") && !text.contains("p1:T") && !text.contains("p2:R"), "{text}");
            assert!(text.contains("IgnorableNamespaces=\"p1 p2 u18 rescap\""), "{text}");
            assert!(matches!(isolate(text.as_bytes(), &options(form)), Err(IsolateError::Already)), "{text}");
        }
    }
}

#[test]
fn the_version_is_raised() {
    let with = |old: &str, new: Option<[u16; 4]>| {
        let full = "Executable='app.exe' EntryPoint='Windows.FullTrustApplication'";
        let text = manifest(full, "", "").replace("1.0.0.0", old);
        let options = Options { version: new.map(Version), ..Options::default() };
        isolate(text.as_bytes(), &options).map(|done| done.manifest.identity.version().to_string())
    };
    assert_eq!(with("1.2.3.9", None).as_deref(), Ok("1.2.4.0"));
    assert_eq!(with("1.2.65535.9", None).as_deref(), Ok("1.3.0.0"));
    assert_eq!(with("1.2.3.9", Some([2, 0, 0, 0])).as_deref(), Ok("2.0.0.0"));
    assert!(matches!(with("1.2.3.9", Some([1, 2, 3, 9])), Err(IsolateError::Version { .. })));
    assert!(matches!(with("65535.65535.65535.1", None), Err(IsolateError::LastVersion(_))));
}

#[test]
fn systems_that_do_not_isolate_are_kept_when_asked_for() {
    let with = Options { fallback: true, ..options(Form::Documented) };
    let text = done(BEFORE, &with);
    assert!(text.contains("MinVersion=\"10.0.17763.0\"") && text.contains("MsixCore.Desktop"), "{text}");
    let full = "Executable='app.exe' EntryPoint='Windows.FullTrustApplication'";
    let universal = manifest(full, "", "").replace("Windows.Desktop", "Windows.Universal");
    let text = done(&universal, &options(Form::Documented));
    assert!(text.contains("Name=\"Windows.Desktop\" MinVersion=\"10.0.26100.0\""), "{text}");
}

#[test]
fn other_systems_of_windows_have_to_be_new_enough_too() {
    let full = "Executable='app.exe' EntryPoint='Windows.FullTrustApplication'";
    let server = "<TargetDeviceFamily Name='Windows.Server' MinVersion='10.0.17763.0' MaxVersionTested='10.0.17763.0'/>\
                  <TargetDeviceFamily Name='Linux.All' MinVersion='0.0.0.0' MaxVersionTested='0.0.0.0'/></Dependencies>";
    let text = done(&manifest(full, "", "").replace("</Dependencies>", server), &options(Form::Documented));
    let raised = "Name='Windows.Server' MinVersion='10.0.26100.0' MaxVersionTested='10.0.26226.0'";
    assert!(text.contains(raised) && text.contains("Name='Linux.All' MinVersion='0.0.0.0'"), "{text}");
}

/// An attribute is what its prefix means where it stands.
#[test]
fn a_prefix_that_means_something_else_further_in_is_not_used() {
    let full = "Executable='app.exe' EntryPoint='Windows.FullTrustApplication'";
    let other = "xmlns:desktop7='urn:other' xmlns:u18='urn:another'";
    let desktop7 = "http://schemas.microsoft.com/appx/manifest/desktop/windows10/7";
    for root in ["", &format!("xmlns:desktop7='{desktop7}' ")] {
        for inner in ["", "desktop7:Scope='user'"] {
            let protocol = format!(
                "<u:Extension Category='windows.protocol' {other} {inner}><u:Protocol Name='contoso'/></u:Extension>"
            );
            let text = manifest(full, &protocol, "").replacen("<Package ", &format!("<Package {root}"), 1);
            let text =
                text.replace("<Application ", "<Application xmlns:u18='urn:other' xmlns:uap18='urn:other' ");
            let done = isolate(text.as_bytes(), &options(Form::Field)).unwrap();
            assert!(done.manifest.warnings.is_empty(), "{:?}\n{text}", done.manifest.warnings);
            let text = String::from_utf8(done.bytes).unwrap();
            assert!(
                text.contains("desktop7x1:Scope=\"user\"") && text.contains("uap18x1:TrustLevel"),
                "{text}"
            );
        }
    }
}

/// Those of Microsoft's tools among them.
#[test]
fn every_valid_manifest_is_isolated_or_told_why_not() {
    let folder = format!("{}/tests/data/valid", env!("CARGO_MANIFEST_DIR"));
    let mut isolated = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let before = Manifest::parse(&bytes).unwrap();
        match isolate(&bytes, &options(Form::Field)) {
            Ok(done) => {
                isolated += 1;
                assert_eq!(done.manifest.identity.family_name(), before.identity.family_name());
            }
            Err(IsolateError::Blocked(found)) => assert!(!found.is_empty()),
            Err(IsolateError::Already | IsolateError::NoApplication) => {}
            Err(error) => panic!("{}: {error}", path.display()),
        }
    }
    assert!(isolated >= 10, "{isolated}");
    let bytes = std::fs::read(format!(
        "{}/tests/data/valid/ms-full-trust-extensions.xml",
        env!("CARGO_MANIFEST_DIR")
    ));
    let bytes = bytes.unwrap();
    let found = blocked(std::str::from_utf8(&bytes).unwrap(), &options(Form::Documented));
    let mut kinds: Vec<_> = found.iter().map(|one| one.obstacle.kind()).collect();
    kinds.dedup();
    assert!(kinds.contains(&"own-program") && kinds.contains(&"global-extension"), "{kinds:?}");
    let names: Vec<String> =
        found.iter().filter_map(|one| one.obstacle.dropped_by()).map(str::to_owned).collect();
    let without = Options { drop: names, ..options(Form::Documented) };
    isolate(&bytes, &without).unwrap();
}
