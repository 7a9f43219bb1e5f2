//! The tables beside the log, as a move takes them along: what is sealed stays sealed.

use application::ports::StoreError;
use serde_json::{Map, Value as Json};

use super::lines::{bytes, hex};
use crate::sql::{Row, Value, broken};

/// A table, and how its rows become lines and rows again. `$1` stands for a parameter in both databases, so they share the
/// statement that writes; texts are sorted byte by byte in both, so that the same rows make the same lines.
pub(super) struct Table {
    pub(super) name: &'static str,
    columns: &'static [(&'static str, Kind)],
    pub(super) read_sqlite: &'static str,
    pub(super) read_postgres: &'static str,
    write: &'static str,
    /// Writes a row whose last column is missing, where that is a number: a missing parameter has no number's type.
    write_without_last: Option<&'static str>,
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    /// A text that may be missing. It is written as an empty one, which the statement takes for none: a statement is prepared once, and a
    /// missing parameter would settle the type for the texts that follow.
    MaybeText,
    Number,
    Bytes,
}
use Kind::{Bytes, MaybeText, Number, Text};

macro_rules! table {
    ($name:literal, $columns:literal, $values:literal, [$($column:literal $kind:ident),+ $(,)?], $sqlite:literal, $postgres:literal, $short:expr) => {
        table!($name, $columns, $values, [$($column $kind),+], $sqlite, $postgres, $short, "")
    };
    ($name:literal, $columns:literal, $values:literal, [$($column:literal $kind:ident),+ $(,)?], $sqlite:literal, $postgres:literal, $short:expr, $known:literal) => {
        Table {
            name: $name,
            columns: &[$(($column, $kind)),+],
            read_sqlite: concat!("SELECT ", $columns, " FROM ", $name, " ORDER BY ", $sqlite),
            read_postgres: concat!("SELECT ", $columns, " FROM ", $name, " ORDER BY ", $postgres),
            write: concat!("INSERT INTO ", $name, " (", $columns, ") VALUES (", $values, ") ", $known),
            write_without_last: $short,
        }
    };
}

