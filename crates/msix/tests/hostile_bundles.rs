//! Bundles with one fault each, every one refused for what it is; and bundles that only look odd, every one accepted.

mod common;
mod corpus;

use common::signing::{NOW, certificate, signer, trust};
use corpus::bundles::{BundleDraft, element, lengthy_resources, package, resources};
use corpus::kinds::bundle_kind;
use corpus::{Raw, flushed};
use lowbox_msix::bundle::{Bundle, BundleError, Place};
use lowbox_msix::package::PackageError;
use lowbox_msix::signature::{KeyKind, SignatureError, SigningError, envelope, read, sign};

type Case = (&'static str, &'static str, Box<dyn Fn(&mut BundleDraft)>);

fn case(name: &'static str, kind: &'static str, edit: impl Fn(&mut BundleDraft) + 'static) -> Case {
    (name, kind, Box::new(edit))
}

/// Changes the bundle's manifest.
fn manifest(name: &'static str, kind: &'static str, from: &'static str, to: &'static str) -> Case {
    case(name, kind, move |draft| {
        draft.manifest = Some(Box::new(move |text| {
            assert!(text.contains(from), "{from}");
            *text = text.replacen(from, to, 1);
        }));
    })
}

/// Changes a number of the first package's element.
fn number(name: &'static str, kind: &'static str, attribute: &'static str, by: i64) -> Case {
    case(name, kind, move |draft| {
        draft.manifest = Some(Box::new(move |text| {
            let at = text.find(attribute).unwrap() + attribute.len() + 2;
            let end = at + text[at..].find('"').unwrap();
            let value: i64 = text[at..end].parse().unwrap();
            text.replace_range(at..end, &(value + by).to_string());
        }));
    })
}

fn parts(name: &'static str, kind: &'static str, edit: impl Fn(&mut Vec<Raw>) + Clone + 'static) -> Case {
    case(name, kind, move |draft| draft.parts = Some(Box::new(edit.clone())))
}

fn with_member(name: &'static str, kind: &'static str, bytes: impl Fn() -> Vec<u8> + 'static) -> Case {
    case(name, kind, move |draft| draft.members[0].1 = bytes())
}

fn members() -> Vec<Case> {
    vec![
        case("many members, each with long parts to read before anybody is trusted", "too much", |draft| {
            for number in 0..24 {
                let (id, name) = (format!("r{number}"), format!("r{number}.msix"));
                draft.members.push((name.clone(), lengthy_resources(&id, 3 << 20)));
                draft.listed.push(element("resource", "neutral", &format!(" ResourceId=\"{id}\""), &name));
            }
        }),
        case("a member that is not there", "absent", |draft| {
            draft.listed[1] = draft.listed[1].replace("OFFSET", "77").replace("SIZE", "100");
            draft.members.remove(1);
        }),
        case("a member that is not listed", "unlisted", |draft| drop(draft.listed.remove(1))),
        case("a member in a folder of the format's own", "unlisted", |draft| {
            draft.members.push(("AppxMetadata/evil.msix".into(), package(&[("\"x64\"", "\"arm\"")])));
        }),
        parts("a compressed member", "member", |parts| {
            let data = parts[2].data.clone();
            parts[2] = Raw::new(
                b"german.msix",
                8,
                &data,
                [flushed(&data[..60_000.min(data.len())], true), vec![3, 0]].concat(),
            );
            parts[2].size = data.len() as u32;
        }),
        number("an offset that is one too small", "member", " Offset", -1),
        number("an offset that is one too large", "member", " Offset", 1),
        number("a size that is one too small", "member", " Size", -1),
        number("a size that is one too large", "member", " Size", 1),
        case("the offsets of two members exchanged", "member", |draft| {
            draft.manifest = Some(Box::new(|text| {
                let swapped = text
                    .replace("x64.msix", "MIDDLE")
                    .replace("x86.msix", "x64.msix")
                    .replace("MIDDLE", "x86.msix");
                *text = swapped;
            }));
        }),
        case("a member of another name in the container's case", "member", |draft| {
            draft.parts = Some(Box::new(|parts| parts[0].rename(b"X64.msix")));
        }),
        case("a member that is no package by its name", "types", |draft| {
            draft.members[1].0 = "x86.txt".into();
            draft.listed[1] = draft.listed[1].replace("x86.msix", "x86.txt");
        }),
        case("a file that is no package", "types", |draft| {
            draft.members.push(("readme.txt".into(), b"hello".to_vec()));
        }),
        with_member("an empty member", "package end", Vec::new),
        with_member("a member that is no package at all", "package end", || b"no package".to_vec()),
        with_member("a member that is cut off", "package end", || {
            let mut bytes = package(&[]);
            bytes.truncate(bytes.len() - 9);
            bytes
        }),
        with_member("a bundle in a bundle", "package bundle", || BundleDraft::new().make()),
        with_member("a member with another block map than files", "package mapping", || {
            let mut draft = corpus::Draft::new();
            draft.map = Some(Box::new(|map| *map = map.replace("Size=\"200000\"", "Size=\"199999\"")));
            draft.make()
        }),
        case("a member listed as lying beside, and in it", "member", |draft| {
            draft.listed[0] = draft.listed[0].replace(" Offset=\"OFFSET\"", "");
        }),
        case("a member of another type", "types", |draft| {
            draft.types = Some(Box::new(|types| *types = types.replace("vnd.ms-appx\"", "octet-stream\"")));
        }),
    ]
}

