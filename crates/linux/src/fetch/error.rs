//! Why something can't be had from the network.

use std::io;

use crate::host::LookupError;

/// Why something can't be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// It is no URL for this.
    #[error("{0:?} is no address of the form http://HOST/… or https://HOST/…")]
    NotUrl(String),
    /// The host's name.
    #[error("{host}: {source}")]
    Name {
        /// Which.
        host: String,
        /// Why.
        source: LookupError,
    },
    /// The server says no.
    #[error("the server answers with status {0}")]
    Status(u16),
    /// It is more than is wanted.
    #[error("the answer has more than {0} bytes")]
    TooLarge(u64),
    /// From an encrypted place to one that is not.
    #[error("the server sends on from https to {0:?}, where anybody on the way could answer")]
    Downgrade(String),
    /// Round in circles.
    #[error("the server sends on too often, or to no place")]
    Redirects,
    /// A server that sends what was posted elsewhere.
    #[error("the server sends on to {0:?}; give that address, if you trust it")]
    Elsewhere(String),
    /// It takes too long.
    #[error("the server takes too long")]
    Time,
    /// There is nothing to check a server's certificate with.
    #[error(
        "the system's root certificates are in none of the usual files, so nobody can be trusted with https; install ca-certificates, or set SSL_CERT_FILE"
    )]
    NoRoots,
    /// The answer can't be written.
    #[error("{0}")]
    Output(io::Error),
    /// The network, or the encryption.
    #[error("{0}")]
    Network(String),
}
