//! ES-3: whoever does not know whether a commit stands asks again with the same ids, and learns it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use adapters::postgres;
use anyhow::{Context, bail, ensure};
use application::ports::{
    StoreError,
    log::{Commit, CommitError, Committed, EventLog},
};
use domain::log::{Position, Recorded};
use grantlink_tests::{
    conformance::{Database, Draft, Kind, Stream, row, run, stream, trail},
    scale::scaled,
    seed::seed,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::task::JoinSet;

use super::{
    line::{Cut, Line},
    mutants,
};

const CALLERS: usize = 4;
const LOCK_TIMEOUT: Duration = Duration::from_millis(50);
/// A caller that learns nothing for so long gives up: longer than a node asks for a lost answer by itself.
const PATIENCE: Duration = Duration::from_secs(30);

/// ES-3. A caller, its node, the line between the node and the server, and another node that has a line of its own.
struct Caller {
    near: Arc<dyn EventLog>,
    far: Arc<dyn EventLog>,
    line: Line,
    database: Database,
    /// What it appends to again and again, and how far it is.
    stream: Stream,
    version: u64,
    rng: StdRng,
}

/// What it does about the answer that it did not get.
#[derive(Clone, Copy)]
enum Resort {
    /// It waits: its node asks again.
    Wait,
    /// It goes to the other node, while its own is still asking.
    AskElsewhere,
    /// Its node cannot learn it either and says "unavailable"; it sends the commit again.
    SendAgain,
}

impl Caller {
    async fn new(database: &Database, far: &Arc<dyn EventLog>, seed: u64) -> anyhow::Result<Self> {
        let line = Line::before(&database.url()?).await?;
        let mut options = postgres::Options::new(line.url().to_owned().into());
        options.lock_timeout = LOCK_TIMEOUT;
        Ok(Self {
            near: postgres::connect(&options).await?.log,
            far: Arc::clone(far),
            line,
            database: database.clone(),
            stream: stream(),
            version: 0,
            rng: StdRng::seed_from_u64(seed),
        })
    }

    /// Loses the answers of so many commits. What was committed, and what was answered in the end.
    async fn lose(mut self, answers: usize) -> anyhow::Result<Vec<(Commit, Committed)>> {
        const CUTS: [Cut; 4] = [
            Cut::AfterTheRequest,
            Cut::BeforeTheAnswer,
            Cut::AfterTheFirstRow,
            Cut::BeforeTheLastByte,
        ];
        const RESORTS: [Resort; 3] = [Resort::Wait, Resort::AskElsewhere, Resort::SendAgain];
        let mut answered = Vec::new();
        for _ in 0..answers {
            let commit = self.next_commit();
            let cut = CUTS[self.rng.random_range(0..CUTS.len())];
            let resort = RESORTS[self.rng.random_range(0..RESORTS.len())];
            let committed = self.commit_over_a_broken_line(&commit, cut, resort).await?;
            self.version += commit
                .appends
                .iter()
                .filter(|event| event.stream == self.stream)
                .count() as u64;
            answered.push((commit, committed));
        }
        Ok(answered)
    }

    /// Commits of every shape that leaves something in the log.
    fn next_commit(&mut self) -> Commit {
        let draft = Draft::default();
        let tenant = draft.0.tenant;
        let draft = match self.rng.random_range(0..5) {
            0 => draft.observes(&trail(), "Opened", Some(5)),
            1 => draft
                .appends(&stream(), 0)
                .appends(&self.stream, self.version)
                .reads(&stream(), 0),
            2 => draft.appends(&self.stream, self.version).receipt("key", b"answer"),
            3 => draft
                .appends(&self.stream, self.version)
                .observes(&trail(), "Opened", None)
                .puts(&row(tenant, b"sealed")),
            _ => draft.appends(&self.stream, self.version),
        };
        draft.commit()
    }

    async fn commit_over_a_broken_line(&self, commit: &Commit, cut: Cut, resort: Resort) -> anyhow::Result<Committed> {
        self.line.let_in(!matches!(resort, Resort::SendAgain));
        self.line.break_at(cut);
        let (near, first) = (Arc::clone(&self.near), commit.clone());
        let first = tokio::spawn(async move { near.commit(first).await });
        self.line.broken().await?;
        let answer = match resort {
            Resort::Wait => return answered_or_again(first.await?, &self.near, commit).await,
            Resort::AskElsewhere => until_answered(&self.far, commit).await?,
            Resort::SendAgain => {
                let hold = self.database.hold_the_log().await?;
                self.line.let_in(true);
                let outcome = first.await?;
                hold.release().await?;
                ensure!(is_unavailable(&outcome), "answered while the log was held: {outcome:?}");
                return until_answered(&self.near, commit).await;
            }
        };
        let own = answered_or_again(first.await?, &self.near, commit).await?;
        ensure!(own == answer, "two answers to one commit: {own:?} and {answer:?}");
        Ok(answer)
    }
}

type Outcome = Result<Committed, CommitError>;

fn is_unavailable(outcome: &Outcome) -> bool {
    matches!(outcome, Err(CommitError::Store(StoreError::Unavailable(_))))
}

async fn answered_or_again(first: Outcome, log: &Arc<dyn EventLog>, commit: &Commit) -> anyhow::Result<Committed> {
    if is_unavailable(&first) {
        return until_answered(log, commit).await; // another caller's hold was in its way
    }
    Ok(first?)
}

/// Sends a commit, as it is, until somebody says what became of it.
async fn until_answered(log: &Arc<dyn EventLog>, commit: &Commit) -> anyhow::Result<Committed> {
    let started = Instant::now();
    loop {
        let outcome = log.commit(commit.clone()).await;
        if !is_unavailable(&outcome) {
            return Ok(outcome?);
        }
        ensure!(started.elapsed() < PATIENCE, "it stays unavailable");
    }
}

/// The promise: each commit stands once, and every answer to it is the same.
async fn every_lost_answer_is_found_again(database: &Database, answers: usize) -> anyhow::Result<()> {
    let far = database.open().await?.log;
    let seed = seed();
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        let caller = Caller::new(database, &far, seed.wrapping_add(number as u64)).await?;
        callers.spawn(caller.lose(answers.div_ceil(CALLERS)));
    }
    let mut answered = Vec::new();
    while let Some(caller) = callers.join_next().await {
        answered.extend(caller??);
    }
    let log = whole(&far).await?;
    let made: usize = answered
        .iter()
        .map(|(commit, _)| commit.appends.len() + commit.observations.len())
        .sum();
    ensure!(log.len() == made, "{made} events were committed, {} stand", log.len());
    for (commit, committed) in &answered {
        let last = last_of(commit, &log)?;
        ensure!((last.position, last.recorded_at) == (committed.position, committed.recorded_at));
        let again = far.commit(commit.clone()).await?;
        ensure!(again == *committed, "answered {committed:?}, and later {again:?}");
    }
    ensure!(
        whole(&far).await?.len() == made,
        "an answer that was asked for again left a copy"
    );
    Ok(())
}

