//! Tables and the summary.

mod common;

use std::process::Command;

use common::world::{file_access, records, world};
use common::{file, network};
use lowbox_policy::Operation;
use lowbox_profiler::Raw;
use lowbox_profiler::attribute::{Attribution, attribute};
use lowbox_profiler::record::{Object, Records, Right};
use lowbox_profiler::results::{
    COLUMNS, Context, Merged, Row, declarations, read_csv, read_jsonl, rows, write_csv, write_jsonl,
    write_parquet, write_summary,
};
use proptest::prelude::*;

fn sample() -> (Records, Attribution) {
    let records = records(vec![
        file_access("/home/me/Documents/a.txt"),
        (network("93.184.216.34", 443), Right::Do(Operation::Connect)),
        (file("/home/me/work/<script>\n\u{202e}.txt"), Right::Do(Operation::Write)),
        (Object::AbstractSocket { name: "=HYPERLINK(\"http://x\")".into() }, Right::Do(Operation::Connect)),
        (Object::Other { class: "=cmd|' /C calc'!A0".into(), name: "+1".into() }, Right::Use),
    ]);
    let found = attribute(&records, &world(&[]));
    (records, found)
}

fn all(records: &Records, found: &Attribution) -> Vec<Row> {
    rows(records, found).collect()
}

#[test]
fn no_cell_of_the_table_begins_like_a_formula() {
    let (records, found) = sample();
    let mut bytes = Vec::new();
    write_csv(rows(&records, &found), &mut bytes).unwrap();
    let mut table = csv::Reader::from_reader(&bytes[..]);
    assert_eq!(table.headers().unwrap(), &COLUMNS[..]);
    let (mut cells, mut neutralised) = (0, 0);
    for record in table.records() {
        for cell in &record.unwrap() {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
            assert!(!cell.contains(char::is_control), "{cell}");
            neutralised += usize::from(cell.starts_with("'="));
            cells += 1;
        }
    }
    assert_eq!(cells, records.accesses.len() * COLUMNS.len());
    assert!(neutralised > 0, "nothing in the sample began like a formula");
}

#[test]
fn tables_are_read_as_they_were_written() {
    let (records, found) = sample();
    let expected = all(&records, &found);
    let (mut table, mut lines) = (Vec::new(), Vec::new());
    write_csv(rows(&records, &found), &mut table).unwrap();
    write_jsonl(rows(&records, &found), &mut lines).unwrap();
    let (mut from_table, mut from_lines) = (Vec::new(), Vec::new());
    assert_eq!(read_csv(&table[..], |row| from_table.push(row)).unwrap(), 0);
    assert_eq!(read_jsonl(&lines[..], |row| from_lines.push(row)).unwrap(), 0);
    assert_eq!(from_table, expected);
    assert_eq!(from_lines, expected);
}

#[test]
fn rows_that_hold_what_a_terminal_would_trip_over_are_skipped() {
    let (records, found) = sample();
    let mut row = all(&records, &found).remove(0);
    row.object = "/a\u{1b}[2J".to_owned();
    let (mut table, mut lines) = (Vec::new(), Vec::new());
    write_csv(std::iter::once(row.clone()), &mut table).unwrap();
    write_jsonl(std::iter::once(row), &mut lines).unwrap();
    lines.extend(b"{}\nnot json\n");
    assert_eq!(read_csv(&table[..], |_| panic!("taken")).unwrap(), 1);
    assert_eq!(read_jsonl(&lines[..], |_| panic!("taken")).unwrap(), 3);
    let error = read_csv(&b"a,b\n1,2\n"[..], |_| ()).unwrap_err();
    assert!(error.to_string().contains("package"), "{error}");
}

#[test]
fn merged_tables_add_up_and_keep_the_earliest_and_the_latest() {
    let (records, found) = sample();
    let mut merged = Merged::default();
    for machine in ["one", "two", "two"] {
        for mut row in rows(&records, &found) {
            row.machine = machine.to_owned();
            row.first = format!("20{}-01-01T00:00:00.000Z", if machine == "one" { 30 } else { 20 });
            merged.add(row);
        }
    }
    assert_eq!(merged.len(), records.accesses.len());
    let rows: Vec<Row> = merged.rows().collect();
    assert_eq!(rows.iter().map(|row| row.count).sum::<u64>(), 3 * records.events());
    assert!(rows.iter().all(|row| row.machine == "one two" && row.first.starts_with("2020")));
}

