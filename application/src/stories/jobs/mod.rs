//! What happens by itself: from an event to a job, and from a job to its end.

mod rows;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use chrono::TimeDelta;
use domain::{
    Timestamp,
    connect_link::{ConnectLink, ConnectLinkEvent},
    event::Event,
    log::{Position, Recorded, StreamId},
};
use tokio::sync::Semaphore;
use uuid::Uuid;

pub(super) use self::rows::Rows;
use super::{fake::Store, id, node, now, stored, with_link};
use crate::{
    App,
    jobs::{Care, Duties, Followed, Handler, Outcome, Pace, Policy, Run, Wanted, Worker},
    ports::{
        clock::{Clock, Entropy},
        jobs::{Job, JobState, Jobs, NewJob},
    },
    states::States,
};

/// A clock that stands still until it is moved.
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_timestamp_micros(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

/// The longest pause is drawn each time.
struct Nines;

impl Entropy for Nines {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0xff);
    }

    fn id(&self, _: Timestamp) -> Uuid {
        id(77)
    }
}

struct World {
    app: Arc<App>,
    rows: Arc<Rows>,
    clock: Arc<Hand>,
}

impl World {
    fn over(store: &Arc<Store>) -> Self {
        let mut app = Arc::into_inner(node(store, States::default())).unwrap();
        let rows = Arc::new(Rows::default());
        let clock = Arc::new(Hand(AtomicI64::new(now().timestamp_micros())));
        (app.jobs, app.clock, app.entropy) = (rows.clone(), clock.clone(), Arc::new(Nines));
        let app = Arc::new(app);
        Self { app, rows, clock }
    }

    fn move_on(&self, by: TimeDelta) {
        self.clock
            .0
            .fetch_add(by.num_microseconds().unwrap(), Ordering::Relaxed);
    }

    async fn jobs(&self) -> Vec<Job> {
        self.rows
            .list(&crate::ports::jobs::JobFilter::default(), 100)
            .await
            .unwrap()
    }

    async fn only_job(&self) -> Job {
        let [job] = self.jobs().await.try_into().unwrap();
        job
    }

    /// Does everything that is due.
    async fn work(&self, handler: impl Handler) {
        let duties = Duties::default().handler(handler);
        Worker::new(Arc::clone(&self.app), &duties, pace())
            .work_off()
            .await
            .unwrap();
    }
}

fn pace() -> Pace {
    Pace {
        lease: Duration::from_millis(30),
        farewell: Duration::from_millis(1),
        ..Pace::default()
    }
}

/// Wants one job for each link that was declined, and one more a day later.
struct Condolences;

impl Policy for Condolences {
    fn name(&self) -> &'static str {
        "condolences"
    }

    fn follows(&self, aggregate_type: &str, event_type: &str) -> bool {
        (aggregate_type, event_type) == ("connect_link", "Declined")
    }

    fn jobs(&self, event: &Event, recorded: &Recorded) -> Vec<Wanted> {
        assert!(matches!(event, Event::ConnectLink(ConnectLinkEvent::Declined {})));
        let letter = Wanted::new("letter").about("link", &recorded.aggregate_id);
        vec![letter.clone(), letter.at(recorded.recorded_at + TimeDelta::days(1))]
    }
}

/// Answers what it was told to.
struct Answers(&'static str, Outcome);

#[async_trait]
impl Handler for Answers {
    fn kind(&self) -> &'static str {
        self.0
    }

    fn care(&self) -> Care {
        Care {
            attempts: Some(3),
            deadline: Duration::from_millis(200),
            ..Care::default()
        }
    }

    async fn run(&self, run: &Run<'_>) -> Outcome {
        run.note("half of it").await.unwrap();
        self.1.clone()
    }
}

async fn decline(store: &Store, link: domain::ids::LinkId) {
    let event = stored(&StreamId::of::<ConnectLink>(link), &ConnectLinkEvent::Declined {});
    store.0.lock().await.append(event);
}

