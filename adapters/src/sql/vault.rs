use application::ports::{
    StoreError,
    vault::{Place, Record, SecretRow, Vault},
};
use async_trait::async_trait;
use domain::{
    ids::{GrantId, TenantId},
    provider::ProviderId,
};

use super::{
    Pool, Row, Value, broken,
    grouped::{Grouped, Statement},
};

/// The rows of places.
const GET: Statement = Statement {
    postgres: "SELECT asked.number - 1, sealed, account_key, created_at
        FROM json_array_elements($1::json) WITH ORDINALITY AS asked (place, number)
        CROSS JOIN LATERAL (
            SELECT * FROM vault
            WHERE tenant_id = asked.place ->> 0 AND kind = asked.place ->> 1 AND owner = asked.place ->> 2
            LIMIT 1) AS vault", // LIMIT: one index look for each, where a join could be made by hashing the whole table
    sqlite: "SELECT asked.key, sealed, account_key, created_at FROM json_each($1) AS asked CROSS JOIN vault
        WHERE tenant_id = asked.value ->> 0 AND kind = asked.value ->> 1 AND owner = asked.value ->> 2",
};
const PUT: &str = "INSERT INTO vault (tenant_id, kind, owner, sealed, account_key, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (tenant_id, kind, owner) DO UPDATE
    SET sealed = excluded.sealed, account_key = excluded.account_key, created_at = excluded.created_at";
const PUT_IF_ABSENT: &str = "INSERT INTO vault (tenant_id, kind, owner, sealed, account_key, created_at)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, kind, owner) DO NOTHING";
const DELETE: &str = "DELETE FROM vault WHERE tenant_id = $1 AND kind = $2 AND owner = $3";
const DELETE_OTHERS: &str = "DELETE FROM vault WHERE tenant_id = $1 AND kind = $2 AND owner <> $3";
const DELETE_OF_NO_ATTEMPT: &str = "DELETE FROM vault WHERE kind = 'pending_credential'
    AND NOT EXISTS (SELECT 1 FROM attempts WHERE attempts.id = vault.owner)";
const REPLACED: &str = "SELECT owner, sealed, account_key, created_at FROM vault
    WHERE tenant_id = $1 AND kind = 'replaced' AND owner LIKE $2 ORDER BY created_at, owner";
const PROVIDER_APPS: &str = "SELECT tenant_id, owner FROM vault WHERE kind = 'provider_app' ORDER BY tenant_id, owner";
const GRANTS: &str = "SELECT DISTINCT substr(owner, 1, 36) FROM vault
    WHERE tenant_id = $1 AND kind IN ('credential', 'replaced')";
const ROWS_OF_ACCOUNT: &str = "SELECT count(*) FROM vault WHERE account_key = $1";

/// The table of sealed records.
pub(super) struct VaultRows {
    pool: Pool,
    places: Grouped<(String, &'static str, String)>,
}

impl VaultRows {
    pub(super) fn new(pool: Pool) -> Self {
        let places = Grouped::over(&pool, GET);
        Self { pool, places }
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
        let question = (place.tenant.to_string(), place.record.kind(), place.record.owner());
        let Some(mut row) = self.places.ask(question).await?.pop() else {
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

    async fn delete_of_no_attempt(&self) -> Result<u64, StoreError> {
        self.pool.write(DELETE_OF_NO_ATTEMPT, vec![]).await
    }

    async fn replaced(&self, tenant: TenantId, grant: GrantId) -> Result<Vec<SecretRow>, StoreError> {
        let generations = format!("{grant}/%");
        let rows = self
            .pool
            .read(REPLACED, vec![tenant.to_string().into(), generations.into()])
            .await?;
        rows.into_iter().map(|row| replaced_row(tenant, grant, row)).collect()
    }

    async fn provider_apps(&self) -> Result<Vec<(TenantId, ProviderId, u32)>, StoreError> {
        let rows = self.pool.read(PROVIDER_APPS, vec![]).await?;
        rows.into_iter().map(provider_app).collect()
    }

    async fn grants(&self, tenant: TenantId) -> Result<Vec<GrantId>, StoreError> {
        let rows = self.pool.read(GRANTS, vec![tenant.to_string().into()]).await?;
        rows.into_iter().map(|mut row| row.parsed()).collect()
    }

    async fn rows_of_account(&self, account_key: &[u8; 32]) -> Result<u64, StoreError> {
        let row = self.pool.read_one(ROWS_OF_ACCOUNT, vec![account_key.into()]).await?;
        row.map_or(Ok(0), |mut row| row.count())
    }
}

fn provider_app(mut row: Row) -> Result<(TenantId, ProviderId, u32), StoreError> {
    let (tenant, owner) = (row.parsed()?, row.text()?);
    let named = owner.rsplit_once('/').and_then(|(provider, number)| {
        let provider = ProviderId::parse(provider).ok()?;
        Some((tenant, provider, number.parse().ok()?))
    });
    named.ok_or_else(|| broken("the secret of an app has no number"))
}

fn replaced_row(tenant: TenantId, grant: GrantId, mut row: Row) -> Result<SecretRow, StoreError> {
    let owner = row.text()?;
    let generation = owner.rsplit('/').next().and_then(|number| number.parse().ok());
    let generation = generation.ok_or_else(|| broken("a generation that was set aside has no number"))?;
    let record = Record::Replaced(grant, generation);
    Ok(SecretRow {
        place: Place { tenant, record },
        sealed: row.bytes()?,
        account_key: row.optional_hash()?,
        created_at: row.time()?,
    })
}
