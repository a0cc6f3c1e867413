//! Attribution against the built-in catalogue.

mod common;

use std::path::PathBuf;

use common::world::{file_access, records, world};
use common::{file, network};
use lowbox_policy::ruling::rule;
use lowbox_policy::{NodeKind, Operation, Protected, Question, candidates};
use lowbox_profiler::attribute::{CoveredBy, Grant, Judge, attribute};
use lowbox_profiler::record::{Bus, Node, Object, Right, Why};
use lowbox_security::Token;
use proptest::prelude::*;

const CONNECT: Right = Right::Do(Operation::Connect);
const READ: Right = Right::Do(Operation::Read);

fn names(accesses: Vec<(Object, Right)>) -> (Vec<&'static str>, Vec<String>) {
    let found = attribute(&records(accesses), &world(&[]));
    let capabilities = found.capabilities.iter().map(|needed| needed.capability.name).collect();
    (capabilities, found.grants.iter().map(Grant::to_string).collect())
}

#[test]
fn every_candidate_has_a_bit() {
    assert!(candidates().len() <= 128);
}

#[test]
fn a_connection_to_the_internet_needs_internet_client_and_no_more() {
    let (capabilities, grants) = names(vec![(network("93.184.216.34", 443), CONNECT)]);
    assert_eq!(capabilities, ["internetClient"]);
    assert!(grants.is_empty());
}

#[test]
fn one_capability_for_two_accesses_is_fewer_than_two() {
    let both = vec![(network("93.184.216.34", 443), CONNECT), (network("8.8.8.8", 8080), Right::Accept)];
    assert_eq!(names(both).0, ["internetClientServer"]);
    let private = vec![(network("10.1.2.3", 80), CONNECT), (network("9.9.9.9", 80), CONNECT)];
    assert_eq!(names(private).0, ["internetClient", "privateNetworkClientServer"]);
}

#[test]
fn a_name_that_is_resolved_needs_any_network_and_a_private_one_its_own() {
    let name = |private| Object::HostName { name: if private { "printer" } else { "example.org" }.into() };
    assert_eq!(names(vec![(name(false), Right::Resolve)]).0, ["internetClient"]);
    assert_eq!(names(vec![(name(true), Right::Resolve)]).0, ["privateNetworkClientServer"]);
    let both = vec![(name(false), Right::Resolve), (network("10.0.0.1", 631), CONNECT)];
    assert_eq!(names(both).0, ["privateNetworkClientServer"]);
}

#[test]
fn the_hosts_loopback_is_granted_by_port_and_a_metadata_service_by_nothing() {
    let found = attribute(
        &records(vec![(network("127.0.0.1", 5432), CONNECT), (network("169.254.169.254", 80), CONNECT)]),
        &world(&[]),
    );
    assert_eq!(found.grants, [Grant::Loopback { port: 5432 }]);
    assert_eq!(found.outcomes[0].by, CoveredBy::Grant(0));
    assert!(matches!(found.outcomes[1].by, CoveredBy::Nothing(why) if why.contains("no capability")));
    assert!(found.capabilities.is_empty() && found.proven);
}

/// 6to4 of a private address: the internet by its relay, and the private network by what it holds.
#[test]
fn an_address_that_holds_another_may_need_two_capabilities_and_both_are_named() {
    let found = attribute(&records(vec![(network("2002:a01:203::1", 80), CONNECT)]), &world(&[]));
    let mut names: Vec<&str> = found.capabilities.iter().map(|needed| needed.capability.name).collect();
    names.sort_unstable();
    assert_eq!(names, ["internetClient", "privateNetworkClientServer"]);
    assert_eq!((found.outcomes[0].by, found.at_least), (CoveredBy::Both(0, 1), 2));
    assert!(found.capabilities.iter().all(|needed| needed.accesses == 1));
    let learned = world(&names);
    assert!(Judge::new(&learned).denial(&network("2002:a01:203::1", 80), CONNECT).is_none());
    // With one of them declared the other alone is enough.
    let found =
        attribute(&records(vec![(network("2002:a01:203::1", 80), CONNECT)]), &world(&["internetClient"]));
    assert_eq!(found.outcomes[0].alternatives, ["privateNetworkClientServer"]);
}

