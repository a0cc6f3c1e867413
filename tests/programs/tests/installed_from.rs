//! Packages that are installed from bundles and by `.appinstaller` files, from the disk and from a server; and newer ones later.

use std::path::Path;

use lowbox_program_tests::{FileServer, Person, Sample, everyone, finish};

/// An `.appinstaller` beside the packages.
fn app_installer(person: &Person, version: &str, uri: &str, dependencies: &str) -> String {
    let text = format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<AppInstaller xmlns="http://schemas.microsoft.com/appx/appinstaller/2018" Version="{version}">
  <MainPackage Name="Contoso.Tool" Publisher="CN=Contoso" Version="{version}" ProcessorArchitecture="neutral" Uri="{uri}"/>
  {dependencies}
</AppInstaller>
"#
    );
    person.file("tool.appinstaller", &text);
    "tool.appinstaller".to_owned()
}

fn install(person: &Person, what: &str) -> lowbox_program_tests::Ended {
    finish(person.lowbox(&["install", what, "--trust", "CN=Contoso.pem"]), 60)
}

fn run(person: &Person) -> String {
    finish(person.lowbox(&["run", "Contoso.Tool"]), 60).succeeded()
}

#[test]
fn of_a_bundle_the_package_for_this_machine_is_installed() {
    everyone(|person| {
        let sample = Sample::new("Contoso.Tool", "1.0.0.0");
        let package = sample.signed(person);
        let bundle = person.work().join("tool.msixbundle").to_string_lossy().into_owned();
        let pack = ["bundle", "pack", &package.to_string_lossy(), "-o", &bundle];
        finish(person.lowbox(&pack), 60).succeeded();
        let sign = ["sign", &bundle, "--cert", "CN=Contoso.pem", "--key", "CN=Contoso.key"];
        finish(person.lowbox(&sign), 60).succeeded();
        install(person, &bundle).succeeded();
        assert_eq!(run(person), "version 1.0.0.0:");
        // One byte of the package in it.
        let mut bytes = std::fs::read(&bundle).unwrap();
        let at = bytes.windows(9).position(|window| window == b"a picture").expect("a stored file");
        bytes[at] ^= 1;
        let broken = person.file("broken.msixbundle", "");
        std::fs::write(&broken, bytes).unwrap();
        finish(person.lowbox(&["remove", "Contoso.Tool"]), 60).succeeded();
        let refused = install(person, "broken.msixbundle");
        assert!(!refused.status.success(), "{}", refused.text());
        assert!(!person.home().join(".local/bin/contoso-tool").exists());
    });
}

#[test]
fn an_app_installer_file_installs_what_it_names_and_what_that_needs_and_updates_it_later() {
    everyone(|person| {
        let mut framework = Sample::new("Contoso.Framework", "1.0.0.0");
        framework.framework = true;
        framework.signed(person);
        let mut sample = Sample::new("Contoso.Tool", "1.0.0.0");
        sample.dependencies =
            "<PackageDependency Name=\"Contoso.Framework\" Publisher=\"CN=Contoso\" MinVersion=\"1.0.0.0\"/>";
        sample.signed(person);
        let needed = "<Dependencies><Package Name=\"Contoso.Framework\" Publisher=\"CN=Contoso\" Version=\"1.0.0.0\" \
            ProcessorArchitecture=\"neutral\" Uri=\"Contoso.Framework-1.0.0.0.msix\"/></Dependencies>";
        app_installer(person, "1.0.0.0", "Contoso.Tool-1.0.0.0.msix", needed);
        let server = FileServer::start(&person.work());
        let url = format!("http://127.0.0.1:{}/tool.appinstaller", server.port());
        install(person, &url).succeeded();
        assert_eq!(run(person), "version 1.0.0.0:");
        let update = || finish(person.lowbox(&["update", "--trust", "CN=Contoso.pem"]), 60);
        let none = update();
        none.succeeded();
        assert!(none.stderr.contains("is the newest"), "{}", none.stderr);
        sample.version = "1.1.0.0";
        sample.script = sample.script.replace("1.0.0.0", "1.1.0.0");
        sample.signed(person);
        app_installer(person, "1.1.0.0", "Contoso.Tool-1.1.0.0.msix", needed);
        update().succeeded();
        assert_eq!(run(person), "version 1.1.0.0:");
        // What is there is not what it says.
        app_installer(person, "2.0.0.0", "Contoso.Tool-1.0.0.0.msix", needed);
        let refused = update();
        assert!(refused.stderr.contains("the .appinstaller says that"), "{}", refused.stderr);
        assert_eq!(run(person), "version 1.1.0.0:");
        // Nobody is there to ask.
        drop(server);
        let nobody = update();
        assert!(!nobody.status.success());
        assert_eq!(run(person), "version 1.1.0.0:");
    });
}

