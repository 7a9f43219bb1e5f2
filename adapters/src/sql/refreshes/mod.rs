//! The table of when credentials are renewed, beside the vault, and that of who read them.

mod statements;

use std::time::Duration;

use application::ports::{
    StoreError,
    refreshes::{
        CountedReads, CredentialKey, CredentialRead, Ending, Hold, Lifetimes, ReadsPlace, RefreshFigures, Refreshes,
        Share, Taking,
    },
};
use async_trait::async_trait;
use chrono::TimeDelta;
use domain::{
    Timestamp,
    ids::{IntegrationId, TenantId},
};

use self::statements as sql;
use super::{Pool, Row, Value, broken, dialects::micros};

/// A use is written down again only when the last note of it is so old.
const NOTED_EVERY: TimeDelta = TimeDelta::minutes(10);
/// What is due for longer is overdue.
const OVERDUE: TimeDelta = TimeDelta::minutes(10);

/// The tables.
pub(super) struct RefreshRows {
    pool: Pool,
}

impl RefreshRows {
    pub(super) fn new(pool: Pool) -> Self {
        Self { pool }
    }

    /// Why a credential could not be taken.
    async fn why_not(&self, key: &CredentialKey, now: Timestamp) -> Result<Taking, StoreError> {
        let Some(mut row) = self.pool.read_one(sql::WHY_NOT, names(key)).await? else {
            return Ok(Taking::Gone);
        };
        let until = row.time()?;
        let problem = row.optional_text()?.and_then(|problem| problem.parse().ok());
        Ok(if until > now {
            Taking::Waits { until, problem }
        } else {
            Taking::Busy
        })
    }

    async fn counted<T: std::str::FromStr>(&self, statement: &'static str) -> Result<Vec<(T, u64)>, StoreError> {
        let rows = self.pool.read(statement, vec![]).await?;
        let counted = rows.into_iter().map(|mut row| Ok((row.parsed()?, row.count()?)));
        counted.collect()
    }
}

/// The names of a credential, as the vault's rows have them.
fn names(key: &CredentialKey) -> Vec<Value> {
    vec![key.tenant.to_string().into(), key.place().record.owner().into()]
}

fn or_none(time: Option<Timestamp>) -> Value {
    Value::Int(time.map_or(-1, |time| time.timestamp_micros()))
}

fn hold(mut row: Row) -> Result<Hold, StoreError> {
    Ok(Hold {
        fence: row.int()?,
        is_unanswered: row.int()? != 0,
        due_at: row.optional_time()?.filter(|due| due.timestamp_micros() > 0),
        created_at: row.time()?,
        used_at: row.optional_time()?,
        attempts: u32::try_from(row.count()?).unwrap_or(u32::MAX),
    })
}

fn key(mut row: Row) -> Result<CredentialKey, StoreError> {
    let (tenant, owner) = (row.parsed()?, row.text()?);
    let parts = owner.split_once('/');
    let (grant, generation) = parts.ok_or_else(|| broken("a credential's owner is no grant's generation"))?;
    let unfit = || broken("a credential's owner names no generation");
    Ok(CredentialKey {
        tenant,
        grant: grant.parse().map_err(|_| unfit())?,
        generation: generation.parse().map_err(|_| unfit())?,
    })
}

/// The statement that ends a hold, with what comes behind tenant, owner and fence.
fn ended(ending: &Ending) -> (&'static str, Vec<Value>) {
    match ending {
        Ending::Renewed {
            expires_at,
            due_at,
            app,
            at,
            ..
        } => {
            let values = vec![
                or_none(*due_at),
                or_none(*expires_at),
                app.as_str().into(),
                (*at).into(),
            ];
            (sql::RENEWED, values)
        }
        Ending::LeftAlone { expires_at, due_at } => (sql::LEFT_ALONE, vec![or_none(*due_at), or_none(*expires_at)]),
        Ending::PutOff { until } => (sql::PUT_OFF, vec![(*until).into()]),
        Ending::Failed {
            problem,
            due_at,
            not_before,
            is_unanswered,
            at,
        } => {
            let flag = Value::Int(i64::from(*is_unanswered));
            let times = [(*due_at).into(), (*not_before).into()];
            let values = times
                .into_iter()
                .chain([problem.to_string().into(), (*at).into(), flag]);
            (sql::FAILED, values.collect())
        }
        Ending::Lost { reason, app, at } => (
            sql::LOST,
            vec![reason.to_string().into(), app.as_str().into(), (*at).into()],
        ),
    }
}

