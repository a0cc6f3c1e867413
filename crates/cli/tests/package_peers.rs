//! The public tools, where they are installed: what lowbox packs and signs they accept, what they make lowbox accepts, and the digests are
//! the same. Names that have to be percent-encoded are left out before openappx, which takes the encoded name for the real one.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::World;
use lowbox_msix::container::Source;
use lowbox_msix::package::Package;
use lowbox_msix::signature::{Digests, read};

/// A world with a folder to pack, whose manifest has that architecture, and a certificate.
fn world() -> World {
    let world = World::new();
    for architecture in ["x64", "arm64"] {
        let manifest = common::manifest(&common::application("App", "app.exe", ""), "").replace(
            "Version=\"1.2.3.4\"",
            &format!("Version=\"1.2.3.4\" ProcessorArchitecture=\"{architecture}\""),
        );
        let manifest = manifest
            .replace("<Dependencies>", "<Resources><Resource Language=\"en-us\"/></Resources><Dependencies>");
        world.file(format!("{architecture}/AppxManifest.xml"), &manifest);
        world
            .file(format!("{architecture}/app.exe"), &format!("a program for {architecture} ").repeat(9_000));
        world.file(format!("{architecture}/l.png"), "a picture");
        world.file(format!("{architecture}/data/more/empty"), "");
        world.file(format!("{architecture}/LICENSE"), "none");
    }
    let new = ["cert", "new", "CN=Contoso", "--cert", "c.pem", "--key", "k.pem", "--kind", "p256"];
    world.lowbox(new).expect(0);
    world
}

const KEY: [&str; 4] = ["--cert", "c.pem", "--key", "k.pem"];

fn sign(world: &World, package: &str) {
    world.lowbox(["sign", package].into_iter().chain(KEY)).expect(0);
}

/// openappx's command, in a virtual environment.
fn openappx() -> Option<PathBuf> {
    let named = std::env::var_os("LOWBOX_OPENAPPX").map(PathBuf::from);
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/openappx/bin/openappx");
    named.or(Some(usual)).filter(|path| path.is_file())
}

fn osslsigncode() -> bool {
    Command::new("osslsigncode").arg("--version").output().is_ok()
}

fn skipped(what: &str) {
    println!("SKIPPED 1 peer: {what} is not installed");
}