#[test]
fn a_server_can_name_no_file_of_this_machine() {
    everyone(|person| {
        Sample::new("Contoso.Tool", "1.0.0.0").signed(person);
        let path = person.work().join("Contoso.Tool-1.0.0.0.msix");
        for uri in [format!("file://{}", path.display()), path.to_string_lossy().into_owned()] {
            let file = app_installer(person, "1.0.0.0", &uri, "");
            let server = FileServer::start(&person.work());
            let refused = install(person, &format!("http://127.0.0.1:{}/{file}", server.port()));
            assert!(refused.stderr.contains("no address of http"), "{}", refused.stderr);
        }
        // One that lies on this machine may.
        let file = app_installer(person, "1.0.0.0", &format!("file://{}", path.display()), "");
        install(person, &file).succeeded();
        assert_eq!(run(person), "version 1.0.0.0:");
        assert!(Path::new(&path).exists());
    });
}

#[test]
fn an_update_brings_in_no_other_package_however_trusted() {
    everyone(|person| {
        Sample::new("Contoso.Tool", "1.0.0.0").signed(person);
        let file = app_installer(person, "1.0.0.0", "Contoso.Tool-1.0.0.0.msix", "");
        install(person, &file).succeeded();
        Sample::new("Contoso.Other", "2.0.0.0").signed(person);
        app_installer(person, "2.0.0.0", "Contoso.Other-2.0.0.0.msix", "");
        let text = std::fs::read_to_string(person.work().join(&file)).unwrap();
        person.file(&file, &text.replace("\"Contoso.Tool\"", "\"Contoso.Other\""));
        let refused = finish(person.lowbox(&["update", "--trust", "CN=Contoso.pem"]), 60);
        assert!(refused.stderr.contains("names Contoso.Other"), "{}", refused.stderr);
        let list = finish(person.lowbox(&["list"]), 60).succeeded();
        assert!(list.contains("Contoso.Tool") && !list.contains("Contoso.Other"), "{list}");
        // Nor by saying that it is needed: the package's own signer has to say so, and it has to be a framework.
        let needed = |name: &str| {
            format!(
                "<Dependencies><Package Name=\"{name}\" Publisher=\"CN=Contoso\" Version=\"2.0.0.0\" \
                 ProcessorArchitecture=\"neutral\" Uri=\"{name}-2.0.0.0.msix\"/></Dependencies>"
            )
        };
        let mut tool = Sample::new("Contoso.Tool", "2.0.0.0");
        tool.signed(person);
        app_installer(person, "2.0.0.0", "Contoso.Tool-2.0.0.0.msix", &needed("Contoso.Other"));
        finish(person.lowbox(&["update", "--trust", "CN=Contoso.pem"]), 60).succeeded();
        let list = finish(person.lowbox(&["list"]), 60).succeeded();
        assert!(list.contains("2.0.0.0") && !list.contains("Contoso.Other"), "{list}");
        tool.version = "3.0.0.0";
        tool.dependencies =
            "<PackageDependency Name=\"Contoso.Other\" Publisher=\"CN=Contoso\" MinVersion=\"1.0.0.0\"/>";
        tool.signed(person);
        app_installer(person, "3.0.0.0", "Contoso.Tool-3.0.0.0.msix", &needed("Contoso.Other"));
        let refused = finish(person.lowbox(&["update", "--trust", "CN=Contoso.pem"]), 60);
        assert!(refused.stderr.contains("is no framework"), "{}", refused.stderr);
        let list = finish(person.lowbox(&["list"]), 60).succeeded();
        assert!(!list.contains("Contoso.Other"), "{list}");
        // Who asks for it by name gets it.
        app_installer(person, "2.0.0.0", "Contoso.Other-2.0.0.0.msix", "");
        let text = std::fs::read_to_string(person.work().join(&file)).unwrap();
        person.file(&file, &text.replace("\"Contoso.Tool\"", "\"Contoso.Other\""));
        install(person, &file).succeeded();
        let list = finish(person.lowbox(&["list"]), 60).succeeded();
        assert!(list.contains("Contoso.Other"), "{list}");
    });
}

#[test]
fn a_package_that_is_there_already_is_updated_by_the_app_installer_that_names_it_later() {
    everyone(|person| {
        let mut sample = Sample::new("Contoso.Tool", "1.0.0.0");
        sample.install(person, &[]).succeeded();
        let file = app_installer(person, "1.0.0.0", "Contoso.Tool-1.0.0.0.msix", "");
        let unchanged = install(person, &file);
        unchanged.succeeded();
        sample.version = "2.0.0.0";
        sample.script = sample.script.replace("1.0.0.0", "2.0.0.0");
        sample.signed(person);
        app_installer(person, "2.0.0.0", "Contoso.Tool-2.0.0.0.msix", "");
        finish(person.lowbox(&["update", "--trust", "CN=Contoso.pem"]), 60).succeeded();
        assert_eq!(run(person), "version 2.0.0.0:");
    });
}
