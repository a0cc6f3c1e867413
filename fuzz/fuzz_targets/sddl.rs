//! SDDL text: reading never panics, and what was read survives being printed and read, and packed and unpacked.
//! Run: `cargo xtask fuzz --only sddl`
#![no_main]

use libfuzzer_sys::fuzz_target;
use lowbox_security::{BinaryError, SecurityDescriptor};

fuzz_target!(|text: &str| {
    let Ok(sd) = SecurityDescriptor::from_sddl(text) else { return };
    let printed = sd.to_sddl();
    let again = SecurityDescriptor::from_sddl(&printed).unwrap_or_else(|error| panic!("{printed}: {error}"));
    assert_eq!(again, sd, "{printed}");
    match sd.to_bytes() {
        Ok(bytes) => assert_eq!(SecurityDescriptor::from_bytes(&bytes).as_ref(), Ok(&sd), "{printed}"),
        Err(BinaryError::DoesNotFit(_)) => assert!(printed.len() > 10_000),
        Err(error) => panic!("{printed}: {error}"),
    }
});
