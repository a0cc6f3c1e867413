//! Samba as a second opinion: random descriptors, tokens and masks, decided by both (ordinary tokens, no AppContainer), and
//! the meaning of SDDL and of binary descriptors compared both ways. One python3 process answers all cases.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use lowbox_security::*;

const CASES: usize = 24_000;
const DEFAULT_SEED: u64 = 0x10_3b0c;

/// SplitMix64: deterministic, and enough for picking cases.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }
}

/// Principals that descriptors name and tokens hold.
fn principals() -> Vec<Sid> {
    let texts = [
        "S-1-5-21-1-2-3-1000",
        "S-1-5-21-1-2-3-1001",
        "S-1-5-21-1-2-3-513",
        "S-1-1-0",
        "S-1-5-11",
        "S-1-5-32-544",
        "S-1-5-32-545",
        "S-1-5-18",
        "S-1-22-1-1000",
        "S-1-15-2-1",
    ];
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// A few single bits or a common combination.
fn rights(random: &mut Random) -> AccessMask {
    let whole =
        [AccessMask::FILE_READ, AccessMask::FILE_WRITE, AccessMask::FILE_EXECUTE, AccessMask::FILE_ALL];
    if random.chance(40) {
        return random.pick(&whole);
    }
    let bits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 17, 18, 19, 20];
    (0..=random.below(5)).fold(AccessMask::NONE, |mask, _| mask | AccessMask(1 << random.pick(&bits)))
}

fn ace(random: &mut Random, principals: &[Sid]) -> Ace {
    let kinds = [
        (50, AceKind::Allow),
        (80, AceKind::Deny),
        (88, AceKind::DenyObject),
        (94, AceKind::AllowObject),
        (100, AceKind::Audit),
    ];
    let roll = random.below(100);
    let kind = kinds.iter().find(|(limit, _)| roll < *limit).unwrap().1;
    let mask = match random.below(20) {
        0 => AccessMask::GENERIC_ALL,
        1 => AccessMask::GENERIC_READ | AccessMask::GENERIC_EXECUTE,
        2 => AccessMask::GENERIC_WRITE,
        _ => rights(random),
    };
    let sid = match random.below(20) {
        0 => Sid::owner_rights(),
        1 => Sid::creator_owner(),
        _ => random.pick(principals),
    };
    let mut ace = Ace::new(kind, AceFlags::NONE, mask, sid);
    if random.chance(30) {
        ace.flags = AceFlags(random.below(32) as u8);
    }
    if kind == AceKind::Audit {
        ace.flags = ace.flags | AceFlags(0x40 << random.below(2));
    }
    // Samba never grants by object ACEs, as this crate never does by those with a type: the others are left out.
    if kind == AceKind::AllowObject || (kind == AceKind::DenyObject && random.chance(50)) {
        let guid = Guid(std::array::from_fn(|_| random.next() as u8));
        ace.object = Some(ObjectTypes { object: Some(guid), inherited: random.chance(30).then_some(guid) });
    }
    ace
}

fn descriptor(random: &mut Random, principals: &[Sid]) -> SecurityDescriptor {
    let list = |random: &mut Random, most| {
        Acl::new((0..random.below(most)).map(|_| ace(random, principals)).collect())
    };
    let mut control = Control::default();
    for bit in [Control::DACL_PROTECTED, Control::DACL_AUTO_INHERITED, Control::DACL_AUTO_INHERIT_REQ] {
        if random.chance(20) {
            control = control | bit;
        }
    }
    let dacl = if random.chance(3) { Dacl::Null } else { Dacl::Present(list(random, 9)) };
    // Samba doesn't read `D:PS:`: it takes the S for another flag.
    let sacl = (random.chance(10) && !dacl.aces().is_empty()).then(|| {
        let mut acl = list(random, 3);
        acl.aces.retain(|ace| ace.kind == AceKind::Audit);
        acl.revision = Acl::needed_revision(&acl.aces);
        acl
    });
    SecurityDescriptor {
        owner: random.chance(70).then(|| random.pick(principals)),
        group: random.chance(50).then(|| random.pick(principals)),
        dacl,
        sacl,
        control,
    }
}

fn token(random: &mut Random, principals: &[Sid]) -> Token {
    let groups = (0..random.below(5)).map(|_| Group { sid: random.pick(principals), deny_only: false });
    let groups = groups.collect();
    let mut token = Token::ordinary(random.pick(principals), groups);
    for privilege in [Privilege::Security, Privilege::TakeOwnership] {
        if random.chance(10) {
            token.privileges.push(privilege);
        }
    }
    token
}

struct Case {
    sd: SecurityDescriptor,
    token: Token,
    desired: AccessMask,
}

fn case(random: &mut Random, principals: &[Sid]) -> Case {
    let (sd, token) = (descriptor(random, principals), token(random, principals));
    let mut desired = rights(random);
    // With a NULL DACL Samba gives nothing for MAXIMUM_ALLOWED, where Windows gives everything, and gives
    // ACCESS_SYSTEM_SECURITY without the privilege.
    if sd.dacl != Dacl::Null {
        if random.chance(5) {
            desired |= AccessMask::ACCESS_SYSTEM_SECURITY;
        }
        match random.below(10) {
            0..3 => desired = AccessMask::MAXIMUM_ALLOWED,
            3 => desired |= AccessMask::MAXIMUM_ALLOWED,
            _ => {}
        }
    }
    Case { sd, token, desired }
}

impl Case {
    /// The descriptor with generic rights mapped, which Samba's check doesn't do.
    fn mapped(&self) -> SecurityDescriptor {
        let mut sd = self.sd.clone();
        if let Dacl::Present(acl) = &mut sd.dacl {
            acl.aces.iter_mut().for_each(|ace| ace.mask = GenericMapping::FILE.map(ace.mask));
        }
        sd
    }

