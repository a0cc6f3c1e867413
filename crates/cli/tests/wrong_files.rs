//! A file that is given in the place of another one is recognised, and the message says what to do with it.

mod common;

use std::fs;

use common::World;
use common::packages::MANIFEST;

#[test]
fn what_is_no_package_is_not_installed_and_named() {
    let world = World::new();
    world.pack();
    world.new_certificate();
    world.file("page.msix", "<!DOCTYPE html>\n<html>not found</html>");
    world.file("renamed", "<AppInstaller xmlns=\"http://schemas.microsoft.com/appx/appinstaller/2018\"/>");
    world.file("AppxManifest.xml", MANIFEST);
    world.file("notes.txt", "text");
    for (file, says) in [
        ("c.pem", "it is a certificate and no package: lowbox cert trust"),
        ("k.pem", "it is a private key"),
        ("AppxManifest.xml", "make a package of its folder first (lowbox pack)"),
        ("page.msix", "it is a page of the web"),
        ("app", "it is a folder: make a package of it first (lowbox pack)"),
        ("renamed", "ends in .appinstaller"),
        ("notes.txt", "notes.txt"),
        ("gone.msix", "No such file"),
    ] {
        world.lowbox(["install", file]).expect(125).says(says);
    }
}

#[test]
fn a_package_that_is_run_has_to_be_installed_first() {
    let world = World::new();
    world.pack();
    for word in ["a.msix", "./a.msix"] {
        world.lowbox(["run", word]).expect(126).says("lowbox install").says("it is a package");
    }
    world.lowbox(["run", "--", "a.msix"]).expect(126).says("lowbox install");
    // Nothing of that name is there.
    world.lowbox(["run", "b.msix"]).expect(127).says("no such program in PATH");
}

#[test]
fn keys_and_certificates_in_each_others_place_are_told() {
    let world = World::new();
    world.pack();
    world.new_certificate();
    let swapped = ["sign", "a.msix", "--cert", "k.pem", "--key", "c.pem"];
    world.lowbox(swapped).expect(125).says("exchange --cert and --key");
    let key_alone = ["sign", "a.msix", "--cert", "k.pem", "--digest-only", "d"];
    world.lowbox(key_alone).expect(125).says("it is a private key, and --cert wants the certificate");
    assert!(!world.work().join("d").exists());
    world
        .lowbox(["cert", "trust", "k.pem"])
        .expect(125)
        .says("it is a private key, and trust is given to certificates");
    for options in [&[][..], &["--cert", "c.pem"], &["--key", "k.pem"]] {
        let done = world.lowbox(["sign", "a.msix"].iter().chain(options)).expect(125);
        done.says("--pkcs12")
            .says("--pkcs11-module")
            .says("--digest-only")
            .says("--cert CERTIFICATE --key KEY");
    }
}

#[test]
fn a_certificate_is_not_made_half_where_a_file_is_in_the_way() {
    let world = World::new();
    world.file("there.pem", "mine");
    let new = |cert: &str, key: &str| {
        // An RSA key would take seconds, if it were made.
        world.lowbox(["cert", "new", "CN=Contoso", "--cert", cert, "--key", key])
    };
    for (cert, key) in [("there.pem", "k.pem"), ("c.pem", "there.pem")] {
        let done = new(cert, key).expect(125).says("there.pem: it is there already");
        assert!(!done.err.contains("making"), "{done:?}");
    }
    new("one.pem", "one.pem").expect(125).says("two files");
    assert_eq!(fs::read_dir(world.work()).unwrap().count(), 1);
    assert_eq!(world.bytes("there.pem"), b"mine");
}
