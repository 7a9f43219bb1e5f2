//! An idempotent call has one answer.

use application::ports::log::CommitError;
use domain::log::Position;
use grantlink_tests::conformance::{Database, Draft, stream, tenant};
use tokio::task::JoinSet;

grantlink_tests::on_both_databases!(
    the_loser_of_a_race_gets_the_winners_receipt,
    a_key_serves_each_tenant_on_its_own,
);

/// Mutant: without the look at the receipts under the lock, the losers get an error of the database instead.
async fn the_loser_of_a_race_gets_the_winners_receipt(database: Database) -> anyhow::Result<()> {
    let (stores, other_node) = (database.open().await?, database.open().await?);
    let tenant = tenant();
    let mut callers = JoinSet::new();
    for caller in 0..10_u8 {
        let draft = Draft::of(tenant).appends(&stream(), 0).receipt("key", &[caller]);
        let log = if caller % 2 == 0 {
            stores.log.clone()
        } else {
            other_node.log.clone()
        };
        callers.spawn(async move { (caller, log.commit(draft.commit()).await) });
    }
    let (mut winners, mut answers) = (vec![], vec![]);
    for (caller, outcome) in callers.join_all().await {
        match outcome {
            Ok(_) => winners.push(caller),
            Err(CommitError::Answered(receipt)) => answers.push(receipt),
            Err(error) => return Err(error.into()),
        }
    }
    assert_eq!((winners.len(), answers.len()), (1, 9));
    assert!(answers.iter().all(|receipt| receipt.answer == winners));
    assert_eq!(
        stores.log.receipt(&answers[0].key).await?.as_ref(),
        Some(answers[0].as_ref())
    );
    assert_eq!(stores.log.head().await?, Position(1));
    Ok(())
}

async fn a_key_serves_each_tenant_on_its_own(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    stores
        .log
        .commit(Draft::default().receipt("key", b"one").commit())
        .await?;
    stores
        .log
        .commit(Draft::default().receipt("key", b"two").commit())
        .await?;
    Ok(())
}
