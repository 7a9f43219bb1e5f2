//! Reading the log, and handing commits to the task that writes it.

use application::ports::{
    StoreError,
    log::{Commit, CommitError, Committed, EventLog, Moved, Receipt, ReceiptKey},
};
use async_trait::async_trait;
use domain::{
    ids::{EventId, TenantId},
    log::{Position, Recorded, SealedPersonal, StreamId},
};
use tokio::sync::watch;

use super::{
    Pool, Row, Value, broken, check,
    grouped::{Grouped, Statement},
    writer::Writer,
};

/// A statement that reads events, with the columns in the order of [`recorded`].
macro_rules! select {
    ($rest:literal) => {
        select!("", concat!("FROM events ", $rest))
    };
    ($before:literal, $rest:expr) => {
        concat!(
            "SELECT ",
            $before,
            "position, event_id, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, ",
            "recorded_at, payload, metadata, personal_subject, personal, personal_hash, hash ",
            $rest
        )
    };
}

/// Streams, each with the last sequence that is known already.
const LOAD: Statement = Statement {
    postgres: select!(
        "asked.number - 1, ",
        "FROM json_array_elements($1::json) WITH ORDINALITY AS asked (stream, number)
         CROSS JOIN LATERAL (
             SELECT * FROM events
             WHERE aggregate_type = asked.stream ->> 0 AND aggregate_id = asked.stream ->> 1
                 AND sequence > (asked.stream ->> 2)::bigint
             ORDER BY sequence) AS events
         ORDER BY asked.number, sequence"
    ),
    sqlite: select!(
        "asked.key, ",
        "FROM json_each($1) AS asked CROSS JOIN events
         WHERE aggregate_type = asked.value ->> 0 AND aggregate_id = asked.value ->> 1 AND sequence > asked.value ->> 2
         ORDER BY asked.key, sequence"
    ),
};
pub(super) const PAGE: &str = select!("WHERE position > $1 ORDER BY position LIMIT $2");
const PAGE_OF_POSTGRES: &str = select!("WHERE tenant_id = $1::uuid AND position > $2 ORDER BY position LIMIT $3");
const PAGE_OF_SQLITE: &str = select!("WHERE tenant_id = $1 AND position > $2 ORDER BY position LIMIT $3");
// ANY and not IN: that may be joined with the whole log.
const AT_POSTGRES: &str = select!(
    "WHERE position = ANY (ARRAY(SELECT value::bigint FROM json_array_elements_text($1::json))) ORDER BY position"
);
const AT_SQLITE: &str = select!("WHERE position IN (SELECT value FROM json_each($1)) ORDER BY position");
const MOVED: &str =
    "SELECT position, aggregate_type, aggregate_id FROM events WHERE position > $1 ORDER BY position LIMIT $2";
pub(super) const HEAD: &str = "SELECT position FROM events ORDER BY position DESC LIMIT 1";
pub(crate) const RECEIPT: &str =
    "SELECT body_hash, answer, created_at FROM receipts WHERE tenant_id = $1 AND route = $2 AND key = $3";

/// The log over a pool that reads and a task that writes.
pub(super) struct Log {
    pool: Pool,
    streams: Grouped<(&'static str, String, u64)>,
    writer: Writer,
}

impl Log {
    pub(super) fn new(pool: Pool, writer: Writer) -> Self {
        let streams = Grouped::over(&pool, LOAD);
        Self { pool, streams, writer }
    }

