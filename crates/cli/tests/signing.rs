//! Keys with passwords, in PKCS #12, in devices and with others: all of them make packages that are accepted here and by osslsigncode.

mod common;

use common::packages::installed;
use common::{Done, World, run};

/// Certificates and keys of an authority and of CN=Contoso, as OpenSSL makes them.
fn world(kind: &str) -> Option<World> {
    if !installed("openssl", "1 test of keys that OpenSSL makes") {
        return None;
    }
    let world = World::new();
    world.pack();
    world.sh(&format!(
        "openssl req -newkey {kind} -nodes -x509 -days 30 -keyout ca.key -out ca.pem -subj /CN=Authority \
           -addext basicConstraints=critical,CA:TRUE
         openssl req -newkey {kind} -nodes -keyout leaf.key -out leaf.csr -subj /CN=Contoso
         printf 'extendedKeyUsage=codeSigning\n' > leaf.ext
         openssl x509 -req -days 20 -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile leaf.ext -out leaf.pem
         cat ca.pem leaf.pem > chain.pem
         printf 'a secret\n' > password"
    ));
    Some(world)
}

const EC: &str = "ec -pkeyopt ec_paramgen_curve:P-256";

/// Accepted here and by osslsigncode.
fn accepted(world: &World, package: &str) {
    world.lowbox(["verify", package, "--trust", "ca.pem"]).expect(0);
    if installed("osslsigncode", "1 oracle of signatures") {
        world.sh(&format!("osslsigncode verify -in {package} -CAfile ca.pem"));
    }
}

fn with_password(world: &World, password: &str, arguments: &[&str]) -> Done {
    let mut command = world.command(env!("CARGO_BIN_EXE_lowbox"));
    command.args(arguments).env("LOWBOX_SIGN_PASSWORD", password);
    run(command, b"")
}

#[test]
fn keys_in_pkcs_12_sign() {
    for kind in [EC, "rsa:2048"] {
        let Some(world) = world(kind) else { return };
        world.sh("openssl pkcs12 -export -in leaf.pem -inkey leaf.key -certfile ca.pem -passout file:password -out k.p12");
        let sign = ["sign", "a.msix", "--pkcs12", "k.p12", "--password-file", "password"];
        world.lowbox(sign).expect(0).says("signed by CN=Contoso");
        accepted(&world, "a.msix");
        let wrong = with_password(&world, "another", &["sign", "a.msix", "--pkcs12", "k.p12"]);
        wrong.expect(125).says("password is not the right one");
        with_password(&world, "a secret", &["sign", "a.msix", "--pkcs12", "k.p12"]).expect(0);
    }
}

#[test]
fn other_forms_of_pkcs_12_are_read_or_the_command_that_writes_them_anew_is_told() {
    let Some(world) = world(EC) else { return };
    let export = "openssl pkcs12 -export -in leaf.pem -inkey leaf.key -passout file:password -out k.p12";
    let sign = || world.lowbox(["sign", "a.msix", "--pkcs12", "k.p12", "--password-file", "password"]);
    for form in [
        "-macalg sha512",
        "-keypbe AES-128-CBC -certpbe AES-192-CBC",
        "-certpbe NONE",
        "-keypbe NONE",
        "-nomac",
    ] {
        world.sh(&format!("{export} {form}"));
        sign().expect(0);
    }
    for form in ["-legacy", "-macalg sha1", "-keypbe PBE-SHA1-3DES", "-certpbe PBE-SHA1-3DES"] {
        world.sh(&format!("{export} {form}"));
        sign().expect(125).says("openssl pkcs12 -legacy");
    }
    world.sh(&format!("{export} -nokeys"));
    sign().expect(125).says("there is no key in it");
    world.sh("openssl pkcs12 -export -nocerts -inkey leaf.key -passout file:password -out k.p12");
    sign().expect(125).says("certificate");
    world.sh(&format!("{export} -iter 1100000"));
    sign().expect(125).says("steps");
    world.file("k.p12", "no such thing");
    sign().expect(125).says("no file of PKCS #12");
}

#[test]
fn keys_with_a_password_sign_and_old_ways_to_encrypt_are_named() {
    let Some(world) = world(EC) else { return };
    world.sh("openssl pkcs8 -topk8 -in leaf.key -passout file:password -out e.key");
    let sign = ["sign", "a.msix", "--cert", "chain.pem", "--key", "e.key"];
    with_password(&world, "a secret", &sign).expect(0);
    accepted(&world, "a.msix");
    with_password(&world, "A secret", &sign).expect(125).says("password is not the right one");
    // No terminal, no file, no variable.
    world.lowbox(sign).expect(125).says("--password-file");
    world.sh("openssl pkcs8 -topk8 -scrypt -in leaf.key -passout file:password -out e.key");
    with_password(&world, "a secret", &sign).expect(0);
    world.sh("openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -in leaf.key -passout file:password -out e.key");
    with_password(&world, "a secret", &sign).expect(125).says("openssl pkcs8 -topk8");
    world.sh("openssl ec -aes256 -in leaf.key -passout file:password -out e.key");
    with_password(&world, "a secret", &sign).expect(125).says("openssl pkcs8 -topk8");
}

