//! Properties of random descriptors and texts.

use lowbox_security::*;
use proptest::collection::vec;
use proptest::prelude::*;

fn sid() -> impl Strategy<Value = Sid> {
    let known = [
        Sid::everyone(),
        Sid::users(),
        Sid::owner_rights(),
        Sid::all_application_packages(),
        Sid::all_restricted_application_packages(),
        derive::package_sid("app"),
        derive::capability_sid("internetClient"),
    ];
    prop_oneof![
        4 => proptest::sample::select(known.to_vec()),
        1 => (0u64..1 << 48, vec(any::<u32>(), 0..=15)).prop_map(|(authority, subs)| Sid::new(authority, &subs).unwrap()),
    ]
}

fn data(kind: AceKind) -> BoxedStrategy<AceData> {
    let from = |texts: &'static [&'static str]| {
        let parsed = texts.iter().map(|text| {
            let sd: SecurityDescriptor = text.parse().unwrap();
            sd.dacl.aces()[0].data.clone()
        });
        proptest::sample::select(parsed.collect::<Vec<_>>())
    };
    match kind {
        AceKind::Unknown(_) => {
            vec(any::<[u8; 4]>(), 0..6).prop_map(|words| AceData::Raw(words.as_flattened().to_vec())).boxed()
        }
        AceKind::ResourceAttribute => {
            from(&["D:(RA;;;;;WD;(\"n\",TS,0x1,\"a\",\"b\"))", "D:(RA;;;;;WD;(\"n\",TX,0x0,#0102))"]).boxed()
        }
        kind if kind.is_callback() => from(&[
            "D:(XA;;;;;WD;(@User.a == 1 || !(Exists b)))",
            "D:(XA;;;;;WD;(Member_of {SID(WD), SID(BU)}))",
            "D:(XA;;;;;WD;(#01020304))",
            "D:(XA;;;;;WD)",
        ])
        .boxed(),
        _ => Just(AceData::None).boxed(),
    }
}

/// Nearly the data behind the SID of such an ACE: its binary form with a byte changed, cut off, or with zeros behind it.
fn octets() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let texts = [
        ("RA", "\"n\",TS,0x1,\"a\",\"\""),
        ("RA", "\"\",TI,0x0"),
        ("RA", "\"name\",TI,0x0,1,-1"),
        ("RA", "\"n\",TU,0x0,0"),
        ("RA", "\"n\",TD,0x0,SID(WD)"),
        ("RA", "\"n\",TB,0x0,1,0"),
        ("RA", "\"n\",TX,0x0,#0102,#"),
        ("XA", "a"),
        ("XA", "@User.a == 1 || !(Exists b)"),
        ("XA", "Member_of {SID(WD), SID(BU)} && c Any_of {\"t\", #00, -0x7}"),
    ];
    let packed = texts.map(|(kind, text)| {
        let sd: SecurityDescriptor = format!("D:({kind};;;;;WD;({text}))").parse().unwrap();
        // Header 20, ACL header 8, ACE header and mask 8, SID 12.
        (kind, sd.to_bytes().unwrap().split_off(48))
    });
    let byte = prop_oneof![Just(0u8), any::<u8>()];
    let change = proptest::option::of((any::<prop::sample::Index>(), byte));
    (proptest::sample::select(packed.to_vec()), change, 0usize..8, 0usize..6).prop_map(
        |((kind, mut bytes), change, less, more)| {
            if let Some((index, byte)) = change {
                let at = index.index(bytes.len());
                bytes[at] = byte;
            }
            bytes.truncate(bytes.len() - less.min(bytes.len() - 1));
            bytes.resize(bytes.len() + more, 0);
            (kind, bytes)
        },
    )
}

fn guid() -> impl Strategy<Value = Option<Guid>> {
    proptest::option::of(any::<[u8; 16]>().prop_map(Guid))
}

fn ace() -> impl Strategy<Value = Ace> {
    let number = prop_oneof![3 => Just(0u8), 3 => Just(1u8), 2 => 0u8..0x18, 1 => any::<u8>()];
    (number, any::<u8>(), any::<u32>(), sid(), guid(), guid()).prop_flat_map(
        |(number, flags, mask, sid, object, inherited)| {
            let kind = AceKind::from_number(number);
            data(kind).prop_map(move |data| {
                let mut ace = Ace::new(
                    kind,
                    AceFlags(flags & 0xF7 | flags & mask as u8 & 8),
                    AccessMask(mask),
                    sid.clone(),
                );
                if kind.is_object() {
                    ace.object = Some(ObjectTypes { object, inherited });
                }
                if let AceKind::Unknown(_) = kind {
                    (ace.mask, ace.sid) = (AccessMask::NONE, Sid::new(0, &[0]).unwrap());
                }
                ace.data = data;
                ace
            })
        },
    )
}

