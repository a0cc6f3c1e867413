//! What resources are for: a language, a scale of the screen, a level of graphics; and which of them fit a user.

/// What a package's resources are for, as its manifest, or its bundle's, has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Qualifiers {
    /// A language's tag (BCP 47), in lower case.
    pub language: Option<String>,
    /// The scale of the screen, in per cent.
    pub scale: Option<u16>,
    /// The level of graphics, like `dx11`.
    pub dx_feature_level: Option<String>,
}

/// From the attributes; the error has the attribute's name, its value and what is wrong.
pub(crate) fn parse(
    language: Option<&str>,
    scale: Option<&str>,
    dx_feature_level: Option<&str>,
) -> Result<Qualifiers, (&'static str, String, &'static str)> {
    if let Some(text) = language.filter(|text| !is_language(text)) {
        return Err(("Language", text.to_owned(), "write a language's tag, like en-US"));
    }
    let number = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        let number =
            digits.then(|| text.parse::<u16>().ok()).flatten().filter(|one| (50..=1000).contains(one));
        number.ok_or_else(|| ("Scale", text.to_owned(), "write the scale in per cent, like 200"))
    };
    let scale = scale.map(number).transpose()?;
    let is_level =
        |text: &&str| ["dx9", "dx10", "dx11", "dx12"].iter().any(|one| one.eq_ignore_ascii_case(text));
    if let Some(text) = dx_feature_level.filter(|text| !is_level(text)) {
        return Err(("DXFeatureLevel", text.to_owned(), "write dx9, dx10, dx11 or dx12"));
    }
    Ok(Qualifiers {
        language: language.map(str::to_ascii_lowercase),
        scale,
        dx_feature_level: dx_feature_level.map(str::to_ascii_lowercase),
    })
}

/// As `xs:language` has it.
fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    let fits = |part: &str| (1..=8).contains(&part.len());
    fits(first)
        && first.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| fits(part) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// How well a language's tag fits a user's: from 0 (not at all) to 3 (the same). Letters' case does not count.
///
/// What has the same language and script, told or not, fits better than what has the same language alone: `zh-TW` is not written as
/// `zh-CN` is.
#[must_use]
pub fn fit(tag: &str, wanted: &str) -> u8 {
    let (tag, wanted) = (Tag::of(tag), Tag::of(wanted));
    if tag.language != wanted.language || tag.language.is_empty() {
        0
    } else if tag == wanted {
        3
    } else if tag.script() == wanted.script() {
        2
    } else {
        1
    }
}

/// The parts of a tag that are looked at.
#[derive(PartialEq, Eq)]
struct Tag {
    language: String,
    script: Option<String>,
    rest: Vec<String>,
}

impl Tag {
    fn of(text: &str) -> Tag {
        let mut parts = text.split('-').map(str::to_ascii_lowercase);
        let language = parts.next().unwrap_or_default();
        let mut rest: Vec<String> = parts.collect();
        let is_script =
            |part: &String| part.len() == 4 && part.bytes().all(|byte| byte.is_ascii_alphabetic());
        let script = rest.first().is_some_and(is_script).then(|| rest.remove(0));
        Tag { language, script, rest }
    }

    /// The script, which Chinese tags of regions have without saying it.
    fn script(&self) -> Option<&str> {
        let region = || self.rest.first().map(String::as_str).unwrap_or_default();
        match (&self.script, self.language.as_str()) {
            (Some(script), _) => Some(script),
            (None, "zh") if ["tw", "hk", "mo"].contains(&region()) => Some("hant"),
            (None, "zh") => Some("hans"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_fit_by_language_script_and_region() {
        for (tag, wanted, expected) in [
            ("en-US", "en-us", 3),
            ("en", "en-GB", 2),
            ("en-US", "en-GB", 2),
            ("de", "en", 0),
            ("zh-TW", "zh-Hant-TW", 2),
            ("zh-CN", "zh-TW", 1),
            ("zh-Hant", "zh-HK", 2),
            ("sr-Latn", "sr-Cyrl", 1),
            ("", "", 0),
        ] {
            assert_eq!(fit(tag, wanted), expected, "{tag} for {wanted}");
        }
    }

    #[test]
    fn what_is_no_tag_scale_or_level_is_refused() {
        for (language, scale, level) in [
            (Some(""), None, None),
            (Some("en_US"), None, None),
            (Some("1a"), None, None),
            (Some("toolonglanguage"), None, None),
            (None, Some("0100"), None),
            (None, Some("9"), None),
            (None, Some("70000"), None),
            (None, Some(""), None),
            (None, None, Some("dx8")),
        ] {
            assert!(parse(language, scale, level).is_err(), "{language:?} {scale:?} {level:?}");
        }
        assert!(parse(Some("x-generate"), Some("200"), Some("DX11")).is_ok());
    }
}
