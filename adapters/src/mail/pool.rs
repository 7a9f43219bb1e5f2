//! Connections that wait for the next mail: a pool per account. An account that changed, even only its password, is another one.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use application::ports::mail::{MailAccount, NotSent};
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};

use super::{Rules, session::Session};

/// So many connections to one account at once; servers mostly allow five to ten.
const MOST_AT_ONCE: usize = 4;
/// A connection that waited longer is most likely gone.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// An account that nobody used for so long is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(10);

#[derive(Default)]
pub(super) struct Pools(Mutex<HashMap<[u8; 32], Used>>);

struct Used {
    pool: Arc<Pool>,
    at: Instant,
}

pub(super) struct Pool {
    idle: Mutex<Vec<(Session, Instant)>>,
    turns: Semaphore,
}

impl Pools {
    pub(super) async fn of(&self, account: &MailAccount) -> Arc<Pool> {
        let now = Instant::now();
        let mut pools = self.0.lock().await;
        pools.retain(|_, used| now.duration_since(used.at) < FORGOTTEN_AFTER);
        let key: [u8; 32] = Sha256::digest(account.to_sealable()).into();
        let used = pools.entry(key).or_insert_with(|| Used {
            pool: Arc::new(Pool::default()),
            at: now,
        });
        used.at = now;
        Arc::clone(&used.pool)
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self {
            idle: Mutex::default(),
            turns: Semaphore::new(MOST_AT_ONCE),
        }
    }
}

impl Pool {
    /// Waits until a connection may be used.
    pub(super) async fn turn(&self) -> Result<SemaphorePermit<'_>, NotSent> {
        self.turns.acquire().await.map_err(|_| NotSent::BrokenOff)
    }

    /// A connection that still works, if one waits.
    pub(super) async fn idle(&self, rules: &Rules) -> Option<Session> {
        loop {
            let (mut session, since) = self.idle.lock().await.pop()?;
            if since.elapsed() < LONGEST_WAIT && session.is_alive(rules).await {
                return Some(session);
            }
            session.hang_up().await;
        }
    }

    pub(super) async fn keep(&self, session: Session) {
        self.idle.lock().await.push((session, Instant::now()));
    }
}