fn acl() -> impl Strategy<Value = Acl> {
    vec(ace(), 0..8).prop_map(Acl::new)
}

fn descriptor() -> impl Strategy<Value = SecurityDescriptor> {
    let dacl =
        prop_oneof![1 => Just(Dacl::Absent), 1 => Just(Dacl::Null), 8 => acl().prop_map(Dacl::Present)];
    let owner = || proptest::option::of(sid());
    (owner(), owner(), dacl, proptest::option::of(acl()), any::<u16>()).prop_map(
        |(owner, group, dacl, sacl, bits)| {
            // Only what SDDL has words for.
            let mut control = Control(bits & 0x3F00);
            if dacl == Dacl::Absent {
                control = control.without(Control(0x1500));
            }
            SecurityDescriptor { owner, group, dacl, sacl, control }
        },
    )
}

fn token() -> impl Strategy<Value = Token> {
    let group = (sid(), any::<bool>()).prop_map(|(sid, deny_only)| Group { sid, deny_only });
    let container = (any::<bool>(), any::<bool>()).prop_map(|(less_privileged, capable)| AppContainer {
        package: derive::package_sid("app"),
        capabilities: if capable { vec![derive::capability_sid("internetClient")] } else { Vec::new() },
        less_privileged,
    });
    (sid(), vec(group, 0..4), proptest::option::weighted(0.8, container), 0u32..20000).prop_map(
        |(user, groups, app_container, rid)| Token {
            user,
            groups,
            app_container,
            integrity: Integrity::from_rid(rid),
            privileges: Vec::new(),
        },
    )
}

