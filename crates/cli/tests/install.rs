//! What the desktop is told of an installed package: names in the user's language, and pictures of a fitting size.

mod common;
#[allow(dead_code, reason = "shared with the tests of the reader")]
#[path = "../../msix/tests/corpus/pri.rs"]
mod pri;

use std::fs;

use common::World;
use pri::{Item, LANGUAGE, TARGET_SIZE, Value, file, sections};

const MANIFEST: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<Package xmlns="http://schemas.microsoft.com/appx/manifest/foundation/windows10"
    xmlns:uap="http://schemas.microsoft.com/appx/manifest/uap/windows10"
    xmlns:uap18="http://schemas.microsoft.com/appx/manifest/uap/windows10/18" IgnorableNamespaces="uap18">
  <Identity Name="Contoso.Report" Publisher="CN=Contoso" Version="1.0.0.0"/>
  <Properties>
    <DisplayName>ms-resource:AppName</DisplayName><PublisherDisplayName>Contoso</PublisherDisplayName><Logo>Assets\Logo.png</Logo>
  </Properties>
  <Dependencies><TargetDeviceFamily Name="Linux.All" MinVersion="0.0.0.0" MaxVersionTested="0.0.0.0"/></Dependencies>
  <Resources><Resource Language="en-us"/></Resources>
  <Applications>
    <Application Id="App" Executable="app.exe" uap18:TrustLevel="appContainer" uap18:RuntimeBehavior="appSilo">
      <uap:VisualElements DisplayName="ms-resource:AppName" Description="x" BackgroundColor="transparent"
          Square150x150Logo="Assets\Logo.png" Square44x44Logo="Assets\Logo.png"/>
    </Application>
  </Applications>
</Package>"#;

fn world(manifest: &str) -> World {
    let world = World::new();
    world.file("app/AppxManifest.xml", manifest);
    world.file("app/app.exe", "#!/bin/sh\n");
    for size in [16, 48, 256] {
        world.file(format!("app/Assets/Logo.targetsize-{size}.png"), "a picture");
    }
    world
}

/// The desktop entry of what is installed, in a locale.
fn entry(world: &World, language: &str) -> String {
    world.lowbox(["pack", "app", "-o", "a.msix"]).expect(0);
    let mut install = world.command(env!("CARGO_BIN_EXE_lowbox"));
    install.args(["install", "a.msix", "--allow-unsigned"]).env("LANG", language);
    common::run(install, b"").expect(0);
    let folder = world.home().join(".local/share/applications");
    let mut entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let entry = entries.find(|path| path.extension().is_some_and(|end| end == "desktop")).unwrap();
    let text = fs::read_to_string(entry).unwrap();
    world.lowbox(["remove", "Contoso.Report"]).expect(0);
    text
}

#[test]
fn an_entry_has_the_name_in_the_users_language_and_a_picture_of_a_fitting_size() {
    let world = world(MANIFEST);
    let english = vec![(LANGUAGE, "EN-US", 700, 1000)];
    let german = vec![(LANGUAGE, "DE-DE", 700, 0)];
    let sized = |size| vec![(TARGET_SIZE, size, 500, 0)];
    let items = [
        Item {
            path: "Resources/AppName",
            candidates: vec![(english, Value::Text("Report")), (german, Value::Text("Bericht"))],
        },
        Item {
            path: "Files/Assets/Logo.png",
            candidates: vec![
                (sized("16"), Value::Path("Assets\\Logo.targetsize-16.png")),
                (sized("48"), Value::Path("Assets\\Logo.targetsize-48.png")),
                (sized("256"), Value::Path("Assets\\Logo.targetsize-256.png")),
            ],
        },
    ];
    let bytes = file(&sections(&items, false));
    fs::write(world.work().join("app/resources.pri"), bytes).unwrap();
    for (language, name) in [("de_AT.UTF-8", "Bericht"), ("en_GB.UTF-8", "Report"), ("C", "Report")] {
        let entry = entry(&world, language);
        assert!(entry.contains(&format!("\nName={name}\n")), "{language}: {entry}");
        assert!(entry.contains("/current/package/Assets/Logo.targetsize-48.png\n"), "{entry}");
    }
}

#[test]
fn without_resources_the_names_of_files_say_their_sizes() {
    let world = world(&MANIFEST.replace("ms-resource:AppName", "Report"));
    let entry = entry(&world, "C");
    assert!(entry.contains("\nName=Report\n"), "{entry}");
    assert!(entry.contains("/current/package/Assets/Logo.targetsize-256.png\n"), "{entry}");
}

#[test]
fn resources_that_are_broken_keep_no_package_from_being_installed() {
    let world = world(MANIFEST);
    world.file("app/resources.pri", "mrm_pri2 and nothing else");
    world.lowbox(["pack", "app", "-o", "a.msix"]).expect(0);
    let installed = world.lowbox(["install", "a.msix", "--allow-unsigned", "--json"]).expect(0);
    assert_eq!(installed.json()[0]["left_out"][0]["name"], "texts of resources.pri");
}

#[test]
fn a_package_for_other_systems_or_processors_is_refused() {
    for (part, other, says) in [
        ("Name=\"Linux.All\"", "Name=\"Windows7.Desktop\"", "it is for Windows7.Desktop"),
        (
            "Version=\"1.0.0.0\"/>",
            "Version=\"1.0.0.0\" ProcessorArchitecture=\"arm\"/>",
            "it is for arm processors",
        ),
    ] {
        let world = world(&MANIFEST.replace(part, other));
        world.lowbox(["pack", "app", "-o", "a.msix"]).expect(0);
        world.lowbox(["install", "a.msix", "--allow-unsigned"]).expect(125).says(says);
        world.lowbox(["list", "--json"]).expect(0).prints("[]");
    }
}