/// What happened before a policy was there is history. What happens then makes its jobs, once, whoever looks how often; they
/// are done when they are due, and say what came of it.
///
/// Mutant: a policy that begins at 0 makes jobs of history.
#[tokio::test]
async fn an_event_makes_its_jobs_once_and_history_makes_none() {
    let (store, link) = with_link().await;
    decline(&store, link).await;
    let world = World::over(&store);
    let policy: Arc<dyn Policy> = Arc::new(Condolences);
    let (mut here, mut there) = (
        Followed::new(Arc::clone(&world.app), Arc::clone(&policy)),
        Followed::new(Arc::clone(&world.app), Arc::clone(&policy)),
    );
    here.catch_up().await.unwrap();
    there.catch_up().await.unwrap();
    assert!(world.jobs().await.is_empty(), "it begins at the head");
    let before = store.0.lock().await.rows.len() as u64;

    decline(&store, link).await;
    here.catch_up().await.unwrap();
    there.catch_up().await.unwrap();
    let jobs = world.jobs().await;
    assert_eq!(jobs.len(), 2);
    assert!(
        jobs.iter()
            .all(|job| job.id_of("link") == Some(link) && job.tenant.is_some())
    );
    // A node that reads the same event again, whatever made it do so.
    let behind = Position(before);
    world
        .rows
        .state
        .lock()
        .await
        .policies
        .insert("condolences".to_owned(), behind);
    Followed::new(Arc::clone(&world.app), policy).catch_up().await.unwrap();
    assert_eq!(world.jobs().await.len(), 2);

    world.work(Answers("letter", Outcome::Done("sent".into()))).await;
    let states = async || world.jobs().await.into_iter().map(|job| job.state).collect::<Vec<_>>();
    assert_eq!(
        states().await.iter().filter(|state| **state == JobState::Done).count(),
        1
    );
    world.move_on(TimeDelta::days(1));
    world.work(Answers("letter", Outcome::Done("sent".into()))).await;
    assert_eq!(states().await, [JobState::Done; 2]);
    let done = world.jobs().await.remove(0);
    assert_eq!(
        (done.progress.as_deref(), done.result.as_deref()),
        (Some("half of it"), Some("sent"))
    );
}

/// Breaks off at every event that it follows.
struct Stumbles;

impl Policy for Stumbles {
    fn name(&self) -> &'static str {
        "stumbles"
    }

    fn follows(&self, aggregate_type: &str, event_type: &str) -> bool {
        (aggregate_type, event_type) == ("connect_link", "Declined")
    }

    fn jobs(&self, _: &Event, _: &Recorded) -> Vec<Wanted> {
        panic!("this is part of the story")
    }
}

/// A policy that breaks off at an event goes on behind it, and says so; what only a newer node can read is left to that one.
///
/// Mutant seen: when a newer node's event is parked as well, nobody makes its jobs, and this fails.
#[tokio::test]
async fn a_policy_goes_on_without_what_it_cannot_read_but_for_a_newer_nodes_events() {
    let (store, link) = with_link().await;
    let world = World::over(&store);
    let mut followed = Followed::new(Arc::clone(&world.app), Arc::new(Stumbles));
    followed.catch_up().await.unwrap();
    decline(&store, link).await;
    followed.catch_up().await.unwrap();
    let declined = store.0.lock().await.rows.len() as u64;
    let parked = || async { world.rows.parked(None, 9).await.unwrap() };
    let [at] = parked().await.try_into().unwrap();
    assert_eq!(
        (at.policy.as_str(), at.event.position, at.event.reason.as_str()),
        ("stumbles", Position(declined), "the policy broke off at it")
    );

    decline(&store, link).await;
    store.0.lock().await.rows.last_mut().unwrap().event_version = "99.0".to_owned();
    assert!(followed.catch_up().await.is_err());
    assert_eq!(parked().await.len(), 1);
    let stands = world.rows.checkpoint("stumbles", Position(0)).await.unwrap();
    assert_eq!(stands, Position(declined), "it stands before it");
}

async fn due(world: &World) {
    let job = NewJob::due("letter", "one", now());
    world.app.jobs.add(&[job], now()).await.unwrap();
}

