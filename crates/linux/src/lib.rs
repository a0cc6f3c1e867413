//! The Linux host of lowbox: it turns a plan into a running program that the kernel confines.
//!
//! `unsafe` lives in [`sys`] alone. This crate prints nothing and asks nothing.
#![deny(unsafe_code)]

#[allow(unsafe_code)]
mod sys;

pub mod seccomp;
