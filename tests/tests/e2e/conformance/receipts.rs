//! An idempotent call has one answer.

use anyhow::Context;
use application::ports::log::CommitError;
use chrono::TimeDelta;
use domain::{Timestamp, log::Position};
use grantlink_tests::conformance::{Database, Draft, stream, tenant};
use tokio::task::JoinSet;

grantlink_tests::on_both_databases!(
    the_loser_of_a_race_gets_the_winners_receipt,
    a_key_serves_each_tenant_on_its_own,
    a_receipt_that_is_deleted_makes_room_for_another,
    old_receipts_are_deleted_some_at_a_time_and_newer_ones_stay,
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

/// Mutant: without the time in its condition, a receipt that was given anew is deleted with the old one's cut-off.
async fn a_receipt_that_is_deleted_makes_room_for_another(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let tenant = tenant();
    let given = |hour: i64, answer: &[u8]| {
        let mut draft = Draft::of(tenant).receipt("key", answer);
        if let Some(receipt) = &mut draft.0.receipt {
            receipt.created_at += TimeDelta::hours(hour);
        }
        draft.0
    };
    let key = given(0, b"").receipt.context("no receipt")?.key;
    let answer = async || anyhow::Ok(stores.log.receipt(&key).await?.map(|receipt| receipt.answer));
    stores.log.commit(given(0, b"old")).await?;
    let in_the_way = stores.log.commit(given(80, b"new")).await;
    assert!(matches!(in_the_way, Err(CommitError::Answered(_))));

    let cut_off = Timestamp::UNIX_EPOCH + TimeDelta::hours(8);
    stores.receipts.forget(&key, cut_off).await?;
    assert_eq!(answer().await?, None);
    stores.log.commit(given(80, b"new")).await?;
    stores.receipts.forget(&key, cut_off).await?; // whoever read the old one may be late
    assert_eq!(answer().await?.as_deref(), Some(b"new".as_slice()));
    Ok(())
}

/// Two nodes keep house at the same time.
async fn old_receipts_are_deleted_some_at_a_time_and_newer_ones_stay(database: Database) -> anyhow::Result<()> {
    let (stores, other_node) = (database.open().await?, database.open().await?);
    let tenant = tenant();
    for hour in 0..30_i64 {
        let mut draft = Draft::of(tenant).receipt(&format!("key-{hour}"), b"answer");
        if let Some(receipt) = &mut draft.0.receipt {
            receipt.created_at += TimeDelta::hours(hour);
        }
        stores.log.commit(draft.commit()).await?;
    }
    let cut_off = Timestamp::UNIX_EPOCH + TimeDelta::hours(24);
    assert_eq!(stores.receipts.forget_some(cut_off, 7).await?, 7);
    assert_eq!(database.number("SELECT count(*) FROM receipts").await?, 23);
    let (one, other) = tokio::join!(
        stores.receipts.forget_some(cut_off, 100),
        other_node.receipts.forget_some(cut_off, 100)
    );
    assert!(one? + other? >= 18);
    assert_eq!(stores.receipts.forget_some(cut_off, 100).await?, 0);
    assert_eq!(database.number("SELECT count(*) FROM receipts").await?, 5);
    Ok(())
}
