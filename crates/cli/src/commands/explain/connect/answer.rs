//! The answer as JSON (docs/json.md).

use std::net::IpAddr;

use lowbox_policy::network::{Class, DestinationCheck, Route};
use serde::Serialize;

/// The answer.
#[derive(Serialize)]
pub struct Answer {
    /// As it was asked about, in its plain form.
    pub asked: String,
    /// The name or address.
    pub host: String,
    pub port: u16,
    /// Whether the program may resolve the name; `None` for an address.
    pub resolves: Option<bool>,
    /// Whether it may connect to every address, and resolve the name.
    pub granted: Granted,
    pub addresses: Vec<Address>,
    /// What else there is to know, in sentences.
    pub notes: Vec<String>,
}

/// By protocol.
#[derive(Serialize)]
pub struct Granted {
    pub tcp: bool,
    pub udp: bool,
}

/// One address.
#[derive(Serialize)]
pub struct Address {
    pub address: IpAddr,
    pub route: RouteName,
    /// All that it is, the strictest last; by UDP, discovery groups are private instead.
    pub classes: Vec<Class>,
    /// Whether an allowed host stands for it.
    pub named: bool,
    pub tcp: Verdict,
    pub udp: Verdict,
}

/// The decision on an address by one protocol.
#[derive(PartialEq, Eq, Serialize)]
pub struct Verdict {
    pub granted: bool,
    /// Of each class, one check has to grant.
    pub checks: Vec<DestinationCheck>,
    pub would_grant: Vec<Suggestion>,
}

/// What would grant it.
#[derive(PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Suggestion {
    Capability { name: &'static str },
    AllowHost { argument: String },
    AllowLoopback { port: u16 },
}

/// What the host's routes say.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RouteName {
    Other,
    Local,
    Broadcast,
}

impl From<Route> for RouteName {
    fn from(route: Route) -> RouteName {
        match route {
            Route::Other => RouteName::Other,
            Route::Local => RouteName::Local,
            Route::Broadcast => RouteName::Broadcast,
        }
    }
}
