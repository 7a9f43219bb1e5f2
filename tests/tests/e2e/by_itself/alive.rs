//! Accounts that nobody uses are kept alive, and what ends by itself is known by its age: on a clock that is moved.

use application::ports::refreshes::Share;
use chrono::TimeDelta;
use domain::Timestamp;
use grantlink_tests::{
    conformance::{Database, Kind},
    harness::{Agency, Browser, Issued, Stage, Then, now},
    on_both_databases,
};
use simulator::{AccountState, TokenError};

use crate::flow::{BAKERY, BOOKS, CONNECTED};

on_both_databases!(
    an_account_that_nobody_uses_is_renewed_once_a_week,
    credentials_that_end_after_seven_days_are_the_operators_business,
);

/// Credentials that somebody has looked at: when they are due next is known from then on.
pub(super) const LOOKED_AT: &str = "SELECT count(*) FROM refresh WHERE due_at > 0";
const TESTING: &str =
    "SELECT count(*) FROM events WHERE event_type = 'NeedsReconnect' AND payload LIKE '%testing_ended%'";
const TESTING_POSTGRES: &str =
    "SELECT count(*) FROM events WHERE event_type = 'NeedsReconnect' AND payload::text LIKE '%testing_ended%'";

/// Google forgets a refresh token that nobody uses for six months. Nobody reads these credentials, and yet they are renewed each week,
/// and not more often.
///
/// Mutant: when what is idle is left alone until somebody reads it, this fails.
async fn an_account_that_nobody_uses_is_renewed_once_a_week(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    connect(&stage.agency, "olive", BAKERY).await?;
    let begun = now();
    renew(&stage, begun).await?;
    until!("it is looked at", stage.database.number(LOOKED_AT).await? == 1);
    renew(&stage, begun + TimeDelta::days(8)).await?; // the first after its hour: idle from here on
    let mut asked = stage.token_requests();
    for week in 1..=4 {
        let due = begun + TimeDelta::days(8 + 7 * week);
        renew(&stage, due - TimeDelta::hours(1)).await?;
        assert_eq!(stage.token_requests(), asked, "in week {week} it was asked too early");
        renew(&stage, due + TimeDelta::hours(1)).await?;
        asked += 1;
        assert_eq!(stage.token_requests(), asked, "in week {week} it was not kept alive");
        renew(&stage, due + TimeDelta::hours(2)).await?;
        assert_eq!(stage.token_requests(), asked, "in week {week} it was asked twice");
    }
    Ok(())
}

/// An app that is registered for testing only: Google gives its refresh tokens seven days. The first that ends so may have been taken
/// back; from the second on it is the operators' app. They are told, and the agency is told that it was nobody's doing.
///
/// Mutants: when the age is not looked at, and when the first one counts already, this fails.
async fn credentials_that_end_after_seven_days_are_the_operators_business(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let (olive, bea) = (
        connect(&stage.agency, "olive", BAKERY).await?,
        connect(&stage.agency, "bea", BOOKS).await?,
    );
    renew(&stage, now()).await?;
    until!("they are looked at", stage.database.number(LOOKED_AT).await? == 2);
    let a_week_later = now() + TimeDelta::days(7);
    ends(&stage, "olive", TokenError::TestingExpired).await;
    ends(&stage, "bea", TokenError::Outage).await; // hers is asked for again a moment later
    renew(&stage, a_week_later).await?;
    until!("one is lost", reason(&stage, &olive).await? == "expired_or_revoked");
    ends(&stage, "bea", TokenError::TestingExpired).await;
    renew(&stage, a_week_later + TimeDelta::hours(1)).await?;
    until!("the pattern is seen", reason(&stage, &bea).await? == "testing_ended");
    assert_eq!(
        reason(&stage, &olive).await?,
        "expired_or_revoked",
        "what was said is not unsaid"
    );
    let told = match stage.database.kind() {
        Kind::Sqlite => TESTING,
        Kind::Postgres => TESTING_POSTGRES,
    };
    assert_eq!(stage.database.number(told).await?, 1);
    let doctor = String::from_utf8(stage.run(&["doctor"]).await?.stdout)?;
    assert!(
        doctor.contains("1 ended after seven days: your app seems to be in Testing"),
        "{doctor}"
    );
    let trail = stage.agency.audit(&bea).await?.join("\n").to_lowercase();
    assert!(!trail.contains("revoked the access"), "{trail}");
    Ok(())
}

pub(super) async fn connect(agency: &Agency, persona: &str, listing: &str) -> anyhow::Result<Issued> {
    let link = agency.fresh_link().await?;
    let done = Browser::new()?.complete(&link.url, persona, listing).await?;
    done.expect(200, CONNECTED)?;
    Ok(link)
}

/// From now on the token endpoint says that to whoever acts for the account.
pub(super) async fn ends(stage: &Stage, persona: &str, error: TokenError) {
    let state = AccountState {
        token_error: Some(error),
        ..AccountState::default()
    };
    stage.google.set_account(persona, state).await;
}

/// Renews what is due then. Nothing else: other duties use credentials too.
pub(super) async fn renew(stage: &Stage, at: Timestamp) -> anyhow::Result<()> {
    let then = Then::at(stage, at).await?;
    then.installation().app.renew_due(Share::ALL).await?;
    then.close().await;
    Ok(())
}

/// Why a connection needs a new sign-in.
async fn reason(stage: &Stage, link: &Issued) -> anyhow::Result<String> {
    let health = stage.agency.integration_now(link).await?["health"].clone();
    Ok(health["reason"].as_str().unwrap_or_default().to_owned())
}
