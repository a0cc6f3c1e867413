//! What Windows programs are told of their container, when they ask Windows' functions for it.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use lowbox_program_tests::{
    Person, everyone_with_wine, finish, found, install_folder, own_windows_program, start, text, until,
    windows_program,
};

/// The lines of the program's answers.
fn said(person: &Person, words: &[&str]) -> Vec<String> {
    let ended = finish(person.lowbox(words), 120);
    assert_eq!(ended.stderr, "", "{words:?}");
    ended.succeeded().replace('\r', "").lines().map(str::to_owned).collect()
}

/// What lowbox says of the token: the package's SID, and those of its capabilities.
fn token(person: &Person, words: &[&str]) -> (String, Vec<String>) {
    let said = finish(person.lowbox(&[&["token", "--json"], words].concat()), 30).succeeded();
    let answer: serde_json::Value = serde_json::from_str(&said).unwrap();
    let text = |value: &serde_json::Value| value.as_str().expect("a SID").to_owned();
    let capabilities = answer["capabilities"].as_array().expect("a list");
    (text(&answer["package"]["sid"]), capabilities.iter().map(|one| text(&one["sid"])).collect())
}

fn user(person: &Person) -> &'static str {
    if person.name == "the calling user" && person.is_root() { "lowbox" } else { "person" }
}

/// What is the same for all containers.
const EVERYWHERE: [&str; 5] = [
    "TokenIsAppContainer: 1",
    "TokenAppContainerNumber: 1",
    "TokenIsLessPrivilegedAppContainer: 0",
    "TokenElevation: 0",
    "TokenIntegrityLevel: S-1-16-4096 60",
];

/// What Wine answers as before, and what is wrong on Windows, too.
const PLAIN: [&str; 2] = ["TokenUser: there", "no token: 0 6"];

/// Every function of the changed libraries is still there.
const LIBRARIES: [&str; 2] =
    ["kernelbase.dll: large, 0 out of order, 0 missing", "kernel32.dll: large, 0 out of order, 0 missing"];

fn has(lines: &[String], wanted: &[impl AsRef<str>]) {
    for wanted in wanted {
        assert!(lines.iter().any(|line| line == wanted.as_ref()), "{}\nin {lines:#?}", wanted.as_ref());
    }
}

