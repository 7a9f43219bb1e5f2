//! Accounts that are renewed beside others: what goes for all of an app's, and what is one account's own trouble.

use application::ports::refreshes::Share;
use chrono::TimeDelta;
use domain::ids::{AgencyId, Mode, TenantId};
use grantlink_tests::{
    conformance::Database,
    harness::{Stage, Then, now},
    on_both_databases,
};
use simulator::{AccountState, TokenError};

use super::alive::{LOOKED_AT, connect, ends, renew};
use crate::flow::{BAKERY, BOOKS};

on_both_databases!(
    a_limit_that_two_accounts_are_told_holds_for_their_app,
    a_row_that_cannot_be_opened_keeps_nobody_waiting,
);

/// The first of Max's.
const AACHEN: &str = "locations/20610000000000";
/// One of two credentials is overwritten by the other.
const EXCHANGED: &str =
    "UPDATE vault SET sealed = (SELECT sealed FROM vault WHERE kind = 'credential' ORDER BY owner LIMIT 1)
    WHERE kind = 'credential' AND owner = (SELECT max(owner) FROM vault WHERE kind = 'credential')";
/// Both were due before the one that was renewed ends: what comes later than that was moved.
const STILL_DUE: &str =
    "SELECT count(*) FROM refresh WHERE due_at < (SELECT max(created_at) FROM refresh) + 3480000000";
const FAILING: &str = "SELECT count(*) FROM refresh WHERE problem IS NOT NULL";

/// C42: three accounts are read when their tokens have three minutes left. The provider says to two that it is asked too often: the
/// third is not asked for, is not marked as failing, and its last moments serve. When that is over, all are renewed.
///
/// Mutant seen: when each account finds it out by itself, there is a third request, and this fails.
async fn a_limit_that_two_accounts_are_told_holds_for_their_app(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let mut links = vec![];
    for (persona, listing) in [("olive", BAKERY), ("bea", BOOKS), ("max", AACHEN)] {
        links.push(connect(&stage.agency, persona, listing).await?);
    }
    let tenant = TenantId::of(stage.agency.id.parse::<AgencyId>()?, Mode::Live);
    for limited in ["olive", "bea"] {
        ends(&stage, limited, TokenError::RateLimited).await;
    }
    let (asked, late) = (stage.token_requests(), now() + TimeDelta::minutes(57));
    let then = Then::at(&stage, late).await?;
    for link in &links {
        let integration = link.integration.parse()?;
        let fresh = then.installation().app.fresh_credential(tenant, integration).await?;
        assert!(fresh.expires_at.is_some_and(|end| end > late));
    }
    then.installation().app.renew_due(Share::ALL).await?;
    then.close().await;
    assert_eq!(stage.token_requests(), asked + 2);
    assert_eq!(stage.database.number(FAILING).await?, 2);

    for well in ["olive", "bea"] {
        stage.google.set_account(well, AccountState::default()).await;
    }
    renew(&stage, late + TimeDelta::minutes(2)).await?;
    assert_eq!(stage.token_requests(), asked + 5);
    assert_eq!(stage.database.number(FAILING).await?, 0);
    Ok(())
}

/// VA-6: somebody exchanged a credential's row for another's. It does not open, and comes again later, so that those behind it in the
/// queue have their turn.
///
/// Mutant seen: when such a row stays due, this fails.
async fn a_row_that_cannot_be_opened_keeps_nobody_waiting(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    connect(&stage.agency, "olive", BAKERY).await?;
    connect(&stage.agency, "bea", BOOKS).await?;
    renew(&stage, now()).await?;
    until!("they are looked at", stage.database.number(LOOKED_AT).await? == 2);
    stage.database.execute(EXCHANGED).await?;
    let asked = stage.token_requests();
    renew(&stage, now() + TimeDelta::minutes(58)).await?;
    assert_eq!(stage.token_requests(), asked + 1);
    assert_eq!(stage.database.number(STILL_DUE).await?, 0);
    Ok(())
}
