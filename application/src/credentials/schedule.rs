//! When a credential is due.

use std::time::Duration;

use chrono::TimeDelta;
use domain::{Timestamp, grant::RefreshFailure};

use crate::{ports::clock::Entropy, work::after};

/// Whoever reads a token can use it for so long at least.
pub(super) const FRESH_FOR: TimeDelta = TimeDelta::minutes(5);
/// So long before its end a token is renewed: early enough that hardly any reader has to wait.
const AHEAD: TimeDelta = TimeDelta::minutes(10);
/// Tokens that end together are renewed up to so much earlier, so that they are not all asked for at once.
const SPREAD: TimeDelta = TimeDelta::minutes(5);
/// What nobody read for so long is idle: it is renewed when it is read, or to stay alive.
const IDLE_AFTER: TimeDelta = TimeDelta::days(7);

/// What is asked of a provider again at the soonest.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_mins(15);
/// A limit of the provider, where it does not say for how long.
const LIMITED: Duration = Duration::from_secs(30);
/// Nothing that a provider says keeps us away for longer.
const LONGEST_LIMIT: Duration = Duration::from_hours(1);
/// Operators take their time to mend what is theirs.
const OPERATORS_PAUSE: Duration = Duration::from_hours(1);
/// A reader finds out so soon that they did.
const OPERATORS_MENDED: Duration = Duration::from_mins(1);
/// A reader finds out so soon that the provider is back.
const BACK: Duration = Duration::from_secs(10);

/// What is known of a credential.
pub(super) struct Facts {
    pub(super) now: Timestamp,
    /// Since when the access token is good.
    pub(super) given_at: Timestamp,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) used_at: Timestamp,
    pub(super) is_renewable: bool,
    pub(super) keep_alive: Option<TimeDelta>,
}

impl Facts {
    /// When it is to be looked at next; none: whoever reads it does that.
    pub(super) fn due(&self, entropy: &dyn Entropy) -> Option<Timestamp> {
        if !self.is_renewable {
            return self.expires_at; // then it is lost
        }
        let kept_alive = self.keep_alive.map(|pause| after(self.now, pause));
        let is_idle = self.now - self.used_at >= IDLE_AFTER;
        match self.expires_at.filter(|_| !is_idle) {
            Some(end) => {
                let early = self.early(end, entropy);
                Some(kept_alive.map_or(early, |kept| kept.min(early)))
            }
            None => kept_alive,
        }
    }

    fn early(&self, end: Timestamp, entropy: &dyn Entropy) -> Timestamp {
        let life = (end - self.given_at).max(TimeDelta::zero());
        let ahead = AHEAD.min(life / 2);
        let spread = drawn(SPREAD.min(life / 10).to_std().unwrap_or_default(), entropy);
        end - ahead - TimeDelta::from_std(spread).unwrap_or_default()
    }
}

/// Whether a token that ends then can be given to a reader.
pub(super) fn is_fresh(expires_at: Option<Timestamp>, now: Timestamp) -> bool {
    expires_at.is_none_or(|end| end - now >= FRESH_FOR)
}

/// When it is tried again after a failure, and when the provider may be asked at all.
pub(super) fn pause(
    reason: RefreshFailure,
    retry_after: Option<Duration>,
    attempts: u32,
    entropy: &dyn Entropy,
) -> (Duration, Duration) {
    let asked = retry_after.map(|pause| pause.min(LONGEST_LIMIT));
    match reason {
        RefreshFailure::AppRefused | RefreshFailure::AppNotApproved => {
            (OPERATORS_PAUSE + drawn(OPERATORS_PAUSE, entropy), OPERATORS_MENDED)
        }
        RefreshFailure::RateLimited => {
            let limit = asked.unwrap_or(LIMITED);
            (limit + drawn(limit / 2, entropy), limit)
        }
        RefreshFailure::Unavailable => {
            let longest = FIRST_PAUSE.saturating_mul(1 << attempts.min(16)).min(LONGEST_PAUSE);
            let pause = (longest / 2 + drawn(longest / 2, entropy)).max(asked.unwrap_or_default());
            (pause, asked.unwrap_or(BACK).min(pause))
        }
    }
}

