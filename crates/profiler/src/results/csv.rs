//! `AccessAttemptRecords.csv`.

use std::io::{self, Read, Write};

use super::row::{COLUMNS, Row};

/// Writes the table: a header, then a line for each row (RFC 4180). Lists are JSON arrays.
///
/// Spreadsheets run what begins like a formula, so a cell that begins with `=`, `+`, `-`, `@` or `'` gets a `'` before it; who
/// reads the table takes one leading `'` off.
///
/// # Errors
/// When the writer fails.
pub fn write_csv(rows: impl Iterator<Item = Row>, out: impl Write) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(COLUMNS)?;
    for row in rows {
        table.write_record(cells(&row)?.iter().map(|cell| neutral(cell)))?;
    }
    table.flush()
}

fn cells(row: &Row) -> io::Result<[String; COLUMNS.len()]> {
    let list = |list: &[String]| serde_json::to_string(list);
    Ok([
        row.package.clone(),
        row.machine.clone(),
        row.mode.clone(),
        row.kind.clone(),
        row.object.clone(),
        row.windows.clone(),
        row.class.clone(),
        row.right.clone(),
        row.desired.clone(),
        row.missing.clone(),
        row.on_parent.to_string(),
        row.why.clone(),
        row.count.to_string(),
        row.first.clone(),
        row.last.clone(),
        row.pid.to_string(),
        row.exe.clone(),
        list(&row.arguments)?,
        row.unclear.to_string(),
        row.covered.clone(),
        row.by.clone(),
        list(&row.alternatives)?,
        list(&row.stack)?,
        row.truncated.to_string(),
    ])
}

fn neutral(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\'', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

/// Why a table can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CsvError {
    /// The system's error, or a table that is none.
    #[error(transparent)]
    Csv(#[from] csv::Error),
    /// It has other columns.
    #[error("it is no table of accesses: the column {0} is missing")]
    Column(&'static str),
}

/// Reads such a table; columns may stand in another order, others are ignored. Says how many rows were skipped, because a cell
/// is none that [`write_csv`] writes.
///
/// # Errors
/// [`CsvError`].
pub fn read_csv(table: impl Read, mut each: impl FnMut(Row)) -> Result<u64, CsvError> {
    let mut table = csv::ReaderBuilder::new().flexible(true).from_reader(table);
    let header = table.headers()?.clone();
    let mut places = [0; COLUMNS.len()];
    for (place, column) in places.iter_mut().zip(COLUMNS) {
        *place = header.iter().position(|have| have == column).ok_or(CsvError::Column(column))?;
    }
    let mut skipped = 0;
    let mut record = csv::StringRecord::new();
    loop {
        match table.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(skipped),
            // What is not UTF-8 is a row to skip; where the system fails there is no more to read.
            Err(error) if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) => {
                skipped += 1;
                continue;
            }
            Err(error) => return Err(error.into()),
        }
        match parse(&places.map(|place| record.get(place).unwrap_or_default())) {
            Some(row) if row.is_printable() => each(row),
            _ => skipped += 1,
        }
    }
}

fn parse(cells: &[&str; COLUMNS.len()]) -> Option<Row> {
    let text = |at: usize| cells[at].strip_prefix('\'').unwrap_or(cells[at]).to_owned();
    let list = |at: usize| serde_json::from_str::<Vec<String>>(cells[at]).ok();
    Some(Row {
        package: text(0),
        machine: text(1),
        mode: text(2),
        kind: text(3),
        object: text(4),
        windows: text(5),
        class: text(6),
        right: text(7),
        desired: text(8),
        missing: text(9),
        on_parent: cells[10].parse().ok()?,
        why: text(11),
        count: cells[12].parse().ok()?,
        first: text(13),
        last: text(14),
        pid: cells[15].parse().ok()?,
        exe: text(16),
        arguments: list(17)?,
        unclear: cells[18].parse().ok()?,
        covered: text(19),
        by: text(20),
        alternatives: list(21)?,
        stack: list(22)?,
        truncated: cells[23].parse().ok()?,
    })
}
