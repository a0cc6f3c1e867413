//! The filters, run as the kernel runs them, against the classifier.

use super::*;
use crate::network::{Peer, Protocol, Route, classify};

/// The kernel's reading of the instructions that are used.
fn run(filter: &[BpfInstruction], interface: u32, port: u16, source: IpAddr) -> u32 {
    run_with_flags(filter, interface, port, source, SYN | ACK)
}

fn run_with_flags(filter: &[BpfInstruction], interface: u32, port: u16, source: IpAddr, flags: u32) -> u32 {
    let mut header = [0_u8; 40];
    match source {
        IpAddr::V4(address) => {
            header[0] = 0x45;
            header[12..16].copy_from_slice(&address.octets());
        }
        IpAddr::V6(address) => {
            header[0] = 0x60;
            header[8..24].copy_from_slice(&address.octets());
        }
    }
    let word = |k: u32| {
        let at = k.wrapping_sub(NETWORK) as usize;
        u32::from_be_bytes(header[at..at + 4].try_into().unwrap())
    };
    let (mut accumulator, mut at) = (0_u32, 0_usize);
    loop {
        let BpfInstruction { code, jt, jf, k } = filter[at];
        at += 1;
        match code {
            LOAD_WORD if k == INTERFACE => accumulator = interface,
            LOAD_WORD => accumulator = word(k),
            LOAD_HALF => accumulator = port.into(),
            LOAD_BYTE if k == TCP_FLAGS => accumulator = flags,
            LOAD_BYTE => accumulator = header[0].into(),
            AND => accumulator &= k,
            0x05 => at += k as usize,
            IF_EQUAL => at += usize::from(if accumulator == k { jt } else { jf }),
            IF_AT_LEAST => at += usize::from(if accumulator >= k { jt } else { jf }),
            RETURN => return k,
            code => panic!("instruction {code:#x}"),
        }
    }
}

fn addresses() -> Vec<IpAddr> {
    let mut all: Vec<IpAddr> = Vec::new();
    for (prefix, length, _) in ranges::V4 {
        let (first, size) = (u64::from(u32::from(prefix)), 1_u64 << (32 - length));
        for at in [first.wrapping_sub(1), first, first + size / 2, first + size - 1, first + size] {
            all.extend(u32::try_from(at).ok().map(|bits| IpAddr::V4(bits.into())));
        }
    }
    for (prefix, length, _) in ranges::V6 {
        let first = u128::from(prefix);
        let size = 1_u128.checked_shl(128 - u32::from(length)).unwrap_or(0);
        for at in [
            first.wrapping_sub(1),
            first,
            first.wrapping_add(size / 2),
            first.wrapping_add(size.wrapping_sub(1)),
            first.wrapping_add(size),
        ] {
            all.push(IpAddr::V6(at.into()));
        }
    }
    for text in [
        "2a00::5efe:a00:1",
        "2a00::200:5efe:808:808",
        "2002:808:808::1",
        "64:ff9b::808:808",
        "::ffff:8.8.8.8",
    ] {
        all.push(text.parse().unwrap());
    }
    all
}

#[test]
fn a_socket_hears_whom_the_classifier_would_let_in_and_never_the_loopback_interface() {
    for accepted in [[false, false], [true, false], [false, true], [true, true]] {
        let accepts = |class: Class| match class {
            Class::Internet => accepted[0],
            Class::Private => accepted[1],
            _ => false,
        };
        let filter = inbound_filter(&accepts);
        assert!(filter.len() < 4096, "BPF_MAXINSNS");
        for address in addresses() {
            let peer = Peer { address, port: 1, protocol: Protocol::Tcp, route: Route::Other };
            let classes = classify(&peer);
            let translated = match address {
                IpAddr::V4(_) => false,
                IpAddr::V6(address) => {
                    super::super::embedded::mapped(address).is_some()
                        || super::super::embedded::held(address).iter().any(Option::is_some)
                }
            };
            let expected = !translated && classes.iter().all(accepts);
            let passed = run(&filter, 2, 1, address) != DROP;
            assert_eq!(passed, expected, "{address} with {accepted:?}");
            assert_eq!(run(&filter, LOOPBACK_INTERFACE, 1, address), DROP, "{address}");
        }
    }
}

#[test]
fn a_connected_socket_hears_its_peer_alone() {
    for text in ["93.184.216.34", "2606:2800:220:1::1"] {
        let address: IpAddr = text.parse().unwrap();
        let filter = peer_filter(address, 443);
        assert_eq!(run(&filter, 2, 443, address), PASS);
        assert_eq!(run(&filter, 2, 444, address), DROP);
        assert_eq!(run_with_flags(&filter, 2, 443, address, SYN), DROP);
        assert_eq!(run_with_flags(&filter, 2, 443, address, ACK), PASS);
        for other in addresses().into_iter().filter(|other| *other != address) {
            assert_eq!(run(&filter, 2, 443, other), DROP, "{other}");
        }
    }
}
