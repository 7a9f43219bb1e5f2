//! Reading everything as of one moment, and writing everything at once.

use application::ports::StoreError;
use domain::log::{Position, Recorded};
use futures_util::TryStreamExt;

use super::{
    Row, Stores, Value, bound,
    log::{HEAD, PAGE, recorded, signed},
    pool::Work,
    store_error,
};

/// The log's lock, as `append_batch` takes it: nobody appends beside an import.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7454127460279152235)";
const TO_HEAD: &str = "UPDATE policy SET position = $1";
const IS_EMPTY: &str = "SELECT count(*) FROM (
    SELECT 1 FROM events UNION ALL SELECT 1 FROM vault UNION ALL SELECT 1 FROM receipts UNION ALL SELECT 1 FROM images
    UNION ALL SELECT 1 FROM attempts) AS anything";

macro_rules! insert {
    ($values:literal) => {
        concat!(
            "INSERT INTO events (position, event_id, tenant_id, aggregate_type, aggregate_id, sequence, event_type, ",
            "event_version, recorded_at, payload, metadata, personal_subject, personal, personal_hash, hash) ",
            $values
        )
    };
}

const PUT_POSTGRES: &str = insert!(
    "SELECT (e ->> 'position')::bigint, (e ->> 'event_id')::uuid, (e ->> 'tenant_id')::uuid, e ->> 'aggregate_type',
        e ->> 'aggregate_id', (e ->> 'sequence')::bigint, e ->> 'event_type', e ->> 'event_version',
        (e ->> 'recorded_at')::bigint, (e ->> 'payload')::json, (e ->> 'metadata')::json, e ->> 'personal_subject',
        decode(e ->> 'personal', 'hex'), decode(e ->> 'personal_hash', 'hex'), decode(e ->> 'hash', 'hex')
    FROM json_array_elements($1::json) AS e"
);
const PUT_SQLITE: &str = insert!(
    "SELECT e.value ->> 'position', unhex(e.value ->> 'event_id', '-'), unhex(e.value ->> 'tenant_id', '-'),
        e.value ->> 'aggregate_type', e.value ->> 'aggregate_id', e.value ->> 'sequence', e.value ->> 'event_type',
        e.value ->> 'event_version', e.value ->> 'recorded_at', e.value ->> 'payload', e.value ->> 'metadata',
        e.value ->> 'personal_subject', unhex(e.value ->> 'personal'), unhex(e.value ->> 'personal_hash'),
        unhex(e.value ->> 'hash')
    FROM json_each($1) AS e"
);

impl Stores {
    /// Everything as it is at this moment, however long it takes to read it.
    pub(crate) async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.pool.snapshot().await.map(Snapshot)
    }

    /// The one who writes, until it commits or is dropped.
    pub(crate) async fn importing(&self) -> Result<Importing, StoreError> {
        let mut work = self.pool.begin().await?;
        if let Work::Postgres(_) = &work {
            work.returning(LOCK, vec![]).await?;
        }
        Ok(Importing(work))
    }
}

/// One moment of a database.
pub(crate) struct Snapshot(Work);

impl Snapshot {
    /// The position of the newest event.
    pub(crate) async fn head(&mut self) -> Result<Position, StoreError> {
        let row = self.0.returning(HEAD, vec![]).await?.pop();
        row.map_or(Ok(Position(0)), |mut row| row.count().map(Position))
    }

    /// The next events behind a position.
    pub(crate) async fn page(&mut self, after: Position, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        let values = vec![signed(after.0).into(), i64::from(limit).into()];
        let rows = self.0.returning(PAGE, values).await?;
        rows.into_iter().map(recorded).collect()
    }

    /// Hands over one row after the other, without keeping any.
    pub(crate) async fn each<E: From<StoreError>>(
        &mut self,
        (postgres, sqlite): (&'static str, &'static str),
        mut take: impl FnMut(Row) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        match &mut self.0 {
            Work::Postgres(work) => {
                let mut rows = bound(postgres, vec![]).fetch(&mut **work);
                while let Some(row) = rows.try_next().await.map_err(store_error)? {
                    take(Row::of_postgres(&row)?)?;
                }
            }
            Work::Sqlite(work) => {
                let mut rows = bound(sqlite, vec![]).fetch(&mut **work);
                while let Some(row) = rows.try_next().await.map_err(store_error)? {
                    take(Row::of_sqlite(&row)?)?;
                }
            }
        }
        Ok(())
    }
}

/// An import on its way: one transaction, which is nothing until it commits.
pub(crate) struct Importing(Work);

impl Importing {
    /// Whether nothing stands here yet.
    pub(crate) async fn is_empty(&mut self) -> Result<bool, StoreError> {
        let row = self.0.returning(IS_EMPTY, vec![]).await?.pop();
        row.map_or(Ok(true), |mut row| row.count().map(|rows| rows == 0))
    }

    /// Writes events: a JSON array of an archive's lines, which were checked.
    pub(crate) async fn put_events(&mut self, lines: String) -> Result<(), StoreError> {
        let statement = match &self.0 {
            Work::Postgres(_) => PUT_POSTGRES,
            Work::Sqlite(_) => PUT_SQLITE,
        };
        self.0.write(statement, vec![lines.into()]).await.map(|_| ())
    }

    /// Writes a row beside the log.
    pub(crate) async fn put_row(&mut self, statement: &'static str, values: Vec<Value>) -> Result<(), StoreError> {
        self.0.write(statement, values).await.map(|_| ())
    }

    /// What was written is history to every policy that has begun already: it makes no jobs of it.
    pub(crate) async fn is_history(&mut self, head: Position) -> Result<(), StoreError> {
        self.0.write(TO_HEAD, vec![signed(head.0).into()]).await.map(|_| ())
    }

    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        self.0.commit().await
    }
}
