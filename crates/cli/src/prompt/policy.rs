//! `--prompt`.

use std::str::FromStr;

/// Who decides about what a program touches, as the user says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The user.
    Ask,
    /// Yes to everything that can be granted.
    Allow,
    /// No to everything that was not consented to before.
    Deny,
    /// The program that started lowbox, over this inherited socket.
    Program(i32),
}

impl FromStr for Policy {
    type Err = String;

    fn from_str(text: &str) -> Result<Policy, String> {
        match text {
            "ask" => Ok(Policy::Ask),
            "allow" => Ok(Policy::Allow),
            "deny" => Ok(Policy::Deny),
            _ => match text.strip_prefix("fd:").map(str::parse) {
                // 0 to 2 are the program's.
                Some(Ok(number @ 3..1024)) => Ok(Policy::Program(number)),
                Some(_) => Err("the number of the socket is 3 to 1023".to_owned()),
                None => Err("write ask, allow, deny, or fd:N for a connected socket N".to_owned()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_named_by_its_number_and_never_one_of_the_programs_own() {
        assert_eq!("fd:5".parse(), Ok(Policy::Program(5)));
        for bad in ["fd:2", "fd:-1", "fd:", "fd:x", "fd:1024", "Ask", "", "yes"] {
            assert!(bad.parse::<Policy>().is_err(), "{bad}");
        }
    }
}
