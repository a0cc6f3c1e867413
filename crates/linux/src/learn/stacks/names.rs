//! Names of functions as people wrote them.

use std::fmt::{self, Write};

use super::symbols::MAX_NAME;

/// The name that a C++ or Rust compiler made this one of; others stay as they are.
pub fn demangled(name: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(name).ok().filter(|text| text.starts_with("_Z") || text.starts_with("_R"));
    let written = text.and_then(|text| rust(text).or_else(|| c_plus_plus(text)));
    let mut name = written.map_or_else(|| name.to_vec(), String::into_bytes);
    name.truncate(MAX_NAME);
    name
}

fn rust(text: &str) -> Option<String> {
    let symbol = rustc_demangle::try_demangle(text).ok()?;
    let mut bounded = Bounded::default();
    // Without the hash at the end.
    write!(bounded, "{symbol:#}").ok()?;
    Some(bounded.0)
}

fn c_plus_plus(text: &str) -> Option<String> {
    let symbol = cpp_demangle::BorrowedSymbol::new(text.as_bytes()).ok()?;
    let options = cpp_demangle::DemangleOptions::new().no_params().no_return_type();
    let mut bounded = Bounded::default();
    symbol.structured_demangle(&mut bounded, &options).ok()?;
    Some(bounded.0)
}

/// A short name can stand for one without end (each part may name earlier ones): what gets too long stays mangled.
#[derive(Default)]
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if self.0.len() + part.len() > MAX_NAME {
            return Err(fmt::Error);
        }
        self.0.push_str(part);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_compilers_are_undone_and_others_stay() {
        let name = |mangled: &str| String::from_utf8(demangled(mangled.as_bytes())).unwrap();
        assert_eq!(name("_ZN3foo3barEii"), "foo::bar");
        assert_eq!(name("_ZN4core3fmt5write17h0123456789abcdefE"), "core::fmt::write");
        assert_eq!(name("_RNvCs1234_7mycrate3foo"), "mycrate::foo");
        assert_eq!(name("main"), "main");
        assert_eq!(name("_Z"), "_Z");
        assert_eq!(demangled(b"_Z\xff"), b"_Z\xff");
    }

    #[test]
    fn a_name_without_end_stays_as_it_is() {
        let long = format!("_Z{}{}", 2000, "a".repeat(2000));
        assert_eq!(demangled(long.as_bytes()).len(), MAX_NAME);
        // Each pair holds the one before it twice.
        let mut doubling = String::from("_Z1f4pairI1aS0_E");
        for number in 0..40 {
            doubling.push_str(&format!("4pairIS{number}_S{number}_E"));
        }
        assert!(demangled(doubling.as_bytes()).len() <= MAX_NAME);
    }
}
