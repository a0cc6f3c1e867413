//! The cases of a folder of packages and bundles that others made, with an index that says of each whether it is valid, or what is wrong
//! with it. The folder is not part of the repository: `LOWBOX_MSIX_FIXTURES` names it, or it lies beside.

mod common;
mod corpus;

use std::fs;
use std::path::{Path, PathBuf};

use corpus::kinds::kind as package_kind;
use lowbox_msix::bundle::{Bundle, BundleError, Place};
use lowbox_msix::container::{ContainerError, Source};
use lowbox_msix::package::{Contents, Package, PackageError};
use lowbox_msix::resources::{FILE, Resources, Wanted};
use lowbox_msix::signature::{SignatureError, Trust, UnixTime, read};
use lowbox_msix::{Manifest, ManifestError};

/// 24 November 2026, when the index's own certificates are valid.
const NOW: UnixTime = 1_795_478_400;

/// Cases with several faults, or whose fault is found by another rule first: which of the kinds is told here.
const TOLD_OTHERWISE: [(&str, &str); 7] = [
    // The block map and the container differ, and neither is asked first which of them lies.
    ("i-usize-lie.msix", "blockmap"),
    // Their content types are damaged too, and read before the signature.
    ("up/unpack/InvalidSignatureBadCodeIntegrity.appx", "content-types"),
    ("up/unpack/InvalidSignatureInvalidCodeIntegrityXML.appx", "content-types"),
    // Signed with RSA of 1024 bits, of which nothing is believed.
    ("up/unpack/SignedMismatchedPublisherName-ERROR_BAD_FORMAT.appx", "signature"),
    ("up/unpack/SignedTamperedBlockMap-TRUST_E_BAD_DIGEST.appx", "signature"),
    ("up/unpack/SignedTamperedCD-TRUST_E_BAD_DIGEST.appx", "signature"),
    ("up/unpack/SignedTamperedContentTypes-TRUST_E_BAD_DIGEST.appx", "signature"),
];

fn folder() -> Option<PathBuf> {
    let named = std::env::var_os("LOWBOX_MSIX_FIXTURES").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/msix");
    named.or(Some(beside)).filter(|folder| folder.join("index.json").is_file())
}

/// What a case is refused for.
enum Refusal {
    Package(PackageError),
    Bundle(BundleError),
    Signature(SignatureError),
    Manifest(ManifestError),
}

impl From<PackageError> for Refusal {
    fn from(error: PackageError) -> Refusal {
        Refusal::Package(error)
    }
}

impl From<SignatureError> for Refusal {
    fn from(error: SignatureError) -> Refusal {
        Refusal::Signature(error)
    }
}

impl From<BundleError> for Refusal {
    fn from(error: BundleError) -> Refusal {
        Refusal::Bundle(error)
    }
}

impl Refusal {
    /// As the index names kinds.
    fn kinds(&self) -> Vec<&'static str> {
        match self {
            Refusal::Manifest(_) => vec!["manifest"],
            Refusal::Bundle(_) => vec!["bundle"],
            Refusal::Package(error) => of_package(error),
            Refusal::Signature(error) => match error {
                SignatureError::Package(error) => of_package(error),
                SignatureError::Changed(_) => vec!["signature-digest"],
                SignatureError::Publisher { .. } => vec!["signature-publisher"],
                SignatureError::Untrusted { .. } => vec!["signature-untrusted"],
                SignatureError::Expired { .. } => vec!["signature-expired"],
                SignatureError::Usage { .. } => vec!["signature-eku"],
                _ => vec!["signature"],
            },
        }
    }

    fn text(&self) -> String {
        match self {
            Refusal::Package(error) => error.to_string(),
            Refusal::Bundle(error) => error.to_string(),
            Refusal::Signature(error) => error.to_string(),
            Refusal::Manifest(error) => error.to_string(),
        }
    }
}

