//! Time stamps: what they do for a signature, each fault of them told apart, and answers of authorities that are none.

mod common;

use common::token::{Authority, SEQUENCE, SHA1, Said, element, granted, root};
use common::{SIMPLE, pack, simple_files};
use lowbox_msix::HashAlgorithm;
use lowbox_msix::signature::{
    Digests, Draft, Envelope, Fault, KeyKind, ReplyError, Request, Signature, SignatureError, Signer, Stamp,
    TimeStamp, TimeStampError, Trust, Trusted, self_signed,
};
use lowbox_msix::{Publisher, package::Package};

/// When everything is stamped.
const STAMPED: u64 = 1_800_000_000;
/// When the signer's certificate has expired.
const LATE: u64 = STAMPED + 400 * 86_400;

struct Signing {
    signer: Signer,
    trust: Trust,
    digests: Digests,
}

/// A signer whose certificate is good for a year from a little before the stamp.
fn signing() -> Signing {
    let publisher = Publisher::new("CN=Lowbox Test").unwrap();
    let validity = [STAMPED - 1000, STAMPED + 365 * 86_400];
    let made = self_signed(&publisher, KeyKind::P256, validity, &mut common::Random(5)).unwrap();
    let signer = Signer::from_pem(made.certificate.as_bytes(), made.key.as_bytes()).unwrap();
    let mut trust = Trust::nobody();
    trust.add(made.certificate.as_bytes()).unwrap();
    let package = pack(&simple_files(), SIMPLE, Default::default()).unwrap();
    let opened = Package::open(&package).unwrap();
    let (digests, _) = lowbox_msix::signature::digests(&package, opened.contents()).unwrap();
    Signing { signer, trust, digests }
}

impl Signing {
    fn envelope(&self) -> Envelope {
        Draft::new(&self.digests, HashAlgorithm::Sha256, false).unwrap().sign(&self.signer).unwrap()
    }

    /// The signature with a token of it, made as `say` has it.
    fn stamped(&self, say: impl FnOnce(Said) -> Vec<u8>) -> Result<Signature, SignatureError> {
        let mut envelope = self.envelope();
        let token = say(Said::of(envelope.signature()));
        envelope.set_time_stamp(&token).unwrap();
        Signature::parse(&envelope.to_p7x().unwrap())
    }

    /// The signer, and the authorities' root for time stamps.
    fn both(&self) -> Trust {
        let mut trust = self.trust.clone();
        trust.add_for_time_stamps(&root()).unwrap();
        trust
    }
}

fn right() -> Authority {
    Authority::new("right")
}

#[test]
fn a_stamped_signature_is_good_when_its_certificate_has_expired() {
    let signing = signing();
    let plain = Signature::parse(&signing.envelope().to_p7x().unwrap()).unwrap();
    assert!(matches!(plain.check_trust(&signing.both(), LATE), Err(SignatureError::Expired { .. })));
    let stamped = signing.stamped(|said| said.by(&right())).unwrap();
    let Stamp::Token(stamp) = &stamped.time_stamp else { panic!("{:?}", stamped.time_stamp) };
    assert_eq!((stamp.time, stamp.authority().as_str()), (STAMPED, "CN=Time Authority (right)"));
    let trusted = stamped.check_trust(&signing.both(), LATE).unwrap();
    assert_eq!(trusted, Trusted { at: STAMPED, unused_stamp: None, stamped: true });
    let more = signing.stamped(|said| Said { more_certificates: true, ..said }.by(&right())).unwrap();
    assert!(more.check_trust(&signing.both(), LATE).unwrap().stamped);
    // A hundred years later the root itself has expired, which changes nothing either.
    stamped.check_trust(&signing.both(), LATE + 200 * 365 * 86_400).unwrap();
}

/// Each of them leaves a signature as good as it is without a time stamp, and says why.
#[test]
fn a_stamp_that_can_not_be_believed_says_why_and_helps_nothing() {
    let signing = signing();
    let refused = |signature: Signature, trust: Trust, what: &str| {
        let now = signature.check_trust(&trust, STAMPED).unwrap();
        assert!(!now.stamped);
        let why = now.unused_stamp.unwrap();
        assert!(why.contains(what), "{why:?} has no {what:?}");
        let error = signature.check_trust(&trust, LATE).unwrap_err();
        assert_eq!(error.fault(), Fault::Expired);
        let text = error.to_string();
        assert!(
            text.contains("expired on") && text.contains("does not help") && text.contains(what),
            "{text}"
        );
    };
    let by = |name: &str| signing.stamped(|said| said.by(&Authority::new(name))).unwrap();
    refused(by("right"), signing.trust.clone(), "is not trusted");
    refused(by("expired"), signing.both(), "expired on 2021-01-01");
    refused(by("two-usages"), signing.both(), "has to be critical, and no other");
    refused(by("not-critical"), signing.both(), "has to be critical, and no other");
    refused(by("code-signing"), signing.both(), "is not for time stamps");
    let said = |change: fn(&mut Said)| {
        let change = move |mut said: Said| {
            change(&mut said);
            said.by(&right())
        };
        signing.stamped(change).unwrap()
    };
    refused(
        said(|said| said.digest_kind = SHA1),
        signing.both(),
        "of a kind that is not known: digest 1.3.14.3.2.26",
    );
    refused(said(|said| said.version = 2), signing.both(), "its version");
    let critical = |said: &mut Said| {
        let own = element(SEQUENCE, &[&[0x06, 3, 0x2A, 3, 4], &[1, 1, 0xFF], &[4, 0]]);
        said.extensions = element(0xA1, &[&own]);
    };
    refused(said(critical), signing.both(), "critical extension");
}

