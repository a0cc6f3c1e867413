//! The functions of a module, by address.

use super::elf::{SYMBOL, SymbolBytes, text_at, u16_at, u32_at, u64_at};

/// The most symbols of one table that are looked at.
const MAX_SYMBOLS: usize = 1 << 20;
/// The longest name that is kept.
pub(super) const MAX_NAME: usize = 1024;

const OBJECT: u8 = 1;
const FUNCTION: u8 = 2;
const INDIRECT_FUNCTION: u8 = 10;

/// Where CPython keeps its state (an object of `libpython`, or of a program that contains it), and which version it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PythonSymbols {
    pub(super) runtime: u64,
    pub(super) version: u64,
}

/// The function in which CPython runs Python code.
pub(super) const PYTHON_LOOP: &[u8] = b"_PyEval_EvalFrameDefault";

/// The functions, by the addresses of the image.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    tables: Vec<Table>,
    pub(super) python: Option<PythonSymbols>,
}

#[derive(Debug)]
struct Table {
    /// Sorted.
    functions: Vec<Function>,
    names: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Function {
    start: u64,
    /// 0 where it is not told.
    length: u64,
    name: u32,
}

impl Symbols {
    pub(super) fn read(all: Vec<SymbolBytes>) -> Symbols {
        let (mut runtime, mut version) = (None, None);
        let mut tables = Vec::new();
        for SymbolBytes { symbols, names } in all {
            let mut functions = Vec::new();
            for entry in symbols.chunks_exact(SYMBOL).take(MAX_SYMBOLS) {
                let Some((name, kind, start, length)) = symbol(entry) else { continue };
                match kind {
                    FUNCTION | INDIRECT_FUNCTION => functions.push(Function { start, length, name }),
                    OBJECT => match text_at(&names, name as usize) {
                        Some(b"_PyRuntime") => runtime = Some(start),
                        Some(b"Py_Version") => version = Some(start),
                        _ => {}
                    },
                    _ => {}
                }
            }
            // Of several names for one function the plainest: `open64` rather than `__libc_open64`.
            let plainness = |one: &Function| {
                let name = text_at(&names, one.name as usize).unwrap_or_default();
                let marks = name.iter().take_while(|byte| **byte == b'_').count();
                (one.start, marks, name.len(), one.name)
            };
            functions.sort_by_cached_key(plainness);
            functions.dedup_by_key(|one| one.start);
            functions.shrink_to_fit();
            tables.push(Table { functions, names });
        }
        let python = runtime.zip(version).map(|(runtime, version)| PythonSymbols { runtime, version });
        Symbols { tables, python }
    }

    /// The name of the function at an address, as the file has it.
    pub(super) fn name(&self, address: u64) -> Option<&[u8]> {
        self.tables.iter().find_map(|table| {
            let behind = table.functions.partition_point(|one| one.start <= address);
            let found = table.functions.get(behind.checked_sub(1)?)?;
            if found.length > 0 && address - found.start >= found.length {
                return None;
            }
            let name = text_at(&table.names, found.name as usize)?;
            (!name.is_empty()).then(|| &name[..name.len().min(MAX_NAME)])
        })
    }

    pub(super) fn size(&self) -> usize {
        let size = |table: &Table| table.functions.len() * size_of::<Function>() + table.names.len();
        self.tables.iter().map(size).sum()
    }
}

/// Name, kind, address and length of what the file defines.
fn symbol(entry: &[u8]) -> Option<(u32, u8, u64, u64)> {
    let (section, address) = (u16_at(entry, 6)?, u64_at(entry, 8)?);
    let defined = section != 0 && address != 0;
    defined.then_some((u32_at(entry, 0)?, entry.get(4)? & 0xf, address, u64_at(entry, 16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: u32, kind: u8, address: u64, length: u64) -> Vec<u8> {
        let mut bytes = name.to_ne_bytes().to_vec();
        bytes.extend([kind, 0]);
        bytes.extend(1_u16.to_ne_bytes());
        bytes.extend(address.to_ne_bytes());
        bytes.extend(length.to_ne_bytes());
        bytes
    }

    #[test]
    fn a_function_is_found_by_an_address_in_it_under_its_plainest_name() {
        let names = b"\0__open\0open\0last\0_PyRuntime\0Py_Version\0".to_vec();
        let symbols = [
            entry(1, FUNCTION, 0x100, 0x10),
            entry(8, FUNCTION, 0x100, 0x10),
            entry(13, FUNCTION, 0x200, 0),
            entry(18, OBJECT, 0x300, 8),
            entry(29, OBJECT, 0x308, 8),
            entry(u32::MAX, FUNCTION, 0x50, 0x10),
            vec![1, 2, 3],
        ];
        let symbols = Symbols::read(vec![SymbolBytes { symbols: symbols.concat(), names }]);
        assert_eq!(symbols.name(0x10f), Some(&b"open"[..]));
        assert_eq!(symbols.name(0x110), None);
        assert_eq!(symbols.name(0xffff), Some(&b"last"[..]));
        assert_eq!(symbols.name(0x55), None);
        assert_eq!(symbols.name(1), None);
        assert_eq!(symbols.python, Some(PythonSymbols { runtime: 0x300, version: 0x308 }));
    }
}
