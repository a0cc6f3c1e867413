//! Tools and interpreters at real work, with the grants that they need.

use lowbox_program_tests::{Person, everyone, finish};

#[test]
fn git_clones_commits_and_shows_its_log_in_a_granted_folder() {
    everyone(|person| {
        let source = person.folder("source");
        person.file("source/a.txt", "one\n");
        let script = "set -e; git init -q .; git config user.name P; git config user.email p@example.com; \
            git add .; git commit -qm First";
        finish(person.plain(["/bin/sh", "-c", &format!("cd {} && {script}", source.display())]), 60)
            .succeeded();
        let copy = person.folder("copy");
        let grants = [Person::grant(&source, "r"), Person::grant(&copy, "rw")].concat();
        let script = format!(
            "set -e; cd {}; git clone -q {} repo; cd repo; echo two >> a.txt; echo new > b.txt; \
             git status --porcelain; git add .; \
             git -c user.name=P -c user.email=p@example.com commit -qm Second; git log --format=%s; git fsck --no-progress",
            copy.display(),
            source.display()
        );
        let output = finish(person.inside(grants, ["/bin/sh", "-c", &script]), 60).succeeded();
        assert_eq!(output.lines().collect::<Vec<_>>(), [" M a.txt", "?? b.txt", "Second", "First"]);
    });
}

#[test]
fn gcc_compiles_a_program_with_threads_which_then_runs() {
    everyone(|person| {
        let folder = person.folder("c");
        person.file(
            "c/threads.c",
            r#"
            #include <pthread.h>
            #include <stdio.h>
            static _Atomic long sum;
            static void *add(void *unused) { for (int i = 0; i < 10000; i++) sum++; return unused; }
            int main(void) {
                pthread_t threads[32];
                for (int i = 0; i < 32; i++) if (pthread_create(&threads[i], 0, add, 0)) return 1;
                for (int i = 0; i < 32; i++) pthread_join(threads[i], 0);
                printf("%ld\n", (long)sum);
            }"#,
        );
        let script = format!("cd {} && gcc -pthread -O1 -o threads threads.c && ./threads", folder.display());
        let ended = finish(person.inside(Person::grant(&folder, "rwx"), ["/bin/sh", "-c", &script]), 60);
        assert_eq!(ended.succeeded(), "320000");
    });
}

#[test]
fn a_folder_granted_without_execution_runs_nothing() {
    everyone(|person| {
        let folder = person.folder("c");
        let script = format!("cd {} && cp /bin/true t && chmod +x t && ./t", folder.display());
        let ended = finish(person.inside(Person::grant(&folder, "rw"), ["/bin/sh", "-c", &script]), 60);
        assert_eq!(ended.code(), Some(126), "{}", ended.stderr);
    });
}

#[test]
fn sqlite_keeps_a_database_in_a_granted_folder_and_python_reads_it() {
    everyone(|person| {
        let folder = person.folder("db");
        let script = format!(
            "cd {} && sqlite3 x.db 'pragma journal_mode=wal; create table t(a); insert into t values (40), (2);' >/dev/null \
             && /usr/bin/python3 -c 'import sqlite3; print(sqlite3.connect(\"x.db\").execute(\"select sum(a) from t\").fetchone()[0])'",
            folder.display()
        );
        let ended = finish(person.inside(Person::grant(&folder, "rw"), ["/bin/sh", "-c", &script]), 60);
        assert_eq!(ended.succeeded(), "42");
    });
}

#[test]
fn tar_and_gzip_pack_and_unpack() {
    everyone(|person| {
        let folder = person.folder("pack");
        person.file("pack/in/deep/file", "content\n");
        let script = format!(
            "set -e; cd {}; tar czf a.tgz in; gzip -t a.tgz; mkdir out; tar xzf a.tgz -C out; cmp in/deep/file out/in/deep/file; \
             mv out/in/deep/file moved; cat moved",
            folder.display()
        );
        let ended = finish(person.inside(Person::grant(&folder, "rw"), ["/bin/sh", "-c", &script]), 60);
        assert_eq!(ended.succeeded(), "content");
    });
}

