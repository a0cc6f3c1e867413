//! Random sequences of calls against a model that is a map.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Call {
    Remember { package: usize, path: usize, allow: bool, bits: u8 },
    Replace { package: usize, path: usize, bits: u8 },
    Revoke { package: Option<usize>, path: usize },
    Reset { package: usize },
    Reopen,
}

const PACKAGES: [&str; 3] = ["a_8wekyb3d8bbwe", "b_8wekyb3d8bbwe", "A_8wekyb3d8bbwe"];
const PATHS: [&str; 4] = ["/x", "/x/y", "/X", "/x%"];

fn call() -> impl Strategy<Value = Call> {
    let rights = || prop::sample::select(vec![4_u8, 6, 5, 7, 2]);
    prop_oneof![
        6 => (0..3_usize, 0..4_usize, any::<bool>(), rights())
            .prop_map(|(package, path, allow, bits)| Call::Remember { package, path, allow, bits }),
        2 => (0..3_usize, 0..4_usize, rights())
            .prop_map(|(package, path, bits)| Call::Replace { package, path, bits }),
        1 => (prop::option::of(0..3_usize), 0..4_usize).prop_map(|(package, path)| Call::Revoke { package, path }),
        1 => (0..3_usize).prop_map(|package| Call::Reset { package }),
        1 => Just(Call::Reopen),
    ]
}

fn rights(bits: u8) -> GrantRights {
    GrantRights { read: bits & 4 != 0, write: bits & 2 != 0, execute: bits & 1 != 0 }
}

fn new(package: usize, path: usize, decision: Decision, bits: u8) -> NewFileConsent<'static> {
    NewFileConsent {
        package: PACKAGES[package],
        decision,
        rights: rights(bits),
        object: FileId { dev: 1, ino: 1, kind: NodeKind::File },
        ..allow(Path::new(PATHS[path]), "r")
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_store_holds_what_a_map_would(calls in prop::collection::vec(call(), 1..40)) {
        let place = Place::new();
        let mut store = place.store();
        // Allowed and denied bits by package and path.
        let mut model: BTreeMap<(usize, usize), (u8, u8)> = BTreeMap::new();
        for call in calls {
            match call {
                Call::Remember { package, path, allow, bits } => {
                    let entry = model.entry((package, path)).or_default();
                    if allow {
                        entry.0 |= bits;
                        entry.1 &= !entry.0;
                        store.remember_file(&new(package, path, Decision::Allow, bits)).unwrap();
                    } else {
                        entry.1 |= bits;
                        entry.0 &= !(entry.1 | if entry.1 & 4 != 0 { 1 } else { 0 });
                        store.remember_file(&new(package, path, Decision::Deny, bits)).unwrap();
                    }
                }
                Call::Replace { package, path, bits } => {
                    model.insert((package, path), (bits, 0));
                    store.replace_file(&new(package, path, Decision::Allow, bits)).unwrap();
                }
                Call::Revoke { package, path } => {
                    model.retain(|(of, at), _| *at != path || package.is_some_and(|one| one != *of));
                    let family = package.map(|one| PACKAGES[one]);
                    store.revoke(family, RevokedWhat::File(Path::new(PATHS[path])), Effect::End).unwrap();
                }
                Call::Reset { package } => {
                    model.retain(|(of, _), _| *of != package);
                    store.revoke(Some(PACKAGES[package]), RevokedWhat::Files, Effect::End).unwrap();
                }
                Call::Reopen => store = place.store(),
            }
            let mut found: BTreeMap<(usize, usize), (u8, u8)> = BTreeMap::new();
            for one in store.file_consents(None).unwrap() {
                let package = PACKAGES.iter().position(|name| *name == one.package).unwrap();
                let path = PATHS.iter().position(|path| Path::new(path) == one.path).unwrap();
                let bits = u8::from(one.rights.read) * 4 + u8::from(one.rights.write) * 2 + u8::from(one.rights.execute);
                let entry = found.entry((package, path)).or_default();
                let side = if one.decision == Decision::Allow { &mut entry.0 } else { &mut entry.1 };
                prop_assert_eq!(std::mem::replace(side, bits), 0, "one entry of each kind");
            }
            model.retain(|_, rights| *rights != (0, 0));
            prop_assert_eq!(&found, &model);
        }
    }
}
