//! UDP beyond the container. No socket of the host's network is handed over, because one could send anywhere without anybody's
//! asking (sendmsg(2) with an address). Instead what programs send leaves by a wire ([`crate::launch::wire`]), whose other end
//! is read here: each datagram's peer is decided on, and it is sent again from a socket of the host's network.

pub mod frame;
mod outlets;
mod relay;

pub(super) use relay::Relay;