/// Anything up to a span.
fn drawn(upto: Duration, entropy: &dyn Entropy) -> Duration {
    let mut random = [0; 8];
    entropy.fill(&mut random);
    let upto = u64::try_from(upto.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
    Duration::from_millis(u64::from_be_bytes(random) % upto)
}

#[cfg(test)]
mod tests {
    use RefreshFailure::{AppRefused, RateLimited, Unavailable};
    use uuid::Uuid;

    use super::*;

    /// No chance at all.
    struct Nought;

    impl Entropy for Nought {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0);
        }

        fn id(&self, _: Timestamp) -> Uuid {
            Uuid::nil()
        }
    }

    fn now() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn facts() -> Facts {
        Facts {
            now: now(),
            given_at: now(),
            expires_at: Some(now() + TimeDelta::hours(1)),
            used_at: now(),
            is_renewable: true,
            keep_alive: Some(TimeDelta::days(7)),
        }
    }

    fn due_in(facts: &Facts) -> Option<i64> {
        facts.due(&Nought).map(|due| (due - now()).num_seconds())
    }

    #[test]
    fn what_is_used_is_renewed_ten_minutes_before_its_end_and_a_short_life_at_half() {
        assert_eq!(due_in(&facts()), Some(3000));
        let expires_at = Some(now() + TimeDelta::seconds(60));
        assert_eq!(due_in(&Facts { expires_at, ..facts() }), Some(30));
        let expires_at = Some(now() - TimeDelta::seconds(60));
        assert!(due_in(&Facts { expires_at, ..facts() }) <= Some(0));
    }

    #[test]
    fn what_is_looked_at_late_is_due_all_the_same() {
        let given_at = now() - TimeDelta::minutes(57);
        let expires_at = Some(now() + TimeDelta::minutes(3));
        let late = Facts {
            given_at,
            expires_at,
            ..facts()
        };
        assert_eq!(due_in(&late), Some(-420));
    }

    #[test]
    fn what_is_idle_is_renewed_weekly_where_the_provider_forgets_it_else() {
        let used_at = now() - TimeDelta::days(7);
        assert_eq!(due_in(&Facts { used_at, ..facts() }), Some(7 * 86_400));
        let keep_alive = None;
        assert_eq!(
            due_in(&Facts {
                used_at,
                keep_alive,
                ..facts()
            }),
            None
        );
        // A token without an end is renewed for the same reason alone.
        assert_eq!(
            due_in(&Facts {
                expires_at: None,
                ..facts()
            }),
            Some(7 * 86_400)
        );
    }

    #[test]
    fn what_cannot_be_renewed_is_looked_at_when_it_ends() {
        let is_renewable = false;
        assert_eq!(
            due_in(&Facts {
                is_renewable,
                ..facts()
            }),
            Some(3600)
        );
    }

    #[test]
    fn a_pause_grows_and_heeds_what_the_provider_says() {
        let pause = |reason, after: Option<u64>, attempts| {
            let (again, leave) = super::pause(reason, after.map(Duration::from_secs), attempts, &Nought);
            (again.as_secs(), leave.as_secs())
        };
        assert_eq!(pause(Unavailable, None, 0), (2, 2));
        assert_eq!(pause(Unavailable, None, 4), (40, 10));
        assert_eq!(pause(Unavailable, None, 99), (450, 10));
        assert_eq!(pause(Unavailable, Some(120), 0), (120, 120));
        assert_eq!(pause(RateLimited, None, 0), (30, 30));
        assert_eq!(pause(RateLimited, Some(86_400), 0), (3600, 3600));
        assert_eq!(pause(AppRefused, None, 9), (3600, 60));
    }
}
