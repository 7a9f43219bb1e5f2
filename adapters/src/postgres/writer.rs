//! The connection that appends: owned by the writing task, never pooled, never cancelled.

use std::time::Duration;

use application::ports::{
    StoreError,
    log::{Commit, CommitError, ReceiptKey},
};
use sqlx::{
    ConnectOptions, Connection, PgConnection,
    postgres::{PgConnectOptions, PgDatabaseError, PgRow, PgSeverity},
};
use tokio::time::{Instant, sleep, timeout};

use super::{
    Options,
    answer::{Answer, Verdict},
    batch::Batch,
};
use crate::mutants::mutant;
use crate::sql::{
    Backend, Outcome, RECEIPT, Row, bound, broken, receipt, receipt_values, refuse_all, store_error, unavailable,
};

/// How long a batch whose answer was lost is asked for again: as long as a failover may take.
const PATIENCE: Duration = Duration::from_secs(20);
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(100);
/// So much longer than the server's own limit we wait for its answer, before the connection counts as dead.
const GRACE: Duration = Duration::from_secs(5);

pub(super) struct PgWriter {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
    silence: Duration,
}

/// Why a call has no answer.
enum Failure {
    /// The server refused it: nothing of the batch was written.
    Refused(StoreError),
    /// Nobody knows.
    Lost(StoreError),
}

impl PgWriter {
    pub(super) async fn connect(options: &Options) -> Result<Self, StoreError> {
        let mut writer = Self {
            options: session(options)?,
            connection: None,
            silence: options.statement_timeout + GRACE,
        };
        writer.connection().await?;
        Ok(writer)
    }

    async fn connection(&mut self) -> Result<&mut PgConnection, StoreError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => timeout(GRACE, self.options.connect())
                .await
                .map_err(|_| unavailable("the server does not answer"))?
                .map_err(store_error)?,
        };
        Ok(self.connection.insert(connection))
    }

    /// The answer of a batch. One whose answer was lost is sent again: the function does nothing twice, and tells what stands.
    async fn call(&mut self, batch: &Batch<'_>) -> Result<Answer, StoreError> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.attempt(batch).await {
                Ok(row) => return Answer::of(&row),
                Err(Failure::Refused(error)) => return Err(error),
                Err(Failure::Lost(error)) if Instant::now() >= until => return Err(error),
                Err(Failure::Lost(error)) => {
                    tracing::warn!(%error, "the answer of an append was lost, asking again");
                    sleep(BETWEEN_ATTEMPTS).await;
                }
            }
        }
    }

    async fn attempt(&mut self, batch: &Batch<'_>) -> Result<PgRow, Failure> {
        let silence = self.silence;
        let connection = self.connection().await.map_err(Failure::Lost)?;
        if mutant!("mutant-lock-held-by-client") {
            sqlx::raw_sql("BEGIN").execute(&mut *connection).await.ok();
        }
        let answer = timeout(silence, batch.send(connection)).await;
        if mutant!("mutant-lock-held-by-client") {
            sqlx::raw_sql("COMMIT").execute(&mut *connection).await.ok();
        }
        let failure = match answer {
            Ok(Ok(Some(row))) => return Ok(row),
            Ok(Ok(None)) => return Err(Failure::Refused(broken("append_batch did not answer"))),
            Ok(Err(error)) if leaves_the_connection(&error) => return Err(Failure::Refused(store_error(error))),
            Ok(Err(error)) => store_error(error),
            Err(_) => unavailable("the server fell silent"),
        };
        self.connection = None;
        Err(Failure::Lost(failure))
    }

    async fn batch(&mut self, commits: &[Commit]) -> Result<Vec<Option<Outcome>>, StoreError> {
        let batch = Batch::of(commits);
        let verdicts = self.call(&batch).await?.verdicts(&batch)?;
        let mut outcomes = Vec::with_capacity(commits.len());
        for (verdict, commit) in verdicts.into_iter().zip(commits) {
            outcomes.push(match verdict {
                Verdict::Stands(committed) => Some(Ok(committed)),
                Verdict::Refused(error) => Some(Err(error)),
                Verdict::Answered => Some(Err(self.answered(commit).await)),
                Verdict::Late => None,
            });
        }
        Ok(outcomes)
    }

    async fn singly(&mut self, commits: &[Commit]) -> Vec<Option<Outcome>> {
        let mut outcomes = Vec::with_capacity(commits.len());
        for commit in commits.chunks(1) {
            match self.batch(commit).await {
                Ok(outcome) => outcomes.extend(outcome),
                Err(error) => outcomes.push(Some(Err(error.into()))),
            }
        }
        outcomes
    }

    /// The winner's receipt.
    async fn answered(&mut self, commit: &Commit) -> CommitError {
        let key = commit.receipt.as_ref().map(|receipt| &receipt.key);
        let found = match key {
            Some(key) => self.receipt(key).await,
            None => Err(broken("append_batch found a receipt that was not given")),
        };
        found.unwrap_or_else(CommitError::Store)
    }

    async fn receipt(&mut self, key: &ReceiptKey) -> Result<CommitError, StoreError> {
        let connection = self.connection().await?;
        let row = bound(RECEIPT, receipt_values(key)).fetch_one(connection).await;
        let row = Row::of_postgres(&row.map_err(store_error)?)?;
        Ok(CommitError::Answered(Box::new(receipt(key, row)?)))
    }
}

impl Backend for PgWriter {
    async fn write(&mut self, commits: &[Commit]) -> Vec<Option<Outcome>> {
        match self.batch(commits).await {
            Ok(outcomes) => outcomes,
            // One member broke it for all: each goes alone, so that only that one fails.
            Err(StoreError::Broken(_)) if commits.len() > 1 => self.singly(commits).await,
            Err(error) => refuse_all(&error, commits.len()).into_iter().map(Some).collect(),
        }
    }

    async fn close(self) {
        if let Some(connection) = self.connection {
            connection.close().await.ok(); // nothing is under way on it
        }
    }
}

/// The settings of the session. The last three keep a plan that was made for a small log right for a large one: every table
/// is reached through an index, driven by the few rows of the batch.
fn session(options: &Options) -> Result<PgConnectOptions, StoreError> {
    let milliseconds = |time: Duration| time.as_millis().to_string();
    let settings = [
        ("lock_timeout", milliseconds(options.lock_timeout)),
        ("statement_timeout", milliseconds(options.statement_timeout)),
        ("jit", "off".to_owned()),
        ("plan_cache_mode", "force_generic_plan".to_owned()),
        ("tcp_keepalives_idle", "10".to_owned()),
        ("tcp_keepalives_interval", "5".to_owned()),
        ("tcp_keepalives_count", "3".to_owned()),
        ("tcp_user_timeout", "25000".to_owned()),
        ("enable_seqscan", "off".to_owned()),
        ("enable_hashjoin", "off".to_owned()),
        ("enable_mergejoin", "off".to_owned()),
    ];
    let options = options.connect_options()?.application_name("grantlink-log");
    let careless = mutant!("mutant-synchronous-off").then_some(("synchronous_commit", "off"));
    Ok(options.options(settings).options(careless))
}

/// Whether an error is the server's answer on a connection that goes on. Not so when it ends the session, and not where the
/// server became read-only (another one leads now): there we connect anew.
fn leaves_the_connection(error: &sqlx::Error) -> bool {
    let error = error.as_database_error();
    let error = error.and_then(|error| error.try_downcast_ref::<PgDatabaseError>());
    error.is_some_and(|error| error.severity() == PgSeverity::Error && error.code() != "25006")
}
