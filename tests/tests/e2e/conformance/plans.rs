//! What `PostgreSQL` reads for an answer: a few rows through an index, however large a table has become.

use std::collections::HashMap;

use anyhow::Context;
use application::ports::log::CommitError;
use domain::{Timestamp, log::Position};
use futures_util::future::try_join_all;
use grantlink_tests::conformance::{Database, Draft, Kind, row, run, stream, tenant};

/// Rows of each table: more than a planner likes to pass by.
const ROWS: usize = 4_000;
/// What is asked at the same time, so that questions share a statement.
const ASKED: usize = 50;
/// So many of the rows that are kept are old.
const OLD: i64 = 10;
const COUNTS: [&str; 3] = [
    "SELECT count(*) FROM receipts",
    "SELECT count(*) FROM attempts",
    "SELECT count(*) FROM job",
];
/// Each row is a microsecond younger than the one before.
const LONG_KEPT: [&str; 6] = [
    "INSERT INTO receipts SELECT 'tenant', 'route', 'key-' || n, '', '', n FROM generate_series(1, 4000) AS n",
    "INSERT INTO attempts (id, link_id, tenant_id, agency_id, host, browser_hash, state_hash, nonce, provider, app_owner,
         app_client_id, issuer, redirect_uri, started_at, stage)
     SELECT 'attempt-' || n, '', '', '', '', '', ('state-' || n)::bytea, '', '', '', '', '', '', n, 'completed'
     FROM generate_series(1, 4000) AS n",
    "INSERT INTO job (id, kind, payload, created_at, run_at, state, ended_at)
     SELECT 'job-' || n, 'sync', '{}', n, n, 'done', n FROM generate_series(1, 4000) AS n",
    "ANALYZE receipts",
    "ANALYZE attempts",
    "ANALYZE job",
];
/// What was read of each table as it lies, and of each index.
const ROWS_READ: &str = "SELECT relname || ' as it lies', seq_tup_read FROM pg_stat_user_tables
    UNION ALL SELECT indexrelname::text, idx_tup_read FROM pg_stat_user_indexes";

/// Reads of streams and secrets, and commits that conflict, known ones and ones that stand read a few rows each.
///
/// Mutants: a grouped read of the vault without its LIMIT, `at` with IN where it has ANY, and a tenant's page without its index go through a whole table for one answer,
/// and this fails.
#[tokio::test(flavor = "multi_thread")]
async fn no_answer_needs_a_whole_table() -> anyhow::Result<()> {
    run(Kind::Postgres, async |database: Database| {
        let (moved_on, places) = filled(&database).await?;
        let before = rows_read(&database).await?;

        let stores = database.open().await?;
        let known = Draft::default().appends(&stream(), 0).receipt("key", b"body");
        stores.log.commit(known.commit()).await?;
        let reads = (0..ASKED).map(|number| {
            let (stores, moved_on, known, place) = (&stores, &moved_on, &known, &places[number]);
            async move {
                anyhow::ensure!(stores.log.load(moved_on, 0).await?.len() == 2, "a stream of two");
                anyhow::ensure!(stores.vault.get(place).await?.is_some(), "a secret");
                let conflict = stores.log.commit(Draft::default().appends(moved_on, 1).commit()).await;
                anyhow::ensure!(matches!(conflict, Err(CommitError::Conflict(_))), "a conflict");
                stores.log.commit(known.commit()).await?;
                let new = Draft::default().reads(moved_on, 2).appends(&stream(), 0);
                Ok(stores.log.commit(new.commit()).await?)
            }
        });
        try_join_all(reads).await?;
        stores.log.moved(Position(ROWS as u64), 10).await?;
        stores.log.at(&[Position(5), Position(7)]).await?;
        let strangers = stores.log.page_of(tenant(), Position(0), 10).await?;
        anyhow::ensure!(strangers.is_empty(), "a tenant without events has a page");
        stores.close().await;

        for (name, read) in rows_read(&database).await? {
            let read = read - before.get(&name).copied().unwrap_or_default();
            let most = 20 * i64::try_from(ASKED)?;
            anyhow::ensure!(read < most, "{read} of {name} were read for {ASKED} callers");
        }
        Ok(())
    })
    .await
}

/// What was old goes by age: of each table a few rows are read, however many are kept.
///
/// Mutant seen: without the index of the receipts' ages the whole table is read, and this fails.
#[tokio::test(flavor = "multi_thread")]
async fn keeping_house_reads_what_goes_and_not_what_stays() -> anyhow::Result<()> {
    run(Kind::Postgres, async |database: Database| {
        for statement in LONG_KEPT {
            database.execute(statement).await?;
        }
        let before = rows_read(&database).await?;
        let stores = database.open().await?;
        let until = Timestamp::from_timestamp_micros(OLD).context("a moment")?;
        for _ in 0..2 {
            stores.receipts.forget_some(until, 500).await?;
            stores.attempts.forget_some(until, 500).await?;
            stores.jobs.forget_some(until, 500).await?;
        }
        stores.close().await;
        for (name, read) in rows_read(&database).await? {
            let read = read - before.get(&name).copied().unwrap_or_default();
            anyhow::ensure!(read <= 20 * OLD, "{read} of {name} were read to find {OLD}");
        }
        for count in COUNTS {
            let left = database.number(count).await?;
            anyhow::ensure!(left == i64::try_from(ROWS)? - OLD, "{count}: {left}");
        }
        Ok(())
    })
    .await
}

/// Long tables that the planner knows to be long; and what stands in them.
async fn filled(database: &Database) -> anyhow::Result<(domain::log::StreamId, Vec<application::ports::vault::Place>)> {
    let (stores, moved_on, tenant) = (database.open().await?, stream(), tenant());
    let mut draft = Draft::of(tenant).appends(&moved_on, 0);
    let mut places = Vec::new();
    for _ in 0..ROWS {
        let row = row(tenant, b"sealed");
        draft = draft.appends(&stream(), 0).puts(&row);
        places.push(row.place);
    }
    stores.log.commit(draft.commit()).await?;
    stores
        .log
        .commit(Draft::of(tenant).appends(&moved_on, 1).commit())
        .await?;
    stores.close().await;
    database.execute("ANALYZE events").await?;
    database.execute("ANALYZE vault").await?;
    Ok((moved_on, places))
}

/// As counted by sessions that have ended: those that go on tell theirs late.
async fn rows_read(database: &Database) -> anyhow::Result<HashMap<String, i64>> {
    let mut connection = database.connection().await?;
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND backend_type = 'client backend'";
    while sqlx::query_scalar::<_, i64>(others).fetch_one(&mut connection).await? > 0 {
        tokio::task::yield_now().await;
    }
    let read: Vec<(String, i64)> = sqlx::query_as(ROWS_READ).fetch_all(&mut connection).await?;
    Ok(read.into_iter().collect())
}
