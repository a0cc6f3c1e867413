//! Brokered access: what a running program touches outside its container is put to the user, and a consent becomes a mount.

mod answerer;
mod prompting;
mod question;
mod throttle;

pub use answerer::{AnswererError, answering_socket};
pub use prompting::Prompting;
pub use question::{Answer, Asked, Asker, Prompter, Question};
pub use throttle::{Limit, Throttle, ThrottleLimits, Touch};
