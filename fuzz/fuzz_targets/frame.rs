#![no_main]
//! Frames on a container's wire, which its programs have a part in.

use lowbox_linux::network::datagrams::frame::{Heard, MAX_FRAME, Undelivered, deliver, own_address, read, undelivered};

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match read(bytes) {
        Some(Heard::Datagram { from, to, payload }) => {
            assert_eq!(from.ip(), own_address(from.is_ipv6()));
            assert!(from.port() != 0 && to.port() != 0 && payload.len() < bytes.len());
            // What is read once is the same when it is written again.
            let again = deliver(from, to, payload).expect("it was a frame");
            assert!(again.len() <= MAX_FRAME);
            assert_eq!(read(&again), Some(Heard::Datagram { from, to, payload }));
            for why in [Undelivered::Prohibited, Undelivered::Port, Undelivered::Host] {
                assert!(undelivered(from, to, why).is_some_and(|told| told.len() < 200));
            }
        }
        Some(Heard::Nobody { at, .. }) => assert_eq!(at.ip(), own_address(at.is_ipv6())),
        None => {}
    }
});
