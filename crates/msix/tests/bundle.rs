//! Bundles: what is put in is what comes out, and each machine and user gets the packages that are for them.

mod common;
mod corpus;

use corpus::bundles::{package, resources};
use lowbox_msix::bundle::{Bundle, BundleManifest, BundleWriter, Choice, Machine, Place, choose};
use lowbox_msix::container::Source;
use lowbox_msix::package::Package;
use lowbox_msix::part_name::PartName;
use lowbox_msix::writer::Options;
use lowbox_msix::{Architecture, Version};

fn write(members: &[(&str, &[u8])], version: Option<Version>) -> Result<Vec<u8>, String> {
    let mut writer = BundleWriter::new(Vec::new(), Options::default(), version);
    for (name, bytes) in members {
        let package = Package::open(*bytes).unwrap();
        let name = PartName::new(name).unwrap();
        let mut member = writer.begin(name, &package).map_err(|error| error.to_string())?;
        for chunk in bytes.chunks(1000) {
            member.add(chunk).unwrap();
        }
        member.finish().unwrap();
    }
    writer.finish().map(|(bytes, _)| bytes).map_err(|error| error.to_string())
}

#[test]
fn what_is_put_into_a_bundle_lies_in_it_as_it_was() {
    let (x64, x86) = (package(&[]), package(&[("\"x64\"", "\"x86\""), ("1.2.3.0", "1.2.4.0")]));
    let german = resources("german");
    let members = [("x64.msix", &x64[..]), ("my x86.msix", &x86), ("german.msix", &german)];
    let bytes = write(&members, None).unwrap();
    assert_eq!(bytes, write(&members, None).unwrap(), "the same packages make the same bundle");
    let bundle = Bundle::open(&bytes).unwrap();
    let publisher = bundle.manifest().identity.publisher().id();
    assert_eq!(bundle.manifest().full_name(), format!("Lowbox.Sample_1.2.4.0_neutral_~_{publisher}"));
    for (listed, (name, data)) in bundle.manifest().packages.iter().zip(members) {
        assert_eq!(listed.file.as_str(), name);
        let Place::Inside { offset, size } = listed.place else { panic!("{name} is not inside") };
        assert_eq!(bytes[offset as usize..(offset + size) as usize], *data);
        let (slice, opened) = bundle.member(&bytes, listed).unwrap().unwrap();
        assert_eq!(slice.size(), data.len() as u64);
        assert_eq!(opened.manifest().identity.version(), listed.version);
    }
    let own = write(&members, Some(Version([9, 0, 0, 1]))).unwrap();
    assert_eq!(Bundle::open(&own).unwrap().manifest().identity.version(), Version([9, 0, 0, 1]));
}

#[test]
fn packages_that_make_no_bundle_are_refused_with_the_reason() {
    let x64 = package(&[]);
    for (second, what) in [
        (package(&[("Lowbox.Sample", "Lowbox.Other")]), "its name is"),
        (package(&[("CN=Lowbox Test", "CN=Other")]), "its publisher is"),
        (package(&[]), "once more"),
    ] {
        let error = write(&[("a.msix", &x64), ("b.msix", &second)], None).unwrap_err();
        assert!(error.contains(what), "{error}");
    }
    assert!(write(&[], None).unwrap_err().contains("no package"));
    assert!(write(&[("a.zip", &x64)], None).unwrap_err().contains(".msix"));
    assert!(write(&[("AppxMetadata/a.msix", &x64)], None).unwrap_err().contains("reserved"));
    assert!(write(&[("a.msix", &resources("x"))], None).unwrap_err().contains("application"));
}

/// A bundle's manifest of these packages: type, architecture, what it is for, more attributes.
fn manifest(packages: &[(&str, &str, &str, &str)]) -> BundleManifest {
    let list: String = packages
        .iter()
        .enumerate()
        .map(|(number, (kind, architecture, resources, more))| {
            format!(
                "<Package Type=\"{kind}\" Version=\"1.0.0.{number}\" Architecture=\"{architecture}\" ResourceId=\"r{number}\" \
                 FileName=\"{number}.msix\"><Resources{more}>{resources}</Resources></Package>"
            )
        })
        .collect();
    let xml = format!(
        "<Bundle xmlns=\"http://schemas.microsoft.com/appx/2017/bundle\" SchemaVersion=\"3.0\"><Identity Name=\"Lowbox.Sample\" \
         Publisher=\"CN=X\" Version=\"1.0.0.0\"/><Packages>{list}</Packages></Bundle>"
    );
    BundleManifest::parse(xml.as_bytes()).unwrap()
}

