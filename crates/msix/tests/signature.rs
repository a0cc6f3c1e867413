//! Signatures: what is signed is accepted, and each kind of fault is told apart.

mod common;

use common::signing::{NOW, YEAR, certificate, signed, signer, trust};
use common::{SIMPLE, pack, simple_files};
use lowbox_msix::HashAlgorithm;
use lowbox_msix::package::Package;
use lowbox_msix::signature::{
    Covered, KeyKind, Signature, SignatureError, Signer, SigningError, Trust, envelope, read, sign,
};
use lowbox_msix::writer::Options;

/// All checks, as `lowbox verify` has them.
fn verify(bytes: &[u8], trust: &Trust, at: u64) -> Result<Signature, SignatureError> {
    let package = Package::open(bytes)?;
    let signature = read(bytes, package.contents())?;
    signature.check_contents(bytes, package.contents())?;
    signature.check_publisher(package.manifest().identity.publisher().as_str())?;
    signature.check_trust(trust, at)?;
    Ok(signature)
}

const PUBLISHER: &str = "CN=Lowbox Test";

#[test]
fn what_each_kind_of_key_signed_with_each_kind_of_digest_is_accepted() {
    for (seed, kind) in [KeyKind::P256, KeyKind::P384].into_iter().enumerate() {
        let certificate = certificate(PUBLISHER, kind, seed as u64);
        for algorithm in HashAlgorithm::ALL {
            let unsigned =
                pack(&simple_files(), SIMPLE, Options { algorithm, ..Options::default() }).unwrap();
            let signed = signed(&unsigned, &certificate);
            let signature = verify(&signed, &trust(&certificate), NOW + 5).unwrap();
            assert_eq!(signature.subject(), PUBLISHER, "{kind:?}");
            assert_eq!(common::read_all(&signed).unwrap(), common::read_all(&unsigned).unwrap());
        }
    }
}

#[test]
fn a_package_that_is_signed_again_has_the_new_signature_alone() {
    let (first, second) =
        (certificate(PUBLISHER, KeyKind::P256, 1), certificate(PUBLISHER, KeyKind::P256, 2));
    let unsigned = pack(&simple_files(), SIMPLE, Options::default()).unwrap();
    let once = signed(&unsigned, &first);
    let twice = signed(&once, &second);
    verify(&twice, &trust(&second), NOW + 5).unwrap();
    assert!(matches!(verify(&twice, &trust(&first), NOW + 5), Err(SignatureError::Untrusted { .. })));
}

#[test]
fn faults_are_told_apart() {
    let own = certificate(PUBLISHER, KeyKind::P256, 1);
    let other = certificate("CN=Somebody Else, O=\"Else, Inc.\", C=DE", KeyKind::P256, 2);
    let unsigned = pack(&simple_files(), SIMPLE, Options::default()).unwrap();
    let package = signed(&unsigned, &own);
    let at = NOW + 5;
    assert!(matches!(verify(&unsigned, &trust(&own), at), Err(SignatureError::Missing)));
    assert!(matches!(verify(&package, &Trust::nobody(), at), Err(SignatureError::Untrusted { .. })));
    assert!(matches!(verify(&package, &trust(&other), at), Err(SignatureError::Untrusted { .. })));
    let early = verify(&package, &trust(&own), NOW - 1).unwrap_err();
    assert!(early.to_string().contains("not valid before"), "{early}");
    let late = verify(&package, &trust(&own), NOW + YEAR + 1).unwrap_err();
    assert!(late.to_string().contains("expired on"), "{late}");
    let by_other = verify(&signed(&unsigned, &other), &trust(&other), at).unwrap_err();
    assert!(by_other.to_string().contains("CN=Somebody Else, O=\\\"Else, Inc.\\\", C=DE"), "{by_other}");
}

#[test]
fn what_is_changed_after_signing_is_named() {
    let own = certificate(PUBLISHER, KeyKind::P256, 1);
    let package = signed(&pack(&simple_files(), SIMPLE, Options::default()).unwrap(), &own);
    let changed = |at: usize, by: u8| {
        let mut bytes = package.clone();
        bytes[at] ^= by;
        verify(&bytes, &trust(&own), NOW + 5)
    };
    let find = |what: &[u8], nth: usize| {
        package.windows(what.len()).enumerate().filter(|(_, window)| *window == what).nth(nth).unwrap().0
    };
    // The time in the first part's header, which nothing else looks at.
    assert!(matches!(changed(10, 1), Err(SignatureError::Changed(Covered::Parts))));
    // The same in the directory.
    let directory = find(&0x0201_4b50_u32.to_le_bytes(), 0);
    assert!(matches!(changed(directory + 12, 1), Err(SignatureError::Changed(Covered::Directory))));
    // The signature itself: its value, and what it is of.
    let end = find(&0x0201_4b50_u32.to_le_bytes(), 0);
    assert!(
        matches!(changed(end - 3, 1), Err(SignatureError::Package(_))),
        "the checksum is the first to see it"
    );
    assert!(changed(find(b"PKCX", 0), 1).is_err());
}