#[test]
fn a_bare_command_is_told_of_its_container_and_of_no_package() {
    everyone_with_wine(|person| {
        own_windows_program(person, "told");
        let options = ["--name", "asker", "--capability", "internetClient", "--capability", "microphone"];
        let (sid, capabilities) = token(person, &options);
        let names = [
            "c:internetClient",
            "c:MICROPHONE",
            "c:registryRead",
            "c:isolatedWin32-promptForAccess",
            "c:webcam",
        ];
        let containers = ["p:asker_skka0dbfxa7qg", "p:Microsoft.MicrosoftEdge_8wekyb3d8bbwe"];
        let command = [&["run"], &options[..], &["--", "./told.exe"], &names, &containers].concat();
        let lines = said(person, &command);
        has(&lines, &EVERYWHERE);
        has(&lines, &PLAIN);
        has(&lines, &LIBRARIES);
        has(&lines, &[format!("TokenAppContainerSid: {sid}")]);
        let held: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("capability: ")).collect();
        assert_eq!(held, capabilities.iter().map(|sid| format!("{sid} 4")).collect::<Vec<_>>());
        assert_eq!(held.len(), 2);
        let none = [
            "GetCurrentPackageFullName: error 15700",
            "GetCurrentPackageFamilyName: error 15700",
            "GetCurrentPackagePath: error 15700",
            "GetCurrentPackageId: error 15700",
            "GetPackageFullName: error 15700",
            "GetPackageFamilyName: error 15700",
            "GetCurrentApplicationUserModelId: error 15703",
            "GetApplicationUserModelId: error 15703",
        ];
        has(&lines, &none);
        let folder = format!(r"C:\users\{}\AppData\Local\Packages\asker_skka0dbfxa7qg\AC", user(person));
        has(
            &lines,
            &[
                format!("GetAppContainerFolderPath: 0 {folder}"),
                "its folder: can be written".to_owned(),
                "heap: whole".to_owned(),
                // ERROR_FILE_NOT_FOUND and E_INVALIDARG.
                "GetAppContainerFolderPath of another: 80070002".to_owned(),
                "GetAppContainerFolderPath of none: 80070057".to_owned(),
                format!(r"GetAppContainerNamedObjectPath: AppContainerNamedObjects\{sid} whole"),
                // SIDs of names: what lowbox derives, and what Windows' own packages and capabilities are known to have.
                format!("p:asker_skka0dbfxa7qg: 0 {sid}"),
                "p:Microsoft.MicrosoftEdge_8wekyb3d8bbwe: 0 S-1-15-2-3624051433-2125758914-1423191267-1740899205-1073925389-3782572162-737981194"
                    .to_owned(),
            ],
        );
        let registry_read =
            "1065365936-1281604716-3511738428-1654721687-432734479-3232135806-4053264122-3456934681";
        has(&lines, &[format!("c:registryRead: S-1-15-3-1024-{registry_read} S-1-5-32-{registry_read} 0")]);
        // Those with SIDs of their own, held and not held.
        let others = ["--capability", "isolatedWin32-promptForAccess", "--capability", "webcam"];
        let (_, others) = token(person, &[&["--name", "asker"], &others[..]].concat());
        for (name, sid, held) in [
            ("internetClient", "S-1-15-3-1", 1),
            ("MICROPHONE", capabilities[1].as_str(), 1),
            ("isolatedWin32-promptForAccess", others[0].as_str(), 0),
            ("webcam", others[1].as_str(), 0),
        ] {
            let line = lines.iter().find(|line| line.starts_with(&format!("c:{name}: {sid} S-1-5-32-")));
            assert!(line.is_some_and(|line| line.ends_with(&format!(" {held}"))), "{name} {sid}: {lines:#?}");
        }
    });
}

#[test]
fn an_installed_package_is_told_who_it_is_and_a_manifests_program_too() {
    everyone_with_wine(|person| {
        install(person);
        let (sid, capabilities) = token(person, &["Contoso.Told!App"]);
        assert_eq!(capabilities.len(), 2);
        let full = "Contoso.Told_1.2.3.4_x64__h91ms92gdsmmt";
        let family = "Contoso.Told_h91ms92gdsmmt";
        let of = |folder: &str| {
            let held = capabilities.iter().map(|sid| format!("capability: {sid} 4"));
            let rest = [
                format!("TokenAppContainerSid: {sid}"),
                format!("GetCurrentPackageFullName: {full}"),
                format!("GetPackageFullName: {full}"),
                format!("GetCurrentPackageFamilyName: {family}"),
                format!("GetPackageFamilyName: {family}"),
                format!("GetCurrentApplicationUserModelId: {family}!App"),
                format!("GetApplicationUserModelId: {family}!App"),
                format!("GetCurrentPackagePath: {folder}"),
                "GetCurrentPackageId: 9 1000200030004 Contoso.Told CN=Contoso - h91ms92gdsmmt".to_owned(),
                // ERROR_INVALID_HANDLE.
                "GetPackageFullName of none: error 6".to_owned(),
            ];
            held.chain(rest).collect::<Vec<_>>()
        };
        let lines = said(person, &["run", "Contoso.Told!App"]);
        has(&lines, &EVERYWHERE);
        has(&lines, &of(&format!(r"C:\Program Files\WindowsApps\{full}")));
        // Another application of it, in the container that is kept of the first one: a container has one file of answers.
        said(person, &["run", "--keep-warm", "60", "Contoso.Told!App"]);
        let lines = said(person, &["run", "--keep-warm", "60", "Contoso.Told!Other"]);
        has(
            &lines,
            &[
                format!("GetCurrentApplicationUserModelId: {family}!Other"),
                format!("GetCurrentPackageFullName: {full}"),
            ],
        );
        // Without being installed.
        finish(person.lowbox(&["remove", "Contoso.Told"]), 30).succeeded();
        let manifest = person.work().join("app/AppxManifest.xml");
        let lines = said(person, &["run", "--manifest", text(&manifest), "--app", "App"]);
        has(&lines, &of(r"D:\app"));
    });
}

