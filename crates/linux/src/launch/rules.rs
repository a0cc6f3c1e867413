//! The Landlock ruleset: which rights are handled, and the kernel's words for the plan's.

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreated, Scope,
};
use lowbox_policy::FsRights;

use crate::sys;

/// Rights on what belongs to the container alone.
pub(crate) const PRIVATE: FsRights = FsRights(FsRights::ALL.0 & !FsRights::IOCTL_DEV.0);
/// Rights on what is only looked at.
pub(crate) const READ_ONLY: FsRights = FsRights(FsRights::READ_FILE.0 | FsRights::READ_DIR.0);
/// Rights on a terminal.
pub(crate) const DEVICE: FsRights =
    FsRights(FsRights::READ_FILE.0 | FsRights::WRITE_FILE.0 | FsRights::IOCTL_DEV.0);

/// Every file-system right of the kernel's ABI is handled: what no rule gives is refused. The scopes (ABI 6) keep
/// signals and abstract sockets in the domain.
pub(crate) fn ruleset(abi: ABI) -> Result<RulesetCreated, landlock::RulesetError> {
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(abi))?;
    if abi as u32 >= ABI::V6 as u32 {
        ruleset = ruleset.scope(Scope::from_all(abi))?;
    }
    ruleset.create()
}

/// Rules that hold signals in the domain, and nothing else: for a program that is learned about. `None` where the kernel has no
/// scopes (before ABI 6); the pid namespace holds signals all the same.
pub(crate) fn signals_only(abi: ABI) -> Result<Option<RulesetCreated>, landlock::RulesetError> {
    if (abi as u32) < ABI::V6 as u32 {
        return Ok(None);
    }
    let ruleset = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    ruleset.scope(Scope::Signal)?.create().map(Some)
}

/// The newest ABI that both the kernel and this code know. Rights that later ABIs add are not handled, so they are as
/// free as on an older kernel, and the other layers hold.
pub(crate) fn abi() -> ABI {
    match sys::landlock_abi() {
        0..=3 => ABI::V3,
        4 => ABI::V4,
        5 => ABI::V5,
        6 => ABI::V6,
        _ => ABI::V7,
    }
}

/// The kernel's right bits for `rights` on an object of this kind: rights of folders are refused on files.
pub(crate) fn access(abi: ABI, rights: FsRights, is_directory: bool) -> BitFlags<AccessFs> {
    let rights = if is_directory { rights } else { rights & FsRights::FILE_ONLY };
    BitFlags::<AccessFs>::from_bits_truncate(u64::from(rights.0)) & AccessFs::from_all(abi)
}
