//! The real binary, with a home folder of its own.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod packages;
pub mod server;

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// A home folder and a working folder, gone at the end.
pub struct World {
    folder: tempfile::TempDir,
}

/// What a command did.
#[derive(Debug)]
pub struct Done {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Done {
    /// Standard output as one JSON value.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Fails with everything that was printed.
    #[track_caller]
    pub fn expect(self, code: i32) -> Done {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// Standard error holds the text.
    #[track_caller]
    pub fn says(self, text: &str) -> Done {
        assert!(self.err.contains(text), "{text:?} is not in {self:#?}");
        self
    }

    /// Standard output holds the text.
    #[track_caller]
    pub fn prints(self, text: &str) -> Done {
        assert!(self.out.contains(text), "{text:?} is not in {self:#?}");
        self
    }
}

impl World {
    pub fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "work"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        World { folder }
    }

    fn base(&self) -> PathBuf {
        fs::canonicalize(self.folder.path()).unwrap()
    }

    pub fn home(&self) -> PathBuf {
        self.base().join("home")
    }

    /// Where commands start.
    pub fn work(&self) -> PathBuf {
        self.base().join("work")
    }

    /// Writes a file in the working folder.
    pub fn file(&self, name: impl AsRef<Path>, text: &str) -> PathBuf {
        let path = self.work().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// `program` with the binary's environment.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.work())
            .env_clear()
            .env("HOME", self.home())
            .env("PATH", "/usr/bin:/bin")
            .env("USER", "jane")
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null());
        command
    }

    /// The binary.
    pub fn lowbox<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Done {
        let mut command = self.command(env!("CARGO_BIN_EXE_lowbox"));
        command.args(arguments);
        run(command, b"")
    }

    /// Nothing was made in the home folder.
    #[track_caller]
    pub fn is_untouched(&self) {
        let left: Vec<_> = fs::read_dir(self.home()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// Runs a command with `input` on its standard input.
pub fn run(mut command: Command, input: &[u8]) -> Done {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // A command that doesn't read closes it.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Done { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// A manifest with these applications and capabilities.
pub fn manifest(applications: &str, capabilities: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<Package xmlns="http://schemas.microsoft.com/appx/manifest/foundation/windows10"
    xmlns:uap="http://schemas.microsoft.com/appx/manifest/uap/windows10"
    xmlns:rescap="http://schemas.microsoft.com/appx/manifest/foundation/windows10/restrictedcapabilities"
    xmlns:uap18="http://schemas.microsoft.com/appx/manifest/uap/windows10/18" IgnorableNamespaces="uap18">
  <Identity Name="Contoso.Report" Publisher="CN=Contoso" Version="1.2.3.4"/>
  <Properties><DisplayName>R</DisplayName><PublisherDisplayName>C</PublisherDisplayName><Logo>l.png</Logo></Properties>
  <Dependencies><TargetDeviceFamily Name="Linux.All" MinVersion="0.0.0.0" MaxVersionTested="0.0.0.0"/></Dependencies>
  <Applications>{applications}</Applications>
  <Capabilities>{capabilities}</Capabilities>
</Package>"#
    )
}

/// An application of such a manifest.
pub fn application(id: &str, executable: &str, isolation: &str) -> String {
    format!(
        r#"<Application Id="{id}" Executable="{executable}" {isolation}>
      <uap:VisualElements DisplayName="R" Description="R" BackgroundColor="transparent"
          Square150x150Logo="l.png" Square44x44Logo="l.png"/>
    </Application>"#
    )
}

/// An isolated one.
pub const SILO: &str = r#"uap18:TrustLevel="appContainer" uap18:RuntimeBehavior="appSilo""#;
