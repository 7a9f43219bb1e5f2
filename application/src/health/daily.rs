//! When connections are checked: when they were made or came back, and once a day. Each has its own time of the day, so that they
//! do not come all at once; one that needs a new sign-in is left alone until it had one.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::TimeDelta;
use cqrs_es::Aggregate;
use domain::{
    Timestamp,
    event::Event,
    ids::{IntegrationId, TenantId},
    integration::Integration,
    log::Recorded,
};

use super::Checked;
use crate::{
    app::App,
    error::CommandError,
    jobs::{Care, Handler, Outcome, Policy, Run, Wanted},
    metadata,
    ports::{StoreError, jobs::NewJob},
};

/// The kind of the job after a connection was made or came back.
const AFTER_A_CHANGE: &str = "check_connection";
/// The kind of the one that comes round every day.
const DAILY: &str = "check_daily";
/// The seconds of a day.
const A_DAY: i64 = 24 * 60 * 60;
/// A first daily check that would follow the one after the change at once waits for the next day.
const NOT_BEFORE: TimeDelta = TimeDelta::hours(1);
/// A provider that was asked too often is left alone for so long at least.
const AFTER_BUSY: TimeDelta = TimeDelta::minutes(1);

/// A connection that was made, renewed or came back is checked.
pub(super) struct CheckWhenConnected;

impl Policy for CheckWhenConnected {
    fn name(&self) -> &'static str {
        "checks"
    }

    fn follows(&self, aggregate_type: &str, event_type: &str) -> bool {
        aggregate_type == Integration::TYPE && matches!(event_type, "Connected" | "Reconnected" | "Recovered")
    }

    fn jobs(&self, _: &Event, recorded: &Recorded) -> Vec<Wanted> {
        vec![Wanted::new(AFTER_A_CHANGE).about(metadata::INTEGRATION, &recorded.aggregate_id)]
    }
}

/// Checks a connection that changed, and sees to it that it is checked every day from now on.
pub(super) struct CheckConnection;

#[async_trait]
impl Handler for CheckConnection {
    fn kind(&self) -> &'static str {
        AFTER_A_CHANGE
    }

    async fn run(&self, run: &Run<'_>) -> Outcome {
        let Some((tenant, integration)) = about(run) else {
            return Outcome::Dead("the job does not say what it is about".to_owned());
        };
        match begin_daily(run.app, tenant, integration).await {
            Ok(true) => {}
            // It may be about to end, because of what it saw before the change.
            Ok(false) => return Outcome::later("the daily check is at work"),
            Err(error) => return error.into(),
        }
        let checked = run.app.check_connection(tenant, integration).await;
        outcome(checked, run.app.clock.now(), None)
    }
}

/// Checks a connection once a day, for as long as there is something to ask.
pub(super) struct CheckDaily;

#[async_trait]
impl Handler for CheckDaily {
    fn kind(&self) -> &'static str {
        DAILY
    }

    fn care(&self) -> Care {
        Care {
            attempts: None,
            longest_pause: Duration::from_hours(4),
            at_once: 2,
            ..Care::default()
        }
    }

    async fn run(&self, run: &Run<'_>) -> Outcome {
        let Some((tenant, integration)) = about(run) else {
            return Outcome::Dead("the job does not say what it is about".to_owned());
        };
        let now = run.app.clock.now();
        let checked = run.app.check_connection(tenant, integration).await;
        outcome(checked, now, Some(next(integration, now)))
    }
}

fn about(run: &Run<'_>) -> Option<(TenantId, IntegrationId)> {
    Some((run.job.tenant?, run.job.id_of(metadata::INTEGRATION)?))
}

/// One job per connection, whichever node begins it. False while it is at work.
async fn begin_daily(app: &Arc<App>, tenant: TenantId, integration: IntegrationId) -> Result<bool, StoreError> {
    let now = app.clock.now();
    let job = NewJob::due(DAILY, &integration.to_string(), next(integration, now));
    let job = job.of_tenant(tenant).about(metadata::INTEGRATION, integration);
    app.jobs.schedule(&job, now).await
}

