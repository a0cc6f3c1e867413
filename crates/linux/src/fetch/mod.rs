//! What lowbox itself fetches from networks, on the user's word: answers of time-stamping authorities, descriptions of packages. Servers are
//! checked by the system's root certificates; what they send is bounded in size and time, and no more believed than any other input.

mod error;
mod roots;

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::http::header::LOCATION;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Body};

pub use error::FetchError;

use crate::host::look_up;

/// Until a server is reached, and until its answer begins.
const PATIENCE: Duration = Duration::from_secs(30);
/// Until a small answer is there.
const SMALL: Duration = Duration::from_secs(90);
/// Until a large one is.
const LARGE: Duration = Duration::from_secs(4 * 3600);
/// How often a server may send on.
const MAX_REDIRECTS: usize = 5;

type Answer = ureq::http::Response<Body>;

/// Fetches something small.
///
/// # Errors
/// [`FetchError`]; more than `limit` bytes is one.
pub fn get(url: &str, limit: u64) -> Result<Vec<u8>, FetchError> {
    let mut bytes = Vec::new();
    read(found(url, SMALL)?, limit, &mut bytes)?;
    Ok(bytes)
}

/// Fetches something large, and writes it to `output` as it comes; how many bytes it has.
///
/// # Errors
/// [`FetchError`]; what was written before is of no use then.
pub fn download(url: &str, limit: u64, output: &mut dyn Write) -> Result<u64, FetchError> {
    read(found(url, LARGE)?, limit, output)
}

/// Sends `body`, of the media type `sent`, and gives the answer back, which has to be of the type `wanted`.
///
/// # Errors
/// [`FetchError`]. A server that sends on is not followed.
pub fn post(url: &str, sent: &str, body: &[u8], wanted: &str, limit: u64) -> Result<Vec<u8>, FetchError> {
    let uri = checked(url)?;
    let request = agent(&uri, SMALL)?.post(uri).content_type(sent).header("accept", wanted);
    let answer = request.send(body).map_err(network)?;
    if answer.status().is_redirection() {
        return Err(FetchError::Elsewhere(location(&answer)));
    }
    let answer = successful(answer)?;
    let media = answer.body().mime_type().unwrap_or_default();
    if !media.eq_ignore_ascii_case(wanted) {
        let media: String = media.chars().take(100).collect();
        return Err(FetchError::Network(format!("the server answers with {media:?} in place of {wanted:?}")));
    }
    let mut bytes = Vec::new();
    read(answer, limit, &mut bytes)?;
    Ok(bytes)
}

/// The answer to GET, wherever servers send on to. The time is for all of them together, and for reading the answer.
fn found(url: &str, time: Duration) -> Result<Answer, FetchError> {
    let end = Instant::now() + time;
    found_within(url, || end.saturating_duration_since(Instant::now()))
}

/// The same, with so much time left when a server is asked.
fn found_within(url: &str, mut left: impl FnMut() -> Duration) -> Result<Answer, FetchError> {
    let mut uri = checked(url)?;
    for _ in 0..=MAX_REDIRECTS {
        let left = left();
        if left.is_zero() {
            return Err(FetchError::Time);
        }
        let answer = agent(&uri, left)?.get(uri.clone()).call().map_err(network)?;
        if !answer.status().is_redirection() {
            return successful(answer);
        }
        uri = next(&uri, &location(&answer))?;
    }
    Err(FetchError::Redirects)
}

/// Where a server sends on to: a whole URL, or a path on the same server.
fn next(from: &Uri, to: &str) -> Result<Uri, FetchError> {
    let whole = match (to.starts_with('/') && !to.starts_with("//"), from.scheme_str(), from.authority()) {
        (true, Some(scheme), Some(authority)) => format!("{scheme}://{authority}{to}"),
        _ => to.to_owned(),
    };
    let uri = checked(&whole).map_err(|_| FetchError::Redirects)?;
    if from.scheme_str() == Some("https") && uri.scheme_str() != Some("https") {
        return Err(FetchError::Downgrade(shortened(to)));
    }
    Ok(uri)
}

fn location(answer: &Answer) -> String {
    let text = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    text.unwrap_or_default().to_owned()
}

fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}

fn successful(answer: Answer) -> Result<Answer, FetchError> {
    if answer.status().is_success() { Ok(answer) } else { Err(FetchError::Status(answer.status().as_u16())) }
}

/// A URL with a host, without a name and a password of somebody's, which would be sent.
fn checked(url: &str) -> Result<Uri, FetchError> {
    let fail = || FetchError::NotUrl(shortened(url));
    let uri: Uri = url.parse().map_err(|_| fail())?;
    let is_known = matches!(uri.scheme_str(), Some("http" | "https"));
    let is_plain = uri
        .authority()
        .is_some_and(|authority| !authority.host().is_empty() && !authority.as_str().contains('@'));
    if is_known && is_plain { Ok(uri) } else { Err(fail()) }
}

fn agent(uri: &Uri, time: Duration) -> Result<Agent, FetchError> {
    let roots = if uri.scheme_str() == Some("https") { roots::roots()? } else { Vec::new() };
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&roots))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let config = Config::builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .timeout_global(Some(time))
        .max_response_header_size(32 << 10)
        .user_agent(concat!("lowbox/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .build();
    Ok(Agent::with_parts(config, DefaultConnector::default(), HostNames))
}

/// Reads an answer, and not more of it than `limit`, whatever it says of its length.
fn read(mut answer: Answer, limit: u64, output: &mut dyn Write) -> Result<u64, FetchError> {
    let mut body = answer.body_mut().with_config().limit(u64::MAX).reader().take(limit + 1);
    let mut buffer = vec![0; 64 << 10];
    let mut all = 0;
    loop {
        let step = match body.read(&mut buffer) {
            Ok(0) => return Ok(all),
            Ok(step) => step,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(network(ureq::Error::from(error))),
        };
        all += step as u64;
        if all > limit {
            return Err(FetchError::TooLarge(limit));
        }
        output.write_all(&buffer[..step]).map_err(FetchError::Output)?;
    }
}

fn network(error: ureq::Error) -> FetchError {
    match error {
        ureq::Error::Timeout(_) => FetchError::Time,
        ureq::Error::Other(other) => match other.downcast::<FetchError>() {
            Ok(own) => *own,
            Err(other) => FetchError::Network(other.to_string()),
        },
        other => FetchError::Network(other.to_string()),
    }
}

/// Names as the host's programs know them: a statically linked program can't ask its modules itself.
#[derive(Debug)]
struct HostNames;

impl Resolver for HostNames {
    fn resolve(&self, uri: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().unwrap_or_default();
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let addresses = match bare.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => {
                look_up(host, |name| name.eq_ignore_ascii_case(host))
                    .map_err(|source| {
                        let error = FetchError::Name { host: host.to_owned(), source };
                        ureq::Error::Other(Box::new(error))
                    })?
                    .addresses
            }
        };
        let mut found = self.empty();
        addresses.into_iter().for_each(|address| found.push(SocketAddr::new(address, port)));
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
