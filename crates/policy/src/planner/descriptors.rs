//! Descriptors by number.
//!
//! Ten thousand objects mostly share a handful of descriptors. Equal ones get the same number, so that whatever is derived
//! from one is derived once, and looked up by number.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::sync::Arc;

use lowbox_security::{Ace, AceData, Acl, Dacl, SecurityDescriptor, Sid};

/// The number of a descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SdId(u32);

impl SdId {
    /// For tables by number.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// Two numbers as one.
    pub fn pair(self, other: SdId) -> u64 {
        u64::from(self.0) << 32 | u64::from(other.0)
    }
}

#[derive(Default)]
pub(crate) struct Descriptors {
    all: Vec<Arc<SecurityDescriptor>>,
    /// By fingerprint, the last with it.
    last: BTreeMap<u64, SdId>,
    /// For each, the one before with the same fingerprint.
    before: Vec<Option<SdId>>,
}

impl Descriptors {
    pub fn get(&self, id: SdId) -> &SecurityDescriptor {
        &self.all[id.index()]
    }

    /// The number of a descriptor, a new one if none is equal.
    pub fn number(&mut self, sd: impl Borrow<SecurityDescriptor> + Into<Arc<SecurityDescriptor>>) -> SdId {
        let fingerprint = fingerprint(sd.borrow());
        let last = self.last.get(&fingerprint).copied();
        let mut next = last;
        while let Some(id) = next {
            if *self.all[id.index()] == *sd.borrow() {
                return id;
            }
            next = self.before[id.index()];
        }
        // A plan can't hold 2^32 descriptors: each object makes a few, and neither text nor command line is that long.
        let id = SdId(self.all.len() as u32);
        self.all.push(sd.into());
        self.before.push(last);
        self.last.insert(fingerprint, id);
        id
    }
}

/// A number that is the same for equal descriptors, and rarely the same for others.
fn fingerprint(sd: &SecurityDescriptor) -> u64 {
    let mut sum = Fingerprint(u64::from(sd.control.0));
    for sid in [&sd.owner, &sd.group].into_iter().flatten() {
        sum.sid(sid);
    }
    match &sd.dacl {
        Dacl::Absent => sum.add(1),
        Dacl::Null => sum.add(2),
        Dacl::Present(acl) => sum.acl(acl),
    }
    if let Some(acl) = &sd.sacl {
        sum.acl(acl);
    }
    sum.0
}

struct Fingerprint(u64);

impl Fingerprint {
    /// One step of Fx, the hash of rustc: a rotation and a multiplication.
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn sid(&mut self, sid: &Sid) {
        self.add(sid.authority());
        for pair in sid.sub_authorities().chunks(2) {
            self.add(pair.iter().fold(0, |words, sub| words << 32 | u64::from(*sub)));
        }
    }

    fn acl(&mut self, acl: &Acl) {
        self.add(acl.aces.len() as u64);
        acl.aces.iter().for_each(|ace| self.ace(ace));
    }

    fn ace(&mut self, ace: &Ace) {
        let head = u64::from(ace.kind.number()) << 8 | u64::from(ace.flags.0);
        self.add(head << 32 | u64::from(ace.mask.0));
        self.sid(&ace.sid);
        // Conditions and object types are rare, and have no shorter form that tells all of them apart.
        if ace.object.is_some() || ace.data != AceData::None {
            format!("{:?}{:?}", ace.object, ace.data).bytes().for_each(|byte| self.add(u64::from(byte)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_descriptors_have_one_number_and_others_their_own() {
        let texts = [
            "",
            "D:",
            "D:P",
            "D:NO_ACCESS_CONTROL",
            "D:(A;;FR;;;AC)",
            "D:(A;;FR;;;BA)",
            "D:(D;;FR;;;AC)",
            "D:(A;OI;FR;;;AC)",
            "D:(A;;FW;;;AC)",
            "D:(A;;FR;;;AC)(A;;FR;;;AC)",
            "O:BAD:",
            "G:BAD:",
            "S:(ML;;NW;;;HI)",
            "D:(XA;;FR;;;AC;(@User.a))",
            "D:(XA;;FR;;;AC;(@User.b))",
            "D:(OA;;FR;bf9679c0-0de6-11d0-a285-00aa003049e2;;AC)",
        ];
        let mut descriptors = Descriptors::default();
        for _ in 0..2 {
            for (number, text) in texts.iter().enumerate() {
                let sd = SecurityDescriptor::from_sddl(text).expect("it is SDDL");
                assert_eq!(descriptors.number(Arc::new(sd)).index(), number, "{text}");
            }
        }
    }

    #[test]
    fn those_with_one_fingerprint_are_told_apart() {
        let mut descriptors = Descriptors::default();
        let one = SecurityDescriptor::from_sddl("D:(A;;FR;;;AC)").expect("it is SDDL");
        let two = SecurityDescriptor::from_sddl("D:(A;;FW;;;AC)").expect("it is SDDL");
        let first = descriptors.number(Arc::new(one.clone()));
        descriptors.last.insert(fingerprint(&two), first);
        let second = descriptors.number(Arc::new(two.clone()));
        assert_ne!(first, second);
        assert_eq!(descriptors.number(Arc::new(two)), second);
        assert_eq!(descriptors.number(Arc::new(one)), first);
    }
}