#[test]
fn a_bundles_signature_is_none_of_a_package() {
    let own = certificate(PUBLISHER, KeyKind::P256, 1);
    let unsigned = pack(&simple_files(), SIMPLE, Options::default()).unwrap();
    let package = Package::open(&unsigned).unwrap();
    let signer = signer(&own);
    let make = |digests: &_, algorithm| Ok::<_, SigningError>(envelope(digests, algorithm, true, &signer)?);
    let signed = sign(&unsigned, package.contents(), Vec::new(), make).unwrap();
    assert!(matches!(verify(&signed, &trust(&own), NOW + 5), Err(SignatureError::Malformed(_))));
}

/// The container's checksum is no obstacle to who means to change a signature.
#[test]
fn each_changed_bit_of_a_signature_is_seen() {
    let own = certificate(PUBLISHER, KeyKind::P256, 1);
    let package = signed(&pack(&simple_files(), SIMPLE, Options::default()).unwrap(), &own);
    let opened = Package::open(&package).unwrap();
    let p7x = opened.contents().unmapped_part(&package, "AppxSignature.p7x", 1 << 20).unwrap();
    let original = Signature::parse(&p7x).unwrap();
    let mut unseen = Vec::new();
    for at in 0..p7x.len() {
        let mut changed = p7x.clone();
        changed[at] ^= 1 << (at % 8);
        let Ok(signature) = Signature::parse(&changed) else { continue };
        let accepted = signature.check_contents(&package, opened.contents()).is_ok()
            && signature.check_publisher(PUBLISHER).is_ok()
            && signature.check_trust(&trust(&own), NOW + 5).is_ok();
        // What no signature covers and nobody reads: the version of the envelope, say.
        if accepted {
            assert_eq!(signature.signer, original.signer, "byte {at}");
            assert_eq!(signature.digests, original.digests, "byte {at}");
            unseen.push(at);
        }
    }
    assert!(unseen.len() <= 4, "{unseen:?} of {}", p7x.len());
}

#[test]
fn a_subject_is_the_publisher_that_it_was_made_of() {
    for publisher in [
        "CN=A",
        "CN=Contoso Software, O=\"Contoso, \"\"the\"\" Inc.\", L=Redmond, S=Washington, C=US",
        "E=a@example.com, CN=\" b \", OU=x, STREET=Way 1, PostalCode=12345, SERIALNUMBER=77",
        "CN=\u{e4}\u{20ac}, DC=example, DC=com, OID.1.2.3.4=five",
    ] {
        let certificate = certificate(publisher, KeyKind::P256, 3);
        assert_eq!(signer(&certificate).subject(), publisher);
    }
}

#[test]
fn a_key_that_is_not_the_certificates_signs_nothing() {
    let (one, other) = (certificate(PUBLISHER, KeyKind::P256, 1), certificate(PUBLISHER, KeyKind::P256, 2));
    assert!(Signer::from_pem(one.certificate.as_bytes(), other.key.as_bytes()).is_err());
    assert!(Signer::from_pem(one.key.as_bytes(), one.key.as_bytes()).is_err());
    assert!(Signer::from_pem(one.certificate.as_bytes(), b"").is_err());
    let both = format!("{}{}", one.certificate, one.key);
    assert!(Signer::from_pem(both.as_bytes(), both.as_bytes()).is_ok());
}

/// Who may write to a package can put another one in its place between two looks. What is signed is what was read.
#[test]
fn a_package_that_is_swapped_while_it_is_checked_is_none() {
    let own = certificate(PUBLISHER, KeyKind::P256, 1);
    let make = |number: u16| {
        let files = [
            ("app.exe".to_owned(), b"program".to_vec()),
            ("logo.png".to_owned(), number.to_le_bytes().to_vec()),
        ];
        signed(&pack(&files, SIMPLE, Options::default()).unwrap(), &own)
    };
    let places = |bytes: &[u8]| -> Vec<usize> {
        bytes.windows(3).enumerate().filter(|(_, window)| *window == b"PK\x03").map(|(at, _)| at).collect()
    };
    let right = make(0);
    let mut others = (1..2000).map(make);
    let other = others.find(|other| other.len() == right.len() && places(other) == places(&right)).unwrap();
    let (was_read, is_there) = (Package::open(&other).unwrap(), Package::open(&right).unwrap());
    let signature = read(right.as_slice(), is_there.contents()).unwrap();
    signature.check_contents(&right, is_there.contents()).unwrap();
    let error = signature.check_contents(&right, was_read.contents()).unwrap_err();
    assert!(matches!(error, SignatureError::Changed(Covered::BlockMap)), "{error}");
}
