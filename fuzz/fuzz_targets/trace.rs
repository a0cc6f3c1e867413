#![no_main]
//! Record files: any bytes are read or refused, what is read can be written and read again, attributed and shown.

use libfuzzer_sys::fuzz_target;
use lowbox_profiler::record::{Reader, Records};

fn read(bytes: &[u8]) -> Option<Records> {
    let mut reader = Reader::new();
    reader.read(bytes).ok()?;
    Some(reader.finish())
}

fuzz_target!(|bytes: &[u8]| {
    let Some(records) = read(bytes) else { return };
    for access in &records.accesses {
        assert!(!access.object.to_string().contains(char::is_control));
        assert!(access.first <= access.last);
        let _ = (&records.runs[access.run], &records.processes[access.process]);
    }
    let mut written = Vec::new();
    records.write(&mut written).expect("a vector takes everything");
    let Some(again) = read(&written) else {
        assert!(records.runs.is_empty());
        return;
    };
    assert_eq!(again.skipped_lines, 0);
    assert_eq!(again.accesses.len(), records.accesses.len());
    assert_eq!(again.events(), records.events());
});
