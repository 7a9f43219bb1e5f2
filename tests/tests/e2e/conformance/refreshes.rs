//! When credentials are renewed: a row for each, in one node's hands at a time.

use std::time::Duration;

use adapters::sql::Stores;
use anyhow::{Context, bail};
use application::ports::{
    log::CommitError,
    refreshes::{CredentialKey, CredentialRead, Ending, Hold, ReadsPlace, Share, Taking},
    vault::SecretRow,
};
use chrono::TimeDelta;
use domain::{
    Timestamp,
    grant::{LossReason, RefreshFailure},
    ids::{GrantId, IntegrationId},
};
use grantlink_tests::conformance::{Database, Draft, id, row, stream, tenant};

grantlink_tests::on_both_databases!(
    a_row_is_there_as_long_as_the_credential_is,
    a_credential_is_in_one_nodes_hands_at_a_time,
    who_was_too_slow_stores_nothing,
    what_is_renewed_meanwhile_is_not_deleted_unread,
    what_a_holder_left_without_a_word_is_known,
    what_is_due_is_found_and_what_is_lost_is_not,
    what_is_put_off_stays_due_and_comes_behind_the_others,
    each_credential_is_in_one_share,
    reads_are_counted_by_day_reader_and_purpose,
);

const LONG: Duration = Duration::from_mins(1);
/// Over before anybody looks.
const NONE: Duration = Duration::ZERO;

/// So often a commit and a renewal meet.
const MEETINGS: u32 = 50;

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn key() -> CredentialKey {
    CredentialKey {
        tenant: tenant(),
        grant: GrantId(id()),
        generation: 1,
    }
}

fn sealed(key: &CredentialKey) -> SecretRow {
    SecretRow {
        place: key.place(),
        created_at: now(),
        ..row(key.tenant, b"first")
    }
}

/// A credential that a commit stored, and whose row it is.
async fn stored(stores: &Stores) -> anyhow::Result<CredentialKey> {
    let key = key();
    let draft = Draft::of(key.tenant).appends(&stream(), 0).puts(&sealed(&key));
    stores.log.commit(draft.commit()).await?;
    Ok(key)
}

async fn take(stores: &Stores, key: &CredentialKey, lease: Duration) -> anyhow::Result<Hold> {
    match stores.refreshes.take(key, lease, now()).await? {
        Taking::Held(hold) => Ok(hold),
        other => bail!("it cannot be taken: {other:?}"),
    }
}

fn renewed(sealed: &[u8]) -> Ending {
    Ending::Renewed {
        sealed: sealed.to_vec(),
        expires_at: Some(now() + TimeDelta::hours(1)),
        due_at: Some(now() + TimeDelta::minutes(50)),
        app: "client".into(),
        at: now(),
    }
}

async fn kept(stores: &Stores, key: &CredentialKey) -> anyhow::Result<Vec<u8>> {
    Ok(stores.vault.get(&key.place()).await?.context("it is gone")?.sealed)
}

async fn a_row_is_there_as_long_as_the_credential_is(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let key = stored(&stores).await?;
    assert_eq!(stores.refreshes.due(now(), 10, Share::ALL).await?, [key]);
    let hold = take(&stores, &key, LONG).await?;
    assert_eq!((hold.due_at, hold.created_at, hold.is_unanswered), (None, now(), false));
    let draft = Draft::of(key.tenant).appends(&stream(), 0).deletes(&key.place());
    stores.log.commit(draft.commit()).await?;
    assert_eq!(stores.refreshes.take(&key, LONG, now()).await?, Taking::Gone);
    // What is brought for it then is not stored, and does not bring it back.
    assert!(!stores.refreshes.end(&key, &hold, renewed(b"late")).await?);
    assert!(stores.vault.get(&key.place()).await?.is_none());
    assert!(stores.refreshes.due(now(), 10, Share::ALL).await?.is_empty());
    Ok(())
}

/// VA-4: the lease.
async fn a_credential_is_in_one_nodes_hands_at_a_time(database: Database) -> anyhow::Result<()> {
    let (here, there) = (database.open().await?, database.open().await?);
    let key = stored(&here).await?;
    let hold = take(&here, &key, LONG).await?;
    assert_eq!(there.refreshes.take(&key, LONG, now()).await?, Taking::Busy);
    assert!(there.refreshes.due(now(), 10, Share::ALL).await?.is_empty());
    assert!(here.refreshes.end(&key, &hold, renewed(b"second")).await?);
    assert_eq!(kept(&there, &key).await?, b"second");
    let next = take(&there, &key, LONG).await?;
    assert_eq!(next.due_at, Some(now() + TimeDelta::minutes(50)));
    assert!(next.fence > hold.fence);
    Ok(())
}

