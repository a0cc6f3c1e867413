//! Hives as hivex (Debian's python3-hivex) reads and writes them: another maker's reading of the same format.

use std::fs;
use std::path::Path;
use std::process::Command;

use lowbox_msix::registry::{Key, Kind, Value, hive};
use serde_json::Value as Json;

/// What hivex says of a hive, as JSON: for each key its values and subkeys.
const READ: &str = r#"
import hivex, json, sys
h = hivex.Hivex(sys.argv[1])
def key(node):
    values = {h.value_key(v): [h.value_type(v)[0], h.value_value(v)[1].hex()] for v in h.node_values(node)}
    return {"values": values, "keys": {h.node_name(n): key(n) for n in h.node_children(node)}}
print(json.dumps(key(h.root())))
"#;

/// Changes a hive by hivex.
const CHANGE: &str = r#"
import hivex, sys
h = hivex.Hivex(sys.argv[1], write=True)
top = h.node_get_child(h.root(), "Software")
new = h.node_add_child(top, "By hivex")
h.node_set_values(new, [{"key": "text", "t": 1, "value": "by another\0".encode("utf-16-le")},
                        {"key": "long", "t": 3, "value": bytes(range(256)) * 40},
                        {"key": "\u00e4", "t": 4, "value": b"\1\0\0\0"}])
for number in range(300):
    h.node_add_child(new, "Key %d" % number)
h.node_delete_child(h.node_get_child(top, "Gone"))
h.commit(None)
"#;

fn python(script: &str, file: &Path) -> String {
    let done = Command::new("/usr/bin/python3").args(["-c", script]).arg(file).output().expect("python3");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("JSON")
}

/// Whether there is a hivex. Said, not passed over in silence.
fn has_hivex() -> bool {
    let found = Command::new("/usr/bin/python3").args(["-c", "import hivex"]).output();
    let found = found.is_ok_and(|done| done.status.success());
    if !found {
        println!("1 oracle left out: python3-hivex is not installed");
    }
    found
}

fn json(key: &Key) -> Json {
    let hex = |data: &[u8]| data.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let values = key
        .values()
        .map(|(name, value)| (name.to_owned(), serde_json::json!([value.kind.0, hex(&value.data)])));
    let keys = key.keys().map(|(name, key)| (name.to_owned(), json(key)));
    serde_json::json!({
        "values": values.collect::<serde_json::Map<_, _>>(),
        "keys": keys.collect::<serde_json::Map<_, _>>(),
    })
}

#[test]
fn hivex_reads_what_is_written_and_what_it_writes_is_read() {
    if !has_hivex() {
        return;
    }
    let mut root = Key::default();
    let key = root.make_at("Software\\Contoso");
    key.set("", Value::text("the unnamed one"));
    key.set("Umlaut \u{e4}", Value::text("\u{4e2d}\u{1f600}"));
    key.set("\u{4e2d}", Value::number(7));
    key.set("Large", Value { kind: Kind(3), data: (0..50_000_u32).map(|at| (at / 7) as u8).collect() });
    for number in 0..1300 {
        key.make(&format!("Key {number}")).set("n", Value::number(number));
    }
    root.make_at("Software\\\u{4e2d}\u{6587}");
    root.make_at("Software\\Gone").set("x", Value::number(1));
    let file = std::env::temp_dir().join(format!("lowbox-hive-{}", std::process::id()));
    fs::write(&file, hive::write(&root).unwrap()).unwrap();
    assert_eq!(serde_json::from_str::<Json>(&python(READ, &file)).unwrap(), json(&root));
    python(CHANGE, &file);
    let read = hive::read(&fs::read(&file).unwrap()).unwrap();
    let by_hivex = serde_json::from_str::<Json>(&python(READ, &file)).unwrap();
    fs::remove_file(&file).unwrap();
    assert_eq!(by_hivex, json(&read));
    let new = read.at("Software\\By hivex").unwrap();
    assert_eq!(new.value("text"), Some(&Value::text("by another")));
    assert_eq!((new.value("long").unwrap().data.len(), new.keys().len()), (10_240, 300));
    assert!(read.at("Software\\Gone").is_none());
}
