//! Socket filters (classic BPF, socket(7) SO_ATTACH_FILTER): what a socket of the host's network may hear. Made from the same
//! tables that classify addresses.
//!
//! The kernel runs a TCP socket's filter with its data at the TCP header, on SYNs for a listening socket too; accepted
//! sockets inherit it with its lock.

use std::net::{IpAddr, Ipv6Addr};

use super::{Class, ranges};

/// struct sock_filter (linux/filter.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BpfInstruction {
    /// What to do.
    pub code: u16,
    /// How many instructions to skip if a comparison holds.
    pub jt: u8,
    /// How many if it does not.
    pub jf: u8,
    /// The operand.
    pub k: u32,
}

// linux/bpf_common.h, linux/filter.h.
const LOAD_WORD: u16 = 0x20;
const LOAD_HALF: u16 = 0x28;
const LOAD_BYTE: u16 = 0x30;
const AND: u16 = 0x54;
const IF_EQUAL: u16 = 0x15;
const IF_AT_LEAST: u16 = 0x35;
const RETURN: u16 = 0x06;
/// SKF_NET_OFF: offsets from here on count from the network header.
const NETWORK: u32 = (-0x10_0000_i32) as u32;
/// SKF_AD_OFF + SKF_AD_IFINDEX: the interface that a packet came in by.
const INTERFACE: u32 = (-0x1000_i32) as u32 + 8;
/// The loopback interface has this number in every network (the kernel's LOOPBACK_IFINDEX).
const LOOPBACK_INTERFACE: u32 = 1;
const SOURCE_V4: u32 = NETWORK + 12;
const SOURCE_V6: u32 = NETWORK + 8;
/// Where the flags are in a TCP header (RFC 9293).
const TCP_FLAGS: u32 = 13;
const SYN: u32 = 0x02;
const ACK: u32 = 0x10;
const PASS: u32 = u32::MAX;
const DROP: u32 = 0;

const fn step(code: u16, k: u32) -> BpfInstruction {
    BpfInstruction { code, jt: 0, jf: 0, k }
}

/// Returns `verdict` if the comparison holds, else goes on.
fn return_if(code: u16, k: u32, verdict: u32, out: &mut Vec<BpfInstruction>) {
    out.push(BpfInstruction { code, jt: 0, jf: 1, k });
    out.push(step(RETURN, verdict));
}

/// Returns `verdict` unless the comparison holds.
fn return_unless(code: u16, k: u32, verdict: u32, out: &mut Vec<BpfInstruction>) {
    out.push(BpfInstruction { code, jt: 1, jf: 0, k });
    out.push(step(RETURN, verdict));
}

/// Passes what comes from addresses of the classes for which `accepts` holds, and not through the host's loopback interface,
/// by which every address of the host's own is reached from the host. IPv6 addresses that hold an IPv4 one are not accepted
/// from: nobody comes from there but through a translator that lies.
pub fn inbound_filter(accepts: &dyn Fn(Class) -> bool) -> Vec<BpfInstruction> {
    let mut v4 = vec![step(LOAD_WORD, SOURCE_V4)];
    let starts = ranges::V4.iter().flat_map(|(prefix, length, _)| {
        let first = u64::from(u32::from(*prefix));
        [first, first + (1 << (32 - length))]
    });
    by_intervals(starts, &|first| accepts(ranges::class_v4(first.into())), &mut v4);

    let mut v6 = Vec::new();
    // What is narrower than a word is denied by name; all that may be accepted from is wider.
    for (prefix, length, _) in ranges::V6.iter().filter(|(_, length, _)| *length > 32) {
        is_in(*prefix, *length, &mut v6);
    }
    // ISATAP.
    v6.push(step(LOAD_WORD, SOURCE_V6 + 8));
    v6.push(step(AND, 0xfdff_ffff));
    return_if(IF_EQUAL, 0x0000_5efe, DROP, &mut v6);
    v6.push(step(LOAD_WORD, SOURCE_V6));
    let starts = ranges::V6.iter().filter(|(_, length, _)| *length <= 32).flat_map(|(prefix, length, _)| {
        let first = (u128::from(*prefix) >> 96) as u64;
        [first, first + (1 << (32 - length))]
    });
    let of_word = |first: u32| {
        // An address within, that is none of the narrower ones.
        let address = Ipv6Addr::from(u128::from(first) << 96 | 0xffff << 80 | 1);
        let holds_another = first >> 16 == 0x2002 || first == 0;
        !holds_another && accepts(ranges::class_v6(address))
    };
    by_intervals(starts, &of_word, &mut v6);

    let mut out = vec![step(LOAD_WORD, INTERFACE)];
    return_if(IF_EQUAL, LOOPBACK_INTERFACE, DROP, &mut out);
    out.push(step(LOAD_BYTE, NETWORK));
    out.push(step(AND, 0xf0));
    let to_v6 = u32::try_from(v4.len()).expect("short");
    // A far jump, because the other half may be longer than a comparison reaches.
    out.push(BpfInstruction { code: IF_EQUAL, jt: 1, jf: 0, k: 0x40 });
    out.push(step(0x05, to_v6));
    out.extend(v4);
    out.extend(v6);
    out
}

