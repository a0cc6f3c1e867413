//! What children get from their parents.

use lowbox_security::*;

const USER: &str = "S-1-5-21-1-2-3-1000";
const GROUP: &str = "S-1-5-21-1-2-3-513";

fn sd(text: &str) -> SecurityDescriptor {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn child_of(parent: &str, explicit: Option<&str>, kind: ChildKind) -> SecurityDescriptor {
    let creator = Creator { owner: USER.parse().unwrap(), group: GROUP.parse().unwrap() };
    inherit(&sd(parent), explicit.map(sd).as_ref(), kind, &creator, &GenericMapping::FILE)
}

/// The child's DACL and SACL in SDDL, without owner and group.
fn lists(mut child: SecurityDescriptor) -> String {
    (child.owner, child.group) = (None, None);
    child.to_sddl()
}

fn file(parent: &str) -> String {
    lists(child_of(parent, None, ChildKind::Object))
}

fn folder(parent: &str) -> String {
    lists(child_of(parent, None, ChildKind::Container))
}

#[test]
fn files_take_object_inherit_and_folders_container_inherit() {
    let parent = "D:(A;OI;0x1;;;WD)(A;CI;0x2;;;WD)(A;OICI;0x4;;;WD)(A;;0x8;;;WD)";
    assert_eq!(file(parent), "D:AI(A;ID;0x1;;;WD)(A;ID;0x4;;;WD)");
    assert_eq!(folder(parent), "D:AI(A;OIIOID;0x1;;;WD)(A;CIID;0x2;;;WD)(A;OICIID;0x4;;;WD)");
}

#[test]
fn no_propagate_stops_after_one_level() {
    let parent = "D:(A;OINP;0x1;;;WD)(A;CINP;0x2;;;WD)(A;OICINP;0x4;;;WD)";
    assert_eq!(file(parent), "D:AI(A;ID;0x1;;;WD)(A;ID;0x4;;;WD)");
    assert_eq!(folder(parent), "D:AI(A;ID;0x2;;;WD)(A;ID;0x4;;;WD)");
    assert_eq!(folder(&folder(parent)), "D:AI");
}

#[test]
fn inherit_only_entries_become_effective_on_the_child() {
    assert_eq!(file("D:(A;OICIIO;0x1;;;WD)"), "D:AI(A;ID;0x1;;;WD)");
    assert_eq!(folder("D:(A;OICIIO;0x1;;;WD)"), "D:AI(A;OICIID;0x1;;;WD)");
}

#[test]
fn creator_placeholders_and_generic_rights_are_resolved_and_passed_on() {
    let parent = "D:(A;OICIIO;GA;;;CO)(A;OICIIO;0x1;;;CG)";
    assert_eq!(file(parent), format!("D:AI(A;ID;FA;;;{USER})(A;ID;0x1;;;{GROUP})"));
    assert_eq!(
        folder(parent),
        format!("D:AI(A;ID;FA;;;{USER})(A;OICIIOID;GA;;;CO)(A;ID;0x1;;;{GROUP})(A;OICIIOID;0x1;;;CG)")
    );
    // The number of entries doesn't grow from level to level.
    assert_eq!(folder(&folder(parent)), folder(parent));
}

#[test]
fn explicit_entries_come_first_and_denies_before_allows() {
    let child = child_of(
        "D:(A;OI;0x1;;;WD)(D;OI;0x2;;;WD)",
        Some("D:(A;;0x4;;;WD)(D;;0x8;;;WD)(A;ID;0x10;;;WD)"),
        ChildKind::Object,
    );
    assert_eq!(lists(child.clone()), "D:AI(D;;0x8;;;WD)(A;;0x4;;;WD)(D;ID;0x2;;;WD)(A;ID;0x1;;;WD)");
    let Dacl::Present(acl) = child.dacl else { panic!() };
    assert!(acl.is_canonical());
}

#[test]
fn an_unknown_ace_goes_on_and_stands_with_the_denies() {
    let child = child_of("D:(A;OI;FA;;;WD)(0x2a;OI;#00112233)", None, ChildKind::Object);
    assert_eq!(lists(child), "D:AI(0x2a;ID;#00112233)(A;ID;FA;;;WD)");
}

#[test]
fn a_protected_list_takes_nothing_from_the_parent() {
    let child = child_of("D:(A;OI;FA;;;WD)", Some("D:P(A;;0x1;;;BA)"), ChildKind::Object);
    assert_eq!(lists(child), "D:P(A;;0x1;;;BA)");
}

#[test]
fn without_any_dacl_the_child_is_shut_not_open() {
    for parent in ["", "D:NO_ACCESS_CONTROL", "D:(A;;FA;;;WD)"] {
        assert_eq!(child_of(parent, None, ChildKind::Object).dacl, Dacl::Present(Acl::default()), "{parent}");
    }
    assert_eq!(child_of("D:", Some("D:NO_ACCESS_CONTROL"), ChildKind::Object).dacl, Dacl::Null);
}

#[test]
fn labels_are_inherited_unless_the_child_has_its_own() {
    let parent = "D:S:(ML;OICI;NW;;;LW)";
    assert_eq!(file(parent), "D:AIS:AI(ML;ID;NW;;;LW)");
    let own = child_of(parent, Some("S:(ML;;NW;;;HI)"), ChildKind::Object);
    assert_eq!(own.label().unwrap().sid, Integrity::High.sid());
}

#[test]
fn owner_and_group_come_from_the_creator_unless_given() {
    let child = child_of("O:BAD:(A;OI;FA;;;CO)", Some("O:SY"), ChildKind::Object);
    assert_eq!(child.to_sddl(), format!("O:SYG:{GROUP}D:AI(A;ID;FA;;;SY)"));
}

#[test]
fn an_allow_for_one_class_of_children_reaches_no_other() {
    let guid = "bf967aba-0de6-11d0-a285-00aa003049e2";
    assert_eq!(file(&format!("D:(OA;OICI;FA;;{guid};WD)")), "D:AI");
    assert_eq!(file(&format!("D:(OD;OICI;FA;;{guid};WD)")), format!("D:AI(OD;ID;FA;;{guid};WD)"));
}
