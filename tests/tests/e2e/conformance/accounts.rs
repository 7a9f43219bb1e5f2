//! Whose turn it is at a provider account: one holder's at a time, until it ends it or its time is over.

use std::time::Duration;

use application::ports::accounts::AccountKey;
use futures_util::future::join_all;
use grantlink_tests::conformance::{Database, id};

grantlink_tests::on_both_databases!(
    a_turn_is_one_holders_at_a_time,
    a_turn_that_nobody_ended_is_over_when_its_time_is,
    of_many_who_want_a_turn_at_once_one_gets_it,
);

const LONG: Duration = Duration::from_mins(1);
/// Over before anybody looks.
const NONE: Duration = Duration::ZERO;

/// An account that nobody else is at.
fn account() -> AccountKey {
    let mut key = [0; 32];
    key[..16].copy_from_slice(id().as_bytes());
    key
}

/// B45: on two nodes; another account is another turn, and only who has it can end it.
///
/// Mutants: when a turn can be taken whoever has it, this fails; and so it does when anybody can end it.
async fn a_turn_is_one_holders_at_a_time(database: Database) -> anyhow::Result<()> {
    let (here, there) = (database.open().await?, database.open().await?);
    let (account, other, first, second) = (account(), account(), id(), id());
    assert!(here.accounts.take(&account, first, LONG).await?);
    assert!(!there.accounts.take(&account, second, LONG).await?);
    assert!(there.accounts.take(&other, second, LONG).await?);
    assert!(!there.accounts.end(&account, second).await?, "it is not the second's");
    assert!(!there.accounts.take(&account, second, LONG).await?);
    assert!(here.accounts.end(&account, first).await?);
    assert!(there.accounts.take(&account, second, LONG).await?);
    Ok(())
}

/// B45: a node that was killed keeps nobody away for ever, and hears that it was too slow.
///
/// Mutant: when a turn's time is not looked at, nobody ever gets it again, and this fails.
async fn a_turn_that_nobody_ended_is_over_when_its_time_is(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let (account, slow, quick) = (account(), id(), id());
    assert!(stores.accounts.take(&account, slow, NONE).await?);
    assert!(stores.accounts.take(&account, quick, LONG).await?);
    assert!(
        !stores.accounts.end(&account, slow).await?,
        "somebody may have decided meanwhile"
    );
    assert!(stores.accounts.end(&account, quick).await?);
    Ok(())
}

/// B45: the decision is the database's.
async fn of_many_who_want_a_turn_at_once_one_gets_it(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let account = account();
    let wanted = (0..20).map(|_| stores.accounts.take(&account, id(), LONG));
    let got = wanted.collect::<Vec<_>>();
    let got: Vec<bool> = join_all(got.into_iter().map(|take| async { take.await.is_ok_and(|got| got) })).await;
    assert_eq!(got.into_iter().filter(|got| *got).count(), 1);
    Ok(())
}
