//! ES-5: two nodes append, and each step between a position's choice and the commit is held until the story lets it go.

use std::{sync::Arc, task::Poll};

use anyhow::{Context, ensure};
use application::ports::log::{CommitError, Committed, EventLog};
use domain::log::{Position, Recorded};
use grantlink_tests::conformance::{Boxed, Database, Draft, Kind, poll_once, run, stream};
use sqlx::{Executor, PgConnection};

use super::mutants;

/// After it got its position, an append waits until nobody holds the gate of its stream.
const GATES: &str = "
    CREATE FUNCTION wait_at_the_gate() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock_shared(hashtext(NEW.aggregate_id), 1);
        RETURN NULL;
    END
    $$;
    CREATE TRIGGER gate AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION wait_at_the_gate()";

const CLOSE: &str = "SELECT pg_advisory_lock(hashtext($1), 1)";
const OPEN: &str = "SELECT pg_advisory_unlock(hashtext($1), 1)";
const NODES: &str = "SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'grantlink-log' ORDER BY backend_start";
const WAITS: &str = "SELECT EXISTS (SELECT FROM pg_locks WHERE pid = $1 AND locktype = 'advisory' AND NOT granted)";
/// A gate's key is two numbers (objsubid 2); the log's is one.
const WAITS_FOR_THE_LOG: &str = "SELECT EXISTS (SELECT FROM pg_locks
    WHERE pid = $1 AND locktype = 'advisory' AND NOT granted AND objsubid = 1)";
const CANCEL: &str = "SELECT pg_cancel_backend($1)";

/// What happens next. Where the log's lock makes a step wait for the other node's commit, the story goes on without it.
#[derive(Clone, Copy)]
enum Step {
    /// A node appends: it gets its position, or waits for the log's lock.
    Allocate(usize),
    /// It may commit.
    Commit(usize),
    /// It is made to roll back.
    RollBack(usize),
    /// The reader reads on.
    Read,
}

use Step::{Allocate, Commit, Read, RollBack};

const INTERLEAVINGS: [&[Step]; 4] = [
    &[Allocate(0), Allocate(1), Commit(1), Read, Commit(0), Read],
    &[Allocate(0), Allocate(1), Commit(0), Read, Commit(1), Read],
    &[Allocate(0), Allocate(1), Commit(1), Read, RollBack(0), Read],
    &[Allocate(0), Allocate(1), RollBack(1), Read, Commit(0), Read],
];
/// The one that goes wrong where the order of positions is not the order of commits.
const THE_LATER_COMMITS_FIRST: &[Step] = INTERLEAVINGS[0];

struct Node {
    log: Arc<dyn EventLog>,
    session: i32,
    gate: String,
    commit: Boxed<Result<Committed, CommitError>>,
    outcome: Option<Result<Committed, CommitError>>,
}

impl Node {
    async fn start(database: &Database, number: usize, control: &mut PgConnection) -> anyhow::Result<Self> {
        let log = database.open().await?.log;
        let sessions: Vec<i32> = sqlx::query_scalar(NODES).fetch_all(&mut *control).await?;
        let session = *sessions.get(number).context("the node has no session that appends")?;
        let stream = stream();
        let gate = stream.aggregate_id.clone();
        control.execute(sqlx::query(CLOSE).bind(gate.clone())).await?;
        let (near, draft) = (Arc::clone(&log), Draft::default().appends(&stream, 0));
        let commit: Boxed<_> = Box::pin(async move { near.commit(draft.commit()).await });
        Ok(Self {
            log,
            session,
            gate,
            commit,
            outcome: None,
        })
    }

    /// Goes on until the append has ended, or waits for what the statement asks.
    async fn go_on(&mut self, until: &'static str, control: &mut PgConnection) -> anyhow::Result<()> {
        while self.outcome.is_none() {
            if let Poll::Ready(outcome) = poll_once(&mut self.commit).await {
                self.outcome = Some(outcome);
                break;
            }
            if sqlx::query_scalar(until)
                .bind(self.session)
                .fetch_one(&mut *control)
                .await?
            {
                break;
            }
        }
        Ok(())
    }

    /// Whether the append stands, once it has ended.
    async fn stands(&mut self) -> bool {
        match &self.outcome {
            Some(outcome) => outcome.is_ok(),
            None => self.outcome.insert((&mut self.commit).await).is_ok(),
        }
    }
}

/// Plays the steps. At the end every gate is open; then the reader must have seen what stands, in order, and no gap.
async fn play(database: &Database, steps: &[Step]) -> anyhow::Result<()> {
    let mut control = database.connection().await?;
    let mut nodes = [
        Node::start(database, 0, &mut control).await?,
        Node::start(database, 1, &mut control).await?,
    ];
    let mut seen = Vec::new();
    for step in steps {
        match *step {
            Allocate(node) => nodes[node].go_on(WAITS, &mut control).await?,
            Commit(node) => {
                let node = &mut nodes[node];
                control.execute(sqlx::query(OPEN).bind(node.gate.clone())).await?;
                node.go_on(WAITS_FOR_THE_LOG, &mut control).await?;
            }
            RollBack(node) => {
                let node = &mut nodes[node];
                control.execute(sqlx::query(CANCEL).bind(node.session)).await?;
                ensure!(!node.stands().await, "what was rolled back was answered");
                control.execute(sqlx::query(OPEN).bind(node.gate.clone())).await?;
            }
            Read => read_on(&nodes[1].log, &mut seen).await?,
        }
    }
    let mut stand = 0;
    for node in &mut nodes {
        stand += u64::from(node.stands().await);
    }
    read_on(&nodes[0].log, &mut seen).await?;
    ensure!(
        seen == nodes[0].log.page(Position(0), 100).await?,
        "the reader did not see what stands"
    );
    ensure!(
        seen.iter().map(|event| event.position.0).eq(1..=stand),
        "the positions have a gap"
    );
    Ok(())
}

async fn read_on(log: &Arc<dyn EventLog>, seen: &mut Vec<Recorded>) -> anyhow::Result<()> {
    let after = seen.last().map_or(Position(0), |event| event.position);
    seen.extend(log.page(after, 100).await?);
    Ok(())
}

/// ES-5: who commits first, and who rolls back, makes no difference to a reader.
#[tokio::test(flavor = "multi_thread")]
async fn no_interleaving_of_two_appends_hides_an_event() -> anyhow::Result<()> {
    for steps in INTERLEAVINGS {
        run(Kind::Postgres, async move |database: Database| {
            database.execute(GATES).await?;
            play(&database, steps).await
        })
        .await?;
    }
    Ok(())
}

/// ES-5, the mutant: with positions from a sequence and no lock, the reader passes the one that commits late.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_a_sequence_hides_is_missed() -> anyhow::Result<()> {
    run(Kind::Postgres, async |database: Database| {
        mutants::number_by_a_sequence(&database).await?;
        database.execute(GATES).await?;
        let Err(caught) = play(&database, THE_LATER_COMMITS_FIRST).await else {
            anyhow::bail!("it was not noticed");
        };
        ensure!(
            caught.to_string().contains("did not see what stands"),
            "caught by chance: {caught}"
        );
        Ok(())
    })
    .await
}