/// VA-4: the fence.
///
/// Mutant: without the comparison of fences this fails.
async fn who_was_too_slow_stores_nothing(database: Database) -> anyhow::Result<()> {
    let (here, there) = (database.open().await?, database.open().await?);
    let key = stored(&here).await?;
    let slow = take(&here, &key, NONE).await?;
    let quick = take(&there, &key, LONG).await?;
    assert!(there.refreshes.end(&key, &quick, renewed(b"quick")).await?);
    assert!(!here.refreshes.end(&key, &slow, renewed(b"slow")).await?);
    assert!(!here.refreshes.keep(&key, &slow, LONG).await?);
    assert_eq!(kept(&here, &key).await?, b"quick");
    Ok(())
}

/// VA-4: a connection ends at the moment in which its credential is renewed. Either the renewal came too late, or the commit looks once
/// more: a refresh token that nobody has read is never deleted.
///
/// Mutants seen: when a commit deletes whatever stands there, both go through, and this fails; on PostgreSQL also when the row is compared
/// without being locked.
async fn what_is_renewed_meanwhile_is_not_deleted_unread(database: Database) -> anyhow::Result<()> {
    let (here, there) = (database.open().await?, database.open().await?);
    let ends = |key: &CredentialKey, read: &SecretRow| {
        let draft = Draft::of(key.tenant).appends(&stream(), 0);
        draft.deletes_as_read(read).commit()
    };
    for _ in 0..MEETINGS {
        let key = stored(&here).await?;
        let hold = take(&there, &key, LONG).await?;
        let (ended, came) = tokio::join!(
            here.log.commit(ends(&key, &sealed(&key))),
            there.refreshes.end(&key, &hold, renewed(b"second")),
        );
        match (ended, came?) {
            (Ok(_), false) => assert!(here.vault.get(&key.place()).await?.is_none()),
            (Err(CommitError::Conflict(row)), true) => assert_eq!(row.aggregate_type, "credential"),
            (ended, came) => bail!("the commit: {ended:?}, the renewal: {came}"),
        }
    }

    let key = stored(&here).await?;
    let hold = take(&there, &key, LONG).await?;
    assert!(there.refreshes.end(&key, &hold, renewed(b"second")).await?);
    assert!(here.log.commit(ends(&key, &sealed(&key))).await.is_err());
    let read = here.vault.get(&key.place()).await?.context("no row")?;
    assert_eq!(read.sealed, b"second");
    here.log.commit(ends(&key, &read)).await?;
    here.log.commit(ends(&key, &read)).await?; // gone is gone
    assert!(here.vault.get(&key.place()).await?.is_none());
    Ok(())
}

async fn what_a_holder_left_without_a_word_is_known(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let key = stored(&stores).await?;
    take(&stores, &key, NONE).await?; // and killed
    let hold = take(&stores, &key, LONG).await?;
    assert!(hold.is_unanswered);
    assert!(stores.refreshes.end(&key, &hold, renewed(b"second")).await?);
    assert!(!take(&stores, &key, LONG).await?.is_unanswered);
    Ok(())
}

/// Its provider is left alone for a minute. Whoever counts what is due counts it all the same; nothing is said to be wrong with it, and whoever
/// reads it may ask. What has become due meanwhile comes first, however long this one has been.
///
/// Mutant seen: when the queue goes by when each was due, those of a provider that hangs stand in front of all others for ever.
async fn what_is_put_off_stays_due_and_comes_behind_the_others(database: Database) -> anyhow::Result<()> {
    let (stores, later) = (database.open().await?, now() + TimeDelta::minutes(1));
    let (waits, other, unseen) = (stored(&stores).await?, stored(&stores).await?, stored(&stores).await?);
    for (key, seconds) in [(&waits, 10), (&other, 20)] {
        let looked_at = Ending::LeftAlone {
            expires_at: None,
            due_at: Some(now() + TimeDelta::seconds(seconds)),
        };
        let hold = take(&stores, key, LONG).await?;
        assert!(stores.refreshes.end(key, &hold, looked_at).await?);
    }
    for key in [&waits, &unseen] {
        let hold = take(&stores, key, LONG).await?; // a reader's
        assert!(
            stores
                .refreshes
                .end(key, &hold, Ending::PutOff { until: later })
                .await?
        );
    }
    let earlier = later - TimeDelta::seconds(1);
    assert_eq!(stores.refreshes.due(earlier, 10, Share::ALL).await?, [other]);
    let figures = stores.refreshes.figures(later).await?;
    assert_eq!((figures.due, figures.failing.len()), (3, 0));
    let due = stores.refreshes.due(later, 10, Share::ALL).await?;
    assert_eq!((due.len(), due[0]), (3, other));
    let hold = take(&stores, &unseen, LONG).await?;
    assert_eq!(hold.due_at, Some(later), "it has been looked at");
    Ok(())
}

