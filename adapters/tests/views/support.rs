//! A database of a test's own, a log in memory, and a node that keeps views of it.

use std::{
    path::PathBuf,
    sync::{
        Arc, RwLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use application::ports::{
    StoreError,
    log::{Commit, CommitError, Committed, EventLog, Moved, Receipt, ReceiptKey},
};
use async_trait::async_trait;
use domain::{
    Timestamp,
    ids::TenantId,
    log::{Position, Recorded, StreamId},
};
use grantlink_adapters::{postgres, views::ViewDb};
use projections::{
    Projection,
    checkpoints::Checkpoints,
    read::{Entry, Page},
    reader::EventReader,
    runner::{Pace, Runner, Sources},
};
use sqlx::{ConnectOptions, Connection, PgConnection, SqliteConnection, postgres::PgConnectOptions};
use tempfile::TempDir;
use tokio::{sync::watch, task::JoinHandle};

use crate::stories::{Story, StoryReader};

/// Long enough for a machine under load; nothing waits for it to pass.
pub(crate) const SOON: Duration = Duration::from_mins(1);

/// Small pages, so that a short story takes several transactions.
pub(crate) const PACE: Pace = Pace {
    page: 7,
    poll: Duration::from_millis(5),
    gather: Duration::from_millis(1),
    longest_pause: Duration::from_millis(20),
    lease: Duration::from_millis(200),
};

pub(crate) const FIRST_PAGE: Page = Page {
    after: None,
    limit: 1_000,
};

/// A database of a test's own.
pub(crate) enum TestDb {
    Sqlite {
        dir: TempDir,
    },
    Postgres {
        maintenance: Box<PgConnectOptions>,
        name: &'static str,
    },
}

impl TestDb {
    #[expect(clippy::unused_async, reason = "made like the other one")]
    pub(crate) async fn sqlite() -> Self {
        Self::Sqlite {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) async fn postgres() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let url = std::env::var("GRANTLINK_TEST_POSTGRES").expect(
            "GRANTLINK_TEST_POSTGRES is not set: give the URL of a PostgreSQL server on which databases may be made, \
             such as postgres://postgres@127.0.0.1:5432/postgres",
        );
        let maintenance: PgConnectOptions = url
            .parse()
            .expect("GRANTLINK_TEST_POSTGRES is no URL of a PostgreSQL server");
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("grantlink_views_{}_{number}", std::process::id()).leak();
        run(&maintenance, format!("DROP DATABASE IF EXISTS {name}").leak()).await;
        run(&maintenance, format!("CREATE DATABASE {name}").leak()).await;
        Self::Postgres {
            maintenance: Box::new(maintenance),
            name,
        }
    }

    /// Another node on the same database.
    pub(crate) async fn node(&self) -> Arc<ViewDb> {
        let opened = match self {
            Self::Sqlite { dir } => ViewDb::sqlite(&file(dir)).await,
            Self::Postgres { maintenance, name } => {
                let url = maintenance.as_ref().clone().database(name).to_url_lossy();
                ViewDb::postgres(&postgres::Options::new(url.as_str().into())).await
            }
        };
        Arc::new(opened.unwrap())
    }

    /// A connection of somebody else.
    pub(crate) async fn connection(&self) -> PgConnection {
        let Self::Postgres { maintenance, name } = self else {
            panic!("SQLite's file is the node's own");
        };
        let options = maintenance.as_ref().clone().database(name);
        PgConnection::connect_with(&options).await.unwrap()
    }

    /// Changes the database past the program.
    pub(crate) async fn run(&self, sql: String) {
        match self {
            Self::Sqlite { dir } => {
                let mut connection = SqliteConnection::connect(&file(dir).to_string_lossy()).await.unwrap();
                sqlx::raw_sql(sql.leak() as &'static str)
                    .execute(&mut connection)
                    .await
                    .unwrap();
                connection.close().await.unwrap();
            }
            Self::Postgres { maintenance, name } => run(&maintenance.as_ref().clone().database(name), sql.leak()).await,
        }
    }

    pub(crate) async fn drop_database(self) {
        if let Self::Postgres { maintenance, name } = self {
            run(&maintenance, format!("DROP DATABASE {name} WITH (FORCE)").leak()).await;
        }
    }
}

fn file(dir: &TempDir) -> PathBuf {
    dir.path().join("views.db")
}

async fn run(server: &PgConnectOptions, sql: &'static str) {
    let mut connection = PgConnection::connect_with(server).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// A log that tests write to directly.
pub(crate) struct MemoryLog {
    events: RwLock<Vec<Recorded>>,
    committed: watch::Sender<Position>,
}

impl MemoryLog {
    pub(crate) fn of(story: &Story) -> Arc<Self> {
        let log = Self {
            events: RwLock::default(),
            committed: watch::Sender::new(Position(0)),
        };
        log.goes_on(story);
        Arc::new(log)
    }

    /// When the newest event was recorded.
    pub(crate) fn head_time(&self) -> Timestamp {
        self.events.read().unwrap().last().unwrap().recorded_at
    }

    /// What the story tells beyond what is there.
    pub(crate) fn goes_on(&self, story: &Story) {
        let mut events = self.events.write().unwrap();
        let known = events.len();
        events.extend_from_slice(&story.recorded()[known..]);
        self.committed.send_replace(Position(events.len() as u64));
    }
}

#[async_trait]
impl EventLog for MemoryLog {
    async fn load(&self, stream: &StreamId, after: u64) -> Result<Vec<Recorded>, StoreError> {
        let events = self.events.read().unwrap();
        let of_stream = |event: &&Recorded| event.aggregate_id == stream.aggregate_id && event.sequence > after;
        Ok(events.iter().filter(of_stream).cloned().collect())
    }

    async fn page(&self, after: Position, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        let events = self.events.read().unwrap();
        let from = usize::try_from(after.0).unwrap().min(events.len());
        Ok(events[from..].iter().take(limit as usize).cloned().collect())
    }

    async fn page_of(&self, tenant: TenantId, after: Position, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        let events = self.events.read().unwrap();
        let there = |event: &&Recorded| event.tenant_id == tenant && event.position > after;
        Ok(events.iter().filter(there).take(limit as usize).cloned().collect())
    }

    async fn at(&self, positions: &[Position]) -> Result<Vec<Recorded>, StoreError> {
        let events = self.events.read().unwrap();
        let there = |event: &&Recorded| positions.contains(&event.position);
        Ok(events.iter().filter(there).cloned().collect())
    }

    async fn moved(&self, _: Position, _: u32) -> Result<Vec<Moved>, StoreError> {
        Err(StoreError::Broken("no view asks which streams moved".to_owned()))
    }

    async fn head(&self) -> Result<Position, StoreError> {
        Ok(Position(self.events.read().unwrap().len() as u64))
    }

    async fn commit(&self, _: Commit) -> Result<Committed, CommitError> {
        Err(StoreError::Broken("nobody commits in these tests".to_owned()).into())
    }

    async fn receipt(&self, _: &ReceiptKey) -> Result<Option<Receipt>, StoreError> {
        Ok(None)
    }

    fn committed(&self) -> watch::Receiver<Position> {
        self.committed.subscribe()
    }
}

/// What one process has of the views.
pub(crate) struct Node {
    pub(crate) views: Arc<ViewDb>,
    pub(crate) sources: Sources,
    pub(crate) checkpoints: Checkpoints,
}

impl Node {
    pub(crate) async fn new(db: &TestDb, log: &Arc<MemoryLog>) -> Self {
        Self::reading(db, log, StoryReader).await
    }

    pub(crate) async fn reading(db: &TestDb, log: &Arc<MemoryLog>, reader: impl EventReader + 'static) -> Self {
        let views = db.node().await;
        let sources = Sources {
            log: log.clone(),
            reader: Arc::new(reader),
            store: views.clone(),
        };
        Self {
            checkpoints: Checkpoints::new(views.clone()),
            views,
            sources,
        }
    }

    pub(crate) fn runner<P: Projection>(&self, projection: P) -> Runner {
        Runner::new(projection, self.sources.clone(), self.checkpoints.clone(), PACE)
    }

    /// Keeps one view until the test ends.
    pub(crate) fn keeps<P: Projection>(&self, projection: P) -> Kept {
        Kept(tokio::spawn(self.runner(projection).run()))
    }

    pub(crate) async fn reaches<P: Projection>(&self, _: P, position: u64) {
        let waited = self.checkpoints.wait_for(P::VIEW.name, Position(position), SOON).await;
        waited.unwrap();
    }

    /// Folds everything that is there.
    pub(crate) async fn catches_up<P: Projection + Copy>(&self, projection: P) {
        let _kept = self.keeps(projection);
        let head = self.sources.log.head().await.unwrap();
        self.reaches(projection, head.0).await;
    }
}

/// A runner that stops when it is dropped.
pub(crate) struct Kept(JoinHandle<()>);

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The rows of a list in which each can be read.
pub(crate) trait Readable<R> {
    fn readable(self) -> Vec<R>;
}

impl<R> Readable<R> for Vec<Entry<R>> {
    fn readable(self) -> Vec<R> {
        let length = self.len();
        let rows: Vec<_> = self.into_iter().filter_map(Entry::readable).collect();
        assert_eq!(rows.len(), length, "a row cannot be read");
        rows
    }
}
