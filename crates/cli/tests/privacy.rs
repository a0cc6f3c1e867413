//! Privacy-sensitive capabilities need the user's consent; the publisher's folder needs its capability.

mod common;

use std::fs;
use std::path::PathBuf;

use common::{SILO, World, application, manifest, run};
use serde_json::json;

const PRIVATE: &str = r#"<Capability Name="internetClient"/><uap:Capability Name="documentsLibrary"/>"#;
const PUBLISHER: &str = r#"<rescap:Capability Name="isolatedWin32-accessToPublisherDirectory"/>"#;

/// A manifest of a package of that name and publisher.
fn package(world: &World, name: &str, publisher: &str, capabilities: &str) -> PathBuf {
    let text = manifest(&application("App", "bin/report", SILO), capabilities)
        .replace("Contoso.Report", name)
        .replace("CN=Contoso", publisher);
    world.file(format!("{name}.xml"), &text)
}

#[test]
fn a_declared_capability_opens_nothing_until_the_user_allows_it() {
    let world = World::new();
    let manifest = package(&world, "Contoso.Report", "CN=Contoso", PRIVATE);
    let manifest = manifest.to_str().unwrap();
    fs::create_dir(world.home().join("Documents")).unwrap();
    fs::write(world.home().join("Documents/letter"), "dear\n").unwrap();
    let letter = world.home().join("Documents/letter");
    let script = format!("cat {} || echo closed", letter.display());
    let start = |more: &[&str]| {
        let arguments = ["run", "--manifest", manifest];
        world.lowbox(arguments.iter().chain(more).chain(&["--", "sh", "-c", &script]))
    };
    let token = || world.lowbox(["token", "--manifest", manifest, "--json"]).expect(0).json();
    let explained = || {
        world.lowbox(["explain", letter.to_str().unwrap(), "--manifest", manifest, "--json"]).expect(0).json()
    };
    let names = |token: &serde_json::Value| -> Vec<String> {
        let list = token["capabilities"].as_array().unwrap();
        list.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };

    let first = start(&[]).expect(0).prints("closed\n");
    let family = token()["package"]["family_name"].as_str().unwrap().to_owned();
    let advice = format!("lowbox consent grant --package {family} --capability documentsLibrary");
    let first = first.says("you have not allowed it").says(&advice);
    assert!(!first.err.contains("does not ask yet"), "{first:?}");
    assert_eq!(names(&token()), ["internetClient"]);
    assert_eq!(token()["withheld"], json!([{"name": "documentsLibrary", "consent": "undecided"}]));
    assert_eq!(explained()["granted"], false);

    // On lowbox's own command line it is the user's word, for this run.
    start(&["--capability", "DocumentsLibrary"]).expect(0).prints("dear\n");
    assert_eq!(explained()["granted"], false);

    let advice: Vec<&str> = advice.split(' ').skip(1).collect();
    world.lowbox(&advice).expect(0);
    let allowed = start(&[]).expect(0).prints("dear\n");
    assert!(!allowed.err.contains("documentsLibrary"), "{allowed:?}");
    assert_eq!(names(&token()), ["internetClient", "documentsLibrary"]);
    assert_eq!(token()["withheld"], json!([]));
    assert_eq!(explained()["granted"], true);
    let listed = world.lowbox(["consent", "list", "--json"]).json();
    assert!(listed[0]["last_used"].is_string(), "{listed}");

    world.lowbox(["consent", "revoke", "--package", &family, "--capability", "documentsLibrary"]).expect(0);
    start(&[]).expect(0).prints("closed\n");
}

#[test]
fn revoking_a_capability_ends_the_container_whose_token_has_it() {
    let world = World::new();
    let manifest = package(&world, "Contoso.Report", "CN=Contoso", PRIVATE);
    let grant = ["consent", "grant", "--capability", "documentsLibrary", "--manifest"];
    world.lowbox(grant.iter().copied().chain([manifest.to_str().unwrap()])).expect(0);
    let mut command = world.command(env!("CARGO_BIN_EXE_lowbox"));
    command.args(["run", "--manifest"]).arg(&manifest).args(["--", "sleep", "60"]);
    let mut running = command.spawn().unwrap();
    let show = || world.lowbox(["consent", "show", "--capability", "documentsLibrary", "--json"]).json();
    for _ in 0..1000 {
        if show()["held_by"][0]["pid"] == running.id() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let done =
        world.lowbox(["consent", "revoke", "--capability", "documentsLibrary", "--json"]).expect(0).json();
    assert_eq!(done["held_by"][0]["outcome"], "ended");
    assert_eq!(running.wait().unwrap().code(), Some(137));
}

#[test]
fn packages_of_one_publisher_share_a_folder_that_no_other_publisher_sees() {
    let world = World::new();
    let [one, two] = ["One", "Two"].map(|name| package(&world, name, "CN=Contoso", PUBLISHER));
    let stranger = package(&world, "Stranger", "CN=Fabrikam", PUBLISHER);
    let without = package(&world, "Without", "CN=Contoso", "");
    let token = world.lowbox(["token", "--json", "--manifest", one.to_str().unwrap()]).expect(0).json();
    let id = token["package"]["publisher_id"].as_str().unwrap();
    let folder = world.home().join(".local/share/lowbox/publisher").join(id);
    let shown = folder.display();
    let inside = |manifest: &PathBuf, script: &str| {
        let mut command = world.command(env!("CARGO_BIN_EXE_lowbox"));
        command.args(["run", "--manifest"]).arg(manifest).args(["--", "sh", "-c", script]);
        run(command, b"")
    };
    let script = format!(
        "set -e; cd {shown}; mkdir sub; echo from one > sub/note; cp /bin/true tool; chmod 700 tool sub/note; stat -c %u . note sub 2>/dev/null | sort -u"
    );
    inside(&one, &script).expect(0);
    let script = format!(
        "set -e; cd {shown}; cat sub/note; echo from two >> sub/note; ./tool; mv sub/note moved; rmdir sub; stat -c %u:%U ."
    );
    let done = inside(&two, &script).expect(0).prints("from one\n");
    assert!(!done.out.contains("nobody"), "the folder is its own: {done:?}");
    inside(&one, &format!("cat {shown}/moved")).expect(0).prints("from one\nfrom two\n");
    // On the host nothing of it is root's, nor anybody else's.
    use std::os::unix::fs::MetadataExt;
    let owner = fs::metadata(&folder).unwrap().uid();
    assert_ne!(owner, 0);
    assert_eq!(fs::metadata(folder.join("moved")).unwrap().uid(), owner);
    assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);

    for other in [&stranger, &without] {
        let done = inside(other, &format!("cat {shown}/moved; ls {}", folder.parent().unwrap().display()));
        assert!(!done.out.contains("from") && !done.out.contains(id), "{done:?}");
    }
    // Root's other packages can't reach it by its own path either.
    inside(&stranger, &format!("echo x > {shown}/../x")).expect(2);
}
