//! Looks whether the database answers, on a connection that nothing else uses: a busy server must not look like a broken one.

use application::mail::{KINDS, MADE_BEFORE};
use application::ports::{
    StoreError,
    jobs::{JobFigures, Jobs, Waiting},
    refreshes::{RefreshFigures, Refreshes},
    vault::{Place, Record},
};
use domain::{
    Timestamp,
    ids::{AgencyId, Mode, TenantId},
    log::Position,
};

use super::{Pool, head, jobs::JobRows, place_values, refreshes::RefreshRows, signed};

const MIGRATIONS: &str = "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version";
const SETTINGS: &str = "SELECT current_setting('fsync'), current_setting('full_page_writes'), \
    current_setting('synchronous_commit'), current_setting('server_encoding'), \
    (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
const RECORDED_AT: &str = "SELECT recorded_at FROM events WHERE position = $1";

const FAILING_MAIL: &str = "SELECT account, failed_at FROM mail_health
    WHERE failed_at > ok_at OR (failed_at IS NOT NULL AND ok_at IS NULL) ORDER BY account";
const STANDS: &str = "SELECT created_at FROM vault WHERE tenant_id = $1 AND kind = $2 AND owner = $3";

/// The numbers of migrations.
pub(crate) const fn versions<const COUNT: usize>(migrations: &[(i64, &str, &str); COUNT]) -> [i64; COUNT] {
    let mut versions = [0; COUNT];
    let mut at = 0;
    while at < COUNT {
        versions[at] = migrations[at].0;
        at += 1;
    }
    versions
}

/// How a PostgreSQL server keeps what it acknowledges, and what time it has.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// `on`, or an acknowledged commit may be lost in a power cut, and the database with it.
    pub fsync: String,
    /// `on`, or a page that was half written in a power cut stays so.
    pub full_page_writes: String,
    /// `off` loses acknowledged commits in a crash.
    pub synchronous_commit: String,
    /// `UTF8`, or not every name can be stored.
    pub encoding: String,
    /// The server's clock.
    pub now: Timestamp,
}

/// The way to look.
#[derive(Clone)]
pub struct Probe {
    pool: Pool,
    needed: &'static [i64],
}

impl Probe {
    /// Over a pool of its own, for a program that needs those migrations.
    pub(crate) fn new(pool: Pool, needed: &'static [i64]) -> Self {
        Self { pool, needed }
    }

    /// How much there is to do by itself.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn jobs(&self, now: Timestamp) -> Result<JobFigures, StoreError> {
        JobRows::new(self.pool.clone()).figures(now).await
    }

    /// How much access to accounts there is to renew, and what stands in the way.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn refreshes(&self, now: Timestamp) -> Result<RefreshFigures, StoreError> {
        RefreshRows::new(self.pool.clone()).figures(now).await
    }

    /// What of the mails should have left by now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn mails(&self, now: Timestamp) -> Result<Waiting, StoreError> {
        let jobs = JobRows::new(self.pool.clone());
        jobs.waiting_of(&KINDS, MADE_BEFORE, now).await
    }

    /// The agencies whose own mail server did not work the last time, and when that was.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn failing_mail(&self) -> Result<Vec<(AgencyId, Timestamp)>, StoreError> {
        let mut failing = vec![];
        for mut row in self.pool.read(FAILING_MAIL, vec![]).await? {
            let (account, at) = (row.text()?, row.time()?);
            let Some((agency, number)) = account.split_once('/') else {
                continue; // the installation's
            };
            let (Ok(agency), Ok(number)) = (agency.parse(), number.parse()) else {
                continue;
            };
            let place = Place {
                tenant: TenantId::of(agency, Mode::Live),
                record: Record::MailAccount(number),
            };
            // An account that was replaced is no longer asked to send anything.
            if self.pool.read_one(STANDS, place_values(&place)).await?.is_some() {
                failing.push((agency, at));
            }
        }
        Ok(failing)
    }

    /// The position of the newest event.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn head(&self) -> Result<Position, StoreError> {
        head(&self.pool).await
    }

    /// The migrations that this program needs and the database lacks. Those of a newer program are no harm.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn missing_migrations(&self) -> Result<Vec<i64>, StoreError> {
        let mut applied = Vec::new();
        for mut row in self.pool.read(MIGRATIONS, vec![]).await? {
            applied.push(signed(row.count()?));
        }
        let missing = self.needed.iter().filter(|version| !applied.contains(version));
        Ok(missing.copied().collect())
    }

    /// How the server is set; nothing where there is no server.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn settings(&self) -> Result<Option<ServerSettings>, StoreError> {
        if matches!(self.pool, Pool::Sqlite(_)) {
            return Ok(None);
        }
        let row = self.pool.read_one(SETTINGS, vec![]).await?;
        let settings = row.map(|mut row| {
            Ok(ServerSettings {
                fsync: row.text()?,
                full_page_writes: row.text()?,
                synchronous_commit: row.text()?,
                encoding: row.text()?,
                now: row.time()?,
            })
        });
        settings.transpose()
    }

    /// When an event was recorded.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn recorded_at(&self, position: Position) -> Result<Option<Timestamp>, StoreError> {
        let row = self.pool.read_one(RECORDED_AT, vec![signed(position.0).into()]).await?;
        row.map(|mut row| row.time()).transpose()
    }

    /// Closes its connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