#[test]
fn the_summary_names_what_is_needed_and_what_nothing_covers() {
    let (records, found) = sample();
    let context = Context {
        at: 1_795_000_000_000,
        inputs: vec![Raw::from("a.trace")],
        manifest: Some("AppxManifest.xml".into()),
        added: vec!["internetClient".to_owned()],
    };
    let mut bytes = Vec::new();
    write_summary(&records, &found, &context, &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    for wanted in [
        "Record file: a.trace",
        "Package: app_1234567890abc",
        "Program: /usr/bin/python3 (5 different accesses)",
        "documentsLibrary (1 accesses, 1 of them by nothing else, privacy-sensitive)",
        "--grant /home/me/work/<script>\\x0a\\xe2\\x80\\xae.txt:rw",
        "added internetClient",
        "connecting @=HYPERLINK",
    ] {
        assert!(text.contains(wanted), "{wanted} is not in\n{text}");
    }
    assert!(!text.replace('\n', "").contains(char::is_control));
}

#[test]
fn declarations_mark_the_privacy_sensitive_and_comment_the_prompting_capability_out() {
    let (_, found) = sample();
    let all = declarations(&found);
    let documents = all.iter().find(|one| one.name == "documentsLibrary").unwrap();
    assert!(documents.comment.as_ref().unwrap().contains("privacy-sensitive") && !documents.commented_out);
    let prompting = all.iter().find(|one| one.name == "isolatedWin32-promptForAccess").unwrap();
    assert!(prompting.commented_out);
    assert!(all.iter().find(|one| one.name == "internetClient").unwrap().comment.is_none());
}

/// The queries of docs/profiler.md, run by DuckDB where Python has it (`pip install duckdb`, or the interpreter that
/// `LOWBOX_DUCKDB_PYTHON` names).
#[test]
fn the_documented_query_merges_the_tables_of_many_machines() {
    let python = std::env::var("LOWBOX_DUCKDB_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has = Command::new(&python).args(["-c", "import duckdb"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        eprintln!(
            "SKIPPED 1 test of the documented queries: {python} has no module duckdb (pip install duckdb)"
        );
        return;
    }
    let folder = std::env::temp_dir().join(format!("lowbox-duckdb-{}", std::process::id()));
    let (records, found) = sample();
    for machine in 0..3 {
        let place = folder.join(format!("machine-{machine}"));
        std::fs::create_dir_all(&place).unwrap();
        let of_machine = || {
            rows(&records, &found).map(|mut row| {
                row.machine = format!("m{machine}");
                row
            })
        };
        let create = |name: &str| std::fs::File::create(place.join(name)).unwrap();
        write_parquet(of_machine(), create("AccessAttemptRecords.parquet")).unwrap();
        write_csv(of_machine(), create("AccessAttemptRecords.csv")).unwrap();
        write_jsonl(of_machine(), create("AccessAttemptRecords.jsonl")).unwrap();
    }
    let text = include_str!("../../../docs/profiler.md");
    let queries: Vec<&str> =
        text.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(queries.len() >= 3, "the document has no queries");
    let events = records.events() * 3;
    for query in queries {
        let script = "import duckdb, sys\n\
                      rows = duckdb.sql(sys.argv[1]).fetchall()\n\
                      names = duckdb.sql(sys.argv[1]).columns\n\
                      at = names.index('count')\n\
                      print(len(rows), sum(row[at] for row in rows), max(row[names.index('machines')] for row in rows))";
        let output = Command::new(&python).args(["-c", script, query]).current_dir(&folder).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        assert_eq!(
            said,
            format!("{} {events} 3", records.accesses.len()),
            "{query}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

proptest! {
    #[test]
    fn any_names_come_back_from_the_tables(accesses in common::accesses()) {
        let plain: Vec<_> = accesses.into_iter().map(|(object, right, _)| (object, right)).collect();
        let records = records(plain);
        let found = attribute(&records, &world(&[]));
        let expected = all(&records, &found);
        let (mut table, mut back) = (Vec::new(), Vec::new());
        write_csv(rows(&records, &found), &mut table).unwrap();
        prop_assert_eq!(read_csv(&table[..], |row| back.push(row)).unwrap(), 0);
        prop_assert_eq!(back, expected);
        write_parquet(rows(&records, &found), Vec::new()).unwrap();
    }
}