#[test]
fn node_uses_files_children_workers_and_a_server_of_its_own() {
    everyone(|person| {
        let folder = person.folder("node");
        let script = person.file(
            "node/main.js",
            r#"
            const fs = require('fs'), http = require('http'), path = require('path');
            const { execFileSync } = require('child_process');
            const { Worker } = require('worker_threads');
            const file = path.join(__dirname, 'out.txt');
            fs.writeFileSync(file, 'written');
            const child = execFileSync('/bin/echo', ['child']).toString().trim();
            const worker = new Worker('require("worker_threads").parentPort.postMessage(6 * 7)', { eval: true });
            worker.once('message', (answer) => {
                const server = http.createServer((_, response) => response.end('served'));
                server.listen(0, '127.0.0.1', () => {
                    http.get({ port: server.address().port, host: '127.0.0.1' }, (response) => {
                        let body = '';
                        response.on('data', (data) => (body += data));
                        response.on('end', () => {
                            server.close();
                            console.log(fs.readFileSync(file, 'utf8'), child, answer, body);
                        });
                    });
                });
            });"#,
        );
        let command = ["node".as_ref(), script.as_os_str()];
        let ended = finish(person.inside(Person::grant(&folder, "rw"), command), 60);
        assert_eq!(ended.succeeded(), "written child 42 served");
    });
}

#[test]
fn a_venv_in_the_home_folder_runs_with_its_own_packages() {
    everyone(|person| {
        let venv = person.home().join("venv");
        let make = ["/usr/bin/python3", "-m", "venv", "--without-pip", &venv.display().to_string()];
        finish(person.plain(make), 120).succeeded();
        let script = "import glob, sys; print(glob.glob(sys.prefix + '/lib/python3*/site-packages')[0])";
        let python = venv.join("bin/python").display().to_string();
        let packages = finish(person.plain([&python, "-c", script]), 60).succeeded();
        let own = format!("{packages}/own.py");
        let write = format!("open({own:?}, 'w').write('answer = 42')");
        finish(person.plain(["/usr/bin/python3", "-c", &write]), 60).succeeded();
        let secret = person.home().join("secret");
        std::fs::write(&secret, "x").expect("a file in the home folder");
        let script = format!(
            "import os, own, sys; print(own.answer, sys.prefix == {:?}, os.path.exists({:?}))",
            venv.display().to_string(),
            secret.display().to_string()
        );
        let ended = finish(person.inside([""; 0], [python.as_str(), "-c", script.as_str()]), 60);
        assert_eq!(ended.succeeded(), "42 True False");
    });
}

#[test]
fn cargo_builds_and_runs_a_crate_in_a_granted_folder() {
    everyone(|person| {
        let real_home = std::env::var("HOME").expect("a home folder");
        let tools = std::env::var("RUSTUP_HOME").unwrap_or_else(|_| format!("{real_home}/.rustup"));
        let with_tools = |mut command: std::process::Command| {
            command.env("RUSTUP_HOME", &tools);
            command
        };
        let version = with_tools(person.plain(["cargo", "--version"]));
        if !finish(version, 60).status.success() {
            // rustup installs for one user: nobody else may read it, without lowbox as well.
            eprintln!("not tried as {}: cargo of {tools} is closed to them", person.name);
            return;
        }
        let folder = person.folder("crate");
        person.file(
            "crate/Cargo.toml",
            "[package]\nname = \"hello\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n",
        );
        person.file("crate/src/main.rs", "fn main() { println!(\"{}\", std::env::args().count()); }\n");
        let mut options = Person::grant(&folder, "rwx").to_vec();
        options.extend(["--env".into(), "RUSTUP_HOME".into(), "--chdir".into(), folder.clone().into()]);
        let run = with_tools(person.inside(options, ["cargo", "run", "--offline", "--quiet", "--", "one"]));
        assert_eq!(finish(run, 300).succeeded(), "2");
    });
}
