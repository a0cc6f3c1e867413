//! What in a manifest is allowed and can hardly be meant: names that nobody knows, and pictures that are not there.

use std::path::Path;

use lowbox_msix::{CapabilityElement, Manifest};
use lowbox_policy::{capabilities, capability};

use crate::file_kind::FileKind;
use crate::output;

/// Systems that packages are made for. The set is open: an unknown one is a warning.
const FAMILIES: [&str; 24] = [
    "Windows.Universal",
    "Windows.Desktop",
    "Windows.Server",
    "Windows.Xbox",
    "Windows.Team",
    "Windows.Holographic",
    "Windows.Mobile",
    "Windows.IoT",
    "Windows.IoTHeadless",
    "Windows.IoTEnterprise",
    "Windows7.Desktop",
    "Windows8.Desktop",
    "Windows81.Desktop",
    "MSIXCore.Desktop",
    "MSIXCore.Server",
    "Linux.All",
    "Platform.All",
    "Web.All",
    "Apple.Ios.All",
    "Apple.Ios.Phone",
    "Apple.Ios.Tablet",
    "Apple.MacOS.All",
    "Google.Android.All",
    "Google.Android.Phone",
];

/// A name with so many letters changed is a misspelt one.
const NEAR: usize = 2;

/// What is doubtful, one message for each.
pub fn doubts(manifest: &Manifest, missing_pictures: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    for declared in &manifest.capabilities {
        // Names of one's own and of devices, which are GUIDs, are in no catalogue.
        let is_custom = declared.element == CapabilityElement::CustomCapability;
        if is_custom || capability(&declared.name).is_some() || is_guid(&declared.name) {
            continue;
        }
        let known = capabilities().map(|known| known.name);
        all.push(format!(
            "capability {} is in no catalogue and grants nothing{} (lowbox capability list)",
            declared.name,
            meant(&declared.name, known)
        ));
    }
    for family in &manifest.target_device_families {
        if !FAMILIES.iter().any(|known| known.eq_ignore_ascii_case(&family.name)) {
            all.push(format!(
                "TargetDeviceFamily {} is no system that is known{}; for Linux programs it is Linux.All",
                family.name,
                meant(&family.name, FAMILIES.into_iter())
            ));
        }
    }
    for picture in missing_pictures {
        all.push(format!("there is no picture {picture} in the folder; add it, or name another one"));
    }
    all
}

/// What lies at the top of the folder and is hardly meant for others. Only there: it is a help for whoever packs, and no check.
pub fn secrets(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().collect();
    names.sort_by_key(std::fs::DirEntry::file_name);
    let secret = |entry: &std::fs::DirEntry| {
        let (path, name) = (entry.path(), entry.file_name());
        let what = if [".git", ".hg", ".svn", ".env", ".ssh"].iter().any(|one| name == *one) {
            "is in the package"
        } else if FileKind::of(&path) == Some(FileKind::Key) {
            "is a private key, and is in the package"
        } else {
            return None;
        };
        Some(format!(
            "{} {what}: whoever has the package has it; move it out of the folder",
            output::path(&path)
        ))
    };
    names.iter().filter_map(secret).collect()
}

fn is_guid(name: &str) -> bool {
    let parts = name.split('-').map(str::len);
    parts.eq([8, 4, 4, 4, 12]) && name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// The nearest name, as a question.
fn meant<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let near = known.map(|one| (distance(name, one), one)).min();
    match near.filter(|(distance, _)| *distance <= NEAR) {
        Some((_, one)) => format!("; is {one} meant?"),
        None => String::new(),
    }
}

/// How many letters have to be put in, left out, changed or exchanged with the next one, case aside.
fn distance(one: &str, other: &str) -> usize {
    let [one, other] = [one, other].map(|text| text.to_ascii_lowercase().into_bytes());
    let width = other.len();
    let (mut before, mut above) = (vec![0; width + 1], (0..=width).collect::<Vec<_>>());
    for (row, letter) in one.iter().enumerate() {
        let mut line = vec![row + 1];
        for column in 0..width {
            let changed = above[column] + usize::from(*letter != other[column]);
            let mut least = changed.min(above[column + 1] + 1).min(line[column] + 1);
            if row > 0 && column > 0 && *letter == other[column - 1] && one[row - 1] == other[column] {
                least = least.min(before[column - 1] + 1);
            }
            line.push(least);
        }
        before = std::mem::replace(&mut above, line);
    }
    above[width]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_names_are_near_and_others_are_not() {
        for (one, other, far) in [
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "ABC", 0),
            ("abc", "acb", 1),
            ("abcd", "abd", 1),
            ("ab", "xy", 2),
        ] {
            assert_eq!(distance(one, other), far, "{one} {other}");
        }
        assert_eq!(meant("internetCleint", capabilities().map(|one| one.name)), "; is internetClient meant?");
        assert_eq!(meant("somethingElse", capabilities().map(|one| one.name)), "");
        assert!(is_guid("8ecf7bd7-1a7e-4bd8-a0bc-8a2f6c8b1f5d") && !is_guid("not-a-guid-at-all"));
    }
}
