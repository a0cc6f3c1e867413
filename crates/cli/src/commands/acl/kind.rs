//! Names of the kinds of objects on the command line.

use lowbox_security::ObjectKind;

/// Every kind by its name.
pub const KINDS: [(&str, ObjectKind); 15] = [
    ("file", ObjectKind::File),
    ("directory", ObjectKind::Directory),
    ("key", ObjectKind::Key),
    ("process", ObjectKind::Process),
    ("thread", ObjectKind::Thread),
    ("token", ObjectKind::Token),
    ("section", ObjectKind::Section),
    ("event", ObjectKind::Event),
    ("mutex", ObjectKind::Mutex),
    ("semaphore", ObjectKind::Semaphore),
    ("job", ObjectKind::Job),
    ("desktop", ObjectKind::Desktop),
    ("window-station", ObjectKind::WindowStation),
    ("service", ObjectKind::Service),
    ("directory-service", ObjectKind::DirectoryService),
];

/// The kind of that name.
///
/// # Errors
/// A message with all names.
pub fn kind(name: &str) -> Result<ObjectKind, String> {
    KINDS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind).ok_or_else(|| {
        let names = KINDS.map(|(name, _)| name).join(", ");
        format!("`{}` is no kind of object: use {names}", name.chars().take(80).collect::<String>())
    })
}