#[test]
fn a_password_is_asked_for_on_the_terminal_and_not_shown() {
    let Some(world) = world(EC) else { return };
    if !installed("python3", "1 test of passwords at a terminal") {
        return;
    }
    world.sh("openssl pkcs8 -topk8 -in leaf.key -passout file:password -out e.key");
    let script = r#"
import os, pty, sys
child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[1], ["lowbox", "sign", "a.msix", "--cert", "chain.pem", "--key", "e.key"])
said = b""
while b"password of" not in said:
    said += os.read(terminal, 100)
os.write(terminal, sys.argv[2].encode() + b"\r")
while True:
    try:
        more = os.read(terminal, 100)
    except OSError:
        break
    if not more:
        break
    said += more
sys.stdout.write(said.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"#;
    for (typed, code, says) in
        [("a secret", 0, "is signed by"), ("wrong", 125, "not the right one"), ("x\u{3}", 125, "cancelled")]
    {
        let mut command = world.command("python3");
        command.args(["-c", script, env!("CARGO_BIN_EXE_lowbox"), typed]);
        let done = run(command, b"").expect(code).prints(says);
        assert!(!done.out.contains(typed), "{done:?}");
    }
}

#[test]
fn what_a_service_signed_is_attached_and_makes_the_same_package_each_time() {
    for (kind, digest) in [(EC, "sha256"), ("rsa:2048", "sha256"), ("rsa:2048", "sha512"), (EC, "sha384")] {
        let Some(world) = world(kind) else { return };
        world.lowbox(["pack", "app", "-o", "a.msix", "--digest", digest]).expect(0);
        let before = world.bytes("a.msix");
        let told = world.lowbox(["sign", "a.msix", "--cert", "chain.pem", "--digest-only", "d"]).expect(0);
        assert_eq!(world.bytes("a.msix"), before, "nothing is signed yet");
        let counted = world.sh(&format!("openssl dgst -{digest} -r d"));
        assert_eq!(told.out.trim(), counted.split(' ').next().unwrap(), "the digest that is printed");
        world.sh(&format!("openssl dgst -{digest} -sign leaf.key -out s d"));
        let attach = |to: &str, signature: &str| {
            world.lowbox(["sign", "a.msix", "--cert", "chain.pem", "--attach", signature, "-o", to])
        };
        attach("1.msix", "s").expect(0);
        attach("2.msix", "s").expect(0);
        assert_eq!(world.bytes("1.msix"), world.bytes("2.msix"));
        world.lowbox(["verify", "1.msix", "--trust", "ca.pem"]).expect(0);
        if digest == "sha256" {
            accepted(&world, "1.msix");
        }
        // By the digest alone.
        world.sh(&format!(
            "openssl dgst -{digest} -binary -out h d
             openssl pkeyutl -sign -inkey leaf.key -pkeyopt digest:{digest} -in h -out s"
        ));
        attach("3.msix", "s").expect(0);
        // Another digest, another message, another key, and nothing.
        let other = if digest == "sha256" { "sha384" } else { "sha256" };
        world.sh(&format!("openssl dgst -{other} -sign leaf.key -out s d"));
        attach("4.msix", "s").expect(125).says("both have to be of one kind");
        world.sh(&format!("echo >> d; openssl dgst -{digest} -sign leaf.key -out s d"));
        attach("4.msix", "s").expect(125).says("none of this package");
        world.lowbox(["sign", "a.msix", "--cert", "chain.pem", "--digest-only", "d"]).expect(0);
        world.sh(&format!("openssl dgst -{digest} -sign ca.key -out s d"));
        attach("4.msix", "s").expect(125).says("none of this package");
        world.file("s", "");
        attach("4.msix", "s").expect(125).says("none of this package");
        assert!(!world.work().join("4.msix").exists());
    }
}

#[test]
fn a_signature_of_two_numbers_is_taken_too() {
    let Some(world) = world(EC) else { return };
    if !installed("python3", "1 test of signatures of two numbers") {
        return;
    }
    world.lowbox(["sign", "a.msix", "--cert", "chain.pem", "--digest-only", "d"]).expect(0);
    world.sh("openssl dgst -sha256 -sign leaf.key -out s d");
    let script = "
import sys
der = open('s', 'rb').read()
first = der[4:4 + der[3]]
second = der[6 + der[3]:]
number = lambda bytes: int.from_bytes(bytes, 'big').to_bytes(32, 'big')
open('raw', 'wb').write(number(first) + number(second))
";
    let mut command = world.command("python3");
    command.args(["-c", script]);
    run(command, b"").expect(0);
    world.lowbox(["sign", "a.msix", "--cert", "chain.pem", "--attach", "raw"]).expect(0);
    accepted(&world, "a.msix");
}

