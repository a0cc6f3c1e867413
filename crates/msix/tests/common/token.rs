//! Time stamps of authorities of the tests' own, right and wrong. Written out by hand, apart from what reads them.
#![allow(dead_code, reason = "each test uses what it needs")]

use der::{Decode, DecodePem, Encode};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use p256::pkcs8::DecodePrivateKey;
use sha2::{Digest, Sha256};
use x509_cert::Certificate;

/// An authority of `data/authorities`.
pub struct Authority {
    certificate: Certificate,
    key: SigningKey,
}

impl Authority {
    pub fn new(name: &str) -> Authority {
        let path = format!("{}/tests/data/authorities/{name}.pem", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let at = text.find("-----BEGIN PRIVATE KEY").unwrap();
        let key = p256::SecretKey::from_pkcs8_pem(&text[at..]).unwrap();
        Authority { certificate: Certificate::from_pem(text[..at].trim_end()).unwrap(), key: key.into() }
    }
}

/// The root of them all.
pub fn root() -> Vec<u8> {
    include_bytes!("../data/authorities/root.pem").to_vec()
}

/// One element: its tag, and what is in it.
pub fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut bytes = vec![tag];
    match content.len() {
        0..128 => bytes.push(content.len() as u8),
        128..256 => bytes.extend([0x81, content.len() as u8]),
        length => bytes.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    bytes.extend(content);
    bytes
}

pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;
const STRING: u8 = 0x04;
const INTEGER: u8 = 0x02;

fn oid(text: &str) -> Vec<u8> {
    der::asn1::ObjectIdentifier::new(text).unwrap().to_der().unwrap()
}

/// What is said in a time stamp.
#[derive(Clone)]
pub struct Said {
    pub version: u8,
    pub digest: Vec<u8>,
    pub digest_kind: &'static str,
    pub time: &'static str,
    pub nonce: Option<Vec<u8>>,
    pub extensions: Vec<u8>,
    /// Of which certificate the authority says that it is its own.
    pub own_certificate: Option<Vec<u8>>,
    /// What the envelope says of its content.
    pub content_kind: &'static str,
    /// The certificate is there twice, and an attribute certificate beside it, as others write them.
    pub more_certificates: bool,
}

pub const SHA256: &str = "2.16.840.1.101.3.4.2.1";
pub const SHA1: &str = "1.3.14.3.2.26";
pub const TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";

impl Said {
    /// That there was this at that time (`20270115080000Z` is 1_800_000_000).
    pub fn of(signature: &[u8]) -> Said {
        Said {
            version: 1,
            digest: Sha256::digest(signature).to_vec(),
            digest_kind: SHA256,
            time: "20270115080000Z",
            nonce: None,
            extensions: Vec::new(),
            own_certificate: None,
            content_kind: TST_INFO,
            more_certificates: false,
        }
    }

    fn info(&self) -> Vec<u8> {
        let algorithm = element(SEQUENCE, &[&oid(self.digest_kind)]);
        let imprint = element(SEQUENCE, &[&algorithm, &element(STRING, &[&self.digest])]);
        let nonce = self.nonce.as_ref().map(|nonce| element(INTEGER, &[nonce])).unwrap_or_default();
        element(
            SEQUENCE,
            &[
                &element(INTEGER, &[&[self.version]]),
                &oid("1.2.3.4.1"),
                &imprint,
                &element(INTEGER, &[&[7]]),
                &element(0x18, &[self.time.as_bytes()]),
                &nonce,
                &self.extensions,
            ],
        )
    }

    /// The token.
    pub fn by(&self, authority: &Authority) -> Vec<u8> {
        let info = self.info();
        let own = authority.certificate.to_der().unwrap();
        let attribute = |kind: &str, value: &[u8]| element(SEQUENCE, &[&oid(kind), &element(SET, &[value])]);
        let attribute_certificate = element(0xA1, &[&element(SEQUENCE, &[])]);
        let beside =
            if self.more_certificates { [own.clone(), attribute_certificate].concat() } else { Vec::new() };
        let named = self.own_certificate.as_ref().unwrap_or(&own);
        let id = element(SEQUENCE, &[&element(STRING, &[&Sha256::digest(named)])]);
        let mut attributes = [
            attribute("1.2.840.113549.1.9.3", &oid(self.content_kind)),
            attribute("1.2.840.113549.1.9.4", &element(STRING, &[&Sha256::digest(&info)])),
            attribute("1.2.840.113549.1.9.16.2.47", &element(SEQUENCE, &[&element(SEQUENCE, &[&id])])),
        ];
        attributes.sort();
        let attributes = attributes.concat();
        let signature: Signature = authority.key.sign(&element(SET, &[&attributes]));
        let tbs = &authority.certificate.tbs_certificate;
        let sha256 = element(SEQUENCE, &[&oid(SHA256)]);
        let signer = element(
            SEQUENCE,
            &[
                &element(INTEGER, &[&[1]]),
                &element(SEQUENCE, &[&tbs.issuer.to_der().unwrap(), &tbs.serial_number.to_der().unwrap()]),
                &sha256,
                &element(0xA0, &[&attributes]),
                &element(SEQUENCE, &[&oid("1.2.840.10045.4.3.2")]),
                &element(STRING, &[signature.to_der().as_bytes()]),
            ],
        );
        let content =
            element(SEQUENCE, &[&oid(self.content_kind), &element(0xA0, &[&element(STRING, &[&info])])]);
        let data = element(
            SEQUENCE,
            &[
                &element(INTEGER, &[&[3]]),
                &element(SET, &[&sha256]),
                &content,
                &element(0xA0, &[&own, &beside]),
                &element(SET, &[&signer]),
            ],
        );
        element(SEQUENCE, &[&oid("1.2.840.113549.1.7.2"), &element(0xA0, &[&data])])
    }
}

/// An answer that grants, with a token.
pub fn granted(token: &[u8]) -> Vec<u8> {
    let status = element(SEQUENCE, &[&element(INTEGER, &[&[0]])]);
    let reply = element(SEQUENCE, &[&status, token]);
    assert!(der::Any::from_der(&reply).is_ok());
    reply
}

/// A signature whose time stamp goes by the name of a countersignature of PKCS #9.
pub fn countersigned(p7x: &[u8]) -> Vec<u8> {
    const STAMP: [u8; 12] = [0x06, 10, 0x2B, 6, 1, 4, 1, 0x82, 0x37, 3, 3, 1];
    let oid = oid("1.2.840.113549.1.9.6");
    rename(p7x, &STAMP, &oid)
}

/// Copies an element, with another one in the place of `from`, wherever it is in constructed ones.
fn rename(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    let mut rest = bytes;
    while let [tag, length, ..] = *rest {
        let (header, length) = match length {
            0x81 => (3, usize::from(rest[2])),
            0x82 => (4, usize::from(rest[2]) << 8 | usize::from(rest[3])),
            short => (2, usize::from(short)),
        };
        let (whole, behind) = rest.split_at(header + length);
        if whole == from {
            all.extend_from_slice(to);
        } else if tag & 0x20 != 0 && whole.windows(from.len()).any(|window| window == from) {
            all.extend(element(tag, &[&rename(&whole[header..], from, to)]));
        } else {
            all.extend_from_slice(whole);
        }
        rest = behind;
    }
    all
}
