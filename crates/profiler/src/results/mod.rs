//! The results: tables, a summary, a report. Each is written to a writer that the caller gives.

mod csv;
mod jsonl;
mod manifest;
mod merge;
#[cfg(feature = "parquet")]
mod parquet;
mod report;
mod row;
mod summary;

pub use csv::{CsvError, read_csv, write_csv};
pub use jsonl::{read_jsonl, write_jsonl};
pub use manifest::{declaration, declarations};
pub use merge::Merged;
#[cfg(feature = "parquet")]
pub use parquet::write_parquet;
pub use report::write_report;
pub use row::{COLUMNS, Row, rows};
pub use summary::{Context, write_summary};