#[test]
fn which_certificate_is_the_signers_has_to_be_plain() {
    let Some(world) = world(EC) else { return };
    world
        .lowbox(["cert", "new", "CN=Contoso", "--cert", "c.pem", "--key", "k.pem", "--kind", "p256"])
        .expect(0);
    world.sh("cat leaf.pem c.pem > two.pem");
    world
        .lowbox(["sign", "a.msix", "--cert", "two.pem", "--digest-only", "d"])
        .expect(125)
        .says("can't be told");
    // With the key it can.
    world.lowbox(["sign", "a.msix", "--cert", "two.pem", "--key", "k.pem"]).expect(0);
    world.sh("openssl req -x509 -key k.pem -out plain.pem -subj /CN=Contoso");
    let plain = ["sign", "a.msix", "--cert", "plain.pem", "--key", "k.pem"];
    world.lowbox(plain).expect(125).says("is not for signing code");
    for wrong in [
        &["sign", "a.msix", "--cert", "c.pem", "--key", "k.pem", "--attach", "s"][..],
        &["sign", "a.msix", "--cert", "c.pem", "--digest-only", "d", "--attach", "s"],
        &["sign", "a.msix", "--cert", "c.pem", "--pkcs12", "k.p12"],
        &["sign", "a.msix", "--cert", "c.pem", "--pkcs11-module", "m.so"],
        &["sign", "a.msix", "--cert", "c.pem", "--key", "k.pem", "--key-label", "x"],
    ] {
        world.lowbox(wrong.iter()).expect(125).says("sage:");
    }
}

/// SoftHSM 2 is a device in files.
#[test]
fn a_key_in_a_device_signs() {
    const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
    if !installed("softhsm2-util", "1 test of devices") || !installed("pkcs11-tool", "1 test of devices") {
        return;
    }
    if !std::path::Path::new(MODULE).exists() {
        println!("SKIPPED 1 test of devices: {MODULE} is not there");
        return;
    }
    for kind in [EC, "rsa:2048"] {
        let Some(world) = world(kind) else { return };
        let home = world.work().display().to_string();
        world.file(
            "softhsm.conf",
            &format!("directories.tokendir = {home}/tokens\nobjectstore.backend = file\n"),
        );
        world.sh("mkdir tokens; export SOFTHSM2_CONF=$PWD/softhsm.conf
             softhsm2-util --init-token --free --label lowbox --pin 1234 --so-pin 4321
             openssl pkcs8 -topk8 -nocrypt -in leaf.key -out leaf.p8
             softhsm2-util --import leaf.p8 --token lowbox --label signer --id a1 --pin 1234");
        let sign = |pin: &str, key: &[&str]| {
            let mut command = world.command(env!("CARGO_BIN_EXE_lowbox"));
            command.args(["sign", "a.msix", "--cert", "chain.pem", "--pkcs11-module", MODULE]).args(key);
            command.env("SOFTHSM2_CONF", world.work().join("softhsm.conf")).env("LOWBOX_SIGN_PASSWORD", pin);
            run(command, b"")
        };
        sign("1234", &["--key-label", "signer", "--token-label", "lowbox"]).expect(0);
        accepted(&world, "a.msix");
        sign("1234", &["--key-id", "a1"]).expect(0);
        sign("9999", &["--key-label", "signer"]).expect(125).says("pkcs11-tool failed");
        sign("9999", &["--key-id", "a1"]).expect(125).says("pkcs11-tool failed");
        sign("1234", &["--key-label", "nobody"]).expect(125).says("no key in the device has the label");
        sign("1234", &["--key-id", "ffff"]).expect(125).says("pkcs11-tool failed");
        world.lowbox(["verify", "a.msix", "--trust", "ca.pem"]).expect(0);
    }
}

/// What others signed is accepted too.
#[test]
fn what_osslsigncode_signs_with_a_chain_is_accepted() {
    if !installed("osslsigncode", "1 test of packages that others sign") {
        return;
    }
    let Some(world) = world("rsa:2048") else { return };
    world.sh("osslsigncode sign -certs leaf.pem -ac ca.pem -key leaf.key -in a.msix -out b.msix");
    let verified = world.lowbox(["verify", "b.msix", "--trust", "ca.pem", "--json"]).expect(0).json();
    assert_eq!(verified["signer"], "CN=Contoso");
}
