use application::ports::{
    StoreError,
    vault::{Place, SecretRow, Vault},
};
use async_trait::async_trait;

use super::{Pool, Value};

const GET: &str = "SELECT sealed, account_key, created_at FROM vault WHERE tenant_id = $1 AND kind = $2 AND owner = $3";
const PUT: &str = "INSERT INTO vault (tenant_id, kind, owner, sealed, account_key, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (tenant_id, kind, owner) DO UPDATE
    SET sealed = excluded.sealed, account_key = excluded.account_key, created_at = excluded.created_at";
const PUT_IF_ABSENT: &str = "INSERT INTO vault (tenant_id, kind, owner, sealed, account_key, created_at)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, kind, owner) DO NOTHING";
const DELETE: &str = "DELETE FROM vault WHERE tenant_id = $1 AND kind = $2 AND owner = $3";
const DELETE_OTHERS: &str = "DELETE FROM vault WHERE tenant_id = $1 AND kind = $2 AND owner <> $3";
const ROWS_OF_ACCOUNT: &str = "SELECT count(*) FROM vault WHERE account_key = $1";

/// The table of sealed records.
pub(super) struct VaultRows {
    pool: Pool,
}

impl VaultRows {
    pub(super) fn new(pool: Pool) -> Self {
        Self { pool }
    }
}

/// The names of a place, in the order of the key's columns.
pub(crate) fn place_values(place: &Place) -> Vec<Value> {
    vec![
        place.tenant.to_string().into(),
        place.record.kind().into(),
        place.record.owner().into(),
    ]
}

fn row_values(row: SecretRow) -> Vec<Value> {
    let mut values = place_values(&row.place);
    values.extend([
        Value::Bytes(row.sealed),
        row.account_key.as_ref().map_or(Value::Null, Value::from),
        row.created_at.into(),
    ]);
    values
}

#[async_trait]
impl Vault for VaultRows {
    async fn get(&self, place: &Place) -> Result<Option<SecretRow>, StoreError> {
        let Some(mut row) = self.pool.read_one(GET, place_values(place)).await? else {
            return Ok(None);
        };
        Ok(Some(SecretRow {
            place: place.clone(),
            sealed: row.bytes()?,
            account_key: row.optional_hash()?,
            created_at: row.time()?,
        }))
    }

    async fn put(&self, row: SecretRow) -> Result<(), StoreError> {
        self.pool.write(PUT, row_values(row)).await.map(|_| ())
    }

    async fn put_if_absent(&self, row: SecretRow) -> Result<(), StoreError> {
        self.pool.write(PUT_IF_ABSENT, row_values(row)).await.map(|_| ())
    }

    async fn delete(&self, place: &Place) -> Result<(), StoreError> {
        self.pool.write(DELETE, place_values(place)).await.map(|_| ())
    }

    async fn delete_others(&self, kept: &Place) -> Result<(), StoreError> {
        self.pool.write(DELETE_OTHERS, place_values(kept)).await.map(|_| ())
    }

    async fn rows_of_account(&self, account_key: &[u8; 32]) -> Result<u64, StoreError> {
        let row = self.pool.read_one(ROWS_OF_ACCOUNT, vec![account_key.into()]).await?;
        row.map_or(Ok(0), |mut row| row.count())
    }
}
