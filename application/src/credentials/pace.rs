//! What a node knows of its own renewing: how long things take, who is at it, how it went.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use chrono::NaiveDate;
use domain::ids::IntegrationId;
use tokio::sync::Mutex;

use super::rests::Rests;
use crate::{ports::refreshes::CredentialKey, queues::Queues};

/// How long a renewal may take.
#[derive(Clone, Copy, Debug)]
pub struct RefreshPace {
    /// After so long the provider's answer is not waited for any more. Shorter than the lease, or two would ask at once.
    pub deadline: Duration,
    /// So long a credential is in one node's hands.
    pub lease: Duration,
    /// So long a reader waits for a renewal.
    pub patience: Duration,
    /// How often a reader looks whether another node's renewal is done.
    pub look: Duration,
}

impl Default for RefreshPace {
    fn default() -> Self {
        Self {
            deadline: Duration::from_mins(1),
            lease: Duration::from_secs(90),
            patience: Duration::from_secs(20),
            look: Duration::from_millis(100),
        }
    }
}

/// A node's desk for renewals.
#[derive(Default)]
pub struct Refreshing {
    /// How long things take.
    pub pace: RefreshPace,
    /// How renewals went on this node.
    pub counts: Arc<RefreshCounts>,
    /// Who on this node waits for whom: one asks, the others see what came of it.
    pub(super) flights: Queues<CredentialKey>,
    /// Providers that are left alone.
    pub(super) rests: Rests,
    /// Whose first read of the day the log knows already. Another node asks the log once more, which then keeps one.
    noted: Mutex<HashSet<FirstRead>>,
}

/// A connection, a reader and a day.
pub(super) type FirstRead = (IntegrationId, String, NaiveDate);

impl Refreshing {
    /// A desk that works at another pace.
    pub fn at(pace: RefreshPace) -> Self {
        Self {
            pace,
            ..Self::default()
        }
    }

    pub(super) async fn is_noted(&self, read: &FirstRead) -> bool {
        self.noted.lock().await.contains(read)
    }

    pub(super) async fn noted(&self, read: FirstRead) {
        let mut noted = self.noted.lock().await;
        noted.retain(|(_, _, day)| *day == read.2);
        noted.insert(read);
    }
}

/// How often renewals ended how, by provider.
#[derive(Default)]
pub struct RefreshCounts(Mutex<BTreeMap<(String, &'static str), u64>>);

impl RefreshCounts {
    pub(super) async fn count(&self, provider: &str, outcome: &'static str) {
        *self.0.lock().await.entry((provider.to_owned(), outcome)).or_default() += 1;
    }

    /// Provider, outcome, and how often since the node started.
    pub async fn all(&self) -> Vec<((String, &'static str), u64)> {
        let counts = self.0.lock().await;
        counts.iter().map(|(key, count)| (key.clone(), *count)).collect()
    }
}
