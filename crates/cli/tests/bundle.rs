//! Bundles as files: made, signed, verified, shown, taken apart; and `.appinstaller` files and names in `resources.pri`, shown.

mod common;

use std::fs;
use std::process::Command;

use common::World;

/// A world with signed packages for three architectures, and their certificate.
fn world() -> World {
    let world = World::new();
    let new = ["cert", "new", "CN=Contoso", "--cert", "c.pem", "--key", "k.pem", "--kind", "p256"];
    world.lowbox(new).expect(0);
    for architecture in ["x64", "x86", "arm64"] {
        let version = format!("Version=\"1.2.3.4\" ProcessorArchitecture=\"{architecture}\"");
        let manifest = common::manifest(&common::application("App", "app.exe", ""), "");
        world.file(
            format!("{architecture}/AppxManifest.xml"),
            &manifest.replace("Version=\"1.2.3.4\"", &version),
        );
        world.file(format!("{architecture}/app.exe"), &format!("a program for {architecture} ").repeat(9000));
        world.file(format!("{architecture}/l.png"), "a picture");
        let package = format!("packages/{architecture}.msix");
        fs::create_dir_all(world.work().join("packages")).unwrap();
        world.lowbox(["pack", architecture, "-o", &package]).expect(0);
    }
    world
}

fn sign(world: &World, file: &str) -> common::Done {
    world.lowbox(["sign", file, "--cert", "c.pem", "--key", "k.pem"])
}

fn sign_all(world: &World) {
    for architecture in ["x64", "x86", "arm64"] {
        sign(world, &format!("packages/{architecture}.msix")).expect(0);
    }
}

#[test]
fn a_bundle_is_made_signed_verified_and_taken_apart() {
    let world = world();
    sign_all(&world);
    world.lowbox(["bundle", "pack", "packages", "-o", "a.msixbundle"]).expect(0).says("3 packages");
    let bytes = fs::read(world.work().join("a.msixbundle")).unwrap();
    world.lowbox(["bundle", "pack", "packages", "-o", "b.msixbundle"]).expect(0);
    assert!(bytes == fs::read(world.work().join("b.msixbundle")).unwrap(), "the same packages, other bytes");
    world.lowbox(["verify", "a.msixbundle"]).expect(125).says("it is not signed");
    world.lowbox(["verify", "a.msixbundle", "--unsigned"]).expect(0).says("_1.2.3.4_neutral_~_");
    sign(&world, "a.msixbundle").expect(0).says("signed by CN=Contoso");
    world.lowbox(["verify", "a.msixbundle", "--trust", "c.pem"]).expect(0).says("as signed by CN=Contoso");
    world.lowbox(["verify", "a.msixbundle"]).expect(125).says("is not trusted");
    world.lowbox(["bundle", "unpack", "a.msixbundle", "-d", "out"]).expect(0);
    let diff =
        Command::new("diff").args(["-r", "packages", "out"]).current_dir(world.work()).output().unwrap();
    assert!(diff.status.success(), "{}", String::from_utf8_lossy(&diff.stdout));
    world.lowbox(["bundle", "unpack", "a.msixbundle", "-d", "out"]).expect(125).says("is there already");
    let shown = world.lowbox(["bundle", "show", "a.msixbundle", "--json"]).expect(0).json();
    assert_eq!(shown["packages"].as_array().unwrap().len(), 3, "{shown}");
    assert_eq!(shown["signed_by"], "CN=Contoso");
    let own = if cfg!(target_arch = "aarch64") { "arm64.msix" } else { "x64.msix" };
    assert_eq!(shown["takes"], serde_json::json!([own]));
    assert_eq!(shown, world.lowbox(["show", "a.msixbundle", "--json"]).expect(0).json());
    world.lowbox(["show", "a.msixbundle"]).expect(0).prints("arm64.msix  application 1.2.3.4 arm64");
    world.is_untouched();
}

#[test]
fn a_bundle_of_packages_that_are_not_signed_is_not_signed() {
    let world = world();
    world
        .lowbox(["bundle", "pack", "packages", "-o", "a.msixbundle"])
        .expect(0)
        .says("x64.msix is not signed");
    let before = fs::read(world.work().join("a.msixbundle")).unwrap();
    sign(&world, "a.msixbundle").expect(125).says("is not signed, and Windows takes a signed bundle only if");
    assert!(before == fs::read(world.work().join("a.msixbundle")).unwrap(), "it was changed");
}

