//! A display that nobody sees.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::{Person, until};

/// Xvfb(1), for as long as this lives.
pub struct Display {
    server: Child,
    number: u32,
    name: String,
    /// The file of its cookie, without which it lets nobody in.
    authority: Option<PathBuf>,
}

impl Display {
    /// One that its own user reaches by a unix socket.
    pub fn start() -> Display {
        Display::with(&["-nolisten", "tcp"], "", None)
    }

    /// One that lets in who has this person's cookie; with more options of Xvfb's.
    pub fn of(person: &Person, options: &[&str]) -> Display {
        let cookie: [u8; 16] = fs::read("/proc/sys/kernel/random/uuid").expect("a random number")[..16]
            .try_into()
            .expect("36 bytes");
        // FamilyWild, no address, no number, the protocol's name, the cookie: each with its length (libXau).
        let file = [&b"\xff\xff\0\0\0\0\0\x12MIT-MAGIC-COOKIE-1\0\x10"[..], &cookie].concat();
        let authority = person.file("Xauthority", "");
        fs::write(&authority, file).expect("its file");
        Display::with(&[&["-nolisten", "tcp"], options].concat(), "", Some(authority))
    }

    /// One that is reached by TCP only.
    pub fn by_tcp() -> Display {
        Display::with(&["-listen", "tcp", "-nolisten", "unix", "-nolisten", "local"], "127.0.0.1", None)
    }

    fn with(options: &[&str], host: &str, authority: Option<PathBuf>) -> Display {
        // Each test is a process of its own, so its numbers are free.
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number =
            1000 + std::process::id() % 20_000 + 20_000 * STARTED.fetch_add(1, Ordering::Relaxed) % 40_000;
        let mut server = Command::new("Xvfb");
        match &authority {
            Some(file) => server.arg("-auth").arg(file),
            None => server.arg("-ac"),
        };
        let server = server
            .args([&format!(":{number}"), "-screen", "0", "1000x800x24", "-noreset"])
            .args(options)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb: cargo xtask peers");
        let display = Display { server, number, name: format!("{host}:{number}"), authority };
        assert!(until(Duration::from_secs(20), || display.xdotool(&["getdisplaygeometry"]).is_some()));
        display
    }

    /// DISPLAY.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The port of one that is reached by TCP.
    pub fn port(&self) -> u16 {
        u16::try_from(6000 + self.number).expect("numbers are small")
    }

    /// Its unix socket.
    pub fn socket(&self) -> PathBuf {
        format!("/tmp/.X11-unix/X{}", self.number).into()
    }

    /// What xdotool(1) says, if it succeeds.
    pub fn xdotool(&self, words: &[&str]) -> Option<String> {
        let ended = self.shown(Command::new("xdotool").args(words)).output();
        let ended = ended.expect("xdotool: cargo xtask peers");
        ended.status.success().then(|| String::from_utf8_lossy(&ended.stdout).trim().to_owned())
    }

    /// Lets a command find it.
    pub fn shown<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("DISPLAY", &self.name);
        match &self.authority {
            Some(file) => command.env("XAUTHORITY", file),
            None => command.env_remove("XAUTHORITY"),
        }
    }

    /// A picture of it, as a file that stays in the build's folder, and its colours as `#RRGGBB`.
    pub fn picture(&self, name: &str) -> Vec<String> {
        let test = std::env::current_exe().expect("the test's own path");
        // target/PROFILE/deps/TEST
        let folder =
            test.parent().and_then(std::path::Path::parent).expect("a target folder").join("pictures");
        fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join(format!("{name}.png"));
        let taken = self.shown(Command::new("import").args(["-window", "root"]).arg(&file)).status();
        assert!(taken.expect("imagemagick: cargo xtask peers").success(), "{}", file.display());
        let colours =
            Command::new("convert").arg(&file).args(["-unique-colors", "-depth", "8", "txt:-"]).output();
        let colours = String::from_utf8(colours.expect("imagemagick").stdout).expect("text");
        colours
            .split_whitespace()
            .filter(|word| word.starts_with('#') && word.len() >= 7)
            .map(|word| word[..7].to_owned())
            .collect()
    }

    /// The window of this title, if it is shown.
    pub fn window(&self, title: &str) -> Option<String> {
        let found = self.xdotool(&["search", "--onlyvisible", "--name", title])?;
        found.lines().last().map(str::to_owned)
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // It takes its socket and its lock away.
        if let Some(pid) = rustix::process::Pid::from_raw(self.server.id() as i32) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        until(Duration::from_secs(5), || !matches!(self.server.try_wait(), Ok(None)));
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