/// Runs a tool in the working folder; what it printed.
#[track_caller]
fn tool(world: &World, program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> String {
    let output = world.command(program).args(arguments).output().unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {text}");
    text
}

fn same(world: &World, one: &str, other: &str, without: &[&str]) {
    let mut command = world.command("diff");
    command.args(["-r", one, other]);
    without.iter().for_each(|name| {
        command.args(["-x", name]);
    });
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// What packing and signing add to a folder.
const MADE: [&str; 4] = ["AppxBlockMap.xml", "[[]Content_Types].xml", "AppxSignature.p7x", "AppxMetadata"];

#[test]
fn openappx_accepts_what_lowbox_packs_signs_and_bundles() {
    let Some(openappx) = openappx() else { return skipped("openappx") };
    let world = world();
    for architecture in ["x64", "arm64"] {
        let package = format!("{architecture}.msix");
        world.lowbox(["pack", architecture, "-o", &package]).expect(0);
        tool(&world, &openappx, &["inspect", "--package", &package]);
        sign(&world, &package);
        let report = tool(&world, &openappx, &["inspect", "--package", &package, "--json"]);
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        let verified = report["signature"]["verified"].as_array().unwrap();
        assert!(verified.len() >= 3, "{report}");
        let out = format!("out-{architecture}");
        tool(&world, &openappx, &["unpack", "--package", &package, "--out", &out]);
        same(&world, architecture, &out, &MADE);
    }
    world.lowbox(["bundle", "pack", "x64.msix", "arm64.msix", "-o", "a.msixbundle"]).expect(0);
    tool(&world, &openappx, &["inspect", "--package", "a.msixbundle"]);
    sign(&world, "a.msixbundle");
    tool(&world, &openappx, &["inspect", "--package", "a.msixbundle"]);
}

#[test]
fn lowbox_accepts_what_openappx_packs_signs_and_bundles() {
    let Some(openappx) = openappx() else { return skipped("openappx") };
    let world = world();
    let openssl =
        ["pkcs12", "-export", "-in", "c.pem", "-inkey", "k.pem", "-out", "c.pfx", "-passout", "pass:secret"];
    // It signs with RSA alone.
    let new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=Contoso"];
    let more = ["-keyout", "k.pem", "-out", "c.pem", "-addext", "extendedKeyUsage=codeSigning"];
    tool(&world, "openssl", &[&new[..], &more].concat());
    tool(&world, "openssl", &openssl);
    for architecture in ["x64", "arm64"] {
        let package = format!("{architecture}.msix");
        // It gives names without an extension no content type.
        for name in ["data/more/empty", "LICENSE"] {
            fs::remove_file(world.work().join(architecture).join(name)).unwrap();
        }
        fs::remove_dir_all(world.work().join(architecture).join("data")).unwrap();
        world.file(format!("{architecture}/data/more/empty.txt"), "");
        tool(&world, &openappx, &["pack", "--allow-missing", "--root", architecture, "--out", &package]);
        world.lowbox(["verify", &package, "--unsigned"]).expect(0);
        let sign = ["sign", "--package", &package, "--pfx", "c.pfx", "--pfx-password", "secret"];
        let signed = format!("signed-{package}");
        tool(&world, &openappx, &[&sign[..], &["--out", &signed]].concat());
        world.lowbox(["verify", &signed, "--trust", "c.pem"]).expect(0).says("as signed by CN=Contoso");
        let out = format!("out-{architecture}");
        world.lowbox(["unpack", &signed, "-d", &out]).expect(0);
        same(&world, architecture, &out, &MADE);
    }
    tool(
        &world,
        &openappx,
        &["bundle", "--package", "x64.msix", "--package", "arm64.msix", "--out", "a.msixbundle"],
    );
    world.lowbox(["verify", "a.msixbundle", "--unsigned"]).expect(0);
    world.lowbox(["bundle", "unpack", "a.msixbundle", "-d", "parts"]).expect(0);
    assert_eq!(
        fs::read(world.work().join("parts/x64.msix")).unwrap(),
        fs::read(world.work().join("x64.msix")).unwrap()
    );
}

/// The digests that osslsigncode computes of a signed package, in its order.
fn calculated(world: &World, package: &str) -> Vec<String> {
    let text = tool(world, "osslsigncode", &["verify", "-in", package, "-CAfile", "c.pem"]);
    let lines = text.lines().filter_map(|line| line.split_once("Calculated message digest :"));
    lines.map(|(_, digest)| digest.trim().to_lowercase()).collect()
}

/// The same as lowbox reads them out of the signature.
fn signed(bytes: &[u8]) -> Vec<String> {
    let contents = match Package::open(bytes) {
        Ok(package) => digests(bytes, package.contents()),
        Err(_) => {
            let bundle = lowbox_msix::bundle::Bundle::open(bytes).unwrap();
            digests(bytes, bundle.contents())
        }
    };
    let all = [contents.block_map, contents.content_types, contents.parts, contents.directory];
    let hex =
        |digest: &lowbox_msix::Digest| digest.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    all.iter().map(hex).collect()
}

fn digests(source: &(impl Source + ?Sized), contents: &lowbox_msix::package::Contents) -> Digests {
    let signature = read(source, contents).unwrap();
    signature.check_contents(source, contents).unwrap();
    signature.digests
}

#[test]
fn osslsigncode_and_lowbox_verify_each_others_signatures_and_compute_the_same_digests() {
    if !osslsigncode() {
        return skipped("osslsigncode");
    }
    let world = world();
    world.file("x64/a folder/\u{e4} 1%.txt", "a name that is encoded");
    let read = |name: &str| fs::read(world.work().join(name)).unwrap();
    for architecture in ["x64", "arm64"] {
        world.lowbox(["pack", architecture, "-o", &format!("{architecture}.msix")]).expect(0);
    }
    world.lowbox(["bundle", "pack", "x64.msix", "arm64.msix", "-o", "unsigned.msixbundle"]).expect(0);
    // Theirs, of a package and of a bundle.
    for (from, to) in [("x64.msix", "theirs.msix"), ("unsigned.msixbundle", "theirs.msixbundle")] {
        let sign = ["sign", "-certs", "c.pem", "-key", "k.pem", "-in", from, "-out", to];
        tool(&world, "osslsigncode", &sign);
        if from == "x64.msix" {
            world.lowbox(["verify", to, "--trust", "c.pem"]).expect(0);
            assert_eq!(signed(&read(to)), calculated(&world, to), "{to}");
        } else {
            // It does not ask for what Windows asks for.
            world
                .lowbox(["verify", to, "--trust", "c.pem"])
                .expect(125)
                .says("is not signed, and the bundle is");
        }
    }
    // lowbox's, of the same.
    sign(&world, "x64.msix");
    sign(&world, "arm64.msix");
    world.lowbox(["bundle", "pack", "x64.msix", "arm64.msix", "-o", "a.msixbundle"]).expect(0);
    sign(&world, "a.msixbundle");
    world.lowbox(["verify", "a.msixbundle", "--trust", "c.pem"]).expect(0);
    for ours in ["x64.msix", "a.msixbundle"] {
        let found = signed(&read(ours));
        assert_eq!(found.len(), 4);
        assert_eq!(found, calculated(&world, ours), "{ours}");
    }
    let sign = [
        "sign",
        "-certs",
        "c.pem",
        "-key",
        "k.pem",
        "-in",
        "a.msixbundle",
        "-out",
        "theirs-again.msixbundle",
    ];
    tool(&world, "osslsigncode", &sign);
    world.lowbox(["verify", "theirs-again.msixbundle", "--trust", "c.pem"]).expect(0);
}
