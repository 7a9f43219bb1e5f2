use application::ports::{
    StoreError,
    attempts::{Attempt, Attempts, Claim, Stage},
};
use async_trait::async_trait;
use domain::{
    Timestamp,
    host::HostName,
    ids::{AttemptId, LinkId},
    provider::{ProviderApp, ProviderId},
};

use super::{Pool, Row, Value, broken};

const START: &str =
    "INSERT INTO attempts (id, link_id, tenant_id, agency_id, host, browser_hash, state_hash, nonce, provider,
        app_owner, app_client_id, issuer, redirect_uri, started_at, stage, sealed_verifier)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";

/// A statement that reads attempts, with the columns in the order of [`attempt`].
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, link_id, tenant_id, agency_id, host, browser_hash, state_hash, nonce, provider, app_owner, ",
            "app_client_id, issuer, redirect_uri, started_at, stage FROM attempts ",
            $rest
        )
    };
}

const BY_ID: &str = select!("WHERE id = $1");
const BY_STATE: &str = select!("WHERE state_hash = $1");
const BY_HAND_OFF: &str = select!("WHERE hand_off_hash = $1 AND handed_off_at > $2");
const LATEST: &str = select!("WHERE link_id = $1 AND browser_hash = $2 ORDER BY started_at DESC, id DESC LIMIT 1");

const OF_LINK: &str = select!("WHERE link_id = $1");
const DELETE_OF_LINK: &str = "DELETE FROM attempts WHERE link_id = $1";

// The condition of the index `attempts_unfinished`, to the letter.
const UNFINISHED: &str = select!(
    "WHERE stage IN ('started', 'returned', 'claimed', 'authorized') AND started_at <= $1 ORDER BY started_at LIMIT $2"
);
const FAILED_WITH_CREDENTIAL: &str = select!(
    "WHERE id IN (SELECT owner FROM vault WHERE kind = 'pending_credential') AND stage LIKE 'failed:%'
     ORDER BY started_at LIMIT $1"
);
const NEED: &str = "SELECT count(*) FROM attempts WHERE provider = $1 AND app_owner = $2 AND app_client_id = $3
    AND (stage IN ('started', 'returned', 'claimed', 'authorized')
        OR id IN (SELECT owner FROM vault WHERE kind = 'pending_credential'))";
const FORGET: &str = "DELETE FROM attempts WHERE id IN (
        SELECT id FROM attempts WHERE started_at <= $1 AND stage NOT IN ('started', 'returned', 'claimed', 'authorized')
        ORDER BY started_at LIMIT $2)";

const SEALED_VERIFIER: &str = "SELECT sealed_verifier FROM attempts WHERE id = $1 AND sealed_verifier IS NOT NULL";

const HAND_OFF: &str = "UPDATE attempts
    SET stage = 'returned', hand_off_hash = $2, sealed_answer = $3, handed_off_at = $4
    WHERE id = $1 AND stage = 'started'";
// Two statements in one transaction, because RETURNING gives the new values: the first one decides who wins.
const CLAIM: &str = "UPDATE attempts SET stage = 'claimed'
    WHERE id = $1 AND stage = 'returned' AND sealed_answer IS NOT NULL AND sealed_verifier IS NOT NULL
    RETURNING sealed_answer, sealed_verifier";
const DESTROY: &str = "UPDATE attempts SET sealed_answer = NULL, sealed_verifier = NULL WHERE id = $1";
const ADVANCE: &str = "UPDATE attempts SET stage = $3 WHERE id = $1 AND stage = $2";

/// The table of attempts.
pub(super) struct AttemptRows {
    pool: Pool,
}

impl AttemptRows {
    pub(super) fn new(pool: Pool) -> Self {
        Self { pool }
    }

    async fn one(&self, sql: &'static str, values: Vec<Value>) -> Result<Option<Attempt>, StoreError> {
        self.pool.read_one(sql, values).await?.map(attempt).transpose()
    }
}

fn attempt(mut row: Row) -> Result<Attempt, StoreError> {
    Ok(Attempt {
        id: row.parsed()?,
        link: row.parsed()?,
        tenant: row.parsed()?,
        agency: row.parsed()?,
        host: HostName::parse(&row.text()?).map_err(|_| broken("an attempt's host is no host"))?,
        browser_hash: row.hash()?,
        state_hash: row.hash()?,
        nonce: row.text()?,
        provider: ProviderId::parse(row.text()?).map_err(|_| broken("an attempt's provider is none"))?,
        app: ProviderApp {
            owner: row.text()?,
            client_id: row.text()?,
        },
        issuer: row.text()?,
        redirect_uri: row.text()?,
        started_at: row.time()?,
        stage: row.parsed()?,
    })
}

