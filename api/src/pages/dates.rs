//! Dates as people read them.

use chrono::{DateTime, Utc};

/// "Friday, 14 August 2026, 16:00 (UTC)": a page cannot know the reader's time zone, so it names its own.
pub(super) fn in_words(at: &DateTime<Utc>) -> String {
    at.format("%A, %-d %B %Y, %H:%M (UTC)").to_string()
}

/// For the `datetime` attribute.
pub(super) fn machine(at: &DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