#[test]
fn a_stamp_of_a_time_to_come_or_before_the_certificate_is_none() {
    let signing = signing();
    let early = signing
        .stamped(|said| Said { time: "20270114000000Z", ..said }.by(&right()))
        .unwrap()
        .check_trust(&signing.both(), STAMPED)
        .unwrap_err();
    assert!(early.to_string().contains("is not valid before"), "{early}");
    let late = signing.stamped(|said| Said { time: "20270201000000Z", ..said }.by(&right())).unwrap();
    let trusted = late.check_trust(&signing.both(), STAMPED).unwrap();
    assert!(trusted.unused_stamp.unwrap().contains("a time to come"));
}

/// Somebody who changed a stamp, or put another one in, is not to be taken for a signer without one.
#[test]
fn stamps_that_were_changed_or_are_of_something_else_make_the_signature_none() {
    let signing = signing();
    let error = signing.stamped(|_| Said::of(b"another signature").by(&right())).unwrap_err();
    assert!(matches!(error, SignatureError::TimeStamp(TimeStampError::OfSomethingElse)), "{error}");
    assert_eq!(error.fault(), Fault::Tampered);
    let other = include_bytes!("data/authorities/root.pem").to_vec();
    let error =
        signing.stamped(|said| Said { own_certificate: Some(other), ..said }.by(&right())).unwrap_err();
    assert_eq!(error.fault(), Fault::Tampered, "{error}");
    let error = signing
        .stamped(|said| Said { content_kind: "1.2.840.113549.1.7.1", ..said }.by(&right()))
        .unwrap_err();
    assert!(error.to_string().contains("its content is no time stamp"), "{error}");
    for time in ["20270115080000", "2027011508000Z", "20271315080000Z", "20270115080000.0Z"] {
        let error = signing.stamped(|said| Said { time, ..said }.by(&right())).unwrap_err();
        assert_eq!(error.fault(), Fault::Malformed, "{time}: {error}");
    }
    let twice = |said: Said| element(SEQUENCE, &[&said.by(&right()), &said.by(&right())]);
    assert!(signing.stamped(twice).is_err());
}

#[test]
fn each_changed_bit_of_a_stamp_is_seen() {
    let signing = signing();
    let mut unseen = Vec::new();
    let token = Said::of(signing.envelope().signature()).by(&right());
    for at in 0..token.len() {
        let mut changed = token.clone();
        changed[at] ^= 1 << (at % 8);
        let Ok(stamp) = TimeStamp::parse(&changed, signing.envelope().signature()) else { continue };
        if stamp.check_trust(&signing.both(), LATE).is_ok() {
            assert_eq!(stamp.time, STAMPED, "byte {at}");
            unseen.push(at);
        }
    }
    // The version of the envelope, and the digests that it announces.
    assert!(unseen.len() <= 16, "{unseen:?} of {}", token.len());
}

#[test]
fn a_countersignature_of_pkcs_9_is_known_and_not_believed() {
    let signing = signing();
    // The same attribute under its name.
    let token = Said::of(signing.envelope().signature()).by(&right());
    let mut envelope = signing.envelope();
    envelope.set_time_stamp(&token).unwrap();
    let p7x = envelope.to_p7x().unwrap();
    let countersigned = common::token::countersigned(&p7x[4..]);
    let signature = Signature::parse(&[b"PKCX", countersigned.as_slice()].concat()).unwrap();
    assert!(matches!(&signature.time_stamp, Stamp::Unused(why) if why.contains("before RFC 3161")));
    assert_eq!(signature.check_trust(&signing.both(), LATE).unwrap_err().fault(), Fault::Expired);
    assert!(!signature.check_trust(&signing.both(), STAMPED).unwrap().stamped);
}

