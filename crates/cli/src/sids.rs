//! Names of SIDs for people.

use lowbox_policy::capabilities;
use lowbox_security::derive::capability_sid;
use lowbox_security::{Integrity, SecurityDescriptor, Sid};

/// Names as Windows shows them, in English.
const WELL_KNOWN: [(&str, &str); 25] = [
    ("S-1-0-0", "nobody"),
    ("S-1-1-0", "everyone"),
    ("S-1-3-0", "creator owner"),
    ("S-1-3-1", "creator group"),
    ("S-1-3-4", "owner rights"),
    ("S-1-5-2", "network"),
    ("S-1-5-4", "interactive"),
    ("S-1-5-6", "service"),
    ("S-1-5-7", "anonymous"),
    ("S-1-5-10", "self"),
    ("S-1-5-11", "authenticated users"),
    ("S-1-5-12", "restricted code"),
    ("S-1-5-18", "system"),
    ("S-1-5-19", "local service"),
    ("S-1-5-20", "network service"),
    ("S-1-5-33", "write restricted"),
    ("S-1-5-32-544", "administrators"),
    ("S-1-5-32-545", "users"),
    ("S-1-5-32-546", "guests"),
    ("S-1-5-32-547", "power users"),
    ("S-1-5-32-551", "backup operators"),
    ("S-1-15-2-1", "all application packages"),
    ("S-1-15-2-2", "all restricted application packages"),
    ("S-1-18-1", "authenticated by an authority"),
    ("S-1-18-2", "identity asserted by a service"),
];

/// What a SID stands for: a well-known name, a capability of the catalogue, an integrity level, a Unix user or group.
pub fn name_of(sid: &Sid) -> Option<String> {
    let text = sid.to_string();
    if let Some((_, name)) = WELL_KNOWN.iter().find(|(known, _)| *known == text) {
        return Some((*name).to_owned());
    }
    if let Some(rid) = sid.label_rid() {
        let level = Integrity::from_rid(rid);
        return Some(if level.rid() == rid {
            format!("{level} integrity")
        } else {
            format!("above {level} integrity")
        });
    }
    match (sid.authority(), sid.sub_authorities()) {
        (22, [1, uid]) => return Some(format!("Unix user {uid}")),
        (22, [2, gid]) => return Some(format!("Unix group {gid}")),
        _ => {}
    }
    if sid.is_capability() {
        let known = capabilities().find(|capability| capability_sid(capability.name) == *sid);
        return Some(
            known.map_or("a capability".to_owned(), |capability| format!("capability {}", capability.name)),
        );
    }
    sid.is_package().then(|| "a package".to_owned())
}

/// `name (SID)`, or the SID alone.
pub fn with_name(sid: &Sid) -> String {
    name_of(sid).map_or_else(|| sid.to_string(), |name| format!("{name} ({sid})"))
}

/// A SID as text, or one of SDDL's two-letter aliases.
///
/// # Errors
/// A message that says how SIDs are written.
pub fn parse(text: &str) -> Result<Sid, String> {
    if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        let descriptor =
            SecurityDescriptor::from_sddl(&format!("O:{text}")).map_err(|error| error.to_string())?;
        return descriptor.owner.ok_or_else(|| format!("`{text}` is no alias of a SID"));
    }
    text.parse().map_err(|error: lowbox_security::SidError| error.to_string())
}

/// A capability by name or by SID.
///
/// # Errors
/// A message, for what is neither.
pub fn capability(text: &str) -> Result<Sid, String> {
    if text.len() >= 4 && text.is_char_boundary(4) && text[..4].eq_ignore_ascii_case("S-1-") {
        return parse(text);
    }
    crate::package::capability_name(text).map(|name| capability_sid(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sids_have_the_names_of_what_they_are_derived_from() {
        let name = |text: &str| name_of(&text.parse().unwrap());
        assert_eq!(name("S-1-1-0").as_deref(), Some("everyone"));
        assert_eq!(name("S-1-16-4096").as_deref(), Some("low integrity"));
        assert_eq!(name("S-1-22-1-1000").as_deref(), Some("Unix user 1000"));
        assert_eq!(name("S-1-15-3-7").as_deref(), Some("capability documentsLibrary"));
        assert_eq!(name("S-1-5-21-1-2-3-1000"), None);
    }

    #[test]
    fn every_well_known_name_is_of_a_sid() {
        for (sid, _) in WELL_KNOWN {
            assert!(sid.parse::<Sid>().is_ok(), "{sid}");
        }
    }

    #[test]
    fn aliases_and_names_are_read_too() {
        assert_eq!(parse("BA").unwrap().to_string(), "S-1-5-32-544");
        assert_eq!(capability("documentslibrary").unwrap().to_string(), "S-1-15-3-7");
        assert_eq!(capability("S-1-15-3-7").unwrap().to_string(), "S-1-15-3-7");
        for bad in ["", "QQ", "S-1-x", "documentsLibrar\u{fd}"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(capability("permi\u{17f}\u{17f}iveLearningMode").is_err());
    }
}