/// What does not work is tried again after pauses that double, and then somebody has to look at it.
///
/// Mutant: without the cap on attempts it goes on for ever.
#[tokio::test]
async fn what_always_fails_is_given_up() {
    let world = World::over(&Arc::new(Store::default()));
    due(&world).await;
    for (attempt, pause) in [(1, 5), (2, 10)] {
        world.work(Answers("letter", Outcome::later("no ink"))).await;
        world.work(Answers("letter", Outcome::later("no ink"))).await;
        let job = world.only_job().await;
        assert_eq!((job.attempt, job.state), (attempt, JobState::Queued));
        let waits = (job.run_at - world.clock.now()).num_seconds();
        assert!((1..=pause).contains(&waits), "{waits}");
        world.move_on(TimeDelta::seconds(pause));
    }
    world.work(Answers("letter", Outcome::later("no ink"))).await;
    let job = world.only_job().await;
    assert_eq!((job.state, job.reason.as_deref()), (JobState::Dead, Some("no ink")));
}

/// What comes round for ever is due again when it said, with its attempts counted from the beginning.
#[tokio::test]
async fn what_recurs_is_due_again() {
    let world = World::over(&Arc::new(Store::default()));
    let at = now() + TimeDelta::hours(1);
    let result = "swept".to_owned();
    let duties = Duties::default().recurring(Answers("letter", Outcome::Again { result, at }));
    for _ in 0..2 {
        Worker::new(Arc::clone(&world.app), &duties, pace())
            .work_off()
            .await
            .unwrap();
        let job = world.only_job().await;
        assert_eq!((job.state, job.run_at, job.attempt), (JobState::Queued, at, 0));
    }
}

/// What comes round in shares is so many jobs, and each says which it is; however many nodes stand up.
#[tokio::test]
async fn what_recurs_in_shares_is_there_once_for_each() {
    let world = World::over(&Arc::new(Store::default()));
    let at = now() + TimeDelta::hours(1);
    let result = "swept".to_owned();
    let duties = Duties::default().recurring_in_shares(Answers("letter", Outcome::Again { result, at }), 3);
    for _ in 0..2 {
        Worker::new(Arc::clone(&world.app), &duties, pace())
            .work_off()
            .await
            .unwrap();
    }
    let jobs = world.jobs().await;
    let mut shares: Vec<Option<u32>> = jobs.iter().map(|job| job.id_of("share")).collect();
    shares.sort_unstable();
    assert_eq!(shares, [None, Some(1), Some(2)]);
}

/// Waits for ever, and tells that it began.
struct Hangs(Arc<Semaphore>);

#[async_trait]
impl Handler for Hangs {
    fn kind(&self) -> &'static str {
        "letter"
    }

    fn care(&self) -> Care {
        Care {
            deadline: Duration::from_hours(1),
            ..Care::default()
        }
    }

    async fn run(&self, _: &Run<'_>) -> Outcome {
        self.0.add_permits(1);
        std::future::pending().await
    }
}

/// A node that is told to stop gives what it cannot finish back, and the attempt does not count.
///
/// Mutant: without the release the job stays with a node that is gone.
#[tokio::test]
async fn a_node_that_stops_lets_go_of_its_jobs() {
    let world = World::over(&Arc::new(Store::default()));
    due(&world).await;
    let begun = Arc::new(Semaphore::new(0));
    let duties = Duties::default().handler(Hangs(Arc::clone(&begun)));
    let stop = async { drop(begun.acquire().await.unwrap()) };
    Worker::new(Arc::clone(&world.app), &duties, pace()).run(stop).await;
    let job = world.only_job().await;
    assert_eq!((job.state, job.attempt), (JobState::Queued, 0));
}

/// Panics.
struct Breaks;

#[async_trait]
impl Handler for Breaks {
    fn kind(&self) -> &'static str {
        "letter"
    }

    async fn run(&self, _: &Run<'_>) -> Outcome {
        panic!("this is part of the story")
    }
}

/// A handler that breaks off is tried again like one that fails, and the worker goes on.
#[tokio::test]
async fn a_handler_that_breaks_off_fails_its_attempt_only() {
    let world = World::over(&Arc::new(Store::default()));
    due(&world).await;
    world.work(Breaks).await;
    let job = world.only_job().await;
    assert_eq!(
        (job.state, job.reason.as_deref()),
        (JobState::Queued, Some("the handler broke off"))
    );
}
