//! SIDs that are computed from names: packages, capabilities, device interfaces, Unix users.

use sha2::{Digest, Sha256};

use crate::guid::Guid;
use crate::sid::Sid;

/// The capabilities with a SID of their own, S-1-15-3-1 to S-1-15-3-12 (winnt.h `SECURITY_CAPABILITY_*`).
const SHORT_CAPABILITIES: [&str; 12] = [
    "internetClient",
    "internetClientServer",
    "privateNetworkClientServer",
    "picturesLibrary",
    "videosLibrary",
    "musicLibrary",
    "documentsLibrary",
    "enterpriseAuthentication",
    "sharedUserCertificates",
    "removableStorage",
    "appointments",
    "contacts",
];

/// Device capabilities whose SID is the interface class GUID (little-endian binary form), by name.
const DEVICE_CAPABILITIES: [(&str, [u8; 16]); 3] = [
    // {2eef81be-33fa-4800-9670-1cd474972c3f}
    (
        "microphone",
        [0xbe, 0x81, 0xef, 0x2e, 0xfa, 0x33, 0x00, 0x48, 0x96, 0x70, 0x1c, 0xd4, 0x74, 0x97, 0x2c, 0x3f],
    ),
    // {e5323777-f976-4f5b-9b55-b94699c46e44}
    (
        "webcam",
        [0x77, 0x37, 0x32, 0xe5, 0x76, 0xf9, 0x5b, 0x4f, 0x9b, 0x55, 0xb9, 0x46, 0x99, 0xc4, 0x6e, 0x44],
    ),
    // {bfa794e4-f964-4fdb-90f6-51056bfe4b44}
    (
        "location",
        [0xe4, 0x94, 0xa7, 0xbf, 0x64, 0xf9, 0xdb, 0x4f, 0x90, 0xf6, 0x51, 0x05, 0x6b, 0xfe, 0x4b, 0x44],
    ),
];

/// RID of hashed capabilities (winnt.h `SECURITY_CAPABILITY_APP_RID`).
const CAPABILITY_RID: u32 = 1024;
/// RID of the capabilities of app silos, `isolatedWin32-…` (winnt.h `SECURITY_CAPABILITY_APP_SILO_RID`).
const APP_SILO_RID: u32 = 65536;
const APP_SILO_PREFIX: &str = "isolatedwin32-";

/// SHA-256 of the text in UTF-16LE, without a terminator, as eight little-endian words.
fn hash_words(text: &str) -> [u32; 8] {
    let mut hash = Sha256::new();
    for unit in text.encode_utf16() {
        hash.update(unit.to_le_bytes());
    }
    let digest = hash.finalize();
    let mut words = [0; 8];
    for (word, bytes) in words.iter_mut().zip(digest.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    words
}

fn with_words(authority: u64, head: &[u32], words: &[u32]) -> Sid {
    Sid::known(authority, &[head, words].concat())
}

/// The SID of a package: S-1-15-2 and the first seven words of the hash of its lower-case moniker, which is the package
/// family name (`DeriveAppContainerSidFromAppContainerName`).
pub fn package_sid(moniker: &str) -> Sid {
    with_words(15, &[2], &hash_words(&moniker.to_lowercase())[..7])
}

/// The SID of a child container: the parent's and the first four words of the hash of the child's lower-case name
/// (`DeriveRestrictedAppContainerSidFromAppContainerSidAndRestrictedName`). `None` if `parent` is not the SID of a package,
/// or is a child itself: children have none.
pub fn child_package_sid(parent: &Sid, name: &str) -> Option<Sid> {
    if !parent.is_package() || parent.sub_authorities().len() != 8 {
        return None;
    }
    Some(with_words(15, parent.sub_authorities(), &hash_words(&name.to_lowercase())[..4]))
}

/// The SID of a capability. The twelve built-in names have short SIDs, microphone, webcam and location the GUID of their
/// device interface class, `isolatedWin32-…` the RID of app silos; every other name is hashed in upper case
/// (`DeriveCapabilitySidsFromName`). Names are compared without regard to ASCII case, as the hash does.
pub fn capability_sid(name: &str) -> Sid {
    if let Some(index) = SHORT_CAPABILITIES.iter().position(|short| short.eq_ignore_ascii_case(name)) {
        return Sid::known(15, &[3, index as u32 + 1]);
    }
    if let Some((_, guid)) = DEVICE_CAPABILITIES.iter().find(|(device, _)| device.eq_ignore_ascii_case(name))
    {
        return device_interface_sid(*guid);
    }
    let silo =
        name.get(..APP_SILO_PREFIX.len()).is_some_and(|head| head.eq_ignore_ascii_case(APP_SILO_PREFIX));
    let rid = if silo { APP_SILO_RID } else { CAPABILITY_RID };
    with_words(15, &[3, rid], &hash_words(&name.to_uppercase()))
}

/// The group SID that goes with a capability, S-1-5-32 and the eight words: services hold it instead of the capability.
pub fn capability_group_sid(name: &str) -> Sid {
    with_words(5, &[32], &hash_words(&name.to_uppercase()))
}

/// The capability SID of a device interface class: S-1-15-3 and the GUID as four little-endian words.
pub fn device_interface_sid(guid: impl Into<Guid>) -> Sid {
    let Guid(bytes) = guid.into();
    let mut subs = [3, 0, 0, 0, 0];
    for (sub, chunk) in subs[1..].iter_mut().zip(bytes.as_chunks::<4>().0) {
        *sub = u32::from_le_bytes(*chunk);
    }
    Sid::known(15, &subs)
}

/// The SID of a Unix user that has no account on a domain: S-1-22-1-uid, as Samba maps them.
pub fn unix_user_sid(uid: u32) -> Sid {
    Sid::known(22, &[1, uid])
}

/// The SID of a Unix group: S-1-22-2-gid, as Samba maps them.
pub fn unix_group_sid(gid: u32) -> Sid {
    Sid::known(22, &[2, gid])
}
