//! What this kernel enforces, found out by doing.
