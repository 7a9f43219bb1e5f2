//! A commit is all or nothing, and decided on nothing stale.

use anyhow::Context;
use application::ports::{
    StoreError,
    log::{Commit, CommitError},
};
use domain::log::Position;
use grantlink_tests::conformance::{Boxed, Database, Draft, body, poll_once, row, stream, tenant, trail};

grantlink_tests::on_both_databases!(
    streams_vault_rows_and_receipt_are_committed_together,
    a_stream_is_read_from_any_of_its_versions_on,
    a_commit_of_which_any_part_fails_leaves_nothing,
    a_conflict_names_the_stream_that_moved_on,
    a_stream_that_was_only_read_is_checked_too,
    a_commit_is_answered_again_not_doubled,
    a_commit_without_events_stands_at_the_head,
    of_two_commits_that_wait_together_the_second_sees_the_first,
    one_broken_commit_does_not_take_its_batch_along,
    an_event_that_does_not_continue_its_stream_is_refused,
);

async fn streams_vault_rows_and_receipt_are_committed_together(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let (link, integration, seen, tenant) = (stream(), stream(), trail(), tenant());
    let (old, new) = (row(tenant, b"old"), row(tenant, b"new"));
    stores.log.commit(Draft::of(tenant).puts(&old).commit()).await?;

    let draft = Draft::of(tenant)
        .appends(&link, 0)
        .appends(&integration, 0)
        .observes(&seen, "Opened", None)
        .puts(&new)
        .deletes(&old.place)
        .receipt("key", b"answer");
    let committed = stores.log.commit(draft.commit()).await?;

    assert_eq!(committed.position, Position(3));
    let all = stores.log.page(Position(0), 10).await?;
    assert_eq!(all.iter().map(|event| event.position.0).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(
        all.iter()
            .all(|event| event.recorded_at == committed.recorded_at && event.tenant_id == tenant)
    );
    assert_eq!(stores.log.load(&link, 0).await?, all[..1]);
    assert_eq!(stores.log.load(&integration, 0).await?, all[1..2]);
    assert_eq!(stores.log.load(&seen, 0).await?, all[2..]);
    let positions = [Position(3), Position(1), Position(99)];
    assert_eq!(stores.log.at(&positions).await?, [all[0].clone(), all[2].clone()]);
    assert!(stores.vault.get(&old.place).await?.is_none());
    assert_eq!(
        stores.vault.get(&new.place).await?.map(|row| row.sealed),
        Some(b"new".to_vec())
    );
    let receipt = draft.0.receipt.context("a receipt was asked for")?;
    assert_eq!(stores.log.receipt(&receipt.key).await?, Some(receipt));
    Ok(())
}

/// ES-11: what is known of a stream is brought up to date with its end alone.
async fn a_stream_is_read_from_any_of_its_versions_on(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let (link, other) = (stream(), stream());
    for version in 0..4 {
        let both = Draft::default().appends(&link, version).appends(&other, version);
        stores.log.commit(both.commit()).await?;
    }
    for after in 0..6 {
        let tail = stores.log.load(&link, after).await?;
        let sequences: Vec<u64> = tail.iter().map(|event| event.sequence).collect();
        assert_eq!(sequences, (after + 1..=4).collect::<Vec<_>>());
        assert!(tail.iter().all(|event| event.aggregate_id == link.aggregate_id));
    }
    Ok(())
}

/// Each part fails in turn. Mutant: when a commit is taken before all of its rules are judged (`SQLite`), its first events stay.
async fn a_commit_of_which_any_part_fails_leaves_nothing(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let (taken, tenant) = (stream(), tenant());
    let occupied = row(tenant, b"first");
    let first = Draft::of(tenant)
        .appends(&taken, 0)
        .puts(&occupied)
        .receipt("taken", b"first");
    stores.log.commit(first.commit()).await?;

    let mut other_seal = occupied.clone();
    other_seal.sealed = b"second".to_vec();
    let parts = [
        ("a stale stream", Draft::of(tenant).appends(&taken, 0)),
        ("a stale stream that was read", Draft::of(tenant).reads(&taken, 7)),
        ("an occupied place", Draft::of(tenant).puts(&other_seal)),
        (
            "a vault row that is sealed anew",
            Draft::of(tenant).deletes_as_read(&other_seal),
        ),
        ("a used receipt", Draft::of(tenant).receipt("taken", b"second")),
        (
            "a payload that is no JSON",
            Draft::of(tenant).appends_with(&stream(), 0, body("Connected", "{secret")),
        ),
    ];
    for (part, failing) in parts {
        let secret = row(tenant, b"sealed");
        let draft = Draft::of(tenant)
            .appends(&stream(), 0)
            .observes(&trail(), "Opened", None)
            .puts(&secret);
        let draft = draft.receipt(part, b"answer");
        let receipt = draft.0.receipt.clone().filter(|_| failing.0.receipt.is_none());
        let commit = merged(draft, failing);

        let refused = stores.log.commit(commit).await;

        let message = refused.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(!message.is_empty(), "{part} was committed");
        assert!(!message.contains("secret"), "the message quotes the payload: {message}");
        assert_eq!(stores.log.head().await?, Position(1), "{part} left an event");
        assert!(
            stores.vault.get(&secret.place).await?.is_none(),
            "{part} left a vault row"
        );
        if let Some(receipt) = receipt {
            assert!(
                stores.log.receipt(&receipt.key).await?.is_none(),
                "{part} left a receipt"
            );
        }
    }
    assert_eq!(
        stores.vault.get(&occupied.place).await?.map(|row| row.sealed),
        Some(b"first".to_vec())
    );
    Ok(())
}

fn merged(draft: Draft, failing: Draft) -> Commit {
    let (mut commit, failing) = (draft.0, failing.0);
    commit.expects.extend(failing.expects);
    commit.appends.extend(failing.appends);
    commit.secrets.extend(failing.secrets);
    commit.receipt = failing.receipt.or(commit.receipt);
    commit
}

async fn a_conflict_names_the_stream_that_moved_on(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let (calm, moved) = (stream(), stream());
    stores.log.commit(Draft::default().appends(&moved, 0).commit()).await?;

    let stale = Draft::default().appends(&calm, 0).appends(&moved, 0);
    let refused = stores.log.commit(stale.commit()).await;
    assert!(matches!(refused, Err(CommitError::Conflict(stream)) if stream == moved));

    // Ahead of the stream is as wrong as behind it.
    let ahead = stores.log.commit(Draft::default().appends(&moved, 2).commit()).await;
    assert!(matches!(ahead, Err(CommitError::Conflict(stream)) if stream == moved));

    // A vault row that stands there is named by its kind and owner.
    let tenant = tenant();
    let first = row(tenant, b"first");
    stores.log.commit(Draft::of(tenant).puts(&first).commit()).await?;
    let mut second = first.clone();
    second.sealed = b"second".to_vec();
    let refused = stores.log.commit(Draft::of(tenant).puts(&second).commit()).await;
    assert!(
        matches!(refused, Err(CommitError::Conflict(stream)) if stream.aggregate_type == "link_token"
        && stream.aggregate_id == first.place.record.owner())
    );
    Ok(())
}

/// Mutant: when only the streams that are appended to are judged, this fails.
async fn a_stream_that_was_only_read_is_checked_too(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let (plan, integration) = (stream(), stream());
    stores.log.commit(Draft::default().appends(&plan, 0).commit()).await?;
    stores.log.commit(Draft::default().appends(&plan, 1).commit()).await?;

    let stale = Draft::default().reads(&plan, 1).appends(&integration, 0);
    let refused = stores.log.commit(stale.commit()).await;
    assert!(matches!(refused, Err(CommitError::Conflict(stream)) if stream == plan));

    let fresh = Draft::default()
        .reads(&plan, 2)
        .reads(&stream(), 0)
        .appends(&integration, 0);
    stores.log.commit(fresh.commit()).await?;
    Ok(())
}

async fn a_commit_is_answered_again_not_doubled(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let (link, seen) = (stream(), trail());
    let secret = row(tenant(), b"sealed");
    let draft = Draft::default()
        .appends(&link, 0)
        .observes(&seen, "Opened", None)
        .puts(&secret)
        .receipt("key", b"1");
    let first = stores.log.commit(draft.commit()).await?;
    stores.log.commit(Draft::default().appends(&link, 1).commit()).await?;

    let again = stores.log.commit(draft.commit()).await?;

    assert_eq!(again, first);
    assert_eq!(stores.log.head().await?, Position(3));

    // Also where nothing but the receipt and the rows can be recognised.
    let eventless = Draft::default()
        .puts(&row(tenant(), b"other"))
        .receipt("eventless", b"2");
    stores.log.commit(eventless.commit()).await?;
    stores.log.commit(eventless.commit()).await?;
    let rows_alone = Draft::default().puts(&row(tenant(), b"third"));
    stores.log.commit(rows_alone.commit()).await?;
    stores.log.commit(rows_alone.commit()).await?;
    Ok(())
}

async fn a_commit_without_events_stands_at_the_head(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let empty = stores.log.commit(Draft::default().commit()).await?;
    assert_eq!(empty.position, Position(0));
    stores
        .log
        .commit(Draft::default().appends(&stream(), 0).commit())
        .await?;
    let receipt_alone = stores
        .log
        .commit(Draft::default().receipt("key", b"answer").commit())
        .await?;
    assert_eq!(receipt_alone.position, Position(1));
    Ok(())
}

/// Both wait behind a third one, and so for the same flush. Mutant: when batch-mates are not kept apart on `PostgreSQL`, the
/// second is judged on the log before the batch and stands.
async fn of_two_commits_that_wait_together_the_second_sees_the_first(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let hold = database.hold_the_log().await?;
    let plan = stream();
    let drafts = [
        Draft::default().appends(&stream(), 0),
        Draft::default().appends(&plan, 0),
        Draft::default().reads(&plan, 0).appends(&stream(), 0),
    ];
    let mut waiting = Vec::new();
    for draft in drafts {
        let log = stores.log.clone();
        let mut commit: Boxed<_> = Box::pin(async move { log.commit(draft.commit()).await });
        assert!(poll_once(&mut commit).await.is_pending());
        waiting.push(commit);
    }
    hold.release().await?;
    let mut outcomes = Vec::new();
    for commit in waiting {
        outcomes.push(commit.await);
    }
    assert!(outcomes[0].is_ok() && outcomes[1].is_ok());
    assert!(matches!(&outcomes[2], Err(CommitError::Conflict(stream)) if *stream == plan));
    Ok(())
}

/// Mutants: without the rerun of a broken batch's members one by one, its mates fail; without the rollback before it, too (`SQLite`).
async fn one_broken_commit_does_not_take_its_batch_along(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let hold = database.hold_the_log().await?;
    let mut commits = tokio::task::JoinSet::new();
    for number in 0..20 {
        let payload = if number == 10 { "no JSON" } else { "{}" };
        let draft = Draft::default().appends_with(&stream(), 0, body("Connected", payload));
        let log = stores.log.clone();
        commits.spawn(async move { log.commit(draft.commit()).await });
    }
    hold.release().await?;
    let outcomes = commits.join_all().await;
    let broken = |outcome: &&Result<_, _>| matches!(outcome, Err(CommitError::Store(StoreError::Broken(_))));
    assert_eq!(outcomes.iter().filter(broken).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 19);
    assert_eq!(stores.log.head().await?, Position(19));
    Ok(())
}

async fn an_event_that_does_not_continue_its_stream_is_refused(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let link = stream();
    let mut gap = Draft::default().appends(&link, 0).commit();
    gap.appends[0].sequence = 2;
    let mut unread = Draft::default().appends(&link, 0).commit();
    unread.expects.clear();
    let into_aggregate = Draft::default()
        .appends(&link, 0)
        .observes(&link, "Opened", None)
        .commit();
    for commit in [gap, unread, into_aggregate] {
        let refused = stores.log.commit(commit).await;
        assert!(matches!(refused, Err(CommitError::Store(StoreError::Broken(_)))));
    }
    assert_eq!(stores.log.head().await?, Position(0));
    Ok(())
}