/// What was to be done by itself comes along too, with how far each policy had read: what was done there is not done again, and what
/// was not is done here. A server that was started on the empty database has begun both.
pub(super) const TABLES: [Table; 9] = [
    table!(
        "vault",
        "tenant_id, kind, owner, sealed, account_key, created_at",
        "$1, $2, $3, $4, $5, $6",
        ["tenant_id" Text, "kind" Text, "owner" Text, "sealed" Bytes, "account_key" Bytes, "created_at" Number],
        "tenant_id, kind, owner",
        "tenant_id COLLATE \"C\", kind COLLATE \"C\", owner COLLATE \"C\"",
        None
    ),
    table!(
        "receipts",
        "tenant_id, route, key, body_hash, answer, created_at",
        "$1, $2, $3, $4, $5, $6",
        ["tenant_id" Text, "route" Text, "key" Text, "body_hash" Bytes, "answer" Bytes, "created_at" Number],
        "tenant_id, route, key",
        "tenant_id COLLATE \"C\", route COLLATE \"C\", key COLLATE \"C\"",
        None
    ),
    table!(
        "images",
        "hash, media_type, bytes",
        "$1, $2, $3",
        ["hash" Text, "media_type" Text, "bytes" Bytes],
        "hash",
        "hash COLLATE \"C\"",
        None
    ),
    table!(
        "health",
        "tenant_id, integration, capability, life, answer, answered_at",
        "$1, $2, $3, $4, $5, $6",
        ["tenant_id" Text, "integration" Text, "capability" Text, "life" Number, "answer" Text, "answered_at" Number],
        "tenant_id, integration, capability",
        "tenant_id COLLATE \"C\", integration COLLATE \"C\", capability COLLATE \"C\"",
        None
    ),
    table!(
        "credential_read",
        "tenant_id, integration, day, reader, purpose, reads, first_at, last_at",
        "$1, $2, $3, $4, $5, $6, $7, $8",
        ["tenant_id" Text, "integration" Text, "day" Text, "reader" Text, "purpose" Text, "reads" Number,
         "first_at" Number, "last_at" Number],
        "tenant_id, integration, day, reader, purpose",
        "tenant_id COLLATE \"C\", integration COLLATE \"C\", day COLLATE \"C\", reader COLLATE \"C\",
            purpose COLLATE \"C\"",
        None
    ),
    table!(
        "attempts",
        "id, link_id, tenant_id, agency_id, host, browser_hash, state_hash, nonce, provider, app_owner, app_client_id,
            issuer, redirect_uri, started_at, stage, sealed_verifier, hand_off_hash, sealed_answer, handed_off_at",
        "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19",
        ["id" Text, "link_id" Text, "tenant_id" Text, "agency_id" Text, "host" Text, "browser_hash" Bytes,
         "state_hash" Bytes, "nonce" Text, "provider" Text, "app_owner" Text, "app_client_id" Text, "issuer" Text,
         "redirect_uri" Text, "started_at" Number, "stage" Text, "sealed_verifier" Bytes, "hand_off_hash" Bytes,
         "sealed_answer" Bytes, "handed_off_at" Number],
        "id",
        "id COLLATE \"C\"",
        Some(
            "INSERT INTO attempts (id, link_id, tenant_id, agency_id, host, browser_hash, state_hash, nonce, provider,
                app_owner, app_client_id, issuer, redirect_uri, started_at, stage, sealed_verifier, hand_off_hash,
                sealed_answer)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"
        )
    ),
    table!(
        "policy",
        "name, position",
        "$1, $2",
        ["name" Text, "position" Number],
        "name",
        "name COLLATE \"C\"",
        None,
        "ON CONFLICT (name) DO UPDATE SET position = excluded.position"
    ),
    table!(
        "parked_event",
        "policy, position, reason, parked_at",
        "$1, $2, $3, $4",
        ["policy" Text, "position" Number, "reason" Text, "parked_at" Number],
        "policy, position",
        "policy COLLATE \"C\", position",
        None
    ),
    // Without its lease: one that ran there is taken over here at once.
    table!(
        "job",
        "id, kind, tenant_id, cause, payload, created_at, run_at, attempt, state, progress, reason, result, ended_at",
        "$1, $2, NULLIF($3, ''), NULLIF($4, ''), $5, $6, $7, $8, $9, NULLIF($10, ''), NULLIF($11, ''), NULLIF($12, ''), $13",
        ["id" Text, "kind" Text, "tenant_id" MaybeText, "cause" MaybeText, "payload" Text, "created_at" Number, "run_at" Number,
         "attempt" Number, "state" Text, "progress" MaybeText, "reason" MaybeText, "result" MaybeText, "ended_at" Number],
        "id",
        "id COLLATE \"C\"",
        Some(
            "INSERT INTO job (id, kind, tenant_id, cause, payload, created_at, run_at, attempt, state, progress, reason,
                result)
            VALUES ($1, $2, NULLIF($3, ''), NULLIF($4, ''), $5, $6, $7, $8, $9, NULLIF($10, ''), NULLIF($11, ''),
                NULLIF($12, ''))
            ON CONFLICT (id) DO UPDATE SET run_at = excluded.run_at, attempt = excluded.attempt, state = excluded.state"
        ),
        "ON CONFLICT (id) DO NOTHING"
    ),
];

impl Table {
    /// A row as a line holds it: every column that is there, by its name.
    pub(super) fn line(&self, row: Row) -> Map<String, Json> {
        let mut line = Map::new();
        for ((name, _), value) in self.columns.iter().zip(row.into_values()) {
            let value = match value {
                Value::Null => continue,
                Value::Int(number) => number.into(),
                Value::Text(text) => text.into(),
                Value::Bytes(bytes) => hex(&bytes).into(),
            };
            line.insert((*name).to_owned(), value);
        }
        line
    }

    /// The statement that writes a line's row, and its parameters.
    pub(super) fn row(&self, mut line: Map<String, Json>) -> Result<(&'static str, Vec<Value>), StoreError> {
        let mut values = Vec::with_capacity(self.columns.len());
        for (name, kind) in self.columns {
            values.push(value(*kind, line.remove(*name))?);
        }
        if !line.is_empty() {
            return Err(broken("it has a column that the table has not"));
        }
        match (values.last(), self.write_without_last) {
            (Some(Value::Null), Some(shorter)) => {
                values.pop();
                Ok((shorter, values))
            }
            _ => Ok((self.write, values)),
        }
    }
}

fn value(kind: Kind, cell: Option<Json>) -> Result<Value, StoreError> {
    let unfit = || broken("a column does not hold what its name says");
    match (kind, cell) {
        (MaybeText, None) => Ok(Value::Text(String::new())),
        (_, None) => Ok(Value::Null),
        (Text | MaybeText, Some(Json::String(text))) => Ok(Value::Text(text)),
        (Number, Some(Json::Number(number))) => number.as_i64().map(Value::Int).ok_or_else(unfit),
        (Bytes, Some(Json::String(digits))) => bytes(&digits).map(Value::Bytes).ok_or_else(unfit),
        _ => Err(unfit()),
    }
}
