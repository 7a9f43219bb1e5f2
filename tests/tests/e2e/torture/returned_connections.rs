//! ES-4: what a pool does with the connections of callers that left.

use std::time::{Duration, Instant};

use adapters::postgres;
use anyhow::ensure;
use grantlink_tests::{
    conformance::{Database, Kind, dropped_after, id, run},
    scale::scaled,
};
use sqlx::{Executor, PgPool, postgres::PgPoolOptions};
use tokio::{task::JoinSet, time::timeout};

use super::line::Line;

const CONNECTIONS: u32 = 10;
/// A pool has all its connections again after so long.
const RECOVERY: Duration = Duration::from_secs(5);
/// A mutant must be noticed within so long.
const LONGEST_HUNT: Duration = Duration::from_mins(1);
const INSERT: &str = "INSERT INTO images (hash, media_type, bytes) VALUES ($1, 'image/png', '')";
const STANDS: &str = "SELECT EXISTS (SELECT FROM images WHERE hash = $1)";

/// ES-4: a `begin` is dropped at each point where it can wait, and the next caller writes without a transaction of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_pool_with_the_hook_loses_nothing_that_was_acknowledged() -> anyhow::Result<()> {
    run(Kind::Postgres, async |database: Database| {
        let options = postgres::Options {
            connections: 1,
            ..database.options()?
        };
        let pool = postgres::open_pool(&options).await?;
        let lost = lost_after_ok(&database, &pool, scaled(5)).await?;
        ensure!(lost == 0, "{lost} acknowledged rows are gone");
        Ok(())
    })
    .await
}

/// ES-4, the mutant: the same pool without the hook hands on an open transaction, and what is written into it vanishes. When
/// this fails, the driver has learned to do without.
#[tokio::test(flavor = "multi_thread")]
async fn a_pool_without_the_hook_loses_what_was_acknowledged() -> anyhow::Result<()> {
    run(Kind::Postgres, async |database: Database| {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .connect(&database.url()?)
            .await?;
        // Where a `begin` is cut is for the scheduler to say, so it is looked for until it is found.
        let mut lost = 0;
        let until = Instant::now() + LONGEST_HUNT;
        while lost == 0 && Instant::now() < until {
            lost = lost_after_ok(&database, &pool, 10).await?;
        }
        ensure!(lost > 0, "it was not noticed");
        Ok(())
    })
    .await
}

/// How many rows are gone though the database acknowledged them.
async fn lost_after_ok(database: &Database, pool: &PgPool, rounds: usize) -> anyhow::Result<usize> {
    let mut witness = database.connection().await?;
    let mut lost = 0;
    for polls in (0..rounds).flat_map(|_| 1..=8) {
        dropped_after(polls, pool.begin()).await;
        let hash = id().to_string();
        pool.execute(sqlx::query(INSERT).bind(hash.clone())).await?;
        let stands: bool = sqlx::query_scalar(STANDS).bind(hash).fetch_one(&mut witness).await?;
        lost += usize::from(!stands);
    }
    Ok(lost)
}

/// ES-4: the line falls silent while every connection is on its way back to the pool: nothing fails, nothing answers. The pool
/// gives them up in time and opens others.
/// Mutant: a hook that waits without a limit keeps each connection's place for ever (sqlx, issue 4349), and nobody gets one any
/// more.
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_never_come_back_are_replaced() -> anyhow::Result<()> {
    run(Kind::Postgres, async |database: Database| {
        let line = Line::before(&database.url()?).await?;
        let mut options = postgres::Options::new(line.url().to_owned().into());
        options.connections = CONNECTIONS;
        let pool = postgres::open_pool(&options).await?;
        for _ in 0..scaled(1) {
            let mut work = Vec::new();
            for _ in 0..CONNECTIONS {
                work.push(pool.begin().await?);
            }
            line.fall_silent();
            drop(work);
            let full = timeout(RECOVERY, all_at_once(&pool)).await;
            ensure!(
                full.is_ok(),
                "only {} connections, {} of them idle",
                pool.size(),
                pool.num_idle()
            );
            full??;
        }
        Ok(())
    })
    .await
}

/// Takes every connection that the pool may have, at the same time.
async fn all_at_once(pool: &PgPool) -> anyhow::Result<()> {
    let mut callers = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let pool = pool.clone();
        callers.spawn(async move { pool.acquire().await });
    }
    let mut taken = Vec::new();
    while let Some(caller) = callers.join_next().await {
        taken.push(caller??);
    }
    Ok(())
}
