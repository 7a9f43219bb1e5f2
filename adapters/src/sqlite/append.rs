//! One commit, judged and written inside the writer's transaction: the same rules in the same order as `PostgreSQL`'s
//! `append_batch`.

use application::ports::{
    StoreError,
    log::{Commit, CommitError, Committed, EventBody, Receipt},
    vault::{SecretChange, SecretRow},
};
use domain::{
    Timestamp,
    ids::{EventId, TenantId},
    log::{Position, Recorded, StreamId},
};
use sqlx::SqliteConnection;

use crate::sql::{
    Outcome, RECEIPT, Row, Value, bound, event_hash, occupied, place_values, receipt, receipt_values, signed,
    store_error,
};

const TAIL: &str = "SELECT position, recorded_at FROM events ORDER BY position DESC LIMIT 1";
const KNOWN: &str = "SELECT position, recorded_at FROM events WHERE event_id = $1";
const VERSION: &str = "SELECT sequence FROM events WHERE aggregate_type = $1 AND aggregate_id = $2
    ORDER BY sequence DESC LIMIT 1";
const HELD: &str = "SELECT count(*) FROM events WHERE aggregate_type = $1 AND aggregate_id = $2 AND event_type = $3";
const INSERT: &str =
    "INSERT INTO events (position, event_id, tenant_id, aggregate_type, aggregate_id, sequence, event_type,
        event_version, payload, metadata, recorded_at, personal_subject, personal, personal_hash, hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
const SECRET: &str = "SELECT sealed FROM vault WHERE tenant_id = $1 AND kind = $2 AND owner = $3";
const PUT: &str = "INSERT INTO vault (tenant_id, kind, owner, sealed, account_key, created_at)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
const DELETE: &str = "DELETE FROM vault WHERE tenant_id = $1 AND kind = $2 AND owner = $3";
const PUT_RECEIPT: &str = "INSERT INTO receipts (tenant_id, route, key, body_hash, answer, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)";

/// The end of the log as the transaction sees it, and the time of what it appends.
#[derive(Clone, Copy)]
pub(super) struct Tail {
    head: Position,
    now: Timestamp,
}

impl Tail {
    /// Time never goes backwards in the log, whatever the clock does.
    pub(super) async fn read(work: &mut SqliteConnection, now: Timestamp) -> Result<Self, StoreError> {
        let Some(mut row) = one(work, TAIL, vec![]).await? else {
            return Ok(Self { head: Position(0), now });
        };
        let head = Position(row.count()?);
        let now = row.time()?.max(now);
        Ok(Self { head, now })
    }
}

pub(super) async fn append(work: &mut SqliteConnection, commit: &Commit, tail: &mut Tail) -> Outcome {
    if let Some(before) = written_before(work, commit).await? {
        return Ok(before);
    }
    if let Some(stored) = stored_receipt(work, commit).await? {
        if commit.receipt.as_ref() == Some(&stored) {
            return Ok(stands(None, tail));
        }
        return Err(CommitError::Answered(Box::new(stored)));
    }
    judge(work, commit).await?;
    let mut last = None;
    for event in &commit.appends {
        let place = (event.event_id, event.tenant_id, event.sequence);
        last = Some(insert(work, tail, place, &event.stream, &event.body).await?);
    }
    for seen in &commit.observations {
        if let Some(before) = known(work, seen.event_id).await? {
            last = last.max(Some(before.position));
        } else if has_room(work, &seen.stream, &seen.body.event_type, seen.at_most).await? {
            let sequence = version(work, &seen.stream).await? + 1;
            let place = (seen.event_id, seen.tenant_id, sequence);
            last = Some(insert(work, tail, place, &seen.stream, &seen.body).await?);
        }
    }
    write_secrets(work, &commit.secrets).await?;
    if let Some(receipt) = &commit.receipt {
        write_receipt(work, receipt).await?;
    }
    Ok(stands(last, tail))
}

fn stands(last: Option<Position>, tail: &Tail) -> Committed {
    Committed {
        position: last.unwrap_or(tail.head),
        recorded_at: tail.now,
    }
}

/// The answer of a commit whose events are all known.
async fn written_before(work: &mut SqliteConnection, commit: &Commit) -> Result<Option<Committed>, StoreError> {
    let mut last = None;
    for event in &commit.appends {
        last = known(work, event.event_id).await?;
        if last.is_none() {
            return Ok(None);
        }
    }
    if last.is_some() {
        for seen in &commit.observations {
            last = known(work, seen.event_id).await?.or(last);
        }
    }
    Ok(last)
}

/// Where an event stands, if it does.
async fn known(work: &mut SqliteConnection, event: EventId) -> Result<Option<Committed>, StoreError> {
    let Some(mut row) = one(work, KNOWN, vec![id(event)]).await? else {
        return Ok(None);
    };
    Ok(Some(Committed {
        position: Position(row.count()?),
        recorded_at: row.time()?,
    }))
}

