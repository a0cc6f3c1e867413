//! `cargo xtask peers --msix`: the public tools for packages on what lowbox makes, and lowbox on what they make, as a table
//! (docs/peers.md keeps one).

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use crate::built;

/// Where tools are looked for beside PATH: a variable, and a place in the checkout.
const TOOLS: [(&str, &str, &str); 3] = [
    ("makemsix", "LOWBOX_MAKEMSIX", "target/peers/makemsix"),
    ("openappx", "LOWBOX_OPENAPPX", "target/openappx/bin/openappx"),
    ("osslsigncode", "LOWBOX_OSSLSIGNCODE", "target/peers/osslsigncode"),
];

fn manifest(architecture: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<Package xmlns="http://schemas.microsoft.com/appx/manifest/foundation/windows10"
    xmlns:uap="http://schemas.microsoft.com/appx/manifest/uap/windows10">
  <Identity Name="Lowbox.Peers" Publisher="CN=Lowbox Peers" Version="1.2.3.4" ProcessorArchitecture="{architecture}"/>
  <Properties><DisplayName>P</DisplayName><PublisherDisplayName>P</PublisherDisplayName><Logo>l.png</Logo></Properties>
  <Resources><Resource Language="en-us"/></Resources>
  <Dependencies><TargetDeviceFamily Name="Linux.All" MinVersion="0.0.0.0" MaxVersionTested="0.0.0.0"/></Dependencies>
  <Applications><Application Id="App" Executable="app.exe" EntryPoint="App.Main">
    <uap:VisualElements DisplayName="P" Description="P" BackgroundColor="transparent" Square150x150Logo="l.png"
        Square44x44Logo="l.png"/>
  </Application></Applications>
</Package>"#
    )
}

/// A folder to try in, the tools that are there, and the rows of the table.
struct Trial {
    folder: PathBuf,
    lowbox: PathBuf,
    rows: Vec<[String; 3]>,
    failed: bool,
}

impl Trial {
    /// Runs a tool on a case, and compares what a folder has then, where there is one.
    fn try_case(&mut self, name: &str, tool: &OsStr, arguments: &[&str], same: Option<(&str, &str)>) {
        let output =
            Command::new(tool).args(arguments).current_dir(&self.folder).stdin(Stdio::null()).output();
        let mut said = match &output {
            Ok(output) if output.status.success() => "accepts it".to_owned(),
            Ok(output) => {
                let text = [output.stdout.as_slice(), &output.stderr].concat();
                let text = String::from_utf8_lossy(&text).into_owned();
                let line = text.lines().rfind(|line| line.contains("rror") || line.contains("must"));
                format!("**refuses it**: {}", line.unwrap_or("no word"))
            }
            Err(error) => format!("**can't be run**: {error}"),
        };
        let mut fine = output.is_ok_and(|output| output.status.success());
        if let Some((one, other)) = same.filter(|_| fine) {
            let made = ["AppxBlockMap.xml", "[[]Content_Types].xml", "AppxSignature.p7x", "AppxMetadata"];
            let mut diff = Command::new("diff");
            diff.args(["-r", one, other]).args(made.iter().flat_map(|name| ["-x", name]));
            fine = diff.current_dir(&self.folder).stdout(Stdio::null()).status().is_ok_and(|it| it.success());
            said = if fine { "accepts it, files equal".to_owned() } else { "**other files**".to_owned() };
        }
        self.failed |= !fine;
        let tool = Path::new(tool).file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.rows.push([name.to_owned(), tool, said]);
    }

    fn lowbox(&self, arguments: &[&str]) -> io::Result<()> {
        let mut command = Command::new(&self.lowbox);
        let status = command.args(arguments).current_dir(&self.folder).stderr(Stdio::null()).status()?;
        match status.success() {
            true => Ok(()),
            false => Err(io::Error::other(format!("lowbox {arguments:?} failed"))),
        }
    }
}

