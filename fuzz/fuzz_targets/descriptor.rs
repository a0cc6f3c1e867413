//! Binary descriptors: reading never panics, what was read survives being packed and unpacked, printed and read, and the check
//! never grants what no entry allows.
//! Run: `cargo xtask fuzz --only descriptor`
#![no_main]

use libfuzzer_sys::fuzz_target;
use lowbox_security::*;

fuzz_target!(|bytes: &[u8]| {
    let Ok(sd) = SecurityDescriptor::from_bytes(bytes) else { return };
    // No ACE is longer packed than it was read.
    let packed = sd.to_bytes().unwrap_or_else(|error| panic!("{sd}: {error}"));
    assert_eq!(SecurityDescriptor::from_bytes(&packed).as_ref(), Ok(&sd));
    let text = sd.to_sddl();
    let read = SecurityDescriptor::from_sddl(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!((&read.owner, &read.group), (&sd.owner, &sd.group), "{text}");
    assert_eq!(read.dacl.aces(), sd.dacl.aces(), "{text}");
    assert_eq!(read.sacl.as_ref().map(|acl| &acl.aces), sd.sacl.as_ref().map(|acl| &acl.aces), "{text}");
    check(&sd);
});

/// A lowbox token gets at most what the allow entries say together.
fn check(sd: &SecurityDescriptor) {
    let container = AppContainer {
        package: derive::package_sid("fuzz"),
        capabilities: vec![derive::capability_sid("internetClient")],
        less_privileged: false,
    };
    let mut token = Token::ordinary(Sid::everyone(), Vec::new());
    token.app_container = Some(container);
    let mapping = GenericMapping::FILE;
    for user_half in [UserHalf::Descriptor, UserHalf::Host] {
        let request = Request { desired: AccessMask::MAXIMUM_ALLOWED, mapping, user_half, parent: Some(sd) };
        let decision = access_check(sd, &token, &request);
        let allowed = sd.dacl.aces().iter().filter(|ace| ace.kind.is_allow() && !ace.is_inherit_only());
        let mut union = allowed.fold(AccessMask::NONE, |union, ace| union | mapping.map(ace.mask));
        if union.contains(AccessMask::READ_DATA) {
            union |= AccessMask::READ_ATTRIBUTES;
        }
        if union.contains(AccessMask::DELETE_CHILD) {
            union |= AccessMask::DELETE;
        }
        assert!(union.contains(decision.access), "{sd}: {}", decision.access);
    }
}
