//! What is where in a process.

use std::cell::OnceCell;
use std::rc::Rc;

use super::image::Image;
use super::images::Images;
use super::maps::{Mapping, mappings};
use super::memory::Memory;
use super::pe::Pe;
use super::python::Python;
use super::unwind::Code;

/// The address space of a process, as its mappings say. Processes with the same ones share it, as a child of fork(2) does.
#[derive(Debug)]
pub(super) struct Space {
    /// As the kernel wrote them.
    pub(super) text: Vec<u8>,
    mappings: Vec<Mapping>,
    modules: Vec<Module>,
    /// Of each part that holds code, by address: the mapping, and the module.
    code: Vec<(usize, usize)>,
    python: OnceCell<Option<(Python, usize)>>,
    windows_program: OnceCell<Option<Vec<u8>>>,
}

/// A file of which code is mapped, or code without one.
#[derive(Debug)]
pub(super) struct Module {
    pub(super) path: Vec<u8>,
    /// The first mapping of its code.
    first: usize,
    image: OnceCell<Option<(Rc<Image>, u64)>>,
    /// Where it may begin as a PE image.
    base: Option<u64>,
    pe: OnceCell<Option<Rc<Pe>>>,
}

/// The most modules of a process.
const MAX_MODULES: usize = 2048;
/// The most mappings of one PE image.
const MAX_PARTS: usize = 96;
/// The most files of a process that are looked at for its Windows program.
const MAX_FILES: usize = 512;

impl Space {
    pub(super) fn new(text: Vec<u8>) -> Space {
        let mappings = mappings(&text);
        let mut modules: Vec<Module> = Vec::new();
        let mut code = Vec::new();
        for (at, mapping) in mappings.iter().enumerate().filter(|(_, mapping)| mapping.executable) {
            let base = base(&mappings, at);
            let start = base.map(|base| base.range.start);
            let known = modules.iter().rposition(|module| {
                mappings[module.first].is_same_file(mapping) || (start.is_some() && module.base == start)
            });
            let module = match known {
                Some(module) => module,
                None if modules.len() >= MAX_MODULES => break,
                None => {
                    let path = match (mapping.path.is_empty(), base) {
                        (false, _) => mapping.path.clone(),
                        // Wine copies what it can't map, so that code of a file is nobody's.
                        (true, Some(base)) => base.path.clone(),
                        (true, None) => b"[anonymous]".to_vec(),
                    };
                    let (image, pe) = (OnceCell::new(), OnceCell::new());
                    modules.push(Module { path, first: at, image, base: start, pe });
                    modules.len() - 1
                }
            };
            code.push((at, module));
        }
        let (python, windows_program) = (OnceCell::new(), OnceCell::new());
        Space { text, mappings, modules, code, python, windows_program }
    }

    /// The mapping of code at an address, and its module's number.
    fn code(&self, address: u64) -> Option<(&Mapping, usize)> {
        let behind = self.code.partition_point(|(at, _)| self.mappings[*at].range.start <= address);
        let (at, module) = *self.code.get(behind.checked_sub(1)?)?;
        let mapping = &self.mappings[at];
        mapping.range.contains(&address).then_some((mapping, module))
    }

    pub(super) fn is_code(&self, address: u64) -> bool {
        self.code(address).is_some()
    }

    /// The number of the module whose code is at an address, and where in it that is: by the addresses of its image, if that could
    /// be read, else in the file, or in the mapping.
    pub(super) fn place(
        &self,
        address: u64,
        thread: u32,
        images: &mut Images,
        memory: &mut dyn Memory,
    ) -> Option<(usize, u64)> {
        let (mapping, number) = self.code(address)?;
        let offset = match self.loaded(number, thread, images, memory) {
            Some(Code::Pe(pe)) => pe.offset(address),
            Some(Code::Elf(_, bias)) => address.wrapping_sub(bias),
            None => address - mapping.range.start + mapping.offset,
        };
        Some((number, offset))
    }

    /// What is known of a module.
    pub(super) fn loaded(
        &self,
        number: usize,
        thread: u32,
        images: &mut Images,
        memory: &mut dyn Memory,
    ) -> Option<Code> {
        let module = &self.modules[number];
        let pe = module.pe.get_or_init(|| Pe::read(module.base?, memory).map(Rc::new));
        if let Some(pe) = pe {
            return Some(Code::Pe(Rc::clone(pe)));
        }
        self.image(number, thread, images, memory).map(|(image, bias)| Code::Elf(image, bias))
    }

    /// The file of the Windows program that the process runs: the first PE image that is no library.
    pub(super) fn windows_program(&self, memory: &mut dyn Memory) -> Option<&[u8]> {
        let find = || {
            let starts = self.mappings.iter().filter(|one| one.inode != 0 && one.offset == 0);
            let mut programs = starts.take(MAX_FILES).filter(|one| {
                let is_image = memory.byte(one.range.start) == Some(b'M');
                is_image && Pe::read(one.range.start, memory).is_some_and(|pe| !pe.is_library)
            });
            programs.next().map(|one| one.path.clone())
        };
        self.windows_program.get_or_init(find).as_deref()
    }

    pub(super) fn module(&self, number: usize) -> &Module {
        &self.modules[number]
    }

    /// What is known of an ELF module, and how far from its own addresses it is loaded.
    pub(super) fn image(
        &self,
        number: usize,
        thread: u32,
        images: &mut Images,
        memory: &mut dyn Memory,
    ) -> Option<(Rc<Image>, u64)> {
        let module = &self.modules[number];
        let found = module.image.get_or_init(|| {
            let first = &self.mappings[module.first];
            let all = self.mappings.iter().filter(|mapping| mapping.is_same_file(first));
            let image = images.of(thread, first, all.collect(), memory)?;
            let bias = image.bias(first.offset, first.range.start)?;
            Some((image, bias))
        });
        found.clone()
    }

    /// The Python interpreter of the process, and the number of its module: in a file that is named after it, or in the program
    /// itself.
    pub(super) fn python(
        &self,
        thread: u32,
        images: &mut Images,
        memory: &mut dyn Memory,
    ) -> Option<&(Python, usize)> {
        let find = || {
            let is_python = |module: &Module| {
                let start = module.path.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
                [&b"libpython"[..], b"python"].iter().any(|word| module.path[start..].starts_with(word))
            };
            let named = (0..self.modules.len()).filter(|&number| is_python(&self.modules[number]));
            // The program is mapped below its libraries, or where it asked for.
            let all = named.chain((!self.modules.is_empty()).then_some(0));
            all.take(8).find_map(|number| {
                let (image, bias) = self.image(number, thread, images, memory)?;
                let symbols = image.symbols.python?;
                let at = |address: u64| address.wrapping_add(bias);
                Some((Python::find(at(symbols.runtime), at(symbols.version), memory)?, number))
            })
        };
        self.python.get_or_init(find).as_ref()
    }
}

/// The mapping with which the image begins that this one may be a part of: the start of a file, with nothing between them but more of the
/// file, and memory that Wine copied parts of it to.
fn base(mappings: &[Mapping], part: usize) -> Option<&Mapping> {
    let mut file: Option<&Mapping> = None;
    let mut behind = mappings[part].range.end;
    for mapping in mappings[..=part].iter().rev().take(MAX_PARTS) {
        let is_other = file.is_some_and(|file| mapping.inode != 0 && !file.is_same_file(mapping));
        if mapping.range.end != behind || is_other {
            return None;
        }
        if mapping.inode != 0 {
            if mapping.offset == 0 {
                return Some(mapping);
            }
            file = Some(mapping);
        }
        behind = mapping.range.start;
    }
    None
}
