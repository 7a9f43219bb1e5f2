//! Observations are appended at any version, skipped alone, and capped under the lock.

use domain::log::Position;
use grantlink_tests::conformance::{Database, Draft, stream, trail};
use tokio::task::JoinSet;

grantlink_tests::on_both_databases!(
    a_trail_numbers_its_observations_and_never_conflicts,
    a_known_observation_is_skipped_alone,
    a_trail_never_holds_more_of_a_type_than_its_cap,
    a_cap_counts_its_own_type_alone,
);

async fn a_trail_numbers_its_observations_and_never_conflicts(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let seen = trail();
    let mut observers = JoinSet::new();
    for _ in 0..20 {
        let draft = Draft::default()
            .observes(&seen, "Opened", None)
            .observes(&seen, "Revealed", None);
        let log = stores.log.clone();
        observers.spawn(async move { log.commit(draft.commit()).await });
    }
    for outcome in observers.join_all().await {
        outcome?;
    }
    let sequences: Vec<u64> = stores
        .log
        .load(&seen, 0)
        .await?
        .iter()
        .map(|event| event.sequence)
        .collect();
    assert_eq!(sequences, (1..=40).collect::<Vec<_>>());
    Ok(())
}

async fn a_known_observation_is_skipped_alone(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let (seen, link) = (trail(), stream());
    let first = Draft::default().observes(&seen, "Opened", None);
    let opened = stores.log.commit(first.commit()).await?;
    assert_eq!(stores.log.commit(first.commit()).await?.position, opened.position);

    let mut with_known = Draft::default()
        .appends(&link, 0)
        .observes(&seen, "Revealed", None)
        .commit();
    with_known.observations.insert(0, first.0.observations[0].clone());
    let committed = stores.log.commit(with_known).await?;

    assert_eq!(committed.position, Position(3));
    let trail = stores.log.load(&seen, 0).await?;
    let types: Vec<_> = trail
        .iter()
        .map(|event| (event.sequence, event.event_type.as_str()))
        .collect();
    assert_eq!(types, [(1, "Opened"), (2, "Revealed")]);
    Ok(())
}

/// Mutants: without the lock two nodes count at once; with a count that leaves out what the same commit adds, eight stand.
async fn a_trail_never_holds_more_of_a_type_than_its_cap(database: Database) -> anyhow::Result<()> {
    let (stores, other_node) = (database.open().await?, database.open().await?);
    let seen = trail();
    let mut observers = JoinSet::new();
    for number in 0..20 {
        let draft = Draft::default().observes(&seen, "Opened", Some(5));
        let log = if number % 2 == 0 {
            stores.log.clone()
        } else {
            other_node.log.clone()
        };
        observers.spawn(async move { log.commit(draft.commit()).await });
    }
    for outcome in observers.join_all().await {
        outcome?;
    }
    assert_eq!(stores.log.load(&seen, 0).await?.len(), 5);

    // Also within one commit.
    let crowded = trail();
    let draft = (0..8).fold(Draft::default(), |draft, _| draft.observes(&crowded, "Opened", Some(5)));
    stores.log.commit(draft.commit()).await?;
    assert_eq!(stores.log.load(&crowded, 0).await?.len(), 5);
    Ok(())
}

async fn a_cap_counts_its_own_type_alone(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let seen = trail();
    for event_type in ["Opened", "Opened", "Revealed", "Opened", "Revealed"] {
        stores
            .log
            .commit(Draft::default().observes(&seen, event_type, Some(2)).commit())
            .await?;
    }
    let kept: Vec<_> = stores
        .log
        .load(&seen, 0)
        .await?
        .into_iter()
        .map(|event| event.event_type)
        .collect();
    assert_eq!(kept, ["Opened", "Opened", "Revealed", "Revealed"]);
    Ok(())
}