async fn stored_receipt(work: &mut SqliteConnection, commit: &Commit) -> Result<Option<Receipt>, StoreError> {
    let Some(key) = commit.receipt.as_ref().map(|receipt| &receipt.key) else {
        return Ok(None);
    };
    let row = one(work, RECEIPT, receipt_values(key)).await?;
    row.map(|row| receipt(key, row)).transpose()
}

/// Refuses what was decided on a state that is gone.
async fn judge(work: &mut SqliteConnection, commit: &Commit) -> Result<(), CommitError> {
    for expected in &commit.expects {
        if version(work, &expected.stream).await? != expected.version {
            return Err(CommitError::Conflict(expected.stream.clone()));
        }
    }
    for change in &commit.secrets {
        if let SecretChange::Put(row) = change
            && let Some(mut stored) = one(work, SECRET, place_values(&row.place)).await?
            && stored.bytes()? != row.sealed
        {
            return Err(occupied(&row.place));
        }
    }
    Ok(())
}

async fn version(work: &mut SqliteConnection, stream: &StreamId) -> Result<u64, StoreError> {
    let row = one(work, VERSION, stream_values(stream)).await?;
    row.map_or(Ok(0), |mut row| row.count())
}

async fn has_room(
    work: &mut SqliteConnection,
    trail: &StreamId,
    event_type: &str,
    at_most: Option<u32>,
) -> Result<bool, StoreError> {
    let Some(at_most) = at_most else {
        return Ok(true);
    };
    let mut values = stream_values(trail);
    values.push(event_type.into());
    let row = one(work, HELD, values).await?;
    let held = row.map_or(Ok(0), |mut row| row.count())?;
    Ok(held < u64::from(at_most))
}

async fn insert(
    work: &mut SqliteConnection,
    tail: &mut Tail,
    (event_id, tenant_id, sequence): (EventId, TenantId, u64),
    stream: &StreamId,
    body: &EventBody,
) -> Result<Position, StoreError> {
    let mut event = Recorded {
        position: Position(tail.head.0 + 1),
        event_id,
        tenant_id,
        aggregate_type: stream.aggregate_type.to_owned(),
        aggregate_id: stream.aggregate_id.clone(),
        sequence,
        event_type: body.event_type.clone(),
        event_version: body.event_version.clone(),
        recorded_at: tail.now,
        payload: body.payload.clone(),
        metadata: body.metadata.clone(),
        personal: body.personal.clone(),
        hash: [0; 32],
    };
    event.hash = event_hash(&event);
    let position = event.position;
    run(work, INSERT, event_values(event)).await?;
    tail.head = position;
    Ok(position)
}

fn event_values(event: Recorded) -> Vec<Value> {
    let (subject, sealed, personal_hash) = match event.personal {
        Some(personal) => (
            personal.subject.to_string().into(),
            Value::Bytes(personal.sealed),
            Value::from(&personal.hash),
        ),
        None => (Value::Null, Value::Null, Value::Null),
    };
    vec![
        signed(event.position.0).into(),
        id(event.event_id),
        event.tenant_id.0.as_bytes().as_slice().into(),
        event.aggregate_type.into(),
        event.aggregate_id.into(),
        signed(event.sequence).into(),
        event.event_type.into(),
        event.event_version.into(),
        event.payload.into(),
        event.metadata.into(),
        event.recorded_at.into(),
        subject,
        sealed,
        personal_hash,
        (&event.hash).into(),
    ]
}

async fn write_secrets(work: &mut SqliteConnection, changes: &[SecretChange]) -> Result<(), StoreError> {
    for change in changes {
        match change {
            SecretChange::Delete(place) => run(work, DELETE, place_values(place)).await?,
            SecretChange::Put(row) => run(work, PUT, secret_values(row)).await?,
        }
    }
    Ok(())
}

fn secret_values(row: &SecretRow) -> Vec<Value> {
    let mut values = place_values(&row.place);
    values.extend([
        row.sealed.as_slice().into(),
        row.account_key.as_ref().map_or(Value::Null, Value::from),
        row.created_at.into(),
    ]);
    values
}

async fn write_receipt(work: &mut SqliteConnection, receipt: &Receipt) -> Result<(), StoreError> {
    let mut values = receipt_values(&receipt.key);
    values.extend([
        (&receipt.body_hash).into(),
        receipt.answer.as_slice().into(),
        receipt.created_at.into(),
    ]);
    run(work, PUT_RECEIPT, values).await
}

fn id(event: EventId) -> Value {
    event.0.as_bytes().as_slice().into()
}

fn stream_values(stream: &StreamId) -> Vec<Value> {
    vec![stream.aggregate_type.into(), stream.aggregate_id.as_str().into()]
}

async fn one(work: &mut SqliteConnection, sql: &'static str, values: Vec<Value>) -> Result<Option<Row>, StoreError> {
    let row = bound(sql, values).fetch_optional(work).await.map_err(store_error)?;
    row.map(|row| Row::of_sqlite(&row)).transpose()
}

async fn run(work: &mut SqliteConnection, sql: &'static str, values: Vec<Value>) -> Result<(), StoreError> {
    bound(sql, values).execute(work).await.map_err(store_error)?;
    Ok(())
}
