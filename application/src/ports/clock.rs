//! Time and chance come in from outside, so that tests can hold them.

use domain::Timestamp;
use uuid::Uuid;

/// What time it is.
pub trait Clock: Send + Sync {
    /// Now, in whole microseconds.
    fn now(&self) -> Timestamp;
}

/// Where ids and random bytes come from.
pub trait Entropy: Send + Sync {
    /// Fills a buffer from the operating system's generator.
    fn fill(&self, buffer: &mut [u8]);

    /// A new time-ordered id (`UUIDv7`).
    fn id(&self, now: Timestamp) -> Uuid;
}
