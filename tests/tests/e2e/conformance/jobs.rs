//! What happens by itself: an event makes its jobs exactly once, a job is in one worker's hands at a time, and none gets lost.

use std::{collections::HashSet, time::Duration};

use adapters::sql::Stores;
use anyhow::{Context, ensure};
use application::ports::jobs::{Advanced, Ending, JobFilter, JobState, NewJob, Stride, Taken, Unread};
use chrono::TimeDelta;
use domain::{
    Timestamp,
    ids::{EventId, JobId, TenantId},
    log::Position,
};
use grantlink_tests::conformance::{Database, dropped_after, id, tenant};
use tokio::task::JoinSet;

grantlink_tests::on_both_databases!(
    an_event_makes_its_jobs_once_however_many_nodes_follow_the_log,
    a_policy_begins_at_the_head_and_where_it_stood,
    an_event_that_is_parked_makes_its_jobs_once,
    a_job_is_in_one_workers_hands_at_a_time,
    a_job_whose_worker_fell_silent_is_taken_over_and_its_late_answer_refused,
    what_a_worker_says_is_written_down,
    a_due_time_is_moved_and_a_job_in_hand_is_left_alone,
    jobs_are_found_and_dead_ones_retried_or_deleted,
);

const KIND: &str = "letter";
const POLICY: &str = "letters";
const LONG: Duration = Duration::from_mins(1);

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn letter(event: EventId) -> NewJob {
    NewJob::of_event(POLICY, event, 0, KIND, now()).about("event", event)
}

fn due(key: &str) -> NewJob {
    NewJob::due(KIND, key, now())
}

fn stride(from: Position, to: Position, jobs: &[NewJob]) -> Stride<'_> {
    let unread = &[];
    Stride { from, to, jobs, unread }
}

async fn all(stores: &Stores) -> anyhow::Result<Vec<application::ports::jobs::Job>> {
    Ok(stores.jobs.list(&JobFilter::default(), 10_000).await?)
}

async fn take(stores: &Stores, most: usize, lease: Duration) -> anyhow::Result<Vec<Taken>> {
    Ok(stores.jobs.take(KIND, most, lease, now()).await?)
}

async fn take_one(stores: &Stores, lease: Duration) -> anyhow::Result<Taken> {
    take(stores, 1, lease).await?.pop().context("there is nothing to take")
}

fn done() -> Ending {
    Ending::Done {
        result: "sent".into(),
        at: now(),
    }
}

/// Six followers on two nodes, which break off in the middle of it again and again: one event is one job, none is left out.
async fn an_event_makes_its_jobs_once_however_many_nodes_follow_the_log(database: Database) -> anyhow::Result<()> {
    const EVENTS: u64 = 300;
    let nodes = [database.open().await?, database.open().await?];
    let events: Vec<_> = (0..EVENTS).map(|_| EventId(id())).collect();
    let mut followers = JoinSet::new();
    for number in 0..6_u64 {
        let (node, events) = (nodes[usize::try_from(number % 2)?].clone(), events.clone());
        followers.spawn(async move {
            for step in 0.. {
                let from = node.jobs.checkpoint(POLICY, Position(0)).await?;
                if from.0 == EVENTS {
                    break;
                }
                let to = Position((from.0 + 1 + (step + number) % 7).min(EVENTS));
                let between = usize::try_from(from.0)?..usize::try_from(to.0)?;
                let jobs: Vec<_> = events[between].iter().copied().map(letter).collect();
                let advancing = node.jobs.advance(POLICY, stride(from, to, &jobs), now());
                if step % 3 == 0 {
                    // As a node that is killed: at some await it is not there any more.
                    dropped_after(usize::try_from((step + number) % 11)?, advancing).await;
                } else {
                    let _ = advancing.await?;
                }
            }
            anyhow::Ok(())
        });
    }
    for follower in followers.join_all().await {
        follower?;
    }
    let jobs = all(&nodes[0]).await?;
    let caused: HashSet<_> = jobs.iter().filter_map(|job| job.cause).collect();
    assert_eq!((jobs.len() as u64, caused), (EVENTS, events.into_iter().collect()));
    Ok(())
}

/// Mutant: when a step does not ask where the checkpoint stands, the lost one is written, and this fails.
async fn a_policy_begins_at_the_head_and_where_it_stood(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    assert_eq!(stores.jobs.checkpoint(POLICY, Position(7)).await?, Position(7));
    assert_eq!(stores.jobs.checkpoint(POLICY, Position(9)).await?, Position(7));
    let (to, job) = (Position(9), [due("a")]);
    let lost = stores
        .jobs
        .advance(POLICY, stride(Position(6), to, &job), now())
        .await?;
    assert_eq!(lost, Advanced::Lost);
    assert!(all(&stores).await?.is_empty(), "nothing of a lost step stands");
    let done = stores
        .jobs
        .advance(POLICY, stride(Position(7), to, &job), now())
        .await?;
    assert_eq!(done, Advanced::Done);
    assert_eq!(stores.jobs.checkpoint(POLICY, Position(20)).await?, Position(9));
    assert_eq!(all(&stores).await?.len(), 1);
    Ok(())
}