#[async_trait]
impl Attempts for AttemptRows {
    async fn start(&self, attempt: &Attempt, sealed_verifier: &[u8]) -> Result<(), StoreError> {
        let values = vec![
            attempt.id.to_string().into(),
            attempt.link.to_string().into(),
            attempt.tenant.to_string().into(),
            attempt.agency.to_string().into(),
            attempt.host.as_str().into(),
            (&attempt.browser_hash).into(),
            (&attempt.state_hash).into(),
            attempt.nonce.as_str().into(),
            attempt.provider.as_str().into(),
            attempt.app.owner.as_str().into(),
            attempt.app.client_id.as_str().into(),
            attempt.issuer.as_str().into(),
            attempt.redirect_uri.as_str().into(),
            attempt.started_at.into(),
            attempt.stage.to_string().into(),
            sealed_verifier.into(),
        ];
        self.pool.write(START, values).await.map(|_| ())
    }

    async fn get(&self, id: AttemptId) -> Result<Option<Attempt>, StoreError> {
        self.one(BY_ID, vec![id.to_string().into()]).await
    }

    async fn sealed_verifier(&self, id: AttemptId) -> Result<Option<Vec<u8>>, StoreError> {
        let row = self.pool.read_one(SEALED_VERIFIER, vec![id.to_string().into()]).await?;
        row.map(|mut row| row.bytes()).transpose()
    }

    async fn of_state(&self, state_hash: &[u8; 32]) -> Result<Option<Attempt>, StoreError> {
        self.one(BY_STATE, vec![state_hash.into()]).await
    }

    async fn of_hand_off(
        &self,
        hand_off_hash: &[u8; 32],
        not_before: Timestamp,
    ) -> Result<Option<Attempt>, StoreError> {
        self.one(BY_HAND_OFF, vec![hand_off_hash.into(), not_before.into()])
            .await
    }

    async fn latest(&self, link: LinkId, browser_hash: &[u8; 32]) -> Result<Option<Attempt>, StoreError> {
        let values = vec![link.to_string().into(), browser_hash.into()];
        self.one(LATEST, values).await
    }

    async fn of_link(&self, link: LinkId) -> Result<Vec<Attempt>, StoreError> {
        let rows = self.pool.read(OF_LINK, vec![link.to_string().into()]).await?;
        rows.into_iter().map(attempt).collect()
    }

    async fn delete_of_link(&self, link: LinkId) -> Result<(), StoreError> {
        let values = vec![link.to_string().into()];
        self.pool.write(DELETE_OF_LINK, values).await.map(|_| ())
    }

    async fn hand_off(
        &self,
        id: AttemptId,
        hand_off_hash: &[u8; 32],
        sealed_answer: &[u8],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let values = vec![
            id.to_string().into(),
            hand_off_hash.into(),
            sealed_answer.into(),
            now.into(),
        ];
        Ok(self.pool.write(HAND_OFF, values).await? == 1)
    }

    async fn claim(&self, id: AttemptId) -> Result<Option<Claim>, StoreError> {
        let mut work = self.pool.begin().await?;
        let Some(mut row) = work.returning(CLAIM, vec![id.to_string().into()]).await?.pop() else {
            return Ok(None);
        };
        let claim = Claim {
            sealed_answer: row.bytes()?,
            sealed_verifier: row.bytes()?,
        };
        work.write(DESTROY, vec![id.to_string().into()]).await?;
        work.commit().await?;
        Ok(Some(claim))
    }

    async fn destroy_answer(&self, id: AttemptId) -> Result<(), StoreError> {
        self.pool.write(DESTROY, vec![id.to_string().into()]).await.map(|_| ())
    }

    async fn unfinished(&self, started_until: Timestamp, at_most: u32) -> Result<Vec<Attempt>, StoreError> {
        let values = vec![started_until.into(), i64::from(at_most).into()];
        let rows = self.pool.read(UNFINISHED, values).await?;
        rows.into_iter().map(attempt).collect()
    }

    async fn failed_with_credential(&self, at_most: u32) -> Result<Vec<Attempt>, StoreError> {
        let rows = self
            .pool
            .read(FAILED_WITH_CREDENTIAL, vec![i64::from(at_most).into()])
            .await?;
        rows.into_iter().map(attempt).collect()
    }

    async fn need(&self, provider: &ProviderId, app: &ProviderApp) -> Result<bool, StoreError> {
        let values = [provider.to_string(), app.owner.clone(), app.client_id.clone()];
        let row = self.pool.read_one(NEED, values.map(Value::from).to_vec()).await?;
        row.map_or(Ok(false), |mut row| Ok(row.count()? > 0))
    }

    async fn forget_some(&self, started_until: Timestamp, at_most: u32) -> Result<u32, StoreError> {
        let values = vec![started_until.into(), i64::from(at_most).into()];
        let deleted = self.pool.write(FORGET, values).await?;
        Ok(u32::try_from(deleted).unwrap_or(u32::MAX))
    }

    async fn advance(&self, id: AttemptId, from: Stage, to: Stage) -> Result<bool, StoreError> {
        let values = vec![id.to_string().into(), from.to_string().into(), to.to_string().into()];
        Ok(self.pool.write(ADVANCE, values).await? == 1)
    }
}
