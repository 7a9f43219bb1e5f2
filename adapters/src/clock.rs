//! The time of day.

use application::ports::clock::Clock;
use chrono::{SubsecRound, Utc};
use domain::Timestamp;

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the Clock port: the one place that asks the system what time it is"
    )]
    fn now(&self) -> Timestamp {
        // The log hashes and both databases keep whole microseconds: a finer time would not read back equal.
        Utc::now().trunc_subsecs(6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_survives_being_kept_in_whole_microseconds() {
        let now = SystemClock.now();
        assert_eq!(Timestamp::from_timestamp_micros(now.timestamp_micros()), Some(now));
    }
}
