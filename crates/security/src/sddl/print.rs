//! From a descriptor to SDDL text.

use std::fmt::Write;

use super::{aliases, rights};
use crate::ace::{Ace, AceData, AceKind};
use crate::acl::Acl;
use crate::descriptor::{Control, Dacl, SecurityDescriptor};
use crate::sid::Sid;

impl SecurityDescriptor {
    /// The text. Reading it back gives the same descriptor, save for what SDDL has no words for: control flags other than P,
    /// AR and AI, and the flags of a DACL that isn't there.
    pub fn to_sddl(&self) -> String {
        let mut out = String::new();
        for (letter, sid) in [("O:", &self.owner), ("G:", &self.group)] {
            if let Some(sid) = sid {
                out.push_str(letter);
                out.push_str(&sid_to_sddl(sid));
            }
        }
        let flags = |bits: [Control; 3]| {
            let names = bits.into_iter().zip(["P", "AR", "AI"]);
            names.filter(|(bit, _)| self.control.contains(*bit)).map(|(_, name)| name).collect::<String>()
        };
        let of_dacl =
            flags([Control::DACL_PROTECTED, Control::DACL_AUTO_INHERIT_REQ, Control::DACL_AUTO_INHERITED]);
        match &self.dacl {
            Dacl::Absent => {}
            Dacl::Null => out.extend(["D:", &of_dacl, "NO_ACCESS_CONTROL"]),
            Dacl::Present(acl) => {
                out.extend(["D:", &of_dacl]);
                entries(acl, &mut out);
            }
        }
        let of_sacl =
            flags([Control::SACL_PROTECTED, Control::SACL_AUTO_INHERIT_REQ, Control::SACL_AUTO_INHERITED]);
        match &self.sacl {
            Some(acl) => {
                out.extend(["S:", &of_sacl]);
                entries(acl, &mut out);
            }
            // A protected SACL that isn't there still keeps the parent's away.
            None if !of_sacl.is_empty() => out.extend(["S:", &of_sacl, "NO_ACCESS_CONTROL"]),
            None => {}
        }
        out
    }
}

fn entries(acl: &Acl, out: &mut String) {
    acl.aces.iter().for_each(|ace| out.push_str(&ace_to_sddl(ace)));
}

/// The alias of a SID or its full form.
pub(crate) fn sid_to_sddl(sid: &Sid) -> String {
    aliases::alias_of(sid).map_or_else(|| sid.to_string(), str::to_owned)
}

/// One ACE with its parentheses.
pub(crate) fn ace_to_sddl(ace: &Ace) -> String {
    let kind = rights::print_kind(ace.kind);
    let flags = rights::print_flags(ace.flags, ace.kind);
    if let AceKind::Unknown(_) = ace.kind {
        let body = if let AceData::Raw(bytes) = &ace.data { octets(bytes) } else { octets(&[]) };
        return format!("({kind};{flags};{body})");
    }
    let rights = rights::print_rights(ace.mask, ace.kind);
    let guid = |guid: Option<crate::guid::Guid>| guid.map_or_else(String::new, |guid| guid.to_string());
    let types = ace.object.unwrap_or_default();
    let (object, inherited) = (guid(types.object), guid(types.inherited));
    let mut text = format!("({kind};{flags};{rights};{object};{inherited};{}", sid_to_sddl(&ace.sid));
    if let Some(data) = ace.data.to_text() {
        text.push_str(";(");
        text.push_str(&data);
        text.push(')');
    }
    text.push(')');
    text
}

/// `#` and hexadecimal digits.
pub(crate) fn octets(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(1 + bytes.len() * 2);
    text.push('#');
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
