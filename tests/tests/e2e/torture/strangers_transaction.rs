//! ES-6: what strangers leave open in the database hides nothing and stops nobody.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use application::ports::log::EventLog;
use domain::log::Position;
use grantlink_tests::{
    conformance::{Database, Draft, Kind, run, stream},
    scale::scaled,
};
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, timeout},
};

grantlink_tests::on_both_databases!(a_reader_that_stays_open_stops_nobody);

/// 50 a second.
const BETWEEN_APPENDS: Duration = Duration::from_millis(20);
const LONGEST_LAG: Duration = Duration::from_secs(1);
/// An open transaction that has written, so that it holds back the server's horizon.
const WRITE_ELSEWHERE: &str =
    "BEGIN; CREATE TEMPORARY TABLE left_open (number bigint); INSERT INTO left_open VALUES (1)";
const WRITE_HERE: &str = "BEGIN; INSERT INTO images (hash, media_type, bytes) VALUES ('left open', 'image/png', '')";
const IS_OPEN: &str = "SELECT pg_current_xact_id_if_assigned() IS NOT NULL";
/// A dump that has read its first row, and holds its snapshot and its cursor.
const DUMP: &str =
    "BEGIN ISOLATION LEVEL REPEATABLE READ; DECLARE dump CURSOR FOR SELECT * FROM events; FETCH 1 FROM dump";

/// ES-6: a transaction that writes in another database of the server, and one that writes in ours, stay open all the while;
/// whoever tails the log sees each append within a second all the same.
/// Mutant: a page that leaves out what is behind the oldest open transaction (`AND xmin::text::bigint <
/// pg_snapshot_xmin(pg_current_snapshot())::text::bigint`) shows nothing here.
#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_open_transaction_hides_no_append() -> anyhow::Result<()> {
    run(Kind::Postgres, async |database: Database| {
        let server = std::env::var("GRANTLINK_TEST_POSTGRES").context("no server is named")?;
        let mut elsewhere = PgConnection::connect(&server).await?;
        let mut here = database.connection().await?;
        elsewhere.execute(WRITE_ELSEWHERE).await?;
        here.execute(WRITE_HERE).await?;

        let appends = scaled(150);
        let (one, other) = (database.open().await?.log, database.open().await?.log);
        let seen = tokio::spawn(watch(other, appends));
        let answered = append_steadily(one, appends).await?;
        let seen = timeout(LONGEST_LAG * 10, seen)
            .await
            .context("something stays hidden")?;
        let lags = lags(&answered, &seen??)?;

        for stranger in [&mut elsewhere, &mut here] {
            let open: bool = sqlx::query_scalar(IS_OPEN).fetch_one(stranger).await?;
            ensure!(open, "the stranger's transaction did not stay open");
        }
        let p99 = lags[lags.len() * 99 / 100];
        println!(
            "{appends} appends beside open transactions: lag p50 {:?}, p99 {p99:?}",
            lags[lags.len() / 2]
        );
        ensure!(p99 < LONGEST_LAG, "the lag's p99 is {p99:?}");
        Ok(())
    })
    .await
}

/// Appends at its own pace, whatever the answers take. When each position was answered.
async fn append_steadily(log: Arc<dyn EventLog>, appends: usize) -> anyhow::Result<HashMap<Position, Instant>> {
    let mut pace = tokio::time::interval(BETWEEN_APPENDS);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut under_way = JoinSet::new();
    for _ in 0..appends {
        pace.tick().await;
        let log = Arc::clone(&log);
        under_way.spawn(async move {
            let committed = log.commit(Draft::default().appends(&stream(), 0).commit()).await?;
            anyhow::Ok((committed.position, Instant::now()))
        });
    }
    under_way.join_all().await.into_iter().collect()
}

/// Follows the log by polling. When each position was seen.
async fn watch(log: Arc<dyn EventLog>, events: usize) -> anyhow::Result<Vec<(Position, Instant)>> {
    let mut seen: Vec<(Position, Instant)> = Vec::new();
    while seen.len() < events {
        let after = seen.last().map_or(Position(0), |(position, _)| *position);
        let page = log.page(after, 100).await?;
        let now = Instant::now();
        seen.extend(page.into_iter().map(|event| (event.position, now)));
        tokio::time::sleep(Duration::from_millis(2)).await; // the next poll
    }
    Ok(seen)
}

/// How long after its answer each append was seen, sorted.
fn lags(answered: &HashMap<Position, Instant>, seen: &[(Position, Instant)]) -> anyhow::Result<Vec<Duration>> {
    let lag = |(position, at): &(Position, Instant)| {
        let answered = answered.get(position).context("somebody else's event was seen")?;
        Ok(at.saturating_duration_since(*answered))
    };
    let mut lags = seen.iter().map(lag).collect::<anyhow::Result<Vec<_>>>()?;
    lags.sort_unstable();
    Ok(lags)
}

/// ES-6: a dump, or a report that reads for hours, keeps its snapshot while appends go on. How much slower they are is printed,
/// and no gate: it is a benchmark's business.
/// Mutant: a stranger that locks the table instead of reading it (`LOCK TABLE events`, `BEGIN IMMEDIATE`) makes this fail.
async fn a_reader_that_stays_open_stops_nobody(database: Database) -> anyhow::Result<()> {
    let log = database.open().await?.log;
    let appends = scaled(40);
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    append_one_by_one(&log, appends, &mut alone).await?;
    let mut reader = Reader::open(&database).await?;
    for _ in 0..3 {
        append_one_by_one(&log, appends, &mut beside).await?;
    }
    ensure!(
        reader.events().await? == i64::try_from(appends)?,
        "the reader's snapshot moved"
    );
    drop(reader);
    append_one_by_one(&log, appends, &mut alone).await?;
    ensure!(log.head().await? == Position(5 * appends as u64));
    for durations in [&mut alone, &mut beside] {
        durations.sort_unstable();
    }
    println!(
        "median of an append on {:?}: alone {:?}, beside an open reader {:?}",
        database.kind(),
        alone[alone.len() / 2],
        beside[beside.len() / 2]
    );
    Ok(())
}

async fn append_one_by_one(
    log: &Arc<dyn EventLog>,
    appends: usize,
    durations: &mut Vec<Duration>,
) -> anyhow::Result<()> {
    for _ in 0..appends {
        let started = Instant::now();
        log.commit(Draft::default().appends(&stream(), 0).commit()).await?;
        durations.push(started.elapsed());
    }
    Ok(())
}

/// A stranger in the middle of a long read.
enum Reader {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Reader {
    async fn open(database: &Database) -> anyhow::Result<Self> {
        let mut reader = match database.kind() {
            Kind::Sqlite => {
                let mut connection = SqliteConnection::connect(&database.path()?.to_string_lossy()).await?;
                connection.execute("BEGIN").await?;
                Self::Sqlite(connection)
            }
            Kind::Postgres => {
                let mut connection = database.connection().await?;
                connection.execute(DUMP).await?;
                Self::Postgres(connection)
            }
        };
        reader.events().await?; // the snapshot is taken here, on SQLite
        Ok(reader)
    }

    /// How many events it sees.
    async fn events(&mut self) -> anyhow::Result<i64> {
        Ok(match self {
            Self::Sqlite(connection) => {
                sqlx::query_scalar("SELECT count(*) FROM events")
                    .fetch_one(connection)
                    .await?
            }
            Self::Postgres(connection) => {
                sqlx::query_scalar("SELECT count(*) FROM events")
                    .fetch_one(connection)
                    .await?
            }
        })
    }
}