/// The next time of the day that is this connection's own: its id says which.
fn next(integration: IntegrationId, now: Timestamp) -> Timestamp {
    let own = i64::try_from(integration.0.as_u128() % 86_400).unwrap_or(0);
    let earliest = now + NOT_BEFORE;
    let ahead = (own - earliest.timestamp()).rem_euclid(A_DAY);
    earliest + TimeDelta::seconds(ahead)
}

fn outcome(checked: Result<Checked, CommandError>, now: Timestamp, next: Option<Timestamp>) -> Outcome {
    let (answers, changed) = match checked {
        Ok(Checked::Asked { answers, changed, .. }) => (answers, changed),
        Ok(Checked::NeedsReconnect) => {
            return Outcome::Done("it is not asked until somebody signs in again".to_owned());
        }
        Ok(Checked::NotConnected) => return Outcome::Done("it is not connected any more".to_owned()),
        Err(error) => return error.into(),
    };
    if answers.iter().any(|probed| probed.answer.is_passing()) {
        let is_busy = answers
            .iter()
            .any(|probed| probed.answer == crate::ports::provider::Answer::Busy);
        return Outcome::Later {
            why: "the provider did not answer everything".to_owned(),
            not_before: is_busy.then(|| now + AFTER_BUSY),
        };
    }
    let result = format!("{} answers, {changed} changed", answers.len());
    match next {
        Some(at) => Outcome::Again { result, at },
        None => Outcome::Done(result),
    }
}

#[cfg(test)]
mod tests {
    use domain::integration::Capability;

    use super::*;
    use crate::ports::provider::{Answer, Probed};

    fn noon() -> Timestamp {
        "2026-11-05T12:00:00Z".parse().unwrap()
    }

    fn integration(number: u128) -> IntegrationId {
        IntegrationId(uuid::Uuid::from_u128(number))
    }

    /// Each at its own time, the same one every day, whenever somebody asks; not all of them at once.
    #[test]
    fn a_connection_has_its_own_time_of_the_day() {
        for number in [0, 7, 43_200, 46_799, 86_399, u128::MAX] {
            let first = next(integration(number), noon());
            let waits = first - noon();
            assert!(
                (NOT_BEFORE..=NOT_BEFORE + TimeDelta::days(1)).contains(&waits),
                "{waits}"
            );
            assert_eq!(next(integration(number), first), first + TimeDelta::days(1));
        }
        assert_ne!(next(integration(1), noon()), next(integration(2), noon()));
    }

    /// What passes is tried again soon, and a provider that was asked too often is left alone first. All else waits for tomorrow.
    #[test]
    fn what_passes_is_asked_again_soon_and_all_else_tomorrow() {
        let said = |answer| {
            let probed = Probed {
                capability: Capability::Metrics,
                answer,
            };
            let checked = Checked::Asked {
                answers: vec![probed],
                changed: 0,
                position: domain::log::Position(1),
            };
            outcome(Ok(checked), noon(), Some(noon() + TimeDelta::days(1)))
        };
        for answer in [
            Answer::Allowed,
            Answer::Denied,
            Answer::TokenRefused,
            Answer::AppRefused,
        ] {
            assert!(matches!(said(answer), Outcome::Again { .. }), "{answer}");
        }
        assert!(matches!(
            said(Answer::Unavailable),
            Outcome::Later { not_before: None, .. }
        ));
        let left_alone = Some(noon() + AFTER_BUSY);
        assert!(matches!(said(Answer::Busy), Outcome::Later { not_before, .. } if not_before == left_alone));
        let broken = outcome(Ok(Checked::NeedsReconnect), noon(), Some(noon()));
        assert!(matches!(broken, Outcome::Done(_)), "it does not come round any more");
    }
}
