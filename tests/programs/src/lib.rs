#![forbid(unsafe_code)]
//! What the tests of real programs share: people who run them, and runs with a time limit.

mod display;
mod file_server;
mod files;
mod front_end;
pub mod kept;
mod lesson;
pub mod nested;
mod networks;
mod observer;
mod outside;
mod package;
mod person;
mod processes;
mod python;
mod run;
mod session;
pub mod stacks;
mod tmux;
mod touch;
mod windows;

pub use display::Display;
pub use file_server::FileServer;
pub use files::files;
pub use front_end::FrontEnd;
pub use lesson::{Found, Lesson, Needed, accesses, canonical, found, recorded_paths, text};
pub use networks::{
    CLIENT, HOST, INTERNET, INTERNET_V6, LAN, Networks, PLACES, PRIVATE, Place, SERVER, capabilities, script,
    sets_of_capabilities, wait_for,
};
pub use observer::{Observed, STRACE};
pub use outside::ATTACKS;
pub use package::{CONSOLE, FULL_TRUST, Sample, install_folder};
pub use person::{Person, WITHOUT_NAMESPACES, everyone, everyone_at_home, ordinary};
pub use processes::{pids_with, unique_sleep};
pub use python::compare_module;
pub use run::{Ended, Running, finish, finish_with_input, start, until, without_terminal};
pub use session::{Session, words, words_of};
pub use tmux::Tmux;
pub use touch::Touch;
pub use windows::{
    NOTEPAD, everyone_at_home_with_wine, everyone_with_wine, fetched_windows_program, installer,
    on_an_overlay, own_windows_program, windows_program,
};
