//! The user's libraries where Windows has them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use lowbox_program_tests::{everyone_with_wine, finish, found, own_windows_program, text};

#[test]
fn documents_lead_to_the_users_own_where_their_capability_is_held_and_are_the_containers_else() {
    everyone_with_wine(|person| {
        own_windows_program(person, "reach");
        let user = if person.name == "the calling user" && person.is_root() { "lowbox" } else { "person" };
        let at = |library: &str, file: &str| format!(r"C:\users\{user}\{library}\{file}");
        // Two of them, one under another name; the person's own, as the file is.
        for (folder, text) in [("Papers", "dear\n"), ("Pictures", "a picture\n")] {
            person.file(format!("../home/{folder}/letter.txt"), text);
        }
        person.file("../home/.config/user-dirs.dirs", "XDG_DOCUMENTS_DIR=\"$HOME/Papers\"\n");
        // Root's libraries are another user's to its programs, as without Wine.
        for folder in ["Papers", "Pictures"] {
            fs::set_permissions(person.home().join(folder), fs::Permissions::from_mode(0o777)).unwrap();
        }
        let (papers, pictures) = (person.home().join("Papers"), person.home().join("Pictures"));
        let words = [
            format!("r:{}", at("Documents", "letter.txt")),
            format!("w:{}", at("Documents", "new.txt")),
            format!("r:{}", at("Pictures", "letter.txt")),
            format!("w:{}", at("Pictures", "new.txt")),
        ];
        let run = |name: &str, options: &[&str]| {
            let options = [&["--name", name], options].concat();
            let command = ["./reach.exe".to_owned()].into_iter().chain(words.clone());
            let said = finish(person.inside(options, command), 60).succeeded().replace('\r', "");
            let answers = said.lines().map(|line| line.rsplit(": ").next().unwrap_or_default().to_owned());
            answers.collect::<Vec<_>>()
        };
        // Neither is held: both are the container's own, and stay so for it.
        assert_eq!(run("without", &[]), ["no", "made", "no", "made"]);
        assert!(!papers.join("new.txt").exists() && !pictures.join("new.txt").exists());
        let documents = ["--capability", "documentsLibrary"];
        assert_eq!(run("with", &documents), ["dear", "made", "no", "made"]);
        assert_eq!(fs::read_to_string(papers.join("new.txt")).unwrap(), "written");
        assert!(!pictures.join("new.txt").exists());
        // No longer: then they are the container's own, and empty.
        assert_eq!(run("with", &[]), ["no", "made", "no", "made"]);
        // What is learned is about the user's folder, and the capability is enough for it.
        fs::remove_file(papers.join("new.txt")).unwrap();
        let learn =
            [&["learn", "--name", "learner"], &documents[..], &["--out", "learned", "--", "./reach.exe"]];
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let said = finish(person.lowbox(&[&learn.concat()[..], &words].concat()), 90).succeeded();
        assert!(said.contains("dear") && papers.join("new.txt").exists(), "{said}");
        let needed = found(person, &person.work().join("learned/records.trace")).needed;
        assert!(needed.iter().all(|[_, value]| !value.contains(text(&papers))), "{needed:?}");
    });
}
