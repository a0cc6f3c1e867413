//! Random numbers of the kernel (getrandom(2)).

use rand_core::{CryptoRng, Error, RngCore};
use rustix::rand::{GetRandomFlags, getrandom};

/// The kernel's random numbers, fit for keys.
#[derive(Clone, Copy, Debug)]
pub struct KernelRandom;

impl KernelRandom {
    /// Some of them.
    ///
    /// # Panics
    /// When the kernel has none.
    #[must_use]
    pub fn bytes<const LENGTH: usize>() -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        KernelRandom.fill_bytes(&mut bytes);
        bytes
    }
}

impl RngCore for KernelRandom {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_ne_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_ne_bytes(bytes)
    }

    /// # Panics
    /// When the kernel has none: a key of anything else would be none.
    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.try_fill_bytes(bytes).expect("the kernel has random numbers");
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        let mut have = 0;
        while have < bytes.len() {
            match getrandom(&mut bytes[have..], GetRandomFlags::empty()) {
                Ok(more) => have += more,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(Error::new(std::io::Error::from(error))),
            }
        }
        Ok(())
    }
}

impl CryptoRng for KernelRandom {}
