//! `lowbox capability`.

mod common;

use std::fs;

use common::{SILO, World, application, manifest};
use serde_json::json;

#[test]
fn the_whole_catalogue_is_listed() {
    let world = World::new();
    let all = world.lowbox(["capability", "list", "--json"]).expect(0).json();
    let all = all.as_array().unwrap();
    assert!(all.len() > 80, "{}", all.len());
    for capability in all {
        assert!(capability["sid"].as_str().unwrap().starts_with("S-1-15-3-"), "{capability}");
        assert!(
            ["accept", "warn", "refuse"].contains(&capability["verdict"].as_str().unwrap()),
            "{capability}"
        );
    }
    let text = world.lowbox(["capability", "list"]).expect(0);
    assert!(text.out.lines().count() >= all.len());
    text.prints("documentsLibrary").prints("(P)");
}

#[test]
fn what_a_manifest_declares_is_listed_with_what_the_catalogue_does_not_know() {
    let world = World::new();
    let capabilities = r#"<Capability Name="internetClient"/><rescap:Capability Name="somethingNew"/>"#;
    world.file("m.xml", &manifest(&application("App", "a", SILO), capabilities));
    let answer = world.lowbox(["capability", "list", "--declared-in", "m.xml", "--json"]).expect(0).json();
    assert_eq!((&answer[0]["name"], &answer[0]["known"]), (&json!("internetClient"), &json!(true)));
    assert_eq!((&answer[1]["name"], &answer[1]["known"]), (&json!("somethingNew"), &json!(false)));
    assert_eq!(answer.as_array().unwrap().len(), 2);
    world.lowbox(["capability", "list", "--declared-in", "m.xml"]).expect(0).prints("not in the catalogue");
}

#[test]
fn a_capability_shows_what_it_exposes_here() {
    let world = World::new();
    let show = || world.lowbox(["capability", "show", "documentslibrary", "--json"]).expect(0).json();
    let documents = world.home().join("Documents");
    let answer = show();
    assert_eq!(answer["name"], "documentsLibrary");
    assert_eq!(answer["declaration"], r#"<uap:Capability Name="documentsLibrary"/>"#);
    assert_eq!((&answer["privacy"], &answer["verdict"]), (&json!(true), &json!("accept")));
    let exposed = &answer["exposes"][0];
    assert_eq!(exposed["path"], documents.to_str().unwrap());
    assert_eq!((&exposed["exists"], &exposed["allow"]), (&json!(false), &json!(true)));
    assert_eq!(exposed["rights"], "0x1301df");
    fs::create_dir(&documents).unwrap();
    assert_eq!(show()["exposes"][0]["exists"], true);
    let text = world.lowbox(["capability", "show", "documentsLibrary"]).expect(0);
    text.prints("S-1-15-3-7").prints("privacy-sensitive").prints(documents.to_str().unwrap());
}

#[test]
fn an_entry_of_the_users_own_names_any_capability() {
    let world = World::new();
    let folder = world.home().join(".config/lowbox/objects.d");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("mine.objects"), "tree /srv/*.d D:(A;;FR;;;{contosoThing})\n").unwrap();
    let answer = world.lowbox(["capability", "show", "contosoThing", "--json"]).expect(0).json();
    assert_eq!(answer["known"], false);
    assert_eq!(answer["exposes"][0]["path"], "/srv/*.d");
    assert!(answer["exposes"][0]["origin"].as_str().unwrap().ends_with("mine.objects:1"));
}

#[test]
fn a_refused_capability_says_why() {
    let world = World::new();
    world.lowbox(["capability", "show", "permissiveLearningMode"]).expect(0).prints("refuse: ");
    world.lowbox(["capability", "show", "\u{1b}[2J"]).expect(125).says("no name of a capability");
    world.lowbox(["capability", "list", "--declared-in", "missing.xml"]).expect(125).says("missing.xml");
    world.is_untouched();
}
