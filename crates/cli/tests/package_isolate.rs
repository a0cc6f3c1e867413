//! Packages of full trust become isolated ones: nothing but the manifest is touched, and what stands against it leaves nothing behind.

mod common;

use std::fs;
use std::process::Command;

use common::World;
use lowbox_msix::Isolation;
use lowbox_msix::package::Package;

const MANIFEST: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<Package xmlns="http://schemas.microsoft.com/appx/manifest/foundation/windows10"
    xmlns:uap="http://schemas.microsoft.com/appx/manifest/uap/windows10"
    xmlns:desktop6="http://schemas.microsoft.com/appx/manifest/desktop/windows10/6"
    xmlns:rescap="http://schemas.microsoft.com/appx/manifest/foundation/windows10/restrictedcapabilities" IgnorableNamespaces="uap rescap">
  <Identity Name="Contoso.Report" Publisher="CN=Contoso" Version="1.0.0.0" ProcessorArchitecture="x64"/>
  <Properties>
    <DisplayName>Report</DisplayName><PublisherDisplayName>Contoso</PublisherDisplayName><Logo>logo.png</Logo>
  </Properties>
  <Dependencies><TargetDeviceFamily Name="Windows.Desktop" MinVersion="10.0.17763.0" MaxVersionTested="10.0.19041.0"/></Dependencies>
  <Resources><Resource Language="en-us"/></Resources>
  <Applications>
    <Application Id="App" Executable="app.exe" EntryPoint="Windows.FullTrustApplication">
      <uap:VisualElements DisplayName="Report" Description="x" BackgroundColor="transparent" Square150x150Logo="logo.png"
          Square44x44Logo="logo.png"/>
      <!-- extensions -->
    </Application>
  </Applications>
  <Capabilities><rescap:Capability Name="runFullTrust"/></Capabilities>
</Package>"#;

const SERVICE: &str =
    r#"<Extensions><desktop6:Extension Category="windows.service" Executable="app.exe"/></Extensions>"#;

fn world(extensions: &str) -> World {
    let world = World::new();
    world.file("app/AppxManifest.xml", &MANIFEST.replace("<!-- extensions -->", extensions));
    world.file("app/app.exe", &"a program ".repeat(30_000));
    world.file("app/logo.png", "a picture");
    world.file("app/a folder/\u{e4} 1%.txt", "");
    world.lowbox(["pack", "app", "-o", "full.msix"]).expect(0);
    world
}

fn sign(world: &World, package: &str) {
    if !world.work().join("c.pem").exists() {
        let new = ["cert", "new", "CN=Contoso", "--cert", "c.pem", "--key", "k.pem", "--kind", "p256"];
        world.lowbox(new).expect(0);
    }
    world.lowbox(["sign", package, "--cert", "c.pem", "--key", "k.pem"]).expect(0);
}

fn has_osslsigncode() -> bool {
    Command::new("osslsigncode").arg("--version").output().is_ok()
}

#[test]
fn a_package_becomes_isolated_and_keeps_its_files_as_they_lie_there() {
    let world = world("");
    sign(&world, "full.msix");
    let done = world.lowbox(["isolate", "full.msix", "-o", "isolated.msix"]).expect(0);
    let done = done.says("capability runFullTrust removed").says("sign it anew");
    let done = done.says("line 6, column 3: Version 1.0.0.0 becomes 1.0.1.0");
    done.says("Contoso.Report_1.0.1.0_x64__");
    let [before, after] =
        ["full.msix", "isolated.msix"].map(|name| fs::read(world.work().join(name)).unwrap());
    let [old, new] = [&before, &after].map(|bytes| Package::open(bytes).unwrap());
    assert!(old.contents().is_signed() && !new.contents().is_signed());
    assert_eq!(new.manifest().identity.family_name(), old.manifest().identity.family_name());
    assert_eq!(new.manifest().applications[0].isolation, Isolation::AppSilo);
    let mut files = 0;
    for (file, part) in old.contents().files().filter(|(file, _)| file.name.as_str() != "AppxManifest.xml") {
        let copy = new.contents().container().part(file.name.as_str()).unwrap();
        let raw = |bytes: &[u8], entry: &lowbox_msix::container::Entry| {
            let from = entry.data_offset() as usize;
            bytes[from..from + entry.compressed as usize].to_vec()
        };
        assert_eq!(raw(&before, &part.entry), raw(&after, &copy.entry), "{}", file.name);
        assert_eq!(new.contents().file(file.name.as_str()).unwrap().blocks, file.blocks);
        files += 1;
    }
    assert_eq!(files, 3);
    world.lowbox(["verify", "isolated.msix", "--unsigned"]).expect(0);
    // The same again, byte for byte.
    world.lowbox(["isolate", "full.msix", "-o", "again.msix"]).expect(0);
    assert_eq!(fs::read(world.work().join("again.msix")).unwrap(), after);
    world.lowbox(["isolate", "isolated.msix", "-o", "x.msix"]).expect(125).says("is isolated already");
    sign(&world, "isolated.msix");
    world.lowbox(["verify", "isolated.msix", "--trust", "c.pem"]).expect(0);
    if !has_osslsigncode() {
        println!("SKIPPED 1 oracle of isolated packages: osslsigncode is not installed");
        return;
    }
    let mut command = world.command("osslsigncode");
    command.args(["verify", "-in", "isolated.msix", "-CAfile", "c.pem"]);
    common::run(command, b"").expect(0).prints("Succeeded");
}

