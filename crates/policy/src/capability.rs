//! The capability catalogue: what each capability guards, and whether an isolated program may have it.
//!
//! The catalogue is `data/capabilities.txt`; its header explains the columns. It is read line by line whenever it
//! is asked, without an index: a look-up compares about a hundred names.

use std::fmt;

pub use lowbox_msix::CapabilityElement as Element;

const CATALOGUE: &str = include_str!("../data/capabilities.txt");

/// Prefixes of the catalogue's `ELEMENT` column and the namespaces that they customarily stand for.
const NAMESPACES: [(&str, &str); 11] = [
    ("uap", "http://schemas.microsoft.com/appx/manifest/uap/windows10"),
    ("uap2", "http://schemas.microsoft.com/appx/manifest/uap/windows10/2"),
    ("uap3", "http://schemas.microsoft.com/appx/manifest/uap/windows10/3"),
    ("uap4", "http://schemas.microsoft.com/appx/manifest/uap/windows10/4"),
    ("uap6", "http://schemas.microsoft.com/appx/manifest/uap/windows10/6"),
    ("uap7", "http://schemas.microsoft.com/appx/manifest/uap/windows10/7"),
    ("uap11", "http://schemas.microsoft.com/appx/manifest/uap/windows10/11"),
    ("rescap", "http://schemas.microsoft.com/appx/manifest/foundation/windows10/restrictedcapabilities"),
    ("mobile", "http://schemas.microsoft.com/appx/manifest/mobile/windows10"),
    ("iot", "http://schemas.microsoft.com/appx/manifest/iot/windows10"),
    ("systemai", "http://schemas.microsoft.com/appx/manifest/systemai/windows10"),
];

/// One capability of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capability {
    /// Canonical spelling.
    pub name: &'static str,
    /// The manifest element that declares it.
    pub element: Element,
    /// Customary prefix of the element's namespace; `None` for the foundation namespace.
    pub namespace: Option<&'static str>,
    /// Whether declaring it is not enough: the user is asked, and can change the answer.
    pub privacy: bool,
    /// Whether an isolated program may have it.
    pub verdict: Verdict,
    /// What it guards.
    pub guards: &'static str,
    /// What it grants on Linux; `none` when nothing.
    pub on_linux: &'static str,
}

/// Whether an isolated program may have a capability. The texts say why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Accept,
    /// Yes, but the reader should know this.
    Warn(&'static str),
    /// No: the program is not started.
    Refuse(&'static str),
}

impl Capability {
    /// The URI of the namespace in which manifests declare it.
    #[must_use]
    pub fn namespace_uri(&self) -> &'static str {
        self.namespace
            .and_then(|prefix| NAMESPACES.iter().find(|(known, _)| *known == prefix))
            .map_or(lowbox_msix::manifest::namespace::FOUNDATION, |(_, uri)| uri)
    }

    /// Whether it is declared by that element of that namespace. `gazeInput` is documented as a device capability
    /// but is in the schema of `uap7` too.
    #[must_use]
    pub fn is_declared_by(&self, element: Element, namespace_uri: &str) -> bool {
        (self.element == element && self.namespace_uri() == namespace_uri)
            || (self.name == "gazeInput"
                && element == Element::Capability
                && namespace_uri.ends_with("/uap/windows10/7"))
    }
}

/// Prints the declaration as it stands in a manifest, like `<uap:Capability Name="musicLibrary"/>`.
impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (prefix, colon) = self.namespace.map_or(("", ""), |prefix| (prefix, ":"));
        write!(f, "<{prefix}{colon}{} Name=\"{}\"/>", self.element, self.name)
    }
}

/// The whole catalogue, in its own order.
pub fn capabilities() -> impl Iterator<Item = Capability> {
    lines().filter_map(parse)
}

/// The capability of that name, whatever its case.
///
/// Names are the same when their upper-case spellings are, by the rule of the hash that makes their SID: also
/// `permiſſiveLearningMode` is the capability that it would get the SID of.
#[must_use]
pub fn capability(name: &str) -> Option<Capability> {
    let wanted = name.to_uppercase();
    lines()
        .find(|line| {
            let known = line.split_ascii_whitespace().next().unwrap_or_default();
            known.eq_ignore_ascii_case(&wanted)
        })
        .and_then(parse)
}

fn lines() -> impl Iterator<Item = &'static str> {
    CATALOGUE.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Reads a line. That every line of the catalogue can be read is tested, not checked at run time.
fn parse(line: &'static str) -> Option<Capability> {
    let mut columns = line.split('|').map(str::trim);
    let mut head = columns.next()?.split_ascii_whitespace();
    let (name, element, privacy, verdict) = (head.next()?, head.next()?, head.next()?, head.next()?);
    let (guards, on_linux, why) = (columns.next()?, columns.next()?, columns.next());
    if head.next().is_some() || columns.next().is_some() || guards.is_empty() || on_linux.is_empty() {
        return None;
    }
    let (namespace, element) = match element.split_once(':') {
        Some((prefix, element)) => (Some(prefix), element),
        None => (None, element),
    };
    let elements = [Element::Capability, Element::CustomCapability, Element::DeviceCapability];
    Some(Capability {
        name,
        element: elements.into_iter().find(|known| known.as_str() == element)?,
        namespace,
        privacy: match privacy {
            "P" => true,
            "-" => false,
            _ => return None,
        },
        verdict: match (verdict, why) {
            ("accept", None) => Verdict::Accept,
            ("warn", Some(why)) if !why.is_empty() => Verdict::Warn(why),
            ("refuse", Some(why)) if !why.is_empty() => Verdict::Refuse(why),
            _ => return None,
        },
        guards,
        on_linux,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_catalogue_can_be_read() {
        for line in lines() {
            let capability = parse(line).unwrap_or_else(|| panic!("{line}"));
            let prefix = capability.namespace;
            assert!(prefix.is_none_or(|one| NAMESPACES.iter().any(|(known, _)| *known == one)), "{line}");
            assert!(capability.name.is_ascii(), "{line}");
        }
    }

    #[test]
    fn a_line_that_is_not_in_order_is_not_read() {
        for line in [
            "",
            "a Capability - accept",
            "a Capability - accept | guards",
            "a Capability - accept | guards | ",
            "a Capability - accept | guards | linux | why",
            "a Capability - refuse | guards | linux",
            "a Capability - maybe | guards | linux",
            "a Capability X accept | guards | linux",
            "a Thing - accept | guards | linux",
            "a Capability - accept more | guards | linux",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
