//! `SQLite`'s files: the write-ahead log stays short, readers hold nobody up, and a disk that takes no more is survived.

use std::{path::PathBuf, process::Command, sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use application::ports::{
    StoreError,
    log::{Commit, CommitError, Committed, EventLog},
};
use domain::log::Position;
use grantlink_tests::conformance::{Database, Draft, Kind, body, run, stream};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sqlx::{Connection, Executor, SqliteConnection};
use tokio::{task::JoinSet, time::timeout};

const MEBIBYTE: u64 = 1 << 20;
/// What the write-ahead log's file is cut to when it begins anew.
const SHORT: u64 = 16 * MEBIBYTE;
/// Longer than any append should take; as long as a writer waits that is held up by a reader.
const HELD_UP: Duration = Duration::from_secs(4);
/// Each of the callers appends one event of this length for every mebibyte.
const PAYLOAD: usize = 64 << 10;
const CALLERS: usize = 16;

/// Mutant: without the writer's part in the checkpoints the file grows to all that was written.
#[tokio::test(flavor = "multi_thread")]
async fn under_constant_load_the_write_ahead_log_stays_short() -> anyhow::Result<()> {
    run(Kind::Sqlite, async |database: Database| {
        let stores = database.open().await?;
        let longest = append(&stores.log, &database, 64).await?;
        ensure!(longest < 2 * SHORT, "the write-ahead log grew to {longest} bytes");
        Ok(())
    })
    .await
}

/// Mutant: with checkpoints that wait for readers (`RESTART`), appends wait for them too.
#[tokio::test(flavor = "multi_thread")]
async fn an_open_snapshot_and_a_backup_hold_no_append_up() -> anyhow::Result<()> {
    run(Kind::Sqlite, async |database: Database| {
        let stores = database.open().await?;
        stores
            .log
            .commit(Draft::default().appends(&stream(), 0).commit())
            .await?;
        let mut reader = SqliteConnection::connect(&database.path()?.to_string_lossy()).await?;
        reader.execute("BEGIN").await?;
        assert_eq!(events(&mut reader).await?, 1);

        let backup = database.path()?.with_file_name("backup.db");
        let copied = tokio::spawn(copy(database.path()?, backup.clone()));
        let longest = append(&stores.log, &database, 24).await?;
        copied.await??;

        assert!(longest > SHORT, "the snapshot kept nothing, so this proves nothing");
        assert_eq!(events(&mut reader).await?, 1);
        let mut copy = SqliteConnection::connect(&backup.to_string_lossy()).await?;
        let last: i64 = sqlx::query_scalar("SELECT max(position) FROM events")
            .fetch_one(&mut copy)
            .await?;
        assert_eq!(events(&mut copy).await?, last, "the backup has gaps");

        // The reader is done: what comes next finds the way free, and the file is cut.
        reader.close().await?;
        timeout(Duration::from_mins(1), async {
            while wal(&database)? > SHORT {
                append(&stores.log, &database, 1).await?;
            }
            anyhow::Ok(())
        })
        .await
        .context("the write-ahead log stays long")?
    })
    .await
}

/// ES-12: what is refused is told so and leaves nothing, what was acknowledged stays, reads go on, and so do appends as soon as
/// there is room. A limit on the size of files stands for the disk; it holds for a process, so the story has one of its own,
/// which ignores the signal that goes with it.
/// Mutant: when an append is answered whatever became of its write, none is ever refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_no_more_is_survived() -> anyhow::Result<()> {
    const ALONE: &str = "GRANTLINK_TEST_ALONE";
    const NAME: &str = "conformance::files::a_disk_that_takes_no_more_is_survived";
    if std::env::var_os(ALONE).is_some() {
        return run(Kind::Sqlite, on_a_full_disk).await;
    }
    let told = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$0\" --exact \"$1\" --nocapture"])
        .arg(std::env::current_exe()?)
        .arg(NAME)
        .env(ALONE, "1")
        .output()?;
    let said = String::from_utf8_lossy(&told.stdout);
    ensure!(
        told.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&told.stderr)
    );
    Ok(())
}

async fn on_a_full_disk(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    limit_files(Some(4 * MEBIBYTE))?;
    let (mut acknowledged, mut refused) = (0, 0);
    while refused < 20 {
        for outcome in crowd(&stores.log).await {
            match outcome {
                Ok(_) => acknowledged += 1,
                Err(CommitError::Store(StoreError::Unavailable(_))) => refused += 1,
                Err(error) => return Err(error.into()),
            }
        }
        ensure!(acknowledged < 1_000, "the disk is never full");
    }
    ensure!(acknowledged > 0, "the disk was full from the start");
    assert_eq!(stores.log.head().await?, Position(acknowledged));
    assert_eq!(stores.log.page(Position(0), 1_000).await?.len() as u64, acknowledged);

    limit_files(None)?;
    for outcome in crowd(&stores.log).await {
        outcome?;
        acknowledged += 1;
    }
    assert_eq!(stores.log.head().await?, Position(acknowledged));
    stores.close().await;
    let kept = database.open().await?.log.page(Position(0), 2_000).await?;
    let positions: Vec<u64> = kept.iter().map(|event| event.position.0).collect();
    assert_eq!(positions, (1..=acknowledged).collect::<Vec<_>>());
    Ok(())
}

fn limit_files(bytes: Option<u64>) -> anyhow::Result<()> {
    let maximum = getrlimit(Resource::Fsize).maximum;
    let current = bytes.or(maximum);
    setrlimit(Resource::Fsize, Rlimit { current, maximum })?;
    Ok(())
}

/// Eight commits that wait together, and so share batches.
async fn crowd(log: &Arc<dyn EventLog>) -> Vec<Result<Committed, CommitError>> {
    let mut commits = JoinSet::new();
    for _ in 0..8 {
        let (log, commit) = (log.clone(), large());
        commits.spawn(async move { log.commit(commit).await });
    }
    commits.join_all().await
}

fn large() -> Commit {
    let payload = format!("\"{}\"", "x".repeat(PAYLOAD));
    Draft::default()
        .appends_with(&stream(), 0, body("Connected", &payload))
        .commit()
}

/// Appends so many mebibytes under constant load, and answers how long the write-ahead log was at most.
async fn append(log: &Arc<dyn EventLog>, database: &Database, mebibytes: usize) -> anyhow::Result<u64> {
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (log, database) = (log.clone(), database.clone());
        callers.spawn(async move {
            let mut longest = 0;
            for _ in 0..mebibytes {
                let done = timeout(HELD_UP, log.commit(large())).await;
                done.context("an append was held up")??;
                longest = longest.max(wal(&database)?);
            }
            anyhow::Ok(longest)
        });
    }
    let mut longest = 0;
    for caller in callers.join_all().await {
        longest = longest.max(caller?);
    }
    Ok(longest)
}

/// How long the write-ahead log's file is.
fn wal(database: &Database) -> anyhow::Result<u64> {
    Ok(database.path()?.with_file_name("log.db-wal").metadata()?.len())
}

async fn events(connection: &mut SqliteConnection) -> anyhow::Result<i64> {
    Ok(sqlx::query_scalar("SELECT count(*) FROM events")
        .fetch_one(connection)
        .await?)
}

async fn copy(from: PathBuf, to: PathBuf) -> anyhow::Result<()> {
    let mut connection = SqliteConnection::connect(&from.to_string_lossy()).await?;
    let copy = sqlx::query("VACUUM INTO $1").bind(to.to_string_lossy().into_owned());
    copy.execute(&mut connection).await?;
    Ok(())
}