    fn line(&self) -> String {
        let sids: Vec<String> = std::iter::once(&self.token.user)
            .chain(self.token.groups.iter().map(|g| &g.sid))
            .map(Sid::to_string)
            .collect();
        let privileges: Vec<&str> = self.token.privileges.iter().map(|p| p.name()).collect();
        // Samba's SDDL doesn't know NO_ACCESS_CONTROL.
        let sddl = if self.sd.dacl == Dacl::Null { "-".to_owned() } else { without_fa(&self.sd) };
        let packed = hex(&self.mapped().to_bytes().unwrap());
        format!("{sddl}\t{packed}\t{}\t{}\t{:x}\n", sids.join(","), privileges.join(","), self.desired.0)
    }

    fn compare(&self, answer: &str) -> (bool, bool) {
        let about = || format!("{}\n{:?} wants {}\nSamba: {answer}", self.sd, self.token, self.desired);
        let fields: Vec<&str> = answer.split('\t').collect();
        let [result, text, parsed, repacked] = fields[..] else { panic!("{}", about()) };
        let request = Request {
            desired: self.desired,
            mapping: GenericMapping::FILE,
            user_half: UserHalf::Descriptor,
            parent: None,
        };
        let decision = access_check(&self.sd, &self.token, &request);
        // Samba grants nothing at all where Windows denies: the same.
        let samba = if result == "denied" { 0 } else { u32::from_str_radix(result, 16).unwrap() };
        assert_eq!(decision.access, AccessMask(samba), "{}\n{:#?}", about(), decision.trace);
        assert_eq!(decision.granted, samba != 0, "{}", about());
        assert_eq!(SecurityDescriptor::from_bytes(&unhex(repacked)).unwrap(), self.mapped(), "{}", about());
        if text != "-" {
            let domain = "S-1-5-21-9-9-9".parse().unwrap();
            let read = SecurityDescriptor::from_sddl_in_domain(text, &domain);
            assert_eq!(read.as_ref(), Ok(&self.sd), "{}", about());
            let mut parsed = SecurityDescriptor::from_bytes(&unhex(parsed)).unwrap();
            // Samba writes revision 4 for every list that it reads from text.
            for acl in parsed.sacl.iter_mut().chain(match &mut parsed.dacl {
                Dacl::Present(acl) => Some(acl),
                _ => None,
            }) {
                acl.revision = Acl::needed_revision(&acl.aces);
            }
            assert_eq!(parsed, self.sd, "{}", about());
        }
        (decision.granted, samba != 0)
    }
}

/// Samba 4.17 reads the right FA as 0x1ff, where Windows reads 0x1f01ff: it gets the number.
fn without_fa(sd: &SecurityDescriptor) -> String {
    let entry = |text: &str| {
        let mut fields: Vec<&str> = text.split(';').collect();
        if let Some(rights) = fields.get_mut(2).filter(|rights| **rights == "FA") {
            *rights = "0x1f01ff";
        }
        fields.join(";")
    };
    sd.to_sddl().split('(').map(entry).collect::<Vec<_>>().join("(")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[i * 2..i * 2 + 2], 16).unwrap()).collect()
}

#[test]
fn samba_decides_random_cases_alike_and_reads_the_same_descriptors() {
    let seed = std::env::var("LOWBOX_SEED").map_or(DEFAULT_SEED, |text| text.parse().unwrap());
    println!("seed {seed} (LOWBOX_SEED sets it), {CASES} cases");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/samba_check.py");
    let spawned = Command::new("/usr/bin/python3")
        .args(["-B", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => return missing(&format!("/usr/bin/python3 doesn't start: {error}")),
    };
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    match answers.next() {
        Some(Ok(ready)) if ready == "ready" => {}
        _ => {
            let output = child.wait_with_output().unwrap();
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            // Only a missing module is a reason to skip; a script that fails otherwise is a failure.
            assert!(errors.contains("ModuleNotFoundError"), "the oracle's script failed: {errors}");
            return missing(errors.trim());
        }
    }
    let principals = principals();
    let mut random = Random(seed);
    let cases: Vec<Case> = (0..CASES).map(|_| case(&mut random, &principals)).collect();
    let lines: Vec<String> = cases.iter().map(Case::line).collect();
    let mut input = child.stdin.take().unwrap();
    // A thread of its own: with both pipes full, writing and reading in turn would wait for ever.
    let writer =
        std::thread::spawn(move || lines.iter().try_for_each(|line| input.write_all(line.as_bytes())));
    let (mut ours, mut theirs) = (0, 0);
    for (index, case) in cases.iter().enumerate() {
        let answer = answers.next().unwrap_or_else(|| panic!("no answer to case {index}")).unwrap();
        let (here, there) = case.compare(&answer);
        ours += usize::from(here);
        theirs += usize::from(there);
    }
    writer.join().unwrap().unwrap();
    assert!(child.wait().unwrap().success());
    println!("granted: {ours} here, {theirs} by Samba; denied: {} and {}", CASES - ours, CASES - theirs);
    for granted in [ours, theirs] {
        assert!(
            (CASES / 10..=CASES - CASES / 10).contains(&granted),
            "the cases are lopsided: {granted} granted"
        );
    }
}

/// No Samba here: a failure in CI, elsewhere a line that can be counted.
fn missing(why: &str) {
    println!("SKIPPED 1 oracle, {CASES} cases: python3-samba is missing ({why}); apt install python3-samba");
    assert!(std::env::var_os("CI").is_none(), "CI must have python3-samba");
}
