//! ES-2: an acknowledged event is never lost or doubled when the database crashes, and the node recovers by itself.

use anyhow::ensure;
use grantlink_tests::{
    conformance::Database,
    scale::scaled,
    seed::seed,
    torture::{Appender, Crowd, Postgres, audit, figure},
};
use rand::{SeedableRng, rngs::StdRng};

use super::{APPENDER, some_moment};

/// The background writer flushes by itself so seldom that only a commit that waits for its flush is safe.
const SETTINGS: [&str; 1] = ["wal_writer_delay=10s"];

/// ES-2. The node stays up throughout; clients are told "unavailable" at most, and ask again.
///
/// Mutant `mutant-synchronous-off`: a session that does not wait for the flush loses what it acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_or_doubled_by_crashing_the_database() -> anyhow::Result<()> {
    let (crashes, work, seed) = (scaled(4), scaled(400), seed());
    let mut chance = StdRng::seed_from_u64(seed);
    let mut server = Postgres::start(&SETTINGS).await?;
    let database = Database::on_server(server.url()).await?;
    ensure!(setting(&database, "SHOW fsync").await? == "on", "fsync must be on");
    let mut node = Appender::start(APPENDER, &database).await?;
    let born = node.pid()?;
    let mut crowd = Crowd::gather(seed, &[node.line()])?;
    for crash in 0..crashes {
        some_moment(&mut crowd, &mut chance, crash, crashes, work).await?;
        if crash % 2 == 0 {
            server.stop_immediately()?;
        } else {
            server.kill()?;
        }
        server.start_again().await?;
    }
    crowd.reaches(work).await?;
    let journal = crowd.disperse().await?;
    ensure!(node.pid()? == born, "the node did not stay up");
    node.kill().await?;
    let events = audit(&database.open().await?, &journal).await?;
    figure(&format!(
        "{crashes} crashes, {} commits, {events} events, 0 lost, 0 doubled",
        journal.len()
    ))
}

async fn setting(database: &Database, show: &'static str) -> anyhow::Result<String> {
    Ok(sqlx::query_scalar(show)
        .fetch_one(&mut database.connection().await?)
        .await?)
}