/// It is parked in the step that goes on without it, and whoever frees it first writes its jobs.
///
/// Mutant seen: when `unpark` does not look whether it was parked, the second one counts too, and this fails.
async fn an_event_that_is_parked_makes_its_jobs_once(database: Database) -> anyhow::Result<()> {
    let (here, there) = (database.open().await?, database.open().await?);
    assert_eq!(here.jobs.checkpoint(POLICY, Position(0)).await?, Position(0));
    let unread = [3, 5].map(|position| Unread {
        position: Position(position),
        reason: "no event".into(),
    });
    let step = |from| Stride {
        from: Position(from),
        to: Position(6),
        jobs: &[],
        unread: &unread,
    };
    assert_eq!(here.jobs.advance(POLICY, step(1), now()).await?, Advanced::Lost);
    assert!(
        here.jobs.parked(None, 9).await?.is_empty(),
        "nothing of a lost step stands"
    );
    assert_eq!(here.jobs.advance(POLICY, step(0), now()).await?, Advanced::Done);
    let parked = here.jobs.parked(None, 1).await?;
    let next = here.jobs.parked(parked.first(), 9).await?;
    assert_eq!((&parked[0].event, parked[0].parked_at), (&unread[0], now()));
    assert_eq!((next.len(), &next[0].event), (1, &unread[1]));
    assert_eq!(here.jobs.figures(now()).await?.parked, 2);

    let jobs = [letter(EventId(id()))];
    let free = |stores: &Stores| {
        let stores = stores.clone();
        let jobs = jobs.clone();
        async move { stores.jobs.unpark(POLICY, Position(3), &jobs, now()).await }
    };
    let (one, other) = tokio::join!(free(&here), free(&there));
    assert!(one? != other?, "one of them was first");
    assert!(!there.jobs.unpark(POLICY, Position(4), &[due("a")], now()).await?);
    assert_eq!(all(&here).await?.len(), 1);
    assert_eq!(here.jobs.figures(now()).await?.parked, 1);
    Ok(())
}

/// Mutant: without the lock of the rows that are taken, two nodes take the same one.
async fn a_job_is_in_one_workers_hands_at_a_time(database: Database) -> anyhow::Result<()> {
    const JOBS: usize = 120;
    let nodes = [database.open().await?, database.open().await?];
    let jobs: Vec<_> = (0..JOBS).map(|number| due(&number.to_string())).collect();
    nodes[0].jobs.add(&jobs, now()).await?;
    let mut workers = JoinSet::new();
    for number in 0..8 {
        let node = nodes[number % 2].clone();
        workers.spawn(async move {
            let mut mine = vec![];
            loop {
                let taken = take(&node, 5, LONG).await?;
                if taken.is_empty() {
                    return anyhow::Ok(mine);
                }
                mine.extend(taken.into_iter().map(|taken| taken.job.id));
            }
        });
    }
    let mut taken: Vec<JobId> = vec![];
    for mine in workers.join_all().await {
        taken.extend(mine?);
    }
    // One that skipped what others held may have left too early: nobody holds anything now.
    taken.extend(take(&nodes[0], JOBS, LONG).await?.iter().map(|taken| taken.job.id));
    let different: HashSet<_> = taken.iter().copied().collect();
    assert_eq!((taken.len(), different.len()), (JOBS, JOBS));
    Ok(())
}

/// Mutant seen: without the fence the one who woke up too late marks as done what somebody else is at.
async fn a_job_whose_worker_fell_silent_is_taken_over_and_its_late_answer_refused(
    database: Database,
) -> anyhow::Result<()> {
    let (here, there) = (database.open().await?, database.open().await?);
    here.jobs.add(&[due("a")], now()).await?;
    let silent = take_one(&here, Duration::ZERO).await?;
    let waits = async || there.jobs.waiting(&[KIND, "other"], now()).await;
    while waits().await?.is_empty() {
        tokio::task::yield_now().await; // until the lease of no length is over by the database's clock
    }
    let second = take_one(&there, LONG).await?;
    assert_eq!((second.job.id, second.job.attempt), (silent.job.id, 2));

    assert!(!here.jobs.renew(silent.claim, LONG).await?);
    assert!(!here.jobs.note(silent.claim, "nearly there").await?);
    assert!(!here.jobs.end(silent.claim, &done()).await?);
    let job = there.jobs.get(silent.job.id).await?.context("it is gone")?;
    assert_eq!((job.state, job.result), (JobState::Running, None));

    assert!(there.jobs.renew(second.claim, LONG).await?);
    assert!(waits().await?.is_empty(), "it is in good hands");
    assert!(there.jobs.end(second.claim, &done()).await?);
    assert!(!there.jobs.end(second.claim, &done()).await?, "it is over");
    Ok(())
}

