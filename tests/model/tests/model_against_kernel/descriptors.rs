//! Random descriptors, as text: what a person could write into a file of objects.

use crate::random::Random;

const RW: u32 = 0x0013_01DF;
const ALL: u32 = 0x001F_01FF;
const READ: u32 = 0x0012_0089;
const WRITE: u32 = 0x0012_0116;
const EXECUTE: u32 = 0x0012_00A0;
/// The rights that mean something for files.
const BITS: [u32; 10] = [1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80, 0x100, 0x1_0000];

fn mask(random: &mut Random) -> u32 {
    match random.below(20) {
        0..=3 => READ,
        4..=5 => READ | EXECUTE,
        6..=8 => RW,
        9..=11 => ALL,
        12 => WRITE,
        13 => EXECUTE,
        14 => RW | EXECUTE,
        15 => READ | WRITE,
        16 => (random.next() as u32) & 0x1FF,
        17 => (random.next() as u32) & 0x1F_01FF,
        18 => *random.pick(&BITS),
        _ => ALL & !*random.pick(&BITS),
    }
}

fn rights(random: &mut Random) -> String {
    match random.below(12) {
        0 => "FR".to_owned(),
        1 => "FRFX".to_owned(),
        2 => "FA".to_owned(),
        3 => "GR".to_owned(),
        4 => "GA".to_owned(),
        5 => "FW".to_owned(),
        _ => format!("{:#x}", mask(random)),
    }
}

fn ace(random: &mut Random, user: &str, deny_percent: usize) -> String {
    let deny = random.chance(deny_percent);
    let kind = match (deny, random.chance(3)) {
        (false, false) => "A",
        (false, true) => "XA",
        (true, false) => "D",
        (true, true) => "XD",
    };
    let flags = match random.below(24) {
        0..=15 => "OICI",
        16 | 17 => "",
        18 => "OI",
        19 => "CI",
        20 => "OICINP",
        21 => "OICIIO",
        22 => "CINPIO",
        _ => "OIIO",
    };
    let rights =
        if deny && random.chance(50) { format!("{:#x}", *random.pick(&BITS)) } else { rights(random) };
    let sid = random.weighted(&[
        (6, "{package}"),
        (4, "AC"),
        (2, "S-1-15-2-2"),
        (3, "{documentsLibrary}"),
        (1, "{musicLibrary}"),
        (1, "WD"),
        (1, user),
        (1, "CO"),
        (1, "OW"),
        (1, "S-1-5-18"),
    ]);
    match kind {
        "XA" | "XD" => {
            let condition = random.pick(&["(Member_of SID(WD))", "(Exists @User.x)"]);
            format!("({kind};{flags};{rights};;;{sid};{condition})")
        }
        _ => format!("({kind};{flags};{rights};;;{sid})"),
    }
}

/// A whole descriptor.
pub fn descriptor(random: &mut Random, user: &str) -> String {
    let mut text = String::from("D:");
    if random.chance(12) {
        text.push('P');
    }
    match random.below(20) {
        0 => return "D:NO_ACCESS_CONTROL".to_owned(),
        1 => {}
        // What people write most.
        2..=6 => {
            let rights = *random.pick(&["FR", "FRFX", "0x1301df", "FA", "0x1301ff"]);
            text.push_str(&format!("(A;OICI;{rights};;;{{package}})"));
        }
        // A deny alone: what an administrator puts beneath a folder that is granted.
        7 | 8 => {
            let rights = rights(random);
            let sid = random.pick(&["{package}", "AC", "WD", "{documentsLibrary}"]);
            text.push_str(&format!("(D;OICI;{rights};;;{sid})"));
        }
        _ => {
            for _ in 0..1 + random.below(3) {
                text.push_str(&ace(random, user, 25));
            }
        }
    }
    if random.chance(8) {
        let (flags, policy) = (*random.pick(&["", "OICI"]), *random.pick(&["NW", "NR", "NX", "NWNRNX"]));
        let level = random.pick(&["HI", "HI", "ME", "SI", "LW"]);
        text.push_str(&format!("S:(ML;{flags};{policy};;;{level})"));
    }
    text
}