    async fn events(&self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Recorded>, StoreError> {
        let rows = self.pool.read(sql, values).await?;
        rows.into_iter().map(recorded).collect()
    }
}

/// The position of the newest event.
pub(crate) async fn head(pool: &Pool) -> Result<Position, StoreError> {
    let row = pool.read_one(HEAD, vec![]).await?;
    row.map_or(Ok(Position(0)), |mut row| row.count().map(Position))
}

pub(super) fn recorded(mut row: Row) -> Result<Recorded, StoreError> {
    Ok(Recorded {
        position: Position(row.count()?),
        event_id: EventId(row.uuid()?),
        tenant_id: TenantId(row.uuid()?),
        aggregate_type: row.text()?,
        aggregate_id: row.text()?,
        sequence: row.count()?,
        event_type: row.text()?,
        event_version: row.text()?,
        recorded_at: row.time()?,
        payload: row.text()?,
        metadata: row.text()?,
        personal: sealed_personal(&mut row)?,
        hash: row.hash()?,
    })
}

fn sealed_personal(row: &mut Row) -> Result<Option<SealedPersonal>, StoreError> {
    let (subject, sealed, hash) = (row.optional_text()?, row.optional_bytes()?, row.optional_hash()?);
    let (Some(subject), Some(sealed), Some(hash)) = (subject, sealed, hash) else {
        return Ok(None);
    };
    let subject = subject
        .parse()
        .map_err(|_| broken("an event's personal subject is none"))?;
    Ok(Some(SealedPersonal { subject, sealed, hash }))
}

fn moved(mut row: Row) -> Result<Moved, StoreError> {
    Ok(Moved {
        position: Position(row.count()?),
        aggregate_type: row.text()?,
        aggregate_id: row.text()?,
    })
}

pub(crate) fn receipt_values(key: &ReceiptKey) -> Vec<Value> {
    vec![
        key.tenant.to_string().into(),
        key.route.as_str().into(),
        key.key.as_str().into(),
    ]
}

pub(crate) fn receipt(key: &ReceiptKey, mut row: Row) -> Result<Receipt, StoreError> {
    Ok(Receipt {
        key: key.clone(),
        body_hash: row.hash()?,
        answer: row.bytes()?,
        created_at: row.time()?,
    })
}

/// Bound as a signed number, which positions and counts never outgrow.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[async_trait]
impl EventLog for Log {
    async fn load(&self, stream: &StreamId, after: u64) -> Result<Vec<Recorded>, StoreError> {
        let question = (stream.aggregate_type, stream.aggregate_id.clone(), after);
        let rows = self.streams.ask(question).await?;
        rows.into_iter().map(recorded).collect()
    }

    async fn page(&self, after: Position, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        let values = vec![signed(after.0).into(), i64::from(limit).into()];
        self.events(PAGE, values).await
    }

    async fn page_of(&self, tenant: TenantId, after: Position, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        let (sql, tenant) = match self.pool {
            Pool::Postgres(_) => (PAGE_OF_POSTGRES, Value::Text(tenant.to_string())),
            Pool::Sqlite(_) => (PAGE_OF_SQLITE, Value::Bytes(tenant.0.as_bytes().to_vec())),
        };
        let values = vec![tenant, signed(after.0).into(), i64::from(limit).into()];
        self.events(sql, values).await
    }

    async fn at(&self, positions: &[Position]) -> Result<Vec<Recorded>, StoreError> {
        let sql = match self.pool {
            Pool::Postgres(_) => AT_POSTGRES,
            Pool::Sqlite(_) => AT_SQLITE,
        };
        let numbers: Vec<i64> = positions.iter().map(|position| signed(position.0)).collect();
        let list = serde_json::to_string(&numbers).map_err(|_| broken("a list of numbers is no JSON"))?;
        self.events(sql, vec![list.into()]).await
    }

    async fn moved(&self, after: Position, limit: u32) -> Result<Vec<Moved>, StoreError> {
        let values = vec![signed(after.0).into(), i64::from(limit).into()];
        let rows = self.pool.read(MOVED, values).await?.into_iter();
        rows.map(moved).collect()
    }

    async fn head(&self) -> Result<Position, StoreError> {
        head(&self.pool).await
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, CommitError> {
        check(&commit)?;
        self.writer.commit(commit).await
    }

    async fn receipt(&self, key: &ReceiptKey) -> Result<Option<Receipt>, StoreError> {
        let row = self.pool.read_one(RECEIPT, receipt_values(key)).await?;
        row.map(|row| receipt(key, row)).transpose()
    }

    fn committed(&self) -> watch::Receiver<Position> {
        self.writer.committed()
    }
}
