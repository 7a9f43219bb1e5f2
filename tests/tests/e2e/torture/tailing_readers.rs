//! ES-5: no reader skips, repeats or reorders, however long an append takes between its choice of a position and its commit.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use application::ports::log::{CommitError, EventLog};
use domain::log::{Position, Recorded};
use grantlink_tests::{
    conformance::{Database, Draft, Kind, Stream, run, stream, trail},
    scale::scaled,
    seed::seed,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::{task::JoinSet, time::timeout};

use super::mutants;

grantlink_tests::on_both_databases!(every_reader_sees_what_stands_in_the_end);

const WRITERS: u64 = 8;
const READERS: usize = 4;
/// So long a mutant may go unnoticed.
const LONGEST_HUNT: Duration = Duration::from_mins(1);

/// The database pauses up to 50 ms where an append has its position and is not committed yet: now and then, at random.
const PAUSES_IN_POSTGRES: &str = "
    CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_sleep(random() * 0.05) WHERE random() < 0.2;
        RETURN NULL;
    END
    $$;
    CREATE TRIGGER pauses AFTER INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION pause()";
/// It cannot sleep there, so it works for nothing.
const PAUSES_IN_SQLITE: &str = "
    CREATE TRIGGER pauses AFTER INSERT ON events WHEN abs(random()) % 40 = 0 BEGIN
        SELECT length(hex(randomblob(1000000 + abs(random()) % 3000000)));
    END";

/// ES-5. On `PostgreSQL` the writers and the readers are spread over two nodes.
/// Mutants: positions that are not the order of commits, below; pages in any other order than that of positions.
async fn every_reader_sees_what_stands_in_the_end(database: Database) -> anyhow::Result<()> {
    let pauses = match database.kind() {
        Kind::Postgres => PAUSES_IN_POSTGRES,
        Kind::Sqlite => PAUSES_IN_SQLITE,
    };
    database.execute(pauses).await?;
    readers_see_what_stands(&database, scaled(100), seed()).await?;
    let log = database.open().await?.log;
    let positions: Vec<u64> = pages(&log, Position(0))
        .await?
        .iter()
        .map(|event| event.position.0)
        .collect();
    ensure!(
        positions.iter().copied().eq(1..=log.head().await?.0),
        "the positions have gaps"
    );
    Ok(())
}

/// ES-5, the mutant: positions from a sequence, as `bigserial` gives them, are not the order of commits. Some reader misses an
/// event within a minute.
#[tokio::test(flavor = "multi_thread")]
async fn positions_from_a_sequence_are_caught() -> anyhow::Result<()> {
    run(Kind::Postgres, async |database: Database| {
        mutants::number_by_a_sequence(&database).await?;
        database.execute(PAUSES_IN_POSTGRES).await?;
        let hunt = async {
            let mut seed = seed();
            loop {
                if let Err(caught) = readers_see_what_stands(&database, 10, seed).await {
                    return caught.to_string();
                }
                seed = seed.wrapping_add(1);
            }
        };
        let caught = timeout(LONGEST_HUNT, hunt).await.context("it was not noticed")?;
        ensure!(caught.starts_with("a reader saw"), "caught by chance: {caught}");
        Ok(())
    })
    .await
}

/// Eight writers append so often each, four readers follow: what each of them saw is what stands in the end.
async fn readers_see_what_stands(database: &Database, appends: usize, seed: u64) -> anyhow::Result<()> {
    let one = database.open().await?.log;
    let other = match database.kind() {
        Kind::Postgres => database.open().await?.log,
        Kind::Sqlite => Arc::clone(&one), // a file has one node
    };
    let start = one.head().await?;
    let written = Arc::new(AtomicBool::new(false));
    let mut readers = JoinSet::new();
    for node in [&one, &other, &one, &other].into_iter().cycle().take(READERS) {
        readers.spawn(tail(Arc::clone(node), start, Arc::clone(&written)));
    }
    let mut writers = JoinSet::new();
    for number in 0..WRITERS {
        let node = if number % 2 == 0 { &one } else { &other };
        writers.spawn(write(Arc::clone(node), appends, seed.wrapping_add(number)));
    }
    while let Some(writer) = writers.join_next().await {
        writer??;
    }
    written.store(true, Ordering::SeqCst);
    let log = pages(&one, start).await?;
    while let Some(reader) = readers.join_next().await {
        let seen = reader??;
        let differs = seen.iter().zip(&log).position(|(seen, stands)| seen != stands);
        ensure!(
            seen == log,
            "a reader saw {} of {} events; the first difference: {differs:?}",
            seen.len(),
            log.len()
        );
    }
    Ok(())
}

/// Appends, and one time in five first tries to append what must be refused.
async fn write(log: Arc<dyn EventLog>, appends: usize, seed: u64) -> anyhow::Result<()> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mine = stream();
    for version in 0..appends as u64 {
        if rng.random_ratio(1, 5) {
            be_refused(&log, &mine, version).await?;
        }
        let mut draft = Draft::default().appends(&mine, version);
        if rng.random_ratio(1, 4) {
            draft = draft.appends(&stream(), 0).observes(&trail(), "Opened", None);
        }
        log.commit(draft.commit()).await?;
    }
    Ok(())
}

async fn be_refused(log: &Arc<dyn EventLog>, mine: &Stream, version: u64) -> anyhow::Result<()> {
    let stale = Draft::default().appends(&stream(), 0).appends(mine, version + 1);
    match log.commit(stale.commit()).await {
        Err(CommitError::Conflict(stream)) if stream == *mine => Ok(()),
        outcome => bail!("a stale commit was not refused: {outcome:?}"),
    }
}

/// Follows the log as a projection on another node does, by asking for what stands behind its own place.
async fn tail(log: Arc<dyn EventLog>, start: Position, written: Arc<AtomicBool>) -> anyhow::Result<Vec<Recorded>> {
    let mut seen: Vec<Recorded> = Vec::new();
    loop {
        let nothing_comes_after = written.load(Ordering::SeqCst);
        let after = seen.last().map_or(start, |event| event.position);
        let page = log.page(after, 7).await?;
        if page.is_empty() && nothing_comes_after {
            return Ok(seen);
        }
        seen.extend(page);
    }
}

async fn pages(log: &Arc<dyn EventLog>, start: Position) -> anyhow::Result<Vec<Recorded>> {
    tail(Arc::clone(log), start, Arc::new(AtomicBool::new(true))).await
}
