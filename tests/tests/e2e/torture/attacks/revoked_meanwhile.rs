//! OA-11: a link that is revoked while somebody is signing in.

use std::time::Duration;

use anyhow::ensure;
use grantlink_tests::{
    conformance::Database,
    harness::{Browser, Consent, Stage},
    on_both_databases,
    scale::scaled,
    torture::figure,
};
use tokio::time::sleep;

use super::at_the_provider;
use crate::flow::BAKERY;

on_both_databases!(
    a_link_that_is_revoked_during_the_visit_connects_nothing,
    a_revocation_and_a_completion_at_once_agree_on_who_came_first,
);

/// In a short run; a long one has two hundred.
const VISITS: usize = 8;
/// Milliseconds.
const FIRST_STEP: i64 = 16;
const LONGEST_STEP: i64 = 1_000;

/// OA-11: revoked while the customer is at the provider. No token is asked for.
///
/// Mutant: when only the first page looks whether the link lives, the code is used, and this fails.
async fn a_link_that_is_revoked_during_the_visit_connects_nothing(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    for _ in 0..scaled(VISITS) {
        let link = stage.agency.fresh_link().await?;
        let mut browser = Browser::new()?;
        let decided = at_the_provider(&mut browser, &link).await?;
        stage.agency.revoke(&link).await?;
        let back = browser.come_back(&decided).await?;
        ensure!(
            [403, 410].contains(&back.status.as_u16()),
            "{}: {}",
            back.status,
            back.body
        );
    }
    assert_eq!(stage.token_requests(), 0);
    assert_eq!((stage.pending_credentials().await?, stage.credentials().await?), (0, 0));
    Ok(())
}

/// OA-11: the agency revokes at the moment at which the customer picks. One of the two is refused, and the connection is there exactly when it is
/// the agency. Who was too late gets a lead the next time, so that they meet.
///
/// Mutant seen: when a link that ended can be revoked, both are told that it is done, and this fails.
async fn a_revocation_and_a_completion_at_once_agree_on_who_came_first(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let (mut revoked, mut connected, mut lead) = (0, 0, Lead::default());
    for _ in 0..scaled(VISITS) {
        let link = stage.agency.fresh_link().await?;
        let mut browser = Browser::new()?;
        let picker = browser.sign_in(&link.url, "olive", Consent::Everything).await?;
        let fields = [("listing", BAKERY), ("confirm", BAKERY)];
        let path = format!("/links/{}/revoke", link.id);
        let body = serde_json::json!({});
        let (picks, revokes) = lead.of_both();
        let customer = async {
            sleep(picks).await;
            browser.submit(&picker, "/c/pick", &fields).await
        };
        let agency = async {
            sleep(revokes).await;
            stage.agency.post(&path, &body).await
        };
        let (picked, told) = tokio::join!(customer, agency);
        let (picked, told) = (picked?, told?);
        let won = picked.status == 303;
        ensure!(won != told.status.is_success(), "{} and {}", picked.status, told.status);
        let connection = stage.agency.integration_now(&link).await?;
        ensure!(connection["badge"]["usable"] == won, "{won}: {connection}");
        connected += i64::from(won);
        revoked += i64::from(!won);
        lead.give_to_the_late(won);
    }
    ensure!(
        revoked > 0 && connected > 0,
        "they never met: {revoked} and {connected}"
    );
    // It is the same account each time, and its newest sign-in serves all connections.
    assert_eq!(stage.credentials().await?, connected.min(1));
    figure(&format!("{revoked} revocations and {connected} completions came first"))
}

/// How much earlier the customer is than the agency, in milliseconds. It doubles until the other one is first, and then closes in on the
/// moment at which both are.
#[derive(Default)]
struct Lead {
    by: i64,
    step: i64,
}

impl Lead {
    /// How long the customer waits, and how long the agency.
    fn of_both(&self) -> (Duration, Duration) {
        let wait = |by: i64| Duration::from_millis(u64::try_from(by).unwrap_or_default());
        (wait(-self.by), wait(self.by))
    }

    fn give_to_the_late(&mut self, customer_was_first: bool) {
        let direction = if customer_was_first { -1 } else { 1 };
        let turned = self.step.signum() != direction;
        self.step = match self.step.abs() {
            0 => FIRST_STEP,
            step if turned => (step / 2).max(1),
            step => (step * 2).min(LONGEST_STEP),
        } * direction;
        self.by += self.step;
    }
}
