//! Whom a user trusts to sign packages: kept, listed, believed by verify, and removed.

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use common::World;

/// A world with a signed package and its certificate.
fn signed() -> World {
    let world = World::new();
    world.pack();
    world.new_certificate();
    world.lowbox(["sign", "a.msix", "--cert", "c.pem", "--key", "k.pem"]).expect(0);
    world
}

fn sha256(world: &World) -> String {
    let list = world.lowbox(["cert", "list", "--json"]).expect(0).json();
    list[0]["sha256"].as_str().unwrap().to_owned()
}

#[test]
fn who_is_trusted_once_is_believed_until_removed() {
    let world = signed();
    world.lowbox(["verify", "a.msix"]).expect(125).says("lowbox cert trust");
    world.lowbox(["cert", "list"]).expect(0).says("no certificate is trusted");
    world.lowbox(["cert", "trust", "c.pem"]).expect(0).says("CN=Contoso is trusted for signing packages");
    world.lowbox(["cert", "trust", "c.pem"]).expect(0);
    let list = world.lowbox(["cert", "list", "--json"]).expect(0).json();
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(list[0]["subject"], "CN=Contoso");
    assert_eq!(list[0]["authority"], false);
    world.lowbox(["cert", "list"]).expect(0).prints(list[0]["sha256"].as_str().unwrap());
    let verified = world.lowbox(["verify", "a.msix", "--json"]).expect(0).json();
    assert_eq!(verified["signer_sha256"], list[0]["sha256"]);
    assert_eq!(verified["time_stamp"], serde_json::Value::Null);
    let sha256 = sha256(&world);
    world.lowbox(["cert", "remove", "abc"]).expect(125).says("four at least");
    world.lowbox(["cert", "remove", "../../x"]).expect(125);
    world.lowbox(["cert", "remove", "00000000000000000000"]).expect(125).says("no trusted certificate");
    world.lowbox(["cert", "remove", &sha256[..8].to_uppercase()]).expect(0).says("trusted no longer");
    world.lowbox(["verify", "a.msix"]).expect(125).says("is not trusted");
    world.lowbox(["cert", "list"]).expect(0).says("no certificate is trusted");
}

#[test]
fn certificates_that_are_named_take_the_place_of_those_that_are_kept() {
    let world = signed();
    world.lowbox(["cert", "trust", "c.pem"]).expect(0);
    let other = ["cert", "new", "CN=Other", "--cert", "o.pem", "--key", "o.key", "--kind", "p256"];
    world.lowbox(other).expect(0);
    world.lowbox(["verify", "a.msix", "--trust", "o.pem"]).expect(125).says("is not trusted");
    world.lowbox(["verify", "a.msix", "--trust", "c.pem"]).expect(0);
}

#[test]
fn what_could_never_vouch_for_a_package_is_not_taken() {
    let world = signed();
    world.file("both.pem", &(String::from_utf8(world.bytes("c.pem")).unwrap().repeat(2)));
    world.lowbox(["cert", "trust", "both.pem"]).expect(125).says("there are 2 certificates");
    world.lowbox(["cert", "trust", "k.pem"]).expect(125).says("private key");
    world.lowbox(["cert", "trust", "c.pem", "--time-stamps"]).expect(125).says("is not for time stamps");
    world.lowbox(["cert", "trust", "missing.pem"]).expect(125);
    if common::packages::installed("openssl", "1 test of certificates for servers") {
        world.sh(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout s.key -out s.pem -subj /CN=Server \
             -addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=serverAuth",
        );
        world.lowbox(["cert", "trust", "s.pem"]).expect(125).says("is not for signing code");
    }
    world.lowbox(["cert", "list"]).expect(0).says("no certificate is trusted");
}

#[test]
fn a_store_that_others_could_have_written_says_nothing() {
    let world = signed();
    world.lowbox(["cert", "trust", "c.pem"]).expect(0);
    let folder = world.home().join(".config/lowbox/trusted");
    let file = folder.join(format!("{}.pem", sha256(&world)));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let refused = |what: &str| {
        world.lowbox(["verify", "a.msix"]).expect(125).says(what);
        world.lowbox(["cert", "list"]).expect(125).says(what);
    };
    for path in [&folder, &file] {
        let before = fs::metadata(path).unwrap().permissions();
        fs::set_permissions(path, Permissions::from_mode(before.mode() | 0o002)).unwrap();
        refused("others may write there");
        fs::set_permissions(path, before).unwrap();
    }
    fs::write(folder.join("mine.pem"), "").unwrap();
    refused("move it away");
    fs::remove_file(folder.join("mine.pem")).unwrap();
    fs::write(folder.join(format!("{}.pem", "0".repeat(64))), world.bytes("c.pem")).unwrap();
    refused("is not the SHA-256");
    fs::remove_file(folder.join(format!("{}.pem", "0".repeat(64)))).unwrap();
    // What a machine that stopped left behind is in nobody's way.
    fs::write(folder.join(".x.pem.1-0"), "half").unwrap();
    world.lowbox(["verify", "a.msix"]).expect(0);
}

#[test]
fn installing_believes_whom_the_user_trusts() {
    let world = signed();
    world.lowbox(["install", "a.msix"]).expect(125).says("lowbox cert trust");
    world.lowbox(["install", "a.msix", "--trust", "k.pem"]).expect(125).says("no certificate");
    world.lowbox(["cert", "trust", "c.pem"]).expect(0);
    let installed = world.lowbox(["install", "a.msix", "--json"]).expect(0).json();
    assert_eq!(installed[0]["trusted"], true);
    assert_eq!(installed[0]["signed_by"], "CN=Contoso");
}
