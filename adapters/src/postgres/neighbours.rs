//! Tells the other nodes that this one committed, and hears it from them: whoever follows the log is woken at once, wherever the
//! commit was made.
//!
//! NOTIFY takes a lock that all commits of the server with a NOTIFY share, so it is never part of an append: a connection of its
//! own sends it afterwards, and not for every commit. Words that get lost cost no more than the pause between two polls.

use std::time::Duration;

use domain::log::Position;
use sqlx::{
    Executor, PgPool,
    pool::PoolOptions,
    postgres::{PgConnectOptions, PgListener},
};
use tokio::{
    select,
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, sleep_until, timeout},
};

use super::Options;
use crate::sql::unavailable;
use application::ports::StoreError;

/// The database's own channel; the payload is the position of the newest event.
const CHANNEL: &str = "grantlink_committed";
const TELL: &str = "SELECT pg_notify('grantlink_committed', $1)";
const HEAD: &str = "SELECT coalesce(max(position), 0) FROM events";
/// So long the next word waits after one: many commits share it.
const BETWEEN_WORDS: Duration = Duration::from_millis(10);
/// After so long without a word the server is asked whether it is still there: a dead line says nothing.
const LONGEST_SILENCE: Duration = Duration::from_secs(10);
const LONGEST_ANSWER: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Ends when it is dropped.
pub(crate) struct Neighbours(JoinHandle<()>);

impl Drop for Neighbours {
    fn drop(&mut self) {
        self.hang_up();
    }
}

impl Neighbours {
    /// Tells what this node commits, and puts what others commit into the same place.
    pub(super) fn listen(options: &Options, committed: watch::Sender<Position>) -> Result<Self, StoreError> {
        let options = options.connect_options()?.application_name("grantlink-neighbours");
        // What it writes is no data: nobody need wait for the disk.
        let options = options.options([("synchronous_commit", "off")]);
        Ok(Self(tokio::spawn(keep_listening(options, committed))))
    }

    /// Ends the line, whoever still holds this.
    pub(crate) fn hang_up(&self) {
        self.0.abort();
    }
}

async fn keep_listening(options: PgConnectOptions, committed: watch::Sender<Position>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let began = Instant::now();
        let ended = listen(&options, &committed).await;
        if began.elapsed() > LONGEST_PAUSE {
            pause = FIRST_PAUSE; // it stood for a while
        }
        tracing::warn!(error = %ended, "other nodes are not heard; connecting again");
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// One connection's life. The answer says what ended it.
async fn listen(options: &PgConnectOptions, committed: &watch::Sender<Position>) -> StoreError {
    let mut line = match timeout(LONGEST_ANSWER, Line::connect(options, committed)).await {
        Ok(Ok(line)) => line,
        Ok(Err(error)) => return unavailable(&error.to_string()),
        Err(_) => return unavailable("the server does not answer"),
    };
    let ended = line.talk(committed).await;
    let Line { pool, listener, .. } = line;
    drop(listener); // the pool waits for its connection, also for a broken one
    timeout(LONGEST_ANSWER, pool.close()).await.ok();
    unavailable(&ended.map_or_else(|error| error.to_string(), |()| "the connection broke".to_owned()))
}

struct Line {
    pool: PgPool,
    listener: PgListener,
    /// The newest position that everybody knows of.
    told: Position,
    /// Before this moment nothing more is told.
    quiet_until: Instant,
}

impl Line {
    async fn connect(options: &PgConnectOptions, committed: &watch::Sender<Position>) -> Result<Self, sqlx::Error> {
        let pool = PoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None);
        let pool = pool.connect_with(options.clone()).await?;
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.ignore_pool_close_event(true);
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        let head: i64 = sqlx::query_scalar(HEAD).fetch_one(&mut listener).await?;
        heard(committed, head.cast_unsigned()); // what was said while nobody listened
        Ok(Self {
            pool,
            listener,
            told: Position(0), // what was committed while the line was broken is told when it stands again
            quiet_until: Instant::now(),
        })
    }

    async fn talk(&mut self, committed: &watch::Sender<Position>) -> Result<(), sqlx::Error> {
        let mut news = committed.subscribe();
        news.mark_changed();
        loop {
            let newest = *news.borrow_and_update();
            let untold = newest > self.told;
            select! {
                word = self.listener.try_recv() => {
                    let Some(word) = word? else { return Ok(()) };
                    if let Ok(position) = word.payload().parse() {
                        // Whoever said it told everybody: what was committed here before it is known with it.
                        self.told = self.told.max(Position(position));
                        heard(committed, position);
                    }
                }
                () = sleep_until(self.quiet_until), if untold => self.tell(newest).await?,
                Ok(()) = news.changed(), if !untold => {}
                () = sleep(LONGEST_SILENCE) => self.ask("SELECT 1").await?,
            }
        }
    }

    async fn tell(&mut self, position: Position) -> Result<(), sqlx::Error> {
        let word = sqlx::query(TELL).bind(position.0.to_string());
        answered(word.execute(&mut self.listener)).await?;
        self.told = self.told.max(position);
        self.quiet_until = Instant::now() + BETWEEN_WORDS;
        Ok(())
    }

    async fn ask(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        answered(self.listener.execute(sql)).await?;
        Ok(())
    }
}

async fn answered<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    timeout(LONGEST_ANSWER, answer)
        .await
        .map_err(|_| sqlx::Error::PoolTimedOut)?
}

fn heard(committed: &watch::Sender<Position>, position: u64) {
    committed.send_if_modified(|known| {
        let news = Position(position) > *known;
        *known = Position(position).max(*known);
        news
    });
}
