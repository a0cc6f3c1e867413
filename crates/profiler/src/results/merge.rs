//! Tables of several runs or machines, put together.

use std::collections::BTreeMap;

use super::row::Row;

/// Rows by what makes them the same: package, program, object, right and call stack.
#[derive(Debug, Default)]
pub struct Merged {
    rows: BTreeMap<Key, Row>,
    left_out: u64,
}

type Key = (String, String, String, String, String, Vec<String>);

/// The most different rows that are put together. For more, docs/profiler.md has a query for a database.
const MAX_ROWS: usize = 2_000_000;

impl Merged {
    /// Adds a row: counts are added up, the first time is the earliest and the last the latest. Of what the rows differ in
    /// besides, the earliest keeps it; several machines become a list.
    pub fn add(&mut self, row: Row) {
        let key = (
            row.package.clone(),
            row.exe.clone(),
            row.kind.clone(),
            row.object.clone(),
            row.right.clone(),
            row.stack.clone(),
        );
        let room = self.rows.len() < MAX_ROWS;
        match self.rows.entry(key) {
            std::collections::btree_map::Entry::Vacant(place) if room => {
                place.insert(row);
            }
            std::collections::btree_map::Entry::Vacant(_) => self.left_out += 1,
            std::collections::btree_map::Entry::Occupied(mut place) => {
                let known = place.get_mut();
                let count = known.count.saturating_add(row.count);
                let last = known.last.clone().max(row.last.clone());
                let machine = joined(&known.machine, &row.machine);
                if row.first < known.first {
                    *known = row;
                }
                known.count = count;
                known.last = last;
                known.machine = machine;
            }
        }
    }

    /// The rows, by package, program and object.
    pub fn rows(self) -> impl Iterator<Item = Row> {
        self.rows.into_values()
    }

    /// How many different rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many rows there was no room for.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }
}

/// Names of machines in one cell, each once.
fn joined(one: &str, other: &str) -> String {
    /// More than a cell should hold.
    const MAX: usize = 200;
    let missing = other.split(' ').filter(|name| !one.split(' ').any(|have| have == *name));
    missing.fold(one.to_owned(), |all, name| {
        if all.len() + name.len() > MAX || name.is_empty() {
            all
        } else if all.is_empty() {
            name.to_owned()
        } else {
            format!("{all} {name}")
        }
    })
}
