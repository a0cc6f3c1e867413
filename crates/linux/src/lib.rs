#![deny(unsafe_code)]
//! (see ARCHITECTURE.md)