fn differences() -> Vec<Case> {
    let inner = |name, kind, from: &'static str, to: &'static str| {
        with_member(name, kind, move || package(&[(from, to)]))
    };
    vec![
        inner("a member of another name", "differs name", "Lowbox.Sample", "Lowbox.Other"),
        inner("a member of another publisher", "differs publisher", "CN=Lowbox Test", "CN=Somebody"),
        inner("a member of another version", "differs version", "1.2.3.0", "1.2.4.0"),
        inner("a member of another architecture", "differs architecture", "\"x64\"", "\"arm64\""),
        inner("a member with a resource id", "differs resource id", "\"x64\"", "\"x64\" ResourceId=\"a\""),
        with_member("resources listed as a program", "differs architecture", || resources("german")),
        case("a program listed as resources", "differs type", |draft| {
            draft.listed[0] = draft.listed[0].replace("\"application\"", "\"resource\"");
        }),
        case("nothing to run", "contradiction", |draft| {
            draft.members.drain(..2);
            draft.listed.drain(..2);
        }),
        case("one package twice", "contradiction", |draft| {
            draft.members.push(("again.msix".into(), package(&[])));
            draft.listed.push(element("application", "x64", "", "again.msix"));
        }),
    ]
}

fn manifests() -> Vec<Case> {
    const FIRST: &str = "<Package Type=\"application\" Version=\"1.2.3.0\" Architecture=\"x64\"";
    vec![
        manifest("a manifest that is no XML", "manifest", "<Bundle ", "<Bundle <"),
        manifest("a DTD in the manifest", "manifest", "<Bundle ", "<!DOCTYPE Bundle><Bundle "),
        manifest("a manifest of another namespace", "manifest", "appx/2013/bundle", "appx/2014/bundle"),
        manifest("no schema version", "manifest", " SchemaVersion=\"3.0\"", ""),
        manifest("a schema version that is none", "manifest", "\"3.0\"", "\"three\""),
        manifest(
            "no identity",
            "manifest",
            "<Identity Name=\"Lowbox.Sample\" Publisher=\"CN=Lowbox Test\" Version=\"9.0.0.0\"/>",
            "",
        ),
        manifest("an identity that is none", "manifest", "\"Lowbox.Sample\"", "\"Lowbox Sample\""),
        manifest(
            "an identity with an architecture",
            "manifest",
            "Version=\"9.0.0.0\"",
            "Version=\"9.0.0.0\" ProcessorArchitecture=\"x64\"",
        ),
        manifest("a publisher that is none", "manifest", "\"CN=Lowbox Test\"", "\"Lowbox\""),
        manifest("a version of three numbers", "manifest", "9.0.0.0", "9.0.0"),
        case("no packages", "manifest", |draft| {
            draft.members.clear();
            draft.listed.clear();
        }),
        manifest(
            "an unknown element",
            "manifest",
            FIRST,
            "<Other/><Package Type=\"application\" Version=\"1.2.3.0\" Architecture=\"x64\"",
        ),
        manifest(
            "an unknown attribute",
            "manifest",
            FIRST,
            "<Package X=\"y\" Type=\"application\" Version=\"1.2.3.0\" Architecture=\"x64\"",
        ),
        manifest(
            "text between packages",
            "manifest",
            FIRST,
            "text<Package Type=\"application\" Version=\"1.2.3.0\" Architecture=\"x64\"",
        ),
        manifest("an unknown type", "manifest", "\"application\"", "\"program\""),
        manifest("an unknown architecture", "manifest", "\"x64\"", "\"mips\""),
        manifest("a name that leads out", "manifest", "\"x64.msix\"", "\"..\\x64.msix\""),
        manifest("a name on a drive", "manifest", "\"x64.msix\"", "\"c:\\x64.msix\""),
        manifest("one name twice but for the case", "manifest", "\"x86.msix\"", "\"X64.MSIX\""),
        manifest("an offset that is no number", "manifest", "Offset=\"38\"", "Offset=\"+38\""),
        manifest("a language that is none", "manifest", "\"en-us\"", "\"en us\""),
        manifest("a scale that is none", "manifest", "Language=\"en-us\"", "Scale=\"huge\""),
        manifest(
            "a stub of a schema that has none",
            "manifest",
            FIRST,
            "<Package IsStub=\"true\" Type=\"application\" Version=\"1.2.3.0\" Architecture=\"x64\"",
        ),
        case("a manifest in another case", "mapping", |draft| {
            draft.parts = Some(Box::new(|parts| parts[3].rename(b"AppxMetadata/appxbundlemanifest.xml")));
            draft.map = Some(Box::new(|map| *map = map.replace("AppxBundleManifest", "appxbundlemanifest")));
            draft.types =
                Some(Box::new(|types| *types = types.replace("AppxBundleManifest", "appxbundlemanifest")));
        }),
        case("a manifest of another type", "types", |draft| {
            draft.types =
                Some(Box::new(|types| *types = types.replace("bundlemanifest+xml", "manifest+xml")));
        }),
        case("a manifest that is not what the block map says", "hash", |draft| {
            draft.map = Some(Box::new(|map| {
                let at = map.find("Hash=\"").unwrap() + 6;
                map.replace_range(at..at + 44, &corpus::sha256(b"other"));
            }));
        }),
        case("a member in the block map", "mapping", |draft| {
            let from = "<File ";
            let more = "<File Name=\"x64.msix\" Size=\"0\" LfhSize=\"38\"/>";
            draft.map = Some(Box::new(move |map| *map = map.replacen(from, &format!("{more}{from}"), 1)));
        }),
        parts("no block map", "missing", |parts| drop(parts.remove(4))),
        case("bytes after the end", "end", |draft| draft.bytes = Some(Box::new(|bytes| bytes.push(0)))),
    ]
}

