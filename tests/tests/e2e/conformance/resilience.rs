//! Closing, reopening, crowds, and answers that get lost.

use std::task::Poll;

use adapters::postgres;
use application::ports::{
    StoreError,
    log::{CommitError, Committed},
};
use domain::log::Position;
use grantlink_tests::conformance::{
    Boxed, Database, Draft, Kind, Proxy, dropped_after, poll_once, row, run, stream, tenant, trail,
};
use sqlx::{Executor, PgConnection};

grantlink_tests::on_both_databases!(
    what_was_committed_is_there_after_reopening,
    closing_writes_what_waits_and_refuses_what_comes_after,
    too_much_waiting_is_refused_at_once_and_the_rest_is_written,
    a_schema_is_brought_up_to_date_again_and_again,
);

type Pending = Boxed<Result<Committed, CommitError>>;

async fn what_was_committed_is_there_after_reopening(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let (link, secret) = (stream(), row(tenant(), b"sealed"));
    let draft = Draft::default()
        .appends(&link, 0)
        .observes(&trail(), "Opened", None)
        .puts(&secret)
        .receipt("key", b"1");
    stores.log.commit(draft.commit()).await?;
    let before = stores.log.page(Position(0), 10).await?;
    stores.close().await;

    let reopened = database.open().await?;
    assert_eq!(reopened.log.page(Position(0), 10).await?, before);
    assert_eq!(*reopened.log.committed().borrow(), Position(2));
    assert!(reopened.vault.get(&secret.place).await?.is_some());
    assert_eq!(reopened.log.commit(draft.commit()).await?.position, Position(2));
    assert_eq!(
        reopened
            .log
            .commit(Draft::default().appends(&link, 1).commit())
            .await?
            .position,
        Position(3)
    );
    Ok(())
}

async fn closing_writes_what_waits_and_refuses_what_comes_after(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let hold = database.hold_the_log().await?;
    let mut waiting = Vec::new();
    for _ in 0..10 {
        let log = stores.log.clone();
        let mut commit: Pending =
            Box::pin(async move { log.commit(Draft::default().appends(&stream(), 0).commit()).await });
        assert!(poll_once(&mut commit).await.is_pending());
        waiting.push(commit);
    }
    let closing = stores.clone();
    let mut close: Boxed<()> = Box::pin(async move { closing.close().await });
    assert!(poll_once(&mut close).await.is_pending());
    hold.release().await?;
    close.await;
    for commit in waiting {
        commit.await?;
    }
    let refused = stores.log.commit(Draft::default().appends(&stream(), 0).commit()).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::Unavailable(_)))));
    stores.close().await;
    assert_eq!(database.open().await?.log.head().await?, Position(10));
    Ok(())
}

/// The queue is bounded: a disk or server that hangs is seen as "unavailable", not as a growing memory.
async fn too_much_waiting_is_refused_at_once_and_the_rest_is_written(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let hold = database.hold_the_log().await?;
    let (mut waiting, mut refused) = (Vec::new(), 0);
    for _ in 0..2_000 {
        let log = stores.log.clone();
        let mut commit: Pending =
            Box::pin(async move { log.commit(Draft::default().appends(&stream(), 0).commit()).await });
        match poll_once(&mut commit).await {
            Poll::Pending => waiting.push(commit),
            Poll::Ready(Err(CommitError::Store(StoreError::Unavailable(_)))) => refused += 1,
            Poll::Ready(outcome) => anyhow::bail!("answered while the log was held: {outcome:?}"),
        }
    }
    assert!(
        refused > 0 && waiting.len() >= 1_024,
        "{refused} were refused, {} wait",
        waiting.len()
    );
    hold.release().await?;
    let written = waiting.len() as u64;
    for commit in waiting {
        commit.await?;
    }
    assert_eq!(stores.log.head().await?, Position(written));
    Ok(())
}

