//! Two-letter names of SIDs (MS-DTYP 2.5.1.1, sddl.h).

use crate::sid::Sid;

/// Alias, authority, sub-authorities.
const WELL_KNOWN: &[(&str, u64, &[u32])] = &[
    ("AA", 5, &[32, 579]),
    ("AC", 15, &[2, 1]),
    ("AN", 5, &[7]),
    ("AO", 5, &[32, 548]),
    ("AS", 18, &[1]),
    ("AU", 5, &[11]),
    ("BA", 5, &[32, 544]),
    ("BG", 5, &[32, 546]),
    ("BO", 5, &[32, 551]),
    ("BU", 5, &[32, 545]),
    ("CD", 5, &[32, 574]),
    ("CG", 3, &[1]),
    ("CO", 3, &[0]),
    ("CY", 5, &[32, 569]),
    ("ED", 5, &[9]),
    ("ER", 5, &[32, 573]),
    ("ES", 5, &[32, 576]),
    ("HA", 5, &[32, 578]),
    ("HI", 16, &[12288]),
    ("IS", 5, &[32, 568]),
    ("IU", 5, &[4]),
    ("LS", 5, &[19]),
    ("LU", 5, &[32, 559]),
    ("LW", 16, &[4096]),
    ("ME", 16, &[8192]),
    ("MP", 16, &[8448]),
    ("MS", 5, &[32, 577]),
    ("MU", 5, &[32, 558]),
    ("NO", 5, &[32, 556]),
    ("NS", 5, &[20]),
    ("NU", 5, &[2]),
    ("OW", 3, &[4]),
    ("PO", 5, &[32, 550]),
    ("PS", 5, &[10]),
    ("PU", 5, &[32, 547]),
    ("RA", 5, &[32, 575]),
    ("RC", 5, &[12]),
    ("RD", 5, &[32, 555]),
    ("RE", 5, &[32, 552]),
    ("RM", 5, &[32, 580]),
    ("RU", 5, &[32, 554]),
    ("SI", 16, &[16384]),
    ("SO", 5, &[32, 549]),
    ("SS", 18, &[2]),
    ("SU", 5, &[6]),
    ("SY", 5, &[18]),
    ("UD", 5, &[84, 0, 0, 0, 0, 0]),
    ("WD", 1, &[0]),
    ("WR", 5, &[33]),
];

/// Aliases relative to a domain, and their RIDs.
const DOMAIN: &[(&str, u32)] = &[
    ("AP", 525),
    ("CA", 517),
    ("CN", 522),
    ("DA", 512),
    ("DC", 515),
    ("DD", 516),
    ("DG", 514),
    ("DU", 513),
    ("EA", 519),
    ("EK", 527),
    ("KA", 526),
    ("LA", 500),
    ("LG", 501),
    ("PA", 520),
    ("RO", 498),
    ("RS", 553),
    ("SA", 518),
];

/// What an alias means.
pub(super) enum Meaning {
    Sid(Sid),
    /// The RID of an account of the domain.
    Domain(u32),
}

pub(super) fn meaning(alias: &str) -> Option<Meaning> {
    if let Some((_, authority, subs)) = WELL_KNOWN.iter().find(|(name, ..)| name.eq_ignore_ascii_case(alias))
    {
        return Some(Meaning::Sid(Sid::known(*authority, subs)));
    }
    DOMAIN.iter().find(|(name, _)| name.eq_ignore_ascii_case(alias)).map(|(_, rid)| Meaning::Domain(*rid))
}

/// The alias of a SID, if it has one that means the same everywhere.
pub(super) fn alias_of(sid: &Sid) -> Option<&'static str> {
    WELL_KNOWN.iter().find(|(_, authority, subs)| sid.is(*authority, subs)).map(|(name, ..)| *name)
}