#[test]
fn both_forms_can_be_had_and_capabilities_declared_besides() {
    let world = world("");
    let isolate = |more: &[&str]| {
        let base = ["isolate", "app/AppxManifest.xml", "-o", "out.xml"];
        world.lowbox(base.iter().chain(more)).expect(0);
        fs::read_to_string(world.work().join("out.xml")).unwrap()
    };
    let base = " EntryPoint=\"Windows.FullTrustApplication\"";
    let asks = "isolatedWin32-promptForAccess";
    let documented = isolate(&[]);
    assert!(
        documented.contains(base)
            && documented.contains("uap18:EntryPoint=\"Isolated.App\"")
            && documented.contains(asks)
    );
    let field =
        isolate(&["--form", "field", "--no-prompt", "--capability", "webcam", "--version", "7.0.0.0"]);
    assert!(
        !field.contains(base)
            && !field.contains(asks)
            && field.contains("<DeviceCapability Name=\"webcam\"/>")
    );
    assert!(field.contains("Version=\"7.0.0.0\""));
    // A folder is its manifest.
    world.lowbox(["isolate", "app", "-o", "folder.xml"]).expect(0);
    assert_eq!(fs::read_to_string(world.work().join("folder.xml")).unwrap(), documented);
    let refused = ["isolate", "app", "-o", "x.xml", "--capability", "allowElevation"];
    world.lowbox(refused).expect(125).says("allowElevation is refused");
    assert!(!world.work().join("x.xml").exists());
}

#[test]
fn what_stands_against_it_is_told_and_nothing_is_written() {
    let world = world(SERVICE);
    let done = world.lowbox(["isolate", "full.msix", "-o", "x.msix"]).expect(1);
    done.says("AppxManifest.xml: line 16, column 19: extension windows.service is a service")
        .says("--drop windows.service");
    let told = world.lowbox(["isolate", "full.msix", "-o", "x.msix", "--json"]).expect(1).json();
    assert_eq!(told["blockers"][0]["kind"], "service");
    assert_eq!(told["blockers"][0]["drop"], "windows.service");
    assert_eq!(told["blockers"][0]["line"], 16);
    assert_eq!(fs::read_dir(world.work()).unwrap().count(), 2);
    let told = world.lowbox(["isolate", "full.msix", "-o", "x.msix", "--json", "--drop", "windows.service"]);
    let told = told.expect(0).json();
    assert_eq!(told["must_be_signed"], true);
    let changes = told["changes"].as_array().unwrap();
    assert!(changes.iter().any(|one| one["what"] == "extension windows.service left out"), "{changes:?}");
}

#[test]
fn what_is_copied_is_looked_at_before_it_takes_its_name() {
    let world = world("");
    let path = world.work().join("full.msix");
    let mut bytes = fs::read(&path).unwrap();
    let at = {
        let package = Package::open(&bytes).unwrap();
        let part = package.contents().container().part("app.exe").unwrap();
        (part.entry.data_offset() + part.entry.compressed / 2) as usize
    };
    bytes[at] ^= 1;
    fs::write(&path, bytes).unwrap();
    world.lowbox(["isolate", "full.msix", "-o", "x.msix"]).expect(125).says("app.exe");
    assert_eq!(fs::read_dir(world.work()).unwrap().count(), 2);
}