async fn a_schema_is_brought_up_to_date_again_and_again(database: Database) -> anyhow::Result<()> {
    database
        .open()
        .await?
        .log
        .commit(Draft::default().appends(&stream(), 0).commit())
        .await?;
    database.migrate().await?;
    assert_eq!(database.open().await?.log.head().await?, Position(1));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_at_once_take_turns_with_the_schema() -> anyhow::Result<()> {
    run(Kind::Postgres, async |database: Database| {
        database.execute("DROP SCHEMA public CASCADE").await?;
        database.execute("CREATE SCHEMA public").await?;
        let mut nodes = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let database = database.clone();
            nodes.spawn(async move { database.migrate().await });
        }
        for node in nodes.join_all().await {
            node?;
        }
        Ok(())
    })
    .await
}

/// The server has committed, and the line breaks before the answer arrives.
/// Mutant: an append that is not asked for again answers "unavailable" here, though it stands.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_got_lost_is_asked_for_again() -> anyhow::Result<()> {
    run(Kind::Postgres, async |database: Database| {
        let proxy = Proxy::before(&database.url()?).await?;
        let options = postgres::Options::new(proxy.url().to_owned().into());
        let stores = postgres::connect(&options).await?;
        let link = stream();
        let secret = row(tenant(), b"sealed");
        stores.log.commit(Draft::default().appends(&link, 0).commit()).await?;
        for version in 1..10 {
            proxy.lose_the_next_answer();
            let draft = Draft::default()
                .appends(&link, version)
                .receipt(&version.to_string(), b"answer");
            let committed = stores.log.commit(draft.commit()).await?;
            assert!(proxy.lost_one());
            assert_eq!(committed.position, Position(version + 1));
        }
        // A row and a receipt without an event are recognised, too.
        proxy.lose_the_next_answer();
        stores
            .log
            .commit(Draft::default().puts(&secret).receipt("alone", b"answer").commit())
            .await?;
        assert_eq!(stores.log.load(&link, 0).await?.len(), 10);
        assert_eq!(stores.log.head().await?, Position(10));
        Ok(())
    })
    .await
}

/// An operator ends the session that waits for the log's lock.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_ended_while_it_appends_is_replaced() -> anyhow::Result<()> {
    run(Kind::Postgres, async |database: Database| {
        let stores = database.open().await?;
        let mut operator = database.connection().await?;
        let hold = database.hold_the_log().await?;
        let log = stores.log.clone();
        let mut commit = tokio::spawn(async move { log.commit(Draft::default().appends(&stream(), 0).commit()).await });
        let first = waiting_session(&mut operator).await?;
        operator
            .execute(sqlx::query("SELECT pg_terminate_backend($1)").bind(first))
            .await?;
        let another = async {
            while waiting_session(&mut operator).await? == first {}
            anyhow::Ok(())
        };
        tokio::select! {
            another = another => another?,
            outcome = &mut commit => anyhow::bail!("given up: {outcome:?}"),
        }
        hold.release().await?;
        assert_eq!(commit.await??.position, Position(1));
        Ok(())
    })
    .await
}

/// The session that waits for the log's lock, once there is one.
async fn waiting_session(operator: &mut PgConnection) -> anyhow::Result<i32> {
    loop {
        let session = sqlx::query_scalar(
            "SELECT pid FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'grantlink-log' AND wait_event = 'advisory'",
        )
        .fetch_optional(&mut *operator)
        .await?;
        if let Some(session) = session {
            return Ok(session);
        }
    }
}

/// The lock's timeout ends the wait; a caller that gave up meanwhile leaves nobody waiting.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_stays_locked_is_unavailable_and_comes_back() -> anyhow::Result<()> {
    run(Kind::Postgres, async |database: Database| {
        let lock_timeout = std::time::Duration::from_millis(50);
        let stores = postgres::connect(&postgres::Options {
            lock_timeout,
            ..database.options()?
        })
        .await?;
        let hold = database.hold_the_log().await?;
        let refused = stores.log.commit(Draft::default().appends(&stream(), 0).commit()).await;
        assert!(matches!(refused, Err(CommitError::Store(StoreError::Unavailable(_)))));
        dropped_after(1, stores.log.commit(Draft::default().appends(&stream(), 0).commit())).await;
        hold.release().await?;
        let committed = stores
            .log
            .commit(Draft::default().appends(&stream(), 0).commit())
            .await?;
        assert_eq!(stores.log.head().await?, committed.position);
        Ok(())
    })
    .await
}
