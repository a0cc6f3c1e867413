//! Brokered access: what a running program touches outside its container is put to the user, and a consent becomes a mount.

mod question;

pub use question::{Answer, Asked, Asker, Prompter, Question};