#[async_trait]
impl Refreshes for RefreshRows {
    async fn take(&self, key: &CredentialKey, lease: Duration, now: Timestamp) -> Result<Taking, StoreError> {
        let mut values = names(key);
        values.extend([now.into(), micros(lease)]);
        let mut work = self.pool.begin().await?;
        let taken = work.returning(sql::TAKE.of(&self.pool), values).await?.pop();
        work.commit().await?;
        match taken {
            Some(row) => hold(row).map(Taking::Held),
            None => self.why_not(key, now).await,
        }
    }

    async fn keep(&self, key: &CredentialKey, hold: &Hold, lease: Duration) -> Result<bool, StoreError> {
        let mut values = names(key);
        values.extend([hold.fence.into(), micros(lease)]);
        Ok(self.pool.write(sql::KEEP.of(&self.pool), values).await? == 1)
    }

    async fn end(&self, key: &CredentialKey, hold: &Hold, ending: Ending) -> Result<bool, StoreError> {
        let mut work = self.pool.begin().await?;
        // The vault's row first, as a commit that replaces it has it: whoever locks in another order waits for ever.
        if let Ending::Renewed { sealed, .. } = &ending {
            let mut values = names(key);
            values.push(sealed.as_slice().into());
            if work.write(sql::SEAL, values).await? != 1 {
                return Ok(false);
            }
        }
        let (statement, more) = ended(&ending);
        let mut values = names(key);
        values.push(hold.fence.into());
        values.extend(more);
        if work.write(statement, values).await? != 1 {
            return Ok(false); // and what was sealed is taken back
        }
        work.commit().await?;
        Ok(true)
    }

    async fn due(&self, now: Timestamp, at_most: u32, share: Share) -> Result<Vec<CredentialKey>, StoreError> {
        let numbers = [at_most, share.of, share.number].map(|number| i64::from(number).into());
        let values = [now.into()].into_iter().chain(numbers).collect();
        let rows = self.pool.read(sql::DUE.of(&self.pool), values).await?;
        rows.into_iter().map(key).collect()
    }

    async fn figures(&self, now: Timestamp) -> Result<RefreshFigures, StoreError> {
        let values = vec![now.into(), (now - OVERDUE).into()];
        let row = self.pool.read_one(sql::FIGURES, values).await?;
        let mut row = row.ok_or_else(|| broken("credentials cannot be counted"))?;
        Ok(RefreshFigures {
            due: row.count()?,
            overdue: row.count()?,
            failing: self.counted(sql::FAILING).await?,
            lost: self.counted(sql::LOST_BY_REASON).await?,
        })
    }

    async fn lifetimes(&self, app: &str, from: Duration, to: Duration) -> Result<Lifetimes, StoreError> {
        let row = self
            .pool
            .read_one(sql::LIFETIMES, vec![app.into(), micros(from), micros(to)])
            .await?;
        let mut row = row.ok_or_else(|| broken("an app's credentials cannot be counted"))?;
        Ok(Lifetimes {
            lost_within: row.count()?,
            renewed_beyond: row.count()?,
        })
    }

    async fn count_read(&self, read: &CredentialRead) -> Result<(), StoreError> {
        let mut used = names(&read.key);
        used.extend([read.at.into(), (read.at - NOTED_EVERY).into()]);
        let counted = vec![
            read.key.tenant.to_string().into(),
            read.integration.to_string().into(),
            read.at.format("%F").to_string().into(),
            read.reader.as_str().into(),
            read.purpose.as_str().into(),
            read.at.into(),
        ];
        let mut work = self.pool.begin().await?;
        work.write(sql::COUNT_READ, counted).await?;
        work.write(sql::USED, used).await?;
        work.commit().await
    }

    async fn forget_reads(&self, before: Timestamp) -> Result<u64, StoreError> {
        let day = before.format("%F").to_string();
        self.pool.write(sql::FORGET_READS, vec![day.into()]).await
    }

    async fn reads(
        &self,
        tenant: TenantId,
        integration: IntegrationId,
        behind: ReadsPlace,
        at_most: u32,
    ) -> Result<Vec<CountedReads>, StoreError> {
        let values = vec![
            tenant.to_string().into(),
            integration.to_string().into(),
            behind.at.into(),
            i64::from(at_most).into(),
            i64::from(behind.passed).into(),
        ];
        let rows = self.pool.read(sql::READS, values).await?;
        let counted = rows.into_iter().map(|mut row| {
            Ok(CountedReads {
                day: row.text()?,
                reader: row.text()?,
                purpose: row.text()?,
                reads: row.count()?,
                first_at: row.time()?,
                last_at: row.time()?,
            })
        });
        counted.collect()
    }
}
