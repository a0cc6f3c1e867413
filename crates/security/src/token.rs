//! Tokens: who asks.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::integrity::Integrity;
use crate::sid::Sid;

/// Who asks for access: a user with groups and privileges, possibly inside an AppContainer (then it is a *lowbox token*).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The user.
    pub user: Sid,
    /// The user's groups.
    pub groups: Vec<Group>,
    /// The AppContainer that the program runs in, if any.
    pub app_container: Option<AppContainer>,
    /// The integrity level.
    pub integrity: Integrity,
    /// Enabled privileges.
    pub privileges: Vec<Privilege>,
}

/// A group of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The group's SID.
    pub sid: Sid,
    /// The group matches ACEs that deny, never ones that allow (`SE_GROUP_USE_FOR_DENY_ONLY`).
    pub deny_only: bool,
}

/// The package identity of a lowbox token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppContainer {
    /// The package SID (S-1-15-2-…). Anything else matches denies only.
    pub package: Sid,
    /// Enabled capability SIDs (S-1-15-3-…). Anything else in the list matches denies only, so that no capability can stand
    /// for a user or a group.
    pub capabilities: Vec<Sid>,
    /// A less privileged AppContainer (LPAC): ALL APPLICATION PACKAGES doesn't count for it.
    pub less_privileged: bool,
}

/// A privilege that the access check, or a caller that records it, knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Privilege {
    /// Gives ACCESS_SYSTEM_SECURITY.
    #[serde(rename = "SeSecurityPrivilege")]
    Security,
    /// Gives WRITE_OWNER where it is asked for by name.
    #[serde(rename = "SeTakeOwnershipPrivilege")]
    TakeOwnership,
    /// Gives WRITE_OWNER where it is asked for by name, and past a label.
    #[serde(rename = "SeRelabelPrivilege")]
    Relabel,
    /// Not used by the check: callers that open for backup ask for it.
    #[serde(rename = "SeBackupPrivilege")]
    Backup,
    /// Not used by the check: callers that restore ask for it.
    #[serde(rename = "SeRestorePrivilege")]
    Restore,
    /// Not used by the check.
    #[serde(rename = "SeDebugPrivilege")]
    Debug,
    /// Not used by the check: every user has it.
    #[serde(rename = "SeChangeNotifyPrivilege")]
    ChangeNotify,
    /// Not used by the check.
    #[serde(rename = "SeImpersonatePrivilege")]
    Impersonate,
}

/// The text names no privilege that this crate knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no privilege known here: use the Windows name, such as SeTakeOwnershipPrivilege")]
pub struct PrivilegeError(String);

impl Privilege {
    const ALL: [(Privilege, &'static str); 8] = [
        (Privilege::Security, "SeSecurityPrivilege"),
        (Privilege::TakeOwnership, "SeTakeOwnershipPrivilege"),
        (Privilege::Relabel, "SeRelabelPrivilege"),
        (Privilege::Backup, "SeBackupPrivilege"),
        (Privilege::Restore, "SeRestorePrivilege"),
        (Privilege::Debug, "SeDebugPrivilege"),
        (Privilege::ChangeNotify, "SeChangeNotifyPrivilege"),
        (Privilege::Impersonate, "SeImpersonatePrivilege"),
    ];

    /// The Windows name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(privilege, _)| *privilege == self).map_or("", |(_, name)| name)
    }
}

impl FromStr for Privilege {
    type Err = PrivilegeError;

    fn from_str(text: &str) -> Result<Privilege, PrivilegeError> {
        Self::ALL
            .iter()
            .find(|(_, name)| name.eq_ignore_ascii_case(text))
            .map(|(privilege, _)| *privilege)
            .ok_or_else(|| PrivilegeError(text.chars().take(80).collect()))
    }
}

impl Token {
    /// An ordinary token of medium integrity without privileges.
    pub fn ordinary(user: Sid, groups: Vec<Group>) -> Token {
        Token { user, groups, app_container: None, integrity: Integrity::Medium, privileges: Vec::new() }
    }

    /// Is this the user or a group that may match an allow ACE?
    pub fn user_matches_allow(&self, sid: &Sid) -> bool {
        self.user == *sid || self.groups.iter().any(|group| !group.deny_only && group.sid == *sid)
    }

    /// Is this the user or any group, deny-only ones included?
    pub fn user_holds(&self, sid: &Sid) -> bool {
        self.user == *sid || self.groups.iter().any(|group| group.sid == *sid)
    }

    /// Has the token this privilege?
    pub fn has_privilege(&self, privilege: Privilege) -> bool {
        self.privileges.contains(&privilege)
    }
}

impl AppContainer {
    /// May this SID match an allow ACE of the lowbox half?
    pub fn matches_allow(&self, sid: &Sid) -> bool {
        (sid.is_package() && self.package == *sid)
            || (sid.is_capability() && self.capabilities.contains(sid))
            || (!self.less_privileged && sid.is(15, &[2, 1]))
            || sid.is(15, &[2, 2])
    }

    /// Does a deny ACE for this SID concern the container?
    pub fn holds(&self, sid: &Sid) -> bool {
        self.package == *sid || self.capabilities.contains(sid) || self.matches_allow(sid)
    }
}
