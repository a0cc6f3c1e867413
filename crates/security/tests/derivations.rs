//! SIDs computed from names: published vectors.

use lowbox_security::*;

#[test]
fn a_package_sid_comes_from_the_family_name_in_any_case() {
    let expected = "S-1-15-2-3624051433-2125758914-1423191267-1740899205-1073925389-3782572162-737981194";
    for moniker in ["microsoft.microsoftedge_8wekyb3d8bbwe", "Microsoft.MicrosoftEdge_8wekyb3d8bbwe"] {
        let sid = derive::package_sid(moniker);
        assert_eq!(sid.to_string(), expected);
        assert!(sid.is_package() && !sid.is_capability());
    }
}

#[test]
fn hashed_capabilities_have_the_published_sids() {
    let vectors = [
        (
            "registryRead",
            "1065365936-1281604716-3511738428-1654721687-432734479-3232135806-4053264122-3456934681",
        ),
        ("lpacCom", "2405443489-874036122-4286035555-1823921565-1746547431-2453885448-3625952902-991631256"),
        (
            "lpacAppExperience",
            "1502825166-1963708345-2616377461-2562897074-4192028372-3968301570-1997628692-1435953622",
        ),
        (
            "lpacMedia",
            "1692970155-4054893335-185714091-3362601943-3526593181-1159816984-2199008581-497492991",
        ),
    ];
    for (name, words) in vectors {
        assert_eq!(derive::capability_sid(name).to_string(), format!("S-1-15-3-1024-{words}"));
        assert_eq!(derive::capability_sid(&name.to_lowercase()), derive::capability_sid(name));
        assert_eq!(derive::capability_group_sid(name).to_string(), format!("S-1-5-32-{words}"));
        assert!(derive::capability_sid(name).is_capability());
    }
}

#[test]
fn app_silo_capabilities_have_a_rid_of_their_own() {
    let expected =
        "S-1-15-3-65536-1888954469-739942743-1668119174-2468466756-4239452838-1296943325-355587736-700089176";
    assert_eq!(derive::capability_sid("isolatedWin32-volumeRootMinimal").to_string(), expected);
}

#[test]
fn the_twelve_built_in_capabilities_have_short_sids() {
    let names = [
        "internetClient",
        "internetClientServer",
        "privateNetworkClientServer",
        "picturesLibrary",
        "videosLibrary",
        "musicLibrary",
        "documentsLibrary",
        "enterpriseAuthentication",
        "sharedUserCertificates",
        "removableStorage",
        "appointments",
        "contacts",
    ];
    for (index, name) in names.iter().enumerate() {
        assert_eq!(derive::capability_sid(name).to_string(), format!("S-1-15-3-{}", index + 1));
    }
}

#[test]
fn device_capabilities_are_their_interface_class_guid() {
    let vectors = [
        (
            "microphone",
            "{2eef81be-33fa-4800-9670-1cd474972c3f}",
            "787448254-1207972858-3558633622-1059886964",
        ),
        ("webcam", "{e5323777-f976-4f5b-9b55-b94699c46e44}", "3845273463-1331427702-1186551195-1148109977"),
        ("location", "bfa794e4-f964-4fdb-90f6-51056bfe4b44", "3215430884-1339816292-89257616-1145831019"),
    ];
    for (name, guid, words) in vectors {
        let guid: Guid = guid.parse().unwrap();
        assert_eq!(derive::capability_sid(name).to_string(), format!("S-1-15-3-{words}"));
        assert_eq!(derive::device_interface_sid(guid), derive::capability_sid(name));
        assert_eq!(guid.to_string().parse::<Guid>(), Ok(guid));
    }
}

#[test]
fn a_child_container_appends_four_words_and_has_no_children() {
    let parent = derive::package_sid("parent_8wekyb3d8bbwe");
    let child = derive::child_package_sid(&parent, "Child").unwrap();
    assert_eq!(&child.sub_authorities()[..8], parent.sub_authorities());
    assert_eq!(child.sub_authorities().len(), 12);
    assert!(child.is_package());
    assert_eq!(derive::child_package_sid(&parent, "child"), Some(child.clone()));
    assert_eq!(derive::child_package_sid(&child, "grandchild"), None);
    assert_eq!(derive::child_package_sid(&Sid::all_application_packages(), "child"), None);
}

#[test]
fn unix_users_and_groups_have_sambas_sids() {
    assert_eq!(derive::unix_user_sid(1000).to_string(), "S-1-22-1-1000");
    assert_eq!(derive::unix_group_sid(0).to_string(), "S-1-22-2-0");
}