#[test]
fn hosts_are_told_in_a_networks_place_where_they_would_do() {
    let hosts = |accesses: Vec<(Object, Right)>| -> Vec<String> {
        attribute(&records(accesses), &world(&[])).hosts.iter().map(ToString::to_string).collect()
    };
    let name = |name: &str| (Object::HostName { name: name.into() }, Right::Resolve);
    let peer = |address: &str, port| (network(address, port), CONNECT);
    assert_eq!(hosts(vec![name("pypi.org"), peer("93.184.216.34", 443)]), ["pypi.org:443"]);
    let two_ports = vec![name("pypi.org"), peer("93.184.216.34", 443), peer("93.184.216.34", 80)];
    assert_eq!(hosts(two_ports), ["pypi.org"]);
    assert_eq!(hosts(vec![peer("93.184.216.34", 443)]), ["93.184.216.34:443"]);
    // A public name opens no private address.
    assert_eq!(hosts(vec![name("pypi.org"), peer("10.0.0.1", 80)]), ["10.0.0.1:80", "pypi.org:80"]);
    assert_eq!(hosts(vec![name("nas.local"), peer("10.0.0.1", 80)]), ["nas.local:80"]);
    // Some name, serving, and a thousand peers are no hosts.
    assert!(hosts(vec![name("*.*"), peer("93.184.216.34", 443)]).is_empty());
    assert!(hosts(vec![peer("93.184.216.34", 443), (network("8.8.8.8", 80), Right::Accept)]).is_empty());
    let many = (0..101).map(|low| peer(&format!("93.184.216.{low}"), 443)).collect();
    assert!(hosts(many).is_empty());
}

#[test]
fn a_socket_in_a_granted_folder_is_denied_and_one_with_an_entry_is_not() {
    let mut world = world(&["documentsLibrary"]);
    let socket = Object::UnixSocket { path: "/home/me/Documents/s".into() };
    let denial = Judge::new(&world).denial(&socket, CONNECT).unwrap();
    assert_eq!(denial.why, Why::NoObject);
    assert_eq!(Judge::new(&world).remedies(&socket, CONNECT), Default::default());
    let text = "socket /home/me/Documents/s D:(A;;FRFW;;;{package})";
    world.objects.extend(lowbox_policy::parse_objects(text, "t", &Default::default(), &world.token).unwrap());
    assert!(Judge::new(&world).denial(&socket, CONNECT).is_none());
}

#[test]
fn a_link_is_granted_with_its_folder_and_never_by_itself() {
    let link = |path: &str| {
        let object = Object::File { path: path.into(), node: Node::Symlink };
        (object, Right::Do(Operation::Stat))
    };
    let mut world = world(&[]);
    let what = "where lowbox reads its configuration";
    world.options.protected.push(Protected { path: "/home/me/own".into(), what, inside_too: true });
    let found = attribute(&records(vec![link("/srv/way/link"), link("/home/me/own/link")]), &world);
    assert_eq!(found.grants.iter().map(Grant::to_string).collect::<Vec<_>>(), ["--grant /srv/way:r"]);
    assert!(matches!(found.outcomes[1].by, CoveredBy::Nothing(why) if why.contains("link")), "{found:?}");
}

#[test]
fn places_of_which_all_may_be_listed_are_those_without_exceptions() {
    let mut world = world(&[]);
    let places = Judge::new(&world).listable();
    assert!(places.contains(&PathBuf::from("/usr")), "{places:?}");
    assert!(!places.iter().any(|place| place.starts_with("/home") || *place == PathBuf::from("/")));
    let text = "tree /usr/share/secret D:(D;OICI;FR;;;{package})";
    world.objects.extend(lowbox_policy::parse_objects(text, "t", &Default::default(), &world.token).unwrap());
    assert!(!Judge::new(&world).listable().contains(&PathBuf::from("/usr")));
}

