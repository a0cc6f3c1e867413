//! Windows programs that nobody here wrote: run isolated, learned about, and run again with what was learned and no more.

use std::fs;
use std::path::{Path, PathBuf};

use lowbox_program_tests::{
    Needed, Person, everyone_with_wine, fetched_windows_program, files, finish, found, text,
};

/// Runs a test as everyone, each with a program of their own in `bin`; not at all where it was not fetched.
fn everyone_with(program: &str, test: impl Fn(&Person)) {
    let Some(fetched) = fetched_windows_program(program) else { return };
    everyone_with_wine(|person| {
        fs::copy(&fetched, person.file(Path::new("bin").join(program), "")).unwrap();
        test(person);
    });
}

/// What lies beneath a folder: each file with its bytes.
fn tree(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = files(folder)
        .into_iter()
        .map(|path| (text(path.strip_prefix(folder).unwrap()).to_owned(), fs::read(&path).unwrap()))
        .collect();
    all.sort();
    all
}

/// Files of several kinds, of names that Windows has and ASCII has not, and an empty one.
fn source(person: &Person) -> PathBuf {
    person.file("source/a.txt", "text\n");
    person.file("source/deep/empty", "");
    person.file("source/deep/größe ✓.txt", "Größe\n");
    let random: Vec<u8> = (0..300_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    fs::write(person.file("source/deep/bytes.bin", ""), random).unwrap();
    person.folder("source")
}

/// An archive as Python's library reads it, unpacked.
fn unpacked(person: &Person, archive: &Path) -> Vec<(String, Vec<u8>)> {
    let place = person.folder("by-python");
    fs::remove_dir_all(&place).unwrap();
    person.folder("by-python");
    let unpack = ["/usr/bin/python3", "-m", "zipfile", "-e", text(archive), text(&place)];
    finish(person.plain(unpack), 60).succeeded();
    tree(&place)
}

/// Learns what a command needs, which has to be enough; without a part of it that is about more than the program's own folder or one
/// above, the command does not do what it does. `does` says what came of it, and makes it undone.
fn is_learned(person: &Person, command: &[&str], does: &dyn Fn() -> bool) -> Vec<Needed> {
    let trace = person.work().join("lesson.trace");
    let _ = fs::remove_file(&trace);
    let learn = ["learn", "--no-argument-grants", "--no-results", "--trace", text(&trace), "--"];
    let ended = finish(person.lowbox(&[&learn[..], command].concat()), 120);
    assert!(does(), "{}: learning: {}\n{}", person.name, ended.text(), ended.stderr);
    let found = found(person, &trace);
    // Wine lists the program's folder, and 7-Zip that in which it works: they need not find all in it.
    let bin = person.work().join("bin");
    let of_its_folder = |needed: &Needed| {
        let path = Path::new(needed[1].rsplit_once(':').unwrap().0);
        path.starts_with(&bin) || bin.starts_with(path)
    };
    assert!(found.needed.iter().all(|[option, _]| option == "--grant"), "{:?}", found.needed);
    let run = |needed: &[&Needed]| {
        let options = needed.iter().flat_map(|pair| pair.iter().map(String::as_str));
        let options = options.chain(["--no-argument-grants"]);
        let ended = finish(person.inside(options, command), 120);
        (does(), format!("{}\n{}", ended.text(), ended.stderr))
    };
    let (worked, said) = run(&found.needed.iter().collect::<Vec<_>>());
    assert!(worked, "{}: {:?}: {said}", person.name, found.needed);
    let parts: Vec<&Needed> = found.needed.iter().filter(|part| !of_its_folder(part)).collect();
    assert!(!parts.is_empty(), "{}: {:?}", person.name, found.needed);
    // One of them, for the time that it takes.
    let without = parts[0];
    let (worked, _) = run(&found.needed.iter().filter(|part| *part != without).collect::<Vec<_>>());
    assert!(!worked, "{}: works without {without:?} of {:?}", person.name, found.needed);
    found.needed
}

#[test]
fn seven_zip_packs_and_unpacks_what_was_granted_and_reaches_nothing_else() {
    everyone_with("7za.exe", |person| {
        let source = source(person);
        let expected = tree(&source);
        let (packed, back) = (person.folder("packed"), person.folder("back"));
        let secret = person.file("secret/key.txt", "secret\n");
        let archive = packed.join("all.zip");
        let grants =
            || [Person::grant(&source, "r"), Person::grant(&packed, "rw"), Person::grant(&back, "rw")];
        let options = || grants().concat().into_iter().chain(["--no-argument-grants".into()]);
        // Inside, what was not granted does not exist by any name.
        let by_unix = format!(r"\\?\unix{}", text(&secret).replace('/', r"\"));
        let pack = [
            "bin/7za.exe",
            "a",
            "-tzip",
            "-bd",
            r"packed\all.zip",
            r".\source\*",
            r"secret\key.txt",
            &by_unix,
        ];
        let ended = finish(person.inside(options(), pack), 60);
        assert_eq!(unpacked(person, &archive), expected, "{}: {}", person.name, ended.stderr);
        let unpack = ["bin/7za.exe", "x", "-y", "-bd", r"packed\all.zip", "-oback"];
        finish(person.inside(options(), unpack), 60).succeeded();
        assert_eq!(tree(&back), expected, "{}", person.name);
        let beside = ["bin/7za.exe", "x", "-y", "-bd", r"packed\all.zip", "-osecret"];
        finish(person.inside(options(), beside), 60);
        assert_eq!(tree(&person.work().join("secret")), [("key.txt".to_owned(), b"secret\n".to_vec())]);
        assert_eq!(tree(&source), expected);
    });
}

#[test]
fn seven_zip_packs_and_unpacks_with_what_was_learned() {
    everyone_with("7za.exe", |person| {
        let source = source(person);
        let expected = tree(&source);
        let (packed, back) = (person.folder("packed"), person.folder("back"));
        let archive = packed.join("all.zip");
        let has_packed = || {
            let is_whole = archive.exists() && unpacked(person, &archive) == expected;
            let _ = fs::remove_file(&archive);
            is_whole
        };
        let pack = ["bin/7za.exe", "a", "-tzip", "-bd", r"packed\all.zip", r".\source\*"];
        is_learned(person, &pack, &has_packed);
        // Python packs and 7-Zip unpacks.
        let script = "import pathlib, sys, zipfile\n\
                      with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as made:\n\
                      \x20   root = pathlib.Path(sys.argv[2])\n\
                      \x20   [made.write(path, path.relative_to(root)) for path in root.rglob('*')]\n";
        finish(person.plain(["/usr/bin/python3", "-c", script, text(&archive), text(&source)]), 60)
            .succeeded();
        let has_unpacked = || {
            let is_whole = tree(&back) == expected;
            fs::remove_dir_all(&back).unwrap();
            person.folder("back");
            is_whole
        };
        let unpack = ["bin/7za.exe", "x", "-y", "-bd", r"packed\all.zip", "-oback"];
        is_learned(person, &unpack, &has_unpacked);
    });
}

/// What Wine 8 has trouble with is left out: standard output that is a pipe, and an error of a socket that is closed already.
const SERVER: &str = r#"
const http = require('http'), fs = require('fs'), { spawn } = require('child_process');
const whole = (stream, then) => { let all = ''; stream.on('data', part => all += part); stream.on('end', () => then(all)); };
const server = http.createServer((asked, answer) => whole(asked, body => answer.end(`${asked.method} ${asked.url} ${body}`)));
server.listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    const question = http.request({ host: '127.0.0.1', port, method: 'POST', path: '/question' }, answer => whole(answer, said => {
        server.close();
        const out = fs.openSync('out\\child.txt', 'w');
        const child = spawn(process.execPath, ['-e', 'console.log(40 + 2, process.argv[1])', 'word'], { stdio: ['ignore', out, out] });
        child.on('exit', code => fs.writeFileSync('out\\said.txt', [
            said, code, fs.readFileSync('out\\child.txt', 'utf8').trim(), fs.readFileSync('data\\in.txt', 'utf8').trim(),
        ].join('|')));
    }));
    question.on('error', () => {});
    question.end('body');
});
"#;

#[test]
fn node_serves_itself_over_http_and_has_a_child_with_what_was_learned() {
    everyone_with("node.exe", |person| {
        person.file("app/server.js", SERVER);
        person.file("data/in.txt", "its input\n");
        let out = person.folder("out");
        let has_served = || {
            let said = fs::read_to_string(out.join("said.txt")).unwrap_or_default();
            fs::remove_dir_all(&out).unwrap();
            person.folder("out");
            said == "POST /question body|0|42 word|its input"
        };
        is_learned(person, &["bin/node.exe", "app/server.js"], &has_served);
    });
}

#[test]
fn a_script_of_node_finds_nothing_outside_and_changes_nothing() {
    everyone_with("node.exe", |person| {
        let secret = person.home().join("secret.txt");
        fs::write(&secret, "secret\n").unwrap();
        let script = r#"
const fs = require('fs'), [, , unix, out] = process.argv;
const windows = unix.replace(/\//g, '\\');
const names = [unix, 'Z:' + windows, '\\\\?\\unix' + windows, '..\\home\\secret.txt', '/etc/shadow', '\\\\?\\unix\\etc\\shadow'];
const tried = (name, what) => { try { what(name); return 1; } catch { return 0; } };
const read = names.filter(name => tried(name, name => fs.readFileSync(name)));
const written = names.filter(name => tried(name, name => fs.appendFileSync(name, 'planted', { flag: 'r+' })));
const listed = ['Z:\\', '\\\\?\\unix\\root', '\\\\?\\unix\\home', '..\\home'].filter(name => tried(name, name => fs.readdirSync(name).length || nothing));
fs.writeFileSync('out\\tried.txt', JSON.stringify([names.length, read, written, listed]));
"#;
        let script = person.file("app/try.js", script);
        let out = person.folder("out");
        let grants = [Person::grant(&script, "r"), Person::grant(&out, "rw")].concat();
        let options = grants.into_iter().chain(["--no-argument-grants".into()]);
        let ended = finish(person.inside(options, ["bin/node.exe", "app/try.js", text(&secret)]), 60);
        let tried = fs::read_to_string(out.join("tried.txt")).unwrap_or_default();
        assert_eq!(tried, "[6,[],[],[]]", "{}: {}", person.name, ended.stderr);
        assert_eq!(fs::read(&secret).unwrap(), b"secret\n");
    });
}

const LISTS: &str = r#"cmake_minimum_required(VERSION 3.20)
project(words LANGUAGES NONE)
configure_file(title.in title.txt @ONLY NEWLINE_STYLE UNIX)
add_custom_command(OUTPUT whole.txt COMMAND ${CMAKE_COMMAND} -E cat ${CMAKE_SOURCE_DIR}/one.part ${CMAKE_SOURCE_DIR}/two.part > whole.txt
    DEPENDS one.part two.part VERBATIM)
add_custom_command(OUTPUT sums.txt COMMAND ${CMAKE_COMMAND} -E sha256sum title.txt whole.txt > sums.txt DEPENDS whole.txt VERBATIM)
add_custom_target(everything ALL DEPENDS sums.txt)
"#;

#[test]
fn cmake_and_ninja_configure_and_build_a_tree_with_what_was_learned() {
    // CMake's own files lie in share, beside its folder of programs.
    let Some(cmake) = fetched_windows_program("cmake.exe") else { return };
    everyone_with("ninja.exe", |person| {
        for (name, text) in [("CMakeLists.txt", LISTS), ("title.in", "Title @PROJECT_NAME@\n")] {
            person.file(Path::new("tree").join(name), text);
        }
        person.file("tree/one.part", "one\n");
        person.file("tree/two.part", "two\n");
        let installed = cmake.parent().and_then(Path::parent).unwrap();
        let own = person.folder("bin");
        for part in ["bin/cmake.exe", "share"] {
            let place = own.join(Path::new(part).parent().unwrap());
            fs::create_dir_all(&place).unwrap();
            let copied =
                std::process::Command::new("cp").arg("-r").arg(installed.join(part)).arg(&place).status();
            assert!(copied.unwrap().success());
        }
        let build = person.folder("build");
        let configure = [
            "bin/bin/cmake.exe",
            "-G",
            "Ninja",
            "-DCMAKE_MAKE_PROGRAM=D:/bin/ninja.exe",
            "-S",
            "tree",
            "-B",
            "build",
        ];
        let has_configured = || {
            let title = fs::read_to_string(build.join("title.txt")).unwrap_or_default();
            let has = title == "Title words\n" && build.join("build.ninja").exists();
            fs::remove_dir_all(&build).unwrap();
            person.folder("build");
            has
        };
        let needed = is_learned(person, &configure, &has_configured);
        let options: Vec<&str> =
            needed.iter().flatten().map(String::as_str).chain(["--no-argument-grants"]).collect();
        finish(person.inside(&options, configure), 120).succeeded();
        let outputs = [build.join("whole.txt"), build.join("sums.txt")];
        let has_built = || {
            let [whole, sums] = outputs.each_ref().map(|path| fs::read_to_string(path).unwrap_or_default());
            let mut check = person.plain(["sha256sum", "title.txt", "whole.txt"]);
            check.current_dir(&build);
            let is_whole =
                whole == "one\ntwo\n" && sums.replace('\r', "").trim_end() == finish(check, 10).text();
            outputs.iter().for_each(|path| drop(fs::remove_file(path)));
            is_whole
        };
        is_learned(person, &["bin/ninja.exe", "-C", "build"], &has_built);
    });
}