fn install(person: &Person) {
    let manifest = include_str!("../data/told.xml");
    person.file("app/AppxManifest.xml", manifest);
    person.file("app/logo.png", "a picture");
    fs::copy(windows_program("told"), person.file("app/told.exe", "")).unwrap();
    install_folder(person, "app");
}

#[test]
fn what_it_is_told_can_not_be_changed_from_inside_and_needs_nothing_to_be_granted() {
    everyone_with_wine(|person| {
        own_windows_program(person, "told");
        own_windows_program(person, "reach");
        let learn = ["learn", "--name", "asker", "--out", "learned", "--", "./told.exe"];
        let learned = finish(person.lowbox(&learn), 120).succeeded().replace('\r', "");
        let answers = person.package("asker").join("Wine/dosdevices/lowbox");
        let by_unix = format!(r"w:\\?\unix{}", text(&answers).replace('/', r"\"));
        let words = [r"w:\\.\lowbox", &by_unix, r"r:\\.\lowbox"];
        let lines = said(person, &[&["run", "--name", "asker", "--", "./reach.exe"], &words[..]].concat());
        assert_eq!(lines[..2], [r"w:\\.\lowbox: no".to_owned(), format!("{by_unix}: no")]);
        assert_ne!(lines[2], r"r:\\.\lowbox: no");
        // Who is learned about is told the same, and what tells is the container's own.
        let (sid, _) = token(person, &["--name", "asker"]);
        let lines: Vec<String> = learned.lines().map(str::to_owned).collect();
        has(&lines, &EVERYWHERE);
        has(&lines, &[format!("TokenAppContainerSid: {sid}")]);
        let needed = found(person, &person.work().join("learned/records.trace")).needed;
        assert!(needed.iter().all(|[_, value]| !value.contains("Wine")), "{needed:?}");
    });
}

#[test]
fn wines_files_of_another_lowbox_are_made_anew_and_go_unless_a_program_uses_them() {
    everyone_with_wine(|person| {
        if person.is_root() {
            println!("left out for root: nothing in it is about who somebody is, and it takes a minute");
            return;
        }
        own_windows_program(person, "keep");
        let templates = person.home().join(".local/share/lowbox/wine");
        let all = || {
            let names = fs::read_dir(&templates).unwrap().map(|entry| entry.unwrap().path());
            let mut names: Vec<PathBuf> = names.filter(|path| path.is_dir()).collect();
            names.sort();
            names
        };
        // As another one's would be called.
        let grow_old = |other: &str| {
            let is_ours = |path: &&PathBuf| !text(path).contains("-0000000");
            let own = all().iter().find(is_ours).expect("one of this lowbox").clone();
            let name = own.file_name().unwrap().to_str().unwrap();
            let parts: Vec<&str> = name.splitn(3, '-').collect();
            let old = templates.join([parts[0], other, parts[2]].join("-"));
            fs::rename(&own, &old).unwrap();
            (own, old)
        };
        let used = start(person.inside(["--name", "one"], ["./keep.exe", "120000"]));
        let is_there = || {
            person.package_so_far("one").is_some_and(|one| {
                one.join("WineChanges/upper/user.reg").exists()
                    || one.join("WineChanges/upper/drive_c/runs.txt").exists()
            })
        };
        assert!(until(Duration::from_secs(60), is_there));
        let (own, old) = grow_old("00000001");
        let run = || finish(person.inside(["--name", "two"], ["./keep.exe"]), 180);
        let ended = run();
        assert!(ended.stderr.contains("making Wine's files"), "{}", ended.stderr);
        assert_eq!(ended.text(), "0 0");
        assert_eq!(all(), [old.clone(), own.clone()], "the program that runs uses the old one");
        finish(person.plain(["kill", &used.pid().to_string()]), 10).succeeded();
        used.finish(30);
        let (_, older) = grow_old("00000002");
        assert_eq!(run().text(), "1 1");
        assert_eq!(all(), [own], "{} and {} are of no use", old.display(), older.display());
    });
}