#[test]
fn a_document_needs_its_library_which_is_privacy_sensitive_and_says_what_else_it_opens() {
    let found = attribute(&records(vec![file_access("/home/me/Documents/a/b.txt")]), &world(&[]));
    let [needed] = found.capabilities.as_slice() else { panic!("{found:?}") };
    assert_eq!(needed.capability.name, "documentsLibrary");
    assert!(needed.capability.privacy);
    assert_eq!((needed.accesses, needed.only), (1, 1));
    let [exposed] = needed.exposed.as_slice() else { panic!("{:?}", needed.exposed) };
    assert_eq!(exposed.used, 1);
    assert_eq!(found.outcomes[0].alternatives, ["documentsLibrary"]);
    assert_eq!(found.outcomes[0].denial.unwrap().why, Why::NotAllowed);
}

#[test]
fn what_a_declared_capability_covers_is_covered_already() {
    let found = attribute(&records(vec![file_access("/home/me/Documents/x")]), &world(&["documentsLibrary"]));
    assert_eq!(found.outcomes[0].by, CoveredBy::Already);
    assert!(found.capabilities.is_empty() && found.grants.is_empty());
}

#[test]
fn files_without_a_capability_are_granted_by_path_and_many_of_a_folder_by_the_folder() {
    let mut accesses = vec![
        file_access("/home/me/work/notes.txt"),
        (file("/home/me/work/out/log"), Right::Do(Operation::Create)),
    ];
    accesses.extend((0..8).map(|number| file_access(&format!("/home/me/work/src/{number}.py"))));
    let found = attribute(&records(accesses), &world(&[]));
    let grants: Vec<String> = found.grants.iter().map(Grant::to_string).collect();
    assert_eq!(
        grants,
        ["--grant /home/me/work/notes.txt:r", "--grant /home/me/work/out:rw", "--grant /home/me/work/src:r"]
    );
    assert!(found.outcomes.iter().all(|outcome| matches!(outcome.by, CoveredBy::Grant(_))));
    assert!(found.prompting, "the home folder is where consent begins");
}

#[test]
fn grants_of_the_systems_places_are_nothing_to_ask_about() {
    let found = attribute(&records(vec![file_access("/srv/data/x")]), &world(&[]));
    assert_eq!(found.grants.len(), 1);
    assert!(!found.prompting);
}

#[test]
fn what_nothing_can_cover_says_why() {
    let mut world = world(&[]);
    world.options.protected.push(Protected {
        path: "/home/me/.config/lowbox".into(),
        what: "where lowbox reads its configuration",
        inside_too: true,
    });
    let accesses = vec![
        file_access("/home/me/.config/lowbox/x"),
        (file("/proc/1/environ"), READ),
        (Object::Device { path: "/dev/sda".into(), block: true }, READ),
        (Object::UnixSocket { path: "/run/docker.sock".into() }, CONNECT),
        (Object::AbstractSocket { name: "x".into() }, CONNECT),
        (Object::BusName { bus: Bus::Session, name: "org.a".into() }, Right::Use),
        (Object::Other { class: "socket".into(), name: "AF_NETLINK".into() }, Right::Use),
        (file("relative"), READ),
        (file("/home/me/../root"), READ),
        (Object::File { path: "/".into(), node: Node::Directory }, Right::Do(Operation::Create)),
    ];
    let count = accesses.len();
    let found = attribute(&records(accesses), &world);
    assert!(found.capabilities.is_empty() && found.grants.is_empty(), "{found:?}");
    let reasons: Vec<&str> = found
        .outcomes
        .iter()
        .filter_map(|outcome| match outcome.by {
            CoveredBy::Nothing(why) => Some(why),
            _ => None,
        })
        .collect();
    // (To make something in `/` asks its parent, and it has none.)
    assert_eq!(reasons.len(), count - 1, "{:?}", found.outcomes);
    assert!(reasons[0].contains("configuration") && reasons[1].contains("its own"), "{reasons:?}");
}

#[test]
fn a_folder_with_an_entry_that_denies_is_not_covered_by_a_grant_above_it() {
    let mut world = world(&[]);
    let vars = Default::default();
    let text = "tree /home/me/work/src/3.py D:(D;OICI;FR;;;{package})";
    world.objects.extend(lowbox_policy::parse_objects(text, "t", &vars, &world.token).unwrap());
    let accesses = (0..9).map(|number| file_access(&format!("/home/me/work/src/{number}.py"))).collect();
    let found = attribute(&records(accesses), &world);
    assert_eq!(
        found.grants,
        [Grant::Path { path: "/home/me/work/src".into(), rights: "r".parse().unwrap() }]
    );
    let denied: Vec<usize> =
        (0..9).filter(|at| matches!(found.outcomes[*at].by, CoveredBy::Nothing(_))).collect();
    assert_eq!(denied, [3]);
}

