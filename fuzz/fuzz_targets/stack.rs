#![no_main]
//! What call stacks are read from: a program's own files, mappings and memory.

use std::rc::Rc;

use libfuzzer_sys::fuzz_target;
use lowbox_linux::learn::stacks::image::Image;
use lowbox_linux::learn::stacks::maps::mappings;
use lowbox_linux::learn::stacks::memory::Memory;
use lowbox_linux::learn::stacks::names::demangled;
use lowbox_linux::learn::stacks::pe::Pe;
use lowbox_linux::learn::stacks::python::Python;
use lowbox_linux::learn::stacks::unwind::{Code, Frame, Unwinder};

/// Memory that repeats the same bytes for ever, as pointers to itself where it is asked for one.
struct Same<'a>(&'a [u8]);

const HERE: u64 = 0x10000;

impl Memory for Same<'_> {
    fn read(&mut self, address: u64, into: &mut [u8]) -> Option<()> {
        if self.0.is_empty() || address < HERE || address > HERE << 8 {
            return None;
        }
        for (at, byte) in into.iter_mut().enumerate() {
            *byte = self.0[((address - HERE) as usize + at) % self.0.len()];
        }
        Some(())
    }
}

/// Sections of an ELF file: name, kind, the section that belongs to it.
const SECTIONS: [(&str, u32, u32); 10] = [
    (".strtab", 3, 0),
    (".symtab", 2, 1),
    (".eh_frame_hdr", 1, 0),
    (".eh_frame", 1, 0),
    (".debug_info", 1, 0),
    (".debug_abbrev", 1, 0),
    (".debug_line", 1, 0),
    (".debug_str", 1, 0),
    (".debug_rnglists", 1, 0),
    (".note", 7, 0),
];

/// An ELF file with these parts: what is right about it leads to what is wrong in them.
fn file(mut rest: &[u8]) -> Vec<u8> {
    let mut names = vec![0];
    let mut body = vec![0; 4096];
    let mut headers = vec![0; 64];
    let mut segments = Vec::new();
    let mut segment = |kind: u32, offset: u64, length: u64| {
        segments.extend(kind.to_ne_bytes());
        segments.extend(5_u32.to_ne_bytes());
        for word in [offset, HERE + offset, HERE + offset, length, length, 4096] {
            segments.extend(word.to_ne_bytes());
        }
    };
    for (name, kind, link) in SECTIONS {
        let (length, after) =
            rest.split_first().map_or((0, rest), |(&first, after)| (usize::from(first), after));
        let (part, after) = after.split_at((length * 4).min(after.len()));
        rest = after;
        let offset = body.len() as u64;
        headers.extend((names.len() as u32).to_ne_bytes());
        headers.extend(kind.to_ne_bytes());
        for word in [2, HERE + offset, offset, part.len() as u64] {
            headers.extend(u64::to_ne_bytes(word));
        }
        headers.extend(link.to_ne_bytes());
        headers.extend([0; 20]);
        names.extend(name.bytes().chain([0]));
        body.extend(part);
        match name {
            ".eh_frame_hdr" => segment(0x6474_e550, offset, part.len() as u64),
            ".note" => segment(4, offset, part.len() as u64),
            _ => {}
        }
    }
    segment(1, 0, 1 << 20);
    let at = body.len() as u64;
    headers.extend(0_u32.to_ne_bytes());
    headers.extend(3_u32.to_ne_bytes());
    for word in [0, 0, at, names.len() as u64, 0, 0, 0] {
        headers.extend(u64::to_ne_bytes(word));
    }
    body.extend(names);
    let at = body.len() as u64;
    body.extend(headers);
    body[..6].copy_from_slice(b"\x7fELF\x02\x01");
    body[32..40].copy_from_slice(&64_u64.to_ne_bytes());
    body[40..48].copy_from_slice(&at.to_ne_bytes());
    for (place, half) in
        [(54, 56), (56, segments.len() / 56), (58, 64), (60, SECTIONS.len() + 2), (62, SECTIONS.len() + 1)]
    {
        body[place..place + 2].copy_from_slice(&(half as u16).to_ne_bytes());
    }
    body[64..64 + segments.len()].copy_from_slice(&segments);
    body
}

fn look(bytes: &[u8], rest: &[u8]) {
    let Some(image) = Image::read(&bytes).map(Rc::new) else { return };
    for address in [0, HERE, HERE + 4096, HERE + 5000, u64::MAX] {
        assert!(image.function(address).is_none_or(|name| name.len() <= 1024));
        assert!(image.lines(address).len() <= 64);
        let mut memory = Same(rest);
        let found = |_, _: &mut dyn Memory| Some(Code::Elf(Rc::clone(&image), 0));
        let start = Frame::innermost(address, HERE + 64);
        let (frames, _) = Unwinder::default().walk(start, found, &|_| true, &mut memory);
        assert!(frames.len() <= 514);
    }
}

/// A PE image with these tables.
fn pe(rest: &[u8]) {
    let mut image = vec![0; 4096];
    image[..2].copy_from_slice(b"MZ");
    image[0x3c] = 64;
    image[64..70].copy_from_slice(b"PE\0\0\x64\x86");
    image[88..90].copy_from_slice(b"\x0b\x02");
    for (at, word) in [(88 + 112, 4096_u32), (88 + 116, 40), (88 + 136, 4096), (88 + 140, rest.len() as u32)] {
        image[at..at + 4].copy_from_slice(&word.to_ne_bytes());
    }
    image.extend(rest);
    let mut memory = Same(&image);
    let Some(pe) = Pe::read(HERE, &mut memory).map(Rc::new) else { return };
    for address in [HERE, HERE + 4096, HERE + 5000] {
        let found = |_, _: &mut dyn Memory| Some(Code::Pe(Rc::clone(&pe)));
        let start = Frame::innermost(address, HERE + 4096);
        let (frames, _) = Unwinder::default().walk(start, found, &|_| true, &mut memory);
        assert!(frames.len() <= 514);
    }
}

fuzz_target!(|bytes: &[u8]| {
    look(bytes, bytes);
    look(&file(bytes), bytes);
    pe(bytes);
    for mapping in mappings(bytes) {
        assert!(mapping.range.start < mapping.range.end);
    }
    assert!(demangled(bytes).len() <= 1024.max(bytes.len()));
    // The first two bytes choose a version; the rest is what is in the interpreter's memory.
    for version in [0x030b_07f0_u64, 0x030c_01f0, 0x030d_00f0, 0x030e_00f0] {
        let mut words = version.to_ne_bytes().to_vec();
        words.extend(bytes);
        let mut memory = Same(&words);
        if let Some(python) = Python::find(HERE, HERE, &mut memory) {
            let mut memory = Same(bytes);
            let stack = python.stack(1, &mut memory).unwrap_or_default();
            assert!(stack.loops.iter().map(Vec::len).sum::<usize>() <= 1024);
        }
        // As it is published: the structure first.
        let mut published = [b"xdebugpy".as_slice(), &version.to_ne_bytes(), &[0; 8]].concat();
        published.extend(bytes);
        let mut memory = Same(&published);
        if let Some(python) = Python::find(HERE, HERE + 8, &mut memory) {
            let _ = python.stack(1, &mut memory);
        }
    }
});