fn of_package(error: &PackageError) -> Vec<&'static str> {
    match error {
        PackageError::Container(ContainerError::BadName { .. }) => vec!["name"],
        PackageError::Container(ContainerError::SameName { .. }) => vec!["zip-duplicate", "name-collision"],
        PackageError::Container(_) | PackageError::WrongChecksum(_) | PackageError::BadData { .. } => {
            vec!["zip"]
        }
        PackageError::Missing("AppxBlockMap.xml") => vec!["missing-blockmap"],
        PackageError::Missing("AppxManifest.xml") => vec!["missing-manifest"],
        // A catalog without a signature.
        PackageError::Signature(what) if what.contains("CodeIntegrity") => vec!["missing-signature"],
        PackageError::Signature(_) => vec!["signature"],
        PackageError::WrongContentType { name, .. } if name == "AppxSignature.p7x" => vec!["signature"],
        PackageError::WrongHash { .. } | PackageError::WrongFileHash(_) => vec!["blockmap-hash"],
        PackageError::Mapping { .. } => vec!["blockmap"],
        PackageError::BlockMap(error) => {
            if error.to_string().contains("DOCTYPE") || error.to_string().contains("prefix") {
                vec!["xml"]
            } else {
                vec!["blockmap"]
            }
        }
        PackageError::Manifest(error) => {
            let text = error.to_string();
            if text.contains("DOCTYPE") || text.contains("is not declared") {
                vec!["xml"]
            } else {
                vec!["manifest"]
            }
        }
        PackageError::NoExecutable { .. } => vec!["manifest-semantic"],
        other => match package_kind(other) {
            "types" => vec!["content-types"],
            _ => vec![],
        },
    }
}

/// Everything that `lowbox verify` looks at.
fn verify(path: &Path, trust: Option<&[u8]>) -> Result<(), Refusal> {
    let bytes = fs::read(path).unwrap();
    if path.extension().is_some_and(|extension| extension == "xml") {
        return Manifest::parse(&bytes).map(|_| ()).map_err(Refusal::Manifest);
    }
    match Package::open(&bytes) {
        Err(PackageError::IsBundle) => verify_bundle(path, &bytes, trust),
        opened => verify_package(&bytes, &opened?, trust),
    }
}

fn verify_package(
    source: &(impl Source + ?Sized),
    package: &Package,
    trust: Option<&[u8]>,
) -> Result<(), Refusal> {
    check_signature(source, package.contents(), package.manifest().identity.publisher().as_str(), trust)?;
    for (file, _) in package.contents().files() {
        let mut reader = package.contents().reader(source, file);
        while reader.next_block()?.is_some() {}
    }
    Ok(())
}

fn check_signature(
    source: &(impl Source + ?Sized),
    contents: &Contents,
    publisher: &str,
    anchor: Option<&[u8]>,
) -> Result<(), Refusal> {
    let signature = match read(source, contents) {
        Err(SignatureError::Missing) => return Ok(()),
        signature => signature?,
    };
    signature.check_contents(source, contents)?;
    signature.check_publisher(publisher)?;
    let mut trust = Trust::nobody();
    let mut at = NOW;
    match anchor {
        Some(anchor) => trust.add(anchor).unwrap(),
        // Nobody whom the index names: the signer itself is trusted, when its certificate begins.
        None => {
            use der::Encode;
            trust.add(&signature.signer.to_der().unwrap()).unwrap();
            at = signature.signer.tbs_certificate.validity.not_before.to_unix_duration().as_secs();
        }
    }
    signature.check_trust(&trust, at)?;
    Ok(())
}

fn verify_bundle(path: &Path, bytes: &Vec<u8>, trust: Option<&[u8]>) -> Result<(), Refusal> {
    let bundle = Bundle::open(bytes)?;
    check_signature(bytes, bundle.contents(), bundle.manifest().identity.publisher().as_str(), trust)?;
    for listed in &bundle.manifest().packages {
        if let Some((slice, package)) = bundle.member(bytes, listed)? {
            verify_package(&slice, &package, trust)?;
            continue;
        }
        assert!(matches!(listed.place, Place::Beside { .. }));
        let beside = path.with_file_name(listed.file.as_str());
        let Ok(beside) = fs::read(beside) else {
            return Err(BundleError::Absent(listed.file.to_string()).into());
        };
        let package = bundle.check_member(&beside, listed)?;
        verify_package(&beside, &package, trust)?;
    }
    Ok(())
}