#[test]
fn each_of_more_than_fifty_faults_is_refused_for_what_it_is() {
    let all: Vec<Case> = [members(), differences(), manifests()].into_iter().flatten().collect();
    assert!(all.len() >= 50, "{}", all.len());
    let mut wrong = Vec::new();
    for (name, expected, edit) in &all {
        let mut draft = BundleDraft::new();
        edit(&mut draft);
        match Bundle::open(&draft.make()) {
            Ok(_) => wrong.push(format!("{name}: accepted")),
            Err(error) if bundle_kind(&error) != *expected => {
                wrong.push(format!("{name}: {} in place of {expected}: {error}", bundle_kind(&error)));
            }
            Err(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}

fn odd() -> Vec<Case> {
    let text = |name, from: &'static str, to: &'static str| {
        case(name, "", move |draft| {
            draft.manifest = Some(Box::new(move |text| *text = text.replace(from, to)));
        })
    };
    vec![
        case("nothing odd", "", |_| {}),
        case("one package", "", |draft| {
            draft.members.truncate(1);
            draft.listed.truncate(1);
        }),
        text("the namespace of 2016", "appx/2013/bundle", "appx/2016/bundle"),
        text("the namespace of 2017", "appx/2013/bundle", "appx/2017/bundle"),
        text("the namespace of 2018", "appx/2013/bundle", "appx/2018/bundle"),
        text("packages without resources", "<Resources><Resource Language=\"en-us\"/></Resources>", ""),
        text(
            "resources of all kinds",
            "<Resource Language=\"en-us\"/>",
            "<Resource Language=\"DE\"/><Resource Scale=\"200\"/><Resource DXFeatureLevel=\"dx11\"/>",
        ),
        text(
            "families of systems",
            "</Resources>",
            "</Resources><b:Dependencies xmlns:b=\"http://schemas.microsoft.com/appx/2018/bundle\"><b:TargetDeviceFamily Name=\"Linux.All\" \
             MinVersion=\"0.0.0.0\" MaxVersionTested=\"0.0.0.0\"/></b:Dependencies>",
        ),
        text(
            "an optional bundle",
            "</Packages>",
            "</Packages><OptionalBundle Name=\"Lowbox.More\" Publisher=\"CN=X\" FileName=\"more.msixbundle\"/>",
        ),
        text("content of an ignorable namespace", "<Packages>", "<x:y xmlns:x=\"urn:x\"/><Packages>"),
        case("short end records", "", |draft| draft.end = Some(Box::new(|end| end.zip64 = false))),
        case("a name with spaces", "", |draft| {
            draft.members[0].0 = "my app.msix".into();
            draft.listed[0] = draft.listed[0].replace("x64.msix", "my app.msix");
        }),
        case("a flat bundle", "", |draft| {
            draft.members.clear();
            draft.listed.iter_mut().for_each(|one| {
                *one = one.replace(" Offset=\"OFFSET\"", "").replace("SIZE", "12345");
            });
        }),
    ]
}

#[test]
fn each_odd_bundle_is_accepted_as_it_is() {
    let all = odd();
    let mut wrong = Vec::new();
    for (name, _, edit) in &all {
        let mut draft = BundleDraft::new();
        edit(&mut draft);
        if *name == "content of an ignorable namespace" {
            let inner = draft.manifest.take().unwrap();
            draft.manifest = Some(Box::new(move |text| {
                inner(text);
                *text = text.replace("<Bundle ", "<Bundle xmlns:x=\"urn:x\" IgnorableNamespaces=\"x\" ");
            }));
        }
        let bytes = draft.make();
        match Bundle::open(&bytes) {
            Ok(bundle) => {
                for listed in &bundle.manifest().packages {
                    let member = bundle.member(&bytes, listed).unwrap();
                    assert_eq!(member.is_some(), matches!(listed.place, Place::Inside { .. }), "{name}");
                }
                assert_eq!(bundle.manifest().packages.len(), draft.listed.len(), "{name}");
            }
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}

#[test]
fn a_bundles_errors_name_the_line_and_column() {
    let mut draft = BundleDraft::new();
    draft.manifest = Some(Box::new(|text| *text = text.replace("<Packages>", "<Packages>\n  <Other/>")));
    let error = Bundle::open(&draft.make()).unwrap_err().to_string();
    assert!(error.contains("AppxBundleManifest.xml: line 2, column 3"), "{error}");
}

#[test]
fn a_package_and_a_bundle_are_told_apart() {
    assert!(matches!(Bundle::open(&package(&[])), Err(BundleError::IsPackage)));
    let bundle = BundleDraft::new().make();
    assert!(matches!(lowbox_msix::package::Package::open(&bundle), Err(PackageError::IsBundle)));
}

fn signed_bundle(unsigned: &[u8], of_bundle: bool) -> (Vec<u8>, lowbox_msix::signature::NewCertificate) {
    let own = certificate("CN=Lowbox Test", KeyKind::P256, 1);
    let signer = signer(&own);
    let bundle = Bundle::open(unsigned).unwrap();
    let make =
        |digests: &_, algorithm| Ok::<_, SigningError>(envelope(digests, algorithm, of_bundle, &signer)?);
    (sign(unsigned, bundle.contents(), Vec::new(), make).unwrap(), own)
}

#[test]
fn a_signed_bundle_has_signed_members_and_a_signature_of_its_own_kind() {
    let mut draft = BundleDraft::new();
    let (unsigned_members, _) = signed_bundle(&draft.make(), true);
    assert!(matches!(Bundle::open(&unsigned_members), Err(BundleError::Unsigned(_))));
    let own = certificate("CN=Lowbox Test", KeyKind::P256, 1);
    for (_, bytes) in &mut draft.members {
        *bytes = common::signing::signed(bytes, &own);
    }
    let (signed, own) = signed_bundle(&draft.make(), true);
    let bundle = Bundle::open(&signed).unwrap();
    let signature = read(&signed, bundle.contents()).unwrap();
    signature.check_contents(&signed, bundle.contents()).unwrap();
    signature.check_trust(&trust(&own), NOW + 5).unwrap();
    // A byte of a member, of which the bundle's block map knows nothing: the time in its first header.
    let mut changed = signed.clone();
    changed[38 + 10] ^= 1;
    let bundle = Bundle::open(&changed).unwrap();
    assert!(read(&changed, bundle.contents()).unwrap().check_contents(&changed, bundle.contents()).is_err());
    let (wrong, _) = signed_bundle(&draft.make(), false);
    let bundle = Bundle::open(&wrong).unwrap();
    let error = read(&wrong, bundle.contents()).unwrap().check_contents(&wrong, bundle.contents());
    assert!(matches!(error, Err(SignatureError::Malformed(_))));
}
