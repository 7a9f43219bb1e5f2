//! How a kind of job is treated when it does not work.

use std::time::Duration;

use chrono::TimeDelta;

use crate::ports::clock::Entropy;

/// No pause is shorter: chance alone could draw one of nothing.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// How long a job may take, how often it is tried, and with which pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Care {
    /// After so long an attempt counts as failed, and the job may be taken over.
    pub deadline: Duration,
    /// So often it is begun before it is given up; none: for ever.
    pub attempts: Option<u32>,
    /// The longest pause after the first attempt; each further one doubles it.
    pub first_pause: Duration,
    /// The longest pause of all.
    pub longest_pause: Duration,
    /// So many of its kind run on a node at once.
    pub at_once: usize,
}

impl Default for Care {
    /// Twelve attempts in some two hours and a half.
    fn default() -> Self {
        Self {
            deadline: Duration::from_mins(1),
            attempts: Some(12),
            first_pause: Duration::from_secs(5),
            longest_pause: Duration::from_hours(1),
            at_once: 4,
        }
    }
}

impl Care {
    /// For what comes round for ever: it is never given up.
    pub fn recurring(deadline: Duration) -> Self {
        Self {
            deadline,
            attempts: None,
            longest_pause: Duration::from_mins(5),
            at_once: 1,
            ..Self::default()
        }
    }

    /// The pause after an attempt: anything up to a length that doubles, so that what failed together does not come back together.
    pub(super) fn pause_after(&self, attempt: u32, entropy: &dyn Entropy) -> TimeDelta {
        let doublings = attempt.saturating_sub(1).min(30);
        let longest = self.first_pause.saturating_mul(1 << doublings).min(self.longest_pause);
        let mut random = [0; 8];
        entropy.fill(&mut random);
        let upto = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
        let drawn = Duration::from_millis(u64::from_be_bytes(random) % upto);
        TimeDelta::from_std(drawn.max(SHORTEST_PAUSE)).unwrap_or(TimeDelta::MAX)
    }

    /// Whether an attempt of that number was one too many.
    pub(super) fn is_spent(&self, attempt: u32) -> bool {
        self.attempts.is_some_and(|most| attempt > most)
    }

    /// Whether there is none after an attempt of that number.
    pub(super) fn was_last(&self, attempt: u32) -> bool {
        self.is_spent(attempt.saturating_add(1))
    }
}