#[test]
fn every_case_of_the_index_comes_out_as_it_says() {
    let Some(folder) = folder() else {
        println!(
            "SKIPPED 1 folder of packages that others made: LOWBOX_MSIX_FIXTURES names none, and none lies beside"
        );
        return;
    };
    let index: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("index.json")).unwrap()).unwrap();
    let cases = index["cases"].as_array().unwrap();
    let own = fs::read(folder.join("ca.pem")).unwrap();
    let mut wrong = Vec::new();
    for case in cases {
        let file = case["file"].as_str().unwrap();
        let (expect, kind) = (case["expect"].as_str().unwrap(), case["kind"].as_str());
        let named = case["trust"].as_str().map(|name| fs::read(folder.join(name)).unwrap());
        let untrusted = kind == Some("signature-untrusted");
        // Microsoft's own are signed by whom the index does not name.
        let trust = named.as_deref().or((untrusted || !file.starts_with("up/")).then_some(own.as_slice()));
        let result = verify(&folder.join(file), trust);
        let fine = match (&result, expect) {
            (Ok(()), "valid" | "either") => true,
            (Err(refusal), "reject" | "either") => {
                let told = TOLD_OTHERWISE.iter().find(|(name, _)| *name == file).map(|(_, kind)| *kind);
                refusal.kinds().contains(&told.or(kind).unwrap_or_default())
            }
            _ => false,
        };
        if !fine {
            let found = match &result {
                Ok(()) => "accepted".to_owned(),
                Err(refusal) => format!("{:?}: {}", refusal.kinds(), refusal.text()),
            };
            wrong.push(format!("{file} ({expect} {kind:?}): {found}"));
        }
    }
    println!("{} cases of {}", cases.len(), folder.display());
    assert!(cases.len() >= 100, "the index has lost its cases");
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// What Microsoft's own tools made of resources.
#[test]
fn the_resources_of_microsofts_samples_are_read() {
    let Some(folder) = folder() else {
        println!(
            "SKIPPED 1 folder of packages that others made: LOWBOX_MSIX_FIXTURES names none, and none lies beside"
        );
        return;
    };
    let wanted =
        |tag: &str, scale, target_size| Wanted { languages: vec![tag.to_owned()], scale, target_size };
    let resources = |name: &str| {
        let bytes = fs::read(folder.join("up").join(name)).unwrap();
        let package = Package::open(&bytes).unwrap();
        let file = package.contents().file(FILE).unwrap();
        let mut reader = package.contents().reader(&bytes, file);
        let mut all = Vec::new();
        while let Some(block) = reader.next_block().unwrap() {
            all.extend_from_slice(block);
        }
        Resources::parse(&all).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    let coffee = resources("unpack/CentennialCoffee.appx");
    let text = |tag| coffee.text("ms-resource:DisplayName", &wanted(tag, 100, None)).unwrap().to_owned();
    assert_eq!((text("fr"), text("en")), ("Bonjour".to_owned(), "Sign In".to_owned()));
    let icon = |size| coffee.file("Assets\\AppList.png", &wanted("en", 100, size));
    assert_eq!(icon(Some(40)), Some("Assets\\AppList.targetsize-48.png"));
    assert_eq!(icon(None), Some("Assets\\AppList.png"));
    for name in
        ["unpack/TestAppxPackage_Win32.appx", "unpack/TestAppxPackage_x64.appx", "unpack/IntlPackage.appx"]
    {
        let found = resources(name);
        assert_eq!(
            found.text("ms-resource:appName", &wanted("de", 100, None)),
            Some("Test Appx Package"),
            "{name}"
        );
    }
    resources("assets/existingPackage.msix");
    for name in ["language-de", "language-zh-hans", "scale-140", "scale-240"] {
        resources(&format!("unpack/flat/{name}.appx"));
    }
}