#[test]
fn devices_are_attributed_to_the_capability_that_opens_least() {
    let device = |path: &str| (Object::Device { path: path.into(), block: false }, READ);
    assert_eq!(names(vec![device("/dev/video0")]).0, ["webcam"]);
    assert_eq!(names(vec![device("/dev/ttyUSB0")]).0, ["serialcommunication"]);
}

/// Paths that the catalogue's entries lie at, above and beside.
fn any_path() -> impl Strategy<Value = String> {
    let start = prop_oneof![
        Just("/home/me/Documents"),
        Just("/home/me/Pictures"),
        Just("/home/me"),
        Just("/media/me/stick"),
        Just("/run/media/me/stick"),
        Just("/etc"),
        Just("/etc/krb5.conf.d"),
        Just("/dev"),
        Just("/usr/share"),
        Just("/home"),
        Just("/home/me/.pki"),
        Just("/mnt"),
    ];
    let rest = prop_oneof![
        Just(String::new()),
        Just("/gpiochip0".to_owned()),
        Just("/video3".to_owned()),
        Just("/hosts".to_owned()),
        "(/[a-c]){1,3}",
    ];
    (start, rest).prop_map(|(start, rest)| format!("{start}{rest}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn attribution_is_the_access_check_asked_with_each_capability(
        path in any_path(),
        operation in proptest::sample::select(Operation::ALL.to_vec()),
        directory: bool,
        less_privileged: bool,
    ) {
        let mut world = world(&[]);
        world.token.app_container.as_mut().unwrap().less_privileged = less_privileged;
        let (node, kind) =
            if directory { (Node::Directory, NodeKind::Dir) } else { (Node::File, NodeKind::File) };
        let object = Object::File { path: path.as_str().into(), node };
        let judge = Judge::new(&world);
        let ask = |token: &Token| {
            let question = Question { objects: &world.objects, token, path: path.as_ref(), kind, operation };
            rule(&question).granted
        };
        prop_assert_eq!(judge.denial(&object, Right::Do(operation)).is_none(), ask(&world.token));
        let found = judge.remedies(&object, Right::Do(operation)).capabilities;
        for (at, candidate) in judge.candidates().iter().enumerate() {
            let mut with = world.token.clone();
            with.app_container.as_mut().unwrap().capabilities.push(candidate.sid.clone());
            prop_assert_eq!(found >> at & 1 == 1, ask(&with), "{} {}", &candidate.name, path);
        }
    }

    #[test]
    fn with_what_is_named_everything_that_is_called_covered_is_granted(
        paths in proptest::collection::vec((any_path(), proptest::sample::select(Operation::ALL.to_vec())), 1..30),
    ) {
        let accesses: Vec<_> =
            paths.iter().map(|(path, operation)| (file(path), Right::Do(*operation))).collect();
        let records = records(accesses);
        let world = world(&[]);
        let found = attribute(&records, &world);
        let names: Vec<&str> = found.capabilities.iter().map(|needed| needed.capability.name).collect();
        let mut learned = common::world::world(&names);
        let package = learned.token.app_container.as_ref().unwrap().package.clone();
        for grant in &found.grants {
            let Grant::Path { path, rights } = grant else { continue };
            let descriptor = lowbox_policy::grant_descriptor(&package, *rights);
            let origin = lowbox_policy::Origin::Grant;
            learned.objects.push(lowbox_policy::Object::new(PathBuf::from(path), descriptor, origin));
        }
        let judge = Judge::new(&learned);
        for (access, outcome) in records.accesses.iter().zip(&found.outcomes) {
            let denied = judge.denial(&access.object, access.right).is_some();
            let uncovered = matches!(outcome.by, CoveredBy::Nothing(_));
            prop_assert!(!denied || uncovered, "{:?} {:?}", access, outcome);
        }
        // Nothing is named that is not needed.
        for (at, needed) in found.capabilities.iter().enumerate() {
            prop_assert!(needed.accesses > 0, "{at}");
        }
    }
}
