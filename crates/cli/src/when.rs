//! Times for people.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lowbox_msix::signature::UnixTime;

/// As RFC 3339 writes it.
pub fn time(at: UnixTime) -> String {
    // The last one that can be written.
    let at = Duration::from_secs(at.min(253_402_300_799));
    humantime::format_rfc3339_seconds(UNIX_EPOCH + at).to_string()
}

/// Its day.
pub fn date(at: UnixTime) -> String {
    time(at).split('T').next().unwrap_or_default().to_owned()
}

/// Why something is not valid at this time, if it is not.
pub fn not_now([from, to]: [UnixTime; 2]) -> Option<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    if now > to {
        Some(format!("expired on {}", date(to)))
    } else if now < from {
        Some(format!("is not valid before {}", date(from)))
    } else {
        None
    }
}
