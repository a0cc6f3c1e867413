//! What this machine and its user want of a bundle.

use std::ffi::OsString;

use lowbox_msix::Architecture;
use lowbox_msix::bundle::Machine;

/// The scale of a screen of which nothing is known.
const SCALE: u16 = 100;

/// This machine: what its processor runs, and the languages of the user's locale.
#[must_use]
pub fn machine() -> Machine {
    let variable = |name: &str| std::env::var_os(name).map(OsString::into_encoded_bytes);
    Machine {
        architectures: architectures(std::env::consts::ARCH),
        languages: languages(variable),
        scale: SCALE,
    }
}

fn architectures(own: &str) -> Vec<Architecture> {
    let mut all = match own {
        "x86_64" => vec![Architecture::X64, Architecture::X86],
        "aarch64" => vec![Architecture::Arm64, Architecture::Arm],
        "x86" => vec![Architecture::X86],
        "arm" => vec![Architecture::Arm],
        _ => Vec::new(),
    };
    all.push(Architecture::Neutral);
    all
}

/// Tags of languages by the variables of locales (POSIX XBD 8.2; gettext's LANGUAGE, a list that is looked at unless the locale is C).
fn languages(variable: impl Fn(&str) -> Option<Vec<u8>>) -> Vec<String> {
    let value = |name: &str| {
        let bytes = variable(name).filter(|bytes| !bytes.is_empty())?;
        String::from_utf8(bytes).ok()
    };
    let locale =
        value("LC_ALL").or_else(|| value("LC_MESSAGES")).or_else(|| value("LANG")).unwrap_or_default();
    let is_plain = ["", "C", "POSIX"].contains(&locale.split(['.', '@']).next().unwrap_or_default());
    let list = value("LANGUAGE").filter(|_| !is_plain).unwrap_or_default();
    let mut tags: Vec<String> = Vec::new();
    for text in list.split(':').chain([locale.as_str()]) {
        // language[_territory][.codeset][@modifier]
        let (text, modifier) = text.split_once('@').unwrap_or((text, ""));
        let text = text.split('.').next().unwrap_or_default();
        let plain = |part: &str| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        if ["C", "POSIX"].contains(&text) || !text.split('_').all(plain) {
            continue;
        }
        let tag = match (modifier, text.split_once('_')) {
            ("latin", Some((language, territory))) => format!("{language}-Latn-{territory}"),
            ("latin", None) => format!("{text}-Latn"),
            _ => text.replace('_', "-"),
        };
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    // What has no language is in English.
    if tags.is_empty() {
        tags.push("en-US".to_owned());
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Vec<String> {
        languages(|name| {
            variables.iter().find(|(other, _)| *other == name).map(|(_, value)| value.as_bytes().to_vec())
        })
    }

    #[test]
    fn locales_become_tags_in_the_order_of_the_users_wishes() {
        assert_eq!(of(&[("LANG", "de_DE.UTF-8")]), ["de-DE"]);
        assert_eq!(of(&[("LANG", "de_DE"), ("LC_ALL", "fr_FR@euro")]), ["fr-FR"]);
        assert_eq!(of(&[("LANG", "de_AT.UTF-8"), ("LANGUAGE", "de_AT:de:en")]), ["de-AT", "de", "en"]);
        assert_eq!(of(&[("LANG", "sr_RS@latin")]), ["sr-Latn-RS"]);
        assert_eq!(of(&[("LANG", "C.UTF-8"), ("LANGUAGE", "de")]), ["en-US"]);
        assert_eq!(of(&[("LANG", "../../etc")]), ["en-US"]);
        assert_eq!(of(&[]), ["en-US"]);
    }

    #[test]
    fn a_processor_runs_what_it_runs_and_what_is_for_any() {
        assert_eq!(architectures("x86_64"), [Architecture::X64, Architecture::X86, Architecture::Neutral]);
        assert_eq!(architectures("riscv64"), [Architecture::Neutral]);
    }
}
