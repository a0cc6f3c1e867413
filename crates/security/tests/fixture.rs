//! The access-check vectors in tests/data/access-check.json, all of them.

use lowbox_security::*;
use serde_json::Value;

fn sid(value: &Value) -> Sid {
    value.as_str().unwrap().parse().unwrap()
}

fn sids(value: &Value) -> Vec<Sid> {
    value.as_array().map_or_else(Vec::new, |list| list.iter().map(sid).collect())
}

fn mask(value: &Value) -> AccessMask {
    AccessMask(u32::from_str_radix(value.as_str().unwrap().strip_prefix("0x").unwrap(), 16).unwrap())
}

fn token(value: &Value) -> Token {
    let group = |deny_only| move |sid| Group { sid, deny_only };
    let mut groups: Vec<Group> = sids(&value["groups"]).into_iter().map(group(false)).collect();
    groups.extend(sids(&value["deny_only"]).into_iter().map(group(true)));
    let app_container = value["package"].is_string().then(|| AppContainer {
        package: sid(&value["package"]),
        capabilities: sids(&value["capabilities"]),
        less_privileged: value["lpac"].as_bool().unwrap(),
    });
    let names = value["privileges"].as_array().cloned().unwrap_or_default();
    Token {
        user: sid(&value["user"]),
        groups,
        app_container,
        integrity: value["integrity"].as_str().unwrap().parse().unwrap(),
        privileges: names.iter().map(|name| name.as_str().unwrap().parse().unwrap()).collect(),
    }
}

#[test]
fn every_vector_of_the_fixture_is_decided_as_published() {
    let fixture: Value = serde_json::from_str(include_str!("data/access-check.json")).unwrap();
    let cases = fixture["cases"].as_array().unwrap();
    assert!(cases.len() >= 32);
    let mut stricter = 0;
    for (index, case) in cases.iter().enumerate() {
        let sd = SecurityDescriptor::from_sddl(case["sddl"].as_str().unwrap()).unwrap();
        let request = Request {
            desired: mask(&case["desired"]),
            mapping: GenericMapping::FILE,
            user_half: UserHalf::Descriptor,
            parent: None,
        };
        let decision = access_check(&sd, &token(&case["token"]), &request);
        let about = format!("case {index} ({}): {decision:#?}", case["why"]);
        assert_eq!(decision.granted, case["granted"].as_bool().unwrap(), "{about}");
        assert_eq!(decision.access, mask(&case["access"]), "{about}");
        let nt = if case["nt_access"].is_string() { &case["nt_access"] } else { &case["access"] };
        assert_eq!(decision.nt_access, mask(nt), "{about}");
        assert_eq!(decision.stricter_than_nt, case["nt_access"].is_string(), "{about}");
        stricter += usize::from(decision.stricter_than_nt);
    }
    assert_eq!(stricter, 3);
}