/// What answers may be at the other end of a network.
#[test]
fn answers_that_are_none_are_told_apart() {
    let signature = b"a signature";
    let request = Request::new(signature, HashAlgorithm::Sha256, [0x11; 8]).unwrap();
    let asked = request.to_der().unwrap();
    assert!(asked.windows(8).any(|window| window == [0x51, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11]));
    let nonce = || Some(vec![0x51, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11]);
    let said = Said { nonce: nonce(), ..Said::of(signature) };
    let (token, stamp) = request.token(&granted(&said.by(&right()))).unwrap();
    assert_eq!((token, stamp.time), (said.by(&right()), STAMPED));
    let error = |reply: Vec<u8>| request.token(&reply).unwrap_err();
    let another = |said: Said, what: &str| {
        let error = error(granted(&said.by(&right())));
        assert!(matches!(error, ReplyError::Another(found) if found == what), "{error}");
    };
    another(Said { nonce: None, ..said.clone() }, "the nonce");
    another(Said { nonce: Some(vec![7]), ..said.clone() }, "the nonce");
    another(Said { nonce: nonce(), ..Said::of(b"another") }, "the digest");
    another(Said { digest_kind: "2.16.840.1.101.3.4.2.3", ..said.clone() }, "the kind of digest");
    for wrong in ["two-usages", "not-critical", "code-signing"] {
        assert!(matches!(error(granted(&said.by(&Authority::new(wrong)))), ReplyError::Usage(_)), "{wrong}");
    }
    let mut changed = granted(&said.by(&right()));
    *changed.last_mut().unwrap() ^= 1;
    assert!(matches!(error(changed), ReplyError::Token(TimeStampError::Invalid(_))));
    let refusal = element(
        SEQUENCE,
        &[&element(SEQUENCE, &[&[2, 1, 2], &element(SEQUENCE, &[&[0x0C, 2, b'n', b'o']])])],
    );
    assert!(matches!(error(refusal), ReplyError::Refused { status: 2, text } if text == "no"));
    let silent = element(SEQUENCE, &[&element(SEQUENCE, &[&[2, 1, 5]])]);
    assert!(matches!(error(silent), ReplyError::Refused { status: 5, .. }));
    let without = element(SEQUENCE, &[&element(SEQUENCE, &[&[2, 1, 0]])]);
    assert!(matches!(error(without), ReplyError::Malformed("it has no time stamp")));
    let status = |number: &[u8]| element(SEQUENCE, &[&element(SEQUENCE, &[number]), &said.by(&right())]);
    // Refused whatever comes with it; and numbers that are none.
    assert!(matches!(error(status(&[2, 1, 2])), ReplyError::Refused { .. }));
    assert!(matches!(error(status(&[2, 1, 0xFF])), ReplyError::Refused { status: 255, .. }));
    assert!(matches!(error(status(&[2, 2, 1, 0])), ReplyError::Malformed(_)));
    request.token(&status(&[2, 1, 1])).unwrap();
    let whole = granted(&said.by(&right()));
    for length in 0..whole.len() {
        assert!(request.token(&whole[..length]).is_err(), "{length} bytes");
    }
    assert!(request.token(&[whole.as_slice(), b"x"].concat()).is_err(), "something behind it");
    assert!(matches!(error(vec![0x30; 300 << 10]), ReplyError::Malformed("it has more than 256 KiB")));
    assert!(error(b"<html>".to_vec()).to_string().contains("malformed"));
}

/// What the fuzz target begins with is what it is meant to be.
#[test]
fn the_seeds_of_the_fuzz_target_are_accepted() {
    let folder = format!("{}/tests/data/signatures", env!("CARGO_MANIFEST_DIR"));
    let seed = |name: &str, made: &dyn Fn() -> Vec<u8>| {
        let path = format!("{folder}/{name}");
        if std::env::var_os("LOWBOX_WRITE_SEEDS").is_some() {
            std::fs::write(&path, made()).unwrap();
        }
        std::fs::read(&path).unwrap()
    };
    let signature = b"a signature";
    let said =
        Said { nonce: Some(vec![0x51, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11]), ..Said::of(signature) };
    let token = seed("token.der", &|| said.by(&right()));
    assert_eq!(TimeStamp::parse(&token, signature).unwrap().time, STAMPED);
    let reply = seed("reply.tsr", &|| granted(&said.by(&right())));
    let request = Request::new(signature, HashAlgorithm::Sha256, [0x11; 8]).unwrap();
    request.token(&reply).unwrap();
    let stamped = seed("stamped.p7x", &|| {
        let signing = signing();
        let mut envelope = signing.envelope();
        envelope.set_time_stamp(&Said::of(envelope.signature()).by(&right())).unwrap();
        envelope.to_p7x().unwrap()
    });
    assert!(matches!(Signature::parse(&stamped).unwrap().time_stamp, Stamp::Token(_)));
}
