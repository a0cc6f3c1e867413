//! `lowbox token`.

mod common;

use common::{SILO, World, application, manifest};
use serde_json::json;

#[test]
fn a_bare_command_is_somebody() {
    let world = World::new();
    let answer = world.lowbox(["token", "--json", "--", "python3", "-c", "x"]).expect(0).json();
    assert_eq!(answer["user"]["name"], "jane");
    let package = &answer["package"];
    assert!(package["family_name"].as_str().unwrap().starts_with("python3_"));
    assert!(package["sid"].as_str().unwrap().starts_with("S-1-15-2-"));
    assert_eq!(package["less_privileged"], false);
    assert_eq!(answer["integrity"], json!({"level": "low", "sid": "S-1-16-4096"}));
    assert_eq!(answer["privileges"], json!([]));
    assert_ne!(answer["runs_as"]["uid"], 0, "never root");
    let same = world.lowbox(["token", "--json", "--name", "python3"]).expect(0).json();
    assert_eq!(same["package"], answer["package"]);
    world.is_untouched();
}

#[test]
fn a_manifest_gives_identity_and_capabilities() {
    let world = World::new();
    let text = manifest(&application("App", "bin/report", SILO), r#"<Capability Name="internetClient"/>"#);
    world.file("AppxManifest.xml", &text);
    let arguments = ["token", "--manifest", "AppxManifest.xml", "--capability", "DOCUMENTSlibrary", "--lpac"];
    let answer = world.lowbox(arguments.iter().chain(&["--json"])).expect(0).json();
    let family = answer["package"]["family_name"].as_str().unwrap();
    assert!(family.starts_with("Contoso.Report_"), "{family}");
    assert_eq!(answer["package"]["application"], format!("{family}!App"));
    assert_eq!(answer["package"]["less_privileged"], true);
    let of = |name, sid, privacy: bool| json!({"name": name, "sid": sid, "known": true, "privacy": privacy});
    assert_eq!(
        answer["capabilities"],
        json!([of("internetClient", "S-1-15-3-1", false), of("documentsLibrary", "S-1-15-3-7", true)])
    );
    let text = world.lowbox(arguments).expect(0);
    text.prints("package SID     S-1-15-2-")
        .prints("low (S-1-16-4096)")
        .prints("(LPAC)")
        .prints("runs as         uid ");
}

#[test]
fn an_unknown_capability_is_warned_of_and_kept_as_a_sid() {
    let world = World::new();
    let done = world.lowbox(["token", "--name", "app", "--capability", "contoso.thing", "--json"]).expect(0);
    assert!(done.err.contains("contoso.thing"), "{done:?}");
    let answer = done.json();
    assert_eq!(answer["capabilities"][0]["known"], false);
    assert!(answer["capabilities"][0]["sid"].as_str().unwrap().starts_with("S-1-15-3-1024-"));
}

#[test]
fn a_capability_that_breaks_isolation_or_only_looks_like_one_is_refused() {
    let world = World::new();
    let ask = |name: &str| world.lowbox(["token", "--name", "app", "--capability", name]).expect(125);
    ask("permissiveLearningMode").says("permissiveLearningMode is refused");
    ask("permi\u{17f}\u{17f}iveLearningMode").says("outside of ASCII");
    ask("S-1-15-3-7").says("by name");
    ask("a b").says("no name of a capability");
    world.lowbox(["token"]).expect(125).says("--manifest");
}

#[test]
fn what_in_a_manifest_does_not_do_what_it_says_is_warned_of() {
    let world = World::new();
    let full_trust = application("Old", "old.exe", r#"EntryPoint="Windows.FullTrustApplication""#);
    world.file("m.xml", &manifest(&full_trust, r#"<Capability Name="documentsLibrary"/>"#));
    let done = world.lowbox(["token", "--manifest", "m.xml", "--json"]).expect(0);
    let done = done.says("declared to run with full trust; lowbox isolates it all the same");
    let done = done.says(r#"<uap:Capability Name="documentsLibrary"/>"#);
    assert_eq!(done.json()["withheld"][0]["name"], "documentsLibrary");
}

#[test]
fn a_malformed_manifest_is_refused_with_its_place() {
    let world = World::new();
    world.file("m.xml", "<Package>\n  <Identity");
    world.lowbox(["token", "--manifest", "m.xml"]).expect(125).says("m.xml:");
    world.lowbox(["token", "--manifest", "missing.xml"]).expect(125).says("missing.xml: No such file");
    world.file("big.xml", &"x".repeat(2 << 20));
    world.lowbox(["token", "--manifest", "big.xml"]).expect(125).says("big.xml: ");
    world.lowbox(["token", "--manifest", "."]).expect(125).says("directory");
    world.is_untouched();
}
