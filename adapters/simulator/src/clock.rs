//! The simulator's own time, so that a test can let a code or a token expire without waiting for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

/// A clock that only ever moves when real time passes or somebody advances it; copies show the same time.
#[derive(Clone, Debug)]
pub struct Clock {
    start: Start,
    advanced_seconds: Arc<AtomicI64>,
}

#[derive(Clone, Copy, Debug)]
enum Start {
    Machine,
    StoodStill(DateTime<Utc>),
}

impl Clock {
    /// Follows the machine's time, which is what a demo wants.
    pub fn of_the_machine() -> Self {
        Self {
            start: Start::Machine,
            advanced_seconds: Arc::default(),
        }
    }

    /// Stands still at `time` until it is advanced, so that a test controls every second.
    pub fn standing_at(time: DateTime<Utc>) -> Self {
        Self {
            start: Start::StoodStill(time),
            advanced_seconds: Arc::default(),
        }
    }

    /// What time it is for the simulator.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where the simulator reads the machine's time"
    )]
    pub fn now(&self) -> DateTime<Utc> {
        let start = match self.start {
            Start::Machine => Utc::now(),
            Start::StoodStill(time) => time,
        };
        start + TimeDelta::seconds(self.advanced_seconds.load(Ordering::SeqCst))
    }

    /// Lets time pass; there is no way back, as with any clock.
    pub fn advance(&self, seconds: u32) {
        self.advanced_seconds.fetch_add(i64::from(seconds), Ordering::SeqCst);
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::of_the_machine()
    }
}