/// Passes what comes from `address` and `port` alone, and no beginning of a connection: a socket that was made for one
/// destination hears nobody else, and nobody at all if it is made to listen once that connection is over.
pub fn peer_filter(address: IpAddr, port: u16) -> Vec<BpfInstruction> {
    let mut out = vec![step(LOAD_HALF, 0)];
    return_unless(IF_EQUAL, port.into(), DROP, &mut out);
    out.push(step(LOAD_BYTE, TCP_FLAGS));
    out.push(step(AND, SYN | ACK));
    return_if(IF_EQUAL, SYN, DROP, &mut out);
    match address.to_canonical() {
        IpAddr::V4(address) => {
            out.push(step(LOAD_WORD, SOURCE_V4));
            return_unless(IF_EQUAL, address.into(), DROP, &mut out);
        }
        IpAddr::V6(address) => {
            for (index, word) in words(address).into_iter().enumerate() {
                out.push(step(LOAD_WORD, SOURCE_V6 + 4 * index as u32));
                return_unless(IF_EQUAL, word, DROP, &mut out);
            }
        }
    }
    out.push(step(RETURN, PASS));
    out
}

fn words(address: Ipv6Addr) -> [u32; 4] {
    let bits = u128::from(address);
    [(bits >> 96) as u32, (bits >> 64) as u32, (bits >> 32) as u32, bits as u32]
}

/// Drops what comes from the prefix.
fn is_in(prefix: Ipv6Addr, length: u8, out: &mut Vec<BpfInstruction>) {
    let mut tests: Vec<(u32, u32, u32)> = Vec::new();
    for (index, word) in words(prefix).into_iter().enumerate() {
        let bits = u32::from(length).saturating_sub(32 * index as u32).min(32);
        if bits > 0 {
            tests.push((SOURCE_V6 + 4 * index as u32, u32::MAX << (32 - bits), word));
        }
    }
    // Each test is three instructions; where one fails, all that is left is skipped.
    let count = tests.len();
    for (index, (offset, mask, word)) in tests.into_iter().enumerate() {
        let after = 3 * (count - index - 1) + 1;
        out.push(step(LOAD_WORD, offset));
        out.push(step(AND, mask));
        out.push(BpfInstruction { code: IF_EQUAL, jt: 0, jf: after as u8, k: word });
    }
    out.push(step(RETURN, DROP));
}

/// Decides the word that was loaded: `starts` are the borders at which the verdict may change.
fn by_intervals(
    starts: impl Iterator<Item = u64>,
    accepted: &dyn Fn(u32) -> bool,
    out: &mut Vec<BpfInstruction>,
) {
    let mut starts: Vec<u32> = starts.filter_map(|start| u32::try_from(start).ok()).collect();
    starts.push(0);
    starts.sort_unstable();
    starts.dedup();
    let mut intervals: Vec<(u32, bool)> = Vec::new();
    for start in starts {
        let verdict = accepted(start);
        if intervals.last().is_none_or(|(_, last)| *last != verdict) {
            intervals.push((start, verdict));
        }
    }
    for (start, verdict) in intervals.into_iter().rev() {
        return_if(IF_AT_LEAST, start, if verdict { PASS } else { DROP }, out);
    }
    // Every word is at least 0; the kernel wants the last instruction to return.
    out.push(step(RETURN, DROP));
}

#[cfg(test)]
mod tests;
