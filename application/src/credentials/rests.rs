//! Providers that are asked nothing, for a while: what two of an app's accounts were told goes for all of them, and a silence for all apps.
//! Each node learns it by itself.

use std::collections::HashMap;

use chrono::TimeDelta;
use domain::{
    Timestamp,
    grant::{GivenTo, RefreshFailure},
    provider::ProviderId,
};
use tokio::sync::Mutex;

use crate::{ports::refreshes::CredentialKey, work::after};

/// So many in a row without an answer, and nobody seems to be there.
const SILENCE: u32 = 16;
/// Nothing that others were told keeps an account waiting for longer: their tokens last some minutes.
const LONGEST: TimeDelta = TimeDelta::minutes(1);
/// In a silence one of them asks in so long, until there is an answer: the others hold no place for nothing.
const TRY_EVERY: TimeDelta = TimeDelta::seconds(10);

/// Why somebody waits, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rest {
    pub(super) reason: RefreshFailure,
    pub(super) until: Timestamp,
}

impl Rest {
    /// Whether it is not over. One that is far ahead was told before the clock was set back.
    fn stands(&self, now: Timestamp) -> bool {
        now < self.until && self.until <= after(now, LONGEST)
    }
}

/// What an app's accounts were told.
#[derive(Default)]
struct Told {
    /// The first that was told so since the last answer. It may be a limit of its own.
    first: Option<CredentialKey>,
    rest: Option<Rest>,
}

/// How often in a row a provider did not answer, and when it is tried next.
struct Silence {
    unanswered: u32,
    next_try: Timestamp,
}

#[derive(Default)]
struct Known {
    limits: HashMap<GivenTo, Told>,
    silences: HashMap<ProviderId, Silence>,
}

/// What this node knows of those that it asks.
#[derive(Default)]
pub(super) struct Rests(Mutex<Known>);

impl Rests {
    /// What an account is to wait for; none: it asks now. In a silence, it asks for all of them.
    pub(super) async fn of(&self, app: &GivenTo, now: Timestamp) -> Option<Rest> {
        let mut known = self.0.lock().await;
        let limit = known.limits.get(app).and_then(|told| told.rest);
        if let Some(limit) = limit.filter(|limit| limit.stands(now)) {
            return Some(limit);
        }
        let silence = known.silences.get_mut(&app.provider)?;
        if silence.unanswered < SILENCE {
            return None;
        }
        let rest = Rest {
            reason: RefreshFailure::Unavailable,
            until: silence.next_try,
        };
        if rest.stands(now) {
            return Some(rest);
        }
        if after(rest.until, LONGEST) < now {
            known.silences.remove(&app.provider); // nobody asked since: who knows
        } else {
            silence.next_try = after(now, TRY_EVERY);
        }
        None
    }

    /// The provider answered an account of the app. What others were told meanwhile stands: this may have been asked before.
    pub(super) async fn answered(&self, app: &GivenTo) {
        let mut known = self.0.lock().await;
        known.silences.remove(&app.provider);
        if let Some(told) = known.limits.get_mut(app) {
            told.first = None;
        }
    }

    /// An account was told that the provider is to be left alone.
    pub(super) async fn told(&self, app: &GivenTo, account: CredentialKey, mut rest: Rest, now: Timestamp) {
        rest.until = rest.until.min(after(now, LONGEST));
        let mut known = self.0.lock().await;
        known.silences.remove(&app.provider);
        let told = known.limits.entry(app.clone()).or_default();
        if *told.first.get_or_insert(account) == account {
            return;
        }
        let longer = told.rest.filter(|known| known.stands(now) && known.until > rest.until);
        told.rest = Some(longer.unwrap_or(rest));
    }

    /// The provider did not answer.
    pub(super) async fn unanswered(&self, app: &GivenTo, now: Timestamp) {
        let mut known = self.0.lock().await;
        let silence = known.silences.entry(app.provider.clone()).or_insert(Silence {
            unanswered: 0,
            next_try: now,
        });
        silence.unanswered = silence.unanswered.saturating_add(1);
        if silence.unanswered == SILENCE {
            silence.next_try = after(now, TRY_EVERY);
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        ids::{GrantId, TenantId},
        provider::ProviderApp,
    };
    use uuid::Uuid;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_timestamp(1_795_000_000 + second, 0).unwrap()
    }

    fn app(client: &str) -> GivenTo {
        GivenTo {
            provider: ProviderId::parse("google").unwrap(),
            app: ProviderApp {
                owner: "installation".to_owned(),
                client_id: client.to_owned(),
            },
        }
    }

    fn account(generation: u32) -> CredentialKey {
        CredentialKey {
            tenant: TenantId(Uuid::nil()),
            grant: GrantId(Uuid::nil()),
            generation,
        }
    }

    async fn waits(rests: &Rests, second: i64) -> bool {
        rests.of(&app("ours"), at(second)).await.is_some()
    }

    fn limited(until: i64) -> Rest {
        Rest {
            reason: RefreshFailure::RateLimited,
            until: at(until),
        }
    }

    #[tokio::test]
    async fn what_two_accounts_were_told_goes_for_all_of_their_app_and_for_no_other() {
        let (rests, ours) = (Rests::default(), app("ours"));
        rests.told(&ours, account(1), limited(3_600), at(0)).await;
        assert!(!waits(&rests, 0).await, "it may be its own");
        rests.told(&ours, account(2), limited(3_600), at(0)).await;
        rests.told(&ours, account(3), limited(30), at(0)).await;
        rests.answered(&ours).await; // asked before
        assert_eq!(rests.of(&ours, at(59)).await, Some(limited(60)));
        assert_eq!(rests.of(&app("theirs"), at(59)).await, None);
        assert!(!waits(&rests, 60).await, "they find out anew");
        assert!(!waits(&rests, -3_600).await, "the clock was set back");
    }

    #[tokio::test]
    async fn a_limit_of_its_own_keeps_nobody_else_waiting() {
        let (rests, ours) = (Rests::default(), app("ours"));
        for _ in 0..3 {
            rests.told(&ours, account(1), limited(30), at(0)).await;
            assert!(!waits(&rests, 0).await);
        }
        rests.answered(&ours).await;
        rests.told(&ours, account(2), limited(30), at(0)).await;
        assert!(!waits(&rests, 0).await, "others were answered in between");
    }

    #[tokio::test]
    async fn a_silence_is_tried_by_one_now_and_then_and_ends_with_an_answer_to_any_app() {
        let (rests, ours) = (Rests::default(), app("ours"));
        for _ in 1..SILENCE {
            rests.unanswered(&app("theirs"), at(0)).await;
        }
        assert!(!waits(&rests, 0).await, "that may be chance");
        rests.unanswered(&ours, at(0)).await;
        assert!(waits(&rests, 9).await);
        assert!(!waits(&rests, 10).await, "one tries");
        assert!(waits(&rests, 10).await, "and no other");
        rests.unanswered(&ours, at(15)).await;
        assert!(waits(&rests, 19).await);
        assert!(!waits(&rests, 20).await, "the next one");
        rests.answered(&app("theirs")).await;
        assert!(!waits(&rests, 20).await, "all of them");
    }

    #[tokio::test]
    async fn a_silence_that_nobody_heard_of_lately_is_none() {
        let rests = Rests::default();
        for _ in 0..SILENCE {
            rests.unanswered(&app("ours"), at(0)).await;
        }
        assert!(!waits(&rests, 71).await && !waits(&rests, 71).await);
    }
}
