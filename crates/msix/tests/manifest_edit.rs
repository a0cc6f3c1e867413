//! Capabilities are added to manifests in place: nothing else changes.

use std::path::Path;

use lowbox_msix::manifest::edit::{EditError, NewCapability, NewManifest, add_capabilities, new_manifest};
use lowbox_msix::{CapabilityElement, Identity, Manifest};
use proptest::prelude::*;

const FOUNDATION: &str = "http://schemas.microsoft.com/appx/manifest/foundation/windows10";
const UAP: &str = "http://schemas.microsoft.com/appx/manifest/uap/windows10";
const UAP4: &str = "http://schemas.microsoft.com/appx/manifest/uap/windows10/4";
const RESCAP: &str = "http://schemas.microsoft.com/appx/manifest/foundation/windows10/restrictedcapabilities";

fn new(name: &str) -> NewCapability {
    let (element, uri, prefix) = match name {
        "internetClient" | "codeGeneration" => (CapabilityElement::Capability, FOUNDATION, None),
        "webcam" | "microphone" => (CapabilityElement::DeviceCapability, FOUNDATION, None),
        "a.b_8wekyb3d8bbwe" => (CapabilityElement::CustomCapability, UAP4, Some("uap4")),
        name if name.starts_with("isolatedWin32") => (CapabilityElement::Capability, RESCAP, Some("rescap")),
        _ => (CapabilityElement::Capability, UAP, Some("uap")),
    };
    NewCapability {
        name: name.to_owned(),
        element,
        namespace_uri: uri.to_owned(),
        prefix: prefix.map(str::to_owned),
        comment: (name.ends_with("Library") || name == "webcam").then(|| "privacy-sensitive".to_owned()),
        commented_out: name.ends_with("promptForAccess"),
    }
}

const NAMES: [&str; 9] = [
    "internetClient",
    "codeGeneration",
    "documentsLibrary",
    "removableStorage",
    "isolatedWin32-print",
    "isolatedWin32-promptForAccess",
    "a.b_8wekyb3d8bbwe",
    "webcam",
    "microphone",
];

/// A manifest from parts.
fn manifest(attributes: &str, capabilities: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<!-- made by hand -->
<Package xmlns="{FOUNDATION}"
         xmlns:uap="{UAP}" {attributes}>
    <Identity Name='A.B'   Publisher="CN=C" Version="1.0.0.0" />
    <Properties><DisplayName>A &amp; B</DisplayName><PublisherDisplayName>C</PublisherDisplayName><Logo>l.png</Logo></Properties>
    <Dependencies><TargetDeviceFamily Name="Linux.All" MinVersion="0.0.0.0" MaxVersionTested="0.0.0.0"/></Dependencies>
{capabilities}</Package>
<!-- the end -->
"#
    )
}

fn added(text: &str, names: &[&str]) -> String {
    let new: Vec<_> = names.iter().map(|name| new(name)).collect();
    String::from_utf8(add_capabilities(text.as_bytes(), &new).unwrap().bytes).unwrap()
}

#[test]
fn a_capability_goes_behind_the_last_of_its_kind_indented_like_it() {
    let before = manifest(
        "",
        "    <Capabilities>\n      <Capability Name=\"internetClient\"/> <!-- updates -->\n      \
         <!-- for calls -->\n      <DeviceCapability Name=\"microphone\"/>\n    </Capabilities>\n",
    );
    let after = added(&before, &["webcam", "documentsLibrary"]);
    let expected = before
        .replace(
            "<!-- updates -->\n",
            "<!-- updates -->\n      <!-- privacy-sensitive -->\n      <uap:Capability Name=\"documentsLibrary\"/>\n",
        )
        .replace(
            "\"microphone\"/>\n",
            "\"microphone\"/>\n      <!-- privacy-sensitive -->\n      <DeviceCapability Name=\"webcam\"/>\n",
        );
    assert_eq!(after, expected);
}

