//! Signatures with one fault each, every one refused for what it is: regions that a digest covers, certificates that are not for this, and
//! signatures that are not where they should be or not of this package.

mod common;
mod corpus;

use common::signing::{NOW, YEAR, certificate, signed, signer};
use common::{Random, SIMPLE, pack, simple_files};
use corpus::kinds::{kind, signature_kind};
use corpus::{Raw, flushed, sha256, zip};
use der::asn1::{BitString, ObjectIdentifier, OctetString};
use der::{Decode, DecodePem, Encode, EncodePem};
use lowbox_msix::container::Container;
use lowbox_msix::package::Package;
use lowbox_msix::signature::{
    KeyKind, NewCertificate, SignatureError, Signer, SigningError, Trust, envelope, read, self_signed, sign,
};
use lowbox_msix::writer::Options;
use lowbox_msix::{HashAlgorithm, Publisher};
use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::DecodePrivateKey;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages};
use x509_cert::{Certificate, TbsCertificate};

const PUBLISHER: &str = "CN=Lowbox Test";
const AT: u64 = NOW + 5;

fn unsigned() -> Vec<u8> {
    pack(&simple_files(), SIMPLE, Options::default()).unwrap()
}

/// All checks, as `lowbox verify` has them.
fn verify(bytes: &[u8], anchor: &NewCertificate, at: u64) -> Result<(), SignatureError> {
    let package = Package::open(bytes)?;
    let signature = read(bytes, package.contents())?;
    signature.check_contents(bytes, package.contents())?;
    signature.check_publisher(package.manifest().identity.publisher().as_str())?;
    let mut trust = Trust::nobody();
    trust.add(anchor.certificate.as_bytes()).unwrap();
    signature.check_trust(&trust, at).map(|_| ())
}

/// What `verify` says, in a word.
fn found(bytes: &[u8], anchor: &NewCertificate, at: u64) -> &'static str {
    verify(bytes, anchor, at).map_or_else(|error| signature_kind(&error), |()| "accepted")
}

/// The parts of a signed package, so that they can be put together otherwise.
fn parts(bytes: &[u8]) -> Vec<Raw> {
    let container = Container::read(bytes).unwrap();
    let parts = container.parts().iter().map(|part| {
        let entry = &part.entry;
        let from = entry.data_offset() as usize;
        let data = bytes[from..from + entry.compressed as usize].to_vec();
        let deflated = entry.method == lowbox_msix::container::Method::Deflated;
        let mut raw = Raw::new(&entry.raw_name, if deflated { 8 } else { 0 }, b"", data);
        (raw.crc, raw.size) = (entry.crc, entry.size as u32);
        if ["[Content_Types].xml", "AppxSignature.p7x"].contains(&part.name.as_str()) {
            raw.plain();
        }
        raw
    });
    parts.collect()
}

fn plain(name: &[u8], data: &[u8]) -> Raw {
    let mut raw = Raw::new(name, 0, data, data.to_vec());
    raw.plain();
    raw
}

fn put_together(parts: &[Raw]) -> Vec<u8> {
    zip(parts, &None, false)
}

/// The text of a stored part.
fn text(parts: &[Raw], name: &str) -> String {
    let part = parts.iter().find(|part| part.name == name.as_bytes()).unwrap();
    String::from_utf8(part.data.clone()).unwrap()
}

const TYPES: &str = "[Content_Types].xml";