/// Tries all; failure if a tool that is there says something else than lowbox.
pub fn run() -> io::Result<ExitCode> {
    let place = tempfile::tempdir()?;
    let folder = place.path().to_owned();
    let mut trial = Trial { folder, lowbox: built::lowbox()?, rows: Vec::new(), failed: false };
    for (architecture, more) in [("x64", Some("a folder/\u{e4} 1%.txt")), ("arm64", None)] {
        let own = trial.folder.join(architecture);
        fs::create_dir_all(own.join("a folder"))?;
        fs::write(own.join("AppxManifest.xml"), manifest(architecture))?;
        fs::write(own.join("app.exe"), "a program ".repeat(60_000))?;
        fs::write(own.join("l.png"), "a picture")?;
        fs::write(own.join("empty.txt"), "")?;
        match more {
            Some(name) => fs::write(own.join(name), "a name that is encoded")?,
            None => fs::remove_dir(own.join("a folder"))?,
        }
        trial.lowbox(&["pack", architecture, "-o", &format!("{architecture}.msix")])?;
    }
    let new = ["cert", "new", "CN=Lowbox Peers", "--cert", "c.pem", "--key", "k.pem", "--kind", "p256"];
    trial.lowbox(&new)?;
    trial.lowbox(&["bundle", "pack", "x64.msix", "arm64.msix", "-o", "u.msixbundle"])?;
    for package in ["x64.msix", "arm64.msix"] {
        let signed = format!("signed-{package}");
        trial.lowbox(&["sign", package, "-o", &signed, "--cert", "c.pem", "--key", "k.pem"])?;
    }
    trial.lowbox(&["bundle", "pack", "signed-x64.msix", "signed-arm64.msix", "-o", "s.msixbundle"])?;
    trial.lowbox(&["sign", "s.msixbundle", "--cert", "c.pem", "--key", "k.pem"])?;
    for (name, variable, usual) in TOOLS {
        match tool(name, variable, usual) {
            None => println!("{name} is not there: its cases are left out (name it with {variable})"),
            Some(tool) => {
                println!("{name}: {}", version(&tool));
                match name {
                    "makemsix" => makemsix(&mut trial, tool.as_os_str()),
                    "openappx" => openappx(&mut trial, tool.as_os_str()),
                    _ => osslsigncode(&mut trial, tool.as_os_str()),
                }
            }
        }
    }
    println!("\n| case | tool | what it says |\n|---|---|---|");
    trial.rows.iter().for_each(|row| println!("| {} |", row.join(" | ")));
    Ok(if trial.failed || trial.rows.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn makemsix(trial: &mut Trial, tool: &OsStr) {
    trial.try_case(
        "a package of lowbox's, with encoded names",
        tool,
        &["unpack", "-p", "x64.msix", "-d", "m1", "-ss"],
        Some(("x64", "m1")),
    );
    trial.try_case(
        "signed by lowbox",
        tool,
        &["unpack", "-p", "signed-x64.msix", "-d", "m2", "-ac"],
        Some(("x64", "m2")),
    );
    trial.try_case(
        "a bundle of lowbox's",
        tool,
        &["unbundle", "-p", "u.msixbundle", "-d", "m3", "-ss"],
        None,
    );
    trial.try_case(
        "a bundle signed by lowbox",
        tool,
        &["unbundle", "-p", "s.msixbundle", "-d", "m4", "-ac"],
        None,
    );
    trial.try_case("makemsix packs", tool, &["pack", "-d", "x64", "-p", "m.msix"], None);
    let lowbox = trial.lowbox.clone().into_os_string();
    trial.try_case("what makemsix packed", &lowbox, &["verify", "m.msix", "--unsigned"], None);
    trial.try_case(
        "what makemsix packed, unpacked",
        &lowbox,
        &["unpack", "m.msix", "-d", "m5"],
        Some(("x64", "m5")),
    );
}

fn openappx(trial: &mut Trial, tool: &OsStr) {
    trial.try_case("a package of lowbox's", tool, &["inspect", "--package", "arm64.msix"], None);
    trial.try_case("signed by lowbox", tool, &["inspect", "--package", "signed-arm64.msix"], None);
    let unpack = ["unpack", "--package", "signed-arm64.msix", "--out", "o1"];
    trial.try_case("the same, unpacked", tool, &unpack, Some(("arm64", "o1")));
    trial.try_case("a bundle of lowbox's", tool, &["inspect", "--package", "u.msixbundle"], None);
    trial.try_case("a bundle signed by lowbox", tool, &["inspect", "--package", "s.msixbundle"], None);
    let pack = ["pack", "--allow-missing", "--root", "arm64", "--out", "o.msix"];
    trial.try_case("openappx packs", tool, &pack, None);
    let lowbox = trial.lowbox.clone().into_os_string();
    trial.try_case("what openappx packed", &lowbox, &["verify", "o.msix", "--unsigned"], None);
    let bundle = ["bundle", "--package", "o.msix", "--out", "o.msixbundle"];
    trial.try_case("openappx makes a bundle", tool, &bundle, None);
    trial.try_case("the bundle that openappx made", &lowbox, &["verify", "o.msixbundle", "--unsigned"], None);
}

fn osslsigncode(trial: &mut Trial, tool: &OsStr) {
    for (name, file) in
        [("signed by lowbox", "signed-x64.msix"), ("a bundle signed by lowbox", "s.msixbundle")]
    {
        trial.try_case(name, tool, &["verify", "-in", file, "-CAfile", "c.pem"], None);
    }
    let lowbox = trial.lowbox.clone().into_os_string();
    for (from, to) in [("x64.msix", "t.msix"), ("s.msixbundle", "t.msixbundle")] {
        let sign = ["sign", "-certs", "c.pem", "-key", "k.pem", "-in", from, "-out", to];
        trial.try_case("osslsigncode signs", tool, &sign, None);
        trial.try_case("what osslsigncode signed", &lowbox, &["verify", to, "--trust", "c.pem"], None);
    }
}

/// One of the tools, where it is.
pub fn find(name: &str) -> Option<PathBuf> {
    let (name, variable, usual) = TOOLS.into_iter().find(|(known, ..)| *known == name)?;
    tool(name, variable, usual)
}

fn tool(name: &str, variable: &str, usual: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).map(|folder| folder.join(name));
    named.into_iter().chain([built::workspace().join(usual)]).chain(in_path).find(|path| path.is_file())
}

/// The first line of its own that has a number.
fn version(tool: &Path) -> String {
    let output = Command::new(tool).arg("--version").stdin(Stdio::null()).output();
    let text = output.map(|output| [output.stdout, output.stderr].concat()).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let has_number = |line: &&str| line.contains(|c: char| c.is_ascii_digit());
    text.lines().find(has_number).unwrap_or("of a version that it does not tell").to_owned()
}
