//! Upper bounds on hostile input. Each is far above what a real descriptor needs and low enough that parsing stays cheap.

/// Longest SDDL text accepted, in bytes. What the largest binary descriptor prints as still fits.
pub const MAX_SDDL_BYTES: usize = 1024 * 1024;
/// Longest self-relative descriptor accepted, in bytes: two ACLs of at most 65 535 bytes, two SIDs and the header fit.
pub const MAX_DESCRIPTOR_BYTES: usize = 192 * 1024;
/// Most ACEs in one ACL. The smallest ACE with a SID of one sub-authority takes 20 bytes and an ACL holds 65 535, so no
/// binary ACL can hold many more than this either.
pub const MAX_ACES: usize = 4096;
/// Deepest nesting of a conditional expression.
pub const MAX_CONDITION_DEPTH: usize = 32;
/// Longest conditional expression in its binary form, in bytes. An ACE can't hold more than 65 535.
pub const MAX_CONDITION_BYTES: usize = 60 * 1024;
/// Most sub-authorities in a SID (MS-DTYP 2.4.2).
pub const MAX_SUB_AUTHORITIES: usize = 15;
