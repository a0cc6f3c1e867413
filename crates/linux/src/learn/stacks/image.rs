//! What is known of a module, wherever it is loaded.

use super::elf::{Elf, Placed};
use super::lines::{Line, Lines};
use super::source::Source;
use super::symbols::Symbols;
use super::unwind::Rules;

/// A module: how to find callers in it, and what its addresses are called.
#[derive(Debug)]
pub struct Image {
    elf: Elf,
    pub(super) build_id: String,
    pub(super) rules: Option<Rules>,
    pub(super) symbols: Symbols,
    lines: Option<Lines>,
}

impl Image {
    /// Reads it; `None` if it is no ELF file of this machine.
    pub fn read(source: &dyn Source) -> Option<Image> {
        let elf = Elf::read(source)?;
        let rules = rules(&elf, source);
        let symbols = Symbols::read(elf.symbols(source));
        let lines = Lines::read(&elf, source);
        Some(Image { build_id: elf.build_id(source).unwrap_or_default(), rules, symbols, lines, elf })
    }

    /// What has to be added to the image's addresses, if `offset` of the file is mapped at `address`.
    pub(super) fn bias(&self, offset: u64, address: u64) -> Option<u64> {
        self.elf.bias(offset, address)
    }

    /// The function at an address of the image, as the file has it.
    pub fn function(&self, address: u64) -> Option<&[u8]> {
        self.symbols.name(address)
    }

    /// What an address of the image is in source files, those inlined first; nothing without debug information.
    pub fn lines(&self, address: u64) -> Vec<Line> {
        self.lines.as_ref().map(|lines| lines.at(address)).unwrap_or_default()
    }

    /// About how much memory it takes.
    pub(super) fn size(&self) -> usize {
        let lines = self.lines.as_ref().map_or(0, Lines::size);
        size_of::<Image>() + self.symbols.size() + lines + self.rules.as_ref().map_or(0, Rules::size)
    }
}

fn rules(elf: &Elf, source: &dyn Source) -> Option<Rules> {
    let Some(header) = elf.unwind_header(source) else {
        let address = elf.addresses(b".eh_frame")?.start;
        return Some(Rules::new(Placed::default(), elf.from(source, address)?));
    };
    let address = Rules::frames_of(&header)?;
    let frames = elf.from(source, address)?;
    Some(Rules::new(header, frames))
}