#[test]
fn without_capabilities_the_element_is_added_behind_the_last_and_namespaces_are_declared() {
    let before = manifest("", "");
    let after = added(&before, &["isolatedWin32-print"]);
    let expected = before
        .replace(" >\n", &format!(" xmlns:rescap=\"{RESCAP}\" IgnorableNamespaces=\"rescap\" >\n"))
        .replace(
            "</Dependencies>\n",
            "</Dependencies>\n    <Capabilities>\n        <rescap:Capability Name=\"isolatedWin32-print\"/>\n    \
             </Capabilities>\n",
        )
        .replacen(&format!("\"{UAP}\"  xmlns"), &format!("\"{UAP}\" xmlns"), 1);
    assert_eq!(after.replace(" >", ">"), expected.replace(" >", ">"));
}

#[test]
fn the_prompting_capability_is_written_commented_out_and_once() {
    let before = manifest("", "    <Capabilities/>\n");
    let after = added(&before, &["isolatedWin32-promptForAccess"]);
    assert!(after.contains(
        "    <Capabilities>\n        <!-- <rescap:Capability Name=\"isolatedWin32-promptForAccess\"/> -->\n    </Capabilities>\n"
    ));
    assert!(Manifest::parse(after.as_bytes()).unwrap().capabilities.is_empty());
    assert_eq!(added(&after, &["isolatedWin32-promptForAccess"]), after);
    // What its author has decided stays so.
    let allowed = after.replace("<!-- <rescap", "<rescap").replace("/> -->", "/>");
    assert_eq!(added(&allowed, &["isolatedWin32-promptForAccess"]), allowed);
}

#[test]
fn a_list_of_ignorable_namespaces_is_added_to_and_other_prefixes_are_kept() {
    let before = manifest(&format!("xmlns:r=\"{RESCAP}\" IgnorableNamespaces='uap r'"), "");
    let after = added(&before, &["isolatedWin32-print", "a.b_8wekyb3d8bbwe"]);
    assert!(after.contains("IgnorableNamespaces='uap r uap4'"), "{after}");
    assert!(
        after.contains("<r:Capability Name=\"isolatedWin32-print\"/>") && !after.contains("xmlns:rescap")
    );
}

#[test]
fn a_prefix_that_means_something_else_is_not_taken() {
    let before = manifest("xmlns:rescap=\"urn:mine\" IgnorableNamespaces=\"rescap\"", "");
    let after = added(&before, &["isolatedWin32-print"]);
    assert!(after.contains("<rescapx1:Capability ") && after.contains("\"rescap rescapx1\""), "{after}");
    // Nor one that means something else where capabilities stand.
    let before = manifest("", &format!("<Capabilities xmlns:rescap=\"urn:mine\" xmlns:uap=\"{UAP4}\"/>"));
    let after = added(&before, &["isolatedWin32-print", "documentsLibrary"]);
    assert!(after.contains("<rescapx1:Capability ") && after.contains("<uapx1:Capability "), "{after}");
}

#[test]
fn a_foundation_namespace_with_a_prefix_is_used_with_it() {
    let text = manifest("", "").replace("xmlns=", "xmlns:f=").replace("<", "<f:").replace("<f:/", "</f:");
    let text = text.replace("<f:?", "<?").replace("<f:!", "<!");
    Manifest::parse(text.as_bytes()).unwrap();
    let after = added(&text, &["internetClient"]);
    assert!(after.contains("<f:Capabilities>") && after.contains("<f:Capability Name=\"internetClient\"/>"));
    assert!(after.contains("</f:Capabilities>"));
}

#[test]
fn a_manifest_on_one_line_stays_on_one() {
    let text = manifest("", "<Capabilities><Capability Name=\"internetClient\"/></Capabilities>");
    let line: String = text.lines().skip(2).take(7).map(str::trim).collect::<Vec<_>>().join(" ");
    let after = added(&line, &["codeGeneration", "webcam"]);
    assert_eq!(after.lines().count(), 1);
    assert!(after.contains("<Capability Name=\"internetClient\"/><Capability Name=\"codeGeneration\"/>"));
}

#[test]
fn what_is_declared_in_another_spelling_or_namespace_is_declared() {
    let before = manifest("", "<Capabilities><Capability Name=\"documentslibrary\"/></Capabilities>");
    assert_eq!(added(&before, &["documentsLibrary"]), before);
}

