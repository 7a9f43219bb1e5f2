//! What is stored: the same bytes and the same names everywhere.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// The length of every payload; with the names around it, it is what our own benchmarks append.
const LENGTH: usize = 409;

/// How many events a stream has that is replayed.
pub(crate) const REPLAYED: u32 = 4;

/// How many events a stream has that a command loads.
pub(crate) const LOADED: u32 = 3;

/// The filler of an event that holds so many bytes besides.
pub(crate) fn filler(besides: usize) -> String {
    "x".repeat(LENGTH - besides)
}

/// A whole event as JSON.
pub(crate) fn json() -> String {
    let filler = filler(r#"{"Connected":{"filler":""}}"#.len());
    format!(r#"{{"Connected":{{"filler":"{filler}"}}}}"#)
}

/// The name of a stream: a `UUIDv7` whose random bits count up. The rows below have the same names.
pub(crate) fn stream(number: u32) -> String {
    format!("01900000-0000-7000-8000-{number:012x}")
}

/// The rows of streams of `$2` events each, in the order of a log, `$1` rows in all.
pub(crate) const POSTGRES_ROWS: &str = "(SELECT n::bigint AS position, \
    '01900000-0000-7000-8000-' || lpad(to_hex((n - 1) / $2 + 1), 12, '0') AS stream, (n - 1) % $2 + 1 AS sequence \
    FROM generate_series(1, $1) AS n)";

/// The same on `SQLite`.
pub(crate) const SQLITE_ROWS: &str = "(WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < ?1) \
    SELECT n AS position, '01900000-0000-7000-8000-' || printf('%012x', (n - 1) / ?2 + 1) AS stream, \
    (n - 1) % ?2 + 1 AS sequence FROM r)";

/// Streams that are used once each.
#[derive(Clone)]
pub(crate) struct Streams {
    used: Arc<AtomicU32>,
    most: u32,
}

impl Streams {
    /// As many as are asked for.
    pub(crate) fn endless() -> Self {
        Self::up_to(u32::MAX)
    }

    pub(crate) fn up_to(most: u32) -> Self {
        let used = Arc::default();
        Self { used, most }
    }

    /// The next one's name, as long as there is one.
    pub(crate) fn next(&self) -> Option<String> {
        let used = self.used.fetch_add(1, Ordering::Relaxed);
        (used < self.most).then(|| stream(used + 1))
    }
}