fn machine(languages: &[&str], scale: u16) -> Machine {
    Machine {
        architectures: vec![Architecture::X64, Architecture::X86, Architecture::Neutral],
        languages: languages.iter().map(|&one| one.to_owned()).collect(),
        scale,
    }
}

fn chosen(manifest: &BundleManifest, languages: &[&str], scale: u16) -> (usize, Vec<usize>) {
    let Choice { application, resources } = choose(manifest, &machine(languages, scale)).unwrap();
    (application, resources)
}

#[test]
fn the_program_is_that_of_the_best_architecture_and_the_newest_of_it() {
    let app = |architecture| ("application", architecture, "", "");
    assert_eq!(chosen(&manifest(&[app("arm64"), app("x86"), app("x64")]), &[], 100).0, 2);
    assert_eq!(chosen(&manifest(&[app("arm64"), app("neutral"), app("x86")]), &[], 100).0, 2);
    assert_eq!(chosen(&manifest(&[app("x64"), app("x64")]), &[], 100).0, 1);
    let error = choose(&manifest(&[app("arm64"), app("arm")]), &machine(&[], 100)).unwrap_err().to_string();
    assert!(error.contains("x64, x86, neutral") && error.contains("arm64, arm"), "{error}");
}

#[test]
fn a_program_for_linux_comes_before_one_for_windows() {
    let text = manifest(&[("application", "x64", "", ""), ("application", "x86", "", "")]).to_xml();
    let families = "<b4:Dependencies><b4:TargetDeviceFamily Name=\"Linux.All\" MinVersion=\"0.0.0.0\" MaxVersionTested=\"0.0.0.0\"/>\
                    </b4:Dependencies></Package></Packages>";
    let text = text.replace("</Package></Packages>", families);
    let manifest = BundleManifest::parse(text.as_bytes()).unwrap();
    assert_eq!(chosen(&manifest, &[], 100).0, 1);
    assert_eq!(BundleManifest::parse(manifest.to_xml().as_bytes()).unwrap(), manifest);
}

#[test]
fn resources_are_those_of_the_users_languages_and_of_the_nearest_scale() {
    let language = |tag: &'static str| -> &'static str {
        match tag {
            "de" => "<Resource Language=\"de-DE\"/>",
            "at" => "<Resource Language=\"de-AT\"/>",
            "fr" => "<Resource Language=\"fr\"/>",
            "en" => "<Resource Language=\"en-US\"/>",
            _ => unreachable!(),
        }
    };
    let app = ("application", "x64", "<Resource Language=\"en-US\"/><Resource Scale=\"100\"/>", "");
    let packages = [
        app,
        ("resource", "neutral", language("de"), ""),
        ("resource", "neutral", language("at"), ""),
        ("resource", "neutral", language("fr"), ""),
        ("resource", "neutral", "<Resource Scale=\"200\"/>", ""),
        ("resource", "neutral", "<Resource Scale=\"400\"/>", ""),
        ("resource", "neutral", "", ""),
        ("resource", "neutral", "<Resource DXFeatureLevel=\"dx11\"/>", ""),
        ("resource", "arm64", "", ""),
    ];
    let all = manifest(&packages);
    for (languages, scale, expected) in [
        (&["de-DE"][..], 100, vec![1, 6]),
        (&["de-AT", "fr-FR"], 100, vec![2, 3, 6]),
        (&["de-CH"], 100, vec![1, 2, 6]),
        (&["en-GB"], 150, vec![4, 6]),
        (&["ja"], 250, vec![5, 6]),
        (&["ja"], 900, vec![5, 6]),
    ] {
        assert_eq!(chosen(&all, languages, scale), (0, expected), "{languages:?} {scale}");
    }
    // A program without languages of its own gets the bundle's default, or the first.
    let bare = ("application", "x64", "", "");
    let default = ("resource", "neutral", language("fr"), " Default=\"true\"");
    let french = manifest(&[bare, ("resource", "neutral", language("en"), ""), default]);
    assert_eq!(chosen(&french, &["ja"], 100).1, [2]);
    let first = manifest(&[
        bare,
        ("resource", "neutral", language("en"), ""),
        ("resource", "neutral", language("fr"), ""),
    ]);
    assert_eq!(chosen(&first, &["ja"], 100).1, [1]);
}
