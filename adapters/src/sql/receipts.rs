use application::ports::{
    StoreError,
    log::{Receipt, ReceiptKey},
    receipts::Receipts,
};
use async_trait::async_trait;
use domain::{Timestamp, ids::TenantId};

use super::{Pool, Row, Value, receipt_values};

// The oldest, as the index gives them: in any other order the whole table would be sorted for a few.
const OLD: &str = "SELECT tenant_id, route, key FROM receipts WHERE created_at <= $1 ORDER BY created_at LIMIT $2";
const FORGET: &str = "DELETE FROM receipts WHERE tenant_id = $1 AND route = $2 AND key = $3 AND created_at <= $4";

const PAGE: &str = "SELECT route, key, body_hash, answer, created_at FROM receipts
    WHERE tenant_id = $1 AND (route, key) > ($2, $3) ORDER BY route, key LIMIT $4";

/// The old end of the table of receipts.
pub(super) struct ReceiptRows {
    pool: Pool,
}

impl ReceiptRows {
    pub(super) fn new(pool: Pool) -> Self {
        Self { pool }
    }
}

#[async_trait]
impl Receipts for ReceiptRows {
    async fn forget(&self, key: &ReceiptKey, given_until: Timestamp) -> Result<(), StoreError> {
        let mut values = receipt_values(key);
        values.push(given_until.into());
        self.pool.write(FORGET, values).await.map(|_| ())
    }

    async fn page(
        &self,
        tenant: TenantId,
        after: Option<&ReceiptKey>,
        at_most: u32,
    ) -> Result<Vec<Receipt>, StoreError> {
        let (route, key) = after.map_or(("", ""), |after| (after.route.as_str(), after.key.as_str()));
        let values = vec![
            tenant.to_string().into(),
            route.into(),
            key.into(),
            i64::from(at_most).into(),
        ];
        let rows = self.pool.read(PAGE, values).await?;
        rows.into_iter().map(|row| receipt_of(tenant, row)).collect()
    }

    /// They are looked for before anything is locked, and deleted in the order of their keys: two nodes that delete the same ones
    /// never wait for each other in a circle.
    async fn forget_some(&self, given_until: Timestamp, at_most: u32) -> Result<u32, StoreError> {
        let old = self
            .pool
            .read(OLD, vec![given_until.into(), i64::from(at_most).into()])
            .await?;
        if old.is_empty() {
            return Ok(0);
        }
        let keys = old
            .into_iter()
            .map(|mut row| Ok([row.text()?, row.text()?, row.text()?]));
        let mut keys = keys.collect::<Result<Vec<_>, StoreError>>()?;
        keys.sort_unstable();
        let mut work = self.pool.begin().await?;
        let mut found = 0;
        for key in keys {
            let mut values: Vec<Value> = key.into_iter().map(Value::Text).collect();
            values.push(given_until.into());
            work.write(FORGET, values).await?;
            found += 1;
        }
        work.commit().await?;
        Ok(found)
    }
}

fn receipt_of(tenant: TenantId, mut row: Row) -> Result<Receipt, StoreError> {
    let key = ReceiptKey {
        tenant,
        route: row.text()?,
        key: row.text()?,
    };
    super::receipt(&key, row)
}

#[cfg(test)]
mod tests {
    use sqlx::Row;

    use super::*;
    use crate::sqlite;

    /// What is old is found by the index of ages. `PostgreSQL` counts what it reads; `SQLite` only says what it is going to do.
    ///
    /// Mutant seen: in the order of their keys, it looks at all of them.
    #[tokio::test]
    async fn sqlite_finds_old_receipts_by_their_age() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("log.db");
        sqlite::migrate(&file).await.unwrap();
        let pool = sqlite::open_pool(&file, 1).await.unwrap();
        let plan: &'static str = format!("EXPLAIN QUERY PLAN {OLD}").leak();
        let steps = sqlx::query(plan)
            .bind(1_i64)
            .bind(500_i64)
            .fetch_all(&pool)
            .await
            .unwrap();
        let steps: Vec<String> = steps.iter().map(|step| step.get("detail")).collect();
        assert_eq!(steps, ["SEARCH receipts USING INDEX receipts_by_age (created_at<?)"]);
    }
}
