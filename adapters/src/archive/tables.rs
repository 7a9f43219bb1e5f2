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
    Number,
    Bytes,
}
use Kind::{Bytes, Number, Text};

macro_rules! table {
    ($name:literal, $columns:literal, $values:literal, [$($column:literal $kind:ident),+ $(,)?], $sqlite:literal, $postgres:literal, $short:expr) => {
        Table {
            name: $name,
            columns: &[$(($column, $kind)),+],
            read_sqlite: concat!("SELECT ", $columns, " FROM ", $name, " ORDER BY ", $sqlite),
            read_postgres: concat!("SELECT ", $columns, " FROM ", $name, " ORDER BY ", $postgres),
            write: concat!("INSERT INTO ", $name, " (", $columns, ") VALUES (", $values, ")"),
            write_without_last: $short,
        }
    };
}

pub(super) const TABLES: [Table; 4] = [
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
        (_, None) => Ok(Value::Null),
        (Text, Some(Json::String(text))) => Ok(Value::Text(text)),
        (Number, Some(Json::Number(number))) => number.as_i64().map(Value::Int).ok_or_else(unfit),
        (Bytes, Some(Json::String(digits))) => bytes(&digits).map(Value::Bytes).ok_or_else(unfit),
        _ => Err(unfit()),
    }
}