#[test]
fn what_can_not_be_read_or_would_not_be_in_order_is_refused() {
    let broken = add_capabilities(b"<Package/>", &[new("webcam")]).unwrap_err();
    assert!(matches!(broken, EditError::Manifest(_)));
    let full: String = (0..100).map(|number| format!("<Capability Name=\"aaa{number}\"/>")).collect();
    let text = manifest("", &format!("<Capabilities>{full}</Capabilities>"));
    let error = add_capabilities(text.as_bytes(), &[new("internetClient")]).unwrap_err();
    assert!(matches!(error, EditError::Refused { .. }) && error.to_string().contains("internetClient"));
    for name in ["a\"b", "<x>", "", "a--b"] {
        let text = manifest("", "");
        assert!(add_capabilities(text.as_bytes(), &[new(name)]).is_err(), "{name}");
    }
    let mut hostile = new("webcam");
    hostile.comment = Some("--> <x/>".to_owned());
    assert!(add_capabilities(manifest("", "").as_bytes(), &[hostile]).is_err());
}

#[test]
fn utf_16_and_byte_order_marks_stay() {
    let text = manifest("", "").replace("utf-8", "utf-16");
    for (mark, encode) in [
        ([0xFF, 0xFE], u16::to_le_bytes as fn(u16) -> [u8; 2]),
        ([0xFE, 0xFF], u16::to_be_bytes as fn(u16) -> [u8; 2]),
    ] {
        let bytes: Vec<u8> = mark.into_iter().chain(text.encode_utf16().flat_map(encode)).collect();
        let edited = add_capabilities(&bytes, &[new("internetClient")]).unwrap();
        assert_eq!(edited.bytes[..2], mark);
        assert_eq!(edited.bytes[..200], bytes[..200]);
        assert_eq!(Manifest::parse(&edited.bytes).unwrap().capabilities[0].name, "internetClient");
    }
}

#[test]
fn a_new_manifest_declares_what_is_needed_and_nothing_more() {
    let what =
        NewManifest { identity: Identity::unpackaged(b"python3"), display_name: "<b>\"&\n".to_owned() };
    let bytes = new_manifest(&what, &[new("internetClient"), new("webcam")]).unwrap();
    let manifest = Manifest::parse(&bytes).unwrap();
    assert_eq!(manifest.identity, what.identity);
    assert_eq!(manifest.properties.display_name, "<b>\"&");
    let names: Vec<&str> = manifest.capabilities.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["internetClient", "webcam"]);
    assert!(manifest.warnings.is_empty() && manifest.applications[0].isolation.is_silo());
}

/// Checks what every edit keeps.
fn check(before: &[u8], names: &[&str]) -> Result<(), TestCaseError> {
    let wanted: Vec<_> = names.iter().map(|name| new(name)).collect();
    let edited = match add_capabilities(before, &wanted) {
        Err(EditError::Refused { .. }) => return Ok(()),
        edited => edited.unwrap(),
    };
    let again = add_capabilities(&edited.bytes, &wanted).unwrap();
    prop_assert_eq!(&again.bytes, &edited.bytes, "twice is once");
    prop_assert!(again.added.is_empty());
    let (old, new) = (Manifest::parse(before).unwrap(), Manifest::parse(&edited.bytes).unwrap());
    for one in &old.capabilities {
        prop_assert!(new.capabilities.contains(one));
    }
    for name in names.iter().filter(|name| !name.ends_with("promptForAccess")) {
        prop_assert!(new.capabilities.iter().any(|one| one.name.eq_ignore_ascii_case(name)), "{name}");
    }
    prop_assert!(new.capabilities.len() <= old.capabilities.len() + names.len());
    prop_assert!(new.capabilities.is_sorted_by_key(|one| one.element));
    // Nothing is taken out but the slash of an empty element.
    if let (Ok(old), Ok(new)) = (std::str::from_utf8(before), std::str::from_utf8(&edited.bytes)) {
        let old = ["<Capabilities />", "<Capabilities/>"]
            .iter()
            .fold(old.to_owned(), |text, empty| text.replace(empty, "<Capabilities></Capabilities>"));
        prop_assert!(is_subsequence(&old, new), "{new}");
    }
    Ok(())
}

