//! One order: positions without gaps, in the order of commits, and a time that never goes backwards.

use std::sync::Arc;

use application::ports::log::EventLog;
use domain::log::{Position, Recorded};
use grantlink_tests::conformance::{Database, Draft, stream, tenant};
use tokio::task::JoinSet;

grantlink_tests::on_both_databases!(
    whoever_tails_the_log_sees_every_event_once_and_in_order,
    two_nodes_share_one_order,
    time_never_goes_backwards,
    a_page_is_short_only_at_the_head,
    a_tenant_that_pages_while_all_write_sees_its_own_events_once,
);

const COMMITTERS: u64 = 8;
const COMMITS: u64 = 25;

async fn whoever_tails_the_log_sees_every_event_once_and_in_order(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let mut committers = JoinSet::new();
    let mut readers = JoinSet::new();
    for _ in 0..COMMITTERS {
        committers.spawn(commit_often(Arc::clone(&stores.log)));
    }
    for _ in 0..4 {
        readers.spawn(tail(Arc::clone(&stores.log), COMMITTERS * COMMITS * 2));
    }
    for done in committers.join_all().await {
        done?;
    }
    let log = stores.log.page(Position(0), 1_000).await?;
    let expected: Vec<u64> = (1..=COMMITTERS * COMMITS * 2).collect();
    assert_eq!(log.iter().map(|event| event.position.0).collect::<Vec<_>>(), expected);
    for seen in readers.join_all().await {
        assert_eq!(seen?, log);
    }
    Ok(())
}

/// Two events in each commit, and now and then one that conflicts, which must leave no gap.
async fn commit_often(log: Arc<dyn EventLog>) -> anyhow::Result<()> {
    let mine = stream();
    for version in 0..COMMITS {
        log.commit(Draft::default().appends(&mine, version).appends(&stream(), 0).commit())
            .await?;
        if version % 5 == 0 {
            let stale = log
                .commit(Draft::default().appends(&stream(), 0).appends(&mine, version).commit())
                .await;
            anyhow::ensure!(stale.is_err(), "a stale commit was accepted");
        }
    }
    Ok(())
}

/// Follows the log as a projection does: pages behind its own position, and sleeps only on the announcement.
async fn tail(log: Arc<dyn EventLog>, until: u64) -> anyhow::Result<Vec<Recorded>> {
    let mut committed = log.committed();
    let mut seen: Vec<Recorded> = Vec::new();
    loop {
        committed.borrow_and_update();
        let after = seen.last().map_or(Position(0), |event| event.position);
        let page = log.page(after, 7).await?;
        let at_the_head = page.len() < 7;
        seen.extend(page);
        if seen.len() as u64 >= until {
            return Ok(seen);
        }
        if at_the_head {
            committed.changed().await?;
        }
    }
}

/// Mutants: without the lock around the positions (`PostgreSQL`), or with a transaction that takes it late (`SQLite`), the nodes
/// collide on them.
async fn two_nodes_share_one_order(database: Database) -> anyhow::Result<()> {
    let (one, other) = (database.open().await?, database.open().await?);
    let mut committers = JoinSet::new();
    for node in [&one, &other, &one, &other] {
        committers.spawn(commit_often(Arc::clone(&node.log)));
    }
    for done in committers.join_all().await {
        done?;
    }
    let seen = other.log.page(Position(0), 1_000).await?;
    let expected: Vec<u64> = (1..=4 * COMMITS * 2).collect();
    assert_eq!(seen.iter().map(|event| event.position.0).collect::<Vec<_>>(), expected);
    assert!(seen.is_sorted_by_key(|event| event.recorded_at));
    Ok(())
}

/// The clock falls behind what the log holds: the log's time stands still until the clock has caught up.
/// Mutant: with the earlier of the two times this fails.
async fn time_never_goes_backwards(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    // 2100-01-01, as if a clock had once been wrong. Zeros stand for ids and hashes, which this story does not read.
    database
        .execute(match database.kind() {
            grantlink_tests::conformance::Kind::Sqlite => {
                "INSERT INTO events (position, event_id, tenant_id, aggregate_type, aggregate_id, sequence, event_type,
                    event_version, payload, metadata, recorded_at, hash)
                 VALUES (1, zeroblob(16), zeroblob(16), 'integration', 'x', 1, 'Connected', '1', '{}', '{}',
                    4102444800000000, zeroblob(32))"
            }
            grantlink_tests::conformance::Kind::Postgres => {
                "INSERT INTO events (position, event_id, tenant_id, aggregate_type, aggregate_id, sequence, event_type,
                    event_version, payload, metadata, recorded_at, hash)
                 VALUES (1, '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', 'integration',
                    'x', 1, 'Connected', '1', '{}', '{}', 4102444800000000, decode(repeat('00', 32), 'hex'))"
            }
        })
        .await?;
    let committed = stores
        .log
        .commit(Draft::default().appends(&stream(), 0).commit())
        .await?;
    assert_eq!(committed.position, Position(2));
    assert_eq!(committed.recorded_at.timestamp_micros(), 4_102_444_800_000_000);
    Ok(())
}

async fn a_page_is_short_only_at_the_head(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    assert!(stores.log.page(Position(0), 10).await?.is_empty());
    let mut draft = Draft::of(tenant());
    for _ in 0..25 {
        draft = draft.appends(&stream(), 0);
    }
    stores.log.commit(draft.commit()).await?;
    let lengths = [(0, 10), (10, 10), (20, 5), (25, 0)];
    for (after, length) in lengths {
        assert_eq!(stores.log.page(Position(after), 10).await?.len(), length);
    }
    for (after, length) in lengths {
        let moved = stores.log.moved(Position(after), 10).await?;
        let page = stores.log.page(Position(after), 10).await?;
        assert_eq!(moved.len(), length);
        for (moved, event) in moved.iter().zip(&page) {
            assert_eq!(moved.position, event.position);
            assert_eq!(
                (&moved.aggregate_type, &moved.aggregate_id),
                (&event.aggregate_type, &event.aggregate_id)
            );
        }
    }
    assert_eq!(*stores.log.committed().borrow(), Position(25));
    Ok(())
}

/// ES-5, API-5: pages of one tenant hold its events, each once and in their order, and no other's, whoever writes meanwhile.
/// Mutant: without the tenant in the statement this fails.
async fn a_tenant_that_pages_while_all_write_sees_its_own_events_once(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let (mine, total) = (tenant(), usize::try_from(COMMITTERS / 2 * COMMITS)?);
    let mut committers = JoinSet::new();
    for number in 0..COMMITTERS {
        let (log, tenant) = (Arc::clone(&stores.log), if number % 2 == 0 { mine } else { tenant() });
        committers.spawn(async move {
            for _ in 0..COMMITS {
                log.commit(Draft::of(tenant).appends(&stream(), 0).commit()).await?;
            }
            anyhow::Ok(())
        });
    }
    let mut committed = stores.log.committed();
    let mut seen: Vec<Recorded> = Vec::new();
    while seen.len() < total {
        committed.borrow_and_update();
        let after = seen.last().map_or(Position(0), |event| event.position);
        let page = stores.log.page_of(mine, after, 7).await?;
        let at_the_end = page.len() < 7;
        seen.extend(page);
        if at_the_end && seen.len() < total {
            committed.changed().await?;
        }
    }
    for done in committers.join_all().await {
        done?;
    }
    let log = stores.log.page(Position(0), 1_000).await?;
    let own: Vec<_> = log.into_iter().filter(|event| event.tenant_id == mine).collect();
    assert_eq!(seen, own);
    assert_eq!(seen.len(), total);
    Ok(())
}
