//! What an authority signs (TSTInfo, RFC 3161 2.4.2).

use der::asn1::{Any, Int, ObjectIdentifier, OctetString};
use der::{Sequence, Tag, Tagged};
use x509_cert::ext::Extensions;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::TimeStampError;
use crate::signature::key;
use crate::signature::trust::UnixTime;

/// A digest, and of which kind it is.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(super) struct Imprint {
    pub(super) algorithm: AlgorithmIdentifierOwned,
    pub(super) digest: OctetString,
}

#[derive(Clone, Debug, Sequence)]
pub(super) struct Info {
    pub(super) version: u8,
    pub(super) policy: ObjectIdentifier,
    pub(super) imprint: Imprint,
    pub(super) serial: Int,
    /// A GeneralizedTime, which may have parts of a second here.
    time: Any,
    pub(super) accuracy: Option<Accuracy>,
    #[asn1(default = "Default::default")]
    pub(super) ordering: bool,
    pub(super) nonce: Option<Int>,
    #[asn1(context_specific = "0", optional = "true")]
    pub(super) authority: Option<Any>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) extensions: Option<Extensions>,
}

/// How exact a time is, which is for people.
#[derive(Clone, Debug, Sequence)]
pub(super) struct Accuracy {
    seconds: Option<Int>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    milliseconds: Option<Int>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    microseconds: Option<Int>,
}

impl Info {
    /// Checks what has to hold for each.
    pub(super) fn check(&self) -> Result<(), TimeStampError> {
        if self.version != 1 {
            return Err(TimeStampError::Unknown("its version".to_owned()));
        }
        if self.extensions.iter().flatten().any(|extension| extension.critical) {
            return Err(TimeStampError::Unknown("it has a critical extension".to_owned()));
        }
        Ok(())
    }

    /// Whether it is of these bytes.
    pub(super) fn is_of(&self, bytes: &[u8]) -> Result<bool, TimeStampError> {
        let algorithm = key::hash_algorithm(&self.imprint.algorithm.oid)?;
        Ok(self.imprint.digest.as_bytes() == algorithm.digest(bytes).as_bytes())
    }

    /// When.
    pub(super) fn time(&self) -> Result<UnixTime, TimeStampError> {
        let malformed = TimeStampError::Malformed("its time is none");
        if self.time.tag() != Tag::GeneralizedTime {
            return Err(malformed);
        }
        seconds(self.time.value()).ok_or(malformed)
    }
}

/// `YYYYMMDDHHMMSSZ`, with or without a fraction, which neither is empty nor ends in 0 (RFC 3161 2.4.2).
fn seconds(text: &[u8]) -> Option<UnixTime> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_fraction = |text: &str| !text.is_empty() && digits(text) && !text.ends_with('0');
    if whole.len() != 14 || !digits(whole) || !fraction.is_none_or(is_fraction) {
        return None;
    }
    let number = |from: usize, to: usize| whole[from..to].parse::<u8>().ok();
    let year = whole[..4].parse().ok()?;
    let date = [number(4, 6)?, number(6, 8)?, number(8, 10)?, number(10, 12)?, number(12, 14)?];
    let [month, day, hour, minute, second] = date;
    let time = der::DateTime::new(year, month, day, hour, minute, second).ok()?;
    Some(time.unix_duration().as_secs())
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times_may_have_parts_of_a_second() {
        assert_eq!(seconds(b"20261129021500Z"), Some(1_795_918_500));
        assert_eq!(seconds(b"20261129021500.25Z"), Some(1_795_918_500));
        for bad in [
            "20261129021500",
            "20261129021500.Z",
            "20261129021500.10Z",
            "20261329021500Z",
            "2026112902150Z",
            "20261129021500+0100",
            "20261129021500.1.1Z",
            "19691231235959Z",
            "2026112902150\u{e4}Z",
            "+0261129021500Z",
        ] {
            assert_eq!(seconds(bad.as_bytes()), None, "{bad}");
        }
    }
}