/// Takes out of `text` each of the pieces once, with the white space before it from its line's end on.
fn without(text: &str, pieces: &[String]) -> String {
    let mut text = text.to_owned();
    for piece in pieces {
        let at = text.find(piece.as_str()).unwrap_or_else(|| panic!("{piece} is not in {text}"));
        let before = text[..at].trim_end_matches([' ', '\t']);
        let start = match before.strip_suffix('\n') {
            Some(line) => line.strip_suffix('\r').unwrap_or(line).len(),
            None => at,
        };
        text.replace_range(start..at + piece.len(), "");
    }
    text
}

fn is_subsequence(part: &str, whole: &str) -> bool {
    let mut whole = whole.chars();
    part.chars().all(|character| whole.any(|other| other == character))
}

#[test]
fn every_manifest_that_is_read_can_be_added_to() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/valid");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for names in [&NAMES[..], &NAMES[4..5], &NAMES[7..], &NAMES[..1]] {
            check(&bytes, names).unwrap();
        }
        count += 1;
    }
    assert!(count > 20);
}

proptest! {
    #[test]
    fn any_layout_keeps_its_bytes(
        have in proptest::sample::subsequence(NAMES.to_vec(), 0..6),
        names in proptest::sample::subsequence(NAMES.to_vec(), 1..NAMES.len()),
        separator in prop_oneof![Just("\n  "), Just("\n\t\t"), Just(""), Just(" "), Just("\n\n     ")],
        comments: bool,
        windows: bool,
        mark: bool,
        prefixes in prop_oneof![Just("rescap"), Just("zz")],
        parent in 0_u8..4,
    ) {
        let mut inner = String::new();
        for name in &have {
            let one = new(name);
            let prefix = match one.namespace_uri.as_str() {
                RESCAP => format!("{prefixes}:"),
                UAP => "uap:".to_owned(),
                UAP4 => "q:".to_owned(),
                _ => String::new(),
            };
            inner.push_str(&format!("{separator}<{prefix}{} Name='{name}' />", one.element));
            if comments {
                inner.push_str(" <!-- a > b -->");
            }
        }
        let capabilities = match (parent, have.is_empty()) {
            (0, true) => String::new(),
            (1, true) => "<Capabilities />".to_owned(),
            (2, true) => "  <Capabilities>\n   <!-- none -->\n  </Capabilities>\n".to_owned(),
            _ => format!("<Capabilities>{inner}\n</Capabilities>"),
        };
        let attributes = format!("xmlns:{prefixes}=\"{RESCAP}\" xmlns:q='{UAP4}' IgnorableNamespaces = ' uap '");
        let mut text = manifest(&attributes, &capabilities);
        if windows {
            text = text.replace('\n', "\r\n");
        }
        let mut bytes = if mark { vec![0xEF, 0xBB, 0xBF] } else { Vec::new() };
        bytes.extend(text.as_bytes());
        check(&bytes, &names)?;
        if !have.is_empty() {
            // Every prefix is there, so only lines were added: without them it is the old text, byte for byte.
            let mut pieces = Vec::new();
            for one in names.iter().filter(|name| !have.contains(name)).map(|name| new(name)) {
                let prefix = match one.namespace_uri.as_str() {
                    RESCAP => format!("{prefixes}:"),
                    UAP => "uap:".to_owned(),
                    UAP4 => "q:".to_owned(),
                    _ => String::new(),
                };
                let element = format!("<{prefix}{} Name=\"{}\"/>", one.element, one.name);
                pieces.push(if one.commented_out { format!("<!-- {element} -->") } else { element });
                pieces.extend(one.comment.map(|comment| format!("<!-- {comment} -->")));
            }
            let wanted: Vec<_> = names.iter().map(|name| new(name)).collect();
            let edited = String::from_utf8(add_capabilities(&bytes, &wanted).unwrap().bytes).unwrap();
            let taken_out = without(&edited, &pieces);
            prop_assert_eq!(taken_out.as_bytes(), &bytes[..]);
        }
        if windows {
            let wanted: Vec<_> = names.iter().map(|name| new(name)).collect();
            let edited = add_capabilities(&bytes, &wanted).unwrap();
            let text = String::from_utf8(edited.bytes).unwrap();
            prop_assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
        }
    }
}
