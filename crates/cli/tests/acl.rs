//! `lowbox acl`.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use common::{Done, World, run};
use serde_json::{Value, json};

const USER: &str = "S-1-5-21-1-2-3-1000";
const PACKAGE: &str = "S-1-15-2-1-2-3-4-5-6-7";

fn batch(world: &World, input: &[u8]) -> Done {
    let mut command = world.command(env!("CARGO_BIN_EXE_lowbox"));
    command.args(["acl", "check", "--batch"]);
    run(command, input)
}

#[test]
fn a_descriptor_is_shown_in_words() {
    let world = World::new();
    let sddl = "O:BAD:P(D;;FW;;;AC)(A;OICI;FA;;;BU)(XA;;FR;;;WD;(@User.x == 1))S:(ML;;NW;;;LW)";
    let text = world.lowbox(["acl", "show", sddl]).expect(0);
    let text = text.prints("administrators (S-1-5-32-544)").prints("3 entries, protected from inheritance");
    let text = text
        .prints("denies all application packages")
        .prints("full access; also for folders and files beneath");
    text.prints("only if @User.x == 1").prints("low integrity (S-1-16-4096): from below, no writing");
    let answer = world.lowbox(["acl", "show", sddl, "--json"]).expect(0).json();
    assert_eq!(answer["dacl"]["aces"].as_array().unwrap().len(), 3);
    assert_eq!(answer["dacl"]["aces"][0]["effect"], "deny");
    assert_eq!(answer["dacl"]["aces"][1]["flags"], json!(["OI", "CI"]));
    assert_eq!(answer["dacl"]["aces"][1]["sddl"], "(A;OICI;FA;;;BU)");
    assert_eq!(answer["sacl"]["aces"][0]["rights"], json!(["no writing"]));
    assert_eq!(answer["sddl"], sddl);
}

#[test]
fn rights_have_the_names_of_the_kind_of_object() {
    let world = World::new();
    let rights = |kind| {
        let answer =
            world.lowbox(["acl", "show", "D:(A;;0x1;;;WD)", "--kind", kind, "--json"]).expect(0).json();
        answer["dacl"]["aces"][0]["rights"][0].clone()
    };
    assert_eq!(rights("file"), "read");
    assert_eq!(rights("directory"), "list");
    assert_eq!(rights("key"), "query values");
    world.lowbox(["acl", "show", "D:", "--kind", "teapot"]).expect(125).says("window-station");
}

#[test]
fn no_descriptor_is_an_empty_one_and_a_missing_list_is_no_empty_list() {
    let world = World::new();
    let state = |sddl| world.lowbox(["acl", "show", sddl, "--json"]).expect(0).json()["dacl"].clone();
    assert_eq!(state("O:BA")["state"], "absent");
    assert_eq!(state("D:NO_ACCESS_CONTROL")["state"], "null");
    assert_eq!((&state("D:")["state"], &state("D:")["aces"]), (&json!("present"), &json!([])));
    world.lowbox(["acl", "show", "D:"]).expect(0).prints("empty: nothing to anybody");
}

#[test]
fn a_check_answers_with_masks_trace_and_exit_code() {
    let world = World::new();
    let check = |desired: &str| {
        let sddl = "D:(A;;FA;;;BU)(A;;FR;;;AC)";
        let token = ["--sid", USER, "--sid", "BU", "--package", PACKAGE, "--capability", "documentsLibrary"];
        world.lowbox(["acl", "check", "--sddl", sddl, "--desired", desired].iter().chain(&token))
    };
    let granted = check("0x120089").expect(0).json();
    let keys: Vec<&String> = granted.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["access", "granted", "label", "lowbox", "stricter_than_nt", "trace", "user"]);
    assert_eq!((&granted["granted"], &granted["access"]), (&json!(true), &json!("0x120089")));
    assert_eq!(granted["trace"][0]["source"]["ace"]["index"], 0);
    let denied = check("0x2").expect(1).json();
    assert_eq!((&denied["granted"], &denied["access"]), (&json!(false), &json!("0x0")));
    assert_eq!((&denied["user"], &denied["lowbox"]), (&json!("0x2"), &json!("0x0")));
}

#[test]
fn every_option_of_a_check_counts() {
    let world = World::new();
    let check = |sddl: &str, options: &[&str], code: i32| {
        let arguments = ["acl", "check", "--sddl", sddl, "--sid", USER]
            .iter()
            .chain(options)
            .copied()
            .collect::<Vec<_>>();
        world.lowbox(arguments).expect(code).json()
    };
    let package = ["--package", PACKAGE];
    // LPAC: ALL APPLICATION PACKAGES does not count.
    let sddl = &format!("D:(A;;FA;;;{USER})(A;;FR;;;AC)");
    check(sddl, &[&package[..], &["--desired", "1"]].concat(), 0);
    check(sddl, &[&package[..], &["--desired", "1", "--lpac"]].concat(), 1);
    // A capability by name and by SID.
    let sddl = &format!("D:(A;;FA;;;{USER})(A;;FR;;;S-1-15-3-7)");
    for name in ["documentsLibrary", "S-1-15-3-7"] {
        check(sddl, &[&package[..], &["--desired", "1", "--capability", name]].concat(), 0);
    }
    // A group, and the same for deny only.
    check("D:(A;;FA;;;BU)", &["--desired", "1", "--sid", "BU"], 0);
    check("D:(A;;FA;;;BU)", &["--desired", "1", "--deny-only", "BU"], 1);
    check("D:(D;;FA;;;BU)(A;;FA;;;WD)", &["--desired", "1", "--sid", "WD", "--deny-only", "BU"], 1);
    // Integrity: a label of high denies writing from medium.
    let sddl = &format!("D:(A;;FA;;;{USER})S:(ML;;NW;;;HI)");
    check(sddl, &["--desired", "0x2"], 1);
    check(sddl, &["--desired", "0x2", "--integrity", "high"], 0);
    // A privilege gives WRITE_OWNER.
    check("D:", &["--desired", "0x80000"], 1);
    check("D:", &["--desired", "0x80000", "--privilege", "SeTakeOwnershipPrivilege"], 0);
    // Generic rights by the kind of object.
    let sddl = &format!("D:(A;;GR;;;{USER})");
    assert_eq!(check(sddl, &["--desired", "0x2000000"], 0)["access"], "0x120089");
    assert_eq!(check(sddl, &["--desired", "0x2000000", "--kind", "key"], 0)["access"], "0x20019");
}

