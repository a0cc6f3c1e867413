//! Packages as files: made, signed, verified, shown, unpacked; and what is wrong with them leaves nothing behind.

mod common;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use common::World;
use common::packages::MANIFEST;

/// A world with a folder `app` to pack.
fn world() -> World {
    let world = World::new();
    world.file("app/AppxManifest.xml", MANIFEST);
    world.file("app/app.exe", &"a program ".repeat(30_000));
    world.file("app/logo.png", "a picture");
    world.file("app/a folder/\u{e4} 1%.txt", "");
    world
}

fn same(one: &Path, other: &Path) -> bool {
    Command::new("diff").arg("-r").args([one, other]).output().unwrap().status.success()
}

#[test]
fn a_package_is_made_signed_verified_and_unpacked() {
    let world = world();
    world.lowbox(["pack", "app", "-o", "a.msix"]).expect(0).says("Contoso.Report_1.0.0.0_x64__");
    world.lowbox(["verify", "a.msix"]).expect(125).says("it is not signed");
    world.lowbox(["verify", "a.msix", "--unsigned"]).expect(0);
    let new = ["cert", "new", "CN=Contoso", "--cert", "c.pem", "--key", "k.pem", "--kind", "p256"];
    world.lowbox(new).expect(0);
    let mode = fs::metadata(world.work().join("k.pem")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    world
        .lowbox(["sign", "a.msix", "--cert", "c.pem", "--key", "k.pem"])
        .expect(0)
        .says("signed by CN=Contoso");
    world.lowbox(["verify", "a.msix", "--trust", "c.pem"]).expect(0).says("as signed by CN=Contoso");
    world.lowbox(["verify", "a.msix"]).expect(125).says("is not trusted");
    let late = ["verify", "a.msix", "--trust", "c.pem", "--at", "2099-01-01T00:00:00Z"];
    world.lowbox(late).expect(125).says("expired on");
    world.lowbox(["unpack", "a.msix", "-d", "out"]).expect(0);
    assert!(same(&world.work().join("app"), &world.work().join("out")));
    world.lowbox(["unpack", "a.msix", "-d", "out"]).expect(125).says("is there already");
}

#[test]
fn another_publishers_certificate_signs_nothing() {
    let world = world();
    world.lowbox(["pack", "app", "-o", "a.msix"]).expect(0);
    let before = fs::read(world.work().join("a.msix")).unwrap();
    let new = ["cert", "new", "CN=Fabrikam", "--cert", "c.pem", "--key", "k.pem", "--kind", "p256"];
    world.lowbox(new).expect(0);
    world.lowbox(["sign", "a.msix", "--cert", "c.pem", "--key", "k.pem"]).expect(125).says("CN=Fabrikam");
    assert_eq!(fs::read(world.work().join("a.msix")).unwrap(), before);
}

#[test]
fn a_package_that_was_changed_leaves_nothing_behind() {
    let world = world();
    world.lowbox(["pack", "app", "-o", "a.msix"]).expect(0);
    let path = world.work().join("a.msix");
    let whole = fs::read(&path).unwrap();
    for at in [60, whole.len() / 2, whole.len() - 60] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        world.lowbox(["unpack", "a.msix", "-d", "out"]).expect(125);
        let left: Vec<_> =
            fs::read_dir(world.work()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }
}

#[test]
fn what_no_package_can_hold_is_refused_by_name_and_leaves_the_old_package() {
    let world = world();
    world.lowbox(["pack", "app", "-o", "a.msix"]).expect(0);
    let before = fs::read(world.work().join("a.msix")).unwrap();
    let refused = |what: &str| {
        world.lowbox(["pack", "app", "-o", "a.msix"]).expect(125).says(what);
        assert_eq!(fs::read(world.work().join("a.msix")).unwrap(), before, "{what}");
    };
    let app = world.work().join("app");
    symlink("/etc/passwd", app.join("link")).unwrap();
    refused("symbolic link");
    fs::remove_file(app.join("link")).unwrap();
    assert!(Command::new("mkfifo").arg(app.join("fifo")).status().unwrap().success());
    refused("no file and no folder");
    fs::remove_file(app.join("fifo")).unwrap();
    fs::write(app.join("con.txt"), "").unwrap();
    refused("device on Windows");
    fs::remove_file(app.join("con.txt")).unwrap();
    fs::write(app.join("APP.EXE"), "").unwrap();
    refused("one name");
    fs::remove_file(app.join("APP.EXE")).unwrap();
    fs::remove_file(app.join("app.exe")).unwrap();
    refused("app.exe");
    fs::remove_file(app.join("AppxManifest.xml")).unwrap();
    refused("AppxManifest.xml");
}

#[test]
fn what_a_package_says_of_itself_is_shown() {
    let world = world();
    world.lowbox(["pack", "app", "-o", "a.msix"]).expect(0);
    let shown = world.lowbox(["show", "a.msix", "--json"]).expect(0).json();
    assert_eq!(shown["name"], "Contoso.Report");
    assert_eq!(shown["signed_by"], serde_json::Value::Null);
    assert_eq!(shown["applications"][0]["isolation"], "AppContainer");
    assert_eq!(shown["capabilities"][0]["name"], "documentsLibrary");
    assert_eq!(shown["files"].as_array().unwrap().len(), 4);
    world.lowbox(["show", "a.msix", "--files"]).expect(0).prints("\u{e4} 1%.txt");
}

#[test]
fn source_date_epoch_is_the_time_of_all_parts() {
    let world = world();
    let pack = |epoch: &str, to: &str| {
        let mut command = world.command(env!("CARGO_BIN_EXE_lowbox"));
        let output =
            command.args(["pack", "app", "-o", to]).env("SOURCE_DATE_EPOCH", epoch).output().unwrap();
        (output.status.success(), fs::read(world.work().join(to)).unwrap_or_default())
    };
    let (first, again, other) = (pack("1700000000", "1"), pack("1700000000", "2"), pack("1800000000", "3"));
    assert!(first.0 && first == again && first != other);
    assert!(!pack("soon", "4").0);
}

/// A chain of which an authority is limited to other names.
#[test]
fn an_authority_that_is_limited_to_some_names_is_not_believed() {
    let openssl = |world: &World, line: &str| {
        let output = Command::new("sh").args(["-ec", line]).current_dir(world.work()).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    };
    if Command::new("openssl").arg("version").output().is_err() {
        println!("SKIPPED 1 test of limited authorities: openssl is not installed");
        return;
    }
    for (constraint, code) in
        [("", 0), ("nameConstraints=permitted;dirName:limit\n[limit]\nCN=Somebody", 125)]
    {
        let world = world();
        world.file("ca.ext", &format!("basicConstraints=critical,CA:TRUE\n{constraint}\n"));
        world.file("leaf.ext", "extendedKeyUsage=codeSigning\n");
        openssl(
            &world,
            "new='openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
            $new -x509 -keyout root.key -out root.pem -subj /CN=Root -addext basicConstraints=critical,CA:TRUE
            $new -keyout ca.key -out ca.csr -subj /CN=Middle
            openssl x509 -req -in ca.csr -CA root.pem -CAkey root.key -CAcreateserial -extfile ca.ext -out ca.pem
            $new -keyout leaf.key -out leaf.csr -subj /CN=Contoso
            openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile leaf.ext -out leaf.pem
            cat leaf.pem ca.pem > chain.pem",
        );
        world.lowbox(["pack", "app", "-o", "a.msix"]).expect(0);
        world.lowbox(["sign", "a.msix", "--cert", "chain.pem", "--key", "leaf.key"]).expect(0);
        world.lowbox(["verify", "a.msix", "--trust", "root.pem"]).expect(code);
    }
}

/// Independent readers, where they are installed.
#[test]
fn osslsigncode_accepts_what_is_signed() {
    if Command::new("osslsigncode").arg("--version").output().is_err() {
        println!("SKIPPED 1 oracle of signatures: osslsigncode is not installed");
        return;
    }
    let world = world();
    for kind in ["p256", "p384"] {
        let (cert, key, package) = (format!("{kind}.pem"), format!("{kind}.key"), format!("{kind}.msix"));
        world.lowbox(["pack", "app", "-o", &package]).expect(0);
        world.lowbox(["cert", "new", "CN=Contoso", "--cert", &cert, "--key", &key, "--kind", kind]).expect(0);
        world.lowbox(["sign", &package, "--cert", &cert, "--key", &key]).expect(0);
        let path = world.work().join(&package);
        let verify = |path: &Path| {
            let mut command = Command::new("osslsigncode");
            command.args(["verify", "-in"]).arg(path).arg("-CAfile").arg(world.work().join(&cert));
            command.output().unwrap()
        };
        let output = verify(&path);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        let mut bytes = fs::read(&path).unwrap();
        bytes[10] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(!verify(&path).status.success(), "it accepts anything");
    }
}

#[test]
fn names_that_nobody_knows_and_pictures_that_are_not_there_are_told_and_packed() {
    let world = World::new();
    world.pack();
    let told = |manifest: &str| {
        world.file("app/AppxManifest.xml", manifest);
        world.lowbox(["pack", "app", "-o", "b.msix"]).expect(0)
    };
    let good = told(MANIFEST);
    assert!(!good.err.contains("AppxManifest.xml:"), "{good:?}");
    let misspelt = MANIFEST
        .replace("documentsLibrary", "documentLibary")
        .replace("Name=\"Windows.Desktop\"", "Name=\"Windows.Dekstop\"")
        .replace("<Logo>logo.png", "<Logo>Assets\\Store.png");
    let done = told(&misspelt).says("capability documentLibary is in no catalogue");
    let done = done
        .says("is documentsLibrary meant?")
        .says("Windows.Dekstop is no system that is known; is Windows.Desktop meant?");
    done.says("there is no picture Assets\\Store.png");
    // Another size of it, and what a file of resources may name.
    world.file("app/Assets/Store.scale-200.png", "a picture");
    let done = told(&misspelt);
    assert!(!done.err.contains("picture"), "{done:?}");
}

#[test]
fn a_package_is_not_written_into_the_folder_that_is_packed_and_keys_in_it_are_told() {
    let world = world();
    world.file("app/own.key", "-----BEGIN PRIVATE KEY-----\n");
    world.file("app/.git/config", "");
    world.lowbox(["pack", "app", "-o", "app/own.msix"]).expect(125).says("name a place outside");
    let left = fs::read_dir(world.work().join("app")).unwrap().flatten().map(|entry| entry.file_name());
    assert!(!left.into_iter().any(|name| name.to_string_lossy().contains("msix")));
    world
        .lowbox(["pack", "app", "-o", "a.msix"])
        .expect(0)
        .says("own.key is a private key")
        .says(".git is in");
}
