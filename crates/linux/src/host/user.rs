//! Who runs lowbox, and who the program is.

use std::ffi::OsString;
use std::path::PathBuf;

use lowbox_security::derive::{unix_group_sid, unix_user_sid};
use lowbox_security::{Group, Sid};
use rustix::process::{getegid, geteuid, getgroups};
use sha2::{Digest, Sha256};

use super::canonical::canonical;
use crate::launch::ContainerUser;

/// The user who runs lowbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostUser {
    /// Effective uid.
    pub uid: u32,
    /// Effective gid.
    pub gid: u32,
    /// Supplementary groups, the own one left out.
    pub groups: Vec<u32>,
    /// The name, from USER, or the uid in figures.
    pub name: String,
    /// The home folder, from HOME, without symbolic links; `None` where there is none.
    pub home: Option<PathBuf>,
}

impl HostUser {
    /// The calling user. Looks at HOME and USER of `variable`; the user's own environment is trusted as the user is.
    pub fn current(variable: &dyn Fn(&str) -> Option<OsString>) -> HostUser {
        let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
        let groups = getgroups().unwrap_or_default().into_iter().map(rustix::process::Gid::as_raw);
        let home = variable("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
        HostUser {
            uid,
            gid,
            groups: groups.filter(|group| *group != gid).collect(),
            name: variable("USER")
                .and_then(|name| name.into_string().ok())
                .filter(|name| is_user_name(name))
                .unwrap_or_else(|| format!("u{uid}")),
            home: home.map(|home| canonical(&home).unwrap_or(home)),
        }
    }

    /// Whether lowbox runs as the host's root.
    pub fn is_root(&self) -> bool {
        self.uid == 0
    }

    /// The user's SID and groups, for a token.
    pub fn sids(&self) -> (Sid, Vec<Group>) {
        let allow = |sid| Group { sid, deny_only: false };
        let mut groups = vec![allow(Sid::everyone()), allow(Sid::authenticated_users()), allow(Sid::users())];
        groups.push(allow(unix_group_sid(self.gid)));
        groups.extend(self.groups.iter().map(|gid| allow(unix_group_sid(*gid))));
        (unix_user_sid(self.uid), groups)
    }
}

/// What may stand in a line of passwd(5).
fn is_user_name(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
        && !name.starts_with('-')
}

/// The start of a range of uids that no convention gives to anybody (systemd's table of UIDs leaves 0x70000000 to
/// 0x7FFFFFFF free); a package's own uid under root lies in it.
const PACKAGE_IDS: u32 = 0x7000_0000;

/// Who the program is: an ordinary user stays who they are; root's programs get an unprivileged uid of the package's own,
/// because host root is never mapped.
pub fn container_user(user: &HostUser, package: &Sid) -> ContainerUser {
    if !user.is_root() {
        return plain_user(user);
    }
    own_id(&package.to_bytes())
}

/// To whom the folder belongs that the packages of a publisher share: as [`container_user`], and under root none of theirs, since
/// they differ by package.
pub(super) fn publisher_user(user: &HostUser, publisher_id: &str) -> ContainerUser {
    if user.is_root() {
        // A package's name can't hold a slash, and its SID does not begin with one.
        own_id(&[b"/publisher/", publisher_id.as_bytes()].concat())
    } else {
        plain_user(user)
    }
}

fn plain_user(user: &HostUser) -> ContainerUser {
    // A plain user's gid may be 0 only by misconfiguration; gid 0 is never mapped.
    ContainerUser { uid: user.uid, gid: user.gid, name: user.name.clone(), launched_by_root: false }
}

fn own_id(of: &[u8]) -> ContainerUser {
    let hash = Sha256::digest(of);
    let id = PACKAGE_IDS | (u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]) & 0x0FFF_FFFE);
    ContainerUser { uid: id, gid: id, name: "lowbox".to_owned(), launched_by_root: true }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lowbox_security::derive::package_sid;

    #[test]
    fn roots_programs_are_never_root_and_differ_by_package() {
        let root = HostUser { uid: 0, gid: 0, groups: vec![], name: "root".into(), home: None };
        let one = container_user(&root, &package_sid("one_12xz202t9gcxc"));
        let two = container_user(&root, &package_sid("two_12xz202t9gcxc"));
        for user in [&one, &two] {
            assert!((0x7000_0000..0x7FFF_FFFF).contains(&user.uid), "{:#x}", user.uid);
            assert_eq!(user.uid, user.gid);
        }
        assert_ne!(one.uid, two.uid);
    }

    #[test]
    fn a_name_that_would_break_a_line_of_passwd_is_not_used() {
        for name in ["a:b", "a\nroot:x:0:0", "", "-a"] {
            assert!(!is_user_name(name), "{name:?}");
        }
        assert!(is_user_name("jane.doe-2"));
    }
}
