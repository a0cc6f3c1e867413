//! One question to the access check, and its answer: the shape that single checks and batches share.

use lowbox_security::{
    AccessMask, AppContainer, GenericMapping, Group, Integrity, Privilege, Request, SecurityDescriptor,
    Token, TraceStep, UserHalf, access_check,
};
use serde::{Deserialize, Deserializer, Serialize};

use super::kind::kind;
use crate::sids;

/// Most SIDs of a token, groups and capabilities together: Windows takes 1,015 groups.
const MAX_SIDS: usize = 4096;

/// A line of a batch. Fields that are not named here are an error: a misspelled one would change the answer.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The descriptor.
    pub sddl: String,
    /// The user, then the groups; SIDs or SDDL's aliases.
    pub sids: Vec<String>,
    /// The wanted rights: `0x…`, decimal, or a JSON number.
    #[serde(deserialize_with = "mask_or_number")]
    pub desired: String,
    /// The package SID; without one the token is an ordinary one.
    #[serde(default)]
    pub package: Option<String>,
    /// Capabilities by name or SID.
    #[serde(default)]
    pub capabilities: Option<Vec<String>>,
    /// A less privileged AppContainer.
    #[serde(default)]
    pub lpac: Option<bool>,
    /// The integrity level: low with a package, else medium, unless given.
    #[serde(default)]
    pub integrity: Option<String>,
    /// Groups that match denies only.
    #[serde(default)]
    pub deny_only: Option<Vec<String>>,
    /// Enabled privileges by their Windows names.
    #[serde(default)]
    pub privileges: Option<Vec<String>>,
    /// The kind of object, `file` unless given.
    #[serde(default)]
    pub kind: Option<String>,
}

/// The answer as JSON.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// Whether every wanted right is granted.
    pub granted: bool,
    /// The granted rights.
    pub access: AccessMask,
    /// What the user half grants of the rights in question.
    pub user: AccessMask,
    /// What the lowbox half grants of them.
    pub lowbox: AccessMask,
    /// What the mandatory label leaves of them.
    pub label: AccessMask,
    /// NT would grant more.
    pub stricter_than_nt: bool,
    /// How it came about.
    pub trace: Vec<TraceStep>,
}

impl Question {
    /// Asks the access check, with the descriptor as both halves.
    ///
    /// # Errors
    /// A message about the field that is not understood.
    pub fn answer(&self) -> Result<Answer, String> {
        let descriptor = SecurityDescriptor::from_sddl(&self.sddl).map_err(|error| error.to_string())?;
        let kind = self.kind.as_deref().map_or(Ok(lowbox_security::ObjectKind::File), kind)?;
        let request = Request {
            desired: mask(&self.desired)?,
            mapping: GenericMapping::of(kind),
            user_half: UserHalf::Descriptor,
            parent: None,
        };
        let decision = access_check(&descriptor, &self.token()?, &request);
        Ok(Answer {
            granted: decision.granted,
            access: decision.access,
            user: decision.user,
            lowbox: decision.lowbox,
            label: decision.label,
            stricter_than_nt: decision.stricter_than_nt,
            trace: decision.trace,
        })
    }

    fn token(&self) -> Result<Token, String> {
        let deny_only = self.deny_only.as_deref().unwrap_or_default();
        let capabilities = self.capabilities.as_deref().unwrap_or_default();
        if self.sids.len() + deny_only.len() + capabilities.len() > MAX_SIDS {
            return Err(format!("a token holds at most {MAX_SIDS} SIDs here"));
        }
        let (user, groups) = self.sids.split_first().ok_or("no SID is given: the first is the user")?;
        let group = |deny_only| move |text: &String| sids::parse(text).map(|sid| Group { sid, deny_only });
        let groups = groups.iter().map(group(false)).chain(deny_only.iter().map(group(true)));
        let app_container = match &self.package {
            Some(package) => Some(AppContainer {
                package: sids::parse(package)?,
                capabilities: capabilities
                    .iter()
                    .map(|text| sids::capability(text))
                    .collect::<Result<_, _>>()?,
                less_privileged: self.lpac.unwrap_or(false),
            }),
            None if !capabilities.is_empty() => {
                return Err("capabilities belong to a package; give its SID too".into());
            }
            None if self.lpac == Some(true) => {
                return Err("an LPAC is a package's; give the package SID too".into());
            }
            None => None,
        };
        let default = if app_container.is_some() { Integrity::Low } else { Integrity::Medium };
        let level =
            |text: &str| text.parse().map_err(|error: lowbox_security::IntegrityError| error.to_string());
        let privilege = |text: &String| text.parse::<Privilege>().map_err(|error| error.to_string());
        Ok(Token {
            user: sids::parse(user)?,
            groups: groups.collect::<Result<_, _>>()?,
            app_container,
            integrity: self.integrity.as_deref().map_or(Ok(default), level)?,
            privileges: self
                .privileges
                .as_deref()
                .unwrap_or_default()
                .iter()
                .map(privilege)
                .collect::<Result<_, _>>()?,
        })
    }
}

/// `0x…` or decimal.
fn mask(text: &str) -> Result<AccessMask, String> {
    let number = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) if hex.bytes().all(|byte| byte.is_ascii_hexdigit()) => u32::from_str_radix(hex, 16).ok(),
        None if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    };
    number.map(AccessMask).ok_or_else(|| {
        let shown: String = text.chars().take(80).collect();
        format!("`{shown}` is no access mask: write up to eight hexadecimal digits, such as 0x120089")
    })
}

fn mask_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Mask {
        Number(u32),
        Text(String),
    }
    let mask = Mask::deserialize(deserializer)
        .map_err(|_| serde::de::Error::custom("desired is an access mask, such as \"0x120089\""))?;
    Ok(match mask {
        Mask::Number(number) => number.to_string(),
        Mask::Text(text) => text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_hexadecimal_or_decimal_and_nothing_else() {
        assert_eq!(mask("0x120089"), Ok(AccessMask(0x12_0089)));
        assert_eq!(mask("1"), Ok(AccessMask(1)));
        for bad in ["", "0x", "0x1_0", "+1", "-1", "0x100000000", "4294967296", "FR", "0x+1"] {
            assert!(mask(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_belongs_to_a_package_needs_one() {
        let question = |capabilities: Option<Vec<String>>, lpac| Question {
            sddl: "D:(A;;FA;;;WD)".into(),
            sids: vec!["S-1-5-21-1-2-3-1000".into(), "WD".into()],
            desired: "1".into(),
            capabilities,
            lpac,
            ..Question::default()
        };
        assert!(question(None, Some(false)).answer().unwrap().granted);
        assert!(question(Some(vec!["internetClient".into()]), None).answer().is_err());
        assert!(question(None, Some(true)).answer().is_err());
    }
}
