#![forbid(unsafe_code)]
//! (see ARCHITECTURE.md)