async fn whole(log: &Arc<dyn EventLog>) -> anyhow::Result<Vec<Recorded>> {
    let mut events: Vec<Recorded> = Vec::new();
    loop {
        let after = events.last().map_or(Position(0), |event| event.position);
        let page = log.page(after, 1_000).await?;
        if page.is_empty() {
            return Ok(events);
        }
        events.extend(page);
    }
}

/// The last event of a commit, each of whose events stands once.
fn last_of<'a>(commit: &Commit, log: &'a [Recorded]) -> anyhow::Result<&'a Recorded> {
    let appended = commit.appends.iter().map(|event| event.event_id);
    let mut last: Option<&Recorded> = None;
    for id in appended.chain(commit.observations.iter().map(|seen| seen.event_id)) {
        let mut copies = log.iter().filter(|event| event.event_id == id);
        let stands = copies.next().context("an event that was answered is missing")?;
        last = last.filter(|last| last.position > stands.position).or(Some(stands));
        ensure!(copies.next().is_none(), "an event stands twice");
    }
    last.context("it has no event")
}

/// ES-3: the line breaks at any point between the request and the last byte of the answer, while several nodes append.
#[tokio::test(flavor = "multi_thread")]
async fn an_append_whose_answer_got_lost_stands_once_and_is_answered_alike() -> anyhow::Result<()> {
    run(Kind::Postgres, async |database: Database| {
        every_lost_answer_is_found_again(&database, scaled(50)).await
    })
    .await
}

/// ES-3, the mutant: an append that does not look for its own events first takes them for somebody else's.
#[tokio::test(flavor = "multi_thread")]
async fn an_append_that_does_not_know_its_own_events_is_caught() -> anyhow::Result<()> {
    run(Kind::Postgres, async |database: Database| {
        mutants::rewrite(&database, ":= 'known'", ":= NULL").await?;
        let Err(caught) = every_lost_answer_is_found_again(&database, 20).await else {
            bail!("it was not noticed");
        };
        let conflict = caught.downcast_ref::<CommitError>();
        ensure!(
            matches!(conflict, Some(CommitError::Conflict(_))),
            "caught by chance: {caught}"
        );
        Ok(())
    })
    .await
}
