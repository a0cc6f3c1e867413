#![forbid(unsafe_code)]
//! The application capability profiler: which capabilities a program needs, found from what it touched.
//!
//! Pure: bytes and facts in, bytes and decisions out. The host half watches the program and calls this crate:
//!
//! - [`record`]: one access, its process and its call stack, and the record file (*trace*) that holds them;
//! - [`collect`]: the table in memory that keeps each access once, with its count;
//! - [`attribute`]: the access check run backwards: which capabilities and grants are needed;
//! - [`results`]: tables, summary, report and declarations of what was found.

pub mod attribute;
pub mod collect;
pub mod raw;
pub mod record;
pub mod results;

pub use raw::Raw;