#[test]
fn two_programs_of_which_no_machine_takes_both_are_told() {
    let world = world();
    let all = world.lowbox(["bundle", "pack", "packages", "-o", "a.msixbundle"]).expect(0);
    assert!(!all.err.contains("takes only one"), "{all:?}");
    let manifest = String::from_utf8(world.bytes("x64/AppxManifest.xml")).unwrap();
    world.file("x64/AppxManifest.xml", &manifest.replace("1.2.3.4", "1.2.4.0"));
    world.lowbox(["pack", "x64", "-o", "packages/newer.msix"]).expect(0);
    world
        .lowbox(["bundle", "pack", "packages", "-o", "a.msixbundle"])
        .expect(0)
        .says("newer.msix and x64.msix are programs for the same processors and systems")
        .says("takes only one");
}

#[test]
fn what_is_wrong_with_a_package_in_a_bundle_is_told_and_leaves_nothing_behind() {
    let world = world();
    sign_all(&world);
    let pack = ["bundle", "pack", "packages/x64.msix", "packages/x86.msix"];
    world.lowbox(pack.into_iter().chain(["x64/app.exe", "-o", "a.msixbundle"])).expect(125).says("app.exe");
    world.lowbox(["bundle", "pack", "x64", "-o", "a.msixbundle"]).expect(125).says("no package");
    assert!(!world.work().join("a.msixbundle").exists());
    world.lowbox(pack.into_iter().chain(["-o", "a.msixbundle"])).expect(0);
    // A byte of the first program: the block map of its package sees it.
    let path = world.work().join("a.msixbundle");
    let good = fs::read(&path).unwrap();
    let mut bad = good.clone();
    bad[38 + 30 + 7 + 20] ^= 0xFF;
    fs::write(&path, &bad).unwrap();
    world.lowbox(["verify", "a.msixbundle", "--unsigned"]).expect(125).says("x64.msix");
    world.lowbox(["bundle", "unpack", "a.msixbundle", "-d", "out"]).expect(125).says("x64.msix");
    assert!(!world.work().join("out").exists());
    // The time in a header of a member: nothing but signatures looks at it.
    let mut bad = good.clone();
    bad[38 + 10] ^= 1;
    fs::write(&path, &bad).unwrap();
    world.lowbox(["verify", "a.msixbundle", "--unsigned"]).expect(125).says("changed after it was signed");
    let answer = world.lowbox(["verify", "a.msixbundle", "--unsigned", "--json"]).expect(125).json();
    assert_eq!(answer["fault"], "tampered");
    fs::write(&path, &good).unwrap();
    world.lowbox(["verify", "a.msixbundle", "--unsigned"]).expect(0);
    world.lowbox(["unpack", "a.msixbundle", "-d", "out"]).expect(125).says("a bundle of packages");
    world.lowbox(["bundle", "show", "packages/x64.msix"]).expect(125).says("it is a package, not a bundle");
}

/// Makes `packages/flat.msixbundle` of the package beside it, as lowbox itself does not.
const FLAT: &str = r#"
import base64, hashlib, zipfile
name = "AppxMetadata/AppxBundleManifest.xml"
manifest = ('<Bundle xmlns="http://schemas.microsoft.com/appx/2013/bundle" SchemaVersion="3.0">'
    '<Identity Name="Contoso.Report" Publisher="CN=Contoso" Version="1.2.3.4"/><Packages>'
    '<Package Type="application" Version="1.2.3.4" Architecture="x64" FileName="x64.msix"/></Packages></Bundle>')
digest = base64.b64encode(hashlib.sha256(manifest.encode()).digest()).decode()
blocks = ('<BlockMap xmlns="http://schemas.microsoft.com/appx/2010/blockmap" '
    'HashMethod="http://www.w3.org/2001/04/xmlenc#sha256"><File Name="AppxMetadata\AppxBundleManifest.xml" '
    'Size="%d" LfhSize="%d"><Block Hash="%s"/></File></BlockMap>' % (len(manifest), 30 + len(name), digest))
types = ('<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="msix" ContentType="application/vnd.ms-appx"/>'
    '<Override PartName="/AppxMetadata/AppxBundleManifest.xml" ContentType="application/vnd.ms-appx.bundlemanifest+xml"/>'
    '<Override PartName="/AppxBlockMap.xml" ContentType="application/vnd.ms-appx.blockmap+xml"/></Types>')
with zipfile.ZipFile("packages/flat.msixbundle", "w") as bundle:
    for part, text in [(name, manifest), ("AppxBlockMap.xml", blocks), ("[Content_Types].xml", types)]:
        bundle.writestr(part, text)
