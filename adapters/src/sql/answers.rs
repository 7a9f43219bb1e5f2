use application::ports::{
    StoreError,
    health::{Answers, LastAnswer},
};
use async_trait::async_trait;
use domain::ids::{IntegrationId, TenantId};

use super::{Pool, Value};

/// An answer that was on its way for long, or is about an earlier life, does not take a newer one's place.
const KEEP: &str = "INSERT INTO health (tenant_id, integration, capability, life, answer, answered_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (tenant_id, integration, capability) DO UPDATE
        SET life = excluded.life, answer = excluded.answer, answered_at = excluded.answered_at
        WHERE excluded.life > health.life
            OR (excluded.life = health.life AND excluded.answered_at >= health.answered_at)";
/// So many connections are looked up by one statement; what is missing to that number is asked for as an empty text.
const AT_ONCE: usize = 25;
const OF: &str = "SELECT integration, life, capability, answer, answered_at FROM health
    WHERE tenant_id = $1 AND integration IN ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
        $19, $20, $21, $22, $23, $24, $25, $26)";

/// The table of the last answers.
pub(super) struct AnswerRows {
    pool: Pool,
}

impl AnswerRows {
    pub(super) fn new(pool: Pool) -> Self {
        Self { pool }
    }
}

#[async_trait]
impl Answers for AnswerRows {
    async fn keep(&self, tenant: TenantId, answers: &[LastAnswer]) -> Result<(), StoreError> {
        let mut work = self.pool.begin().await?;
        for kept in answers {
            let values: Vec<Value> = vec![
                tenant.to_string().into(),
                kept.integration.to_string().into(),
                kept.capability.to_string().into(),
                i64::from(kept.life).into(),
                kept.answer.to_string().into(),
                kept.at.into(),
            ];
            work.write(KEEP, values).await?;
        }
        work.commit().await
    }

    async fn of(&self, tenant: TenantId, integrations: &[IntegrationId]) -> Result<Vec<LastAnswer>, StoreError> {
        let mut found = vec![];
        for some in integrations.chunks(AT_ONCE) {
            let mut values: Vec<Value> = vec![tenant.to_string().into()];
            values.extend(some.iter().map(|id| Value::from(id.to_string())));
            values.resize(1 + AT_ONCE, Value::from(""));
            for mut row in self.pool.read(OF, values).await? {
                found.push(LastAnswer {
                    integration: row.parsed()?,
                    life: u32::try_from(row.count()?).unwrap_or(u32::MAX),
                    capability: row.parsed()?,
                    answer: row.parsed()?,
                    at: row.time()?,
                });
            }
        }
        Ok(found)
    }
}