fn request(desired: u32, user_half: UserHalf) -> Request<'static> {
    Request { desired: AccessMask(desired), mapping: GenericMapping::FILE, user_half, parent: None }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn bytes_bring_back_the_descriptor(sd in descriptor()) {
        let bytes = sd.to_bytes().unwrap();
        prop_assert_eq!(SecurityDescriptor::from_bytes(&bytes), Ok(sd));
    }

    #[test]
    fn text_brings_back_the_descriptor(sd in descriptor()) {
        let text = sd.to_sddl();
        prop_assert_eq!(SecurityDescriptor::from_sddl(&text), Ok(sd), "{}", text);
    }

    #[test]
    fn octets_behind_a_sid_are_never_changed_and_mean_the_same_in_text_and_bytes((kind, octets) in octets()) {
        let digits: String = octets.iter().map(|byte| format!("{byte:02x}")).collect();
        let sd = SecurityDescriptor::from_sddl(&format!("D:({kind};;;;;WD;(#{digits}))")).unwrap();
        let text = sd.to_sddl();
        prop_assert_eq!(SecurityDescriptor::from_sddl(&text), Ok(sd.clone()), "{}", text);
        let bytes = sd.to_bytes().unwrap();
        let mut padded = octets;
        padded.resize(padded.len().next_multiple_of(4), 0);
        prop_assert_eq!(&bytes[48..], padded, "{}", text);
        prop_assert_eq!(SecurityDescriptor::from_bytes(&bytes), Ok(sd), "{}", text);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "([OGDS]:|[A-Z]{1,2}|[();#\"{}!&|=@%]|0x2a|S-1-5-18|é| ){0,60}") {
        if let Ok(sd) = SecurityDescriptor::from_sddl(&text) {
            prop_assert_eq!(SecurityDescriptor::from_sddl(&sd.to_sddl()), Ok(sd));
        }
    }

    #[test]
    fn no_condition_makes_the_parser_panic(
        text in "(@User\\.|a|Exists|Member_of|SID\\(BA\\)|[(){},!\"#%0-9+-]|&&|\\|\\||==|<=| ){0,30}"
    ) {
        if let Ok(sd) = SecurityDescriptor::from_sddl(&format!("D:(XA;;FA;;;WD;({text}))")) {
            prop_assert_eq!(SecurityDescriptor::from_sddl(&sd.to_sddl()), Ok(sd));
        }
    }

    #[test]
    fn no_bytes_make_the_parser_panic(mut bytes in vec(any::<u8>(), 20..200)) {
        bytes[..4].copy_from_slice(&[1, 0, 0x14, 0x80]);
        let _ = SecurityDescriptor::from_bytes(&bytes);
    }

    #[test]
    fn a_lowbox_token_never_gets_more_than_the_entries_for_it_allow(
        sd in descriptor(), token in token(), desired: u32, host: bool
    ) {
        let half = if host { UserHalf::Host } else { UserHalf::Descriptor };
        for desired in [desired, desired & 0x1F_01FF, 0x200_0000] {
            let decision = access_check(&sd, &token, &request(desired, half));
            prop_assert!(decision.label.contains(decision.access) && decision.user.contains(decision.access));
            prop_assert!(decision.lowbox.contains(decision.access));
            prop_assert_eq!(decision.granted, !decision.access.is_empty());
            let Some(container) = &token.app_container else { continue };
            let mut union = AccessMask::NONE;
            for ace in sd.dacl.aces().iter().filter(|ace| ace.kind.is_allow() && !ace.is_inherit_only()) {
                if container.matches_allow(&ace.sid) {
                    union |= GenericMapping::FILE.map(ace.mask) & AccessMask(0x1F_FFFF);
                }
            }
            prop_assert!(union.contains(decision.access), "{} {} {:?}", sd, decision.access, union);
        }
    }

    #[test]
    fn this_check_never_grants_what_nt_denies(sd in descriptor(), token in token(), desired: u32) {
        for desired in [desired & 0x1F_01FF, 0x200_0000] {
            let decision = access_check(&sd, &token, &request(desired, UserHalf::Descriptor));
            prop_assert!(decision.nt_access.contains(decision.access), "{} {:#?}", sd, decision);
            prop_assert_eq!(decision.stricter_than_nt, decision.nt_access != decision.access);
        }
    }

    #[test]
    fn a_deny_in_front_for_any_held_sid_always_wins(sd in descriptor(), token in token(), desired in 1u32..0x200) {
        let mut held: Vec<Sid> = vec![token.user.clone()];
        held.extend(token.groups.iter().map(|group| group.sid.clone()));
        held.extend(token.app_container.iter().flat_map(|c| c.capabilities.iter().cloned().chain([c.package.clone()])));
        for sid in held {
            let mut sd = sd.clone();
            let Dacl::Present(acl) = &mut sd.dacl else { continue };
            acl.aces.insert(0, Ace::deny(AccessMask::FILE_ALL, sid));
            for half in [UserHalf::Descriptor, UserHalf::Host] {
                prop_assert!(!access_check(&sd, &token, &request(desired, half)).granted);
            }
        }
    }

    #[test]
    fn maximum_allowed_agrees_with_asking_bit_by_bit(sd in descriptor(), token in token()) {
        let maximum = access_check(&sd, &token, &request(0x200_0000, UserHalf::Descriptor)).access;
        for bit in (0..9).chain(16..21) {
            let single = access_check(&sd, &token, &request(1 << bit, UserHalf::Descriptor));
            prop_assert_eq!(single.granted, maximum.contains(AccessMask(1 << bit)), "{} bit {}", sd, bit);
        }
    }

    #[test]
    fn the_trace_tells_who_decided_each_bit(sd in descriptor(), token in token(), desired: u32, host: bool) {
        let half = if host { UserHalf::Host } else { UserHalf::Descriptor };
        let desired = desired & 0x1F_01FF;
        let decision = access_check(&sd, &token, &request(desired, half));
        let told = |effect, sides: &[Side]| {
            let steps = decision.trace.iter().filter(|step| step.effect == effect && sides.contains(&step.side));
            steps.fold(AccessMask::NONE, |union, step| union | step.bits)
        };
        let granted = decision.user & decision.lowbox & decision.label;
        let everywhere = [Side::User, Side::Lowbox, Side::Both, Side::Label];
        prop_assert!(told(Effect::Denied, &everywhere).contains(AccessMask(desired).without(granted)));
        prop_assert!(told(Effect::Granted, &[Side::User, Side::Both]).contains(decision.user));
        if token.app_container.is_some() {
            prop_assert!(told(Effect::Granted, &[Side::Lowbox, Side::Both]).contains(decision.lowbox));
        }
    }
}