"#;

/// The bundle's signature says nothing of the bytes that lie beside it.
#[test]
fn a_package_beside_a_flat_bundle_is_not_replaced_by_one_of_somebody_else() {
    let world = world();
    sign_all(&world);
    world.file("flat.py", FLAT);
    world.sh("python3 flat.py");
    sign(&world, "packages/flat.msixbundle").expect(0);
    let verify = ["verify", "packages/flat.msixbundle", "--trust", "c.pem"];
    world.lowbox(verify).expect(0).says("as signed by CN=Contoso");
    // Anybody can make a certificate of that subject, and sign a program of his own with it.
    let new = ["cert", "new", "CN=Contoso", "--cert", "o.pem", "--key", "o.key", "--kind", "p256"];
    world.lowbox(new).expect(0);
    world.file("x64/app.exe", "another program");
    let replaced = "packages/x64.msix";
    world.lowbox(["pack", "x64", "-o", replaced]).expect(0);
    world.lowbox(verify).expect(125).says("x64.msix is not signed");
    world.lowbox(["sign", replaced, "--cert", "o.pem", "--key", "o.key"]).expect(0);
    world.lowbox(verify).expect(125).says("x64.msix: ").says("is not trusted");
    let told = world.lowbox(verify.iter().chain(&["--json"])).expect(125).json();
    assert_eq!(told["fault"], "untrusted", "{told}");
}

#[test]
fn an_appinstaller_file_is_shown() {
    let world = World::new();
    let text = r#"<AppInstaller xmlns="http://schemas.microsoft.com/appx/appinstaller/2018" Version="1.0.0.0"
        Uri="https://example.com/a.appinstaller">
      <MainPackage Name="Contoso.App" Publisher="CN=Contoso" Version="2.0.0.0" ProcessorArchitecture="x64"
          Uri="https://example.com/a.msix"/>
      <UpdateSettings><OnLaunch HoursBetweenUpdateChecks="8"/></UpdateSettings>
    </AppInstaller>"#;
    world.file("a.appinstaller", text);
    world.lowbox(["show", "a.appinstaller"]).expect(0).prints("Contoso.App 2.0.0.0 x64");
    let shown = world.lowbox(["show", "a.appinstaller", "--json"]).expect(0).json();
    assert_eq!((&shown["main"]["bundle"], &shown["on_launch"]["hours_between"]), (&false.into(), &8.into()));
    world.file("a.appinstaller", &text.replace("2.0.0.0", "2.0"));
    world.lowbox(["show", "a.appinstaller"]).expect(125).says("line 3, column 7");
}

/// The file is the sample that the reader's own tests make (crates/msix/tests/corpus/pri.rs).
#[test]
fn names_and_pictures_are_looked_up_in_the_packages_resources() {
    let world = World::new();
    let manifest = common::manifest(&common::application("App", "app.exe", ""), "")
        .replace("<DisplayName>R</DisplayName>", "<DisplayName>ms-resource:AppName</DisplayName>")
        .replace("<Logo>l.png</Logo>", "<Logo>Assets\\Logo.png</Logo>");
    world.file("app/AppxManifest.xml", &manifest);
    for name in ["app.exe", "l.png", "Assets/Logo.scale-200.png", "Assets/Logo.scale-400.png"] {
        world.file(format!("app/{name}"), "x");
    }
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/../msix/tests/data/resources/sample.pri");
    fs::copy(sample, world.work().join("app/resources.pri")).unwrap();
    world.lowbox(["pack", "app", "-o", "a.msix"]).expect(0);
    let shown = |language: &str| {
        let mut command = world.command(env!("CARGO_BIN_EXE_lowbox"));
        command.args(["show", "a.msix", "--json"]).env("LANG", language);
        common::run(command, b"").expect(0).json()
    };
    for (language, name) in [("de_AT.UTF-8", "Beispiel"), ("fr", "\u{c9}chantillon"), ("C", "Sample")] {
        assert_eq!(shown(language)["display_name"], name, "{language}");
    }
    assert_eq!(shown("C")["logo"], "Assets\\Logo.scale-200.png");
    let mut bytes = fs::read(sample).unwrap();
    bytes[40] ^= 1;
    fs::write(world.work().join("app/resources.pri"), bytes).unwrap();
    world.lowbox(["pack", "app", "-o", "a.msix"]).expect(0);
    world.lowbox(["show", "a.msix"]).expect(0).prints("ms-resource:AppName").prints("resources.pri:");
}
