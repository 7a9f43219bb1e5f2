//! Writes what a batch changes, in few statements of many rows each, and commits it.

use std::sync::OnceLock;

use application::ports::{StoreError, log::Receipt, vault::SecretRow};
use domain::log::Recorded;
use sqlx::SqliteConnection;

use super::{judge::Changes, look::places};
use crate::sql::{Value, bound, place_values, receipt_values, signed, store_error};

/// So many rows go into one statement at most.
const ROWS: usize = 32;
/// How many statements [`write`] makes, and so how many of them a connection should keep prepared.
pub(super) const STATEMENTS: usize = 4 * ROWS + 2;

const DELETE: &str = "DELETE FROM vault WHERE rowid IN (
    SELECT v.rowid FROM json_each($1) AS asked CROSS JOIN vault AS v
        ON v.tenant_id = asked.value ->> 0 AND v.kind = asked.value ->> 1 AND v.owner = asked.value ->> 2)";
const COMMIT: &str = "COMMIT";

const EVENT: &str =
    "INSERT INTO events (position, event_id, tenant_id, aggregate_type, aggregate_id, sequence, event_type,
    event_version, payload, metadata, recorded_at, personal_subject, personal, personal_hash, hash)";
static EVENTS: Insert = Insert::new(EVENT, 15, "");
/// With the commit in the same text: each way to the connection's thread and back costs as much as several rows.
static LAST_EVENTS: Insert = Insert::new(EVENT, 15, "; COMMIT");
static SECRETS: Insert = Insert::new(
    "INSERT INTO vault (tenant_id, kind, owner, sealed, account_key, created_at)",
    6,
    "",
);
static RECEIPTS: Insert = Insert::new(
    "INSERT INTO receipts (tenant_id, route, key, body_hash, answer, created_at)",
    6,
    "",
);

/// Writes the changes into the open transaction, and ends it.
pub(super) async fn write(work: &mut SqliteConnection, changes: Changes<'_>) -> Result<(), StoreError> {
    if !changes.deletes.is_empty() {
        let deleted = places(changes.deletes.into_iter())?;
        run(work, DELETE, vec![deleted]).await?;
    }
    insert(work, &SECRETS, changes.puts.into_values().map(secret_values)).await?;
    insert(work, &RECEIPTS, changes.receipts.into_iter().map(answer_values)).await?;
    let mut events = changes.events;
    let last = events.split_off(events.len().saturating_sub(1) / ROWS * ROWS);
    insert(work, &EVENTS, events.into_iter().map(event_values)).await?;
    if last.is_empty() {
        return run(work, COMMIT, vec![]).await;
    }
    insert(work, &LAST_EVENTS, last.into_iter().map(event_values)).await
}

/// An insert of any number of rows up to [`ROWS`]. Each text is put together when it is first needed, from constants alone, and
/// stays, so that its prepared statement is found again.
struct Insert {
    into: &'static str,
    columns: usize,
    then: &'static str,
    texts: [OnceLock<String>; ROWS],
}

impl Insert {
    const fn new(into: &'static str, columns: usize, then: &'static str) -> Self {
        Self {
            into,
            columns,
            then,
            texts: [const { OnceLock::new() }; ROWS],
        }
    }

    /// For so many rows, which is at least one. The parameters have no numbers: those would be searched for one by one.
    fn text(&'static self, rows: usize) -> &'static str {
        self.texts[rows - 1].get_or_init(|| {
            let row = format!("({})", vec!["?"; self.columns].join(", "));
            let rows = vec![row.as_str(); rows].join(", ");
            format!("{} VALUES {rows}{}", self.into, self.then)
        })
    }
}

async fn insert(
    work: &mut SqliteConnection,
    insert: &'static Insert,
    mut rows: impl ExactSizeIterator<Item = Vec<Value>>,
) -> Result<(), StoreError> {
    while rows.len() > 0 {
        let text = insert.text(rows.len().min(ROWS));
        let values = rows.by_ref().take(ROWS).flatten().collect();
        run(work, text, values).await?;
    }
    Ok(())
}

async fn run(work: &mut SqliteConnection, sql: &'static str, values: Vec<Value>) -> Result<(), StoreError> {
    bound(sql, values).execute(work).await.map_err(store_error)?;
    Ok(())
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
        event.event_id.0.as_bytes().as_slice().into(),
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

fn secret_values(row: &SecretRow) -> Vec<Value> {
    let mut values = place_values(&row.place);
    values.extend([
        row.sealed.as_slice().into(),
        row.account_key.as_ref().map_or(Value::Null, Value::from),
        row.created_at.into(),
    ]);
    values
}

fn answer_values(receipt: &Receipt) -> Vec<Value> {
    let mut values = receipt_values(&receipt.key);
    values.extend([
        (&receipt.body_hash).into(),
        receipt.answer.as_slice().into(),
        receipt.created_at.into(),
    ]);
    values
}