async fn what_a_worker_says_is_written_down(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let (tomorrow, cause) = (now() + TimeDelta::days(1), EventId(id()));
    let job = letter(cause).of_tenant(tenant());
    stores.jobs.add(&[job.clone(), job.clone()], now()).await?;
    stores.jobs.add(&[job], tomorrow).await?;
    let taken = take_one(&stores, LONG).await?;
    assert_eq!((taken.job.cause, taken.job.id_of("event")), (Some(cause), Some(cause)));
    assert!(stores.jobs.note(taken.claim, "half of it").await?);
    let reason = "no ink".to_owned();
    assert!(
        stores
            .jobs
            .end(taken.claim, &Ending::Later { reason, at: tomorrow })
            .await?
    );
    assert!(take(&stores, 9, LONG).await?.is_empty(), "it is not due");
    let taken = stores.jobs.take(KIND, 9, LONG, tomorrow).await?.remove(0);
    assert_eq!((taken.job.attempt, taken.job.reason.as_deref()), (2, Some("no ink")));
    assert_eq!(taken.job.progress.as_deref(), Some("half of it"));

    assert!(stores.jobs.end(taken.claim, &Ending::Released).await?);
    let taken = stores.jobs.take(KIND, 9, LONG, tomorrow).await?.remove(0);
    assert_eq!(taken.job.attempt, 2, "what a node could not finish does not count");
    let again = Ending::Again {
        result: "swept".into(),
        at: now(),
    };
    assert!(stores.jobs.end(taken.claim, &again).await?);
    let taken = take_one(&stores, LONG).await?;
    assert_eq!((taken.job.attempt, taken.job.result.as_deref()), (1, Some("swept")));
    assert!(stores.jobs.end(taken.claim, &done()).await?);
    let job = stores.jobs.get(taken.job.id).await?.context("it is gone")?;
    assert_eq!(
        (job.state, job.ended_at, job.reason),
        (JobState::Done, Some(now()), None)
    );
    assert_eq!(stores.jobs.forget_some(now() - TimeDelta::seconds(1), 10).await?, 0);
    assert_eq!(stores.jobs.forget_some(now(), 10).await?, 1);
    Ok(())
}

async fn a_due_time_is_moved_and_a_job_in_hand_is_left_alone(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let later = NewJob::due(KIND, "a", now() + TimeDelta::hours(1));
    assert!(stores.jobs.schedule(&later, now()).await?);
    assert!(take(&stores, 1, LONG).await?.is_empty());
    assert!(stores.jobs.schedule(&due("a"), now()).await?);
    let taken = take_one(&stores, LONG).await?;
    assert!(!stores.jobs.schedule(&later, now()).await?);
    assert!(stores.jobs.end(taken.claim, &done()).await?);
    assert!(
        stores.jobs.schedule(&due("a"), now()).await?,
        "also when it was done before"
    );
    assert_eq!(take_one(&stores, LONG).await?.job.attempt, 1);
    assert_eq!(all(&stores).await?.len(), 1);
    Ok(())
}

async fn give_up(stores: &Stores) -> anyhow::Result<JobId> {
    let taken = take_one(stores, LONG).await?;
    let dead = Ending::Dead {
        reason: "nobody there".into(),
        at: now(),
    };
    ensure!(stores.jobs.end(taken.claim, &dead).await?, "it was not given up");
    Ok(taken.job.id)
}

async fn jobs_are_found_and_dead_ones_retried_or_deleted(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let (mine, other) = (tenant(), tenant());
    for number in 0..5 {
        let owner = if number == 4 { other } else { mine };
        let written = now() + TimeDelta::seconds(number - 10);
        stores
            .jobs
            .add(&[letter(EventId(id())).of_tenant(owner)], written)
            .await?;
    }
    let of = async |tenant: Option<TenantId>, state, before, most| {
        let filter = JobFilter { tenant, state, before };
        anyhow::Ok(stores.jobs.list(&filter, most).await?)
    };
    let newest = of(Some(mine), None, None, 3).await?;
    let last = newest.last().context("no jobs")?;
    let rest = of(Some(mine), None, Some((last.created_at, last.id)), 3).await?;
    assert_eq!((newest.len(), rest.len()), (3, 1));
    assert!(newest.iter().is_sorted_by_key(|job| std::cmp::Reverse(job.created_at)));

    let (dead, gone) = (give_up(&stores).await?, give_up(&stores).await?);
    let figures = stores.jobs.figures(now()).await?;
    assert_eq!((figures.queued, figures.running, figures.dead), (3, 0, 2));
    assert_eq!(figures.oldest_due, Some(now()));
    assert_eq!(of(None, Some(JobState::Dead), None, 9).await?.len(), 2);
    assert!(stores.jobs.retry(dead, now()).await?);
    assert!(!stores.jobs.retry(dead, now()).await?, "it is not dead any more");
    assert!(!stores.jobs.delete(dead).await?);
    assert!(stores.jobs.delete(gone).await?);
    assert_eq!(stores.jobs.get(gone).await?, None);
    assert_eq!(stores.jobs.figures(now()).await?.dead, 0);
    assert_eq!(take(&stores, 9, LONG).await?.len(), 4);
    Ok(())
}