#[test]
fn bad_questions_are_neither_granted_nor_denied() {
    let world = World::new();
    let check = |sddl: &str, sid: &str, desired: &str, more: &[&str]| {
        let arguments = ["acl", "check", "--sddl", sddl, "--sid", sid, "--desired", desired];
        let done = world.lowbox(arguments.iter().chain(more)).expect(125);
        assert!(done.out.is_empty() && !done.err.is_empty(), "{done:?}");
        done
    };
    check("D:(A;;FA;;;", USER, "1", &[]).says("SDDL at byte");
    check("D:", "S-1-x", "1", &[]).says("S-1-x");
    check("D:", USER, "FR", &[]).says("access mask");
    check("D:", USER, "1", &["--capability", "internetClient"]).says("--package");
    check("D:", USER, "1", &["--integrity", "middling"]).says("middling");
    check("D:", USER, "1", &["--privilege", "SeEverything"]).says("SeEverything");
    check("D:", USER, "1", &["--kind", "teapot"]).says("teapot");
    check("D:\u{1b}[2J", USER, "1", &[]).says("SDDL");
    world.lowbox(["acl", "check", "--sddl", "D:"]).expect(125).says("--sid");
    world.lowbox(["acl", "check", "--batch", "--sddl", "D:"]).expect(125).says("--batch");
    world.lowbox(["acl", "show", &"D:".repeat(1000)]).expect(125);
    world.lowbox(["acl", "show", &format!("D:{}", "(A;;FA;;;WD)".repeat(5000))]).expect(125).says("ACEs");
}

#[test]
fn a_batch_decides_every_published_vector() {
    let world = World::new();
    let fixture: Value =
        serde_json::from_str(include_str!("../../security/tests/data/access-check.json")).unwrap();
    let cases = fixture["cases"].as_array().unwrap();
    let mut input = String::new();
    for case in cases {
        let token = &case["token"];
        let mut sids = vec![token["user"].clone()];
        sids.extend(token["groups"].as_array().into_iter().flatten().cloned());
        let mut line = json!({"sddl": case["sddl"], "sids": sids, "desired": case["desired"]});
        for field in ["package", "capabilities", "lpac", "integrity", "deny_only", "privileges"] {
            line[field] = token[field].clone();
        }
        input.push_str(&format!("{line}\n"));
    }
    let done = batch(&world, input.as_bytes()).expect(0);
    assert_eq!(done.out.lines().count(), cases.len());
    for (line, case) in done.out.lines().zip(cases) {
        let answer: Value = serde_json::from_str(line).unwrap();
        assert_eq!(answer["granted"], case["granted"], "{case} {answer}");
        assert_eq!(answer["access"], case["access"], "{case} {answer}");
    }
}

#[test]
fn a_batch_answers_bad_lines_and_goes_on() {
    let world = World::new();
    let good = format!(r#"{{"sddl":"D:(A;;FA;;;WD)","sids":["{USER}","WD"],"desired":"0x1"}}"#);
    let mut input = Vec::new();
    let bad: [&[u8]; 10] = [
        b"",
        b"nonsense",
        b"\xff\xfe",
        b"{}",
        br#"{"sddl":"D:","sids":[],"desired":"1"}"#,
        br#"{"sddl":"D:(","sids":["WD"],"desired":"1"}"#,
        br#"{"sddl":"D:","sids":["WD"],"desired":-1}"#,
        br#"{"sddl":"D:","sids":["WD"],"desired":"1","surprise":1}"#,
        br#"{"sddl":"D:","sids":["WD"],"sids":["WD"],"desired":"1"}"#,
        br#"{"sddl":"D:","sids":["WD"],"desired":"1","lpac":true}"#,
    ];
    for line in bad {
        input.extend_from_slice(line);
        input.push(b'\n');
    }
    input.extend_from_slice(&[b'['; 100_000]);
    input.push(b'\n');
    input.extend_from_slice(&vec![b'x'; 5 << 20]);
    input.push(b'\n');
    input.extend_from_slice(good.as_bytes());
    let done = batch(&world, &input).expect(0);
    let lines: Vec<Value> = done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), bad.len() + 3);
    let (last, errors) = lines.split_last().unwrap();
    assert!(
        errors.iter().all(|line| line["error"].is_string() && line.get("granted").is_none()),
        "{errors:?}"
    );
    assert_eq!(last["granted"], true);
}

#[test]
fn a_batch_answers_a_line_before_the_next_is_asked() {
    let world = World::new();
    let mut command = world.command(env!("CARGO_BIN_EXE_lowbox"));
    command.args(["acl", "check", "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    for desired in ["0x1", "1"] {
        writeln!(input, r#"{{"sddl":"D:(A;;FA;;;{USER})","sids":["{USER}"],"desired":"{desired}"}}"#)
            .unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["granted"], true);
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}
