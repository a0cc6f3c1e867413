//! A display that nobody sees.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::until;

/// Xvfb(1), for as long as this lives.
pub struct Display {
    server: Child,
    number: u32,
    name: String,
}

impl Display {
    /// One that its own user reaches by a unix socket.
    pub fn start() -> Display {
        Display::with(&["-nolisten", "tcp"], "")
    }

    /// One that is reached by TCP only.
    pub fn by_tcp() -> Display {
        Display::with(&["-listen", "tcp", "-nolisten", "unix", "-nolisten", "local"], "127.0.0.1")
    }

    fn with(options: &[&str], host: &str) -> Display {
        // Each test is a process of its own, so its number is free.
        let number = 1000 + std::process::id() % 20_000;
        let server = Command::new("Xvfb")
            .args([&format!(":{number}"), "-screen", "0", "1000x800x24", "-ac", "-noreset"])
            .args(options)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb: cargo xtask peers");
        let display = Display { server, number, name: format!("{host}:{number}") };
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
        let ended = Command::new("xdotool").args(words).env("DISPLAY", &self.name).output();
        let ended = ended.expect("xdotool: cargo xtask peers");
        ended.status.success().then(|| String::from_utf8_lossy(&ended.stdout).trim().to_owned())
    }

    /// The window of this title, if it is shown.
    pub fn window(&self, title: &str) -> Option<String> {
        let found = self.xdotool(&["search", "--onlyvisible", "--name", title])?;
        found.lines().last().map(str::to_owned)
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
