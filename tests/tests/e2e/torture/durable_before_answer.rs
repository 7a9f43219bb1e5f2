//! ES-14: an answer is given once what it acknowledges is on disk. A kill cannot show that, because the system's cache survives it;
//! the order of system calls does.

use adapters::sql::Stores;
use anyhow::{bail, ensure};
use grantlink_tests::{
    conformance::{Database, Kind, run},
    scale::scaled,
    seed::seed,
    torture::{Appender, Client, Outcome, Postgres, Trace, figure, unsynced_answers},
};

use super::APPENDER;

/// What happens once in a while stays away, so that every write and sync is that of an append.
const SETTINGS: [&str; 4] = [
    "checkpoint_timeout=1h",
    "autovacuum=off",
    "wal_writer_delay=10s",
    "bgwriter_lru_maxpages=0",
];

/// ES-14. Mutants `mutant-answer-before-commit` and `mutant-synchronous-off`: both answer before the write-ahead log is synced.
#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_no_answer_is_given_before_the_log_is_on_disk() -> anyhow::Result<()> {
    run(Kind::Sqlite, async |database: Database| {
        every_answer_is_durable(&database, &[], "log.db-wal").await
    })
    .await
}

/// ES-14. The node and those of the server's processes that write its log are watched together.
///
/// Mutants: as on `SQLite`.
#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_no_answer_is_given_before_the_log_is_on_disk() -> anyhow::Result<()> {
    let server = Postgres::start(&SETTINGS).await?;
    let database = Database::on_server(server.url()).await?;
    let writers =
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'grantlink-log' OR backend_type = 'walwriter'";
    every_answer_is_durable(&database, &[writers], "/wal/").await
}

/// Appends one by one under watch; `watched` tells whom to watch besides the node.
async fn every_answer_is_durable(database: &Database, watched: &[&'static str], log: &str) -> anyhow::Result<()> {
    let (appends, mut client) = (scaled(50), Client::new(seed(), 0));
    let appender = Appender::start(APPENDER, database).await?;
    let reader = database.open().await?;
    append(&appender, &reader, &mut client, 10).await?; // so that connections and statements are prepared
    let mut processes = vec![appender.pid()?];
    for &whom in watched {
        let found: Vec<i32> = sqlx::query_scalar(whom)
            .fetch_all(&mut database.connection().await?)
            .await?;
        processes.extend(found.into_iter().filter_map(|pid| u32::try_from(pid).ok()));
        ensure!(processes.len() >= 3, "one who writes the log is missing: {processes:?}");
    }
    let trace = Trace::attach(&processes)?;
    append(&appender, &reader, &mut client, appends).await?;
    let trace = trace.detach()?;
    let (answers, unsynced) = unsynced_answers(&trace, log)?;
    ensure!(
        answers == appends,
        "{answers} answers are in the trace of {appends} appends"
    );
    ensure!(
        unsynced.is_empty(),
        "{} of {answers} answers came before the sync: {unsynced:?}",
        unsynced.len()
    );
    figure(&format!("{answers} appends, {answers} synced before the answer"))
}

/// Asks again only when nothing is left to be written, also where the answer came too early: the trace then shows which write
/// belongs to which order.
async fn append(appender: &Appender, reader: &Stores, client: &mut Client, times: usize) -> anyhow::Result<()> {
    let mut line = appender.line();
    for _ in 0..times {
        let order = client.plain_order();
        let outcome = line.ask(&order).await?;
        let Outcome::Committed(position) = outcome else {
            bail!("order {} was answered {outcome:?}", order.number)
        };
        while reader.log.head().await?.0 < position {}
        client.learn(&order, true, &outcome)?;
    }
    Ok(())
}