async fn what_is_due_is_found_and_what_is_lost_is_not(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let (fails, lost) = (stored(&stores).await?, stored(&stores).await?);
    let hold = take(&stores, &fails, LONG).await?;
    let failed = Ending::Failed {
        problem: RefreshFailure::AppRefused,
        due_at: now() + TimeDelta::hours(1),
        not_before: now() + TimeDelta::minutes(1),
        is_unanswered: true,
        at: now(),
    };
    assert!(stores.refreshes.end(&fails, &hold, failed).await?);
    let waits = Taking::Waits {
        until: now() + TimeDelta::minutes(1),
        problem: Some(RefreshFailure::AppRefused),
    };
    assert_eq!(stores.refreshes.take(&fails, LONG, now()).await?, waits);

    let hold = take(&stores, &lost, LONG).await?;
    let ending = Ending::Lost {
        reason: LossReason::TestingEnded,
        app: "client".into(),
        at: now() + TimeDelta::days(7),
    };
    assert!(stores.refreshes.end(&lost, &hold, ending).await?);
    let later = now() + TimeDelta::hours(1);
    assert_eq!(stores.refreshes.due(later, 10, Share::ALL).await?, [fails]);
    let figures = stores.refreshes.figures(later + TimeDelta::minutes(20)).await?;
    assert_eq!((figures.due, figures.overdue), (1, 1));
    assert_eq!(figures.failing, [(RefreshFailure::AppRefused, 1)]);
    assert_eq!(figures.lost, [(LossReason::TestingEnded, 1)]);

    let days = |days: u64| Duration::from_hours(24 * days);
    let known = stores.refreshes.lifetimes("client", days(6), days(8)).await?;
    assert_eq!((known.lost_within, known.renewed_beyond), (1, 0));
    assert_eq!(
        stores
            .refreshes
            .lifetimes("client", days(8), days(9))
            .await?
            .lost_within,
        0
    );
    assert_eq!(
        stores.refreshes.lifetimes("other", days(6), days(8)).await?.lost_within,
        0
    );
    Ok(())
}

/// VA-4: several look for what is due at once, and none after the same.
async fn each_credential_is_in_one_share(database: Database) -> anyhow::Result<()> {
    const SHARES: u32 = 4;
    let stores = database.open().await?;
    let mut found = vec![];
    for _ in 0..40 {
        stored(&stores).await?;
    }
    for number in 0..SHARES {
        let share = Share { number, of: SHARES };
        let due = stores.refreshes.due(now(), 100, share).await?;
        assert!(due.len() < 40, "chance does not put all of them into one");
        found.extend(due);
    }
    let mut all = stores.refreshes.due(now(), 100, Share::ALL).await?;
    assert_eq!(all.len(), 40);
    for keys in [&mut found, &mut all] {
        keys.sort_unstable_by_key(|key| key.grant.0);
    }
    assert_eq!(found, all);
    Ok(())
}

async fn reads_are_counted_by_day_reader_and_purpose(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let key = stored(&stores).await?;
    let integration = IntegrationId(id());
    let read = |purpose: &str, at| CredentialRead {
        key,
        integration,
        reader: "system".into(),
        purpose: purpose.into(),
        at,
    };
    let tomorrow = now() + TimeDelta::days(1);
    for (purpose, at) in [("sync", now()), ("sync", now()), ("figures", now()), ("sync", tomorrow)] {
        stores.refreshes.count_read(&read(purpose, at)).await?;
    }
    let reads = stores
        .refreshes
        .reads(key.tenant, integration, ReadsPlace::FIRST, 10)
        .await?;
    let mut counted: Vec<_> = reads.iter().map(|read| (read.purpose.as_str(), read.reads)).collect();
    assert_eq!(counted.remove(0), ("sync", 1)); // the latest day first
    counted.sort_unstable();
    assert_eq!(counted, [("figures", 1), ("sync", 2)]);
    let second = ReadsPlace { at: now(), passed: 1 };
    let rest = stores.refreshes.reads(key.tenant, integration, second, 10).await?;
    assert_eq!(rest, reads[2..], "one of that moment was passed");
    let of_others = stores.refreshes.reads(tenant(), integration, ReadsPlace::FIRST, 10);
    assert!(of_others.await?.is_empty());
    assert_eq!(take(&stores, &key, LONG).await?.used_at, Some(tomorrow));
    assert_eq!(stores.refreshes.forget_reads(tomorrow).await?, 2, "of the day before");
    let left = stores.refreshes.reads(key.tenant, integration, ReadsPlace::FIRST, 10);
    assert_eq!(left.await?.len(), 1);
    Ok(())
}
