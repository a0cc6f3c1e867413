//! Reading PE images.

use super::*;

const BASE: u64 = 0x1_4000_0000;
const STACK_AT: u64 = 0x20_0000;

/// An image, and a stack.
struct Parts<'a>(&'a [u8], &'a [u64]);

impl Memory for Parts<'_> {
    fn read(&mut self, address: u64, into: &mut [u8]) -> Option<()> {
        let stack: Vec<u8> = self.1.iter().flat_map(|word| word.to_ne_bytes()).collect();
        let (bytes, start) = if address >= BASE { (self.0, BASE) } else { (&stack[..], STACK_AT) };
        let at = usize::try_from(address.checked_sub(start)?).ok()?;
        into.copy_from_slice(bytes.get(at..at.checked_add(into.len())?)?);
        Some(())
    }
}

fn put(image: &mut [u8], at: usize, words: &[u32]) {
    for (number, word) in words.iter().enumerate() {
        image[at + 4 * number..at + 4 * number + 4].copy_from_slice(&word.to_le_bytes());
    }
}

/// Two functions: 0x1000 to 0x1100, which is exported at its start and unwound by the first entry at 0x3000, and 0x1100 to 0x1200.
fn image() -> Vec<u8> {
    let mut image = vec![0; 0x5000];
    image[..2].copy_from_slice(b"MZ");
    put(&mut image, 0x3c, &[0x80]);
    image[0x80..0x86].copy_from_slice(b"PE\0\0\x64\x86");
    image[0x98..0x9a].copy_from_slice(b"\x0b\x02");
    put(&mut image, 0x98 + EXPORTS, &[0x4000, 40]);
    put(&mut image, 0x98 + FUNCTIONS, &[0x2000, 24]);
    put(&mut image, 0x2000, &[0x1000, 0x1100, 0x3000, 0x1100, 0x1200, 0x3010]);
    // push rbp; push rbx; sub rsp, 32: the codes, last first.
    image[0x3000..0x300a].copy_from_slice(&[1, 6, 3, 0, 6, 0x32, 2, 0x30, 1, 0x50]);
    // sub rsp, 8, and further as the first.
    image[0x3010..0x3018].copy_from_slice(&[0x21, 4, 1, 0, 4, 0x02, 0, 0]);
    put(&mut image, 0x3018, &[0x1000, 0x1100, 0x3000]);
    put(&mut image, 0x4000 + 20, &[1, 1, 0x4100, 0x4110, 0x4120]);
    put(&mut image, 0x4100, &[0x1000]);
    put(&mut image, 0x4110, &[0x4130]);
    image[0x4130..0x4138].copy_from_slice(b"Exported");
    image
}

#[test]
fn a_function_is_left_as_its_unwind_codes_say_and_named_if_it_is_exported_itself() {
    let image = image();
    let stack = [0, 0, 0, 0, 0, 33, 44, 0x1_4000_1111, 7];
    let mut memory = Parts(&image, &stack);
    let pe = Pe::read(BASE, &mut memory).unwrap();
    assert!(!pe.is_library);
    assert_eq!(pe.name(0x1080, &mut memory), Some(b"Exported".to_vec()));
    let mut forwarded = image.clone();
    forwarded[0x4130..0x4144].copy_from_slice(b"lowbox_was_Exported\0");
    let name = pe.name(0x1080, &mut Parts(&forwarded, &stack));
    assert_eq!(name, Some(b"Exported".to_vec()), "what the add-on answers is called as Wine calls it");
    assert_eq!(pe.name(0x1180, &mut memory), None, "the nearest name is another's");
    let mut registers: Registers = [None; 16];
    registers[STACK] = Some(STACK_AT + 8);
    let (outer, pc, slot) = pe.step(BASE + 0x1080, registers, &mut memory).unwrap();
    assert_eq!((pc, slot), (0x1_4000_1111, STACK_AT + 56));
    assert_eq!((outer[3], outer[5], outer[STACK]), (Some(33), Some(44), Some(STACK_AT + 64)));
    // Before its stack is taken, only what was pushed is undone.
    registers[STACK] = Some(STACK_AT + 40);
    assert_eq!(pe.step(BASE + 0x1004, registers, &mut memory).unwrap().1, 0x1_4000_1111);
    // One that goes on in the other's.
    registers[STACK] = Some(STACK_AT);
    assert_eq!(pe.step(BASE + 0x1180, registers, &mut memory).unwrap().1, 0x1_4000_1111);
}

#[test]
fn what_leads_in_circles_or_out_of_the_image_ends() {
    let mut image = image();
    put(&mut image, 0x3018, &[0x1100, 0x1200, 0x3010]);
    let stack = [5; 512];
    let mut memory = Parts(&image, &stack);
    let pe = Pe::read(BASE, &mut memory).unwrap();
    let mut registers: Registers = [None; 16];
    registers[STACK] = Some(STACK_AT);
    assert!(pe.step(BASE + 0x1180, registers, &mut memory).is_some(), "the chain has an end");
    put(&mut image, 0x2008, &[0xffff_fff0]);
    let mut memory = Parts(&image, &stack);
    assert!(pe.step(BASE + 0x1080, registers, &mut memory).is_none());
    registers[STACK] = None;
    assert!(pe.step(BASE + 0x1180, registers, &mut memory).is_none(), "a register that is not known");
}
