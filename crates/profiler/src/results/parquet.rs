//! The table as Parquet, for databases that read the records of thousands of machines.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::row::Row;

/// Rows of one row group.
const GROUP: usize = 1 << 17;

type Column = (&'static str, fn(&Row) -> String);

/// Texts; lists are JSON arrays, as in the CSV table.
const TEXTS: [Column; 19] = [
    ("package", |row| row.package.clone()),
    ("machine", |row| row.machine.clone()),
    ("mode", |row| row.mode.clone()),
    ("kind", |row| row.kind.clone()),
    ("object", |row| row.object.clone()),
    ("windows", |row| row.windows.clone()),
    ("class", |row| row.class.clone()),
    ("right", |row| row.right.clone()),
    ("desired", |row| row.desired.clone()),
    ("missing", |row| row.missing.clone()),
    ("why", |row| row.why.clone()),
    ("first", |row| row.first.clone()),
    ("last", |row| row.last.clone()),
    ("exe", |row| row.exe.clone()),
    ("arguments", |row| list(&row.arguments)),
    ("covered", |row| row.covered.clone()),
    ("by", |row| row.by.clone()),
    ("alternatives", |row| list(&row.alternatives)),
    ("stack", |row| list(&row.stack)),
];

fn list(list: &[String]) -> String {
    // Strings always can be written.
    serde_json::to_string(list).unwrap_or_default()
}

/// Writes the table. The columns are those of the CSV table, in another order: texts first.
///
/// # Errors
/// When the writer fails.
pub fn write_parquet(rows: impl Iterator<Item = Row>, out: impl Write + Send) -> io::Result<()> {
    let texts: String =
        TEXTS.iter().map(|(name, _)| format!("REQUIRED BYTE_ARRAY {name} (UTF8); ")).collect();
    let numbers = "REQUIRED INT64 count (INTEGER(64,false)); REQUIRED INT64 pid; \
                   REQUIRED BOOLEAN on_parent; REQUIRED BOOLEAN truncated; REQUIRED BOOLEAN unclear;";
    let schema = Arc::new(parse_message_type(&format!("message accesses {{ {texts}{numbers} }}"))?);
    let mut file = SerializedFileWriter::new(out, schema, Arc::new(WriterProperties::builder().build()))?;
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        let group: Vec<Row> = rows.by_ref().take(GROUP).collect();
        let mut writer = file.next_row_group()?;
        write_group(&mut writer, &group)?;
        writer.close()?;
    }
    file.close()?;
    Ok(())
}

fn write_group<W: Write + Send>(
    writer: &mut SerializedRowGroupWriter<'_, W>,
    group: &[Row],
) -> io::Result<()> {
    let mut number = 0;
    while let Some(mut column) = writer.next_column()? {
        match column.untyped() {
            ColumnWriter::ByteArrayColumnWriter(column) => {
                let text = TEXTS[number].1;
                let values: Vec<ByteArray> =
                    group.iter().map(|row| ByteArray::from(text(row).into_bytes())).collect();
                column.write_batch(&values, None, None)?;
            }
            ColumnWriter::Int64ColumnWriter(column) => {
                let first = number == TEXTS.len();
                let value = |row: &Row| if first { row.count.cast_signed() } else { i64::from(row.pid) };
                column.write_batch(&group.iter().map(value).collect::<Vec<_>>(), None, None)?;
            }
            ColumnWriter::BoolColumnWriter(column) => {
                let flag = number - TEXTS.len() - 2;
                let value = |row: &Row| [row.on_parent, row.truncated, row.unclear][flag];
                column.write_batch(&group.iter().map(value).collect::<Vec<_>>(), None, None)?;
            }
            _ => return Err(io::Error::other("the schema has no such column")),
        }
        column.close()?;
        number += 1;
    }
    Ok(())
}
