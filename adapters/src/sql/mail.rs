use application::ports::{
    StoreError,
    mail::{MailHealth, MailRecords},
};
use async_trait::async_trait;
use domain::Timestamp;

use super::{Pool, Value};

const WORKED: &str = "INSERT INTO mail_health (account, ok_at) VALUES ($1, $2)
    ON CONFLICT (account) DO UPDATE SET ok_at = excluded.ok_at, problem = NULL";
const FAILED: &str = "INSERT INTO mail_health (account, failed_at, problem) VALUES ($1, $2, $3)
    ON CONFLICT (account) DO UPDATE SET failed_at = excluded.failed_at, problem = excluded.problem";
const HEALTH: &str = "SELECT ok_at, failed_at, problem FROM mail_health WHERE account = $1";

/// The table of how mail accounts fare.
pub(super) struct MailRows {
    pool: Pool,
}

impl MailRows {
    pub(super) fn new(pool: Pool) -> Self {
        Self { pool }
    }
}

#[async_trait]
impl MailRecords for MailRows {
    async fn note(&self, account: &str, problem: Option<&str>, at: Timestamp) -> Result<(), StoreError> {
        let mut values: Vec<Value> = vec![account.into(), at.into()];
        let statement = match problem {
            None => WORKED,
            Some(problem) => {
                values.push(problem.into());
                FAILED
            }
        };
        self.pool.write(statement, values).await.map(|_| ())
    }

    async fn health(&self, account: &str) -> Result<MailHealth, StoreError> {
        let Some(mut row) = self.pool.read_one(HEALTH, vec![account.into()]).await? else {
            return Ok(MailHealth::default());
        };
        Ok(MailHealth {
            ok_at: row.optional_time()?,
            failed_at: row.optional_time()?,
            problem: row.optional_text()?,
        })
    }
}
