//! Files of PKCS #12 as OpenSSL 3 makes them (`openssl pkcs12 -export -iter 10`), and what somebody made of them. Which forms are read is tried in
//! the program's tests, with OpenSSL itself.

use lowbox_msix::signature::{Signer, SignerError};

const FILE: &[u8] = include_bytes!("data/signatures/key.p12");
const PASSWORD: &str = "a secret";

fn open(bytes: &[u8], password: &str) -> Result<Signer, SignerError> {
    Signer::from_pkcs12(bytes, password)
}

#[test]
fn a_key_comes_out_with_its_password_alone() {
    assert_eq!(open(FILE, PASSWORD).unwrap().subject(), "CN=Lowbox Test");
    for wrong in ["", "a secre", "A secret", "a secret ", "a secret\0", "\u{1f600}"] {
        assert_eq!(open(FILE, wrong).err(), Some(SignerError::Password), "{wrong:?}");
    }
}

/// The MAC is of everything but the little that says how it is made.
#[test]
fn each_changed_bit_is_seen() {
    let mut unseen = Vec::new();
    for at in 0..FILE.len() {
        let mut changed = FILE.to_vec();
        changed[at] ^= 1 << (at % 8);
        if open(&changed, PASSWORD).is_ok() {
            unseen.push(at);
        }
    }
    assert_eq!(unseen, [] as [usize; 0], "of {}", FILE.len());
}

#[test]
fn what_is_cut_off_or_has_something_behind_it_is_refused() {
    for length in 0..FILE.len() {
        assert!(open(&FILE[..length], PASSWORD).is_err(), "{length} bytes");
    }
    assert!(open(&[FILE, b"x"].concat(), PASSWORD).is_err());
    assert!(open(&vec![0x30; 2 << 20], PASSWORD).is_err());
}

/// The MAC's steps are the last number in the file.
#[test]
fn a_file_that_asks_for_years_of_reckoning_is_refused_at_once() {
    assert_eq!(FILE[FILE.len() - 3..], [2, 1, 10]);
    for steps in [&[0_u8, 0x20, 0, 0, 1][..], &[0x7F, 0xFF, 0xFF, 0xFF], &[0x80], &[0]] {
        let mut changed = FILE[..FILE.len() - 3].to_vec();
        changed.extend([2, steps.len() as u8]);
        changed.extend(steps);
        // The lengths of what it is in: the file's, and the MAC's.
        let more = steps.len() - 1;
        let whole = usize::from(u16::from_be_bytes([FILE[2], FILE[3]])) + more;
        changed[2..4].copy_from_slice(&(whole as u16).to_be_bytes());
        let mac = changed.len() - more - 65;
        assert_eq!(changed[mac - 1..mac + 1], [0x30, 64], "where the MAC begins");
        changed[mac] += more as u8;
        assert!(open(&changed, PASSWORD).is_err());
    }
}
