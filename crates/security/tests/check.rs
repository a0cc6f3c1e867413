//! Rules of the access check that the fixture's vectors don't reach.

use lowbox_security::*;

const USER: &str = "S-1-5-21-1-2-3-1000";

fn package() -> Sid {
    derive::package_sid("app_8wekyb3d8bbwe")
}

fn ordinary() -> Token {
    let groups = [Sid::everyone(), Sid::users()].map(|sid| Group { sid, deny_only: false });
    Token::ordinary(USER.parse().unwrap(), groups.to_vec())
}

fn lowbox() -> Token {
    let capabilities = vec![derive::capability_sid("internetClient")];
    let app_container = Some(AppContainer { package: package(), capabilities, less_privileged: false });
    Token { app_container, integrity: Integrity::Low, ..ordinary() }
}

/// `PKG` and `USER` stand for the SIDs of the tokens above.
fn sd(text: &str) -> SecurityDescriptor {
    let text = text.replace("PKG", &package().to_string()).replace("USER", USER);
    SecurityDescriptor::from_sddl(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn request(desired: u32) -> Request<'static> {
    Request {
        desired: AccessMask(desired),
        mapping: GenericMapping::FILE,
        user_half: UserHalf::Descriptor,
        parent: None,
    }
}

fn ask(text: &str, token: &Token, desired: u32) -> Decision {
    access_check(&sd(text), token, &request(desired))
}

fn on_host(text: &str, token: &Token, desired: u32) -> Decision {
    access_check(&sd(text), token, &Request { user_half: UserHalf::Host, ..request(desired) })
}

const MAXIMUM: u32 = 0x200_0000;

#[test]
fn asking_for_nothing_is_denied() {
    assert!(!ask("D:(A;;FA;;;WD)", &ordinary(), 0).granted);
}

#[test]
fn a_deny_beneath_an_allow_comes_too_late_for_an_ordinary_token() {
    assert!(ask("D:(A;;FR;;;WD)(D;;FR;;;USER)", &ordinary(), 1).granted);
    assert!(!ask("D:(D;;FR;;;USER)(A;;FR;;;WD)", &ordinary(), 1).granted);
}

#[test]
fn a_deny_counts_until_both_halves_have_the_bit() {
    let late = ask("D:(A;;FA;;;USER)(A;;0x1;;;PKG)(D;;0x3;;;WD)(A;;0x2;;;PKG)", &lowbox(), MAXIMUM);
    assert_eq!(late.access, AccessMask(1));
    assert_eq!((late.user & AccessMask(3), late.lowbox), (AccessMask(1), AccessMask(1)));
    assert_eq!(late.nt_access, AccessMask(3));
    assert!(late.stricter_than_nt);
    let step =
        late.trace.iter().find(|step| step.effect == Effect::Denied && step.side == Side::Both).unwrap();
    assert!(step.stricter_than_nt && step.to_string().ends_with("(stricter than NT)"));
    assert!(matches!(&step.source, TraceSource::Ace { index: 2, sddl } if sddl == "(D;;0x3;;;WD)"));
}

#[test]
fn the_host_stands_for_the_user_half_but_denies_and_labels_still_bind() {
    assert!(on_host("D:(A;;FR;;;PKG)", &lowbox(), 0x120089).granted);
    assert!(!on_host("D:(A;;FR;;;PKG)", &lowbox(), 0x2).granted);
    assert!(!on_host("D:(A;;FR;;;USER)", &lowbox(), 0x1).granted);
    for denied in ["USER", "PKG", "WD", "AC", "S-1-15-3-1"] {
        let decision = on_host(&format!("D:(D;;0x1;;;{denied})(A;;FR;;;PKG)"), &lowbox(), MAXIMUM);
        assert_eq!(decision.access, AccessMask(0x120088), "{denied}");
        assert_eq!(decision.stricter_than_nt, !matches!(denied, "USER" | "WD"), "{denied}");
    }
    assert!(!on_host("D:(A;;FA;;;PKG)S:(ML;;NW;;;HI)", &lowbox(), 0x2).granted);
    assert!(!on_host("D:(D;;0x1;;;USER)(A;;FR;;;PKG)", &ordinary(), 0x1).granted);
    assert!(on_host("D:(A;;0x1;;;WD)(D;;0x1;;;USER)", &ordinary(), 0x1).granted);
    assert!(on_host("D:(A;;FR;;;PKG)", &ordinary(), 0x2).granted);
}

#[test]
fn a_deny_only_group_denies_and_never_allows() {
    let mut token = ordinary();
    token.groups.push(Group { sid: Sid::administrators(), deny_only: true });
    assert!(!ask("D:(A;;FA;;;BA)", &token, 1).granted);
    assert!(!ask("D:(D;;FA;;;BA)(A;;FA;;;WD)", &token, 1).granted);
    assert!(!ask("O:BAD:", &token, 0x20000).granted);
}

#[test]
fn a_capability_list_cannot_smuggle_in_a_group() {
    let mut token = lowbox();
    let container = token.app_container.as_mut().unwrap();
    container.capabilities = vec![Sid::everyone(), USER.parse().unwrap()];
    container.package = Sid::users();
    assert_eq!(ask("D:(A;;FA;;;WD)(A;;FA;;;USER)(A;;FA;;;BU)", &token, MAXIMUM).lowbox, AccessMask::NONE);
}

#[test]
fn owner_rights_replace_the_implicit_ones_unless_inherit_only() {
    let owner = |dacl: &str| ask(&format!("O:USERD:{dacl}"), &ordinary(), MAXIMUM).access;
    assert_eq!(owner("(A;;0x1;;;OW)"), AccessMask(1));
    assert_eq!(owner("(D;;0x1;;;OW)(A;;0x3;;;WD)"), AccessMask(2));
    assert_eq!(owner("(A;OICIIO;0x1;;;OW)"), AccessMask(0x60000));
    assert_eq!(ask("O:BAD:(A;;0x1;;;OW)", &ordinary(), MAXIMUM).access, AccessMask::NONE);
}

#[test]
fn privileges_count_only_for_what_is_asked_by_name_and_never_for_the_lowbox_half() {
    let with = |mut token: Token, privilege| {
        token.privileges.push(privilege);
        token
    };
    let security = with(ordinary(), Privilege::Security);
    assert!(ask("D:", &security, 0x100_0000).granted);
    assert!(!ask("D:(A;;0x1ffffff;;;WD)", &ordinary(), 0x100_0000).granted);
    assert!(!ask("D:NO_ACCESS_CONTROL", &ordinary(), 0x100_0000).granted);
    assert_eq!(ask("D:(A;;0x1;;;WD)", &security, MAXIMUM).access, AccessMask(1));
    assert!(ask("D:(D;;WO;;;WD)", &with(ordinary(), Privilege::TakeOwnership), 0x80000).granted);
    let boxed = with(lowbox(), Privilege::Security);
    assert!(!ask("D:(A;;0x1ffffff;;;WD)(A;;0x1ffffff;;;PKG)", &boxed, 0x100_0000).granted);
    let low = Token { integrity: Integrity::Low, ..with(ordinary(), Privilege::Relabel) };
    assert!(ask("D:", &low, 0x80000).granted);
}

#[test]
fn a_missing_dacl_opens_the_user_half_and_shuts_the_lowbox_half() {
    for text in ["O:BA", "D:NO_ACCESS_CONTROL"] {
        assert_eq!(ask(text, &ordinary(), MAXIMUM).access, AccessMask::FILE_ALL);
        let decision = ask(text, &lowbox(), MAXIMUM);
        assert_eq!((decision.user, decision.lowbox), (AccessMask::FILE_ALL, AccessMask::NONE));
        assert!(!decision.granted);
        assert!(!on_host(text, &lowbox(), 1).granted);
    }
}

#[test]
fn a_deny_that_is_not_understood_denies() {
    let allow = "(A;;FA;;;USER)(A;;FA;;;PKG)";
    let guid = "bf967aba-0de6-11d0-a285-00aa003049e2";
    let denies = [
        "(0x2a;;#00000000)".to_owned(),
        "(0x4;;#)".to_owned(),
        format!("(OD;;FA;{guid};;WD)"),
        format!("(OD;;FA;;{guid};WD)"),
        "(XD;;FA;;;WD;(@User.x == 1))".to_owned(),
        "(XD;;FA;;;WD;(#deadbeef))".to_owned(),
        "(XD;;FA;;;WD)".to_owned(),
        "(0x0c;;FA;;;WD;(Exists a))".to_owned(),
        "(XD;;FA;;;WD;(Member_of {SID(BU)}))".to_owned(),
    ];
    for deny in denies {
        for token in [ordinary(), lowbox()] {
            let decision = ask(&format!("D:{deny}{allow}"), &token, MAXIMUM);
            assert!(!decision.granted, "{deny} {:#?}", decision.trace);
            assert!(!on_host(&format!("D:{deny}{allow}"), &token, 1).granted, "{deny}");
        }
    }
    let of_package = format!("D:(XD;;FA;;;WD;(Member_of {{SID(PKG)}})){allow}");
    assert!(!ask(&of_package, &lowbox(), 1).granted);
    // Only what is plainly not meant is passed over.
    assert!(ask(&of_package, &ordinary(), 1).granted);
    assert!(ask(&format!("D:(XD;;FA;;;WD;(Member_of {{SID(BA)}})){allow}"), &lowbox(), 1).granted);
    assert!(ask(&format!("D:(0x2a;IO;#00000000){allow}"), &lowbox(), 1).granted);
}

#[test]
fn an_allow_that_is_not_understood_allows_nothing() {
    let guid = "bf967aba-0de6-11d0-a285-00aa003049e2";
    let allows = [
        format!("(OA;;FA;{guid};;WD)"),
        "(XA;;FA;;;WD;(@User.x == 1))".to_owned(),
        "(XA;;FA;;;WD;(!(@User.x == 1)))".to_owned(),
        "(XA;;FA;;;WD;(Not_Exists @User.x))".to_owned(),
        "(XA;;FA;;;WD;(Member_of {SID(BA)}))".to_owned(),
        "(XA;;FA;;;WD;(Member_of {}))".to_owned(),
        "(XA;;FA;;;WD;(Not_Device_Member_of {SID(BA)}))".to_owned(),
        "(XA;;FA;;;WD)".to_owned(),
        "(AU;SA;FA;;;WD)".to_owned(),
        "(ML;;;;;WD)".to_owned(),
    ];
    for allow in allows {
        assert!(!ask(&format!("D:{allow}"), &ordinary(), MAXIMUM).granted, "{allow}");
    }
    for allow in [
        "(OA;;0x1;;;WD)",
        "(XA;;0x1;;;WD;(Member_of {SID(BU), SID(WD)}))",
        "(XA;;0x1;;;WD;(Member_of_Any {SID(BA), SID(WD)} || @User.x))",
        "(XA;;0x1;;;WD;(Not_Member_of SID(BA)))",
    ] {
        assert_eq!(ask(&format!("D:{allow}"), &ordinary(), MAXIMUM).access, AccessMask(1), "{allow}");
    }
}

#[test]
fn labels_leave_what_their_policy_does_not_forbid() {
    let low = Token { integrity: Integrity::Low, ..ordinary() };
    let left = |policy: &str| ask(&format!("D:(A;;FA;;;WD)S:(ML;;{policy};;;ME)"), &low, MAXIMUM).access;
    assert_eq!(left("NW"), AccessMask(0x1200a9));
    assert_eq!(left("NWNR"), AccessMask(0x1200a0));
    assert_eq!(left("NWNRNX"), AccessMask::NONE);
    assert_eq!(left(""), AccessMask::FILE_ALL);
    assert!(!left("NR").contains(AccessMask::READ_DATA) && left("NR").contains(AccessMask::WRITE_DATA));
    // A label that names no level binds everybody.
    let broken = ask("D:(A;;FA;;;WD)S:(ML;;NWNRNX;;;WD)", &ordinary(), MAXIMUM);
    assert!(!broken.granted);
    // The first label that isn't inherit-only decides.
    let two = ask("D:(A;;FA;;;WD)S:(ML;OICIIO;NWNRNX;;;HI)(ML;;NW;;;LW)(ML;;NWNRNX;;;HI)", &low, MAXIMUM);
    assert_eq!(two.access, AccessMask::FILE_ALL);
}

#[test]
fn processes_without_a_label_are_not_read_from_below() {
    let low = Token { integrity: Integrity::Low, ..ordinary() };
    let request = Request { mapping: GenericMapping::PROCESS, ..request(0x10) };
    assert!(!access_check(&sd("D:(A;;GA;;;WD)"), &low, &request).granted);
    assert!(access_check(&sd("D:(A;;GA;;;WD)"), &ordinary(), &request).granted);
}

#[test]
fn trust_labels_filters_and_unknown_policies_only_take_away() {
    for sacl in ["(TL;;0x1;;;S-1-19-512-4096)", "(FL;;0x1;;;WD;(Exists a))"] {
        assert_eq!(ask(&format!("D:(A;;FA;;;WD)S:{sacl}"), &ordinary(), MAXIMUM).access, AccessMask(1));
    }
    let scoped = ask("D:(A;;FA;;;WD)S:(SP;;;;;S-1-17-1)", &ordinary(), 1);
    assert!(!scoped.granted && scoped.stricter_than_nt);
}

#[test]
fn rights_on_the_folder_reach_the_file_where_both_halves_hold() {
    let with = |folder: &str, file: &str, token: &Token| {
        let folder = sd(folder);
        access_check(&sd(file), token, &Request { parent: Some(&folder), ..request(MAXIMUM) }).access
    };
    let both = "D:(A;;0x41;;;WD)(A;;0x41;;;PKG)";
    assert_eq!(with(both, "D:", &lowbox()), AccessMask(0x10080));
    assert_eq!(with("D:(A;;0x41;;;WD)(A;;0x40;;;PKG)", "D:", &lowbox()), AccessMask(0x10000));
    assert_eq!(with("D:(A;;0x41;;;WD)", "D:", &lowbox()), AccessMask::NONE);
    assert_eq!(with("D:(A;;0x41;;;PKG)", "D:", &lowbox()), AccessMask::NONE);
    assert_eq!(with("D:(A;;0x41;;;WD)", "D:", &ordinary()), AccessMask(0x10080));
    // A denied child of a granted folder stays denied for an AppContainer; on NT it could be deleted.
    assert_eq!(with(both, "D:(D;;FA;;;PKG)", &lowbox()), AccessMask::NONE);
    assert_eq!(with("D:(A;;0x41;;;WD)", "D:(D;;FA;;;WD)", &ordinary()), AccessMask(0x10080));
    // The file's own label still binds.
    assert_eq!(with(both, "D:S:(ML;;NWNRNX;;;HI)", &lowbox()), AccessMask::NONE);
}

#[test]
fn every_wanted_bit_is_in_the_trace() {
    let decision = ask("D:(A;;0x1;;;WD)(D;;0x2;;;WD)(A;;0x1;;;PKG)", &lowbox(), 0x7);
    for (side, bit) in
        [(Side::User, 1), (Side::Lowbox, 1), (Side::Both, 2), (Side::User, 4), (Side::Lowbox, 4)]
    {
        let told = decision.trace.iter().any(|step| step.side == side && step.bits.contains(AccessMask(bit)));
        assert!(told, "{side:?} {bit:#x} in {:#?}", decision.trace);
    }
    let json = serde_json::to_value(&decision).unwrap();
    assert_eq!(json["trace"][0]["source"]["ace"]["index"], 0);
    assert_eq!(json["granted"], false);
}

#[test]
fn rights_have_names_for_people() {
    assert_eq!(AccessMask(0x1_0021).names(ObjectKind::Directory), ["list", "traverse", "delete"]);
    assert_eq!(AccessMask(0x8).names(ObjectKind::Key), ["list subkeys"]);
    assert_eq!(AccessMask(0x8001).names(ObjectKind::File), ["read", "0x8000"]);
}
