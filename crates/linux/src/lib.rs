//! The Linux host of lowbox: it turns a plan into a running program that the kernel confines.
//!
//! `unsafe` lives in `sys` alone. This crate prints nothing and asks nothing.
#![deny(unsafe_code)]

#[allow(unsafe_code)]
mod sys;

pub mod broker;
pub mod capture;
pub mod display;
pub mod fetch;
pub mod host;
mod init;
pub mod installed;
pub mod keep;
pub mod launch;
pub mod learn;
pub mod limits;
pub mod network;
pub mod package;
pub mod prepare;
pub mod seccomp;
pub mod store;
pub mod supervise;
pub mod wine;

pub use sys::close_all_but as close_descriptors_but;
pub use sys::close_from as close_descriptors_from;
