//! Network destinations as securable objects: what an address is, and whether a token may connect to it or be connected to
//! from it. Pure: addresses and facts in, decisions out.

mod allowed_host;
mod class;
mod decision;
mod destination;
mod embedded;
mod filter;
mod ranges;

pub use allowed_host::{AllowedHost, AllowedHostError};
pub use class::{Class, Classes, Peer, Protocol, Route, classify};
pub use decision::{Access, Decision, DestinationCheck, NETWORK_CAPABILITIES, NetworkPolicy, Opening, Way};
pub use destination::{ACCEPT, CONNECT, NETWORK_MAPPING};
pub use filter::{BpfInstruction, inbound_filter, peer_filter};