#[test]
fn what_is_changed_in_a_region_that_a_digest_covers_is_seen_by_that_digest() {
    let own = certificate(PUBLISHER, KeyKind::P256, 1);
    let package = signed(&unsigned(), &own);
    assert_eq!(put_together(&parts(&package)), package, "the parts are put together as they were");
    let container = Container::read(&package[..]).unwrap();
    let directory = container.parts().iter().map(|part| part.entry.end).max().unwrap() as usize;
    let mut wrong = Vec::new();
    let mut expect = |name: &str, bytes: &[u8], expected: &str| {
        let found = found(bytes, &own, AT);
        if found != expected {
            wrong.push(format!("{name}: {found} in place of {expected}"));
        }
    };
    // AXPC: the time in each part's header, which nothing else looks at, but for the signature's own.
    for part in container.parts() {
        let mut bytes = package.clone();
        bytes[part.entry.offset as usize + 10] ^= 1;
        let is_signature = part.name.as_str() == "AppxSignature.p7x";
        let expected = if is_signature { "accepted" } else { "changed parts" };
        expect(&format!("the time of {}", part.name), &bytes, expected);
    }
    // AXPC: data of a file, beneath the old checksum; with a new one it is in the directory too.
    let mut all = parts(&package);
    let at = all.iter().position(|part| part.name == b"logo.png").unwrap();
    all[at].data[3] ^= 1;
    expect("data of a file", &put_together(&all), "changed parts");
    let data = all[at].data.clone();
    all[at] = Raw::new(b"logo.png", 0, &data, data.clone());
    expect("data of a file and its checksum", &put_together(&all), "changed directory");
    // AXCD: who made an entry, its attributes, its time; the version in the end records.
    let entries: Vec<usize> = (directory..package.len())
        .filter(|&at| package[at..].starts_with(&0x0201_4b50_u32.to_le_bytes()))
        .collect();
    assert_eq!(entries.len(), container.parts().len());
    for (number, entry) in entries.iter().enumerate() {
        for at in [4, 5, 12, 36, 38, 41] {
            let mut bytes = package.clone();
            bytes[entry + at] ^= 1;
            let expected = if number + 1 == entries.len() { "accepted" } else { "changed directory" };
            expect(&format!("byte {at} of entry {number}"), &bytes, expected);
        }
    }
    for back in [22 + 20 + 56 - 12, 22 + 20 + 56 - 14] {
        let mut bytes = package.clone();
        let at = bytes.len() - back;
        bytes[at] ^= 1;
        expect(&format!("{back} bytes before the end"), &bytes, "changed directory");
    }
    let mut bytes = package.clone();
    let end = bytes.len() - 22;
    bytes[end + 4..end + 8].fill(0xFF);
    expect("the disks of the last record", &bytes, "changed directory");
    let mut all = parts(&package);
    let (first, second) = (all[0].clone(), all[1].clone());
    (all[0], all[1]) = (second, first);
    expect("two parts exchanged", &put_together(&all), "changed directory");
    // AXCT: a type more.
    let mut all = parts(&package);
    let more =
        text(&all, TYPES).replace("</Types>", "<Default Extension=\"zzz\" ContentType=\"a/b\"/></Types>");
    let at = all.iter().position(|part| part.name == TYPES.as_bytes()).unwrap();
    all[at] = plain(TYPES.as_bytes(), more.as_bytes());
    expect("a content type more", &put_together(&all), "changed types");
    // AXBM: another file, with a block map that has its digest.
    let (mut all, other) = (parts(&package), b"other data of the same size".to_vec());
    let at = all.iter().position(|part| part.name == b"logo.png").unwrap();
    let old = sha256(&all[at].data);
    let picture = [&other[..], &all[at].data[other.len()..]].concat();
    all[at] = Raw::new(b"logo.png", 0, &picture, picture.clone());
    let unpacked = Package::open(&package[..]).unwrap();
    let map = unpacked.contents().unmapped_part(&package[..], "AppxBlockMap.xml", 1 << 20).unwrap();
    let map = String::from_utf8(map).unwrap();
    assert!(map.contains(&old));
    let map = map.replace(&old, &sha256(&picture)).into_bytes();
    let at = all.iter().position(|part| part.name == b"AppxBlockMap.xml").unwrap();
    all[at] = Raw::new(b"AppxBlockMap.xml", 8, &map, [flushed(&map, true), vec![3, 0]].concat());
    expect("another file with its digest in the block map", &put_together(&all), "changed map");
    // AXCI: a catalog that was not there.
    let mut all = parts(&package);
    let at = all.len() - 2;
    let name = "AppxMetadata/CodeIntegrity.cat";
    all.insert(at, plain(name.as_bytes(), b"a catalog"));
    expect("a catalog without a type", &put_together(&all), "types");
    let catalog = signed(&with_catalog(&unsigned()), &own);
    assert_eq!(found(&catalog, &own, AT), "accepted");
    let mut all = parts(&catalog);
    let at = all.iter().position(|part| part.name == name.as_bytes()).unwrap();
    all[at] = plain(name.as_bytes(), b"another catalog");
    let changed = put_together(&all);
    let mut all = parts(&catalog);
    all.remove(at);
    let without = put_together(&all);
    let mut expect_catalog = |name: &str, bytes: &[u8]| {
        let found = found(bytes, &own, AT);
        if found != "changed catalog" {
            wrong.push(format!("{name}: {found}"));
        }
    };
    expect_catalog("another catalog", &changed);
    expect_catalog("no catalog any more", &without);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A catalog comes with a signature, so the unsigned package with one is made of a signed one's parts, and signed anew.
fn with_catalog(unsigned: &[u8]) -> Vec<u8> {
    let own = certificate(PUBLISHER, KeyKind::P256, 9);
    let mut all = parts(&signed(unsigned, &own));
    let name = "AppxMetadata/CodeIntegrity.cat";
    let more =
        format!("<Override PartName=\"/{name}\" ContentType=\"application/vnd.ms-pkiseccat\"/></Types>");
    let types = text(&all, TYPES).replace("</Types>", &more);
    let at = all.iter().position(|part| part.name == TYPES.as_bytes()).unwrap();
    all[at] = plain(TYPES.as_bytes(), types.as_bytes());
    all.insert(at, plain(name.as_bytes(), b"a catalog"));
    put_together(&all)
}

#[test]
fn a_signature_that_is_none_of_this_package_is_refused() {
    let own = certificate(PUBLISHER, KeyKind::P256, 1);
    let package = signed(&unsigned(), &own);
    let with = |edit: &dyn Fn(&mut Vec<u8>)| {
        let mut all = parts(&package);
        let mut p7x = all.pop().unwrap().data;
        edit(&mut p7x);
        all.push(plain(b"AppxSignature.p7x", &p7x));
        put_together(&all)
    };
    let place = |p7x: &[u8], what: &[u8]| p7x.windows(what.len()).position(|window| window == what).unwrap();
    let mut wrong = Vec::new();
    let mut expect = |name: &str, bytes: &[u8], expected: &str| {
        let found = found(bytes, &own, AT);
        if found != expected {
            wrong.push(format!("{name}: {found} in place of {expected}"));
        }
    };
    expect("nothing changed", &with(&|_| {}), "accepted");
    expect("an empty one", &with(&|p7x| p7x.clear()), "malformed");
    expect("no magic", &with(&|p7x| drop(p7x.drain(..4))), "malformed");
    expect("another magic", &with(&|p7x| p7x[3] = b'Y'), "malformed");
    expect("bytes after it", &with(&|p7x| p7x.push(0)), "malformed");
    expect("cut off", &with(&|p7x| p7x.truncate(200)), "malformed");
    expect("another value at its end", &with(&|p7x| *p7x.last_mut().unwrap() ^= 1), "invalid");
    for tag in [&b"AXPC"[..], b"AXCD", b"AXCT", b"AXBM"] {
        let name = format!("another digest behind {}", String::from_utf8_lossy(tag));
        let edit = |p7x: &mut Vec<u8>| {
            let at = place(p7x, tag) + 5;
            p7x[at] ^= 1;
        };
        expect(&name, &with(&edit), "invalid");
        let name = format!("no tag {}", String::from_utf8_lossy(tag));
        let edit = |p7x: &mut Vec<u8>| {
            let at = place(p7x, tag);
            p7x[at] = b'Z';
        };
        expect(&name, &with(&edit), "malformed");
    }
    let edit = |p7x: &mut Vec<u8>| {
        let at = place(p7x, &[0x4B, 0xDF, 0xC5]);
        p7x[at] ^= 1;
    };
    expect("a GUID of nothing", &with(&edit), "malformed");
    // A signed attribute: the digest of what is signed.
    let digest_attribute = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x04];
    let edit = |p7x: &mut Vec<u8>| {
        let at = place(p7x, &digest_attribute) + digest_attribute.len() + 6;
        p7x[at] ^= 1;
    };
    expect("another digest in the signed attributes", &with(&edit), "invalid");
    // That of another package, by the same signer.
    let mut files = simple_files();
    files[1].1[0] ^= 1;
    let other = signed(&pack(&files, SIMPLE, Options::default()).unwrap(), &own);
    let mut all = parts(&package);
    all.pop();
    all.push(parts(&other).pop().unwrap());
    expect("another package's", &put_together(&all), "changed map");
    let mut all = parts(&package);
    let twin = all.last().unwrap().clone();
    all.push(twin);
    expect("two signatures", &put_together(&all), "collision");
    let mut all = parts(&package);
    let mut twin = all.last().unwrap().clone();
    twin.rename(b"appxsignature.p7x");
    all.push(twin);
    expect("two signatures but for the case", &put_together(&all), "collision");
    let mut all = parts(&package);
    let last = all.len() - 1;
    all.swap(last, last - 1);
    expect("one that is not the last part", &put_together(&all), "signature");
    let mut all = parts(&package);
    all.push(plain(b"late.png", b"late"));
    expect("a part after it", &put_together(&all), "signature");
    // One of the other kind.
    let by = signer(&own);
    let package_unsigned = unsigned();
    let opened = Package::open(&package_unsigned[..]).unwrap();
    let make = |digests: &_, algorithm| Ok::<_, SigningError>(envelope(digests, algorithm, true, &by)?);
    let bundles = sign(&package_unsigned[..], opened.contents(), Vec::new(), make).unwrap();
    expect("a bundle's", &bundles, "malformed");
    let make = |digests: &_, _| Ok::<_, SigningError>(envelope(digests, HashAlgorithm::Sha384, false, &by)?);
    let mixed = sign(&package_unsigned[..], opened.contents(), Vec::new(), make);
    match mixed {
        Ok(mixed) => expect("digests of two kinds", &mixed, "malformed"),
        Err(SigningError::Signer(_)) => {}
        Err(error) => panic!("{error}"),
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Makes a certificate another one, signed by its own key or by that of an issuer.
fn forged(
    certificate: &NewCertificate,
    issuer: &NewCertificate,
    edit: impl Fn(&mut TbsCertificate),
) -> NewCertificate {
    let mut own = Certificate::from_pem(certificate.certificate.as_bytes()).unwrap();
    own.tbs_certificate.issuer =
        Certificate::from_pem(issuer.certificate.as_bytes()).unwrap().tbs_certificate.subject;
    edit(&mut own.tbs_certificate);
    let key = p256::ecdsa::SigningKey::from_pkcs8_pem(&issuer.key).unwrap();
    let signature: p256::ecdsa::Signature = key.sign(&own.tbs_certificate.to_der().unwrap());
    own.signature = BitString::from_bytes(signature.to_der().as_bytes()).unwrap();
    let certificate_text = own.to_pem(der::pem::LineEnding::LF).unwrap();
    NewCertificate { certificate: certificate_text, key: certificate.key.clone() }
}

/// Puts an extension in the place of one of its kind, or takes it away.
fn extension<E: Encode + der::oid::AssociatedOid>(
    tbs: &mut TbsCertificate,
    value: Option<&E>,
    critical: bool,
) {
    let all = tbs.extensions.get_or_insert_default();
    all.retain(|one| one.extn_id != E::OID);
    if let Some(value) = value {
        let extn_value = OctetString::new(value.to_der().unwrap()).unwrap();
        all.push(Extension { extn_id: E::OID, critical, extn_value });
    }
}

fn signed_with_chain(leaf: &NewCertificate, others: &[&NewCertificate]) -> Vec<u8> {
    let unsigned = unsigned();
    let package = Package::open(&unsigned[..]).unwrap();
    let all: String =
        [leaf].iter().chain(others).map(|one| one.certificate.as_str()).collect::<Vec<_>>().concat();
    let by = Signer::from_pem(all.as_bytes(), leaf.key.as_bytes()).unwrap();
    let make = |digests: &_, algorithm| Ok::<_, SigningError>(envelope(digests, algorithm, false, &by)?);
    sign(&unsigned[..], package.contents(), Vec::new(), make).unwrap()
}

#[test]
fn a_certificate_that_is_not_for_this_is_refused_for_what_it_is() {
    let own = certificate(PUBLISHER, KeyKind::P256, 1);
    let server = ExtendedKeyUsage(vec![ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1")]);
    let agreement = KeyUsage(KeyUsages::KeyAgreement.into());
    let unknown = |tbs: &mut TbsCertificate, critical| {
        let extn_id = ObjectIdentifier::new_unwrap("1.2.3.4");
        let extn_value = OctetString::new(vec![5, 0]).unwrap();
        tbs.extensions.get_or_insert_default().push(Extension { extn_id, critical, extn_value });
    };
    let twice = |tbs: &mut TbsCertificate| {
        let first = tbs.extensions.as_ref().unwrap()[0].clone();
        tbs.extensions.as_mut().unwrap().push(first);
    };
    let itself = |edit: &dyn Fn(&mut TbsCertificate)| forged(&own, &own, edit);
    for (name, certificate, at, expected) in [
        ("in order", itself(&|_| {}), AT, "accepted"),
        ("for servers", itself(&|tbs| extension(tbs, Some(&server), false)), AT, "usage"),
        ("for nothing", itself(&|tbs| extension::<ExtendedKeyUsage>(tbs, None, false)), AT, "usage"),
        ("for agreeing on keys", itself(&|tbs| extension(tbs, Some(&agreement), true)), AT, "usage"),
        ("with a critical extension that nobody knows", itself(&|tbs| unknown(tbs, true)), AT, "usage"),
        ("with another extension that nobody knows", itself(&|tbs| unknown(tbs, false)), AT, "accepted"),
        ("with an extension twice", itself(&twice), AT, "usage"),
        ("not valid yet", itself(&|_| {}), NOW - 1, "expired"),
        ("expired", itself(&|_| {}), NOW + YEAR + 1, "expired"),
    ] {
        let package = signed_with_chain(&certificate, &[]);
        assert_eq!(found(&package, &certificate, at), expected, "{name}");
    }
    let other = certificate_of("CN=Somebody Else");
    assert_eq!(found(&signed_with_chain(&other, &[]), &other, AT), "publisher");
    assert_eq!(found(&signed_with_chain(&own, &[]), &other, AT), "untrusted");
}

fn certificate_of(publisher: &str) -> NewCertificate {
    self_signed(&Publisher::new(publisher).unwrap(), KeyKind::P256, [NOW, NOW + YEAR], &mut Random(77))
        .unwrap()
}

#[test]
fn a_chain_holds_only_if_each_certificate_of_it_may_do_what_it_does() {
    let own = certificate(PUBLISHER, KeyKind::P256, 1);
    let root = certificate("CN=Root", KeyKind::P256, 2);
    let authority = |tbs: &mut TbsCertificate| {
        let constraints = BasicConstraints { ca: true, path_len_constraint: None };
        extension(tbs, Some(&constraints), true);
        extension(tbs, Some(&KeyUsage(KeyUsages::KeyCertSign.into())), true);
    };
    let good = forged(&root, &root, authority);
    let leaf = forged(&own, &good, |_| {});
    let result =
        |leaf: &NewCertificate, root: &NewCertificate, at| found(&signed_with_chain(leaf, &[root]), root, at);
    assert_eq!(result(&leaf, &good, AT), "accepted");
    // The leaf is another one than the authority signed.
    let mut changed = leaf.certificate.clone();
    let mut certificate = Certificate::from_pem(changed.as_bytes()).unwrap();
    certificate.tbs_certificate.serial_number = x509_cert::serial_number::SerialNumber::new(&[7]).unwrap();
    changed = certificate.to_pem(der::pem::LineEnding::LF).unwrap();
    let changed = NewCertificate { certificate: changed, key: leaf.key.clone() };
    assert_eq!(result(&changed, &good, AT), "untrusted");
    let no_authority = forged(&root, &root, |_| {});
    assert_eq!(result(&forged(&own, &no_authority, |_| {}), &no_authority, AT), "usage");
    let no_certificates = forged(&root, &root, |tbs| {
        authority(tbs);
        extension(tbs, Some(&KeyUsage(KeyUsages::DigitalSignature.into())), true);
    });
    assert_eq!(result(&forged(&own, &no_certificates, |_| {}), &no_certificates, AT), "usage");
    let for_servers = forged(&root, &root, |tbs| {
        authority(tbs);
        let server = ExtendedKeyUsage(vec![ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1")]);
        extension(tbs, Some(&server), false);
    });
    assert_eq!(result(&forged(&own, &for_servers, |_| {}), &for_servers, AT), "usage");
    assert_eq!(result(&leaf, &good, NOW + YEAR + 1), "expired");
    // An authority between them that may have none beneath it but signers, and has one.
    let constrained = forged(&root, &root, |tbs| {
        authority(tbs);
        extension(tbs, Some(&BasicConstraints { ca: true, path_len_constraint: Some(0) }), true);
    });
    let between = certificate_of("CN=Between");
    let between = forged(&between, &constrained, authority);
    let below = forged(&own, &between, |_| {});
    let package = signed_with_chain(&below, &[&between, &constrained]);
    assert_eq!(found(&package, &constrained, AT), "usage");
    let between = forged(&between, &good, authority);
    let below = forged(&own, &between, |_| {});
    assert_eq!(found(&signed_with_chain(&below, &[&between]), &good, AT), "accepted");
    assert_eq!(found(&signed_with_chain(&below, &[]), &good, AT), "untrusted");
}

/// The value of an RSA signature is a number: one bit less or more is another one.
#[test]
fn an_altered_rsa_value_is_seen() {
    let own = certificate(PUBLISHER, KeyKind::Rsa3072, 1);
    let package = signed(&unsigned(), &own);
    assert_eq!(found(&package, &own, AT), "accepted");
    let mut all = parts(&package);
    let p7x = all.pop().unwrap().data;
    for back in [1, 100, 383] {
        let mut changed = p7x.clone();
        let at = changed.len() - back;
        changed[at] ^= 4;
        let mut all = all.clone();
        all.push(plain(b"AppxSignature.p7x", &changed));
        assert_eq!(found(&put_together(&all), &own, AT), "invalid", "{back}");
    }
    assert_eq!(kind(&Package::open(&package[..9]).unwrap_err()), "end");
    assert!(Certificate::from_der(&p7x).is_err());
}

/// An element in DER.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap();
    [&[tag, 0x84][..], &length.to_be_bytes(), content].concat()
}

#[test]
fn a_certificate_whose_base64_ends_early_is_refused_like_one_whose_base64_is_none() {
    // The first is what a fuzzer found: `der` 0.7.10 reads it forever.
    for cut in ["MII4", "MII=", "M", "", "!!!!"] {
        let pem = format!("-----BEGIN CERTIFICATE-----\n{cut}\n-----END CERTIFICATE-----\n");
        assert!(Trust::nobody().add(pem.as_bytes()).is_err(), "{cut}");
        assert!(Trust::nobody().add(format!("{pem}-----BEGIN CERTIFICATE-----\nMIIB").as_bytes()).is_err());
    }
}

#[test]
fn many_certificates_without_an_end_are_refused_at_once() {
    let pem = "-----BEGIN CERTIFICATE-----".repeat(100_000);
    assert!(Trust::nobody().add(pem.as_bytes()).is_err());
    let whole = certificate(PUBLISHER, KeyKind::P256, 1).certificate;
    let mut trust = Trust::nobody();
    trust.add(whole.repeat(100).as_bytes()).unwrap();
    assert!(Trust::nobody().add(whole.repeat(2_000).as_bytes()).is_err(), "more than any system trusts");
}

#[test]
fn a_name_of_very_many_values_is_refused_before_they_are_sorted() {
    let own = certificate(PUBLISHER, KeyKind::P256, 1).certificate;
    let own = Certificate::from_pem(own.as_bytes()).unwrap();
    // commonName with a number, the largest first: `der` sorts each one to its place among those before.
    let values = (0..150_000_u32).rev().flat_map(|number| {
        let kind = element(0x06, &[0x55, 4, 3]);
        element(0x30, &[kind, element(0x0C, format!("{number:06}").as_bytes())].concat())
    });
    let name = element(0x30, &element(0x31, &values.collect::<Vec<u8>>()));
    let TbsCertificate { serial_number, signature, validity, subject_public_key_info, .. } =
        &own.tbs_certificate;
    let inner = [
        vec![0xA0, 3, 2, 1, 2],
        serial_number.to_der().unwrap(),
        signature.to_der().unwrap(),
        name.clone(),
        validity.to_der().unwrap(),
        name,
        subject_public_key_info.to_der().unwrap(),
    ];
    let outer = [
        element(0x30, &inner.concat()),
        own.signature_algorithm.to_der().unwrap(),
        own.signature.to_der().unwrap(),
    ];
    assert!(Trust::nobody().add(&element(0x30, &outer.concat())).is_err());
}
